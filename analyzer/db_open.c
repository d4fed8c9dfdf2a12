/* db_open.c - is the stored analysis still the logs'? If not, make it. */
#include "db_open.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config.h"
#include "db_file.h"
#include "db_progress.h"
#include "db_schema.h"
#include "db_source.h"
#include "db_sql.h"
#include "db_write.h"
#include "events_import.h"
#include "events_options.h"
#include "ghost/version.h"
#include "pipeline.h"

#define APPLICATION_ID 0x47485354        /* GHST */

struct db {
    sqlite3 *sql;
    char *path;                          /* NULL: in memory */
    struct session session;
    struct db_request request;
    bool made, changing;
};

static int no_memory(struct ghost_err *err)
{
    return ghost_fail(err, GHOST_E_NOMEM, "out of memory while opening the analysis");
}

static char *path_of(const struct session *s)
{
    size_t n = strlen(s->path) + 4;
    char *path = malloc(n);
    if (path)
        snprintf(path, n, "%s%s", s->path, s->is_db ? "" : ".db");
    return path;
}

static bool is_range(const struct db_request *r) { return r->from_real || r->to_real; }
/* Has such an analysis a place? A log inside an archive has none beside it. */
static bool is_kept(const struct session *s, const struct db_request *r) { return !is_range(r) && !s->is_member; }

/* ---- is it up to date? ---- */

/* The file is as long as its header says: it was not cut. */
static bool is_whole(sqlite3 *db, const char *path)
{
    struct stat st;
    int64_t pages = 0, size = 0;
    return stat(path, &st) == 0 && db_sql_number(db, "PRAGMA page_count", &pages, NULL) == 0 &&
           db_sql_number(db, "PRAGMA page_size", &size, NULL) == 0 && pages * size == st.st_size && pages > 0;
}

static int check_schema(sqlite3 *db, const char *path, struct ghost_err *err)
{
    int64_t id = 0, version = 0, digest = 0;
    if (db_sql_number(db, "PRAGMA application_id", &id, err) < 0 || db_sql_number(db, "PRAGMA user_version", &version, err) < 0)
        return err->code;
    if (id != APPLICATION_ID)
        return ghost_fail(err, GHOST_E_CORRUPT, "%s is no analysis of ghost", path);
    if (version == GHOST_DB_VERSION)
        db_sql_number(db, "SELECT CAST(value AS INTEGER) FROM info WHERE key = 'schema'", &digest, NULL);
    if (version != GHOST_DB_VERSION || (uint64_t)digest != db_schema_digest())
        return ghost_fail(err, GHOST_E_VERSION, "%s has tables of version %" PRId64 ", this ghost reads %d%s. Analyse the session's logs with this ghost",
                          path, version, GHOST_DB_VERSION, version == GHOST_DB_VERSION ? " of another build" : "");
    if (!is_whole(db, path))
        return ghost_fail(err, GHOST_E_CORRUPT, "%s is cut short", path);
    return 0;
}

/* Which raw events are asked for, in words. Sqlite3_malloc'd. */
static char *wanted_text(const struct db_request *r, uint64_t limit)
{
    return sqlite3_mprintf("limit %llu%s%s", (unsigned long long)limit, r->only ? ", only " : "", r->only ? r->only : "");
}

static bool has_events(sqlite3 *db, const struct db_request *r)
{
    if (!r->chosen)
        return true;
    char *wanted = wanted_text(r, r->events);
    sqlite3_stmt *q = db_sql_prepare(db, "SELECT value FROM info WHERE key = 'events_wanted'", NULL);
    bool same = q && wanted && sqlite3_step(q) == SQLITE_ROW && strcmp(db_sql_str(q, 0).p, wanted) == 0;
    sqlite3_finalize(q);
    sqlite3_free(wanted);
    return same;
}

/* The stored analysis when it will do; NULL with `why` filled when it will not. */
static sqlite3 *open_current(const char *path, struct db_sources *now, const struct db_request *r, struct ghost_err *why)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        ghost_fail(why, GHOST_E_NOT_FOUND, "there is no analysis at %s", path);
        return NULL;
    }
    sqlite3 *db = db_file_open(path, why);
    if (!db)
        return NULL;
    int ret = check_schema(db, path, why);
    if (ret == 0 && now->n && (!db_sources_match(now, db) || !has_events(db, r)))
        ret = ghost_fail(why, GHOST_E_STATE, "the logs have changed since %s was made", path);
    if (ret == 0)
        return db;
    sqlite3_close(db);
    return NULL;
}

/* ---- making it ---- */

struct making {
    const struct session *s;
    const struct db_request *r;
    struct db_sources sources;           /* as they were before the analysis */
    struct db_progress progress;
    bool steady;                         /* and still were after it */
    struct ghost_model *m;
};

static void making_release(struct making *k)
{
    db_progress_end(&k->progress);
    db_sources_release(&k->sources);
}

