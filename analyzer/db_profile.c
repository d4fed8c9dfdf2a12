/* db_profile.c - sums of each fn_key: stored once, asked for by rank. */
#include "db_profile.h"

#include <stdlib.h>
#include <string.h>

#include "db_open.h"
#include "db_row.h"
#include "db_schema.h"

/* ---- to be stored ---- */

static bool is_of(const struct ghost_model_function *f, const struct profile *p)
{
    return f->module.p == p->module.p && f->qualname.p == p->qualname.p && f->first_line == p->line;
}

int db_profile_rows(struct db_profile_rows *r, const struct profiles *p, const struct ghost_model *m, struct ghost_err *err)
{
    *r = (struct db_profile_rows){ .v = calloc(p->n ? p->n : 1, sizeof *r->v) };
    if (!r->v)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory while summing up the analysis");
    /* profiles stand in the order of their functions; those without calls have none */
    for (uint32_t i = 0; r->n < p->n && i < m->n_functions;) {
        const struct profile *from = &p->v[r->n];
        if (!is_of(&m->functions[i], from)) {
            i++;
            continue;
        }
        struct db_profile_row *to = &r->v[r->n++];
        *to = (struct db_profile_row){ .p = *from, .first = i, .mean = profile_mean(from), .n_signatures = from->signatures.n };
        to->rate = from->calls ? (double)from->exceptions / (double)from->calls : 0;
        if (from->signatures.n) {
            to->signature = from->signatures.v[0].name;
            to->signature_calls = from->signatures.v[0].n;
        }
        while (i < m->n_functions && is_of(&m->functions[i], from))
            to->last = i++;
    }
    return 0;
}

void db_profile_rows_release(struct db_profile_rows *r)
{
    free(r->v);
    free(r->calls);
    *r = (struct db_profile_rows){ 0 };
}

/* ---- to be asked for ---- */

/* The same order as a sort of all profiles: both keys downwards, then by fn_key. */
struct sort { const char *name, *by; };
static const struct sort sorts[] = {
    { "calls", "p.calls DESC, p.total_ns DESC" },
    { "latency", "p.mean_ns DESC, p.calls DESC" },
    { "mean", "p.mean_ns DESC, p.calls DESC" },
    { "p50", "p.p50_ns DESC, p.calls DESC" },
    { "p95", "p.p95_ns DESC, p.calls DESC" },
    { "p99", "p.p99_ns DESC, p.calls DESC" },
    { "max", "p.max_ns DESC, p.calls DESC" },
    { "total", "p.total_ns DESC, p.calls DESC" },
    { "self", "p.self_ns DESC, p.calls DESC" },
    { "exceptions", "p.exception_rate DESC, p.exceptions DESC" },
    { "rate", "p.exception_rate DESC, p.exceptions DESC" },
    { "name", "p.id" },
};
enum { N_SORTS = sizeof sorts / sizeof *sorts };
const char *const db_sorts[N_SORTS + 1] = { "calls", "latency", "mean", "p50", "p95", "p99", "max", "total", "self", "exceptions", "rate", "name", NULL };

static const char *order_of(const char *name)
{
    for (size_t i = 0; i < N_SORTS; i++)
        if (strcmp(sorts[i].name, name) == 0)
            return sorts[i].by;
    return NULL;
}

#define WHERE " FROM profile p JOIN function f ON f.id = p.first_function" \
    " WHERE (?1 OR NOT p.is_module) AND (?2 IS NULL OR f.module GLOB ?2) AND (?3 IS NULL OR f.qualname GLOB ?3)"

struct asking { struct db *d; const struct db_top *top; struct profiles *out; struct keyset strings; struct ghost_err *err; };

static sqlite3_stmt *prepare(struct asking *a, const char *sql)
{
    sqlite3_stmt *q = db_sql_prepare(db_handle(a->d), sql, a->err);
    if (!q)
        return NULL;
    sqlite3_bind_int(q, 1, a->top->modules);
    sqlite3_bind_text(q, 2, a->top->module, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 3, a->top->function, -1, SQLITE_STATIC);
    return q;
}

static struct ghost_str keep(struct asking *a, sqlite3_stmt *q, int column)
{
    return keyset_str(&a->strings, db_sql_str(q, column));
}

/* The columns of the profile table that are members of struct profile, by the list. */
static int take_row(struct asking *a, sqlite3_stmt *q, struct profile *to)
{
    struct db_profile_row row = { 0 };
    struct db_sink sink = { .arena = &a->out->arena, .strings = &a->strings };
    const int n = (int)db_profile_table.n_columns;
    for (int i = 0; i < n; i++)
        sink.limits[i] = GHOST_NONE;
    int ret = db_row_fetch(q, 0, &db_profile_table, &row, &sink, a->err);
    if (ret < 0)
        return ret;
    *to = row.p;
    to->fn_key = keep(a, q, n);
    to->module = keep(a, q, n + 1);
    to->qualname = keep(a, q, n + 2);
    to->file = keep(a, q, n + 3);
    to->line = (uint32_t)sqlite3_column_int64(q, n + 4);
    struct profile_count *most = row.n_signatures ? arena_alloc(&a->out->arena, sizeof *most) : NULL;
    if (most) {
        *most = (struct profile_count){ row.signature, row.signature_calls };
        to->signatures = (struct profile_dist){ most, 1 };
    }
    return 0;
}

