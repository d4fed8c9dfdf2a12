/* cmd_watch.c - ghost watch: a session while it is being recorded. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "out.h"
#include "term.h"
#include "watch_view.h"

struct watch_options {
    const char *sort, *format, *data_dir, *filter, *by;
    uint64_t interval_ms, top, count, wait_ms;
    bool plain;
};

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

/* Without SA_RESTART, so that waiting ends at once. */
static void catch_signals(void)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
    struct sigaction action = { .sa_handler = on_signal };
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction(numbers[i], &action, NULL);
}

static uint64_t mono_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
    struct timespec t = { (time_t)(ns / 1000000000u), (long)(ns % 1000000000u) };
    while (!stop && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
        continue;
}

/* ---- which session ---- */

enum { NEWEST_LOOKED_AT = 32 };

/* The newest session that is being recorded: 1, 0 none. */
static int find_live(const char *data_dir, struct session *s, struct ghost_err *err)
{
    struct session_list list;
    int ret = session_list(data_dir, &list, err);
    bool found = false;
    for (size_t i = 0; ret == 0 && !found && i < list.n && i < NEWEST_LOOKED_AT; i++) {
        if (session_resolve(data_dir, list.ids[i], s, NULL) < 0)
            continue;
        found = watch_is_live(s);
        if (!found)
            session_release(s);
    }
    session_list_release(&list);
    return ret < 0 ? ret : found;
}

static void tell_waiting(const char *data_dir)
{
    char *root = session_root(data_dir, NULL);
    fprintf(stderr, "No session is being recorded in %s now: waiting for one to begin (ghost run app.py). Ctrl-C stops.\n", root ? root : "?");
    free(root);
}

/* The named session, or the newest that is being recorded, waited for when there is
 * none. 0 with an empty session: stopped. */
static int choose_session(const struct watch_options *o, const char *name, struct session *s, struct ghost_err *err)
{
    uint64_t end = o->wait_ms ? mono_ns() + o->wait_ms * 1000000u : UINT64_MAX;
    if (name)
        return session_resolve(o->data_dir, name, s, err);
    for (bool told = false; !stop; told = true) {
        int ret = find_live(o->data_dir, s, err);
        if (ret)
            return ret < 0 ? ret : 0;
        if (mono_ns() >= end)
            return ghost_fail(err, GHOST_E_NOT_FOUND, "no session began within the time given by --wait. To see one that has ended: ghost report");
        if (!told)
            tell_waiting(o->data_dir);
        sleep_until(mono_ns() + 200000000u);
    }
    *s = (struct session){ 0 };
    return 0;
}

/* ---- lines of text ---- */

struct printing {
    struct watch *w;
    const struct watch_choice *choice;
    FILE *f;
    bool json;
};

static int print_one(const struct printing *p, struct ghost_err *err)
{
    char ending[512];
    int ret = (p->json ? watch_print_json : watch_print_text)(p->f, p->w, p->choice, err);
    if (ret == 0 && p->w->ended && !p->json) {
        watch_ending(ending, sizeof ending, p->w);
        fprintf(p->f, "%s\n", ending);
    }
    return ret;
}

/* Looks and prints until `count` intervals are told (0: any number), the recording
 * ends, or somebody says stop. */
static int print_intervals(const struct printing *p, uint64_t interval_ns, uint64_t count, struct ghost_err *err)
{
    int ret = watch_look(p->w, err);
    if (ret == 0 && p->w->ended)
        return print_one(p, err);
    uint64_t next = mono_ns();
    for (uint64_t i = 0; ret == 0 && !stop && !p->w->ended && (count == 0 || i < count); i++) {
        next += interval_ns;
        if (next < mono_ns())                /* looking took longer than an interval */
            next = mono_ns();
        sleep_until(next);
        if (stop)
            break;
        ret = watch_look(p->w, err);
        if (ret == 0)
            ret = print_one(p, err);
    }
    return ret;
}

static int watch_lines(const struct watch_options *o, struct watch *w, const struct watch_choice *c, struct ghost_err *err)
{
    struct out out;
    struct ghost_err own = GHOST_ERR_INIT;
    int ret = out_open(&out, NULL, err);
    if (ret < 0)
        return ret;
    struct printing p = { w, c, out.f, strcmp(o->format, "json") == 0 };
    ret = print_intervals(&p, o->interval_ms * 1000000u, o->count, &own);
    if (ret < 0 && ret != GHOST_E_STATE && !ferror(out.f))
        ghost_fail(err, ret, "%s", own.msg);
    else
        ret = 0;                             /* stopped; a reader that went away is told apart below */
    return out_close(&out, ret, err);
}

