/* alone.c - has every thread of the application ended?
 *
 * A process ends when its last thread does (pthread_exit(3)), as a child does that was forked by a
 * thread and comes to the end of it. The writer thread must not keep such a process: the last thread
 * stops it (ring.c), so that what exit(3) does is done there as without us; or, when two came to their
 * end at once, it stops itself (drain.c). */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "recorder.h"

#define LINKS_WITHOUT_THREADS 2u /* of /proc/self/task; each thread is a link more (proc_pid_task(5)) */

static bool first_thread_ended(void)
{
    char path[64], text[512];
    snprintf(path, sizeof(path), "/proc/self/task/%ld/stat", (long)getpid());
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, sizeof(text) - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    const char *name_end = strrchr(text, ')'); /* "PID (NAME) STATE ..." (proc_pid_stat(5)) */
    return name_end && strncmp(name_end, ") Z", 3) == 0;
}

/* The thread that began the process is counted until all are gone, as a zombie. */
bool alone(unsigned threads)
{
    struct stat st;
    bool first = syscall(SYS_gettid) == getpid();
    return stat("/proc/self/task", &st) == 0 && st.st_nlink == LINKS_WITHOUT_THREADS + threads + !first
        && (first || first_thread_ended());
}
