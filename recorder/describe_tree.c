/* describe_tree.c - all code objects in a module's code to a TREE record. */
#include "describe_internal.h"

struct nodes { struct ghost_def_node *list; uint32_t n, cap; struct scratch *s; };

static uint32_t co_kind(PyCodeObject *code)
{
    return code->co_flags & CO_OPTIMIZED ? GHOST_NODE_FUNCTION : 0;
}

static bool add_node(struct nodes *t, PyCodeObject *code, uint32_t parent, uint32_t flags)
{
    if (t->n == t->cap) {
        uint32_t cap = t->cap ? t->cap * 2 : 64;
        struct ghost_def_node *list = scratch_alloc(t->s, cap * sizeof *list);
        if (!list) return false;
        if (t->n) memcpy(list, t->list, t->n * sizeof *list);
        t->list = list;
        t->cap = cap;
    }
    t->list[t->n++] = (struct ghost_def_node){ .parent = parent, .flags = flags, .co_flags = (uint32_t)code->co_flags,
        .first_line = (uint32_t)code->co_firstlineno, .fingerprint = describe_fingerprint(code),
        .qualname = str_text(t->s, code->co_qualname) };
    return true;
}

static bool walk_code(struct nodes *t, PyCodeObject *code, uint32_t parent, int depth)
{
    uint32_t self = t->n;
    if (t->n >= GHOST_LIST_MAX || depth > 100) return true;
    uint32_t flags = co_kind(code);
    if (!flags && depth) flags = GHOST_NODE_CLASS;
    if (!add_node(t, code, parent, flags)) return false;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(code->co_consts); i++) {
        PyObject *c = PyTuple_GET_ITEM(code->co_consts, i);
        if (PyCode_Check(c) && !walk_code(t, (PyCodeObject *)c, self, depth + 1)) return false;
    }
    return true;
}

int describe_tree(struct ghost_buf *out, PyCodeObject *module_code, PyObject *globals)
{
    int ret = -1;
    struct quiet q;
    struct scratch s;
    quiet_begin(&q);
    scratch_init(&s);
    struct nodes t = { .s = &s };
    if (!walk_code(&t, module_code, 0, 0) || s.failed) goto out;
    struct ghost_def_tree d = { .module = describe_module_name(globals), .file = str_text(&s, module_code->co_filename), .n_nodes = t.n, .nodes = t.list };
    ghost_encode_tree(out, &d);
    ret = out->failed ? -1 : 0;
out:
    scratch_release(&s);
    quiet_end(&q);
    return ret;
}
