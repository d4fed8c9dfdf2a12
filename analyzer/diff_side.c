/* diff_side.c - the sessions of one side, summed up to a row per function. */
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "diff.h"

/* ---- rows ---- */

static int by_key(const void *pa, const void *pb)
{
    const struct profile *a = *(const struct profile *const *)pa, *b = *(const struct profile *const *)pb;
    int r = ghost_str_compare(a->module, b->module);
    r = r ? r : ghost_str_compare(a->qualname, b->qualname);
    return r ? r : (a->line > b->line) - (a->line < b->line);
}

static int count_by_name(const void *a, const void *b)
{
    return ghost_str_compare(((const struct profile_count *)a)->name, ((const struct profile_count *)b)->name);
}

static int count_by_n(const void *pa, const void *pb)
{
    const struct profile_count *a = pa, *b = pb;
    return a->n != b->n ? (a->n < b->n ? 1 : -1) : count_by_name(a, b);
}

static void add_dist(struct diff_side *s, struct profile_dist *to, const struct profile_dist *more)
{
    if (!to->n) {
        *to = *more;
        return;
    }
    struct profile_count *v = ARENA_ARRAY(&s->arena, struct profile_count, to->n + more->n);
    if (!v)
        return;
    memcpy(v, to->v, to->n * sizeof *v);
    memcpy(v + to->n, more->v, more->n * sizeof *v);
    uint32_t all = to->n + more->n, n = 0;
    qsort(v, all, sizeof *v, count_by_name);
    for (uint32_t i = 0; i < all; i++) {
        if (n && count_by_name(&v[n - 1], &v[i]) == 0)
            v[n - 1].n += v[i].n;
        else
            v[n++] = v[i];
    }
    qsort(v, n, sizeof *v, count_by_n);
    *to = (struct profile_dist){ v, n };
}

static void add_exceptions(struct diff_side *s, struct diff_function *f, const struct profile *p)
{
    struct profile_exception *v = ARENA_ARRAY(&s->arena, struct profile_exception, f->n_exception_types + p->n_exception_types);
    uint32_t n = f->n_exception_types;
    if (!v)
        return;
    if (n)
        memcpy(v, f->exceptions_by_type, n * sizeof *v);
    for (uint32_t i = 0; i < p->n_exception_types; i++) {
        const struct profile_exception *e = &p->exception_types[i];
        uint32_t at = 0;
        while (at < n && ghost_str_compare(v[at].type, e->type) != 0)
            at++;
        if (at == n)
            v[n++] = (struct profile_exception){ .type = e->type };
        v[at].raised += e->raised;
        v[at].passed += e->passed;
        v[at].caught += e->caught;
    }
    f->exceptions_by_type = v;
    f->n_exception_types = n;
}

static void add_profile(struct diff_side *s, struct diff_function *f, const struct profile *p)
{
    if (p->finished && (!f->finished || p->min < f->min))
        f->min = p->min;
    if (p->max > f->max)
        f->max = p->max;
    f->calls += p->calls;
    f->exceptions += p->exceptions;
    f->finished += p->finished;
    f->total += p->total;
    f->self += p->self;
    add_dist(s, &f->signatures, &p->signatures);
    add_dist(s, &f->returns, &p->returns);
    add_dist(s, &f->callers, &p->callers);
    add_dist(s, &f->callees, &p->callees);
    add_exceptions(s, f, p);
}

/* ---- what the profiles leave out: histograms and slices ---- */

