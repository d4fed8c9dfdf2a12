/* describe_code.c - the machine of describe_code.h. */
#include "describe_code.h"

/* ---------------- instructions ---------------- */
static const struct { int opcode; uint8_t action; } opcode_actions[] = {
    { CACHE, ACT_SKIP }, { NOP, ACT_SKIP }, { RESUME, ACT_SKIP }, { NOT_TAKEN, ACT_SKIP }, { MAKE_CELL, ACT_SKIP },
    { COPY_FREE_VARS, ACT_SKIP }, { PRECALL, ACT_SKIP }, { KW_NAMES, ACT_SKIP }, { TO_BOOL, ACT_SKIP },
    { POP_TOP, ACT_POP }, { COPY, ACT_COPY }, { SWAP, ACT_SWAP }, { PUSH_NULL, ACT_PUSH_NULL },
    { LOAD_CONST, ACT_CONST }, { LOAD_SMALL_INT, ACT_SMALL_INT }, { LOAD_COMMON_CONSTANT, ACT_COMMON_CONST },
    { RETURN_GENERATOR, ACT_GENERATOR },
    { LOAD_NAME, ACT_NAME }, { LOAD_GLOBAL, ACT_GLOBAL }, { LOAD_FAST, ACT_FAST }, { LOAD_FAST_CHECK, ACT_FAST },
    { LOAD_FAST_AND_CLEAR, ACT_FAST }, { LOAD_FAST_BORROW, ACT_FAST }, { LOAD_CLOSURE, ACT_FAST },
    { LOAD_FAST_LOAD_FAST, ACT_FAST_2 }, { LOAD_FAST_BORROW_LOAD_FAST_BORROW, ACT_FAST_2 },
    { LOAD_DEREF, ACT_CELL }, { LOAD_CLASSDEREF, ACT_CELL }, { LOAD_FROM_DICT_OR_GLOBALS, ACT_DICT_OR_GLOBAL },
    { LOAD_FROM_DICT_OR_DEREF, ACT_DICT_OR_CELL }, { LOAD_BUILD_CLASS, ACT_BUILD_CLASS },
    { LOAD_ATTR, ACT_ATTR }, { LOAD_METHOD, ACT_METHOD }, { BINARY_SUBSCR, ACT_SUBSCRIPT }, { BINARY_OP, ACT_BINARY },
    { COMPARE_OP, ACT_COMPARE }, { BUILD_TUPLE, ACT_TUPLE }, { BUILD_LIST, ACT_LIST }, { BUILD_MAP, ACT_MAP },
    { LIST_APPEND, ACT_LIST_APPEND }, { LIST_EXTEND, ACT_LIST_EXTEND }, { LIST_TO_TUPLE, ACT_TO_TUPLE },
    { UNPACK_SEQUENCE, ACT_UNPACK },
    { MAKE_FUNCTION, ACT_FUNCTION }, { SET_FUNCTION_ATTRIBUTE, ACT_FUNCTION_PART }, { CALL, ACT_CALL },
    { CALL_KW, ACT_CALL_KEYWORDS }, { CALL_FUNCTION_EX, ACT_CALL_EX }, { CALL_INTRINSIC_1, ACT_INTRINSIC_1 },
    { CALL_INTRINSIC_2, ACT_INTRINSIC_2 }, { IMPORT_NAME, ACT_IMPORT }, { IMPORT_FROM, ACT_IMPORT_FROM }, { IMPORT_STAR, ACT_IMPORT_STAR },
    { STORE_NAME, ACT_STORE_NAME }, { STORE_GLOBAL, ACT_STORE_NAME }, { STORE_FAST, ACT_STORE_LOCAL },
    { STORE_DEREF, ACT_STORE_LOCAL },
    { STORE_FAST_LOAD_FAST, ACT_EFFECT }, { STORE_FAST_STORE_FAST, ACT_EFFECT },
    { STORE_ATTR, ACT_EFFECT }, { STORE_SUBSCR, ACT_EFFECT }, { DELETE_NAME, ACT_EFFECT }, { DELETE_GLOBAL, ACT_EFFECT },
    { DELETE_FAST, ACT_EFFECT }, { DELETE_DEREF, ACT_EFFECT }, { DELETE_ATTR, ACT_EFFECT }, { DELETE_SUBSCR, ACT_EFFECT },
    { STORE_SLICE, ACT_EFFECT }, { YIELD_VALUE, ACT_EFFECT },
    { JUMP_FORWARD, ACT_JUMP }, { JUMP_BACKWARD, ACT_JUMP_BACK }, { JUMP_BACKWARD_NO_INTERRUPT, ACT_JUMP_BACK },
    { POP_JUMP_IF_FALSE, ACT_IF_FALSE }, { POP_JUMP_IF_TRUE, ACT_IF_TRUE }, { JUMP_IF_FALSE_OR_POP, ACT_IF_FALSE },
    { JUMP_IF_TRUE_OR_POP, ACT_IF_TRUE }, { POP_JUMP_IF_NONE, ACT_IF_OTHER }, { POP_JUMP_IF_NOT_NONE, ACT_IF_OTHER },
    { FOR_ITER, ACT_IF_OTHER }, { RETURN_VALUE, ACT_RETURN }, { RETURN_CONST, ACT_RETURN_CONST },
    { RAISE_VARARGS, ACT_RAISE },
};

