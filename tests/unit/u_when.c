/* Moments: the expected numbers are GNU date's (date -u -d ... +%s). */
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analyzer/when.h"

#define S UINT64_C(1000000000)

static void moments_are_read_exactly(void **state)
{
    static const struct { const char *text; enum when_kind kind; uint64_t ns; } rows[] = {
        { "1795274757", WHEN_REAL, 1795274757 * S }, { "1795274757.5", WHEN_REAL, 1795274757 * S + S / 2 },
        { "1795274757.123456789123", WHEN_REAL, 1795274757 * S + 123456789 }, { "0", WHEN_REAL, 0 },
        { "2026-11-21T15:25:57Z", WHEN_REAL, 1795274757 * S }, { "2026-11-21 15:25:57.25Z", WHEN_REAL, 1795274757 * S + S / 4 },
        { "2026-11-21T15:25Z", WHEN_REAL, 1795274700 * S }, { "2026-11-21T16:25:57+01:00", WHEN_REAL, 1795274757 * S },
        { "2026-11-21T09:55:57-0530", WHEN_REAL, 1795274757 * S }, { "2026-11-21T17:25:57+02", WHEN_REAL, 1795274757 * S },
        { "2024-02-29T00:00:00Z", WHEN_REAL, 1709164800 * S }, { "2026-11-21T15:25:57", WHEN_REAL, 1795278357 * S },
        { "2026-11-21", WHEN_REAL, 1795222800 * S }, { "2026-07-01 12:00", WHEN_REAL, 1782907200 * S },
        { "+10s", WHEN_AFTER_START, 10 * S }, { "+10", WHEN_AFTER_START, 10 * S }, { "+1.5", WHEN_AFTER_START, S + S / 2 },
        { "+1m30s", WHEN_AFTER_START, 90 * S }, { "+250ms", WHEN_AFTER_START, S / 4 }, { "+1.5h", WHEN_AFTER_START, 5400 * S },
        { "+3us", WHEN_AFTER_START, 3000 }, { "+7ns", WHEN_AFTER_START, 7 }, { "-2d1h", WHEN_BEFORE_END, 49 * 3600 * S }, { "-0.1s", WHEN_BEFORE_END, S / 10 },
    };
    (void)state;
    setenv("TZ", "XXX+1YYY,M3.5.0,M10.5.0", 1);   /* an hour west of Greenwich in winter, none in summer */
    tzset();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct when w;
        struct ghost_err err = GHOST_ERR_INIT;
        if (when_parse(rows[i].text, "from", &w, &err) != 0)
            fail_msg("%s: %s", rows[i].text, err.msg);
        if (w.kind != rows[i].kind || w.ns != rows[i].ns)
            fail_msg("%s: %llu, not %llu", rows[i].text, (unsigned long long)w.ns, (unsigned long long)rows[i].ns);
    }
}

static void what_is_no_moment_is_refused(void **state)
{
    static const char *const rows[] = {
        "", "now", "+", "-", "+s", "+10q", "+1m30", "+1 m", "+1..5s", "1.", "12:00", "2026-13-01", "2026-02-30T00:00Z", "2026-11-21T", "2026-11-21T24:00",
        "2026-11-21T12:60", "2026-11-21T12:00:00+15:00", "2026-11-21T12:00:00Zz", "2026-11-21x", "26-11-21", "1e9", "0x10", "+99999999999999999999d",
        "+4294967295d", "99999999999999999999", "2026-1-1", "1795274757 ", "+1.5.5s", "+-1s",
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct when w;
        struct ghost_err err = GHOST_ERR_INIT;
        if (when_parse(rows[i], "to", &w, &err) != GHOST_E_USAGE)
            fail_msg("'%s' was taken for %llu", rows[i], (unsigned long long)w.ns);
        assert_non_null(strstr(err.msg, "--to: '"));
    }
}

static void relative_moments_need_a_session(void **state)
{
    struct when w;
    (void)state;
    assert_int_equal(when_parse(NULL, "from", &w, NULL), 0);
    assert_int_equal(when_real(&w, 100, 200), 0);
    assert_int_equal(when_real(&(struct when){ WHEN_AFTER_START, 5 }, 100, 200), 105);
    assert_int_equal(when_real(&(struct when){ WHEN_BEFORE_END, 5 }, 100, 200), 195);
    assert_int_equal(when_real(&(struct when){ WHEN_BEFORE_END, 500 }, 100, 200), 0);
    assert_int_equal(when_real(&(struct when){ WHEN_REAL, 7 }, 100, 200), 7);
}

static void an_empty_range_is_refused(void **state)
{
    uint64_t from, to;
    struct ghost_err err = GHOST_ERR_INIT;
    (void)state;
    assert_int_equal(when_range(NULL, "100", "200", &from, &to, &err), 0);
    assert_true(from == 100 * S && to == 200 * S);
    assert_int_equal(when_range(NULL, "100", NULL, &from, &to, &err), 0);
    assert_true(from == 100 * S && to == 0);
    assert_int_equal(when_range(NULL, "200", "200", &from, &to, &err), GHOST_E_USAGE);
}

UNIT_TESTS(cmocka_unit_test(moments_are_read_exactly), cmocka_unit_test(what_is_no_moment_is_refused),
           cmocka_unit_test(relative_moments_need_a_session), cmocka_unit_test(an_empty_range_is_refused))
