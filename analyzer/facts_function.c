/* facts_function.c - what the recording tells of one function. */
#include <stdlib.h>
#include <string.h>

#include "facts_build.h"

enum { ROWS = 8 };               /* of a distribution; the rest is told as a sum */
enum { PARAMS = 24, FINDINGS = 12 };

struct build { struct facts *f; const struct atlas *a; const struct profile *p; uint32_t group; bool ok; };

static void row_of(struct build *b, uint64_t count, uint64_t of)
{
    if (b->f->failed)
        return;
    struct fact *last = fact_last(b->f);
    last->count = count;
    last->share = of ? (double)count / (double)of : 0;
}

bool put_error_types(struct facts *f, const struct atlas *a, uint32_t group, const struct alike_key *only)
{
    enum { SHOWN = 3 };
    struct endings e;
    bool ok = endings_make(&e, a, group, ENDINGS_EXCEPTIONS, only), begun = false;
    for (uint32_t i = 0, shown = 0; i < e.n && shown < SHOWN; i++) {
        if (e.v[i].type != GHOST_NONE && a->control[e.v[i].type])
            continue;
        PUT(f, a, begun ? ", {} ({})" : "{} ({})", P_TYPE(e.v[i].type), P_COUNT(e.v[i].count));
        begun = true;
        shown++;
    }
    endings_release(&e);
    return ok;
}

/* The i-th type of a list; two that share a name are told apart by their modules. */
static struct piece type_in(const struct atlas *a, const struct endings *e, uint32_t i)
{
    uint32_t type = e->v[i].type;
    bool twin = false;
    for (uint32_t k = 0; type != GHOST_NONE && k < e->n; k++)
        twin = twin || (k != i && e->v[k].type != GHOST_NONE && a->m->types[e->v[k].type].qualname.p == a->m->types[type].qualname.p);
    return twin ? P_FULL_TYPE(type) : P_TYPE(type);
}

/* ---- who it is ---- */

static const struct ghost_def_annotation *annotation_of(const struct atlas *a, uint32_t function, const char *param)
{
    uint32_t at = a->m->functions[function].annotations;
    const struct ghost_def_annot *d = at == GHOST_NONE ? NULL : a->m->annotations[at].annot;
    for (uint32_t i = 0; d && i < d->n_annotations; i++)
        if (d->annotations[i].param.len == strlen(param) && memcmp(d->annotations[i].param.p, param, d->annotations[i].param.len) == 0)
            return &d->annotations[i];
    return NULL;
}

static const char *kind_of(const struct ghost_model_function *f)
{
    if (f->co_flags & GHOST_CO_ASYNC_GENERATOR)
        return "an asynchronous generator";
    if (f->co_flags & GHOST_CO_COROUTINE)
        return "a coroutine";
    return f->co_flags & GHOST_CO_GENERATOR ? "a generator" : "a function";
}

static void put_declared(struct build *b)
{
    const struct ghost_model_function *f = &b->a->m->functions[b->group];
    const struct ghost_def_annotation *returns = annotation_of(b->a, b->group, "return");
    fact_begin(b->f, FACT_SUBJECT);
    fact_words(b->f, "Declared as");
    fact_label(b->f);
    PUT(b->f, b->a, "{}(", P_FUNCTION(b->group));
    for (uint32_t i = 0; i < f->n_params && i < PARAMS; i++) {
        const struct ghost_def_annotation *x = annotation_of(b->a, b->group, f->params[i].p);
        bool stars = i >= f->n_positional + f->n_kwonly;
        fact_words(b->f, i ? ", " : "");
        fact_words(b->f, !stars ? "" : f->co_flags & GHOST_CO_VARARGS && i == f->n_positional + f->n_kwonly ? "*" : "**");
        PUT(b->f, b->a, x ? "{}: {}" : "{}", P_PARAM(f->params[i]), P_ANNOTATION(x ? x->text : GHOST_STR("")));
    }
    if (f->n_params > PARAMS)
        PUT(b->f, b->a, ", and {} more", P_COUNT(f->n_params - PARAMS));
    PUT(b->f, b->a, returns ? ") -> {}" : ")", P_ANNOTATION(returns ? returns->text : GHOST_STR("")));
}

