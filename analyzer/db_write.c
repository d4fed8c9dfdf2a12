/* db_write.c - a model into an open database, table by table as db_schema.c
 * lists them. */
#include "db_write.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "db_profile.h"
#include "db_row.h"
#include "db_schema.h"
#include "ghost/record.h"

static const char doing[] = "writing the analysis";

static sqlite3_stmt *prepare_insert(sqlite3 *db, const struct db_table *t, struct ghost_err *err)
{
    char sql[1024], *end = sql + sizeof sql, *p = sql;
    unsigned keys = t->parent ? 2 : 1;
    p += snprintf(p, (size_t)(end - p), "INSERT INTO %s(%s%s", t->name, t->parent ? t->parent->name : "id", t->parent ? ", position" : "");
    for (unsigned i = 0; i < t->n_columns; i++)
        p += snprintf(p, (size_t)(end - p), ", \"%s\"", t->columns[i].name);
    p += snprintf(p, (size_t)(end - p), ") VALUES (?");
    for (unsigned i = 1; i < t->n_columns + keys; i++)
        p += snprintf(p, (size_t)(end - p), ", ?");
    snprintf(p, (size_t)(end - p), ")");
    return db_sql_prepare(db, sql, err);
}

static int insert(sqlite3_stmt *q, struct ghost_err *err)
{
    int step = sqlite3_step(q);
    if (step != SQLITE_DONE)
        return db_sql_fail(sqlite3_db_handle(q), err, doing);
    sqlite3_reset(q);
    return 0;
}

struct array { const char *v; uint32_t n; };

/* The elements of table `t` in `owner`, which is the root or an element of the parent. */
static struct array elements(const struct db_table *t, const char *owner)
{
    if (t->list == DB_DIRECT)
        return (struct array){ owner, 1 };
    if (t->list_inner)
        owner = *(const char *const *)(owner + t->parent->inner);
    return (struct array){ *(const char *const *)(owner + t->list), *(const uint32_t *)(owner + t->count) };
}

static int write_array(sqlite3_stmt *q, const struct db_table *t, struct array a, int keys, struct db_scratch *scratch, struct ghost_err *err)
{
    int ret = 0;
    for (uint32_t i = 0; ret == 0 && i < a.n; i++) {
        sqlite3_bind_int64(q, keys, i);
        ret = db_row_bind(q, keys + 1, t, a.v + i * t->size, scratch);
        if (ret == 0)
            ret = insert(q, err);
    }
    return ret;
}

static int write_table(sqlite3 *db, const struct db_table *t, const void *root, struct ghost_err *err)
{
    struct db_scratch scratch = { 0 };
    sqlite3_stmt *q = prepare_insert(db, t, err);
    int ret = q ? 0 : GHOST_E_STATE;
    if (q && !t->parent)
        ret = write_array(q, t, elements(t, root), 1, &scratch, err);
    struct array parents = t->parent ? elements(t->parent, root) : (struct array){ 0 };
    for (uint32_t i = 0; ret == 0 && i < parents.n; i++) {
        sqlite3_bind_int64(q, 1, i);
        ret = write_array(q, t, elements(t, parents.v + i * t->parent->size), 2, &scratch, err);
    }
    sqlite3_finalize(q);
    free(scratch.p);
    if (ret == GHOST_E_NOMEM)
        ghost_fail(err, ret, "out of memory while %s", doing);
    return ret;
}

/* ---- beside the model ---- */

int db_write_info(sqlite3 *db, const char *key, const char *value, struct ghost_err *err)
{
    sqlite3_stmt *q = db_sql_prepare(db, "INSERT OR REPLACE INTO info VALUES (?, ?)", err);
    int ret = q ? 0 : GHOST_E_STATE;
    if (q) {
        sqlite3_bind_text(q, 1, key, -1, SQLITE_STATIC);
        sqlite3_bind_text(q, 2, value, -1, SQLITE_STATIC);
        ret = insert(q, err);
    }
    sqlite3_finalize(q);
    return ret;
}

int db_write_info_number(sqlite3 *db, const char *key, uint64_t value, struct ghost_err *err)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    return db_write_info(db, key, text, err);
}

struct word { const char *table; unsigned id; const char *name, *about; };
static const struct word words[] = {
#define X(name, number, timed, text) { "end_kind", number, #name, text },
    GHOST_ENDS(X)
#undef X
#define X(name, number, text) { "loss_cause", number, #name, text },
    GHOST_LOSSES(X)
#undef X
#define X(name, number, text) { "note_code", number, #name, text },
    GHOST_NOTES(X)
#undef X
#define X(name, number, text) { "name_kind", number, #name, text },
    GHOST_NAMES(X)
#undef X
};

