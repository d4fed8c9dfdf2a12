/* Slices: the same sums in any order and in any number of parts. */
#include "unit.h"

#include <string.h>

#include "analyzer/slices.h"

enum { N = 600, WHO = 5 };
struct fact { uint32_t who; uint64_t real; struct slice_sums sums; };

static uint64_t next(uint64_t *seed) { return *seed = *seed * 6364136223846793005u + 1442695040888963407u; }

static void make_facts(struct fact *f, uint64_t seed)
{
    unsigned spread = 1 + (unsigned)(next(&seed) >> 33) % 50;
    uint64_t begin = next(&seed) >> 3;
    for (unsigned i = 0; i < N; i++) {
        uint64_t r = next(&seed) >> 10;
        f[i] = (struct fact){ (uint32_t)(r % WHO), begin + (next(&seed) >> (64 - spread)), { r % 3, r % 2, r % 5, r, r / 2, r % 1000, r % 7919 } };
    }
}

/* Adds facts[order[i]], every `parts`-th to slices of its own, which are then added up. */
static void add_all(struct slices *sum, const struct fact *f, const unsigned *order, unsigned parts)
{
    *sum = (struct slices){ 0 };
    for (unsigned p = 0; p < parts; p++) {
        struct slices part = { 0 };
        for (unsigned i = p; i < N; i += parts)
            assert_true(slices_add(&part, f[order[i]].who, f[order[i]].real, &f[order[i]].sums));
        assert_true(slices_reach(sum, part.shift));
        for (uint32_t i = 0; i < part.n; i++)
            assert_true(slices_add(sum, part.rows[i].who, part.rows[i].number << part.shift, &part.rows[i].sums));
        slices_release(&part);
    }
}

static const struct slice_row *find(const struct slices *s, uint32_t who, uint64_t number)
{
    for (uint32_t i = 0; i < s->n; i++)
        if (s->rows[i].who == who && s->rows[i].number == number)
            return &s->rows[i];
    return NULL;
}

static void order_and_parts_change_nothing(void **state)
{
    static struct fact facts[N];
    unsigned order[N];
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct slices one, other;
        uint64_t dice = seed;
        make_facts(facts, seed);
        for (unsigned i = 0; i < N; i++)
            order[i] = i;
        add_all(&one, facts, order, 1);
        for (unsigned i = N; i > 1; i--) {
            unsigned k = (unsigned)((next(&dice) >> 33) % i), kept = order[i - 1];
            order[i - 1] = order[k];
            order[k] = kept;
        }
        add_all(&other, facts, order, 1 + (unsigned)(seed % 9));
        assert_int_equal(one.shift, other.shift);
        assert_int_equal(one.n, other.n);
        assert_true(one.first == other.first && one.last == other.last && one.last - one.first < GHOST_SLICES);
        for (uint32_t i = 0; i < one.n; i++) {
            const struct slice_row *row = find(&other, one.rows[i].who, one.rows[i].number);
            assert_non_null(row);
            assert_memory_equal(&row->sums, &one.rows[i].sums, sizeof row->sums);
        }
        slices_release(&one);
        slices_release(&other);
    }
}

static void every_fact_is_in_the_slice_of_its_time(void **state)
{
    static struct fact facts[N];
    unsigned order[N];
    struct slices s;
    (void)state;
    for (unsigned i = 0; i < N; i++)
        order[i] = i;
    for (uint64_t seed = 100; seed < 120; seed++) {
        uint64_t first = UINT64_MAX, last = 0;
        make_facts(facts, seed);
        add_all(&s, facts, order, 3);
        for (unsigned i = 0; i < N; i++) {
            first = facts[i].real < first ? facts[i].real : first;
            last = facts[i].real > last ? facts[i].real : last;
        }
        assert_true(first >> s.shift == s.first && last >> s.shift == s.last);
        /* as narrow as can be */
        assert_true(s.shift == SLICE_LEAST_SHIFT || (last >> (s.shift - 1)) - (first >> (s.shift - 1)) >= GHOST_SLICES);
        for (uint32_t i = 0; i < s.n; i++) {
            struct slice_sums want = { 0 };
            for (unsigned k = 0; k < N; k++)
                if (facts[k].who == s.rows[i].who && facts[k].real >> s.shift == s.rows[i].number) {
                    want.calls += facts[k].sums.calls;
                    want.exceptions += facts[k].sums.exceptions;
                    want.finished += facts[k].sums.finished;
                    want.total += facts[k].sums.total;
                    want.self += facts[k].sums.self;
                    want.log_sum += facts[k].sums.log_sum;
                    want.log_squares += facts[k].sums.log_squares;
                }
            assert_memory_equal(&want, &s.rows[i].sums, sizeof want);
        }
        slices_release(&s);
    }
}

UNIT_TESTS(cmocka_unit_test(order_and_parts_change_nothing), cmocka_unit_test(every_fact_is_in_the_slice_of_its_time))
