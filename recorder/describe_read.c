/* describe_read.c - reading Python objects without running any of their code. */
#include "describe_internal.h"

#include <stdlib.h>

/* ---------------- memory ---------------- */
struct scratch_chunk { struct scratch_chunk *next; _Alignas(16) char bytes[]; };

void scratch_init(struct scratch *s)
{
    s->chunks = NULL;
    s->at = s->first;
    s->end = s->first + sizeof s->first;
    s->failed = false;
}

void scratch_release(struct scratch *s)
{
    for (struct scratch_chunk *c = s->chunks, *next; c; c = next) {
        next = c->next;
        free(c);
    }
}

void *scratch_alloc(struct scratch *s, size_t n)
{
    n = (n + 15) & ~(size_t)15;
    if (n > (size_t)(s->end - s->at)) {
        size_t size = n > 8192 ? n : 8192;
        struct scratch_chunk *c = malloc(sizeof *c + size);
        if (!c) {
            s->failed = true;
            return NULL;
        }
        c->next = s->chunks;
        s->chunks = c;
        s->at = c->bytes;
        s->end = c->bytes + size;
    }
    void *p = s->at;
    s->at += n;
    return memset(p, 0, n);
}

void *scratch_grow(struct scratch *s, void *list, uint32_t n, uint32_t *cap, uint32_t first, size_t size)
{
    if (n < *cap) return list;
    uint32_t room = *cap ? *cap * 2 : first;
    void *grown = scratch_alloc(s, room * size);
    if (!grown) return NULL;
    if (n) memcpy(grown, list, n * size);
    *cap = room;
    return grown;
}

/* ---------------- quiet ---------------- */
void quiet_begin(struct quiet *q)
{
    q->error = compat_error_save();
    q->gc = PyGC_Disable();
}

void quiet_end(struct quiet *q)
{
    if (q->gc) PyGC_Enable();
    compat_error_restore(q->error);
}

/* ---------------- names and dictionaries ---------------- */
PyObject *describe_names[N_DESCRIBE_NAMES];

int describe_names_ready(void)
{
    static const char *const text[] = {
#define X(name) #name,
        DESCRIBE_NAMES(X)
#undef X
    };
    if (describe_names[N_DESCRIBE_NAMES - 1]) return 0;
    for (int i = 0; i < N_DESCRIBE_NAMES; i++) {
        if (!describe_names[i]) describe_names[i] = PyUnicode_InternFromString(text[i]);
        if (!describe_names[i]) {
            PyErr_Clear();
            return -1;
        }
    }
    return 0;
}

PyObject *dict_get(PyObject *dict, PyObject *key)
{
    if (!dict || !PyDict_Check(dict)) return NULL;
    if (compat_dict_has_str_keys(dict)) {
        PyObject *v = PyDict_GetItemWithError(dict, key);
        if (!v) PyErr_Clear();
        return v;
    }
    /* Some key is no str: a hash lookup might call its __eq__. */
    Py_ssize_t pos = 0;
    PyObject *k, *v;
    while (PyDict_Next(dict, &pos, &k, &v))
        if (k == key || (PyUnicode_CheckExact(k) && PyUnicode_Compare(k, key) == 0)) return v;
    return NULL;
}

PyObject *dict_get_text(PyObject *dict, struct ghost_str key)
{
    PyObject *str = PyUnicode_DecodeUTF8(key.p, key.len, "surrogatepass");
    if (!str) {
        PyErr_Clear();
        return NULL;
    }
    PyObject *v = dict_get(dict, str);
    Py_DECREF(str);
    return v;
}

PyObject *type_find(PyTypeObject *type, PyObject *key)
{
    PyObject *mro = type->tp_mro;
    if (!mro) return dict_get(compat_type_dict(type), key);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(mro); i++) {
        PyObject *base = PyTuple_GET_ITEM(mro, i);
        PyObject *v = PyType_Check(base) ? dict_get(compat_type_dict((PyTypeObject *)base), key) : NULL;
        if (v) return v;
    }
    return NULL;
}

/* The owner holds what was read, so a new reference is given back at once. */
static PyObject *borrowed(PyObject *v)
{
    if (!v) PyErr_Clear();
    Py_XDECREF(v);
    return v;
}

PyObject *attr_find(PyObject *o, PyObject *key)
{
    PyTypeObject *type = Py_TYPE(o);
    if (type->tp_dictoffset || (type->tp_flags & Py_TPFLAGS_MANAGED_DICT)) {
        PyObject *v = dict_get(borrowed(PyObject_GenericGetDict(o, NULL)), key);
        if (v) return v;
    }
    PyObject *descr = type_find(type, key);
    if (!descr || !Py_IS_TYPE(descr, &PyMemberDescr_Type)) return NULL;
    PyMemberDef *member = ((PyMemberDescrObject *)descr)->d_member;
    if (member->type != T_OBJECT && member->type != T_OBJECT_EX) return NULL;
    return PyObject_TypeCheck(o, PyDescr_TYPE(descr)) ? borrowed(PyMember_GetOne((const char *)o, member)) : NULL;
}

PyObject *module_dict(PyObject *name)
{
    PyObject *modules = compat_modules();
    PyObject *module = modules && PyDict_CheckExact(modules) ? dict_get(modules, name) : NULL;
    return module && PyModule_Check(module) ? PyModule_GetDict(module) : NULL;
}

/* ---------------- text ---------------- */
static size_t utf8_put(char *p, Py_UCS4 c)
{
    if (c < 0x80) {
        p[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        p[0] = (char)(0xC0 | c >> 6);
        p[1] = (char)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) { /* surrogates included */
        p[0] = (char)(0xE0 | c >> 12);
        p[1] = (char)(0x80 | (c >> 6 & 63));
        p[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    p[0] = (char)(0xF0 | c >> 18);
    p[1] = (char)(0x80 | (c >> 12 & 63));
    p[2] = (char)(0x80 | (c >> 6 & 63));
    p[3] = (char)(0x80 | (c & 63));
    return 4;
}

struct ghost_str str_text(struct scratch *s, PyObject *str)
{
    if (!str || !PyUnicode_Check(str) || !compat_str_ready(str)) {
        PyErr_Clear();
        return GHOST_STR("?");
    }
    Py_ssize_t n = PyUnicode_GET_LENGTH(str);
    if (n > GHOST_STR_MAX + 1) n = GHOST_STR_MAX + 1; /* the encoder cuts it and says so */
    if (PyUnicode_IS_COMPACT_ASCII(str)) return (struct ghost_str){ PyUnicode_DATA(str), (uint32_t)n };
    char *p = scratch_alloc(s, (size_t)n * 4 + 1);
    if (!p) return GHOST_STR("?");
    size_t len = 0;
    for (Py_ssize_t i = 0; i < n; i++) len += utf8_put(p + len, PyUnicode_READ_CHAR(str, i));
    return (struct ghost_str){ p, (uint32_t)len };
}
