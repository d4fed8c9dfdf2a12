/* describe_object.c - annotation objects (as typing, types and collections.abc
 * make them) to expression trees, through their C structs and slots only. */
#include "describe_expr.h"

/* ---------------- what an object is to typing ---------------- */
/* By module and name of its exact type; a subclass made by the application is
 * nothing that we know. `typing_extensions` stands for typing. */
static const struct { const char *name; enum typing_kind kind; } typing_types[] = {
    { "_SpecialForm", TYPING_FORM },
    { "_TypedCacheSpecialForm", TYPING_FORM },
    { "_LiteralSpecialForm", TYPING_FORM },
    { "_ExtensionsSpecialForm", TYPING_FORM },
    { "_LiteralForm", TYPING_FORM },
    { "_SpecialGenericAlias", TYPING_BARE },
    { "_DeprecatedGenericAlias", TYPING_BARE },
    { "_TupleType", TYPING_BARE },
    { "_CallableType", TYPING_BARE },
    { "_GenericAlias", TYPING_ALIAS },
    { "_ConcatenateGenericAlias", TYPING_ALIAS },
    { "_UnpackGenericAlias", TYPING_ALIAS },
    { "_UnionGenericAlias", TYPING_UNION },
    { "_LiteralGenericAlias", TYPING_LITERAL },
    { "_AnnotatedAlias", TYPING_ANNOTATED },
    { "_CallableGenericAlias", TYPING_CALLABLE },
    { "ForwardRef", TYPING_FORWARD },
    { "NewType", TYPING_NEWTYPE },
    { "TypeAliasType", TYPING_TYPEALIAS },
    { "TypeVar", TYPING_VAR },
    { "ParamSpec", TYPING_PARAMSPEC },
    { "ParamSpecArgs", TYPING_PARAM_PART },
    { "ParamSpecKwargs", TYPING_PARAM_PART },
    { "TypeVarTuple", TYPING_VARTUPLE },
};

static enum typing_kind kind_by_name(PyTypeObject *type)
{
    struct scratch s;
    scratch_init(&s);
    enum typing_kind kind = TYPING_NONE;
    struct ghost_str module = type_module(&s, type), name = type_qualname(&s, type);
    if (str_is(module, "typing") || str_is(module, "typing_extensions") || str_is(module, "annotationlib"))
        for (size_t i = 0; i < sizeof typing_types / sizeof *typing_types; i++)
            if (str_is(name, typing_types[i].name)) kind = typing_types[i].kind;
    if (str_is(module, "types") && str_is(name, "UnionType")) kind = TYPING_X_OR_Y; /* until 3.13 */
    if (str_is(module, "typing") && str_is(name, "Union")) kind = TYPING_X_OR_Y;    /* since 3.14 */
    scratch_release(&s);
    return kind;
}

/* The types of typing's objects are few and looked at often. Weak references: see describe_abc.c. */
static struct seen { PyTypeObject *type; PyObject *ref; enum typing_kind kind; } seen[64];
enum { SEEN = sizeof seen / sizeof *seen, TRIES = 8 };

static bool is_alive(const struct seen *e)
{
    PyObject *o = compat_weakref_get(e->ref);
    Py_XDECREF(o);
    return o != NULL;
}

static void remember(struct seen *e, PyTypeObject *type, enum typing_kind kind)
{
    PyObject *ref = PyWeakref_NewRef((PyObject *)type, NULL);
    if (!ref) {
        PyErr_Clear();
        return;
    }
    Py_XSETREF(e->ref, ref);
    e->type = type;
    e->kind = kind;
}

