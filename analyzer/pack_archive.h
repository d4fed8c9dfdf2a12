/* pack_archive.h - logs from sessions of any form into one archive.
 *
 * What is written depends on the logs alone, not on the order in which sessions are
 * added: logs stand by name, each identity once. So merging is associative. */
#ifndef GHOST_PACK_ARCHIVE_H
#define GHOST_PACK_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "ghost/err.h"
#include "session.h"

struct pack_log {
    char *path, *name;
    uint8_t identity[16];
    uint64_t bytes, recorded, events;
    bool finished;
};
struct pack_logs { struct pack_log *v; size_t n, cap, unreadable, doubles; };

/* Adds a session's logs. Of a log that is there already the fuller one is kept. One
 * that cannot be opened is told on stderr and counted. */
int pack_add(struct pack_logs *l, const struct session *s, struct ghost_err *err);
void pack_release(struct pack_logs *l);

struct pack_result { uint64_t bytes, recorded, events, damaged; size_t logs, open; };
/* level 0: the default; logs that are packed already are copied then. The file at `path`
 * appears when it is complete. */
int pack_write(const struct pack_logs *l, const char *session, const char *path, int level, struct pack_result *r, struct ghost_err *err);

#endif
