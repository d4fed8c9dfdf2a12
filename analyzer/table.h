/* table.h - hash table from 64-bit keys to 32-bit numbers, open addressing. */
#ifndef GHOST_TABLE_H
#define GHOST_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define TABLE_NONE UINT32_MAX

struct table_slot { uint64_t key; uint32_t value; };
struct table { struct table_slot *slots; uint32_t mask, n; };   /* value TABLE_NONE: free */

static inline uint64_t table_hash(uint64_t key)
{
    key *= 0x9E3779B97F4A7C15u;
    return key ^ key >> 29;
}

static inline void table_release(struct table *t)
{
    free(t->slots);
    *t = (struct table){ 0 };
}

static inline uint32_t table_get(const struct table *t, uint64_t key)
{
    if (!t->slots)
        return TABLE_NONE;
    for (uint32_t i = (uint32_t)table_hash(key) & t->mask;; i = (i + 1) & t->mask)
        if (t->slots[i].value == TABLE_NONE || t->slots[i].key == key)
            return t->slots[i].value;
}

static inline bool table_grow(struct table *t)
{
    uint32_t size = t->slots ? (t->mask + 1) * 2 : 64;
    struct table_slot *slots = size ? malloc(size * sizeof *slots) : NULL;
    if (!slots)
        return false;
    for (uint32_t i = 0; i < size; i++)
        slots[i].value = TABLE_NONE;
    for (uint32_t i = 0; t->slots && i <= t->mask; i++) {
        if (t->slots[i].value == TABLE_NONE)
            continue;
        uint32_t j = (uint32_t)table_hash(t->slots[i].key) & (size - 1);
        while (slots[j].value != TABLE_NONE)
            j = (j + 1) & (size - 1);
        slots[j] = t->slots[i];
    }
    free(t->slots);
    t->slots = slots;
    t->mask = size - 1;
    return true;
}

/* The number under `key`; a new key gets `value`. TABLE_NONE: out of memory. */
static inline uint32_t table_put(struct table *t, uint64_t key, uint32_t value)
{
    if ((!t->slots || t->n >= t->mask / 2) && !table_grow(t))
        return TABLE_NONE;
    uint32_t i = (uint32_t)table_hash(key) & t->mask;
    for (; t->slots[i].value != TABLE_NONE; i = (i + 1) & t->mask)
        if (t->slots[i].key == key)
            return t->slots[i].value;
    t->slots[i] = (struct table_slot){ key, value };
    t->n++;
    return value;
}

/* Room for one more element behind n; arrays double. */
static inline bool grow_array(void *array, uint32_t n, uint32_t *cap, size_t size)
{
    if (n < *cap)
        return true;
    uint32_t wanted = *cap ? *cap * 2 : 64;
    void *grown = wanted > *cap ? realloc(*(void **)array, wanted * size) : NULL;
    if (!grown)
        return false;
    *(void **)array = grown;
    *cap = wanted;
    return true;
}

#endif