static const uint8_t *action_table(void)
{
    static uint8_t table[256];
    static bool made;
    if (!made)
        for (size_t i = 0; i < sizeof opcode_actions / sizeof *opcode_actions; i++)
            if (opcode_actions[i].opcode >= 0 && opcode_actions[i].opcode < 256) /* above: only inside the compiler */
                table[opcode_actions[i].opcode] = opcode_actions[i].action;
    made = true;
    return table;
}

struct instruction { int opcode; uint32_t arg; size_t next; };

/* The instruction at `at`, its EXTENDED_ARGs before and its caches behind included. */
static struct instruction fetch(const uint8_t *bytes, size_t size, size_t at)
{
    struct instruction i = { 0 };
    do {
        i.opcode = bytes[at];
        i.arg = i.arg << 8 | bytes[at + 1];
        at += 2;
    } while (i.opcode == EXTENDED_ARG && at + 1 < size);
    while (at + 1 < size && bytes[at] == CACHE) at += 2;
    i.next = at;
    return i;
}

/* ---------------- stack ---------------- */
static void push(struct machine *m, struct expr *e)
{
    if (m->depth == m->room) { /* leftovers of jumps; only what is on top matters */
        memmove(m->stack, m->stack + m->room / 2, (size_t)(m->room - m->room / 2) * sizeof *m->stack);
        m->depth -= m->room / 2;
    }
    m->stack[m->depth++] = e;
}

static struct expr *pop(struct machine *m) { return m->depth ? m->stack[--m->depth] : expr_new(m->a, EXPR_OPAQUE); }

static void drop(struct machine *m, int n) { m->depth -= n < m->depth ? n : m->depth; }

struct expr *machine_top(struct machine *m, int below)
{
    return m->depth > below ? m->stack[m->depth - 1 - below] : expr_new(m->a, EXPR_OPAQUE);
}

void machine_replace_top(struct machine *m, struct expr *e)
{
    if (m->depth) m->stack[m->depth - 1] = e;
}

/* A value may stand on the stack twice, a tree's children are linked once. */
static struct expr *child_of(struct machine *m, struct expr *e)
{
    struct expr *copy = e ? expr_new(m->a, e->kind) : NULL;
    if (!copy) return NULL;
    *copy = *e;
    copy->next = NULL;
    return copy;
}

/* Takes the n topmost values as children of a new expression. */
static struct expr *gather(struct machine *m, enum expr_kind kind, uint32_t n)
{
    struct expr *e = expr_new(m->a, kind);
    int have = (int)n < m->depth ? (int)n : m->depth;
    for (int i = m->depth - have; i < m->depth; i++) expr_add(e, child_of(m, m->stack[i]));
    drop(m, have);
    return e;
}

/* ---------------- names ---------------- */
static PyObject *code_name(PyObject *tuple, uint32_t i)
{
    return (Py_ssize_t)i < PyTuple_GET_SIZE(tuple) ? PyTuple_GET_ITEM(tuple, i) : NULL;
}