static struct diff_function *find_row(struct diff_side *s, const struct ghost_model_function *f)
{
    uint32_t low = 0, high = s->n;
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        const struct diff_function *at = &s->v[mid];
        int r = ghost_str_compare(at->module, f->module);
        r = r ? r : ghost_str_compare(at->qualname, f->qualname);
        r = r || at->many_lines ? r : (at->line > f->first_line) - (at->line < f->first_line);
        if (r == 0)
            return &s->v[mid];
        if (r < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

static bool add_histograms(struct diff_function *row, const struct ghost_model *m, const struct ghost_model_function *f)
{
    row->fingerprint = row->fingerprint ? row->fingerprint : f->fingerprint;
    for (uint32_t i = 0; i < f->n_signatures; i++) {
        const struct ghost_model_signature *sig = &m->signatures[f->signatures + i];
        if (!hist_add_all(&row->hist, sig->hist, sig->n_hist))
            return false;
    }
    return true;
}

static bool add_model(struct diff_side *s, const struct ghost_model *m)
{
    uint32_t *of = calloc((size_t)m->n_functions + 1, sizeof *of);
    bool ok = of != NULL;
    for (uint32_t i = 0; ok && i < m->n_functions; i++) {
        struct diff_function *row = find_row(s, &m->functions[i]);
        of[i] = row ? (uint32_t)(row - s->v) : GHOST_NONE;
        ok = !row || add_histograms(row, m, &m->functions[i]);
    }
    /* rows of one function stand together; two model functions of one key follow each other */
    for (uint32_t i = 0; ok && i < m->n_slice_rows;) {
        uint32_t row = of[m->slices[i].function], n = 1;
        while (i + n < m->n_slice_rows && of[m->slices[i + n].function] == row)
            n++;
        if (row != GHOST_NONE) {
            struct diff_function *f = &s->v[row];
            struct diff_cell *v = ARENA_ARRAY(&s->arena, struct diff_cell, f->n_cells + n);
            ok = v != NULL;
            if (ok && f->n_cells)
                memcpy(v, f->cells, f->n_cells * sizeof *v);
            for (uint32_t k = 0; ok && k < n; k++) {
                const struct ghost_model_slice *c = &m->slices[i + k];
                v[f->n_cells + k] = (struct diff_cell){ s->n_processes + c->process, c->slice, c->calls, c->exceptions, c->finished,
                                                        c->total, c->self, c->log_sum, c->log_squares };
            }
            f->cells = v;
            f->n_cells += n;
        }
        i += n;
    }
    s->n_processes += m->n_processes;
    free(of);
    return ok;
}

static uint64_t name_key(struct ghost_str module, struct ghost_str qualname)
{
    return XXH3_64bits_withSeed(qualname.p, qualname.len, XXH3_64bits(module.p, module.len));
}

static bool add_defined(struct diff_side *s, const struct ghost_model *m)
{
    bool ok = true;
    for (uint32_t t = 0; ok && t < m->n_trees; t++) {
        const struct ghost_def_tree *tree = m->trees[t].tree;
        for (uint32_t k = 0; ok && k < tree->n_nodes; k++)
            ok = table_put(&s->defined, name_key(tree->module, tree->nodes[k].qualname), 0) != TABLE_NONE;
    }
    return ok;
}

/* "a+b", with a NUL behind it. */
static struct ghost_str joined(struct diff_side *s, const struct ghost_str *v, size_t n)
{
    size_t size = 1;
    for (size_t i = 0; i < n; i++)
        size += v[i].len + 1;
    char *text = arena_alloc(&s->arena, size);
    struct ghost_str all = { text, 0 };
    for (size_t i = 0; text && i < n; i++) {
        if (i)
            text[all.len++] = '+';
        if (v[i].len)
            memcpy(text + all.len, v[i].p, v[i].len);
        all.len += v[i].len;
    }
    if (text)
        text[all.len] = '\0';
    return all;
}

static int str_order(const void *a, const void *b) { return ghost_str_compare(*(const struct ghost_str *)a, *(const struct ghost_str *)b); }

static bool name_side(struct diff_side *s)
{
    size_t all = s->n_models, n = 0;
    for (uint32_t i = 0; i < s->n_models; i++)
        all += s->models[i]->n_processes;
    struct ghost_str *v = calloc(all + 1, sizeof *v);
    if (!v)
        return false;
    for (uint32_t i = 0; i < s->n_models; i++)
        v[i] = s->models[i]->session;
    s->name = joined(s, v, s->n_models);
    for (uint32_t i = 0; i < s->n_models; i++)
        for (uint32_t k = 0; k < s->models[i]->n_processes; k++)
            v[n++] = ghost_model_meta(&s->models[i]->processes[k], "python");
    qsort(v, n, sizeof *v, str_order);
    size_t apart = 0;
    for (size_t i = 0; i < n; i++)
        if (v[i].len && (!apart || ghost_str_compare(v[apart - 1], v[i]) != 0))
            v[apart++] = v[i];
    s->python = joined(s, v, apart);
    free(v);
    return true;
}

static uint32_t session_of(const struct diff_side *s, const struct profile *p)
{
    uint32_t i = 0;
    while (i + 1 < s->n_models && !(p >= s->profiles[i].v && p < s->profiles[i].v + s->profiles[i].n))
        i++;
    return i;
}

static bool same_name(const struct profile *a, const struct profile *b)
{
    return ghost_str_compare(a->module, b->module) == 0 && ghost_str_compare(a->qualname, b->qualname) == 0;
}

/* Sessions of several commits have one function at several lines. It is one when no session has two of the name. */
static bool one_in_each_session(const struct diff_side *s, const struct profile *const *v, uint32_t n)
{
    if (n > s->n_models)
        return false;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = i + 1; k < n; k++)
            if (session_of(s, v[i]) == session_of(s, v[k]))
                return false;
    return true;
}

/* A row of profiles of one name; the last session tells where it stands. */
static void add_row(struct diff_side *s, const struct profile *const *v, uint32_t n)
{
    const struct profile *last = v[0];
    struct diff_function *row = &s->v[s->n++];
    for (uint32_t i = 1; i < n; i++)
        if (session_of(s, v[i]) > session_of(s, last))
            last = v[i];
    *row = (struct diff_function){ .fn_key = last->fn_key, .module = last->module, .qualname = last->qualname, .file = last->file, .line = last->line,
                                   .is_module = last->is_module, .many_lines = v[0]->line != v[n - 1]->line };
    for (uint32_t i = 0; i < n; i++) {
        add_profile(s, row, v[i]);
        s->calls += v[i]->calls;
    }
}

static void add_rows(struct diff_side *s, const struct profile *const *v, uint32_t n)
{
    for (uint32_t i = 0, named; i < n; i += named) {
        for (named = 1; i + named < n && same_name(v[i], v[i + named]); named++)
            ;
        if (one_in_each_session(s, &v[i], named)) {
            add_row(s, &v[i], named);
            continue;
        }
        for (uint32_t k = 0, lined; k < named; k += lined) {
            for (lined = 1; k + lined < named && v[i + k]->line == v[i + k + lined]->line; lined++)
                ;
            add_row(s, &v[i + k], lined);
        }
    }
}

static int sum_up(struct diff_side *s, struct ghost_err *err)
{
    uint32_t all = 0, n = 0;
    for (uint32_t i = 0; i < s->n_models; i++) {
        int ret = profiles_make(&s->profiles[i], s->models[i], err);
        if (ret < 0)
            return ret;
        all += s->profiles[i].n;
    }
    const struct profile **order = calloc((size_t)all + 1, sizeof *order);
    s->v = calloc((size_t)all + 1, sizeof *s->v);
    bool ok = order && s->v;
    for (uint32_t i = 0; ok && i < s->n_models; i++)
        for (uint32_t k = 0; k < s->profiles[i].n; k++)
            if (s->profiles[i].v[k].calls)
                order[n++] = &s->profiles[i].v[k];
    if (ok) {
        qsort(order, n, sizeof *order, by_key);
        add_rows(s, order, n);
    }
    free(order);
    for (uint32_t i = 0; ok && i < s->n_models; i++) {
        const struct ghost_model *m = s->models[i];
        s->duration_ns += m->end_real > m->start_real ? m->end_real - m->start_real : 0;
        s->events += m->events;
        s->lost += m->lost;
        s->unread += m->n_damages;
        for (uint32_t k = 0; k < m->n_losses; k++)
            s->unread += m->losses[k].unknown;
        ok = add_model(s, m) && add_defined(s, m);
    }
    ok = ok && name_side(s);
    return ok && !s->arena.failed ? 0 : ghost_fail(err, GHOST_E_NOMEM, "out of memory while summing up sessions to compare");
}

int diff_side_make(struct diff_side *s, struct ghost_model **models, uint32_t n, struct ghost_err *err)
{
    *s = (struct diff_side){ .models = models, .n_models = n, .profiles = calloc((size_t)n + 1, sizeof(struct profiles)) };
    int ret = s->profiles ? sum_up(s, err) : ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    if (ret < 0)
        diff_side_release(s);
    return ret;
}

/* No two recordings begin at the same nanosecond, whatever they are called. */
int diff_all_apart(struct ghost_model *const *models, uint32_t n, struct ghost_err *err)
{
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = i + 1; k < n; k++)
            if (models[i]->start_real && models[i]->start_real == models[k]->start_real)
                return ghost_fail(err, GHOST_E_USAGE, "%.*s and %.*s are the same recording; it would count twice",
                                  FINDING_STR(models[i]->session), FINDING_STR(models[k]->session));
    return 0;
}

void diff_side_release(struct diff_side *s)
{
    for (uint32_t i = 0; i < s->n; i++)
        hist_release(&s->v[i].hist);
    for (uint32_t i = 0; i < s->n_models; i++) {
        if (s->profiles)
            profiles_release(&s->profiles[i]);
        ghost_model_free(s->models[i]);
    }
    free(s->v);
    free(s->profiles);
    free(s->models);
    table_release(&s->defined);
    arena_release(&s->arena);
    *s = (struct diff_side){ 0 };
}

bool diff_side_defines(const struct diff_side *s, struct ghost_str module, struct ghost_str qualname)
{
    return table_get(&s->defined, name_key(module, qualname)) != TABLE_NONE;
}

bool diff_side_calls(const struct diff_side *s, struct ghost_str module, struct ghost_str qualname)
{
    uint32_t low = 0, high = s->n;
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        int r = ghost_str_compare(s->v[mid].module, module);
        r = r ? r : ghost_str_compare(s->v[mid].qualname, qualname);
        if (r == 0)
            return true;
        if (r < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return false;
}
