/* merge.c - runs of events of several threads into one order of time.
 *
 * A heap of the runs by their first tick; the run on top is given out up to the
 * first tick of the next, which is found by doubling steps because threads take
 * turns of milliseconds. */
#include <stdlib.h>
#include "ghost/log.h"

struct entry { uint64_t tick; size_t run; };

static bool before(const struct entry *a, const struct entry *b)
{
    return a->tick != b->tick ? a->tick < b->tick : a->run < b->run;
}

static void sift_down(struct entry *heap, size_t n, size_t i)
{
    struct entry e = heap[i];
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && before(&heap[child + 1], &heap[child])) child++;
        if (!before(&heap[child], &e)) break;
        heap[i] = heap[child];
    }
    heap[i] = e;
}

/* How many events at the front of `r` come before `end`; they are in order. */
static size_t events_before(const struct ghost_run *r, uint64_t end)
{
    size_t low = 0, high = 1;
    while (high < r->n && ghost_event_tick(&r->ev[high - 1]) < end) {
        low = high;
        high *= 2;
    }
    if (high > r->n) high = r->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ghost_event_tick(&r->ev[middle]) < end) low = middle + 1;
        else high = middle;
    }
    return low;
}

int ghost_merge(struct ghost_run *runs, size_t n_runs, uint64_t cutoff,
                int (*take)(void *self, uint32_t thread, uint64_t seq,
                            const struct ghost_event *ev, size_t n), void *self)
{
    size_t n = 0;
    int ret = 0;
    struct entry *heap = malloc((n_runs ? n_runs : 1) * sizeof *heap);
    if (!heap) return GHOST_E_NOMEM;
    for (size_t i = 0; i < n_runs; i++)
        if (runs[i].n && ghost_event_tick(&runs[i].ev[0]) < cutoff)
            heap[n++] = (struct entry){ ghost_event_tick(&runs[i].ev[0]), i };
    for (size_t i = n / 2; i-- > 0;) sift_down(heap, n, i);
    while (n) {
        struct ghost_run *r = &runs[heap[0].run];
        uint64_t end = cutoff;
        for (size_t child = 1; child < 3 && child < n; child++)
            if (heap[child].tick < end) end = heap[child].tick;
        size_t count = events_before(r, end);
        if (count == 0) count = 1;                  /* equal ticks: the lower run first */
        if ((ret = take(self, r->thread, r->seq, r->ev, count)) != 0) break;
        r->ev += count;
        r->n -= count;
        r->seq += count;
        if (r->n && ghost_event_tick(&r->ev[0]) < cutoff) {
            uint64_t tick = ghost_event_tick(&r->ev[0]);
            heap[0].tick = tick > heap[0].tick ? tick : heap[0].tick;
        } else {
            heap[0] = heap[--n];
        }
        if (n) sift_down(heap, n, 0);
    }
    free(heap);
    return ret;
}
