/* db_progress.h - how far an analysis is, on a terminal and only when it takes long. */
#ifndef DB_PROGRESS_H
#define DB_PROGRESS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct db_progress { uint64_t started, drawn, rows; sqlite3 *db; bool one_table, terminal, shown; };

void db_progress_begin(struct db_progress *p);
/* For pipeline_options.progress, with `self` a struct db_progress. */
void db_progress_bytes(void *self, uint64_t done, uint64_t total);
/* Follows the rows that a connection writes, `rows` of them in all (0: unknown);
 * `one_table`: one statement writes them all, with ids from 1. `p` must live as
 * long as the connection. */
void db_progress_follow(struct db_progress *p, sqlite3 *db, bool one_table, uint64_t rows);
/* Clears the line. */
void db_progress_end(struct db_progress *p);

#endif
