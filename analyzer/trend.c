/* trend.c - series of functions over sessions, and the break in each. */
#include "trend.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "statistics.h"

enum { RUNS_LEAST = 2 };                     /* sessions on either side of a break */

/* ---- series ---- */

static int compare_names(const struct diff_function *a, const struct diff_function *b)
{
    int r = ghost_str_compare(a->module, b->module);
    return r ? r : ghost_str_compare(a->qualname, b->qualname);
}

struct place { const struct diff_function *f; uint32_t side, nth; };   /* nth of its name in the session: lines move, names stay */

static int by_place(const void *pa, const void *pb)
{
    const struct place *a = pa, *b = pb;
    int r = compare_names(a->f, b->f);
    if (r == 0)
        r = (a->nth > b->nth) - (a->nth < b->nth);
    return r ? r : (a->side > b->side) - (a->side < b->side);
}

static bool add_series(struct trend *t, const struct place *v, uint32_t n, enum diff_measure measure, struct ghost_err *err)
{
    struct trend_series *s = &t->v[t->n++];
    s->values = ARENA_ARRAY(&t->arena, double, t->n_sides);
    s->variances = ARENA_ARRAY(&t->arena, double, t->n_sides);
    s->rates = ARENA_ARRAY(&t->arena, double, t->n_sides);
    s->own = ARENA_ARRAY(&t->arena, double, t->n_sides);
    s->calls = ARENA_ARRAY(&t->arena, uint64_t, t->n_sides);
    if (!s->values || !s->variances || !s->rates || !s->own || !s->calls)
        return false;
    for (uint32_t i = 0; i < t->n_sides; i++) {
        s->values[i] = s->rates[i] = s->own[i] = NAN;
        s->variances[i] = 0;
        s->calls[i] = 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = v[i].side;
        s->last = v[i].f;
        s->calls[at] = v[i].f->calls;
        s->rates[at] = diff_rate_of(v[i].f);
        if (v[i].f->finished && v[i].f->self)
            s->own[at] = (double)v[i].f->self / (double)v[i].f->finished;
        if (diff_estimate(v[i].f, measure, &s->values[at], &s->variances[at], err))
            s->known++;
        else
            s->values[at] = NAN;
        if (err->code == GHOST_E_NOMEM)
            return false;
    }
    return true;
}

static bool make_series(struct trend *t, enum diff_measure measure, bool modules, struct ghost_err *err)
{
    uint32_t n = 0, all = 0;
    for (uint32_t i = 0; i < t->n_sides; i++)
        all += t->sides[i].n;
    struct place *v = calloc((size_t)all + 1, sizeof *v);
    t->v = calloc((size_t)all + 1, sizeof *t->v);
    bool ok = v && t->v;
    for (uint32_t i = 0; ok && i < t->n_sides; i++)
        for (uint32_t k = 0, nth = 0; k < t->sides[i].n; k++) {
            const struct diff_function *f = &t->sides[i].v[k];
            nth = k && compare_names(f, f - 1) == 0 ? nth + 1 : 0;
            if (!f->is_module || modules)
                v[n++] = (struct place){ f, i, nth };
        }
    if (ok)
        qsort(v, n, sizeof *v, by_place);
    for (uint32_t i = 0, run; ok && i < n; i += run) {
        for (run = 1; i + run < n && compare_names(v[i].f, v[i + run].f) == 0 && v[i].nth == v[i + run].nth; run++)
            ;
        ok = add_series(t, v + i, run, measure, err);
    }
    free(v);
    return ok;
}

/* ---- what all functions share ---- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, uint32_t n)
{
    if (n == 0)
        return 0;
    qsort(v, n, sizeof *v, by_value);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static double middle_of(const double *own, uint32_t n, double *scratch)
{
    uint32_t known = 0;
    for (uint32_t i = 0; i < n; i++)
        if (!isnan(own[i]))
            scratch[known++] = log(own[i]);
    return median(scratch, known);
}

/* speed[s]: the middle, over functions, of a session's own time of a call against the function's
 * middle one. Own time, so that the callers of what got slower do not bear witness with it. */
static void find_speed(struct trend *t, double *scratch, double *middles)
{
    for (uint32_t i = 0; i < t->n; i++)
        middles[i] = middle_of(t->v[i].own, t->n_sides, scratch);
    for (uint32_t s = 0; s < t->n_sides; s++) {
        uint32_t n = 0;
        for (uint32_t i = 0; i < t->n; i++)
            if (!isnan(t->v[i].own[s]))
                scratch[n++] = log(t->v[i].own[s]) - middles[i];
        t->speed[s] = exp(median(scratch, n));
    }
}

/* ---- breaks ---- */

struct level { double mean, variance; uint32_t n; };

