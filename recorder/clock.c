/* clock.c - which clock, and how long a tick is. */
#define _GNU_SOURCE
#include "clock.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

bool clock_is_tsc;

/* First sample of the process, and the relation last computed from it. The
 * relation is read by other threads: a plain aligned word, stored atomically. */
static struct ghost_anchor first;
static uint64_t tick_ns_q32;

static bool invariant_tsc(void)
{
#if defined(__x86_64__)
    unsigned a, b, c, d;
    /* Intel SDM vol. 3, 18.17.1 and AMD APM vol. 3, E.4.7: CPUID 80000007h EDX bit 8 */
    return __get_cpuid(0x80000007u, &a, &b, &c, &d) && (d & (1u << 8));
#else
    return false;
#endif
}

static uint64_t nanoseconds(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t clock_raw_without_tsc(void) { return nanoseconds(CLOCK_MONOTONIC) << 2; }

uint64_t clock_monotonic_ns(void) { return nanoseconds(CLOCK_MONOTONIC); }

static struct ghost_anchor sample(void)
{
    struct ghost_anchor best = { 0, 0, 0 };
    uint64_t narrowest = UINT64_MAX;

    /* An interruption between any two of the reads would tie wrong moments
     * together: of a few tries the one with the smallest gap counts. */
    for (int i = 0; i < 4; i++) {
        uint64_t before = clock_raw();
        uint64_t mono = nanoseconds(CLOCK_MONOTONIC);
        uint64_t real = nanoseconds(CLOCK_REALTIME);
        uint64_t after = clock_raw();
        if (after - before < narrowest) {
            narrowest = after - before;
            best.tick = (before + (after - before) / 2) >> GHOST_TICK_SHIFT;
            best.mono_ns = mono;
            best.real_ns = real;
        }
    }
    return best;
}

static void refine(const struct ghost_anchor *now)
{
    uint64_t ticks = now->tick - first.tick;
    uint64_t ns = now->mono_ns - first.mono_ns;
    if (ticks == 0 || now->tick < first.tick || now->mono_ns <= first.mono_ns)
        return;
    __atomic_store_n(&tick_ns_q32, (uint64_t)(((unsigned __int128)ns << 32) / ticks), __ATOMIC_RELAXED);
}

void clock_init(void)
{
    clock_is_tsc = invariant_tsc();
    first = sample();
    if (!clock_is_tsc) {
        tick_ns_q32 = (uint64_t)(1u << GHOST_TICK_SHIFT) << 30; /* quarter nanoseconds */
        return;
    }
    struct ghost_anchor now;
    do
        now = sample();
    while (now.mono_ns - first.mono_ns < 500000);
    refine(&now);
}

uint64_t clock_tick_ns_q32(void) { return __atomic_load_n(&tick_ns_q32, __ATOMIC_RELAXED); }

struct ghost_anchor clock_anchor(void)
{
    struct ghost_anchor now = sample();
    if (clock_is_tsc)
        refine(&now);
    return now;
}
