/* arena.h - memory that is freed all at once, and strings and keys kept once in it. */
#ifndef GHOST_ARENA_H
#define GHOST_ARENA_H

#include <stddef.h>
#include <stdint.h>
#include "ghost/def.h"
#include "table.h"

struct arena { struct arena_chunk *chunks; bool failed; };
/* Aligned for any type; NULL (and `failed` set, for ever) when out of memory. */
void *arena_alloc(struct arena *a, size_t n);
void *arena_copy(struct arena *a, const void *p, size_t n);
void arena_release(struct arena *a);
static inline void *arena_array(struct arena *a, size_t n, size_t size)
{
    return arena_alloc(a, (n ? n : 1) * size);
}
/* An array of n elements of type T. */
#define ARENA_ARRAY(a, T, n) ((T *)arena_array((a), (n), sizeof(T)))

/* Byte strings numbered from 0 in the order of their first appearance. */
struct keyset {
    struct arena *arena;
    struct ghost_str *keys; uint32_t n, cap;
    struct table by_hash;
};
/* Number of the key, copied when new; TABLE_NONE when out of memory. Keys are
 * followed by a NUL byte that is not part of them. */
uint32_t keyset_put(struct keyset *k, const void *bytes, size_t n);
/* The same without putting it there: TABLE_NONE when it is not. */
uint32_t keyset_find(const struct keyset *k, const void *bytes, size_t n);
void keyset_release(struct keyset *k);
/* The kept copy of a string: equal strings are equal pointers. */
struct ghost_str keyset_str(struct keyset *k, struct ghost_str s);

#endif
