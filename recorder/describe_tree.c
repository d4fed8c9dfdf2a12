/* describe_tree.c - all code objects in a module's code to a TREE record.
 *
 * When a module starts nothing but its code exists, so what the source says
 * about a function (decorators, `if TYPE_CHECKING:`, base classes) is read
 * from the instructions of the code around it. Code that the compiler left out
 * of the instructions cannot run and is no node. */
#include "describe_code.h"

#define TREE_DEPTH 64
#define FINGERPRINT_STEP UINT64_C(0x9E3779B97F4A7C15)   /* odd: no code's part is lost */
/* While the tree is made: a scope of PEP 695 type parameters, which stands
 * between a function and its decorators. */
#define NODE_GENERIC 0x80000000u
#define NODE_INHERITED (GHOST_NODE_PROTOCOL | GHOST_NODE_TYPE_CHECKING | GHOST_NODE_MAIN_GUARD)
#define NODE_DECORATION (GHOST_NODE_DECORATED | GHOST_NODE_OVERLOAD | GHOST_NODE_ABSTRACT | GHOST_NODE_IMPORTED)

/* A local name and what was imported (or assigned) under it. */
struct alias { struct ghost_str name, meaning; };

struct tree {
    struct scratch *s;
    struct ghost_def_node *nodes;
    uint32_t n, cap;
    uint64_t fingerprint;        /* of all of them */
    struct alias aliases[64];
    uint32_t n_aliases;
};

/* Instructions under an `if` that tells something. */
struct guard { size_t from, to; uint32_t flag; };
#define GUARDS_MAX 64
/* Names that a module or class binds: functions, and those imported from elsewhere. */
#define IMPORTS_MAX 1024             /* those looked for; a name beyond them is taken for not imported */
struct binding { PyObject *name; uint32_t node; };

/* One code object being read. */
struct scan {
    struct tree *t;
    struct machine m;
    uint32_t self;
    int depth;
    struct guard guards[GUARDS_MAX];
    int n_guards;
    size_t skips[4];             /* targets of the last `if true` jumps: an `or` jumps into the body */
    unsigned n_skips;
    struct binding *functions; uint32_t n_functions, cap_functions;
    PyObject **imports; uint32_t n_imports;
    enum action before;          /* of the instruction before, NOPs left out */
    uint32_t *node_of_const;     /* a constant may be loaded twice (finally blocks are) */
    bool has_code;               /* some constant is code */
    bool body_open;              /* nothing but a trivial body was seen so far */
    bool ok;
};

/* ---------------- names ---------------- */
static struct ghost_str meaning_of(struct scan *sc, struct ghost_str name)
{
    uint32_t first = 0;
    while (first < name.len && name.p[first] != '.') first++;
    for (uint32_t i = 0; i < sc->t->n_aliases; i++) {
        const struct alias *a = &sc->t->aliases[i];
        if (!str_same(a->name, (struct ghost_str){ name.p, first })) continue;
        uint32_t rest = name.len - first;
        char *p = scratch_alloc(sc->t->s, a->meaning.len + rest + 1);
        if (!p) return name;
        memcpy(p, a->meaning.p, a->meaning.len);
        memcpy(p + a->meaning.len, name.p + first, rest);
        return (struct ghost_str){ p, a->meaning.len + rest };
    }
    return name;
}

static struct ghost_str keep_text(struct tree *t, struct ghost_str s)
{
    char *p = scratch_alloc(t->s, s.len + 1);
    if (!p) return (struct ghost_str){ "", 0 };
    memcpy(p, s.p, s.len);
    return (struct ghost_str){ p, s.len };
}

static const struct { const char *name; uint32_t flag; } decorators[] = {
    { "overload", GHOST_NODE_OVERLOAD },
    { "abstractmethod", GHOST_NODE_ABSTRACT },
    { "abstractproperty", GHOST_NODE_ABSTRACT },
    { "abstractclassmethod", GHOST_NODE_ABSTRACT },
    { "abstractstaticmethod", GHOST_NODE_ABSTRACT },
};
#define N_DECORATORS (sizeof decorators / sizeof *decorators)

static uint32_t decorator_flag(struct ghost_str last)
{
    for (size_t i = 0; i < N_DECORATORS; i++)
        if (str_is(last, decorators[i].name)) return decorators[i].flag;
    return 0;
}

