/* cmd_report.c - ghost report: the functions of a session as a table. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "grid.h"
#include "json.h"
#include "load.h"
#include "out.h"
#include "profile.h"
#include "term.h"

struct report_options {
    const char *sort, *format, *data_dir;
    uint64_t top, jobs;
    bool modules;
};

/* ---- orders ---- */

static double rate(const struct profile *p) { return p->calls ? (double)p->exceptions / (double)p->calls : 0; }

struct order { const char *name; double (*of)(const struct profile *p), (*then)(const struct profile *p); };

static double by_calls(const struct profile *p) { return (double)p->calls; }
static double by_mean(const struct profile *p) { return profile_mean(p); }
static double by_total(const struct profile *p) { return (double)p->total; }
static double by_self(const struct profile *p) { return (double)p->self; }
static double by_p99(const struct profile *p) { return (double)p->p99; }
static double by_exceptions(const struct profile *p) { return (double)p->exceptions; }

static const struct order orders[] = {
    { "calls", by_calls, by_total },
    { "latency", by_mean, by_calls },
    { "exceptions", rate, by_exceptions },
    { "total", by_total, by_calls },
    { "self", by_self, by_calls },
    { "p99", by_p99, by_calls },
};
static const char *const order_names[] = { "calls", "latency", "exceptions", "total", "self", "p99", NULL };

static int compare(const void *pa, const void *pb, void *self)
{
    const struct order *o = self;
    const struct profile *a = *(const struct profile *const *)pa, *b = *(const struct profile *const *)pb;
    double x = o->of(a) - o->of(b);
    if (x == 0)
        x = o->then(a) - o->then(b);
    return x != 0 ? (x < 0 ? 1 : -1) : a < b ? -1 : a > b;      /* profiles stand in the order of their keys */
}

/* ---- the table ---- */

static const struct grid_column columns[] = {
    { .title = "FUNCTION", .align = GRID_TAIL, .least = 20 }, { .title = "CALLS", .align = GRID_RIGHT }, { .title = "EXC%", .align = GRID_RIGHT },
    { .title = "MEAN LAT", .align = GRID_RIGHT }, { .title = "P50", .align = GRID_RIGHT }, { .title = "P95", .align = GRID_RIGHT },
    { .title = "P99", .align = GRID_RIGHT }, { .title = "DOM. ARG SIG", .least = 12 },
};
enum { N_COLUMNS = sizeof columns / sizeof *columns };

static void time_cell(struct grid *g, const struct profile *p, double ns)
{
    char text[HUMAN];
    grid_text(g, p->finished ? human_ns(text, ns) : "n/a");
}

static void add_row(struct grid *g, const struct profile *p)
{
    char text[HUMAN], name[4200];
    snprintf(name, sizeof name, "%s:%u", p->qualname.p, p->line);
    grid_text(g, name);
    grid_text(g, human_count(text, p->calls));
    grid_text(g, human_share(text, p->exceptions, p->calls));
    time_cell(g, p, profile_mean(p));
    time_cell(g, p, (double)p->p50);
    time_cell(g, p, (double)p->p95);
    time_cell(g, p, (double)p->p99);
    if (p->signatures.n)
        grid_str(g, p->signatures.v[0].name);
    else
        grid_text(g, "-");
}

static void print_summary(FILE *f, const struct ghost_model *m, uint64_t shown, uint64_t all, uint64_t modules, uint64_t unfinished)
{
    char a[HUMAN], b[HUMAN];
    fprintf(f, "  Showing %s of %s functions", human_count(a, shown), human_count(b, all));
    if (modules)
        fprintf(f, " (and %s module bod%s: --modules)", human_count(a, modules), modules > 1 ? "ies" : "y");
    fprintf(f, ". %s events", human_count(a, m->events));
    if (m->n_processes > 1)
        fprintf(f, ", %u processes", m->n_processes);
    fputs(m->n_losses || m->n_damages ? ".\n" : ", none lost.\n", f);
    if (!m->events)
        fputs("  No calls were recorded. `ghost doctor` tells what can be recorded here, and `ghost run --help` what is by default.\n", f);
    if (unfinished)
        fprintf(f, "  %s %s no recorded end: counted, but not in the times.\n", human_count(a, unfinished),
                unfinished == 1 ? "call has" : "calls have");
    fputs("  P50 to P99 are within 0.8 % of the exact value; everything else is exact.\n", f);
}

