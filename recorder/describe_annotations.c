/* describe_annotations.c - a function's annotations, defaults and wrapping to
 * an ANNOT record. */
#include "describe_expr.h"

/* The class a method is defined in, when its qualname leads there from the
 * globals: names in strings may mean those of its namespace. */
static PyTypeObject *owner_class(struct annot *a, PyFunctionObject *func)
{
    struct ghost_str qualname = str_text(a->s, func->func_qualname);
    uint32_t dot = qualname.len;
    while (dot > 0 && qualname.p[dot - 1] != '.') dot--;
    if (dot < 2) return NULL;
    struct ghost_str prefix = { qualname.p, dot - 1 };
    PyObject *cls = scope_find(a, prefix);
    return cls && PyType_Check(cls) ? (PyTypeObject *)cls : NULL;
}

struct listing { struct ghost_def_annotation *list; uint32_t n; };

static void add_annotation(struct annot *a, struct listing *l, PyObject *param, struct expr *e)
{
    if (!PyUnicode_CheckExact(param) || l->n > GHOST_PARAM_MAX) {
        a->flags |= GHOST_ANNOT_UNREADABLE;
        return;
    }
    struct ghost_str text = expr_print(a, e);
    l->list[l->n++] = (struct ghost_def_annotation){ str_text(a->s, param), text };
}

/* A dict, or until 3.13 a flat tuple that nobody has asked for yet. */
static void read_annotations(struct annot *a, struct listing *l, PyObject *annotations)
{
    Py_ssize_t n = PyTuple_CheckExact(annotations) ? PyTuple_GET_SIZE(annotations) / 2
                   : PyDict_CheckExact(annotations) ? PyDict_GET_SIZE(annotations) : 0;
    if (n > (Py_ssize_t)GHOST_PARAM_MAX + 1) n = GHOST_PARAM_MAX + 1;
    l->list = scratch_alloc(a->s, (size_t)n * sizeof *l->list + 1);
    if (!l->list) return;
    if (PyTuple_CheckExact(annotations)) {
        for (Py_ssize_t i = 0; i < n; i++)
            add_annotation(a, l, PyTuple_GET_ITEM(annotations, 2 * i), expr_from_object(a, PyTuple_GET_ITEM(annotations, 2 * i + 1)));
    } else if (PyDict_CheckExact(annotations)) {
        Py_ssize_t pos = 0, i = 0;
        PyObject *key, *value;
        while (i++ < n && PyDict_Next(annotations, &pos, &key, &value)) add_annotation(a, l, key, expr_from_object(a, value));
    } else a->flags |= GHOST_ANNOT_UNREADABLE; /* the application put something of its own there */
}

/* ---- methods that dataclasses generates (3.14+): annotations of the fields ---- */
static PyObject *closure_value(PyObject *func, const char *name)
{
    struct scope sc;
    struct annot own = { 0 };
    if (!function_scope(func, &sc)) return NULL;
    own.scope = (struct scope){ .cell_names = sc.cell_names, .cells = sc.cells };
    return scope_find(&own, c_text(name));
}

/* The annotation of a field in the class that declares it last. */
static struct expr *field_annotation(struct annot *a, PyTypeObject *type, PyObject *field)
{
    PyObject *mro = type->tp_mro;
    for (Py_ssize_t i = 0; mro && i < PyTuple_GET_SIZE(mro); i++) {
        PyObject *dict = compat_type_dict((PyTypeObject *)PyTuple_GET_ITEM(mro, i));
        PyObject *made = dict_get(dict_get(dict, KEY(__annotations_cache__)), field);
        if (!made) made = dict_get(dict_get(dict, KEY(__annotations__)), field); /* under the future import */
        if (made) return expr_from_object(a, made);
        struct thunk t;
        PyObject *annotate = dict_get(dict, KEY(__annotate_func__));
        if (!annotate || !thunk_follow(a, annotate, &t)) continue;
        struct ghost_str name = str_text(a->s, field);
        for (uint32_t k = 0; k + 1 < t.n_items; k += 2)
            if (t.items[k] && t.items[k]->kind == EXPR_STRING && str_same(t.items[k]->text, name)) return t.items[k + 1];
    }
    return expr_new(a, EXPR_OPAQUE);
}

static bool read_dataclass_method(struct annot *a, struct listing *l, PyObject *annotate)
{
    struct scope sc;
    if (!function_scope(annotate, &sc) || sc.globals != module_dict(KEY(dataclasses))) return false;
    PyObject *type = closure_value(annotate, "__class__"), *fields = closure_value(annotate, "annotation_fields");
    PyObject *result = closure_value(annotate, "return_type");
    if (!type || !PyType_Check(type) || !fields || !PyList_CheckExact(fields)) return false;
    Py_ssize_t n = PyList_GET_SIZE(fields);
    if (n > (Py_ssize_t)GHOST_PARAM_MAX) n = GHOST_PARAM_MAX;
    l->list = scratch_alloc(a->s, (size_t)(n + 1) * sizeof *l->list);
    for (Py_ssize_t i = 0; l->list && i < n; i++) {
        PyObject *field = PyList_GET_ITEM(fields, i);
        add_annotation(a, l, field, PyUnicode_CheckExact(field) ? field_annotation(a, (PyTypeObject *)type, field) : NULL);
    }
    if (l->list && result == Py_None) l->list[l->n++] = (struct ghost_def_annotation){ GHOST_STR("return"), GHOST_STR("None") };
    return true;
}

