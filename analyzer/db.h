/* db.h - a session's analysis, kept in SQLite beside its logs.
 *
 * The database of a session stands at the session's path + ".db" and is never
 * changed in place: it is written whole into a temporary file and renamed, so
 * who has one open keeps a consistent one, and a killed writer leaves nothing
 * half done. It belongs to the bytes of the logs it was made from: when these
 * are others (or the schema is another, or the file is damaged) it is made
 * anew. While a session is being recorded its logs change under the analysis,
 * and then the result lives in memory only.
 *
 * What the tables mean is in docs/db-schema.md, made from analyzer/db_schema.c. */
#ifndef GHOST_DB_H
#define GHOST_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include "events.h"
#include "ghost/model.h"
#include "profile.h"
#include "session.h"

/* Raw events wanted in the database. */
#define DB_EVENTS_ALL UINT64_MAX
#define DB_EVENTS_DEFAULT UINT64_C(2000000)  /* if the session has no more, else none */

struct db_request {
    unsigned jobs;               /* threads to analyse with; 0: one for each processor */
    bool force;                  /* analyse anew */
    bool chosen;                 /* the next two were asked for: an analysis with other raw events is made anew */
    uint64_t events;             /* 0 none, N: if there are no more than N, DB_EVENTS_ALL */
    const char *only;            /* NULL, or the filter in words: other words, other filter */
    struct events_filter filter; /* zero without `only` */
    uint64_t from_real, to_real; /* only calls that began between (pipeline.h), 0 and 0: all; such an analysis is never kept */
};

struct db;

/* The up-to-date analysis of a session, made first when it must be (progress
 * on a terminal, a line on stderr when it cannot be kept). The database is
 * read-only. */
int db_open(const struct session *s, const struct db_request *r, struct db **out, struct ghost_err *err);
void db_close(struct db *d);
sqlite3 *db_handle(struct db *d);
const char *db_path(const struct db *d);     /* "" when it is in memory */
bool db_was_made(const struct db *d);        /* by this db_open */
bool db_is_changing(const struct db *d);     /* the logs changed meanwhile: it is being recorded, so nothing was kept */

/* The model, equal field by field to the one that was written. DB_HEAD: without
 * functions, types and all that belongs to them; counts of what is left out are 0. */
enum db_part { DB_HEAD, DB_ALL };
struct ghost_model *db_read(struct db *d, enum db_part part, struct ghost_err *err);

/* The profiles that come first in an order, without reading the others. */
struct db_top {
    const char *sort;            /* one of db_sorts */
    uint64_t limit;              /* 0: all */
    bool modules;                /* bodies of modules, too */
    const char *module, *function; /* globs on the module and the qualname; NULL: any */
    bool distributions;          /* false: only the most frequent signature is filled in */
};
extern const char *const db_sorts[];         /* "calls", "latency", ..., NULL */

struct db_totals {
    uint64_t matching;           /* profiles that the globs let through, bodies of modules only if asked for */
    uint64_t functions, modules; /* of the whole session: profiles of functions, of module bodies */
    uint64_t unfinished;         /* calls without a recorded end, of all */
};
/* `out` is released with profiles_release. */
int db_profiles(struct db *d, const struct db_top *top, struct profiles *out, struct db_totals *totals, struct ghost_err *err);

#endif
