/* hist.c - log-linear histogram of nanoseconds. */
#include "hist.h"

#include <stdlib.h>

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
    for (unsigned i = 0; i < HIST_CHUNKS; i++)
        free(h->chunk[i]);
    *h = (struct hist){ 0 };
}

bool hist_add(struct hist *h, unsigned bucket, uint64_t count)
{
    uint64_t **chunk = &h->chunk[bucket / HIST_CHUNK];
    if (!*chunk && !(*chunk = calloc(HIST_CHUNK, sizeof **chunk)))
        return false;
    (*chunk)[bucket % HIST_CHUNK] += count;
    return true;
}

uint64_t hist_count(const struct hist *h)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < HIST_CHUNKS; i++)
        for (unsigned j = 0; h->chunk[i] && j < HIST_CHUNK; j++)
            n += h->chunk[i][j];
    return n;
}

uint64_t hist_quantile(const struct hist *h, unsigned permille, uint64_t min, uint64_t max)
{
    uint64_t n = hist_count(h);
    uint64_t rank = (uint64_t)(((unsigned __int128)n * permille + 999) / 1000), seen = 0;
    if (rank == 0)
        rank = 1;
    for (unsigned b = 0; n && b < HIST_BUCKETS; b++) {
        const uint64_t *chunk = h->chunk[b / HIST_CHUNK];
        if (!chunk) {
            b |= HIST_CHUNK - 1;             /* to the chunk's last bucket */
            continue;
        }
        seen += chunk[b % HIST_CHUNK];
        if (seen < rank)
            continue;
        uint64_t value = hist_lower(b) + (hist_width(b) - 1) / 2;
        return value < min ? min : value > max ? max : value;
    }
    return 0;
}
