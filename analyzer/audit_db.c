/* audit_db.c - a database: every table, view and index is one that this ghost
 * makes, and no column holds text or bytes that it should not. */
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "audit_pages.h"
#include "db_file.h"
#include "db_sql.h"
#include "db_write.h"
#include "events_import.h"

/* Where text may stand. tests/e2e/test_audit.py checks that each row is of the
 * schema; a column of text that has no row here is found by any audit. */
static const struct place { const char *table, *column; enum audit_kind kind; } places[] = {
    { "info", "key", AUDIT_WORD }, { "info", "value", AUDIT_META }, { "source", "file", AUDIT_META },
    { "end_kind", "name", AUDIT_WORD }, { "end_kind", "about", AUDIT_WORD }, { "loss_cause", "name", AUDIT_WORD },
    { "loss_cause", "about", AUDIT_WORD }, { "note_code", "name", AUDIT_WORD }, { "note_code", "about", AUDIT_WORD },
    { "name_kind", "name", AUDIT_WORD }, { "name_kind", "about", AUDIT_WORD },
    { "session", "session_id", AUDIT_META }, { "process", "log", AUDIT_META },
    { "process_meta", "key", AUDIT_META }, { "process_meta", "value", AUDIT_META }, { "thread", "name", AUDIT_THREAD },
    { "type", "module", AUDIT_MODULE }, { "type", "qualname", AUDIT_TYPE }, { "type_member", "name", AUDIT_MEMBER },
    { "function", "module", AUDIT_MODULE }, { "function", "qualname", AUDIT_FUNCTION }, { "function", "file", AUDIT_FILE },
    { "function", "fn_key", AUDIT_KEY }, { "parameter", "name", AUDIT_PARAMETER },
    { "annotation", "param", AUDIT_PARAMETER }, { "annotation", "text", AUDIT_ANNOTATION },
    { "annotation_name", "name", AUDIT_ANNOTATION }, { "annotation_name", "text", AUDIT_ANNOTATION },
    { "signature", "text", AUDIT_SIGNATURE }, { "signature", "arg_types", AUDIT_SIGNATURE }, { "profile", "signature", AUDIT_SIGNATURE },
    { "profile_exception", "type", AUDIT_TYPE },
    { "tree", "module", AUDIT_MODULE }, { "tree", "file", AUDIT_FILE }, { "tree_node", "qualname", AUDIT_FUNCTION },
    { "mark", "name", AUDIT_MARK }, { "note", "detail", AUDIT_NOTE }, { "damage", "message", AUDIT_NOTE },
    { "sqlite_stat1", "tbl", AUDIT_WORD }, { "sqlite_stat1", "idx", AUDIT_WORD },
};

/* Columns of text that hold numbers: {"bucket": count}, "rows per key". */
static const struct { const char *table, *column; } digits[] = { { "signature", "latency" }, { "sqlite_stat1", "stat" } };

static const struct place *find_place(const char *table, const char *column)
{
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (strcmp(places[i].table, table) == 0 && strcmp(places[i].column, column) == 0)
            return &places[i];
    return NULL;
}

static bool is_digits(const char *table, const char *column, struct ghost_str s)
{
    bool listed = false;
    for (size_t i = 0; i < sizeof digits / sizeof *digits; i++)
        listed = listed || (strcmp(digits[i].table, table) == 0 && strcmp(digits[i].column, column) == 0);
    for (uint32_t i = 0; listed && i < s.len; i++)
        listed = s.p[i] && strchr("0123456789 {}\":,", s.p[i]);
    return listed;
}

/* ---- values ---- */

struct reading { struct audit *a; const char *path; struct audit_grams *known; };

static void value(struct reading *r, const char *table, sqlite3_stmt *q, int i)
{
    const char *column = sqlite3_column_name(q, i);
    int type = sqlite3_column_type(q, i);
    if (type != SQLITE_TEXT && type != SQLITE_BLOB) {
        audit_part(r->a, "number", false, 0, 0);
        return;
    }
    if (type == SQLITE_BLOB) {
        bool identity = strcmp(table, "process") == 0 && strcmp(column, "identity") == 0 && sqlite3_column_bytes(q, i) == 16;
        audit_part(r->a, identity ? "identity of a process" : "unknown bytes", !identity, (uint64_t)sqlite3_column_bytes(q, i), 0);
        if (!identity)
            audit_problem(r->a, "%s: table %s, column %s holds %d bytes that are neither text nor a number", r->path, table, column, sqlite3_column_bytes(q, i));
        return;
    }
    struct ghost_str text = db_sql_str(q, i);
    audit_grams_add(r->known, text.p, text.len);
    if (is_digits(table, column, text)) {
        audit_part(r->a, "numbers as text", false, text.len, 0);
        return;
    }
    const struct place *p = find_place(table, column);
    audit_part(r->a, p ? "text" : "text out of place", !p, text.len, text.len);
    if (!p || text.len)
        audit_string(r->a, p ? p->kind : AUDIT_UNKNOWN, text);
    if (!p)
        audit_problem(r->a, "%s: table %s, column %s holds text where none belongs", r->path, table, column);
}