static void push_name(struct machine *m, PyObject *name, PyObject *object)
{
    push(m, name ? expr_name(m->a, str_text(m->a->s, name), object) : expr_new(m->a, EXPR_OPAQUE));
}

static PyObject *find_global(struct machine *m, PyObject *name)
{
    if (!m->resolve || !name) return NULL;
    PyObject *o = dict_get(m->a->scope.globals, name);
    return o ? o : dict_get(m->a->scope.builtins, name);
}

static PyObject *find_cell(struct machine *m, uint32_t i)
{
    PyObject *cells = m->a->scope.cells;
    if (!m->resolve || !cells || !PyTuple_CheckExact(cells)) return NULL;
    Py_ssize_t k = (Py_ssize_t)i - (PyTuple_GET_SIZE(m->code->co_localsplusnames) - PyTuple_GET_SIZE(cells));
    if (k < 0 || k >= PyTuple_GET_SIZE(cells) || !PyCell_Check(PyTuple_GET_ITEM(cells, k))) return NULL;
    return PyCell_GET(PyTuple_GET_ITEM(cells, k));
}

static void do_name(struct machine *m)
{
    PyObject *name = code_name(m->code->co_names, m->arg);
    push_name(m, name, find_global(m, name));
}

static void do_global(struct machine *m)
{
    PyObject *name = code_name(m->code->co_names, COMPAT_GLOBAL_NAME(m->arg));
    bool null = COMPAT_GLOBAL_PUSHES_NULL(m->arg);
    if (null && !COMPAT_NULL_AFTER_CALLABLE) push(m, expr_new(m->a, EXPR_NULL));
    push_name(m, name, find_global(m, name));
    if (null && COMPAT_NULL_AFTER_CALLABLE) push(m, expr_new(m->a, EXPR_NULL));
}

static void do_fast(struct machine *m) { push_name(m, code_name(m->code->co_localsplusnames, m->arg), NULL); }

static void do_fast_2(struct machine *m)
{
    push_name(m, code_name(m->code->co_localsplusnames, m->arg >> 4), NULL);
    push_name(m, code_name(m->code->co_localsplusnames, m->arg & 15), NULL);
}

static void do_cell(struct machine *m)
{
    push_name(m, code_name(m->code->co_localsplusnames, m->arg), find_cell(m, m->arg));
}

/* Inside a class: its namespace (on the stack) first. */
static PyObject *find_in_namespace(struct machine *m, PyObject *name)
{
    struct expr *namespace_ = pop(m);
    return m->resolve && namespace_ && name ? dict_get(namespace_->object, name) : NULL;
}

static void do_dict_or_global(struct machine *m)
{
    PyObject *name = code_name(m->code->co_names, m->arg);
    PyObject *o = find_in_namespace(m, name);
    push_name(m, name, o ? o : find_global(m, name));
}

static void do_dict_or_cell(struct machine *m)
{
    PyObject *name = code_name(m->code->co_localsplusnames, m->arg);
    PyObject *o = find_in_namespace(m, name);
    push_name(m, name, o ? o : find_cell(m, m->arg));
}

static struct expr *attribute(struct machine *m, struct expr *of, PyObject *name)
{
    if (!of || !name || (of->kind != EXPR_NAME && of->kind != EXPR_MODULE)) return expr_new(m->a, EXPR_OPAQUE);
    struct ghost_str last = str_text(m->a->s, name);
    char *p = scratch_alloc(m->a->s, of->text.len + last.len + 1);
    if (!p) return NULL;
    memcpy(p, of->text.p, of->text.len);
    p[of->text.len] = '.';
    memcpy(p + of->text.len + 1, last.p, last.len);
    return expr_name(m->a, (struct ghost_str){ p, of->text.len + last.len + 1 }, of->object ? object_member(of->object, name) : NULL);
}

static void do_attr(struct machine *m)
{
    push(m, attribute(m, pop(m), code_name(m->code->co_names, COMPAT_ATTR_NAME(m->arg))));
    if (COMPAT_ATTR_IS_METHOD(m->arg)) push(m, expr_new(m->a, EXPR_NULL));
}

