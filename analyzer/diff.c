/* diff.c - the stages of a comparison, and the order of what it tells. */
#include "diff.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is told ---- */

static bool any_novelty(const struct diff_pair *p)
{
    for (unsigned k = 0; k < DIFF_N_SHAPES; k++)
        if (p->fresh[k].n || p->gone[k].n)
            return true;
    return false;
}

static bool slower_or_faster(const struct diff_pair *p)
{
    for (unsigned m = 0; m < DIFF_N_MEASURES; m++)
        if (p->latency[m].significant)
            return true;
    return false;
}

bool diff_other_python(const struct diff *d)
{
    return d->before.python.len && d->after.python.len && ghost_str_compare(d->before.python, d->after.python) != 0;
}

/* Two recordings never see the same traffic: a count is news when it moved otherwise than most did. */
bool diff_calls_moved(const struct diff *d, const struct diff_pair *p)
{
    if (!p->before || !p->after || !(p->calls_before > 0) || !(p->calls_after > 0))
        return false;
    double ratio = log(p->calls_after / p->calls_before) - log(d->traffic);
    double error = sqrt(1 / (double)p->before->calls + 1 / (double)p->after->calls);
    return fabs(ratio) > log(1 + d->options->min_effect) && fabs(ratio) > 4 * error;
}

/* Tiers of what matters, and inside of one the time that the change costs or saves. */
enum { TIER_CALLS = 1, TIER_SHAPE, TIER_ALONE, TIER_LATENCY, TIER_EXCEPTIONS };

static unsigned tier_of(const struct diff *d, const struct diff_pair *p)
{
    if (p->match == DIFF_ALONE)
        return TIER_ALONE;
    if (p->exceptions.significant || p->fresh[DIFF_SHAPE_exceptions].n)
        return TIER_EXCEPTIONS;
    return slower_or_faster(p) ? TIER_LATENCY : any_novelty(p) ? TIER_SHAPE : diff_calls_moved(d, p) || p->match == DIFF_RENAMED ? TIER_CALLS : 0;
}

static double impact_of(const struct diff_pair *p)
{
    if (p->match == DIFF_ALONE)
        return (double)diff_any(p)->calls;
    return fabs(p->latency[DIFF_mean].after - p->latency[DIFF_mean].before) * (double)p->after->calls;
}

static int by_weight(const void *pa, const void *pb)
{
    const struct diff_pair *a = pa, *b = pb;
    if (a->weight != b->weight)
        return a->weight < b->weight ? 1 : -1;
    return ghost_str_compare(diff_any(a)->fn_key, diff_any(b)->fn_key);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool find_traffic(struct diff *d)
{
    double *v = calloc((size_t)d->n + 1, sizeof *v);
    uint32_t n = 0;
    for (uint32_t i = 0; v && i < d->n; i++)
        if (d->pairs[i].calls_before > 0 && d->pairs[i].calls_after > 0)
            v[n++] = d->pairs[i].calls_after / d->pairs[i].calls_before;
    if (v)
        qsort(v, n, sizeof *v, by_value);
    d->traffic = v && n ? v[n / 2] : 1;
    free(v);
    return v != NULL;
}

static int put_in_order(struct diff *d, struct ghost_err *err)
{
    if (!find_traffic(d))
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory while comparing");
    for (uint32_t i = 0; i < d->n; i++) {
        struct diff_pair *p = &d->pairs[i];
        unsigned tier = tier_of(d, p);
        p->changed = tier > 0 && p->match != DIFF_ALONE;
        double impact = impact_of(p);
        p->weight = tier + impact / (1 + impact);
        d->changed += p->changed;
    }
    qsort(d->pairs, d->n, sizeof *d->pairs, by_weight);
    return 0;
}

/* ---- all ---- */

int diff_make(struct diff *d, struct diff_side *before, struct diff_side *after, const struct diff_options *o, struct ghost_err *err)
{
    static int (*const stages[])(struct diff *, struct ghost_err *) = {
        diff_match_functions, diff_compare_latency, diff_compare_rates, diff_compare_shapes, diff_compare_anomalies, put_in_order,
    };
    int ret = 0;
    *d = (struct diff){ .options = o, .before = *before, .after = *after };
    *before = *after = (struct diff_side){ 0 };
    for (size_t i = 0; ret == 0 && i < sizeof stages / sizeof *stages; i++)
        ret = stages[i](d, err);
    if (ret < 0)
        diff_release(d);
    return ret;
}

void diff_release(struct diff *d)
{
    diff_release_anomalies(d);
    diff_side_release(&d->before);
    diff_side_release(&d->after);
    free(d->pairs);
    arena_release(&d->arena);
    *d = (struct diff){ 0 };
}
