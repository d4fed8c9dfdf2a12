/* detect_high_exc_rate.c - functions that fail too often.
 *
 * A rate counts when the lower end of its 99 % Wilson interval is above the
 * threshold: one failure in three calls is no proof of 5 %, two in three are.
 *
 * One fault makes all functions on the way up fail. They are not reported one
 * by one: where an exception came from a function that is reported, it counts
 * there (and so does another exception raised for it by a frame that caught
 * it), and the others are named in that finding's evidence. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "finding.h"
#include "findings_groups.h"

/* Exceptions that are a protocol, no failure. By module and name, anywhere in the MRO. */
static const struct { const char *module, *name; } benign[] = {
    { "builtins", "StopIteration" }, { "builtins", "StopAsyncIteration" }, { "builtins", "GeneratorExit" },
    { "builtins", "SystemExit" }, { "builtins", "KeyboardInterrupt" }, { "asyncio.exceptions", "CancelledError" },
    { "concurrent.futures._base", "CancelledError" }, { "trio", "Cancelled" }, { "trio._core._exceptions", "Cancelled" },
    { "greenlet", "GreenletExit" }, { "click.exceptions", "Exit" },
};

/* One type of exception and one function. */
struct failure { uint32_t group, type; uint64_t raised, passed, caught; };

enum role { OTHER, CANDIDATE, REPORTED, CONSEQUENCE };
struct subject {
    enum role role; uint32_t failures, n_failures;
    uint64_t errors, calls, own /* not from a recorded callee */, apart /* not from one that is a candidate, too */;
    uint32_t root;
};

struct search {
    const struct ghost_model *m;
    const struct detect_options *o;
    const struct groups *groups;
    bool *is_error;                      /* by type; the last one stands for unknown types */
    struct failure *v; uint32_t n, cap;  /* by group, then type */
    struct subject *subjects;            /* by group */
    uint32_t *candidates; uint32_t n_candidates;
    bool failed;
};

/* ---- what is an error ---- */

static bool is_named(const struct ghost_model_type *t, const char *name)
{
    size_t n = strlen(name);
    if (n == t->qualname.len && memcmp(name, t->qualname.p, n) == 0)
        return true;
    return n == (size_t)t->module.len + 1 + t->qualname.len && memcmp(name, t->module.p, t->module.len) == 0 &&
           name[t->module.len] == '.' && memcmp(name + t->module.len + 1, t->qualname.p, t->qualname.len) == 0;
}

static bool is_benign(const struct ghost_model_type *t, const struct detect_options *o)
{
    for (size_t i = 0; i < sizeof benign / sizeof *benign; i++)
        if (strcmp(t->module.p, benign[i].module) == 0 && strcmp(t->qualname.p, benign[i].name) == 0)
            return true;
    for (size_t i = 0; i < o->n_expected; i++)
        if (is_named(t, o->expected[i]))
            return true;
    return false;
}

static bool *find_errors(const struct ghost_model *m, const struct detect_options *o)
{
    bool *own = calloc((size_t)m->n_types + 1, sizeof *own), *is_error = calloc((size_t)m->n_types + 1, sizeof *is_error);
    for (uint32_t i = 0; own && i < m->n_types; i++)
        own[i] = is_benign(&m->types[i], o);
    for (uint32_t i = 0; own && is_error && i < m->n_types; i++) {
        const struct ghost_model_type *t = &m->types[i];
        is_error[i] = !own[i];
        for (uint32_t k = 0; k < t->n_mro; k++)
            if (t->mro[k] != GHOST_NONE && own[t->mro[k]])
                is_error[i] = false;
    }
    if (is_error)
        is_error[m->n_types] = true;
    if (!own) {
        free(is_error);
        is_error = NULL;
    }
    free(own);
    return is_error;
}

static bool counts(const struct search *s, const struct ghost_model_outcome *o)
{
    return s->is_error[o->type == GHOST_NONE ? s->m->n_types : o->type];
}

/* ---- what each function did ---- */

