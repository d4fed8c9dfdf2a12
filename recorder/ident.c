/* ident.c - numbers for code objects and types, given on first sight. */
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>
#include "capture.h"
#include "describe.h"
#include "ident.h"

Py_ssize_t ident_extra_index = -1;

/* ---------------- functions ---------------- */

static struct funcrec **funcs;   /* by id - 1 */
static uint32_t n_funcs, cap_funcs;
static struct vecmap func_ids = { .width = 2 }; /* identity -> id */

static const char *text(PyObject *s, const char *otherwise)
{
    const char *p = s && PyUnicode_CheckExact(s) ? PyUnicode_AsUTF8(s) : NULL;
    if (!p)
        PyErr_Clear(); /* lone surrogates; callers saved what was set before */
    return p ? p : otherwise;
}

static PyObject *exact_item(PyObject *dict, const char *key)
{
    PyObject *k, *v = NULL;
    if (!dict || !PyDict_CheckExact(dict))
        return NULL;
    k = PyUnicode_InternFromString(key);
    if (k)
        v = PyDict_GetItemWithError(dict, k); /* both keys are exact strings: no code runs */
    Py_XDECREF(k);
    if (!v)
        PyErr_Clear();
    return v;
}

static bool is_recorded(PyCodeObject *code, PyObject *globals, struct ghost_str module)
{
    char name[256];
    snprintf(name, sizeof(name), "%.*s", (int)module.len, module.p);
    PyObject *file = exact_item(globals, "__file__");
    struct filter_subject s = { name, text(code->co_filename, "?"), file ? text(file, NULL) : NULL };
    return filter_records(&recorder.config, &s);
}

static void identity(PyCodeObject *code, struct ghost_str module, uint64_t key[2])
{
    XXH3_state_t *s = XXH3_createState();
    key[0] = key[1] = 0;
    if (!s)
        return;
    XXH3_128bits_reset(s);
    const char *file = text(code->co_filename, "?"), *name = text(code->co_qualname, "?");
    int numbers[] = { code->co_firstlineno, code->co_flags, code->co_argcount, code->co_posonlyargcount,
                      code->co_kwonlyargcount };
    XXH3_128bits_update(s, numbers, sizeof(numbers));
    XXH3_128bits_update(s, module.p, module.len);
    XXH3_128bits_update(s, file, strlen(file) + 1);
    XXH3_128bits_update(s, name, strlen(name) + 1);
    int n = code->co_argcount + code->co_kwonlyargcount + ((code->co_flags & CO_VARARGS) != 0) + ((code->co_flags & CO_VARKEYWORDS) != 0);
    for (int i = 0; i < n && i < PyTuple_GET_SIZE(code->co_localsplusnames); i++) {
        const char *param = text(PyTuple_GET_ITEM(code->co_localsplusnames, i), "?");
        XXH3_128bits_update(s, param, strlen(param) + 1);
    }
    XXH128_hash_t h = XXH3_128bits_digest(s);
    XXH3_freeState(s);
    key[0] = h.low64;
    key[1] = h.high64;
}

static struct funcrec *func_new(PyCodeObject *code)
{
    if (n_funcs == GHOST_FUNC_MAX) {
        recorder_count_loss(GHOST_LOSS_FUNC_CAP);
        return NULL;
    }
    if (n_funcs == cap_funcs) {
        uint32_t cap = cap_funcs ? cap_funcs * 2 : 1024;
        struct funcrec **p = realloc(funcs, cap * sizeof(*p));
        if (!p)
            return NULL;
        funcs = p;
        cap_funcs = cap;
    }
    struct funcrec *f = capture_new(code, n_funcs + 1);
    if (!f)
        return NULL;
    funcs[n_funcs++] = f;
    return f;
}

static bool is_module_code(const PyCodeObject *code)
{
    return !(code->co_flags & (CO_OPTIMIZED | CO_NEWLOCALS)) && strcmp(text(code->co_name, ""), "<module>") == 0;
}

static int define(struct funcrec *f, PyCodeObject *code, compat_frame *frame)
{
    struct ghost_buf b = { 0 };
    int ret = describe_func(&b, code, frame->f_globals, f->id);
    if (ret == 0 && is_module_code(code)) {
        f->is_module = true;
        if (describe_tree(&b, code, frame->f_globals) != 0)
            __atomic_add_fetch(&definitions_lost, 1, __ATOMIC_RELAXED);
    }
    if (ret != 0)
        __atomic_add_fetch(&definitions_lost, 1, __ATOMIC_RELAXED);
    return journal_append_buf(&b);
}

/* ---- annotations ---- */

/* A record without annotations: some function of this code has none, or there
 * are more kinds than are kept. Then nothing can be said of the others. */
static void append_annotations(uint32_t func, struct ghost_buf *b)
{
    if (!b->len && !b->failed)
        ghost_encode_annot(b, &(struct ghost_def_annot){ .func = func });
    journal_append_buf(b);
}

