/* events_import.h - raw events as rows of the analysis database. */
#ifndef GHOST_EVENTS_IMPORT_H
#define GHOST_EVENTS_IMPORT_H

#include <sqlite3.h>
#include "events.h"
#include "ghost/model.h"

/* CREATE TABLE event(...): integers only. function, signature, caller, type,
 * process and thread are the model's indices. */
extern const char *const events_table_sql;
/* What the table's `kind` means: CASE e.kind WHEN 1 THEN 'call' ... END, for a
 * table or alias `e`; the second for how the call ended, NULL where it did not. */
extern const char *const events_event_case_sql, *const events_end_case_sql;

struct events_import_options {
    uint64_t limit;              /* rows; UINT64_MAX: all; 0: none */
    struct events_filter filter; /* only these */
};

/* Fills table `event` of the database, inside the caller's transaction: all rows
 * that the filter lets through, in order of time, id from 1 on. When there are
 * more than `limit`, the table stays empty. *rows says how many are in it. */
int events_import(sqlite3 *to, const struct session *s, const struct ghost_model *m,
                  const struct events_import_options *o, uint64_t *rows, struct ghost_err *err);

#endif
