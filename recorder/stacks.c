/* stacks.c - see stacks.h. The running stack's lane is the thread's `lane`; those of
 * the others are parked here. A greenlet that has ended cannot be told from one that waits; when
 * all places are taken, the one that has waited longest gives its ring up (if it ever runs again it
 * gets a new one, which begins with its open calls: capture.c). While none has waited for long,
 * further greenlets get no ring, and their events are counted as lost: a ring costs about 0.3 ms. */
#include <string.h>
#include "clock.h"
#include "hook.h"
#include "stacks.h"
#include "vecmap.h"

#define PARKED_MAX 4096u
#define LONG_TICKS(q32) ((uint64_t)(((unsigned __int128)1000000000u << 32) / (q32))) /* a second */
#define NO_FRAMES_YET ((void *)1) /* a new greenlet that runs C code only */

struct parked { struct lane lane; uint64_t since; }; /* since: a tick; no ring: free */

bool stacks_followed;
static struct parked parked[PARKED_MAX];
static uint32_t n_used;          /* places of `parked` that were ever taken */
static uint32_t free_places[PARKED_MAX], n_free;
static uint64_t look_again;      /* tick before which nobody will have waited for long */
static struct vecmap by_root = { .width = 1 }; /* root -> place + 1 */

static void *root_of(const PyThreadState *ts)
{
    const _PyStackChunk *chunk = ts->datastack_chunk;
    while (chunk && chunk->previous)
        chunk = chunk->previous;
    return chunk ? (void *)(uintptr_t)chunk : NO_FRAMES_YET;
}

/* ---- places; ring_lock is held ---- */

static uint64_t key_of(const struct lane *l) { return (uintptr_t)l->root; }

static void leave(uint32_t place)
{
    uint64_t key = key_of(&parked[place].lane);
    vecmap_put(&by_root, &key, 0);
    parked[place] = (struct parked){ 0 };
    free_places[n_free++] = place;
}

static void end_ring(struct ring *r)
{
    r->lane = NULL;
    r->owner = NULL;
    __atomic_store_n(&r->header->ended, GHOST_RING_THREAD_GONE, __ATOMIC_RELEASE);
}

/* Frees the place of the stack that has waited longest, if that is long. */
static bool give_up_one(void)
{
    uint64_t now = clock_tick(), limit = LONG_TICKS(clock_tick_ns_q32());
    uint32_t oldest = 0;
    if (now < look_again)
        return false;
    for (uint32_t i = 1; i < n_used; i++)
        if (parked[i].since < parked[oldest].since)
            oldest = i;
    if (parked[oldest].since + limit > now) {
        look_again = parked[oldest].since + limit;
        return false;
    }
    end_ring(parked[oldest].lane.ring);
    leave(oldest);
    return true;
}

/* Addresses that are used no more are forgotten now and then. */
static void rebuild_index(void)
{
    vecmap_clear(&by_root);
    for (uint32_t i = 0; i < n_used; i++) {
        uint64_t key = key_of(&parked[i].lane);
        if (parked[i].lane.ring)
            vecmap_put(&by_root, &key, i + 1);
    }
}

bool stacks_room(void)
{
    pthread_mutex_lock(&ring_lock);
    bool room = n_free || n_used < PARKED_MAX || give_up_one();
    pthread_mutex_unlock(&ring_lock);
    return room;
}

static void park(void)
{
    uint64_t key = key_of(&lane);
    if (by_root.n >= 4 * PARKED_MAX)
        rebuild_index();
    if (!n_free && n_used == PARKED_MAX && !give_up_one()) {
        end_ring(lane.ring); /* places are for greenlets only: more threads than that */
        return;
    }
    uint32_t place = n_free ? free_places[--n_free] : n_used++;
    parked[place] = (struct parked){ lane, clock_tick() };
    lane.ring->lane = &parked[place].lane;
    if (!vecmap_put(&by_root, &key, place + 1)) { /* no memory: it would never be found again */
        end_ring(lane.ring);
        leave(place);
    }
}

