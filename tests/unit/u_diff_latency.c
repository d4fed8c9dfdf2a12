/* u_diff_latency.c - what ghost diff takes for real, on latencies that were made up: no machine
 * has a say. Programs of a few functions, calls in 20 slices, drawn by a generator of its own. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "analyzer/diff.h"
#include "analyzer/diff_latency.h"
#include "unit.h"

enum { SLICES = 20, PER_SLICE = 50, MOST = 80 /* many, to diff_latency.c */ };

/* What a program's function does: `ns` at best; `code` times that on the second side. */
struct planted { double ns, code; double rare_ns, rare; /* a quick path, and the share of calls that take it */ };
/* What the machine does to a side: a factor for all of it, and how often and how far another program slows a call down. */
struct machine { double factor, share, slower; };

static uint64_t seed;
static double chance(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(seed >> 11) / 9007199254740992.0;
}

static unsigned rows = 1;        /* of a function in each slice: more where several files define it under one name */

static void add_call(struct diff_function *f, unsigned slice, double ns)
{
    uint64_t t = (uint64_t)ns;
    unsigned bucket = hist_bucket(t);
    struct diff_cell *c = &f->cells[slice * rows + f->calls % rows];
    assert_true(hist_add(&f->hist, bucket, 1));
    *c = (struct diff_cell){ 0, slice, c->calls + 1, 0, c->finished + 1, c->total + t, c->self + t, c->log_sum + bucket, c->log_squares + (uint64_t)bucket * bucket };
    f->calls++;
    f->finished++;
    f->total += t;
    f->self += t;
    f->min = f->min && f->min < t ? f->min : t;
    f->max = f->max > t ? f->max : t;
}

static void fill(struct diff_side *s, const struct planted *p, uint32_t n, const struct machine *m, bool after, bool rare)
{
    static char names[MOST][12];
    *s = (struct diff_side){ .v = calloc(n, sizeof *s->v), .n = n, .n_processes = 1 };
    for (uint32_t i = 0; i < n; i++) {
        struct ghost_str key = { names[i], (uint32_t)snprintf(names[i], sizeof names[i], "%02u", i) };
        s->v[i] = (struct diff_function){ .fn_key = key, .module = GHOST_STR("m"), .qualname = key, .cells = calloc(SLICES * rows, sizeof *s->v->cells), .n_cells = SLICES * rows };
    }
    for (unsigned k = 0; k < SLICES * PER_SLICE; k++) {
        unsigned slice = k / PER_SLICE;
        bool busy = chance() < m->share;         /* for all functions that run now */
        for (uint32_t i = 0; i < n; i++) {
            double ns = rare && chance() < p[i].rare ? p[i].rare_ns : p[i].ns * (after ? p[i].code : 1);
            add_call(&s->v[i], slice, ns * m->factor * (1 + 0.02 * chance()) * (busy ? 1 + (m->slower - 1) * (0.5 + chance() / 2) : 1));
        }
    }
}

struct told { bool quick, whole; double ratio; struct diff_latency typical; bool speed_known; double speed; };

/* Every function is a caller that waits for others half of its time; one call of the first was interrupted, on one side. */
static double interrupted_ns[2];
static void interrupt(struct diff_side *s, uint32_t n, double ns)
{
    for (uint32_t i = 0; ns > 0 && i < n; i++)
        s->v[i].self /= 2;
    s->v[0].self += (uint64_t)ns;
    s->v[0].total += (uint64_t)ns;
}

