/* facts_atlas.c - groups, totals, and calls split by what they have in common. */
#include "facts_atlas.h"

#include <stdlib.h>
#include <string.h>

/* ---- the session ---- */

/* Exceptions that are how Python tells "done" or "stop": no errors. By the MRO,
 * so classes derived from them are none either. */
static bool is_control(const struct ghost_model *m, uint32_t type)
{
    static const char *const names[][2] = {
        { "builtins", "StopIteration" }, { "builtins", "StopAsyncIteration" }, { "builtins", "GeneratorExit" },
        { "builtins", "KeyboardInterrupt" }, { "builtins", "SystemExit" }, { "asyncio.exceptions", "CancelledError" },
    };
    const struct ghost_model_type *t = &m->types[type];
    for (uint32_t i = 0; i <= t->n_mro; i++) {
        uint32_t base = i ? t->mro[i - 1] : type;
        for (size_t k = 0; base != GHOST_NONE && k < sizeof names / sizeof *names; k++)
            if (strcmp(m->types[base].module.p, names[k][0]) == 0 && strcmp(m->types[base].qualname.p, names[k][1]) == 0)
                return true;
    }
    return false;
}

static bool same_group(const struct ghost_model_function *a, const struct ghost_model_function *b)
{
    return a->module.p == b->module.p && a->qualname.p == b->qualname.p && a->first_line == b->first_line;
}

static bool is_profile_of(const struct profile *p, const struct ghost_model_function *f)
{
    return p->module.p == f->module.p && p->qualname.p == f->qualname.p && p->line == f->first_line;
}

int atlas_make(struct atlas *a, const struct ghost_model *m, const struct profiles *p,
               const struct findings *findings, struct ghost_err *err)
{
    *a = (struct atlas){ .m = m, .p = p, .findings = findings };
    a->group = calloc(m->n_functions + 1u, sizeof *a->group);
    a->profile = calloc(m->n_functions + 1u, sizeof *a->profile);
    a->control = calloc(m->n_types + 1u, sizeof *a->control);
    a->first = calloc(p->n + 1u, sizeof *a->first);
    if (!a->group || !a->profile || !a->control || !a->first) {
        atlas_release(a);
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    }
    /* profiles are the groups that were called, in the same order */
    for (uint32_t i = 0, at = 0; i < m->n_functions; i++) {
        a->group[i] = i && same_group(&m->functions[i], &m->functions[i - 1]) ? a->group[i - 1] : i;
        bool called = a->group[i] == i && at < p->n && is_profile_of(&p->v[at], &m->functions[i]);
        if (called)
            a->first[at] = i;
        a->profile[i] = called ? at++ : a->group[i] == i ? GHOST_NONE : a->profile[a->group[i]];
    }
    for (uint32_t i = 0; i < m->n_types; i++)
        a->control[i] = is_control(m, i);
    for (uint32_t i = 0; i < p->n; i++) {
        a->n_functions += !p->v[i].is_module;
        a->calls += p->v[i].is_module ? 0 : p->v[i].calls;
        a->self += p->v[i].is_module ? 0 : p->v[i].self;
    }
    return 0;
}

void atlas_release(struct atlas *a)
{
    free(a->group);
    free(a->profile);
    free(a->control);
    free(a->first);
    *a = (struct atlas){ 0 };
}

uint32_t atlas_group(const struct atlas *a, const struct profile *p)
{
    return a->first[p - a->p->v];
}

uint32_t atlas_group_end(const struct atlas *a, uint32_t group)
{
    uint32_t end = group;
    while (end < a->m->n_functions && a->group[end] == group)
        end++;
    return end;
}

/* ---- walking the edges of a group ---- */

typedef void visit(void *self, const struct ghost_model_edge *e);

static void walk(const struct atlas *a, uint32_t group, bool callees, visit *each, void *self)
{
    const struct ghost_model *m = a->m;
    for (uint32_t i = group; i < atlas_group_end(a, group); i++) {
        const struct ghost_model_function *f = &m->functions[i];
        for (uint32_t k = 0; callees && k < f->n_callees; k++)
            each(self, &m->edges[m->by_caller[f->callees + k]]);
        for (uint32_t s = 0; !callees && s < f->n_signatures; s++) {
            const struct ghost_model_signature *sig = &m->signatures[f->signatures + s];
            for (uint32_t k = 0; k < sig->n_edges; k++)
                each(self, &m->edges[sig->edges + k]);
        }
    }
}

