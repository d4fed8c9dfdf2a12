/* diff_latency.c - is a function slower, or is it noise?
 *
 * What a function's typical call takes is compared at the speed that the machine
 * had while it ran, as far as the function follows the machine; a change must
 * show in the fast calls, in the middle and in the mean of the logarithms. Tails
 * and means, which one stall makes, must stand out as they are and against the
 * rest of the program. docs/diff.md derives it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diff_latency.h"
#include "threads.h"

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
enum { LEAST_NS = 300 };         /* below, the recorder's own cost is part of the difference */
enum { LEAST_QUICK_NS = 2000 };  /* caches that others empty between calls can cost even the quickest of them so much */
/* A tail moves with the machine more than the middle does. */
static const double effect_factor[] = { [DIFF_typical] = 1, [DIFF_mean] = 1, [DIFF_p50] = 1, [DIFF_p95] = 1.5, [DIFF_p99] = 2, [DIFF_quick] = 1 };

/* ---- a pair ---- */

/* Where a change of the whole distribution shows; and its quickest calls. */
enum { VIEW_TYPICAL, VIEW_FAST, VIEW_MIDDLE, N_OF_WHOLE, VIEW_QUICK = N_OF_WHOLE, N_VIEWS };
static const double FAST = 0.10;

struct candidate {
    bool both;                               /* has finished calls on both sides */
    enum diff_nature nature;
    double moved[N_OF_WHOLE];                /* log of after over before, as it stands */
    double exposure;                         /* how much slower the machine was while it ran, against each side's middle */
    double own;                              /* log of the own time of a call, after over before; NAN: none */
    bool leaf;                               /* nearly all of a call is its own */
    double weight;                           /* as a witness of the machine */
    double quickest;                         /* log of the quickest call, after over before */
    double cold;                             /* log of the typical over the quickest call, of the side with more of it */
    double own_ns;                           /* own time of a quick call */
    double calls;                            /* finished ones, of the side with fewer */
    const struct estimate *before, *after;   /* by measure */
};

static bool both_finished(const struct diff_pair *p) { return p->before && p->after && p->before->finished && p->after->finished; }

/* Two recordings agree on a function only within this (layout of memory, hash seeds), and within so many
 * ns; and few calls fall into few moments, of which each is of its own kind. */
static const double PLACE = 0.03, PLACE_NS = 10, PLACE_CALLS = 25;
/* A call that mostly takes far longer than it could, for caches that others emptied, say, may do so to
 * another extent next time: by this part of the logarithm. */
static const double PLACE_COLD = 0.12, COLD_NS = 8000;   /* and what caches cost a call at most */

static double cold_part(const struct diff_function *f, double geometric)
{
    double quick = fmax(1, (double)f->min);
    return fmin(log(geometric / quick), log1p(COLD_NS / quick));
}

static void look_at_pair(struct candidate *c, const struct diff_pair *p)
{
    const struct diff_function *b = p->before, *a = p->after;
    double geometric_b = diff_geometric(b), geometric_a = diff_geometric(a);
    c->both = true;
    c->moved[VIEW_TYPICAL] = log(geometric_a / geometric_b);
    c->moved[VIEW_FAST] = log(diff_quantile(a, FAST) / diff_quantile(b, FAST));
    c->moved[VIEW_MIDDLE] = log(diff_quantile(a, 0.5) / diff_quantile(b, 0.5));
    c->leaf = (double)b->self > 0.8 * (double)b->total && (double)a->self > 0.8 * (double)a->total;
    double own = (double)b->self / (double)b->finished;
    double own_a = (double)a->self / (double)a->finished;
    c->own = b->self && a->self ? log(own_a / own) : NAN;
    c->quickest = log(fmax(1, (double)a->min) / fmax(1, (double)b->min));
    c->calls = (double)(b->finished < a->finished ? b->finished : a->finished);
    c->cold = fmax(cold_part(a, geometric_a), cold_part(b, geometric_b));
    c->own_ns = fmax(1, c->leaf ? fmin((double)b->min, (double)a->min) : fmin(own, own_a));   /* of the side without the interrupted call */
    c->weight = diff_witness_weight(c->calls, 1000, c->own_ns);
}

