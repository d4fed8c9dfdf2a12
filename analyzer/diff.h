/* diff.h - two recordings compared: what changed, and is it real?
 *
 * Data flows one way:
 *   sessions -> models (diff_load.c)
 *          -> sides (diff_side.c: a row per function, over all sessions of a side)
 *          -> pairs (diff_match.c: which row is which)
 *          -> changes (diff_latency.c, diff_rates.c, diff_shapes.c)
 *          -> rules (diff_rules.c) and printers (diff_text.c, diff_json.c, ...).
 * Every struct is filled by its stage and read-only from then on. The method is
 * in docs/diff.md. */
#ifndef GHOST_DIFF_H
#define GHOST_DIFF_H

#include <stdbool.h>
#include <stdio.h>
#include "finding.h"
#include "ghost/model.h"
#include "hist.h"
#include "profile.h"

/* ---- one side ---- */

/* What a process did in a slice of time. */
struct diff_cell { uint32_t process, slice; uint64_t calls, exceptions, finished, total, self, log_sum, log_squares; };

struct diff_side;
struct diff_function {
    struct ghost_str fn_key, module, qualname, file;
    uint32_t line;                           /* in the last session that has it */
    bool many_lines;                         /* of some sessions it stands at another one */
    bool is_module;
    uint64_t fingerprint;
    uint64_t calls, exceptions, finished, total, self, min, max;
    struct hist hist;                        /* latencies */
    struct diff_cell *cells; uint32_t n_cells;   /* by session, process, time */
    struct profile_dist signatures, returns, callers, callees;   /* callers and callees by fn_key */
    const struct profile_exception *exceptions_by_type; uint32_t n_exception_types;
};

/* Sessions of one release, say, taken together. */
struct diff_side {
    struct ghost_model **models; struct profiles *profiles; uint32_t n_models;   /* owned */
    struct diff_function *v; uint32_t n;     /* called functions, by module, qualname, line */
    uint64_t duration_ns, calls, events, lost;
    uint64_t unread;                         /* places that say of no number of events that they are missing: damage, uncounted losses */
    uint32_t n_processes;
    struct ghost_str name;                   /* ids joined by + */
    struct ghost_str python;                 /* versions that were recorded, joined by + */
    struct table defined;                    /* hashes of module and name of all code in executed modules */
    struct arena arena;
};
/* Takes the models over, whatever it returns. */
int diff_side_make(struct diff_side *s, struct ghost_model **models, uint32_t n, struct ghost_err *err);
void diff_side_release(struct diff_side *s);

/* GHOST_E_USAGE when two of n models are of the same recording: twice the same would look like twice the evidence. */
int diff_all_apart(struct ghost_model *const *models, uint32_t n, struct ghost_err *err);

/* Both sides, made at once where `jobs` lets them (as in threads_wanted). */
struct diff_sources { const char *data_dir; unsigned jobs; };
/* Of the sessions in two lists such as "s1,s2". */
int diff_load(struct diff_side *before, struct diff_side *after, const struct diff_sources *o, const char *before_list, const char *after_list,
              struct ghost_err *err);
/* Of one session (NULL: the newest) before and after a moment or the mark of that name. */
int diff_load_split(struct diff_side *before, struct diff_side *after, const struct diff_sources *o, const char *session, const char *moment,
                    struct ghost_err *err);

/* Was a function of that name called? */
bool diff_side_calls(const struct diff_side *s, struct ghost_str module, struct ghost_str qualname);
/* Is there code of that name in an executed module? */
bool diff_side_defines(const struct diff_side *s, struct ghost_str module, struct ghost_str qualname);

/* ---- pairs ---- */

enum diff_match { DIFF_SAME, DIFF_MOVED /* to another line */, DIFF_RENAMED /* the same code under another name */, DIFF_ALONE };
extern const char *const diff_match_names[];

/* What is compared of latency. `typical` is the geometric mean: what most calls take, deaf to a
 * few that were interrupted. `quick` are the quickest calls, deaf to a busy machine: some of them
 * found it idle. X(name, text, is a quantile: its share, else 0) */
#define DIFF_MEASURES(X) X(typical, "typical latency", 0) X(mean, "mean latency", 0) X(p50, "p50 latency", 0.50) \
    X(p95, "p95 latency", 0.95) X(p99, "p99 latency", 0.99) X(quick, "quick calls", 0.0001) \
    X(total, "total time", 0)
enum diff_measure {
#define X(name, text, share) DIFF_##name,
    DIFF_MEASURES(X)
#undef X
    DIFF_N_MEASURES
};
extern const char *const diff_measure_names[], *const diff_measure_texts[];

