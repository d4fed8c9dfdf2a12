/* def.h - definitions: what an event's numbers mean.
 *
 * The recorder encodes each definition once per process and the reader gives
 * it back as the same struct. Encoder and decoder stand together in
 * format/def.c. A definition may be repeated in a log (a reader ignores an
 * identical repetition) and must precede the first block that uses it, unless
 * the frame that held it was damaged; then the number is all that is known.
 *
 * Strings are UTF-8 with lone surrogates allowed (Python's "surrogatepass"),
 * not NUL-terminated; at most GHOST_STR_MAX bytes, longer ones are cut by the
 * encoder with "..." at the end.
 *
 * Ownership: encoders copy everything into the buffer. Decoded structs point
 * into the caller's record bytes and into the decoder's scratch memory; both
 * are valid until the next call with the same decoder. */
#ifndef GHOST_DEF_H
#define GHOST_DEF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "ghost/err.h"

#define GHOST_STR_MAX 4096u
#define GHOST_PARAM_MAX 1024u    /* parameters of one function */
#define GHOST_LIST_MAX 65536u    /* MRO entries, members, names, tree nodes */

struct ghost_str { const char *p; uint32_t len; };
/* By bytes, as memcmp; the shorter of two with a common beginning comes first. */
static inline int ghost_str_compare(struct ghost_str a, struct ghost_str b)
{
    int r = memcmp(a.p, b.p, a.len < b.len ? a.len : b.len);
    return r ? r : (a.len > b.len) - (a.len < b.len);
}
#define GHOST_STR(literal) ((struct ghost_str){ (literal), sizeof(literal) - 1 })

/* A growing byte buffer. A failed allocation sets `failed` and later calls do
 * nothing, so a chain of writes is checked once at its end. */
struct ghost_buf { uint8_t *p; size_t len, cap; bool failed; };
void ghost_buf_release(struct ghost_buf *b);

/* ---- FUNC: from the code object and the globals it ran in ----
 * Parameters in CPython's order: positional (positional-only first),
 * keyword-only, *args, **kwargs. */
#define GHOST_CO_VARARGS 0x0004u      /* the flag bits are CPython's co_flags */
#define GHOST_CO_VARKEYWORDS 0x0008u
#define GHOST_CO_NESTED 0x0010u
#define GHOST_CO_GENERATOR 0x0020u
#define GHOST_CO_COROUTINE 0x0080u
#define GHOST_CO_ASYNC_GENERATOR 0x0200u
#define GHOST_CO_GENERATOR_LIKE (GHOST_CO_GENERATOR | GHOST_CO_COROUTINE | GHOST_CO_ASYNC_GENERATOR)

struct ghost_def_func {
    uint32_t id;                     /* 1..GHOST_FUNC_MAX */
    uint32_t co_flags;
    uint32_t first_line;             /* of the first decorator, as CPython has it */
    uint32_t n_posonly, n_positional /* includes posonly */, n_kwonly;
    struct ghost_str module, qualname, file;
    uint64_t fingerprint;            /* of the bytecode and its names; 0 unknown. 32 bits (64 in logs of version 1) */
    uint32_t n_params;               /* n_positional + n_kwonly + varargs? + varkw? */
    const struct ghost_str *params;
};

/* ---- TYPE ---- */
#define GHOST_TYPE_HEAP 0x01u        /* made by Python code or PyType_FromSpec */
#define GHOST_TYPE_ABSTRACT 0x02u    /* has abstract methods left */
#define GHOST_TYPE_ABC 0x04u         /* its metaclass is ABCMeta or derived from it */
#define GHOST_TYPE_PROTOCOL 0x08u    /* typing.Protocol class itself (_is_protocol) */
#define GHOST_TYPE_EXCEPTION 0x10u   /* derives from BaseException */
#define GHOST_TYPE_ENUM 0x20u
#define GHOST_TYPE_TYPEDDICT 0x40u
#define GHOST_TYPE_METACLASS 0x80u   /* instances are types */
#define GHOST_TYPE_CUSTOM_CHECK 0x100u /* its metaclass has an isinstance check of its own (not ABCMeta and such) */
#define GHOST_TYPE_POSES 0x200u      /* has a __class__ of its own, or a __getattribute__ written in Python: may claim another class */

