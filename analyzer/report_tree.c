/* report_tree.c - one function, its callers above and what it calls below. */
#include <string.h>

#include "opt.h"
#include "report.h"
#include "sheet.h"
#include "term.h"

enum { DEPTH_MAX = 10 };

/* All calls from one function (a profile) to another. */
struct call { uint32_t from, to; uint64_t calls, exceptions, finished, total, self; };

struct tree {
    const struct report *r;
    uint32_t *profile_of;                /* by function of the model; GHOST_NONE */
    struct call *calls; uint32_t n;      /* by from, calls descending, to */
    struct call *callers;                /* the same, by to, calls descending, from */
    uint32_t path[DEPTH_MAX + 2]; unsigned depth;
    uint64_t left_out;                   /* lines beyond --top */
    struct sheet sheet;
};

/* ---- who calls whom ---- */

static bool is_of(const struct ghost_model_function *f, const struct profile *p)
{
    return f->first_line == p->line && f->module.p == p->module.p && f->qualname.p == p->qualname.p;
}

/* Profiles stand in the order of their functions; functions without calls have none. */
static bool map_functions(struct tree *t)
{
    const struct ghost_model *m = t->r->m;
    const struct profiles *p = &t->r->p;
    t->profile_of = malloc((m->n_functions + 1) * sizeof *t->profile_of);
    for (uint32_t i = 0, at = 0; t->profile_of && i < m->n_functions; i++) {
        if (at < p->n && !is_of(&m->functions[i], &p->v[at]) && at + 1 < p->n && is_of(&m->functions[i], &p->v[at + 1]))
            at++;
        t->profile_of[i] = at < p->n && is_of(&m->functions[i], &p->v[at]) ? at : GHOST_NONE;
    }
    return t->profile_of;
}

static int descending(uint64_t a, uint64_t b) { return a < b ? 1 : a > b ? -1 : 0; }
static int ascending(uint32_t a, uint32_t b) { return a < b ? -1 : a > b; }

static int by_pair(const void *pa, const void *pb)
{
    const struct call *a = pa, *b = pb;
    int r = ascending(a->from, b->from);
    return r ? r : ascending(a->to, b->to);
}

static int by_from(const void *pa, const void *pb)
{
    const struct call *a = pa, *b = pb;
    int r = ascending(a->from, b->from);
    r = r ? r : descending(a->calls, b->calls);
    return r ? r : ascending(a->to, b->to);
}

static int by_to(const void *pa, const void *pb)
{
    const struct call *a = pa, *b = pb;
    int r = ascending(a->to, b->to);
    r = r ? r : descending(a->calls, b->calls);
    return r ? r : ascending(a->from, b->from);
}

static struct call sum_edge(const struct tree *t, const struct ghost_model_edge *e)
{
    const struct ghost_model *m = t->r->m;
    struct call c = { .from = e->caller == GHOST_NONE ? GHOST_NONE : t->profile_of[e->caller],
                      .to = t->profile_of[m->signatures[e->signature].function], .calls = e->calls };
    for (uint32_t i = e->outcomes; i < e->outcomes + e->n_outcomes; i++) {
        const struct ghost_model_outcome *o = &m->outcomes[i];
        if (!GHOST_END_IS_TIMED(o->end))
            continue;
        c.exceptions += GHOST_END_IS_EXCEPTION(o->end) ? o->count : 0;
        c.finished += o->count;
        c.total += o->total;
        c.self += o->self;
    }
    return c;
}

static bool sum_calls(struct tree *t)
{
    const struct ghost_model *m = t->r->m;
    uint32_t n = 0;
    t->calls = malloc((m->n_edges + 1) * sizeof *t->calls);
    t->callers = malloc((m->n_edges + 1) * sizeof *t->callers);
    if (!t->calls || !t->callers)
        return false;
    for (uint32_t i = 0; i < m->n_edges; i++)
        if (!m->edges[i].adopted)
            t->calls[n++] = sum_edge(t, &m->edges[i]);
    qsort(t->calls, n, sizeof *t->calls, by_pair);
    for (uint32_t i = 0; i < n; i++) {
        struct call *to = t->n ? &t->calls[t->n - 1] : NULL, c = t->calls[i];
        if (!to || by_pair(to, &c) != 0) {
            t->calls[t->n++] = c;
            continue;
        }
        to->calls += c.calls;
        to->exceptions += c.exceptions;
        to->finished += c.finished;
        to->total += c.total;
        to->self += c.self;
    }
    memcpy(t->callers, t->calls, t->n * sizeof *t->calls);
    qsort(t->calls, t->n, sizeof *t->calls, by_from);
    qsort(t->callers, t->n, sizeof *t->callers, by_to);
    return true;
}

/* ---- which function ---- */

