/* describe_type.c - a type object to a TYPE record. */
#include "describe_internal.h"

#include <stdlib.h>

struct ghost_str type_qualname(struct scratch *s, PyTypeObject *type)
{
    if (type->tp_flags & Py_TPFLAGS_HEAPTYPE) return str_text(s, ((PyHeapTypeObject *)type)->ht_qualname);
    const char *dot = strrchr(type->tp_name, '.');
    return c_text(dot ? dot + 1 : type->tp_name);
}

struct ghost_str type_module(struct scratch *s, PyTypeObject *type)
{
    if (type->tp_flags & Py_TPFLAGS_HEAPTYPE) {
        PyObject *module = dict_get(compat_type_dict(type), KEY(__module__));
        if (!module || !PyUnicode_CheckExact(module)) return GHOST_STR("?");
        struct ghost_str text = str_text(s, module);
        return str_is(text, "__main__") || str_is(text, "__mp_main__") ? ident_main_name() : text;
    }
    const char *dot = strrchr(type->tp_name, '.');
    return dot ? (struct ghost_str){ type->tp_name, (uint32_t)(dot - type->tp_name) } : GHOST_STR("builtins");
}

/* Facts that the standard library tells by a class's metaclass. */
static const struct { const char *module, *name; uint32_t flag; } metaclasses[] = {
    { "abc", "ABCMeta", GHOST_TYPE_ABC },
    { "enum", "EnumType", GHOST_TYPE_ENUM },
    { "enum", "EnumMeta", GHOST_TYPE_ENUM },
    { "typing", "_TypedDictMeta", GHOST_TYPE_TYPEDDICT },
    { "typing_extensions", "_TypedDictMeta", GHOST_TYPE_TYPEDDICT },
};

static bool checks_instances(PyTypeObject *meta)
{
    PyObject *dict = compat_type_dict(meta);
    return dict_get(dict, KEY(__instancecheck__)) || dict_get(dict, KEY(__subclasscheck__));
}

/* Metaclasses whose checks the reader of a log knows. */
static bool is_standard(struct ghost_str module)
{
    return str_is(module, "abc") || str_is(module, "enum") || str_is(module, "typing") || str_is(module, "typing_extensions");
}

static uint32_t metaclass_flags(struct scratch *s, PyTypeObject *meta)
{
    uint32_t flags = 0;
    PyObject *mro = meta->tp_mro;
    for (Py_ssize_t i = 0; mro && i < PyTuple_GET_SIZE(mro); i++) {
        PyTypeObject *m = (PyTypeObject *)PyTuple_GET_ITEM(mro, i);
        if (m == &PyType_Type) break;
        if (!PyType_Check(m)) continue;
        struct ghost_str module = type_module(s, m), name = type_qualname(s, m);
        if (!is_standard(module) && checks_instances(m)) flags |= GHOST_TYPE_CUSTOM_CHECK;
        for (size_t k = 0; k < sizeof metaclasses / sizeof *metaclasses; k++)
            if (str_is(name, metaclasses[k].name) && str_is(module, metaclasses[k].module)) flags |= metaclasses[k].flag;
    }
    return flags;
}

/* C types have their __getattribute__ in the dict as a slot wrapper. */
static bool may_pose(PyTypeObject *type)
{
    PyObject *dict = compat_type_dict(type), *getattribute = dict_get(dict, KEY(__getattribute__));
    return (type != &PyBaseObject_Type && dict_get(dict, KEY(__class__))) || (getattribute && PyFunction_Check(getattribute));
}

static uint32_t type_flags(struct scratch *s, PyTypeObject *type)
{
    static const struct { unsigned long tp; uint32_t flag; } bits[] = {
        { Py_TPFLAGS_HEAPTYPE, GHOST_TYPE_HEAP },
        { Py_TPFLAGS_IS_ABSTRACT, GHOST_TYPE_ABSTRACT },
        { Py_TPFLAGS_BASE_EXC_SUBCLASS, GHOST_TYPE_EXCEPTION },
        { Py_TPFLAGS_TYPE_SUBCLASS, GHOST_TYPE_METACLASS },
    };
    uint32_t flags = 0;
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
        if (type->tp_flags & bits[i].tp) flags |= bits[i].flag;
    if (Py_TYPE(type) != &PyType_Type) flags |= metaclass_flags(s, Py_TYPE(type));
    if (dict_get(compat_type_dict(type), KEY(_is_protocol)) == Py_True) flags |= GHOST_TYPE_PROTOCOL;
    if (may_pose(type)) flags |= GHOST_TYPE_POSES;
    return flags;
}

