/* ident.h - the small numbers of functions, types and signatures.
 *
 * A `struct funcrec` hangs off each recorded code object (co_extra). All tables
 * belong to the holder of the GIL. Records are never freed: their ids are in
 * the log. Types are not kept alive: a weak reference tells when one dies; a new
 * epoch begins then, and caches of addresses hold for one epoch only, so that an
 * address that is used again is never taken for the old type. */
#ifndef GHOST_IDENT_H
#define GHOST_IDENT_H

#include <assert.h>
#include <stddef.h>
#include "pycompat.h"
#include "recorder.h"
#include "vecmap.h"

/* A function. The first cache line is all that a call and a return of a
 * function with up to INLINE_TYPES parameters touch. */
#define INLINE_TYPES 4u
struct funcrec {
    uint64_t call_what;          /* CALL's word 1 for the last signature */
    uint32_t id;
    uint32_t epoch;              /* `types` and call_what hold in this one; 0: in none */
    uint16_t n_types;            /* parameters whose types tell the signature, when it is `readable` */
    bool readable;               /* straight from the frame: no cells, no *args, no **kwargs */
    bool generator_like, async_generator, is_module;
    struct signatures *sigs;
    PyTypeObject *types[];       /* [n_types] of the last call */
};
static_assert(offsetof(struct funcrec, types) + INLINE_TYPES * sizeof(void *) == 64, "one cache line");

/* One code may serve functions with different annotations (a closure over a
 * type, two generated __init__ of one shape): each kind is in the log. */
#define ANNOTATIONS_KEPT 16u
#define ANNOTATIONS_READ 64u
struct annotations { uint64_t seen[ANNOTATIONS_KEPT] /* hashes */; uint8_t n, n_read; bool wrapper; };

/* When a function's calls (ends, yields) are looked into next (deep.h): after `wait`
 * more, `taken` were. */
enum deep_turns { DEEP_CALL, DEEP_RETURN, DEEP_YIELD, DEEP_TURNS };
struct deep_turn { uint32_t wait, taken; };

/* The rest of a function: all its signatures. */
struct signatures {
    struct vecmap by_id;         /* vector of type ids -> signature */
    uint32_t n, co_flags;
    uint16_t n_params, width;    /* words in a vector: capture.c */
    bool full;
    struct annotations annotations;
    struct deep_turn turns[DEEP_TURNS];
};

/* co_extra of code that is not recorded. */
#define NOT_RECORDED ((struct funcrec *)1)

extern Py_ssize_t ident_extra_index;

int ident_init(void);                                   /* once per process */
static inline struct funcrec *ident_lookup(const PyCodeObject *code)
{
    return (struct funcrec *)compat_code_extra(code, ident_extra_index);
}
/* First sight of a code object: filter, number, describe. NOT_RECORDED, or the
 * record. Leaves an exception set only when an asynchronous one came in while
 * annotations were read (*async). */
struct funcrec *ident_code(PyCodeObject *code, compat_frame *frame, bool *async);

/* Another function object may run `f`'s code: describes its annotations when
 * they are others. Bounded; for cold paths. */
void ident_annotations_again(struct funcrec *f, compat_frame *frame);

uint32_t ident_type(PyTypeObject *type);                /* describe.h */

/* Addresses of types seen lately and their ids, one load and one comparison
 * away. An address leaves the table when its type dies. */
#define TYPES_SEEN 2048u
struct type_seen { PyTypeObject *type; uint32_t id; };
extern struct type_seen types_seen[TYPES_SEEN];
static inline struct type_seen *type_seen_at(const PyTypeObject *type)
{
    uintptr_t a = (uintptr_t)type >> 4;
    return &types_seen[(a ^ a >> 11) % TYPES_SEEN];
}
/* From 1. Goes on whenever a type has died: its address may be another's soon,
 * so whoever keeps addresses of types keeps the epoch with them. */
extern uint32_t ident_epoch;
struct ghost_str ident_main_name(void);

#endif
