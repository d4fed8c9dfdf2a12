/* model.h - what analysis knows about a session. Read-only to all that follows
 * (report, export, database, detectors, diff, explain).
 *
 * Everything is in arrays in a canonical order that depends on the recorded
 * facts alone, so the same logs give the same model whatever the number of
 * threads. Things refer to each other by index; GHOST_NONE is no index.
 * Children of a thing stand together: function -> its signatures -> their
 * edges -> their outcomes are contiguous ranges, so a sum is a linear walk.
 *
 * Strings are UTF-8 with lone surrogates allowed, may in theory hold any
 * character, and are also NUL-terminated; equal strings are equal pointers.
 * Times are nanoseconds; `_real` is since 1970, 0 where unknown. */
#ifndef GHOST_MODEL_H
#define GHOST_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "ghost/def.h"
#include "ghost/err.h"

#define GHOST_NONE UINT32_MAX

/* How a call ended, or what else happened to it. X(name, number, is an end of
 * the call with a latency, text). Calls without a timed end are those that were
 * abandoned, those still open when recording ended, and suspended bodies that
 * were forgotten (no event tells of them). */
#define GHOST_ENDS(X)                                                                   \
    X(RETURN, 0, true, "returned a value of this type")                                 \
    X(RAISED, 1, true, "left by an exception of this type that was raised in it")       \
    X(PASSED, 2, true, "left by an exception of this type that came from below")        \
    X(CLOSED, 3, true, "a generator or coroutine ended by close(): no error")           \
    X(ABANDONED, 4, false, "gone from the stack, the end was not seen")                 \
    X(YIELD, 5, false, "suspended, yielding this type")                                 \
    X(CAUGHT, 6, false, "caught an exception of this type that a recorded callee let out")

enum ghost_end {
#define X(name, number, timed, text) GHOST_END_##name = number,
    GHOST_ENDS(X)
#undef X
    GHOST_END_COUNT
};
#define GHOST_END_IS_TIMED(end) ((end) <= GHOST_END_CLOSED)
#define GHOST_END_IS_EXCEPTION(end) ((end) == GHOST_END_RAISED || (end) == GHOST_END_PASSED)

/* ---- who ---- */
struct ghost_model_process {
    struct ghost_str log;                    /* file name */
    uint8_t identity[16];
    uint64_t events, blocks, pauses;
    uint64_t log_bytes;
    uint64_t start_real, end_real;
    uint64_t n_threads;                      /* THREAD records, also those beyond GHOST_THREADS_APART */
    uint32_t parent;                         /* process index of the forking process, GHOST_NONE */
    uint32_t n_meta; const struct ghost_def_pair *meta;   /* sorted by key */
    bool clean_end;                          /* has its END record */
    bool tail;                               /* the end was taken from its live files */
};
/* Value of a META key, empty when there is none. */
struct ghost_str ghost_model_meta(const struct ghost_model_process *p, const char *key);

/* Threads with numbers above this share one row per function (thread GHOST_NONE). */
#define GHOST_THREADS_APART 1024u
struct ghost_model_thread {
    uint32_t process, id;
    uint64_t os_tid, start_real;
    struct ghost_str name;
};

/* ---- what ---- */
struct ghost_model_type {
    struct ghost_str module, qualname;
    uint32_t flags;                          /* GHOST_TYPE_* */
    uint64_t abcs;                           /* GHOST_ABCS bits */
    uint32_t n_mro; const uint32_t *mro;     /* types; GHOST_NONE where a definition was lost */
    uint32_t n_virtual; const uint32_t *virtual_bases;
    uint32_t n_members; const struct ghost_str *members;
};

/* One function: all code objects of the same module, qualname, first line,
 * file and parameters, in all processes. */
