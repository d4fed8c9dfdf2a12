/* Sums over blocks made by hand, 10 ns a tick: every figure is known. */
#include "unit.h"

#include <string.h>

#include "analyzer/aggregate.h"

#define ANCHOR { 1000, 0, 1000000 }
#define Q32 (UINT64_C(10) << 32)
enum { INT = 1, NONE = 2, KEY_ERROR = 3 };

struct event { uint16_t token; uint64_t tick; };

/* A block of these events; arrays live until the next one. */
static struct ghost_block block_of(const struct ghost_shape *shapes, uint32_t n_shapes, const struct event *events, uint32_t n)
{
    static uint16_t tokens[64];
    static uint64_t ticks[64];
    for (uint32_t i = 0; i < n; i++) {
        tokens[i] = events[i].token;
        ticks[i] = events[i].tick;
    }
    return (struct ghost_block){ .thread = 1, .n_events = n, .base_tick = 1000, .end_tick = events[n - 1].tick, .tick_ns_q32 = Q32,
                                 .anchor = { ANCHOR, ANCHOR }, .n_shapes = n_shapes, .shapes = shapes, .tokens = tokens,
                                 .ticks = ticks, .max_depth = 64, .n_slots = 4 };
}

static struct agg_common common;
static int begin(struct agg *a) { return agg_common_init(&common) ? agg_init(a, &common) : GHOST_E_NOMEM; }
static void end(struct agg *a)
{
    agg_release(a);
    agg_common_release(&common);
}

static int add(struct agg *a, const struct ghost_block *b)
{
    int ret = agg_block(a, b);
    return ret ? ret : agg_finish(a);
}

static const struct agg_edge *edge(const struct agg *a, uint32_t caller, uint32_t func, uint32_t sig, bool adopted)
{
    for (uint32_t i = 1; i < a->n_edges; i++) {
        const struct agg_edge *e = &a->edges[i];
        const struct agg_sig *s = &a->sigs[agg_edge_sig(e)];
        if (agg_edge_caller(e) == caller && s->func == func && s->sig == sig && agg_edge_adopted(e) == adopted)
            return e;
    }
    fail_msg("no edge %u -> %u sig %u", caller, func, sig);
    return NULL;
}

static uint64_t calls(const struct agg *a, const struct agg_edge *e) { return a->links[e - a->edges].calls; }

static const struct agg_cell *cell(const struct agg *a, const struct agg_edge *e, uint32_t end, uint32_t type)
{
    for (uint32_t i = 0; i < a->n_cells; i++) {
        const struct agg_cell *c = &a->cells[i];
        if (c->edge == (uint32_t)(e - a->edges) && a->kinds[c->kind].end == end && a->kinds[c->kind].type == type)
            return c;
    }
    return NULL;
}

/* Latencies of a signature in a bucket. */
static uint64_t count(const struct agg *a, uint32_t sig, uint32_t bucket)
{
    uint64_t n = agg_near(a, &a->sigs[sig], bucket);
    for (uint32_t i = 0; i < common.n_far; i++) {
        const struct agg_far *f = &common.far[i];
        n += f->func == a->sigs[sig].func && f->sig == a->sigs[sig].sig && f->bucket == bucket ? f->count : 0;
    }
    return n;
}

static void expect(const struct agg_cell *c, uint64_t count, uint64_t total, uint64_t self, uint64_t min, uint64_t max, uint64_t suspended)
{
    assert_non_null(c);
    assert_int_equal(c->count, count);
    assert_int_equal(c->total, total);
    assert_int_equal(c->self, self);
    assert_int_equal(c->min, min);
    assert_int_equal(c->max, max);
    assert_int_equal(c->suspended, suspended);
}