static bool seen_before(struct annotations *a, uint64_t hash)
{
    for (unsigned i = 0; i < a->n; i++)
        if (a->seen[i] == hash)
            return true;
    return false;
}

static int define_annotations(struct funcrec *f, compat_frame *frame)
{
    PyFunctionObject *function = compat_frame_function(frame);
    struct annotations *a = &f->sigs->annotations;
    const uint64_t nothing = XXH3_64bits("", 0);
    struct ghost_buf b = { 0 };
    if (!function || a->wrapper || a->n == ANNOTATIONS_KEPT || a->n_read == ANNOTATIONS_READ)
        return 0;
    int ret = describe_annotations(&b, function, f->id);
    if (ret < 0)
        __atomic_add_fetch(&definitions_lost, 1, __ATOMIC_RELAXED);
    uint64_t hash = XXH3_64bits(b.len ? (const void *)b.p : "", b.len);
    a->n_read++;
    a->wrapper = describe_is_wrapper(function);
    if (seen_before(a, hash)) {
        ghost_buf_release(&b);
        return ret > 0;
    }
    a->seen[a->n++] = hash;
    if (a->n == 2 && a->seen[0] == nothing)
        append_annotations(f->id, &(struct ghost_buf){ 0 });
    if (a->n == ANNOTATIONS_KEPT)
        ghost_buf_release(&b);
    if (a->n > 1 || b.len || b.failed)
        append_annotations(f->id, &b);
    return ret > 0;
}

void ident_annotations_again(struct funcrec *f, compat_frame *frame) { (void)define_annotations(f, frame); }

struct funcrec *ident_code(PyCodeObject *code, compat_frame *frame, bool *async)
{
    struct ghost_str module = describe_module_name(frame->f_globals);
    struct funcrec *f = NOT_RECORDED;
    bool known = false;

    *async = false;
    if (is_recorded(code, frame->f_globals, module)) {
        uint64_t key[2];
        identity(code, module, key);
        uint32_t id = vecmap_get(&func_ids, key);
        f = id ? funcs[id - 1] : func_new(code);
        if (!f)
            f = NOT_RECORDED;
        else if (!id) {
            vecmap_put(&func_ids, key, f->id);
            define(f, code, frame);
        }
        known = f != NOT_RECORDED;
    }
    if (compat_set_code_extra((PyObject *)code, ident_extra_index, f) != 0) {
        PyErr_Clear();
        return NOT_RECORDED;
    }
    /* Last, when all tables are consistent. */
    if (known)
        *async = define_annotations(f, frame);
    return f;
}

/* ---------------- types ---------------- */

/* One row per address that was seen alive (rows) and one id per distinct type
 * (ids): classes made again and again in a loop share their id. */
static PyObject **row_refs;      /* weak reference, owned; NULL for static types */
static uint64_t *row_keys;       /* address; 0 once dead */
static uint32_t *row_ids;
static uint32_t n_rows, cap_rows, n_types;
static uint32_t *free_rows, n_free;
static struct vecmap type_rows = { .width = 1 };     /* address -> row + 1, dead: 0 */
static struct vecmap type_ids = { .width = 2 };      /* content -> id */
struct type_seen types_seen[TYPES_SEEN];
uint32_t ident_epoch = 1;

static void forget_address(uint32_t row)
{
    struct type_seen *seen = type_seen_at((PyTypeObject *)(uintptr_t)row_keys[row]);
    if ((uintptr_t)seen->type == row_keys[row])
        seen->type = NULL;
    if (++ident_epoch == 0)
        ident_epoch = 1;
    vecmap_put(&type_rows, &row_keys[row], 0);
    row_keys[row] = 0;
    free_rows[n_free++] = row;
}

static PyObject *type_died(PyObject *self, PyObject *weakref)
{
    uint32_t row = (uint32_t)PyLong_AsUnsignedLong(self);
    if (row < n_rows && row_refs[row] == weakref) {
        row_refs[row] = NULL;
        forget_address(row);
        Py_DECREF(weakref);
    }
    Py_RETURN_NONE;
}

static PyMethodDef type_died_def = { "type_died", type_died, METH_O, NULL };

/* A weak reference whose callback tells of the type's death. */
static PyObject *watch(PyTypeObject *type, uint32_t row)
{
    PyObject *ref = NULL, *number = PyLong_FromUnsignedLong(row);
    PyObject *callback = number ? PyCFunction_New(&type_died_def, number) : NULL;
    if (callback)
        ref = PyWeakref_NewRef((PyObject *)type, callback);
    Py_XDECREF(number);
    Py_XDECREF(callback);
    return ref;
}

