/* memory_sink.h - a sink in memory that can be told to fail. */
#ifndef MEMORY_SINK_H
#define MEMORY_SINK_H

#include "format/base.h"
#include "ghost/log.h"

struct memory_sink {
    struct ghost_buf bytes;
    unsigned writes;             /* so far, failed ones included */
    unsigned fail_from, fail_to; /* writes with these numbers fail (from 1; 0, 0: none) */
};

static inline int memory_sink_write(void *self, const void *bytes, size_t n, struct ghost_err *err)
{
    struct memory_sink *s = self;
    s->writes++;
    if (s->writes >= s->fail_from && s->writes < s->fail_to) return ghost_fail(err, GHOST_E_FULL, "the sink was told to fail");
    buf_put(&s->bytes, bytes, n);
    return s->bytes.failed ? ghost_fail(err, GHOST_E_NOMEM, "no memory for the sink") : 0;
}

static inline struct ghost_sink memory_sink(struct memory_sink *s)
{
    return (struct ghost_sink){ s, memory_sink_write };
}

#endif