static void add_failure(struct search *s, uint32_t group, const struct ghost_model_outcome *o)
{
    uint32_t i = s->subjects[group].failures;
    while (i < s->n && s->v[i].type != o->type)
        i++;
    if (i == s->n) {
        if (!grow_array(&s->v, s->n, &s->cap, sizeof *s->v)) {
            s->failed = true;
            return;
        }
        s->v[s->n++] = (struct failure){ .group = group, .type = o->type };
    }
    s->v[i].raised += o->end == GHOST_END_RAISED ? o->count : 0;
    s->v[i].passed += o->end == GHOST_END_PASSED ? o->count : 0;
    s->v[i].caught += o->end == GHOST_END_CAUGHT ? o->count : 0;
}

struct gather { struct search *s; uint32_t group; };

static void gather_edge(void *self, const struct ghost_model_signature *sig, const struct ghost_model_edge *e)
{
    struct gather *g = self;
    (void)sig;
    for (uint32_t i = 0; !e->adopted && i < e->n_outcomes; i++) {
        const struct ghost_model_outcome *o = &g->s->m->outcomes[e->outcomes + i];
        if ((GHOST_END_IS_EXCEPTION(o->end) || o->end == GHOST_END_CAUGHT) && counts(g->s, o))
            add_failure(g->s, g->group, o);
    }
}

static void gather_failures(struct search *s)
{
    for (uint32_t i = 0; i < s->groups->n && !s->failed; i++) {
        struct subject *one = &s->subjects[i];
        one->failures = s->n;
        group_edges(s->m, &s->groups->v[i], gather_edge, &(struct gather){ s, i });
        one->n_failures = s->n - one->failures;
        one->calls = s->groups->v[i].p ? s->groups->v[i].p->calls : 0;
        for (uint32_t k = one->failures; k < s->n; k++)
            one->errors += s->v[k].raised + s->v[k].passed;
    }
}

/* ---- is it too often? ---- */

#define Z_99 2.5758293035489004          /* two-sided 99 % */

static void wilson(uint64_t k, uint64_t n, double *low, double *high)
{
    double total = (double)n, p = n ? (double)k / total : 0, z2 = Z_99 * Z_99;
    if (!n || k > n) {
        *low = *high = n ? 1 : 0;
        return;
    }
    double middle = (p + z2 / (2 * total)) / (1 + z2 / total);
    double half = Z_99 * sqrt(p * (1 - p) / total + z2 / (4 * total * total)) / (1 + z2 / total);
    *low = k == 0 ? 0 : fmax(0, middle - half);
    *high = k == n ? 1 : fmin(1, middle + half);
}

static bool is_too_often(const struct search *s, uint64_t errors, uint64_t calls)
{
    double low, high;
    wilson(errors, calls, &low, &high);
    return calls >= s->o->exc_min_calls && errors && low > s->o->exc_threshold;
}

/* ---- where exceptions came from ---- */

/* Exceptions of failure `v` that callees of role `from` or above let out into its function. */
struct inflow { const struct search *s; const struct failure *v; enum role from; uint64_t count; uint32_t root; };

static void add_inflow(struct inflow *in, const struct ghost_model_edge *e)
{
    const struct search *s = in->s;
    uint32_t callee = s->groups->of[s->m->signatures[e->signature].function];
    enum role role = s->subjects[callee].role;
    if (callee == in->v->group || e->adopted || role < in->from)
        return;
    for (uint32_t i = 0; i < e->n_outcomes; i++) {
        const struct ghost_model_outcome *o = &s->m->outcomes[e->outcomes + i];
        if (!GHOST_END_IS_EXCEPTION(o->end) || o->type != in->v->type)
            continue;
        in->count += o->count;
        if (role >= REPORTED)
            in->root = role == REPORTED ? callee : s->subjects[callee].root;
    }
}

static void find_inflow(struct inflow *in)
{
    const struct group *f = &in->s->groups->v[in->v->group];
    for (uint32_t i = f->first; i < f->first + f->n; i++) {
        const struct ghost_model_function *of = &in->s->m->functions[i];
        for (uint32_t k = of->callees; k < of->callees + of->n_callees; k++)
            add_inflow(in, &in->s->m->edges[in->s->m->by_caller[k]]);
    }
}

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* Errors of a function that are its own: neither passed on from a callee of
 * role `from` or above nor raised for one that it caught. `*root` is a callee
 * that accounts for others. */
