/* pipeline.h - one pass over a session's logs, in parallel, to a model.
 *
 * The model is the same whatever `jobs` is. Memory grows with what was called
 * (functions, signatures, edges), not with how often. */
#ifndef GHOST_PIPELINE_H
#define GHOST_PIPELINE_H

#include "ghost/model.h"
#include "session.h"

struct pipeline_options {
    unsigned jobs;               /* worker threads; 0: as many as processors */
    /* told now and then, from the calling thread; may be NULL */
    void (*progress)(void *self, uint64_t bytes_done, uint64_t bytes_total);
    void *self;
    /* only calls that began at from_real or later and before to_real (ns since 1970; to_real 0: no end); a
     * call counts whole, whenever it ended */
    uint64_t from_real, to_real;
};

/* Damaged places and unreadable logs become entries of the model's damages as
 * long as anything could be read; NULL with `err` filled when nothing could. */
struct ghost_model *pipeline_run(const struct session *s, const struct pipeline_options *o, struct ghost_err *err);

#endif
