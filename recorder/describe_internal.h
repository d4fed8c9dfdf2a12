/* describe_internal.h - what the describe_*.c files share.
 *
 * Rule of all of them (describe.h): no application code runs, borrowed
 * references stay valid because nothing runs that could drop them. */
#ifndef GHOST_DESCRIBE_INTERNAL_H
#define GHOST_DESCRIBE_INTERNAL_H

#include "describe.h"
#include "pycompat_describe.h"

/* ---- describe_read.c: memory, and reading objects without running code ---- */
/* Memory of one description, released as a whole. */
struct scratch {
    struct scratch_chunk *chunks;
    char *at, *end;
    bool failed;
    _Alignas(16) char first[2048];
};
void scratch_init(struct scratch *s);
void scratch_release(struct scratch *s);
void *scratch_alloc(struct scratch *s, size_t n); /* zeroed; NULL (and s->failed) when memory is short */
/* A list of `n` elements of `size` bytes with room for one more: itself, or a copy of twice the room (`first` at
 * the beginning). NULL (and s->failed) when memory is short; the list is then as it was. */
void *scratch_grow(struct scratch *s, void *list, uint32_t n, uint32_t *cap, uint32_t first, size_t size);

/* Nothing of what a description does may be seen: the exception in flight is
 * put aside, and the collector (which runs finalizers) is kept from starting. */
struct quiet { struct compat_error error; int gc; };
void quiet_begin(struct quiet *q);
void quiet_end(struct quiet *q);

/* Names looked up by describe_*.c, made once. */
#define DESCRIBE_NAMES(X)                                                                        \
    X(__name__) X(__module__) X(__qualname__) X(__bound__) X(__constraints__) X(__supertype__)   \
    X(__origin__) X(__args__) X(__metadata__) X(__unpacked__) X(__forward_arg__) X(__arg__)      \
    X(__value__) X(__wrapped__) X(__classdict__) X(_name) X(_abc_impl) X(_is_protocol)           \
    X(__subclasses__) X(_abc) X(get_cache_token) X(_collections_abc) X(__builtins__)             \
    X(__hash__) X(__await__) X(send) X(throw) X(close) X(__aiter__) X(__anext__) X(asend)        \
    X(athrow) X(aclose) X(__iter__) X(__next__) X(__reversed__) X(__len__) X(__contains__)       \
    X(__call__) X(__buffer__) X(typing) X(Annotated) X(dataclasses)                    \
    X(__annotations_cache__) X(__annotate_func__) X(__annotations__) X(__instancecheck__)        \
    X(__subclasscheck__) X(__protocol_attrs__) X(__getattribute__) X(__class__)         \
    X(__type_params__)
enum describe_name {
#define X(name) NAME_##name,
    DESCRIBE_NAMES(X)
#undef X
    N_DESCRIBE_NAMES
};
extern PyObject *describe_names[N_DESCRIBE_NAMES];
int describe_names_ready(void); /* 0, or -1 without memory */
#define KEY(name) (describe_names[NAME_##name])

/* Value of an exact string key; NULL when there is none or `dict` is none. */
PyObject *dict_get(PyObject *dict, PyObject *key);
/* The same by UTF-8 text. */
PyObject *dict_get_text(PyObject *dict, struct ghost_str key);
/* A name in the dicts of a type's MRO, as stored. */
PyObject *type_find(PyTypeObject *type, PyObject *key);
/* An attribute of an object that typing, types or CPython made: a C member or
 * slot, else the instance's dict. Never a property. NULL when there is none. */
PyObject *attr_find(PyObject *o, PyObject *key);
/* A module by its name in sys.modules, its dict; NULL. */
PyObject *module_dict(PyObject *name);

/* UTF-8 of a str: its own memory when ASCII, else made in `s`. */
struct ghost_str str_text(struct scratch *s, PyObject *str);
static inline struct ghost_str c_text(const char *p) { return (struct ghost_str){ p, (uint32_t)strlen(p) }; }
static inline bool str_same(struct ghost_str a, struct ghost_str b) { return a.len == b.len && memcmp(a.p, b.p, a.len) == 0; }
static inline bool str_is(struct ghost_str a, const char *b) { return str_same(a, c_text(b)); }

/* ---- describe_func.c ---- */
uint64_t fingerprint_of(PyCodeObject *code, PyObject *plain_code);

/* ---- describe_type.c ---- */
struct ghost_str type_module(struct scratch *s, PyTypeObject *type);
struct ghost_str type_qualname(struct scratch *s, PyTypeObject *type);

/* ---- describe_abc.c ---- */
/* ABC bits (GHOST_ABCS) and the ABCs that `type` or a class of its MRO is
 * registered with, as borrowed types in `s`. */
struct abc_facts { uint64_t bits; uint32_t n; PyTypeObject **virtual_bases; };
int abc_facts(struct scratch *s, PyTypeObject *type, struct abc_facts *facts);

#endif
