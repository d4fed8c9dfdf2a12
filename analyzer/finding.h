/* finding.h - what a detector found: one struct for all detectors, printers,
 * baselines, the explainer and the diff.
 *
 * Detectors read the model and its sums by function, and append; they print nothing and know no format.
 * A detector is one file `detect_NAME.c` and one row in DETECTORS. */
#ifndef GHOST_FINDING_H
#define GHOST_FINDING_H

#include "arena.h"
#include "ghost/model.h"

enum severity { SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_COUNT };
extern const char *const severity_names[];       /* "low", ..., NULL */

/* Evidence beside the numbers: callers of the odd calls, what became of them.
 * Rendered below the message, and as a list in the structured formats. The
 * numbers are shown when `of` is not 0. */
struct evidence { const char *label; struct ghost_str text; uint64_t count, of; };

struct finding {
    char id[17];                 /* 16 hex digits, stable over sessions and lines: kind, module, qualname, param, observed */
    const char *kind;            /* the detector's name */
    enum severity severity;
    bool decided;                /* false: "undecided", shown by --verbose only, never fails a build */
    uint32_t function;           /* model index, GHOST_NONE when it never was one (dead code) */
    struct ghost_str fn_key, module, qualname, file;
    uint32_t line;
    struct ghost_str param;      /* parameter, "return", "yield"; empty: the function */
    struct ghost_str annotated, observed;
    uint64_t count, total;       /* count of total calls show it */
    double rate, low, high;      /* count/total and its 99 % interval where a detector computes one, else 0 */
    struct ghost_str message;    /* one line, complete, without the function's name */
    uint32_t n_evidence; const struct evidence *evidence;
};

/* Grows in an arena; order is the printer's business. */
struct findings {
    struct finding *v; uint32_t n, cap;
    uint64_t undecided;          /* how many of them are not decided */
    struct arena arena;
};
void findings_release(struct findings *f);
/* A new zeroed row, decided and of no function; NULL with `err` filled. Valid
 * until the next one. */
struct finding *findings_add(struct findings *f, struct ghost_err *err);
/* The same about a function of the model: where it is, and its fn_key. */
struct finding *findings_add_function(struct findings *f, const struct ghost_model *m, uint32_t function, struct ghost_err *err);
/* Text in the findings' arena, as by printf; a ghost_str goes in as %.*s with FINDING_STR.
 * Empty when out of memory (detect_all tells). */
struct ghost_str findings_text(struct findings *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define FINDING_STR(s) (int)(s).len, (s).p
/* module:qualname:line */
struct ghost_str findings_key(struct findings *f, struct ghost_str module, struct ghost_str qualname, uint32_t line);
/* Evidence rows one by one: `row->evidence` is replaced by a longer copy. */
void findings_evidence(struct findings *f, struct finding *row, const char *label, struct ghost_str text, uint64_t count, uint64_t of);

/* Thresholds; filled from options, ghost.yaml and defaults by cmd_anomalies.c.
 * DETECT_DEFAULTS are those of the command line. */
struct detect_options {
    double exc_threshold;        /* 0.05 */
    uint64_t exc_min_calls;      /* 3 */
    double latency_z;            /* 2.5 */
    uint64_t latency_min_ns;     /* 1 ms: what is faster is no outlier */
    const char *const *expected; size_t n_expected;   /* exception types that are no errors, as "module.Name" or "Name" */
    const char *const *sources; size_t n_sources;     /* files and folders for never_called */
    bool verbose;                /* also undecided ones */
};
#define DETECT_DEFAULTS { .exc_threshold = 0.05, .exc_min_calls = 3, .latency_z = 2.5, .latency_min_ns = 1000000 }

/* What a detector looks at. */
struct groups;
struct profiles;
struct detect_subject { const struct ghost_model *m; const struct groups *groups; /* findings_groups.h */ };

struct detector {
    const char *name;            /* as --only takes it */
    const char *summary;
    int (*run)(const struct detect_subject *of, const struct detect_options *o, struct findings *out, struct ghost_err *err);
};
#define DETECTORS(X) X(type_mismatch) X(never_called) X(high_exc_rate) X(latency_outlier)
#define X(name) extern const struct detector detect_##name;
DETECTORS(X)
#undef X
extern const struct detector *const detectors[]; /* NULL at the end */

/* Is code of these flags (GHOST_NODE_*) no dead code when nobody calls it? (never_called) */
bool never_called_exempts(uint32_t flags);

/* All detectors (or those named in `only`, NULL-ended) over a model and its profiles: findings with
 * ids and severities, most severe first, undecided ones last. */
int detect_all(const struct ghost_model *m, const struct profiles *p, const struct detect_options *o, const char *const *only,
               struct findings *out, struct ghost_err *err);

#endif
