/* mismatch_collect.c - what was seen at a place, from the model's joint facts. */
#include "mismatch.h"

static struct seen *add(struct place *p)
{
    p->v[p->n] = (struct seen){ .outcome = GHOST_NONE };
    return &p->v[p->n++];
}

static uint64_t calls_of(const struct ghost_model *m, const struct ghost_model_signature *s)
{
    uint64_t calls = 0;
    for (uint32_t i = 0; i < s->n_edges; i++)
        calls += m->edges[s->edges + i].calls;
    return calls;
}

static void collect_argument(struct place *p, const struct ghost_model_signature *s, uint32_t signature, uint64_t calls)
{
    if (p->param >= s->n_types || s->types[p->param] == GHOST_NONE)
        return;
    struct seen *one = add(p);
    one->type = s->types[p->param];
    one->signature = signature;
    one->count = calls;
    p->total += calls;
}

static void collect_elements(struct place *p, const struct ghost_model_signature *s, uint32_t signature, uint64_t calls)
{
    const uint32_t *types = p->kind == PLACE_ARGS ? s->args : s->kwargs;
    uint32_t n = p->kind == PLACE_ARGS ? s->n_args : s->n_kwargs;
    for (uint32_t i = 0; i < n && i < GHOST_SIG_ELEMENTS; i++)
        if (types[i] != GHOST_NONE) {
            struct seen *one = add(p);
            one->type = types[i];
            one->index = i;
            one->signature = signature;
            one->count = calls;
        }
    p->total += calls;
}

static void collect_calls(struct place *p, uint32_t signature, uint64_t calls)
{
    struct seen *one = add(p);
    one->type = GHOST_NONE;
    one->signature = signature;
    one->count = calls;
    p->total += calls;
}

static void collect_ends(struct place *p, const struct ghost_model *m, uint32_t signature)
{
    const struct ghost_model_signature *s = &m->signatures[signature];
    uint32_t end = p->kind == PLACE_YIELD ? GHOST_END_YIELD : GHOST_END_RETURN;
    for (uint32_t i = s->edges; i < s->edges + s->n_edges; i++)
        for (uint32_t k = m->edges[i].outcomes; k < m->edges[i].outcomes + m->edges[i].n_outcomes; k++) {
            const struct ghost_model_outcome *o = &m->outcomes[k];
            if (o->end != end || o->type == GHOST_NONE || o->count == 0)
                continue;
            struct seen *one = add(p);
            one->type = o->type;
            one->signature = signature;
            one->outcome = k;
            one->count = o->count;
            p->total += o->count;
        }
}

/* At most so many entries. */
static size_t bound(const struct place *p, const struct ghost_model *m, const struct ghost_model_function *f)
{
    size_t n = (size_t)f->n_signatures * GHOST_SIG_ELEMENTS;
    if (p->kind == PLACE_RETURN || p->kind == PLACE_YIELD)
        for (uint32_t i = f->signatures; i < f->signatures + f->n_signatures; i++)
            for (uint32_t k = m->signatures[i].edges; k < m->signatures[i].edges + m->signatures[i].n_edges; k++)
                n += m->edges[k].n_outcomes;
    return n;
}

int place_collect(struct place *p, const struct ghost_model *m, const struct ghost_model_function *f, struct arena *arena)
{
    p->v = ARENA_ARRAY(arena, struct seen, bound(p, m, f));
    p->n = 0;
    p->total = 0;
    for (uint32_t i = f->signatures; p->v && i < f->signatures + f->n_signatures; i++) {
        const struct ghost_model_signature *s = &m->signatures[i];
        uint64_t calls = calls_of(m, s);
        bool typed = s->defined && !s->other && calls > 0;
        switch (p->kind) {
        case PLACE_PARAM:
            if (typed)
                collect_argument(p, s, i, calls);
            break;
        case PLACE_ARGS:
        case PLACE_KWARGS:
            if (typed)
                collect_elements(p, s, i, calls);
            break;
        case PLACE_GENERATOR:
            if (calls)
                collect_calls(p, i, calls);
            break;
        default:
            collect_ends(p, m, i);
        }
    }
    return p->v ? 0 : GHOST_E_NOMEM;
}
