/* run_summary.c - what a session holds once its target has ended.
 *
 * A finished log tells its totals in its index. Others are counted frame by
 * frame, with what their live files still hold; that, and the search for notes
 * and losses, stops when the time is up, and says so. */
#include "run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ghost/log.h"

#define REFUSED_SUFFIX ".refused"

struct scan {                        /* one log */
    struct run_summary *sum;
    uint64_t events, lost;
    bool noted[16];
};

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static bool has_suffix(const char *name, const char *suffix)
{
    size_t n = strlen(name), k = strlen(suffix);
    return n > k && strcmp(name + n - k, suffix) == 0;
}

static int no_memory(struct ghost_err *err)
{
    return ghost_fail(err, GHOST_E_NOMEM, "out of memory while summing up the session");
}

/* ---- definitions and blocks ---- */

static void add_note(struct scan *s, const struct ghost_def_note *note)
{
    if (note->code >= 16)
        return;
    char **detail = &s->sum->notes[note->code];
    if (!*detail)
        *detail = strndup(note->detail.p ? note->detail.p : "", note->detail.len);
    s->sum->noted[note->code] += !s->noted[note->code];
    s->noted[note->code] = true;
}

static void add_loss(struct scan *s, const struct ghost_def_loss *loss)
{
    struct run_loss *l = &s->sum->losses[loss->cause < 16 ? loss->cause : 0];
    l->events += loss->count;
    l->at_least |= loss->count == 0;
    s->lost += loss->count;
}

static int on_def(void *self, const struct ghost_def *def, const struct ghost_frame *f)
{
    (void)f;
    if (def->kind == GHOST_REC_NOTE)
        add_note(self, &def->u.note);
    else if (def->kind == GHOST_REC_LOSS)
        add_loss(self, &def->u.loss);
    return 0;
}

/* What the recorder counts: not the pops and pushes that only mend a stack. */
static int on_block(void *self, const struct ghost_block *b, const struct ghost_frame *f)
{
    struct scan *s = self;
    (void)f;
    uint64_t mends = 0;
    for (uint32_t i = 0; i < b->n_events; i++) {
        uint32_t kind = b->shapes[b->tokens[i]].kind;
        mends += kind == GHOST_SH_ABANDON || kind == GHOST_SH_DROP || kind == GHOST_SH_ADOPT;
    }
    s->events += b->n_events - mends;
    return 0;
}

/* False when time ran out. */
static bool scan_frames(struct scan *s, struct ghost_log *log, struct ghost_decoder *decoder, uint64_t deadline)
{
    const struct ghost_visitor visitor = { .self = s, .def = on_def, .block = on_block };
    struct ghost_frame frame;
    uint64_t cursor = 0;
    while (ghost_log_next(log, &cursor, &frame) == 1) {
        if (now_ms() > deadline)
            return false;
        if (frame.bytes)
            ghost_frame_decode(decoder, &frame, &visitor, NULL);   /* `ghost report` tells about damage */
    }
    return true;
}

static bool scan_tail(struct scan *s, const char *path, struct ghost_decoder *decoder, uint64_t deadline)
{
    struct ghost_buf tail = { 0 };
    bool in_time = now_ms() <= deadline;
    struct ghost_log *log = NULL;
    if (in_time && ghost_live_tail(path, &tail, NULL) == 0 && tail.len)
        log = ghost_log_open_memory(tail.p, tail.len, NULL);
    if (log)
        in_time = scan_frames(s, log, decoder, deadline);
    ghost_log_close(log);
    ghost_buf_release(&tail);
    return in_time;
}

