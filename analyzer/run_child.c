/* run_child.c - start the target, pass on what is sent to us, end as it ends.
 *
 * Ghost stays the parent. All signals are blocked and taken one by one with
 * sigwaitinfo, so there are no handlers and no races. The child is in our
 * process group: what the terminal sends reaches it directly, what a process
 * sends to ghost is passed on. */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct child {
    pid_t pid;
    int status;              /* as waitpid has it, once `ended` */
    bool ended;
    int stopped_by;          /* the signal that stopped it, 0 while it runs */
    bool stop_seen;          /* we were sent a stop signal ourselves */
    bool was_stopped;        /* we were stopped with it */
    sigset_t mask;           /* ghost's own at the start: the target's */
    struct sigaction on_child;
    struct run_witness witness;
};

/* ---- start ---- */

/* In the child. Nothing of ghost's own state may be seen by the target. */
static void become_target(const struct child *c, char **argv, pid_t parent, int report)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)             /* ghost died before the line above took effect */
        _exit(128 + SIGKILL);
    sigaction(SIGCHLD, &c->on_child, NULL);
    sigprocmask(SIG_SETMASK, &c->mask, NULL);
    execvp(argv[0], argv);
    int why = errno;
    if (write(report, &why, sizeof why) < 0)
        _exit(126);
    _exit(127);
}

static int read_failure(int report)
{
    int why = 0;
    ssize_t n;
    while ((n = read(report, &why, sizeof why)) < 0 && errno == EINTR)
        ;
    return n == (ssize_t)sizeof why ? why : 0;
}

static int start(struct child *c, char **argv, struct ghost_err *err)
{
    int report[2];
    pid_t parent = getpid();
    if (run_pipe(report) != 0)
        return ghost_fail(err, GHOST_E_IO, "cannot make a pipe to start '%s': %s", argv[0], strerror(errno));
    c->pid = fork();
    if (c->pid == 0)
        become_target(c, argv, parent, report[1]);
    int fork_errno = errno;
    close(report[1]);
    int why = c->pid > 0 ? read_failure(report[0]) : fork_errno;
    close(report[0]);
    if (!why)
        return 0;
    if (c->pid > 0)
        waitpid(c->pid, &c->status, 0);
    return ghost_fail(err, why == ENOENT ? GHOST_E_NOT_FOUND : GHOST_E_IO, "cannot run '%s': %s", argv[0], strerror(why));
}

/* A pipe or lock that the target gives up must not live on in ghost. stderr is
 * for the end. */
static void let_go(void)
{
    int null = open("/dev/null", O_RDWR);
    for (int fd = STDIN_FILENO; fd <= STDOUT_FILENO; fd++)
        if (null >= 0 && fcntl(fd, F_GETFD) >= 0)
            dup2(null, fd);
    close_range(STDERR_FILENO + 1, ~0U, 0);
}

/* ---- signals ---- */

static bool from_terminal(int sig)
{
    static const int signals[] = { SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH, SIGCONT };
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (signals[i] == sig)
            return true;
    /* A hangup is for the session's leader alone, and for everybody else comes
     * from that leader (a process). */
    return sig == SIGHUP && getsid(0) != getpid();
}

static bool is_stopped(pid_t pid)
{
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof line - 1);
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return true;                     /* not to be known: a needless SIGCONT does no harm */
    line[n] = '\0';
    const char *name_end = strrchr(line, ')');
    return name_end && name_end[1] && (name_end[2] == 'T' || name_end[2] == 't');
}

static void pass_on(const struct child *c, const siginfo_t *info)
{
    if (info->si_code == SI_QUEUE)
        sigqueue(c->pid, info->si_signo, info->si_value);
    else
        kill(c->pid, info->si_signo);
}

/* What the child stopped of stops us too, so that our shell sees the job stop. */
static void stop_like(int sig)
{
    struct sigaction plain = { .sa_handler = SIG_DFL }, old;
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, sig);
    sigaction(sig, &plain, &old);
    raise(sig);
    sigprocmask(SIG_UNBLOCK, &one, NULL);    /* here we stop */
    sigprocmask(SIG_BLOCK, &one, NULL);
    if (sig != SIGSTOP)
        sigaction(sig, &old, NULL);
}

static bool is_stop(int sig)
{
    return sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;
}

/* Job control stops us with the child. SIGSTOP for the child alone (a debugger,
 * a CPU limiter) does not: nobody would wake us afterwards. */
static void follow_stop(struct child *c)
{
    int sig = c->stopped_by;
    if (!sig || c->ended || (!is_stop(sig) && !c->stop_seen))
        return;
    c->stopped_by = 0;
    c->stop_seen = false;
    c->was_stopped = true;
    stop_like(sig);
}

/* All that can be waited for, zombies of others too: as process 1 of a
 * container ghost gets the orphans. */
static void reap(struct child *c)
{
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) > 0;) {
        if (pid == c->witness.pid)
            c->witness.pid = -1;
        if (pid != c->pid)
            continue;
        c->stopped_by = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
        c->ended = WIFEXITED(status) || WIFSIGNALED(status);
        c->status = status;
    }
}

/* Has the target got its own copy? From the terminal, as a member of the group
 * or because it sent the signal itself (what it sends to its group comes here). */
static bool has_its_own(struct child *c, int sig, const siginfo_t *info)
{
    if (info->si_code > 0)
        return from_terminal(sig);
    return info->si_pid == c->pid || run_witness_saw(&c->witness, info);
}

static void take(struct child *c, int sig, const siginfo_t *info)
{
    if (sig == SIGCHLD) {
        reap(c);
    } else if (sig == SIGCONT && c->was_stopped) {
        c->was_stopped = false;          /* sent to the whole job, mostly: then the child runs already */
        if (is_stopped(c->pid))
            pass_on(c, info);
    } else if (!has_its_own(c, sig, info)) {
        pass_on(c, info);
    }
    c->stop_seen |= is_stop(sig);
    follow_stop(c);
}

static void watch(struct child *c)
{
    sigset_t all;
    sigfillset(&all);
    while (!c->ended) {
        siginfo_t info;
        int sig = sigwaitinfo(&all, &info);
        if (sig > 0)
            take(c, sig, &info);
    }
}

int run_child(char **argv, int *status, struct ghost_err *err)
{
    struct child c = { 0 };
    struct sigaction plain = { .sa_handler = SIG_DFL };
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &c.mask);
    sigaction(SIGCHLD, &plain, &c.on_child);     /* where it was ignored, the status would be lost */
    int ret = start(&c, argv, err);
    if (ret == 0) {
        let_go();
        run_witness_start(&c.witness);
        watch(&c);
        run_witness_end(&c.witness);
        *status = c.status;
    }
    sigaction(SIGCHLD, &c.on_child, NULL);
    return ret;
}

int run_end_like(int status)
{
    if (!WIFSIGNALED(status))
        return WEXITSTATUS(status);
    int sig = WTERMSIG(status);
    struct sigaction plain = { .sa_handler = SIG_DFL };
    struct rlimit none = { 0, 0 };
    sigset_t one;
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);           /* the target's core is the one of interest */
    sigaction(sig, &plain, NULL);
    sigemptyset(&one);
    sigaddset(&one, sig);
    raise(sig);
    sigprocmask(SIG_UNBLOCK, &one, NULL);
    return 128 + sig;                    /* process 1 of a container does not die of its own signals */
}
