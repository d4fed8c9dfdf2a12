/* watch_log.h - one process's log, watched. */
#ifndef GHOST_WATCH_LOG_H
#define GHOST_WATCH_LOG_H

#include "defs.h"
#include "events_walk.h"
#include "ghost/log.h"
#include "watch.h"

/* What an event adds to a function's figures, to be taken back when it was told
 * from the rings: the next look tells it again. */
struct watch_item { uint32_t row; bool is_call, error, timed; uint64_t latency; };

struct watch_log {
    struct watch *w;
    char *path;
    struct ghost_follow *follow;
    struct defs defs;                    /* functions and types */
    struct event_walk walk;
    uint32_t *rows, cap_rows;            /* function number: index of the watch's row, TABLE_NONE not met yet */
    struct watch_item *items; uint32_t n_items, cap_items;   /* of the rings, at the last look */
    uint64_t lost, tail_lost;
    uint64_t pid; bool other_host;
    bool in_tail;                        /* what is being shown comes from the rings */
    bool over, killed;
    unsigned quiet;                      /* looks at which nothing was new */
    uint64_t events;                     /* shown from the log so far: to see whether something was new */
};

/* NULL: no memory. */
struct watch_log *watch_log_new(struct watch *w, const char *path);
void watch_log_free(struct watch_log *l);
int watch_log_look(struct watch_log *l, struct ghost_err *err);

/* Adds to a row's figures of the interval and of all time, or takes away. False: no memory. */
bool watch_add(struct watch *w, const struct watch_item *item, bool add);
/* The row of a function, made when it is new; TABLE_NONE: no memory. */
uint32_t watch_row_of(struct watch *w, struct ghost_str module, struct ghost_str qualname, uint32_t line);

#endif
