/* cmd_run.c - `ghost run`: the target as it is, and its recording beside it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "ghost/def.h"
#include "ghost/record.h"
#include "run.h"
#include "term.h"

struct run_options {
    const char *python, *data_dir, *module, *code;
    struct run_filter filter;
    bool quiet;
};

enum { SUMMARY_MS = 1000 };              /* longest time between the target's end and ghost's */

static const char *const full_choices[] = { "wait", "drop", NULL };

#define AT(member) offsetof(struct run_options, member)
static const struct option options[] = {
    { .name = "module", .letter = 'm', .kind = OPTION_TEXT, .at = AT(module), .arg = "MODULE", .last = true,
      .help = "run a module, as python -m does" },
    { .name = "code", .letter = 'c', .kind = OPTION_TEXT, .at = AT(code), .arg = "CODE", .last = true,
      .help = "run a program given as text, as python -c does" },
    { .name = "python", .kind = OPTION_TEXT, .at = AT(python), .arg = "PROGRAM",
      .help = "the interpreter (default: $VIRTUAL_ENV/bin/python, else python3 in PATH)" },
    { .name = "include", .letter = 'i', .kind = OPTION_LIST, .at = AT(filter.include), .arg = "GLOB",
      .key = "recording.include", .env = "GHOST_INCLUDE",
      .help = "record only modules or paths that match, wherever they are installed; may be repeated" },
    { .name = "exclude", .letter = 'x', .kind = OPTION_LIST, .at = AT(filter.exclude), .arg = "GLOB",
      .key = "recording.exclude", .env = "GHOST_EXCLUDE",
      .help = "do not record modules or paths that match, whatever else is said; may be repeated" },
    { .name = "all", .letter = 'a', .kind = OPTION_FLAG, .at = AT(filter.all), .key = "recording.all", .env = "GHOST_ALL",
      .help = "record the standard library and installed packages too" },
    { .name = "flush", .kind = OPTION_SECONDS, .at = AT(filter.flush_ms), .arg = "SECONDS",
      .key = "recording.flush", .env = "GHOST_FLUSH",
      .help = "longest time an event waits for the log (default: 1 to 5, as the load allows)" },
    { .name = "on-full", .kind = OPTION_CHOICE, .at = AT(filter.on_full), .arg = "POLICY", .choices = full_choices,
      .key = "recording.on_full", .env = "GHOST_ON_FULL",
      .help = "when the log cannot be written fast enough, the program waits, or events are dropped and counted (default wait)" },
    { .name = "max-log", .kind = OPTION_SIZE, .at = AT(filter.max_log), .arg = "SIZE",
      .key = "recording.max_log", .env = "GHOST_MAX_LOG",
      .help = "stop recording a process when its log has this size, as 500M" },
    { .name = "deep", .kind = OPTION_COUNT, .at = AT(filter.deep), .arg = "N", .key = "recording.deep", .env = "GHOST_DEEP",
      .help = "also look at the types of up to N elements (256 at most) of some of the lists, tuples, dicts and sets that functions "
              "take and give, so that ghost anomalies can judge list[int] by its elements (default 0: none)" },
    { .name = "data-dir", .kind = OPTION_DIR, .at = AT(data_dir), .arg = "DIR", .key = "recording.data_dir", .env = "GHOST_DATA_DIR",
      .help = "where sessions live (default: $GHOST_DATA_DIR, else ~/.ghost)" },
    { .name = "quiet", .letter = 'q', .kind = OPTION_FLAG, .at = AT(quiet), .key = "recording.quiet",
      .help = "no line at the end when all went well" },
    { 0 }
};

/* ---- talking: on stderr, one write a line, whatever comes of it ---- */

static bool can_tell;

/* Found out before anything is opened: a file of ours that took the place of a
 * closed stderr must not be written to. */
static void find_stderr(void)
{
    can_tell = fcntl(STDERR_FILENO, F_GETFD) >= 0;
}

__attribute__((format(printf, 1, 2)))
static void tell(const char *format, ...)
{
    char line[2048] = "ghost: ";
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line + 7, sizeof line - 8, format, args);
    va_end(args);
    if (n < 0 || !can_tell)
        return;
    size_t end = (size_t)n + 7 < sizeof line - 2 ? (size_t)n + 7 : sizeof line - 2;
    line[end++] = '\n';
    void (*old)(int) = signal(SIGPIPE, SIG_IGN);
    ssize_t written = write(STDERR_FILENO, line, end);
    (void)written;                       /* nobody left to tell */
    signal(SIGPIPE, old);
}

