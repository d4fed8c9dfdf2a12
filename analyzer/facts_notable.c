/* facts_notable.c - what stands out about a function: joint facts that differ
 * from the rest of its calls by more than chance and more than a little. */
#include <math.h>

#include "facts_build.h"

enum { FEW = 3, ENOUGH = 20, TAIL_CALLS = 100, EACH_KIND = 6 };
#define ERROR_SHARE 0.05         /* of all calls: the threshold of the detectors */
#define SLOWER 2.0               /* times as long as the other calls */
#define TAIL 20.0                /* p99 over the median */
#define HOT_SHARE 0.10           /* of the session's calls or own time */
#define FAN_OUT 50.0             /* calls of a callee for each call */

/* `told`: of the kind at hand; a function with thousands of signatures must not fill the page with one kind. */
struct notable { struct facts *f; const struct atlas *a; const struct profile *p; uint32_t group; bool named, ok; unsigned least, told; };

/* Lower end of Wilson's 95 % interval: a rate that few calls show is no rate yet. */
static double at_least(uint64_t n, uint64_t of)
{
    double total = (double)of, p = of ? (double)n / total : 0, z = 1.96;
    double middle = p + z * z / (2 * total), spread = z * sqrt(p * (1 - p) / total + z * z / (4 * total * total));
    return of ? (middle - spread) / (1 + z * z / total) : 0;
}

static unsigned percent(double share) { return (unsigned)(share < 0 ? 0 : share > 1 ? 100 : 100 * share); }

static bool begin(struct notable *n, unsigned weight)
{
    if (weight < n->least || n->told >= EACH_KIND || n->f->failed)
        return false;
    n->told++;
    fact_begin(n->f, FACT_NOTABLE);
    if (n->f->failed)
        return false;
    fact_last(n->f)->weight = weight;
    if (n->named) {
        PUT(n->f, n->a, "{}", P_FUNCTION(n->group));
        fact_label(n->f);
    }
    return true;
}

static void put_which(struct notable *n, enum alike_by by, uint32_t key)
{
    if (by == BY_SIGNATURE)
        PUT(n->f, n->a, "calls with {}", P_SIGNATURE(key));
    else if (key == GHOST_NONE)
        fact_words(n->f, "calls from outside the recorded code");
    else
        PUT(n->f, n->a, "calls from {}", P_CALLER(key, n->group));
}

/* ---- calls that fail ---- */

static void count_errors(const struct alikes *rows, uint64_t *errors, uint64_t *calls)
{
    *errors = *calls = 0;
    for (uint32_t i = 0; i < rows->n; i++) {
        *errors += rows->v[i].errors;
        *calls += rows->v[i].calls;
    }
}

static bool fails(const struct alikes *rows, const struct alike *row)
{
    uint64_t errors, calls;
    count_errors(rows, &errors, &calls);
    uint64_t others = calls - row->calls;
    double share = row->calls ? (double)row->errors / (double)row->calls : 0;
    double other = others ? (double)(errors - row->errors) / (double)others : 0;
    return rows->n > 1 && row->errors >= FEW && share >= ERROR_SHARE && at_least(row->errors, row->calls) >= 1.5 * other;
}

static void failing_row(struct notable *n, const struct alikes *rows, const struct alike *row, enum alike_by by)
{
    uint64_t errors, calls;
    struct alike_key only = { by, row->key };
    struct origin o = { 0 };
    count_errors(rows, &errors, &calls);
    errors -= row->errors;
    calls -= row->calls;
    if (!begin(n, 55 + percent((double)row->errors / (double)row->calls) / 3))
        return;
    put_which(n, by, row->key);
    PUT(n->f, n->a, " fail: {} of {} ({}) were left by ", P_COUNT(row->errors), P_COUNT(row->calls), P_SHARE(row->errors, row->calls));
    n->ok = put_error_types(n->f, n->a, n->group, &only) && n->ok;
    if (errors)
        PUT(n->f, n->a, "; of all other calls only {} of {} ({})", P_COUNT(errors), P_COUNT(calls), P_SHARE(errors, calls));
    else
        PUT(n->f, n->a, "; of the {} other calls none failed", P_COUNT(calls));
    if (by == BY_SIGNATURE)
        n->ok = origin_make(&o, n->a, n->group, only, BY_CALLER) && n->ok;
    if (o.rows == 1 && o.key != GHOST_NONE)
        PUT(n->f, n->a, ". These arguments come only from {}", P_CALLER(o.key, n->group));
}