static bool is_typing(struct ghost_str module) { return str_is(module, "typing") || str_is(module, "typing_extensions"); }

/* Names worth following: the first binding counts, a fallback in an `except
 * ImportError` does not take it back. */
static void note_alias(struct scan *sc, PyObject *name, struct expr *value)
{
    if (!name || !value || (value->kind != EXPR_MODULE && value->kind != EXPR_NAME)) return;
    if (sc->t->n_aliases == sizeof sc->t->aliases / sizeof *sc->t->aliases) return;
    struct ghost_str text = meaning_of(sc, value->text), last = last_component(text);
    bool wanted = value->kind == EXPR_MODULE ? is_typing(text)
                  : decorator_flag(last) || str_is(last, "TYPE_CHECKING") || str_is(last, "Protocol");
    struct ghost_str local = str_text(sc->m.a->s, name);
    if (!wanted || str_same(local, text)) return;
    for (uint32_t i = 0; i < sc->t->n_aliases; i++)
        if (str_same(sc->t->aliases[i].name, local)) return;
    sc->t->aliases[sc->t->n_aliases++] = (struct alias){ keep_text(sc->t, local), keep_text(sc->t, text) };
}

/* Protocol of typing, also by way of a compatibility module; not asyncio's. */
static bool is_protocol(struct scan *sc, const struct expr *e)
{
    if (e->kind == EXPR_SUBSCRIPT) e = e->first;
    if (!e || e->kind != EXPR_NAME) return false;
    struct ghost_str text = meaning_of(sc, e->text), last = last_component(text);
    if (!str_is(last, "Protocol")) return false;
    if (last.len == text.len) return true; /* from a star import */
    struct ghost_str module = { text.p, text.len - last.len - 1 };
    return memmem(module.p, module.len, "typing", 6) || memmem(module.p, module.len, "compat", 6);
}

/* ---------------- nodes ---------------- */
static bool starts_with(PyObject *str, const char *prefix)
{
    Py_ssize_t n = (Py_ssize_t)strlen(prefix);
    return PyUnicode_IS_COMPACT_ASCII(str) && PyUnicode_GET_LENGTH(str) >= n && memcmp(PyUnicode_DATA(str), prefix, (size_t)n) == 0;
}

static uint32_t kind_of(PyCodeObject *code)
{
    static const struct { const char *name; uint32_t flags; } kinds[] = {
        { "<lambda>", GHOST_NODE_FUNCTION | GHOST_NODE_LAMBDA },
        { "<listcomp>", GHOST_NODE_FUNCTION | GHOST_NODE_COMPREHENSION },
        { "<setcomp>", GHOST_NODE_FUNCTION | GHOST_NODE_COMPREHENSION },
        { "<dictcomp>", GHOST_NODE_FUNCTION | GHOST_NODE_COMPREHENSION },
        { "<genexpr>", GHOST_NODE_FUNCTION | GHOST_NODE_COMPREHENSION },
        { "<generic parameters of ", GHOST_NODE_ANNOTATE | NODE_GENERIC },
    };
    if (!(code->co_flags & CO_OPTIMIZED)) return GHOST_NODE_CLASS;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (starts_with(code->co_name, kinds[i].name)) return kinds[i].flags;
    if (COMPAT_HAS_ANNOTATE && code->co_posonlyargcount == 1 && PyUnicode_CompareWithASCIIString(code->co_name, "__annotate__") == 0)
        return GHOST_NODE_ANNOTATE;
    return GHOST_NODE_FUNCTION;
}

static bool add_node(struct tree *t, PyCodeObject *code, PyObject *plain, uint32_t parent, uint32_t flags)
{
    struct ghost_def_node *nodes = scratch_grow(t->s, t->nodes, t->n, &t->cap, 64, sizeof *nodes);
    if (!nodes) return false;
    t->nodes = nodes;
    t->fingerprint = t->fingerprint * FINGERPRINT_STEP + fingerprint_of(code, plain);
    t->nodes[t->n++] = (struct ghost_def_node){
        .parent = parent,
        .flags = flags,
        .co_flags = (uint32_t)code->co_flags,
        .first_line = (uint32_t)code->co_firstlineno,
        .qualname = str_text(t->s, code->co_qualname),
    };
    return true;
}

static bool read_code(struct tree *t, PyCodeObject *code, uint32_t parent, uint32_t flags, int depth);

