/* starved_malloc.c - for LD_PRELOAD: the n-th allocation of the process fails.
 *
 *   STARVE_AT=N       which; 0 or nothing: none
 *   STARVE_COUNT=FILE how many there were is written there at the end
 *
 * Counted from the program's own beginning: what the loader allocates is not ours. */
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);

static unsigned long fail_at, allocations;
static int started;

static int refuse(void)
{
    unsigned long n = started ? __atomic_add_fetch(&allocations, 1, __ATOMIC_RELAXED) : 0;
    if (!n || n != fail_at) return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t n) { return refuse() ? NULL : __libc_malloc(n); }
void *calloc(size_t n, size_t size) { return refuse() ? NULL : __libc_calloc(n, size); }
void *realloc(void *p, size_t n) { return refuse() ? NULL : __libc_realloc(p, n); }

static void tell(void)
{
    const char *path = getenv("STARVE_COUNT");
    unsigned long n = allocations;
    started = 0;
    FILE *f = path ? fopen(path, "w") : NULL;
    if (f) fprintf(f, "%lu\n", n);
    if (f) fclose(f);
}

__attribute__((constructor)) static void start(void)
{
    const char *at = getenv("STARVE_AT");
    fail_at = at ? strtoul(at, NULL, 10) : 0;
    atexit(tell);
    started = 1;
}
