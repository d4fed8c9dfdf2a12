/* defs.h - the definitions of one process, collected from its frames in any
 * order by several threads.
 *
 * Of definitions with the same number the one that stands first in the log is
 * kept; of META values, NOTE and SAMPLED counts the last; LOSS counts add up. So the
 * result does not depend on which thread decoded which frame. */
#ifndef GHOST_DEFS_H
#define GHOST_DEFS_H

#include <pthread.h>
#include "arena.h"
#include "ghost/def.h"
#include "ghost/event.h"
#include "ghost/record.h"

struct defs_entry {
    uint64_t order;                  /* offset of its frame in the log */
    struct ghost_def def;            /* a copy, in the arena */
    uint64_t unknown;                /* LOSS: records without a count */
};

struct defs {
    pthread_mutex_t lock;
    struct arena arena;
    struct defs_entry *entries; uint32_t n, cap;
    struct table by_key;
    uint64_t n_threads;              /* highest thread number met */
};

int defs_init(struct defs *d);
void defs_release(struct defs *d);
/* Takes a decoded definition. 0 or GHOST_E_NOMEM. Thread-safe. */
int defs_add(struct defs *d, const struct ghost_def *def, uint64_t order);

/* The definition with this number, or NULL. Not while others add. */
const struct ghost_def_func *defs_func(const struct defs *d, uint32_t id);
const struct ghost_def_type *defs_type(const struct defs *d, uint32_t id);
const struct ghost_def_sig *defs_sig(const struct defs *d, uint32_t func, uint32_t id);
const struct ghost_def_thread *defs_thread(const struct defs *d, uint32_t id);
const struct ghost_def_mark *defs_mark(const struct defs *d, uint32_t id);

/* The same for trees of the same content. */
uint64_t defs_tree_hash(const struct ghost_def_tree *t);

/* Puts the entries into the order of kind, then number. 0 or GHOST_E_NOMEM. */
int defs_sort(struct defs *d);

#endif
