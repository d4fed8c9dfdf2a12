/* doctor_probe.c - what an interpreter says of itself, and whether it can be recorded. */
#include "doctor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ghost/log.h"
#include "run.h"

enum { ASK_MS = 10000, TRY_MS = 20000, TRIAL_CALLS = 100 };

/* Every Python from 2.7 on understands it. */
static const char question[] =
    "import sys\n"
    "i = getattr(sys, 'implementation', None)\n"
    "print('\\n'.join([i.name if i else 'cpython', '%d.%d.%d' % sys.version_info[:3], getattr(sys, 'abiflags', ''),\n"
    "                 str(int(hasattr(sys, 'gettotalrefcount'))), sys.executable or '', '']))\n";

static const char trial[] =
    "def ghost_trial(n): return n\n"
    "for n in range(100): ghost_trial(n)\n";

/* ---- a child with a time limit ---- */

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The trial's filter is Ghost's default, whatever is set around us. */
static bool set_trial_environment(const char *lib, const char *session_dir)
{
    static const char *const settings[] = { "GHOST_INCLUDE", "GHOST_EXCLUDE", "GHOST_ALL", "GHOST_FLUSH", "GHOST_ON_FULL", "GHOST_MAX_LOG" };
    const struct run_filter plain = { 0 };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        unsetenv(settings[i]);
    return run_environment(lib, session_dir, &plain, NULL) == 0;
}

static void become_probe(char *const *argv, int out, const char *lib, const char *session_dir)
{
    int null = open("/dev/null", O_RDWR);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(null, 2) < 0)
        _exit(126);
    if (lib && !set_trial_environment(lib, session_dir))
        _exit(126);
    execv(argv[0], argv);
    _exit(127);
}

/* What the child wrote, up to `size` - 1 bytes, until its end or the time is up. */
static size_t read_until(int fd, char *text, size_t size, int64_t deadline)
{
    size_t n = 0;
    for (;;) {
        int64_t left = deadline - now_ms();
        struct pollfd p = { .fd = fd, .events = POLLIN };
        if (left <= 0 || n + 1 >= size || poll(&p, 1, (int)left) <= 0)
            break;
        ssize_t got = read(fd, text + n, size - 1 - n);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    text[n] = '\0';
    return n;
}

/* Waits to the deadline, then kills. */
static int reap(pid_t pid, int64_t deadline)
{
    int status;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (now_ms() > deadline)
            kill(pid, SIGKILL);
        nanosleep(&(struct timespec){ 0, 2000000 }, NULL);
    }
    return status;
}