static bool is_named(const struct profile *p, const char *name)
{
    size_t module = p->module.len, len = strlen(name);
    if (strcmp(p->fn_key.p, name) == 0 || strcmp(p->qualname.p, name) == 0)
        return true;
    if (len == module + 1 + p->qualname.len && memcmp(name, p->module.p, module) == 0 && (name[module] == '.' || name[module] == ':') &&
        strcmp(name + module + 1, p->qualname.p) == 0)
        return true;
    /* qualname:line, as the table shows it */
    const char *colon = strrchr(name, ':');
    return colon && (size_t)(colon - name) == p->qualname.len && memcmp(name, p->qualname.p, p->qualname.len) == 0 &&
           strtoul(colon + 1, NULL, 10) == p->line;
}

static int unknown(const struct report *r, const char *name, struct ghost_err *err)
{
    const char **names = calloc((size_t)r->p.n + 1, sizeof *names);
    for (uint32_t i = 0; names && i < r->p.n; i++)
        names[i] = r->p.v[i].qualname.p;
    const char *near = names ? opt_nearest(name, names) : NULL;
    ghost_fail(err, GHOST_E_NOT_FOUND, "no function '%s' was called in session %s%s%s%s", name, r->m->session.p, near ? ". Did you mean '" : "",
               near ? near : ". See the names: ghost report --top 0", near ? "'?" : "");
    free(names);
    return GHOST_E_NOT_FOUND;
}

static int find(const struct report *r, const char *name, uint32_t *found, struct ghost_err *err)
{
    char several[300] = "";
    unsigned n = 0;
    for (uint32_t i = 0; i < r->p.n; i++) {
        if (!is_named(&r->p.v[i], name))
            continue;
        *found = i;
        size_t used = strlen(several);
        if (n++ < 4 && used + r->p.v[i].fn_key.len + 4 < sizeof several)
            snprintf(several + used, sizeof several - used, "%s%s", used ? ", " : "", r->p.v[i].fn_key.p);
    }
    if (n == 1)
        return 0;
    if (n == 0)
        return unknown(r, name, err);
    return ghost_fail(err, GHOST_E_AMBIGUOUS, "%u functions are called '%s': %s%s. Say which with its whole key", n, name, several, n > 4 ? ", ..." : "");
}

/* ---- the lines ---- */

static const struct sheet_column columns[] = {
    { "SIDE", "side", SHEET_TEXT, SHEET_DATA, 0, false }, { "DEPTH", "depth", SHEET_COUNT, SHEET_DATA, 0, false },
    { "FUNCTION", "fn_key", SHEET_NAME, SHEET_DATA, 0, false }, { "FUNCTION", "name", SHEET_TEXT, SHEET_PEOPLE, 24, false },
    { "SHARE", "share", SHEET_SHARE, SHEET_ALL, 0, false }, { "CALLS", "calls", SHEET_COUNT, SHEET_ALL, 0, false },
    { "EXC%", "exception_rate", SHEET_SHARE, SHEET_ALL, 0, true }, { "MEAN LAT", "mean_latency_ns", SHEET_NS, SHEET_ALL, 0, false },
    { "TOTAL", "total_latency_ns", SHEET_NS, SHEET_ALL, 0, false }, { "SELF", "self_ns", SHEET_NS, SHEET_ALL, 0, false },
    { "RECURSION", "recursion", SHEET_COUNT, SHEET_DATA, 0, false },
};

static bool on_path(const struct tree *t, uint32_t profile)
{
    for (unsigned i = 0; i < t->depth; i++)
        if (t->path[i] == profile)
            return true;
    return false;
}

/* Callers stand above and so does their branch: the sign points to where it goes on. */
static void put_name(struct tree *t, uint32_t profile, unsigned depth, bool caller, bool again)
{
    bool unicode = term_unicode();
    const char *branch = !depth ? "" : caller ? (unicode ? "┌ " : ". ") : (unicode ? "└ " : "` ");
    struct ghost_str name = profile == GHOST_NONE ? GHOST_STR("code that is not recorded") : report_name(&t->sheet.arena, &t->r->p.v[profile]);
    size_t size = name.len + 2 * (size_t)depth + 32;
    char *text = arena_alloc(&t->sheet.arena, size);
    if (text)
        snprintf(text, size, "%*s%s%s%s", depth ? (int)(2 * depth - 2) : 0, "", branch, name.p, again ? " (recursion)" : "");
    sheet_text(&t->sheet, text ? text : "");
}

