/* events_vtab.c - see events_sql.h. A virtual table of SQLite over events.h.
 *
 * Compiled twice: into the command, and with GHOST_SQLITE_EXTENSION into an
 * extension for other programs' SQLite, which is then reached through a table
 * of pointers that sqlite3ext.h puts in the place of the functions. */
#ifdef GHOST_SQLITE_EXTENSION
#include <sqlite3ext.h>
SQLITE_EXTENSION_INIT1
#endif
#include "events_sql.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"

struct table_of_events { sqlite3_vtab base; struct session session; struct events *events; };

struct cursor_of_events {
    sqlite3_vtab_cursor base;
    struct events_cursor *rows;
    struct event_row row;
    bool end;
    char *texts[8]; unsigned n_texts;    /* the filter's strings */
};

/* ---- columns ---- */

struct cell { struct events *e; const struct cursor_of_events *c; const struct event_row *r; sqlite3_context *to; const char *session; };

static void put(const struct cell *c, struct ghost_str s)
{
    sqlite3_result_text(c->to, s.p, (int)s.len, SQLITE_STATIC);
}
static void put_text(const struct cell *c, const char *s)
{
    if (s)
        sqlite3_result_text(c->to, s, -1, SQLITE_STATIC);
}
static void put_number(const struct cell *c, uint64_t n) { sqlite3_result_int64(c->to, (sqlite3_int64)n); }

static const struct event_function *function_of(const struct cell *c)
{
    return events_function(c->e, c->r->log, c->r->function);
}
static const struct event_signature *signature_of(const struct cell *c)
{
    return events_signature(c->e, c->r->log, c->r->function, c->r->signature);
}

static void id_cell(const struct cell *c) { put_number(c, c->r->id); }
static void session_cell(const struct cell *c) { put_text(c, c->session); }
static void event_cell(const struct cell *c) { put_text(c, event_kinds[c->r->kind].event); }
static void end_cell(const struct cell *c) { put_text(c, event_kinds[c->r->kind].end); }
static void is_exception_cell(const struct cell *c) { put_number(c, EVENT_IS_EXCEPTION(c->r->kind)); }
static void time_cell(const struct cell *c) { put_number(c, c->r->time); }
static void pid_cell(const struct cell *c) { put_number(c, events_process(c->e, c->r->log).pid); }
static void log_cell(const struct cell *c) { put_text(c, events_process(c->e, c->r->log).log); }
static void thread_cell(const struct cell *c) { put_number(c, c->r->thread); }
static void thread_name_cell(const struct cell *c) { put(c, events_thread(c->e, c->r->log, c->r->thread)); }
static void depth_cell(const struct cell *c) { put_number(c, c->r->depth); }
static void blocks_cell(const struct cell *c) { put_number(c, events_cost(c->c->rows).decoded); }

static void fn_key_cell(const struct cell *c)
{
    const struct event_function *f = function_of(c);
    if (f)                               /* marks and pauses are nobody's */
        put(c, f->fn_key);
}
static void module_cell(const struct cell *c)
{
    const struct event_function *f = function_of(c);
    if (f)
        put(c, f->module);
}
static void qualname_cell(const struct cell *c)
{
    const struct event_function *f = function_of(c);
    if (f)
        put(c, f->qualname);
}
static void file_cell(const struct cell *c)
{
    const struct event_function *f = function_of(c);
    if (f)
        put(c, f->file);
}
static void line_cell(const struct cell *c)
{
    const struct event_function *f = function_of(c);
    if (f)
        put_number(c, f->line);
}
static void caller_cell(const struct cell *c)
{
    const struct event_function *f = events_function(c->e, c->r->log, c->r->caller);
    if (f)
        put(c, f->fn_key);
}
static void arg_types_cell(const struct cell *c)
{
    const struct event_signature *s = c->r->kind == EVENT_CALL ? signature_of(c) : NULL;
    put(c, s ? s->json : GHOST_STR("[]"));
}
static void signature_cell(const struct cell *c)
{
    const struct event_signature *s = signature_of(c);
    if (s)
        put(c, s->text);
}
static void ret_or_exc_cell(const struct cell *c)
{
    if (c->r->kind == EVENT_MARK)
        put(c, events_mark(c->e, c->r->log, c->r->type));
    else if (c->r->type)
        put(c, events_type(c->e, c->r->log, c->r->type));
    else if (c->r->kind >= EVENT_RETURN && c->r->kind <= EVENT_YIELD)
        put_text(c, "?");                /* as everywhere: a type that is not known */
}
static void latency_cell(const struct cell *c)
{
    if (c->r->timed)
        put_number(c, c->r->latency);
}
static void self_cell(const struct cell *c)
{
    if (c->r->timed)
        put_number(c, c->r->self);
}
static void suspended_cell(const struct cell *c)
{
    if (c->r->timed)
        put_number(c, c->r->suspended);
}
static void call_cell(const struct cell *c)
{
    if (c->r->call)
        put_number(c, c->r->call);
}

