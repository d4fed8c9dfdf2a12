/* signature_text.h - an argument signature as people and programs read it.
 *
 * Parameters stand in the order of the source: positional, *args, keyword-only
 * by name, **kwargs. FUNC and SIG have *args after the keyword-only ones. */
#ifndef GHOST_SIGNATURE_TEXT_H
#define GHOST_SIGNATURE_TEXT_H

#include <stdbool.h>
#include "ghost/def.h"

struct signature_form {
    bool other;                      /* the bucket of "any other" */
    bool defined;                    /* false: its definition was lost or never made */
    uint32_t co_flags, n_positional, n_kwonly;
    const struct ghost_str *params;
    uint32_t n_types;
    struct ghost_str (*type)(void *self, uint32_t i);    /* name of the i-th type, "-" where not bound */
    void *self;
};

/* Appends (int, *tuple, k=str, **dict); (...) and (?) stand for the two kinds
 * that have no types. False: no memory. */
bool signature_text(const struct signature_form *s, struct ghost_buf *to);
/* The same as a JSON array: ["int", "*tuple", "k=str", "**dict"]. */
bool signature_json(const struct signature_form *s, struct ghost_buf *to);

#endif