/* By arguments first: when they explain all failures, callers say the same again. */
static void failing(struct notable *n, const struct alikes *signatures, const struct alikes *callers)
{
    uint64_t errors, calls, explained = 0;
    count_errors(signatures, &errors, &calls);
    for (uint32_t i = 0; i < signatures->n; i++)
        if (fails(signatures, &signatures->v[i])) {
            failing_row(n, signatures, &signatures->v[i], BY_SIGNATURE);
            explained += signatures->v[i].errors;
        }
    for (uint32_t i = 0; i < callers->n && explained < errors; i++)
        if (fails(callers, &callers->v[i]))
            failing_row(n, callers, &callers->v[i], BY_CALLER);
}

/* All calls together, and where the exceptions begin: what only passes through is another function's matter. */
static void failing_function(struct notable *n, const struct alikes *rows)
{
    uint64_t errors, calls, raised = 0, passed = 0;
    struct endings e;
    count_errors(rows, &errors, &calls);
    n->ok = endings_make(&e, n->a, n->group, ENDINGS_EXCEPTIONS, NULL) && n->ok;
    for (uint32_t i = 0; i < e.n; i++) {
        bool counts = e.v[i].type == GHOST_NONE || !n->a->control[e.v[i].type];
        raised += counts ? e.v[i].raised : 0;
        passed += counts ? e.v[i].passed : 0;
    }
    endings_release(&e);
    unsigned weight = (raised ? 50 : 35) + percent(calls ? (double)errors / (double)calls : 0) / 3;
    if (errors < FEW || at_least(errors, calls) < ERROR_SHARE || !begin(n, weight))
        return;
    PUT(n->f, n->a, "{} of {} calls ({}) fail with ", P_COUNT(errors), P_COUNT(calls), P_SHARE(errors, calls));
    n->ok = put_error_types(n->f, n->a, n->group, NULL) && n->ok;
    if (raised && passed)
        PUT(n->f, n->a, "; {} were raised here, {} came through from below", P_COUNT(raised), P_COUNT(passed));
    else
        fact_words(n->f, raised ? "; all were raised here" : "; all came through from below");
}

/* ---- calls that take long ---- */

static void slow(struct notable *n, const struct alikes *rows, enum alike_by by)
{
    uint64_t total = 0, finished = 0;
    for (uint32_t i = 0; i < rows->n; i++) {
        total += rows->v[i].total;
        finished += rows->v[i].finished;
    }
    for (uint32_t i = 0; i < rows->n; i++) {
        const struct alike *row = &rows->v[i];
        uint64_t others = finished - row->finished;
        double mean = alike_mean(row), other = others ? (double)(total - row->total) / (double)others : 0;
        if (row->finished < ENOUGH || others < ENOUGH || mean < SLOWER * other || mean < 1e5 || other <= 0)
            continue;
        if (!begin(n, 40 + (unsigned)fmin(20, mean / other)))
            continue;
        put_which(n, by, row->key);
        PUT(n->f, n->a, " take {} as long as the others: {} on average over {} calls, against {}", P_RATIO(mean / other), P_TIME(mean),
            P_COUNT(row->finished), P_TIME(other));
    }
}

static void tail(struct notable *n)
{
    const struct profile *p = n->p;
    if (p->finished < TAIL_CALLS || p->p99 < 1000000 || (double)p->p99 < TAIL * (double)(p->p50 ? p->p50 : 1) || !begin(n, 30))
        return;
    PUT(n->f, n->a, "a few calls are far slower than the rest: the median is {}, the p99 {}, the slowest call took {}", P_TIME(p->p50), P_TIME(p->p99),
        P_TIME(p->max));
}

/* Its share of all time and calls. */
static void hot(struct notable *n)
{
    const struct profile *p = n->p;
    bool calls = n->a->calls && (double)p->calls >= HOT_SHARE * (double)n->a->calls;
    bool self = n->a->self && (double)p->self >= HOT_SHARE * (double)n->a->self;
    if (p->is_module || p->calls < ENOUGH)
        return;
    if (calls && begin(n, 35 + percent((double)p->calls / (double)n->a->calls) / 5))
        PUT(n->f, n->a, "it makes up {} of all calls in the session ({} of {})", P_SHARE(p->calls, n->a->calls), P_COUNT(p->calls), P_COUNT(n->a->calls));
    if (self && begin(n, 40 + percent((double)p->self / (double)n->a->self) / 4))
        PUT(n->f, n->a, "its own code takes {} of the session's recorded own time ({} of {})", P_SHARE(p->self, n->a->self), P_TIME(p->self),
            P_TIME(n->a->self));
}

/* Mean latency against the other functions of its module: a slow one among quick ones. */
static void slow_in_module(struct notable *n)
{
    double sum = 0, mine = profile_mean(n->p);
    uint64_t others = 0;
    for (uint32_t i = 0; i < n->a->p->n; i++) {
        const struct profile *q = &n->a->p->v[i];
        if (q == n->p || q->module.p != n->p->module.p || q->is_module || !q->finished)
            continue;
        sum += profile_mean(q);
        others++;
    }
    double mean = others ? sum / (double)others : 0;
    if (n->p->is_module || others < FEW || n->p->finished < 5 || mine < 1e6 || mine < 4 * mean || !begin(n, 45 + (unsigned)fmin(15, mine / mean)))
        return;
    PUT(n->f, n->a, "it is slow for its module: {} on average, {} the mean of the {} other functions of {} ({})", P_TIME(mine), P_RATIO(mine / mean),
        P_COUNT(others), P_MODULE(n->p->module), P_TIME(mean));
}

