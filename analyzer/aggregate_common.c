/* aggregate_common.c - what the workers of a log add to together. */
#include "aggregate.h"

bool agg_common_init(struct agg_common *c)
{
    *c = (struct agg_common){ 0 };
    return pthread_mutex_init(&c->lock, NULL) == 0;
}

void agg_common_release(struct agg_common *c)
{
    free(c->far);
    free(c->failures);
    table_release(&c->by_far);
    table_release(&c->by_failure);
    slices_release(&c->slices);
    slices_release(&c->failed);
    pthread_mutex_destroy(&c->lock);
}

static bool add_far(struct agg_common *c, const struct agg_far *f)
{
    uint64_t key = ((uint64_t)f->func << GHOST_SIG_BITS | f->sig) * HIST_BUCKETS + f->bucket;
    if (!grow_array(&c->far, c->n_far, &c->cap_far, sizeof *c->far))
        return false;
    uint32_t i = table_put(&c->by_far, key, c->n_far);
    if (i == TABLE_NONE)
        return false;
    if (i == c->n_far)
        c->far[c->n_far++] = (struct agg_far){ f->func, f->sig, f->bucket, 0 };
    c->far[i].count += f->count;
    return true;
}

bool agg_common_far(struct agg_common *c, const struct agg_far *v, uint32_t n)
{
    bool ok = true;
    pthread_mutex_lock(&c->lock);
    for (uint32_t i = 0; i < n && ok; i++)
        ok = add_far(c, &v[i]);
    pthread_mutex_unlock(&c->lock);
    return ok;
}

static bool add_failure(struct agg_common *c, const struct agg_failure *f)
{
    uint64_t key = ((uint64_t)f->func << 4 | f->end) << 32 | f->type;
    if (!grow_array(&c->failures, c->n_failures, &c->cap_failures, sizeof *c->failures))
        return false;
    uint32_t i = table_put(&c->by_failure, key, c->n_failures);
    if (i == TABLE_NONE)
        return false;
    if (i == c->n_failures)
        c->failures[c->n_failures++] = *f;
    return slices_add(&c->failed, i, f->real, &(struct slice_sums){ .exceptions = 1 });
}
static_assert(GHOST_END_COUNT <= 16, "four bits for the end");

bool agg_common_failures(struct agg_common *c, const struct agg_failure *v, uint32_t n)
{
    bool ok = true;
    pthread_mutex_lock(&c->lock);
    for (uint32_t i = 0; i < n && ok; i++)
        ok = add_failure(c, &v[i]);
    pthread_mutex_unlock(&c->lock);
    return ok;
}

bool agg_common_slice(struct agg_common *c, uint64_t real, const uint32_t *funcs, uint32_t n, const struct slice_sums *sums)
{
    bool ok = true;
    pthread_mutex_lock(&c->lock);
    for (uint32_t i = 0; i < n && ok; i++)
        ok = slices_add(&c->slices, funcs[i], real, &sums[funcs[i]]);
    atomic_store_explicit(&c->shift, c->slices.shift, memory_order_relaxed);
    pthread_mutex_unlock(&c->lock);
    return ok;
}

bool agg_common_reach(struct agg_common *c, unsigned shift)
{
    bool ok = slices_reach(&c->slices, shift);
    atomic_store_explicit(&c->shift, c->slices.shift, memory_order_relaxed);
    return ok;
}
