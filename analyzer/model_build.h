/* model_build.h - a model in the making: processes come in one after another,
 * in the order of their logs; then it is sealed into its canonical order.
 *
 *   build_init
 *   for each log: build_process, then build_agg for each worker's sums, build_common
 *   build_seal -> struct ghost_model
 *
 * Things are numbered here in the order of their first appearance; sealing
 * renumbers them. */
#ifndef GHOST_MODEL_BUILD_H
#define GHOST_MODEL_BUILD_H

#include "aggregate.h"
#include "arena.h"
#include "defs.h"
#include "ghost/model.h"
#include "hist.h"

/* A growing list of T. */
#define LIST_OF(T) struct { T *v; uint32_t n, cap; }
#define LIST_ADD(list) \
    (grow_array(&(list)->v, (list)->n, &(list)->cap, sizeof *(list)->v) ? &(list)->v[(list)->n++] : NULL)

struct build_owner { uint32_t function, process; };

struct build_signature {
    struct ghost_model_signature m;      /* types are numbers of the build */
    struct hist hist;
};

struct build_child { uint32_t process; uint64_t pid; };   /* told by a CHILD of that process */

struct build {
    struct arena arena;                  /* becomes the model's */
    struct keyset strings;
    struct keyset type_keys, function_keys, signature_keys, edge_keys, outcome_keys, row_keys, annotation_keys;
    LIST_OF(struct ghost_model_type) types;
    LIST_OF(struct ghost_model_function) functions;
    LIST_OF(struct build_signature) signatures;
    LIST_OF(struct ghost_model_edge) edges;
    LIST_OF(struct ghost_model_outcome) outcomes;
    LIST_OF(struct ghost_model_thread_row) rows;
    struct slices slices;                /* of numbers of: */
    LIST_OF(struct build_owner) slice_owners; struct table slice_owner;
    LIST_OF(struct ghost_model_process) processes;
    LIST_OF(struct ghost_model_thread) threads;
    LIST_OF(struct ghost_model_annotations) annotations;
    LIST_OF(struct ghost_model_tree) trees; struct table tree_by_hash;
    LIST_OF(struct ghost_model_content) contents; LIST_OF(struct ghost_model_sample) samples;
    struct keyset content_keys, sample_keys;
    LIST_OF(struct ghost_model_mark) marks; struct table mark_by_name;
    LIST_OF(struct ghost_model_note) notes;
    LIST_OF(struct build_child) children;
    LIST_OF(struct ghost_model_loss) losses;
    LIST_OF(struct ghost_model_damage) damages;

    /* of the process that is coming in */
    uint32_t process;
    const struct defs *defs;
    struct table type_of_id, function_of_id, signature_of_id, thread_of_id, content_of_id;
    struct agg_clock clock;
};

int build_init(struct build *b);
int build_lost_children(struct build *b);    /* after the last process: notes of those whose log is missing */
void build_release(struct build *b);

/* What is known of a log beside its content. */
struct build_log {
    const char *name;                    /* file name */
    const uint8_t *identity;             /* 16 bytes */
    uint64_t bytes;
    bool tail;
};
/* Begins a process: its definitions (sorted) are taken over; they must stay
 * until its last build_agg. */
int build_process(struct build *b, const struct build_log *log, const struct defs *defs, const struct agg_clock *clock);
int build_agg(struct build *b, const struct agg *a);
/* What its workers had together, behind the last of them. */
int build_common(struct build *b, const struct agg_common *c);
/* process: as numbered by the build, GHOST_NONE for none. */
int build_damage(struct build *b, const struct ghost_model_damage *d);

/* What ghost_model_free frees: m is first. */
struct model_box { struct ghost_model m; struct arena arena; };

/* NULL when out of memory. The build is used up either way. */
struct ghost_model *build_seal(struct build *b, const char *session);

/* ---- between the model_*.c ---- */
uint32_t build_type(struct build *b, uint32_t id);              /* local id to number; 0 is GHOST_NONE */
uint32_t build_function(struct build *b, uint32_t id);
uint32_t build_signature_of(struct build *b, uint32_t func, uint32_t sig);
uint32_t build_thread(struct build *b, uint32_t id);
int build_definitions(struct build *b);
int build_slices(struct build *b, const struct agg_common *c);
int build_content(struct build *b, const struct ghost_def_content *d);
int build_sampled(struct build *b, const struct ghost_def_sampled *d);
bool seal_contents(struct build *b, struct ghost_model *m, const uint32_t *types, const uint32_t *functions);  /* new numbers of each */
bool seal_slices(struct build *b, struct ghost_model *m, const uint32_t *functions, const uint32_t *processes);  /* new numbers of each */
/* How an end counts: an activation that GeneratorExit ended was closed, which is no exception of
 * it and nothing that its closer caught (GHOST_END_COUNT: not at all). */
uint32_t build_true_end(const struct build *b, uint32_t end, uint32_t type, const struct ghost_model_function *f);
uint64_t build_real(const struct build *b, uint64_t tick);      /* ns since 1970, 0 unknown */
struct ghost_str build_str(struct build *b, struct ghost_str s);
/* "(int, *tuple, k=str, **dict)" of a signature whose types are numbers of the build. */
struct ghost_str build_signature_text(struct build *b, const struct ghost_model_signature *s);

static inline int compare_u64(uint64_t a, uint64_t b) { return a < b ? -1 : a > b; }

#endif
