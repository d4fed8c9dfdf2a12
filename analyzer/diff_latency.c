/* diff_latency.c - is a function slower, or is it noise?
 *
 * Each measure of each side gets an estimate (as a logarithm) and its variance;
 * the slices of time of each process tell how much a measure varies by itself,
 * whatever makes it vary. A change must be larger than the least effect and
 * outside of the interval both as it stands and after the speed that the rest
 * of the program shows is taken off: two runs of one program on a machine that
 * was slower the second time have nothing to tell. docs/diff.md derives it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diff.h"
#include "statistics.h"

const char *const diff_measure_names[] = {
#define X(name, text, share) #name,
    DIFF_MEASURES(X)
#undef X
};
const char *const diff_measure_texts[] = {
#define X(name, text, share) text,
    DIFF_MEASURES(X)
#undef X
};
static const double shares[] = {
#define X(name, text, share) share,
    DIFF_MEASURES(X)
#undef X
};

enum {
    CALLS_LEAST = 30,            /* fewer calls tell nothing about their distribution */
    CELLS_LEAST = 5,             /* and fewer slices nothing about its stability */
    TAIL_LEAST = 20,             /* calls beyond a quantile */
    LEAST_NS = 300,              /* below, the recorder's own cost is part of the difference */
};
/* An estimate with a larger error has no logarithm to speak of: a mean that one call made, a
 * quantile between two humps. */
static const double STEADY = 0.25;
/* A tail moves with the machine more than the middle does. */
static const double effect_factor[] = { [DIFF_typical] = 1, [DIFF_mean] = 1, [DIFF_p50] = 1, [DIFF_p95] = 1.5, [DIFF_p99] = 2 };

/* ---- one measure of one side ---- */

struct estimate { double value, variance, dof; bool known; };   /* value in ns; variance of its logarithm */

/* How many times more a mean varies than if calls were independent: for the middle of the
 * distribution, and for its tails, which come in bursts of their own. */
struct design { double effect, tail_effect, dof; bool known; };

/* Middle and spread in bucket numbers, and how much the squares of the deviations spread, of one call. */
struct moments { double n, mean, variance, of_squares; };

/* Calls `each` for every bucket in use, in order. */
typedef void each_bucket(void *self, unsigned bucket, double count);
static void walk(const struct hist *h, each_bucket *each, void *self)
{
    for (uint32_t i = 0; i < h->n; i++)
        if (h->v[i].count)
            each(self, h->v[i].bucket, (double)h->v[i].count);
}

static void add_first(void *self, unsigned bucket, double count)
{
    struct moments *m = self;
    m->n += count;
    m->mean += count * (double)bucket;
}

static void add_higher(void *self, unsigned bucket, double count)
{
    struct moments *m = self;
    double off = (double)bucket - m->mean;
    m->variance += count * off * off;
    m->of_squares += count * off * off * off * off;
}

static struct moments moments_of(const struct diff_function *f)
{
    struct moments m = { 0, 0, 0, 0 };
    walk(&f->hist, add_first, &m);
    if (m.n <= 0)
        return m;
    m.mean /= m.n;
    walk(&f->hist, add_higher, &m);
    m.variance = fmax(m.variance / m.n, 1);                  /* a bucket is the least spread there is */
    m.of_squares = fmax(m.of_squares / m.n - m.variance * m.variance, 1);
    return m;
}

