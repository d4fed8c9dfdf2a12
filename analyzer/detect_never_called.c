/* detect_never_called.c - functions whose body was never entered although their
 * module was executed; and, where sources are given, modules never imported.
 *
 * The log has the tree of all code objects of each executed module, and a
 * definition of each function that was entered, made when it was entered for
 * the first time: so "never" holds even where events were lost later. It does
 * not hold where recording was blind from the start; then all is undecided.
 *
 * Reported is the outermost: what stands inside a function that was never
 * entered could not be. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "finding.h"
#include "ghost/record.h"
#include "never_source.h"
#include "term.h"

/* Not dead: never meant to be entered, or not by itself. */
#define EXEMPT (GHOST_NODE_OVERLOAD | GHOST_NODE_ABSTRACT | GHOST_NODE_PROTOCOL | GHOST_NODE_TYPE_CHECKING | GHOST_NODE_MAIN_GUARD | \
                GHOST_NODE_COMPREHENSION | GHOST_NODE_LAMBDA | GHOST_NODE_ANNOTATE | GHOST_NODE_IMPORTED)

/* Nor `raise NotImplementedError`; and a log that does not tell it from `pass` is given the benefit of the doubt. */
bool never_called_exempts(uint32_t flags) { return flags & EXEMPT || (flags & (GHOST_NODE_TRIVIAL | GHOST_NODE_EMPTY)) == GHOST_NODE_TRIVIAL; }

static const struct { uint32_t code; const char *why; } blind_notes[] = {
    { GHOST_NOTE_HOOK_PROFILE, "the profile hook does not see every thread" },
    { GHOST_NOTE_HOOK_LOST, "recording ended before the program did" },
    { GHOST_NOTE_SUBINTERPRETER, "a subinterpreter was not recorded" },
    { GHOST_NOTE_FAULT, "the recorder switched itself off" },
    { GHOST_NOTE_PAUSED, "recording was paused" },
};
static const struct { uint32_t cause; const char *why; } blind_losses[] = {
    { GHOST_LOSS_NO_RING, "a thread was not recorded" },
    { GHOST_LOSS_STACK, "calls too deep to follow were not recorded" },
    { GHOST_LOSS_FUNC_CAP, "there were more functions than can be numbered" },
    { GHOST_LOSS_DAMAGE, "a part of a log could not be read" },
    { GHOST_LOSS_DEFINITION, "a definition could not be stored" },
};

/* A node that was not entered. */
struct dead { const struct ghost_model_tree *tree; uint32_t node; };

struct search {
    const struct ghost_model *m;
    const uint32_t *by_file;     /* functions by file, qualname, line */
    const char *blind;           /* why "never" cannot be said, or NULL */
    uint64_t recorded_ns;        /* for how long some process was recorded */
    struct never_sources sources;
    struct dead *v; uint32_t n, cap;
    bool failed;
};

/* ---- was it entered? ---- */

static int compare_place(struct ghost_str place, struct ghost_str qualname, uint32_t line, struct ghost_str other_place,
                         const struct ghost_model_function *f)
{
    int r = ghost_str_compare(place, other_place);
    r = r ? r : ghost_str_compare(qualname, f->qualname);
    return r ? r : (line > f->first_line) - (line < f->first_line);
}

static int by_file(const void *pa, const void *pb, void *self)
{
    const struct ghost_model *m = self;
    const struct ghost_model_function *a = &m->functions[*(const uint32_t *)pa], *b = &m->functions[*(const uint32_t *)pb];
    return compare_place(a->file, a->qualname, a->first_line, b->file, b);
}