/* ---- the rest of the program ---- */

struct rest {
    struct candidate *of; uint32_t n;        /* by pair */
    struct weighted *scratch;
};
struct expected {
    double middle, error;                    /* of the machine */
    double heads;                            /* as many equal witnesses */
    double apart;                            /* how far functions go apart that ran at the same time; 0: too few to tell */
};

/* One calls the other: what makes one slower may show in both. */
static bool related(const struct diff_pair *p, const struct diff_pair *q)
{
    return p == q || diff_among(&p->after->callers, q->after->fn_key) || diff_among(&p->after->callees, q->after->fn_key);
}

/* Among few, one that shows more of the recorder and of cold caches than of the machine must not count as a dissenter. */
static double few_weight(const struct candidate *c)
{
    double off = 0.04 * 0.04 + 150 / c->own_ns * 150 / c->own_ns;
    return (c->leaf ? 1 : 0.25) * fmin(1, c->calls / 300) / off;
}

static double said_by(const struct candidate *c, unsigned view, double *weight)
{
    *weight = c->leaf ? c->weight : c->weight / 4;
    if (view == VIEW_QUICK)
        return c->leaf ? c->quickest : NAN;          /* the machine at its best: no slice's slowness is in it */
    return (c->leaf ? c->moved[view] : c->own) - c->exposure;
}

/* What the witnesses say, all but the relatives of `pair` (GHOST_NONE: all). */
static struct expected expected_for(const struct rest *r, const struct diff *d, uint32_t pair, unsigned view)
{
    double sum = 0, squares = 0, off = 0;
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->n; i++) {
        double weight, said;
        if (!r->of[i].both || r->of[i].nature == DIFF_WAITS || (pair != GHOST_NONE && related(&d->pairs[pair], &d->pairs[i])))
            continue;
        said = said_by(&r->of[i], view, &weight);
        if (isnan(said))
            continue;
        weight = r->n < DIFF_MANY ? few_weight(&r->of[i]) : weight;
        r->scratch[n++] = (struct weighted){ said, weight };
        sum += weight;
        squares += weight * weight;
    }
    struct expected e = { weighted_median(r->scratch, n), 0, squares > 0 ? sum * sum / squares : 0, 0 };
    for (uint32_t i = 0; i < n; i++) {
        double x = r->scratch[i].value - e.middle;
        off += r->scratch[i].weight * x * x;
    }
    if (n) /* few: one that disagrees must count */
        e.error = (n < DIFF_MANY ? sqrt(off / sum) : weighted_spread(r->scratch, n, e.middle)) / sqrt(e.heads);
    return e;
}

/* ---- what those say that ran at the same time ---- */

/* A function's part in a slice of a side. */
struct voice { uint32_t slice, pair; double share; };
struct voices { struct voice *v; uint32_t n; };

static bool voices_of(struct voices *voices, const struct diff *d, const struct candidate *of, bool after)
{
    size_t n = 1;
    for (uint32_t i = 0; i < d->n; i++)
        n += of[i].both ? (after ? d->pairs[i].after : d->pairs[i].before)->n_cells : 0;
    *voices = (struct voices){ calloc(n, sizeof *voices->v), 0 };
    for (uint32_t i = 0; voices->v && i < d->n; i++) {
        const struct diff_function *f = after ? d->pairs[i].after : d->pairs[i].before;
        for (uint32_t k = 0; of[i].both && k < f->n_cells; k++)
            if (f->cells[k].finished)
                voices->v[voices->n++] = (struct voice){ diff_cell_index(&f->cells[k]), i, (double)f->cells[k].finished / (double)f->finished };
    }
    return voices->v && diff_sort_by_slice(voices->v, voices->n, sizeof *voices->v, offsetof(struct voice, slice), diff_n_slices(after ? &d->after : &d->before));
}