static struct design design_of(const struct diff_function *f, struct piece *pieces)
{
    struct moments m = moments_of(f);
    struct design d = { 1, 1, 0, false };
    struct clustered c[2];
    for (unsigned squares = 0; squares < 2; squares++) {
        uint32_t used = 0;
        for (uint32_t i = 0; i < f->n_cells; i++) {
            const struct diff_cell *cell = &f->cells[i];
            double n = (double)cell->finished, sum = (double)cell->log_sum;
            if (cell->finished)
                pieces[used++] = (struct piece){ n, squares ? (double)cell->log_squares - 2 * m.mean * sum + n * m.mean * m.mean : sum };
        }
        if (used < CELLS_LEAST || m.n < CALLS_LEAST)
            return d;
        c[squares] = clustered_mean(pieces, used);
    }
    d.known = true;
    d.dof = c[0].dof;
    d.effect = fmax(1, c[0].variance * m.n / m.variance);
    d.tail_effect = fmax(d.effect, c[1].variance * m.n / m.of_squares);
    return d;
}

static struct estimate mean_of(const struct diff_function *f, struct piece *pieces)
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < f->n_cells; i++)
        if (f->cells[i].finished)
            pieces[used++] = (struct piece){ (double)f->cells[i].finished, (double)f->cells[i].total };
    struct clustered c = clustered_mean(pieces, used);
    bool known = c.dof >= CELLS_LEAST - 1 && c.mean > 0 && c.variance < STEADY * STEADY * c.mean * c.mean;
    return (struct estimate){ c.mean, known ? c.variance / (c.mean * c.mean) : 0, c.dof, known };
}

/* Mean and spread of the logarithm, from the histogram: slices have it in bucket numbers, which are only nearly one. */
struct logs { double n, sum, squares; };
static void add_logs(void *self, unsigned bucket, double count)
{
    struct logs *l = self;
    double x = log((double)hist_lower(bucket) + (double)hist_width(bucket) / 2);
    l->n += count;
    l->sum += count * x;
    l->squares += count * x * x;
}

static struct estimate typical_of(const struct diff_function *f, struct design d)
{
    struct logs l = { 0, 0, 0 };
    walk(&f->hist, add_logs, &l);
    if (l.n < 1)
        return (struct estimate){ .known = false };
    double mean = l.sum / l.n, spread = fmax(l.squares / l.n - mean * mean, 1e-4);
    return (struct estimate){ exp(mean), spread / l.n * d.effect, d.dof, true };
}

struct rank { double wanted, seen, value; };
static void look_at(void *self, unsigned bucket, double count)
{
    struct rank *r = self;
    if (r->seen < r->wanted && r->seen + count >= r->wanted)
        r->value = (double)hist_lower(bucket) + (double)hist_width(bucket) * (r->wanted - r->seen) / count;
    r->seen += count;
}

/* The value at a rank; linear inside a bucket. */
static double value_at(const struct diff_function *f, double rank)
{
    struct rank r = { fmax(rank, 1e-9), 0, (double)f->max };
    walk(&f->hist, look_at, &r);
    return fmin(fmax(r.value, (double)f->min), (double)f->max);
}

/* The values at ranks z standard errors to either side of the quantile's are an interval of it,
 * whatever the distribution is: where it has two humps, the interval reaches from one to the other. */
static struct estimate quantile_of(const struct diff_function *f, double share, struct design d, double z)
{
    double n = (double)f->finished, error = z * sqrt(n * share * (1 - share) * (share > 0.5 ? d.tail_effect : d.effect));
    double at = value_at(f, n * share), low = value_at(f, n * share - error), high = value_at(f, n * share + error);
    if (n * (1 - share) < TAIL_LEAST || n * share - error < 1 || n * share + error > n - 1 || low <= 0)
        return (struct estimate){ .known = false };
    double half = fmax(log(high / low) / 2 / z, 0.002);
    return (struct estimate){ at, half * half, d.dof, half < STEADY };
}

static void estimate_all(const struct diff_function *f, struct estimate out[DIFF_N_MEASURES], struct piece *pieces, double z)
{
    struct design d = design_of(f, pieces);
    memset(out, 0, DIFF_N_MEASURES * sizeof *out);
    for (unsigned m = 0; d.known && m < DIFF_N_MEASURES; m++)
        if (shares[m] > 0)
            out[m] = quantile_of(f, shares[m], d, z);
    if (d.known) {
        out[DIFF_typical] = typical_of(f, d);
        out[DIFF_mean] = mean_of(f, pieces);
    }
}

