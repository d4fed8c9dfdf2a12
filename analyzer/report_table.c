/* report_table.c - the functions of a session as a table, and what all views share. */
#include <stdlib.h>
#include <string.h>

#include "grid.h"
#include "report.h"
#include "sheet.h"
#include "term.h"

static bool is_format(const struct report *r, const char *format) { return strcmp(r->o->format, format) == 0; }

/* ---- what all views share ---- */

void report_title(const struct report *r, FILE *f, const char *what)
{
    fprintf(f, "\nGhost %s  %s  session %s\n\n", what, term_unicode() ? "—" : "-", r->m->session.p);
}

void report_json_begin(const struct report *r, struct json *j, FILE *f)
{
    json_begin(j, f);
    json_object(j, NULL);
    json_str(j, "session_id", r->m->session);
    json_text(j, "sort", r->o->sort);
    json_count(j, "functions_total", r->totals.matching);
    json_count(j, "events", r->m->events);
    json_count(j, "events_lost", r->m->lost);
}

void report_json_end(const struct report *r, struct json *j)
{
    model_json_caveats(j, r->m);
    json_close(j, '}');
    json_end(j);
}

int report_sheet(const struct report *r, FILE *f, struct sheet *s, const char *what, const char *key, struct ghost_err *err)
{
    struct json j;
    if (s->failed)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    if (is_format(r, "csv")) {
        sheet_csv(s, f);
    } else if (is_format(r, "markdown")) {
        sheet_markdown(s, f);
    } else if (is_format(r, "json")) {
        report_json_begin(r, &j, f);
        sheet_json(s, &j, key);
        report_json_end(r, &j);
    } else {
        report_title(r, f, what);
        grid_rule(f, sheet_table(s, f));
    }
    return 0;
}

/* ---- the table ---- */

static const struct sheet_column all_columns[] = {
    { "FUNCTION", "fn_key", SHEET_NAME, SHEET_DATA, 0, false },
    { "FUNCTION", "name", SHEET_NAME, SHEET_PEOPLE, 20, false },
    { "CALLS", "call_count", SHEET_COUNT, SHEET_ALL, 0, false },
    { "EXC%", "exception_rate", SHEET_SHARE, SHEET_ALL, 0, true },
    { "EXCEPTIONS", "exception_count", SHEET_COUNT, SHEET_DATA, 0, false },
    { "MEAN LAT", "mean_latency_ns", SHEET_NS, SHEET_ALL, 0, false },
    { "P50", "p50_latency_ns", SHEET_NS, SHEET_ALL, 0, false },
    { "P95", "p95_latency_ns", SHEET_NS, SHEET_ALL, 0, false },
    { "P99", "p99_latency_ns", SHEET_NS, SHEET_ALL, 0, false },
    { "MAX", "max_latency_ns", SHEET_NS, SHEET_DATA, 0, false },
    { "TOTAL", "total_latency_ns", SHEET_NS, SHEET_DATA, 0, false },
    { "SELF", "self_ns", SHEET_NS, SHEET_DATA, 0, false },
    { "DOM. ARG SIG", "dominant_arg_sig", SHEET_TEXT, SHEET_ALL, 12, false },
    { "MODULE", "module", SHEET_TEXT, SHEET_DATA, 0, false },
    { "QUALNAME", "qualname", SHEET_TEXT, SHEET_DATA, 0, false },
    { "FILE", "file", SHEET_TEXT, SHEET_DATA, 0, false },
    { "LINE", "line", SHEET_COUNT, SHEET_DATA, 0, false },
};
enum { N_COLUMNS = sizeof all_columns / sizeof *all_columns };

/* What the table is sorted by is shown, too. */
static void choose_columns(struct sheet_column columns[N_COLUMNS], const char *sort)
{
    static const struct { const char *sort, *title; } extra[] = { { "max", "MAX" }, { "total", "TOTAL" }, { "self", "SELF" } };
    memcpy(columns, all_columns, sizeof all_columns);
    for (unsigned e = 0; e < sizeof extra / sizeof *extra; e++)
        for (unsigned c = 0; c < N_COLUMNS; c++)
            if (strcmp(extra[e].sort, sort) == 0 && strcmp(extra[e].title, columns[c].title) == 0)
                columns[c].only = SHEET_ALL;
}

static int by_qualname(const void *a, const void *b) { return ghost_str_compare(*(const struct ghost_str *)a, *(const struct ghost_str *)b); }

/* Names of the shown functions, sorted, to see which occur twice. NULL: no memory. */
static struct ghost_str *all_names(const struct report *r)
{
    struct ghost_str *v = malloc(((size_t)r->p.n + 1) * sizeof *v);
    for (uint32_t i = 0; v && i < r->p.n; i++)
        v[i] = r->p.v[i].qualname;
    if (v)
        qsort(v, r->p.n, sizeof *v, by_qualname);
    return v;
}

