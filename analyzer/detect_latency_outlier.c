/* detect_latency_outlier.c - functions far slower than the others of their module.
 *
 * Two rules, each on its own; a finding tells which fired:
 *   documented  the mean is more than z standard deviations above the average
 *               of the module's means. The slow function is part of both, so
 *               with n functions no z above (n-1)/sqrt(n) is possible.
 *   robust      the function is left out, and logarithms are compared: it is
 *               more than z robust deviations (median, MAD) above its peers and
 *               at least five times as slow as nine of ten of them. On the mean,
 *               and on p99 where one call in a hundred is the odd one.
 * Peers of the robust rule neither call the function nor are called by it (a
 * caller takes longer by nature), and coroutines, which wait, have coroutines
 * as peers. A function whose time is that of a reported callee is named there. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "finding.h"
#include "findings_groups.h"
#include "statistics.h"
#include "term.h"

enum {
    MEMBER_CALLS = 2,        /* of a member of the documented rule's average */
    MEMBERS = 3,
    PEER_CALLS = 3,
    PEERS = 5,
    ROBUST_CALLS = 10,       /* before a mean is judged by the robust rule */
    TAIL_CALLS = 1000,       /* before a p99 is */
};
#define GAP 5.0              /* times as slow as nine of ten peers */
#define TAIL_GAP 10.0        /* the same for p99, which is noisy; also above its own median */
#define LEAST_SPREAD 0.40546510810816438   /* ln 1.5: closer than that, peers are the same */

struct subject {
    uint32_t group;
    const struct profile *p;
    double mean, p99;        /* ns; a generator's without the time it was suspended */
    uint32_t kind;           /* GHOST_CO_COROUTINE or 0 */
    bool has_tail;
    /* what was found */
    double z, average, sigma; uint32_t members;                  /* documented; z 0: not */
    double robust, peers_median; uint32_t peers; bool on_tail;   /* robust; 0: not */
    uint32_t cause;          /* subject whose slowness this is, GHOST_NONE */
};

struct search {
    const struct ghost_model *m;
    const struct detect_options *o;
    const struct groups *groups;
    struct subject *v; uint32_t n;       /* by module */
    uint32_t *of_group;                   /* subject, GHOST_NONE */
    double *scratch;
    uint32_t *related, mark;             /* by group: == mark when in a call relation with the one in hand */
};

/* ---- who is judged ---- */

static bool is_generator(const struct ghost_model_function *f) { return (f->co_flags & (GHOST_CO_GENERATOR | GHOST_CO_ASYNC_GENERATOR)) != 0; }

static void gather(struct search *s)
{
    for (uint32_t i = 0; i < s->groups->n; i++) {
        const struct group *f = &s->groups->v[i];
        const struct ghost_model_function *of = &s->m->functions[f->first];
        s->of_group[i] = GHOST_NONE;
        if (!f->is_function || !f->p || f->p->finished < MEMBER_CALLS)
            continue;
        double mean = profile_mean(f->p), waited = (double)f->p->suspended / (double)f->p->finished;
        s->of_group[i] = s->n;
        s->v[s->n++] = (struct subject){ .group = i, .p = f->p, .mean = is_generator(of) ? mean - waited : mean, .p99 = (double)f->p->p99,
                                         .kind = of->co_flags & GHOST_CO_COROUTINE, .cause = GHOST_NONE,
                                         .has_tail = !is_generator(of) && f->p->finished >= TAIL_CALLS };
    }
}

static bool same_module(const struct search *s, uint32_t a, uint32_t b) { return s->v[a].p->module.p == s->v[b].p->module.p; }

/* ---- the documented rule ---- */

static void documented(struct search *s, uint32_t from, uint32_t to)
{
    double n = to - from, sum = 0, squares = 0;
    for (uint32_t i = from; i < to; i++)
        sum += s->v[i].mean;
    for (uint32_t i = from; i < to; i++)
        squares += pow(s->v[i].mean - sum / n, 2);
    double sigma = n > 1 ? sqrt(squares / (n - 1)) : 0;
    for (uint32_t i = from; i < to && n >= MEMBERS && sigma > 0; i++) {
        struct subject *one = &s->v[i];
        double z = (one->mean - sum / n) / sigma;
        if (z > s->o->latency_z && one->mean >= (double)s->o->latency_min_ns) {
            one->z = z;
            one->average = sum / n;
            one->sigma = sigma;
            one->members = to - from;
        }
    }
}

