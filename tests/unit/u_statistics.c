/* u_statistics.c - quantiles and intervals against printed tables, variances against simulated series. */
#include "unit.h"

#include <math.h>
#include <stdlib.h>

#include "analyzer/statistics.h"

static void near(double got, double wanted, double relative)
{
    if (fabs(got - wanted) > relative * fmax(fabs(wanted), 1e-9))
        fail_msg("got %.10g, wanted %.10g", got, wanted);
}

/* Abramowitz and Stegun, tables 26.5 and 26.6; the far tail from Wichura's paper. */
static void test_normal(void **state)
{
    (void)state;
    near(normal_upper(0.5) + 1, 1, 1e-12);
    near(normal_upper(0.025), 1.959963985, 1e-9);
    near(normal_upper(0.001), 3.090232306, 1e-9);
    near(normal_upper(1e-10), 6.361340902, 1e-9);
    near(normal_upper(0.75), -0.6744897502, 1e-9);
}

/* Abramowitz and Stegun, table 26.10. */
static void test_student(void **state)
{
    static const struct { double p, dof, t; } rows[] = {
        { 0.25, 1, 1.000 }, { 0.025, 1, 12.706 }, { 0.025, 2, 4.303 }, { 0.025, 3, 3.182 }, { 0.005, 4, 4.604 }, { 0.05, 5, 2.015 },
        { 0.0005, 6, 5.959 }, { 0.01, 10, 2.764 }, { 0.0005, 20, 3.850 }, { 0.025, 30, 2.042 }, { 0.005, 60, 2.660 }, { 0.025, 120, 1.980 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        near(student_upper(rows[i].p, rows[i].dof), rows[i].t, 5e-4);
    near(student_upper(0.975, 10), -2.228, 5e-4);
    near(student_upper(1e-6, 1e9), normal_upper(1e-6), 1e-6);
    for (double dof = 1; dof < 200; dof += 0.25)     /* falls towards the normal one, without a step anywhere */
        assert_true(student_upper(1e-4, dof + 0.25) < student_upper(1e-4, dof) * 1.0001);
}

/* Newcombe, Statistics in Medicine 17 (1998), p. 857 and p. 873. */
static void test_proportions(void **state)
{
    (void)state;
    struct interval w = wilson(81, 263, 1.959964);
    near(w.low, 0.2553, 1e-3);
    near(w.high, 0.3662, 1e-3);
    w = wilson(0, 20, 1.959964);
    assert_true(w.low == 0);
    near(w.high, 0.1611, 1e-3);
    struct interval d = newcombe(48, 80, 56, 70, 1.959964);     /* 0.8 - 0.6 */
    near(d.low, 0.0524, 2e-3);
    near(d.high, 0.3339, 2e-3);
}

static uint64_t seed = 88172645463325252u;
static double noise(void)   /* about normal, mean 0, deviation 1 */
{
    double sum = 0;
    for (unsigned i = 0; i < 12; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        sum += (double)(seed >> 11) / 9007199254740992.0;
    }
    return sum - 6;
}

/* Over many series the variance that one series tells is that of the means: for independent
 * pieces, and for pieces that hang together for five of them. */
static void test_clustered(void **state)
{
    enum { SERIES = 400, PIECES = 64 };
    (void)state;
    for (unsigned block = 1; block <= 5; block += 4) {
        double told = 0, squares = 0;
        for (unsigned s = 0; s < SERIES; s++) {
            struct piece v[PIECES];
            double level = 0;
            for (unsigned i = 0; i < PIECES; i++) {
                if (i % block == 0)
                    level = noise();
                double w = 1 + i % 3;
                v[i] = (struct piece){ w, w * (10 + level) };
            }
            struct clustered c = clustered_mean(v, PIECES, GROUPS_LEAST);
            told += c.variance / SERIES;
            squares += (c.mean - 10) * (c.mean - 10) / SERIES;
            assert_true(c.dof >= GROUPS_LEAST - 1);
        }
        /* The largest of several estimates is rather too large; groups of 8 cut some blocks of 5 in two. */
        assert_true(told > (block == 1 ? 0.9 : 0.65) * squares);
        assert_true(told < 2.5 * squares);
    }
}

static void test_few(void **state)
{
    struct piece one[] = { { 3, 6 } };
    (void)state;
    assert_true(clustered_mean(NULL, 0, GROUPS_LEAST).dof == 0 && clustered_mean(one, 1, GROUPS_LEAST).dof == 0);
    near(clustered_mean(one, 1, GROUPS_LEAST).mean, 2, 1e-12);
}

static void test_weighted_median(void **state)
{
    struct weighted odd[] = { { 3, 1 }, { 1, 1 }, { 9, 1 } }, heavy[] = { { 5, 1 }, { 1, 10 }, { 7, 2 } }, tie[] = { { 4, 2 }, { 2, 2 } };
    (void)state;
    assert_true(weighted_median(odd, 3) == 3 && weighted_median(heavy, 3) == 1 && weighted_median(tie, 2) == 3);
    assert_true(weighted_median(NULL, 0) == 0);
}

static int by_value(const void *a, const void *b)
{
    double x = ((const struct weighted *)a)->value, y = ((const struct weighted *)b)->value;
    return (x > y) - (x < y);
}

/* By its definition: sorted, and summed up to the half. Weights are small whole numbers, whose sums are exact. */
static double median_by_sorting(struct weighted *v, uint32_t n)
{
    double all = 0, seen = 0;
    qsort(v, n, sizeof *v, by_value);
    for (uint32_t i = 0; i < n; i++)
        all += v[i].weight;
    for (uint32_t i = 0; i < n; i++) {
        seen += v[i].weight;
        if (seen > all / 2)
            return v[i].value;
        if (seen == all / 2)
            return (v[i].value + v[i + 1].value) / 2;
    }
    return 0;
}

static void test_weighted_median_by_its_definition(void **state)
{
    struct weighted v[200];
    uint64_t seed = 7;
    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        uint32_t n = 1 + (uint32_t)(seed >> 33) % (round % 20 ? 12 : 200), values = 1 + (uint32_t)(seed >> 40) % 9 * 50;
        for (uint32_t i = 0; i < n; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            v[i] = (struct weighted){ (double)((seed >> 35) % values) - 20, (double)(1 + (seed >> 60) % 4) };
        }
        double selected = weighted_median(v, n);
        assert_true(selected == median_by_sorting(v, n));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_normal), cmocka_unit_test(test_student), cmocka_unit_test(test_proportions),
        cmocka_unit_test(test_clustered), cmocka_unit_test(test_few), cmocka_unit_test(test_weighted_median),
        cmocka_unit_test(test_weighted_median_by_its_definition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