/* Names that the class body only annotates (x: int): fields of its instances,
 * and part of what a Protocol asks for. From 3.14 on they are there when
 * somebody has asked for them; a Protocol keeps its list. */
static PyObject *declared_names(PyObject *dict)
{
    PyObject *declared = dict_get(dict, KEY(__annotations_cache__));
    if (!declared) declared = dict_get(dict, KEY(__annotations__));
    return declared && PyDict_CheckExact(declared) ? declared : NULL;
}

/* Set by typing from 3.12 on. Its table is read directly, as in describe_abc.c. */
static PySetObject *protocol_names(PyObject *dict)
{
    PyObject *names = dict_get(dict, KEY(__protocol_attrs__));
    return names && PyAnySet_CheckExact(names) ? (PySetObject *)names : NULL;
}

static void add_member(struct scratch *s, struct ghost_def_type *d, struct ghost_str *names, PyObject *dict, PyObject *key, bool own)
{
    if (key && PyUnicode_CheckExact(key) && (own || !dict_get(dict, key))) names[d->n_members++] = str_text(s, key);
}

/* What came out of a set is in the order of hashes, another one in each process. */
static int by_text(const void *pa, const void *pb)
{
    const struct ghost_str *a = pa, *b = pb;
    int r = memcmp(a->p, b->p, a->len < b->len ? a->len : b->len);
    return r ? r : (a->len > b->len) - (a->len < b->len);
}

static void list_members(struct scratch *s, PyTypeObject *type, struct ghost_def_type *d)
{
    PyObject *dict = compat_type_dict(type), *declared = declared_names(dict), *key, *value;
    PySetObject *protocol = declared ? NULL : protocol_names(dict);
    Py_ssize_t n = dict ? PyDict_GET_SIZE(dict) : 0, most = n, pos = 0;
    most += declared ? PyDict_GET_SIZE(declared) : 0;
    most += protocol ? protocol->used : 0;
    if (most > (Py_ssize_t)GHOST_LIST_MAX) most = GHOST_LIST_MAX;
    struct ghost_str *names = scratch_alloc(s, (size_t)most * sizeof *names + 1);
    d->members = names;
    if (!names || !dict) return;
    while ((Py_ssize_t)d->n_members < most && PyDict_Next(dict, &pos, &key, &value)) add_member(s, d, names, dict, key, true);
    pos = 0;
    while (declared && (Py_ssize_t)d->n_members < most && PyDict_Next(declared, &pos, &key, &value)) add_member(s, d, names, dict, key, false);
    uint32_t own = d->n_members;
    for (Py_ssize_t i = 0; protocol && i <= protocol->mask && (Py_ssize_t)d->n_members < most; i++)
        add_member(s, d, names, dict, protocol->table[i].key, false);
    if (protocol && d->n_members > own) qsort(names + own, d->n_members - own, sizeof *names, by_text);
}

/* Ids of `n` types; those that got none are left out. */
static uint32_t *list_ids(struct scratch *s, PyTypeObject *const *types, Py_ssize_t n, uint32_t *n_ids)
{
    if (n > (Py_ssize_t)GHOST_LIST_MAX) n = GHOST_LIST_MAX;
    uint32_t *ids = scratch_alloc(s, (size_t)n * sizeof *ids + 1);
    for (Py_ssize_t i = 0; ids && i < n; i++) {
        uint32_t id = PyType_Check(types[i]) ? ident_type(types[i]) : 0;
        if (id) ids[(*n_ids)++] = id;
    }
    return ids;
}

int describe_type(struct ghost_buf *out, PyTypeObject *type, uint32_t id)
{
    int ret = -1;
    struct quiet q;
    struct scratch s;
    struct ghost_def_type d = { .id = id };
    struct abc_facts abc;
    quiet_begin(&q);
    scratch_init(&s);
    if (describe_names_ready() < 0 || abc_facts(&s, type, &abc) < 0) goto out;
    d.flags = type_flags(&s, type);
    d.abcs = abc.bits;
    d.module = type_module(&s, type);
    d.qualname = type_qualname(&s, type);
    /* A type that is still being made has no MRO: it is its own. */
    PyObject *mro = type->tp_mro;
    if (mro)
        d.mro = list_ids(&s, (PyTypeObject **)((PyTupleObject *)mro)->ob_item, PyTuple_GET_SIZE(mro), &d.n_mro);
    else
        d.mro = &id, d.n_mro = 1;
    d.virtual_bases = list_ids(&s, abc.virtual_bases, abc.n, &d.n_virtual);
    list_members(&s, type, &d);
    if (s.failed) goto out;
    ghost_encode_type(out, &d);
    ret = out->failed ? -1 : 0;
out:
    scratch_release(&s);
    quiet_end(&q);
    return ret;
}
