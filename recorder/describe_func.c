/* describe_func.c - a code object and the globals it runs in to a FUNC record. */
#include "describe_internal.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static struct ghost_str module_name(PyObject *globals)
{
    static char odd[GHOST_STR_MAX * 4 + 8]; /* a name that is not ASCII; used under the GIL */
    if (describe_names_ready() < 0) return GHOST_STR("?");
    PyObject *name = dict_get(globals, KEY(__name__));
    if (!name || !PyUnicode_CheckExact(name) || PyUnicode_GET_LENGTH(name) == 0) return GHOST_STR("?");
    struct scratch s;
    scratch_init(&s);
    struct ghost_str text = str_text(&s, name);
    if (!PyUnicode_IS_COMPACT_ASCII(name)) {
        memcpy(odd, text.p, text.len);
        text.p = odd;
    }
    scratch_release(&s);
    return str_is(text, "__main__") || str_is(text, "__mp_main__") ? ident_main_name() : text;
}

struct ghost_str describe_module_name(PyObject *globals)
{
    struct quiet q;
    quiet_begin(&q);
    struct ghost_str name = module_name(globals);
    quiet_end(&q);
    return name;
}

static uint64_t hash_names(PyObject *tuple, uint64_t h)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); i++) {
        PyObject *name = PyTuple_GET_ITEM(tuple, i);
        if (!PyUnicode_Check(name) || !compat_str_ready(name)) continue;
        size_t width = PyUnicode_KIND(name); /* bytes a character: canonical for a given text */
        h = XXH64(PyUnicode_DATA(name), (size_t)PyUnicode_GET_LENGTH(name) * width, h);
    }
    return h;
}

uint64_t fingerprint_of(PyCodeObject *code, PyObject *plain)
{
    uint64_t h = XXH64(PyBytes_AS_STRING(plain), (size_t)PyBytes_GET_SIZE(plain), 0);
    h = hash_names(code->co_names, h);
    return hash_names(code->co_localsplusnames, h);
}

uint64_t describe_fingerprint(PyCodeObject *code)
{
    struct quiet q;
    quiet_begin(&q);
    PyObject *plain = compat_plain_code(code);
    uint64_t h = plain ? fingerprint_of(code, plain) : 0;
    if (!plain) PyErr_Clear();
    Py_XDECREF(plain);
    quiet_end(&q);
    return h;
}

int describe_func(struct ghost_buf *out, PyCodeObject *code, PyObject *globals, uint32_t id)
{
    struct ghost_def_func d = {
        .id = id,
        .co_flags = (uint32_t)code->co_flags,
        .first_line = (uint32_t)code->co_firstlineno,
        .n_posonly = (uint32_t)code->co_posonlyargcount,
        .n_positional = (uint32_t)code->co_argcount,
        .n_kwonly = (uint32_t)code->co_kwonlyargcount,
    };
    d.n_params = d.n_positional + d.n_kwonly + !!(code->co_flags & CO_VARARGS) + !!(code->co_flags & CO_VARKEYWORDS);
    if (d.n_params > GHOST_PARAM_MAX || (Py_ssize_t)d.n_params > PyTuple_GET_SIZE(code->co_localsplusnames)) return -1;

    int ret = -1;
    struct quiet q;
    struct scratch s;
    quiet_begin(&q);
    scratch_init(&s);
    d.module = module_name(globals);
    d.fingerprint = describe_fingerprint(code);
    d.qualname = str_text(&s, code->co_qualname);
    d.file = str_text(&s, code->co_filename);
    struct ghost_str *params = scratch_alloc(&s, d.n_params * sizeof *params + 1);
    if (!params) goto out;
    for (uint32_t i = 0; i < d.n_params; i++) params[i] = str_text(&s, PyTuple_GET_ITEM(code->co_localsplusnames, i));
    d.params = params;
    if (s.failed) goto out;
    ghost_encode_func(out, &d);
    ret = out->failed ? -1 : 0;
out:
    scratch_release(&s);
    quiet_end(&q);
    return ret;
}