static void print_table(FILE *f, const struct ghost_model *m, const struct profile *const *v, uint64_t n, uint64_t all,
                        const struct profiles *p)
{
    struct grid g;
    uint64_t modules = p->n - all, unfinished = 0;
    for (uint32_t i = 0; i < p->n; i++)
        unfinished += p->v[i].unfinished;
    fprintf(f, "\nGhost report  %s  session %s\n\n", term_unicode() ? "—" : "-", m->session.p);
    grid_begin(&g, columns, N_COLUMNS);
    for (uint64_t i = 0; i < n; i++)
        add_row(&g, v[i]);
    grid_rule(f, grid_print(&g, f));
    print_summary(f, m, n, all, modules, unfinished);
    model_text_caveats(f, m);
    fputc('\n', f);
}

static void print_json(FILE *f, const struct ghost_model *m, const struct profile *const *v, uint64_t n, uint64_t all, const char *sort)
{
    struct json j;
    json_begin(&j, f);
    json_object(&j, NULL);
    json_str(&j, "session_id", m->session);
    json_text(&j, "sort", sort);
    json_count(&j, "functions_total", all);
    json_count(&j, "events", m->events);
    json_count(&j, "events_lost", m->lost);
    json_array(&j, "functions");
    for (uint64_t i = 0; i < n; i++)
        profile_json(&j, v[i]);
    json_close(&j, ']');
    model_json_caveats(&j, m);
    json_close(&j, '}');
    json_end(&j);
}

static int report(const struct report_options *o, const struct ghost_model *m, struct profiles *p, struct ghost_err *err)
{
    const struct profile **v = malloc((p->n ? p->n : 1) * sizeof *v);
    const struct order *order = orders;
    uint64_t all = 0;
    struct out out;
    if (!v)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    while (strcmp(order->name, o->sort) != 0)
        order++;
    for (uint32_t i = 0; i < p->n; i++)
        if (o->modules || !p->v[i].is_module)
            v[all++] = &p->v[i];
    qsort_r(v, all, sizeof *v, compare, (void *)order);
    uint64_t n = o->top && o->top < all ? o->top : all;
    int ret = out_open(&out, NULL, err);
    if (ret == 0) {
        if (strcmp(o->format, "json") == 0)
            print_json(out.f, m, v, n, all, o->sort);
        else
            print_table(out.f, m, v, n, all, p);
        ret = out_close(&out, 0, err);
    }
    free(v);
    return ret;
}

static int run(const void *options, int argc, char **argv, struct ghost_err *err)
{
    const struct report_options *o = options;
    struct profiles p;
    struct ghost_model *m = load_model(o->data_dir, argc ? argv[0] : NULL, (unsigned)o->jobs, err);
    if (!m)
        return err->code;
    int ret = profiles_make(&p, m, err);
    if (ret == 0) {
        ret = report(o, m, &p, err);
        profiles_release(&p);
    }
    ghost_model_free(m);
    return ret;
}

static const char *const formats[] = { "table", "json", NULL };
static const struct option options[] = {
    { .name = "sort", .letter = 's', .kind = OPTION_CHOICE, .at = offsetof(struct report_options, sort), .arg = "KEY",
      .fallback = "calls", .choices = order_names, .help = "order of the functions" },
    { .name = "top", .letter = 'n', .kind = OPTION_COUNT, .at = offsetof(struct report_options, top), .arg = "N",
      .fallback = "20", .help = "how many to show, 0 for all" },
    { .name = "modules", .kind = OPTION_FLAG, .at = offsetof(struct report_options, modules),
      .help = "show the bodies of modules too" },
    { .name = "format", .letter = 'f', .kind = OPTION_CHOICE, .at = offsetof(struct report_options, format), .arg = "FORMAT",
      .fallback = "table", .choices = formats, .help = "form of the output" },
    { .name = "jobs", .letter = 'j', .kind = OPTION_COUNT, .at = offsetof(struct report_options, jobs), .arg = "N",
      .help = "threads to analyse with (default: one for each processor)" },
    { .name = "data-dir", .kind = OPTION_DIR, .at = offsetof(struct report_options, data_dir), .arg = "DIR", .key = "recording.data_dir", .env = "GHOST_DATA_DIR",
      .help = "where sessions live, instead of $GHOST_DATA_DIR" },
    { 0 }
};

const struct command cmd_report = {
    .name = "report",
    .summary = "what was called, how often, how fast, with which types",
    .usage = "[SESSION]",
    .about = "Shows the functions of a session: calls, share of calls left by an exception,\n"
             "latency, and the argument types seen most. SESSION is an id, a unique beginning\n"
             "of one, a session folder or a .ghost file; without it, the newest session.",
    .examples = "  ghost report                      the newest session, most called first\n"
                "  ghost report --sort latency -n 5  its five slowest functions\n"
                "  ghost report 1763 --sort exceptions\n"
                "  ghost report --format json | jq '.functions[].fn_key'",
    .options = options,
    .options_size = sizeof(struct report_options),
    .operands = OPERAND_SESSION,
    .max_operands = 1,
    .run = run,
};