/* ---------------- what the instructions tell ---------------- */
static uint32_t guarded_by(const struct scan *sc)
{
    uint32_t flags = 0;
    for (int i = 0; i < sc->n_guards; i++)
        if (sc->m.at >= sc->guards[i].from && sc->m.at < sc->guards[i].to) flags |= sc->guards[i].flag;
    return flags;
}

static void on_function(struct scan *sc)
{
    struct expr *f = machine_top(&sc->m, 0);
    if (!f || f->kind != EXPR_FUNC) return;
    uint32_t constant = f->index;
    if (!sc->node_of_const[constant]) {
        if (sc->t->n >= GHOST_LIST_MAX || sc->depth >= TREE_DEPTH) return;
        sc->node_of_const[constant] = sc->t->n;
        PyCodeObject *code = (PyCodeObject *)f->object;
        sc->ok = read_code(sc->t, code, sc->self, kind_of(code) | guarded_by(sc), sc->depth + 1);
    }
    f->index = sc->node_of_const[constant];
}

static struct ghost_def_node *node_of(struct scan *sc, const struct expr *e)
{
    return e && e->kind == EXPR_FUNC && e->index < sc->t->n ? &sc->t->nodes[e->index] : NULL;
}

/* class C(bases): the call of __build_class__ with the body, the name, the bases */
static void on_class(struct scan *sc)
{
    struct expr *body = sc->m.n_args ? sc->m.args[0] : NULL;
    struct ghost_def_node *node = node_of(sc, body);
    if (!node) return;
    for (uint32_t i = 2; i < sc->m.n_args; i++)
        if (sc->m.args[i] && is_protocol(sc, sc->m.args[i])) node->flags |= GHOST_NODE_PROTOCOL;
    machine_replace_top(&sc->m, body);
}

/* The function that a `def` or `class` statement makes is on the stack only to
 * be decorated or stored, so a call with it is a decorator. */
static void on_call(struct scan *sc)
{
    struct expr *callee = sc->m.callee, *f = sc->m.n_args == 1 ? sc->m.args[0] : NULL;
    if (callee && callee->kind == EXPR_BUILD_CLASS) {
        on_class(sc);
        return;
    }
    struct ghost_def_node *scope = node_of(sc, callee), *node = node_of(sc, f);
    if (scope && scope->flags & NODE_GENERIC) machine_replace_top(&sc->m, callee); /* gives what is inside */
    if (!node || node->flags & (GHOST_NODE_LAMBDA | GHOST_NODE_COMPREHENSION)) return;
    node->flags |= GHOST_NODE_DECORATED;
    if (callee && callee->kind == EXPR_NAME) node->flags |= decorator_flag(last_component(meaning_of(sc, callee->text)));
    machine_replace_top(&sc->m, f);
}

/* ---- functions whose name is imported as well: `from _fast import f` before or behind `def f` ---- */
static void note_function(struct scan *sc, PyObject *name, uint32_t node)
{
    struct binding *functions = scratch_grow(sc->m.a->s, sc->functions, sc->n_functions, &sc->cap_functions, 32, sizeof *functions);
    if (!functions) return;
    sc->functions = functions;
    sc->functions[sc->n_functions++] = (struct binding){ name, node };
}

static void note_binding(struct scan *sc)
{
    const struct expr *v = sc->m.value;
    const struct ghost_def_node *node = node_of(sc, v);
    if (sc->m.action != ACT_STORE_NAME || sc->m.code->co_flags & CO_OPTIMIZED || !sc->m.name) return;
    if (node) {
        if (!(node->flags & (GHOST_NODE_LAMBDA | GHOST_NODE_COMPREHENSION))) note_function(sc, sc->m.name, v->index);
    } else if (sc->before == ACT_IMPORT_FROM && sc->n_imports < IMPORTS_MAX) {
        if (!sc->imports) sc->imports = scratch_alloc(sc->m.a->s, IMPORTS_MAX * sizeof *sc->imports);
        if (sc->imports) sc->imports[sc->n_imports++] = sc->m.name;
    }
}

/* What stands above may have been taken the place of. */
static void on_star(struct scan *sc)
{
    for (uint32_t i = 0; i < sc->n_functions; i++) sc->t->nodes[sc->functions[i].node].flags |= GHOST_NODE_IMPORTED;
}

