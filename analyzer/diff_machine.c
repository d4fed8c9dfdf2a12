/* diff_machine.c - how fast the machine was, slice by slice, and who follows it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diff_latency.h"

/* ---- the machine ---- */

/* Level of a cell = level of its function + slowness of its slice + what else there is. Means over a
 * function's slices and medians over a slice's functions in turn come to rest soon (Tukey's median polish). */
enum { ROUNDS = 4 };
/* A slice in which few functions ran tells little of the machine: as if so many had seen it at its middle. */
static const double AT_REST = 4;

struct reading { double level, calls, weight; uint32_t function, slice; };

double diff_cell_level(const struct diff_cell *c)
{
    double mean = (double)c->log_sum / (double)c->finished;
    unsigned b = (unsigned)mean;
    double here = (double)hist_lower(b) + (double)hist_width(b) / 2, part = mean - b;
    if (part <= 0 || b + 1 >= HIST_BUCKETS)
        return log(here);
    return log(here + part * ((double)hist_lower(b + 1) + (double)hist_width(b + 1) / 2 - here));
}

/* Very short calls show the recorder and the caches more than the machine. */
double diff_witness_weight(double calls, double most, double ns)
{
    return sqrt(fmin(calls, most)) * fmin(1, fmax(0.01, ns / 5000));
}

static uint32_t slice_of(const char *element, size_t at)
{
    uint32_t slice;
    memcpy(&slice, element + at, sizeof slice);
    return slice;
}

/* Counted, then placed. */
bool diff_sort_by_slice(void *v, uint32_t n, size_t size, size_t at, uint32_t n_slices)
{
    uint32_t *next = calloc((size_t)n_slices + 1, sizeof *next);
    char *from = malloc((size_t)n * size + 1), *to = v;
    bool ok = next && from;
    if (ok)
        memcpy(from, v, (size_t)n * size);
    for (uint32_t i = 0; ok && i < n; i++)
        next[slice_of(from + i * size, at) + 1]++;
    for (uint32_t s = 1; ok && s <= n_slices; s++)
        next[s] += next[s - 1];
    for (uint32_t i = 0; ok && i < n; i++)
        memcpy(to + (size_t)next[slice_of(from + i * size, at)]++ * size, from + i * size, size);
    free(next);
    free(from);
    return ok;
}

/* By function. */
static uint32_t read_cells(const struct diff_side *side, const bool *skip, struct reading *v)
{
    uint32_t n = 0;
    for (uint32_t f = 0; f < side->n; f++) {
        const struct diff_function *row = &side->v[f];
        if ((skip && skip[f]) || row->finished < DIFF_CALLS_LEAST || row->n_cells < DIFF_CELLS_LEAST)
            continue;
        for (uint32_t i = 0; i < row->n_cells; i++) {
            const struct diff_cell *c = &row->cells[i];
            if (c->finished >= 3)
                v[n++] = (struct reading){ diff_cell_level(c), (double)c->finished, diff_witness_weight((double)c->finished, 100, (double)row->min), f, diff_cell_index(c) };
        }
    }
    return n;
}

static void levels_of(struct diff_speed *s, const struct reading *v, uint32_t n, double *calls)
{
    memset(calls, 0, s->n_functions * sizeof *calls);
    memset(s->levels, 0, s->n_functions * sizeof *s->levels);
    for (uint32_t i = 0; i < n; i++) {
        s->levels[v[i].function] += v[i].calls * (v[i].level - s->slices[v[i].slice]);
        calls[v[i].function] += v[i].calls;
    }
    for (uint32_t f = 0; f < s->n_functions; f++)
        s->levels[f] = calls[f] > 0 ? s->levels[f] / calls[f] : NAN;
}

static void slices_of(struct diff_speed *s, const struct reading *v, uint32_t n, struct weighted *scratch)
{
    for (uint32_t i = 0; i < n;) {
        uint32_t slice = v[i].slice, k = 0;
        for (; i < n && v[i].slice == slice; i++)
            scratch[k++] = (struct weighted){ v[i].level - s->levels[v[i].function], v[i].weight };
        s->slices[slice] = weighted_median(scratch, k) * k / (k + AT_REST);
    }
}

