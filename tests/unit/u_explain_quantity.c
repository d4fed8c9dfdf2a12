/* u_explain_quantity.c - numbers in prose. */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "explain/quantity.h"

struct reading { const char *text; double value; enum fact_unit unit; bool fits; };

/* Is the first quantity of the text the number of a fact? */
static bool matches(const char *text, double value, enum fact_unit unit, bool comma)
{
    struct quantity q;
    size_t at = 0;
    assert_true(quantity_next(text, &at, comma, &q));
    assert_true(at > q.at && at <= strlen(text));
    return quantity_matches(&q, value, unit);
}

static void readings(void **state)
{
    static const struct reading all[] = {
        { "1,843 calls", 1843, UNIT_COUNT, true }, { "1,844 calls", 1843, UNIT_COUNT, false }, { "1 843 calls", 1843, UNIT_COUNT, true },
        { "1_843", 1843, UNIT_COUNT, true }, { "1.8k calls", 1843, UNIT_COUNT, true }, { "1.9k calls", 1843, UNIT_COUNT, false },
        { "1.84 thousand", 1843, UNIT_COUNT, true }, { "1.843e3", 1843, UNIT_COUNT, true }, { "1,800", 1843, UNIT_COUNT, true },
        { "2,000", 1843, UNIT_COUNT, true }, { "2,000", 1600, UNIT_COUNT, false }, { "1,843,000", 1843, UNIT_COUNT, false },
        { "more than 1,800", 1843, UNIT_COUNT, true }, { "more than 1,843", 1843, UNIT_COUNT, false }, { "over 402 calls", 402, UNIT_COUNT, true },
        { "fewer than 1,900", 1843, UNIT_COUNT, true }, { "fewer than 1,800", 1843, UNIT_COUNT, false }, { "more than 100", 1843, UNIT_COUNT, false },
        { "12 ms", 12.04e6, UNIT_NS, true }, { "12 ms", 12.6e6, UNIT_NS, false }, { "12 \xc2\xb5s", 12e6, UNIT_NS, false }, { "0.012 s", 12.04e6, UNIT_NS, true },
        { "12,040 us", 12.04e6, UNIT_NS, true }, { "12-millisecond", 12e6, UNIT_NS, true }, { "12 milliseconds", 12e6, UNIT_NS, true },
        { "12 Millisekunden", 12e6, UNIT_NS, true }, { "12 calls", 12e6, UNIT_NS, false }, { "12 ms", 12, UNIT_COUNT, false },
        { "5 to 8 ms", 5e6, UNIT_NS, true }, { "5-8 ms", 5e6, UNIT_NS, true }, { "2 min", 120e9, UNIT_NS, true },
        { "21.8 %", 0.2176, UNIT_SHARE, true }, { "21.7%", 0.2176, UNIT_SHARE, false }, { "22 percent", 0.2176, UNIT_SHARE, true }, { "0.218", 0.2176, UNIT_SHARE, true },
        { "22", 0.2176, UNIT_SHARE, false }, { "218 per mille", 0.2176, UNIT_SHARE, true }, { "0 %", 0.004, UNIT_SHARE, false }, { "0 %", 0, UNIT_SHARE, true },
        { "one in five", 0.2, UNIT_COUNT, false }, { "a third", 0.334, UNIT_SHARE, true }, { "two thirds", 0.66, UNIT_SHARE, true }, { "half", 0.52, UNIT_SHARE, true },
        { "half", 0.75, UNIT_SHARE, false }, { "three quarters", 0.748, UNIT_SHARE, true },
        { "3.2 times", 3.17, UNIT_RATIO, true }, { "3.2x", 3.17, UNIT_RATIO, true }, { "3.2-fold", 3.3, UNIT_RATIO, false }, { "twice", 2, UNIT_COUNT, true },
        { "three times", 3, UNIT_COUNT, true }, { "seven", 7, UNIT_COUNT, true }, { "twenty-two", 22, UNIT_COUNT, true }, { "twenty-two", 20, UNIT_COUNT, false },
        { "three hundred", 300, UNIT_COUNT, true }, { "thousands", 5000, UNIT_COUNT, true }, { "thousands", 50, UNIT_COUNT, false },
        { "line 12", 12, UNIT_PLAIN, true }, { "12 kB", 12000, UNIT_BYTES, true }, { "-5 %", -0.05, UNIT_SHARE, true }, { "-5 %", 0.05, UNIT_SHARE, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const char *text = all[i].text;
        if (matches(text, all[i].value, all[i].unit, false) != all[i].fits)
            fail_msg("'%s' against %g %s: expected %s", text, all[i].value, fact_unit_keys[all[i].unit], all[i].fits ? "a match" : "none");
    }
}

static void decimal_commas(void **state)
{
    (void)state;
    assert_true(matches("12,5 ms", 12.5e6, UNIT_NS, true));
    assert_true(matches("1.843 Aufrufe", 1843, UNIT_COUNT, true));
    assert_true(matches("1.234,5 ms", 1234.5e6, UNIT_NS, true));
    assert_true(matches("1,234.5 ms", 1234.5e6, UNIT_NS, false));
    assert_false(matches("1,843 ms", 1.843e6, UNIT_NS, false));     /* in English a comma groups */
    assert_true(matches("1,843 ms", 1.843e6, UNIT_NS, true));
}

static void what_is_no_number(void **state)
{
    static const char *const none[] = { "", "calls of v1 and p95", "one of them", "no number", "fn_12", "half an hour ago", "a1b2" };
    struct quantity q;
    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        size_t at = 0;
        if (quantity_next(none[i], &at, false, &q))
            fail_msg("'%s' has a number at %zu", none[i], q.at);
    }
}

static void all_of_a_sentence(void **state)
{
    const char *text = "It failed 290 of 1,843 times (15.7%) on 2026-11-21 at 12:04:05, p99 3.1\xc2\xb5s.";
    const char *const expected[] = { "290", "1,843 times", "15.7%", "2026-11-21", "12:04:05", "3.1\xc2\xb5s" };
    struct quantity q;
    size_t at = 0, n = 0;
    (void)state;
    while (quantity_next(text, &at, false, &q)) {
        assert_true(n < 6);
        assert_int_equal(q.len, strlen(expected[n]));
        assert_memory_equal(text + q.at, expected[n], q.len);
        n++;
    }
    assert_int_equal(n, 6);
}

UNIT_TESTS(cmocka_unit_test(readings), cmocka_unit_test(decimal_commas), cmocka_unit_test(what_is_no_number), cmocka_unit_test(all_of_a_sentence))
