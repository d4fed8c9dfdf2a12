/* event.h - the fixed-size event that a recording thread stores in its ring.
 *
 * One event is two 64-bit words, written by exactly one thread:
 *
 *   word 0   bits 63..4  tick    the clock, in units of 16 raw counts
 *            bits  3..0  kind    enum ghost_event_kind
 *   word 1   bits 19..0  func    function id (FUNC record), 0 is never used
 *            bits 31..20 aux     see the table below
 *            bits 63..32 arg     see the table below
 *
 * `tick` costs the hot path one AND and one OR: the low four bits of the raw
 * counter (under the clock's own jitter) give way to the kind. Ticks are
 * monotonic over all threads of a process because the GIL orders events and
 * the counter is synchronised between cores. */
#ifndef GHOST_EVENT_H
#define GHOST_EVENT_H

#include <assert.h>
#include <stdint.h>

/* X(name, number, aux, arg, text) */
#define GHOST_EVENT_KINDS(X)                                                             \
    X(NONE, 0, "-", "-", "never stored; an unwritten slot")                              \
    X(CALL, 1, "signature", "activation", "a body is entered (arg != 0: a generator's or coroutine's first resume)") \
    X(RETURN, 2, "-", "type", "the body returned a value of this type")                  \
    X(UNWIND, 3, "flags", "type", "an exception of this type left the body")             \
    X(YIELD, 4, "-", "type", "a generator or coroutine suspended, yielding this type")   \
    X(RESUME, 5, "-", "activation", "a suspended body goes on")                          \
    X(THROW, 6, "-", "activation", "a suspended body goes on by throw() or close()")     \
    X(MARK, 7, "-", "mark", "the application set a mark (func is 0)")                    \
    X(PAUSE, 8, "-", "-", "recording was paused; what follows starts after resume (func is 0)")

enum ghost_event_kind {
#define X(name, number, aux, arg, text) GHOST_EV_##name = number,
    GHOST_EVENT_KINDS(X)
#undef X
    GHOST_EV_COUNT
};

struct ghost_event {
    uint64_t time_kind;
    uint64_t what;
};
static_assert(sizeof(struct ghost_event) == 16, "an event is 16 bytes");

#define GHOST_TICK_SHIFT 4
#define GHOST_KIND_MASK 15u

#define GHOST_FUNC_BITS 20
#define GHOST_FUNC_MAX ((1u << GHOST_FUNC_BITS) - 1) /* ids 1..GHOST_FUNC_MAX */
#define GHOST_SIG_BITS 12
/* Signatures are numbered per function from 1. The last number is the bucket
 * of every further signature of a function that has too many. */
#define GHOST_SIG_OTHER ((1u << GHOST_SIG_BITS) - 1)

/* aux of UNWIND */
#define GHOST_UNWIND_RAISED_HERE 1u /* else: it passed through from below */

/* The activation of a generator-like body: a number that tells apart bodies
 * that are alive at the same time; free for reuse once the body has ended. The
 * recorder takes it from the address of the body's frame, and never uses 0. */
static inline uint32_t ghost_activation(const void *frame)
{
    uint32_t token = (uint32_t)((uintptr_t)frame >> 4);
    return token ? token : 1;
}

static inline unsigned ghost_event_kind(const struct ghost_event *e) { return (unsigned)(e->time_kind & GHOST_KIND_MASK); }
static inline uint64_t ghost_event_tick(const struct ghost_event *e) { return e->time_kind >> GHOST_TICK_SHIFT; }
static inline uint32_t ghost_event_func(const struct ghost_event *e) { return (uint32_t)e->what & GHOST_FUNC_MAX; }
static inline uint32_t ghost_event_aux(const struct ghost_event *e) { return (uint32_t)e->what >> GHOST_FUNC_BITS; }
static inline uint32_t ghost_event_arg(const struct ghost_event *e) { return (uint32_t)(e->what >> 32); }

static inline uint64_t ghost_event_what(uint32_t func, uint32_t aux, uint32_t arg)
{
    return (uint64_t)(func | aux << GHOST_FUNC_BITS) | (uint64_t)arg << 32;
}

#endif
