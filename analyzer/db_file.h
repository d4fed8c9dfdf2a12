/* db_file.h - the file of an analysis: written beside its name, then renamed.
 *
 * The temporary file .NAME.PID-XXXXXX.tmp is locked (flock) as long as it is
 * being written. So one that nobody has locked was left by a killed process
 * and may go. */
#ifndef DB_FILE_H
#define DB_FILE_H

#include <sqlite3.h>
#include "ghost/err.h"

struct db_file { char *path, *temporary; int fd; sqlite3 *db; };

/* Removes what killed writers left of `path`, makes a temporary file (0600) and
 * opens it for one bulk transaction, which has begun. FULL, IO: it cannot be
 * written there. */
int db_file_begin(struct db_file *f, const char *path, struct ghost_err *err);
/* ret >= 0: commits, makes it durable, gives it its name; else gives up. Returns
 * ret, or a negative code when that failed; then nothing is left. */
int db_file_end(struct db_file *f, int ret, struct ghost_err *err);

/* Opens for reading only. NULL with `err` filled. */
sqlite3 *db_file_open(const char *path, struct ghost_err *err);

/* Removes the temporary files of `path` (NAME.db) that nobody writes. */
void db_clean_temporaries(const char *path);

#endif
