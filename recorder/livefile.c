/* livefile.c - private files mapped into memory, made so that a store into the
 * mapping can never fault and nobody else's file is ever touched. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "recorder.h"

/* Growing a file past RLIMIT_FSIZE raises SIGXFSZ, which would kill the
 * application: look before. */
static bool size_allowed(size_t bytes)
{
    struct rlimit lim;
    return getrlimit(RLIMIT_FSIZE, &lim) != 0 || lim.rlim_cur == RLIM_INFINITY || lim.rlim_cur >= bytes;
}

static int open_file(const char *path, size_t bytes)
{
    if (!size_allowed(bytes))
        return -1;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -1;
    struct stat st;
    /* Reserved blocks: on a full disk this fails here, not as SIGBUS later. */
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size != 0
        || posix_fallocate(fd, 0, (off_t)bytes) != 0) {
        close(fd);
        unlink(path);
        return -1;
    }
    return fd;
}

static int open_memory(size_t bytes)
{
    int fd = memfd_create("ghost", MFD_CLOEXEC);
    if (fd >= 0 && (!size_allowed(bytes) || ftruncate(fd, (off_t)bytes) != 0)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static void *map_fd(int fd, size_t data, bool twice)
{
    size_t one = GHOST_LIVE_DATA + data, all = one + (twice ? data : 0);
    char *base = mmap(NULL, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        return NULL;
    if (mmap(base, one, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED
        || (twice && mmap(base + one, data, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
                          GHOST_LIVE_DATA) == MAP_FAILED)) {
        munmap(base, all);
        return NULL;
    }
    return base;
}

/* With no descriptor to be had a ring cannot be mapped twice; a journal chunk
 * needs no more than memory. */
static void *map_anonymous(size_t data)
{
    void *p = mmap(NULL, GHOST_LIVE_DATA + data, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

/* The same memory twice without a descriptor: mremap(old_size 0) of a shared
 * mapping makes a second mapping of the same pages (mremap(2)). */
static void *map_anonymous_twice(size_t data)
{
    size_t one = GHOST_LIVE_DATA + data, all = one + data;
    char *base = mmap(NULL, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        return NULL;
    if (mmap(base, one, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED
        || mremap(base + GHOST_LIVE_DATA, 0, data, MREMAP_MAYMOVE | MREMAP_FIXED, base + one) == MAP_FAILED) {
        munmap(base, all);
        return NULL;
    }
    return base;
}

void *livefile_map(const char *path, size_t data, bool twice, bool *in_memory)
{
    size_t one = GHOST_LIVE_DATA + data;
    void *map = NULL;

    if (in_memory)
        *in_memory = false;
    int fd = open_file(path, one);
    if (fd >= 0) {
        map = map_fd(fd, data, twice);
        close(fd); /* the mapping needs none, and what is not open cannot be closed by the application */
        if (map)
            return map;
        unlink(path);
    }
    if (!in_memory)
        return NULL;
    *in_memory = true;
    fd = open_memory(one);
    if (fd >= 0) {
        map = map_fd(fd, data, twice);
        close(fd);
    }
    if (!map)
        map = twice ? map_anonymous_twice(data) : map_anonymous(data);
    return map;
}

void livefile_unmap(void *map, size_t data, bool twice)
{
    munmap(map, GHOST_LIVE_DATA + data + (twice ? data : 0));
}