/* Which collections.abc ABCs the type satisfies: bit i is row i of this list,
 * in this order for ever; new rows go to the end. */
#define GHOST_ABCS(X)                                                                   \
    X(Hashable) X(Awaitable) X(Coroutine) X(AsyncIterable) X(AsyncIterator)             \
    X(AsyncGenerator) X(Iterable) X(Iterator) X(Generator) X(Reversible) X(Sized)       \
    X(Container) X(Collection) X(Callable) X(Set) X(MutableSet) X(Mapping)              \
    X(MutableMapping) X(MappingView) X(KeysView) X(ItemsView) X(ValuesView)             \
    X(Sequence) X(MutableSequence) X(ByteString) X(Buffer)

struct ghost_def_type {
    uint32_t id;                     /* from 1 */
    uint32_t flags;                  /* GHOST_TYPE_* */
    uint64_t abcs;                   /* GHOST_ABCS bits */
    struct ghost_str module, qualname;
    uint32_t n_mro;                  /* type ids, the type itself first */
    const uint32_t *mro;
    uint32_t n_virtual;              /* ABCs it, or a class of its MRO, is registered with */
    const uint32_t *virtual_bases;
    uint32_t n_members;              /* names in the type's own namespace */
    const struct ghost_str *members;
};

/* ---- SIG ---- type ids per parameter, in FUNC's order; 0 = not bound. The
 * types of the first GHOST_SIG_ELEMENTS elements of *args and values of
 * **kwargs are kept beside, with how many elements there were at most told
 * apart (0, 1, 2, 3 and "more" = 4). */
#define GHOST_SIG_ELEMENTS 3u
struct ghost_def_sig {
    uint32_t func, id;               /* id 1..GHOST_SIG_OTHER */
    uint32_t n_params;
    const uint32_t *types;
    uint32_t n_args, n_kwargs;       /* 0..4, 4 means more than GHOST_SIG_ELEMENTS */
    uint32_t args[GHOST_SIG_ELEMENTS], kwargs[GHOST_SIG_ELEMENTS];
};

/* ---- CONTENT, SAMPLED ---- the types inside a container (--deep). Only objects of
 * exactly list, tuple, dict, set and frozenset have a content. It is what one look
 * saw: a bounded number of elements, each of a type and, when it is such a container
 * itself, perhaps with a content of its own (0: it was not looked into).
 * A tuple of up to GHOST_TUPLE_APART elements has its items by position, from the
 * first on, perhaps not all; everything else has each different item (key) once. */
#define GHOST_DEEP_MAX 256u          /* elements looked at in one container, at most */
#define GHOST_DEEP_LEVELS 4u         /* containers in containers */
#define GHOST_TUPLE_APART 16u
struct ghost_def_part { uint32_t type, content; };
struct ghost_def_content {
    uint32_t id;                     /* from 1; the contents of its parts have smaller ones */
    uint32_t type;
    uint32_t size;                   /* elements of a tuple, GHOST_TUPLE_APART + 1 for more; 0 for everything else */
    uint32_t n_keys;                 /* of a dict */
    const struct ghost_def_part *keys;
    uint32_t n_items;                /* elements; a dict's values */
    const struct ghost_def_part *items;
};
enum { GHOST_PLACE_RETURN, GHOST_PLACE_YIELD, GHOST_PLACE_PARAM /* the first one, and so on in FUNC's order */ };
struct ghost_def_sampled {
    uint32_t func;
    uint32_t caller;                 /* nearest recorded function below, 0 none */
    uint32_t place;                  /* GHOST_PLACE_* */
    uint32_t index;                  /* which of the first elements of *args (values of **kwargs), else 0 */
    uint32_t content;
    uint64_t count;                  /* objects so far: the last record of one func, caller, place, index and content counts */
};

