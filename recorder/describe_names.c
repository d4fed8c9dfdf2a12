/* describe_names.c - names in annotations: finding what they denote, by exact
 * dictionary look-ups only, and telling what it is. */
#include "describe_expr.h"

/* ---------------- finding ---------------- */
static PyObject *find_cell(const struct scope *sc, PyObject *name)
{
    if (!sc->cells || !PyTuple_CheckExact(sc->cells)) return NULL;
    Py_ssize_t n = PyTuple_GET_SIZE(sc->cells), first = PyTuple_GET_SIZE(sc->cell_names) - n;
    for (Py_ssize_t i = 0; first >= 0 && i < n; i++) { /* free variables stand last */
        PyObject *cell = PyTuple_GET_ITEM(sc->cells, i);
        if (PyUnicode_Compare(PyTuple_GET_ITEM(sc->cell_names, first + i), name) == 0 && PyCell_Check(cell)) return PyCell_GET(cell);
    }
    return NULL;
}

static PyObject *find_type_param(PyObject *params, PyObject *name)
{
    for (Py_ssize_t i = 0; params && PyTuple_CheckExact(params) && i < PyTuple_GET_SIZE(params); i++) {
        PyObject *own = attr_find(PyTuple_GET_ITEM(params, i), KEY(__name__));
        if (own && PyUnicode_CheckExact(own) && PyUnicode_Compare(own, name) == 0) return PyTuple_GET_ITEM(params, i);
    }
    return NULL;
}

static PyObject *find_simple(const struct scope *sc, struct ghost_str text)
{
    PyObject *name = PyUnicode_DecodeUTF8(text.p, text.len, "surrogatepass");
    if (!name) {
        PyErr_Clear();
        return NULL;
    }
    PyObject *o = find_cell(sc, name);
    if (!o) o = find_type_param(sc->type_params, name);
    if (!o) o = find_type_param(dict_get(sc->namespace_, KEY(__type_params__)), name); /* class C[T]: */
    if (!o) {
        /* A method of the same name as a global type does not hide it. */
        o = dict_get(sc->namespace_, name);
        if (o && !PyType_Check(o) && typing_kind_of(o) == TYPING_NONE) o = NULL;
    }
    if (!o) o = dict_get(sc->globals, name);
    if (!o) o = dict_get(sc->builtins, name);
    Py_DECREF(name);
    return o;
}

PyObject *object_member(PyObject *o, PyObject *name)
{
    if (PyModule_Check(o)) return dict_get(PyModule_GetDict(o), name);
    if (typing_kind_of(o) == TYPING_PARAMSPEC) return o; /* P.args */
    return PyType_Check(o) ? type_find((PyTypeObject *)o, name) : NULL;
}

static PyObject *find_member(PyObject *o, struct ghost_str text)
{
    PyObject *name = PyUnicode_DecodeUTF8(text.p, text.len, "surrogatepass");
    PyObject *found = name ? object_member(o, name) : NULL;
    Py_XDECREF(name);
    PyErr_Clear();
    return found;
}

PyObject *scope_find(struct annot *a, struct ghost_str dotted)
{
    PyObject *o = NULL;
    uint32_t from = 0;
    for (uint32_t i = 0; i <= dotted.len; i++) {
        if (i < dotted.len && dotted.p[i] != '.') continue;
        struct ghost_str part = { dotted.p + from, i - from };
        o = from == 0 ? find_simple(&a->scope, part) : find_member(o, part);
        if (!o) return NULL;
        from = i + 1;
    }
    return o;
}

/* ---------------- telling ---------------- */
/* A text of its own, with names in the scope of the module `o` was made in. */
static struct ghost_str print_elsewhere(struct annot *a, PyObject *o, PyObject *value)
{
    struct scope here = a->scope;
    PyObject *module = attr_find(o, KEY(__module__));
    PyObject *globals = module && PyUnicode_CheckExact(module) ? module_dict(module) : NULL;
    if (globals && globals != here.globals) a->scope = (struct scope){ .globals = globals, .builtins = here.builtins };
    struct ghost_str text = expr_print(a, expr_from_object(a, value));
    a->scope = here;
    return text;
}