/* X(name, declaration, cell); the first nine are the reference's. */
#define COLUMNS(X)                                                                                          \
    X(ID, "id INTEGER", id_cell) X(SESSION_ID, "session_id TEXT", session_cell)                             \
    X(FN_KEY, "fn_key TEXT", fn_key_cell) X(EVENT, "event TEXT", event_cell)                                \
    X(ARG_TYPES, "arg_types TEXT", arg_types_cell) X(RET_OR_EXC, "ret_or_exc TEXT", ret_or_exc_cell)        \
    X(IS_EXCEPTION, "is_exception INTEGER", is_exception_cell) X(TIMESTAMP_NS, "timestamp_ns INTEGER", time_cell) \
    X(CALLER_KEY, "caller_key TEXT", caller_cell)                                                           \
    X(PID, "pid INTEGER", pid_cell) X(LOG, "log TEXT", log_cell) X(THREAD, "thread INTEGER", thread_cell)   \
    X(THREAD_NAME, "thread_name TEXT", thread_name_cell) X(MODULE, "module TEXT", module_cell)              \
    X(QUALNAME, "qualname TEXT", qualname_cell) X(FILE, "file TEXT", file_cell) X(LINE, "line INTEGER", line_cell) \
    X(SIGNATURE, "signature TEXT", signature_cell) X(END, "\"end\" TEXT", end_cell)                         \
    X(LATENCY_NS, "latency_ns INTEGER", latency_cell) X(SELF_NS, "self_ns INTEGER", self_cell)              \
    X(SUSPENDED_NS, "suspended_ns INTEGER", suspended_cell) X(CALL_ID, "call_id INTEGER", call_cell)        \
    X(DEPTH, "depth INTEGER", depth_cell)                                                                   \
    X(BLOCKS_DECODED, "blocks_decoded INTEGER HIDDEN", blocks_cell)

enum column {
#define X(name, declaration, cell) COLUMN_##name,
    COLUMNS(X)
#undef X
    COLUMN_COUNT
};

static void (*const cells[COLUMN_COUNT])(const struct cell *c) = {
#define X(name, declaration, cell) [COLUMN_##name] = cell,
    COLUMNS(X)
#undef X
};

static const char declaration[] = "CREATE TABLE x("
#define X(name, declaration, cell) declaration ","
    COLUMNS(X)
#undef X
    "PRIMARY KEY(id))";

/* ---- which constraints reach the blocks ---- */

/* One row for each that is understood. SQLite checks all rows again, so what is
 * passed on may let too many through, never too few. `kind` tells which ones say the
 * same thing: only the first of a kind is passed on. */
