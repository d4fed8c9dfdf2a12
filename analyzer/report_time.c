/* report_time.c - how functions did over the session: a sparkline each. */
#include <string.h>

#include "db_sql.h"
#include "report.h"
#include "sheet.h"
#include "term.h"

/* What a mark shows follows from what the report is sorted by. */
struct measure { const char *name, *title; uint64_t (*of)(const struct ghost_model_slice *s); };

static uint64_t calls(const struct ghost_model_slice *s) { return s->calls; }
static uint64_t exceptions(const struct ghost_model_slice *s) { return s->exceptions; }
static uint64_t total(const struct ghost_model_slice *s) { return s->total; }
static uint64_t self(const struct ghost_model_slice *s) { return s->self; }
static uint64_t mean(const struct ghost_model_slice *s) { return s->finished ? s->total / s->finished : 0; }

static const struct measure measures[] = {
    { "calls", "CALLS OVER TIME", calls }, { "exceptions", "EXCEPTIONS OVER TIME", exceptions }, { "rate", "EXCEPTIONS OVER TIME", exceptions },
    { "total", "TIME SPENT OVER TIME", total }, { "self", "SELF TIME OVER TIME", self },
    { "latency", "MEAN LATENCY OVER TIME", mean }, { "mean", "MEAN LATENCY OVER TIME", mean }, { "p50", "MEAN LATENCY OVER TIME", mean },
    { "p95", "MEAN LATENCY OVER TIME", mean }, { "p99", "MEAN LATENCY OVER TIME", mean }, { "max", "MEAN LATENCY OVER TIME", mean },
    { "name", "CALLS OVER TIME", calls },
};

static const struct measure *measure_of(const char *sort)
{
    const struct measure *m = measures;
    while (strcmp(m->name, sort) != 0)
        m++;
    return m;
}

/* By slice, of all processes and all functions of a profile. */
static const char slices_sql[] = "SELECT l.slice, sum(l.calls), sum(l.exceptions), sum(l.finished), sum(l.total_ns), sum(l.self_ns)"
    " FROM function f JOIN slice l ON l.function = f.id WHERE f.fn_key = ?1 AND f.module = ?2 GROUP BY l.slice";

static int read_slices(sqlite3_stmt *q, const struct profile *p, struct ghost_model_slice sums[GHOST_SLICES], struct ghost_err *err)
{
    int step;
    sqlite3_reset(q);
    db_sql_bind_str(q, 1, p->fn_key);
    db_sql_bind_str(q, 2, p->module);
    while ((step = sqlite3_step(q)) == SQLITE_ROW) {
        int64_t slice = sqlite3_column_int64(q, 0);
        if (slice < 0 || slice >= GHOST_SLICES)
            return ghost_fail(err, GHOST_E_CORRUPT, "the analysis contradicts itself");
        sums[slice] = (struct ghost_model_slice){ .calls = db_sql_count(q, 1), .exceptions = db_sql_count(q, 2),
            .finished = db_sql_count(q, 3), .total = db_sql_count(q, 4), .self = db_sql_count(q, 5) };
    }
    return step == SQLITE_DONE ? 0 : db_sql_fail(sqlite3_db_handle(q), err, "reading the analysis");
}

/* Neighbours become one, until a line has room for all: slices[] shrinks in place. */
static uint32_t narrow(struct ghost_model_slice *v, uint32_t n, uint32_t by)
{
    for (uint32_t i = 0; i < n; i++) {
        struct ghost_model_slice s = v[i];
        if (i % by == 0)
            v[i / by] = (struct ghost_model_slice){ 0 };
        v[i / by].calls += s.calls;
        v[i / by].exceptions += s.exceptions;
        v[i / by].finished += s.finished;
        v[i / by].total += s.total;
        v[i / by].self += s.self;
    }
    return (n + by - 1) / by;
}

