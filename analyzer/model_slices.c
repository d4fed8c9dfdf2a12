/* model_slices.c - what happened when: sums of workers and processes become the
 * model's slices. */
#include "model_build.h"

#include <string.h>

static bool add_sums(struct build *b, uint32_t function, uint64_t real, const struct slice_sums *sums)
{
    uint32_t n = table_put(&b->slice_owner, (uint64_t)function << 32 | b->process, b->slice_owners.n);
    if (n == TABLE_NONE)
        return false;
    if (n == b->slice_owners.n) {
        struct build_owner *owner = LIST_ADD(&b->slice_owners);
        if (!owner)
            return false;
        *owner = (struct build_owner){ function, b->process };
    }
    return slices_add(&b->slices, n, real, sums);
}

/* A generator that GeneratorExit ended was closed: see build_true_end. */
static bool is_failure(struct build *b, const struct agg_failure *f, uint32_t function)
{
    return GHOST_END_IS_EXCEPTION(build_true_end(b, f->end, build_type(b, f->type), &b->functions.v[function]));
}

int build_slices(struct build *b, const struct agg_common *c)
{
    if ((c->slices.n && !slices_reach(&b->slices, c->slices.shift)) || (c->failed.n && !slices_reach(&b->slices, c->failed.shift)))
        return GHOST_E_NOMEM;
    for (uint32_t i = 0; i < c->slices.n; i++) {
        const struct slice_row *row = &c->slices.rows[i];
        uint32_t function = build_function(b, row->who);
        if (function == TABLE_NONE || !add_sums(b, function, row->number << c->slices.shift, &row->sums))
            return GHOST_E_NOMEM;
    }
    for (uint32_t i = 0; i < c->failed.n; i++) {
        const struct slice_row *row = &c->failed.rows[i];
        const struct agg_failure *failure = &c->failures[row->who];
        uint32_t function = build_function(b, failure->func);
        if (function == TABLE_NONE)
            return GHOST_E_NOMEM;
        if (is_failure(b, failure, function) && !add_sums(b, function, row->number << c->failed.shift, &row->sums))
            return GHOST_E_NOMEM;
    }
    return 0;
}

static int compare_slices(const void *pa, const void *pb)
{
    const struct ghost_model_slice *a = pa, *b = pb;
    if (a->function != b->function)
        return a->function < b->function ? -1 : 1;
    if (a->process != b->process)
        return a->process < b->process ? -1 : 1;
    return a->slice < b->slice ? -1 : a->slice > b->slice;
}

bool seal_slices(struct build *b, struct ghost_model *m, const uint32_t *functions, const uint32_t *processes)
{
    const struct slices *s = &b->slices;
    struct ghost_model_slice *v = ARENA_ARRAY(&b->arena, struct ghost_model_slice, s->n);
    for (uint32_t i = 0; v && i < s->n; i++) {
        const struct slice_row *row = &s->rows[i];
        const struct build_owner *owner = &b->slice_owners.v[row->who];
        v[i] = (struct ghost_model_slice){ .function = functions[owner->function], .process = processes[owner->process],
                                           .slice = (uint32_t)(row->number - s->first), .calls = row->sums.calls,
                                           .exceptions = row->sums.exceptions, .finished = row->sums.finished,
                                           .total = row->sums.total, .self = row->sums.self,
                                           .log_sum = row->sums.log_sum, .log_squares = row->sums.log_squares };
    }
    if (v && s->n)
        qsort(v, s->n, sizeof *v, compare_slices);
    m->slices = v;
    m->n_slice_rows = s->n;
    if (s->n) {
        m->slice_start = s->first << s->shift;
        m->slice_ns = UINT64_C(1) << s->shift;
    }
    return v != NULL;
}
