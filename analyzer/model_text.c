/* model_text.c - a signature of a model that is being built, as text (signature_text.h). */
#include "model_build.h"
#include "signature_text.h"

#include "format/base.h"

struct naming { const struct build *b; const struct ghost_model_signature *s; };

static struct ghost_str type_name(void *self, uint32_t i)
{
    const struct naming *n = self;
    uint32_t type = n->s->types[i];
    /* not bound: a type without a definition has a made-up name */
    return type == GHOST_NONE ? GHOST_STR("-") : n->b->types.v[type].qualname;
}

struct ghost_str build_signature_text(struct build *b, const struct ghost_model_signature *s)
{
    const struct ghost_model_function *f = &b->functions.v[s->function];
    struct naming naming = { b, s };
    struct signature_form form = { .other = s->other, .defined = s->defined, .co_flags = f->co_flags, .n_positional = f->n_positional, .n_kwonly = f->n_kwonly,
                                   .params = f->params, .n_types = s->n_types, .type = type_name, .self = &naming };
    struct ghost_buf text = { 0 };
    bool ok = signature_text(&form, &text);
    struct ghost_str kept = build_str(b, ok ? (struct ghost_str){ (const char *)text.p, (uint32_t)text.len } : GHOST_STR("(?)"));
    ghost_buf_release(&text);
    return kept;
}
