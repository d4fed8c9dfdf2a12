/* findings_groups.h - what the detectors of rates and times share: the model's
 * functions grouped by fn_key, each group with its profile. */
#ifndef GHOST_FINDINGS_GROUPS_H
#define GHOST_FINDINGS_GROUPS_H

#include "profile.h"

struct group {
    uint32_t first, n;           /* range of model functions with this fn_key */
    const struct profile *p;     /* NULL: no call was seen */
    bool is_function;            /* a def: neither the body of a module or class nor a lambda or comprehension */
};
struct groups {
    struct group *v; uint32_t n;  /* in the order of the model */
    uint32_t *of;                /* by model function: its index in v */
};

/* `p`: the model's profiles, which must live as long. */
int groups_make(struct groups *f, const struct ghost_model *m, const struct profiles *p, struct ghost_err *err);
void groups_release(struct groups *f);

/* Calls `visit` for each edge of the group, with all its outcomes. */
typedef void group_visit(void *self, const struct ghost_model_signature *s, const struct ghost_model_edge *e);
void group_edges(const struct ghost_model *m, const struct group *f, group_visit *visit, void *self);

#endif