/* ---- the robust rule ---- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, uint32_t n)
{
    qsort(v, n, sizeof *v, by_value);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static void relate(struct search *s, const struct subject *one)
{
    const struct group *f = &s->groups->v[one->group];
    s->mark++;
    for (uint32_t i = f->first; i < f->first + f->n; i++) {
        const struct ghost_model_function *of = &s->m->functions[i];
        for (uint32_t k = of->callees; k < of->callees + of->n_callees; k++)
            s->related[s->groups->of[s->m->signatures[s->m->edges[s->m->by_caller[k]].signature].function]] = s->mark;
    }
}

static void relate_caller(void *self, const struct ghost_model_signature *sig, const struct ghost_model_edge *e)
{
    struct search *s = self;
    (void)sig;
    if (e->caller != GHOST_NONE)
        s->related[s->groups->of[e->caller]] = s->mark;
}

static double value_of(const struct subject *one, bool tail) { return fmax(tail ? one->p99 : one->mean, 1); }

/* How many robust deviations above its peers; 0 when the rule does not hold. */
static double distance(struct search *s, uint32_t self, uint32_t from, uint32_t to, bool tail)
{
    struct subject *one = &s->v[self];
    double own = value_of(one, tail), gap = tail ? TAIL_GAP : GAP;
    uint32_t n = 0;
    for (uint32_t i = from; i < to; i++) {
        const struct subject *peer = &s->v[i];
        if (i != self && peer->kind == one->kind && peer->p->finished >= PEER_CALLS && s->related[peer->group] != s->mark &&
            (!tail || peer->has_tail))
            s->scratch[n++] = log(value_of(peer, tail));
    }
    if (n < PEERS)
        return 0;
    double middle = median(s->scratch, n), slow = exp(s->scratch[n - 1 - n / 10]);
    for (uint32_t i = 0; i < n; i++)
        s->scratch[i] = fabs(s->scratch[i] - middle);
    double spread = fmax(MAD_SIGMA * median(s->scratch, n), LEAST_SPREAD), z = (log(own) - middle) / spread;
    if (z <= s->o->latency_z || own < gap * slow)
        return 0;
    one->peers = n;
    one->peers_median = exp(middle);
    return z;
}

static void robust(struct search *s, uint32_t self, uint32_t from, uint32_t to)
{
    struct subject *one = &s->v[self];
    double floor = (double)s->o->latency_min_ns;
    bool slow = one->mean >= floor && one->p->finished >= ROBUST_CALLS;
    bool odd = one->has_tail && one->p99 >= 10 * floor && one->p99 >= TAIL_GAP * (double)one->p->p50;
    if (!slow && !odd)
        return;
    relate(s, one);
    group_edges(s->m, &s->groups->v[one->group], relate_caller, s);
    if (slow)
        one->robust = distance(s, self, from, to, false);
    if (odd && one->robust == 0) {
        one->robust = distance(s, self, from, to, true);
        one->on_tail = one->robust > 0;
    }
}

/* ---- whose slowness it is ---- */

static bool is_slow(const struct subject *one) { return one->z > 0 || one->robust > 0; }

static uint64_t time_of(const struct search *s, const struct ghost_model_edge *e)
{
    uint64_t time = 0;
    for (uint32_t o = e->outcomes; !e->adopted && o < e->outcomes + e->n_outcomes; o++)
        time += GHOST_END_IS_TIMED(s->m->outcomes[o].end) ? s->m->outcomes[o].total : 0;
    return time;
}