/* What is told of the first function. */
static struct told compare(const struct planted *p, uint32_t n, struct machine before, struct machine after, bool path_is_gone, unsigned *others)
{
    struct diff_options o = DIFF_DEFAULTS;
    struct ghost_err err = { 0 };
    struct diff d = { .options = &o, .pairs = calloc(n, sizeof *d.pairs), .n = n };
    seed = 11;
    fill(&d.before, p, n, &before, false, true);
    fill(&d.after, p, n, &after, true, !path_is_gone);
    interrupt(&d.before, n, interrupted_ns[0]);
    interrupt(&d.after, n, interrupted_ns[1]);
    for (uint32_t i = 0; i < n; i++)
        d.pairs[i] = (struct diff_pair){ .before = &d.before.v[i], .after = &d.after.v[i], .match = DIFF_SAME };
    assert_int_equal(diff_compare_latency(&d, &err), 0);
    const struct diff_latency *l = d.pairs[0].latency;
    struct told t = { l[DIFF_quick].significant, l[DIFF_typical].significant || l[DIFF_mean].significant || l[DIFF_p50].significant, l[DIFF_quick].ratio, l[DIFF_typical], d.speed_known, d.speed };
    *others = 0;
    for (uint32_t i = 1; i < n; i++)
        for (unsigned m = 0; m < DIFF_N_MEASURES; m++)
            *others += d.pairs[i].latency[m].significant;
    for (struct diff_side *s = &d.before; s; s = s == &d.before ? &d.after : NULL) {
        for (uint32_t i = 0; i < n; i++) {
            hist_release(&s->v[i].hist);
            free(s->v[i].cells);
        }
        free(s->v);
    }
    free(d.pairs);
    return t;
}

static const struct machine idle = { 1, 0.05, 1.5 };
static const struct machine crowded = { 1, 0.8, 1.8 };           /* other programs, most of the time */

static void test_nothing_changed(void **state)
{
    const struct planted alone[] = { { 1e6, 1, 0, 0 }, { 4000, 1, 0, 0 } };
    unsigned others;
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct told t = compare(alone, 2, i & 1 ? crowded : idle, i & 2 ? crowded : idle, false, &others);
        assert_true(!t.quick && !t.whole && others == 0);
    }
}

/* The middle is the machine's, the quickest calls are the code's. */
static void test_slower_code_on_a_busy_machine(void **state)
{
    const struct planted slower[] = { { 1e6, 1.3, 0, 0 }, { 4000, 1, 0, 0 } }, faster[] = { { 1e6, 0.7, 0, 0 }, { 4000, 1, 0, 0 } };
    unsigned others;
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct told t = compare(slower, 2, idle, i ? crowded : idle, false, &others);
        assert_true(t.quick && t.ratio > 1.25 && t.ratio < 1.35 && others == 0);
        t = compare(faster, 2, i ? crowded : idle, idle, false, &others);
        assert_true(t.quick && t.ratio > 0.65 && t.ratio < 0.75 && others == 0);
    }
    /* the typical call got quicker with the machine, less than the others' did */
    struct told t = compare(slower, 2, crowded, idle, false, &others);
    assert_true(t.quick && t.ratio > 1.25 && t.ratio < 1.35 && others == 0);
}

static void test_too_little(void **state)
{
    const struct planted little[] = { { 1e6, 1.1, 0, 0 }, { 4000, 1, 0, 0 } }, short_one[] = { { 5000, 1.4, 0, 0 }, { 4000, 1, 0, 0 } };
    unsigned others;
    (void)state;
    assert_false(compare(little, 2, idle, idle, false, &others).quick);           /* below the least change */
    assert_false(compare(short_one, 2, idle, idle, false, &others).quick);        /* caches can cost 2 us */
}

/* A program of functions whose calls take `ns`, twice that, three times ... */
static void make_crowd(struct planted many[MOST], double ns)
{
    for (unsigned i = 0; i < MOST; i++)
        many[i] = (struct planted){ ns * (1 + i), 1, 0, 0 };
}

/* All calls on a slower machine: whoever else ran there tells. */
static void test_another_machine(void **state)
{
    const struct machine slow = { 1.6, 0.05, 1.5 };
    struct planted many[MOST];
    unsigned others;
    (void)state;
    make_crowd(many, 20000);
    for (uint32_t n = 3; n <= MOST; n += MOST - 3) {
        many[0].code = 1;
        struct told t = compare(many, n, idle, slow, false, &others);
        assert_true(!t.quick && !t.whole && others == 0);
        many[0].code = 2;
        t = compare(many, n, idle, slow, false, &others);
        assert_true(t.quick && others == 0);
    }
}

