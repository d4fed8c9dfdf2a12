/* report.h - between the report_*.c: what was asked for, what was read, and the views. */
#ifndef GHOST_REPORT_H
#define GHOST_REPORT_H

#include <sqlite3.h>

#include "db.h"
#include "json.h"
#include "profile.h"

struct report_options {
    const char *sort, *format, *data_dir, *module, *function, *from, *to, *tree;
    uint64_t top, jobs, depth;
    bool modules, exceptions, time;
};

/* A session, as far as all views need it. What one view shows it asks the database for:
 * rows of what is shown, so that the time does not grow with the session. */
struct report {
    const struct report_options *o;
    struct db *d;
    struct ghost_model *m;               /* DB_HEAD */
    struct profiles p;                   /* what is shown, in order */
    struct db_totals totals;
};

int report_load(struct report *r, const struct report_options *o, const char *session, struct ghost_err *err);
void report_release(struct report *r);
/* With ?1 to ?3 bound to what --modules, --module and --function say, for this behind a WHERE. */
#define REPORT_CHOSEN "(?1 OR NOT p.is_module) AND (?2 IS NULL OR f.module GLOB ?2) AND (?3 IS NULL OR f.qualname GLOB ?3)"
sqlite3_stmt *report_prepare(const struct report *r, const char *sql, struct ghost_err *err);
/* Finalizes. `step`: what sqlite3_step said last; SQLITE_DONE is good. Returns 0 or a negative code. */
int report_finish(sqlite3_stmt *q, int step, struct ghost_err *err);
/* "qualname:line" */
struct ghost_str report_name(struct arena *a, struct ghost_str qualname, uint32_t line);

/* The views. Each prints in the format that was asked for, nothing before it has all; 0 or a negative code. */
int report_table(const struct report *r, FILE *f, struct ghost_err *err);
int report_exceptions(const struct report *r, FILE *f, struct ghost_err *err);
int report_time(const struct report *r, FILE *f, struct ghost_err *err);
int report_tree(const struct report *r, FILE *f, struct ghost_err *err);

/* What stands above and below the tables of all views. */
void report_title(const struct report *r, FILE *f, const char *what);
void report_json_begin(const struct report *r, struct json *j, FILE *f);
void report_json_end(const struct report *r, struct json *j);
/* One sheet in the format that was asked for, with the session's title and what limits the figures. */
struct sheet;
int report_sheet(const struct report *r, FILE *f, struct sheet *s, const char *what, const char *key, struct ghost_err *err);

#endif
