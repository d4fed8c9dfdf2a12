/* facts_session.c - what the recording tells of a whole service: what it does,
 * where its time goes, and what is odd. */
#include <stdlib.h>
#include <string.h>

#include "facts_build.h"

enum { TOP = 6, MODULES = 8, DEAD = 12, NOTABLE_MIN = 40, NOTABLE_MAX = 18, EACH = 2, FINDINGS = 30 };

struct build { struct facts *f; const struct atlas *a; bool ok; };

/* ---- rankings ---- */

typedef double measure(const struct profile *p);
static double total_self(const struct profile *p) { return (double)p->self; }
static double mean(const struct profile *p) { return p->finished ? profile_mean(p) : 0; }
static double failed(const struct profile *p) { return (double)p->exceptions; }

static int by_measure(const void *pa, const void *pb, void *self)
{
    measure *of = *(measure **)self;
    const struct profile *a = *(const struct profile *const *)pa, *b = *(const struct profile *const *)pb;
    double x = of(a) - of(b);
    return x != 0 ? (x < 0 ? 1 : -1) : a < b ? -1 : a > b;
}

static const struct profile **ranked(const struct build *b, measure *of, uint32_t *n)
{
    const struct profile **v = calloc(b->a->p->n + 1u, sizeof *v);
    *n = 0;
    for (uint32_t i = 0; v && i < b->a->p->n; i++)
        if (!b->a->p->v[i].is_module && of(&b->a->p->v[i]) > 0)
            v[(*n)++] = &b->a->p->v[i];
    if (v && *n)
        qsort_r(v, *n, sizeof *v, by_measure, &of);
    return v;
}

static void put_name(struct build *b, const struct profile *p)
{
    PUT(b->f, b->a, "{} ({})", P_FUNCTION(atlas_group(b->a, p)), P_MODULE(p->module));
    fact_label(b->f);
}

static void put_hot(struct build *b)
{
    uint32_t n;
    const struct profile **v = ranked(b, total_self, &n);
    b->ok = v && b->ok;
    for (uint32_t i = 0; v && i < n && i < TOP; i++) {
        fact_begin(b->f, FACT_HOT);
        put_name(b, v[i]);
        PUT(b->f, b->a, "{} in its own code ({} of the session's), {} calls", P_TIME(v[i]->self), P_SHARE(v[i]->self, b->a->self), P_COUNT(v[i]->calls));
        if (!b->f->failed) {
            fact_last(b->f)->count = v[i]->calls;
            fact_last(b->f)->share = b->a->self ? (double)v[i]->self / (double)b->a->self : 0;
        }
    }
    free(v);
}

static void put_slow(struct build *b)
{
    uint32_t n;
    const struct profile **v = ranked(b, mean, &n);
    b->ok = v && b->ok;
    for (uint32_t i = 0; v && i < n && i < TOP; i++) {
        fact_begin(b->f, FACT_SLOW);
        put_name(b, v[i]);
        PUT(b->f, b->a, "{} on average, p99 {}, {} calls", P_TIME(profile_mean(v[i])), P_TIME(v[i]->p99), P_COUNT(v[i]->calls));
    }
    free(v);
}

static void put_failing(struct build *b)
{
    uint32_t n;
    const struct profile **v = ranked(b, failed, &n);
    b->ok = v && b->ok;
    for (uint32_t i = 0; v && i < n && i < TOP; i++) {
        fact_begin(b->f, FACT_FAILING);
        put_name(b, v[i]);
        PUT(b->f, b->a, "{} of {} calls ({}) left by ", P_COUNT(v[i]->exceptions), P_COUNT(v[i]->calls), P_SHARE(v[i]->exceptions, v[i]->calls));
        struct endings e;
        b->ok = endings_make(&e, b->a, atlas_group(b->a, v[i]), ENDINGS_EXCEPTIONS, NULL) && b->ok;
        for (uint32_t k = 0; k < e.n && k < 3; k++)
            PUT(b->f, b->a, k ? ", {} ({})" : "{} ({})", P_TYPE(e.v[k].type), P_COUNT(e.v[k].count));
        endings_release(&e);
    }
    free(v);
}

