/* findings_facts.h - what the detectors of rates and times share: the model's
 * functions grouped by fn_key, each group with its profile. */
#ifndef GHOST_FINDINGS_FACTS_H
#define GHOST_FINDINGS_FACTS_H

#include "profile.h"

struct fact {
    uint32_t first, n;           /* range of model functions with this fn_key */
    const struct profile *p;     /* NULL: no call was seen */
    bool is_function;            /* a def: neither the body of a module or class nor a lambda or comprehension */
};
struct facts {
    struct profiles profiles;
    struct fact *v; uint32_t n;  /* in the order of the model */
    uint32_t *of;                /* by model function: its index in v */
};

int facts_make(struct facts *f, const struct ghost_model *m, struct ghost_err *err);
void facts_release(struct facts *f);

/* Calls `visit` for each edge of the group, with all its outcomes. */
typedef void facts_visit(void *self, const struct ghost_model_signature *s, const struct ghost_model_edge *e);
void facts_edges(const struct ghost_model *m, const struct fact *f, facts_visit *visit, void *self);

#endif
