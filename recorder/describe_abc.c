/* describe_abc.c - which abstract base classes a type satisfies, without
 * asking any of them: their registries are read, their rules are applied here. */
#include "describe_internal.h"

#include <stdlib.h>

/* ---------------- the rules of collections.abc ---------------- */
/* The special methods that the one-trick ABCs look for (each is "present" when
 * the first class of the MRO that has the name does not set it to None). */
#define ABC_METHODS(X)                                                                       \
    X(__hash__) X(__await__) X(send) X(throw) X(close) X(__aiter__) X(__anext__) X(asend)    \
    X(athrow) X(aclose) X(__iter__) X(__next__) X(__reversed__) X(__len__) X(__contains__)   \
    X(__call__) X(__buffer__)
enum abc_method {
#define X(name) M_##name,
    ABC_METHODS(X)
#undef X
    N_ABC_METHODS
};
enum abc {
#define X(name) ABC_##name,
    GHOST_ABCS(X)
#undef X
    N_ABCS
};
#define HAS(name) (1u << M_##name)

/* What each needs; an ABC that is not here has no structural rule. */
static const uint32_t rules[N_ABCS] = {
    [ABC_Hashable] = HAS(__hash__),
    [ABC_Awaitable] = HAS(__await__),
    [ABC_Coroutine] = HAS(__await__) | HAS(send) | HAS(throw) | HAS(close),
    [ABC_AsyncIterable] = HAS(__aiter__),
    [ABC_AsyncIterator] = HAS(__anext__) | HAS(__aiter__),
    [ABC_AsyncGenerator] = HAS(__aiter__) | HAS(__anext__) | HAS(asend) | HAS(athrow) | HAS(aclose),
    [ABC_Iterable] = HAS(__iter__),
    [ABC_Iterator] = HAS(__iter__) | HAS(__next__),
    [ABC_Generator] = HAS(__iter__) | HAS(__next__) | HAS(send) | HAS(throw) | HAS(close),
    [ABC_Reversible] = HAS(__reversed__) | HAS(__iter__),
    [ABC_Sized] = HAS(__len__),
    [ABC_Container] = HAS(__contains__),
    [ABC_Collection] = HAS(__len__) | HAS(__iter__) | HAS(__contains__),
    [ABC_Callable] = HAS(__call__),
    [ABC_Buffer] = HAS(__buffer__),
};

static uint64_t structural_bits(PyTypeObject *type)
{
    static const uint8_t keys[N_ABC_METHODS] = {
#define X(name) NAME_##name,
        ABC_METHODS(X)
#undef X
    };
    uint32_t present = 0;
    for (int m = 0; m < N_ABC_METHODS; m++) {
        PyObject *method = type_find(type, describe_names[keys[m]]);
        if (method && method != Py_None) present |= 1u << m;
    }
    /* Before 3.12 C types offer the buffer protocol without a method. */
    if (type->tp_as_buffer && type->tp_as_buffer->bf_getbuffer && !type_find(type, KEY(__buffer__))) present |= HAS(__buffer__);
    uint64_t bits = 0;
    for (int i = 0; i < N_ABCS; i++)
        if (rules[i] && (rules[i] & present) == rules[i]) bits |= (uint64_t)1 << i;
    return bits;
}

/* ---------------- the registries ---------------- */
/* One `abc.register(cls)`. Weak references, here and below: what the application's
 * teardown would free must not live on for us (what a file buffers is written when
 * it is freed), and an address that was reused is not what was there before. */
struct registration { PyObject *cls, *abc; const void *address; /* of cls, sorted by it */ };

static struct {
    PyObject *abcs[N_ABCS];           /* the classes of collections.abc, weakly */
    PyObject *subclasses;             /* type.__subclasses__, held: the interpreter's own */
    long long token;                  /* abc's own counter of registrations; -1: never read */
    struct registration *list;
    size_t n, cap;
} registry = { .token = -1 };