/* ---- what goes together ---- */

/* A callee that is called again and again by each call. */
static void fan_out(struct notable *n, const struct alikes *callees)
{
    for (uint32_t i = 0; i < callees->n; i++) {
        const struct alike *row = &callees->v[i];
        double each = n->p->calls ? (double)row->calls / (double)n->p->calls : 0;
        uint32_t at = n->a->profile[row->key];
        if (n->p->is_module || each < FAN_OUT || at == GHOST_NONE || !begin(n, 45 + (unsigned)fmin(15, each / 100)))
            continue;
        PUT(n->f, n->a, "each call makes {} calls of {} on average ({} in all", P_COUNT((uint64_t)(each + 0.5)), P_CALLER(row->key, n->group), P_COUNT(row->calls));
        if (row->calls == n->a->p->v[at].calls)
            fact_words(n->f, "); nothing else calls it");
        else
            PUT(n->f, n->a, ", of {} that it gets)", P_COUNT(n->a->p->v[at].calls));
    }
}

/* Argument types that come from one caller only, among calls that have other types too. */
static void one_source(struct notable *n, const struct alikes *signatures, const struct alikes *callers)
{
    for (uint32_t i = 0; i < signatures->n && callers->n > 1; i++) {
        struct origin o;
        const struct alike *row = &signatures->v[i];
        if (row->calls < FEW || 2 * row->calls > n->p->calls || n->a->m->signatures[row->key].other || fails(signatures, row))
            continue;
        n->ok = origin_make(&o, n->a, n->group, (struct alike_key){ BY_SIGNATURE, row->key }, BY_CALLER) && n->ok;
        if (o.rows != 1 || o.key == GHOST_NONE || !begin(n, 52))
            continue;
        PUT(n->f, n->a, "the argument types {} come only from {} ({} calls, {} of all)", P_SIGNATURE(row->key), P_CALLER(o.key, n->group),
            P_COUNT(row->calls), P_SHARE(row->calls, n->p->calls));
    }
}

/* A return type that goes with some argument types only. */
static void returns_differ(struct notable *n, const struct alikes *signatures)
{
    struct endings all;
    n->ok = endings_make(&all, n->a, n->group, ENDINGS_RETURNS, NULL) && n->ok;
    for (uint32_t i = 0; i < signatures->n && all.n > 1; i++) {
        struct endings e;
        const struct alike *row = &signatures->v[i];
        struct alike_key only = { BY_SIGNATURE, row->key };
        n->ok = endings_make(&e, n->a, n->group, ENDINGS_RETURNS, &only) && n->ok;
        for (uint32_t k = 0; e.n == 1 && signatures->n > 1 && k < all.n; k++)
            if (all.v[k].type == e.v[0].type && all.v[k].count == e.v[0].count && e.v[0].count >= FEW && k > 0 && begin(n, 46))
                PUT(n->f, n->a, "it returns {} for {} and for no other arguments ({} times; else mostly {})", P_TYPE(e.v[0].type), P_SIGNATURE(row->key),
                    P_COUNT(e.v[0].count), P_TYPE(all.v[0].type));
        endings_release(&e);
    }
    endings_release(&all);
}

bool put_notable(struct facts *f, const struct atlas *a, const struct profile *p, bool named, unsigned least_weight)
{
    struct alikes signatures, callers, callees;
    struct notable n = { f, a, p, atlas_group(a, p), named, true, least_weight, 0 };
    n.ok = alikes_make(&signatures, a, n.group, BY_SIGNATURE);
    n.ok = alikes_make(&callers, a, n.group, BY_CALLER) && n.ok;
    n.ok = alikes_make(&callees, a, n.group, BY_CALLEE) && n.ok;
    failing_function(&n, &signatures);
    n.told = 0;
    failing(&n, &signatures, &callers);
    n.told = 0;
    slow(&n, &signatures, BY_SIGNATURE);
    n.told = 0;
    slow(&n, &callers, BY_CALLER);
    n.told = 0;
    slow_in_module(&n);
    tail(&n);
    hot(&n);
    n.told = 0;
    fan_out(&n, &callees);
    n.told = 0;
    one_source(&n, &signatures, &callers);
    n.told = 0;
    returns_differ(&n, &signatures);
    alikes_release(&signatures);
    alikes_release(&callers);
    alikes_release(&callees);
    return n.ok && !f->failed;
}