struct ghost_model_function {
    struct ghost_str module, qualname, file;
    uint32_t first_line, co_flags;
    uint32_t n_posonly, n_positional, n_kwonly;
    uint32_t n_params; const struct ghost_str *params;   /* positional, keyword-only, *args, **kwargs */
    uint64_t fingerprint;                    /* 0: unknown, or they differ */
    uint32_t annotations;                    /* the first of its records, GHOST_NONE */
    uint32_t signatures, n_signatures;       /* range of signatures */
    uint32_t callees, n_callees;             /* range of by_caller */
    uint32_t rows, n_rows;                   /* range of thread rows */
    bool defined;                            /* false: its definition was lost; the qualname is its number */
};

struct ghost_hist_bucket { uint64_t lower, width, count; };

struct ghost_model_signature {
    uint32_t function;
    bool other;                              /* the bucket of "any other" */
    bool defined;                            /* false: its definition was lost or never made */
    uint32_t n_types; const uint32_t *types; /* FUNC's order; GHOST_NONE: not bound, or unknown */
    uint32_t n_args, n_kwargs;               /* 0..4, 4: more than GHOST_SIG_ELEMENTS */
    uint32_t args[GHOST_SIG_ELEMENTS], kwargs[GHOST_SIG_ELEMENTS];
    struct ghost_str text;                   /* (int, *tuple, k=str, **dict) */
    uint64_t first_real, last_real;          /* of the calls */
    uint32_t edges, n_edges;                 /* range of edges */
    uint32_t n_hist; const struct ghost_hist_bucket *hist;   /* latency, ascending, no empty ones */
};

/* ---- how it was called, and how that ended ---- */
struct ghost_model_edge {
    uint32_t caller;                         /* function, GHOST_NONE: nothing recorded below */
    uint32_t signature;
    bool adopted;                            /* began before recording did: neither counted as calls nor timed */
    uint64_t calls;                          /* bodies entered; 0 when adopted */
    uint32_t outcomes, n_outcomes;           /* range of outcomes, by end, then type */
};
struct ghost_model_outcome {
    uint32_t edge, end /* enum ghost_end */;
    uint32_t type;                           /* GHOST_NONE: unknown */
    uint64_t count;
    uint64_t total, self, min, max, suspended; /* 0 where the end has no latency, or the edge is adopted */
};

struct ghost_model_thread_row { uint32_t function, thread /* GHOST_NONE: many */; uint64_t calls; };

/* ---- when ---- The wall-clock span of the calls, from the first to the last
 * begin or end, in at most GHOST_SLICES slices of equal width: the least power of
 * two nanoseconds that will do, 2^16 or more, each beginning at a multiple of it;
 * so slices of any two logs, hosts or days line up. Calls count where they
 * began, everything else where they ended. */
#define GHOST_SLICES 64u
struct ghost_model_slice {
    uint32_t function, process, slice;       /* slice: begins at slice_start + slice * slice_ns */
    uint64_t calls;                          /* bodies entered */
    uint64_t exceptions;                     /* calls left by an exception */
    uint64_t finished, total, self;          /* of the calls with a timed end, ns */
    uint64_t log_sum, log_squares;           /* sums of hist_bucket(latency) and of its squares: the spread of log latency, exact */
};

/* ---- inside containers ---- Only of sessions recorded with --deep: sampled objects of
 * exactly list, tuple, dict, set and frozenset, by what one look saw in them. */
struct ghost_model_part { uint32_t type; /* GHOST_NONE: unknown */ uint32_t content; /* GHOST_NONE: no such container, or not looked into */ };
struct ghost_model_content {
    uint32_t type;
    uint32_t size;                           /* elements of a tuple, GHOST_TUPLE_APART + 1 for more; else 0 */
    uint32_t level;                          /* 0: nothing inside was looked into; 1 + the largest of its parts', below GHOST_DEEP_LEVELS */
    uint32_t n_keys; const struct ghost_model_part *keys;    /* of a dict: each once, sorted */
    uint32_t n_items; const struct ghost_model_part *items;  /* elements, or a dict's values: each once, sorted; of a
                                                              * tuple of up to GHOST_TUPLE_APART by position, perhaps not all */
};
struct ghost_model_sample {
    uint32_t function, place /* GHOST_PLACE_* */, index /* of an element of *args or **kwargs */;
    uint32_t content;
    uint32_t caller;                         /* function, GHOST_NONE: unknown */
    uint64_t count;                          /* objects; of a killed process at least half of them */
};

