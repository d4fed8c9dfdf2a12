/* annot_decide.c - trees and the names in them. */
#include "annot_rules.h"

/* Steps of one decision; aliases that refer to each other end here. More where
 * there are many things to decide. */
#define BUDGET 4096
#define BUDGET_CONTENT 65536
#define DEPTH_MAX 64

/* In a generic alias: what its variable stands for where it is used. */
struct annot_binding { struct ghost_str var; const struct annot_node *value; /* NULL: cannot be told */ const struct annot_binding *outer; };

const struct ghost_def_name *annot_denotes(const struct annot_judge *j, struct ghost_str name, bool literal)
{
    for (uint32_t i = 0; i < j->annot->n_names; i++) {
        const struct ghost_def_name *n = &j->annot->names[i];
        if ((n->kind == GHOST_NAME_LITERAL) == literal && str_equal(n->name, name))
            return n;
    }
    return NULL;
}

static const struct annot_node *parse(struct annot_judge *j, struct ghost_str text)
{
    unsigned cost = 1 + text.len / 8;
    if (j->budget < cost)
        return NULL;
    j->budget -= cost;
    return annot_parse(j->arena, text);
}

/* "A, B" as a chain. */
static const struct annot_node *parse_list(struct annot_judge *j, struct ghost_str text)
{
    char *p = arena_alloc(j->arena, text.len + 3);
    if (!p)
        return NULL;
    p[0] = '(';
    memcpy(p + 1, text.p, text.len);
    memcpy(p + 1 + text.len, ")", 2);
    const struct annot_node *n = parse(j, (struct ghost_str){ p, text.len + 2 });
    return n && n->kind == ANNOT_TUPLE ? n->first : NULL;
}

/* ---- names that stand for an annotation ---- */

/* Type variables of a tree, each once, in order. */
struct variables { struct ghost_str v[8]; unsigned n; };

static void collect_variables(const struct annot_judge *j, const struct annot_node *n, struct variables *all)
{
    for (; n; n = n->next) {
        const struct ghost_def_name *name = n->kind == ANNOT_NAME ? annot_denotes(j, n->name, false) : NULL;
        if (name && name->kind == GHOST_NAME_TYPEVAR) {
            bool seen = false;
            for (unsigned i = 0; i < all->n; i++)
                seen = seen || str_equal(all->v[i], n->name);
            if (!seen && all->n < sizeof all->v / sizeof *all->v)
                all->v[all->n++] = n->name;
        }
        collect_variables(j, n->first, all);
    }
}

/* Binds the variables of an alias to what it is subscripted with. With several
 * of them the order in which the alias takes them is not recorded. */
static const struct annot_binding *bind(struct annot_judge *j, const struct annot_node *alias, const struct annot_node *arguments)
{
    struct variables all = { .n = 0 };
    const struct annot_binding *b = j->bindings;
    struct annot_node only = *alias;
    only.next = NULL;
    if (!arguments)
        return b;
    collect_variables(j, &only, &all);
    for (unsigned i = 0; i < all.n; i++) {
        struct annot_binding *own = arena_alloc(j->arena, sizeof *own);
        if (!own)
            return b;
        *own = (struct annot_binding){ all.v[i], all.n == 1 ? arguments : NULL, b };
        b = own;
    }
    return b;
}

static struct annot_answer decide_alias(struct annot_judge *j, const struct ghost_def_name *name, const struct annot_node *arguments,
                                        const struct ghost_model_type *t)
{
    const struct annot_binding *outer = j->bindings;
    const struct annot_node *n = name->text.len ? parse(j, name->text) : NULL;
    if (!n)
        return annot_undecided("a type alias that could not be read");
    j->bindings = bind(j, n, arguments);
    struct annot_answer a = annot_node_decide(j, n, t);
    j->bindings = outer;
    return a;
}

static struct annot_answer decide_bound(struct annot_judge *j, struct ghost_str name, const struct ghost_model_type *t, bool *bound)
{
    const struct annot_binding *here = j->bindings, *b = here;
    while (b && !str_equal(b->var, name))
        b = b->outer;
    *bound = b != NULL;
    if (!b)
        return annot_match;
    if (!b->value)
        return annot_undecided("an alias with several type variables");
    j->bindings = b->outer;
    struct annot_answer a = annot_node_decide(j, b->value, t);
    j->bindings = here;
    return a;
}

