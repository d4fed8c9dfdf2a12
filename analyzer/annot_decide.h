/* annot_decide.h - does an observed type fit an annotation?
 *
 * MATCH and MISMATCH are sure. What the recorded facts cannot decide is
 * UNDECIDED, with a reason; it is never reported as a mismatch, because a false
 * alarm is worse than a miss. The rules are those of the typing specification
 * at the level of containers: of `list[int]` only the list is looked at, unless
 * what was seen in it is known (`content`). docs/type-mismatch.md lists them. */
#ifndef GHOST_ANNOT_DECIDE_H
#define GHOST_ANNOT_DECIDE_H

#include "annot_parse.h"
#include "ghost/model.h"

enum annot_verdict { ANNOT_MATCH, ANNOT_MISMATCH, ANNOT_UNDECIDED };
struct annot_answer { enum annot_verdict verdict; const char *reason; /* when undecided: why, a static text */ };

/* Where in a container something does not fit: the way from the value to it. */
enum annot_role {
    ANNOT_ELEMENT, ANNOT_KEY, ANNOT_VALUE,
    ANNOT_POSITION,                      /* of a tuple; position: counted from 0 */
    ANNOT_LENGTH,                        /* no way: a tuple of `position` elements where another number is asked for */
};
struct annot_step { enum annot_role role; uint32_t position; };
struct annot_fault {
    unsigned n_path; struct annot_step path[GHOST_DEEP_LEVELS];
    uint32_t type;                       /* what was seen there; GHOST_NONE of a length */
    struct annot_answer answer;
};
#define ANNOT_FAULTS 64u                 /* further ones are not listed */
struct annot_faults { struct annot_fault v[ANNOT_FAULTS]; unsigned n; };

/* One ANNOT record and the call that is judged by it. */
struct annot_judge {
    const struct ghost_model *m;
    const struct ghost_def_annot *annot;
    struct arena *arena;                 /* for trees of names' texts */
    uint32_t self;                       /* the type of the first argument, or GHOST_NONE: for Self */
    bool used_self;                      /* out: the answer depends on `self` */
    const struct ghost_model_content *content; /* what was seen in the value, NULL: only its type is known */
    struct annot_faults *faults;         /* out, added to: why it is not a match, by parts of the content; or NULL */
    /* private */
    unsigned depth, budget;
    uint32_t owner;                      /* the class that defines the function */
    const struct annot_binding *bindings;
    unsigned n_path; struct annot_step path[GHOST_DEEP_LEVELS];
};

/* `type` NULL: it was not recorded. `annotation` NULL: its text is none. */
struct annot_answer annot_decide(struct annot_judge *j, const struct annot_node *annotation, const struct ghost_model_type *type);

/* Faults so far, and back to so many. */
unsigned annot_faults_mark(const struct annot_judge *j);
void annot_faults_drop(struct annot_judge *j, unsigned mark);

/* What a name in the annotation denotes; NULL when the record does not say. */
const struct ghost_def_name *annot_denotes(const struct annot_judge *j, struct ghost_str name, bool literal);
/* The construct of typing that an expression is a use of ("Generator"), or that its class is the
 * collections.abc form of; empty: none. `arguments`: the first of its arguments, NULL none. */
struct ghost_str annot_construct(const struct annot_judge *j, const struct annot_node *n, const struct annot_node **arguments);
/* Such an object, as if it had been recorded: what calling a generator function returns. */
struct ghost_model_type annot_generator_type(bool async);
/* Through names that stand for another annotation (aliases, Annotated): the annotation meant. */
const struct annot_node *annot_unalias(struct annot_judge *j, const struct annot_node *n);

#endif
