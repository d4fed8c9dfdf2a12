/* facts_find.c - from the words of a user to a function of the session, and the
 * functions that were defined but never called. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "facts_build.h"
#include "opt.h"

/* ---- never called ---- */

/* Is there a called function of this module, name and line? Functions are in that order. */
static bool was_called(const struct atlas *a, struct ghost_str module, const struct ghost_def_node *node)
{
    uint32_t low = 0, high = a->m->n_functions;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct ghost_model_function *f = &a->m->functions[middle];
        int r = ghost_str_compare(f->module, module);
        r = r ? r : ghost_str_compare(f->qualname, node->qualname);
        r = r ? r : (f->first_line > node->first_line) - (f->first_line < node->first_line);
        if (r == 0)
            return a->profile[middle] != GHOST_NONE;
        if (r < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* Two versions of a module's file may define the same function. */
static bool seen_before(const struct ghost_model *m, uint32_t tree, const struct ghost_def_node *node)
{
    for (uint32_t i = tree; i-- > 0 && ghost_str_compare(m->trees[i].tree->module, m->trees[tree].tree->module) == 0;)
        for (uint32_t k = 0; k < m->trees[i].tree->n_nodes; k++)
            if (m->trees[i].tree->nodes[k].first_line == node->first_line && ghost_str_compare(m->trees[i].tree->nodes[k].qualname, node->qualname) == 0)
                return true;
    return false;
}

bool walk_dead(const struct atlas *a, each_dead *each, void *self)
{
    for (uint32_t i = 0; i < a->m->n_trees; i++) {
        const struct ghost_def_tree *t = a->m->trees[i].tree;
        for (uint32_t k = 1; k < t->n_nodes; k++) {
            const struct ghost_def_node *node = &t->nodes[k];
            if (node->flags & GHOST_NODE_FUNCTION && !never_called_exempts(node->flags) && !was_called(a, t->module, node) && !seen_before(a->m, i, node))
                each(self, i, k);
        }
    }
    return true;
}

/* ---- matching ---- */

/* The better the later. */
enum match { MATCH_NONE, MATCH_MODULE, MATCH_PART, MATCH_LAST, MATCH_EXACT };

static bool is_exactly(const char *pattern, const struct subject *s)
{
    char text[2][1200];
    snprintf(text[0], sizeof text[0], "%s:%u", s->qualname.p, s->line);
    full_name(text[1], s->module, s->qualname);
    if (strcmp(pattern, s->qualname.p) == 0 || strcmp(pattern, text[0]) == 0 || strcmp(pattern, text[1]) == 0)
        return true;
    snprintf(text[0], sizeof text[0], "%s:%s", s->module.p, s->qualname.p);
    snprintf(text[1], sizeof text[1], "%s:%s:%u", s->module.p, s->qualname.p, s->line);
    return strcmp(pattern, text[0]) == 0 || strcmp(pattern, text[1]) == 0;
}

/* The last part of a qualified name is what people type. */
static const char *last_part(const char *qualname)
{
    const char *dot = strrchr(qualname, '.');
    return dot ? dot + 1 : qualname;
}

static enum match match(const char *pattern, const struct subject *s)
{
    char full[1024];
    if (is_exactly(pattern, s))
        return MATCH_EXACT;
    if (strcmp(last_part(s->qualname.p), pattern) == 0)
        return MATCH_LAST;
    if (strcasestr(s->qualname.p, pattern))
        return MATCH_PART;
    full_name(full, s->module, s->qualname);
    return strcasestr(full, pattern) ? MATCH_MODULE : MATCH_NONE;
}

struct search { struct subjects found; const struct atlas *a; const char *pattern; enum match best; bool failed; };

static bool add(struct subjects *s, const struct subject *one)
{
    if (!grow_array(&s->v, s->n, &s->cap, sizeof *s->v))
        return false;
    s->v[s->n++] = *one;
    return true;
}

/* Keeps the matches of the best kind met so far. */
static void consider(struct search *s, const struct subject *one)
{
    enum match kind = match(s->pattern, one);
    if (kind == MATCH_NONE || kind < s->best)
        return;
    if (kind > s->best)
        s->found.n = 0;
    s->best = kind;
    s->failed = !add(&s->found, one) || s->failed;
}

static void consider_dead(void *self, uint32_t tree, uint32_t node)
{
    struct search *s = self;
    const struct ghost_def_tree *t = s->a->m->trees[tree].tree;
    consider(s, &(struct subject){ .tree = tree, .node = node, .module = t->module, .qualname = t->nodes[node].qualname, .line = t->nodes[node].first_line });
}

static struct subject subject_of(const struct profile *p)
{
    return (struct subject){ .profile = p, .module = p->module, .qualname = p->qualname, .line = p->line, .calls = p->calls };
}

static int by_calls(const void *pa, const void *pb)
{
    const struct subject *a = pa, *b = pb;
    if (a->calls != b->calls)
        return a->calls < b->calls ? 1 : -1;
    int r = ghost_str_compare(a->module, b->module);
    r = r ? r : ghost_str_compare(a->qualname, b->qualname);
    return r ? r : (a->line > b->line) - (a->line < b->line);
}

/* Names a typing error away from the pattern, nearest first. */
static bool find_near(struct subjects *near, const struct atlas *a, const char *pattern)
{
    enum { NEAR = 5 };
    const char **names = calloc(a->p->n + 1u, sizeof *names), *nearest;
    const struct profile **of = calloc(a->p->n + 1u, sizeof *of);
    uint32_t n = 0;
    bool ok = names && of;
    for (uint32_t i = 0; ok && i < a->p->n; i++)
        if (!a->p->v[i].is_module) {
            of[n] = &a->p->v[i];
            names[n++] = last_part(a->p->v[i].qualname.p);
        }
    while (ok && near->n < NEAR && (nearest = opt_nearest(last_part(pattern), names))) {
        uint32_t at = 0;
        while (names[at] != nearest)
            at++;
        struct subject s = subject_of(of[at]);
        ok = add(near, &s);
        memmove(names + at, names + at + 1, (n - at) * sizeof *names);       /* the NULL comes along */
        memmove(of + at, of + at + 1, (n - at) * sizeof *of);
        n--;
    }
    free(names);
    free(of);
    return ok;
}

int subjects_find(struct subjects *s, struct subjects *near, const struct atlas *a, const char *pattern, struct ghost_err *err)
{
    struct search search = { .a = a, .pattern = pattern };
    bool ok = true;
    *near = (struct subjects){ 0 };
    for (uint32_t i = 0; i < a->p->n; i++) {
        struct subject one = subject_of(&a->p->v[i]);
        if (!one.profile->is_module || is_exactly(pattern, &one))
            consider(&search, &one);
    }
    walk_dead(a, consider_dead, &search);
    if (search.found.n)
        qsort(search.found.v, search.found.n, sizeof *search.found.v, by_calls);
    else
        ok = find_near(near, a, pattern);
    *s = search.found;
    s->exact = search.best == MATCH_EXACT;
    return ok && !search.failed ? 0 : ghost_fail(err, GHOST_E_NOMEM, "out of memory while looking for '%.100s'", pattern);
}

void subjects_release(struct subjects *s)
{
    free(s->v);
    *s = (struct subjects){ 0 };
}
