/* annot_type.h - questions about a recorded type, answered by names.
 *
 * Classes are compared by module and qualname: the same class is another index
 * in another process when its definition differs there. A type whose definition
 * was lost has no MRO; ask type_is_known first. */
#ifndef GHOST_ANNOT_TYPE_H
#define GHOST_ANNOT_TYPE_H

#include <string.h>
#include "ghost/model.h"

enum type_abc {
#define X(name) ABC_##name,
    GHOST_ABCS(X)
#undef X
    N_TYPE_ABCS
};
extern const char *const type_abc_names[N_TYPE_ABCS];

static inline bool str_equal(struct ghost_str a, struct ghost_str b)
{
    return a.len == b.len && (a.p == b.p || memcmp(a.p, b.p, a.len) == 0);
}
static inline bool str_equals(struct ghost_str a, const char *b) { return a.len == strlen(b) && memcmp(a.p, b, a.len) == 0; }

bool type_is_known(const struct ghost_model_type *t);
bool type_is(const struct ghost_model_type *t, const char *module, const char *qualname);
bool type_same(const struct ghost_model_type *a, const struct ghost_model_type *b);
/* Subclass by MRO. */
bool type_derives(const struct ghost_model *m, const struct ghost_model_type *t, const struct ghost_model_type *base);
bool type_derives_named(const struct ghost_model *m, const struct ghost_model_type *t, const char *module, const char *qualname);
/* Subclass by registration (ABCMeta.register), or of a class that is. */
bool type_is_registered(const struct ghost_model *m, const struct ghost_model_type *t, const struct ghost_model_type *base);
/* The class of the MRO that has this name in its namespace, NULL none. */
const struct ghost_model_type *type_owner(const struct ghost_model *m, const struct ghost_model_type *t, struct ghost_str member);
static inline bool type_has(const struct ghost_model *m, const struct ghost_model_type *t, const char *member)
{
    return type_owner(m, t, (struct ghost_str){ member, (uint32_t)strlen(member) }) != NULL;
}
static inline bool type_has_abc(const struct ghost_model_type *t, enum type_abc abc) { return t->abcs >> abc & 1; }

/* Stands for whatever it is asked to be: unittest.mock, a subclass of typing.Any. */
bool type_is_double(const struct ghost_model *m, const struct ghost_model_type *t);
/* May claim another class than its own (GHOST_TYPE_POSES, a weak proxy):
 * its type does not tell what isinstance would say. */
bool type_is_proxy(const struct ghost_model *m, const struct ghost_model_type *t);
/* What typing and types make of classes: list[int] is no class, but stands where one is asked for. */
bool type_is_alias_object(const struct ghost_model *m, const struct ghost_model_type *t);

/* Has `t` the members that the Protocol `p` asks for? */
enum type_has_all { TYPE_HAS_ALL, TYPE_LACKS_SOME, TYPE_MAY_LACK };
enum type_has_all type_satisfies(const struct ghost_model *m, const struct ghost_model_type *t, const struct ghost_model_type *p);

#endif
