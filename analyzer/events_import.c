/* events_import.c - see events_import.h.
 *
 * INSERT ... SELECT from a virtual table that walks the log: SQLite's own loop
 * takes each row's integers without a statement being stepped for it, which is
 * what limits an insert of bound values (docs/decisions/0011). */
#include "events_import.h"

#include <stdlib.h>
#include <string.h>

#include "events_map.h"

/* X(name, form of the value, expression over row `r` of scan `s`, about). Forms:
 * NUMBER; INDEX, GHOST_NONE is NULL; OPTIONAL, 0 is NULL; TIMED, NULL where the
 * row has no times. */
#define EVENT_COLUMNS(X)                                                                                        \
    X(time, NUMBER, r->time, "ns since 1970")                                                                   \
    X(kind, NUMBER, r->kind, "1 call; ends: 2 return, 3 raised, 4 passed (an exception from below), 5 closed; " \
                             "6 yield, 7 resume, 8 throw, 9 mark, 10 pause; conclusions: 11 abandon, 12 adopt, 13 drop") \
    X(process, INDEX, events_map_process(s->map, r->log), "")                                                   \
    X(thread, INDEX, events_map_thread(s->map, r->log, r->thread), "NULL: beyond those that are told apart")    \
    X(function, INDEX, events_map_function(s->map, r->log, r->function), "NULL: mark, pause")                   \
    X(signature, INDEX, events_map_signature(s->map, r->log, r->function, r->signature), "on all rows of a call") \
    X(caller, INDEX, events_map_function(s->map, r->log, r->caller), "function: the recorded one below when the call began") \
    X(type, INDEX, type_of(s, r), "type returned, raised or yielded; of a mark: mark.id")                       \
    X(call, OPTIONAL, r->call, "tick at which the call began, the same on all its rows")                        \
    X(latency, TIMED, r->latency, "ns, where a call ends whose begin is known")                                 \
    X(self, TIMED, r->self, "ns of these without recorded callees and suspension")                              \
    X(suspended, TIMED, r->suspended, "ns of these in which a generator or coroutine was suspended")            \
    X(depth, NUMBER, r->depth, "recorded functions below it on the stack")

const char *const events_table_sql =
    "CREATE TABLE event(\n  id INTEGER PRIMARY KEY -- from 1, in order of time\n"
#define X(name, form, expression, about) "  , " #name " INTEGER -- " about "\n"
    EVENT_COLUMNS(X)
#undef X
    ")";

const char *const events_event_case_sql = "CASE e.kind"
#define X(name, number, event, end, text) " WHEN " #number " THEN '" event "'"
    EVENT_KINDS(X)
#undef X
    " END";

const char *const events_end_case_sql =
    "CASE e.kind WHEN 2 THEN 'return' WHEN 3 THEN 'raised' WHEN 4 THEN 'passed' WHEN 5 THEN 'closed' WHEN 11 THEN 'abandoned' END";

/* ---- the source ---- */

struct scan {
    struct events *e;
    struct events_map *map;
    struct events_filter filter;
    struct ghost_err *err;
};

struct source { sqlite3_vtab base; struct scan *scan; };
struct source_cursor { sqlite3_vtab_cursor base; struct events_cursor *rows; struct event_row row; uint64_t n; bool end; };

static uint32_t type_of(const struct scan *s, const struct event_row *r)
{
    return r->kind == EVENT_MARK ? events_map_mark(s->map, r->log, r->type) : events_map_type(s->map, r->log, r->type);
}

static void put_number(sqlite3_context *to, uint64_t n) { sqlite3_result_int64(to, (sqlite3_int64)n); }

static void put_index(sqlite3_context *to, uint32_t i)
{
    if (i != GHOST_NONE)
        sqlite3_result_int64(to, i);
}

#define PUT_NUMBER(value) put_number(to, value)
#define PUT_INDEX(value) put_index(to, value)
#define PUT_OPTIONAL(value) do { if (value) put_number(to, value); } while (0)
#define PUT_TIMED(value) do { if (r->timed) put_number(to, value); } while (0)

enum column {
    COLUMN_id,
#define X(name, form, expression, about) COLUMN_##name,
    EVENT_COLUMNS(X)
#undef X
};

static int column(sqlite3_vtab_cursor *base, sqlite3_context *to, int i)
{
    const struct source_cursor *c = (const struct source_cursor *)base;
    const struct scan *s = ((const struct source *)base->pVtab)->scan;
    const struct event_row *r = &c->row;
    switch ((enum column)i) {
    case COLUMN_id: put_number(to, c->n); break;
#define X(name, form, expression, about) case COLUMN_##name: PUT_##form(expression); break;
    EVENT_COLUMNS(X)
#undef X
    }
    return SQLITE_OK;
}

static int next(sqlite3_vtab_cursor *base)
{
    struct source_cursor *c = (struct source_cursor *)base;
    int ret = events_next(c->rows, &c->row, ((struct source *)base->pVtab)->scan->err);
    c->end = ret <= 0;
    c->n++;
    return ret < 0 ? SQLITE_NOMEM : SQLITE_OK;
}