static void do_method(struct machine *m)
{
    struct expr *of = pop(m);
    push(m, expr_new(m->a, EXPR_NULL));
    push(m, attribute(m, of, code_name(m->code->co_names, m->arg)));
}

/* ---------------- values ---------------- */
static void do_const(struct machine *m)
{
    PyObject *o = code_name(m->code->co_consts, m->arg);
    struct expr *e = o && !PyCode_Check(o) ? expr_from_constant(m->a, o) : expr_new(m->a, EXPR_OPAQUE);
    if (e && o && PyCode_Check(o)) e->object = o, e->index = m->arg;
    push(m, e);
}

static void do_small_int(struct machine *m) { push(m, expr_value(m->a, &PyLong_Type)); }

static void do_common_const(struct machine *m)
{
    struct expr *e;
    switch (m->arg) {
    case COMPAT_COMMON_NOT_IMPLEMENTED: e = expr_name(m->a, GHOST_STR("NotImplementedError"), PyExc_NotImplementedError); break;
    case COMPAT_COMMON_NONE: e = expr_atom(m->a, "None"); break;
    case COMPAT_COMMON_EMPTY_STR: e = expr_new(m->a, EXPR_STRING); break;
    case COMPAT_COMMON_TRUE:
    case COMPAT_COMMON_FALSE: e = expr_value(m->a, &PyBool_Type); break;
    case COMPAT_COMMON_MINUS_ONE: e = expr_value(m->a, &PyLong_Type); break;
    default: e = expr_new(m->a, EXPR_OPAQUE);
    }
    push(m, e);
}

static void do_subscript(struct machine *m)
{
    struct expr *index = pop(m), *base = pop(m);
    struct expr *e = expr_add(expr_new(m->a, EXPR_SUBSCRIPT), child_of(m, base));
    if (index && index->kind == EXPR_TUPLE && index->first)
        for (struct expr *c = index->first, *next; c; c = next) {
            next = c->next;
            expr_add(e, child_of(m, c));
        }
    else expr_add(e, child_of(m, index));
    push(m, e);
}

static void do_binary(struct machine *m)
{
    if (m->arg == COMPAT_BINARY_SUBSCR) {
        do_subscript(m);
        return;
    }
    struct expr *right = pop(m), *left = pop(m);
    if (m->arg != COMPAT_BINARY_OR && m->arg != COMPAT_BINARY_INPLACE_OR) {
        push(m, expr_new(m->a, EXPR_OPAQUE));
        return;
    }
    struct expr *e = expr_new(m->a, EXPR_UNION);
    if (left && left->kind == EXPR_UNION)
        for (struct expr *c = left->first; c; c = c->next) expr_add(e, child_of(m, c));
    else expr_add(e, child_of(m, left));
    push(m, expr_add(e, child_of(m, right)));
}

static void do_compare(struct machine *m)
{
    struct expr *right = pop(m), *left = pop(m);
    bool is_main = COMPAT_COMPARE(m->arg) == COMPAT_COMPARE_EQ && left && right;
    if (is_main && left->kind == EXPR_STRING) {
        struct expr *swap = left;
        left = right;
        right = swap;
    }
    is_main = is_main && left->kind == EXPR_NAME && right->kind == EXPR_STRING && str_is(left->text, "__name__")
              && str_is(right->text, "__main__");
    push(m, expr_new(m->a, is_main ? EXPR_IS_MAIN : EXPR_OPAQUE));
}

static void do_tuple(struct machine *m) { push(m, gather(m, EXPR_TUPLE, m->arg)); }
static void do_list(struct machine *m) { push(m, gather(m, EXPR_LIST, m->arg)); }

static void do_map(struct machine *m)
{
    int n = (int)m->arg * 2 < m->depth ? (int)m->arg * 2 : m->depth;
    m->args = scratch_alloc(m->a->s, (size_t)n * sizeof *m->args + 1);
    if (m->args && n) memcpy(m->args, m->stack + m->depth - n, (size_t)n * sizeof *m->args);
    m->n_args = m->args ? (uint32_t)n : 0;
    drop(m, n);
    push(m, expr_new(m->a, EXPR_OPAQUE));
}