static struct annot_answer decide_variable(struct annot_judge *j, const struct ghost_def_name *name, const struct ghost_model_type *t)
{
    bool bound;
    struct annot_answer a = decide_bound(j, name->name, t, &bound);
    if (bound || name->flags & (GHOST_TYPEVAR_PARAMSPEC | GHOST_TYPEVAR_TUPLE))
        return a;
    if (name->text.len == 0)
        return name->flags & GHOST_TYPEVAR_LAZY ? annot_undecided("a bound that was not evaluated") : annot_match;
    const struct annot_node *n = name->flags & GHOST_TYPEVAR_CONSTRAINTS ? parse_list(j, name->text) : parse(j, name->text);
    return n ? annot_any_of(j, n, t) : annot_undecided("a bound that could not be read");
}

/* ---- names ---- */

static bool same_last_part(const struct ghost_model *m, struct ghost_str name, const struct ghost_model_type *t)
{
    struct ghost_str last = annot_last_part(name);
    if (str_equal(annot_last_part(t->qualname), last))
        return true;
    for (uint32_t i = 0; i < t->n_mro; i++)
        if (t->mro[i] != GHOST_NONE && str_equal(annot_last_part(m->types[t->mro[i]].qualname), last))
            return true;
    return false;
}

/* A name that was not there (TYPE_CHECKING): a class of that name fits, and so
 * does what the construct of that name would take. Nothing is a mismatch. */
static struct annot_answer decide_unresolved(struct annot_judge *j, struct ghost_str name, const struct annot_node *arguments,
                                             const struct ghost_model_type *t)
{
    struct annot_answer a;
    unsigned mark = annot_faults_mark(j);
    if (same_last_part(j->m, name, t) || type_is_double(j->m, t)
        || (annot_special(j, annot_last_part(name), arguments, t, &a) && annot_elements(j, annot_last_part(name), arguments, a).verdict == ANNOT_MATCH))
        return annot_match;
    annot_faults_drop(j, mark);
    return annot_undecided("a name that was not defined while the program ran");
}

static struct annot_answer decide_special(struct annot_judge *j, const struct ghost_def_name *name, const struct annot_node *arguments,
                                          const struct ghost_model_type *t)
{
    struct annot_answer a;
    j->owner = name->type < j->m->n_types ? name->type : GHOST_NONE;
    if (!annot_special(j, annot_last_part(name->text), arguments, t, &a))
        return annot_undecided("a construct of typing without a rule");
    return annot_elements(j, annot_last_part(name->text), arguments, a);
}

static struct annot_answer decide_class(struct annot_judge *j, const struct ghost_def_name *name, const struct annot_node *arguments,
                                        const struct ghost_model_type *t)
{
    struct annot_answer a;
    if (name->type == GHOST_NONE || name->type >= j->m->n_types)
        return annot_undecided("the definition of the annotated class was lost");
    const struct ghost_model_type *want = &j->m->types[name->type];
    if (arguments && type_is(want, "builtins", "type") && annot_special(j, GHOST_STR("Type"), arguments, t, &a))
        return a;
    a = annot_class(j->m, want, t);
    bool generic = str_equals(want->module, "builtins") || str_equals(want->module, "collections.abc");
    return generic ? annot_elements(j, want->qualname, arguments, a) : a;
}

static struct annot_answer decide_name(struct annot_judge *j, struct ghost_str text, const struct annot_node *arguments,
                                       const struct ghost_model_type *t)
{
    const struct ghost_def_name *name = annot_denotes(j, text, false);
    const struct annot_node *n;
    switch (name ? name->kind : GHOST_NAME_UNRESOLVED) {
    case GHOST_NAME_UNRESOLVED: return decide_unresolved(j, text, arguments, t);
    case GHOST_NAME_TYPE: return decide_class(j, name, arguments, t);
    case GHOST_NAME_SPECIAL: return decide_special(j, name, arguments, t);
    case GHOST_NAME_TYPEVAR: return decide_variable(j, name, t);
    case GHOST_NAME_ALIAS: return decide_alias(j, name, arguments, t);
    case GHOST_NAME_NEWTYPE:
        n = parse(j, name->text);
        return n ? annot_node_decide(j, n, t) : annot_undecided("a NewType whose supertype could not be read");
    case GHOST_NAME_MODULE: return annot_undecided("a module where a type should be");
    default: return annot_undecided("an object where a type should be");
    }
}

/* ---- trees ---- */

