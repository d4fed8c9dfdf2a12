/* cmd_sessions.c - ghost sessions: what has been recorded. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "grid.h"
#include "json.h"
#include "out.h"
#include "overview.h"
#include "overview_cache.h"
#include "session.h"
#include "term.h"

struct sessions_options { const char *format, *data_dir; uint64_t top; };

static const struct grid_column columns[] = {
    { .title = "SESSION ID" }, { .title = "SCRIPT", .least = 12 }, { .title = "PROCESSES", .align = GRID_RIGHT },
    { .title = "EVENTS", .align = GRID_RIGHT }, { .title = "START" }, { .title = "LENGTH", .align = GRID_RIGHT }, { .title = "SIZE", .align = GRID_RIGHT },
};
enum { N_COLUMNS = sizeof columns / sizeof *columns };

static const char *base_name(const char *script)
{
    const char *slash = strrchr(script, '/');
    return slash && slash[1] ? slash + 1 : script;
}

/* Of the id, when no log tells. */
static uint64_t start_of(const struct overview *o, const char *id)
{
    return o->start_real ? o->start_real : strtoull(id, NULL, 10) * 1000000000u;
}

static void add_row(struct grid *g, const char *id, const struct overview *o)
{
    char text[2 * HUMAN], n[HUMAN];
    grid_text(g, id);
    grid_text(g, o->script ? base_name(o->script) : "-");
    snprintf(text, sizeof text, "%" PRIu32 "%s", o->processes, o->open ? "*" : "");
    grid_text(g, text);
    snprintf(text, sizeof text, "%s%s", o->events_partial ? ">" : "", human_count(n, o->events));
    grid_text(g, text);
    grid_text(g, human_time(n, start_of(o, id)));
    grid_text(g, o->end_real > o->start_real && o->start_real ? human_span(n, o->end_real - o->start_real) : "-");
    grid_text(g, human_bytes(n, o->bytes));
}

static void json_row(struct json *j, const char *id, const struct overview *o)
{
    json_object(j, NULL);
    json_text(j, "session_id", id);
    json_text(j, "script", o->script);
    json_count(j, "processes", o->processes);
    json_count(j, "processes_open", o->open);
    json_count(j, "logs_unreadable", o->unreadable);
    json_count(j, "events", o->events);
    json_bool(j, "events_partial", o->events_partial);
    json_count(j, "events_lost", o->lost);
    json_count(j, "start_real_ns", start_of(o, id));
    if (o->end_real)
        json_count(j, "end_real_ns", o->end_real);
    else
        json_null(j, "end_real_ns");
    json_count(j, "bytes", o->bytes);
    json_close(j, '}');
}

struct listing { const struct sessions_options *o; const struct session_list *list; const char *root; struct overview_cache *cache; bool json; };
struct totals { uint64_t open, unreadable, lost; };

static int each_session(const struct listing *l, size_t n, struct grid *g, struct json *j, struct totals *t, struct ghost_err *err)
{
    for (size_t i = 0; i < n; i++) {
        struct overview o;
        struct session s;
        int ret = session_of_list(l->root, l->list, i, &s, err);
        if (ret < 0)
            return ret;
        ret = overview_cached(l->cache, &o, &s);
        if (ret == GHOST_E_NOMEM) {
            session_release(&s);
            return ghost_fail(err, ret, "out of memory while listing sessions");
        }
        o.unreadable += ret < 0;
        t->open += o.open;
        t->unreadable += o.unreadable;
        t->lost += o.lost;
        if (l->json)
            json_row(j, s.id, &o);
        else
            add_row(g, s.id, &o);
        overview_release(&o);
        session_release(&s);
    }
    return 0;
}

static int print_json(const struct listing *l, size_t n, FILE *f, struct ghost_err *err)
{
    struct json j;
    struct totals t = { 0 };
    json_begin(&j, f);
    json_object(&j, NULL);
    json_array(&j, "sessions");
    int ret = each_session(l, n, NULL, &j, &t, err);
    json_close(&j, ']');
    json_count(&j, "sessions_total", l->list->n);
    json_close(&j, '}');
    json_end(&j);
    return ret;
}

static int print_table(const struct listing *l, size_t n, FILE *f, struct ghost_err *err)
{
    struct grid g;
    struct totals t = { 0 };
    char a[HUMAN], b[HUMAN];
    if (l->list->n == 0) {
        fprintf(f, "Nothing has been recorded in %s yet. Record with: ghost run app.py\n", l->root);
        return 0;
    }
    grid_begin(&g, columns, N_COLUMNS);
    int ret = each_session(l, n, &g, NULL, &t, err);
    grid_print(&g, f);
    if (n < l->list->n)
        fprintf(f, "  The newest %s of %s sessions; --top 0 shows all.\n", human_count(a, n), human_count(b, l->list->n));
    if (t.open)
        fputs("  * has processes without an end: still running, or killed. Their last events are in `ghost report`.\n", f);
    if (t.lost)
        fprintf(f, "  %s events were lost; `ghost report SESSION` tells why.\n", human_count(a, t.lost));
    if (t.unreadable)
        fprintf(f, "  %s logs cannot be read; see: ghost log check FILE\n", human_count(a, t.unreadable));
    return ret;
}

static int run(const void *options, int argc, char **argv, struct ghost_err *err)
{
    struct session_list list = { 0 };
    struct out out;
    struct listing l = { .o = options, .list = &list };
    (void)argc;
    (void)argv;
    l.json = strcmp(l.o->format, "json") == 0;
    char *root = session_root(l.o->data_dir, err);
    int ret = root ? session_list(l.o->data_dir, &list, err) : err->code;
    l.root = root;
    if (ret == 0)
        ret = out_open(&out, NULL, err);
    if (ret == 0) {
        l.cache = overview_cache_open(root);
        size_t n = l.o->top && l.o->top < list.n ? l.o->top : list.n;
        ret = l.json ? print_json(&l, n, out.f, err) : print_table(&l, n, out.f, err);
        overview_cache_close(l.cache);
        ret = out_close(&out, ret, err);
    }
    session_list_release(&list);
    free(root);
    return ret;
}

static const char *const formats[] = { "table", "json", NULL };
static const struct option options[] = {
    { .name = "top", .letter = 'n', .kind = OPTION_COUNT, .at = offsetof(struct sessions_options, top), .arg = "N",
      .fallback = "50", .help = "how many to show, the newest first; 0 for all" },
    { .name = "format", .letter = 'f', .kind = OPTION_CHOICE, .at = offsetof(struct sessions_options, format), .arg = "FORMAT",
      .fallback = "table", .choices = formats, .help = "form of the output" },
    { .name = "data-dir", .kind = OPTION_DIR, .at = offsetof(struct sessions_options, data_dir), .arg = "DIR", .key = "recording.data_dir", .env = "GHOST_DATA_DIR",
      .help = "where sessions live, instead of $GHOST_DATA_DIR" },
    { 0 }
};

const struct command cmd_sessions = {
    .name = "sessions",
    .summary = "what has been recorded, newest first",
    .usage = "",
    .about = "Lists the recorded sessions: id, script, processes, events, start, length, size.",
    .examples = "  ghost sessions                    the newest 50\n"
                "  ghost sessions --top 0            all of them\n"
                "  ghost sessions --format json | jq -r '.sessions[0].session_id'",
    .options = options,
    .options_size = sizeof(struct sessions_options),
    .operands = OPERAND_NONE,
    .max_operands = 0,
    .run = run,
};
