/* annot_rules.h - the parts of annot_decide: classes (annot_class.c), the
 * constructs of typing (annot_special.c), what is inside containers (annot_elements.c),
 * names and trees (annot_decide.c). */
#ifndef GHOST_ANNOT_RULES_H
#define GHOST_ANNOT_RULES_H

#include "annot_decide.h"
#include "annot_type.h"

static const struct annot_answer annot_match = { ANNOT_MATCH, NULL }, annot_mismatch = { ANNOT_MISMATCH, NULL };
static inline struct annot_answer annot_undecided(const char *reason) { return (struct annot_answer){ ANNOT_UNDECIDED, reason }; }
static inline struct annot_answer annot_if(bool match) { return match ? annot_match : annot_mismatch; }

/* An instance of `t` where an instance of `want` is asked for. */
struct annot_answer annot_class(const struct ghost_model *m, const struct ghost_model_type *want, const struct ghost_model_type *t);
/* The same for classes of the standard library by name, whether recorded or not. */
struct annot_answer annot_class_named(const struct ghost_model *m, const char *module, const char *qualname, const struct ghost_model_type *t);
struct annot_answer annot_abc(const struct ghost_model *m, enum type_abc abc, const struct ghost_model_type *t);

/* A construct by its name in typing; false: no such construct is known. */
bool annot_special(struct annot_judge *j, struct ghost_str name, const struct annot_node *arguments, const struct ghost_model_type *t,
                   struct annot_answer *answer);

/* The answer `a` about a container, made stricter by what was seen in it: `name` as it stands in
 * typing, builtins or collections.abc. */
struct annot_answer annot_elements(struct annot_judge *j, struct ghost_str name, const struct annot_node *arguments, struct annot_answer a);

/* One of a chain of alternatives. */
struct annot_answer annot_any_of(struct annot_judge *j, const struct annot_node *first, const struct ghost_model_type *t);
struct annot_answer annot_node_decide(struct annot_judge *j, const struct annot_node *n, const struct ghost_model_type *t);

#endif