static int analyse(struct making *k, struct ghost_err *err)
{
    struct db_sources after;
    struct pipeline_options o = { .jobs = k->r->jobs, .progress = k->progress.terminal ? db_progress_bytes : NULL, .self = &k->progress,
                                  .from_real = k->r->from_real, .to_real = k->r->to_real };
    k->m = pipeline_run(k->s, &o, err);
    if (!k->m)
        return err->code ? err->code : GHOST_E_STATE;
    int ret = db_sources_read(&after, k->s, err);
    k->steady = ret == 0 && db_sources_same(&k->sources, &after);
    if (ret == 0)
        db_sources_release(&after);
    return ret;
}

static int write_events(sqlite3 *db, struct making *k, uint64_t wanted, struct ghost_err *err)
{
    struct events_import_options o = { .limit = wanted, .filter = k->r->filter };
    uint64_t rows = 0;
    char *text = wanted_text(k->r, wanted);
    int ret = text ? db_sql_exec(db, events_table_sql, err) : no_memory(err);
    bool too_many = !k->r->only && k->m->events > wanted;
    db_progress_follow(&k->progress, db, true, k->r->only ? 0 : k->m->events);
    if (ret == 0 && !too_many)
        ret = events_import(db, k->s, k->m, &o, &rows, err);
    if (ret == 0)
        ret = db_write_info_number(db, "events_imported", rows, err);
    if (ret == 0)
        ret = db_write_info(db, "events_wanted", text, err);
    if (ret == 0)
        ret = db_write_info_number(db, "events_complete", rows && !k->r->only, err);
    sqlite3_free(text);
    return ret;
}

/* How many raw events: as asked for, else as ghost.yaml says for all commands. */
static int choose_events(const struct making *k, bool in_memory, uint64_t *wanted, struct ghost_err *err)
{
    const struct config_value *setting = config_get("import.events");
    *wanted = k->r->chosen ? k->r->events : in_memory ? 0 : DB_EVENTS_DEFAULT;
    if (k->r->chosen || in_memory || !setting || !setting->n)
        return 0;
    return events_options_limit(setting->items[0], wanted, err);
}

static int write_all(sqlite3 *db, struct making *k, bool in_memory, struct ghost_err *err)
{
    char pragmas[160];
    uint64_t wanted;
    int ret = choose_events(k, in_memory, &wanted, err);
    db_progress_follow(&k->progress, db, false, 0);
    if (ret == 0)
        ret = db_write_model(db, k->m, err);
    if (ret == 0)
        ret = db_write_blocks(db, k->s, k->m, err);
    if (ret == 0)
        ret = write_events(db, k, wanted, err);
    db_progress_follow(&k->progress, db, false, 0);
    if (ret == 0)
        ret = db_write_indexes(db, err);
    if (ret == 0)
        ret = db_write_info(db, "ghost", GHOST_VERSION, err);
    if (ret == 0)
        ret = db_write_info_number(db, "schema", (uint64_t)(int64_t)db_schema_digest(), err);
    if (ret == 0 && !in_memory)
        ret = db_sources_write(&k->sources, db, err);
    snprintf(pragmas, sizeof pragmas, "PRAGMA application_id = %d; PRAGMA user_version = %d; PRAGMA analysis_limit = 400; ANALYZE",
             APPLICATION_ID, GHOST_DB_VERSION);
    ret = ret < 0 ? ret : db_sql_exec(db, pragmas, err);
    db_progress_end(&k->progress);
    return ret;
}

/* 1: written; 0: it cannot be kept there, which was told. */
static int store(struct making *k, const char *path, struct ghost_err *err)
{
    struct ghost_err why = GHOST_ERR_INIT;
    struct db_file f;
    int ret = db_file_begin(&f, path, &why);
    if (ret == 0) {
        ret = write_all(f.db, k, false, &why);
        ret = db_file_end(&f, ret, &why);
    }
    if (ret == 0)
        return 1;
    if (ret != GHOST_E_IO && ret != GHOST_E_FULL)
        return ghost_fail(err, ret, "%s", why.msg[0] ? why.msg : ghost_code_text(ret));
    db_progress_end(&k->progress);
    fprintf(stderr, "ghost: the analysis is not kept (%s): the next command makes it again\n", why.msg);
    return 0;
}

/* For a session that is still being recorded, or a folder that nothing can be written to. */
static sqlite3 *make_in_memory(struct making *k, struct ghost_err *err)
{
    sqlite3 *db = NULL;
    int ret = sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK
                  ? 0 : db_sql_fail(db, err, "making an analysis in memory");
    if (ret == 0)
        ret = db_sql_exec(db, "BEGIN", err);
    if (ret == 0)
        ret = write_all(db, k, true, err);
    if (ret == 0)
        ret = db_sql_exec(db, "COMMIT; PRAGMA query_only = 1", err);
    if (ret == 0) {
        sqlite3_progress_handler(db, 0, NULL, NULL);
        return db;
    }
    sqlite3_close(db);
    return NULL;
}

/* There are no logs to make it anew from. */
static int unusable(const struct session *s, const struct ghost_err *why, struct ghost_err *err)
{
    return ghost_fail(err, why->code, "cannot use the analysis of session %s, and its logs are not here: %s", s->id, why->msg);
}

/* ---- the two ways in ---- */

