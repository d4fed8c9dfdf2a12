/* db_write.h - a model into an open, empty database. */
#ifndef DB_WRITE_H
#define DB_WRITE_H

#include <sqlite3.h>
#include "ghost/model.h"
#include "session.h"

/* Creates all tables, views and indexes and fills those that the model fills.
 * The caller has begun a transaction and ends it. */
int db_write_model(sqlite3 *db, const struct ghost_model *m, struct ghost_err *err);
/* Where the logs' blocks are (db_blocks.c). */
int db_write_blocks(sqlite3 *db, const struct session *s, const struct ghost_model *m, struct ghost_err *err);
/* After all rows: indexes. */
int db_write_indexes(sqlite3 *db, struct ghost_err *err);
int db_write_info(sqlite3 *db, const char *key, const char *value, struct ghost_err *err);
int db_write_info_number(sqlite3 *db, const char *key, uint64_t value, struct ghost_err *err);

#endif