/* Functions that nothing recorded calls: where requests and jobs come in. */
static double entered(const struct profile *p)
{
    uint64_t called = 0;
    for (uint32_t i = 0; i < p->callers.n; i++)
        called += p->callers.v[i].n;
    return p->calls > called ? (double)(p->calls - called) : 0;
}

static void put_entries(struct build *b)
{
    uint32_t n;
    const struct profile **v = ranked(b, entered, &n);
    b->ok = v && b->ok;
    for (uint32_t i = 0; v && i < n && i < 2 * TOP; i++) {
        fact_begin(b->f, FACT_ENTRIES);
        put_name(b, v[i]);
        PUT(b->f, b->a, "called {} times from outside the recorded code, {} on average", P_COUNT((uint64_t)entered(v[i])), P_TIME(profile_mean(v[i])));
    }
    free(v);
}

/* ---- modules ---- */

struct module { struct ghost_str name; uint64_t functions, calls, self; };

static int by_self(const void *pa, const void *pb)
{
    const struct module *a = pa, *b = pb;
    if (a->self != b->self)
        return a->self < b->self ? 1 : -1;
    return strcmp(a->name.p, b->name.p);
}

static void put_modules(struct build *b)
{
    struct module *v = calloc(b->a->p->n + 1u, sizeof *v);
    uint32_t n = 0;
    b->ok = v && b->ok;
    for (uint32_t i = 0; v && i < b->a->p->n; i++) {         /* profiles are sorted by module */
        const struct profile *p = &b->a->p->v[i];
        if (p->is_module)
            continue;
        if (!n || v[n - 1].name.p != p->module.p)
            v[n++].name = p->module;
        v[n - 1].functions++;
        v[n - 1].calls += p->calls;
        v[n - 1].self += p->self;
    }
    if (v && n)
        qsort(v, n, sizeof *v, by_self);
    for (uint32_t i = 0; v && i < n && i < MODULES; i++) {
        fact_begin(b->f, FACT_MODULES);
        PUT(b->f, b->a, "{}", P_MODULE(v[i].name));
        fact_label(b->f);
        PUT(b->f, b->a, "{} functions called, {} calls, {} in its own code ({})", P_COUNT(v[i].functions), P_COUNT(v[i].calls), P_TIME(v[i].self),
            P_SHARE(v[i].self, b->a->self));
    }
    free(v);
}

/* ---- what was never called ---- */

struct dead_walk { struct build *b; uint64_t n; };

static void put_dead(void *self, uint32_t tree, uint32_t node)
{
    struct dead_walk *w = self;
    char text[1024];
    const struct ghost_def_tree *t = w->b->a->m->trees[tree].tree;
    const struct ghost_def_node *d = &t->nodes[node];
    if (w->n++ >= DEAD)
        return;
    fact_begin(w->b->f, FACT_DEAD);
    fact_name(w->b->f, NAME_FUNCTION, d->qualname, full_name(text, t->module, d->qualname));
    PUT(w->b->f, w->b->a, " ({})", P_MODULE(t->module));
    fact_label(w->b->f);
    PUT(w->b->f, w->b->a, "defined at line {}, its module was loaded, no call was recorded", P_PLAIN(d->first_line));
}

static void put_never_called(struct build *b)
{
    struct dead_walk w = { b, 0 };
    walk_dead(b->a, put_dead, &w);
    if (w.n <= DEAD)
        return;
    fact_begin(b->f, FACT_DEAD);
    PUT(b->f, b->a, "{} more functions", P_COUNT(w.n - DEAD));
    fact_label(b->f);
    fact_words(b->f, "defined but never called");
}

/* ---- the session itself ---- */