static void do_list_append(struct machine *m)
{
    struct expr *item = pop(m), *list = machine_top(m, (int)m->arg - 1);
    if (list && list->kind == EXPR_LIST) expr_add(list, child_of(m, item));
}

static void do_list_extend(struct machine *m)
{
    struct expr *items = pop(m), *list = machine_top(m, (int)m->arg - 1);
    if (!list || !items || list->kind != EXPR_LIST) return;
    if (items->kind != EXPR_TUPLE && items->kind != EXPR_LIST) {
        expr_add(list, expr_add(expr_new(m->a, EXPR_STAR), child_of(m, items)));
        return;
    }
    for (struct expr *c = items->first; c; c = c->next) expr_add(list, child_of(m, c));
}

static void do_to_tuple(struct machine *m)
{
    struct expr *list = child_of(m, pop(m));
    if (list && list->kind == EXPR_LIST) list->kind = EXPR_TUPLE;
    push(m, list);
}

/* `*args: *Ts` takes its one value out of the iterable. */
static void do_unpack(struct machine *m)
{
    struct expr *from = pop(m);
    if (m->arg == 1) push(m, expr_add(expr_new(m->a, EXPR_STAR), child_of(m, from)));
    else
        for (uint32_t i = 0; i < m->arg; i++) push(m, expr_new(m->a, EXPR_OPAQUE));
}

/* ---------------- functions and calls ---------------- */
static void do_function(struct machine *m)
{
    struct expr *code = pop(m);
    drop(m, COMPAT_FUNCTION_PARTS(m->arg));
    struct expr *e = expr_new(m->a, code && code->object && PyCode_Check(code->object) ? EXPR_FUNC : EXPR_OPAQUE);
    if (e && e->kind == EXPR_FUNC) e->object = code->object, e->index = code->index;
    push(m, e);
}

static void do_function_part(struct machine *m)
{
    struct expr *function = pop(m);
    drop(m, 1);
    push(m, function);
}

/* type(None), the one call that annotations are written with. */
static bool is_type_of_none(const struct machine *m)
{
    return m->callee && m->callee->kind == EXPR_NAME && m->callee->object == (PyObject *)&PyType_Type && m->n_args == 1
           && m->args[0]->kind == EXPR_ATOM && str_is(m->args[0]->text, "None");
}

/* The operands: callable, NULL or self, arguments, in either order of the
 * first two. The first that is not NULL is the callee. */
static void take_operands(struct machine *m, uint32_t n)
{
    uint32_t kept = 0;
    m->args = scratch_alloc(m->a->s, (size_t)n * sizeof *m->args + 1);
    m->callee = NULL;
    int from = m->depth - (int)n;
    for (int i = from < 0 ? 0 : from; m->args && i < m->depth; i++) {
        struct expr *e = m->stack[i];
        if (!e || e->kind == EXPR_NULL) continue;
        if (!m->callee) m->callee = e;
        else m->args[kept++] = e;
    }
    m->n_args = kept;
    drop(m, (int)n);
    if (is_type_of_none(m)) push(m, expr_atom(m->a, "None"));
    else push(m, m->callee ? expr_add(expr_new(m->a, EXPR_CALL), child_of(m, m->callee)) : expr_new(m->a, EXPR_OPAQUE));
}

static void do_call(struct machine *m) { take_operands(m, m->arg + 2); }

static void do_call_keywords(struct machine *m)
{
    drop(m, 1); /* their names */
    take_operands(m, m->arg + 2);
}

static void do_call_ex(struct machine *m)
{
    if (COMPAT_CALL_EX_HAS_KEYWORDS(m->arg)) drop(m, 1);
    struct expr *args = pop(m);
    take_operands(m, 2);
    uint32_t n = 0;
    for (struct expr *c = args ? args->first : NULL; c; c = c->next) n++;
    m->args = scratch_alloc(m->a->s, n * sizeof *m->args + 1);
    m->n_args = 0;
    for (struct expr *c = args ? args->first : NULL; c && m->args; c = c->next) m->args[m->n_args++] = c;
}