struct annot_answer annot_any_of(struct annot_judge *j, const struct annot_node *first, const struct ghost_model_type *t)
{
    struct annot_answer all = annot_mismatch;
    unsigned begin = annot_faults_mark(j);
    for (const struct annot_node *n = first; n; n = n->next) {
        unsigned mark = annot_faults_mark(j);
        struct annot_answer one = annot_node_decide(j, n, t);
        if (one.verdict == ANNOT_MATCH || mark > begin) /* of several alternatives, the first tells why not */
            annot_faults_drop(j, one.verdict == ANNOT_MATCH ? begin : mark);
        if (one.verdict == ANNOT_MATCH)
            return one;
        if (one.verdict == ANNOT_UNDECIDED && all.verdict != ANNOT_UNDECIDED)
            all = one;
    }
    return all;
}

static struct annot_answer decide_tree(struct annot_judge *j, const struct annot_node *n, const struct ghost_model_type *t)
{
    switch (n->kind) {
    case ANNOT_NAME: return decide_name(j, n->name, NULL, t);
    case ANNOT_NONE: return annot_class_named(j->m, "builtins", "NoneType", t);
    case ANNOT_UNION: return annot_any_of(j, n->first, t);
    case ANNOT_SUBSCRIPT:
        if (n->first->kind == ANNOT_NAME)
            return decide_name(j, n->first->name, n->first->next, t);
        return annot_undecided("a subscript of a subscript");
    case ANNOT_ELLIPSIS: return annot_undecided("a part of the annotation that could not be recorded");
    case ANNOT_CALL: return annot_undecided("a call where a type should be");
    default: return annot_undecided("no type by itself");
    }
}

struct annot_answer annot_node_decide(struct annot_judge *j, const struct annot_node *n, const struct ghost_model_type *t)
{
    if (j->depth >= DEPTH_MAX || j->budget == 0)
        return annot_undecided("an annotation too deep or too large to follow");
    j->depth++;
    j->budget--;
    struct annot_answer a = decide_tree(j, n, t);
    j->depth--;
    return a;
}

struct annot_answer annot_decide(struct annot_judge *j, const struct annot_node *annotation, const struct ghost_model_type *type)
{
    j->depth = 0;
    j->budget = j->content ? BUDGET_CONTENT : BUDGET;
    j->bindings = NULL;
    j->n_path = 0;
    j->used_self = false;
    if (!type)
        return annot_undecided("the observed type was not recorded");
    return annotation ? annot_node_decide(j, annotation, type) : annot_undecided("an annotation that could not be read");
}

/* ---- for generators: which construct an annotation is ---- */

struct ghost_str annot_construct(const struct annot_judge *j, const struct annot_node *n, const struct annot_node **arguments)
{
    const struct annot_node *base = n->kind == ANNOT_SUBSCRIPT ? n->first : n;
    const struct ghost_def_name *name = base->kind == ANNOT_NAME ? annot_denotes(j, base->name, false) : NULL;
    *arguments = n->kind == ANNOT_SUBSCRIPT ? n->first->next : NULL;
    if (name && name->kind == GHOST_NAME_SPECIAL)
        return annot_last_part(name->text);
    if (name && name->kind == GHOST_NAME_TYPE && name->type < j->m->n_types && str_equals(j->m->types[name->type].module, "collections.abc"))
        return j->m->types[name->type].qualname;
    return (struct ghost_str){ "", 0 };
}

struct ghost_model_type annot_generator_type(bool async)
{
#define BIT(name) ((uint64_t)1 << ABC_##name)
    static const uint32_t self_only[] = { GHOST_NONE }; /* known, and of no base but itself */
    return (struct ghost_model_type){
        .module = GHOST_STR("builtins"), .qualname = async ? GHOST_STR("async_generator") : GHOST_STR("generator"),
        .abcs = BIT(Hashable) | (async ? BIT(AsyncGenerator) | BIT(AsyncIterator) | BIT(AsyncIterable)
                                       : BIT(Generator) | BIT(Iterator) | BIT(Iterable)),
        .n_mro = 1, .mro = self_only,
    };
#undef BIT
}

const struct annot_node *annot_unalias(struct annot_judge *j, const struct annot_node *n)
{
    for (unsigned i = 0; n && i < DEPTH_MAX; i++) {
        const struct annot_node *arguments;
        const struct ghost_def_name *name = n->kind == ANNOT_NAME ? annot_denotes(j, n->name, false) : NULL;
        if (name && name->kind == GHOST_NAME_ALIAS)
            n = parse(j, name->text);
        else if (str_equals(annot_construct(j, n, &arguments), "Annotated") && arguments)
            n = arguments;
        else
            return n;
    }
    return NULL;
}