static void put_subject(struct build *b)
{
    const struct ghost_model *m = b->a->m;
    struct ghost_str script = m->n_processes ? ghost_model_meta(&m->processes[0], "script") : GHOST_STR("");
    struct ghost_str python = m->n_processes ? ghost_model_meta(&m->processes[0], "python") : GHOST_STR("");
    fact_begin(b->f, FACT_SUBJECT);
    fact_words(b->f, "Session");
    fact_label(b->f);
    put_calls(b->f, b->a, m->n_processes, "process, ", "processes, ");
    put_calls(b->f, b->a, m->n_threads, "thread, ", "threads, ");
    PUT(b->f, b->a, "{} events, recorded for {}", P_COUNT(m->events), P_SPAN(m->end_real > m->start_real ? m->end_real - m->start_real : 0));
    if (script.len)
        PUT(b->f, b->a, ", program {}", P_FILE(script));
    if (python.len)
        PUT(b->f, b->a, ", Python {}", P_TEXT(python));
    fact_begin(b->f, FACT_CALLS);
    fact_words(b->f, "Calls observed");
    fact_label(b->f);
    PUT(b->f, b->a, "{} calls of {} functions, {} in their own code altogether", P_COUNT(b->a->calls), P_COUNT(b->a->n_functions), P_TIME(b->a->self));
}

/* Is it one of the first EACH of its function? One odd function must not hide the others. */
static bool is_early(const struct facts *all, uint32_t i)
{
    unsigned before = 0;
    for (uint32_t k = 0; k < i && all->v[i].n_names; k++)
        before += all->v[k].n_names && strcmp(all->v[k].names[0].full, all->v[i].names[0].full) == 0;
    return before < EACH;
}

static void put_odd(struct build *b)
{
    struct facts all = { 0 };
    uint32_t taken[NOTABLE_MAX], n = 0;
    for (uint32_t i = 0; i < b->a->p->n; i++)
        if (!b->a->p->v[i].is_module)
            b->ok = put_notable(&all, b->a, &b->a->p->v[i], true, NOTABLE_MIN) && b->ok;
    b->ok = b->ok && !all.failed;
    facts_number(&all);
    for (uint32_t i = 0; b->ok && i < all.n && n < NOTABLE_MAX; i++)
        if (is_early(&all, i))
            taken[n++] = i;
    for (uint32_t i = 0; i < n; i++) {
        fact_begin(b->f, FACT_NOTABLE);
        if (b->f->failed)
            break;
        *fact_last(b->f) = all.v[taken[i]];      /* moved */
        all.v[taken[i]] = (struct fact){ 0 };
    }
    explain_facts_release(&all);
}

static void put_findings(struct build *b)
{
    const struct findings *all = b->a->findings;
    uint32_t n = 0;
    for (uint32_t i = 0; all && i < all->n; i++)                 /* the most severe come first */
        if (all->v[i].decided && n++ < FINDINGS)
            put_finding(b->f, b->a, &all->v[i], true);
    put_findings_left(b->f, b->a, n > FINDINGS ? n - FINDINGS : 0);
}

static void put_lead(struct build *b)
{
    facts_begin_lead(b->f);
    PUT(b->f, b->a, "This session recorded {} calls of {} functions", P_COUNT(b->a->calls), P_COUNT(b->a->n_functions));
    PUT(b->f, b->a, b->a->m->n_processes == 1 ? " in {} process." : " in {} processes.", P_COUNT(b->a->m->n_processes));
}

int facts_of_session(struct facts *out, const struct atlas *a, struct ghost_err *err)
{
    struct build b = { out, a, true };
    out->session = strndup(a->m->session.p, a->m->session.len);
    out->about = strdup("session");
    out->title = strdup("the whole session");
    put_lead(&b);
    put_subject(&b);
    put_odd(&b);
    put_entries(&b);
    put_hot(&b);
    put_slow(&b);
    put_failing(&b);
    put_modules(&b);
    put_never_called(&b);
    put_findings(&b);
    put_caveats(out, a, NULL);
    facts_number(out);
    return b.ok && !out->failed && out->session && out->about && out->title ? 0 : ghost_fail(err, GHOST_E_NOMEM, "out of memory while collecting facts");
}
