/* mismatch_report.c - what was seen and does not fit, as findings: grouped by
 * type, with the callers it came from and what became of those calls. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "annot_type.h"
#include "mismatch.h"
#include "term.h"

#define CALLERS_SHOWN 5u

/* ---- where it came from ---- */

static int by_key(const void *pa, const void *pb)
{
    const struct tally *a = pa, *b = pb;
    return (a->key > b->key) - (a->key < b->key);
}

static int by_count(const void *pa, const void *pb)
{
    const struct tally *a = pa, *b = pb;
    return a->count != b->count ? (a->count < b->count ? 1 : -1) : by_key(pa, pb);
}

void tally_add(struct tallies *t, uint32_t key, uint64_t count, uint64_t of)
{
    t->v[t->n++] = (struct tally){ key, count, of };
}

void tally_merge(struct tallies *t)
{
    uint32_t n = 0;
    if (t->n == 0)
        return;
    qsort(t->v, t->n, sizeof *t->v, by_key);
    for (uint32_t i = 0; i < t->n; i++)
        if (n && t->v[n - 1].key == t->v[i].key) {
            t->v[n - 1].count += t->v[i].count;
            t->v[n - 1].of += t->v[i].of;
        } else
            t->v[n++] = t->v[i];
    t->n = n;
    qsort(t->v, t->n, sizeof *t->v, by_count);
}

/* ---- what became of the calls ---- */

struct fate { uint64_t calls, finished, ns; };

struct group {
    const struct place *p;
    const struct ghost_model *m;
    const struct ghost_model_function *f;
    uint32_t type;
    enum annot_verdict verdict;
    bool *odd;                           /* by signature of the function: has the type */
    uint64_t count;
    struct tallies callers, exceptions;
    struct fate these, others;
};

static void add_edge_fate(struct group *g, const struct ghost_model_edge *e, bool odd)
{
    struct fate *fate = odd ? &g->these : &g->others;
    fate->calls += e->calls;
    for (uint32_t i = e->outcomes; !e->adopted && i < e->outcomes + e->n_outcomes; i++) {
        const struct ghost_model_outcome *o = &g->m->outcomes[i];
        if (GHOST_END_IS_TIMED(o->end)) {
            fate->finished += o->count;
            fate->ns += o->total;
        }
        if (GHOST_END_IS_EXCEPTION(o->end) && o->type != GHOST_NONE)
            tally_add(&g->exceptions, o->type, odd ? o->count : 0, odd ? 0 : o->count);
    }
}

static void follow_calls(struct group *g)
{
    for (uint32_t i = 0; i < g->f->n_signatures; i++) {
        const struct ghost_model_signature *s = &g->m->signatures[g->f->signatures + i];
        for (uint32_t k = s->edges; k < s->edges + s->n_edges; k++) {
            const struct ghost_model_edge *e = &g->m->edges[k];
            tally_add(&g->callers, e->caller, g->odd[i] ? e->calls : 0, e->calls);
            add_edge_fate(g, e, g->odd[i]);
        }
    }
}

static bool in_group(const struct group *g, const struct seen *s)
{
    if (s->answer.verdict != g->verdict)
        return false;
    return s->type == g->type || (s->type != GHOST_NONE && g->type != GHOST_NONE && type_same(&g->m->types[s->type], &g->m->types[g->type]));
}

/* Of returns and yields: the ends with that type against all others of the kind. */
static void follow_ends(struct group *g)
{
    for (uint32_t i = 0; i < g->p->n; i++) {
        const struct seen *s = &g->p->v[i];
        const struct ghost_model_outcome *o = &g->m->outcomes[s->outcome];
        bool odd = in_group(g, s);
        struct fate *fate = odd ? &g->these : &g->others;
        tally_add(&g->callers, g->m->edges[o->edge].caller, odd ? s->count : 0, s->count);
        if (g->p->kind == PLACE_RETURN && !g->m->edges[o->edge].adopted) {
            fate->finished += o->count;
            fate->ns += o->total;
        }
    }
}