/* Adds half of what a side's slices say to every pair that ran in them. */
static void hear(const struct rest *r, const struct voices *voices, unsigned view, const struct expected *all, struct expected *out)
{
    for (uint32_t i = 0; i < voices->n;) {
        uint32_t first = i, n = 0;
        double sum = 0, squares = 0;
        for (; i < voices->n && voices->v[i].slice == voices->v[first].slice; i++) {
            const struct candidate *c = &r->of[voices->v[i].pair];
            double weight, said = said_by(c, view, &weight);
            weight *= voices->v[i].share;
            if (c->nature == DIFF_WAITS || isnan(said))
                continue;
            r->scratch[n++] = (struct weighted){ said, weight };
            sum += weight;
            squares += weight * weight;
        }
        double heads = squares > 0 ? sum * sum / squares : 0, trust = heads / (heads + 4);
        double middle = trust * weighted_median(r->scratch, n) + (1 - trust) * all->middle;
        double apart = weighted_spread(r->scratch, n, middle);
        for (uint32_t k = first; k < i; k++) {
            struct expected *e = &out[voices->v[k].pair];
            double part = voices->v[k].share / 2;
            e->middle += part * middle;
            e->apart += part * apart;
            e->heads += part * heads;
            e->error += part * (heads > 0 ? apart / sqrt(heads) : all->error);
        }
    }
}

/* ---- is it real? ---- */

/* Between two recordings the machine may change by that, when nothing bears witness to it; and the
 * best of what it gave to a thousand calls. */
static const double MACHINE = 0.15, MACHINE_QUICK = 0.04;
/* Calls that take longer than this may wait for something else than a processor. */
static const double SHORT_NS = 20000;

/* So many witnesses need no support by the plain ratio. */
static const double CROWD = 8;

/* Change of a pair's typical call as it stands and against the machine, and which of them counts. */
struct verdict {
    double plain[N_OF_WHOLE], against[N_OF_WHOLE];
    bool ask_plain, ask_against;
    double place, cold, machine;             /* variances beside those of the estimates */
};

static struct verdict judge(const struct candidate *c, const struct expected e[N_VIEWS])
{
    double ns = fmin(c->before[DIFF_typical].value, c->after[DIFF_typical].value);
    bool follows = c->nature == DIFF_FOLLOWS || (c->nature == DIFF_UNSURE && ns < SHORT_NS), crowd = e[0].heads >= CROWD;
    struct verdict v = { .ask_plain = !follows || !crowd, .ask_against = c->nature != DIFF_WAITS };
    for (unsigned view = 0; view < N_OF_WHOLE; view++) {
        v.plain[view] = c->moved[view] * (follows ? 2 : 1);     /* few witnesses: half of it must show as it stands */
        v.against[view] = c->moved[view] - c->exposure - e[view].middle;
    }
    double place = fmax(fmax(PLACE, e[0].apart), PLACE_CALLS / c->calls);
    double machine = e[0].heads > 0 ? fmax(e[0].error, 0.035 / sqrt(e[0].heads)) : MACHINE;
    double cold = PLACE_COLD * c->cold;
    v.place = place * place + PLACE_NS / ns * PLACE_NS / ns;
    v.cold = cold * cold;
    v.machine = c->nature == DIFF_WAITS ? 0 : machine * machine;
    return v;
}

static bool all_beyond(const double effect[N_OF_WHOLE], double least, unsigned view, double half)
{
    for (unsigned i = 0; i < N_OF_WHOLE; i++)
        if (fabs(effect[i]) <= (i == view ? least : least / 2) || (effect[i] > 0) != (effect[0] > 0))
            return false;
    return fabs(effect[view]) > half;
}

/* What other code's caches can cost a call may come and go between recordings; what code itself
 * costs shows in its quickest call, too: by this part of it. */
static const double OWN_PART = 0.5, OWN_PART_QUICK = 0.75;

static bool may_be_caches(const struct candidate *c, double difference_ns, double log_ratio, double least, double part)
{
    return fabs(difference_ns) < COLD_NS && !(fabs(c->quickest) > part * fmax(least, fabs(log_ratio)) && (c->quickest > 0) == (log_ratio > 0));
}

