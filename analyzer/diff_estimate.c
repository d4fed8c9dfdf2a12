/* diff_estimate.c - a measure of one side's latencies, and how much it varies by itself. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diff_latency.h"

static const double shares[] = {
#define X(name, text, share) share,
    DIFF_MEASURES(X)
#undef X
};

enum { TAIL_LEAST = 20 };        /* calls beyond a quantile */
enum { QUICK_LEAST = 3 };        /* calls, of which the slowest is a quick one */
/* The machine comes in long phases, but no phase of it makes a call quicker than it can be; a quick path that
 * is seldom taken comes in bursts: as if so many calls were one. */
enum { QUICK_BURST = 4 };

double diff_share(const struct diff_function *f, enum diff_measure m)
{
    return m == DIFF_quick ? fmax(shares[m], QUICK_LEAST / (double)f->finished) : shares[m];
}

/* An estimate with a larger error has no logarithm to speak of: a mean that one call made, a
 * quantile between two humps. */
static const double STEADY = 0.25;

/* How many times more a mean varies than if calls were independent: for the middle of the
 * distribution, and for its tails, which come in bursts of their own. */
struct design { double effect, tail_effect, dof; bool known; };

/* Middle and spread in bucket numbers, and how much the squares of the deviations spread, of one call. */
struct moments { double n, mean, variance, of_squares; };

static struct moments moments_of(const struct diff_function *f)
{
    struct moments m = { 0, 0, 0, 0 };
    for (uint32_t i = 0; i < f->hist.n; i++) {
        m.n += (double)f->hist.v[i].count;
        m.mean += (double)f->hist.v[i].count * (double)f->hist.v[i].bucket;
    }
    if (m.n <= 0)
        return m;
    m.mean /= m.n;
    for (uint32_t i = 0; i < f->hist.n; i++) {
        double count = (double)f->hist.v[i].count, off = (double)f->hist.v[i].bucket - m.mean;
        m.variance += count * off * off;
        m.of_squares += count * off * off * off * off;
    }
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
        if (used < DIFF_CELLS_LEAST || m.n < DIFF_CALLS_LEAST)
            return d;
        c[squares] = clustered_mean(pieces, used, GROUPS_LEAST);
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
    struct clustered c = clustered_mean(pieces, used, GROUPS_LEAST);
    bool known = c.dof >= DIFF_CELLS_LEAST - 1 && c.mean > 0 && c.variance < STEADY * STEADY * c.mean * c.mean;
    double variance = known ? c.variance / (c.mean * c.mean) : 0;
    return (struct estimate){ c.mean, variance, variance, c.dof, known };
}

/* Mean and spread of the logarithm, from the histogram: slices have it in bucket numbers, which are only nearly one. */
struct logs { double n, sum, squares; };
static struct logs logs_of(const struct diff_function *f)
{
    struct logs l = { 0, 0, 0 };
    for (uint32_t i = 0; i < f->hist.n; i++) {
        const struct hist_entry *e = &f->hist.v[i];
        double count = (double)e->count, x = log((double)hist_lower(e->bucket) + (double)hist_width(e->bucket) / 2);
        l.n += count;
        l.sum += count * x;
        l.squares += count * x * x;
    }
    return l;
}

double diff_geometric(const struct diff_function *f)
{
    struct logs l = logs_of(f);
    return l.n > 0 ? exp(l.sum / l.n) : 0;
}

/* Without the machine, neighbours hang together for less long; more groups tell more surely. */
enum { STILL_GROUPS = 14 };

/* Its slices tell how much it varies beyond the machine, which is taken off them; not less than independent calls do. */
static struct estimate typical_of(const struct diff_function *f, const struct diff_speed *speed, struct piece *pieces)
{
    struct logs l = logs_of(f);
    uint32_t used = 0;
    if (l.n < 1)
        return (struct estimate){ .known = false };
    for (uint32_t i = 0; i < f->n_cells; i++) {
        const struct diff_cell *c = &f->cells[i];
        double n = (double)c->finished;
        if (c->finished)
            pieces[used++] = (struct piece){ n, n * (diff_cell_level(c) - (speed ? speed->slices[diff_cell_index(c)] : 0)) };
    }
    double mean = l.sum / l.n, spread = fmax(l.squares / l.n - mean * mean, 1e-4);
    struct clustered c = clustered_mean(pieces, used, STILL_GROUPS);
    double variance = fmax(spread / l.n, c.variance);
    return (struct estimate){ exp(mean), variance, variance, c.dof, c.dof > 0 };
}

/* The value at a rank; linear inside a bucket. */
static double value_at(const struct diff_function *f, double rank)
{
    double wanted = fmax(rank, 1e-9), seen = 0, value = (double)f->max;
    for (uint32_t i = 0; i < f->hist.n && seen < wanted; i++) {
        const struct hist_entry *e = &f->hist.v[i];
        double count = (double)e->count;
        if (seen + count >= wanted)
            value = (double)hist_lower(e->bucket) + (double)hist_width(e->bucket) * (wanted - seen) / count;
        seen += count;
    }
    return fmin(fmax(value, (double)f->min), (double)f->max);
}

double diff_quantile(const struct diff_function *f, double share) { return value_at(f, share * (double)f->finished); }

static double effect_on(enum diff_measure m, struct design d, double share)
{
    return m == DIFF_quick ? QUICK_BURST : share > 0.5 ? d.tail_effect : d.effect;
}

/* The values at ranks z standard errors to either side of the quantile's are an interval of it,
 * whatever the distribution is: where it has two humps, the interval reaches from one to the other.
 * That of the quickest calls begins with the quickest of all. */
static struct estimate quantile_of(const struct diff_function *f, enum diff_measure m, struct design d, double z)
{
    double n = (double)f->finished, share = diff_share(f, m);
    double error = z * sqrt(n * share * (1 - share) * effect_on(m, d, share)), first = n * share - error;
    double at = value_at(f, n * share), low = value_at(f, first), high = value_at(f, n * share + error);
    if (n * (1 - share) < TAIL_LEAST || (first < 1 && m != DIFF_quick) || n * share + error > n - 1 || low <= 0)
        return (struct estimate){ .known = false };
    /* apart, because the value may lie at the edge of a hump */
    double below = fmax(log(at / low) / z, 0.002), above = fmax(log(high / at) / z, 0.002);
    return (struct estimate){ at, below * below, above * above, m == DIFF_quick ? n : d.dof, (below + above) / 2 < STEADY };
}

void diff_estimate_all(const struct diff_function *f, const struct diff_speed *speed, double z, struct piece *pieces,
                       struct estimate out[DIFF_N_MEASURES])
{
    struct design d = design_of(f, pieces);
    memset(out, 0, DIFF_N_MEASURES * sizeof *out);
    for (unsigned m = 0; d.known && m < DIFF_N_MEASURES; m++)
        if (shares[m] > 0)
            out[m] = quantile_of(f, m, d, z);
    if (d.known) {
        out[DIFF_typical] = typical_of(f, speed, pieces);
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
    diff_estimate_all(f, NULL, 2, pieces, all);
    free(pieces);
    *ns = all[m].value;
    *variance = fmax(all[m].below, all[m].above);
    return all[m].known;
}