/* ---- evidence ---- */

void place_tell_callers(const struct ghost_model *m, const struct tallies *callers, uint64_t count, struct findings *out, struct finding *row)
{
    uint64_t rest = 0;
    uint32_t n_rest = 0;
    for (uint32_t i = 0; i < callers->n && callers->v[i].count; i++) {
        const struct tally *t = &callers->v[i];
        if (i >= CALLERS_SHOWN) {
            rest += t->count;
            n_rest++;
            continue;
        }
        const struct ghost_model_function *c = t->key == GHOST_NONE ? NULL : &m->functions[t->key];
        findings_evidence(out, row, "from", c ? findings_key(out, c->module, c->qualname, c->first_line) : GHOST_STR("a caller that was not recorded"),
                          t->count, t->of);
    }
    if (n_rest)
        findings_evidence(out, row, "from", findings_text(out, "%u other callers", n_rest), rest, count);
}

/* Exceptions that are more frequent in these calls, by more than half as much again. */
static void tell_exceptions(struct group *g, struct findings *out, struct finding *row)
{
    for (uint32_t i = 0; i < g->exceptions.n && g->exceptions.v[i].count; i++) {
        const struct tally *t = &g->exceptions.v[i];
        double these = (double)t->count / (double)g->these.calls;
        double others = g->others.calls ? (double)t->of / (double)g->others.calls : 0;
        if (g->these.calls == 0 || (g->others.calls && these <= 1.5 * others))
            continue;
        struct ghost_str name = g->m->types[t->key].qualname;
        findings_evidence(out, row, "left by", g->others.calls
            ? findings_text(out, "%.*s (of the other calls %" PRIu64 "/%" PRIu64 ")", FINDING_STR(name), t->of, g->others.calls)
            : name, t->count, g->these.calls);
    }
}

static void tell_latency(struct group *g, struct findings *out, struct finding *row)
{
    char a[HUMAN], b[HUMAN];
    if (g->these.finished == 0 || g->others.finished < 3)
        return;
    double these = (double)g->these.ns / (double)g->these.finished, others = (double)g->others.ns / (double)g->others.finished;
    if (these < 1.5 * others && others < 1.5 * these)
        return;
    findings_evidence(out, row, "took", findings_text(out, "%s on average, the other calls %s", human_ns(a, these), human_ns(b, others)), 0, 0);
}

/* ---- groups ---- */

/* The calls of a signature count once, whatever number of elements are of the type. */
static void count_group(struct group *g)
{
    for (uint32_t i = 0; i < g->p->n; i++) {
        struct seen *s = &g->p->v[i];
        if (!in_group(g, s))
            continue;
        s->reported = true;
        uint32_t signature = s->signature - g->f->signatures;
        if (s->outcome != GHOST_NONE || !g->odd[signature])
            g->count += s->count;
        g->odd[signature] = true;
    }
}

static bool group_init(struct group *g, struct arena *arena)
{
    uint32_t edges = 0, outcomes = 0;
    for (uint32_t i = g->f->signatures; i < g->f->signatures + g->f->n_signatures; i++) {
        edges += g->m->signatures[i].n_edges;
        for (uint32_t k = g->m->signatures[i].edges; k < g->m->signatures[i].edges + g->m->signatures[i].n_edges; k++)
            outcomes += g->m->edges[k].n_outcomes;
    }
    g->odd = arena_alloc(arena, g->f->n_signatures + 1u);
    g->callers.v = ARENA_ARRAY(arena, struct tally, edges + g->p->n);
    g->exceptions.v = ARENA_ARRAY(arena, struct tally, outcomes);
    if (!g->odd || !g->callers.v || !g->exceptions.v)
        return false;
    memset(g->odd, 0, g->f->n_signatures + 1u);
    return true;
}

/* ---- words ---- */