static uint64_t own_errors(const struct search *s, uint32_t group, enum role from, uint32_t *root)
{
    const struct subject *one = &s->subjects[group];
    uint64_t raised = 0, others = 0, caught = 0;
    for (uint32_t k = one->failures; k < one->failures + one->n_failures; k++) {
        const struct failure *v = &s->v[k];
        struct inflow in = { .s = s, .v = v, .from = from, .root = GHOST_NONE };
        find_inflow(&in);
        uint64_t passed = least(v->passed, in.count);
        others += v->passed - passed;
        caught += least(v->caught, in.count - passed);
        raised += v->raised;
        if (in.root != GHOST_NONE && *root == GHOST_NONE)
            *root = in.root;
    }
    return others + raised - least(raised, caught);
}

static bool settle(struct search *s, uint32_t group)
{
    uint32_t root = GHOST_NONE;
    uint64_t own = own_errors(s, group, REPORTED, &root);
    if (root == GHOST_NONE || is_too_often(s, own, s->subjects[group].calls))
        return false;
    s->subjects[group].role = CONSEQUENCE;
    s->subjects[group].root = root;
    return true;
}

/* Of those left, who is nearest to where errors come from. */
static uint32_t next_origin(const struct search *s)
{
    uint32_t best = GHOST_NONE;
    for (uint32_t i = 0; i < s->n_candidates; i++) {
        uint32_t group = s->candidates[i];
        if (s->subjects[group].role == CANDIDATE && (best == GHOST_NONE || s->subjects[group].apart > s->subjects[best].apart))
            best = group;
    }
    return best;
}

static void settle_all(struct search *s)
{
    for (bool again = true; again;) {
        again = false;
        for (uint32_t i = 0; i < s->n_candidates; i++)
            again = (s->subjects[s->candidates[i]].role == CANDIDATE && settle(s, s->candidates[i])) || again;
    }
}

static void find_origins(struct search *s)
{
    for (uint32_t i = 0; i < s->n_candidates; i++) {
        struct subject *one = &s->subjects[s->candidates[i]];
        uint32_t root = GHOST_NONE;
        one->own = own_errors(s, s->candidates[i], OTHER, &root);
        one->apart = own_errors(s, s->candidates[i], CANDIDATE, &root);
    }
    for (uint32_t i = 0; i < s->n_candidates; i++) {
        struct subject *one = &s->subjects[s->candidates[i]];
        if (is_too_often(s, one->own, one->calls))
            one->role = REPORTED;
    }
    settle_all(s);
    for (uint32_t next; (next = next_origin(s)) != GHOST_NONE; settle_all(s))
        s->subjects[next].role = REPORTED;
}

/* ---- the finding ---- */

/* Errors and calls by something: signatures, callers. */
struct share { struct ghost_str text; uint32_t key; uint64_t errors, calls; };
struct shares { struct share *v; uint32_t n, cap; bool failed; };

static void share(struct shares *to, uint32_t key, struct ghost_str text, uint64_t errors, uint64_t calls)
{
    uint32_t i = 0;
    while (i < to->n && (to->v[i].key != key || (text.p && to->v[i].text.p != text.p)))
        i++;
    if (i == to->n) {
        if (!grow_array(&to->v, to->n, &to->cap, sizeof *to->v)) {
            to->failed = true;
            return;
        }
        to->v[to->n++] = (struct share){ .text = text, .key = key };
    }
    to->v[i].errors += errors;
    to->v[i].calls += calls;
}

static int by_errors(const void *pa, const void *pb)
{
    const struct share *a = pa, *b = pb;
    if (a->errors != b->errors)
        return a->errors > b->errors ? -1 : 1;
    if (a->calls != b->calls)
        return a->calls < b->calls ? -1 : 1;
    return a->text.p && b->text.p ? strcmp(a->text.p, b->text.p) : (a->key > b->key) - (a->key < b->key);
}

