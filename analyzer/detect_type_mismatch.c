/* detect_type_mismatch.c - observed types against annotations.
 *
 * A function is judged place by place: its parameters, the elements of *args
 * and **kwargs, what it returned, what it yielded. For a place, what was seen
 * is listed with counts, each type is decided once (annot_decide.h), and what
 * is of one type and one verdict becomes one finding.
 *
 * A function that was made more than once (a closure, a generated __init__) may
 * have several records of annotations: what fits one of them fits. */
#include <stdlib.h>
#include <string.h>

#include "annot_decide.h"
#include "annot_type.h"
#include "mismatch.h"

#define ITERABLE_COROUTINE 0x0100u       /* co_flags: types.coroutine made it */

struct inquiry {
    const struct ghost_model *m;
    struct findings *out;
    struct ghost_err *err;
    struct arena arena;                  /* of one function */
    uint32_t function;
    const struct ghost_model_function *f;
    const struct ghost_model_annotations *records; uint32_t n_records;
};

/* ---- what a place was annotated with ---- */

struct option { const struct annot_node *node; struct ghost_str text; bool judged; };

static bool find_text(const struct ghost_def_annot *a, struct ghost_str param, struct ghost_str *text)
{
    for (uint32_t i = 0; i < a->n_annotations; i++)
        if (str_equal(a->annotations[i].param, param)) {
            *text = a->annotations[i].text;
            return true;
        }
    return false;
}

static struct annot_judge judge_of(struct inquiry *q, uint32_t record, uint32_t signature)
{
    const struct ghost_model_signature *s = signature == GHOST_NONE ? NULL : &q->m->signatures[signature];
    return (struct annot_judge){
        .m = q->m, .annot = q->records[record].annot, .arena = &q->arena,
        .self = s && s->defined && !s->other && s->n_types && q->f->n_positional ? s->types[0] : GHOST_NONE,
        .budget = 4096,
    };
}

static bool is_construct(const struct annot_judge *j, const struct annot_node *n, const char *name, const struct annot_node **arguments)
{
    return str_equals(annot_construct(j, n, arguments), name);
}

/* What the annotation of *args says of the element at `index`; NULL: nothing. */
static const struct annot_node *element_annotation(const struct annot_judge *j, const struct annot_node *n, uint32_t index)
{
    const struct annot_node *inner, *arguments;
    if (n->kind == ANNOT_STAR)
        inner = n->first;
    else if (!is_construct(j, n, "Unpack", &inner))
        return n;
    if (!inner || inner->kind != ANNOT_SUBSCRIPT || inner->first->kind != ANNOT_NAME)
        return NULL; /* of a TypeVarTuple or a TypedDict */
    const struct ghost_def_name *name = annot_denotes(j, inner->first->name, false);
    bool tuple = is_construct(j, inner, "Tuple", &arguments)
                 || (name && name->kind == GHOST_NAME_TYPE && name->type < j->m->n_types && type_is(&j->m->types[name->type], "builtins", "tuple"));
    arguments = inner->first->next;
    if (!tuple || !arguments)
        return NULL;
    if (arguments->next && arguments->next->kind == ANNOT_ELLIPSIS)
        return arguments;
    for (; arguments && index > 0 && arguments->kind != ANNOT_STAR; index--)
        arguments = arguments->next;
    return arguments && arguments->kind != ANNOT_STAR ? arguments : NULL;
}

/* Of a generator's return annotation: what it yields and returns. `fits` is false
 * when it does not speak of generators at all. */
struct generator_parts { const struct annot_node *yield, *result; bool fits; };

static const struct { const char *name; bool async; unsigned result; /* index of the final value's type, 0 none */ } generator_forms[] = {
    { "Generator", false, 2 }, { "Iterator", false, 0 }, { "Iterable", false, 0 },
    { "AsyncGenerator", true, 0 }, { "AsyncIterator", true, 0 }, { "AsyncIterable", true, 0 },
};

