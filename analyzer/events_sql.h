/* events_sql.h - the raw events of a session as a table of SQLite, without a copy.
 *
 *   CREATE VIRTUAL TABLE temp.ev USING ghost_events('path of a session or log');
 *
 * Its first columns are the reference product's `events` table, then follows
 * what that has not (docs/events.md). Constraints on time, function, thread and
 * process decide which blocks of the log are decoded at all. */
#ifndef GHOST_EVENTS_SQL_H
#define GHOST_EVENTS_SQL_H

#include <sqlite3.h>

/* Adds the module ghost_events to a connection. An SQLite code. */
int events_register(sqlite3 *db);

#endif
