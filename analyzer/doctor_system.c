/* doctor_system.c - what is around the interpreters: clock, limits, folders, settings that decide what is recorded. */
#include "doctor.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "command.h"
#include "config.h"
#include "ghost/def.h"
#include "ghost/version.h"
#include "session.h"
#include "term.h"

/* Below the first, recording is likely to hit the limit; below the second it will. */
static const uint64_t DISK_LOW = (uint64_t)1 << 30, DISK_FULL = (uint64_t)16 << 20;
enum { FILES_LOW = 256 };

struct place { const char *lib, *data_dir; };

static void finding(struct doctor_check *c, enum doctor_status status, const char *remedy)
{
    c->status = status;
    snprintf(c->remedy, sizeof c->remedy, "%s", remedy);
}

static void check_library(struct doctor_check *c, const struct place *at)
{
    snprintf(c->value, sizeof c->value, "%s", at->lib ? at->lib : "not found");
    if (!at->lib)
        finding(c, DOCTOR_BAD, "build the recorders with `make`, or set GHOST_LIB_DIR to the folder that has boot/");
}

static bool invariant_tsc(void)
{
#if defined(__x86_64__)
    unsigned a, b, c, d;
    return __get_cpuid(0x80000007u, &a, &b, &c, &d) && (d & (1u << 8));
#else
    return false;
#endif
}

static void check_clock(struct doctor_check *c, const struct place *at)
{
    (void)at;
    bool tsc = invariant_tsc();
    snprintf(c->value, sizeof c->value, "%s", tsc ? "invariant TSC" : "clock_gettime (this processor has no invariant TSC)");
    if (!tsc)
        finding(c, DOCTOR_WARN, "recording works, at a higher cost of each event");
}

/* The nearest folder above that exists: where the data folder would be made. */
static char *existing_parent(const char *path)
{
    char *p = strdup(path);
    struct stat st;
    while (p && stat(p, &st) != 0) {
        char *slash = strrchr(p, '/');
        if (!slash || slash == p) {
            free(p);
            return strdup(slash ? "/" : ".");
        }
        *slash = '\0';
    }
    return p;
}

static void check_data(struct doctor_check *c, const struct place *at)
{
    struct ghost_err err = GHOST_ERR_INIT;
    struct session probe;
    struct stat st;
    char *root = session_root(at->data_dir, &err);
    snprintf(c->value, sizeof c->value, "%s", root ? root : "none");
    if (!root || session_create(at->data_dir, &probe, &err) < 0) {
        finding(c, DOCTOR_BAD, err.msg);
        free(root);
        return;
    }
    rmdir(probe.path);
    session_release(&probe);
    if (stat(root, &st) == 0 && (st.st_mode & 077))
        finding(c, DOCTOR_WARN, "others can enter this folder and see which sessions there are (their content stays private); chmod 700 it");
    free(root);
}

static void check_disk(struct doctor_check *c, const struct place *at)
{
    struct statvfs v;
    char free_text[HUMAN];
    char *root = session_root(at->data_dir, NULL), *folder = root ? existing_parent(root) : NULL;
    if (!folder || statvfs(folder, &v) != 0) {
        snprintf(c->value, sizeof c->value, "unknown");
        finding(c, DOCTOR_WARN, "set GHOST_DATA_DIR to a folder on a disk with room");
    } else {
        uint64_t room = (uint64_t)v.f_bavail * v.f_frsize;
        snprintf(c->value, sizeof c->value, "%s free at %s", human_bytes(free_text, room), folder);
        if (room < DISK_LOW)
            finding(c, room < DISK_FULL ? DOCTOR_BAD : DOCTOR_WARN, "make room, set GHOST_DATA_DIR to another disk, or cap the log with --max-log; "
                    "see also: ghost sessions");
    }
    free(root);
    free(folder);
}

static void check_file_size(struct doctor_check *c, const struct place *at)
{
    struct rlimit r;
    char text[HUMAN];
    (void)at;
    getrlimit(RLIMIT_FSIZE, &r);
    snprintf(c->value, sizeof c->value, "%s", r.rlim_cur == RLIM_INFINITY ? "unlimited" : human_bytes(text, r.rlim_cur));
    if (r.rlim_cur != RLIM_INFINITY)
        finding(c, DOCTOR_WARN, "a log cannot grow beyond this; what follows is counted as lost. Raise it: ulimit -f unlimited");
}

static void check_descriptors(struct doctor_check *c, const struct place *at)
{
    struct rlimit r;
    (void)at;
    getrlimit(RLIMIT_NOFILE, &r);
    snprintf(c->value, sizeof c->value, "%" PRIu64, (uint64_t)r.rlim_cur);
    if (r.rlim_cur < FILES_LOW)
        finding(c, DOCTOR_WARN, "a program near this limit may leave the recorder none; then its events are counted as lost. Raise it: ulimit -n 1024");
}

