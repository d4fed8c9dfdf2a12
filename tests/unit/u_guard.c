/* u_guard.c - what a guarded mapping has lost reads as zeros; other faults stay what they are. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../format/guard.h"
#include "unit.h"

#define PAGE 4096u
#define PAGES 300u

static int file_of(unsigned pages)
{
    char path[] = "/tmp/u_guard_XXXXXX", bytes[PAGE];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    memset(bytes, 'x', sizeof bytes);
    for (unsigned i = 0; i < pages; i++) assert_int_equal(write(fd, bytes, sizeof bytes), PAGE);
    return fd;
}

static void cut_reads_as_zeros(void **state)
{
    int fd = file_of(PAGES);
    volatile uint8_t *p = guard_map(fd, PAGE, (PAGES - 1) * PAGE - 7);
    (void)state;
    assert_non_null(p);
    assert_int_equal(p[5 * PAGE], 'x');
    assert_int_equal(ftruncate(fd, 100 * PAGE + 10), 0);
    assert_int_equal(p[98 * PAGE], 'x');
    assert_int_equal(p[99 * PAGE + 9], 'x');
    assert_int_equal(p[99 * PAGE + 10], 0);       /* the rest of the last page: the kernel's zeros */
    for (unsigned at = 100; at < PAGES - 1; at += 17) assert_int_equal(p[at * PAGE + 3], 0);
    assert_int_equal(ftruncate(fd, 0), 0);
    for (unsigned at = 0; at < PAGES - 1; at++) assert_int_equal(p[at * PAGE], 0);
    guard_unmap((void *)(uintptr_t)p, (PAGES - 1) * PAGE - 7);
    close(fd);
}

static void many_at_once(void **state)
{
    enum { N = 2000 };
    static void *maps[N];
    int fd = file_of(2);
    unsigned refused = 0;
    (void)state;
    for (unsigned i = 0; i < N; i++)
        if (!(maps[i] = guard_map(fd, 0, 2 * PAGE))) {
            assert_int_equal(errno, EMFILE);
            refused++;
        }
    assert_true(refused > 0 && refused < N);
    assert_int_equal(ftruncate(fd, 0), 0);
    for (unsigned i = 0; i < N; i++)
        if (maps[i]) assert_int_equal(((volatile uint8_t *)maps[i])[PAGE], 0);
    for (unsigned i = 0; i < N; i++)
        if (maps[i]) guard_unmap(maps[i], 2 * PAGE);
    void *again = guard_map(fd, 0, PAGE);
    assert_non_null(again);
    guard_unmap(again, PAGE);
    close(fd);
}

static void other_faults_kill(void **state)
{
    int status;
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        signal(SIGBUS, SIG_DFL);                  /* a sanitizer's handler would print */
        int fd = file_of(2);
        void *guarded = guard_map(fd, 0, PAGE);
        volatile uint8_t *p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
        if (!guarded || p == MAP_FAILED || ftruncate(fd, 0) != 0) _exit(1);
        _exit(p[PAGE] == 0 ? 2 : 3);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
}

UNIT_TESTS(cmocka_unit_test(other_faults_kill), cmocka_unit_test(cut_reads_as_zeros), cmocka_unit_test(many_at_once))