static void put_subject(struct build *b)
{
    const struct profile *p = b->p;
    fact_begin(b->f, FACT_SUBJECT);
    fact_words(b->f, "Function");
    fact_label(b->f);
    PUT(b->f, b->a, p->is_module ? "{}  (the body of module {}, file {}, processes that ran it: {})" : "{}  (module: {}, first defined at line {}, file {}), ",
        P_FUNCTION(b->group), P_MODULE(p->module), p->is_module ? P_FILE(p->file) : P_PLAIN(p->line),
        p->is_module ? P_COUNT(p->calls) : P_FILE(p->file));
    if (!p->is_module) {
        fact_words(b->f, kind_of(&b->a->m->functions[b->group]));
        put_declared(b);
    }
}

/* ---- figures ---- */

static void put_counts(struct build *b)
{
    const struct profile *p = b->p;
    fact_begin(b->f, FACT_CALLS);
    fact_words(b->f, "Calls observed");
    fact_label(b->f);
    PUT(b->f, b->a, "{}", P_COUNT(p->calls));
    if (p->n_threads)
        PUT(b->f, b->a, p->n_threads == 1 ? ", in {} thread" : ", in {} threads", P_COUNT(p->n_threads));
    fact_begin(b->f, FACT_CALLS);
    fact_words(b->f, "Left by exceptions");
    fact_label(b->f);
    PUT(b->f, b->a, "{} calls ({} rate)", P_COUNT(p->exceptions), P_SHARE(p->exceptions, p->calls));
    if (p->closed) {
        fact_begin(b->f, FACT_CALLS);
        fact_words(b->f, "Closed early");
        fact_label(b->f);
        PUT(b->f, b->a, "{} calls of the generator ended by close()", P_COUNT(p->closed));
    }
}

static void put_times(struct build *b)
{
    const struct profile *p = b->p;
    if (!p->finished)
        return;
    fact_begin(b->f, FACT_LATENCY);
    fact_words(b->f, "Latency (mean)");
    fact_label(b->f);
    PUT(b->f, b->a, "{}", P_TIME(profile_mean(p)));
    fact_begin(b->f, FACT_LATENCY);
    fact_words(b->f, "Latency (min/max)");
    fact_label(b->f);
    PUT(b->f, b->a, "{} / {}", P_TIME(p->min), P_TIME(p->max));
    fact_begin(b->f, FACT_LATENCY);
    fact_words(b->f, "Latency (p50/p95/p99)");
    fact_label(b->f);
    PUT(b->f, b->a, "{} / {} / {}", P_TIME(p->p50), P_TIME(p->p95), P_TIME(p->p99));
    fact_begin(b->f, FACT_LATENCY);
    fact_words(b->f, "Total time");
    fact_label(b->f);
    PUT(b->f, b->a, "{}, of it {} ({}) in its own code, the rest in recorded callees", P_TIME(p->total), P_TIME(p->self), P_SHARE(p->self, p->total));
    if (p->suspended) {
        fact_begin(b->f, FACT_LATENCY);
        fact_words(b->f, "Suspended");
        fact_label(b->f);
        PUT(b->f, b->a, "{}, waiting between its steps; part of the latency, not of its own time", P_TIME(p->suspended));
    }
}

static void put_exceptions(struct build *b)
{
    struct endings e, caught;
    b->ok = endings_make(&e, b->a, b->group, ENDINGS_EXCEPTIONS, NULL) && b->ok;
    b->ok = endings_make(&caught, b->a, b->group, ENDINGS_CAUGHT, NULL) && b->ok;
    for (uint32_t i = 0; i < e.n && i < ROWS; i++) {
        fact_begin(b->f, FACT_EXCEPTIONS);
        PUT(b->f, b->a, "{}", type_in(b->a, &e, i));
        fact_label(b->f);
        PUT(b->f, b->a, "left {} calls ({} of all)", P_COUNT(e.v[i].count), P_SHARE(e.v[i].count, b->p->calls));
        fact_note(b->f);
        PUT(b->f, b->a, "; raised here {}, passed through {}", P_COUNT(e.v[i].raised), P_COUNT(e.v[i].passed));
        row_of(b, e.v[i].count, b->p->calls);
    }
    for (uint32_t i = 0; i < caught.n && i < ROWS; i++) {
        fact_begin(b->f, FACT_EXCEPTIONS);
        PUT(b->f, b->a, "{} from recorded callees", P_TYPE(caught.v[i].type));
        fact_label(b->f);
        PUT(b->f, b->a, "caught here {} times", P_COUNT(caught.v[i].count));
    }
    endings_release(&e);
    endings_release(&caught);
}