enum typing_kind typing_kind_of(PyObject *o)
{
    PyTypeObject *type = Py_TYPE(o);
    if (type == &PyType_Type || type == &PyUnicode_Type || type == &PyFunction_Type) return TYPING_NONE;
    if (type == &Py_GenericAliasType || PyType_IsSubtype(type, &Py_GenericAliasType)) return TYPING_GENERIC;
    size_t slot = ((uintptr_t)type >> 4) * 0x9E3779B97F4A7C15u >> 58;
    struct seen *room = NULL;
    for (size_t i = 0; i < TRIES && !room; i++, slot = (slot + 1) % SEEN) {
        if (seen[slot].type == type && is_alive(&seen[slot])) return seen[slot].kind;
        if (!seen[slot].type || seen[slot].type == type) room = &seen[slot];
    }
    enum typing_kind kind = kind_by_name(type);
    if (kind != TYPING_NONE && room) remember(room, type, kind);
    return kind;
}

/* ---------------- trees ---------------- */
static struct ghost_str short_name(struct annot *a, PyTypeObject *type)
{
    struct ghost_str name = type_qualname(a->s, type);
    for (uint32_t i = name.len; i-- > 0;)
        if (name.p[i] == '.') return (struct ghost_str){ name.p + i + 1, name.len - i - 1 };
    return name;
}

/* An object that goes by the str in `key`. */
static struct expr *named_by(struct annot *a, PyObject *o, PyObject *key)
{
    PyObject *name = attr_find(o, key);
    if (!name || !PyUnicode_CheckExact(name)) return expr_name(a, short_name(a, Py_TYPE(o)), o);
    return expr_name(a, str_text(a->s, name), o);
}

/* Children `from`.. of a tuple, but `drop`. */
static struct expr *add_items(struct annot *a, struct expr *e, PyObject *tuple, Py_ssize_t from, Py_ssize_t to, PyObject *drop)
{
    for (Py_ssize_t i = from; e && i < to; i++)
        if (PyTuple_GET_ITEM(tuple, i) != drop) expr_add(e, expr_from_object(a, PyTuple_GET_ITEM(tuple, i)));
    return e;
}

/* Origin[args]; tuple[()] keeps its empty tuple. */
static struct expr *subscript(struct annot *a, struct expr *base, PyObject *args)
{
    struct expr *e = expr_add(expr_new(a, EXPR_SUBSCRIPT), base);
    if (!args || !PyTuple_CheckExact(args)) return expr_add(e, NULL);
    if (PyTuple_GET_SIZE(args) == 0) return expr_add(e, expr_new(a, EXPR_TUPLE));
    return add_items(a, e, args, 0, PyTuple_GET_SIZE(args), NULL);
}

/* Callable keeps its arguments flat: (A, B, R), (..., R), (P, R), (Concatenate[..], R). */
static struct expr *callable(struct annot *a, struct expr *base, PyObject *args)
{
    struct expr *e = expr_add(expr_new(a, EXPR_SUBSCRIPT), base);
    Py_ssize_t n = args && PyTuple_CheckExact(args) ? PyTuple_GET_SIZE(args) : 0;
    if (n == 0) return expr_add(e, NULL);
    PyObject *first = PyTuple_GET_ITEM(args, 0);
    bool plain = n == 2 && (first == Py_Ellipsis || typing_kind_of(first) == TYPING_PARAMSPEC
                            || (typing_kind_of(first) == TYPING_ALIAS
                                && strcmp(Py_TYPE(first)->tp_name, "_ConcatenateGenericAlias") == 0));
    if (plain) expr_add(e, expr_from_object(a, first));
    else expr_add(e, add_items(a, expr_new(a, EXPR_LIST), args, 0, n - 1, NULL));
    return expr_add(e, expr_from_object(a, PyTuple_GET_ITEM(args, n - 1)));
}

static bool is_unpacked(PyObject *alias)
{
    PyObject *descr = type_find(Py_TYPE(alias), KEY(__unpacked__));
    if (!descr || !Py_IS_TYPE(descr, &PyMemberDescr_Type)) return false;
    PyMemberDef *m = ((PyMemberDescrObject *)descr)->d_member;
    return m->type == T_BOOL && *((const char *)alias + m->offset);
}