static void calls_and_times(void **state)
{
    /* f(1000..1100) calls g twice: 10 and 30 ticks, another signature the second time */
    const struct ghost_shape s[] = { { GHOST_SH_CALL, 7, 1 }, { GHOST_SH_CALL, 8, 1 }, { GHOST_SH_RETURN, INT, 0 }, { GHOST_SH_CALL, 8, 2 } };
    const struct event e[] = { { 0, 1000 }, { 1, 1010 }, { 2, 1020 }, { 3, 1030 }, { 2, 1060 }, { 2, 1100 } };
    struct ghost_block b = block_of(s, 4, e, 6);
    struct agg a;
    (void)state;
    assert_int_equal(begin(&a), 0);
    for (unsigned round = 1; round <= 3; round++) {
        assert_int_equal(add(&a, &b), 0);
        assert_int_equal(a.events, 6 * round);
        assert_int_equal(a.n_edges, 1 + 3);
        assert_int_equal(calls(&a, edge(&a, 0, 7, 1, false)), round);
        expect(cell(&a, edge(&a, 0, 7, 1, false), GHOST_END_RETURN, INT), round, 1000 * round, 600 * round, 1000, 1000, 0);
        expect(cell(&a, edge(&a, 7, 8, 1, false), GHOST_END_RETURN, INT), round, 100 * round, 100 * round, 100, 100, 0);
        expect(cell(&a, edge(&a, 7, 8, 2, false), GHOST_END_RETURN, INT), round, 300 * round, 300 * round, 300, 300, 0);
    }
    assert_int_equal(a.sigs[agg_edge_sig(edge(&a, 7, 8, 2, false))].first_real, 1000000 + 300);
    assert_int_equal(count(&a, agg_edge_sig(edge(&a, 0, 7, 1, false)), hist_bucket(1000)), 3);
    end(&a);
}

static void exceptions_are_raised_passed_and_caught(void **state)
{
    /* top calls mid calls low; low raises, mid lets it through, top catches; then low raises and mid raises another */
    const struct ghost_shape s[] = { { GHOST_SH_CALL, 1, 1 }, { GHOST_SH_CALL, 2, 1 }, { GHOST_SH_CALL, 3, 1 },
                                     { GHOST_SH_UNWIND, KEY_ERROR, 1 }, { GHOST_SH_UNWIND, KEY_ERROR, 0 }, { GHOST_SH_RETURN, NONE, 0 } };
    const struct event e[] = { { 0, 1000 }, { 1, 1010 }, { 2, 1020 }, { 3, 1030 }, { 4, 1040 },
                               { 1, 1050 }, { 2, 1060 }, { 3, 1070 }, { 3, 1080 }, { 5, 1090 } };
    struct ghost_block b = block_of(s, 6, e, 10);
    struct agg a;
    (void)state;
    assert_int_equal(begin(&a), 0);
    assert_int_equal(add(&a, &b), 0);
    expect(cell(&a, edge(&a, 2, 3, 1, false), GHOST_END_RAISED, KEY_ERROR), 2, 200, 200, 100, 100, 0);
    assert_int_equal(cell(&a, edge(&a, 1, 2, 1, false), GHOST_END_PASSED, KEY_ERROR)->count, 1);
    assert_int_equal(cell(&a, edge(&a, 1, 2, 1, false), GHOST_END_RAISED, KEY_ERROR)->count, 1);
    assert_int_equal(cell(&a, edge(&a, 1, 2, 1, false), GHOST_END_CAUGHT, KEY_ERROR)->count, 1);
    assert_int_equal(cell(&a, edge(&a, 0, 1, 1, false), GHOST_END_CAUGHT, KEY_ERROR)->count, 2);   /* the second one replaced the first */
    /* an exception that leaves the bottom frame is nobody's to catch */
    const struct event alone[] = { { 0, 1000 }, { 3, 1010 }, { 0, 1020 }, { 3, 1030 } };
    b = block_of(s, 6, alone, 4);
    assert_int_equal(add(&a, &b), 0);
    assert_int_equal(cell(&a, edge(&a, 0, 1, 1, false), GHOST_END_CAUGHT, KEY_ERROR)->count, 2);
    end(&a);
}