/* ---- distributions ---- */

static void put_rest(struct build *b, enum fact_section section, const char *one, const char *what, uint32_t rows, uint64_t calls, uint64_t of)
{
    if (!rows)
        return;
    fact_begin(b->f, section);
    PUT(b->f, b->a, "{} more ", P_COUNT(rows));
    fact_words(b->f, rows == 1 ? one : what);
    fact_label(b->f);
    PUT(b->f, b->a, "{} calls ({})", P_COUNT(calls), P_SHARE(calls, of));
    row_of(b, calls, of);
}

static void put_alike(struct build *b, enum fact_section section, enum alike_by by, const char *one, const char *more)
{
    struct alikes rows;
    uint64_t all = 0, rest = 0;
    uint32_t more_rows = 0;
    b->ok = alikes_make(&rows, b->a, b->group, by) && b->ok;
    for (uint32_t i = 0; i < rows.n; i++)
        all += rows.v[i].calls;
    for (uint32_t i = 0; i < rows.n; i++) {
        const struct alike *row = &rows.v[i];
        if (!row->calls)
            continue;
        if (i >= ROWS) {
            rest += row->calls;
            more_rows++;
            continue;
        }
        fact_begin(b->f, section);
        if (by == BY_SIGNATURE)
            PUT(b->f, b->a, "{}", P_SIGNATURE(row->key));
        else if (row->key == GHOST_NONE)
            fact_words(b->f, "outside the recorded code");
        else
            PUT(b->f, b->a, "{}", P_CALLER(row->key, b->group));
        fact_label(b->f);
        PUT(b->f, b->a, "{} calls ({})", P_COUNT(row->calls), P_SHARE(row->calls, all));
        row_of(b, row->calls, all);
        fact_note(b->f);
        if (row->finished)
            PUT(b->f, b->a, ", {} on average", P_TIME(alike_mean(row)));
        if (row->exceptions)
            PUT(b->f, b->a, ", {} ({}) left by an exception", P_COUNT(row->exceptions), P_SHARE(row->exceptions, row->calls));
    }
    put_rest(b, section, one, more, more_rows, rest, all);
    alikes_release(&rows);
}

static void put_types(struct build *b, enum fact_section section, enum ending_kind kind)
{
    struct endings e;
    uint64_t all = 0, rest = 0;
    b->ok = endings_make(&e, b->a, b->group, kind, NULL) && b->ok;
    for (uint32_t i = 0; i < e.n; i++)
        all += e.v[i].count;
    for (uint32_t i = 0; i < e.n && i < ROWS; i++) {
        fact_begin(b->f, section);
        PUT(b->f, b->a, "{}", type_in(b->a, &e, i));
        fact_label(b->f);
        PUT(b->f, b->a, "{} times ({})", P_COUNT(e.v[i].count), P_SHARE(e.v[i].count, all));
        row_of(b, e.v[i].count, all);
    }
    for (uint32_t i = ROWS; i < e.n; i++)
        rest += e.v[i].count;
    put_rest(b, section, "type", "types", e.n > ROWS ? e.n - ROWS : 0, rest, all);
    endings_release(&e);
}

static void put_parameters(struct build *b)
{
    const struct ghost_model_function *f = &b->a->m->functions[b->group];
    for (uint32_t i = 0; i < f->n_params && i < PARAMS; i++) {
        struct endings e;
        uint64_t all = 0;
        const struct ghost_def_annotation *x = annotation_of(b->a, b->group, f->params[i].p);
        b->ok = parameter_types(&e, b->a, b->group, i) && b->ok;
        for (uint32_t k = 0; k < e.n; k++)
            all += e.v[k].count;
        if (all) {
            fact_begin(b->f, FACT_PARAMETERS);
            PUT(b->f, b->a, "{}", P_PARAM(f->params[i]));
            fact_label(b->f);
            fact_words(b->f, "got ");
            for (uint32_t k = 0; k < e.n && k < ROWS; k++)
                PUT(b->f, b->a, k ? ", {} in {} ({})" : "{} in {} calls ({})", type_in(b->a, &e, k), P_COUNT(e.v[k].count), P_SHARE(e.v[k].count, all));
            if (e.n > ROWS)
                PUT(b->f, b->a, " and {} more types", P_COUNT(e.n - ROWS));
            PUT(b->f, b->a, x ? "; annotated {}" : "; not annotated", P_ANNOTATION(x ? x->text : GHOST_STR("")));
        }
        endings_release(&e);
    }
}

