/* u_def.c - definitions: struct to bytes to struct, and every damaged byte string. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "format/base.h"
#include "format/defcodec.h"
#include "ghost/event.h"
#include "ghost/record.h"
#include "sample_log.h"

static struct def_scratch scratch;

static int decode(const uint8_t *p, size_t n, struct ghost_def *d)
{
    const char *why = NULL;
    struct cursor c = { p, p + n, false };
    uint64_t kind = get_varint(&c);
    size_t size = (size_t)get_varint(&c);
    if (c.bad || !def_known(kind) || size != cursor_left(&c)) return GHOST_E_CORRUPT;
    int ret = def_decode(&scratch, (uint32_t)kind, c.p, size, d, &why);
    assert_true((ret == 0) == (why == NULL));
    return ret;
}

#define ROUND(name, value)                                          \
    struct ghost_buf b_##name = { 0 };                              \
    struct ghost_def d_##name;                                      \
    const struct ghost_def_##name in_##name = value;                \
    ghost_encode_##name(&b_##name, &in_##name);                     \
    assert_int_equal(decode(b_##name.p, b_##name.len, &d_##name), 0); \
    const struct ghost_def_##name *name = &d_##name.u.name
#define DONE(name) ghost_buf_release(&b_##name)
#define V(...) { __VA_ARGS__ }

static void assert_str(struct ghost_str s, const char *text)
{
    assert_int_equal(s.len, strlen(text));
    assert_memory_equal(s.p, text, s.len);
}

static void functions(void **state)
{
    static const struct ghost_str params[] = { GHOST_STR("a"), GHOST_STR("b"), GHOST_STR("k"), GHOST_STR("args"), GHOST_STR("kw") };
    (void)state;
    ROUND(func, V(.id = GHOST_FUNC_MAX, .co_flags = 0xFFFFFFFF, .first_line = 77, .n_posonly = 1, .n_positional = 2, .n_kwonly = 1,
                  .module = GHOST_STR("m"), .qualname = GHOST_STR("C.f"), .file = GHOST_STR("/x.py"), .fingerprint = UINT64_C(7) << 32 | 0x89ABCDEF,
                  .n_params = 5, .params = params));
    assert_int_equal(func->id, GHOST_FUNC_MAX);
    assert_int_equal(func->co_flags, 0xFFFFFFFF);
    assert_int_equal(func->first_line, 77);
    assert_int_equal(func->n_posonly, 1);
    assert_int_equal(func->n_positional, 2);
    assert_int_equal(func->n_kwonly, 1);
    assert_int_equal(func->fingerprint, 0x89ABCDEF);       /* 32 bits of it */
    assert_str(func->module, "m");
    assert_str(func->qualname, "C.f");
    assert_str(func->file, "/x.py");
    assert_int_equal(func->n_params, 5);
    for (int i = 0; i < 5; i++) assert_memory_equal(func->params[i].p, params[i].p, params[i].len);
    DONE(func);
}

static void types(void **state)
{
    static const uint32_t mro[] = { 9, 300, 70000 }, bases[] = { UINT32_MAX };
    static const struct ghost_str members[] = { GHOST_STR("x"), GHOST_STR("") };
    (void)state;
    ROUND(type, V(9, GHOST_TYPE_ENUM, UINT64_MAX, GHOST_STR(""), GHOST_STR("T"), 3, mro, 1, bases, 2, members));
    assert_int_equal(type->id, 9);
    assert_int_equal(type->flags, GHOST_TYPE_ENUM);
    assert_true(type->abcs == UINT64_MAX);
    assert_int_equal(type->n_mro, 3);
    assert_memory_equal(type->mro, mro, sizeof mro);
    assert_int_equal(type->virtual_bases[0], UINT32_MAX);
    assert_int_equal(type->n_members, 2);
    assert_str(type->members[0], "x");
    assert_int_equal(type->members[1].len, 0);
    DONE(type);
}

