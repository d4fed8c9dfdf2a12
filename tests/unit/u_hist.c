/* Buckets cover all values without gaps, are narrow, and quantiles are near the exact ones. */
#include "unit.h"

#include "analyzer/hist.h"

static void buckets_are_adjacent_and_narrow(void **state)
{
    (void)state;
    uint64_t next = 0;
    for (unsigned b = 0; b < HIST_BUCKETS; b++) {
        uint64_t low = hist_lower(b), width = hist_width(b);
        assert_int_equal(low, next);
        assert_int_equal(hist_bucket(low), b);
        assert_int_equal(hist_bucket(low + width - 1), b);
        assert_true(low < 128 ? width == 1 : (double)width / (double)low <= 1.0 / 64);
        next = low + width;          /* wraps to 0 after the last */
    }
    assert_int_equal(next, 0);
    assert_int_equal(hist_bucket(UINT64_MAX), HIST_BUCKETS - 1);
}

static void quantiles_of_known_values(void **state)
{
    struct hist h = { 0 };
    (void)state;
    for (uint64_t v = 1; v <= 1000; v++)
        assert_true(hist_add(&h, hist_bucket(v * 1000), 1));
    assert_int_equal(hist_count(&h), 1000);
    const struct { unsigned permille; double exact; } of[] = { { 1, 1000 }, { 500, 500000 }, { 950, 950000 }, { 990, 990000 }, { 1000, 1000000 } };
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        double got = (double)hist_quantile(&h, of[i].permille, 1000, 1000000);
        assert_true(got >= of[i].exact * 0.992 && got <= of[i].exact * 1.008);
    }
    hist_release(&h);
}

static void edges_of_quantiles(void **state)
{
    struct hist h = { 0 };
    (void)state;
    assert_int_equal(hist_quantile(&h, 500, 0, 0), 0);
    assert_true(hist_add(&h, hist_bucket(1000000), 1));
    assert_int_equal(hist_quantile(&h, 500, 1000000, 1000000), 1000000);   /* never outside [min, max] */
    assert_int_equal(hist_quantile(&h, 0, 1000000, 1000000), 1000000);
    assert_true(hist_add(&h, hist_bucket(UINT64_MAX), UINT64_MAX - 1));    /* counts do not overflow the rank */
    assert_int_equal(hist_quantile(&h, 990, 1000000, UINT64_MAX), hist_lower(HIST_BUCKETS - 1) + (hist_width(HIST_BUCKETS - 1) - 1) / 2);
    hist_release(&h);
}

/* Merging gives what adding one by one gives, whichever buckets the two have in common. */
static void merging_is_adding(void **state)
{
    enum { ROUNDS = 200, MOST = 40 };
    struct ghost_hist_bucket v[MOST];
    uint32_t seed = 1;
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct hist merged = { 0 }, added = { 0 };
        for (unsigned part = 0; part < 4; part++) {
            uint32_t n = 0;
            for (unsigned bucket = 0; bucket < 120 && n < round % (MOST + 1); bucket++) {
                seed = seed * 1664525 + 1013904223;
                if (seed >> 30 == part % 2)
                    v[n++] = (struct ghost_hist_bucket){ hist_lower(bucket), hist_width(bucket), seed >> 8 };
            }
            for (uint32_t i = 0; i < n; i++)
                assert_true(hist_add(&added, hist_bucket(v[i].lower), v[i].count));
            assert_true(hist_add_all(&merged, v, n));
            assert_int_equal(merged.n, added.n);
            for (uint32_t i = 0; i < added.n; i++) {
                assert_int_equal(merged.v[i].bucket, added.v[i].bucket);
                assert_int_equal(merged.v[i].count, added.v[i].count);
            }
        }
        hist_release(&merged);
        hist_release(&added);
    }
}

UNIT_TESTS(cmocka_unit_test(buckets_are_adjacent_and_narrow), cmocka_unit_test(quantiles_of_known_values),
           cmocka_unit_test(edges_of_quantiles), cmocka_unit_test(merging_is_adding))