int diff_speed_make(struct diff_speed *s, const struct diff_side *side, const bool *skip, struct ghost_err *err)
{
    size_t cells = 1;
    for (uint32_t f = 0; f < side->n; f++)
        cells += side->v[f].n_cells;
    struct reading *v = calloc(cells, sizeof *v);
    struct weighted *scratch = calloc(cells, sizeof *scratch);
    double *calls = calloc((size_t)side->n + 1, sizeof *calls);
    *s = (struct diff_speed){ .n = diff_n_slices(side), .n_functions = side->n };
    s->slices = calloc((size_t)s->n + 1, sizeof *s->slices);
    s->levels = calloc((size_t)s->n_functions + 1, sizeof *s->levels);
    bool ok = v && scratch && calls && s->slices && s->levels;
    uint32_t n = ok ? read_cells(side, skip, v) : 0;
    ok = ok && diff_sort_by_slice(v, n, sizeof *v, offsetof(struct reading, slice), s->n);
    for (unsigned round = 0; ok && round < ROUNDS; round++) {
        levels_of(s, v, n, calls);
        slices_of(s, v, n, scratch);
    }
    free(v);
    free(scratch);
    free(calls);
    if (!ok)
        diff_speed_release(s);
    return ok ? 0 : ghost_fail(err, GHOST_E_NOMEM, "out of memory while looking for the machine's speed");
}

void diff_speed_release(struct diff_speed *s)
{
    free(s->slices);
    free(s->levels);
    *s = (struct diff_speed){ 0 };
}

/* ---- who follows it ---- */

enum { PACE_CELLS = 8 };         /* fewer slices tell nothing of a common movement */
static const double WAITS_PART = 0.4, FOLLOWS_LEAST = 0.3, SPEED_MOVED = 0.02;

struct line { double n, x, y, xx, xy, yy; };

/* Slope of the function's level over the machine's, less two standard errors. */
static double slope_at_least(const struct line *l, uint32_t cells)
{
    double x = l->x / l->n, y = l->y / l->n, xx = l->xx / l->n - x * x, xy = l->xy / l->n - x * y, yy = l->yy / l->n - y * y;
    if (xx <= SPEED_MOVED * SPEED_MOVED)
        return 0;
    double slope = xy / xx, rest = fmax(0, yy - slope * xy);
    return slope - 2 * sqrt(rest / xx / (cells - 2));
}

struct diff_pace diff_pace_of(const struct diff_function *f, const struct diff_speed *s, struct weighted *scratch)
{
    struct diff_pace p = { 0, DIFF_UNSURE };
    struct line l = { 0, 0, 0, 0, 0, 0 };
    double calls = 0;
    uint32_t cells = 0;
    for (uint32_t i = 0; i < f->n_cells; i++) {
        const struct diff_cell *c = &f->cells[i];
        if (!c->finished)
            continue;
        double n = (double)c->finished, w = fmin(n, 100), x = s->slices[diff_cell_index(c)], y = diff_cell_level(c);
        p.exposure += n * x;
        calls += n;
        l = (struct line){ l.n + w, l.x + w * x, l.y + w * y, l.xx + w * x * x, l.xy + w * x * y, l.yy + w * y * y };
        cells++;
    }
    p.exposure = calls > 0 ? p.exposure / calls : 0;
    if (cells < PACE_CELLS)
        return p;
    double spread[2];
    for (unsigned of = 0; of < 2; of++) {
        uint32_t n = 0;
        for (uint32_t i = 0; i < f->n_cells; i++)
            if (f->cells[i].finished)
                scratch[n++] = (struct weighted){ of ? diff_cell_level(&f->cells[i]) : s->slices[diff_cell_index(&f->cells[i])],
                                                  fmin(100, (double)f->cells[i].finished) };
        spread[of] = weighted_spread(scratch, n, weighted_median(scratch, n));
    }
    if (spread[0] > SPEED_MOVED && spread[1] < WAITS_PART * spread[0])
        p.nature = DIFF_WAITS;
    else if (slope_at_least(&l, cells) > FOLLOWS_LEAST)
        p.nature = DIFF_FOLLOWS;
    return p;
}