/* ---- the command ---- */

static int run(const void *options, int argc, char **argv, struct ghost_err *err)
{
    const struct watch_options *o = options;
    struct watch_choice choice = { o->sort, o->filter, strcmp(o->by, "module") == 0, o->top };
    struct session session = { 0 };
    struct watch w = { .stop = &stop };
    if (o->interval_ms < 100)
        return ghost_fail(err, GHOST_E_USAGE, "--interval takes at least 0.1 seconds");
    catch_signals();
    int ret = choose_session(o, argc ? argv[0] : NULL, &session, err);
    if (ret < 0 || !session.id)
        return ret;
    watch_open(&w, &session);
    bool lines = o->plain || o->count || strcmp(o->format, "json") == 0 || !isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO);
    ret = lines ? watch_lines(o, &w, &choice, err) : watch_screen(&w, &choice, o->interval_ms * 1000000u, err);
    watch_close(&w);
    return ret == GHOST_E_STATE ? 0 : ret;
}

static const char *const formats[] = { "table", "json", NULL };
static const char *const kinds[] = { "function", "module", NULL };
static const struct option options[] = {
    { .name = "interval", .letter = 'i', .kind = OPTION_SECONDS, .at = offsetof(struct watch_options, interval_ms), .arg = "SECONDS",
      .fallback = "2", .key = "watch.interval", .help = "time between two looks" },
    { .name = "sort", .letter = 's', .kind = OPTION_CHOICE, .at = offsetof(struct watch_options, sort), .arg = "KEY",
      .fallback = "calls", .choices = watch_sorts, .key = "watch.sort", .help = "order: now (calls, errors, p95, time), in all (total), or name" },
    { .name = "top", .letter = 'n', .kind = OPTION_COUNT, .at = offsetof(struct watch_options, top), .arg = "N",
      .fallback = "20", .key = "watch.top", .help = "how many to show in lines, 0 for all; the screen shows what fits" },
    { .name = "by", .kind = OPTION_CHOICE, .at = offsetof(struct watch_options, by), .arg = "KIND", .fallback = "function",
      .choices = kinds, .help = "one row for each" },
    { .name = "filter", .kind = OPTION_TEXT, .at = offsetof(struct watch_options, filter), .arg = "TEXT",
      .help = "only names that contain TEXT" },
    { .name = "count", .letter = 'c', .kind = OPTION_COUNT, .at = offsetof(struct watch_options, count), .arg = "N",
      .help = "lines: stop after N intervals" },
    { .name = "plain", .kind = OPTION_FLAG, .at = offsetof(struct watch_options, plain),
      .help = "lines instead of a screen, as when the output is no terminal" },
    { .name = "wait", .kind = OPTION_SECONDS, .at = offsetof(struct watch_options, wait_ms), .arg = "SECONDS",
      .help = "without SESSION: how long to wait for one to begin (default: for ever)" },
    { .name = "format", .letter = 'f', .kind = OPTION_CHOICE, .at = offsetof(struct watch_options, format), .arg = "FORMAT",
      .fallback = "table", .choices = formats, .help = "form of the output; json: an object a line, one each interval" },
    { .name = "data-dir", .kind = OPTION_DIR, .at = offsetof(struct watch_options, data_dir), .arg = "DIR", .key = "recording.data_dir", .env = "GHOST_DATA_DIR",
      .help = "where sessions live, instead of $GHOST_DATA_DIR" },
    { 0 }
};

const struct command cmd_watch = {
    .name = "watch",
    .summary = "what a program is doing while it is being recorded",
    .usage = "[SESSION]",
    .about = "Shows, for each function over all processes of a session that is being recorded,\n"
             "calls and errors (calls left by an exception) per second and the 95th percentile\n"
             "of its latency, in the last interval and since the recording began. It reads the\n"
             "recording's files, so the program is not slowed, and sees all calls up to now.\n"
             "Without SESSION: the newest that is being recorded; if there is none, it waits.\n"
             "Keys of the screen: s sort, / filter, m modules, space pause, q quit, ? help.",
    .examples = "  ghost watch                            in one terminal, ghost run in another\n"
                "  ghost watch --sort errors --interval 5\n"
                "  ghost watch --count 1 --format json | jq '.functions[:3]'",
    .options = options,
    .options_size = sizeof(struct watch_options),
    .operands = OPERAND_SESSION,
    .max_operands = 1,
    .run = run,
};