static sqlite3_stmt *prepare_top(struct asking *a)
{
    char columns[1024] = "", *p = columns, *end = columns + sizeof columns, *sql = NULL;
    const char *order = order_of(a->top->sort);
    if (!order) {
        ghost_fail(a->err, GHOST_E_USAGE, "there is no order '%s'", a->top->sort);
        return NULL;
    }
    for (unsigned i = 0; i < db_profile_table.n_columns; i++)
        p += snprintf(p, (size_t)(end - p), "p.\"%s\", ", db_profile_table.columns[i].name);
    sql = sqlite3_mprintf("SELECT %sf.fn_key, f.module, f.qualname, f.file, f.line" WHERE " ORDER BY %s, p.id LIMIT ?4", columns, order);
    sqlite3_stmt *q = sql ? prepare(a, sql) : NULL;
    sqlite3_free(sql);
    if (q)
        sqlite3_bind_int64(q, 4, a->top->limit && a->top->limit < INT64_MAX ? (int64_t)a->top->limit : -1);
    return q;
}

/* ---- distributions ---- */

#define CALLED " FROM signature s JOIN edge e ON e.signature = s.id "
#define ENDED " FROM signature s JOIN edge e ON e.signature = s.id AND NOT e.adopted JOIN outcome o ON o.edge = e.id LEFT JOIN type t ON t.id = o.type "
#define OF " WHERE s.function BETWEEN ?1 AND ?2 "
#define BY_COUNT " GROUP BY 1 HAVING n > 0 ORDER BY n DESC, 1"
struct dist { size_t at; const char *sql; };
static const struct dist dists[] = {
    { offsetof(struct profile, signatures), "SELECT s.text, sum(e.calls) n" CALLED OF BY_COUNT },
    { offsetof(struct profile, returns), "SELECT ifnull(t.qualname, '?'), sum(o.count) n" ENDED OF "AND o.end = 0" BY_COUNT },
    { offsetof(struct profile, yields), "SELECT ifnull(t.qualname, '?'), sum(o.count) n" ENDED OF "AND o.end = 5" BY_COUNT },
    { offsetof(struct profile, callers), "SELECT c.fn_key, sum(e.calls) n" CALLED "JOIN function c ON c.id = e.caller" OF BY_COUNT },
    { offsetof(struct profile, callees), "SELECT c.fn_key, sum(e.calls) n FROM edge e JOIN signature s ON s.id = e.signature"
                                         " JOIN function c ON c.id = s.function WHERE e.caller BETWEEN ?1 AND ?2 " BY_COUNT },
};
enum { N_DISTS = sizeof dists / sizeof *dists };
static const char exceptions_sql[] = "SELECT ifnull(t.qualname, '?'), sum(CASE o.end WHEN 1 THEN o.count END), sum(CASE o.end WHEN 2 THEN o.count END),"
    " sum(CASE o.end WHEN 6 THEN o.count END)" ENDED OF "AND o.end IN (1, 2, 6) GROUP BY 1 ORDER BY 1";

static int fill_dist(struct asking *a, sqlite3_stmt *q, struct profile_dist *to)
{
    struct profile_count *v = NULL;
    uint32_t n = 0, cap = 0;
    int ret = 0, step;
    while ((step = sqlite3_step(q)) == SQLITE_ROW) {
        if (!grow_array(&v, n, &cap, sizeof *v)) {
            ret = ghost_fail(a->err, GHOST_E_NOMEM, "out of memory while reading profiles");
            break;
        }
        v[n++] = (struct profile_count){ keep(a, q, 0), (uint64_t)sqlite3_column_int64(q, 1) };
    }
    if (ret == 0 && step != SQLITE_DONE)
        ret = db_sql_fail(db_handle(a->d), a->err, "reading profiles");
    *to = (struct profile_dist){ arena_copy(&a->out->arena, v, n * sizeof *v), n };
    free(v);
    return ret;
}

static int fill_exceptions(struct asking *a, sqlite3_stmt *q, struct profile *p)
{
    struct profile_exception *v = NULL;
    uint32_t n = 0, cap = 0;
    int ret = 0, step;
    while ((step = sqlite3_step(q)) == SQLITE_ROW) {
        if (!grow_array(&v, n, &cap, sizeof *v)) {
            ret = ghost_fail(a->err, GHOST_E_NOMEM, "out of memory while reading profiles");
            break;
        }
        v[n++] = (struct profile_exception){ keep(a, q, 0), (uint64_t)sqlite3_column_int64(q, 1), (uint64_t)sqlite3_column_int64(q, 2),
                                             (uint64_t)sqlite3_column_int64(q, 3) };
    }
    if (ret == 0 && step != SQLITE_DONE)
        ret = db_sql_fail(db_handle(a->d), a->err, "reading profiles");
    p->exception_types = arena_copy(&a->out->arena, v, n * sizeof *v);
    p->n_exception_types = n;
    free(v);
    return ret;
}