/* ---- its place ---- */

static void put_place(struct build *b)
{
    const struct atlas *a = b->a;
    uint64_t in_module = 0, slower = 0, more_called = 0, above = 0;
    for (uint32_t i = 0; i < a->p->n; i++) {
        const struct profile *q = &a->p->v[i];
        if (q->is_module)
            continue;
        above += q->calls > b->p->calls;
        if (q->module.p != b->p->module.p)
            continue;
        in_module++;
        slower += profile_mean(q) > profile_mean(b->p);
        more_called += q->calls > b->p->calls;
    }
    if (b->p->is_module)
        return;
    fact_begin(b->f, FACT_PLACE);
    fact_words(b->f, "In its module");
    fact_label(b->f);
    if (in_module == 1) {
        PUT(b->f, a, "the only function of {} that was called", P_MODULE(b->p->module));
    } else {
        PUT(b->f, a, "of the {} called functions of {}, ", P_COUNT(in_module), P_MODULE(b->p->module));
        put_calls(b->f, a, slower, "takes longer on average and ", "take longer on average and ");
        put_calls(b->f, a, more_called, "is called more often", "are called more often");
    }
    fact_begin(b->f, FACT_PLACE);
    fact_words(b->f, "In the session");
    fact_label(b->f);
    PUT(b->f, a, above == 1 ? "{} of all {} calls and {} of all recorded own time ({}); {} of {} functions is called more often"
                            : "{} of all {} calls and {} of all recorded own time ({}); {} of {} functions are called more often",
        P_SHARE(b->p->calls, a->calls), P_COUNT(a->calls), P_SHARE(b->p->self, a->self), P_TIME(a->self), P_COUNT(above), P_COUNT(a->n_functions));
}

static void put_lead(struct build *b)
{
    const struct profile *p = b->p;
    facts_begin_lead(b->f);
    PUT(b->f, b->a, "{} was called ", P_FUNCTION(b->group));
    put_calls(b->f, b->a, p->calls, "time", "times");
    if (p->callers.n == 1)
        fact_words(b->f, ", always by the same caller");
    else if (p->callers.n > 1)
        PUT(b->f, b->a, " by {} callers", P_COUNT(p->callers.n));
    if (p->finished)
        PUT(b->f, b->a, ". A call takes {} on average; half of them end within {}, all but one in a hundred within {}", P_TIME(profile_mean(p)),
            P_TIME(p->p50), P_TIME(p->p99));
    if (p->exceptions)
        PUT(b->f, b->a, ". {} of the calls end in an exception", P_SHARE(p->exceptions, p->calls));
    else
        fact_words(b->f, ". No call ended in an exception");
    fact_words(b->f, ".");
}

/* What the detectors found stands out before anything else, what was asked for before that. */
static void put_first(struct facts *f, const struct atlas *a, const struct finding *x, const struct finding *asked)
{
    put_finding(f, a, x, x == asked);
    if (f->failed)
        return;
    fact_last(f)->section = FACT_NOTABLE;
    fact_last(f)->weight = x == asked ? 200 : 100 + (unsigned)x->severity;
}

static void put_findings(struct build *b, const struct finding *asked)
{
    const struct findings *all = b->a->findings;
    uint32_t n = 0;
    for (uint32_t i = 0; all && i < all->n; i++)
        if (&all->v[i] == asked || (all->v[i].decided && all->v[i].function != GHOST_NONE && b->a->group[all->v[i].function] == b->group && n++ < FINDINGS))
            put_first(b->f, b->a, &all->v[i], asked);
    put_findings_left(b->f, b->a, n > FINDINGS ? n - FINDINGS : 0);
}

static void put_title(struct facts *f, const struct atlas *a, const char *about, struct ghost_str title)
{
    f->session = strndup(a->m->session.p, a->m->session.len);
    f->about = strdup(about);
    f->title = strndup(title.p, title.len);
    f->failed = f->failed || !f->session || !f->about || !f->title;
}

