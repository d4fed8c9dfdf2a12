/* slices.h - what happened when: sums under a number (a function, say) and a
 * slice of time.
 *
 * Slices are as wide as the times met need, so that all of them fit into
 * GHOST_SLICES: a power of two nanoseconds, at multiples of it. When a time
 * does not fit, pairs of slices become one. Sums of sums are sums: the result is the same
 * in whatever order and in however many parts the same things were added. */
#ifndef GHOST_SLICES_H
#define GHOST_SLICES_H

#include <stdbool.h>
#include <stdint.h>
#include "ghost/model.h"
#include "table.h"

enum { SLICE_LEAST_SHIFT = 16 };                     /* 65.5 us: a narrower slice tells nothing */

struct slice_sums { uint64_t calls, exceptions, finished, total, self, log_sum, log_squares; };
struct slice_row { uint64_t number; uint32_t who; struct slice_sums sums; };   /* began at number << shift */

struct slices {
    unsigned shift;                                  /* 0: nothing was added */
    uint64_t first, last;                            /* numbers of the slices in use */
    struct slice_row *rows; uint32_t n, cap;
    struct table by_key;
};

void slices_release(struct slices *s);
/* The present width, and the slice that holds `real`. */
static inline unsigned slice_shift(const struct slices *s) { return s->shift ? s->shift : SLICE_LEAST_SHIFT; }
static inline uint64_t slice_number(const struct slices *s, uint64_t real) { return real >> slice_shift(s); }
/* Both false: out of memory. The first makes slices at least 1 << shift wide: before rows of other
 * slices are added, to be as wide as they are. */
bool slices_reach(struct slices *s, unsigned shift);
/* Adds sums of the slice that holds `real`. */
bool slices_add(struct slices *s, uint32_t who, uint64_t real, const struct slice_sums *sums);

#endif