static void generator_parts(struct annot_judge *j, const struct annot_node *n, bool async, unsigned depth, struct generator_parts *parts)
{
    const struct annot_node *arguments = NULL;
    if (!n || depth > 16)
        return;
    if (n->kind == ANNOT_NAME || n->kind == ANNOT_SUBSCRIPT)
        n = annot_unalias(j, n);
    struct ghost_str form = n ? annot_construct(j, n, &arguments) : GHOST_STR("");
    if (n && n->kind == ANNOT_UNION)
        arguments = n->first;
    if (n && (n->kind == ANNOT_UNION || str_equals(form, "Union") || str_equals(form, "Optional")))
        for (; arguments; arguments = arguments->next)
            generator_parts(j, arguments, async, depth + 1, parts);
    for (size_t i = 0; i < sizeof generator_forms / sizeof *generator_forms; i++)
        if (str_equals(form, generator_forms[i].name) && generator_forms[i].async == async) {
            bool first = !parts->fits;
            parts->fits = true;
            parts->yield = first ? arguments : NULL; /* of several, any */
            parts->result = first && generator_forms[i].result && arguments && arguments->next ? arguments->next->next : NULL;
        }
}

/* The annotation of a place in one record. */
static struct option option_of(struct inquiry *q, const struct place *p, uint32_t record, struct ghost_str param)
{
    struct option o = { 0 };
    struct generator_parts parts = { 0 };
    struct annot_judge j = judge_of(q, record, GHOST_NONE);
    bool async = q->f->co_flags & GHOST_CO_ASYNC_GENERATOR;
    if (!find_text(j.annot, param, &o.text))
        return o;
    o.node = annot_parse(&q->arena, o.text);
    o.judged = true;
    if (p->kind < PLACE_RETURN || !(q->f->co_flags & GHOST_CO_GENERATOR_LIKE & ~GHOST_CO_COROUTINE) || q->f->co_flags & GHOST_CO_COROUTINE)
        return o;
    generator_parts(&j, o.node, async, 0, &parts);
    if (p->kind == PLACE_GENERATOR) {
        o.judged = o.node && !parts.fits;
        return o;
    }
    o.node = p->kind == PLACE_YIELD ? parts.yield : parts.result;
    o.judged = o.node != NULL;
    if (o.node)
        o.text = o.node->text;
    return o;
}

/* ---- one type at one place ---- */

/* A value that stands for "not given" by the author's own default. */
static struct annot_answer default_of(const struct ghost_model *m, const struct ghost_def_annot *a, uint32_t param,
                                      const struct ghost_model_type *t, struct annot_answer otherwise)
{
    for (uint32_t i = 0; i < a->n_defaults; i++) {
        const struct ghost_model_type *d = a->defaults[2 * i] == param && a->defaults[2 * i + 1] < m->n_types ? &m->types[a->defaults[2 * i + 1]] : NULL;
        if (!d || !type_same(d, t))
            continue;
        if (type_is(d, "builtins", "NoneType") || str_equals(d->qualname, "_HAS_DEFAULT_FACTORY_CLASS"))
            return (struct annot_answer){ ANNOT_MATCH, NULL };
        if (!str_equals(d->module, "builtins") || str_equals(d->qualname, "object") || str_equals(d->qualname, "ellipsis")
            || str_equals(d->qualname, "type") || str_equals(d->qualname, "NotImplementedType"))
            return (struct annot_answer){ ANNOT_UNDECIDED, "the type of the parameter's own default" };
    }
    return otherwise;
}

/* What a special method returns to say that it does not know the other operand. */
static bool is_not_implemented(const struct ghost_model_function *f, const struct ghost_model_type *t)
{
    struct ghost_str name = annot_last_part(f->qualname);
    return type_is(t, "builtins", "NotImplementedType") && name.len > 4 && memcmp(name.p, "__", 2) == 0;
}