static const char *plural(uint64_t n, const char *one, const char *more)
{
    return n == 1 ? one : more;
}

/* ---- the end of the report ---- */

static void tell_losses(const struct run_summary *s)
{
    static const char *const texts[] = {
#define X(name, number, text) [number] = text,
        GHOST_LOSSES(X)
#undef X
    };
    char n[HUMAN];
    for (size_t cause = 0; cause < sizeof s->losses / sizeof *s->losses; cause++) {
        const struct run_loss *l = &s->losses[cause];
        const char *text = cause < sizeof texts / sizeof *texts && texts[cause] ? texts[cause] : "a cause that this ghost does not know";
        if (l->events)
            tell("lost %s%s %s: %s", l->at_least ? "at least " : "", human_count(n, l->events), plural(l->events, "event", "events"), text);
        else if (l->at_least)
            tell("lost an unknown number of events: %s", text);
    }
}

static void tell_notes(const struct run_summary *s)
{
    static const char *const texts[] = {
#define X(name, number, text) [number] = text,
        GHOST_NOTES(X)
#undef X
    };
    for (size_t code = 0; code < sizeof s->notes / sizeof *s->notes; code++) {
        if (!s->noted[code])
            continue;
        const char *text = code < sizeof texts / sizeof *texts && texts[code] ? texts[code] : "a note that this ghost does not know";
        const char *detail = s->notes[code] ? s->notes[code] : "";
        tell("note: %s%s%s%s (%u %s)", text, *detail ? " [" : "", detail, *detail ? "]" : "",
             s->noted[code], plural(s->noted[code], "process", "processes"));
    }
}

static void tell_refusals(const struct run_summary *s)
{
    for (size_t i = 0; i < s->n_refusals; i++)
        tell("%u %s not recorded: %s", s->refusals[i].processes, plural(s->refusals[i].processes, "process", "processes"),
             s->refusals[i].reason);
}

static void tell_nothing(const struct run_target *target)
{
    const char *isolation = run_target_isolation(target);
    if (isolation)
        tell("nothing was recorded: the interpreter was started with %s, which hides Ghost from it. Leave that option out", isolation);
    else if (target->is_python)
        tell("nothing was recorded: no Python with Ghost's environment ran to the end of its start. Was it killed at once, "
             "or does another sitecustomize come first in PYTHONPATH? See: ghost doctor");
    else
        tell("nothing was recorded: '%s' started no Python, or started it with -I, -E or -S, or without PYTHONPATH and "
             "GHOST_* of its environment. See: ghost doctor", target->argv[0]);
}

/* Does the next command look for sessions where this one put them? */
static bool is_usual_place(const char *data_dir)
{
    const char *env = getenv("GHOST_DATA_DIR");
    return !data_dir || (env && strcmp(env, data_dir) == 0);
}

/* A target that could not even begin called nothing, whatever the filter. */
static void tell_summary(const struct run_options *o, const struct session *session, const struct run_summary *s, double seconds, bool failed)
{
    char events[HUMAN], lost[HUMAN];
    bool loss = s->lost > 0 || s->unreadable > 0 || s->endless > 0, usual = is_usual_place(o->data_dir);
    if (!o->quiet || loss)
        tell("session %s: %u %s, %s%s %s (%s lost), %.1f s; see it with: ghost report%s%s", session->id, s->processes,
             plural(s->processes, "process", "processes"), s->partial ? "more than " : "", human_count(events, s->events),
             plural(s->events, "event", "events"), human_count(lost, s->lost), seconds, usual ? "" : " ", usual ? "" : session->path);
    if (s->events == 0 && !s->partial && s->processes > s->unreadable && !o->quiet && !failed)
        tell("no call was recorded: only the application's own code is, not the standard library or installed packages. "
             "Choose others with --include NAME, or take everything with --all");
    if (s->running && !o->quiet)
        tell("%u %s of the session still %s and %s being recorded", s->running, plural(s->running, "process", "processes"),
             plural(s->running, "runs", "run"), plural(s->running, "is", "are"));
    if (s->endless)
        tell("%u %s no end: writing failed (disk full, file size limit), and what came after is lost%s; see: ghost doctor",
             s->endless, plural(s->endless, "log has", "logs have"),
             s->losses[GHOST_LOSS_NO_LOG].events ? ", counted as far as its process could tell its parent" : " uncounted");
    if (s->unreadable)
        tell("%u %s cannot be read; see: ghost log check %s", s->unreadable, plural(s->unreadable, "log", "logs"), session->path);
}

