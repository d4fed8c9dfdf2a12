/* trend.h - one measure of every function over many sessions, and where it broke.
 *
 * A break is a moment between two sessions with a level before and another one
 * after it: larger than the least effect, larger than what single sessions and
 * the differences between sessions explain, and not shared by the program as a
 * whole (docs/diff.md). */
#ifndef GHOST_TREND_H
#define GHOST_TREND_H

#include "diff.h"

struct trend_series {
    const struct diff_function *last;        /* in the newest session that has it */
    double *values, *variances;              /* by session: ns (NaN: not called, or too few calls), variance of the logarithm */
    double *own;                             /* by session: own time of a call, ns; NaN: not called */
    uint64_t *calls;                         /* by session */
    double *rates;                           /* by session: share of calls left by an exception, NaN: not called */
    uint32_t known;                          /* sessions with a value */
    uint32_t break_at;                       /* first session of the new level; 0: no break */
    double ratio, low, high;                 /* new level over old; 0: none */
};

struct trend {
    struct diff_side *sides; uint32_t n_sides;   /* sessions in the order given */
    double *speed;                           /* by session: what most functions share, 1 is the middle one */
    struct trend_series *v; uint32_t n;      /* breaks first, then by total time */
    struct arena arena;
};

/* Takes the sides over, whatever it returns. measure: not DIFF_total. */
int trend_make(struct trend *t, struct diff_side *sides, uint32_t n, enum diff_measure measure, const struct diff_options *o, struct ghost_err *err);
void trend_release(struct trend *t);

#endif
