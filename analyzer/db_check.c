/* db_check.c - what holds in every model that an analysis makes, and that those
 * who use one rely on: asked of a model that comes from a file. */
#include "db_open.h"

static bool functions_hold(const struct ghost_model *m)
{
    for (uint32_t i = 0; i < m->n_functions; i++) {
        const struct ghost_model_function *f = &m->functions[i];
        uint64_t params = (uint64_t)f->n_positional + f->n_kwonly + !!(f->co_flags & GHOST_CO_VARARGS) + !!(f->co_flags & GHOST_CO_VARKEYWORDS);
        if (f->n_posonly > f->n_positional || f->n_params != params)
            return false;
    }
    return true;
}

static bool signatures_hold(const struct ghost_model *m)
{
    for (uint32_t i = 0; i < m->n_signatures; i++) {
        const struct ghost_model_signature *s = &m->signatures[i];
        bool fits = s->n_types == m->functions[s->function].n_params || (s->n_types == 0 && !s->defined) || s->other;
        if (!fits || s->n_args > GHOST_SIG_ELEMENTS + 1 || s->n_kwargs > GHOST_SIG_ELEMENTS + 1)
            return false;
    }
    return true;
}

static bool numbers_hold(const struct ghost_model *m)
{
    for (uint32_t i = 0; i < m->n_outcomes; i++)
        if (m->outcomes[i].end >= GHOST_END_COUNT)
            return false;
    for (uint32_t i = 0; i < m->n_slice_rows; i++)
        if (m->slices[i].slice >= GHOST_SLICES)
            return false;
    return true;
}

static bool annotations_hold(const struct ghost_model *m)
{
    for (uint32_t i = 0; i < m->n_annotations; i++) {
        const struct ghost_def_annot *a = m->annotations[i].annot;
        if (i && m->annotations[i].function < m->annotations[i - 1].function)
            return false;
        for (uint32_t k = 0; k < a->n_defaults; k++)
            if (a->defaults[2 * k] >= m->functions[m->annotations[i].function].n_params)
                return false;
    }
    return true;
}

static bool trees_hold(const struct ghost_model *m)
{
    for (uint32_t i = 0; i < m->n_trees; i++) {
        const struct ghost_def_tree *t = m->trees[i].tree;
        for (uint32_t k = 0; k < t->n_nodes; k++)
            if (t->nodes[k].parent > (k ? k - 1 : 0))
                return false;
    }
    return true;
}

bool db_model_holds(const struct ghost_model *m)
{
    return functions_hold(m) && signatures_hold(m) && numbers_hold(m) && annotations_hold(m) && trees_hold(m);
}
