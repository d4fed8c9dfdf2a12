/* profile.c - sums over signatures, edges and outcomes, per fn_key. */
#include "profile.h"

#include <stdio.h>
#include <string.h>

#include "hist.h"

struct counts { struct profile_count *v; uint32_t n, cap; bool failed; };

struct gather {
    struct profiles *out;
    const struct ghost_model *m;
    const struct ghost_str *keys;        /* fn_key of each function */
    struct counts signatures, returns, yields, callers, callees;
    struct counts ends[3];               /* raised, passed, caught */
    struct hist hist;
};

/* ---- distributions ---- */

static void add(struct counts *c, struct ghost_str name, uint64_t n)
{
    if (!n)
        return;
    /* what comes in is mostly grouped already */
    if (c->n && c->v[c->n - 1].name.p == name.p) {
        c->v[c->n - 1].n += n;
        return;
    }
    if (!grow_array(&c->v, c->n, &c->cap, sizeof *c->v)) {
        c->failed = true;
        return;
    }
    c->v[c->n++] = (struct profile_count){ name, n };
}

static int by_name(const void *a, const void *b)
{
    return ghost_str_compare(((const struct profile_count *)a)->name, ((const struct profile_count *)b)->name);
}

static int by_count(const void *pa, const void *pb)
{
    const struct profile_count *a = pa, *b = pb;
    return a->n != b->n ? (a->n < b->n ? 1 : -1) : by_name(a, b);
}

static void unite(struct counts *c)
{
    uint32_t n = 0;
    if (c->n)
        qsort(c->v, c->n, sizeof *c->v, by_name);
    for (uint32_t i = 0; i < c->n; i++) {
        if (n && by_name(&c->v[n - 1], &c->v[i]) == 0)
            c->v[n - 1].n += c->v[i].n;
        else
            c->v[n++] = c->v[i];
    }
    c->n = n;
}

static struct profile_dist take(struct profiles *p, struct counts *c)
{
    unite(c);
    if (c->n)
        qsort(c->v, c->n, sizeof *c->v, by_count);
    struct profile_dist d = { arena_copy(&p->arena, c->v, c->n * sizeof *c->v), c->n };
    c->n = 0;
    return d;
}

/* ---- one function ---- */

static struct ghost_str type_name(const struct ghost_model *m, uint32_t type)
{
    return type == GHOST_NONE ? GHOST_STR("?") : m->types[type].qualname;
}

static void add_timed(struct profile *p, const struct ghost_model_outcome *o)
{
    if (!p->finished || o->min < p->min)
        p->min = o->min;
    if (o->max > p->max)
        p->max = o->max;
    p->finished += o->count;
    p->total += o->total;
    p->self += o->self;
    p->suspended += o->suspended;
}

static void add_outcome(struct gather *g, struct profile *p, const struct ghost_model_outcome *o)
{
    struct ghost_str type = type_name(g->m, o->type);
    if (GHOST_END_IS_TIMED(o->end))
        add_timed(p, o);
    switch (o->end) {
    case GHOST_END_RETURN: add(&g->returns, type, o->count); break;
    case GHOST_END_YIELD: add(&g->yields, type, o->count); break;
    case GHOST_END_CLOSED: p->closed += o->count; break;
    case GHOST_END_RAISED: add(&g->ends[0], type, o->count); break;
    case GHOST_END_PASSED: add(&g->ends[1], type, o->count); break;
    case GHOST_END_CAUGHT: add(&g->ends[2], type, o->count); break;
    }
    if (GHOST_END_IS_EXCEPTION(o->end))
        p->exceptions += o->count;
}

static void add_edge(struct gather *g, struct profile *p, const struct ghost_model_edge *e)
{
    const struct ghost_model *m = g->m;
    for (uint32_t i = 0; i < e->n_outcomes; i++) {
        const struct ghost_model_outcome *o = &m->outcomes[e->outcomes + i];
        if (!e->adopted)
            add_outcome(g, p, o);
        else if (GHOST_END_IS_TIMED(o->end))
            p->adopted += o->count;
    }
    p->calls += e->calls;
    add(&g->signatures, m->signatures[e->signature].text, e->calls);
    if (e->caller != GHOST_NONE)
        add(&g->callers, g->keys[e->caller], e->calls);
}

static bool add_signature(struct gather *g, struct profile *p, const struct ghost_model_signature *s)
{
    for (uint32_t i = 0; i < s->n_edges; i++)
        add_edge(g, p, &g->m->edges[s->edges + i]);
    if (!hist_add_all(&g->hist, s->hist, s->n_hist))
        return false;
    if (s->first_real && (!p->first_real || s->first_real < p->first_real))
        p->first_real = s->first_real;
    if (s->last_real > p->last_real)
        p->last_real = s->last_real;
    return true;
}

static bool add_function(struct gather *g, struct profile *p, const struct ghost_model_function *f)
{
    const struct ghost_model *m = g->m;
    for (uint32_t i = 0; i < f->n_signatures; i++)
        if (!add_signature(g, p, &m->signatures[f->signatures + i]))
            return false;
    for (uint32_t i = 0; i < f->n_callees; i++) {
        const struct ghost_model_edge *e = &m->edges[m->by_caller[f->callees + i]];
        add(&g->callees, g->keys[m->signatures[e->signature].function], e->calls);
    }
    p->n_threads += f->n_rows;
    return true;
}