static void report(const struct run_options *o, const struct run_target *target, const struct session *session, double seconds, bool failed)
{
    struct ghost_err err = GHOST_ERR_INIT;
    struct run_summary s;
    if (run_summary_read(&s, session, SUMMARY_MS, &err) < 0) {
        tell("%s", err.msg);
        return;
    }
    if (s.processes)
        tell_summary(o, session, &s, seconds, failed);
    else if (!s.n_refusals)
        tell_nothing(target);
    tell_losses(&s);
    tell_notes(&s);
    tell_refusals(&s);
    if (!s.processes)
        run_summary_tidy(session);
    run_summary_release(&s);
}

/* ---- the run ---- */

/* The session and the environment. Whatever fails here, the target runs. */
static int prepare(const struct run_options *o, struct session *session, struct ghost_err *err)
{
    char *lib = run_lib_dir(err), *path = NULL;
    int ret = lib ? session_create(o->data_dir, session, err) : GHOST_E_NOT_FOUND;
    if (ret < 0)
        goto out;
    path = realpath(session->path, NULL);        /* the target may change its folder */
    if (path) {
        free(session->path);
        session->path = path;
    }
    ret = run_environment(lib, session->path, &o->filter, err);
    if (ret < 0)
        run_summary_tidy(session);
out:
    free(lib);
    return ret;
}

static double seconds_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static int run(const void *values, int argc, char **argv, struct ghost_err *err)
{
    const struct run_options *o = values;
    struct run_target target;
    struct session session = { 0 };
    struct ghost_err off = GHOST_ERR_INIT;
    struct timespec start;
    int status = 0;
    if (o->filter.deep > GHOST_DEEP_MAX)
        return ghost_fail(err, GHOST_E_USAGE, "--deep takes a number of elements up to %u, not %" PRIu64, GHOST_DEEP_MAX, o->filter.deep);
    find_stderr();
    int ret = run_target_resolve(&target, o->python, o->module, o->code, argc, argv, err);
    if (ret < 0)
        return ret;
    bool recording = prepare(o, &session, &off) == 0;
    if (!recording) {
        run_environment_off();
        tell("recording is off: %s. The program runs without it", off.msg);
    }
    clock_gettime(CLOCK_MONOTONIC, &start);
    ret = run_child(target.argv, &status, err);
    if (ret == 0 && recording)
        report(o, &target, &session, seconds_since(&start), status != 0);
    else if (recording)
        run_summary_tidy(&session);
    session_release(&session);
    run_target_release(&target);
    return ret < 0 ? ret : run_end_like(status);
}

const struct command cmd_run = {
    .name = "run",
    .summary = "run a Python program and record it",
    .usage = "TARGET [ARGUMENTS]",
    .about =
        "Runs TARGET and records the calls of its Python processes, children included, in\n"
        "a new session. TARGET is a Python file, a folder or zip file with __main__.py,\n"
        "-m MODULE, -c CODE, an interpreter with its own options, or any command that\n"
        "starts Python (gunicorn, pytest, make test). Everything after TARGET is\n"
        "TARGET's own. Its output, signals and exit status are what they are without\n"
        "ghost; ghost writes to stderr, and only at the end.",
    .examples =
        "  ghost run app.py --port 80           a script and its arguments\n"
        "  ghost run -m uvicorn main:app        a module\n"
        "  ghost run gunicorn -w 4 app:app      a command; its workers are recorded too\n"
        "  ghost run python3.12 -X dev app.py   an interpreter with options of its own\n"
        "  ghost run -i app -i sqlalchemy app.py   the application and an installed package\n"
        "  ghost run --deep 16 app.py           also what is inside lists and dicts, sampled",
    .options = options,
    .options_size = sizeof(struct run_options),
    .operands = OPERAND_COMMAND,
    .max_operands = UINT_MAX,
    .operands_end_options = true,
    .run = run
};
