/* run_witness.c - was a signal meant for ghost, or for everybody?
 *
 * A service manager, a shell or `timeout` often signals a whole process group
 * or control group. Then the target has its own copy, and one from ghost on
 * top would be a second: servers take a second SIGTERM as "stop at once". The
 * receiver of a signal cannot see how it was sent, so ghost keeps a witness: an
 * idle process in its own group. What reaches both was sent to all. */
#include "run.h"

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

enum { WAIT_MS = 100, PATIENCE_MS = 3000, STALE_MS = 500 };

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The witness's whole life; all signals are blocked since ghost's start. */
static void look_out(pid_t parent, int report)
{
    sigset_t all;
    sigfillset(&all);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "ghost-witness");
    close(STDERR_FILENO);                /* no reader of the target's stderr shall wait for us */
    while (getppid() == parent) {
        siginfo_t info;
        int sig = sigwaitinfo(&all, &info);
        struct run_sighting s = { sig, info.si_pid, now_ms() };
        if (sig > 0 && info.si_code <= 0 && write(report, &s, sizeof s) < 0 && errno != EAGAIN)
            break;
    }
    _exit(0);
}

int run_pipe(int ends[2])
{
    int low[2];
    if (pipe2(low, O_CLOEXEC) != 0)
        return -1;
    for (int i = 0; i < 2; i++) {
        ends[i] = fcntl(low[i], F_DUPFD_CLOEXEC, 3);
        close(low[i]);
    }
    if (ends[0] >= 0 && ends[1] >= 0)
        return 0;
    close(ends[0]);
    close(ends[1]);
    return -1;
}

void run_witness_start(struct run_witness *w)
{
    int ends[2];
    pid_t parent = getpid();
    *w = (struct run_witness){ .pid = -1, .fd = -1 };
    if (run_pipe(ends) != 0)
        return;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    w->pid = fork();
    if (w->pid == 0)
        look_out(parent, ends[1]);
    close(ends[1]);
    w->fd = ends[0];
}

/* Ghost and its witness may take the same signals in another order, so what
 * does not fit this one is kept for the next. */
static bool find(struct run_witness *w, const siginfo_t *info, int64_t now)
{
    bool found = false;
    size_t kept = 0;
    for (size_t i = 0; i < w->n; i++) {
        const struct run_sighting s = w->seen[i];
        if (now - s.ms > STALE_MS)
            continue;
        if (!found && s.sig == info->si_signo && s.sender == info->si_pid) {
            found = true;
            w->last[s.sig] = s;
        }
        else
            w->seen[kept++] = s;
    }
    w->n = kept;
    return found;
}

/* Has the signal reached the witness, which on a busy machine has not run yet? */
static bool is_pending(const struct run_witness *w, int sig)
{
    char path[64], line[256];
    unsigned long long shared = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)w->pid);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "ShdPnd:", 7) == 0)
            shared = strtoull(line + 7, NULL, 16);
    if (f)
        fclose(f);
    return sig >= 1 && sig <= 64 && (shared >> (sig - 1) & 1);
}

/* A signal that comes again before the witness has taken the first is one for the witness: whoever
 * signalled the group just now has hardly turned to ghost alone with the same signal. */
static bool is_repeated(const struct run_witness *w, const siginfo_t *info, int64_t now)
{
    const struct run_sighting *s = &w->last[info->si_signo];
    return s->sig && s->sender == info->si_pid && now - s->ms <= STALE_MS;
}

/* 1 one more sighting was read, 0 none came in time, -1 never will. */
static int read_sighting(struct run_witness *w, int64_t until)
{
    const size_t room = sizeof w->seen / sizeof *w->seen;
    struct pollfd p = { .fd = w->fd, .events = POLLIN };
    int64_t left = until - now_ms();
    int n = left > 0 ? poll(&p, 1, (int)left) : 0;
    if (n == 0)
        return 0;
    if (w->n == room)
        w->n = 0;                        /* a storm of signals: what is this old helps no more */
    if (n < 0 || read(w->fd, &w->seen[w->n], sizeof *w->seen) != (ssize_t)sizeof *w->seen)
        return -1;
    w->n++;
    return 1;
}

bool run_witness_saw(struct run_witness *w, const siginfo_t *info)
{
    int64_t begin = now_ms(), until = begin + WAIT_MS;
    if (w->pid <= 0)
        return false;
    while (!find(w, info, begin)) {
        int n = read_sighting(w, until);
        if (n < 0 || (n == 0 && (now_ms() > begin + PATIENCE_MS || !is_pending(w, info->si_signo))))
            return is_repeated(w, info, begin);
        if (n == 0)
            until = now_ms() + WAIT_MS;
    }
    return true;
}

void run_witness_end(struct run_witness *w)
{
    if (w->pid > 0) {
        kill(w->pid, SIGKILL);
        waitpid(w->pid, NULL, 0);
    }
    if (w->fd >= 0)
        close(w->fd);
    *w = (struct run_witness){ .pid = -1, .fd = -1 };
}