/* Asked of a child, for it cannot be taken back. */
static void check_own_descriptors(struct doctor_check *c, const struct place *at)
{
    int status = -1;
    (void)at;
    pid_t pid = fork();
    if (pid == 0)
        _exit(unshare(CLONE_FILES) == 0 ? 0 : 1);
    if (pid > 0)
        waitpid(pid, &status, 0);
    bool allowed = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    snprintf(c->value, sizeof c->value, "%s", allowed ? "unshare(CLONE_FILES) is allowed" : "unshare(CLONE_FILES) is forbidden here");
    if (!allowed)
        finding(c, DOCTOR_WARN, "recording works; the log's descriptor then lives among the program's own, is checked before each write and opened again "
                "when the program has closed it. In a container, a seccomp profile that allows unshare helps");
}

static void check_format(struct doctor_check *c, const struct place *at)
{
    (void)at;
    snprintf(c->value, sizeof c->value, "version %d, reads %d to %d; zstd %s", GHOST_LOG_VERSION, GHOST_LOG_OLDEST_READABLE, GHOST_LOG_VERSION,
             ZSTD_versionString());
}

/* Programs that were started with the environment alone and had no session to
 * tell it in (boot/sitecustomize.py). */
static void check_refused(struct doctor_check *c, const struct place *at)
{
    char *root = session_root(at->data_dir, NULL), *path = NULL, line[PROBE_TEXT], last[PROBE_TEXT] = "";
    unsigned n = 0;
    FILE *f = root && asprintf(&path, "%s/../refused.txt", root) > 0 ? fopen(path, "re") : NULL;
    while (f && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        snprintf(last, sizeof last, "%s", line);
        n++;
    }
    snprintf(c->value, sizeof c->value, n ? "%u processes without a session" : "none", n);
    if (n)
        snprintf(c->remedy, sizeof c->remedy, "the last: %.300s. All are in refused.txt of the data folder; remove it when done", last);
    c->status = n ? DOCTOR_WARN : DOCTOR_FINE;
    if (f)
        fclose(f);
    free(path);
    free(root);
}

/* The value that `ghost run` would take for its option of that name. */
static int ask_run(const char *name, uint64_t *value, enum opt_source *source, struct ghost_err *err)
{
    const struct option *o = cmd_run.options;
    while (strcmp(o->name, name) != 0)
        o++;
    struct option rows[2] = { *o, { 0 } };   /* alone: other settings are no concern of this check */
    rows[0].at = 0;
    const struct command alone = { .name = cmd_run.name, .options = rows, .options_size = sizeof *value };
    *value = 0;
    *source = OPT_UNSET;
    return opt_fill(&alone, value, source, err);
}

static void check_deep(struct doctor_check *c, const struct place *at)
{
    struct ghost_err err = GHOST_ERR_INIT;
    enum opt_source source;
    uint64_t n;
    char from[PROBE_TEXT / 2] = "the default";
    const struct config_value *v = config_get("recording.deep");
    (void)at;
    int ret = ask_run("deep", &n, &source, &err);
    if (source == OPT_FROM_ENV)
        snprintf(from, sizeof from, "$GHOST_DEEP");
    else if (source == OPT_FROM_FILE && v)
        snprintf(from, sizeof from, "%.200s:%u:%u", v->at.file, v->at.line, v->at.column);
    if (ret < 0 || n > GHOST_DEEP_MAX) {
        if (ret < 0)
            snprintf(c->value, sizeof c->value, "%s", err.msg);
        else
            snprintf(c->value, sizeof c->value, "%" PRIu64 " elements (%s) are too many", n, from);
        snprintf(c->remedy, sizeof c->remedy, "`ghost run` refuses that: say a number from 0 (none) to %u", GHOST_DEEP_MAX);
        c->status = DOCTOR_BAD;
    } else if (n) {
        snprintf(c->value, sizeof c->value, "types of up to %" PRIu64 " elements of sampled lists, tuples, dicts and sets are recorded (%s)%s", n, from,
                 source == OPT_FROM_FILE ? "; without `ghost run` only GHOST_DEEP counts" : "");
    } else {
        snprintf(c->value, sizeof c->value, "not recorded (%s); `ghost run --deep 16` looks inside lists, tuples, dicts and sets", from);
    }
}

static const struct { const char *name; void (*check)(struct doctor_check *, const struct place *); } table[] = {
    { "recorders", check_library },
    { "data folder", check_data },
    { "disk space", check_disk },
    { "clock", check_clock },
    { "file size limit", check_file_size },
    { "open files limit", check_descriptors },
    { "own descriptors", check_own_descriptors },
    { "inside containers", check_deep },
    { "refused starts", check_refused },
    { "log format", check_format },
};

size_t doctor_checks(struct doctor_check *checks, size_t max, const char *lib, const char *data_dir)
{
    const struct place at = { lib, data_dir };
    size_t n = 0;
    for (; n < max && n < sizeof table / sizeof *table; n++) {
        checks[n] = (struct doctor_check){ .name = table[n].name };
        table[n].check(&checks[n], &at);
    }
    return n;
}
