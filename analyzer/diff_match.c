/* diff_match.c - which function of one side is which of the other: the same key,
 * the same name at another line, the same code under another name. */
#include <stdlib.h>
#include <string.h>

#include "diff.h"

const char *const diff_match_names[] = { "same", "moved", "renamed", "alone" };

static int by_name(const struct diff_function *a, const struct diff_function *b)
{
    int r = ghost_str_compare(a->module, b->module);
    return r ? r : ghost_str_compare(a->qualname, b->qualname);
}

static bool same_lines(const struct diff_function *a, const struct diff_function *b) { return a->line == b->line || a->many_lines || b->many_lines; }
static bool any_lines(const struct diff_function *a, const struct diff_function *b) { (void)a, (void)b; return true; }

struct work {
    struct diff *d;
    uint32_t *before_of;         /* by function of after: its index in before, GHOST_NONE */
    bool *taken;                 /* by function of before */
    enum diff_match *how;        /* by function of after */
};

static void take(struct work *w, uint32_t before, uint32_t after, enum diff_match how)
{
    w->before_of[after] = before;
    w->taken[before] = true;
    w->how[after] = how;
}

/* Both sides are in order of name and line: functions of one name are a range on each. Within it, pairs in order. */
static void match_names(struct work *w, bool (*lines)(const struct diff_function *, const struct diff_function *), enum diff_match how)
{
    const struct diff_side *b = &w->d->before, *a = &w->d->after;
    uint32_t from = 0;
    for (uint32_t i = 0; i < a->n; i++) {
        while (from < b->n && by_name(&b->v[from], &a->v[i]) < 0)
            from++;
        for (uint32_t k = from; w->before_of[i] == GHOST_NONE && k < b->n && by_name(&b->v[k], &a->v[i]) == 0; k++)
            if (!w->taken[k] && lines(&b->v[k], &a->v[i]))
                take(w, k, i, how);
    }
}

struct print { uint64_t fingerprint; uint32_t index; };
static int by_fingerprint(const void *pa, const void *pb)
{
    const struct print *a = pa, *b = pb;
    return a->fingerprint != b->fingerprint ? (a->fingerprint < b->fingerprint ? -1 : 1) : (a->index > b->index) - (a->index < b->index);
}

/* Functions without a partner whose code is unique on their side. */
static uint32_t unique_prints(struct print *v, const struct diff_side *s, const bool *taken, const uint32_t *partner)
{
    uint32_t n = 0, kept = 0;
    for (uint32_t i = 0; i < s->n; i++)
        if (s->v[i].fingerprint && !(taken ? taken[i] : partner[i] != GHOST_NONE))
            v[n++] = (struct print){ s->v[i].fingerprint, i };
    qsort(v, n, sizeof *v, by_fingerprint);
    for (uint32_t i = 0, run; i < n; i += run) {
        for (run = 1; i + run < n && v[i + run].fingerprint == v[i].fingerprint; run++)
            ;
        if (run == 1)
            v[kept++] = v[i];
    }
    return kept;
}

/* Code that is still there under the old name, or was there under the new one, has not been renamed. */
static bool keeps_name(const struct diff *d, const struct diff_function *before, const struct diff_function *after)
{
    return diff_side_defines(&d->after, before->module, before->qualname) || diff_side_defines(&d->before, after->module, after->qualname);
}

static bool match_code(struct work *w)
{
    const struct diff_side *b = &w->d->before, *a = &w->d->after;
    struct print *pb = calloc((size_t)b->n + 1, sizeof *pb), *pa = calloc((size_t)a->n + 1, sizeof *pa);
    if (pb && pa) {
        uint32_t nb = unique_prints(pb, b, w->taken, NULL), na = unique_prints(pa, a, NULL, w->before_of);
        for (uint32_t i = 0, k = 0; i < na; i++) {
            while (k < nb && pb[k].fingerprint < pa[i].fingerprint)
                k++;
            if (k < nb && pb[k].fingerprint == pa[i].fingerprint && !keeps_name(w->d, &b->v[pb[k].index], &a->v[pa[i].index]))
                take(w, pb[k].index, pa[i].index, DIFF_RENAMED);
        }
    }
    free(pb);
    free(pa);
    return pb && pa;
}

static void add_pair(struct diff *d, const struct diff_function *before, const struct diff_function *after, enum diff_match how)
{
    const struct diff_function *f = after ? after : before;
    if (f->is_module && !d->options->modules)
        return;
    struct diff_pair *p = &d->pairs[d->n++];
    *p = (struct diff_pair){ .before = before, .after = after, .match = how };
    if (how == DIFF_ALONE)
        p->defined_elsewhere = diff_side_defines(after ? &d->before : &d->after, f->module, f->qualname);
    d->compared += before && after;
    d->added += !before;
    d->removed += !after;
}

int diff_match_functions(struct diff *d, struct ghost_err *err)
{
    const struct diff_side *b = &d->before, *a = &d->after;
    struct work w = { d, malloc(((size_t)a->n + 1) * sizeof(uint32_t)), calloc((size_t)b->n + 1, sizeof(bool)),
                      calloc((size_t)a->n + 1, sizeof(enum diff_match)) };
    d->pairs = calloc((size_t)a->n + b->n + 1, sizeof *d->pairs);
    bool ok = w.before_of && w.taken && w.how && d->pairs;
    for (uint32_t i = 0; ok && i < a->n; i++)
        w.before_of[i] = GHOST_NONE;
    if (ok) {
        match_names(&w, same_lines, DIFF_SAME);
        match_names(&w, any_lines, DIFF_MOVED);
        ok = match_code(&w);
    }
    for (uint32_t i = 0; ok && i < a->n; i++) {
        bool alone = w.before_of[i] == GHOST_NONE;
        add_pair(d, alone ? NULL : &b->v[w.before_of[i]], &a->v[i], alone ? DIFF_ALONE : w.how[i]);
    }
    for (uint32_t i = 0; ok && i < b->n; i++)
        if (!w.taken[i])
            add_pair(d, &b->v[i], NULL, DIFF_ALONE);
    free(w.before_of);
    free(w.taken);
    free(w.how);
    return ok ? 0 : ghost_fail(err, GHOST_E_NOMEM, "out of memory while matching functions");
}