static bool beyond(double log_ratio, double half, double least) { return fabs(log_ratio) > least && fabs(log_ratio) > half; }

struct test { double tail, z /* of the tail */, min_effect, spread[DIFF_N_MEASURES]; };

/* The estimates' part of half of an interval, squared: towards each other. */
static double own_width(const struct estimate *b, const struct estimate *a, double tail)
{
    bool rose = a->value > b->value;
    double vb = rose ? b->above : b->below, va = rose ? a->below : a->above, variance = vb + va;
    /* Welch and Satterthwaite */
    double dof = variance * variance / (vb * vb / b->dof + va * va / a->dof);
    double t = student_upper(tail, fmax(1, dof));
    return t * t * variance;
}

/* Half of the interval of the ratio's logarithm; `more`: variance beside that of the estimates, as of many. */
static double half_width(double own, const struct test *t, double more) { return sqrt(own + t->z * t->z * more); }

/* Did the typical call move that way, as it stands or against the machine? */
static bool typical_agrees(const struct verdict *v, double ratio, double least)
{
    double against = v->ask_against ? v->against[VIEW_TYPICAL] : 0;
    return v->plain[VIEW_TYPICAL] * ratio > 0 || (fabs(against) > least && against * ratio > 0);
}

/* Quick calls met the machine at its best, which hardly changes. Few witnesses, who are short and cold as a
 * rule, may at most take half of it back; a crowd must be left behind altogether. */
static bool quick_is_real(const struct candidate *c, const struct expected *e, const struct verdict *v, double ratio, double least, double half)
{
    double said = c->nature == DIFF_WAITS || e->heads <= 0 ? 0 : e->middle, beside = c->quickest - said;
    if (!beyond(ratio, half, least) || beside * ratio <= 0 || !typical_agrees(v, ratio, least))
        return false;
    return e->heads >= CROWD ? beyond(beside, half, least) : fabs(beside) > fmax(least, fabs(said)) / 2;
}

/* As it stands (`alone`: half of an interval without the machine) and against the machine, as far as each is asked. */
static bool whole_is_real(const struct verdict *v, unsigned view, double least, double half, double alone)
{
    return (!v->ask_plain || all_beyond(v->plain, least, view, alone)) && (!v->ask_against || all_beyond(v->against, least, view, half)) &&
           v->plain[0] * v->against[0] * (v->ask_plain && v->ask_against) >= 0;
}

static void compare(struct diff_latency *l, unsigned m, const struct candidate *c, const struct expected e[N_VIEWS], const struct verdict *v,
                    const struct test *t)
{
    const struct estimate *b = &c->before[m], *a = &c->after[m];
    l->known = b->known && a->known;
    l->before = b->value;
    l->after = a->value;
    if (!l->known)
        return;
    unsigned view = m == DIFF_p50 ? VIEW_MIDDLE : m == DIFF_quick ? VIEW_QUICK : VIEW_TYPICAL;
    bool tail = m == DIFF_p95 || m == DIFF_p99, quick = m == DIFF_quick;
    double least = log(1 + t->min_effect * effect_factor[m]), ratio = log(a->value / b->value), own = own_width(b, a, t->tail);
    double expected = e[view].middle + (quick ? 0 : c->exposure), place = v->place + (quick ? 0 : v->cold);    /* the quickest calls: LEAST_QUICK_NS */
    double half = half_width(own, t, quick ? fmax(place, MACHINE_QUICK * MACHINE_QUICK) : place + v->machine), alone = half_width(own, t, place);
    l->ratio = exp(ratio);
    l->low = exp(ratio - half);
    l->high = exp(ratio + half);
    l->expected = exp(expected);
    l->against_rest = !v->ask_plain && (m == DIFF_typical || m == DIFF_p50);
    bool real = quick ? quick_is_real(c, &e[view], v, ratio, least, half) : tail || whole_is_real(v, view, least, half, alone);
    if (tail || m == DIFF_mean)
        real = real && beyond(ratio, half, least) && beyond(ratio - expected, half + 2 * t->spread[m], least) && (ratio > 0) == (ratio > expected);
    double difference = a->value - b->value;
    l->significant = real && fabs(difference) > (quick ? LEAST_QUICK_NS : LEAST_NS) && (tail || !may_be_caches(c, difference, ratio, least, quick ? OWN_PART_QUICK : OWN_PART));
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
    double share = diff_share(f, m);
    return share > 0 ? diff_quantile(f, share) : (double)f->total / (double)f->finished;
}