struct push {
    int column;
    unsigned char op;
    const char *text;                    /* in EXPLAIN QUERY PLAN */
    enum { PUSH_FROM, PUSH_TO, PUSH_AT, PUSH_FN_KEY, PUSH_QUALNAME, PUSH_MODULE, PUSH_THREAD, PUSH_PROCESS, PUSH_KINDS } kind;
    double share;                        /* of the rows, by rule of thumb */
};
static const struct push pushes[] = {
    { COLUMN_TIMESTAMP_NS, SQLITE_INDEX_CONSTRAINT_GE, "timestamp_ns>=", PUSH_FROM, 0.3 },
    { COLUMN_TIMESTAMP_NS, SQLITE_INDEX_CONSTRAINT_GT, "timestamp_ns>", PUSH_FROM, 0.3 },
    { COLUMN_TIMESTAMP_NS, SQLITE_INDEX_CONSTRAINT_LE, "timestamp_ns<=", PUSH_TO, 0.3 },
    { COLUMN_TIMESTAMP_NS, SQLITE_INDEX_CONSTRAINT_LT, "timestamp_ns<", PUSH_TO, 0.3 },
    { COLUMN_TIMESTAMP_NS, SQLITE_INDEX_CONSTRAINT_EQ, "timestamp_ns=", PUSH_AT, 0.001 },
    { COLUMN_FN_KEY, SQLITE_INDEX_CONSTRAINT_EQ, "fn_key=", PUSH_FN_KEY, 0.05 },
    { COLUMN_FN_KEY, SQLITE_INDEX_CONSTRAINT_GLOB, "fn_key GLOB ", PUSH_FN_KEY, 0.2 },
    { COLUMN_QUALNAME, SQLITE_INDEX_CONSTRAINT_EQ, "qualname=", PUSH_QUALNAME, 0.05 },
    { COLUMN_QUALNAME, SQLITE_INDEX_CONSTRAINT_GLOB, "qualname GLOB ", PUSH_QUALNAME, 0.2 },
    { COLUMN_MODULE, SQLITE_INDEX_CONSTRAINT_EQ, "module=", PUSH_MODULE, 0.2 },
    { COLUMN_MODULE, SQLITE_INDEX_CONSTRAINT_GLOB, "module GLOB ", PUSH_MODULE, 0.4 },
    { COLUMN_THREAD, SQLITE_INDEX_CONSTRAINT_EQ, "thread=", PUSH_THREAD, 0.2 },
    { COLUMN_PID, SQLITE_INDEX_CONSTRAINT_EQ, "pid=", PUSH_PROCESS, 0.2 },
    { COLUMN_LOG, SQLITE_INDEX_CONSTRAINT_EQ, "log=", PUSH_PROCESS, 0.2 },
};
enum { N_PUSHES = sizeof pushes / sizeof *pushes };

static const struct push *find_push(const struct sqlite3_index_constraint *c)
{
    for (size_t i = 0; i < N_PUSHES; i++)
        if (pushes[i].column == c->iColumn && pushes[i].op == c->op)
            return &pushes[i];
    return NULL;
}

/* Rows come by time, and at the same time by id. */
static bool gives_order(const sqlite3_index_info *x, const struct events_info *info)
{
    bool by_time = x->nOrderBy >= 1 && x->aOrderBy[0].iColumn == COLUMN_TIMESTAMP_NS && !x->aOrderBy[0].desc;
    bool then_id = x->nOrderBy == 2 && x->aOrderBy[1].iColumn == COLUMN_ID && !x->aOrderBy[1].desc;
    return info->ordered && by_time && (x->nOrderBy == 1 || then_id);
}

/* The plan is its own text: the pushes in the order of their arguments. */
static int best_index(sqlite3_vtab *base, sqlite3_index_info *x)
{
    const struct events_info *info = events_info(((struct table_of_events *)base)->events);
    bool taken[PUSH_KINDS] = { false };
    double rows = (double)info->events;
    char *plan = sqlite3_mprintf("%s", "");
    int n = 0;
    for (int i = 0; plan && i < x->nConstraint; i++) {
        const struct push *p = x->aConstraint[i].usable ? find_push(&x->aConstraint[i]) : NULL;
        if (!p || taken[p->kind])
            continue;
        taken[p->kind] = true;
        rows *= p->share;
        x->aConstraintUsage[i].argvIndex = ++n;
        plan = sqlite3_mprintf("%z%s%s?", plan, n > 1 ? " " : "", p->text);
    }
    if (!plan)
        return SQLITE_NOMEM;
    x->idxNum = n;
    x->idxStr = plan;
    x->needToFreeIdxStr = 1;
    x->orderByConsumed = gives_order(x, info);
    x->estimatedRows = (sqlite3_int64)rows + 1;
    /* a function's events may be in any block: decoding costs even where no row comes of it */
    x->estimatedCost = 1000 + rows + (taken[PUSH_FROM] || taken[PUSH_TO] || taken[PUSH_AT] ? 0 : (double)info->events / 4);
    return SQLITE_OK;
}

/* ---- a scan ---- */