static void mark_imported(struct scan *sc)
{
    for (uint32_t i = 0; i < sc->n_functions; i++)
        for (uint32_t k = 0; k < sc->n_imports; k++)
            if (sc->imports[k] == sc->functions[i].name) sc->t->nodes[sc->functions[i].node].flags |= GHOST_NODE_IMPORTED; /* names of one code are interned */
}

/* Evaluators of bounds, constraints, defaults and aliases. */
static void on_intrinsic(struct scan *sc)
{
    if (sc->m.action == ACT_INTRINSIC_2 && sc->m.arg == COMPAT_INTRINSIC_SET_FUNCTION_TYPE_PARAMS) return;
    if (sc->m.action == ACT_INTRINSIC_1 && sc->m.arg == COMPAT_INTRINSIC_IMPORT_STAR) on_star(sc);
    for (uint32_t i = 0; i < sc->m.n_args; i++) {
        struct ghost_def_node *node = node_of(sc, sc->m.args[i]);
        if (node) node->flags = (node->flags & ~GHOST_NODE_FUNCTION) | GHOST_NODE_ANNOTATE;
    }
}

static void add_guard(struct scan *sc, size_t from, size_t to, uint32_t flag)
{
    if (sc->n_guards < GUARDS_MAX && from < to) sc->guards[sc->n_guards++] = (struct guard){ from, to, flag };
}

/* `if OTHER or TYPE_CHECKING:` has a second way into the body. */
static bool is_second_of_or(const struct scan *sc)
{
    for (unsigned i = 0; i < sizeof sc->skips / sizeof *sc->skips; i++)
        if (sc->skips[i] && sc->skips[i] >= sc->m.next && sc->skips[i] <= sc->m.next + 2) return true; /* over a NOT_TAKEN */
    return false;
}

static void on_test(struct scan *sc)
{
    const struct expr *test = sc->m.value;
    if (sc->m.action == ACT_IF_TRUE) sc->skips[sc->n_skips++ % 4] = sc->m.target;
    if (!test) return;
    uint32_t flag = test->kind == EXPR_IS_MAIN ? GHOST_NODE_MAIN_GUARD : 0;
    if (test->kind == EXPR_NAME && str_is(last_component(meaning_of(sc, test->text)), "TYPE_CHECKING")) flag = GHOST_NODE_TYPE_CHECKING;
    if (!flag) return;
    size_t behind;
    if (sc->m.action == ACT_IF_FALSE && is_second_of_or(sc)) return;
    if (sc->m.action == ACT_IF_FALSE) add_guard(sc, sc->m.next, sc->m.target, flag);
    else if (!machine_falls_into(&sc->m, sc->m.target, &behind)) add_guard(sc, sc->m.target, behind, flag); /* else of `if not` */
}

/* `...`, `pass`, a docstring: returns None at once. `raise NotImplementedError`
 * with or without arguments. */
static bool is_trivial_end(const struct machine *m)
{
    const struct expr *v = m->value;
    if (!v) return false;
    if (m->action != ACT_RAISE) return v->kind == EXPR_ATOM && str_is(v->text, "None") && m->depth == 0;
    if (v->kind == EXPR_CALL) v = v->first;
    return v && v->kind == EXPR_NAME && str_is(v->text, "NotImplementedError");
}

static void on_end(struct scan *sc)
{
    struct ghost_def_node *node = &sc->t->nodes[sc->self];
    bool named = (node->flags & (GHOST_NODE_FUNCTION | GHOST_NODE_LAMBDA | GHOST_NODE_COMPREHENSION)) == GHOST_NODE_FUNCTION;
    if (sc->body_open && named && is_trivial_end(&sc->m)) node->flags |= GHOST_NODE_TRIVIAL | (sc->m.action == ACT_RAISE ? 0 : GHOST_NODE_EMPTY);
    sc->body_open = false;
}

static void on_pop(struct scan *sc)
{
    if (sc->m.value && sc->m.value->kind != EXPR_ATOM) sc->body_open = false; /* something was computed */
}

static void on_store(struct scan *sc)
{
    sc->body_open = false;
    note_alias(sc, sc->m.name, sc->m.value);
    note_binding(sc);
}

static void on_effect(struct scan *sc) { sc->body_open = false; }

static void on_branch(struct scan *sc)
{
    sc->body_open = false;
    on_test(sc);
}

