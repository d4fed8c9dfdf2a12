/* aggregate.h - blocks of events to sums, in the numbers of one process.
 *
 * An `agg` belongs to one worker, an `agg_common` to all workers of a log. Everything in it is a sum, a minimum or a
 * maximum of integers under a key: the aggs of several workers add up to the
 * same model in any order. Memory grows with functions, signatures, edges and outcomes, never
 * with events.
 *
 * The finest key is an outcome of an edge: (caller, function, signature, how
 * the call ended, type). Per function, per signature, per caller, per
 * exception: all of them are sums over outcomes. */
#ifndef GHOST_AGGREGATE_H
#define GHOST_AGGREGATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "ghost/log.h"
#include "ghost/model.h"
#include "hist.h"
#include "slices.h"
#include "table.h"

enum { AGG_WINDOW = 16 * HIST_CHUNK };

/* Where the latencies of a signature are counted: number of a window, and in the low six bits the octave that it
 * begins with. Window 0 is none: it begins beyond all octaves. */
typedef uint32_t agg_place;
enum { AGG_NO_PLACE = HIST_CHUNK - 1 };
static_assert((int)HIST_CHUNKS < (int)AGG_NO_PLACE, "no bucket is in window 0");
static inline uint32_t agg_place_window(agg_place p) { return p / HIST_CHUNK; }
static inline uint32_t agg_place_first(agg_place p) { return p % HIST_CHUNK * HIST_CHUNK; }   /* bucket */

/* Calls of one function with one signature, from all callers. Its latencies are
 * counted in a window of octaves, and what lies outside of it one by one (struct agg_far). */
struct agg_sig {
    uint64_t first_real, last_real;      /* ns since 1970 of the first and last call; UINT64_MAX, 0: unknown */
    uint32_t func, sig;
    uint32_t edges;                      /* the one met last heads a chain, which TABLE_NONE ends */
    agg_place place;
    uint32_t outside, patience;          /* latencies outside of the window; how many until it moves */
};

/* Calls of one signature from one caller. Half a cache line: a call needs nothing else of
 * the tables. The first of all, number 0, is the bottom of every stack and no edge. */
struct agg_edge {
    uint64_t key;                        /* see agg_edge_key */
    uint32_t recent;                     /* calls since the last fold */
    uint32_t func;
    uint32_t cells;                      /* its outcomes: the one met last heads a chain, which 0 ends */
    uint32_t guess[2];                   /* edge that was met next, after its call and after its end */
    agg_place place;                     /* as in its signature */
};
static inline uint64_t agg_edge_key(uint32_t caller, uint32_t sig, bool adopted)
{
    return (uint64_t)adopted << 63 | (uint64_t)caller << 32 | sig;
}
static inline uint32_t agg_edge_sig(const struct agg_edge *e) { return (uint32_t)e->key; }      /* index of agg_sig */
static inline uint32_t agg_edge_caller(const struct agg_edge *e) { return (uint32_t)(e->key >> 32) & ~(UINT32_C(1) << 31); } /* function id, 0 none */
static inline bool agg_edge_adopted(const struct agg_edge *e) { return e->key >> 63; }  /* frames whose beginning was not seen */

struct agg_link { uint64_t calls /* bodies entered, without the recent ones */; uint32_t next /* of its signature's chain */; };

struct agg_kind { uint32_t end /* enum ghost_end */, type; };

/* What is new of an outcome since the last fold. A cache line: the end of a call needs
 * nothing else but a bucket of the histogram. */
struct agg_recent {
    uint32_t kind, next;                 /* `next` of the edge's chain */
    uint32_t count, edge;
    uint64_t total, self, min, max, log_sum, log_squares;   /* as in struct ghost_model_slice */
};
struct agg_cell {
    uint32_t edge, kind;                 /* indices */
    uint64_t count, total, self, min, max, suspended;   /* times in ns */
};

/* Latencies of a signature in a bucket of the histogram that its window does not (or not all) hold. */
struct agg_far { uint32_t func, sig, bucket; uint64_t count; };
/* Function, left by an exception of this type. */
struct agg_failure { uint32_t func, end /* enum ghost_end */, type; uint64_t real; };

/* What the workers of a log add to together, because it is large and seldom needed. */
struct agg_common {
    pthread_mutex_t lock;                /* guards all below but `shift` */
    struct agg_far *far; uint32_t n_far, cap_far; struct table by_far;
    struct slices slices;                /* of functions; their exceptions are in: */
    struct agg_failure *failures; uint32_t n_failures, cap_failures; struct table by_failure;
    struct slices failed;                /* of indices of failures */
    _Atomic unsigned shift;              /* of slices, 0 none yet: only grows */
};
/* All false: out of memory (or no mutex). */
bool agg_common_init(struct agg_common *c);
void agg_common_release(struct agg_common *c);
bool agg_common_far(struct agg_common *c, const struct agg_far *v, uint32_t n);
bool agg_common_failures(struct agg_common *c, const struct agg_failure *v, uint32_t n);
/* sums[f] of each of the functions, of the slice that holds `real`. */
bool agg_common_slice(struct agg_common *c, uint64_t real, const uint32_t *funcs, uint32_t n, const struct slice_sums *sums);
/* Slices are at least 1 << shift wide: before the workers begin. */
bool agg_common_reach(struct agg_common *c, unsigned shift);