static void compare_pair(struct diff_pair *p, const struct candidate *c, const struct expected e[N_VIEWS], const struct test *t)
{
    struct verdict v = judge(c, e);
    for (unsigned m = 0; m < DIFF_total; m++) {
        compare(&p->latency[m], m, c, e, &v, t);
        if (!c->before[m].known)
            p->latency[m].before = plain_value(p->before, m);
        if (!c->after[m].known)
            p->latency[m].after = plain_value(p->after, m);
    }
    total_time(p);
}

/* ---- all pairs ---- */

struct work {
    struct diff *d;
    struct rest rest;
    struct test test;
};

struct half { const struct diff_side *side; double z; struct diff_look *looks; };

static int look_at_half(void *self, struct ghost_err *err)
{
    struct half *h = self;
    return diff_look_at_side(h->side, h->z, &h->looks, err);
}

static void look_at_all(struct work *w, const struct half *before, const struct half *after)
{
    for (uint32_t i = 0; i < w->d->n; i++) {
        const struct diff_pair *p = &w->d->pairs[i];
        struct candidate *c = &w->rest.of[i];
        if (!both_finished(p))
            continue;
        const struct diff_look *b = &before->looks[p->before - before->side->v], *a = &after->looks[p->after - after->side->v];
        look_at_pair(c, p);
        c->before = b->of;
        c->after = a->of;
        c->exposure = a->pace.exposure - b->pace.exposure;
        c->nature = b->pace.nature == a->pace.nature ? a->pace.nature
                    : b->pace.nature == DIFF_UNSURE  ? a->pace.nature
                    : a->pace.nature == DIFF_UNSURE  ? b->pace.nature : DIFF_UNSURE;
    }
}

/* How far apart the program's functions go in a measure: tails do so more than middles. */
static double spread_of_measure(const struct work *w, unsigned m)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->rest.n; i++) {
        const struct candidate *c = &w->rest.of[i];
        if (c->both && c->before[m].known && c->after[m].known)
            w->rest.scratch[n++] = (struct weighted){ log(c->after[m].value / c->before[m].value) - c->exposure, 1 };
    }
    return weighted_spread(w->rest.scratch, n, weighted_median(w->rest.scratch, n));
}

static void expected_of_few(const struct work *w, struct expected *out)
{
    for (uint32_t i = 0; i < w->d->n; i++)
        for (unsigned view = 0; w->rest.of[i].both && view < N_VIEWS; view++)
            out[view * w->d->n + i] = expected_for(&w->rest, w->d, i, view);
}

/* Views from one to before another, as both sides show them. */
struct hearing { struct rest rest; const struct voices *sides; const struct expected *all; struct expected *out; unsigned from, to; };

static int hear_views(void *self, struct ghost_err *err)
{
    const struct hearing *h = self;
    (void)err;
    for (unsigned view = h->from; view < h->to; view++)
        for (unsigned after = 0; after < 2; after++)
            hear(&h->rest, &h->sides[after], view, &h->all[view], h->out + (size_t)view * h->rest.n);
    return 0;
}