/* The argument as a text that lives as long as the scan; NULL: leave the constraint to SQLite. */
static const char *keep_text(struct cursor_of_events *c, sqlite3_value *v)
{
    const unsigned char *text = sqlite3_value_type(v) == SQLITE_NULL ? NULL : sqlite3_value_text(v);
    if (!text || c->n_texts == sizeof c->texts / sizeof *c->texts)
        return NULL;
    char *copy = sqlite3_mprintf("%s", text);
    if (copy)
        c->texts[c->n_texts++] = copy;
    return copy;
}

/* Whole nanoseconds at or above (up) or below a number; false: none that can be passed on. */
static bool whole(sqlite3_value *v, bool up, uint64_t *ns)
{
    int type = sqlite3_value_numeric_type(v);
    double real = sqlite3_value_double(v);
    if (type == SQLITE_INTEGER && sqlite3_value_int64(v) >= 0) {
        *ns = (uint64_t)sqlite3_value_int64(v);
        return true;
    }
    if (type != SQLITE_FLOAT || !(real >= 0) || real > 9e18)
        return false;
    *ns = (uint64_t)(up ? ceil(real) : floor(real));
    return true;
}

static void push_time(struct events_filter *f, const struct push *p, sqlite3_value *v)
{
    uint64_t ns;
    bool lower = p->kind != PUSH_TO, upper = p->kind != PUSH_FROM;
    if (lower && whole(v, true, &ns) && ns > f->from)
        f->from = ns;
    if (upper && whole(v, false, &ns) && (!f->to || ns + 1 < f->to))
        f->to = ns + 1;
}

/* SQLite's GLOB and fnmatch agree on patterns without these. */
static bool is_plain_glob(const char *text) { return !strpbrk(text, "[]\\"); }

static void push_name(struct cursor_of_events *c, struct events_filter *f, const struct push *p, sqlite3_value *v)
{
    enum events_name name = p->kind == PUSH_FN_KEY ? EVENTS_FN_KEY : p->kind == PUSH_QUALNAME ? EVENTS_QUALNAME : EVENTS_MODULE;
    bool glob = p->op == SQLITE_INDEX_CONSTRAINT_GLOB;
    const char *text = keep_text(c, v);
    if (text && (!glob || is_plain_glob(text)))
        f->functions[f->n_functions++] = (struct events_match){ name, glob, text };
}

static void push(struct cursor_of_events *c, struct events_filter *f, const struct push *p, sqlite3_value *v)
{
    switch (p->kind) {
    case PUSH_FROM: case PUSH_TO: case PUSH_AT:
        push_time(f, p, v);
        break;
    case PUSH_THREAD:
        if (sqlite3_value_numeric_type(v) == SQLITE_INTEGER && sqlite3_value_int64(v) > 0 && sqlite3_value_int64(v) <= UINT32_MAX)
            f->thread = (uint32_t)sqlite3_value_int64(v);
        break;
    case PUSH_PROCESS:
        f->process = keep_text(c, v);
        break;
    default:
        push_name(c, f, p, v);
    }
}

/* The plan's next push; `*plan` goes behind it. */
static const struct push *next_push(const char **plan)
{
    const struct push *found = NULL;
    for (size_t i = 0; i < N_PUSHES; i++) {
        size_t n = strlen(pushes[i].text);
        if (strncmp(*plan, pushes[i].text, n) == 0 && (*plan)[n] == '?')
            found = &pushes[i];
    }
    if (found)
        *plan += strlen(found->text) + 1;
    *plan += **plan == ' ';
    return found;
}

static void end_scan(struct cursor_of_events *c)
{
    events_end(c->rows);
    c->rows = NULL;
    while (c->n_texts)
        sqlite3_free(c->texts[--c->n_texts]);
}

static int fail(sqlite3_vtab *table, const struct ghost_err *err)
{
    sqlite3_free(table->zErrMsg);
    table->zErrMsg = sqlite3_mprintf("%s", err->msg);
    return err->code == GHOST_E_NOMEM ? SQLITE_NOMEM : SQLITE_ERROR;
}

static int next(sqlite3_vtab_cursor *base)
{
    struct cursor_of_events *c = (struct cursor_of_events *)base;
    struct ghost_err err = GHOST_ERR_INIT;
    int ret = events_next(c->rows, &c->row, &err);
    c->end = ret <= 0;
    return ret < 0 ? fail(base->pVtab, &err) : SQLITE_OK;
}

