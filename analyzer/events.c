/* events.c - a session's logs, opened for their raw events. */
#include "events.h"

#include <stdlib.h>
#include <string.h>

#include "events_log.h"

const struct event_kind_info event_kinds[EVENT_KIND_COUNT] = {
#define X(name, number, event, end, text) [number] = { event, end },
    EVENT_KINDS(X)
#undef X
};

#define CLOCK_NOISE 1000000u     /* ns by which two readings of a steady clock may seem to go back */

static int in_order(const void *pa, const void *pb)
{
    const struct events_block *a = pa, *b = pb;
    if (a->log != b->log)
        return a->log < b->log ? -1 : 1;
    if (a->thread != b->thread)
        return a->thread < b->thread ? -1 : 1;
    if (a->tail != b->tail)
        return a->tail ? 1 : -1;
    if (a->offset != b->offset)
        return a->offset < b->offset ? -1 : 1;
    return a->nth < b->nth ? -1 : a->nth > b->nth;
}

/* The blocks of a thread stand in order of time; where two overlap by the noise
 * of the clock, the later one's rows wait for the end of the earlier one. */
static void set_floors(struct events *e)
{
    struct events_blocks *all = &e->blocks;
    e->info.ordered = true;
    for (uint32_t i = 1; i < all->n; i++) {
        struct events_block *b = &all->v[i], *before = b - 1;
        if (b->log != before->log || b->thread != before->thread)
            continue;
        b->floor = before->end > before->floor ? before->end : before->floor;
        e->info.ordered = e->info.ordered && b->begin + CLOCK_NOISE >= b->floor;
    }
    for (uint32_t i = 0; !e->info.ordered && i < all->n; i++)
        all->v[i].floor = 0;
}

static void sum_up(struct events *e)
{
    struct events_info *info = &e->info;
    info->blocks = e->blocks.n;
    info->start_real = UINT64_MAX;
    for (uint32_t i = 0; i < e->blocks.n; i++) {
        const struct events_block *b = &e->blocks.v[i];
        info->events += b->events;
        info->start_real = b->begin < info->start_real ? b->begin : info->start_real;
        info->end_real = b->end > info->end_real ? b->end : info->end_real;
    }
    if (!e->blocks.n)
        info->start_real = 0;
}

static int open_logs(struct events *e, char **paths, size_t n, struct ghost_err *err)
{
    struct ghost_err first = GHOST_ERR_INIT;
    e->logs = calloc(n ? n : 1, sizeof *e->logs);
    if (!e->logs)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory for %zu logs", n);
    for (size_t i = 0; i < n; i++) {
        struct ghost_err one = GHOST_ERR_INIT;
        struct events_log *l = &e->logs[e->info.n_logs];
        int ret = events_log_open(l, paths[i], e->info.n_logs, &e->blocks, &one);
        if (ret == 0) {
            e->info.n_logs++;
            continue;
        }
        events_log_release(l);
        ghost_fail(&first, ret, "%s", one.msg);
        if (ret == GHOST_E_NOMEM)
            return ghost_fail(err, ret, "%s", one.msg);
    }
    if (e->info.n_logs)
        return 0;
    return ghost_fail(err, first.code ? first.code : GHOST_E_NOT_FOUND, "no log of the session can be read: %s", first.msg);
}

struct events *events_open(const struct session *s, struct ghost_err *err)
{
    char **paths = NULL;
    size_t n = 0;
    if (session_logs(s, &paths, &n, err) < 0)
        return NULL;
    struct events *e = calloc(1, sizeof *e);
    int ret = e ? 0 : ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    if (ret == 0 && n == 0)
        ret = ghost_fail(err, GHOST_E_NOT_FOUND, "session %s holds no logs: nothing was recorded. See: ghost doctor", s->id);
    if (ret == 0)
        ret = open_logs(e, paths, n, err);
    session_logs_release(paths, n);
    if (ret < 0) {
        events_close(e);
        return NULL;
    }
    if (e->blocks.n)
        qsort(e->blocks.v, e->blocks.n, sizeof *e->blocks.v, in_order);
    set_floors(e);
    sum_up(e);
    return e;
}

void events_close(struct events *e)
{
    if (!e)
        return;
    for (uint32_t i = 0; i < e->info.n_logs; i++)
        events_log_release(&e->logs[i]);
    free(e->logs);
    free(e->blocks.v);
    free(e);
}

const struct events_info *events_info(const struct events *e) { return &e->info; }

/* ---- names ---- */

const struct event_function *events_function(struct events *e, uint32_t log, uint32_t function)
{
    return events_log_function_name(&e->logs[log], function);
}

const struct event_signature *events_signature(struct events *e, uint32_t log, uint32_t function, uint32_t signature)
{
    return events_log_signature_name(&e->logs[log], function, signature);
}

struct ghost_str events_type(struct events *e, uint32_t log, uint32_t type) { return events_log_type_name(&e->logs[log], type); }

struct ghost_str events_mark(struct events *e, uint32_t log, uint32_t mark) { return events_log_mark_name(&e->logs[log], mark); }
struct ghost_str events_thread(struct events *e, uint32_t log, uint32_t thread) { return events_log_thread_name(&e->logs[log], thread); }

struct event_process events_process(const struct events *e, uint32_t log)
{
    return (struct event_process){ e->logs[log].name, e->logs[log].pid };
}