static void on_instruction(struct scan *sc)
{
    static void (*const verbs[N_ACTIONS])(struct scan *) = {
        [ACT_FUNCTION] = on_function, [ACT_CALL] = on_call, [ACT_CALL_KEYWORDS] = on_call, [ACT_CALL_EX] = on_call,
        [ACT_INTRINSIC_1] = on_intrinsic, [ACT_INTRINSIC_2] = on_intrinsic, [ACT_IF_FALSE] = on_branch,
        [ACT_IF_TRUE] = on_branch, [ACT_IF_OTHER] = on_effect, [ACT_JUMP] = on_effect, [ACT_JUMP_BACK] = on_effect,
        [ACT_EFFECT] = on_effect, [ACT_IMPORT_STAR] = on_star, [ACT_STORE_NAME] = on_store, [ACT_STORE_LOCAL] = on_store, [ACT_POP] = on_pop,
        [ACT_RETURN] = on_end, [ACT_RETURN_CONST] = on_end, [ACT_RAISE] = on_end,
    };
    if (verbs[sc->m.action]) verbs[sc->m.action](sc);
    if (sc->m.action != ACT_SKIP) sc->before = sc->m.action;
}

static bool scan_code(struct scan *sc, PyCodeObject *code, PyObject *plain, struct annot *a)
{
    Py_ssize_t n = PyTuple_GET_SIZE(code->co_consts);
    sc->node_of_const = scratch_alloc(a->s, (size_t)n * sizeof *sc->node_of_const + 1);
    for (Py_ssize_t i = 0; i < n; i++) sc->has_code |= PyCode_Check(PyTuple_GET_ITEM(code->co_consts, i));
    if (!sc->node_of_const || !machine_init(&sc->m, a, code, plain, false)) return false;
    while (sc->ok && (sc->has_code || sc->body_open) && machine_step(&sc->m)) on_instruction(sc);
    mark_imported(sc);
    return sc->ok && !a->s->failed;
}

static bool read_code(struct tree *t, PyCodeObject *code, uint32_t parent, uint32_t flags, int depth)
{
    PyObject *plain = compat_plain_code(code);
    if (!plain) {
        PyErr_Clear();
        return false;
    }
    struct scratch s;
    scratch_init(&s);
    struct annot a = { .s = &s };
    if ((flags & (GHOST_NODE_ANNOTATE | NODE_GENERIC)) == GHOST_NODE_ANNOTATE && !thunk_is_lazy_code(&a, code, plain))
        flags ^= GHOST_NODE_ANNOTATE | GHOST_NODE_FUNCTION; /* only called so */
    struct scan sc = { .t = t, .self = t->n, .depth = depth, .body_open = true, .ok = true };
    bool ok = add_node(t, code, plain, parent, flags) && scan_code(&sc, code, plain, &a);
    scratch_release(&s);
    Py_DECREF(plain);
    return ok;
}

/* What holds for a node holds for all inside it; what decorates a scope of
 * type parameters decorates the function or class inside. */
static void hand_down(struct tree *t)
{
    for (uint32_t i = 1; i < t->n; i++) {
        struct ghost_def_node *node = &t->nodes[i], *parent = &t->nodes[node->parent];
        node->flags |= parent->flags & NODE_INHERITED;
        if (parent->flags & NODE_GENERIC && !(node->flags & GHOST_NODE_ANNOTATE)) node->flags |= parent->flags & NODE_DECORATION;
    }
    for (uint32_t i = 0; i < t->n; i++)
        if (t->nodes[i].flags & NODE_GENERIC) t->nodes[i].flags &= ~(NODE_GENERIC | NODE_DECORATION);
}

int describe_tree(struct ghost_buf *out, PyCodeObject *module_code, PyObject *globals)
{
    int ret = -1;
    struct quiet q;
    struct scratch s;
    quiet_begin(&q);
    scratch_init(&s);
    struct tree *t = scratch_alloc(&s, sizeof *t);
    if (!t || describe_names_ready() < 0) goto out;
    t->s = &s;
    if (!read_code(t, module_code, 0, 0, 0) || s.failed) goto out;
    hand_down(t);
    t->nodes[0].fingerprint = t->fingerprint;
    struct ghost_def_tree d = {
        .module = describe_module_name(globals),
        .file = str_text(&s, module_code->co_filename),
        .n_nodes = t->n,
        .nodes = t->nodes,
    };
    ghost_encode_tree(out, &d);
    ret = out->failed ? -1 : 0;
out:
    scratch_release(&s);
    quiet_end(&q);
    return ret;
}
