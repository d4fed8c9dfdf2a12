/* u_merge.c - runs of several threads come out in order of time, complete. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "ghost/log.h"

#define RUNS 7
#define EVENTS 3000

struct seen { uint64_t last, next[RUNS + 1], calls, n; uint64_t stop_after; };

static int take(void *self, uint32_t thread, uint64_t seq, const struct ghost_event *ev, size_t n)
{
    struct seen *s = self;
    if (s->stop_after && s->calls == s->stop_after) return GHOST_E_FULL;
    s->calls++;
    assert_true(n > 0);
    assert_int_equal(seq, s->next[thread]);
    for (size_t i = 0; i < n; i++) {
        assert_true(ghost_event_tick(&ev[i]) >= s->last);
        s->last = ghost_event_tick(&ev[i]);
    }
    s->next[thread] += n;
    s->n += n;
    return 0;
}

static struct ghost_event events[RUNS][EVENTS];
static struct ghost_run runs[RUNS];

/* Threads that take turns; `spread` is how long a turn is. */
static void make(uint32_t spread)
{
    uint64_t tick = 100;
    uint32_t x = 7;
    size_t n[RUNS] = { 0 };
    for (uint32_t i = 0; i < RUNS * EVENTS; i++) {
        x = x * 1664525u + 1013904223u;
        uint32_t r = (i / spread + (x >> 30)) % RUNS;
        while (n[r] == EVENTS) r = (r + 1) % RUNS;
        tick += x >> 28;                                 /* equal ticks occur */
        events[r][n[r]++] = (struct ghost_event){ tick << GHOST_TICK_SHIFT | GHOST_EV_MARK, 0 };
    }
    for (uint32_t r = 0; r < RUNS; r++) runs[r] = (struct ghost_run){ r + 1, 10 * r, events[r], n[r] };
}

static struct seen begin(void)
{
    struct seen s = { 0 };
    for (uint32_t r = 0; r < RUNS; r++) s.next[r + 1] = 10 * r;
    return s;
}

static void everything_in_order(void **state)
{
    static const uint32_t spreads[] = { 1, 3, 50, 1000, 100000 };
    (void)state;
    for (size_t i = 0; i < sizeof spreads / sizeof *spreads; i++) {
        make(spreads[i]);
        struct seen s = begin();
        assert_int_equal(ghost_merge(runs, RUNS, UINT64_MAX, take, &s), 0);
        assert_int_equal(s.n, RUNS * EVENTS);
        for (uint32_t r = 0; r < RUNS; r++) assert_int_equal(runs[r].n, 0);
    }
    assert_int_equal(ghost_merge(NULL, 0, UINT64_MAX, take, NULL), 0);
}

static void long_runs_stay_whole(void **state)
{
    (void)state;
    make(100000);
    /* Disjoint in time: one call a run. */
    for (uint32_t r = 0; r < RUNS; r++)
        for (uint32_t i = 0; i < EVENTS; i++) events[r][i].time_kind = (uint64_t)((RUNS - r) * 100000 + i) << GHOST_TICK_SHIFT;
    for (uint32_t r = 0; r < RUNS; r++) runs[r] = (struct ghost_run){ r + 1, 10 * r, events[r], EVENTS };
    struct seen s = begin();
    assert_int_equal(ghost_merge(runs, RUNS, UINT64_MAX, take, &s), 0);
    assert_int_equal(s.calls, RUNS);
}

static void cutoff_leaves_the_rest(void **state)
{
    (void)state;
    make(10);
    uint64_t cutoff = ghost_event_tick(&events[3][EVENTS / 2]);
    struct seen s = begin();
    assert_int_equal(ghost_merge(runs, RUNS, cutoff, take, &s), 0);
    assert_true(s.last < cutoff);
    uint64_t left = 0;
    for (uint32_t r = 0; r < RUNS; r++) {
        left += runs[r].n;
        if (runs[r].n) assert_true(ghost_event_tick(&runs[r].ev[0]) >= cutoff);
        assert_int_equal(runs[r].seq, s.next[r + 1]);
    }
    assert_int_equal(s.n + left, RUNS * EVENTS);
    assert_int_equal(ghost_merge(runs, RUNS, UINT64_MAX, take, &s), 0);   /* and goes on from there */
    assert_int_equal(s.n, RUNS * EVENTS);
}

static void a_refusal_stops_and_can_be_continued(void **state)
{
    (void)state;
    make(10);
    struct seen s = begin();
    s.stop_after = 20;
    assert_int_equal(ghost_merge(runs, RUNS, UINT64_MAX, take, &s), GHOST_E_FULL);
    assert_int_equal(s.calls, 20);
    s.stop_after = 0;
    assert_int_equal(ghost_merge(runs, RUNS, UINT64_MAX, take, &s), 0);
    assert_int_equal(s.n, RUNS * EVENTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_in_order), cmocka_unit_test(long_runs_stay_whole), cmocka_unit_test(cutoff_leaves_the_rest),
        cmocka_unit_test(a_refusal_stops_and_can_be_continued),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