/* The machine got faster, one function's code slower by less: what counts is the rest of the program. */
static void test_slower_code_on_a_faster_machine(void **state)
{
    const struct machine slow = { 2, 0.05, 1.5 };
    struct planted many[MOST];
    unsigned others;
    (void)state;
    make_crowd(many, 5000);
    assert_true(!compare(many, MOST, slow, idle, false, &others).whole && others == 0);
    many[0].code = 1.6;
    struct told t = compare(many, MOST, slow, idle, false, &others);
    assert_true(t.whole && others == 0 && t.typical.ratio < 0.9 && diff_judged(&t.typical) > 1.5 && diff_judged(&t.typical) < 1.7);
}

/* More rows in a slice than there are functions. */
static void test_several_rows_of_a_function(void **state)
{
    struct planted many[MOST];
    unsigned others;
    (void)state;
    rows = 8;
    make_crowd(many, 1e6);
    for (uint32_t n = 2; n <= MOST; n += MOST - 2) {
        many[0].code = 1;
        struct told t = compare(many, n, idle, idle, false, &others);
        assert_true(!t.quick && !t.whole && others == 0);
        many[0].code = 1.5;
        t = compare(many, n, idle, idle, false, &others);
        assert_true(t.quick && t.whole && others == 0);
    }
    rows = 1;
}

/* Calls that took a short cut, and do so no more: too few to be the quick end. */
static void test_a_rare_path(void **state)
{
    unsigned others;
    (void)state;
    for (unsigned part = 0; part <= 12; part++) {
        const struct planted rare[] = { { 1e6, 1, 2e5, part / 1000.0 }, { 4000, 1, 0, 0 } };
        struct told t = compare(rare, 2, idle, idle, true, &others);
        assert_true(!t.quick && !t.whole && others == 0);
    }
}

/* What one call of one function says is not what most functions say, whichever side it is on. */
static void test_one_interrupted_call_is_not_the_machine(void **state)
{
    const struct planted callers[] = { { 300, 1, 0, 0 }, { 400, 1, 0, 0 }, { 200, 1, 0, 0 } };
    const struct machine half = { 0.5, 0.05, 1.5 };
    unsigned others;
    (void)state;
    for (unsigned side = 0; side < 2; side++) {
        interrupted_ns[side] = 1e9;
        interrupted_ns[!side] = 1;
        struct told t = compare(callers, 3, idle, idle, false, &others);
        assert_true(t.speed > 0.8 && t.speed < 1.25);
        t = compare(callers, 1, idle, idle, false, &others);
        assert_false(t.speed_known);
    }
    interrupted_ns[0] = interrupted_ns[1] = 0;
    struct told t = compare(callers, 3, idle, half, false, &others);
    assert_true(t.speed_known && t.speed > 0.4 && t.speed < 0.6);
}

/* Few calls, too few slices: nothing is known of how it varies. */
static void test_estimates_need_calls(void **state)
{
    struct diff_function f = { .cells = calloc(4, sizeof *f.cells), .n_cells = 4 };
    struct ghost_err err = { 0 };
    double ns, variance;
    (void)state;
    for (unsigned i = 0; i < 200; i++)
        add_call(&f, i % 4, 1e6 + i);
    assert_false(diff_estimate(&f, DIFF_quick, &ns, &variance, &err));
    hist_release(&f.hist);
    free(f.cells);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_changed), cmocka_unit_test(test_slower_code_on_a_busy_machine), cmocka_unit_test(test_too_little),
        cmocka_unit_test(test_another_machine), cmocka_unit_test(test_slower_code_on_a_faster_machine), cmocka_unit_test(test_several_rows_of_a_function), cmocka_unit_test(test_a_rare_path),
        cmocka_unit_test(test_one_interrupted_call_is_not_the_machine), cmocka_unit_test(test_estimates_need_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