bool diff_estimate(const struct diff_function *f, enum diff_measure m, double *ns, double *variance, struct ghost_err *err)
{
    struct estimate all[DIFF_N_MEASURES];
    struct piece *pieces = calloc((size_t)f->n_cells + 1, sizeof *pieces);
    if (!pieces) {
        ghost_fail(err, GHOST_E_NOMEM, "out of memory");
        return false;
    }
    estimate_all(f, all, pieces, 2);
    free(pieces);
    *ns = all[m].value;
    *variance = all[m].variance;
    return all[m].known;
}

/* ---- the rest of the program ---- */

/* What each function that both sides have says of the machine: log of its own time, after over before. */
struct witness { double ratio, weight; uint32_t pair; };
struct rest { struct witness *v, *scratch; uint32_t n; };

/* Time in the function itself, so that the callers of one that got slower do not bear witness
 * with it. Where nearly all of a call is its own, the typical call tells it better than the mean. */
static struct witness witness_of(const struct diff_pair *p, uint32_t index)
{
    const struct diff_function *b = p->before, *a = p->after;
    double weight = sqrt(fmin(1000, (double)(b->finished < a->finished ? b->finished : a->finished)));
    struct witness w = { NAN, weight, index };
    if ((double)b->self > 0.8 * (double)b->total && (double)a->self > 0.8 * (double)a->total)
        w.ratio = log(value_at(a, (double)a->finished / 2) / value_at(b, (double)b->finished / 2));
    else if (b->self && a->self)
        w.ratio = log((double)a->self / (double)a->finished * (double)b->finished / (double)b->self);
    return w;
}

static int by_ratio(const void *a, const void *b)
{
    double x = ((const struct witness *)a)->ratio, y = ((const struct witness *)b)->ratio;
    return (x > y) - (x < y);
}

static double weighted_median(struct witness *v, uint32_t n)
{
    double all = 0, seen = 0;
    if (n)
        qsort(v, n, sizeof *v, by_ratio);
    for (uint32_t i = 0; i < n; i++)
        all += v[i].weight;
    for (uint32_t i = 0; i < n; i++) {
        seen += v[i].weight;
        if (seen > all / 2)
            return v[i].ratio;
        if (seen == all / 2 && i + 1 < n)
            return (v[i].ratio + v[i + 1].ratio) / 2;
    }
    return 0;
}

/* Middle and spread of what all pairs but one show. */
static void expected_for(const struct rest *r, uint32_t pair, double *middle, double *spread)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->n; i++)
        if (r->v[i].pair != pair)
            r->scratch[n++] = r->v[i];
    *middle = weighted_median(r->scratch, n);
    for (uint32_t i = 0; i < n; i++)
        r->scratch[i].ratio = fabs(r->scratch[i].ratio - *middle);
    *spread = 1.4826 * weighted_median(r->scratch, n);
}

/* With many others, leaving the pair's own value out moves the middle by nothing worth a sort. */
enum { REST_SHARED = 64 };

/* ---- change ---- */

static bool beyond(double log_ratio, double half, double least)
{
    return fabs(log_ratio) > least && fabs(log_ratio) - half > 0;
}

static void compare(struct diff_latency *l, const struct estimate *b, const struct estimate *a, double tail, double least,
                    double expected, double spread)
{
    l->known = b->known && a->known;
    l->before = b->value;
    l->after = a->value;
    if (!l->known)
        return;
    double variance = b->variance + a->variance, ratio = log(a->value / b->value);
    /* Welch and Satterthwaite */
    double dof = variance * variance / (b->variance * b->variance / b->dof + a->variance * a->variance / a->dof);
    double half = student_upper(tail, fmax(1, dof)) * sqrt(variance), against = ratio - expected;
    l->ratio = exp(ratio);
    l->low = exp(ratio - half);
    l->high = exp(ratio + half);
    l->expected = exp(expected);
    l->significant = beyond(ratio, half, least) && beyond(against, half + 2 * spread, least) && (ratio > 0) == (against > 0) &&
                     fabs(a->value - b->value) > LEAST_NS;
}