/* list[int], and its subclass for collections.abc.Callable. */
static struct expr *from_generic(struct annot *a, PyObject *o)
{
    PyObject *origin = attr_find(o, KEY(__origin__)), *args = attr_find(o, KEY(__args__));
    struct expr *base = origin ? expr_from_object(a, origin) : NULL;
    struct expr *e = Py_IS_TYPE(o, &Py_GenericAliasType) ? subscript(a, base, args) : callable(a, base, args);
    return is_unpacked(o) ? expr_add(expr_new(a, EXPR_STAR), e) : e;
}

/* The construct that an alias of typing was made with: by its _name in typing
 * (Optional, List, ...), else its origin (a generic class, ClassVar, ...). */
static struct expr *alias_base(struct annot *a, PyObject *o)
{
    PyObject *name = attr_find(o, KEY(_name)), *origin = attr_find(o, KEY(__origin__));
    if (name && PyUnicode_CheckExact(name)) {
        PyObject *construct = dict_get(module_dict(KEY(typing)), name);
        if (construct && typing_kind_of(construct) != TYPING_NONE) return expr_name(a, str_text(a->s, name), construct);
    }
    return origin ? expr_from_object(a, origin) : NULL;
}

static struct expr *from_alias(struct annot *a, PyObject *o)
{
    return subscript(a, alias_base(a, o), attr_find(o, KEY(__args__)));
}

static struct expr *from_callable(struct annot *a, PyObject *o)
{
    return callable(a, alias_base(a, o), attr_find(o, KEY(__args__)));
}

static struct expr *from_union(struct annot *a, PyObject *o)
{
    PyObject *name = attr_find(o, KEY(_name)), *args = attr_find(o, KEY(__args__));
    bool optional = name && PyUnicode_CheckExact(name) && PyUnicode_CompareWithASCIIString(name, "Optional") == 0;
    struct expr *e = expr_add(expr_new(a, EXPR_SUBSCRIPT), alias_base(a, o));
    if (!args || !PyTuple_CheckExact(args)) return expr_add(e, NULL);
    return add_items(a, e, args, 0, PyTuple_GET_SIZE(args), optional ? (PyObject *)Py_TYPE(Py_None) : NULL);
}

static struct expr *from_x_or_y(struct annot *a, PyObject *o)
{
    PyObject *args = attr_find(o, KEY(__args__));
    if (!args || !PyTuple_CheckExact(args)) return NULL;
    return add_items(a, expr_new(a, EXPR_UNION), args, 0, PyTuple_GET_SIZE(args), NULL);
}

static struct expr *from_literal(struct annot *a, PyObject *o)
{
    PyObject *args = attr_find(o, KEY(__args__));
    struct expr *e = expr_add(expr_new(a, EXPR_SUBSCRIPT), alias_base(a, o));
    for (Py_ssize_t i = 0; args && PyTuple_CheckExact(args) && i < PyTuple_GET_SIZE(args); i++)
        expr_add(e, expr_value(a, Py_TYPE(PyTuple_GET_ITEM(args, i))));
    return e;
}

static struct expr *from_annotated(struct annot *a, PyObject *o)
{
    PyObject *inner = attr_find(o, KEY(__origin__));
    PyObject *form = dict_get(module_dict(KEY(typing)), KEY(Annotated));
    struct expr *e = expr_add(expr_new(a, EXPR_SUBSCRIPT), expr_name(a, GHOST_STR("Annotated"), form));
    return expr_add(e, inner ? expr_from_object(a, inner) : NULL);
}

static struct expr *from_forward(struct annot *a, PyObject *o)
{
    PyObject *text = attr_find(o, KEY(__forward_arg__)); /* until 3.13 */
    if (!text || !PyUnicode_CheckExact(text)) text = attr_find(o, KEY(__arg__));
    return text && PyUnicode_CheckExact(text) ? expr_from_object(a, text) : NULL;
}

static struct expr *from_var(struct annot *a, PyObject *o) { return named_by(a, o, KEY(__name__)); }
static struct expr *from_form(struct annot *a, PyObject *o) { return named_by(a, o, KEY(_name)); }

