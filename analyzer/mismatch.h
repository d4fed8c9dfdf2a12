/* mismatch.h - what was seen at one place of a function, and the findings it
 * makes (mismatch_collect.c, mismatch_report.c). */
#ifndef GHOST_MISMATCH_H
#define GHOST_MISMATCH_H

#include "annot_decide.h"
#include "finding.h"

enum place_kind {
    PLACE_PARAM,      /* a parameter: its argument */
    PLACE_ARGS,       /* the elements of *args */
    PLACE_KWARGS,     /* the values of **kwargs */
    PLACE_RETURN,     /* what was returned (awaited, of a coroutine; the final value, of a generator) */
    PLACE_YIELD,
    PLACE_GENERATOR,  /* the generator itself, which calling its function gives */
};

/* One type in the calls of one signature, or with one way to end. */
struct seen {
    uint32_t type, index;                /* index: of an element, else 0 */
    uint32_t signature, outcome;         /* outcome: GHOST_NONE where the calls are meant, not their ends */
    uint64_t count;
    struct annot_answer answer;
    bool reported;
};

struct place {
    enum place_kind kind;
    uint32_t param;                      /* index, of parameters */
    struct ghost_str name;               /* price, *args, return, yield */
    struct ghost_str annotated;
    struct seen *v; uint32_t n;
    uint64_t total;                      /* calls (ends, yields) whose type is known */
};

/* Lists what was seen, in the arena. 0 or GHOST_E_NOMEM. */
int place_collect(struct place *p, const struct ghost_model *m, const struct ghost_model_function *f, struct arena *arena);
/* A finding for each type that does not fit or is undecided. */
int place_report(struct place *p, const struct ghost_model *m, uint32_t function, struct findings *out, struct ghost_err *err);

#endif