/* The first function that is not before this place, of the model's order or of by_file. */
static uint32_t find(const struct search *s, bool file, struct ghost_str place, struct ghost_str qualname, uint32_t line)
{
    uint32_t low = 0, high = s->m->n_functions;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct ghost_model_function *f = &s->m->functions[file ? s->by_file[middle] : middle];
        if (compare_place(place, qualname, line, file ? f->file : f->module, f) > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_there(const struct search *s, bool file, struct ghost_str place, struct ghost_str qualname, uint32_t line)
{
    uint32_t i = find(s, file, place, qualname, line);
    if (i == s->m->n_functions)
        return false;
    const struct ghost_model_function *f = &s->m->functions[file ? s->by_file[i] : i];
    return ghost_str_compare(place, file ? f->file : f->module) == 0 && ghost_str_compare(qualname, f->qualname) == 0 &&
           (line == 0 || line == f->first_line);
}

/* A module executed under two names (as a script and imported) is one file; a
 * module of several releases has one name, and there lines tell nothing. */
static bool was_entered(const struct search *s, const struct ghost_def_tree *t, const struct ghost_def_node *n, bool several)
{
    return is_there(s, false, t->module, n->qualname, several ? 0 : n->first_line) || is_there(s, true, t->file, n->qualname, n->first_line);
}

/* ---- what may be called dead ---- */

static struct ghost_str last_part(struct ghost_str qualname)
{
    uint32_t at = qualname.len;
    while (at && qualname.p[at - 1] != '.')
        at--;
    return (struct ghost_str){ qualname.p + at, qualname.len - at };
}

static bool is_dunder(struct ghost_str name)
{
    return name.len > 4 && memcmp(name.p, "__", 2) == 0 && memcmp(name.p + name.len - 2, "__", 2) == 0;
}

/* Decorators of classes (data classes above all) replace or compare special methods. */
static bool is_of_decorated_class(const struct ghost_def_tree *t, const struct ghost_def_node *n)
{
    const struct ghost_def_node *parent = &t->nodes[n->parent];
    return parent->flags & GHOST_NODE_CLASS && parent->flags & GHOST_NODE_DECORATED && is_dunder(last_part(n->qualname));
}

/* A hook: an empty body beside abstract methods is for subclasses to fill, or not. */
static bool is_hook_of_abstract_class(const struct ghost_def_tree *t, const struct ghost_def_node *n)
{
    bool found = false;
    if (!(n->flags & GHOST_NODE_EMPTY && t->nodes[n->parent].flags & GHOST_NODE_CLASS))
        return false;
    for (uint32_t i = n->parent + 1; i < t->n_nodes && t->nodes[i].parent >= n->parent && !found; i++)    /* preorder: what is inside follows */
        found = t->nodes[i].parent == n->parent && t->nodes[i].flags & GHOST_NODE_ABSTRACT;
    return found;
}

static int by_name(const void *pa, const void *pb, void *self)
{
    const struct ghost_def_node *nodes = self;
    uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
    if (nodes[a].parent != nodes[b].parent)
        return nodes[a].parent < nodes[b].parent ? -1 : 1;
    int r = ghost_str_compare(nodes[a].qualname, nodes[b].qualname);
    return r ? r : (a > b) - (a < b);
}

/* Another definition of the same name took its place: one that was entered, or
 * a later one. Decorated ones (a property's setter, a registered case) do not
 * take places. */
static void find_replaced(const struct ghost_def_tree *t, const bool *entered, uint32_t *order, bool *replaced)
{
    uint32_t n = 0;
    for (uint32_t i = 1; i < t->n_nodes; i++)
        if (t->nodes[i].flags & GHOST_NODE_FUNCTION)
            order[n++] = i;
    if (n)
        qsort_r(order, n, sizeof *order, by_name, (void *)(uintptr_t)t->nodes);
    for (uint32_t from = 0, to; from < n; from = to) {
        uint32_t alive = 0;
        const struct ghost_def_node *first = &t->nodes[order[from]];
        for (to = from; to < n && t->nodes[order[to]].parent == first->parent && ghost_str_compare(t->nodes[order[to]].qualname, first->qualname) == 0; to++)
            alive += entered[order[to]];
        for (uint32_t i = from; i < to; i++)
            replaced[order[i]] = !(t->nodes[order[i]].flags & GHOST_NODE_DECORATED) && (i + 1 < to || alive > (uint32_t)entered[order[i]]);
    }
}

/* What the tree cannot tell and the source does: another binding of the name, in C perhaps, took its place. */
static bool is_exempt_in_source(const struct search *s, const struct ghost_def_tree *t, const struct ghost_def_node *n)
{
    const struct pyscan_node *source = never_sources_find(&s->sources, t, n->qualname, n->first_line);
    return source && (source->flags & PYSCAN_REBOUND || never_called_exempts(source->flags));
}

static void add_dead(struct search *s, const struct ghost_model_tree *tree, uint32_t node)
{
    if (grow_array(&s->v, s->n, &s->cap, sizeof *s->v))
        s->v[s->n++] = (struct dead){ tree, node };
    else
        s->failed = true;
}

static void search_tree(struct search *s, const struct ghost_model_tree *tree, bool several)
{
    const struct ghost_def_tree *t = tree->tree;
    size_t n = (size_t)t->n_nodes + 1;
    bool *entered = calloc(n, sizeof *entered), *reachable = calloc(n, sizeof *reachable), *replaced = calloc(n, sizeof *replaced);
    uint32_t *order = calloc(n, sizeof *order);
    if (!entered || !reachable || !replaced || !order) {
        s->failed = true;
        goto out;
    }
    for (uint32_t i = 0; i < t->n_nodes; i++) {
        /* scopes of annotations and type parameters are no code that is recorded by itself */
        entered[i] = i == 0 || t->nodes[i].flags & GHOST_NODE_ANNOTATE || was_entered(s, t, &t->nodes[i], several);
        reachable[i] = i == 0 || (reachable[t->nodes[i].parent] && entered[t->nodes[i].parent]);
    }
    find_replaced(t, entered, order, replaced);
    for (uint32_t i = 1; i < t->n_nodes; i++)
        if (t->nodes[i].flags & GHOST_NODE_FUNCTION && !never_called_exempts(t->nodes[i].flags) && reachable[i] && !entered[i] && !replaced[i] &&
            !is_of_decorated_class(t, &t->nodes[i]) && !is_hook_of_abstract_class(t, &t->nodes[i]) && !is_exempt_in_source(s, t, &t->nodes[i]))
            add_dead(s, tree, i);
out:
    free(entered);
    free(reachable);
    free(replaced);
    free(order);
}

/* Code that was made at run time (data classes and named tuples make theirs so) is nobody's dead code. */
static bool is_written(const struct ghost_model_tree *t) { return t->tree->file.len && t->tree->file.p[0] != '<'; }

static void search_trees(struct search *s)
{
    const struct ghost_model *m = s->m;
    for (uint32_t i = 0, end; i < m->n_trees; i = end) {
        uint32_t written = 0;
        for (end = i; end < m->n_trees && ghost_str_compare(m->trees[end].tree->module, m->trees[i].tree->module) == 0; end++)
            written += is_written(&m->trees[end]);
        for (uint32_t k = i; k < end; k++)
            if (is_written(&m->trees[k]))
                search_tree(s, &m->trees[k], written > 1);
    }
}

static const char *find_blindness(const struct ghost_model *m)
{
    for (uint32_t i = 0; i < m->n_notes; i++)
        for (size_t k = 0; k < sizeof blind_notes / sizeof *blind_notes; k++)
            if (m->notes[i].code == blind_notes[k].code)
                return blind_notes[k].why;
    for (uint32_t i = 0; i < m->n_losses; i++)
        for (size_t k = 0; k < sizeof blind_losses / sizeof *blind_losses; k++)
            if (m->losses[i].cause == blind_losses[k].cause)
                return blind_losses[k].why;
    for (uint32_t i = 0; i < m->n_damages; i++)
        if (!m->damages[i].cut)
            return "a part of a log could not be read";
    return NULL;
}

/* ---- the finding ---- */

static int by_place(const void *pa, const void *pb)
{
    const struct dead *a = pa, *b = pb;
    const struct ghost_def_node *x = &a->tree->tree->nodes[a->node], *y = &b->tree->tree->nodes[b->node];
    int r = ghost_str_compare(a->tree->tree->file, b->tree->tree->file);
    r = r ? r : ghost_str_compare(x->qualname, y->qualname);
    r = r ? r : (x->first_line > y->first_line) - (x->first_line < y->first_line);
    return r ? r : (a->tree > b->tree) - (a->tree < b->tree);
}

/* Of a file that was executed under two names, or a function of several releases, one is enough. */
static bool is_same(const struct dead *a, const struct dead *b)
{
    const struct ghost_def_node *x = &a->tree->tree->nodes[a->node], *y = &b->tree->tree->nodes[b->node];
    if (ghost_str_compare(x->qualname, y->qualname) != 0 || ghost_str_compare(a->tree->tree->file, b->tree->tree->file) != 0)
        return false;
    return x->first_line == y->first_line || a->tree != b->tree;
}

static uint64_t calls_in(const struct search *s, struct ghost_str module)
{
    uint64_t calls = 0;
    for (uint32_t i = find(s, false, module, GHOST_STR(""), 0); i < s->m->n_functions; i++) {
        const struct ghost_model_function *f = &s->m->functions[i];
        if (ghost_str_compare(f->module, module) != 0)
            break;
        for (uint32_t k = f->signatures; k < f->signatures + f->n_signatures; k++)
            for (uint32_t e = s->m->signatures[k].edges; e < s->m->signatures[k].edges + s->m->signatures[k].n_edges; e++)
                calls += s->m->edges[e].calls;
    }
    return calls;
}

static int by_start(const void *pa, const void *pb)
{
    const struct ghost_model_process *a = *(const struct ghost_model_process *const *)pa, *b = *(const struct ghost_model_process *const *)pb;
    return (a->start_real > b->start_real) - (a->start_real < b->start_real);
}

/* For how long some process was recorded: between sessions that were merged nobody looked. */
static bool find_recorded_time(struct search *s)
{
    uint32_t n = s->m->n_processes;
    uint64_t covered = 0;
    const struct ghost_model_process **v = calloc((size_t)n + 1, sizeof *v);
    if (!v)
        return false;
    for (uint32_t i = 0; i < n; i++)
        v[i] = &s->m->processes[i];
    qsort(v, n, sizeof *v, by_start);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t from = v[i]->start_real > covered ? v[i]->start_real : covered;
        if (v[i]->end_real > from) {
            s->recorded_ns += v[i]->end_real - from;
            covered = v[i]->end_real;
        }
    }
    free(v);
    return true;
}

/* "in 3 processes, 2 h 10 min" */
static struct ghost_str evidence_span(const struct search *s, struct findings *out, uint32_t processes)
{
    char span[HUMAN];
    human_span(span, s->recorded_ns);
    return findings_text(out, "%u process%s, %s", processes, processes == 1 ? "" : "es", span);
}

static int report(const struct search *s, const struct dead *d, uint64_t calls, struct findings *out, struct ghost_err *err)
{
    const struct ghost_def_tree *t = d->tree->tree;
    const struct ghost_def_node *n = &t->nodes[d->node];
    char count[HUMAN];
    struct finding *row = findings_add(out, err);
    if (!row)
        return err ? err->code : GHOST_E_NOMEM;
    row->module = findings_text(out, "%.*s", FINDING_STR(t->module));
    row->qualname = findings_text(out, "%.*s", FINDING_STR(n->qualname));
    row->file = findings_text(out, "%.*s", FINDING_STR(t->file));
    row->line = n->first_line;
    row->fn_key = findings_key(out, t->module, n->qualname, n->first_line);
    row->severity = SEVERITY_LOW;
    row->decided = s->blind == NULL;
    row->observed = GHOST_STR("never entered");
    row->message = findings_text(out, "defined but never called: its module was loaded (%s) and %s call%s in it %s seen%s%s",
                                 evidence_span(s, out, d->tree->n_processes).p, human_count(count, calls), calls == 1 ? "" : "s",
                                 calls == 1 ? "was" : "were", s->blind ? "; not certain: " : "", s->blind ? s->blind : "");
    if (n->flags & GHOST_NODE_DECORATED)
        findings_evidence(out, row, "decorated", GHOST_STR("a decorator that gives back something else would hide its calls"), 0, 0);
    uint32_t inside = 0;
    for (uint32_t i = d->node + 1; i < t->n_nodes && t->nodes[i].parent >= d->node; i++)    /* preorder: what is inside follows */
        inside += t->nodes[i].flags & GHOST_NODE_FUNCTION && !never_called_exempts(t->nodes[i].flags);
    if (inside)
        findings_evidence(out, row, "inside it", findings_text(out, "%u more function%s that could not be called", inside, inside == 1 ? "" : "s"), 0, 0);
    return 0;
}

static int report_all(struct search *s, struct findings *out, struct ghost_err *err)
{
    const struct ghost_model_tree *of = NULL;
    uint64_t calls = 0;
    int ret = 0;
    if (s->n)
        qsort(s->v, s->n, sizeof *s->v, by_place);
    for (uint32_t i = 0; i < s->n && ret == 0; i++) {
        if (i && is_same(&s->v[i - 1], &s->v[i]))
            continue;
        if (s->v[i].tree != of)
            calls = calls_in(s, s->v[i].tree->tree->module);
        of = s->v[i].tree;
        ret = report(s, &s->v[i], calls, out, err);
    }
    return ret;
}

/* ---- modules never imported ---- */

/* Was everything recorded that a source file could be? */
static const char *find_filter(const struct ghost_model *m)
{
    for (uint32_t i = 0; i < m->n_processes; i++) {
        struct ghost_str filter = ghost_model_meta(&m->processes[i], "filter");
        if (filter.len && strcmp(filter.p, "application") != 0 && strcmp(filter.p, "all") != 0)
            return filter.p;
    }
    return NULL;
}

static int report_source(const struct search *s, const struct never_file *f, const char *filter, struct findings *out, struct ghost_err *err)
{
    enum { NAMED = 200 };
    uint32_t functions = 0;
    for (uint32_t i = 1; i < f->scan.n; i++)
        functions += f->scan.v[i].kind != PYSCAN_CLASS && !never_called_exempts(f->scan.v[i].flags) && f->scan.v[i].kind != PYSCAN_LAMBDA;
    if (f->executed || (!functions && !f->error))
        return 0;
    struct finding *row = findings_add(out, err);
    if (!row)
        return err ? err->code : GHOST_E_NOMEM;
    row->module = findings_text(out, "%s", f->module);
    row->qualname = GHOST_STR("<module>");
    row->file = findings_text(out, "%s", f->path);
    row->line = 1;
    row->fn_key = findings_key(out, row->module, row->qualname, 1);
    row->severity = SEVERITY_LOW;
    row->observed = GHOST_STR("never imported");
    row->decided = !f->error && !s->blind && !filter;
    row->count = row->total = functions;
    if (f->error)
        row->message = findings_text(out, "never imported, and its source was not read: %s", f->error);
    else
        row->message = findings_text(out, "module never imported (%s): %u function%s of it cannot have been called%s%s",
                                     evidence_span(s, out, s->m->n_processes).p, functions, functions == 1 ? "" : "s",
                                     s->blind || filter ? "; not certain: " : "", s->blind ? s->blind : filter ? findings_text(out, "only some modules were recorded (%s)", filter).p : "");
    for (uint32_t i = 1, named = 0; i < f->scan.n && named < NAMED; i++) {
        const struct pyscan_node *n = &f->scan.v[i];
        if (n->kind == PYSCAN_CLASS || n->kind == PYSCAN_LAMBDA || never_called_exempts(n->flags))
            continue;
        findings_evidence(out, row, "function", findings_text(out, "%.*s (line %u)", FINDING_STR(n->qualname), n->first_line), 0, 0);
        named++;
    }
    if (functions > NAMED)
        findings_evidence(out, row, "function", findings_text(out, "and %u more", functions - NAMED), 0, 0);
    if (f->scan.problem)
        findings_evidence(out, row, "unreadable", findings_text(out, "line %u: %s", f->scan.problem_line, f->scan.problem), 0, 0);
    return 0;
}

static int report_sources(const struct search *s, struct findings *out, struct ghost_err *err)
{
    const char *filter = find_filter(s->m);
    int ret = 0;
    for (uint32_t i = 0; i < s->sources.n && ret == 0; i++)
        ret = report_source(s, &s->sources.v[i], filter, out, err);
    return ret;
}

static int run(const struct detect_subject *of, const struct detect_options *o, struct findings *out, struct ghost_err *err)
{
    const struct ghost_model *m = of->m;
    struct search s = { .m = m, .blind = find_blindness(m) };
    uint32_t *order = calloc((size_t)m->n_functions + 1, sizeof *order);
    int ret = order && find_recorded_time(&s) ? never_sources_load(&s.sources, o->sources, o->n_sources, m, err) : GHOST_E_NOMEM;
    if (ret < 0)
        goto out;
    for (uint32_t i = 0; i < m->n_functions; i++)
        order[i] = i;
    qsort_r(order, m->n_functions, sizeof *order, by_file, (void *)(uintptr_t)m);
    s.by_file = order;
    search_trees(&s);
    ret = s.failed ? GHOST_E_NOMEM : report_all(&s, out, err);
    if (ret == 0)
        ret = report_sources(&s, out, err);
out:
    if (ret == GHOST_E_NOMEM)
        ghost_fail(err, ret, "out of memory while looking for functions that were never called");
    never_sources_release(&s.sources);
    free(order);
    free(s.v);
    return ret;
}

const struct detector detect_never_called = {
    .name = "never_called",
    .summary = "functions that were defined but never called",
    .run = run,
};