/* The callee that is reported and takes most of this one's time, GHOST_NONE when none takes half. */
static uint32_t find_cause(const struct search *s, const struct subject *one)
{
    const struct group *f = &s->groups->v[one->group];
    uint32_t cause = GHOST_NONE;
    uint64_t all = 0, most = 0;
    for (uint32_t i = f->first; i < f->first + f->n; i++) {
        const struct ghost_model_function *of = &s->m->functions[i];
        for (uint32_t k = of->callees; k < of->callees + of->n_callees; k++) {
            const struct ghost_model_edge *e = &s->m->edges[s->m->by_caller[k]];
            uint32_t callee = s->of_group[s->groups->of[s->m->signatures[e->signature].function]];
            if (callee == GHOST_NONE || !is_slow(&s->v[callee]) || s->v[callee].p->total >= one->p->total)
                continue;
            uint64_t time = time_of(s, e);
            all += time;
            if (time > most) {
                most = time;
                cause = callee;
            }
        }
    }
    return all >= one->p->total / 2 ? cause : GHOST_NONE;
}

/* A cause has a smaller total than what it causes, so this ends. */
static uint32_t root_of(const struct search *s, uint32_t i)
{
    while (s->v[i].cause != GHOST_NONE)
        i = s->v[i].cause;
    return i;
}

/* ---- the finding ---- */

static struct ghost_str key_of(struct findings *out, const struct subject *one)
{
    return findings_key(out, one->p->module, one->p->qualname, one->p->line);
}

static struct ghost_str tell(struct findings *out, const struct subject *one)
{
    char mean[HUMAN], other[HUMAN];
    if (one->z > 0) {
        human_ns(mean, one->mean);
        human_ns(other, one->average);
        return findings_text(out, "mean latency %s is %.1fσ above module average %s (%s)", mean, one->z, other,
                             one->robust > 0 ? "documented rule; the robust rule agrees" : "documented rule");
    }
    human_ns(mean, one->on_tail ? one->p99 : one->mean);
    human_ns(other, one->peers_median);
    return findings_text(out, "%s latency %s is %.0f times the median %s of %u other functions of the module (robust rule)",
                         one->on_tail ? "p99" : "mean", mean, (one->on_tail ? one->p99 : one->mean) / one->peers_median, other, one->peers);
}

static void tell_time(struct findings *out, struct finding *row, const char *label, double ns)
{
    char text[HUMAN];
    findings_evidence(out, row, label, findings_text(out, "%s", human_ns(text, ns)), 0, 0);
}

static void tell_rules(struct findings *out, struct finding *row, const struct subject *one)
{
    char a[HUMAN], b[HUMAN];
    if (one->z > 0)
        findings_evidence(out, row, "documented rule", findings_text(out, "%.2f sigma; %u functions, average %s, sigma %s", one->z,
                          one->members, human_ns(a, one->average), human_ns(b, one->sigma)), 0, 0);
    if (one->robust > 0)
        findings_evidence(out, row, "robust rule", findings_text(out, "%.2f robust deviations of the logarithm, on the %s; %u peers, median %s",
                          one->robust, one->on_tail ? "p99" : "mean", one->peers, human_ns(a, one->peers_median)), 0, 0);
}

/* Time of one's calls by what was called; a function called from several places stands once. */
struct share { uint32_t group; uint64_t time; };

static int by_time(const void *pa, const void *pb)
{
    const struct share *a = pa, *b = pb;
    return a->time != b->time ? (a->time > b->time ? -1 : 1) : (a->group > b->group) - (a->group < b->group);
}

static int by_fact(const void *pa, const void *pb)
{
    const struct share *a = pa, *b = pb;
    return (a->group > b->group) - (a->group < b->group);
}

