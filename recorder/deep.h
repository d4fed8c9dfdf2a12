/* deep.h - the types inside containers (--deep N), sampled.
 *
 * Only objects of exactly list, tuple, dict, set and frozenset are looked into,
 * through their C structs: no iterator, no hash, no comparison, nothing of the
 * application runs, and no reference is kept. The hooks call these functions only
 * when the recorder was started with a depth: without one, none of this is on
 * their way. All under the GIL. docs/decisions/0019-deep.md. */
#ifndef GHOST_DEEP_H
#define GHOST_DEEP_H

#include "ident.h"

/* Every call of a function at first, then ever fewer; see deep_turn's use. */
static inline bool deep_due(struct deep_turn *t) { return unlikely(t->wait-- == 0); }

static inline bool deep_is_container(const PyTypeObject *t)
{
    return t == &PyList_Type || t == &PyDict_Type || t == &PyTuple_Type || t == &PySet_Type || t == &PyFrozenSet_Type;
}

/* deep.c. `below`: the frame from which the caller is searched. */
void deep_arguments(struct funcrec *f, compat_frame *frame, PyCodeObject *code, compat_frame *below) __attribute__((cold));
void deep_value(struct funcrec *f, PyObject *value, enum deep_turns turn, compat_frame *below) __attribute__((cold));

static inline void deep_call(struct funcrec *f, compat_frame *frame, PyCodeObject *code, compat_frame *below)
{
    if (deep_due(&f->sigs->turns[DEEP_CALL]))
        deep_arguments(f, frame, code, below);
}

static inline void deep_return(struct funcrec *f, PyObject *value, compat_frame *below)
{
    if (deep_is_container(Py_TYPE(value)) && deep_due(&f->sigs->turns[DEEP_RETURN]))
        deep_value(f, value, DEEP_RETURN, below);
}

static inline void deep_yield(struct funcrec *f, PyObject *value, compat_frame *below)
{
    if (f->async_generator && compat_is_async_yield(Py_TYPE(value)))
        value = ((struct compat_wrapped *)value)->value;
    if (deep_is_container(Py_TYPE(value)) && deep_due(&f->sigs->turns[DEEP_YIELD]))
        deep_value(f, value, DEEP_YIELD, below);
}

#endif