/* Signatures with one text are one row; the first of the group stands for it. */
static uint32_t first_signature(const struct atlas *a, uint32_t signature)
{
    const struct ghost_model *m = a->m;
    uint32_t group = a->group[m->signatures[signature].function];
    for (uint32_t i = group; i <= m->signatures[signature].function; i++) {
        const struct ghost_model_function *f = &m->functions[i];
        uint32_t low = f->signatures, high = f->signatures + f->n_signatures;
        if (i == m->signatures[signature].function) {
            /* neighbours: signatures of a function are sorted by text */
            while (signature > low && m->signatures[signature - 1].text.p == m->signatures[signature].text.p)
                signature--;
            return signature;
        }
        for (uint32_t s = low; s < high; s++)
            if (m->signatures[s].text.p == m->signatures[signature].text.p)
                return s;
    }
    return signature;
}

static uint32_t key_of(const struct atlas *a, const struct ghost_model_edge *e, enum alike_by by)
{
    if (by == BY_SIGNATURE)
        return first_signature(a, e->signature);
    if (by == BY_CALLEE)
        return a->group[a->m->signatures[e->signature].function];
    return e->caller == GHOST_NONE ? GHOST_NONE : a->group[e->caller];
}

/* ---- calls that are alike ---- */

struct alike_walk { struct alikes *out; const struct atlas *a; enum alike_by by; };

static void add_alike(void *self, const struct ghost_model_edge *e)
{
    struct alike_walk *w = self;
    struct alikes *s = w->out;
    if (e->adopted || s->failed || !grow_array(&s->v, s->n, &s->cap, sizeof *s->v)) {
        s->failed = s->failed || !e->adopted;
        return;
    }
    struct alike *row = &s->v[s->n++];
    *row = (struct alike){ .key = key_of(w->a, e, w->by), .calls = e->calls };
    for (uint32_t i = 0; i < e->n_outcomes; i++) {
        const struct ghost_model_outcome *o = &w->a->m->outcomes[e->outcomes + i];
        if (!GHOST_END_IS_TIMED(o->end))
            continue;
        row->finished += o->count;
        row->total += o->total;
        row->max = o->max > row->max ? o->max : row->max;
        row->exceptions += GHOST_END_IS_EXCEPTION(o->end) ? o->count : 0;
        row->errors += GHOST_END_IS_EXCEPTION(o->end) && (o->type == GHOST_NONE || !w->a->control[o->type]) ? o->count : 0;
    }
}

static int by_key(const void *pa, const void *pb)
{
    const struct alike *a = pa, *b = pb;
    return a->key < b->key ? -1 : a->key > b->key;
}

static int by_calls(const void *pa, const void *pb)
{
    const struct alike *a = pa, *b = pb;
    return a->calls != b->calls ? (a->calls < b->calls ? 1 : -1) : by_key(pa, pb);
}

bool alikes_make(struct alikes *s, const struct atlas *a, uint32_t group, enum alike_by by)
{
    *s = (struct alikes){ 0 };
    struct alike_walk w = { s, a, by };
    uint32_t n = 0;
    walk(a, group, by == BY_CALLEE, add_alike, &w);
    if (s->n)
        qsort(s->v, s->n, sizeof *s->v, by_key);
    for (uint32_t i = 0; i < s->n; i++) {
        struct alike *into = n ? &s->v[n - 1] : NULL;
        const struct alike *row = &s->v[i];
        if (!into || into->key != row->key) {
            s->v[n++] = *row;
            continue;
        }
        into->calls += row->calls;
        into->finished += row->finished;
        into->total += row->total;
        into->max = row->max > into->max ? row->max : into->max;
        into->exceptions += row->exceptions;
        into->errors += row->errors;
    }
    s->n = n;
    if (n)
        qsort(s->v, n, sizeof *s->v, by_calls);
    return !s->failed;
}

void alikes_release(struct alikes *s)
{
    free(s->v);
    *s = (struct alikes){ 0 };
}

/* ---- how calls ended ---- */

static bool add_ended(struct endings *e, struct ended what)
{
    for (uint32_t i = 0; i < e->n; i++)
        if (e->v[i].type == what.type) {
            e->v[i].count += what.count;
            e->v[i].raised += what.raised;
            e->v[i].passed += what.passed;
            return true;
        }
    if (!grow_array(&e->v, e->n, &e->cap, sizeof *e->v)) {
        e->failed = true;
        return false;
    }
    e->v[e->n++] = what;
    return true;
}