static void tell_callees(struct search *s, struct findings *out, struct finding *row, const struct subject *one)
{
    const struct group *f = &s->groups->v[one->group];
    struct share *v = NULL;
    uint32_t n = 0, cap = 0, united = 0;
    char text[HUMAN], percent[HUMAN];
    for (uint32_t i = f->first; i < f->first + f->n; i++) {
        const struct ghost_model_function *of = &s->m->functions[i];
        for (uint32_t k = of->callees; k < of->callees + of->n_callees && grow_array(&v, n, &cap, sizeof *v); k++) {
            const struct ghost_model_edge *e = &s->m->edges[s->m->by_caller[k]];
            v[n++] = (struct share){ s->groups->of[s->m->signatures[e->signature].function], time_of(s, e) };
        }
    }
    if (n)
        qsort(v, n, sizeof *v, by_fact);
    for (uint32_t i = 0; i < n; i++) {
        if (united && v[united - 1].group == v[i].group)
            v[united - 1].time += v[i].time;
        else
            v[united++] = v[i];
    }
    if (united)
        qsort(v, united, sizeof *v, by_time);
    for (uint32_t i = 0; i < united && i < 3 && v[i].time; i++) {
        const struct ghost_model_function *callee = &s->m->functions[s->groups->v[v[i].group].first];
        findings_evidence(out, row, "time in", findings_text(out, "%.*s:%.*s:%u, %s a call (%s)", FINDING_STR(callee->module),
                          FINDING_STR(callee->qualname), callee->first_line, human_ns(text, (double)v[i].time / (double)one->p->finished),
                          human_share(percent, v[i].time, one->p->total)), 0, 0);
    }
    free(v);
}

static int report(struct search *s, uint32_t index, struct findings *out, struct ghost_err *err)
{
    const struct subject *one = &s->v[index];
    struct finding *row = findings_add_function(out, s->m, s->groups->v[one->group].first, err);
    double z = fmax(one->z, one->robust);
    if (!row)
        return err ? err->code : GHOST_E_NOMEM;
    row->severity = z > 4 ? SEVERITY_HIGH : SEVERITY_MEDIUM;
    row->count = one->p->finished;
    row->total = one->p->calls;
    row->message = tell(out, one);
    tell_rules(out, row, one);
    tell_time(out, row, "mean", profile_mean(one->p));
    tell_time(out, row, "median", (double)one->p->p50);
    tell_time(out, row, "p99", (double)one->p->p99);
    tell_time(out, row, "own time a call", (double)one->p->self / (double)one->p->finished);
    tell_callees(s, out, row, one);
    if (one->p->suspended)
        tell_time(out, row, "suspended a call", (double)one->p->suspended / (double)one->p->finished);
    for (uint32_t i = 0; i < one->p->callers.n && i < 3; i++)
        findings_evidence(out, row, "caller", findings_text(out, "%.*s", FINDING_STR(one->p->callers.v[i].name)), one->p->callers.v[i].n, one->p->calls);
    for (uint32_t i = 0; i < s->n; i++)
        if (i != index && s->v[i].cause != GHOST_NONE && root_of(s, i) == index)
            findings_evidence(out, row, "slow because of it", key_of(out, &s->v[i]), 0, 0);
    return 0;
}

/* ---- all modules ---- */

static void judge(struct search *s)
{
    for (uint32_t from = 0, to; from < s->n; from = to) {
        for (to = from; to < s->n && same_module(s, from, to); to++)
            ;
        documented(s, from, to);
        for (uint32_t i = from; i < to; i++)
            robust(s, i, from, to);
    }
    for (uint32_t i = 0; i < s->n; i++)
        if (is_slow(&s->v[i]))
            s->v[i].cause = find_cause(s, &s->v[i]);
}

static int run(const struct detect_subject *of, const struct detect_options *o, struct findings *out, struct ghost_err *err)
{
    struct search s = { .m = of->m, .o = o, .groups = of->groups };
    size_t n = (size_t)s.groups->n + 1;
    int ret = 0;
    s.v = calloc(n, sizeof *s.v);
    s.of_group = calloc(n, sizeof *s.of_group);
    s.scratch = calloc(n, sizeof *s.scratch);
    s.related = calloc(n, sizeof *s.related);
    if (s.v && s.of_group && s.scratch && s.related) {
        gather(&s);
        judge(&s);
        for (uint32_t i = 0; ret == 0 && i < s.n; i++)
            if (is_slow(&s.v[i]) && s.v[i].cause == GHOST_NONE)
                ret = report(&s, i, out, err);
    } else {
        ret = ghost_fail(err, GHOST_E_NOMEM, "out of memory while comparing latencies");
    }
    free(s.v);
    free(s.of_group);
    free(s.scratch);
    free(s.related);
    return ret;
}

const struct detector detect_latency_outlier = {
    .name = "latency_outlier",
    .summary = "functions far slower than the others of their module",
    .run = run,
};
