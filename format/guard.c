/* guard.c - see guard.h. The handler looks at a table of addresses only, and makes system
 * calls only. */
#define _GNU_SOURCE
#include "guard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#define GUARDED_MAX 1024

/* end is stored before begin, begin is cleared before end: a pair is right whenever begin is not 0 */
static struct { uintptr_t begin, end; } guarded[GUARDED_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction before;
static uintptr_t page;

/* The file's end moved: all from this page on is gone. */
static bool replace(uintptr_t at)
{
    for (int i = 0; i < GUARDED_MAX; i++) {
        uintptr_t begin = __atomic_load_n(&guarded[i].begin, __ATOMIC_ACQUIRE);
        uintptr_t end = __atomic_load_n(&guarded[i].end, __ATOMIC_ACQUIRE);
        if (!begin || at < begin || at >= end) continue;
        uintptr_t from = at & ~(page - 1);
        return mmap((void *)from, end - from, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED;
    }
    return false;
}

static void on_bus_error(int number, siginfo_t *info, void *context)
{
    int saved = errno;
    bool ours = replace((uintptr_t)info->si_addr);
    errno = saved;
    if (ours) return;
    if (before.sa_flags & SA_SIGINFO) before.sa_sigaction(number, info, context);
    else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) before.sa_handler(number);
    else sigaction(SIGBUS, &before, NULL);   /* comes again, and ends the process as it always did */
}

/* Somebody may have set another handler since the last mapping. */
static bool ready(void)
{
    struct sigaction ours = { .sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO | SA_NODEFER }, now;
    if (!page) page = (uintptr_t)sysconf(_SC_PAGESIZE);
    if (sigaction(SIGBUS, NULL, &now) != 0) return false;
    if (now.sa_flags & SA_SIGINFO && now.sa_sigaction == on_bus_error) return true;
    before = now;
    sigemptyset(&ours.sa_mask);
    return sigaction(SIGBUS, &ours, NULL) == 0;
}

void *guard_map(int fd, uint64_t offset, size_t n)
{
    void *p = NULL;
    int free_row = -1;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < GUARDED_MAX && free_row < 0; i++)
        if (!guarded[i].begin) free_row = i;
    if (free_row < 0) {
        errno = EMFILE;
    } else if (ready()) {
        p = mmap(NULL, n, PROT_READ, MAP_SHARED, fd, (off_t)offset);
        if (p == MAP_FAILED) p = NULL;
    }
    if (p) {
        __atomic_store_n(&guarded[free_row].end, (uintptr_t)p + n, __ATOMIC_RELEASE);
        __atomic_store_n(&guarded[free_row].begin, (uintptr_t)p, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&lock);
    return p;
}

void guard_unmap(void *p, size_t n)
{
    pthread_mutex_lock(&lock);
    for (int i = 0; i < GUARDED_MAX; i++)
        if (guarded[i].begin == (uintptr_t)p) __atomic_store_n(&guarded[i].begin, 0, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&lock);
    munmap(p, n);
}
