/* Arenas, interned keys and the hash table under them. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "analyzer/arena.h"

static void memory_stays_where_it_is(void **state)
{
    struct arena a = { 0 };
    unsigned char *small[2000];
    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        size_t n = i % 97 == 0 ? 100000 : i % 50 + 1;    /* now and then one larger than a chunk */
        small[i] = arena_alloc(&a, n);
        assert_non_null(small[i]);
        assert_int_equal((uintptr_t)small[i] % 16, 0);
        memset(small[i], (int)(i % 251), n);
    }
    for (unsigned i = 0; i < 2000; i++) {
        size_t n = i % 97 == 0 ? 100000 : i % 50 + 1;
        for (size_t k = 0; k < n; k++)
            assert_int_equal(small[i][k], i % 251);
    }
    arena_release(&a);
}

static void failure_is_remembered(void **state)
{
    struct arena a = { 0 };
    (void)state;
    assert_null(arena_alloc(&a, SIZE_MAX - 5));
    assert_true(a.failed);
    assert_null(arena_alloc(&a, 1));
    arena_release(&a);
}

static void keys_are_kept_once(void **state)
{
    struct arena a = { 0 };
    struct keyset k = { .arena = &a };
    char key[32];
    (void)state;
    for (int round = 0; round < 2; round++)
        for (uint32_t i = 0; i < 5000; i++)
            assert_int_equal(keyset_put(&k, key, (size_t)snprintf(key, sizeof key, "key %u", i)), i);
    assert_int_equal(k.n, 5000);
    assert_int_equal(keyset_put(&k, "a\0b", 3), 5000);           /* NUL bytes count */
    assert_int_equal(keyset_put(&k, "a", 1), 5001);
    assert_int_equal(keyset_put(&k, "", 0), 5002);
    struct ghost_str once = keyset_str(&k, GHOST_STR("key 17")), twice = keyset_str(&k, GHOST_STR("key 17"));
    assert_ptr_equal(once.p, twice.p);
    assert_string_equal(once.p, "key 17");
    keyset_release(&k);
    arena_release(&a);
}

static void keys_of_one_hash_are_told_apart(void **state)
{
    struct arena a = { 0 };
    struct keyset k = { .arena = &a };
    (void)state;
    assert_int_equal(keyset_put(&k, "first", 5), 0);
    /* pretend that "second" and "third" hash like "first": their slots lead to it */
    for (uint32_t i = 0; i <= k.by_hash.mask; i++)
        if (k.by_hash.slots[i].value == 0) {
            uint64_t hash = k.by_hash.slots[i].key;
            assert_int_equal(table_put(&k.by_hash, hash, 99), 0);
            k.keys[0] = (struct ghost_str){ "other", 5 };        /* the stored key is another one now */
            assert_int_equal(keyset_put(&k, "first", 5), 1);
            assert_int_equal(keyset_put(&k, "first", 5), 1);
            break;
        }
    keyset_release(&k);
    arena_release(&a);
}

static void table_finds_what_was_put(void **state)
{
    struct table t = { 0 };
    (void)state;
    assert_int_equal(table_get(&t, 1), TABLE_NONE);
    for (uint64_t i = 0; i < 100000; i++)
        assert_int_equal(table_put(&t, i * 0x100000001u, (uint32_t)i), i);
    for (uint64_t i = 0; i < 100000; i++) {
        assert_int_equal(table_get(&t, i * 0x100000001u), i);
        assert_int_equal(table_put(&t, i * 0x100000001u, 7), i);  /* the first value stays */
    }
    assert_int_equal(table_get(&t, UINT64_MAX), TABLE_NONE);
    assert_int_equal(t.n, 100000);
    table_release(&t);
}

UNIT_TESTS(cmocka_unit_test(memory_stays_where_it_is), cmocka_unit_test(failure_is_remembered), cmocka_unit_test(keys_are_kept_once),
           cmocka_unit_test(keys_of_one_hash_are_told_apart), cmocka_unit_test(table_finds_what_was_put))
