/* sink.c - the log file, written by the writer thread only.
 *
 * Applications close descriptors that are not theirs (daemonising code closes
 * all) and open files that get the same numbers. Two defences: where the
 * kernel allows it, the writer thread has a descriptor table of its own
 * (unshare(CLONE_FILES)), in which nobody else can close anything and whose
 * limits are its own; elsewhere the descriptor has a high number, which
 * open(2) never hands out while lower ones are free, and is checked against the
 * file's identity before every write. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "recorder.h"

static struct {
    char path[PATH_MAX + 16];
    int fd;                      /* the writer's */
    int shared_fd;               /* the same file in the application's table, -1 once given up */
    bool private_table;
    dev_t dev;
    ino_t ino;
    uint64_t size;               /* the writer writes; atomic */
    int cause;                   /* of the last failure; atomic */
} file = { .fd = -1, .shared_fd = -1 };

static int move_high(int fd)
{
    struct rlimit lim;
    int floor = 200;
    if (getrlimit(RLIMIT_NOFILE, &lim) == 0 && lim.rlim_cur != RLIM_INFINITY && lim.rlim_cur > 64)
        floor = (int)(lim.rlim_cur > 65536 ? 65536 - 32 : lim.rlim_cur - 32);
    int high = fcntl(fd, F_DUPFD_CLOEXEC, floor);
    if (high < 0)
        return fd;
    close(fd);
    return high;
}

int sink_open(const char *path, struct ghost_err *err)
{
    struct stat st;

    snprintf(file.path, sizeof(file.path), "%s", path);
    file.private_table = false;
    file.size = 0;
    file.cause = 0;
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return ghost_fail(err, GHOST_E_IO, "cannot create the log %s: %s", path, strerror(errno));
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return ghost_fail(err, GHOST_E_IO, "the log %s is not a regular file", path);
    }
    file.dev = st.st_dev;
    file.ino = st.st_ino;
    file.fd = file.shared_fd = move_high(fd);
    return 0;
}

static bool is_ours(int fd)
{
    struct stat st;
    return fd >= 0 && fstat(fd, &st) == 0 && st.st_dev == file.dev && st.st_ino == file.ino;
}

void sink_adopt(void)
{
#ifdef SYS_close_range
    if (unshare(CLONE_FILES) != 0)
        return;
    /* The copies of the application's descriptors must go at once: a pipe whose
     * write end stayed open here would never end for its reader. */
    int keep = file.shared_fd;
    if (keep > 0)
        syscall(SYS_close_range, 0u, (unsigned)keep - 1, 0u);
    syscall(SYS_close_range, keep < 0 ? 0u : (unsigned)keep + 1, ~0u, 0u);
    file.fd = keep; /* -1 in a restarted thread: opened again at the first write */
    file.private_table = true;
#endif
}

void sink_settled(void)
{
    if (!file.private_table)
        return;
    if (is_ours(file.shared_fd))
        close(file.shared_fd);
    file.shared_fd = -1;
}

static bool reopen(void)
{
    int fd = open(file.path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return false;
    if (!is_ours(fd)) {
        close(fd);
        return false;
    }
    file.fd = file.private_table ? fd : move_high(fd);
    if (!file.private_table)
        file.shared_fd = file.fd;
    return true;
}

static int failed(struct ghost_err *err, int cause, int code, const char *why)
{
    __atomic_store_n(&file.cause, cause, __ATOMIC_RELEASE);
    return ghost_fail(err, code, "the log %s cannot be written: %s", file.path, why);
}

static void grew(uint64_t bytes) { __atomic_store_n(&file.size, file.size + bytes, __ATOMIC_RELAXED); }

static int sink_write(void *self, const void *bytes, size_t n, struct ghost_err *err)
{
    const char *p = bytes;
    size_t left = n;
    struct rlimit lim;
    (void)self;

    if (recorder.config.max_log && file.size + n > recorder.config.max_log)
        return failed(err, GHOST_LOSS_SIZE_CAP, GHOST_E_FULL, "it reached its size cap");
    /* Beyond this limit write(2) would raise SIGXFSZ. */
    if (getrlimit(RLIMIT_FSIZE, &lim) == 0 && lim.rlim_cur != RLIM_INFINITY && file.size + n > lim.rlim_cur)
        return failed(err, GHOST_LOSS_WRITE_FAILED, GHOST_E_FULL, "RLIMIT_FSIZE");
    if (!is_ours(file.fd) && !reopen())
        return failed(err, GHOST_LOSS_WRITE_FAILED, GHOST_E_IO, strerror(errno));
    while (left > 0) {
        ssize_t done = write(file.fd, p, left);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            int saved = errno;
            if (left < n && ftruncate(file.fd, (off_t)file.size) != 0)
                grew(n - left); /* a torn frame stays; readers step over it */
            return failed(err, GHOST_LOSS_WRITE_FAILED, saved == ENOSPC ? GHOST_E_FULL : GHOST_E_IO, strerror(saved));
        }
        p += done;
        left -= (size_t)done;
    }
    grew(n);
    __atomic_store_n(&file.cause, 0, __ATOMIC_RELEASE);
    return 0;
}

struct ghost_sink sink_file = { NULL, sink_write };

uint64_t sink_size(void) { return __atomic_load_n(&file.size, __ATOMIC_RELAXED); }
int sink_last_cause(void) { return __atomic_load_n(&file.cause, __ATOMIC_ACQUIRE); }

void sink_close(void)
{
    if (is_ours(file.shared_fd))
        close(file.shared_fd);
    file.fd = file.shared_fd = -1;
}
