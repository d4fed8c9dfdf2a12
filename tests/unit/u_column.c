/* u_column.c - time codes: every delta comes back, and what does not fit is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "format/column.h"

static size_t encode(const uint64_t *deltas, size_t n, uint8_t *codes, uint8_t *extra)
{
    uint8_t *end = extra;
    for (size_t i = 0; i < n; i++) {
        if (deltas[i] < TIME_SHORT) codes[i] = (uint8_t)deltas[i];
        else end = time_encode_long(deltas[i], &codes[i], end);
    }
    memset(end, 0xEE, 8);
    return (size_t)(end - extra);
}

/* Decodes, and tells how many extra bytes were left; -1: refused. */
static long decode(const uint8_t *codes, size_t n, uint64_t base, const uint8_t *extra, size_t n_extra, uint64_t *ticks)
{
    struct cursor c = { extra, extra + n_extra, false };
    if (time_decode(codes, n, base, &c, ticks) != 0) return -1;
    return (long)cursor_left(&c);
}

static void check(const uint64_t *deltas, size_t n)
{
    uint8_t *codes = malloc(n + 1), *extra = malloc(n * TIME_EXTRA_MAX + 8);
    uint64_t *ticks = malloc((n + 1) * sizeof *ticks), t = 5;
    size_t n_extra = encode(deltas, n, codes, extra);
    assert_int_equal(decode(codes, n, 5, extra, n_extra, ticks), 0);
    for (size_t i = 0; i < n; i++) assert_true(ticks[i] == (t += deltas[i]));
    assert_int_equal(decode(codes, n, 5, extra, n_extra + 1, ticks), 1);                 /* a byte of the next block */
    if (n_extra) assert_int_equal(decode(codes, n, 5, extra, n_extra - 1, ticks), -1);
    free(codes);
    free(extra);
    free(ticks);
}

static void one_delta(void **state)
{
    (void)state;
    for (uint64_t d = 0; d < 20000; d++) check(&d, 1);
    for (unsigned bit = 10; bit < 60; bit++)
        for (int off = -130; off <= 130; off++) {
            uint64_t d = (UINT64_C(1) << bit) + (uint64_t)(int64_t)off;
            if (d < TIME_TICK_MAX - 5) check(&d, 1);
        }
}

static void many_deltas(void **state)
{
    uint64_t x = 88172645463325252u, deltas[5000];
    (void)state;
    for (int round = 0; round < 30; round++) {
        for (size_t i = 0; i < 5000; i++) {
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            deltas[i] = x >> (63 - (x >> 3 & 31) % (unsigned)(round + 2));
        }
        check(deltas, 5000);
    }
}

static void codes_are_those_of_the_page(void **state)
{
    /* worked by hand from docs/format.md, 5.1 */
    static const struct { uint64_t delta; uint8_t code, n; uint8_t extra[4]; } cases[] = {
        { 0, 0, 0, { 0 } }, { 191, 191, 0, { 0 } }, { 192, 192, 1, { 0 } }, { 207, 192, 1, { 15 } }, { 208, 193, 1, { 0 } },
        { 255, 195, 1, { 15 } }, { 256, 196, 1, { 0 } }, { 2175, 211, 1, { 0xFF } }, { 2176, 212, 2, { 0, 0 } },
        { 3670143, 254, 3, { 0xFF, 0xFF, 7 } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t extra[16], code;
        size_t n = encode(&cases[i].delta, 1, &code, extra);
        assert_int_equal(code, cases[i].code);
        assert_int_equal(n, cases[i].n);
        assert_memory_equal(extra, cases[i].extra, n);
    }
    uint64_t escaped = 3670144;
    uint8_t extra[16], code;
    encode(&escaped, 1, &code, extra);
    assert_int_equal(code, TIME_ESCAPE);
}

static void impossible_times_are_refused(void **state)
{
    uint8_t codes[2] = { TIME_ESCAPE, TIME_ESCAPE }, extra[32] = { 1 };
    uint64_t ticks[2];
    (void)state;
    assert_int_equal(decode(codes, 1, 0, extra, 1, ticks), -1);                  /* an escape for a short one */
    uint64_t deltas[2] = { TIME_TICK_MAX - 10, 11 };
    size_t n = encode(deltas, 2, codes, extra);
    assert_int_equal(decode(codes, 2, 0, extra, n, ticks), -1);                  /* beyond the last tick */
    deltas[1] = 10;
    n = encode(deltas, 2, codes, extra);
    assert_int_equal(decode(codes, 2, 0, extra, n, ticks), 0);
    assert_int_equal(decode(codes, 0, TIME_TICK_MAX + 1, extra, 0, ticks), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_delta), cmocka_unit_test(many_deltas), cmocka_unit_test(codes_are_those_of_the_page),
        cmocka_unit_test(impossible_times_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