static void signatures(void **state)
{
    static const uint32_t of[] = { 1, 0, 5000 };
    (void)state;
    for (uint32_t n = 0; n <= 4; n++) {
        ROUND(sig, V(3, GHOST_SIG_OTHER, 3, of, n, 4 - n, { 1, 2, 3 }, { 4, 5, 6 }));
        assert_memory_equal(sig->types, of, sizeof of);
        assert_int_equal(sig->n_args, n);
        assert_int_equal(sig->n_kwargs, 4 - n);
        for (uint32_t i = 0; i < 3; i++) {
            assert_int_equal(sig->args[i], i < n ? i + 1 : 0);
            assert_int_equal(sig->kwargs[i], i < 4 - n ? i + 4 : 0);
        }
        DONE(sig);
    }
}

static void contents(void **state)
{
    static const struct ghost_def_part keys[] = { { 5, 0 } }, items[] = { { 7, 0 }, { UINT32_MAX, 8 }, { 0, 1 } };
    (void)state;
    ROUND(content, V(9, 4, 0, 1, keys, 3, items));
    assert_int_equal(content->id, 9);
    assert_int_equal(content->type, 4);
    assert_int_equal(content->n_keys, 1);
    assert_int_equal(content->n_items, 3);
    assert_memory_equal(content->keys, keys, sizeof keys);
    assert_memory_equal(content->items, items, sizeof items);
    DONE(content);
    ROUND(sampled, V(3, GHOST_FUNC_MAX, GHOST_PLACE_PARAM + 1023, 2, 9, UINT64_MAX));
    assert_int_equal(sampled->caller, GHOST_FUNC_MAX);
    assert_int_equal(sampled->place, GHOST_PLACE_PARAM + 1023);
    assert_int_equal(sampled->index, 2);
    assert_int_equal(sampled->content, 9);
    assert_true(sampled->count == UINT64_MAX);
    DONE(sampled);
}

/* A content refers to older ones only: there is no way round in a circle. */
static void contents_that_are_none(void **state)
{
    static const struct ghost_def_part itself[] = { { 1, 0 }, { 1, 9 } };
    const struct ghost_def_content wrong[] = {
        { .id = 0, .type = 1 }, { .id = 9, .n_items = 2, .items = itself }, { .id = 9, .n_keys = 2, .keys = itself }, { .id = 1, .size = GHOST_TUPLE_APART + 2 },
    };
    const struct ghost_def_sampled odd[] = {
        { .func = 0, .content = 1 }, { .func = 1, .content = 0 }, { .func = 1, .content = 1, .index = 3 }, { .func = 1, .content = 1, .place = GHOST_PLACE_PARAM + 1024 },
        { .func = GHOST_FUNC_MAX + 1, .content = 1 }, { .func = 1, .caller = GHOST_FUNC_MAX + 1, .content = 1 },
    };
    struct ghost_def d;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct ghost_buf b = { 0 };
        ghost_encode_content(&b, &wrong[i]);
        assert_int_equal(decode(b.p, b.len, &d), GHOST_E_CORRUPT);
        ghost_buf_release(&b);
    }
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        struct ghost_buf b = { 0 };
        ghost_encode_sampled(&b, &odd[i]);
        assert_int_equal(decode(b.p, b.len, &d), GHOST_E_CORRUPT);
        ghost_buf_release(&b);
    }
}

