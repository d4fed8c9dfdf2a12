/* describe_annotations.c - a function's annotations, defaults and wrapping to
 * an ANNOT record. */
#include "describe_expr.h"

/* The namespace of the class a method is defined in, when its qualname leads
 * there from the globals: names in strings may mean the class's own. */
static PyObject *class_namespace(struct annot *a, PyFunctionObject *func)
{
    struct ghost_str qualname = str_text(a->s, func->func_qualname);
    uint32_t dot = qualname.len;
    while (dot > 0 && qualname.p[dot - 1] != '.') dot--;
    if (dot < 2) return NULL;
    struct ghost_str prefix = { qualname.p, dot - 1 };
    PyObject *cls = scope_find(a, prefix);
    return cls && PyType_Check(cls) ? compat_type_dict((PyTypeObject *)cls) : NULL;
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

/* From 3.14 on: what the compiler's __annotate__ would make. */
static void read_annotate(struct annot *a, struct listing *l, PyObject *annotate)
{
    struct thunk t;
    if (!thunk_follow(a, annotate, &t)) {
        a->flags |= GHOST_ANNOT_UNREADABLE; /* not made by the compiler */
        return;
    }
    t.scope.namespace_ = a->scope.namespace_;
    a->scope = t.scope;
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
    thunk_scope((PyObject *)func, &a->scope);
    a->scope.namespace_ = class_namespace(a, func);
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

int describe_annotations(struct ghost_buf *out, PyFunctionObject *func, uint32_t func_id)
{
    PyObject *annotate = compat_func_annotate(func);
    bool something = func->func_annotations || (annotate && annotate != Py_None) || func->func_defaults || func->func_kwdefaults;
    if (!something && !func->func_dict) return 0; /* most functions */
    int ret = -1;
    struct quiet q;
    quiet_begin(&q);
    if (describe_names_ready() == 0) {
        bool wrapper = dict_get(func->func_dict, KEY(__wrapped__)) != NULL;
        ret = something || wrapper ? encode_annotations(out, func, func_id, wrapper) : 0;
    }
    quiet_end(&q);
    return ret;
}
