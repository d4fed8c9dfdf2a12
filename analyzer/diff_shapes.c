/* diff_shapes.c - what only one side shows of a function: signatures, return types, exception types, calls. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diff.h"
#include "statistics.h"

const char *const diff_shape_names[] = {
#define X(name, fresh, gone) #name,
    DIFF_SHAPES(X)
#undef X
};
const char *const diff_shape_fresh[] = {
#define X(name, fresh, gone) fresh,
    DIFF_SHAPES(X)
#undef X
};
const char *const diff_shape_gone[] = {
#define X(name, fresh, gone) gone,
    DIFF_SHAPES(X)
#undef X
};

static const double CHANCE = 0.001;      /* of not meeting it at all on the other side, were it as frequent there */


static struct ghost_str without_line(struct ghost_str fn_key)
{
    while (fn_key.len && fn_key.p[fn_key.len - 1] != ':')
        fn_key.len--;
    fn_key.len -= fn_key.len > 0;
    return fn_key;
}

/* ---- the four kinds as one list ---- */

static uint32_t count_of(const struct diff_function *f, enum diff_shape k)
{
    switch (k) {
    case DIFF_SHAPE_signatures: return f->signatures.n;
    case DIFF_SHAPE_returns: return f->returns.n;
    case DIFF_SHAPE_exceptions: return f->n_exception_types;
    case DIFF_SHAPE_callees: return f->callees.n;
    default: return 0;
    }
}

static struct profile_count item_of(const struct diff_function *f, enum diff_shape k, uint32_t i)
{
    switch (k) {
    case DIFF_SHAPE_signatures: return f->signatures.v[i];
    case DIFF_SHAPE_returns: return f->returns.v[i];
    case DIFF_SHAPE_callees: return (struct profile_count){ without_line(f->callees.v[i].name), f->callees.v[i].n };
    default: break;
    }
    const struct profile_exception *e = &f->exceptions_by_type[i];
    return (struct profile_count){ e->type, e->raised + e->passed };
}

/* Names in order, to find one quickly: a dispatcher may call thousands of functions. */
struct names { struct ghost_str *v; uint32_t n; };

static int by_name(const void *a, const void *b) { return ghost_str_compare(*(const struct ghost_str *)a, *(const struct ghost_str *)b); }

static bool names_of(struct names *to, const struct diff_function *f, enum diff_shape k)
{
    uint32_t all = count_of(f, k);
    *to = (struct names){ malloc(((size_t)all + 1) * sizeof *to->v), 0 };
    for (uint32_t i = 0; to->v && i < all; i++) {
        struct profile_count c = item_of(f, k, i);
        if (c.n)
            to->v[to->n++] = c.name;
    }
    if (to->v)
        qsort(to->v, to->n, sizeof *to->v, by_name);
    return to->v != NULL;
}

static bool has(const struct names *n, struct ghost_str name)
{
    return n->n && bsearch(&name, n->v, n->n, sizeof *n->v, by_name);
}

/* ---- the caller that brings a signature ---- */

struct most { struct ghost_str name; uint64_t n; };

static void callers_of(const struct diff_side *s, uint32_t model, const struct diff_function *f, struct ghost_str text, struct most *best)
{
    const struct ghost_model *m = s->models[model];
    for (uint32_t i = 0; i < m->n_signatures; i++) {
        const struct ghost_model_signature *sig = &m->signatures[i];
        const struct ghost_model_function *of = &m->functions[sig->function];
        if ((of->first_line != f->line && !f->many_lines) || ghost_str_compare(sig->text, text) != 0 || ghost_str_compare(of->qualname, f->qualname) != 0 ||
            ghost_str_compare(of->module, f->module) != 0)
            continue;
        for (uint32_t k = 0; k < sig->n_edges; k++) {
            const struct ghost_model_edge *e = &m->edges[sig->edges + k];
            if (e->calls > best->n && e->caller != GHOST_NONE)
                *best = (struct most){ m->functions[e->caller].qualname, e->calls };
        }
    }
}

/* ---- one function ---- */

