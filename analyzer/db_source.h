/* db_source.h - the files that an analysis was made from, to know later whether
 * it is still theirs.
 *
 * A file is the same when its size and change time are, or when its bytes are:
 * so a copied session needs no new analysis, and an edited one gets it. Live
 * files of a process (rings, journals) are mapped, their change time tells
 * nothing: for them the bytes decide. */
#ifndef DB_SOURCE_H
#define DB_SOURCE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include "ghost/err.h"
#include "session.h"

struct db_source {
    char *name, *path;
    uint64_t bytes, mtime_ns;
    uint64_t digest; bool digested;
    bool live;
};
struct db_sources { struct db_source *v; uint32_t n; };  /* by name */

/* The session's files as they are now; of live files the bytes, too. */
int db_sources_read(struct db_sources *s, const struct session *session, struct ghost_err *err);
void db_sources_release(struct db_sources *s);

/* Nothing was changed, added or taken away between two looks. */
bool db_sources_same(const struct db_sources *a, const struct db_sources *b);
/* Stores them in table `source`. */
int db_sources_write(struct db_sources *s, sqlite3 *db, struct ghost_err *err);
/* They are those that table `source` names. False also when it cannot be read. */
bool db_sources_match(struct db_sources *s, sqlite3 *db);

#endif
