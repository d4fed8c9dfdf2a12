/* facts_build.h - a question about a recording to numbered facts.
 *
 * Everything that a fact says is in the model: the builders count, divide and
 * compare, and never guess. The order depends on the model alone. */
#ifndef GHOST_FACTS_BUILD_H
#define GHOST_FACTS_BUILD_H

#include "facts_put.h"

/* What FN of `ghost explain FN` names: a profile, or a function that was defined
 * but never called (a node of a code tree). */
struct subject {
    const struct profile *profile;           /* NULL: never called */
    uint32_t tree, node;                     /* of the model, when never called */
    struct ghost_str module, qualname;
    uint32_t line;
    uint64_t calls;
};
struct subjects { struct subject *v; uint32_t n, cap; bool exact; };
/* Exact matches of qualname, module.qualname, fn_key or qualname:line; without one
 * those whose last part is `pattern`, else all whose qualname, else whose module and
 * qualname contain it, whatever the case. Most called first. When none does, up to 5
 * of the nearest names in `near`. */
int subjects_find(struct subjects *s, struct subjects *near, const struct atlas *a, const char *pattern, struct ghost_err *err);
void subjects_release(struct subjects *s);

/* Each fills a zeroed `out`; 0, or a negative code with `err` filled. `asked` (NULL: none) is
 * the finding in question, said before all others. */
int facts_of_function(struct facts *out, const struct atlas *a, const struct subject *s, const struct finding *asked, struct ghost_err *err);
int facts_of_session(struct facts *out, const struct atlas *a, struct ghost_err *err);
int facts_of_finding(struct facts *out, const struct atlas *a, const struct finding *finding, struct ghost_err *err);

struct diff;
int facts_of_diff(struct facts *out, const struct diff *d, struct ghost_err *err);

/* ---- parts of them ---- */

/* What stands out about a function, as NOTABLE facts; each begins with the name when `named`.
 * Returns false when out of memory. */
bool put_notable(struct facts *f, const struct atlas *a, const struct profile *p, bool named, unsigned least_weight);
/* Exception types of a group, most first: "KeyError (290)". */
bool put_error_types(struct facts *f, const struct atlas *a, uint32_t group, const struct alike_key *only);
/* A finding of a detector as a FINDINGS fact; `named`: with the function's name. */
void put_finding(struct facts *f, const struct atlas *a, const struct finding *finding, bool named);
/* How many more findings there are; nothing for none. */
void put_findings_left(struct facts *f, const struct atlas *a, uint32_t n);
/* Loss, unfinished calls, damage. */
void put_caveats(struct facts *f, const struct atlas *a, const struct profile *p);
/* Defined functions that no process called, with the code trees they stand in. */
typedef void each_dead(void *self, uint32_t tree, uint32_t node);
bool walk_dead(const struct atlas *a, each_dead *each, void *self);

#endif
