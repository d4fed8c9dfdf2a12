/* findings_groups.c - functions by fn_key, beside their profiles. */
#include "findings_groups.h"

#include <stdlib.h>

#define CO_OPTIMIZED 0x0001u         /* CPython: class and module bodies lack it */

static bool is_def(const struct ghost_model_function *f)
{
    uint32_t at = f->qualname.len;
    return f->defined && f->co_flags & CO_OPTIMIZED && at && f->qualname.p[at - 1] != '>';
}

static bool same_key(const struct ghost_model_function *a, const struct ghost_model_function *b)
{
    return a->module.p == b->module.p && a->qualname.p == b->qualname.p && a->first_line == b->first_line;
}

static bool is_profile_of(const struct profile *p, const struct ghost_model_function *f)
{
    return p->module.p == f->module.p && p->qualname.p == f->qualname.p && p->line == f->first_line;
}

int groups_make(struct groups *f, const struct ghost_model *m, const struct profiles *p, struct ghost_err *err)
{
    *f = (struct groups){ .v = calloc((size_t)m->n_functions + 1, sizeof *f->v), .of = calloc((size_t)m->n_functions + 1, sizeof *f->of) };
    if (!f->v || !f->of) {
        groups_release(f);
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory while looking for anomalies");
    }
    for (uint32_t i = 0, profile = 0; i < m->n_functions;) {
        struct group *one = &f->v[f->n];
        *one = (struct group){ .first = i, .is_function = is_def(&m->functions[i]) };
        /* profiles stand in the model's order, without those that were never called */
        if (profile < p->n && is_profile_of(&p->v[profile], &m->functions[i]))
            one->p = &p->v[profile++];
        for (; i < m->n_functions && same_key(&m->functions[i], &m->functions[one->first]); i++)
            f->of[i] = f->n;
        one->n = i - one->first;
        f->n++;
    }
    return 0;
}

void groups_release(struct groups *f)
{
    free(f->v);
    free(f->of);
    *f = (struct groups){ 0 };
}

void group_edges(const struct ghost_model *m, const struct group *f, group_visit *visit, void *self)
{
    for (uint32_t i = f->first; i < f->first + f->n; i++) {
        const struct ghost_model_function *of = &m->functions[i];
        for (uint32_t k = of->signatures; k < of->signatures + of->n_signatures; k++) {
            const struct ghost_model_signature *s = &m->signatures[k];
            for (uint32_t e = s->edges; e < s->edges + s->n_edges; e++)
                visit(self, s, &m->edges[e]);
        }
    }
}