/* Exit status of argv, -1 when it was killed or did not start. */
static int probe(char *const *argv, char *text, size_t size, int limit_ms, const char *lib, const char *session_dir)
{
    int ends[2];
    int64_t deadline = now_ms() + limit_ms;
    text[0] = '\0';
    if (run_pipe(ends) != 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0)
        become_probe(argv, ends[1], lib, session_dir);
    close(ends[1]);
    if (pid > 0)
        read_until(ends[0], text, size, deadline);
    close(ends[0]);
    int status = pid > 0 ? reap(pid, deadline) : -1;
    return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- asking ---- */

bool doctor_ask(struct doctor_python *p)
{
    char text[2048], flags[16] = "", debug[4] = "";
    char *argv[] = { p->path, "-E", "-S", "-c", (char *)question, NULL };
    const struct { char *to; size_t size; } fields[] = {
        { p->implementation, sizeof p->implementation }, { p->version, sizeof p->version }, { flags, sizeof flags },
        { debug, sizeof debug }, { p->executable, sizeof p->executable },
    };
    int status = probe(argv, text, sizeof text, ASK_MS, NULL, NULL);
    char *rest = text;
    for (size_t i = 0; status == 0 && i < sizeof fields / sizeof *fields; i++) {
        char *line = strsep(&rest, "\n");
        if (!line || !rest)
            status = -1;
        else
            snprintf(fields[i].to, fields[i].size, "%s", line);
    }
    p->free_threaded = strchr(flags, 't');
    p->debug = strchr(flags, 'd') || debug[0] == '1';
    if (status != 0)
        snprintf(p->problem, sizeof p->problem, "it does not run (`%s -c 1` fails, or takes longer than 10 s)", p->path);
    return status == 0;
}

/* ---- the trial ---- */

struct reading { struct doctor_python *p; uint32_t func; unsigned calls; };

static void copy(char out[32], struct ghost_str s)
{
    snprintf(out, 32, "%.*s", (int)(s.len < 31 ? s.len : 31), s.p);
}

static bool is(struct ghost_str s, const char *text)
{
    return s.len == strlen(text) && memcmp(s.p, text, s.len) == 0;
}

static int on_def(void *self, const struct ghost_def *def, const struct ghost_frame *f)
{
    struct reading *r = self;
    (void)f;
    if (def->kind == GHOST_REC_FUNC && is(def->u.func.qualname, "ghost_trial"))
        r->func = def->u.func.id;
    for (uint32_t i = 0; def->kind == GHOST_REC_META && i < def->u.meta.n_pairs; i++) {
        const struct ghost_def_pair *pair = &def->u.meta.pairs[i];
        if (is(pair->key, "hook"))
            copy(r->p->hook, pair->value);
        else if (is(pair->key, "clock"))
            copy(r->p->clock, pair->value);
    }
    return 0;
}

static int on_block(void *self, const struct ghost_block *b, const struct ghost_frame *f)
{
    struct reading *r = self;
    (void)f;
    for (uint32_t i = 0; i < b->n_events; i++) {
        const struct ghost_shape *shape = &b->shapes[b->tokens[i]];
        r->calls += shape->kind == GHOST_SH_CALL && shape->a == r->func && r->func;
    }
    return 0;
}

static int read_log(struct reading *r, const char *path, struct ghost_err *err)
{
    const struct ghost_visitor visitor = { .self = r, .def = on_def, .block = on_block };
    struct ghost_decoder *decoder = ghost_decoder_new();
    struct ghost_log *log = ghost_log_open(path, err);
    struct ghost_frame frame;
    uint64_t cursor = 0;
    int ret = decoder && log ? 0 : GHOST_E_NOMEM;
    while (ret == 0 && ghost_log_next(log, &cursor, &frame) == 1)
        ret = frame.bytes ? ghost_frame_decode(decoder, &frame, &visitor, err)
                          : ghost_fail(err, GHOST_E_CORRUPT, "the log of the trial is damaged at byte %llu", (unsigned long long)frame.offset);
    ghost_log_close(log);
    ghost_decoder_free(decoder);
    return ret;
}

/* Why there is no log: the bootstrap's reason, without the interpreter's name. */
static void explain(struct doctor_python *p, const struct session *session)
{
    struct run_summary s;
    const char *reason = "it loaded no recorder and gave no reason: another sitecustomize comes first, or PYTHONPATH is ignored";
    if (run_summary_read(&s, session, TRY_MS, NULL) == 0 && s.n_refusals) {
        const char *begin = strstr(s.refusals[0].reason, "): ");
        reason = begin ? begin + 3 : s.refusals[0].reason;
    }
    snprintf(p->problem, sizeof p->problem, "%s", reason);
    run_summary_release(&s);
}

static void check_trial(struct doctor_python *p, const struct session *session, int status)
{
    struct reading r = { .p = p };
    struct ghost_err err = GHOST_ERR_INIT;
    char **logs = NULL;
    size_t n = 0;
    if (status != 0)
        snprintf(p->problem, sizeof p->problem, "a small program failed under the recorder; please report this");
    else if (session_logs(session, &logs, &n, &err) < 0)
        snprintf(p->problem, sizeof p->problem, "%s", err.msg);
    else if (n == 0)
        explain(p, session);
    else if (read_log(&r, logs[0], &err) < 0)
        snprintf(p->problem, sizeof p->problem, "its log cannot be read: %.400s", err.msg);
    else if (r.calls != TRIAL_CALLS)
        snprintf(p->problem, sizeof p->problem, "%u of %d calls were recorded; please report this", r.calls, TRIAL_CALLS);
    else
        p->recorded = true;
    session_logs_release(logs, n);
}

static void remove_trial(const char *folder)
{
    DIR *dir = opendir(folder);
    for (struct dirent *d; dir && (d = readdir(dir));)
        unlinkat(dirfd(dir), d->d_name, 0);      /* fails on . and .., which is right */
    if (dir)
        closedir(dir);
    rmdir(folder);
}

void doctor_try(struct doctor_python *p, const char *lib)
{
    const char *tmp = getenv("TMPDIR");
    char *folder = NULL, text[64];
    char *argv[] = { p->path, "-c", (char *)trial, NULL };
    if (asprintf(&folder, "%s/ghost-doctor-XXXXXX", tmp && *tmp ? tmp : "/tmp") < 0)
        return;
    if (!mkdtemp(folder)) {
        snprintf(p->problem, sizeof p->problem, "cannot make %.300s: %s. Set TMPDIR to a folder you may write", folder, strerror(errno));
    } else {
        struct session session = { .id = "trial", .path = folder };
        int status = probe(argv, text, sizeof text, TRY_MS, lib, folder);
        check_trial(p, &session, status);
        remove_trial(folder);
    }
    free(folder);
}