static int filter(sqlite3_vtab_cursor *base, int n, const char *plan, int argc, sqlite3_value **argv)
{
    struct cursor_of_events *c = (struct cursor_of_events *)base;
    struct events_filter f = { 0 };
    struct ghost_err err = GHOST_ERR_INIT;
    end_scan(c);
    for (int i = 0; i < n && i < argc; i++) {
        const struct push *p = next_push(&plan);
        if (p)
            push(c, &f, p, argv[i]);
    }
    c->rows = events_begin(((struct table_of_events *)base->pVtab)->events, &f, &err);
    return c->rows ? next(base) : fail(base->pVtab, &err);
}

static int is_end(sqlite3_vtab_cursor *base) { return ((struct cursor_of_events *)base)->end; }

static int column(sqlite3_vtab_cursor *base, sqlite3_context *to, int i)
{
    const struct cursor_of_events *c = (const struct cursor_of_events *)base;
    const struct table_of_events *t = (const struct table_of_events *)base->pVtab;
    cells[i](&(struct cell){ t->events, c, &c->row, to, t->session.id });
    return SQLITE_OK;
}

static int rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *id)
{
    *id = (sqlite3_int64)((struct cursor_of_events *)base)->row.id;
    return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *base, sqlite3_vtab_cursor **to)
{
    (void)base;
    struct cursor_of_events *c = calloc(1, sizeof *c);
    if (!c)
        return SQLITE_NOMEM;
    *to = &c->base;
    return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *base)
{
    end_scan((struct cursor_of_events *)base);
    free(base);
    return SQLITE_OK;
}

/* ---- the table ---- */

static int disconnect(sqlite3_vtab *base)
{
    struct table_of_events *t = (struct table_of_events *)base;
    events_close(t->events);
    session_release(&t->session);
    free(t);
    return SQLITE_OK;
}

/* 'it''s' to it's; a name without quotes stays. The caller frees it. */
static char *unquoted(const char *text)
{
    size_t n = strlen(text), used = 0;
    char *out = malloc(n + 1), quote = *text;
    if (!out)
        return NULL;
    if (quote != '\'' && quote != '"')
        return memcpy(out, text, n + 1);
    for (size_t i = 1; i < n && (text[i] != quote || text[i + 1] == quote); i++) {
        out[used++] = text[i];
        i += text[i] == quote;
    }
    out[used] = '\0';
    return out;
}

static int connect(sqlite3 *db, void *aux, int argc, const char *const *argv, sqlite3_vtab **to, char **message)
{
    (void)aux;
    struct ghost_err err = GHOST_ERR_INIT;
    struct table_of_events *t = calloc(1, sizeof *t);
    char *name = argc > 3 ? unquoted(argv[3]) : NULL;
    int ret = t && (name || argc <= 3) ? SQLITE_OK : SQLITE_NOMEM;
    if (ret == SQLITE_OK)
        ret = sqlite3_declare_vtab(db, declaration);
    if (ret == SQLITE_OK && (session_resolve(NULL, name, &t->session, &err) < 0 || !(t->events = events_open(&t->session, &err)))) {
        *message = sqlite3_mprintf("%s", err.msg);
        ret = SQLITE_ERROR;
    }
    free(name);
    if (ret == SQLITE_OK)
        *to = &t->base;
    else if (t)
        disconnect(&t->base);
    return ret;
}

static const sqlite3_module module = {
    .xCreate = connect, .xConnect = connect, .xBestIndex = best_index, .xDisconnect = disconnect, .xDestroy = disconnect,
    .xOpen = open_cursor, .xClose = close_cursor, .xFilter = filter, .xNext = next, .xEof = is_end, .xColumn = column, .xRowid = rowid,
};

int events_register(sqlite3 *db) { return sqlite3_create_module_v2(db, "ghost_events", &module, NULL, NULL); }

#ifdef GHOST_SQLITE_EXTENSION
/* What .load calls in ghost_events.so; the name follows from the file's. */
__attribute__((visibility("default"))) int sqlite3_ghostevents_init(sqlite3 *db, char **message, const sqlite3_api_routines *api);
int sqlite3_ghostevents_init(sqlite3 *db, char **message, const sqlite3_api_routines *api)
{
    (void)message;
    SQLITE_EXTENSION_INIT2(api)
    return events_register(db);
}
#endif