static int by_count(const void *pa, const void *pb)
{
    const struct ended *a = pa, *b = pb;
    if (a->count != b->count)
        return a->count < b->count ? 1 : -1;
    return a->type < b->type ? -1 : a->type > b->type;
}

static bool sort_endings(struct endings *e)
{
    if (e->n)
        qsort(e->v, e->n, sizeof *e->v, by_count);
    return !e->failed;
}

struct ending_walk { struct endings *out; const struct atlas *a; enum ending_kind kind; const struct alike_key *only; };

static bool is_kind(uint32_t end, enum ending_kind kind)
{
    switch (kind) {
    case ENDINGS_EXCEPTIONS: return GHOST_END_IS_EXCEPTION(end);
    case ENDINGS_RETURNS: return end == GHOST_END_RETURN;
    case ENDINGS_YIELDS: return end == GHOST_END_YIELD;
    case ENDINGS_CAUGHT: return end == GHOST_END_CAUGHT;
    }
    return false;
}

static void add_endings(void *self, const struct ghost_model_edge *e)
{
    struct ending_walk *w = self;
    if (e->adopted || (w->only && key_of(w->a, e, w->only->by) != w->only->key))
        return;
    for (uint32_t i = 0; i < e->n_outcomes; i++) {
        const struct ghost_model_outcome *o = &w->a->m->outcomes[e->outcomes + i];
        if (is_kind(o->end, w->kind))
            add_ended(w->out, (struct ended){ o->type, o->count, o->end == GHOST_END_RAISED ? o->count : 0,
                                              o->end == GHOST_END_PASSED ? o->count : 0 });
    }
}

bool endings_make(struct endings *e, const struct atlas *a, uint32_t group, enum ending_kind kind, const struct alike_key *only)
{
    *e = (struct endings){ 0 };
    struct ending_walk w = { e, a, kind, only };
    walk(a, group, false, add_endings, &w);
    return sort_endings(e);
}

void endings_release(struct endings *e)
{
    free(e->v);
    *e = (struct endings){ 0 };
}

bool parameter_types(struct endings *e, const struct atlas *a, uint32_t group, uint32_t param)
{
    const struct ghost_model *m = a->m;
    *e = (struct endings){ 0 };
    for (uint32_t i = group; i < atlas_group_end(a, group); i++) {
        const struct ghost_model_function *f = &m->functions[i];
        for (uint32_t s = f->signatures; s < f->signatures + f->n_signatures; s++) {
            const struct ghost_model_signature *sig = &m->signatures[s];
            uint64_t calls = 0;
            for (uint32_t k = 0; k < sig->n_edges; k++)
                calls += m->edges[sig->edges + k].calls;
            if (calls && sig->defined && !sig->other && param < sig->n_types && sig->types[param] != GHOST_NONE)
                add_ended(e, (struct ended){ sig->types[param], calls, 0, 0 });
        }
    }
    return sort_endings(e);
}

/* ---- where calls come from ---- */

struct origin_walk { struct alikes rows; const struct atlas *a; struct alike_key of; enum alike_by by; };

static void add_origin(void *self, const struct ghost_model_edge *e)
{
    struct origin_walk *w = self;
    if (e->adopted || !e->calls || key_of(w->a, e, w->of.by) != w->of.key)
        return;
    uint32_t key = key_of(w->a, e, w->by);
    for (uint32_t i = 0; i < w->rows.n; i++)
        if (w->rows.v[i].key == key) {
            w->rows.v[i].calls += e->calls;
            return;
        }
    if (!grow_array(&w->rows.v, w->rows.n, &w->rows.cap, sizeof *w->rows.v))
        w->rows.failed = true;
    else
        w->rows.v[w->rows.n++] = (struct alike){ .key = key, .calls = e->calls };
}

bool origin_make(struct origin *o, const struct atlas *a, uint32_t group, struct alike_key of, enum alike_by by)
{
    struct origin_walk w = { .a = a, .of = of, .by = by };
    walk(a, group, false, add_origin, &w);
    if (w.rows.n)
        qsort(w.rows.v, w.rows.n, sizeof *w.rows.v, by_calls);
    *o = w.rows.n ? (struct origin){ w.rows.n, w.rows.v[0].key, w.rows.v[0].calls } : (struct origin){ 0, GHOST_NONE, 0 };
    bool ok = !w.rows.failed;
    alikes_release(&w.rows);
    return ok;
}
