/* annot_special.c - the constructs of typing, one row each. To add one: a row in
 * `constructs`, its cases in tests/annotations/. */
#include "annot_rules.h"

struct construct;
typedef struct annot_answer decider(struct annot_judge *j, const struct construct *c, const struct annot_node *arguments,
                                    const struct ghost_model_type *t);
struct construct { const char *name; decider *decide; const char *module, *qualname; };

#define DECIDER(name) static struct annot_answer name(struct annot_judge *j, const struct construct *c, \
                                                      const struct annot_node *arguments, const struct ghost_model_type *t)
#define UNUSED (void)j, (void)c, (void)arguments, (void)t

DECIDER(anything) { UNUSED; return annot_match; }
DECIDER(nothing) { UNUSED; return annot_mismatch; }
DECIDER(unknown) { UNUSED; return annot_undecided("a construct of typing that tells no type here"); }
DECIDER(a_class) { (void)arguments; return annot_class_named(j->m, c->module, c->qualname, t); }
DECIDER(any_argument) { (void)c; return arguments ? annot_any_of(j, arguments, t) : annot_undecided("a union without members"); }

/* Final[X], ClassVar[X], Annotated[X, ...]: X. Bare, anything. */
DECIDER(argument) { (void)c; return arguments ? annot_node_decide(j, arguments, t) : annot_match; }

DECIDER(optional)
{
    (void)c;
    return type_derives_named(j->m, t, "builtins", "NoneType") ? annot_match : any_argument(j, c, arguments, t);
}

/* A class; which one, its metaclass does not tell. */
DECIDER(a_type)
{
    (void)c, (void)arguments;
    if (t->flags & GHOST_TYPE_METACLASS || type_is_double(j->m, t))
        return annot_match;
    if (type_is_alias_object(j->m, t) || str_equals(t->module, "types"))
        return annot_undecided("an object of typing where a class is asked for");
    return type_is_known(t) && !type_is_proxy(j->m, t) ? annot_mismatch : annot_undecided("the observed type may pose as another class");
}

/* By type: the value is not recorded. A subclass may equal a member and may not. */
DECIDER(literal)
{
    (void)c;
    bool derived = type_is_double(j->m, t);
    if (derived)
        return annot_match;
    for (const struct annot_node *n = arguments; n; n = n->next) {
        if (n->kind == ANNOT_NONE && type_derives_named(j->m, t, "builtins", "NoneType"))
            return annot_match;
        const struct ghost_def_name *name = n->kind == ANNOT_NAME ? annot_denotes(j, n->name, true) : NULL;
        if (!name || name->type == GHOST_NONE || name->type >= j->m->n_types) {
            derived = n->kind != ANNOT_NONE || derived; /* an alias of another Literal */
            continue;
        }
        if (type_same(&j->m->types[name->type], t))
            return annot_match;
        derived = derived || type_derives(j->m, t, &j->m->types[name->type]);
    }
    return derived || type_is_proxy(j->m, t) ? annot_undecided("equal to a member of the Literal or not: the value decides") : annot_mismatch;
}

/* A method of an instance: of the same class as its first argument, or a
 * subclass. A class method: of the class it is defined in. */
DECIDER(self)
{
    (void)c, (void)arguments;
    j->used_self = true;
    if (type_is_double(j->m, t))
        return annot_match;
    if (j->self == GHOST_NONE || !type_is_known(t) || type_is_proxy(j->m, t))
        return annot_undecided("which class Self is was not recorded");
    const struct ghost_model_type *s = &j->m->types[j->self];
    if (!(s->flags & GHOST_TYPE_METACLASS))
        return type_is_proxy(j->m, s) || type_is_double(j->m, s) ? annot_undecided("which class Self is was not recorded")
                                                                 : annot_if(type_derives(j->m, t, s));
    if (j->owner == GHOST_NONE || t->flags & GHOST_TYPE_METACLASS)
        return annot_undecided("which class Self is was not recorded");
    return annot_if(type_derives(j->m, t, &j->m->types[j->owner]));
}

/* typing.NamedTuple itself as an annotation */
DECIDER(named_tuple)
{
    (void)c, (void)arguments;
    struct annot_answer a = annot_class_named(j->m, "builtins", "tuple", t);
    if (a.verdict != ANNOT_MATCH)
        return a;
    return type_has(j->m, t, "_fields") || type_is_double(j->m, t) ? annot_match : annot_mismatch;
}

static const struct construct constructs[] = {
    { "Any", anything, NULL, NULL },
    { "Optional", optional, NULL, NULL },
    { "Union", any_argument, NULL, NULL },
    { "NoReturn", nothing, NULL, NULL },
    { "Never", nothing, NULL, NULL },
    { "Literal", literal, NULL, NULL },
    { "LiteralString", a_class, "builtins", "str" },
    { "Self", self, NULL, NULL },
    { "Annotated", argument, NULL, NULL },
    { "Final", argument, NULL, NULL },
    { "ClassVar", argument, NULL, NULL },
    { "Required", argument, NULL, NULL },
    { "NotRequired", argument, NULL, NULL },
    { "ReadOnly", argument, NULL, NULL },
    { "TypeGuard", a_class, "builtins", "bool" },
    { "TypeIs", a_class, "builtins", "bool" },
    { "Type", a_type, NULL, NULL },
    { "NamedTuple", named_tuple, NULL, NULL },
    { "TypedDict", a_class, "builtins", "dict" },
    { "Text", a_class, "builtins", "str" },
    { "List", a_class, "builtins", "list" },
    { "Dict", a_class, "builtins", "dict" },
    { "Set", a_class, "builtins", "set" },
    { "FrozenSet", a_class, "builtins", "frozenset" },
    { "Tuple", a_class, "builtins", "tuple" },
    { "Deque", a_class, "collections", "deque" },
    { "DefaultDict", a_class, "collections", "defaultdict" },
    { "OrderedDict", a_class, "collections", "OrderedDict" },
    { "Counter", a_class, "collections", "Counter" },
    { "ChainMap", a_class, "collections", "ChainMap" },
    { "Pattern", a_class, "re", "Pattern" },
    { "Match", a_class, "re", "Match" },
    { "ContextManager", a_class, "contextlib", "AbstractContextManager" },
    { "AsyncContextManager", a_class, "contextlib", "AbstractAsyncContextManager" },
    { "AbstractSet", a_class, "collections.abc", "Set" },
    { "IO", a_class, "typing", "IO" },
    { "TextIO", a_class, "typing", "TextIO" },
    { "BinaryIO", a_class, "typing", "BinaryIO" },
    { "Unpack", unknown, NULL, NULL },
    { "Concatenate", unknown, NULL, NULL },
    { "Generic", unknown, NULL, NULL },
    { "Protocol", unknown, NULL, NULL },
    { "TypeAlias", unknown, NULL, NULL },
    { "TypeForm", unknown, NULL, NULL },
};

bool annot_special(struct annot_judge *j, struct ghost_str name, const struct annot_node *arguments, const struct ghost_model_type *t,
                   struct annot_answer *answer)
{
    for (size_t i = 0; i < sizeof constructs / sizeof *constructs; i++)
        if (str_equals(name, constructs[i].name)) {
            *answer = constructs[i].decide(j, &constructs[i], arguments, t);
            return true;
        }
    for (int i = 0; i < N_TYPE_ABCS; i++) /* typing.Sequence is that of collections.abc */
        if (str_equals(name, type_abc_names[i])) {
            *answer = annot_abc(j->m, (enum type_abc)i, t);
            return true;
        }
    return false;
}