static void annotations_and_trees(void **state)
{
    static const struct ghost_def_annotation a[] = { { GHOST_STR("x"), GHOST_STR("list[T]") }, { GHOST_STR("return"), GHOST_STR("None") } };
    static const struct ghost_def_name n[] = { { GHOST_NAME_TYPEVAR, 0, GHOST_TYPEVAR_BOUND, GHOST_STR("T"), GHOST_STR("int") } };
    static const uint32_t defaults[] = { 0, 7, 1023, 8 };
    static const struct ghost_def_node nodes[] = {
        { 0, 0, 0, 0, 1, GHOST_STR("<module>") }, { 0, 1, 3, 5, 0, GHOST_STR("f") }, { 1, 0x400, 3, 6, 0, GHOST_STR("f.<locals>.<lambda>") },
        { 0, 2, 0, 4, 0, GHOST_STR("C") }, { 3, 1, 3, UINT32_MAX, 0, GHOST_STR("C.f") }, { 3, 1, 3, 0, 0, GHOST_STR("Cf") },
        { 3, 1, 3, 9, 0, GHOST_STR("C.") }, { 4, 1, 3, 1, 0, GHOST_STR("") },
    };
    (void)state;
    ROUND(annot, V(1, 4, 2, a, 1, n, 2, defaults));
    assert_str(annot->annotations[1].param, "return");
    assert_str(annot->annotations[0].text, "list[T]");
    assert_int_equal(annot->names[0].kind, GHOST_NAME_TYPEVAR);
    assert_int_equal(annot->names[0].flags, GHOST_TYPEVAR_BOUND);
    assert_str(annot->names[0].text, "int");
    assert_memory_equal(annot->defaults, defaults, sizeof defaults);
    DONE(annot);
    ROUND(tree, V(GHOST_STR("m"), GHOST_STR("f"), sizeof nodes / sizeof *nodes, nodes));
    assert_int_equal(tree->n_nodes, sizeof nodes / sizeof *nodes);
    for (uint32_t i = 0; i < tree->n_nodes; i++) {
        assert_int_equal(tree->nodes[i].parent, nodes[i].parent);
        assert_int_equal(tree->nodes[i].flags, nodes[i].flags);
        assert_int_equal(tree->nodes[i].co_flags, nodes[i].co_flags);
        assert_int_equal(tree->nodes[i].first_line, nodes[i].first_line);
        assert_int_equal(tree->nodes[i].fingerprint, nodes[i].fingerprint);
        assert_str(tree->nodes[i].qualname, nodes[i].qualname.p);
    }
    DONE(tree);
}

static void the_small_ones(void **state)
{
    static const struct ghost_def_pair pairs[] = { { GHOST_STR("k"), GHOST_STR("v") } };
    (void)state;
    ROUND(thread, V(1, UINT64_MAX, UINT64_C(1) << 60, GHOST_STR("T")));
    assert_true(thread->os_tid == UINT64_MAX && thread->start_tick == UINT64_C(1) << 60);
    DONE(thread);
    ROUND(mark, V(UINT32_MAX, GHOST_STR("m")));
    assert_int_equal(mark->id, UINT32_MAX);
    DONE(mark);
    ROUND(note, V(3, 5, GHOST_STR("d")));
    assert_int_equal(note->count, 5);
    DONE(note);
    ROUND(child, V(12, 13));
    assert_int_equal(child->tick, 13);
    DONE(child);
    ROUND(loss, V(0, 9, 1, 2, 3));
    assert_int_equal(loss->cause, 9);
    assert_int_equal(loss->last_tick, 3);
    DONE(loss);
    ROUND(end, V(1, 2, 3, 4));
    assert_int_equal(end->real_ns, 4);
    DONE(end);
    ROUND(meta, V(1, pairs));
    assert_str(meta->pairs[0].value, "v");
    DONE(meta);
}

/* Every record of the sample, cut at every byte and with every bit flipped: a
 * decoder may accept a flipped one, but must not read beyond it (ASan). */
static void damaged_records(void **state)
{
    struct ghost_buf b = { 0 };
    struct ghost_def d;
    (void)state;
    sample_records(&b);
    struct cursor c = { b.p, b.p + b.len, false };
    while (c.p < c.end) {
        const char *why;
        uint32_t kind = (uint32_t)get_varint(&c);
        size_t n = (size_t)get_varint(&c);
        const uint8_t *p = get_bytes(&c, n);
        for (size_t cut = 0; cut < n; cut++) {
            uint8_t *copy = malloc(cut + 1);
            memcpy(copy, p, cut);
            assert_int_not_equal(def_decode(&scratch, kind, copy, cut, &d, &why), 0);
            assert_non_null(why);
            free(copy);
        }
        uint8_t *copy = malloc(n + 5);
        for (size_t bit = 0; bit < 8 * n; bit++) {
            memcpy(copy, p, n);
            copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
            def_decode(&scratch, kind, copy, n, &d, &why);
        }
        /* A later version's field behind the last one is skipped. */
        memcpy(copy, p, n);
        memset(copy + n, 0x55, 5);
        assert_int_equal(def_decode(&scratch, kind, copy, n + 5, &d, &why), 0);
        free(copy);
    }
    ghost_buf_release(&b);
}