static struct ghost_str join(struct annot *a, struct ghost_str x, struct ghost_str y)
{
    char *p = scratch_alloc(a->s, x.len + y.len + 3);
    if (!p) return x;
    memcpy(p, x.p, x.len);
    memcpy(p + x.len, ", ", 2);
    memcpy(p + x.len + 2, y.p, y.len);
    return (struct ghost_str){ p, x.len + y.len + 2 };
}

static void set_text(struct annot *a, uint32_t index, uint32_t kind, uint32_t flags, struct ghost_str text)
{
    a->names[index].kind = kind;
    a->names[index].flags = flags;
    a->names[index].text = text;
}

/* What a lazy bound, constraint or alias would evaluate to. False when that
 * cannot be told. */
static bool follow_lazy(struct annot *a, PyObject *evaluator, bool several, struct ghost_str *text)
{
    struct thunk t;
    struct scope here = a->scope;
    if (!evaluator || !thunk_follow(a, evaluator, &t)) return false;
    a->scope = t.scope;
    if (several && t.value->kind == EXPR_TUPLE)
        for (struct expr *e = t.value->first; e; e = e->next) {
            struct ghost_str one = expr_print(a, e);
            *text = e == t.value->first ? one : join(a, *text, one);
        }
    else *text = expr_print(a, t.value);
    a->scope = here;
    return true;
}

struct var_facts { PyObject *bound, *constraints, *lazy_bound, *lazy_constraints; };

static struct var_facts var_facts_of(PyObject *var)
{
#if COMPAT_HAS_C_TYPEVARS
    const struct compat_typevar *v = compat_as_typevar(var);
    if (v) return (struct var_facts){ v->bound, v->constraints, v->evaluate_bound, v->evaluate_constraints };
#endif
    return (struct var_facts){ attr_find(var, KEY(__bound__)), attr_find(var, KEY(__constraints__)), NULL, NULL };
}

static void classify_var(struct annot *a, uint32_t index, PyObject *var)
{
    struct var_facts f = var_facts_of(var);
    struct ghost_str text = { "", 0 };
    uint32_t flags = 0;
    if (f.bound && f.bound != Py_None) {
        flags = GHOST_TYPEVAR_BOUND;
        text = print_elsewhere(a, var, f.bound);
    } else if (f.constraints && PyTuple_CheckExact(f.constraints) && PyTuple_GET_SIZE(f.constraints)) {
        flags = GHOST_TYPEVAR_CONSTRAINTS;
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(f.constraints); i++) {
            struct ghost_str one = print_elsewhere(a, var, PyTuple_GET_ITEM(f.constraints, i));
            text = i ? join(a, text, one) : one;
        }
    } else if (!f.bound && f.lazy_bound)
        flags = GHOST_TYPEVAR_LAZY | (follow_lazy(a, f.lazy_bound, false, &text) ? GHOST_TYPEVAR_BOUND : 0);
    else if (!f.constraints && f.lazy_constraints)
        flags = GHOST_TYPEVAR_LAZY | (follow_lazy(a, f.lazy_constraints, true, &text) ? GHOST_TYPEVAR_CONSTRAINTS : 0);
    set_text(a, index, GHOST_NAME_TYPEVAR, flags, text);
}

static void classify_typealias(struct annot *a, uint32_t index, PyObject *alias)
{
    PyObject *value = NULL, *lazy = NULL;
    struct ghost_str text = { "", 0 };
    uint32_t flags = 0;
#if COMPAT_HAS_C_TYPEVARS
    const struct compat_typealias *c = compat_as_typealias(alias);
    if (c) value = c->value, lazy = c->compute_value;
    else
#endif
        value = attr_find(alias, KEY(__value__)); /* typing_extensions */
    if (value) text = print_elsewhere(a, alias, value);
    else if (!follow_lazy(a, lazy, false, &text)) flags = GHOST_TYPEVAR_LAZY;
    set_text(a, index, GHOST_NAME_ALIAS, flags, text);
}