/* Functions of one name are told apart by their modules. */
static struct ghost_str name_of(struct arena *a, const struct profile *p, const struct ghost_str *names, uint32_t n)
{
    const struct ghost_str *at = bsearch(&p->qualname, names, n, sizeof *names, by_qualname);
    bool twice = (at > names && by_qualname(at, at - 1) == 0) || (at + 1 < names + n && by_qualname(at, at + 1) == 0);
    size_t size = (size_t)p->module.len + p->qualname.len + 2;
    char *full = twice ? arena_alloc(a, size) : NULL;
    if (!full)
        return report_name(a, p->qualname, p->line);
    return report_name(a, (struct ghost_str){ full, (uint32_t)snprintf(full, size, "%s.%s", p->module.p, p->qualname.p) }, p->line);
}

static void add_row(struct sheet *s, const struct profile *p, struct ghost_str name)
{
    bool timed = p->finished;
    sheet_str(s, p->fn_key);
    sheet_str(s, name);
    sheet_count(s, p->calls);
    sheet_share(s, p->exceptions, p->calls);
    sheet_count(s, p->exceptions);
    sheet_ns(s, profile_mean(p), timed);
    sheet_ns(s, (double)p->p50, timed);
    sheet_ns(s, (double)p->p95, timed);
    sheet_ns(s, (double)p->p99, timed);
    sheet_ns(s, (double)p->max, timed);
    sheet_ns(s, (double)p->total, timed);
    sheet_ns(s, (double)p->self, timed);
    sheet_str(s, p->signatures.n ? p->signatures.v[0].name : GHOST_STR("-"));
    sheet_str(s, p->module);
    sheet_str(s, p->qualname);
    sheet_str(s, p->file);
    sheet_count(s, p->line);
}

static void print_summary(const struct report *r, FILE *f)
{
    char a[HUMAN], b[HUMAN];
    const struct ghost_model *m = r->m;
    bool chosen = r->o->module || r->o->function;
    fprintf(f, "  Showing %s of %s %sfunctions", human_count(a, r->p.n), human_count(b, r->totals.matching), chosen ? "matching " : "");
    const struct db_totals *t = &r->totals;
    if (t->modules && !r->o->modules && !chosen)
        fprintf(f, " (and %s module bod%s: --modules)", human_count(a, t->modules), t->modules > 1 ? "ies" : "y");
    fprintf(f, ". %s events", human_count(a, m->events));
    if (m->n_processes > 1)
        fprintf(f, ", %u processes", m->n_processes);
    fputs(m->n_losses || m->n_damages ? ".\n" : ", none lost.\n", f);
    if (!m->events)
        fputs("  No calls were recorded. `ghost doctor` tells what can be recorded here, and `ghost run --help` what is by default.\n", f);
    else if (!t->matching && chosen)
        fputs("  No function matches: --module and --function take globs, as 'app.*' and '*.save'.\n", f);
    if (t->unfinished)
        fprintf(f, "  %s %s no recorded end: counted, but not in the times.\n", human_count(a, t->unfinished),
                t->unfinished == 1 ? "call has" : "calls have");
    fputs("  P50 to P99 are within 0.8 % of the exact value; everything else is exact.\n", f);
}

static int print_json(const struct report *r, FILE *f)
{
    struct json j;
    report_json_begin(r, &j, f);
    json_array(&j, "functions");
    for (uint32_t i = 0; i < r->p.n; i++)
        profile_json(&j, &r->p.v[i]);
    json_close(&j, ']');
    report_json_end(r, &j);
    return 0;
}

int report_table(const struct report *r, FILE *f, struct ghost_err *err)
{
    struct sheet_column columns[N_COLUMNS];
    struct sheet s;
    if (is_format(r, "json"))
        return print_json(r, f);
    choose_columns(columns, r->o->sort);
    sheet_begin(&s, columns, N_COLUMNS);
    struct ghost_str *names = all_names(r);
    for (uint32_t i = 0; names && i < r->p.n; i++)
        add_row(&s, &r->p.v[i], name_of(&s.arena, &r->p.v[i], names, r->p.n));
    int ret = !names ? ghost_fail(err, GHOST_E_NOMEM, "out of memory") : report_sheet(r, f, &s, "report", "functions", err);
    sheet_release(&s);
    free(names);
    if (ret == 0 && is_format(r, "table")) {
        print_summary(r, f);
        model_text_caveats(f, r->m);
        fputc('\n', f);
    }
    return ret;
}
