/* describe_thunk.c - annotations, bounds and aliases that exist only as a
 * function the compiler made (PEP 649, PEP 695) to expression trees.
 *
 * The function is followed by a machine, not run: nothing is imported, nothing
 * is evaluated, nothing of the application's state changes. */
#include "describe_code.h"

/* Since 3.14 every such function begins with
 *     if format > 2: raise NotImplementedError
 * which one written by hand does not compile to. Goes behind it. */
static bool skip_format_check(struct machine *m)
{
    static const enum action prologue[] = { ACT_FAST, ACT_SMALL_INT, ACT_COMPARE, ACT_IF_FALSE, ACT_COMMON_CONST, ACT_RAISE };
    size_t i = 0;
    if (!COMPAT_HAS_ANNOTATE) return true;
    while (i < sizeof prologue / sizeof *prologue && machine_step(m)) {
        if (m->action == ACT_SKIP) continue;
        if (m->action != prologue[i++]) return false;
    }
    m->depth = 0;
    return i == sizeof prologue / sizeof *prologue;
}

bool thunk_is_lazy_code(struct annot *a, PyCodeObject *code, PyObject *plain_code)
{
    struct machine m;
    return machine_init(&m, a, code, plain_code, false) && skip_format_check(&m);
}

/* The result of a conditional expression is either of two: not one to show. */
static void follow_branches(struct machine *m, size_t *either)
{
    switch (m->action) {
    case ACT_IF_FALSE:
    case ACT_IF_TRUE:
        if (m->target > *either) *either = m->target;
        break;
    case ACT_IF_OTHER: /* the loop of a comprehension: as if it had ended */
        machine_go(m, m->target);
        break;
    case ACT_JUMP: /* behind the first alternative, over the second */
        machine_go(m, m->target);
        *either = m->target;
        break;
    default: break;
    }
    if (*either && m->next >= *either) {
        machine_replace_top(m, expr_new(m->a, EXPR_OPAQUE));
        *either = 0;
    }
}

bool function_scope(PyObject *func, struct scope *scope)
{
    if (!func || !PyFunction_Check(func)) return false;
    PyFunctionObject *f = (PyFunctionObject *)func;
    *scope = (struct scope){
        .cell_names = ((PyCodeObject *)f->func_code)->co_localsplusnames,
        .cells = f->func_closure,
        .type_params = compat_func_type_params(f),
        .globals = f->func_globals,
        .builtins = f->func_builtins,
    };
    return true;
}

bool thunk_follow(struct annot *a, PyObject *func, struct thunk *t)
{
    struct scope here = a->scope;
    *t = (struct thunk){ 0 };
    if (!function_scope(func, &t->scope)) return false;
    PyCodeObject *code = (PyCodeObject *)((PyFunctionObject *)func)->func_code;
    PyObject *plain = compat_plain_code(code);
    if (!plain) {
        PyErr_Clear();
        return false;
    }
    bool done = false;
    size_t either = 0;
    struct machine m;
    a->scope = t->scope;
    if (machine_init(&m, a, code, plain, true) && skip_format_check(&m))
        while (!done && machine_step(&m)) {
            follow_branches(&m, &either);
            if (m.action == ACT_MAP) t->items = m.args, t->n_items = m.n_args;
            done = m.action == ACT_RETURN || m.action == ACT_RETURN_CONST;
        }
    t->value = done ? m.value : NULL;
    a->scope = here;
    Py_DECREF(plain);
    return t->value != NULL;
}