/* ---- ANNOT ---- annotations as source-like text; every name in the text is
 * told apart by what it denotes in the function's own scope. */
#define GHOST_NAMES(X)                                                                  \
    X(UNRESOLVED, 0, "no such name at the time (a TYPE_CHECKING import, a forward reference)") \
    X(TYPE, 1, "a class: type = its id")                                                \
    X(SPECIAL, 2, "a construct of typing or types: text = its qualified name, as typing.Optional; of Self, type = the class that defines the function") \
    X(MODULE, 3, "a module: text = its name")                                           \
    X(TYPEVAR, 4, "text = bound, or constraints joined by ', '; flags tell which")      \
    X(NEWTYPE, 5, "text = the supertype as an annotation")                              \
    X(ALIAS, 6, "a type alias: text = its value as an annotation")                      \
    X(LITERAL, 7, "a value inside Literal[...]: type = the value's type")               \
    X(OTHER, 8, "some other object: type = its type's id")

enum ghost_name_kind {
#define X(name, number, text) GHOST_NAME_##name = number,
    GHOST_NAMES(X)
#undef X
};
#define GHOST_TYPEVAR_BOUND 1u
#define GHOST_TYPEVAR_CONSTRAINTS 2u
#define GHOST_TYPEVAR_PARAMSPEC 4u
#define GHOST_TYPEVAR_TUPLE 8u
#define GHOST_TYPEVAR_LAZY 16u       /* bound not evaluated by the application yet */

struct ghost_def_name {
    uint32_t kind;                   /* enum ghost_name_kind */
    uint32_t type;                   /* type id or 0 */
    uint32_t flags;
    struct ghost_str name;           /* as it stands in a text of this record */
    struct ghost_str text;
};
struct ghost_def_annotation {
    struct ghost_str param;          /* parameter name, or "return" */
    struct ghost_str text;           /* never contains a value: Literal members are <type name> */
};
#define GHOST_ANNOT_WRAPPER 1u       /* the function has __wrapped__: hints may be another's */
#define GHOST_ANNOT_UNREADABLE 2u    /* some annotation could not be rendered */
#define GHOST_ANNOT_STRINGS 4u       /* from __future__ import annotations, or strings */
struct ghost_def_annot {
    uint32_t func, flags;
    uint32_t n_annotations;
    const struct ghost_def_annotation *annotations;
    uint32_t n_names;
    const struct ghost_def_name *names;
    uint32_t n_defaults;             /* (parameter index, type id) of defaults, by FUNC's order */
    const uint32_t *defaults;        /* 2 * n_defaults numbers */
};

/* ---- TREE: preorder; node 0 is the module's own code object ---- */
#define GHOST_NODE_FUNCTION 0x01u    /* a def, lambda or comprehension (CO_OPTIMIZED) */
#define GHOST_NODE_CLASS 0x02u       /* a class body */
#define GHOST_NODE_OVERLOAD 0x04u    /* decorated with typing.overload */
#define GHOST_NODE_ABSTRACT 0x08u    /* decorated with an abstract-method decorator */
#define GHOST_NODE_PROTOCOL 0x10u    /* inside a Protocol class */
#define GHOST_NODE_TYPE_CHECKING 0x20u /* under `if TYPE_CHECKING:` */
#define GHOST_NODE_MAIN_GUARD 0x40u  /* under `if __name__ == "__main__":` */
#define GHOST_NODE_TRIVIAL 0x80u     /* the body is `...`, `pass`, a docstring or `raise NotImplementedError` */
#define GHOST_NODE_DECORATED 0x100u
#define GHOST_NODE_COMPREHENSION 0x200u
#define GHOST_NODE_LAMBDA 0x400u
#define GHOST_NODE_ANNOTATE 0x800u   /* an annotation scope or a PEP 695 type-parameter scope */
#define GHOST_NODE_EMPTY 0x1000u     /* TRIVIAL, and returns None: `...`, `pass`, a docstring */
#define GHOST_NODE_IMPORTED 0x2000u  /* of a module or class that imports something under the same name, too (`from m import f`) */
struct ghost_def_node {
    uint32_t parent;                 /* index, < own index; 0 for node 0 */
    uint32_t flags;                  /* GHOST_NODE_* */
    uint32_t co_flags;
    uint32_t first_line;
    uint64_t fingerprint;            /* in node 0: of all code of the module; 0 unknown (version 1: of each node) */
    struct ghost_str qualname;
};
struct ghost_def_tree {
    struct ghost_str module, file;
    uint32_t n_nodes;
    const struct ghost_def_node *nodes;
};

