/* annot_class.c - an instance of one class where another is asked for. */
#include "annot_rules.h"

/* What stands in for a class by a rule of typing rather than by inheritance:
 * the numeric tower (typing specification, "special cases for float and
 * complex"), and the bytes promotion of PEP 484, which PEP 688 ended for type
 * checkers but which code annotated before it relies on. */
static const struct { const char *want, *given; } promotions[] = {
    { "float", "int" }, { "complex", "float" }, { "complex", "int" }, { "bytes", "bytearray" }, { "bytes", "memoryview" },
};

static bool is_promoted(const struct ghost_model *m, const char *want, const struct ghost_model_type *t)
{
    for (size_t i = 0; i < sizeof promotions / sizeof *promotions; i++)
        if (strcmp(want, promotions[i].want) == 0 && type_derives_named(m, t, "builtins", promotions[i].given))
            return true;
    return false;
}

/* Classes that are asked for by what an object has, as their __subclasshook__
 * or the typing specification says. */
static const struct { const char *module, *qualname, *members[2]; } structural[] = {
    { "contextlib", "AbstractContextManager", { "__enter__", "__exit__" } },
    { "contextlib", "AbstractAsyncContextManager", { "__aenter__", "__aexit__" } },
    { "os", "PathLike", { "__fspath__", NULL } },
};

/* -1: no such class. */
static int has_structure(const struct ghost_model *m, const char *module, const char *qualname, const struct ghost_model_type *t)
{
    for (size_t i = 0; i < sizeof structural / sizeof *structural; i++) {
        if (strcmp(module, structural[i].module) != 0 || strcmp(qualname, structural[i].qualname) != 0)
            continue;
        for (size_t k = 0; k < 2 && structural[i].members[k]; k++)
            if (!type_has(m, t, structural[i].members[k]))
                return 0;
        return 1;
    }
    return -1;
}

/* ---- files ---- typing.IO and its two are classes that no file derives from. */

static bool is_io(const char *module, const char *qualname)
{
    return (strcmp(module, "typing") == 0 || strcmp(module, "typing_extensions") == 0)
           && (strcmp(qualname, "IO") == 0 || strcmp(qualname, "TextIO") == 0 || strcmp(qualname, "BinaryIO") == 0);
}

static struct annot_answer file(const struct ghost_model *m, const char *want, const struct ghost_model_type *t)
{
    bool text = type_derives_named(m, t, "_io", "_TextIOBase");
    bool binary = type_derives_named(m, t, "_io", "_RawIOBase") || type_derives_named(m, t, "_io", "_BufferedIOBase");
    if (text || binary)
        return annot_if(strcmp(want, "IO") == 0 || (strcmp(want, "TextIO") == 0) == text);
    if (type_has(m, t, "read") || type_has(m, t, "write") || type_has(m, t, "__getattr__") || type_derives_named(m, t, "_io", "_IOBase"))
        return annot_undecided("a file-like object that is no class of io");
    return annot_mismatch;
}

/* ---- the rest ---- */

/* Whatever was asked for, this type cannot be called a mismatch. */
static const char *doubt_about(const struct ghost_model *m, const struct ghost_model_type *t)
{
    if (!type_is_known(t))
        return "the definition of the observed type was lost";
    if (type_is_proxy(m, t))
        return "the observed type may pose as another class";
    return NULL;
}

static struct annot_answer unless_doubtful(const struct ghost_model *m, struct annot_answer a, const struct ghost_model_type *t)
{
    const char *doubt = a.verdict == ANNOT_MISMATCH ? doubt_about(m, t) : NULL;
    if (a.verdict != ANNOT_MATCH && type_is_double(m, t))
        return annot_match;
    return doubt ? annot_undecided(doubt) : a;
}

struct annot_answer annot_abc(const struct ghost_model *m, enum type_abc abc, const struct ghost_model_type *t)
{
    return unless_doubtful(m, annot_if(type_has_abc(t, abc)), t);
}