static void activations_have_suspended_time(void **state)
{
    /* a generator: 10 ticks, 40 away, 10 with a callee of 4 inside, 30 away, 5, end: latency 95, active 25, self 21 */
    const struct ghost_shape s[] = { { GHOST_SH_CALL, 1, 1 }, { GHOST_SH_GEN_CALL, 2, 1 }, { GHOST_SH_YIELD, INT, 0 }, { GHOST_SH_RESUME, 0, 0 },
                                     { GHOST_SH_CALL, 3, 1 }, { GHOST_SH_RETURN, NONE, 0 } };
    const struct event e[] = { { 0, 1000 }, { 1, 1000 }, { 2, 1010 }, { 3, 1050 }, { 4, 1053 }, { 5, 1057 }, { 2, 1060 },
                               { 3, 1090 }, { 5, 1095 }, { 5, 1100 } };
    const uint32_t slots[] = { 2, 2, 2 };
    struct ghost_block b = block_of(s, 6, e, 10);
    struct agg a;
    (void)state;
    b.operands = slots;
    b.n_operands = 3;
    assert_int_equal(begin(&a), 0);
    assert_int_equal(add(&a, &b), 0);
    expect(cell(&a, edge(&a, 1, 2, 1, false), GHOST_END_RETURN, NONE), 1, 950, 210, 950, 950, 700);
    assert_int_equal(cell(&a, edge(&a, 1, 2, 1, false), GHOST_END_YIELD, INT)->count, 2);
    expect(cell(&a, edge(&a, 0, 1, 1, false), GHOST_END_RETURN, NONE), 1, 1000, 750, 1000, 1000, 0);
    end(&a);
}

static void the_prelude_goes_on_where_another_block_ended(void **state)
{
    /* open since tick 500 with 100 ticks of callees and an exception pending; a suspended activation with 50 active ticks */
    const struct ghost_shape s[] = { { GHOST_SH_RETURN, NONE, 0 }, { GHOST_SH_RESUME, 0, 0 } };
    const struct event e[] = { { 1, 1100 }, { 0, 1110 }, { 0, 1500 } };
    const struct ghost_open_frame open = { .func = 1, .sig = 1, .caller = 9, .pending = KEY_ERROR, .start = 500, .resumed = 500, .child = 100 };
    const struct ghost_open_frame suspended = { .func = 2, .sig = 1, .caller = 8, .slot = 1, .start = 700, .resumed = 700, .active = 50, .child = 20 };
    const uint32_t slots[] = { 0 };
    struct ghost_block b = block_of(s, 2, e, 3);
    struct agg a;
    (void)state;
    b.operands = slots;
    b.n_operands = 1;
    b.n_stack = b.n_activations = 1;
    b.stack = &open;
    b.activations = &suspended;
    assert_int_equal(begin(&a), 0);
    assert_int_equal(add(&a, &b), 0);
    assert_int_equal(calls(&a, edge(&a, 9, 1, 1, false)), 0);           /* counted where they began */
    expect(cell(&a, edge(&a, 8, 2, 1, false), GHOST_END_RETURN, NONE), 1, 4100, 400, 4100, 4100, 3500);
    expect(cell(&a, edge(&a, 9, 1, 1, false), GHOST_END_RETURN, NONE), 1, 10000, 8900, 10000, 10000, 0);
    assert_int_equal(cell(&a, edge(&a, 9, 1, 1, false), GHOST_END_CAUGHT, KEY_ERROR)->count, 1);
    end(&a);
}