static struct annot_answer decide_one(struct inquiry *q, const struct place *p, const struct option *o, uint32_t record, const struct seen *s,
                                      struct annot_faults *faults, bool *used_self)
{
    struct annot_judge j = judge_of(q, record, s->signature);
    j.content = s->content;
    j.faults = faults;
    struct ghost_model_type made = annot_generator_type(q->f->co_flags & GHOST_CO_ASYNC_GENERATOR);
    const struct ghost_model_type *t = p->kind == PLACE_GENERATOR ? &made : s->type < q->m->n_types ? &q->m->types[s->type] : NULL;
    const struct annot_node *n = o->node;
    if (n && (p->kind == PLACE_ARGS || p->kind == PLACE_KWARGS) && !(n = element_annotation(&j, n, s->index)))
        return (struct annot_answer){ ANNOT_MATCH, NULL };
    struct annot_answer a = annot_decide(&j, n, t);
    *used_self = *used_self || j.used_self;
    if (a.verdict != ANNOT_MATCH && t && p->kind == PLACE_PARAM)
        return default_of(q->m, j.annot, p->param, t, a);
    if (a.verdict == ANNOT_MISMATCH && p->kind == PLACE_RETURN && is_not_implemented(q->f, t))
        return (struct annot_answer){ ANNOT_MATCH, NULL };
    return a;
}

/* `faults` may be NULL; of several records, the first tells. */
static struct annot_answer decide_all(struct inquiry *q, const struct place *p, const struct option *options, const struct seen *s,
                                      struct annot_faults *faults, bool *used_self)
{
    struct annot_answer all = { ANNOT_MISMATCH, NULL };
    for (uint32_t i = 0; i < q->n_records && all.verdict != ANNOT_MATCH; i++) {
        struct annot_answer one = decide_one(q, p, &options[i], i, s, faults && faults->n == 0 ? faults : NULL, used_self);
        if (one.verdict == ANNOT_MATCH || (one.verdict == ANNOT_UNDECIDED && all.verdict == ANNOT_MISMATCH))
            all = one;
    }
    return all;
}

/* Each type once, unless the answer depends on the call (Self, the element's place). */
static void decide_seen(struct inquiry *q, struct place *p, const struct option *options)
{
    struct table decided = { 0 };
    for (uint32_t i = 0; i < p->n; i++) {
        struct seen *s = &p->v[i];
        uint64_t key = (uint64_t)s->index << 32 | s->type;
        uint32_t before = table_get(&decided, key);
        bool used_self = false;
        if (before != TABLE_NONE) {
            s->answer = p->v[before].answer;
            continue;
        }
        s->answer = decide_all(q, p, options, s, NULL, &used_self);
        if (!used_self)
            table_put(&decided, key, i);
    }
    table_release(&decided);
}

/* ---- inside containers ---- */

struct deep_question { struct inquiry *q; const struct place *p; const struct option *options; };

/* A container whose type alone is no match is told by place_report. */
static void judge_content(void *self, const struct ghost_model_sample *s, struct annot_faults *faults)
{
    const struct deep_question *d = self;
    const struct ghost_model_content *c = &d->q->m->contents[s->content];
    struct seen seen = { .type = c->type, .index = s->index, .signature = GHOST_NONE, .outcome = GHOST_NONE };
    bool used_self = false;
    if (decide_all(d->q, d->p, d->options, &seen, NULL, &used_self).verdict != ANNOT_MATCH)
        return;
    seen.content = c;
    struct annot_answer a = decide_all(d->q, d->p, d->options, &seen, faults, &used_self);
    if (a.verdict == ANNOT_MATCH)
        faults->n = 0;
    for (unsigned i = 0; a.verdict == ANNOT_UNDECIDED && i < faults->n; i++)
        faults->v[i].answer = a;
}

/* ---- places ---- */

static struct ghost_str annotated_text(struct inquiry *q, const struct option *options)
{
    struct ghost_str text = options[0].text;
    for (uint32_t i = 1; i < q->n_records; i++)
        if (!str_equal(options[i].text, options[0].text))
            text = findings_text(q->out, "%.*s or %.*s", FINDING_STR(text), FINDING_STR(options[i].text));
    return text;
}

