/* clean_session.h - a session on disk: how large, still being recorded, and away
 * with it.
 *
 * Everything works relative to the opened folder of sessions and follows no link.
 * Only files of ours are removed (logs, live files, the analysis); a folder that holds
 * anything else stays with it. */
#ifndef GHOST_CLEAN_SESSION_H
#define GHOST_CLEAN_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include "session.h"

struct clean_look {
    uint64_t bytes;              /* of its files and its analysis */
    int64_t changed;             /* seconds since 1970: the newest of them but the analysis */
    bool running;                /* it has live files of a process that lives, or that changed within the hour (a container's) */
    bool foreign;                /* holds things that are not ours */
};

/* `root` is the opened folder of sessions. False: it is not there (any more). */
bool clean_look(int root, const char *id, enum session_form form, struct clean_look *l);
/* Removes it. 0, or -1 with errno: something is left. */
int clean_remove(int root, const char *id, enum session_form form);

#endif
