/* db_sql.h - SQLite, with our errors. */
#ifndef DB_SQL_H
#define DB_SQL_H

#include <sqlite3.h>
#include "ghost/def.h"
#include "ghost/err.h"

/* Code and message for a failed call on `db`; "no space left" and damage are told apart. */
int db_sql_fail(sqlite3 *db, struct ghost_err *err, const char *doing);
int db_sql_exec(sqlite3 *db, const char *sql, struct ghost_err *err);
/* NULL with `err` filled. The caller finalizes. */
sqlite3_stmt *db_sql_prepare(sqlite3 *db, const char *sql, struct ghost_err *err);
/* First column of the first row as a number; *n stays as it is when there is none. */
int db_sql_number(sqlite3 *db, const char *sql, int64_t *n, struct ghost_err *err);

static inline void db_sql_bind_str(sqlite3_stmt *q, int i, struct ghost_str s)
{
    sqlite3_bind_text(q, i, s.p ? s.p : "", (int)s.len, SQLITE_STATIC);
}
/* A column's text; valid until the next step. */
static inline struct ghost_str db_sql_str(sqlite3_stmt *q, int i)
{
    const char *p = (const char *)sqlite3_column_text(q, i);
    return (struct ghost_str){ p ? p : "", (uint32_t)sqlite3_column_bytes(q, i) };
}
/* A column's count. */
static inline uint64_t db_sql_count(sqlite3_stmt *q, int i) { return (uint64_t)sqlite3_column_int64(q, i); }

#endif