static int judge_place(struct inquiry *q, struct place *p, struct ghost_str param)
{
    struct option *options = ARENA_ARRAY(&q->arena, struct option, q->n_records);
    bool judged = options != NULL;
    for (uint32_t i = 0; judged && i < q->n_records; i++) {
        options[i] = option_of(q, p, i, param);
        judged = options[i].judged;
    }
    if (!judged)
        return 0;
    if (place_collect(p, q->m, q->f, &q->arena) < 0)
        return ghost_fail(q->err, GHOST_E_NOMEM, "out of memory while annotations were compared");
    decide_seen(q, p, options);
    p->annotated = annotated_text(q, options);
    int ret = place_report(p, q->m, q->function, q->out, q->err);
    struct deep_question deep = { q, p, options };
    return ret < 0 ? ret : place_report_deep(p, q->m, q->function, judge_content, &deep, q->out, q->err);
}

static int judge_parameters(struct inquiry *q)
{
    const struct ghost_model_function *f = q->f;
    uint32_t plain = f->n_positional + f->n_kwonly;
    int ret = 0;
    for (uint32_t i = 0; ret >= 0 && i < f->n_params; i++) {
        bool args = i == plain && f->co_flags & GHOST_CO_VARARGS;
        struct place p = { .kind = i < plain ? PLACE_PARAM : args ? PLACE_ARGS : PLACE_KWARGS, .param = i };
        p.name = i < plain ? f->params[i] : findings_text(q->out, args ? "*%.*s" : "**%.*s", FINDING_STR(f->params[i]));
        ret = judge_place(q, &p, f->params[i]);
    }
    return ret;
}

static int judge_results(struct inquiry *q)
{
    static const struct { enum place_kind kind; uint32_t flags; struct ghost_str name; } results[] = {
        { PLACE_RETURN, UINT32_MAX, { "return", 6 } },
        { PLACE_YIELD, GHOST_CO_GENERATOR | GHOST_CO_ASYNC_GENERATOR, { "yield", 5 } },
        { PLACE_GENERATOR, GHOST_CO_GENERATOR | GHOST_CO_ASYNC_GENERATOR, { "return", 6 } },
    };
    int ret = 0;
    if (q->f->co_flags & ITERABLE_COROUTINE)
        return 0; /* annotated with what awaiting it gives, or with the generator: both are done */
    for (size_t i = 0; ret >= 0 && i < sizeof results / sizeof *results; i++) {
        struct place p = { .kind = results[i].kind, .name = results[i].name };
        if (results[i].flags == UINT32_MAX || q->f->co_flags & results[i].flags)
            ret = judge_place(q, &p, GHOST_STR("return"));
    }
    return ret;
}

/* ---- functions ---- */

static int judge_function(struct inquiry *q)
{
    for (uint32_t i = 0; i < q->n_records; i++)
        if (q->records[i].annot->flags & GHOST_ANNOT_WRAPPER)
            return 0; /* the hints are those of what it wraps */
    int ret = judge_parameters(q);
    return ret < 0 ? ret : judge_results(q);
}

static int run(const struct detect_subject *of, const struct detect_options *o, struct findings *out, struct ghost_err *err)
{
    const struct ghost_model *m = of->m;
    int ret = 0;
    (void)o;
    for (uint32_t i = 0, n; ret >= 0 && i < m->n_annotations; i += n) {
        struct inquiry q = { .m = m, .out = out, .err = err, .function = m->annotations[i].function, .records = &m->annotations[i] };
        for (n = 1; i + n < m->n_annotations && m->annotations[i + n].function == q.function; n++)
            ;
        q.n_records = n;
        q.f = &m->functions[q.function];
        ret = judge_function(&q);
        if (q.arena.failed)
            ret = ghost_fail(err, GHOST_E_NOMEM, "out of memory while annotations were compared");
        arena_release(&q.arena);
    }
    return ret;
}

const struct detector detect_type_mismatch = { "type_mismatch", "observed types that the annotations do not allow", run };
