/* ident.h - the small numbers of functions, types and signatures.
 *
 * A `struct funcrec` hangs off each recorded code object (co_extra). All tables
 * belong to the holder of the GIL. Records are never freed: their ids are in
 * the log. Types are not kept alive: a weak reference tells when one dies, and
 * every cache that holds its address forgets it, so that an address that is
 * used again is never taken for the old type. */
#ifndef GHOST_IDENT_H
#define GHOST_IDENT_H

#include "pycompat.h"
#include "recorder.h"
#include "vecmap.h"

/* Signatures remembered beside the last one: most functions have few. */
#define OTHER_SIGNATURES 4u

struct funcrec {
    /* hot: one cache line */
    uint64_t call_what;          /* CALL's word 1 for the cached signature */
    uint64_t return_what, yield_what;
    PyTypeObject *return_type, *yield_type;
    uint32_t id;
    uint16_t n_fast;             /* argument types to compare for the cached signature ... */
    bool fast;                   /* ... when they can be read straight from the frame */
    bool generator_like, is_module;
    bool cached;                 /* `last` holds the types of call_what's signature */
    PyTypeObject **last;         /* [n_fast] */
    /* warm: what was seen before the last; looked at before any table */
    PyTypeObject *other_return, *other_yield;
    uint64_t other_return_what, other_yield_what;
    PyTypeObject **others;       /* [OTHER_SIGNATURES][n_fast] */
    uint64_t others_what[OTHER_SIGNATURES]; /* 0: free */
    uint8_t next_other;
    /* cold */
    uint16_t n_params, width;    /* words in a signature vector: capture.c */
    uint32_t co_flags;
    bool sig_full;
    struct vecmap by_pointer;    /* vector of type addresses -> signature: a cache */
    struct vecmap by_id;         /* vector of type ids -> signature: the truth */
    uint32_t n_sigs;
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

uint32_t ident_type(PyTypeObject *type);                /* describe.h */
/* Remembers that a cache of `f` holds the address of `type`. */
void ident_type_used(PyTypeObject *type, struct funcrec *f);
struct ghost_str ident_main_name(void);

#endif
