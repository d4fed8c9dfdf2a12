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
static bool make_room(struct hist *h, uint32_t more)
{
    uint32_t needed = h->n + more, cap = h->cap ? h->cap * 2 : 4;
    if (needed <= h->cap)
        return true;
    cap = needed > cap ? needed : cap;
    struct hist_entry *v = realloc(h->v, cap * sizeof *v);
    if (!v)
        return false;
    h->cap = cap;
    h->v = v;
    return true;
}

bool hist_add(struct hist *h, unsigned bucket, uint64_t count)
{
    uint32_t at = place_of(h, bucket);
    if (at == h->n || h->v[at].bucket != bucket) {
        if (!make_room(h, 1))
            return false;
        memmove(h->v + at + 1, h->v + at, (h->n++ - at) * sizeof *h->v);
        h->v[at] = (struct hist_entry){ .bucket = bucket };
    }
    h->v[at].count += count;
    return true;
}

/* How many of the buckets h has not. */
static uint32_t count_new(const struct hist *h, const struct ghost_hist_bucket *v, uint32_t n)
{
    uint32_t at = 0, fresh = 0;
    for (uint32_t i = 0; i < n; i++) {
        unsigned bucket = hist_bucket(v[i].lower);
        while (at < h->n && h->v[at].bucket < bucket)
            at++;
        fresh += at == h->n || h->v[at].bucket != bucket;
    }
    return fresh;
}

/* Merged from the end, so that nothing is moved twice. */
bool hist_add_all(struct hist *h, const struct ghost_hist_bucket *v, uint32_t n)
{
    uint32_t fresh = count_new(h, v, n), from = h->n, to = h->n + fresh;
    if (!make_room(h, fresh))
        return false;
    while (n-- > 0) {
        unsigned bucket = hist_bucket(v[n].lower);
        while (from && h->v[from - 1].bucket > bucket)
            h->v[--to] = h->v[--from];
        if (from && h->v[from - 1].bucket == bucket)
            h->v[--to] = (struct hist_entry){ h->v[--from].count + v[n].count, bucket };
        else
            h->v[--to] = (struct hist_entry){ v[n].count, bucket };
    }
    h->n += fresh;
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