static bool reserve_row(uint32_t *row)
{
    if (n_free) {
        *row = free_rows[--n_free];
        return true;
    }
    if (n_rows == cap_rows) {
        uint32_t cap = cap_rows ? cap_rows * 2 : 512;
        PyObject **r = realloc(row_refs, cap * sizeof(*r));
        if (r)
            row_refs = r;
        uint64_t *k = realloc(row_keys, cap * sizeof(*k));
        if (k)
            row_keys = k;
        uint32_t *i = realloc(row_ids, cap * sizeof(*i));
        if (i)
            row_ids = i;
        uint32_t *f = realloc(free_rows, cap * sizeof(*f));
        if (f)
            free_rows = f;
        if (!r || !k || !i || !f)
            return false;
        cap_rows = cap;
    }
    *row = n_rows;
    row_refs[n_rows] = NULL;
    n_rows++;
    return true;
}

/* What makes two type objects the same type for a reader. */
static void content(PyTypeObject *type, const uint32_t *mro, Py_ssize_t n_mro, uint64_t key[2])
{
    XXH3_state_t *s = XXH3_createState();
    key[0] = key[1] = 0;
    if (!s)
        return;
    XXH3_128bits_reset(s);
    const char *name = type->tp_name;
    const char *module = "";
    if (type->tp_flags & Py_TPFLAGS_HEAPTYPE) {
        name = text(((PyHeapTypeObject *)type)->ht_qualname, name);
        PyObject *m = exact_item(type->tp_dict, "__module__");
        module = m ? text(m, "") : "";
    }
    XXH3_128bits_update(s, name, strlen(name) + 1);
    XXH3_128bits_update(s, module, strlen(module) + 1);
    XXH3_128bits_update(s, mro, (size_t)n_mro * sizeof(*mro));
    if (type->tp_flags & Py_TPFLAGS_HEAPTYPE && type->tp_dict) {
        Py_ssize_t pos = 0;
        PyObject *k, *v;
        while (PyDict_Next(type->tp_dict, &pos, &k, &v))
            if (PyUnicode_CheckExact(k)) {
                const char *member = text(k, "?");
                XXH3_128bits_update(s, member, strlen(member) + 1);
            }
    }
    XXH128_hash_t h = XXH3_128bits_digest(s);
    XXH3_freeState(s);
    key[0] = h.low64;
    key[1] = h.high64;
}

#define MRO_SEEN 64

static uint32_t type_id(PyTypeObject *type)
{
    /* The classes of the MRO come first: their ids are part of this one's content. */
    uint32_t mro[MRO_SEEN];
    Py_ssize_t n = 0;
    if (type->tp_mro && PyTuple_CheckExact(type->tp_mro))
        for (Py_ssize_t i = 1; i < PyTuple_GET_SIZE(type->tp_mro) && n < MRO_SEEN; i++) {
            PyObject *base = PyTuple_GET_ITEM(type->tp_mro, i);
            if (base != (PyObject *)type && PyType_Check(base))
                mro[n++] = ident_type((PyTypeObject *)base);
        }
    uint64_t key[2];
    content(type, mro, n, key);
    uint32_t id = vecmap_get(&type_ids, key);
    if (id)
        return id;
    id = ++n_types;
    if (!vecmap_put(&type_ids, key, id))
        return 0;
    return id;
}

static uint32_t remember(PyTypeObject *type, uint32_t id)
{
    *type_seen_at(type) = (struct type_seen){ type, id };
    return id;
}

uint32_t ident_type(PyTypeObject *type)
{
    uint64_t address = (uintptr_t)type;
    uint32_t row = vecmap_get(&type_rows, &address);
    if (row)
        return remember(type, row_ids[row - 1]);

    uint32_t before = n_types, id = type_id(type);
    if (!id || !reserve_row(&row))
        return 0;
    /* type_id may have met the type itself (a metaclass in its own MRO). */
    PyObject *ref = NULL;
    if (type->tp_flags & Py_TPFLAGS_HEAPTYPE && !(ref = watch(type, row))) {
        PyErr_Clear();
        Py_INCREF(type); /* cannot be watched: then it must not die */
    }
    row_refs[row] = ref;
    row_keys[row] = address;
    row_ids[row] = id;
    if (!vecmap_put(&type_rows, &address, row + 1)) {
        free_rows[n_free++] = row;
        Py_CLEAR(row_refs[row]);
        return 0;
    }
    if (id > before) {
        struct ghost_buf b = { 0 };
        if (describe_type(&b, type, id) != 0)
            __atomic_add_fetch(&definitions_lost, 1, __ATOMIC_RELAXED);
        journal_append_buf(&b);
    }
    return remember(type, id);
}

struct ghost_str ident_main_name(void)
{
    const char *name = recorder.config.main_name ? recorder.config.main_name : "__main__";
    return (struct ghost_str){ name, (uint32_t)strlen(name) };
}

static void extra_freed(void *extra)
{
    (void)extra; /* records outlive their code objects: the log knows their ids */
}

int ident_init(void)
{
    if (ident_extra_index < 0)
        ident_extra_index = compat_request_extra_index(extra_freed);
    return ident_extra_index < 0 ? -1 : 0;
}