static int prepare(struct making *k, char **path, struct ghost_err *err)
{
    db_progress_begin(&k->progress);
    *path = path_of(k->s);
    return *path ? db_sources_read(&k->sources, k->s, err) : no_memory(err);
}


static int open_or_make(struct db *d, struct making *k, struct ghost_err *err)
{
    struct ghost_err why = GHOST_ERR_INIT;
    bool kept = is_kept(&d->session, &d->request);
    int ret = 0;
    if (kept && (!d->request.force || !k->sources.n))
        d->sql = open_current(d->path, &k->sources, &d->request, &why);
    if (d->sql)
        return 0;
    if (kept && !k->sources.n && why.code != GHOST_E_NOT_FOUND)
        return unusable(k->s, &why, err);
    ret = analyse(k, err);
    if (ret < 0)
        return ret;
    d->made = true;
    d->changing = !k->steady;
    ret = k->steady && kept ? store(k, d->path, err) : 0;
    if (ret == 1)
        d->sql = db_file_open(d->path, err);
    else if (ret == 0)
        d->sql = make_in_memory(k, err);
    if (ret == 0) {
        free(d->path);
        d->path = NULL;
    }
    return d->sql ? 0 : err->code ? err->code : GHOST_E_STATE;
}

int db_open(const struct session *s, const struct db_request *r, struct db **out, struct ghost_err *err)
{
    struct db *d = calloc(1, sizeof *d);
    struct making k = { .s = s, .r = r };
    if (!d)
        return no_memory(err);
    d->request = *r;
    d->session = *s;
    d->session.id = strdup(s->id);
    d->session.path = strdup(s->path);
    int ret = d->session.id && d->session.path ? prepare(&k, &d->path, err) : no_memory(err);
    if (ret == 0)
        ret = open_or_make(d, &k, err);
    ghost_model_free(k.m);
    making_release(&k);
    if (ret < 0) {
        db_close(d);
        d = NULL;
    }
    *out = d;
    return ret;
}

void db_close(struct db *d)
{
    if (!d)
        return;
    sqlite3_close(d->sql);
    session_release(&d->session);
    free(d->path);
    free(d);
}

sqlite3 *db_handle(struct db *d) { return d->sql; }
const char *db_path(const struct db *d) { return d->path ? d->path : ""; }
bool db_was_made(const struct db *d) { return d->made; }
bool db_is_changing(const struct db *d) { return d->changing; }

bool db_mend(struct db *d, struct ghost_err *err)
{
    struct making k = { .s = &d->session, .r = &d->request };
    struct ghost_err why = GHOST_ERR_INIT;
    char *path = NULL;
    bool mended = false;
    if (err->code != GHOST_E_CORRUPT || !d->path || d->request.force)
        return false;
    d->request.force = true;
    if (prepare(&k, &path, &why) == 0 && k.sources.n) {
        sqlite3_close(d->sql);
        d->sql = NULL;
        fprintf(stderr, "ghost: %s was damaged and is made anew\n", d->path);
        mended = open_or_make(d, &k, &why) == 0;
        *err = mended ? (struct ghost_err)GHOST_ERR_INIT : why;
    }
    ghost_model_free(k.m);
    making_release(&k);
    free(path);
    return mended;
}

struct ghost_model *db_read(struct db *d, enum db_part part, struct ghost_err *err)
{
    struct ghost_model *m = db_read_model(d->sql, part, err);
    return !m && db_mend(d, err) ? db_read_model(d->sql, part, err) : m;
}

static struct ghost_model *read_current(const char *path, struct making *k, struct ghost_err *why)
{
    sqlite3 *db = open_current(path, &k->sources, k->r, why);
    struct ghost_model *m = db ? db_read_model(db, DB_ALL, why) : NULL;
    sqlite3_close(db);
    return m;
}

struct ghost_model *db_model_kept(const struct session *s)
{
    const struct db_request r = { 0 };
    struct making k = { .s = s, .r = &r };
    struct ghost_err why = GHOST_ERR_INIT;
    char *path = NULL;
    if (prepare(&k, &path, &why) == 0 && is_kept(s, &r))
        k.m = read_current(path, &k, &why);
    making_release(&k);
    free(path);
    return k.m;
}

struct ghost_model *db_model(const struct session *s, const struct db_request *r, struct ghost_err *err)
{
    struct making k = { .s = s, .r = r };
    struct ghost_err why = GHOST_ERR_INIT;
    char *path = NULL;
    int ret = prepare(&k, &path, err);
    if (ret == 0 && is_kept(s, r) && (!r->force || !k.sources.n))
        k.m = read_current(path, &k, &why);
    if (ret == 0 && !k.m && !k.sources.n && why.code != GHOST_E_NOT_FOUND)
        ret = unusable(s, &why, err);
    if (ret == 0 && !k.m) {
        ret = analyse(&k, err);
        if (ret == 0 && k.steady && is_kept(s, r))
            ret = store(&k, path, err);
    }
    making_release(&k);
    free(path);
    if (ret >= 0)
        return k.m;
    ghost_model_free(k.m);
    return NULL;
}
