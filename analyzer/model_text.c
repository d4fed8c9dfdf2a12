/* model_text.c - a signature as text: (int, *tuple, k=str, **dict).
 *
 * Parameters stand in the order of the source: positional, *args,
 * keyword-only by name, **kwargs. FUNC and SIG have *args after the
 * keyword-only ones. */
#include "model_build.h"

#include <string.h>

struct text { char *p; size_t len, cap; bool failed; };

static void put(struct text *t, const char *p, size_t n)
{
    if (t->failed || t->len + n > t->cap) {
        size_t cap = (t->len + n) * 2 + 64;
        char *grown = t->failed ? NULL : realloc(t->p, cap);
        if (!grown) {
            t->failed = true;
            return;
        }
        t->p = grown;
        t->cap = cap;
    }
    memcpy(t->p + t->len, p, n);
    t->len += n;
}

static void put_param(struct text *t, const struct build *b, const struct ghost_model_signature *s, uint32_t i,
                      const char *stars, const struct ghost_str *name)
{
    uint32_t type = s->types[i];
    if (t->len > 1)
        put(t, ", ", 2);
    put(t, stars, strlen(stars));
    if (name) {
        put(t, name->p, name->len);
        put(t, "=", 1);
    }
    if (type == GHOST_NONE)      /* not bound: a type without a definition has a made-up name */
        put(t, "-", 1);
    else
        put(t, b->types.v[type].qualname.p, b->types.v[type].qualname.len);
}

struct ghost_str build_signature_text(struct build *b, const struct ghost_model_signature *s)
{
    const struct ghost_model_function *f = &b->functions.v[s->function];
    if (s->other)
        return build_str(b, GHOST_STR("(...)"));
    if (!s->defined)
        return build_str(b, GHOST_STR("(?)"));
    struct text t = { 0 };
    uint32_t varargs = f->n_positional + f->n_kwonly;
    put(&t, "(", 1);
    for (uint32_t i = 0; i < f->n_positional && i < s->n_types; i++)
        put_param(&t, b, s, i, "", NULL);
    if (f->co_flags & GHOST_CO_VARARGS && varargs < s->n_types)
        put_param(&t, b, s, varargs, "*", NULL);
    for (uint32_t i = f->n_positional; i < varargs && i < s->n_types; i++)
        put_param(&t, b, s, i, "", &f->params[i]);
    if (f->co_flags & GHOST_CO_VARKEYWORDS && s->n_types)
        put_param(&t, b, s, s->n_types - 1, "**", NULL);
    put(&t, ")", 1);
    struct ghost_str text = t.failed ? GHOST_STR("(?)") : (struct ghost_str){ t.p, (uint32_t)t.len };
    text = build_str(b, text);
    free(t.p);
    return text;
}
