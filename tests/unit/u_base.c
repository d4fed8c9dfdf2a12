/* u_base.c - errors, buffers, strings, maps, numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "format/base.h"
#include "format/varint.h"

static void first_error_is_kept(void **state)
{
    struct ghost_err err = GHOST_ERR_INIT;
    (void)state;
    assert_int_equal(ghost_fail_at(&err, GHOST_E_CORRUPT, 77, "root %s", "cause"), GHOST_E_CORRUPT);
    assert_int_equal(ghost_fail(&err, GHOST_E_IO, "a consequence"), GHOST_E_IO);
    assert_int_equal(err.code, GHOST_E_CORRUPT);
    assert_int_equal(err.offset, 77);
    assert_string_equal(err.msg, "root cause");
    assert_int_equal(ghost_fail(NULL, GHOST_E_IO, "nobody asks"), GHOST_E_IO);
    assert_string_equal(ghost_code_name(GHOST_E_TRUNCATED), "TRUNCATED");
    assert_string_equal(ghost_code_name(12345), "UNKNOWN");
    assert_non_null(ghost_code_text(12345));
}

static void varints_come_back(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        for (int off = -1; off <= 1; off++) {
            uint64_t v = (UINT64_C(1) << bit) + (uint64_t)(int64_t)off;
            uint8_t bytes[VARINT_MAX];
            size_t n = (size_t)(put_varint(bytes, v) - bytes);
            struct cursor c = { bytes, bytes + n, false };
            assert_true(get_varint(&c) == v && !c.bad && c.p == c.end);
            for (size_t cut = 0; cut < n; cut++) {
                struct cursor d = { bytes, bytes + cut, false };
                assert_true(get_varint(&d) == 0 && d.bad);
            }
            struct ghost_buf b = { 0 };
            buf_zigzag(&b, (int64_t)v);
            c = (struct cursor){ b.p, b.p + b.len, false };
            assert_true(get_zigzag(&c) == (int64_t)v && !c.bad);
            ghost_buf_release(&b);
        }
    }
}

static void bad_varints_are_refused(void **state)
{
    static const struct { size_t n; uint8_t bytes[11]; } bad[] = {
        { 2, { 0x80, 0x00 } },                                                          /* over-long 0 */
        { 3, { 0xFF, 0x80, 0x00 } },
        { 10, { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02 } },         /* 2^64 and more */
        { 11, { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x81, 0x01 } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct cursor c = { bad[i].bytes, bad[i].bytes + bad[i].n, false };
        assert_true(get_varint(&c) == 0 && c.bad);
        assert_true(get_varint(&c) == 0 && c.bad);          /* stays bad */
    }
}

static void counts_are_bounded_by_the_bytes(void **state)
{
    uint8_t bytes[] = { 4, 0, 0, 0, 0, 0, 0, 0 };
    struct cursor c = { bytes, bytes + 8, false };
    (void)state;
    assert_int_equal(get_count(&c, 100, 1), 4);
    c = (struct cursor){ bytes, bytes + 8, false };
    assert_int_equal(get_count(&c, 100, 2), 0);
    assert_true(c.bad);
    c = (struct cursor){ bytes, bytes + 8, false };
    assert_int_equal(get_count(&c, 3, 1), 0);
    assert_true(c.bad);
}

static void strings(void **state)
{
    static const struct { const char *in, *out; } cases[] = {
        { "", "" }, { "plain", "plain" }, { "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80" },
        { "\xED\xA0\x80", "\xED\xA0\x80" },      /* lone surrogate: kept */
        { "a\xFFz", "a?z" }, { "\xC3", "?" }, { "\xC0\x80", "??" }, { "\xF4\x90\x80\x80", "????" }, { "\xE0\x80\x80", "???" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ghost_buf b = { 0 };
        buf_str(&b, (struct ghost_str){ cases[i].in, (uint32_t)strlen(cases[i].in) });
        assert_int_equal(b.p[0], strlen(cases[i].out));
        assert_memory_equal(b.p + 1, cases[i].out, b.p[0]);
        assert_true(utf8_valid(b.p + 1, b.len - 1));
        ghost_buf_release(&b);
    }
}

static void long_strings_are_cut_between_characters(void **state)
{
    char *text = malloc(GHOST_STR_MAX + 100);
    (void)state;
    for (unsigned shift = 0; shift < 4; shift++) {
        for (unsigned i = 0; i < GHOST_STR_MAX + 100; i++) text[i] = "\xF0\x9F\x98\x80"[(i + shift) % 4];
        memset(text, 'x', 4 - shift);
        struct ghost_buf b = { 0 };
        buf_str(&b, (struct ghost_str){ text, GHOST_STR_MAX + 100 });
        struct cursor c = { b.p, b.p + b.len, false };
        uint64_t n = get_varint(&c);
        assert_true(n <= GHOST_STR_MAX && n > GHOST_STR_MAX - 8 && n == cursor_left(&c));
        assert_true(utf8_valid(c.p, (size_t)n));
        assert_memory_equal(c.end - 3, "...", 3);
        assert_null(memchr(c.p, '?', (size_t)n));
        ghost_buf_release(&b);
    }
    free(text);
}

static void map_against_array(void **state)
{
    struct map32 m = { 0 };
    uint32_t model[512] = { 0 }, x = 1;
    (void)state;
    assert_int_equal(map32_get(&m, 5), 0);
    map32_remove(&m, 5);
    for (int i = 0; i < 200000; i++) {
        x = x * 1664525u + 1013904223u;
        uint32_t key = 1 + (x >> 8) % 511, value = 1 + (x >> 20);
        if (x >> 7 & 1) {
            assert_true(map32_put(&m, key, value));
            model[key] = value;
        } else {
            map32_remove(&m, key);
            model[key] = 0;
        }
        key = 1 + (x >> 3) % 511;
        assert_int_equal(map32_get(&m, key), model[key]);
    }
    uint32_t n = 0;
    for (uint32_t k = 1; k < 512; k++) {
        assert_int_equal(map32_get(&m, k), model[k]);
        n += model[k] != 0;
    }
    assert_int_equal(m.n, n);
    map32_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_error_is_kept), cmocka_unit_test(varints_come_back), cmocka_unit_test(bad_varints_are_refused),
        cmocka_unit_test(counts_are_bounded_by_the_bytes), cmocka_unit_test(strings),
        cmocka_unit_test(long_strings_are_cut_between_characters), cmocka_unit_test(map_against_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