/* From 3.14 on: what the compiler's __annotate__ would make. */
static void read_annotate(struct annot *a, struct listing *l, PyObject *annotate)
{
    struct thunk t;
    if (!thunk_follow(a, annotate, &t)) {
        /* not made by the compiler */
        if (!read_dataclass_method(a, l, annotate)) a->flags |= GHOST_ANNOT_UNREADABLE;
        return;
    }
    l->list = scratch_alloc(a->s, t.n_items * sizeof *l->list + 1);
    for (uint32_t i = 0; l->list && i + 1 < t.n_items && l->n <= GHOST_PARAM_MAX; i += 2) {
        struct expr *key = t.items[i];
        if (!key || key->kind != EXPR_STRING) continue;
        struct ghost_str text = expr_print(a, t.items[i + 1]);
        l->list[l->n++] = (struct ghost_def_annotation){ key->text, text };
    }
}

static void add_default(struct annot *a, struct ghost_def_annot *d, uint32_t *pairs, uint32_t param, PyObject *value)
{
    (void)a;
    uint32_t id = ident_type(Py_TYPE(value));
    if (!id) return;
    pairs[2 * d->n_defaults] = param;
    pairs[2 * d->n_defaults + 1] = id;
    d->n_defaults++;
}

static void read_defaults(struct annot *a, struct ghost_def_annot *d, PyFunctionObject *func)
{
    PyCodeObject *code = (PyCodeObject *)func->func_code;
    PyObject *defaults = func->func_defaults, *kw = func->func_kwdefaults;
    Py_ssize_t n = defaults && PyTuple_CheckExact(defaults) ? PyTuple_GET_SIZE(defaults) : 0;
    Py_ssize_t positional = code->co_argcount, kwonly = kw ? code->co_kwonlyargcount : 0;
    if (n == 0 && kwonly == 0) return;
    uint32_t *pairs = scratch_alloc(a->s, (size_t)(positional + kwonly) * 2 * sizeof *pairs + 1);
    d->defaults = pairs;
    if (!pairs) return;
    for (Py_ssize_t i = n > positional ? n - positional : 0; i < n; i++)
        add_default(a, d, pairs, (uint32_t)(positional - n + i), PyTuple_GET_ITEM(defaults, i));
    for (Py_ssize_t i = 0; i < kwonly; i++) {
        PyObject *value = dict_get(kw, PyTuple_GET_ITEM(code->co_localsplusnames, positional + i));
        if (value) add_default(a, d, pairs, (uint32_t)(positional + i), value);
    }
}

/* functools.wraps copies annotations: strings in them mean what they meant
 * where the wrapped function stands. */
static PyFunctionObject *innermost(PyFunctionObject *func)
{
    for (int i = 0; i < 16; i++) {
        PyObject *wrapped = dict_get(func->func_dict, KEY(__wrapped__));
        if (!wrapped || !PyFunction_Check(wrapped)) break;
        func = (PyFunctionObject *)wrapped;
    }
    return func;
}

static void annot_init(struct annot *a, struct scratch *s, PyFunctionObject *func)
{
    *a = (struct annot){ .s = s, .budget = ANNOT_BUDGET };
    func = innermost(func);
    function_scope((PyObject *)func, &a->scope);
    a->owner = owner_class(a, func);
    a->scope.namespace_ = a->owner ? compat_type_dict(a->owner) : NULL;
}

static int encode_annotations(struct ghost_buf *out, PyFunctionObject *func, uint32_t func_id, bool wrapper)
{
    int ret = -1;
    struct scratch s;
    struct annot a;
    struct listing l = { 0 };
    PyObject *annotate = compat_func_annotate(func);
    scratch_init(&s);
    annot_init(&a, &s, func);
    struct ghost_def_annot d = { .func = func_id };
    if (func->func_annotations) read_annotations(&a, &l, func->func_annotations);
    else if (annotate && annotate != Py_None) read_annotate(&a, &l, annotate);
    read_defaults(&a, &d, func);
    if (s.failed) goto out;
    d.flags = a.flags | (wrapper ? GHOST_ANNOT_WRAPPER : 0);
    d.n_annotations = l.n;
    d.annotations = l.list;
    d.n_names = a.n_names;
    d.names = a.names;
    if (d.flags || d.n_annotations || d.n_defaults) ghost_encode_annot(out, &d);
    ret = out->failed ? -1 : 0;
out:
    scratch_release(&s);
    return ret;
}

bool describe_is_wrapper(PyFunctionObject *func)
{
    return func->func_dict && dict_get(func->func_dict, KEY(__wrapped__)) != NULL;
}

int describe_annotations(struct ghost_buf *out, PyFunctionObject *func, uint32_t func_id)
{
    PyObject *annotate = compat_func_annotate(func);
    bool something = func->func_annotations || (annotate && annotate != Py_None) || func->func_defaults || func->func_kwdefaults;
    if (!something && !func->func_dict) return 0; /* most functions */
    int ret = -1;
    struct quiet q;
    quiet_begin(&q);
    if (describe_names_ready() == 0) {
        bool wrapper = describe_is_wrapper(func);
        ret = something || wrapper ? encode_annotations(out, func, func_id, wrapper) : 0;
    }
    quiet_end(&q);
    return ret;
}
