/* watch_print.c - an interval of a watched session as text and as JSON. */
#include <stdio.h>

#include "grid.h"
#include "json.h"
#include "term.h"
#include "watch_view.h"

static const char *plural(uint64_t n) { return n == 1 ? "" : "s"; }

void watch_headline(char *to, size_t n, const struct watch *w)
{
    char calls[HUMAN], errors[HUMAN], all[HUMAN], running[48] = "";
    if (w->running != w->processes)
        snprintf(running, sizeof running, " (%u running)", w->running);
    snprintf(to, n, "%u process%s%s, %s calls/s, %s error%s/s, %s calls in all", w->processes, w->processes == 1 ? "" : "es", running,
             human_count(calls, (uint64_t)(watch_rate(w, w->calls) + 0.5)), human_count(errors, (uint64_t)(watch_rate(w, w->errors) + 0.5)),
             plural((uint64_t)(watch_rate(w, w->errors) + 0.5)), human_count(all, w->all_calls));
}

void watch_ending(char *to, size_t n, const struct watch *w)
{
    char calls[HUMAN], errors[HUMAN], killed[96] = "", lost[96] = "", count[HUMAN];
    if (w->killed)
        snprintf(killed, sizeof killed, "; %u process%s ended without a word (killed?)", w->killed, w->killed == 1 ? "" : "es");
    if (w->lost)
        snprintf(lost, sizeof lost, "; %s events were lost", human_count(count, w->lost));
    snprintf(to, n, "The recording has ended: %s calls, %s left by an exception%s%s. See: ghost report %s", human_count(calls, w->all_calls),
             human_count(errors, w->all_errors), killed, lost, w->session.id);
}

/* ---- text ---- */

static const struct grid_column columns[] = {
    { .title = "FUNCTION", .align = GRID_TAIL, .least = 20 }, { .title = "CALLS/S", .align = GRID_RIGHT }, { .title = "ERRORS/S", .align = GRID_RIGHT },
    { .title = "P95", .align = GRID_RIGHT }, { .title = "CALLS", .align = GRID_RIGHT }, { .title = "EXC%", .align = GRID_RIGHT },
    { .title = "P95 ALL", .align = GRID_RIGHT },
};

static void rate_cell(struct grid *g, double rate)
{
    char text[HUMAN];
    if (rate > 0 && rate < 10)
        snprintf(text, sizeof text, "%.1f", rate);
    else
        human_count(text, (uint64_t)(rate + 0.5));
    grid_text(g, text);
}

static void p95_cell(struct grid *g, const struct watch_counts *c)
{
    char text[HUMAN];
    uint64_t p95 = watch_p95(c);
    grid_text(g, p95 ? human_ns(text, (double)p95) : "-");
}

static void add_row(struct grid *g, const struct watch *w, const struct watch_line *l)
{
    char text[HUMAN], name[4200];
    snprintf(name, sizeof name, l->line ? "%.*s:%u" : "%.*s", (int)l->name.len, l->name.p, l->line);
    grid_text(g, name);
    rate_cell(g, watch_rate(w, l->now->calls));
    rate_cell(g, watch_rate(w, l->now->errors));
    p95_cell(g, l->now);
    grid_text(g, human_count(text, l->all->calls));
    grid_text(g, human_share(text, l->all->errors, l->all->calls));
    p95_cell(g, l->all);
}

int watch_print_text(FILE *f, const struct watch *w, const struct watch_choice *c, struct ghost_err *err)
{
    struct watch_view view;
    struct grid g;
    char headline[256], when[HUMAN];
    int ret = watch_view_make(&view, w, c, err);
    if (ret < 0)
        return ret;
    watch_headline(headline, sizeof headline, w);
    fprintf(f, "%s  %s\n", human_time(when, w->time), headline);
    grid_begin(&g, columns, sizeof columns / sizeof *columns);
    for (uint32_t i = 0; i < view.n; i++)
        add_row(&g, w, &view.v[i]);
    grid_print(&g, f);
    fputc('\n', f);
    watch_view_release(&view);
    return fflush(f) == 0 ? 0 : ghost_fail(err, GHOST_E_IO, "cannot write the figures");
}

/* ---- JSON ---- */

static void line_json(struct json *j, const struct watch *w, const struct watch_line *l)
{
    json_object(j, NULL);
    if (l->line)
        json_str(j, "fn_key", l->fn_key);
    json_str(j, "module", l->module);
    if (l->line) {
        json_str(j, "qualname", l->name);
        json_count(j, "line", l->line);
    }
    json_real(j, "calls_per_s", watch_rate(w, l->now->calls));
    json_real(j, "errors_per_s", watch_rate(w, l->now->errors));
    json_count(j, "interval_calls", l->now->calls);
    json_count(j, "interval_exceptions", l->now->errors);
    json_count(j, "interval_time_ns", l->now->time);
    json_count(j, "interval_p95_ns", watch_p95(l->now));
    json_count(j, "calls", l->all->calls);
    json_count(j, "exceptions", l->all->errors);
    json_real(j, "exception_rate", l->all->calls ? (double)l->all->errors / (double)l->all->calls : 0);
    json_count(j, "total_latency_ns", l->all->time);
    json_count(j, "p95_ns", watch_p95(l->all));
    json_close(j, '}');
}

int watch_print_json(FILE *f, const struct watch *w, const struct watch_choice *c, struct ghost_err *err)
{
    struct watch_view view;
    struct json j;
    int ret = watch_view_make(&view, w, c, err);
    if (ret < 0)
        return ret;
    json_begin(&j, f);
    j.compact = true;
    json_object(&j, NULL);
    json_text(&j, "session_id", w->session.id);
    json_count(&j, "time_ns", w->time);
    json_real(&j, "interval_s", (double)w->interval / 1e9);
    json_count(&j, "processes", w->processes);
    json_count(&j, "running", w->running);
    json_bool(&j, "ended", w->ended);
    json_real(&j, "calls_per_s", watch_rate(w, w->calls));
    json_real(&j, "errors_per_s", watch_rate(w, w->errors));
    json_count(&j, "calls", w->all_calls);
    json_count(&j, "exceptions", w->all_errors);
    json_count(&j, "events_lost", w->lost);
    json_count(&j, "functions_total", view.matching);
    json_array(&j, c->modules ? "modules" : "functions");
    for (uint32_t i = 0; i < view.n; i++)
        line_json(&j, w, &view.v[i]);
    json_close(&j, ']');
    json_close(&j, '}');
    json_end(&j);
    watch_view_release(&view);
    return fflush(f) == 0 ? 0 : ghost_fail(err, GHOST_E_IO, "cannot write the figures");
}