static int each_value(struct reading *r, sqlite3 *db, const char *table, struct ghost_err *err)
{
    char *sql = sqlite3_mprintf("SELECT * FROM \"%w\"", table);
    sqlite3_stmt *q = sql ? db_sql_prepare(db, sql, err) : NULL;
    int ret = q ? 0 : GHOST_E_CORRUPT, step = SQLITE_DONE;
    while (ret == 0 && (step = sqlite3_step(q)) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(q); i++)
            value(r, table, q, i);
    if (ret == 0 && step != SQLITE_DONE)
        audit_problem(r->a, "%s: table %s cannot be read to its end: %s", r->path, table, sqlite3_errmsg(db));
    sqlite3_finalize(q);
    sqlite3_free(sql);
    return ret;
}

/* ---- the schema ---- */

/* An empty database as this ghost makes it. */
static int make_reference(sqlite3 **db, struct ghost_err *err)
{
    struct ghost_model none = { .session = GHOST_STR("") };
    if (sqlite3_open(":memory:", db) != SQLITE_OK)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory during the audit");
    int ret = db_write_model(*db, &none, err);
    if (ret >= 0)
        ret = db_sql_exec(*db, events_table_sql, err);
    return ret < 0 ? ret : db_write_indexes(*db, err);
}

/* SQLite's own tables of statistics come with ANALYZE. */
static bool is_sqlites(const char *name)
{
    return strcmp(name, "sqlite_stat1") == 0 || strncmp(name, "sqlite_autoindex_", 17) == 0;
}

static bool in_reference(sqlite3_stmt *same, sqlite3_stmt *q)
{
    sqlite3_reset(same);
    for (int i = 0; i < 3; i++)
        sqlite3_bind_value(same, i + 1, sqlite3_column_value(q, i));
    return sqlite3_step(same) == SQLITE_ROW;
}

static int each_object(struct reading *r, sqlite3 *db, sqlite3 *reference, struct ghost_err *err)
{
    sqlite3_stmt *q = db_sql_prepare(db, "SELECT type, name, ifnull(sql, '') FROM sqlite_schema", err);
    sqlite3_stmt *same = db_sql_prepare(reference, "SELECT 1 FROM sqlite_schema WHERE type = ? AND name = ? AND ifnull(sql, '') = ?", err);
    int ret = q && same ? 0 : GHOST_E_CORRUPT;
    while (ret == 0 && sqlite3_step(q) == SQLITE_ROW) {
        const char *type = (const char *)sqlite3_column_text(q, 0), *name = (const char *)sqlite3_column_text(q, 1);
        struct ghost_str sql = db_sql_str(q, 2);
        bool known = is_sqlites(name) || in_reference(same, q);
        audit_grams_add(r->known, sql.p, sql.len);
        audit_part(r->a, known ? "schema" : "unknown schema", !known, sql.len, sql.len);
        if (!known) {
            audit_string(r->a, AUDIT_UNKNOWN, sql);
            audit_problem(r->a, "%s: the %s %s is not as this ghost makes it", r->path, type, name);
        }
        if (strcmp(type, "table") == 0)
            ret = each_value(r, db, name, err);
    }
    sqlite3_finalize(q);
    sqlite3_finalize(same);
    return ret;
}

/* Whether every page is as it was written; reading all of them through the VFS
 * that knows their checksums tells. */
static void check_sums(struct reading *r)
{
    sqlite3 *db = db_file_open(r->path, NULL);
    sqlite3_stmt *q = db ? db_sql_prepare(db, "PRAGMA integrity_check(1)", NULL) : NULL;
    if (!q || sqlite3_step(q) != SQLITE_ROW || strcmp((const char *)sqlite3_column_text(q, 0), "ok") != 0)
        audit_problem(r->a, "%s: it is damaged, or was changed after Ghost wrote it (page checksums)", r->path);
    sqlite3_finalize(q);
    sqlite3_close(db);
}

/* Without checksums: a changed file is to be looked at, too. */
static int open_plain(const char *path, sqlite3 **db, struct ghost_err *err)
{
    if (sqlite3_open_v2(path, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK)
        return 0;
    return db_sql_fail(*db, err, "opening the database");
}

static int check_free_pages(struct reading *r, sqlite3 *db, struct ghost_err *err)
{
    int64_t free_pages = 0;
    int ret = db_sql_number(db, "PRAGMA freelist_count", &free_pages, err);
    if (ret == 0 && free_pages)
        audit_problem(r->a, "%s: %lld free pages, which may hold rows that were removed: VACUUM empties them", r->path, (long long)free_pages);
    return ret;
}

int audit_database(struct audit *a, const char *path, const uint8_t *bytes, size_t n, struct ghost_err *err)
{
    struct reading r = { .a = a, .path = path, .known = audit_grams_new(n) };
    sqlite3 *db = NULL, *reference = NULL;
    int ret = r.known ? make_reference(&reference, err) : ghost_fail(err, GHOST_E_NOMEM, "out of memory during the audit");
    if (ret == 0)
        ret = open_plain(path, &db, err);
    if (ret == 0)
        ret = check_free_pages(&r, db, err);
    if (ret == 0)
        ret = each_object(&r, db, reference, err);
    if (ret == 0)
        check_sums(&r);
    if (ret == 0)
        audit_pages(a, path, bytes, n, r.known);
    sqlite3_close(db);
    sqlite3_close(reference);
    audit_grams_free(r.known);
    return ret;
}
