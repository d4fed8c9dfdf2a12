/* vecmap.c - open addressing with linear probing. */
#include <stdlib.h>
#include <string.h>
#include "vecmap.h"

static uint64_t hash(const uint64_t *key, uint32_t width)
{
    uint64_t h = 0x9e3779b97f4a7c15u;
    for (uint32_t i = 0; i < width; i++) {
        h = (h ^ key[i]) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
    }
    return h;
}

/* A slot is taken when its `values` entry is not 0, or when its key was put with
 * value 0 later: `used` marks live beside the value in its top bit. */
#define USED 0x80000000u

static uint32_t find(const struct vecmap *m, const uint64_t *key)
{
    uint32_t mask = m->cap - 1, i = (uint32_t)hash(key, m->width) & mask;
    while (m->values[i] & USED && memcmp(m->keys + (size_t)i * m->width, key, m->width * sizeof(*key)) != 0)
        i = (i + 1) & mask;
    return i;
}

uint32_t vecmap_get(const struct vecmap *m, const uint64_t *key)
{
    return m->n ? m->values[find(m, key)] & ~USED : 0;
}

static bool grow(struct vecmap *m)
{
    struct vecmap bigger = { .width = m->width, .cap = m->cap ? m->cap * 2 : 8 };
    bigger.keys = malloc((size_t)bigger.cap * m->width * sizeof(*m->keys));
    bigger.values = calloc(bigger.cap, sizeof(*m->values));
    if (!bigger.keys || !bigger.values) {
        vecmap_release(&bigger);
        return false;
    }
    for (uint32_t i = 0; i < m->cap; i++)
        if (m->values[i] & USED)
            vecmap_put(&bigger, m->keys + (size_t)i * m->width, m->values[i] & ~USED);
    vecmap_release(m);
    *m = bigger;
    return true;
}

bool vecmap_put(struct vecmap *m, const uint64_t *key, uint32_t value)
{
    if (m->n * 4 >= m->cap * 3 && !grow(m))
        return false;
    uint32_t i = find(m, key);
    if (!(m->values[i] & USED)) {
        memcpy(m->keys + (size_t)i * m->width, key, m->width * sizeof(*key));
        m->n++;
    }
    m->values[i] = value | USED;
    return true;
}

void vecmap_clear(struct vecmap *m)
{
    if (m->cap)
        memset(m->values, 0, m->cap * sizeof(*m->values));
    m->n = 0;
}

void vecmap_release(struct vecmap *m)
{
    free(m->keys);
    free(m->values);
    m->keys = NULL;
    m->values = NULL;
    m->n = m->cap = 0;
}
