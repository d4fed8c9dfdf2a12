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

#endif