struct detail { struct search *s; struct shares signatures, callers; };

static void detail_edge(void *self, const struct ghost_model_signature *sig, const struct ghost_model_edge *e)
{
    struct detail *d = self;
    const struct search *s = d->s;
    uint64_t errors = 0;
    for (uint32_t i = 0; !e->adopted && i < e->n_outcomes; i++) {
        const struct ghost_model_outcome *o = &s->m->outcomes[e->outcomes + i];
        errors += GHOST_END_IS_EXCEPTION(o->end) && counts(s, o) ? o->count : 0;
    }
    if (e->calls || errors) {
        share(&d->signatures, 0, sig->text, errors, e->calls);
        share(&d->callers, e->caller == GHOST_NONE ? GHOST_NONE : s->groups->of[e->caller], (struct ghost_str){ 0 }, errors, e->calls);
    }
}

enum { SHOWN = 3 };

static struct ghost_str key_of(struct findings *out, const struct search *s, uint32_t group)
{
    const struct ghost_model_function *f = &s->m->functions[s->groups->v[group].first];
    return findings_key(out, f->module, f->qualname, f->first_line);
}

static void tell_shares(struct findings *out, struct finding *row, const struct search *s, struct shares *of, const char *label)
{
    if (of->n)
        qsort(of->v, of->n, sizeof *of->v, by_errors);
    for (uint32_t i = 0; i < of->n && i < SHOWN && of->v[i].errors; i++) {
        const struct share *v = &of->v[i];
        struct ghost_str text = v->text.p ? v->text : v->key == GHOST_NONE ? GHOST_STR("nothing that was recorded") : key_of(out, s, v->key);
        findings_evidence(out, row, label, text, v->errors, v->calls);
    }
}

static int by_frequency(const void *pa, const void *pb)
{
    const struct failure *a = pa, *b = pb;
    uint64_t x = a->raised + a->passed, y = b->raised + b->passed;
    return x != y ? (x > y ? -1 : 1) : (a->type > b->type) - (a->type < b->type);
}

/* Types that left the function, most frequent first, as evidence; the first of them as text for the message. */
static struct ghost_str tell_types(struct findings *out, struct finding *row, const struct search *s, struct subject *one)
{
    struct ghost_str told = { "", 0 };
    qsort(&s->v[one->failures], one->n_failures, sizeof *s->v, by_frequency);
    for (uint32_t k = 0; k < one->n_failures; k++) {
        const struct failure *v = &s->v[one->failures + k];
        const struct ghost_model_type *t = v->type == GHOST_NONE ? NULL : &s->m->types[v->type];
        struct ghost_str name = t ? t->qualname : GHOST_STR("an unknown type");
        struct ghost_str full = t && strcmp(t->module.p, "builtins") != 0 ? findings_text(out, "%s.%s", t->module.p, t->qualname.p) : name;
        if (v->raised)
            findings_evidence(out, row, "raised here", full, v->raised, one->errors);
        if (v->passed)
            findings_evidence(out, row, "passed through", full, v->passed, one->errors);
        if (k < SHOWN && v->raised + v->passed)
            told = findings_text(out, "%s%s%s %s", told.p, k ? ", " : "", name.p,
                                 !v->passed ? "raised here" : !v->raised ? "passed through" : "raised here and passed through");
        else if (k == SHOWN && v->raised + v->passed)
            told = findings_text(out, "%s, ...", told.p);
    }
    return told;
}

static void tell_consequences(struct findings *out, struct finding *row, const struct search *s, uint32_t group)
{
    for (uint32_t i = 0; i < s->n_candidates; i++) {
        const struct subject *other = &s->subjects[s->candidates[i]];
        if (other->role == CONSEQUENCE && other->root == group)
            findings_evidence(out, row, "fails because of it", key_of(out, s, s->candidates[i]), other->errors, other->calls);
    }
}