static const char *const what_counts[] = { "calls", "calls", "calls", "returns", "yields", "calls" };

/* The type's name; with its module where the annotation has the same name. */
struct ghost_str place_type_text(const struct place *p, const struct ghost_model_type *t, struct findings *out)
{
    struct ghost_str last = annot_last_part(t->qualname);
    bool same = memmem(p->annotated.p, p->annotated.len, last.p, last.len) != NULL;
    return same ? findings_text(out, "%.*s.%.*s", FINDING_STR(t->module), FINDING_STR(t->qualname)) : t->qualname;
}

static struct ghost_str observed_text(const struct group *g, struct findings *out)
{
    if (g->p->kind == PLACE_GENERATOR)
        return g->f->co_flags & GHOST_CO_ASYNC_GENERATOR ? GHOST_STR("async_generator") : GHOST_STR("generator");
    return place_type_text(g->p, &g->m->types[g->type], out);
}

const char *place_percent(char out[], double rate)
{
    double p = rate * 100;
    snprintf(out, HUMAN, p >= 0.995 || p <= 0 ? "%.0f%%" : p >= 0.0001 ? "%.2g%%" : "<0.0001%%", p);
    return out;
}

static void word(const struct group *g, struct findings *out, struct finding *row, const char *reason)
{
    char share[HUMAN];
    bool param = g->p->kind < PLACE_RETURN;
    row->message = findings_text(out, "%s%.*s%s annotated as %.*s %s '%.*s' in %" PRIu64 "/%" PRIu64 " %s (%s)%s%s", param ? "param '" : "",
                                 FINDING_STR(g->p->name), param ? "'" : "", FINDING_STR(row->annotated),
                                 reason ? "and observed" : "but observed", FINDING_STR(row->observed), row->count, row->total,
                                 what_counts[g->p->kind], place_percent(share, row->rate), reason ? ": undecided: " : "", reason ? reason : "");
}

enum severity place_severity(double rate) { return rate > 0.5 ? SEVERITY_HIGH : rate > 0.1 ? SEVERITY_MEDIUM : SEVERITY_LOW; }

static int report_group(struct group *g, uint32_t function, const char *reason, struct arena *arena, struct findings *out, struct ghost_err *err)
{
    if (!group_init(g, arena))
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory while annotations were compared");
    count_group(g);
    struct finding *row = findings_add_function(out, g->m, function, err);
    if (!row)
        return GHOST_E_NOMEM;
    row->kind = "type_mismatch";
    row->decided = g->verdict == ANNOT_MISMATCH;
    row->param = g->p->name;
    row->annotated = g->p->annotated;
    row->observed = observed_text(g, out);
    row->count = g->count;
    row->total = g->p->total;
    row->rate = row->total ? (double)row->count / (double)row->total : 0;
    row->severity = place_severity(row->rate);
    word(g, out, row, reason);
    if (g->p->kind == PLACE_RETURN || g->p->kind == PLACE_YIELD)
        follow_ends(g);
    else
        follow_calls(g);
    tally_merge(&g->callers);
    tally_merge(&g->exceptions);
    place_tell_callers(g->m, &g->callers, g->count, out, row);
    tell_exceptions(g, out, row);
    tell_latency(g, out, row);
    return 0;
}

int place_report(struct place *p, const struct ghost_model *m, uint32_t function, struct findings *out, struct ghost_err *err)
{
    int ret = 0;
    for (uint32_t i = 0; ret >= 0 && i < p->n; i++) {
        const struct seen *s = &p->v[i];
        struct group g = { .p = p, .m = m, .f = &m->functions[function], .type = s->type, .verdict = s->answer.verdict };
        struct arena arena = { 0 }; /* of one group: there may be as many as signatures */
        if (s->answer.verdict != ANNOT_MATCH && !s->reported)
            ret = report_group(&g, function, s->answer.reason, &arena, out, err);
        arena_release(&arena);
    }
    return ret;
}