static bool expected_of_many(const struct work *w, const struct expected all[N_VIEWS], struct expected *out)
{
    struct voices sides[2] = { 0 };
    bool ok = voices_of(&sides[0], w->d, w->rest.of, false) && voices_of(&sides[1], w->d, w->rest.of, true);
    struct hearing some = { w->rest, sides, all, out, 0, N_VIEWS / 2 }, others = { w->rest, sides, all, out, N_VIEWS / 2, N_VIEWS };
    size_t most = (sides[0].n > sides[1].n ? sides[0].n : sides[1].n) + (size_t)1;
    some.rest.scratch = calloc(most, sizeof *some.rest.scratch);
    others.rest.scratch = calloc(most, sizeof *others.rest.scratch);
    ok = ok && some.rest.scratch && others.rest.scratch && threads_both(w->d->options->jobs, hear_views, &some, &others, NULL) == 0;
    free(some.rest.scratch);
    free(others.rest.scratch);
    free(sides[0].v);
    free(sides[1].v);
    return ok;
}

/* Did the typical call of most functions, one by one, move that way, too, by half of it at least? In a small program the
 * middle may be what the mean of one function says, of which one call was interrupted. */
static bool most_moved(const struct rest *r, double middle)
{
    uint32_t n = 0, moved = 0;
    for (uint32_t i = 0; i < r->n; i++)
        if (r->of[i].both && r->of[i].nature != DIFF_WAITS && r->of[i].calls >= DIFF_CALLS_LEAST) {
            n++;
            moved += r->of[i].moved[VIEW_TYPICAL] * middle > middle * middle / 2;
        }
    return n > 1 && 2 * moved > n;
}

static bool compare_all(struct work *w)
{
    struct expected all[N_VIEWS], *of = calloc((size_t)w->d->n * N_VIEWS + 1, sizeof *of);
    bool ok = of != NULL;
    for (unsigned m = 0; m < DIFF_total; m++)
        w->test.spread[m] = spread_of_measure(w, m);
    for (unsigned view = 0; view < N_VIEWS; view++)
        all[view] = expected_for(&w->rest, w->d, GHOST_NONE, view);
    w->d->speed = exp(all[VIEW_TYPICAL].middle);
    w->d->speed_known = most_moved(&w->rest, all[VIEW_TYPICAL].middle);
    if (ok && w->d->n < DIFF_MANY)
        expected_of_few(w, of);
    else if (ok)
        ok = expected_of_many(w, all, of);
    for (uint32_t i = 0; ok && i < w->d->n; i++) {
        struct expected own[N_VIEWS];
        for (unsigned view = 0; view < N_VIEWS; view++)
            own[view] = of[view * w->d->n + i];
        if (w->rest.of[i].both)
            compare_pair(&w->d->pairs[i], &w->rest.of[i], own, &w->test);
    }
    free(of);
    return ok;
}

int diff_compare_latency(struct diff *d, struct ghost_err *err)
{
    uint32_t tests = 1;
    for (uint32_t i = 0; i < d->n; i++) {
        const struct diff_pair *p = &d->pairs[i];
        tests += both_finished(p) && p->before->finished >= DIFF_CALLS_LEAST && p->after->finished >= DIFF_CALLS_LEAST;
    }
    /* Bonferroni over functions and measures: no assumption about how they hang together. */
    struct work w = { .d = d, .rest = { calloc((size_t)d->n + 1, sizeof(struct candidate)), d->n, calloc((size_t)d->n + 1, sizeof(struct weighted)) },
                      .test = { .tail = d->options->alpha / 2 / ((double)tests * DIFF_total), .min_effect = d->options->min_effect } };
    w.test.z = normal_upper(w.test.tail);
    struct half before = { &d->before, w.test.z, NULL }, after = { &d->after, w.test.z, NULL };
    int ret = w.rest.of && w.rest.scratch ? threads_both(d->options->jobs, look_at_half, &before, &after, err) : GHOST_E_NOMEM;
    if (ret == 0) {
        look_at_all(&w, &before, &after);
        ret = compare_all(&w) ? 0 : GHOST_E_NOMEM;
    }
    free(before.looks);
    free(after.looks);
    free(w.rest.of);
    free(w.rest.scratch);
    return ret < 0 ? ghost_fail(err, ret, "out of memory while comparing latencies") : 0;
}
