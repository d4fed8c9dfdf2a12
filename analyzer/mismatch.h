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

/* Callers of what is odd, among all of theirs. */
struct tally { uint32_t key; uint64_t count, of; };
struct tallies { struct tally *v; uint32_t n; };
void tally_add(struct tallies *t, uint32_t key, uint64_t count, uint64_t of);
void tally_merge(struct tallies *t);     /* one row a key, those with the largest count first */

/* One type in the calls of one signature, or with one way to end. */
struct seen {
    uint32_t type, index;                /* index: of an element, else 0 */
    uint32_t signature, outcome;         /* outcome: GHOST_NONE where the calls are meant, not their ends; signature: of a sampled container */
    const struct ghost_model_content *content; /* what was seen in it, or NULL */
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

/* Judges a sampled container by what was seen in it: adds why it does not fit; nothing where it
 * fits, or where it does not whatever is in it. */
typedef void deep_judge(void *self, const struct ghost_model_sample *s, struct annot_faults *faults);
/* A finding for each kind of element that does not fit or is undecided. */
int place_report_deep(const struct place *p, const struct ghost_model *m, uint32_t function, deep_judge *judge, void *self,
                      struct findings *out, struct ghost_err *err);

/* Words that both kinds of finding share. `count`: of all callers. */
void place_tell_callers(const struct ghost_model *m, const struct tallies *callers, uint64_t count, struct findings *out, struct finding *row);
struct ghost_str place_type_text(const struct place *p, const struct ghost_model_type *t, struct findings *out);
const char *place_percent(char out[], double rate);      /* room for HUMAN */
enum severity place_severity(double rate);

#endif
