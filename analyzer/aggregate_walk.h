/* aggregate_walk.h - between aggregate_block.c, which prepares a block and puts sums in
 * their places, and aggregate_walk.c, the loop over its events. */
#ifndef GHOST_AGGREGATE_WALK_H
#define GHOST_AGGREGATE_WALK_H

#include "aggregate.h"

/* A shape, resolved: kind in the upper four bits; below, of calls the index of the agg_sig, of
 * ends the agg_kind, of MARK the agg_mark. */
typedef uint32_t token;
enum { TOKEN_BITS = 28 };
#define TOKEN_ID ((UINT32_C(1) << TOKEN_BITS) - 1)
static_assert(GHOST_SH_COUNT <= 16, "a token has four bits for its kind");

/* A frame on the stack. */
struct frame {
    uint64_t since;                  /* its push, or the begin of the present stretch */
    uint64_t child;                  /* ticks spent in recorded callees */
    uint32_t edge, func;
    uint32_t slot;                   /* activation + 1, 0: a plain call */
    uint32_t pending;                /* type of an exception let in from below, 0 none */
};

/* What an activation keeps while it is off the stack. (Never a pending exception: the YIELD settled it.) */
struct activation {
    uint64_t start, active, child;
    uint32_t edge, func;
};

/* Ticks of a block to real time. */
struct clock { struct ghost_anchor anchor; uint64_t q32; };
enum { CLOCKS = 256 };

/* Buckets to be counted up: by the time that there are as many, most of them are in a cache. */
enum { FRESH = 64 };

/* Where the outcomes of edges that have many are found first. */
enum { OUTCOMES = 8192 };
static inline uint32_t outcome_hash(uint32_t edge, uint32_t kind) { return (edge * 0x9E3779B1u + kind * 0x85EBCA6Bu) >> 19; }
static_assert(OUTCOMES == 1 << (32 - 19), "all places are used");

struct agg_scratch {
    uint32_t outcomes[OUTCOMES];     /* cells */
    uint16_t *fresh[FRESH]; uint32_t n_fresh;
    token *tokens; uint32_t cap_tokens;
    struct frame *stack; uint32_t cap_stack;
    struct activation *activations; uint32_t cap_activations;
    /* all that is new is of this thread and of the slice of this time */
    uint64_t real, base_tick;        /* (and of blocks in the order of time: of this tick the last) */
    uint32_t thread, n_clocks;       /* no clock: nothing is new */
    struct clock clocks[CLOCKS];     /* of the blocks that it is of */
    /* what has something new, by index; room for all */
    uint32_t *edges; uint32_t n_edges, cap_edges;
    uint32_t *cells; uint32_t n_cells, cap_cells;
    uint32_t *funcs; uint32_t n_funcs, cap_funcs;
    struct slice_sums *sums; uint32_t cap_sums;        /* of functions */
};

struct walk {
    struct agg *a;
    const struct ghost_block *b;
    struct frame *base, *top;        /* base stands for "nothing recorded" */
    struct activation *activations;
    const struct clock *clock;
    uint16_t clock_number;
    const uint32_t *operand;         /* of the next event that has one */
    uint64_t q32;
    uint32_t guess;                  /* where the edge of the next call is guessed: 2 * edge + which */
    uint32_t nobody;                 /* edge of the calls that do not count */
    bool outside;                    /* calls that begin now do not count */
    uint32_t unseen;                 /* tokens that are not events */
};

static inline uint64_t ticks_to_ns(uint64_t ticks, uint64_t q32)
{
    return (uint64_t)((unsigned __int128)ticks * q32 >> 32);
}
uint64_t clock_real(const struct clock *c, uint64_t tick);       /* ns since 1970, 0 unknown */

/* Events i to end. False: out of memory. */
bool walk_events(struct walk *w, uint32_t i, uint32_t end);

#endif