static struct level level_of(const struct trend_series *s, uint32_t from, uint32_t to, const double *speed)
{
    struct level l = { 0, 0, 0 };
    for (uint32_t i = from; i < to; i++)
        if (!isnan(s->values[i])) {
            l.mean += log(s->values[i]) - (speed ? log(speed[i]) : 0);
            l.variance += s->variances[i];
            l.n++;
        }
    if (l.n) {
        l.mean /= l.n;
        l.variance /= (double)l.n * l.n;
    }
    return l;
}

/* Sum of squares that two levels, broken at `at`, leave over. */
static double rest_of(const struct trend_series *s, uint32_t at, uint32_t n, const double *speed)
{
    struct level b = level_of(s, 0, at, speed), a = level_of(s, at, n, speed);
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        if (!isnan(s->values[i])) {
            double off = log(s->values[i]) - log(speed[i]) - (i < at ? b.mean : a.mean);
            sum += off * off;
        }
    return sum;
}

static uint32_t best_break(const struct trend_series *s, uint32_t n, const double *speed, double *left)
{
    uint32_t best = 0;
    for (uint32_t at = 1; at < n; at++) {
        if (level_of(s, 0, at, speed).n < RUNS_LEAST || level_of(s, at, n, speed).n < RUNS_LEAST)
            continue;
        double rest = rest_of(s, at, n, speed);
        if (!best || rest < *left) {
            best = at;
            *left = rest;
        }
    }
    return best;
}

/* How much sessions differ beside breaks: the middle of what all series leave over. */
static double between_sessions(const struct trend *t, double *scratch)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->n; i++) {
        double left = 0;
        if (best_break(&t->v[i], t->n_sides, t->speed, &left) && t->v[i].known > 2)
            scratch[n++] = left / (t->v[i].known - 2);
    }
    return median(scratch, n);
}

static void find_break(struct trend *t, struct trend_series *s, double between, double z, double least)
{
    double left = 0;
    uint32_t at = best_break(s, t->n_sides, t->speed, &left);
    if (!at)
        return;
    struct level b = level_of(s, 0, at, t->speed), a = level_of(s, at, t->n_sides, t->speed);
    struct level raw_b = level_of(s, 0, at, NULL), raw_a = level_of(s, at, t->n_sides, NULL);
    double own = s->known > 2 ? left / (s->known - 2) : 0, spread = fmax(own, between);
    double half = z * sqrt(b.variance + a.variance + spread * (1.0 / b.n + 1.0 / a.n));
    double ratio = a.mean - b.mean, raw = raw_a.mean - raw_b.mean;
    if (fabs(ratio) - half <= 0 || fabs(ratio) <= least || fabs(raw) <= least || (ratio > 0) != (raw > 0))
        return;
    s->break_at = at;
    s->ratio = exp(ratio);
    s->low = exp(ratio - half);
    s->high = exp(ratio + half);
}

static int by_weight(const void *pa, const void *pb)
{
    const struct trend_series *a = pa, *b = pb;
    double x = a->break_at ? fabs(log(a->ratio)) : 0, y = b->break_at ? fabs(log(b->ratio)) : 0;
    if (x != y)
        return x < y ? 1 : -1;
    if (a->last->total != b->last->total)
        return a->last->total < b->last->total ? 1 : -1;
    return ghost_str_compare(a->last->fn_key, b->last->fn_key);
}

int trend_make(struct trend *t, struct diff_side *sides, uint32_t n, enum diff_measure measure, const struct diff_options *o, struct ghost_err *err)
{
    *t = (struct trend){ .sides = sides, .n_sides = n };
    t->speed = ARENA_ARRAY(&t->arena, double, n);
    bool ok = t->speed && make_series(t, measure, o->modules, err);
    double *scratch = calloc((size_t)t->n + n + 1, sizeof *scratch), *middles = calloc((size_t)t->n + 1, sizeof *middles);
    ok = ok && scratch && middles;
    if (ok) {
        find_speed(t, scratch, middles);
        double between = between_sessions(t, scratch), tests = (double)t->n * (n > 1 ? n - 1 : 1);
        double z = normal_upper(o->alpha / 2 / fmax(1, tests));
        for (uint32_t i = 0; i < t->n; i++)
            find_break(t, &t->v[i], between, z, log(1 + o->min_effect));
        qsort(t->v, t->n, sizeof *t->v, by_weight);
    }
    free(scratch);
    free(middles);
    if (ok)
        return 0;
    trend_release(t);
    return ghost_fail(err, GHOST_E_NOMEM, "out of memory while comparing sessions");
}

void trend_release(struct trend *t)
{
    for (uint32_t i = 0; i < t->n_sides; i++)
        diff_side_release(&t->sides[i]);
    free(t->sides);
    free(t->v);
    arena_release(&t->arena);
    *t = (struct trend){ 0 };
}