/* P.args and P.kwargs */
static struct expr *from_param_part(struct annot *a, PyObject *o)
{
    PyObject *origin = attr_find(o, KEY(__origin__));
    struct expr *e = origin ? named_by(a, origin, KEY(__name__)) : NULL;
    if (!e) return NULL;
    const char *part = strstr(Py_TYPE(o)->tp_name, "Kwargs") ? ".kwargs" : ".args";
    char *p = scratch_alloc(a->s, e->text.len + strlen(part) + 1);
    if (!p) return NULL;
    memcpy(p, e->text.p, e->text.len);
    memcpy(p + e->text.len, part, strlen(part));
    e->text = (struct ghost_str){ p, e->text.len + (uint32_t)strlen(part) };
    return e;
}

static struct expr *from_str(struct annot *a, PyObject *o)
{
    struct expr *e = expr_new(a, EXPR_STRING);
    if (e) e->text = str_text(a->s, o);
    return e;
}

static struct expr *from_sequence(struct annot *a, PyObject *o)
{
    PyObject **items = PyList_CheckExact(o) ? ((PyListObject *)o)->ob_item : ((PyTupleObject *)o)->ob_item;
    struct expr *e = expr_new(a, PyList_CheckExact(o) ? EXPR_LIST : EXPR_TUPLE);
    for (Py_ssize_t i = 0; e && i < Py_SIZE(o); i++) expr_add(e, expr_from_object(a, items[i]));
    return e;
}

struct expr *expr_from_constant(struct annot *a, PyObject *o)
{
    if (o == Py_None) return expr_atom(a, "None");
    if (o == Py_Ellipsis) return expr_atom(a, "...");
    if (PyUnicode_CheckExact(o)) return from_str(a, o);
    if (!PyTuple_CheckExact(o)) return expr_value(a, Py_TYPE(o));
    struct expr *e = expr_new(a, EXPR_TUPLE);
    for (Py_ssize_t i = 0; e && i < PyTuple_GET_SIZE(o); i++) expr_add(e, expr_from_constant(a, PyTuple_GET_ITEM(o, i)));
    return e;
}

static struct expr *tree(struct annot *a, PyObject *o)
{
    static struct expr *(*const builders[])(struct annot *, PyObject *) = {
        [TYPING_FORM] = from_form, [TYPING_BARE] = from_form, [TYPING_ALIAS] = from_alias, [TYPING_UNION] = from_union,
        [TYPING_LITERAL] = from_literal, [TYPING_ANNOTATED] = from_annotated, [TYPING_CALLABLE] = from_callable,
        [TYPING_GENERIC] = from_generic, [TYPING_X_OR_Y] = from_x_or_y, [TYPING_FORWARD] = from_forward,
        [TYPING_NEWTYPE] = from_var, [TYPING_TYPEALIAS] = from_var, [TYPING_VAR] = from_var,
        [TYPING_PARAMSPEC] = from_var, [TYPING_PARAM_PART] = from_param_part, [TYPING_VARTUPLE] = from_var,
    };
    if (o == Py_None || o == (PyObject *)Py_TYPE(Py_None)) return expr_atom(a, "None");
    if (o == Py_Ellipsis) return expr_atom(a, "...");
    if (PyType_Check(o)) return expr_name(a, short_name(a, (PyTypeObject *)o), o);
    if (PyUnicode_CheckExact(o)) return from_str(a, o);
    if (PyList_CheckExact(o) || PyTuple_CheckExact(o)) return from_sequence(a, o);
    enum typing_kind kind = typing_kind_of(o);
    if (kind != TYPING_NONE) return builders[kind](a, o);
    return expr_name(a, short_name(a, Py_TYPE(o)), o); /* some object: its type tells all we may say */
}

struct expr *expr_from_object(struct annot *a, PyObject *o)
{
    if (a->depth >= ANNOT_DEPTH || a->budget == 0) return expr_new(a, EXPR_OPAQUE);
    a->depth++;
    a->budget--;
    struct expr *e = tree(a, o);
    a->depth--;
    return e ? e : expr_new(a, EXPR_OPAQUE);
}
