/* db_row.h - members of structs to columns and back, by the list of tables. */
#ifndef DB_ROW_H
#define DB_ROW_H

#include "arena.h"
#include "db_schema.h"
#include "db_sql.h"
#include "ghost/model.h"

/* Histograms as text need room while a row is bound. */
struct db_scratch { char *p; size_t cap; };

/* Binds the columns of one element from place `at` on. 0 or GHOST_E_NOMEM. */
int db_row_bind(sqlite3_stmt *q, int at, const struct db_table *t, const void *element, struct db_scratch *scratch);

/* Where what is read goes. */
enum { DB_COLUMNS_MAX = 32 };
struct db_sink {
    struct arena *arena;
    struct keyset *strings;
    uint32_t limits[DB_COLUMNS_MAX];     /* of the table being read: rows that its indexes may refer to */
};
/* Before the first row of a table: the lengths of the model's arrays are known by then. */
void db_row_limits(struct db_sink *to, const struct db_table *t, const struct ghost_model *m);
/* Fills one element from the columns from place `at` on. CORRUPT with `err`
 * filled when a value does not fit its member. */
int db_row_fetch(sqlite3_stmt *q, int at, const struct db_table *t, void *element, const struct db_sink *to, struct ghost_err *err);

#endif
