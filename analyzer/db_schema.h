/* db_schema.h - the tables of an analysis: one list, from which come the CREATE
 * statements, what writes and reads them, and docs/db-schema.md.
 *
 * A table is an array of the model: one row for an element, `id` its index. A
 * child table is an array inside each element of its parent: (parent, position).
 *
 * To add a column: a row in its table in db_schema.c, GHOST_DB_VERSION in
 * include/ghost/version.h one up, `build/ghost sql --schema >docs/db-schema.md`. */
#ifndef DB_SCHEMA_H
#define DB_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* How a member of a struct stands in a column. */
enum db_kind {
    DB_U32, DB_U64, DB_INT, DB_BOOL,  /* integers; a U64 above 2^63 shows as negative */
    DB_OWNER,                         /* row of table `refers` */
    DB_INDEX,                         /* the same, or NULL for GHOST_NONE */
    DB_TEXT,                          /* struct ghost_str */
    DB_REAL,                          /* double; never read back */
    DB_IDENTITY,                      /* 16 bytes, as a blob */
    DB_HIST                           /* {"bucket": count, ...} of a struct ghost_model_signature */
};

struct db_column {
    const char *name;
    enum db_kind kind;
    size_t at;                        /* offsetof the member */
    const char *refers;               /* of an index */
    bool inner;                       /* member of what the element points to (`inner` of the table) */
    const char *about;
};

#define DB_DIRECT SIZE_MAX

struct db_table {
    const char *name, *about;
    const struct db_table *parent;    /* NULL: an array of the model itself */
    size_t list, count;               /* offsetof the array and of its uint32_t length; DB_DIRECT: one row, the root itself */
    bool list_inner;                  /* these are members of what the parent's element points to */
    size_t size;                      /* of an element */
    size_t inner, inner_size;         /* offsetof a pointer in the element, size of what it points to; DB_DIRECT: none */
    bool head;                        /* part of DB_HEAD */
    bool derived;                     /* computed from the other tables: written, never read back */
    const struct db_column *columns; unsigned n_columns;
    const char *more;                 /* further column definitions, or NULL */
    const char *indexes;              /* statements, made after the rows are in */
};

/* Parents before their children, the ends with NULL. Root: struct ghost_model. */
extern const struct db_table *const db_tables[];
/* Sums by fn_key, computed from the others when they are written. Root: struct db_profile_rows. */
extern const struct db_table *const db_derived_tables[];
extern const struct db_table db_profile_table;

/* Statements that are no table of the model. */
extern const char *const db_own_tables;      /* info, source, lookups */
struct db_view { const char *name, *about, *sql; };
extern const struct db_view db_views[];      /* ends with a NULL name */

/* The view `events` over table `event`: as in ghost-observer 0.1.0, then more. Malloc'd. */
char *db_events_view(void);

/* The CREATE statement of a table, as malloc'd text; NULL when out of memory. */
char *db_create_sql(const struct db_table *t);
/* Identifies the text of all CREATE statements. */
uint64_t db_schema_digest(void);
/* docs/db-schema.md */
int db_print_schema(FILE *f);

#endif
