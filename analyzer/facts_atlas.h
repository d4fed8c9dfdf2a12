/* facts_atlas.h - what the builders of facts look things up in: functions with
 * one fn_key as a group, its profile, totals of the session, and the calls of a
 * group split by signature, caller or callee. */
#ifndef GHOST_FACTS_ATLAS_H
#define GHOST_FACTS_ATLAS_H

#include "finding.h"
#include "profile.h"

/* A group of functions with one fn_key goes by the index of its first one. */
struct atlas {
    const struct ghost_model *m;
    const struct profiles *p;
    const struct findings *findings;     /* NULL: the detectors did not run */
    uint32_t *group;                     /* [n_functions] */
    uint32_t *profile;                   /* [n_functions] index of its profile, GHOST_NONE: never called */
    uint32_t *first;                     /* [p->n] group of each profile */
    bool *control;                       /* [n_types] exceptions that are no errors: StopIteration, SystemExit, ... */
    uint64_t calls, self;                /* of all functions but module bodies */
    uint32_t n_functions;                /* profiles that are no module bodies */
};
int atlas_make(struct atlas *a, const struct ghost_model *m, const struct profiles *p,
               const struct findings *findings, struct ghost_err *err);
void atlas_release(struct atlas *a);

/* The group's first function of a profile. */
uint32_t atlas_group(const struct atlas *a, const struct profile *p);
/* One behind the last function of a group. */
uint32_t atlas_group_end(const struct atlas *a, uint32_t group);

/* Calls that have something in common. */
struct alike {
    uint32_t key;                        /* signature (the first with this text), group, or GHOST_NONE */
    uint64_t calls, finished, total, max;
    uint64_t exceptions, errors;         /* left by an exception; by one that is an error */
};
struct alikes { struct alike *v; uint32_t n, cap; bool failed; };    /* most calls first */
void alikes_release(struct alikes *s);

enum alike_by { BY_SIGNATURE, BY_CALLER, BY_CALLEE };
/* The calls of a group (BY_CALLEE: those it makes). Adopted ones are left out. */
bool alikes_make(struct alikes *s, const struct atlas *a, uint32_t group, enum alike_by by);

/* What became of calls: outcomes of one kind, by type, most first. `key` narrows
 * them to calls of one row of `by`; only: GHOST_NONE narrows to nothing recorded. */
struct ended { uint32_t type; uint64_t count, raised, passed; };
struct endings { struct ended *v; uint32_t n, cap; bool failed; };
void endings_release(struct endings *e);
enum ending_kind { ENDINGS_EXCEPTIONS, ENDINGS_RETURNS, ENDINGS_YIELDS, ENDINGS_CAUGHT };
struct alike_key { enum alike_by by; uint32_t key; };
bool endings_make(struct endings *e, const struct atlas *a, uint32_t group, enum ending_kind kind, const struct alike_key *only);

/* Types a parameter was given: calls by type, most first. */
bool parameter_types(struct endings *e, const struct atlas *a, uint32_t group, uint32_t param);

/* Rows of `by` that calls of one row of `of` are split into: how many, and the largest. */
struct origin { uint32_t rows, key; uint64_t calls; };
bool origin_make(struct origin *o, const struct atlas *a, uint32_t group, struct alike_key of, enum alike_by by);

static inline double alike_mean(const struct alike *s) { return s->finished ? (double)s->total / (double)s->finished : 0; }

#endif
