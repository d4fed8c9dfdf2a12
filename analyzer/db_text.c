/* db_text.c - the list of tables as text: CREATE statements and the page of
 * documentation. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "db_schema.h"
#include "events_import.h"
#include "ghost/version.h"

static const char *const type_names[] = {
    [DB_U32] = "INTEGER", [DB_U64] = "INTEGER", [DB_INT] = "INTEGER", [DB_BOOL] = "INTEGER", [DB_OWNER] = "INTEGER", [DB_INDEX] = "INTEGER",
    [DB_TEXT] = "TEXT", [DB_REAL] = "REAL", [DB_IDENTITY] = "BLOB", [DB_HIST] = "TEXT",
};

static void print_create(FILE *f, const struct db_table *t)
{
    fprintf(f, "CREATE TABLE %s(", t->name);
    if (t->parent)
        fprintf(f, "%s INTEGER NOT NULL REFERENCES %s, position INTEGER NOT NULL", t->parent->name, t->parent->name);
    else
        fputs("id INTEGER PRIMARY KEY", f);
    for (unsigned i = 0; i < t->n_columns; i++) {
        const struct db_column *c = &t->columns[i];
        fprintf(f, ", \"%s\" %s%s", c->name, type_names[c->kind], c->kind == DB_INDEX ? "" : " NOT NULL");
        if (c->refers)
            fprintf(f, " REFERENCES %s", c->refers);
    }
    if (t->more)
        fprintf(f, ", %s", t->more);
    if (t->parent)
        fprintf(f, ", PRIMARY KEY(%s, position)) WITHOUT ROWID;", t->parent->name);
    else
        fputs(");", f);
}

char *db_create_sql(const struct db_table *t)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (!f)
        return NULL;
    print_create(f, t);
    if (fclose(f) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* What a mark's number means is no type's. */
static void print_events_view(FILE *f)
{
    fprintf(f, "CREATE VIEW events AS SELECT e.id, (SELECT session_id FROM session) AS session_id, f.fn_key, %s AS event,"
               " CASE e.kind WHEN 1 THEN s.arg_types ELSE '[]' END AS arg_types,"
               " CASE WHEN e.kind BETWEEN 2 AND 6 THEN ifnull(t.qualname, '?') WHEN e.kind = 9 THEN k.name END AS ret_or_exc, e.kind IN (3, 4) AS is_exception,"
               " e.time AS timestamp_ns, c.fn_key AS caller_key,"
               " (SELECT CAST(value AS INTEGER) FROM process_meta m WHERE m.process = e.process AND key = 'pid') AS pid, p.log,"
               " h.number AS thread, h.name AS thread_name, f.module, f.qualname, f.file, f.line, s.text AS signature, %s AS \"end\","
               " e.latency AS latency_ns, e.self AS self_ns, e.suspended AS suspended_ns, e.call AS call_id, e.depth"
               " FROM event e LEFT JOIN function f ON f.id = e.function LEFT JOIN signature s ON s.id = e.signature"
               " LEFT JOIN type t ON t.id = e.type AND e.kind BETWEEN 2 AND 6 LEFT JOIN mark k ON k.id = e.type AND e.kind = 9"
               " LEFT JOIN function c ON c.id = e.caller"
               " LEFT JOIN process p ON p.id = e.process LEFT JOIN thread h ON h.id = e.thread WHERE e.kind < 11",
            events_event_case_sql, events_end_case_sql);
}

/* What `print` writes, as malloc'd text; NULL when out of memory. */
static char *text_of(void (*print)(FILE *))
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (!f)
        return NULL;
    print(f);
    if (fclose(f) == 0)
        return text;
    free(text);
    return NULL;
}

char *db_events_view(void) { return text_of(print_events_view); }

static void print_tables(FILE *f, const struct db_table *const tables[])
{
    for (size_t i = 0; tables[i]; i++) {
        print_create(f, tables[i]);
        fputs(tables[i]->indexes ? tables[i]->indexes : "", f);
    }
}

static void print_all(FILE *f)
{
    fputs(db_own_tables, f);
    print_tables(f, db_tables);
    print_tables(f, db_derived_tables);
    fputs(events_table_sql, f);
    for (size_t i = 0; db_views[i].name; i++)
        fputs(db_views[i].sql, f);
    print_events_view(f);
}

uint64_t db_schema_digest(void)
{
    char *text = text_of(print_all);
    uint64_t digest = text ? XXH3_64bits(text, strlen(text)) & INT64_MAX : 0;   /* SQLite has no larger integers */
    free(text);
    return digest;
}

/* ---- docs/db-schema.md ---- */

static void print_page_table(FILE *f, const struct db_table *t)
{
    fprintf(f, "\n### %s\n\n%s.\n\n| column | type | meaning |\n| --- | --- | --- |\n", t->name, t->about);
    if (t->parent)
        fprintf(f, "| %s | row of %s | |\n| position | INTEGER | from 0 |\n", t->parent->name, t->parent->name);
    else
        fputs("| id | INTEGER | |\n", f);
    for (unsigned i = 0; i < t->n_columns; i++) {
        const struct db_column *c = &t->columns[i];
        fprintf(f, "| %s | ", c->name);
        if (c->refers)
            fprintf(f, "row of %s%s", c->refers, c->kind == DB_INDEX ? " or NULL" : "");
        else
            fputs(type_names[c->kind], f);
        fprintf(f, " | %s |\n", c->about);
    }
    if (t->more)
        fprintf(f, "| %.*s | generated | |\n", (int)strcspn(t->more, " "), t->more);
}

int db_print_schema(FILE *f)
{
    fprintf(f, "# Tables of an analysis\n\n"
               "Made by `ghost sql --schema`; a test checks that this page is what the code says. How to use it: [database.md](database.md).\n"
               "Schema version %d (`PRAGMA user_version`). Times of the day are ns since 1970 and lengths ns; 0 is unknown. `id` is the number by which\n"
               "other tables refer to a row, counted from 0; it is not the same in another analysis.\n\n## Views\n\n| view | what it shows |\n| --- | --- |\n",
            GHOST_DB_VERSION);
    for (size_t i = 0; db_views[i].name; i++)
        fprintf(f, "| %s | %s |\n", db_views[i].name, db_views[i].about);
    fputs("| events | as in ghost-observer 0.1.0, and more: the raw events, in order of time |\n\n## Tables\n", f);
    for (size_t i = 0; db_derived_tables[i]; i++)
        print_page_table(f, db_derived_tables[i]);
    for (size_t i = 0; db_tables[i]; i++)
        print_page_table(f, db_tables[i]);
    fputs("\n### event\n\nRaw events, when they were imported ([events.md](events.md)).\n\n```sql\n", f);
    fprintf(f, "%s\n```\n\n### The rest\n\n```sql\n", events_table_sql);
    for (const char *p = db_own_tables; *p;) {
        size_t n = strcspn(p, ";") + 1;
        fprintf(f, "%.*s\n", (int)n, p);
        p += n;
    }
    fputs("```\n\n`info` holds what the analysis was made with and totals; `source` the files it was made from, by which it is known to be up to date;\n"
          "`block` says where in a log which thread's events of which time are (offset of the frame; with `tail`, in what a killed process left beside its log; `events` is NULL where the log has no index);\n"
          "the others say what the numbers in the columns `end`, `cause`, `code` and `kind` mean.\n", f);
    return 0;
}