/* Callers in which an exception of a type that left `one` was caught: failures that the program may count on. */
static void tell_handlers(struct findings *out, struct finding *row, const struct search *s, const struct subject *one, const struct shares *callers)
{
    for (uint32_t i = 0; i < callers->n && i < SHOWN && callers->v[i].errors; i++) {
        const struct subject *caller = callers->v[i].key == GHOST_NONE ? NULL : &s->subjects[callers->v[i].key];
        bool caught = false;
        for (uint32_t k = 0; caller && k < caller->n_failures; k++)
            for (uint32_t j = one->failures; j < one->failures + one->n_failures; j++)
                caught = caught || (s->v[caller->failures + k].caught && s->v[caller->failures + k].type == s->v[j].type && s->v[j].raised + s->v[j].passed);
        if (caught)
            findings_evidence(out, row, "caught by", key_of(out, s, callers->v[i].key), 0, 0);
    }
}

static int report(struct search *s, uint32_t group, struct findings *out, struct ghost_err *err)
{
    struct subject *one = &s->subjects[group];
    struct detail d = { .s = s };
    struct finding *row = findings_add_function(out, s->m, s->groups->v[group].first, err);
    if (!row)
        return err ? err->code : GHOST_E_NOMEM;
    row->count = one->errors;
    row->total = one->calls;
    row->rate = (double)one->errors / (double)one->calls;
    wilson(one->errors, one->calls, &row->low, &row->high);
    row->severity = row->rate > 0.5 ? SEVERITY_HIGH : row->rate > 0.2 ? SEVERITY_MEDIUM : SEVERITY_LOW;
    struct ghost_str types = tell_types(out, row, s, one);
    row->message = findings_text(out, "exception rate %.1f%% (%" PRIu64 "/%" PRIu64 " calls) exceeds threshold %g%%: %s", 100 * row->rate,
                                 one->errors, one->calls, 100 * s->o->exc_threshold, types.p);
    group_edges(s->m, &s->groups->v[group], detail_edge, &d);
    tell_shares(out, row, s, &d.signatures, "signature");
    tell_shares(out, row, s, &d.callers, "caller");
    tell_handlers(out, row, s, one, &d.callers);
    tell_consequences(out, row, s, group);
    findings_evidence(out, row, "interval", findings_text(out, "%.1f%% to %.1f%% (99 %%, Wilson)", 100 * row->low, 100 * row->high), 0, 0);
    s->failed = s->failed || d.signatures.failed || d.callers.failed;
    free(d.signatures.v);
    free(d.callers.v);
    return 0;
}

/* ---- all functions ---- */

static void find_candidates(struct search *s)
{
    for (uint32_t i = 0; i < s->groups->n; i++)
        if (is_too_often(s, s->subjects[i].errors, s->subjects[i].calls)) {
            s->subjects[i].role = CANDIDATE;
            s->candidates[s->n_candidates++] = i;
        }
}

static int run(const struct detect_subject *of, const struct detect_options *o, struct findings *out, struct ghost_err *err)
{
    struct search s = { .m = of->m, .o = o, .groups = of->groups, .is_error = find_errors(of->m, o) };
    int ret = 0;
    s.subjects = calloc((size_t)s.groups->n + 1, sizeof *s.subjects);
    s.candidates = calloc((size_t)s.groups->n + 1, sizeof *s.candidates);
    s.failed = !s.is_error || !s.subjects || !s.candidates;
    if (!s.failed)
        gather_failures(&s);
    if (!s.failed) {
        find_candidates(&s);
        find_origins(&s);
    }
    for (uint32_t i = 0; ret == 0 && !s.failed && i < s.n_candidates; i++)
        if (s.subjects[s.candidates[i]].role == REPORTED)
            ret = report(&s, s.candidates[i], out, err);
    if (s.failed)
        ret = ghost_fail(err, GHOST_E_NOMEM, "out of memory while counting exceptions");
    free(s.is_error);
    free(s.v);
    free(s.subjects);
    free(s.candidates);
    return ret;
}

const struct detector detect_high_exc_rate = {
    .name = "high_exc_rate",
    .summary = "functions that fail more often than the threshold",
    .run = run,
};