static void bind_range(sqlite3_stmt *q, const uint32_t *range)
{
    sqlite3_reset(q);
    sqlite3_bind_int64(q, 1, range[0]);
    sqlite3_bind_int64(q, 2, range[1]);
}

static int fill_distributions(struct asking *a, const uint32_t (*ranges)[2])
{
    int ret = 0;
    for (unsigned k = 0; ret == 0 && k <= N_DISTS; k++) {
        sqlite3_stmt *q = db_sql_prepare(db_handle(a->d), k < N_DISTS ? dists[k].sql : exceptions_sql, a->err);
        ret = q ? 0 : GHOST_E_STATE;
        for (uint32_t i = 0; ret == 0 && i < a->out->n; i++) {
            struct profile *p = &a->out->v[i];
            bind_range(q, ranges[i]);
            ret = k < N_DISTS ? fill_dist(a, q, (struct profile_dist *)((char *)p + dists[k].at)) : fill_exceptions(a, q, p);
        }
        sqlite3_finalize(q);
    }
    return ret;
}

/* ---- all of it ---- */

static int take_all(struct asking *a)
{
    uint32_t cap = 0, cap_ranges = 0, (*ranges)[2] = NULL;
    sqlite3_stmt *q = prepare_top(a);
    int ret = q ? 0 : GHOST_E_STATE, step = SQLITE_DONE;
    while (ret == 0 && (step = sqlite3_step(q)) == SQLITE_ROW) {
        if (!grow_array(&a->out->v, a->out->n, &cap, sizeof *a->out->v) || !grow_array(&ranges, a->out->n, &cap_ranges, sizeof *ranges)) {
            ret = ghost_fail(a->err, GHOST_E_NOMEM, "out of memory while reading profiles");
            break;
        }
        ranges[a->out->n][0] = (uint32_t)sqlite3_column_int64(q, 0);
        ranges[a->out->n][1] = (uint32_t)sqlite3_column_int64(q, 1);
        ret = take_row(a, q, &a->out->v[a->out->n++]);
    }
    if (ret == 0 && step != SQLITE_DONE)
        ret = db_sql_fail(db_handle(a->d), a->err, "reading profiles");
    sqlite3_finalize(q);
    if (ret == 0 && a->top->distributions)
        ret = fill_distributions(a, (const uint32_t (*)[2])ranges);
    free(ranges);
    return ret;
}

static int count_all(struct asking *a, struct db_totals *t)
{
    static const char *const names[] = { "functions", "modules", "unfinished" };
    uint64_t *const into[] = { &t->functions, &t->modules, &t->unfinished };
    int64_t n = 0;
    int ret = 0;
    for (size_t i = 0; ret == 0 && i < 3; i++) {
        char sql[80];
        snprintf(sql, sizeof sql, "SELECT CAST(value AS INTEGER) FROM info WHERE key = '%s'", names[i]);
        ret = db_sql_number(db_handle(a->d), sql, &n, a->err);
        *into[i] = (uint64_t)n;
    }
    t->matching = t->functions + (a->top->modules ? t->modules : 0);
    if (ret < 0 || (!a->top->module && !a->top->function))
        return ret;
    sqlite3_stmt *q = prepare(a, "SELECT count(*)" WHERE);
    if (!q)
        return GHOST_E_STATE;
    if (sqlite3_step(q) == SQLITE_ROW)
        t->matching = (uint64_t)sqlite3_column_int64(q, 0);
    else
        ret = db_sql_fail(db_handle(a->d), a->err, "counting profiles");
    sqlite3_finalize(q);
    return ret;
}

static int ask_profiles(struct db *d, const struct db_top *top, struct profiles *out, struct db_totals *totals, struct ghost_err *err)
{
    *out = (struct profiles){ 0 };
    *totals = (struct db_totals){ 0 };
    struct asking a = { .d = d, .top = top, .out = out, .err = err };
    a.strings.arena = &out->arena;
    int ret = take_all(&a);
    if (ret == 0)
        ret = count_all(&a, totals);
    keyset_release(&a.strings);
    if (ret == 0 && out->arena.failed)
        ret = ghost_fail(err, GHOST_E_NOMEM, "out of memory while reading profiles");
    if (ret < 0)
        profiles_release(out);
    return ret;
}

int db_profiles(struct db *d, const struct db_top *top, struct profiles *out, struct db_totals *totals, struct ghost_err *err)
{
    int ret = ask_profiles(d, top, out, totals, err);
    return ret < 0 && db_mend(d, err) ? ask_profiles(d, top, out, totals, err) : ret;
}