static int filter(sqlite3_vtab_cursor *base, int n, const char *plan, int argc, sqlite3_value **argv)
{
    struct source_cursor *c = (struct source_cursor *)base;
    struct scan *s = ((struct source *)base->pVtab)->scan;
    (void)n, (void)plan, (void)argc, (void)argv;
    events_end(c->rows);
    c->n = 0;
    c->rows = events_begin(s->e, &s->filter, s->err);
    return c->rows ? next(base) : SQLITE_NOMEM;
}

static int is_end(sqlite3_vtab_cursor *base) { return ((struct source_cursor *)base)->end; }

static int rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *id)
{
    *id = (sqlite3_int64)((struct source_cursor *)base)->n;
    return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *base, sqlite3_vtab_cursor **to)
{
    (void)base;
    struct source_cursor *c = calloc(1, sizeof *c);
    *to = c ? &c->base : NULL;
    return c ? SQLITE_OK : SQLITE_NOMEM;
}

static int close_cursor(sqlite3_vtab_cursor *base)
{
    events_end(((struct source_cursor *)base)->rows);
    free(base);
    return SQLITE_OK;
}

static int best_index(sqlite3_vtab *base, sqlite3_index_info *x)
{
    (void)base, (void)x;                 /* one way: all, in order */
    return SQLITE_OK;
}

static int connect(sqlite3 *db, void *scan, int argc, const char *const *argv, sqlite3_vtab **to, char **message)
{
    (void)argc, (void)argv, (void)message;
    struct source *s = calloc(1, sizeof *s);
    if (!s)
        return SQLITE_NOMEM;
    s->scan = scan;
    *to = &s->base;
    return sqlite3_declare_vtab(db, "CREATE TABLE x(id"
#define X(name, form, expression, about) "," #name
        EVENT_COLUMNS(X)
#undef X
        ")");
}

static int disconnect(sqlite3_vtab *base)
{
    free(base);
    return SQLITE_OK;
}

static const sqlite3_module source_module = {
    .xConnect = connect, .xBestIndex = best_index, .xDisconnect = disconnect, .xOpen = open_cursor, .xClose = close_cursor,
    .xFilter = filter, .xNext = next, .xEof = is_end, .xColumn = column, .xRowid = rowid,
};

/* ---- filling ---- */

#define SOURCE "ghost_events_import"

static int no_memory(struct ghost_err *err) { return ghost_fail(err, GHOST_E_NOMEM, "out of memory while raw events were imported"); }

static bool is_unfiltered(const struct events_filter *f)
{
    return !f->from && !f->to && !f->n_functions && !f->thread && !f->process && !f->any_function.n && !f->any_thread.n && !f->any_process.n;
}

/* More rows than the limit? Without a filter the logs' own counts tell, else the rows are counted. */
static int exceeds(const struct scan *s, uint64_t limit, bool *more, struct ghost_err *err)
{
    struct event_row row;
    uint64_t n = 0;
    int ret = 1;
    if (limit == UINT64_MAX) {
        *more = false;
        return 0;
    }
    if (is_unfiltered(&s->filter)) {
        *more = events_info(s->e)->events > limit;
        return 0;
    }
    struct events_cursor *c = events_begin(s->e, &s->filter, err);
    if (!c)
        return err->code;
    while (n <= limit && (ret = events_next(c, &row, err)) > 0)
        n += EVENT_IS_COUNTED(row.kind);
    events_end(c);
    *more = n > limit;
    return ret < 0 ? ret : 0;
}

static int fill(sqlite3 *to, struct scan *s, uint64_t *rows)
{
    if (sqlite3_create_module_v2(to, SOURCE, &source_module, s, NULL) != SQLITE_OK)
        return no_memory(s->err);
    int code = sqlite3_exec(to, "INSERT INTO main.event SELECT * FROM " SOURCE, NULL, NULL, NULL);
    if (code != SQLITE_OK)
        ghost_fail(s->err, code == SQLITE_NOMEM ? GHOST_E_NOMEM : code == SQLITE_FULL ? GHOST_E_FULL : GHOST_E_IO,
                   "cannot write the raw events to the database: %s", sqlite3_errmsg(to));
    else
        *rows = (uint64_t)sqlite3_changes64(to);
    sqlite3_create_module_v2(to, SOURCE, NULL, NULL, NULL);
    return code == SQLITE_OK ? 0 : s->err->code;
}

int events_import(sqlite3 *to, const struct session *session, const struct ghost_model *m, const struct events_import_options *o,
                  uint64_t *rows, struct ghost_err *err)
{
    struct ghost_err local = GHOST_ERR_INIT;
    struct scan s = { .filter = o->filter, .err = err ? err : &local };
    bool more = false;
    *rows = 0;
    if (o->limit == 0)
        return 0;
    s.e = events_open(session, s.err);
    int ret = s.e ? exceeds(&s, o->limit, &more, s.err) : s.err->code;
    if (ret == 0 && !more) {
        s.map = events_map_new(s.e, m);
        ret = s.map ? fill(to, &s, rows) : no_memory(s.err);
    }
    events_map_free(s.map);
    events_close(s.e);
    return ret;
}
