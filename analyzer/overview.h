/* overview.h - a session at a glance, from the indexes of its logs, without
 * reading their events. */
#ifndef GHOST_OVERVIEW_H
#define GHOST_OVERVIEW_H

#include <stdbool.h>
#include <stdint.h>
#include "session.h"

struct overview {
    char *script;                /* of the first process; NULL: unknown */
    uint32_t processes;
    uint32_t open;               /* logs without an index: still running, or killed */
    uint32_t unreadable;
    uint64_t events, lost;       /* of the logs that have an index, and of open ones up to a size */
    bool events_partial;         /* an open log was too large to be counted */
    uint64_t bytes;
    uint64_t start_real, end_real;
};

/* Fills what can be known; problems show in `unreadable`. */
int overview_read(struct overview *o, const struct session *s, struct ghost_err *err);
void overview_release(struct overview *o);

#endif
