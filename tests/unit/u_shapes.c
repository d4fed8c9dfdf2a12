/* u_shapes.c - blocks of many events: time classes and shared tables change how
 * events are stored, never what comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "format/block.h"

enum { FUNCS = 300 };

static uint64_t seed = 88172645463325252u;
static uint32_t chance(uint32_t below)
{
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return (uint32_t)(seed >> 32) % below;
}

struct made { uint64_t key, tick; };

/* Calls and returns of many functions, each with delays of its own. */
static void fill(struct block *b, struct made *made, size_t n, uint32_t functions)
{
    uint64_t tick = 5000;
    uint32_t depth = 0;
    block_begin(b, 1, 0, tick);
    for (size_t i = 0; i < n; i++) {
        bool call = depth == 0 || (depth < 50 && chance(2));
        uint32_t func = 1 + chance(functions);
        made[i].key = call ? shape_key(GHOST_SH_CALL, func, 1 + func % 7) : shape_key(GHOST_SH_RETURN, chance(5), 0);
        tick += call ? func / 4 + chance(9) : chance(8) ? 150 + chance(40) : chance(100000);
        made[i].tick = tick;
        depth += call ? 1u : -1u;
        assert_true(block_reserve(b, 1));
        block_add(b, made[i].key, tick);
        b->n_seq++;
    }
}

/* The payload of the record, with the bytes behind it that a decoder may read. */
static struct cursor payload_of(struct ghost_buf *record, uint64_t *kind)
{
    struct cursor c = { record->p, record->p + record->len, false };
    *kind = get_varint(&c);
    uint64_t n = get_varint(&c);
    assert_int_equal(n, cursor_left(&c));
    return c;
}

static void encode(const struct block *b, struct ghost_buf *to, struct cuts *cuts)
{
    struct ghost_buf nobody = { 0 };
    struct block_context x = { .thread = 3, .tick_ns_q32 = UINT64_C(7) << 32, .alive = &nobody };
    block_encode(b, &x, to, cuts);
    assert_false(to->failed);
    assert_non_null(buf_reserve(to, 8));
    memset(to->p + to->len, 0, 8);
}

static void check_block(const struct ghost_block *b, const struct made *made, size_t n)
{
    assert_int_equal(b->n_events, n);
    for (size_t i = 0; i < n; i++) {
        const struct ghost_shape *s = &b->shapes[b->tokens[i]];
        assert_true(shape_key(s->kind, s->a, s->b) == made[i].key);
        assert_true(b->ticks[i] == made[i].tick);
    }
}

static void comes_back(size_t n, uint32_t functions, unsigned classes)
{
    struct block b = { 0 };
    struct made *made = malloc((n + 1) * sizeof *made);
    struct ghost_buf record = { 0 };
    struct cuts cuts = { .n = 0 };
    struct block_memory m = { 0 };
    struct block_reading r;
    struct ghost_block out;
    const char *why = NULL;
    uint64_t kind;
    fill(&b, made, n, functions);
    encode(&b, &record, &cuts);
    struct cursor payload = payload_of(&record, &kind);
    assert_int_equal(kind, GHOST_REC_BLOCKS);
    assert_int_equal(blocks_begin(&m, &r, false, payload, &why), 0);
    assert_int_equal(r.n_classes, classes);
    assert_int_equal(blocks_outline(&m, &r, &out, &why), 1);
    assert_int_equal(blocks_events(&m, &r, &out, &why), 0);
    assert_int_equal(out.thread, 3);
    check_block(&out, made, n);
    assert_int_equal(blocks_outline(&m, &r, &out, &why), 0);
    for (unsigned i = 0; i + 1 < cuts.n; i++) assert_true(cuts.at[i] < cuts.at[i + 1]);
    assert_true(!cuts.n || cuts.at[cuts.n - 1] <= record.len);
    block_release(&b);
    block_memory_release(&m);
    ghost_buf_release(&record);
    free(made);
}

static void blocks_of_all_sizes(void **state)
{
    (void)state;
    comes_back(0, 1, 1);
    comes_back(1, 1, 1);
    comes_back(24000, FUNCS, 1);
    comes_back(25000, 3, 2);              /* one byte a token */
    comes_back(25000, FUNCS, 2);
    comes_back(131072, FUNCS, 8);
    comes_back(300000, 8, 8);
}

/* So many shapes that there is no room for classes. */
static void many_shapes(void **state)
{
    (void)state;
    comes_back(200000, 60000, 1);
    comes_back(200000, 20000, 3);
}

/* A block is encoded again when a sink failed: the same bytes. */
static void twice(void **state)
{
    struct block b = { 0 };
    struct made *made = malloc(60000 * sizeof *made);
    struct ghost_buf first = { 0 }, second = { 0 };
    struct cuts cuts = { .n = 0 };
    (void)state;
    fill(&b, made, 60000, FUNCS);
    encode(&b, &first, &cuts);
    encode(&b, &second, &cuts);
    assert_int_equal(first.len, second.len);
    assert_memory_equal(first.p, second.p, first.len);
    block_release(&b);
    ghost_buf_release(&first);
    ghost_buf_release(&second);
    free(made);
}

/* Any byte of it may be anything: a reader says what is wrong or gives what is possible. */
static void damaged(void **state)
{
    struct block b = { 0 };
    struct made *made = malloc(30000 * sizeof *made);
    struct ghost_buf record = { 0 };
    struct cuts cuts = { .n = 0 };
    struct block_memory m = { 0 };
    unsigned refused = 0;
    (void)state;
    fill(&b, made, 30000, 40);
    encode(&b, &record, &cuts);
    for (unsigned round = 0; round < 600; round++) {
        uint64_t kind;
        struct cursor payload = payload_of(&record, &kind);
        uint8_t *at = (uint8_t *)payload.p + chance(round < 300 ? 400 : (uint32_t)cursor_left(&payload)), old = *at;
        struct block_reading r;
        struct ghost_block out;
        const char *why = NULL;
        *at ^= (uint8_t)(1u << chance(8));
        int ret = blocks_begin(&m, &r, false, payload, &why);
        if (ret == 0) ret = blocks_outline(&m, &r, &out, &why);
        if (ret == 1) ret = round % 2 ? blocks_events(&m, &r, &out, &why) : blocks_skip(&m, &r, &out, &why);
        assert_true(ret == 0 || why);
        refused += ret != 0;
        *at = old;
    }
    assert_true(refused > 100);
    block_release(&b);
    block_memory_release(&m);
    ghost_buf_release(&record);
    free(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_of_all_sizes), cmocka_unit_test(many_shapes), cmocka_unit_test(twice), cmocka_unit_test(damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