static void unseen_ends_and_beginnings_have_no_time(void **state)
{
    const struct ghost_shape s[] = { { GHOST_SH_CALL, 1, 1 }, { GHOST_SH_CALL, 2, 1 }, { GHOST_SH_ABANDON, 0, 0 }, { GHOST_SH_RETURN, NONE, 0 },
                                     { GHOST_SH_ADOPT, 3, 0 }, { GHOST_SH_GEN_CALL, 4, 1 }, { GHOST_SH_YIELD, NONE, 0 }, { GHOST_SH_DROP, 0, 0 },
                                     { GHOST_SH_PAUSE, 0, 0 }, { GHOST_SH_MARK, 5, 0 } };
    const struct event e[] = { { 0, 1000 }, { 1, 1010 }, { 2, 1020 }, { 4, 1030 }, { 3, 1040 }, { 5, 1050 }, { 6, 1060 }, { 7, 1070 },
                               { 8, 1080 }, { 9, 1090 }, { 3, 1100 } };
    const uint32_t slots[] = { 0, 0, 0 };
    struct ghost_block b = block_of(s, 10, e, 11);
    struct agg a;
    (void)state;
    b.operands = slots;
    b.n_operands = 3;
    assert_int_equal(begin(&a), 0);
    assert_int_equal(add(&a, &b), 0);
    assert_int_equal(a.events, 8);                                  /* ABANDON, ADOPT and DROP are none */
    assert_int_equal(a.pauses, 1);
    assert_int_equal(a.marks[0].count, 1);
    assert_int_equal(a.marks[0].first_real, 1000900);
    const struct agg_cell *abandoned = cell(&a, edge(&a, 1, 2, 1, false), GHOST_END_ABANDONED, 0);
    assert_int_equal(abandoned->count, 1);
    assert_int_equal(abandoned->total, 0);
    const struct agg_edge *adopted = edge(&a, 0, 3, 0, true);
    assert_int_equal(calls(&a, adopted), 0);
    expect(cell(&a, adopted, GHOST_END_RETURN, NONE), 1, 0, 0, UINT64_MAX, 0, 0);
    assert_int_equal(calls(&a, edge(&a, 1, 4, 1, false)), 1);           /* the dropped one: entered, never ended */
    assert_null(cell(&a, edge(&a, 1, 4, 1, false), GHOST_END_RETURN, NONE));
    /* of the 100 ticks the adopted one took 10 and the generator 10; the abandoned one's time is nobody's */
    expect(cell(&a, edge(&a, 0, 1, 1, false), GHOST_END_RETURN, NONE), 1, 1000, 800, 1000, 1000, 0);
    end(&a);
}

static void nonsense_in_a_prelude_does_not_wrap(void **state)
{
    const struct ghost_shape s[] = { { GHOST_SH_RETURN, NONE, 0 } };
    const struct event e[] = { { 0, 1100 } };
    const struct ghost_open_frame open = { .func = 1, .sig = 1, .start = UINT64_MAX, .resumed = UINT64_MAX, .child = UINT64_MAX };
    struct ghost_block b = block_of(s, 1, e, 1);
    struct agg a;
    (void)state;
    b.n_stack = 1;
    b.stack = &open;
    assert_int_equal(begin(&a), 0);
    assert_int_equal(add(&a, &b), 0);
    expect(cell(&a, edge(&a, 0, 1, 1, false), GHOST_END_RETURN, NONE), 1, 1000, 0, 1000, 1000, 0);
    end(&a);
}

static void threads_are_told_apart_up_to_a_limit(void **state)
{
    const struct ghost_shape s[] = { { GHOST_SH_CALL, 1, 1 }, { GHOST_SH_RETURN, NONE, 0 } };
    const struct event e[] = { { 0, 1000 }, { 1, 1010 } };
    struct ghost_block b = block_of(s, 2, e, 2);
    struct agg a;
    (void)state;
    assert_int_equal(begin(&a), 0);
    for (uint32_t thread = 1; thread <= GHOST_THREADS_APART + 10; thread++) {
        b.thread = thread;
        assert_int_equal(add(&a, &b), 0);
    }
    assert_int_equal(a.n_threads, GHOST_THREADS_APART + 1);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < a.n_threads; i++) {
        sum += a.threads[i].calls;
        assert_int_equal(a.threads[i].calls, a.threads[i].thread ? 1 : 10);
    }
    assert_int_equal(sum, GHOST_THREADS_APART + 10);
    end(&a);
}

UNIT_TESTS(cmocka_unit_test(calls_and_times), cmocka_unit_test(exceptions_are_raised_passed_and_caught),
           cmocka_unit_test(activations_have_suspended_time), cmocka_unit_test(the_prelude_goes_on_where_another_block_ended),
           cmocka_unit_test(unseen_ends_and_beginnings_have_no_time), cmocka_unit_test(nonsense_in_a_prelude_does_not_wrap),
           cmocka_unit_test(threads_are_told_apart_up_to_a_limit))