/* By name alone; `known` false: it is none of those that have a rule. */
static struct annot_answer by_name(const struct ghost_model *m, const char *module, const char *qualname, const struct ghost_model_type *t,
                                   bool *known)
{
    *known = true;
    if (strcmp(module, "collections.abc") == 0 || (strcmp(module, "typing_extensions") == 0 && strcmp(qualname, "Buffer") == 0))
        for (int i = 0; i < N_TYPE_ABCS; i++)
            if (strcmp(qualname, type_abc_names[i]) == 0)
                return annot_if(type_has_abc(t, (enum type_abc)i));
    if (is_io(module, qualname))
        return file(m, qualname, t);
    int has = has_structure(m, module, qualname, t);
    if (has >= 0)
        return annot_if(has);
    *known = false;
    return annot_if(strcmp(module, "builtins") == 0 && is_promoted(m, qualname, t));
}

struct annot_answer annot_class_named(const struct ghost_model *m, const char *module, const char *qualname, const struct ghost_model_type *t)
{
    bool known;
    if (type_derives_named(m, t, module, qualname))
        return annot_match;
    return unless_doubtful(m, by_name(m, module, qualname, t, &known), t);
}

static struct annot_answer protocol(const struct ghost_model *m, const struct ghost_model_type *want, const struct ghost_model_type *t)
{
    switch (type_satisfies(m, t, want)) {
    case TYPE_HAS_ALL: return annot_match;
    case TYPE_LACKS_SOME: return annot_mismatch;
    default: return annot_undecided("an instance may have what the Protocol asks for and its class does not");
    }
}

/* `if TYPE_CHECKING: class A(TypedDict): ...; else: class A(dict): ...`: what checkers see is another class. */
static bool is_stand_in(const struct ghost_model *m, const struct ghost_model_type *want)
{
    for (uint32_t i = 0; i < m->n_trees; i++) {
        const struct ghost_def_tree *t = m->trees[i].tree;
        for (uint32_t k = 1; str_equal(t->module, want->module) && k < t->n_nodes; k++)
            if (t->nodes[k].flags & GHOST_NODE_CLASS && t->nodes[k].flags & GHOST_NODE_TYPE_CHECKING && str_equal(t->nodes[k].qualname, want->qualname))
                return true;
    }
    return false;
}

/* A __subclasshook__ of these is for that class alone: its subclasses ask by name. */
static bool is_own_hook(const struct ghost_model_type *hook)
{
    static const char *const modules[] = { "builtins", "collections.abc", "contextlib", "os", "io", "typing", "typing_extensions" };
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++)
        if (str_equals(hook->module, modules[i]))
            return true;
    return false;
}

static const char *doubt_about_class(const struct ghost_model *m, const struct ghost_model_type *want, const struct ghost_model_type *t)
{
    const struct ghost_model_type *hook = type_owner(m, want, GHOST_STR("__subclasshook__"));
    if (!type_is_known(want))
        return "the definition of the annotated class was lost";
    if (want->flags & GHOST_TYPE_CUSTOM_CHECK)
        return "the metaclass of the annotated class decides what its instances are";
    if (want->flags & GHOST_TYPE_ABC && hook && !is_own_hook(hook))
        return "the __subclasshook__ of the annotated class decides";
    if (type_is(want, "builtins", "type") && type_is_alias_object(m, t))
        return "an object of typing where a class is asked for";
    if (str_equals(want->module, "typing") || str_equals(want->module, "typing_extensions"))
        return "a class of typing without a rule";
    if (is_stand_in(m, want))
        return "for type checkers (TYPE_CHECKING) another class has the annotated name";
    return NULL;
}

static struct annot_answer class_decide(const struct ghost_model *m, const struct ghost_model_type *want, const struct ghost_model_type *t)
{
    bool known;
    if (type_is(want, "builtins", "object") || type_derives(m, t, want) || type_is_registered(m, t, want))
        return annot_match;
    if (want->flags & GHOST_TYPE_TYPEDDICT)
        return annot_if(type_derives_named(m, t, "builtins", "dict"));
    /* names of a log are NUL-terminated in the model; one with a NUL inside is no name of ours */
    struct annot_answer named = by_name(m, want->module.p, want->qualname.p, t, &known);
    if (known || named.verdict == ANNOT_MATCH)
        return named;
    if (want->flags & GHOST_TYPE_PROTOCOL)
        return protocol(m, want, t);
    const char *doubt = doubt_about_class(m, want, t);
    return doubt ? annot_undecided(doubt) : annot_mismatch;
}

struct annot_answer annot_class(const struct ghost_model *m, const struct ghost_model_type *want, const struct ghost_model_type *t)
{
    return unless_doubtful(m, class_decide(m, want, t), t);
}