static bool registry_init(void)
{
    if (registry.subclasses) return true;
    static const char *const names[N_ABCS] = {
#define X(name) #name,
        GHOST_ABCS(X)
#undef X
    };
    PyObject *collections = module_dict(KEY(_collections_abc));
    PyObject *subclasses = dict_get(compat_type_dict(&PyType_Type), KEY(__subclasses__));
    if (!collections || !subclasses || !Py_IS_TYPE(subclasses, &PyMethodDescr_Type)) return false;
    for (int i = 0; i < N_ABCS; i++) {
        PyObject *cls = dict_get_text(collections, c_text(names[i]));
        char hidden[64]; /* one on its way out is behind a module __getattr__ */
        snprintf(hidden, sizeof hidden, "_deprecated_%s", names[i]);
        if (!cls) cls = dict_get_text(collections, c_text(hidden));
        if (cls && PyType_Check(cls) && !(registry.abcs[i] = PyWeakref_NewRef(cls, NULL))) PyErr_Clear();
    }
    registry.subclasses = Py_NewRef(subclasses);
    return true;
}

/* -1 when it cannot be asked now. */
static long long cache_token(void)
{
    PyObject *ask = dict_get(module_dict(KEY(_abc)), KEY(get_cache_token));
    PyObject *n = ask && PyCFunction_CheckExact(ask) ? PyObject_CallNoArgs(ask) : NULL;
    long long token = n ? PyLong_AsLongLong(n) : -1;
    Py_XDECREF(n);
    PyErr_Clear();
    return token;
}

static void registry_clear(void)
{
    for (size_t i = 0; i < registry.n; i++) {
        Py_DECREF(registry.list[i].cls);
        Py_DECREF(registry.list[i].abc);
    }
    registry.n = 0;
}

static bool registry_add(PyObject *cls_ref, PyTypeObject *abc)
{
    if (registry.n == registry.cap) {
        size_t cap = registry.cap ? registry.cap * 2 : 128;
        struct registration *list = realloc(registry.list, cap * sizeof *list);
        if (!list) return false;
        registry.list = list;
        registry.cap = cap;
    }
    PyObject *cls = compat_weakref_get(cls_ref);
    if (!cls) return true; /* died */
    PyObject *abc_ref = PyWeakref_NewRef((PyObject *)abc, NULL);
    if (abc_ref) registry.list[registry.n++] = (struct registration){ Py_NewRef(cls_ref), abc_ref, cls };
    Py_DECREF(cls);
    return abc_ref != NULL;
}

/* All registrations with one ABC. The set's table is read directly: an
 * iterator could not be told from code that changes the set. */
static bool registry_read(PyTypeObject *type)
{
    PyObject *data = Py_IS_TYPE(type, &PyType_Type) ? NULL : dict_get(compat_type_dict(type), KEY(_abc_impl));
    PySetObject *set = data ? (PySetObject *)compat_abc_registry(data) : NULL;
    for (Py_ssize_t i = 0; set && i <= set->mask; i++) {
        PyObject *ref = set->table[i].key;
        if (ref && PyWeakref_CheckRef(ref) && !registry_add(ref, type)) return false;
    }
    return true;
}

/* Types seen or waiting during the walk over all types: a set by address (the
 * graph has diamonds) and, in the same order, a queue. References are held. */
struct walk { PyTypeObject **queue; size_t n, cap; uint32_t *slots; size_t mask; };

static bool walk_grow(struct walk *w)
{
    size_t cap = w->cap ? w->cap * 2 : 4096;
    PyTypeObject **queue = realloc(w->queue, cap * sizeof *queue);
    if (queue) w->queue = queue;
    uint32_t *slots = calloc(cap * 2, sizeof *slots);
    if (!queue || !slots) {
        free(slots);
        return false;
    }
    free(w->slots);
    w->slots = slots;
    w->cap = cap;
    w->mask = cap * 2 - 1;
    for (size_t i = 0; i < w->n; i++) {
        size_t h = ((uintptr_t)w->queue[i] >> 4) * 0x9E3779B97F4A7C15u >> 20;
        while (slots[h & w->mask]) h++;
        slots[h & w->mask] = (uint32_t)i + 1;
    }
    return true;
}

static bool walk_add(struct walk *w, PyTypeObject *type)
{
    if (w->n == w->cap && !walk_grow(w)) return false;
    size_t h = ((uintptr_t)type >> 4) * 0x9E3779B97F4A7C15u >> 20;
    for (; w->slots[h & w->mask]; h++)
        if (w->queue[w->slots[h & w->mask] - 1] == type) return true;
    w->slots[h & w->mask] = (uint32_t)w->n + 1;
    w->queue[w->n++] = (PyTypeObject *)Py_NewRef(type);
    return true;
}

