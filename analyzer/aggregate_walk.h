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

/* Buckets to be counted up: by the time that there are as many, most of them are in a cache. */
enum { FRESH = 64 };

/* Where edges and outcomes are found that are not the ones guessed; of two in one place the one met last. */
enum { PLACES_BITS = 14, PLACES = 1 << PLACES_BITS };
static inline uint32_t place_of(uint32_t a, uint32_t b) { return (a * 0x9E3779B1u + b * 0x85EBCA6Bu) >> (32 - PLACES_BITS); }

/* Calls of functions by one of the threads that were met last. */
struct thread_calls { uint64_t *by_func; uint32_t thread, cap; };
enum { THREADS = 16 };

/* Notes for the common tables: as many at a time. */
enum { NOTED = 256 };

struct agg_scratch {
    uint32_t edges_at[PLACES];       /* by caller and signature */
    uint32_t cells_at[PLACES];       /* by edge and kind */
    uint16_t *fresh[FRESH]; uint32_t n_fresh;
    struct agg_far far[NOTED]; uint32_t n_far;
    struct agg_failure failures[NOTED]; uint32_t n_failures;
    token *tokens; uint32_t cap_tokens;
    struct frame *stack; uint32_t cap_stack;
    struct activation *activations; uint32_t cap_activations;
    uint32_t *seen; uint32_t cap_seen;                 /* by shape: the event that had it last + 1; then the same of events that do not count */
    uint64_t real;                   /* all that is new is of the slice of this time */
    /* what has something new, by index; room for all */
    uint32_t *edges; uint32_t n_edges, cap_edges;
    uint32_t *cells; uint32_t n_cells, cap_cells;
    uint32_t *funcs; uint32_t n_funcs, cap_funcs;
    struct slice_sums *sums; uint32_t cap_sums;        /* of functions */
    struct thread_calls threads[THREADS];              /* by number % THREADS */
};

struct walk {
    struct agg *a;
    const struct ghost_block *b;
    struct frame *base, *top;        /* base stands for "nothing recorded" */
    struct activation *activations;
    const struct clock *clock;
    const uint32_t *operand;         /* of the next event that has one */
    uint64_t *calls;                 /* by function, of the block's thread */
    uint64_t q32;
    uint32_t guess;                  /* where the edge of the next call is guessed: 2 * edge + which */
    uint32_t nobody;                 /* edge of the calls that do not count */
    bool outside;                    /* calls that begin now do not count */
    uint32_t inside_from, inside_to; /* events that do count */
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
