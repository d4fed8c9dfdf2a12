/* archive.h - many logs in one file (docs/format.md, section 9).
 *
 * A log inside an archive is read like any other: ghost_log_open and
 * ghost_live_open take the path ARCHIVE/NAME.ghost. An open archive is read-only
 * and may be used by several threads. */
#ifndef GHOST_ARCHIVE_H
#define GHOST_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "ghost/def.h"
#include "ghost/err.h"

#define GHOST_ARCHIVE_SUFFIX ".ghostpack"

/* Does a regular file at `path` begin like an archive? */
bool ghost_archive_probe(const char *path);

struct ghost_archive;
struct ghost_archive_entry {
    const char *name;            /* NAME.ghost; never with a slash or a leading dot */
    uint64_t offset, size;       /* of the log in the file */
};

/* Reads the directory; without one (a cut file) the file is searched for its logs. */
struct ghost_archive *ghost_archive_open(const char *path, struct ghost_err *err);
void ghost_archive_close(struct ghost_archive *a);
const char *ghost_archive_session(const struct ghost_archive *a);   /* id of the session; "" when it is lost */
bool ghost_archive_whole(const struct ghost_archive *a);            /* its directory is there and fits */
size_t ghost_archive_count(const struct ghost_archive *a);
const struct ghost_archive_entry *ghost_archive_entry(const struct ghost_archive *a, size_t i);   /* by name */
const struct ghost_archive_entry *ghost_archive_find(const struct ghost_archive *a, const char *name);   /* NULL: not there */

/* ---- making one ---- */

/* Writes one log anew, smaller: definitions together, blocks in groups, a higher level of
 * zstd. What it means stays the same; of damaged places a LOSS is left. `tail` (may be
 * NULL): frames of its live files, which go behind it. */
struct ghost_sink;
struct ghost_log;
struct ghost_repack {
    int level;                   /* of zstd; 0 = default (GHOST_PACK_LEVEL) */
    void (*progress)(void *self, uint64_t bytes_done);   /* of the log; may be NULL */
    void *self;
    uint64_t damaged;            /* out: bytes that could not be read */
};
#define GHOST_PACK_LEVEL 12
int ghost_log_repack(struct ghost_log *log, struct ghost_log *tail, struct ghost_repack *o, const struct ghost_sink *to, struct ghost_err *err);

/* The frames around the logs: head, one in front of each log, directory. `to` gets the bytes. */
struct ghost_archive_writer {
    const struct ghost_sink *to;
    uint64_t offset, log_end, n;
    struct ghost_buf names;      /* of the log being written */
    struct ghost_buf entries;
};
int ghost_archive_begin(struct ghost_archive_writer *w, const char *session, struct ghost_err *err);
int ghost_archive_log_begin(struct ghost_archive_writer *w, const char *name, struct ghost_err *err);
/* All bytes of a log go through this, between _log_begin and _log_end. */
int ghost_archive_log_write(struct ghost_archive_writer *w, const void *bytes, size_t n, struct ghost_err *err);
int ghost_archive_log_end(struct ghost_archive_writer *w, struct ghost_err *err);
/* The directory; releases the writer's memory, also when it fails. */
int ghost_archive_end(struct ghost_archive_writer *w, struct ghost_err *err);

#endif