struct diff_latency {
    bool known;                              /* both sides have enough calls to tell anything */
    double before, after;                    /* ns */
    double ratio, low, high;                 /* after/before and its interval, corrected for the number of comparisons */
    double expected;                         /* the ratio that the rest of the program shows */
    bool significant;                        /* larger than the least effect and than noise, in itself and against the rest */
    bool against_rest;                       /* only against the rest: many witnesses, whose machine the function follows */
};
/* The ratio that was judged: on a machine that got faster, code that got slower may take less time than before. */
static inline double diff_judged(const struct diff_latency *l) { return l->against_rest ? l->ratio / l->expected : l->ratio; }

struct diff_rate {
    double before, after, low, high;         /* shares of calls, and the interval of after - before */
    bool significant;
};

/* Something that only one side shows: a signature, a type, an edge. */
struct diff_novelty {
    struct ghost_str name;
    uint64_t count, of;                      /* of the function's calls on its side */
    struct ghost_str caller;                 /* signatures: where most of them came from; else empty */
    bool surprising;                         /* the other side made so many calls that chance does not explain it */
};
struct diff_novelties { const struct diff_novelty *v; uint32_t n; };

/* X(member, text for a new one, text for one that is gone) */
#define DIFF_SHAPES(X) X(signatures, "new arg signature observed", "arg signature no longer seen") \
    X(returns, "new return type", "return type no longer seen") X(exceptions, "new exception type", "exception type no longer seen") \
    X(callees, "new call to", "no longer calls")
enum diff_shape {
#define X(name, fresh, gone) DIFF_SHAPE_##name,
    DIFF_SHAPES(X)
#undef X
    DIFF_N_SHAPES
};
extern const char *const diff_shape_names[], *const diff_shape_fresh[], *const diff_shape_gone[];

struct diff_pair {
    const struct diff_function *before, *after;   /* NULL: not called on that side */
    enum diff_match match;
    bool defined_elsewhere;                  /* ALONE: the other side has the code but never calls it */
    double calls_before, calls_after;        /* as normalised: plain, or per call of the entry point */
    struct diff_latency latency[DIFF_N_MEASURES];
    struct diff_rate exceptions;
    struct diff_novelties fresh[DIFF_N_SHAPES], gone[DIFF_N_SHAPES];
    double weight;                           /* how much it matters: order of the output */
    bool changed;                            /* something to tell */
};

struct diff_options {
    double min_effect;                       /* 0.2: a latency below 1.2 times is no finding */
    double alpha;                            /* chance of any false latency finding, all functions together */
    double min_rate;                         /* 0.01: least change of an exception rate */
    const char *per;                         /* count calls per call of this function; NULL: plainly */
    bool modules;                            /* bodies of modules, too */
    unsigned jobs;                           /* threads, as in threads_wanted */
    struct detect_options detect;
};
#define DIFF_DEFAULTS { .min_effect = 0.2, .alpha = 0.01, .min_rate = 0.01, .detect = DETECT_DEFAULTS }

struct diff_anomalies { const struct finding *const *v; uint32_t n; };

struct diff {
    const struct diff_options *options;
    struct diff_side before, after;
    struct diff_pair *pairs; uint32_t n;     /* what matters first */
    uint32_t added, removed, changed, compared;
    uint64_t per_before, per_after;          /* calls of the entry point; 0: not asked for */
    double speed;                            /* ratio of self times that most functions share: the machine, or everything */
    bool speed_known;                        /* most of them did: worth telling */
    struct findings *anomalies_before, *anomalies_after;     /* of each session of the side, owned */
    struct diff_anomalies anomalies_fresh, anomalies_gone;
    double traffic;                          /* the ratio of calls that most functions share */
    struct arena arena;
};

/* Takes both sides over, whatever it returns. */
int diff_make(struct diff *d, struct diff_side *before, struct diff_side *after, const struct diff_options *o, struct ghost_err *err);
void diff_release(struct diff *d);

/* The stages of diff_make. */
int diff_match_functions(struct diff *d, struct ghost_err *err);
int diff_compare_latency(struct diff *d, struct ghost_err *err);
int diff_compare_rates(struct diff *d, struct ghost_err *err);
int diff_compare_shapes(struct diff *d, struct ghost_err *err);
int diff_compare_anomalies(struct diff *d, struct ghost_err *err);
void diff_release_anomalies(struct diff *d);

/* Were the sides recorded on different versions of Python? */
bool diff_other_python(const struct diff *d);
/* Did the function's calls move otherwise than the traffic? */
bool diff_calls_moved(const struct diff *d, const struct diff_pair *p);

/* One side's estimate of a measure (not of the total) in ns, and the variance of its logarithm;
 * false when there are too few calls to tell. */
bool diff_estimate(const struct diff_function *f, enum diff_measure m, double *ns, double *variance, struct ghost_err *err);

static inline const struct diff_function *diff_any(const struct diff_pair *p) { return p->after ? p->after : p->before; }
static inline double diff_rate_of(const struct diff_function *f) { return f && f->calls ? (double)f->exceptions / (double)f->calls : 0; }

#endif
