/* Widths of text, cutting, and figures for people. */
#include "unit.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/term.h"

static const char *cut(struct ghost_str s, unsigned width, unsigned expected_width)
{
    static char *text;
    size_t n;
    free(text);
    FILE *f = open_memstream(&text, &n);
    assert_int_equal(text_put(f, s, width), expected_width);
    fclose(f);
    return text;
}

static void widths(void **state)
{
    (void)state;
    assert_int_equal(text_width(GHOST_STR("plain")), 5);
    assert_int_equal(text_width(GHOST_STR("caf\xc3\xa9")), 4);
    assert_int_equal(text_width(GHOST_STR("\xe6\xbc\xa2\xe5\xad\x97")), 4);   /* two wide characters */
    assert_int_equal(text_width(GHOST_STR("e\xcc\x81")), 1);                   /* a combining accent */
    assert_int_equal(text_width(GHOST_STR("\xff\x1b[0m")), 5);
}

static void cutting(void **state)
{
    (void)state;
    assert_string_equal(cut(GHOST_STR("abcdef"), UINT_MAX, 6), "abcdef");
    assert_string_equal(cut(GHOST_STR("abcdef"), 6, 6), "abcdef");
    assert_string_equal(cut(GHOST_STR("abcdef"), 4, 4), "abc\xe2\x80\xa6");
    assert_string_equal(cut(GHOST_STR("abcdef"), 1, 1), "\xe2\x80\xa6");
    assert_string_equal(cut(GHOST_STR("abcdef"), 0, 0), "");
    assert_string_equal(cut(GHOST_STR("\xe6\xbc\xa2\xe5\xad\x97x"), 4, 3), "\xe6\xbc\xa2\xe2\x80\xa6");   /* half a wide one does not fit */
}

static void keeping_the_end(void **state)
{
    static const struct { const char *text; unsigned width; const char *cut; } of[] = {
        { "Order.lines:20", 20, "Order.lines:20" }, { "Order.lines:20", 9, "\xe2\x80\xa6lines:20" }, { "Order.lines:20", 1, "\xe2\x80\xa6" },
        { "\xe6\xbc\xa2\xe5\xad\x97x", 4, "\xe2\x80\xa6\xe5\xad\x97x" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        char *text;
        size_t n;
        FILE *f = open_memstream(&text, &n);
        assert_true(text_put_end(f, (struct ghost_str){ of[i].text, (uint32_t)strlen(of[i].text) }, of[i].width) <= of[i].width);
        fclose(f);
        assert_string_equal(text, of[i].cut);
        free(text);
    }
}

static void terminals_are_safe(void **state)
{
    (void)state;
    assert_string_equal(cut(GHOST_STR("\x1b[31mred\x07\xc2\x9b" "1m\r\n"), UINT_MAX, 14), "?[31mred??1m??");
}

static void figures(void **state)
{
    char t[HUMAN];
    (void)state;
    assert_string_equal(human_ns(t, 0), "<1\xc2\xb5s");
    assert_string_equal(human_ns(t, 42), "42ns");
    assert_string_equal(human_ns(t, 999.6), "1.0\xc2\xb5s");
    assert_string_equal(human_ns(t, 1500), "1.5\xc2\xb5s");
    assert_string_equal(human_ns(t, 999960), "1.00ms");
    assert_string_equal(human_ns(t, 12500000), "12.50ms");
    assert_string_equal(human_ns(t, 3210000000.0), "3.210s");
    assert_string_equal(human_count(t, 0), "0");
    assert_string_equal(human_count(t, 999), "999");
    assert_string_equal(human_count(t, 1000), "1,000");
    assert_string_equal(human_count(t, UINT64_MAX), "18,446,744,073,709,551,615");
    assert_string_equal(human_share(t, 0, 10), "0%");
    assert_string_equal(human_share(t, 1, 1000000), "<0.1%");
    assert_string_equal(human_share(t, 5, 1000), "0.5%");
    assert_string_equal(human_share(t, 3, 8), "38%");
    assert_string_equal(human_share(t, 9999, 10000), ">99%");
    assert_string_equal(human_share(t, 8, 8), "100%");
    assert_string_equal(human_share(t, 0, 0), "0%");
    assert_string_equal(human_bytes(t, 999), "999 B");
    assert_string_equal(human_bytes(t, 1500), "1.5 kB");
    assert_string_equal(human_bytes(t, 123456789), "123 MB");
    assert_string_equal(human_span(t, 5000000), "5 ms");
    assert_string_equal(human_span(t, 245000000000), "4 min 05 s");
    assert_string_equal(human_time(t, 0), "-");
}

UNIT_TESTS(cmocka_unit_test(widths), cmocka_unit_test(cutting), cmocka_unit_test(keeping_the_end), cmocka_unit_test(terminals_are_safe), cmocka_unit_test(figures))
