/* db_sql.c - SQLite, with our errors. */
#include "db_sql.h"

int db_sql_fail(sqlite3 *db, struct ghost_err *err, const char *doing)
{
    int extended = db ? sqlite3_extended_errcode(db) : SQLITE_NOMEM, code = extended & 0xff;
    const char *text = db ? sqlite3_errmsg(db) : "out of memory";
    if (extended == SQLITE_IOERR_DATA || extended == SQLITE_IOERR_SHORT_READ)
        return ghost_fail(err, GHOST_E_CORRUPT, "%s: a page of the database is damaged", doing);
    switch (code) {
    case SQLITE_NOMEM:
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory while %s", doing);
    case SQLITE_FULL:
        return ghost_fail(err, GHOST_E_FULL, "no space left while %s", doing);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
        return ghost_fail(err, GHOST_E_CORRUPT, "%s: %s", doing, text);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
        return ghost_fail(err, GHOST_E_IO, "%s: %s", doing, text);
    default:
        return ghost_fail(err, GHOST_E_STATE, "%s: %s", doing, text);
    }
}

int db_sql_exec(sqlite3 *db, const char *sql, struct ghost_err *err)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return 0;
    return db_sql_fail(db, err, "writing the analysis");
}

sqlite3_stmt *db_sql_prepare(sqlite3 *db, const char *sql, struct ghost_err *err)
{
    sqlite3_stmt *q = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) == SQLITE_OK)
        return q;
    db_sql_fail(db, err, "asking the analysis");
    return NULL;
}

int db_sql_number(sqlite3 *db, const char *sql, int64_t *n, struct ghost_err *err)
{
    sqlite3_stmt *q = db_sql_prepare(db, sql, err);
    if (!q)
        return err && err->code ? err->code : GHOST_E_STATE;
    int ret = 0, step = sqlite3_step(q);
    if (step == SQLITE_ROW)
        *n = sqlite3_column_int64(q, 0);
    else if (step != SQLITE_DONE)
        ret = db_sql_fail(db, err, "asking the analysis");
    sqlite3_finalize(q);
    return ret;
}
