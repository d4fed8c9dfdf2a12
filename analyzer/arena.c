/* arena.c - bump allocation, and interning on top of it. */
#include "arena.h"

#include <string.h>
#include <xxhash.h>

enum { CHUNK_BYTES = 1 << 16, ALIGN = 16 };

struct arena_chunk { struct arena_chunk *next; size_t used, size; _Alignas(ALIGN) char data[]; };

void *arena_alloc(struct arena *a, size_t n)
{
    struct arena_chunk *c = a->chunks;
    if (a->failed || n > SIZE_MAX / 2)
        goto fail;
    n = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (!c || c->size - c->used < n) {
        size_t size = n > CHUNK_BYTES / 4 ? n : CHUNK_BYTES;
        c = malloc(sizeof *c + size);
        if (!c)
            goto fail;
        c->used = 0;
        c->size = size;
        /* a large piece goes behind the chunk in use, whose rest stays usable */
        if (a->chunks && size == n) {
            c->next = a->chunks->next;
            a->chunks->next = c;
        } else {
            c->next = a->chunks;
            a->chunks = c;
        }
    }
    c->used += n;
    return c->data + c->used - n;
fail:
    a->failed = true;
    return NULL;
}

void *arena_copy(struct arena *a, const void *p, size_t n)
{
    void *copy = arena_alloc(a, n ? n : 1);
    if (copy && n)
        memcpy(copy, p, n);
    return copy;
}

void arena_release(struct arena *a)
{
    for (struct arena_chunk *c = a->chunks, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    *a = (struct arena){ 0 };
}

uint32_t keyset_put(struct keyset *k, const void *bytes, size_t n)
{
    if (!grow_array(&k->keys, k->n, &k->cap, sizeof *k->keys))
        return TABLE_NONE;
    /* two keys of one hash: the second lives under the next free number */
    for (uint64_t hash = XXH3_64bits(bytes, n);; hash++) {
        uint32_t i = table_put(&k->by_hash, hash, k->n);
        if (i == TABLE_NONE)
            return i;
        if (i < k->n) {
            if (k->keys[i].len == n && memcmp(k->keys[i].p, bytes, n) == 0)
                return i;
            continue;
        }
        char *copy = arena_alloc(k->arena, n + 1);
        if (!copy)
            return TABLE_NONE;
        if (n)
            memcpy(copy, bytes, n);
        copy[n] = '\0';
        k->keys[k->n++] = (struct ghost_str){ copy, (uint32_t)n };
        return i;
    }
}

uint32_t keyset_find(const struct keyset *k, const void *bytes, size_t n)
{
    for (uint64_t hash = XXH3_64bits(bytes, n);; hash++) {
        uint32_t i = table_get(&k->by_hash, hash);
        if (i == TABLE_NONE || (k->keys[i].len == n && memcmp(k->keys[i].p, bytes, n) == 0))
            return i;
    }
}

void keyset_release(struct keyset *k)
{
    free(k->keys);
    table_release(&k->by_hash);
    *k = (struct keyset){ 0 };
}

struct ghost_str keyset_str(struct keyset *k, struct ghost_str s)
{
    uint32_t i = keyset_put(k, s.p, s.len);
    return i == TABLE_NONE ? (struct ghost_str){ "", 0 } : k->keys[i];
}
