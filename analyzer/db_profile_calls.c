/* db_profile_calls.c - who calls whom, by fn_key: edges of all signatures of a pair summed up. */
#include <stdlib.h>

#include "db_profile.h"

/* The profile of each function of the model; GHOST_NONE: neither called nor on a stack. */
static uint32_t *profiles_of(const struct db_profile_rows *r, const struct ghost_model *m)
{
    uint32_t *of = malloc(((size_t)m->n_functions + 1) * sizeof *of);
    for (uint32_t i = 0; of && i < m->n_functions; i++)
        of[i] = GHOST_NONE;
    for (uint32_t k = 0; of && k < r->n; k++)
        for (uint32_t i = r->v[k].first; i <= r->v[k].last; i++)
            of[i] = k;
    return of;
}

static int ascending(uint32_t a, uint32_t b) { return a < b ? -1 : a > b; }

static int by_pair(const void *pa, const void *pb)
{
    const struct db_profile_call *a = pa, *b = pb;
    int r = ascending(a->from, b->from);
    return r ? r : ascending(a->to, b->to);
}

static struct db_profile_call sum_edge(const struct ghost_model *m, const struct ghost_model_edge *e, const uint32_t *of)
{
    struct db_profile_call c = { .from = e->caller == GHOST_NONE ? GHOST_NONE : of[e->caller], .to = of[m->signatures[e->signature].function], .calls = e->calls };
    for (uint32_t i = e->outcomes; i < e->outcomes + e->n_outcomes; i++) {
        const struct ghost_model_outcome *o = &m->outcomes[i];
        if (!GHOST_END_IS_TIMED(o->end))
            continue;
        c.exceptions += GHOST_END_IS_EXCEPTION(o->end) ? o->count : 0;
        c.finished += o->count;
        c.total += o->total;
        c.self += o->self;
    }
    return c;
}

static void add(struct db_profile_call *to, const struct db_profile_call *c)
{
    to->calls += c->calls;
    to->exceptions += c->exceptions;
    to->finished += c->finished;
    to->total += c->total;
    to->self += c->self;
}

int db_profile_calls(struct db_profile_rows *r, const struct ghost_model *m, struct ghost_err *err)
{
    uint32_t *of = profiles_of(r, m), n = 0;
    r->calls = malloc(((size_t)m->n_edges + 1) * sizeof *r->calls);
    r->n_calls = 0;
    if (!of || !r->calls) {
        free(of);
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory while summing up the analysis");
    }
    for (uint32_t i = 0; i < m->n_edges; i++)
        if (!m->edges[i].adopted)
            r->calls[n++] = sum_edge(m, &m->edges[i], of);
    qsort(r->calls, n, sizeof *r->calls, by_pair);
    for (uint32_t i = 0; i < n; i++) {
        struct db_profile_call *last = r->n_calls ? &r->calls[r->n_calls - 1] : NULL;
        if (last && by_pair(last, &r->calls[i]) == 0)
            add(last, &r->calls[i]);
        else
            r->calls[r->n_calls++] = r->calls[i];
    }
    free(of);
    return 0;
}