static uint32_t place_of(const void *root)
{
    uint64_t key = (uintptr_t)root;
    return vecmap_get(&by_root, &key);
}

static void unpark(void *root)
{
    uint32_t place = place_of(root);
    struct lane next = { 0 };
    if (place) {
        next = parked[place - 1].lane;
        leave(place - 1);
        next.ring->lane = &lane;
        next.ring->owner = &lane;
    }
    next.root = root;
    next.stack_low = lane.stack_low; /* these are the thread's */
    next.busy = lane.busy;
    next.has_ring = lane.has_ring;
    lane = next;
}

/* A greenlet that began with a generator's frame, which is not in its own memory? */
static bool began_without_frames(const PyThreadState *ts)
{
    const compat_frame *bottom = NULL;
    for (const compat_frame *f = compat_frame_of((PyThreadState *)ts); f; f = f->previous)
        if (!compat_frame_is_interpreters(f))
            bottom = f;
    return bottom && compat_frame_is_generators(bottom);
}

/* A thread's first stack, or a greenlet that had no frames: the lane is its own already. */
static bool first_frames(const PyThreadState *ts, const void *root)
{
    uint32_t place = place_of(root);
    if (!lane.root)
        return true;
    if (lane.root != NO_FRAMES_YET || (place && !began_without_frames(ts)))
        return false;
    if (place) { /* of a greenlet that is gone, whose memory came back */
        end_ring(parked[place - 1].lane.ring);
        leave(place - 1);
    }
    return true;
}

void stacks_switch(const PyThreadState *ts)
{
    void *root = root_of(ts);
    if (root != lane.root) {
        pthread_mutex_lock(&ring_lock);
        if (!first_frames(ts, root)) {
            if (lane.ring)
                park();
            unpark(root);
        }
        pthread_mutex_unlock(&ring_lock);
    }
    lane.root = root;
    lane.chunk = ts->datastack_chunk;
}

void stacks_forget(void)
{
    memset(parked, 0, sizeof(parked));
    vecmap_clear(&by_root);
    n_used = n_free = 0;
    look_again = 0;
    lane.chunk = NULL;
}

void stacks_thread_gone(const struct lane *owner)
{
    for (uint32_t i = 0; i < n_used; i++)
        if (parked[i].lane.ring && parked[i].lane.ring->owner == owner)
            leave(i);
}

/* ---- begin ---- */

/* Which stack each thread is on that is recorded already. */
static void name_stacks(void)
{
    PyInterpreterState *interp = PyInterpreterState_Main();
    pthread_mutex_lock(&ring_lock);
    for (PyThreadState *ts = PyInterpreterState_ThreadHead(interp); ts; ts = PyThreadState_Next(ts))
        for (struct ring *r = ring_list; r; r = r->next)
            if (r->lane && r->header->os_tid == ts->native_thread_id)
                r->lane->root = root_of(ts);
    pthread_mutex_unlock(&ring_lock);
    lane.root = root_of(compat_tstate());
}

void stacks_begin(void)
{
    if (stacks_followed)
        return;
    name_stacks();
    stacks_followed = true;
    hook_follow_stacks();
}

/* Is it the code of greenlet's module? By reading alone: a path may hold lone surrogates (bytes
 * that are no text), which no conversion to UTF-8 takes. */
static bool is_greenlets(const PyCodeObject *code)
{
    static const char tail[] = "/greenlet/__init__.py";
    const Py_ssize_t n = sizeof(tail) - 1;
    PyObject *file = code->co_filename;
    if (!PyUnicode_CheckExact(code->co_name) || PyUnicode_CompareWithASCIIString(code->co_name, "<module>") != 0)
        return false;
    Py_ssize_t at = PyUnicode_CheckExact(file) ? PyUnicode_GetLength(file) - n : -1;
    if (at < 0)
        return false;
    for (Py_ssize_t i = 0; i < n; i++)
        if (PyUnicode_ReadChar(file, at + i) != (Py_UCS4)tail[i])
            return false;
    return true;
}

void stacks_notice(const PyCodeObject *code)
{
    if (!stacks_followed && is_greenlets(code))
        stacks_begin();
}