/* ---- small ones ---- */
struct ghost_def_thread { uint32_t id; uint64_t os_tid; uint64_t start_tick; struct ghost_str name; };
struct ghost_def_mark { uint32_t id; struct ghost_str name; };
struct ghost_def_note { uint32_t code; uint64_t count; struct ghost_str detail; };
struct ghost_def_child { uint64_t pid; uint64_t tick; };
struct ghost_def_loss {
    uint32_t thread;                 /* 0: the whole process */
    uint32_t cause;                  /* enum ghost_loss_cause */
    uint64_t count;                  /* events; 0: an unknown number */
    uint64_t first_tick, last_tick;  /* 0, 0 when unknown */
};
struct ghost_def_end { uint64_t events, lost; uint64_t mono_ns, real_ns; };
/* META: see docs/format.md for the keys. */
struct ghost_def_pair { struct ghost_str key, value; };
struct ghost_def_meta { uint32_t n_pairs; const struct ghost_def_pair *pairs; };

/* Each appends one whole record (id, length, payload) to `b`. */
void ghost_encode_func(struct ghost_buf *b, const struct ghost_def_func *d);
void ghost_encode_type(struct ghost_buf *b, const struct ghost_def_type *d);
void ghost_encode_sig(struct ghost_buf *b, const struct ghost_def_sig *d);
void ghost_encode_content(struct ghost_buf *b, const struct ghost_def_content *d);
void ghost_encode_sampled(struct ghost_buf *b, const struct ghost_def_sampled *d);
void ghost_encode_annot(struct ghost_buf *b, const struct ghost_def_annot *d);
void ghost_encode_tree(struct ghost_buf *b, const struct ghost_def_tree *d);
void ghost_encode_thread(struct ghost_buf *b, const struct ghost_def_thread *d);
void ghost_encode_mark(struct ghost_buf *b, const struct ghost_def_mark *d);
void ghost_encode_note(struct ghost_buf *b, const struct ghost_def_note *d);
void ghost_encode_child(struct ghost_buf *b, const struct ghost_def_child *d);
void ghost_encode_loss(struct ghost_buf *b, const struct ghost_def_loss *d);
void ghost_encode_end(struct ghost_buf *b, const struct ghost_def_end *d);
void ghost_encode_meta(struct ghost_buf *b, const struct ghost_def_meta *d);

/* A decoded definition; `kind` (enum ghost_record_kind) selects the member. */
struct ghost_def {
    uint32_t kind;
    union {
        struct ghost_def_func func; struct ghost_def_type type; struct ghost_def_sig sig;
        struct ghost_def_annot annot; struct ghost_def_tree tree; struct ghost_def_thread thread;
        struct ghost_def_mark mark; struct ghost_def_note note; struct ghost_def_child child;
        struct ghost_def_loss loss; struct ghost_def_end end; struct ghost_def_meta meta;
        struct ghost_def_content content; struct ghost_def_sampled sampled;
    } u;
};

#endif
