/* threads.c - see threads.h. */
#include "threads.h"

#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

unsigned threads_wanted(unsigned jobs)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    return jobs ? jobs : processors > 0 ? (unsigned)processors : 1;
}

struct other { thread_half *half; void *self; int ret; struct ghost_err err; };

static void *do_other(void *self)
{
    struct other *o = self;
    o->ret = o->half(o->self, &o->err);
    return NULL;
}

int threads_both(unsigned jobs, thread_half *half, void *a, void *b, struct ghost_err *err)
{
    struct other other = { half, b, 0, GHOST_ERR_INIT };
    pthread_t thread;
    bool apart = threads_wanted(jobs) > 1 && pthread_create(&thread, NULL, do_other, &other) == 0;
    int ret = half(a, err);
    if (apart)
        pthread_join(thread, NULL);
    else if (ret >= 0)
        do_other(&other);
    if (ret < 0 || other.ret >= 0)
        return ret < 0 ? ret : 0;
    if (err && !err->code)
        *err = other.err;
    return other.ret;
}
