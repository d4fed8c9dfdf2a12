/* threads.h - how many threads work may take, and two things done at once. */
#ifndef GHOST_THREADS_H
#define GHOST_THREADS_H

#include "ghost/err.h"

/* As --jobs says; 0: as many as there are processors. At least 1. */
unsigned threads_wanted(unsigned jobs);

/* Calls `half` with `a` and with `b`, which need nothing of each other: the second on a thread of its own when
 * more than one is wanted and can be had, else after the first. What failed is told the same way, whichever
 * came first: code and message are `a`'s, else `b`'s. When `a` failed, `b` may or may not have been done. */
typedef int thread_half(void *self, struct ghost_err *err);
int threads_both(unsigned jobs, thread_half *half, void *a, void *b, struct ghost_err *err);

#endif