static void put_line(struct tree *t, const char *side, unsigned depth, uint32_t profile, const struct call *c, uint64_t of, bool again)
{
    struct sheet *s = &t->sheet;
    sheet_text(s, side);
    sheet_count(s, depth);
    sheet_str(s, profile == GHOST_NONE ? GHOST_STR("") : t->r->p.v[profile].fn_key);
    put_name(t, profile, depth, *side == 'c' && side[5] == 'r', again);
    sheet_share(s, c->calls, of);
    sheet_count(s, c->calls);
    sheet_share(s, c->exceptions, c->calls);
    sheet_ns(s, c->finished ? (double)c->total / (double)c->finished : 0, c->finished);
    sheet_ns(s, (double)c->total, c->finished);
    sheet_ns(s, (double)c->self, c->finished);
    sheet_count(s, again);
}

/* The first of the calls from (to) a profile, and behind the last. */
static uint32_t bound(const struct call *v, uint32_t n, bool to, uint32_t profile, bool behind)
{
    uint32_t low = 0;
    while (low < n) {
        uint32_t middle = low + (n - low) / 2, at = to ? v[middle].to : v[middle].from;
        if (at < profile || (behind && at == profile))
            low = middle + 1;
        else
            n = middle;
    }
    return low;
}

static void put_callees(struct tree *t, uint32_t profile, unsigned depth);
static void put_callers(struct tree *t, uint32_t profile, unsigned depth);

static void put_branch(struct tree *t, const struct call *c, bool callers, unsigned depth, uint64_t of)
{
    uint32_t next = callers ? c->from : c->to;
    bool again = next != GHOST_NONE && on_path(t, next), deeper = next != GHOST_NONE && !again && depth < t->r->o->depth;
    t->path[t->depth++] = next;
    if (callers && deeper)
        put_callers(t, next, depth + 1);
    put_line(t, callers ? "caller" : "callee", depth, next, c, of, again);
    if (!callers && deeper)
        put_callees(t, next, depth + 1);
    t->depth--;
}

/* Shares are of all calls that the function makes. */
static void put_callees(struct tree *t, uint32_t profile, unsigned depth)
{
    uint32_t from = bound(t->calls, t->n, false, profile, false), end = bound(t->calls, t->n, false, profile, true);
    uint64_t all = 0, top = t->r->o->top ? t->r->o->top : UINT64_MAX;
    for (uint32_t i = from; i < end; i++)
        all += t->calls[i].calls;
    for (uint32_t i = from; i < end; i++) {
        if (i - from < top)
            put_branch(t, &t->calls[i], false, depth, all);
        else
            t->left_out++;
    }
}

/* Shares are of all calls of the function; the largest stands next to it. */
static void put_callers(struct tree *t, uint32_t profile, unsigned depth)
{
    uint32_t from = bound(t->callers, t->n, true, profile, false), end = bound(t->callers, t->n, true, profile, true);
    uint64_t all = t->r->p.v[profile].calls, top = t->r->o->top ? t->r->o->top : UINT64_MAX;
    for (uint32_t i = end; i-- > from;) {
        if (i - from < top)
            put_branch(t, &t->callers[i], true, depth, all);
        else
            t->left_out++;
    }
}

static void put_all(struct tree *t, uint32_t profile)
{
    const struct profile *p = &t->r->p.v[profile];
    struct call self = { .calls = p->calls, .exceptions = p->exceptions, .finished = p->finished, .total = p->total, .self = p->self };
    sheet_begin(&t->sheet, columns, sizeof columns / sizeof *columns);
    t->path[t->depth++] = profile;
    put_callers(t, profile, 1);
    put_line(t, "function", 0, profile, &self, p->calls, false);
    put_callees(t, profile, 1);
}

static void print_notes(const struct tree *t, FILE *f)
{
    char text[HUMAN];
    if (t->left_out)
        fprintf(f, "  ... and %s more lines: --top\n", human_count(text, t->left_out));
    fputs("  Callers above, callees below. A share is of the calls of the function one step nearer (callers), or of the calls that it makes\n"
          "  (callees). Figures are of the calls between the two; from the second step on whoever called the nearer one.\n", f);
    model_text_caveats(f, t->r->m);
    fputc('\n', f);
}

int report_tree(const struct report *r, FILE *f, struct ghost_err *err)
{
    struct tree t = { .r = r };
    uint32_t profile = 0;
    int ret = r->o->depth > DEPTH_MAX ? ghost_fail(err, GHOST_E_USAGE, "--depth goes up to %d", DEPTH_MAX) : find(r, r->o->tree, &profile, err);
    if (ret < 0)
        return ret;
    if (map_functions(&t) && sum_calls(&t)) {
        put_all(&t, profile);
        ret = report_sheet(r, f, &t.sheet, "report of one function", "tree", err);
        if (ret == 0 && strcmp(r->o->format, "table") == 0)
            print_notes(&t, f);
        sheet_release(&t.sheet);
    } else {
        ret = ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    }
    free(t.profile_of);
    free(t.calls);
    free(t.callers);
    return ret;
}