#define REFUSED(name, value)                                    \
    do {                                                        \
        struct ghost_buf b = { 0 };                             \
        struct ghost_def d;                                     \
        const struct ghost_def_##name in = value;               \
        ghost_encode_##name(&b, &in);                           \
        assert_int_equal(decode(b.p, b.len, &d), GHOST_E_CORRUPT); \
        ghost_buf_release(&b);                                  \
    } while (0)

static void contradictions_are_refused(void **state)
{
    static const struct ghost_str p[] = { GHOST_STR("a"), GHOST_STR("b") };
    static const struct ghost_def_node nodes[] = { { 0, 0, 0, 0, 0, GHOST_STR("m") }, { 1, 0, 0, 0, 0, GHOST_STR("f") } };
    static const struct ghost_def_node first[] = { { 1, 0, 0, 0, 0, GHOST_STR("m") } };
    (void)state;
    REFUSED(func, V(.id = 0));
    REFUSED(func, V(.id = GHOST_FUNC_MAX + 1));
    REFUSED(func, V(.id = 1, .n_positional = 1));
    REFUSED(func, V(.id = 1, .n_positional = 1, .n_params = 2, .params = p));
    REFUSED(func, V(.id = 1, .n_posonly = 2, .n_positional = 1, .n_params = 1, .params = p));
    REFUSED(func, V(.id = 1, .co_flags = GHOST_CO_VARARGS));
    REFUSED(type, V(.id = 0));
    REFUSED(sig, V(.func = 0, .id = 1));
    REFUSED(sig, V(.func = 1, .id = 0));
    REFUSED(sig, V(.func = 1, .id = GHOST_SIG_OTHER + 1));
    REFUSED(annot, V(.func = 0));
    REFUSED(tree, V(.n_nodes = 0));
    REFUSED(tree, V(.n_nodes = 2, .nodes = nodes));
    REFUSED(tree, V(.n_nodes = 1, .nodes = first));
    REFUSED(thread, V(.id = 0));
    REFUSED(mark, V(.id = 0));
}

static void lists_are_cut_at_the_limits(void **state)
{
    static struct ghost_str params[GHOST_PARAM_MAX + 5];
    (void)state;
    for (unsigned i = 0; i < GHOST_PARAM_MAX + 5; i++) params[i] = GHOST_STR("p");
    ROUND(func, V(.id = 1, .n_positional = GHOST_PARAM_MAX + 5, .n_params = GHOST_PARAM_MAX + 5, .params = params));
    assert_int_equal(func->n_params, GHOST_PARAM_MAX);
    assert_int_equal(func->n_positional, GHOST_PARAM_MAX + 5);
    DONE(func);
}

static void a_record_too_long_fails_the_buffer(void **state)
{
    struct ghost_def_node *nodes = calloc(GHOST_LIST_MAX, sizeof *nodes);
    char *name = malloc(GHOST_STR_MAX);
    struct ghost_buf b = { 0 };
    (void)state;
    memset(name, 'n', GHOST_STR_MAX);
    for (unsigned i = 0; i < GHOST_LIST_MAX; i++) nodes[i].qualname = (struct ghost_str){ name, GHOST_STR_MAX };
    ghost_encode_tree(&b, &(struct ghost_def_tree){ .n_nodes = 1000, .nodes = nodes });
    assert_false(b.failed);
    size_t whole = b.len;
    ghost_encode_tree(&b, &(struct ghost_def_tree){ .n_nodes = GHOST_LIST_MAX, .nodes = nodes });
    assert_true(b.failed);
    assert_int_equal(b.len, whole);       /* what stood before is still whole */
    ghost_buf_release(&b);
    free(nodes);
    free(name);
}

static int release(void **state)
{
    (void)state;
    def_scratch_release(&scratch);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions), cmocka_unit_test(types), cmocka_unit_test(signatures), cmocka_unit_test(contents), cmocka_unit_test(contents_that_are_none),
        cmocka_unit_test(annotations_and_trees),
        cmocka_unit_test(the_small_ones), cmocka_unit_test(damaged_records), cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(lists_are_cut_at_the_limits), cmocka_unit_test(a_record_too_long_fails_the_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, release);
}