static bool is_running(const char *path)
{
    const char *slash = strrchr(path, '/');
    long pid = strtol(slash ? slash + 1 : path, NULL, 10);
    return pid > 0 && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

/* A killed process leaves its rings, with all that is not in the log yet, or at least its
 * journal when it had no event. Where it could have none, what came after the last write is gone. */
static bool has_live_files(const struct session *session, const char *log_path)
{
    const char *slash = strrchr(log_path, '/'), *name = slash ? slash + 1 : log_path;
    size_t stem = (size_t)(strrchr(name, '.') + 1 - name);       /* with the dot */
    bool any = false;
    DIR *dir = opendir(session->path);
    for (struct dirent *d; dir && !any && (d = readdir(dir));)
        any = strncmp(d->d_name, name, stem) == 0 && (has_suffix(d->d_name, ".ring") || has_suffix(d->d_name, ".defs"));
    if (dir)
        closedir(dir);
    return any;
}

static void add_log(struct run_summary *sum, const struct session *session, const char *path, struct ghost_decoder *decoder, uint64_t deadline)
{
    struct scan scan = { .sum = sum };
    struct ghost_log *log = ghost_log_open(path, NULL);
    sum->processes++;
    if (!log) {
        sum->unreadable++;
        return;
    }
    const struct ghost_log_info *info = ghost_log_info(log);
    bool complete = scan_frames(&scan, log, decoder, deadline);
    if (info->finished) {
        scan.events = info->events;
        scan.lost = info->lost;
    } else {
        complete = complete && scan_tail(&scan, path, decoder, deadline);
        bool running = is_running(path);
        sum->running += running;
        sum->endless += !running && !has_live_files(session, path);
        sum->partial |= !complete;
    }
    sum->events += scan.events;
    sum->lost += scan.lost;
    ghost_log_close(log);
}

/* ---- refusals ---- */

static int add_refusal(struct run_summary *s, const char *reason, struct ghost_err *err)
{
    for (size_t i = 0; i < s->n_refusals; i++)
        if (strcmp(s->refusals[i].reason, reason) == 0) {
            s->refusals[i].processes++;
            return 0;
        }
    struct run_refusal *grown = realloc(s->refusals, (s->n_refusals + 1) * sizeof *grown);
    if (!grown)
        return no_memory(err);
    s->refusals = grown;
    grown[s->n_refusals].reason = strdup(reason);
    grown[s->n_refusals].processes = 1;
    return grown[s->n_refusals++].reason ? 0 : no_memory(err);
}

static int read_refusal(struct run_summary *s, int folder, const char *name, struct ghost_err *err)
{
    char text[4096];
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return add_refusal(s, *text ? text : "the reason could not be written (is the disk full?)", err);
}

static int read_refusals(struct run_summary *s, const char *path, struct ghost_err *err)
{
    DIR *dir = opendir(path);
    int ret = 0;
    if (!dir)
        return ghost_fail(err, GHOST_E_IO, "cannot read the session folder %s: %s", path, strerror(errno));
    for (struct dirent *d; ret == 0 && (d = readdir(dir));)
        if (has_suffix(d->d_name, REFUSED_SUFFIX))
            ret = read_refusal(s, dirfd(dir), d->d_name, err);
    closedir(dir);
    return ret;
}

void run_summary_tidy(const struct session *session)
{
    DIR *dir = opendir(session->path);
    if (!dir)
        return;
    for (struct dirent *d; (d = readdir(dir));)
        if (has_suffix(d->d_name, REFUSED_SUFFIX))
            unlinkat(dirfd(dir), d->d_name, 0);
    closedir(dir);
    rmdir(session->path);
}

/* ---- all of it ---- */

int run_summary_read(struct run_summary *s, const struct session *session, uint64_t budget_ms, struct ghost_err *err)
{
    uint64_t deadline = now_ms() + budget_ms;
    char **logs = NULL;
    size_t n = 0;
    *s = (struct run_summary){ 0 };
    struct ghost_decoder *decoder = ghost_decoder_new();
    int ret = decoder ? session_logs(session, &logs, &n, err) : no_memory(err);
    for (size_t i = 0; ret == 0 && i < n; i++)
        add_log(s, session, logs[i], decoder, deadline);
    if (ret == 0)
        ret = read_refusals(s, session->path, err);
    session_logs_release(logs, n);
    ghost_decoder_free(decoder);
    if (ret < 0)
        run_summary_release(s);
    return ret;
}

void run_summary_release(struct run_summary *s)
{
    for (size_t i = 0; i < s->n_refusals; i++)
        free(s->refusals[i].reason);
    free(s->refusals);
    for (size_t i = 0; i < sizeof s->notes / sizeof *s->notes; i++)
        free(s->notes[i]);
    *s = (struct run_summary){ 0 };
}