/* What the numbers in end, cause, code and kind columns mean. */
static int write_words(sqlite3 *db, struct ghost_err *err)
{
    int ret = 0;
    for (size_t i = 0; ret == 0 && i < sizeof words / sizeof *words; i++) {
        char sql[96], *lower = sqlite3_mprintf("%s", words[i].name);
        snprintf(sql, sizeof sql, "INSERT INTO %s VALUES (?, lower(?), ?)", words[i].table);
        sqlite3_stmt *q = db_sql_prepare(db, sql, err);
        ret = q && lower ? 0 : GHOST_E_NOMEM;
        if (ret == 0) {
            sqlite3_bind_int64(q, 1, words[i].id);
            sqlite3_bind_text(q, 2, lower, -1, SQLITE_STATIC);
            sqlite3_bind_text(q, 3, words[i].about, -1, SQLITE_STATIC);
            ret = insert(q, err);
        }
        sqlite3_finalize(q);
        sqlite3_free(lower);
    }
    return ret;
}

static uint32_t slices_used(const struct ghost_model *m)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->n_slice_rows; i++)
        n = m->slices[i].slice >= n ? m->slices[i].slice + 1 : n;
    return n;
}

static int write_profiles(sqlite3 *db, const struct ghost_model *m, struct ghost_err *err)
{
    struct profiles p;
    struct db_profile_rows rows = { 0 };
    uint64_t modules = 0, unfinished = 0;
    int ret = profiles_make(&p, m, err);
    if (ret < 0)
        return ret;
    for (uint32_t i = 0; i < p.n; i++) {
        modules += p.v[i].is_module;
        unfinished += p.v[i].unfinished;
    }
    ret = db_profile_rows(&rows, &p, m, err);
    if (ret == 0)
        ret = db_profile_calls(&rows, m, err);
    for (size_t i = 0; ret == 0 && db_derived_tables[i]; i++)
        ret = write_table(db, db_derived_tables[i], &rows, err);
    if (ret == 0)
        ret = db_write_info_number(db, "functions", p.n - modules, err);
    if (ret == 0)
        ret = db_write_info_number(db, "modules", modules, err);
    if (ret == 0)
        ret = db_write_info_number(db, "unfinished", unfinished, err);
    if (ret == 0)
        ret = db_write_info_number(db, "slices", slices_used(m), err);
    db_profile_rows_release(&rows);
    profiles_release(&p);
    return ret;
}

/* ---- all of it ---- */

/* Takes the text. */
static int run_text(sqlite3 *db, char *sql, struct ghost_err *err)
{
    int ret = sql ? db_sql_exec(db, sql, err) : ghost_fail(err, GHOST_E_NOMEM, "out of memory while %s", doing);
    free(sql);
    return ret;
}

int db_write_model(sqlite3 *db, const struct ghost_model *m, struct ghost_err *err)
{
    int ret = db_sql_exec(db, db_own_tables, err);
    for (size_t i = 0; ret == 0 && db_tables[i]; i++)
        ret = run_text(db, db_create_sql(db_tables[i]), err);
    for (size_t i = 0; ret == 0 && db_derived_tables[i]; i++)
        ret = run_text(db, db_create_sql(db_derived_tables[i]), err);
    for (size_t i = 0; ret == 0 && db_views[i].name; i++)
        ret = db_sql_exec(db, db_views[i].sql, err);
    if (ret == 0)
        ret = run_text(db, db_events_view(), err);
    for (size_t i = 0; ret == 0 && db_tables[i]; i++)
        ret = write_table(db, db_tables[i], m, err);
    if (ret == 0)
        ret = write_words(db, err);
    return ret < 0 ? ret : write_profiles(db, m, err);
}

static int write_indexes(sqlite3 *db, const struct db_table *const tables[], struct ghost_err *err)
{
    int ret = 0;
    for (size_t i = 0; ret == 0 && tables[i]; i++)
        if (tables[i]->indexes)
            ret = db_sql_exec(db, tables[i]->indexes, err);
    return ret;
}

int db_write_indexes(sqlite3 *db, struct ghost_err *err)
{
    int ret = write_indexes(db, db_tables, err);
    return ret < 0 ? ret : write_indexes(db, db_derived_tables, err);
}
