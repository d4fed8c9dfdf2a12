/* hist.c - log-linear histogram of nanoseconds. */
#include "hist.h"

#include <stdlib.h>
#include <string.h>

uint64_t hist_lower(unsigned bucket)
{
    unsigned chunk = bucket / HIST_CHUNK, sub = bucket % HIST_CHUNK;
    return chunk ? (uint64_t)(HIST_CHUNK + sub) << (chunk - 1) : sub;
}

uint64_t hist_width(unsigned bucket)
{
    unsigned chunk = bucket / HIST_CHUNK;
    return (uint64_t)1 << (chunk ? chunk - 1 : 0);
}

void hist_release(struct hist *h)
{
    free(h->v);
    *h = (struct hist){ 0 };
}

void hist_clear(struct hist *h) { h->n = 0; }

/* Where the bucket is, or would be. */
static uint32_t place_of(const struct hist *h, unsigned bucket)
{
    uint32_t low = 0, high = h->n;
    if (h->n && bucket > h->v[h->n - 1].bucket)
        return h->n;                       /* the usual case when histograms are added up */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (h->v[middle].bucket < bucket)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* In small steps at first, unlike grow_array: there are many, and most stay small. */
static bool make_room(struct hist *h)
{
    uint32_t cap = h->cap ? h->cap * 2 : 4;
    struct hist_entry *v = h->n < h->cap ? h->v : realloc(h->v, cap * sizeof *v);
    if (!v)
        return false;
    h->cap = h->n < h->cap ? h->cap : cap;
    h->v = v;
    return true;
}

bool hist_add(struct hist *h, unsigned bucket, uint64_t count)
{
    uint32_t at = place_of(h, bucket);
    if (at == h->n || h->v[at].bucket != bucket) {
        if (!make_room(h))
            return false;
        memmove(h->v + at + 1, h->v + at, (h->n++ - at) * sizeof *h->v);
        h->v[at] = (struct hist_entry){ .bucket = bucket };
    }
    h->v[at].count += count;
    return true;
}

uint64_t hist_count(const struct hist *h)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < h->n; i++)
        n += h->v[i].count;
    return n;
}

uint64_t hist_quantile(const struct hist *h, unsigned permille, uint64_t min, uint64_t max)
{
    uint64_t n = hist_count(h);
    uint64_t rank = (uint64_t)(((unsigned __int128)n * permille + 999) / 1000), seen = 0;
    if (rank == 0)
        rank = 1;
    for (uint32_t i = 0; n && i < h->n; i++) {
        seen += h->v[i].count;
        if (seen < rank)
            continue;
        uint64_t value = hist_lower(h->v[i].bucket) + (hist_width(h->v[i].bucket) - 1) / 2;
        return value < min ? min : value > max ? max : value;
    }
    return 0;
}