static void total_time(struct diff_pair *p)
{
    struct diff_latency *l = &p->latency[DIFF_total];
    *l = (struct diff_latency){ .before = (double)p->before->total, .after = (double)p->after->total, .expected = 1 };
    if (p->before->total)
        l->ratio = l->low = l->high = l->after / l->before;
    l->known = p->before->total > 0;         /* a fact about both recordings; its significance is the mean's and the calls' */
}

/* What a side shows where there is too little to estimate from. The pair has finished calls on both. */
static double plain_value(const struct diff_function *f, unsigned m)
{
    double n = (double)f->finished;
    return shares[m] > 0 ? value_at(f, shares[m] * n) : (double)f->total / n;
}

static void compare_pair(struct diff *d, struct diff_pair *p, double tail, double expected, double spread, struct piece *pieces)
{
    struct estimate before[DIFF_N_MEASURES], after[DIFF_N_MEASURES];
    double z = normal_upper(tail);
    estimate_all(p->before, before, pieces, z);
    estimate_all(p->after, after, pieces, z);
    for (unsigned m = 0; m < DIFF_total; m++) {
        double least = log(1 + d->options->min_effect * effect_factor[m]);
        compare(&p->latency[m], &before[m], &after[m], tail, least, expected, spread);
        if (!before[m].known)
            p->latency[m].before = plain_value(p->before, m);
        if (!after[m].known)
            p->latency[m].after = plain_value(p->after, m);
    }
    total_time(p);
}

static bool both_finished(const struct diff_pair *p) { return p->before && p->after && p->before->finished && p->after->finished; }

int diff_compare_latency(struct diff *d, struct ghost_err *err)
{
    uint32_t most = 1, tests = 1;
    for (uint32_t i = 0; i < d->n; i++) {
        const struct diff_pair *p = &d->pairs[i];
        if (!both_finished(p))
            continue;
        most = p->before->n_cells > most ? p->before->n_cells : most;
        most = p->after->n_cells > most ? p->after->n_cells : most;
        tests += p->before->finished >= CALLS_LEAST && p->after->finished >= CALLS_LEAST;
    }
    struct piece *pieces = calloc(most, sizeof *pieces);
    struct rest r = { calloc((size_t)d->n + 1, sizeof *r.v), calloc((size_t)d->n + 1, sizeof *r.v), 0 };
    bool ok = pieces && r.v && r.scratch;
    for (uint32_t i = 0; ok && i < d->n; i++) {
        struct witness w = { NAN, 0, i };
        if (both_finished(&d->pairs[i]))
            w = witness_of(&d->pairs[i], i);
        if (!isnan(w.ratio))
            r.v[r.n++] = w;
    }
    double all = 0, all_spread = 0;
    if (ok)
        expected_for(&r, GHOST_NONE, &all, &all_spread);
    d->speed = exp(all);
    /* Bonferroni over functions and measures: no assumption about how they hang together. */
    double tail = d->options->alpha / 2 / ((double)tests * DIFF_total);
    for (uint32_t i = 0; ok && i < d->n; i++) {
        double expected = all, spread = all_spread;
        if (!both_finished(&d->pairs[i]))
            continue;
        if (r.n < REST_SHARED)
            expected_for(&r, i, &expected, &spread);
        compare_pair(d, &d->pairs[i], tail, expected, spread, pieces);
    }
    free(pieces);
    free(r.v);
    free(r.scratch);
    return ok ? 0 : ghost_fail(err, GHOST_E_NOMEM, "out of memory while comparing latencies");
}
