/* db_ask.h - statements and dot-commands of `ghost sql`, one after another. */
#ifndef DB_ASK_H
#define DB_ASK_H

#include <stdio.h>
#include "db.h"

struct db_asker {
    struct db *d;
    const char *printer;         /* one of db_printer_names */
    FILE *out;
    bool apart;                  /* an empty line between results */
    uint64_t results;
};

/* Refuses everything that is not reading, from here on; ^C ends a running query. */
void db_ask_guard(sqlite3 *db);
/* Runs all statements of a text, and a line that begins with '.' as a
 * dot-command. USAGE with `err` filled for what cannot be asked; where it is
 * wrong is shown on stderr. */
int db_ask(struct db_asker *a, const char *text, struct ghost_err *err);
/* `text` is complete: a dot-command, or ends a statement. */
int db_ask_is_complete(const char *text);

/* ---- db_ask_help.c ---- */
int db_ask_dot(const struct db_asker *a, const char *line, struct ghost_err *err);
int db_ask_refuse(struct ghost_err *err);
/* The message for a failed prepare of `text`: what it was, with a near name. */
int db_ask_explain(sqlite3 *db, const char *text, struct ghost_err *err);

#endif