static void do_intrinsic_1(struct machine *m)
{
    if (m->arg == COMPAT_INTRINSIC_LIST_TO_TUPLE) {
        do_to_tuple(m);
        return;
    }
    struct expr *e = pop(m);
    m->n_args = 0;
    for (struct expr *c = e && e->kind == EXPR_TUPLE ? e->first : NULL; c; c = c->next) m->n_args++;
    m->args = scratch_alloc(m->a->s, m->n_args * sizeof *m->args + 1);
    uint32_t i = 0;
    for (struct expr *c = m->n_args && m->args ? e->first : NULL; c; c = c->next) m->args[i++] = c;
    push(m, expr_new(m->a, EXPR_OPAQUE));
}

static void do_intrinsic_2(struct machine *m)
{
    m->args = scratch_alloc(m->a->s, 2 * sizeof *m->args);
    struct expr *second = pop(m), *first = pop(m);
    m->n_args = m->args ? 2 : 0;
    if (m->args) m->args[0] = first, m->args[1] = second;
    push(m, m->arg == COMPAT_INTRINSIC_SET_FUNCTION_TYPE_PARAMS ? first : expr_new(m->a, EXPR_OPAQUE));
}

/* ---------------- imports, stores, ends ---------------- */
static void do_import(struct machine *m)
{
    drop(m, 2); /* level and names */
    PyObject *name = code_name(m->code->co_names, COMPAT_IMPORT_NAME(m->arg));
    struct expr *e = expr_new(m->a, EXPR_MODULE);
    if (e && name) e->text = str_text(m->a->s, name);
    push(m, e);
}

static void do_import_from(struct machine *m)
{
    push(m, attribute(m, machine_top(m, 0), code_name(m->code->co_names, m->arg)));
}

static void do_store_name(struct machine *m)
{
    m->value = pop(m);
    m->name = code_name(m->code->co_names, m->arg);
}

static void do_store_local(struct machine *m)
{
    m->value = pop(m);
    m->name = code_name(m->code->co_localsplusnames, m->arg);
}

static void do_test(struct machine *m)
{
    m->target = m->next + 2 * (size_t)m->arg;
    if (m->action == ACT_IF_OTHER && m->bytes[m->at] == FOR_ITER) push(m, expr_new(m->a, EXPR_OPAQUE));
    else m->value = pop(m);
}

static void do_jump(struct machine *m) { m->target = m->next + 2 * (size_t)m->arg; }
static void do_return(struct machine *m) { m->value = pop(m); }

static void do_return_const(struct machine *m)
{
    do_const(m);
    m->value = pop(m);
}

static void do_raise(struct machine *m)
{
    if (m->arg > 1) drop(m, 1); /* the cause */
    m->value = m->arg ? pop(m) : NULL;
}

/* ---------------- the rest ---------------- */
static void do_other(struct machine *m)
{
    int effect = PyCompile_OpcodeStackEffect(m->bytes[m->at], (int)m->arg);
    if (effect == PY_INVALID_STACK_EFFECT) return;
    if (effect <= 0) {
        drop(m, -effect);
        machine_replace_top(m, expr_new(m->a, EXPR_OPAQUE));
    }
    for (int i = 0; i < effect; i++) push(m, expr_new(m->a, EXPR_OPAQUE));
}

static void do_skip(struct machine *m) { (void)m; }
static void do_pop(struct machine *m) { m->value = pop(m); }
static void do_copy(struct machine *m) { push(m, machine_top(m, (int)m->arg - 1)); }
static void do_push_null(struct machine *m) { push(m, expr_new(m->a, EXPR_NULL)); }
static void do_generator(struct machine *m) { push(m, expr_atom(m->a, "None")); }
static void do_build_class(struct machine *m) { push(m, expr_new(m->a, EXPR_BUILD_CLASS)); }

static void do_swap(struct machine *m)
{
    int other = m->depth - (int)m->arg;
    if (other < 0 || !m->depth) return;
    struct expr *e = m->stack[other];
    m->stack[other] = m->stack[m->depth - 1];
    m->stack[m->depth - 1] = e;
}

bool machine_init(struct machine *m, struct annot *a, PyCodeObject *code, PyObject *plain_code, bool resolve)
{
    *m = (struct machine){ .a = a, .resolve = resolve, .code = code, .bytes = (const uint8_t *)PyBytes_AS_STRING(plain_code),
        .size = (size_t)PyBytes_GET_SIZE(plain_code), .room = code->co_stacksize + 32 };
    m->stack = scratch_alloc(a->s, (size_t)m->room * sizeof *m->stack);
    return m->stack != NULL;
}