/* ---- beside the calls ---- */
/* A function has several when its code served functions with different ones (a
 * closure over a type, generated methods of one shape); they stand together. */
struct ghost_model_annotations { uint32_t function; const struct ghost_def_annot *annot; /* its type ids are model types or GHOST_NONE */ };
struct ghost_model_tree { const struct ghost_def_tree *tree; uint32_t n_processes; };
struct ghost_model_mark { struct ghost_str name; uint64_t count, first_real, last_real; };
struct ghost_model_note { uint32_t process, code; uint64_t count; struct ghost_str detail; };
struct ghost_model_loss {
    uint32_t process, cause;                 /* enum ghost_loss_cause */
    uint32_t thread;                         /* thread index, GHOST_NONE: the process, or one not told apart */
    uint64_t count;                          /* events */
    uint64_t unknown;                        /* records that could not say how many */
    uint64_t first_real, last_real;
};
/* A part of a log that could not be used. */
struct ghost_model_damage {
    uint32_t process;                        /* GHOST_NONE: the log could not be opened at all */
    uint64_t offset, bytes;
    bool cut;                                /* the file ends inside a frame: normal after a crash */
    int code;                                /* enum ghost_code */
    struct ghost_str message;                /* complete, with the log's name */
};

struct ghost_model {
    struct ghost_str session;                /* id */
    uint64_t events, log_bytes, start_real, end_real;
    uint64_t lost;                           /* sum of the counted losses */
    uint32_t n_processes; const struct ghost_model_process *processes;       /* by start, log */
    uint32_t n_threads; const struct ghost_model_thread *threads;            /* by process, id */
    uint32_t n_types; const struct ghost_model_type *types;                  /* by module, qualname, ... */
    uint32_t n_functions; const struct ghost_model_function *functions;      /* by module, qualname, line, file, ... */
    uint32_t n_signatures; const struct ghost_model_signature *signatures;   /* by function, text, types */
    uint32_t n_edges; const struct ghost_model_edge *edges;                  /* by signature, caller */
    uint32_t n_outcomes; const struct ghost_model_outcome *outcomes;         /* by edge, end, type */
    const uint32_t *by_caller;               /* [n_edges] edges with a caller, by caller, then signature */
    uint32_t n_rows; const struct ghost_model_thread_row *rows;              /* by function, thread */
    uint64_t slice_start, slice_ns; uint32_t n_slice_rows; const struct ghost_model_slice *slices; /* by function, process, slice */
    uint32_t n_contents; const struct ghost_model_content *contents;         /* by level, type, size, parts */
    uint32_t n_samples; const struct ghost_model_sample *samples;            /* by function, place, index, content, caller */
    uint32_t n_annotations; const struct ghost_model_annotations *annotations; /* by function, content */
    uint32_t n_trees; const struct ghost_model_tree *trees;                  /* by module, file, content */
    uint32_t n_marks; const struct ghost_model_mark *marks;                  /* by name */
    uint32_t n_notes; const struct ghost_model_note *notes;                  /* by process, code, detail */
    uint32_t n_losses; const struct ghost_model_loss *losses;                /* by process, cause, thread */
    uint32_t n_damages; const struct ghost_model_damage *damages;            /* by process, offset */
};

/* The samples of a function. */
const struct ghost_model_sample *ghost_model_samples(const struct ghost_model *m, uint32_t function, uint32_t *n);

void ghost_model_free(struct ghost_model *m);

#endif