/* ---- a function that was never called ---- */

struct siblings { struct facts *f; const struct atlas *a; const struct ghost_def_tree *tree; uint64_t defined, dead; };

static void count_dead(void *self, uint32_t tree, uint32_t node)
{
    struct siblings *s = self;
    (void)node;
    s->dead += s->a->m->trees[tree].tree == s->tree;
}

static int never_called(struct facts *f, const struct atlas *a, const struct subject *s, const struct finding *asked, struct ghost_err *err)
{
    char text[1024];
    const struct ghost_model_tree *t = &a->m->trees[s->tree];
    struct siblings all = { .f = f, .a = a, .tree = t->tree };
    put_title(f, a, "function", s->qualname);
    bool ok = walk_dead(a, count_dead, &all);
    for (uint32_t i = 0; i < t->tree->n_nodes; i++)
        all.defined += (t->tree->nodes[i].flags & GHOST_NODE_FUNCTION) != 0;
    facts_begin_lead(f);
    fact_name(f, NAME_FUNCTION, s->qualname, full_name(text, s->module, s->qualname));
    fact_words(f, " was never called, although its module was loaded.");
    fact_begin(f, FACT_NOTABLE);
    fact_last(f)->weight = 90;
    fact_words(f, "it is defined but no call of it was recorded; nothing tells whether it would work");
    fact_begin(f, FACT_SUBJECT);
    fact_words(f, "Function");
    fact_label(f);
    fact_name(f, NAME_FUNCTION, s->qualname, full_name(text, s->module, s->qualname));
    PUT(f, a, "  (module: {}, first defined at line {}, file {})", P_MODULE(s->module), P_PLAIN(s->line), P_FILE(t->tree->file));
    fact_begin(f, FACT_CALLS);
    fact_words(f, "Calls observed");
    fact_label(f);
    PUT(f, a, "{}", P_COUNT(0));
    fact_begin(f, FACT_PLACE);
    fact_words(f, "In its module");
    fact_label(f);
    fact_words(f, "the module was loaded in ");
    put_calls(f, a, t->n_processes, "process", "processes");
    PUT(f, a, "; {} of its {} functions were never called", P_COUNT(all.dead), P_COUNT(all.defined));
    fact_begin(f, FACT_PLACE);
    fact_words(f, "In the session");
    fact_label(f);
    PUT(f, a, "{} calls of {} other functions were recorded", P_COUNT(a->calls), P_COUNT(a->n_functions));
    for (uint32_t i = 0; a->findings && i < a->findings->n; i++)
        if (a->findings->v[i].line == s->line && a->findings->v[i].module.len == s->module.len &&
            memcmp(a->findings->v[i].module.p, s->module.p, s->module.len) == 0)
            put_first(f, a, &a->findings->v[i], asked);
    put_caveats(f, a, NULL);
    facts_number(f);
    return ok && !f->failed ? 0 : ghost_fail(err, GHOST_E_NOMEM, "out of memory while collecting facts");
}

int facts_of_function(struct facts *out, const struct atlas *a, const struct subject *s, const struct finding *asked, struct ghost_err *err)
{
    if (!s->profile)
        return never_called(out, a, s, asked, err);
    struct build b = { out, a, s->profile, atlas_group(a, s->profile), true };
    put_title(out, a, "function", s->qualname);
    put_lead(&b);
    put_subject(&b);
    b.ok = put_notable(out, a, s->profile, false, 0) && b.ok;
    put_counts(&b);
    put_times(&b);
    put_exceptions(&b);
    put_alike(&b, FACT_SIGNATURES, BY_SIGNATURE, "signature", "signatures");
    put_parameters(&b);
    put_types(&b, FACT_RETURNS, ENDINGS_RETURNS);
    put_types(&b, FACT_YIELDS, ENDINGS_YIELDS);
    put_alike(&b, FACT_CALLERS, BY_CALLER, "caller", "callers");
    put_alike(&b, FACT_CALLEES, BY_CALLEE, "function", "functions");
    put_place(&b);
    put_findings(&b, asked);
    put_caveats(out, a, s->profile);
    facts_number(out);
    return b.ok && !out->failed ? 0 : ghost_fail(err, GHOST_E_NOMEM, "out of memory while collecting facts");
}
