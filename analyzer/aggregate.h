/* aggregate.h - blocks of events to sums, in the numbers of one process.
 *
 * An `agg` belongs to one worker. Everything in it is a sum, a minimum or a
 * maximum of integers under a key: the aggs of several workers add up to the
 * same model in any order. Memory grows with functions, signatures, edges and outcomes, never
 * with events.
 *
 * The finest key is an outcome of an edge: (caller, function, signature, how
 * the call ended, type). Per function, per signature, per caller, per
 * exception: all of them are sums over outcomes. */
#ifndef GHOST_AGGREGATE_H
#define GHOST_AGGREGATE_H

#include <stdbool.h>
#include <stdint.h>
#include "ghost/log.h"
#include "ghost/model.h"
#include "hist.h"
#include "slices.h"
#include "table.h"

/* Calls of one function with one signature, from all callers. */
struct agg_sig {
    uint32_t func, sig;
    uint64_t first_real, last_real;      /* ns since 1970 of the first and last call; UINT64_MAX, 0: unknown */
    uint32_t chunk[HIST_CHUNKS];         /* latency histogram: index into agg.chunks, 0 none */
};

struct agg_edge {
    uint32_t sig;                        /* index of agg_sig */
    uint32_t caller;                     /* function id, 0 none */
    uint32_t cells;                      /* the outcome met first in a chain of all; TABLE_NONE: none yet */
    bool adopted;                        /* frames whose beginning was not seen */
    uint64_t calls;                      /* bodies entered */
};

struct agg_kind { uint32_t end /* enum ghost_end */, type; };

struct agg_cell {
    uint32_t edge, kind;                 /* indices */
    uint64_t count, total, self, min, max, suspended;   /* times in ns */
    uint32_t next;                       /* of the edge's chain */
};

struct agg_thread { uint32_t func, thread; uint64_t calls; };
struct agg_fail { uint32_t func, kind; };            /* a function left by an exception of this kind */
struct agg_mark { uint32_t mark; uint64_t count, first_real, last_real; };

/* Ties ticks to real time: that of the process's earliest block. */
struct agg_clock { uint64_t base_tick, q32; struct ghost_anchor anchor; };   /* q32 0: no block yet */
bool agg_clock_is_earlier(const struct agg_clock *a, const struct agg_clock *b);

struct agg {
    struct agg_sig *sigs; uint32_t n_sigs, cap_sigs; struct table by_sig;
    struct agg_edge *edges; uint32_t n_edges, cap_edges; struct table by_edge;
    struct agg_kind *kinds; uint32_t n_kinds, cap_kinds; struct table by_kind;
    struct agg_cell *cells; uint32_t n_cells, cap_cells; struct table by_cell;
    struct agg_thread *threads; uint32_t n_threads, cap_threads; struct table by_thread;
    struct agg_mark *marks; uint32_t n_marks, cap_marks; struct table by_mark;
    uint64_t (*chunks)[HIST_CHUNK]; uint32_t n_chunks, cap_chunks;
    struct slices slices;                /* of functions; their exceptions are in: */
    struct agg_fail *fails; uint32_t n_fails, cap_fails; struct table by_fail;
    struct slices failed;                /* of indices of fails */
    uint64_t from_real, to_real;         /* only calls that began in [from, to) count */
    uint64_t events, blocks, pauses;
    uint64_t first_real, last_real;
    struct agg_clock clock;
    struct agg_scratch *scratch;         /* of agg_block */
};

int agg_init(struct agg *a);             /* from_real 0, to_real UINT64_MAX: may be set then */
void agg_release(struct agg *a);

/* Adds one decoded block. 0 or GHOST_E_NOMEM. */
int agg_block(struct agg *a, const struct ghost_block *b);

#endif
