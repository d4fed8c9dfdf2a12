/* hist.h - log-linear buckets of nanoseconds: exact below 128, then 64 buckets
 * an octave, so a bucket is at most 1.6 % wide and its middle at most 0.8 %
 * off. Buckets have fixed borders, so histograms add up in any order. */
#ifndef GHOST_HIST_H
#define GHOST_HIST_H

#include <stdbool.h>
#include <stdint.h>
#include "ghost/model.h"

enum { HIST_CHUNK = 64, HIST_CHUNKS = 59, HIST_BUCKETS = HIST_CHUNK * HIST_CHUNKS };

/* Octave of a value: 0 below 64, 1 below 128, and so on. */
static inline unsigned hist_chunk(uint64_t ns) { return 58u - (unsigned)__builtin_clzll(ns | 32); }
/* Its place inside the octave. */
static inline unsigned hist_sub(uint64_t ns, unsigned chunk) { return (unsigned)(ns >> (chunk - (chunk != 0))) & 63; }
static inline unsigned hist_bucket(uint64_t ns)
{
    unsigned chunk = hist_chunk(ns);
    return chunk * HIST_CHUNK + hist_sub(ns, chunk);
}

uint64_t hist_lower(unsigned bucket);      /* smallest value in it */
uint64_t hist_width(unsigned bucket);      /* number of values in it */

/* The buckets that were added to, ascending: most histograms have a dozen, and there are as many as
 * signatures. A count may be 0: what was added can be taken away again, modulo 2^64. */
struct hist_entry { uint64_t count; uint32_t bucket; };
struct hist { struct hist_entry *v; uint32_t n, cap; };
void hist_release(struct hist *h);
void hist_clear(struct hist *h);           /* empty, its memory is kept */
bool hist_add(struct hist *h, unsigned bucket, uint64_t count);
/* A histogram of the model, whose buckets ascend. */
bool hist_add_all(struct hist *h, const struct ghost_hist_bucket *v, uint32_t n);
uint64_t hist_count(const struct hist *h);

/* The value that `permille` of the values do not exceed: the middle of its
 * bucket, kept inside [min, max]. 0 when empty. */
uint64_t hist_quantile(const struct hist *h, unsigned permille, uint64_t min, uint64_t max);

#endif
