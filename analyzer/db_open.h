/* db_open.h - what db_open and load_model share: the model, whichever way. */
#ifndef DB_OPEN_H
#define DB_OPEN_H

#include "db.h"

/* The session's model: read from its database when that is up to date, else
 * analysed, and the database made for the next command. */
struct ghost_model *db_model(const struct session *s, const struct db_request *r, struct ghost_err *err);

/* Only the first of the two, for any thread: NULL, without a word, when the session must be analysed. */
struct ghost_model *db_model_kept(const struct session *s);

/* After a failure on `d`: when a damaged file is the reason and the logs are
 * there, the database is made anew, `err` is cleared, and true says to try again.
 * Statements of `d` must be finalized; its handle is another one afterwards. */
bool db_mend(struct db *d, struct ghost_err *err);

struct ghost_model *db_read_model(sqlite3 *db, enum db_part part, struct ghost_err *err);
/* What every analysis' model satisfies, beside references in range (db_check.c). */
bool db_model_holds(const struct ghost_model *m);

#endif