/* Generator expressions and lambdas of one function share a name, and lines are left out: calls to them are told once. */
static uint32_t once_each(struct diff_novelty *v, uint32_t n)
{
    enum { FEW = 256 };                  /* a dispatcher's callees have names */
    uint32_t kept = 0;
    for (uint32_t i = 0; n <= FEW && i < n; i++) {
        uint32_t k = 0;
        while (k < kept && ghost_str_compare(v[k].name, v[i].name) != 0)
            k++;
        if (k == kept) {
            v[kept++] = v[i];
            continue;
        }
        v[k].count += v[i].count;
        v[k].surprising |= v[i].surprising;
    }
    return n <= FEW ? kept : n;
}

static struct diff_novelties only_in(struct diff *d, const struct diff_side *side, const struct diff_function *f,
                                     const struct diff_function *other, const struct names *known, enum diff_shape k)
{
    struct diff_novelty *v = NULL;
    uint32_t n = 0, all = count_of(f, k);
    for (uint32_t i = 0; i < all; i++) {
        struct profile_count c = item_of(f, k, i);
        if (!c.n || has(known, c.name))
            continue;
        if (!v && !(v = ARENA_ARRAY(&d->arena, struct diff_novelty, all)))
            break;
        struct most caller = { { "", 0 }, 0 };
        for (uint32_t m = 0; k == DIFF_SHAPE_signatures && m < side->n_models; m++)
            callers_of(side, m, f, c.name, &caller);
        double share = wilson((double)c.n, fmax((double)f->calls, (double)c.n), 1.96).low;
        v[n++] = (struct diff_novelty){ .name = c.name, .count = c.n, .of = f->calls, .caller = caller.name,
                                        .surprising = log1p(-fmin(share, 0.999999)) * (double)other->calls < log(CHANCE) };
    }
    return (struct diff_novelties){ v, k == DIFF_SHAPE_callees ? once_each(v, n) : n };
}

/* A callee that has another name on the other side is the same edge. */
static struct diff_novelties without_renamed(const struct diff *d, struct diff_novelties all, const struct names *other, bool fresh)
{
    struct diff_novelty *v = (struct diff_novelty *)all.v;
    uint32_t n = 0;
    for (uint32_t i = 0; i < all.n; i++) {
        bool known = false;
        for (uint32_t k = 0; k < d->n && !known; k++) {
            const struct diff_pair *q = &d->pairs[k];
            if (q->match != DIFF_RENAMED)
                continue;
            struct ghost_str here = without_line((fresh ? q->after : q->before)->fn_key), there = without_line((fresh ? q->before : q->after)->fn_key);
            known = ghost_str_compare(here, v[i].name) == 0 && has(other, there);
        }
        if (!known)
            v[n++] = v[i];
    }
    return (struct diff_novelties){ v, n };
}

static bool compare_pair(struct diff *d, struct diff_pair *p, enum diff_shape k)
{
    struct names before = { 0 }, after = { 0 };
    bool ok = names_of(&before, p->before, k) && names_of(&after, p->after, k);
    if (ok) {
        p->fresh[k] = only_in(d, &d->after, p->after, p->before, &before, k);
        p->gone[k] = only_in(d, &d->before, p->before, p->after, &after, k);
    }
    if (ok && k == DIFF_SHAPE_callees) {
        p->fresh[k] = without_renamed(d, p->fresh[k], &before, true);
        p->gone[k] = without_renamed(d, p->gone[k], &after, false);
    }
    free(before.v);
    free(after.v);
    return ok;
}

int diff_compare_shapes(struct diff *d, struct ghost_err *err)
{
    bool ok = true;
    for (uint32_t i = 0; ok && i < d->n; i++)
        for (unsigned k = 0; ok && d->pairs[i].before && d->pairs[i].after && k < DIFF_N_SHAPES; k++)
            ok = compare_pair(d, &d->pairs[i], k);
    return ok && !d->arena.failed ? 0 : ghost_fail(err, GHOST_E_NOMEM, "out of memory while comparing signatures");
}