static bool walk_subclasses(struct walk *w, PyTypeObject *type)
{
    if (!compat_may_have_subclasses(type)) return true;
    PyObject *list = PyObject_CallOneArg(registry.subclasses, (PyObject *)type);
    bool ok = list && PyList_CheckExact(list);
    for (Py_ssize_t i = 0; ok && i < PyList_GET_SIZE(list); i++) ok = walk_add(w, (PyTypeObject *)PyList_GET_ITEM(list, i));
    Py_XDECREF(list);
    return ok;
}

static int by_address(const void *a, const void *b)
{
    const struct registration *x = a, *y = b;
    return (x->address > y->address) - (x->address < y->address);
}

/* Reads all registries anew when abc's counter says that one has changed. */
static void registry_refresh(void)
{
    if (!registry_init()) return;
    long long token = cache_token();
    if (token < 0 || token == registry.token) return;
    registry_clear();
    struct walk w = { 0 };
    bool ok = walk_add(&w, &PyBaseObject_Type);
    for (size_t i = 0; ok && i < w.n; i++) ok = registry_read(w.queue[i]) && walk_subclasses(&w, w.queue[i]);
    if (registry.n) qsort(registry.list, registry.n, sizeof *registry.list, by_address);
    if (ok) registry.token = token; /* else the next type tries again */
    PyErr_Clear();
    for (size_t i = 0; i < w.n; i++) Py_DECREF(w.queue[i]);
    free(w.queue);
    free(w.slots);
}

/* ---------------- one type ---------------- */
/* The classes that `type` is known to be a subclass of, growing as ABCs are found. */
struct known { PyTypeObject **list; uint32_t n, cap; struct scratch *s; };

static void known_add(struct known *k, PyTypeObject *type)
{
    for (size_t i = 0; i < k->n; i++)
        if (k->list[i] == type) return;
    PyTypeObject **list = scratch_grow(k->s, k->list, k->n, &k->cap, 32, sizeof *list);
    if (!list) return;
    k->list = list;
    k->list[k->n++] = type;
}

static void known_add_mro(struct known *k, PyTypeObject *type)
{
    known_add(k, type);
    PyObject *mro = type->tp_mro;
    for (Py_ssize_t i = 0; mro && i < PyTuple_GET_SIZE(mro); i++) known_add(k, (PyTypeObject *)PyTuple_GET_ITEM(mro, i));
}

/* ABCs that `cls` itself was registered with. What is a subclass of `cls` is
 * then one of theirs, and of all classes above them. */
static void follow_registrations(struct known *k, struct known *found, PyTypeObject *cls)
{
    size_t lo = 0, hi = registry.n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (registry.list[mid].address < (const void *)cls) lo = mid + 1;
        else hi = mid;
    }
    for (; lo < registry.n && registry.list[lo].address == (const void *)cls; lo++) {
        PyObject *now = compat_weakref_get(registry.list[lo].cls), *abc = compat_weakref_get(registry.list[lo].abc);
        if (now == (PyObject *)cls && abc) {
            known_add(found, (PyTypeObject *)abc);
            known_add_mro(k, (PyTypeObject *)abc);
        }
        Py_XDECREF(now);
        Py_XDECREF(abc);
    }
}

static uint64_t nominal_bits(const struct known *k, PyObject *const abcs[N_ABCS])
{
    uint64_t bits = 0;
    for (size_t i = 0; i < k->n; i++)
        for (int a = 0; a < N_ABCS; a++)
            if (k->list[i] == (PyTypeObject *)abcs[a]) bits |= (uint64_t)1 << a;
    return bits;
}

int abc_facts(struct scratch *s, PyTypeObject *type, struct abc_facts *facts)
{
    registry_refresh();
    struct known k = { .s = s }, found = { .s = s };
    PyObject *abcs[N_ABCS];           /* held while we look */
    for (int a = 0; a < N_ABCS; a++) abcs[a] = registry.abcs[a] ? compat_weakref_get(registry.abcs[a]) : NULL;
    uint64_t bits = structural_bits(type);
    known_add_mro(&k, type);
    for (int a = 0; a < N_ABCS; a++)
        if (bits >> a & 1 && abcs[a]) known_add(&k, (PyTypeObject *)abcs[a]);
    for (size_t i = 0; i < k.n; i++) follow_registrations(&k, &found, k.list[i]); /* k grows */
    *facts = (struct abc_facts){ bits | nominal_bits(&k, abcs), found.n, found.list };
    for (int a = 0; a < N_ABCS; a++) Py_XDECREF(abcs[a]);
    return s->failed ? -1 : 0;
}