/* Signatures of a function: indices of agg_sig by number, TABLE_NONE where there is none. Numbers are
 * given from 1 on; those far beyond the others are in a table. */
struct agg_func { uint32_t *sigs; uint32_t cap, n; };

struct agg_thread { uint32_t func, thread; uint64_t calls; };
struct agg_mark { uint32_t mark; uint64_t count, first_real, last_real; };

/* Ties ticks to real time: that of the process's earliest block. */
struct agg_clock { uint64_t base_tick, q32; struct ghost_anchor anchor; };   /* q32 0: no block yet */
bool agg_clock_is_earlier(const struct agg_clock *a, const struct agg_clock *b);

struct agg {
    struct agg_func *funcs; uint32_t cap_funcs;
    struct agg_sig *sigs; uint32_t n_sigs, cap_sigs; struct table by_sig;
    struct agg_edge *edges; uint32_t n_edges, cap_edges; struct table by_edge;
    struct agg_link *links; uint32_t cap_links;   /* [n_edges] what is seldom needed of an edge */
    struct agg_kind *kinds; uint32_t n_kinds, cap_kinds; struct table by_kind;
    struct agg_cell *cells; uint32_t n_cells, cap_cells; struct table by_cell;  /* number 0 is none */
    struct agg_recent *recent; uint32_t cap_recent;  /* [n_cells] */
    struct agg_thread *threads; uint32_t n_threads, cap_threads; struct table by_thread;
    struct agg_mark *marks; uint32_t n_marks, cap_marks; struct table by_mark;
    /* Counts of 16 bits, so that much fits into a cache; each that wraps is 2^16 of the far ones. */
    uint16_t (*windows)[AGG_WINDOW]; uint32_t n_windows, cap_windows;
    uint32_t *window_sigs; uint32_t cap_window_sigs; /* whose they are */
    struct agg_common *common;
    uint64_t from_real, to_real;         /* only calls that began in [from, to) count */
    uint64_t events, blocks, pauses;
    uint64_t first_real, last_real;
    struct agg_clock clock;
    struct agg_scratch *scratch;         /* of agg_block */
};

int agg_init(struct agg *a, struct agg_common *c);   /* `c` must stay; from_real 0, to_real UINT64_MAX: may be set then */
void agg_release(struct agg *a);

/* Adds one decoded block. 0 or GHOST_E_NOMEM. */
int agg_block(struct agg *a, const struct ghost_block *b);
/* After the last block: all sums are where they belong, nothing is `recent` any more. 0 or GHOST_E_NOMEM. */
int agg_finish(struct agg *a);

/* When a tick of the block was: ns since 1970, 0 unknown. */
uint64_t agg_real(const struct ghost_block *b, uint64_t tick);

/* What the window of a signature holds of a bucket; the rest is in the common `far`. */
static inline uint64_t agg_near(const struct agg *a, const struct agg_sig *s, unsigned bucket)
{
    uint32_t at = bucket - agg_place_first(s->place);
    return at < AGG_WINDOW ? a->windows[agg_place_window(s->place)][at] : 0;
}

/* ---- between the aggregate*.c: the number under a key, made when it is new; TABLE_NONE: out of memory ---- */
uint32_t agg_sig_of(struct agg *a, uint32_t func, uint32_t sig);
uint32_t agg_edge_of(struct agg *a, uint32_t caller, uint32_t sig, bool adopted);
uint32_t agg_kind_of(struct agg *a, uint32_t end, uint32_t type);
uint32_t agg_cell_of(struct agg *a, uint32_t edge, uint32_t kind);   /* where the chain's head is another */
uint32_t agg_mark_of(struct agg *a, uint32_t mark);
/* False: out of memory. */
bool agg_add_thread(struct agg *a, uint32_t func, uint32_t thread, uint64_t calls);
bool agg_add_failure(struct agg *a, uint32_t func, uint32_t kind, uint64_t real);   /* real 0: unknown, not added */
bool agg_add_wrap(struct agg *a, uint32_t window, uint32_t at);       /* 2^16 latencies */
bool agg_count_fresh(struct agg *a);     /* the buckets that the loop noted */
bool agg_add_outside(struct agg *a, uint32_t sig, uint32_t bucket);  /* one latency that is not in the window */
bool agg_send_noted(struct agg *a);      /* what was noted for the common tables goes there */

struct agg_scratch *agg_scratch_new(void);
void agg_scratch_free(struct agg_scratch *s);
/* Room for all edges and cells among what was touched. */
bool agg_scratch_room(struct agg_scratch *s, uint32_t n_edges, uint32_t n_cells);

#endif
