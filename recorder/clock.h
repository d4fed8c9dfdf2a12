/* clock.h - the cheap timestamp and its relation to time.
 *
 * A raw count is TSC cycles where the CPU promises an invariant TSC, else
 * CLOCK_MONOTONIC in units of a quarter nanosecond; either way the low four
 * bits are dropped to make a tick (event.h). */
#ifndef GHOST_CLOCK_H
#define GHOST_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif
#include "ghost/event.h"
#include "ghost/log.h"

extern bool clock_is_tsc; /* set once by clock_init */

/* Decides the source and measures it for about half a millisecond. */
void clock_init(void);
/* The relation known so far: better the longer the process runs. */
uint64_t clock_tick_ns_q32(void);
/* Takes a sample of all three clocks; refines the relation. One thread. */
struct ghost_anchor clock_anchor(void);
uint64_t clock_monotonic_ns(void);

uint64_t clock_raw_without_tsc(void) __attribute__((cold));

static inline uint64_t clock_raw(void)
{
#if defined(__x86_64__)
    if (__builtin_expect(clock_is_tsc, 1))
        return __rdtsc();
#endif
    return clock_raw_without_tsc();
}

static inline uint64_t clock_tick(void) { return clock_raw() >> GHOST_TICK_SHIFT; }

#endif