static void add_row(struct sheet *s, const struct report *r, const struct profile *p, const struct measure *measure, struct ghost_model_slice *sums, uint32_t n, uint32_t by)
{
    uint64_t v[GHOST_SLICES], most = 0;
    n = narrow(sums, n, by);
    for (uint32_t i = 0; i < n; i++) {
        v[i] = measure->of(&sums[i]);
        most = sums[i].calls > most ? sums[i].calls : most;
    }
    sheet_str(s, p->fn_key);
    sheet_str(s, report_name(&s->arena, p->qualname, p->line));
    sheet_count(s, p->calls);
    sheet_share(s, p->exceptions, p->calls);
    sheet_ns(s, profile_mean(p), p->finished);
    sheet_count(s, (uint64_t)((double)most * 1e9 / (double)(r->m->slice_ns * by)));
    sheet_bars(s, v, n);
}

static void print_scale(const struct report *r, FILE *f, uint32_t n, uint32_t by)
{
    char from[HUMAN], to[HUMAN], width[HUMAN];
    const struct ghost_model *m = r->m;
    if (n)
        fprintf(f, "  From %s to %s; a mark is %s. Each line has a scale of its own, an empty place is none at all.\n", human_time(from, m->slice_start),
                human_time(to, m->slice_start + n * m->slice_ns), human_ns(width, (double)(m->slice_ns * by)));
    model_text_caveats(f, m);
    fputc('\n', f);
}

static int add_rows(struct sheet *s, const struct report *r, const struct measure *measure, uint32_t n, uint32_t by, struct ghost_err *err)
{
    sqlite3_stmt *q = db_sql_prepare(db_handle(r->d), slices_sql, err);
    int ret = q ? 0 : GHOST_E_STATE;
    for (uint32_t i = 0; ret == 0 && i < r->p.n; i++) {
        struct ghost_model_slice sums[GHOST_SLICES] = { 0 };
        ret = read_slices(q, &r->p.v[i], sums, err);
        if (ret == 0)
            add_row(s, r, &r->p.v[i], measure, sums, n, by);
    }
    sqlite3_finalize(q);
    return ret;
}

int report_time(const struct report *r, FILE *f, struct ghost_err *err)
{
    bool table = strcmp(r->o->format, "table") == 0;
    const struct measure *measure = measure_of(r->o->sort);
    const struct sheet_column columns[] = {
        { "FUNCTION", "fn_key", SHEET_NAME, SHEET_DATA, 0, false }, { "FUNCTION", "name", SHEET_NAME, SHEET_PEOPLE, 16, false },
        { "CALLS", "call_count", SHEET_COUNT, SHEET_ALL, 0, false }, { "EXC%", "exception_rate", SHEET_SHARE, SHEET_ALL, 0, true },
        { "MEAN LAT", "mean_latency_ns", SHEET_NS, SHEET_ALL, 0, false }, { "PEAK/S", "peak_calls_per_second", SHEET_COUNT, SHEET_ALL, 0, false },
        { measure->title, "over_time", SHEET_BARS, SHEET_ALL, 0, false },
    };
    struct sheet s;
    int64_t used = 0;
    int ret = db_sql_number(db_handle(r->d), "SELECT CAST(value AS INTEGER) FROM info WHERE key = 'slices'", &used, err);
    if (ret == 0 && (used < 0 || used > GHOST_SLICES))
        ret = ghost_fail(err, GHOST_E_CORRUPT, "the analysis contradicts itself");
    if (ret < 0)
        return ret;
    uint32_t n = (uint32_t)used, by = 1;
    unsigned room = term_width(f);
    while (table && room && n / by > (room > 70 ? room - 54 : 16))
        by *= 2;
    sheet_begin(&s, columns, sizeof columns / sizeof *columns);
    ret = add_rows(&s, r, measure, n, by, err);
    if (ret == 0)
        ret = report_sheet(r, f, &s, "report over time", "functions", err);
    sheet_release(&s);
    if (ret == 0 && table)
        print_scale(r, f, n, by);
    return ret;
}
