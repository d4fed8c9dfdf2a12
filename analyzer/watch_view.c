/* watch_view.c - see watch_view.h. */
#include "watch_view.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

const char *const watch_sorts[] = {
#define X(word, title, about) #word,
    WATCH_SORTS(X)
#undef X
    NULL
};

double watch_rate(const struct watch *w, uint64_t n)
{
    return w->interval ? (double)n * 1e9 / (double)w->interval : 0;
}

/* ---- orders ---- */

static double by_calls(const struct watch_line *l) { return (double)l->now->calls; }
static double by_errors(const struct watch_line *l) { return (double)l->now->errors; }
static double by_p95(const struct watch_line *l) { return (double)watch_p95(l->now); }
static double by_time(const struct watch_line *l) { return (double)l->now->time; }
static double by_total(const struct watch_line *l) { return (double)l->all->calls; }
static double by_name(const struct watch_line *l) { (void)l; return 0; }

static const struct { const char *word; double (*of)(const struct watch_line *l); } orders[] = {
#define X(word, title, about) { #word, by_##word },
    WATCH_SORTS(X)
#undef X
};

struct keyed { double key, calls, all; struct watch_line line; };

/* Greatest first; equal ones: the more often called, then by name. */
static int compare(const void *pa, const void *pb)
{
    const struct keyed *a = pa, *b = pb;
    double x = a->key - b->key;
    if (x == 0)
        x = a->calls - b->calls;
    if (x == 0)
        x = a->all - b->all;
    return x != 0 ? (x < 0 ? 1 : -1) : ghost_str_compare(a->line.fn_key, b->line.fn_key);
}

static int sort(struct watch_view *view, const char *word)
{
    bool named = strcmp(word, "name") == 0;
    size_t order = 0;
    struct keyed *k = malloc((view->n ? view->n : 1) * sizeof *k);
    if (!k)
        return GHOST_E_NOMEM;
    while (order + 1 < sizeof orders / sizeof *orders && strcmp(orders[order].word, word) != 0)
        order++;
    for (uint32_t i = 0; i < view->n; i++) {
        const struct watch_line *l = &view->v[i];
        k[i] = (struct keyed){ orders[order].of(l), named ? 0 : (double)l->now->calls, named ? 0 : (double)l->all->calls, *l };
    }
    qsort(k, view->n, sizeof *k, compare);
    for (uint32_t i = 0; i < view->n; i++)
        view->v[i] = k[i].line;
    free(k);
    return 0;
}

/* ---- which rows ---- */

static bool contains(struct ghost_str s, const char *part)
{
    size_t n = strlen(part);
    for (size_t i = 0; i + n <= s.len; i++) {
        size_t k = 0;
        while (k < n && tolower((unsigned char)s.p[i + k]) == tolower((unsigned char)part[k]))
            k++;
        if (k == n)
            return true;
    }
    return false;
}

static bool matches(const struct watch_choice *c, struct ghost_str name)
{
    return !c->filter || !*c->filter || contains(name, c->filter);
}

static bool counts_merge(struct watch_counts *to, const struct watch_counts *from)
{
    to->calls += from->calls;
    to->errors += from->errors;
    to->time += from->time;
    for (uint32_t i = 0; i < from->hist.n; i++)
        if (!hist_add(&to->hist, from->hist.v[i].bucket, from->hist.v[i].count))
            return false;
    return true;
}

static bool add_functions(struct watch_view *view, const struct watch *w, const struct watch_choice *c)
{
    for (uint32_t i = 0; i < w->n_rows; i++) {
        const struct watch_row *r = w->rows[i];
        if (matches(c, r->fn_key))
            view->v[view->n++] = (struct watch_line){ r->fn_key, r->module, r->qualname, r->line, &r->now, &r->all };
    }
    return true;
}

static bool add_modules(struct watch_view *view, const struct watch *w, const struct watch_choice *c)
{
    struct arena arena = { 0 };
    struct keyset modules = { .arena = &arena };
    bool ok = true;
    view->sums = calloc(2 * (size_t)w->n_rows + 2, sizeof *view->sums);
    for (uint32_t i = 0; view->sums && ok && i < w->n_rows; i++) {
        const struct watch_row *r = w->rows[i];
        if (!matches(c, r->module))
            continue;
        uint32_t m = keyset_put(&modules, r->module.p, r->module.len);
        ok = m != TABLE_NONE;
        if (!ok)
            break;
        struct watch_counts *now = &view->sums[2 * m], *all = now + 1;
        if (m == view->n) {
            view->v[view->n++] = (struct watch_line){ r->module, r->module, r->module, 0, now, all };
            view->n_sums += 2;
        }
        ok = counts_merge(now, &r->now) && counts_merge(all, &r->all);
    }
    keyset_release(&modules);
    arena_release(&arena);
    return ok && view->sums;
}

int watch_view_make(struct watch_view *view, const struct watch *w, const struct watch_choice *c, struct ghost_err *err)
{
    *view = (struct watch_view){ .v = calloc((size_t)w->n_rows + 1, sizeof *view->v) };
    bool ok = view->v && (c->modules ? add_modules : add_functions)(view, w, c) && sort(view, c->sort) == 0;
    if (!ok) {
        watch_view_release(view);
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory while the session was watched");
    }
    view->matching = view->n;
    if (c->top && c->top < view->n)
        view->n = (uint32_t)c->top;
    return 0;
}

void watch_view_release(struct watch_view *view)
{
    for (uint32_t i = 0; i < view->n_sums; i++)
        hist_release(&view->sums[i].hist);
    free(view->sums);
    free(view->v);
    *view = (struct watch_view){ 0 };
}