/* ---- one profile ---- */

static void take_exceptions(struct gather *g, struct profile *p)
{
    uint32_t most = 0, n = 0;
    for (unsigned k = 0; k < 3; k++) {
        unite(&g->ends[k]);
        most += g->ends[k].n;
    }
    struct profile_exception *v = ARENA_ARRAY(&g->out->arena, struct profile_exception, most);
    uint32_t at[3] = { 0 };
    while (v) {
        const struct ghost_str *least = NULL;
        for (unsigned k = 0; k < 3; k++)
            if (at[k] < g->ends[k].n && (!least || ghost_str_compare(g->ends[k].v[at[k]].name, *least) < 0))
                least = &g->ends[k].v[at[k]].name;
        if (!least)
            break;
        uint64_t count[3] = { 0 };
        struct ghost_str type = *least;
        for (unsigned k = 0; k < 3; k++)
            if (at[k] < g->ends[k].n && ghost_str_compare(g->ends[k].v[at[k]].name, type) == 0)
                count[k] = g->ends[k].v[at[k]++].n;
        v[n++] = (struct profile_exception){ type, count[0], count[1], count[2] };
    }
    for (unsigned k = 0; k < 3; k++)
        g->ends[k].n = 0;
    p->exception_types = v;
    p->n_exception_types = n;
}

static void finish(struct gather *g, struct profile *p)
{
    uint64_t ended = p->finished;
    p->unfinished = p->calls > ended ? p->calls - ended : 0;
    p->p50 = hist_quantile(&g->hist, 500, p->min, p->max);
    p->p95 = hist_quantile(&g->hist, 950, p->min, p->max);
    p->p99 = hist_quantile(&g->hist, 990, p->min, p->max);
    hist_clear(&g->hist);
    p->signatures = take(g->out, &g->signatures);
    p->returns = take(g->out, &g->returns);
    p->yields = take(g->out, &g->yields);
    p->callers = take(g->out, &g->callers);
    p->callees = take(g->out, &g->callees);
    take_exceptions(g, p);
}

static const struct ghost_str *make_keys(struct profiles *p, const struct ghost_model *m)
{
    struct ghost_str *keys = ARENA_ARRAY(&p->arena, struct ghost_str, m->n_functions);
    for (uint32_t i = 0; keys && i < m->n_functions; i++) {
        const struct ghost_model_function *f = &m->functions[i];
        size_t size = (size_t)f->module.len + f->qualname.len + 14;
        char *text = arena_alloc(&p->arena, size);
        if (!text)
            return NULL;
        memcpy(text, f->module.p, f->module.len);
        text[f->module.len] = ':';
        memcpy(text + f->module.len + 1, f->qualname.p, f->qualname.len);
        size_t at = (size_t)f->module.len + 1 + f->qualname.len;
        int n = snprintf(text + at, size - at, ":%u", f->first_line);
        keys[i] = (struct ghost_str){ text, (uint32_t)(at + (size_t)n) };
        if (i && ghost_str_compare(keys[i], keys[i - 1]) == 0)
            keys[i] = keys[i - 1];
    }
    return keys;
}

static bool same_key(const struct ghost_model_function *a, const struct ghost_model_function *b)
{
    return a->module.p == b->module.p && a->qualname.p == b->qualname.p && a->first_line == b->first_line;
}

int profiles_make(struct profiles *p, const struct ghost_model *m, struct ghost_err *err)
{
    *p = (struct profiles){ 0 };
    struct gather g = { .out = p, .m = m };
    bool ok = (g.keys = make_keys(p, m)) != NULL;
    p->v = calloc(m->n_functions ? m->n_functions : 1, sizeof *p->v);
    ok = ok && p->v;
    for (uint32_t i = 0; ok && i < m->n_functions;) {
        const struct ghost_model_function *f = &m->functions[i];
        struct profile *one = &p->v[p->n];
        *one = (struct profile){ .fn_key = g.keys[i], .module = f->module, .qualname = f->qualname, .file = f->file,
                                 .line = f->first_line, .is_module = strcmp(f->qualname.p, "<module>") == 0 };
        for (; ok && i < m->n_functions && same_key(&m->functions[i], f); i++)
            ok = add_function(&g, one, &m->functions[i]);
        finish(&g, one);
        p->n += one->calls || one->adopted;      /* defined but never called: no profile */
    }
    struct counts *all[] = { &g.signatures, &g.returns, &g.yields, &g.callers, &g.callees, &g.ends[0], &g.ends[1], &g.ends[2] };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        ok = ok && !all[i]->failed;
        free(all[i]->v);
    }
    hist_release(&g.hist);
    if (ok && !p->arena.failed)
        return 0;
    profiles_release(p);
    return ghost_fail(err, GHOST_E_NOMEM, "out of memory while summing up session %s", m->session.p);
}

void profiles_release(struct profiles *p)
{
    free(p->v);
    arena_release(&p->arena);
    *p = (struct profiles){ 0 };
}