bool machine_step(struct machine *m)
{
    static void (*const verbs[N_ACTIONS])(struct machine *) = {
        [ACT_OTHER] = do_other, [ACT_EFFECT] = do_other, [ACT_SKIP] = do_skip, [ACT_POP] = do_pop, [ACT_COPY] = do_copy,
        [ACT_SWAP] = do_swap, [ACT_PUSH_NULL] = do_push_null, [ACT_CONST] = do_const, [ACT_SMALL_INT] = do_small_int,
        [ACT_COMMON_CONST] = do_common_const, [ACT_GENERATOR] = do_generator, [ACT_NAME] = do_name, [ACT_GLOBAL] = do_global,
        [ACT_FAST] = do_fast, [ACT_FAST_2] = do_fast_2, [ACT_CELL] = do_cell, [ACT_DICT_OR_GLOBAL] = do_dict_or_global,
        [ACT_DICT_OR_CELL] = do_dict_or_cell, [ACT_BUILD_CLASS] = do_build_class, [ACT_ATTR] = do_attr, [ACT_METHOD] = do_method,
        [ACT_SUBSCRIPT] = do_subscript, [ACT_BINARY] = do_binary, [ACT_COMPARE] = do_compare, [ACT_TUPLE] = do_tuple,
        [ACT_LIST] = do_list, [ACT_MAP] = do_map, [ACT_LIST_APPEND] = do_list_append, [ACT_LIST_EXTEND] = do_list_extend,
        [ACT_TO_TUPLE] = do_to_tuple, [ACT_UNPACK] = do_unpack, [ACT_FUNCTION] = do_function,
        [ACT_FUNCTION_PART] = do_function_part, [ACT_CALL] = do_call, [ACT_CALL_KEYWORDS] = do_call_keywords,
        [ACT_CALL_EX] = do_call_ex, [ACT_INTRINSIC_1] = do_intrinsic_1, [ACT_INTRINSIC_2] = do_intrinsic_2,
        [ACT_IMPORT] = do_import, [ACT_IMPORT_FROM] = do_import_from, [ACT_IMPORT_STAR] = do_other, [ACT_STORE_NAME] = do_store_name,
        [ACT_STORE_LOCAL] = do_store_local, [ACT_JUMP] = do_jump, [ACT_JUMP_BACK] = do_skip, [ACT_IF_FALSE] = do_test,
        [ACT_IF_TRUE] = do_test, [ACT_IF_OTHER] = do_test, [ACT_RETURN] = do_return, [ACT_RETURN_CONST] = do_return_const,
        [ACT_RAISE] = do_raise,
    };
    if (m->next + 1 >= m->size || m->a->s->failed) return false;
    struct instruction i = fetch(m->bytes, m->size, m->next);
    m->at = m->next;
    while (m->bytes[m->at] == EXTENDED_ARG && m->at + 3 < m->size) m->at += 2; /* where the opcode is */
    m->next = i.next;
    m->arg = i.arg;
    m->action = action_table()[i.opcode];
    m->value = m->callee = NULL;
    m->name = NULL;
    m->args = NULL;
    m->n_args = 0;
    verbs[m->action](m);
    return true;
}

void machine_go(struct machine *m, size_t offset)
{
    if (offset > m->next) m->next = offset;
}

bool machine_falls_into(const struct machine *m, size_t offset, size_t *jump_target)
{
    struct instruction last = { .next = m->next };
    size_t at = m->next;
    *jump_target = 0;
    while (at < offset && at + 1 < m->size) {
        last = fetch(m->bytes, m->size, at);
        at = last.next;
    }
    if (at != offset || last.next != offset) return true;
    switch (action_table()[last.opcode]) {
    case ACT_JUMP: *jump_target = last.next + 2 * (size_t)last.arg; return false;
    case ACT_JUMP_BACK: case ACT_RETURN: case ACT_RETURN_CONST: case ACT_RAISE: return false;
    default: return true;
    }
}