static void classify_special(struct annot *a, uint32_t index, struct ghost_str name)
{
    char *p = scratch_alloc(a->s, name.len + 8);
    if (!p) return;
    memcpy(p, "typing.", 7);
    memcpy(p + 7, name.p, name.len);
    if (str_is(name, "Self") && a->owner) a->names[index].type = ident_type(a->owner);
    set_text(a, index, GHOST_NAME_SPECIAL, 0, (struct ghost_str){ p, name.len + 7 });
}

/* Constructs of typing that happen to be classes. */
static bool is_special_class(struct annot *a, PyTypeObject *type)
{
    static const char *const names[] = { "Any", "Generic", "Protocol", "NamedTuple", "TypedDict", "Union", "Annotated", "NoDefaultType" };
    struct ghost_str module = type_module(a->s, type);
    if (!str_is(module, "typing") && !str_is(module, "typing_extensions")) return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_is(type_qualname(a->s, type), names[i])) return true;
    return false;
}

static void classify_other(struct annot *a, uint32_t index, PyObject *o)
{
    a->names[index].kind = GHOST_NAME_OTHER;
    a->names[index].type = ident_type(Py_TYPE(o));
}

void name_classify(struct annot *a, uint32_t index, PyObject *o)
{
    if (!o) return; /* UNRESOLVED, as it is */
    if (PyType_Check(o)) {
        if (is_special_class(a, (PyTypeObject *)o)) {
            classify_special(a, index, type_qualname(a->s, (PyTypeObject *)o));
            return;
        }
        a->names[index].kind = GHOST_NAME_TYPE;
        a->names[index].type = ident_type((PyTypeObject *)o);
        return;
    }
    if (PyModule_Check(o)) {
        PyObject *name = dict_get(PyModule_GetDict(o), KEY(__name__));
        set_text(a, index, GHOST_NAME_MODULE, 0, name && PyUnicode_CheckExact(name) ? str_text(a->s, name) : GHOST_STR("?"));
        return;
    }
    if (PyUnicode_CheckExact(o)) { /* Alias: TypeAlias = "int | None" */
        set_text(a, index, GHOST_NAME_ALIAS, 0, print_elsewhere(a, o, o));
        return;
    }
    PyObject *form;
    switch (typing_kind_of(o)) {
    case TYPING_NONE:
        classify_other(a, index, o);
        break;
    case TYPING_FORM:
    case TYPING_BARE:
        form = attr_find(o, KEY(_name));
        if (form && PyUnicode_CheckExact(form)) classify_special(a, index, str_text(a->s, form));
        else classify_other(a, index, o);
        break;
    case TYPING_VAR:
        classify_var(a, index, o);
        break;
    case TYPING_PARAMSPEC:
    case TYPING_PARAM_PART:
        set_text(a, index, GHOST_NAME_TYPEVAR, GHOST_TYPEVAR_PARAMSPEC, GHOST_STR(""));
        break;
    case TYPING_VARTUPLE:
        set_text(a, index, GHOST_NAME_TYPEVAR, GHOST_TYPEVAR_TUPLE, GHOST_STR(""));
        break;
    case TYPING_NEWTYPE: {
        PyObject *super = attr_find(o, KEY(__supertype__));
        set_text(a, index, GHOST_NAME_NEWTYPE, 0, super ? print_elsewhere(a, o, super) : GHOST_STR(""));
        break;
    }
    case TYPING_TYPEALIAS:
        classify_typealias(a, index, o);
        break;
    default: /* an alias by assignment: Vector = list[float]. Its __module__ is that of its origin (typing), not where it was made. */
        set_text(a, index, GHOST_NAME_ALIAS, 0, expr_print(a, expr_from_object(a, o)));
        break;
    }
}
