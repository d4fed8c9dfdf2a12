/* ring.c - one ring a thread: one producer (the thread), one consumer (the
 * writer thread). The two-sided contract of the shared fields is live.h's. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "clock.h"
#include "recorder.h"

__thread struct lane lane __attribute__((tls_model("initial-exec"))) = { .stack_low = UINTPTR_MAX };

/* A thread starts with a small ring (most threads and forked children say
 * little) and gets a large one when it fills half of it repeatedly. The number of
 * large ones is bounded, so that hundreds of threads stay cheap. */
#define SMALL_EVENTS 4096u       /* 64 KiB */
#define LARGE_EVENTS 262144u     /* 4 MiB: two of the log's blocks */
#define LARGE_RINGS_MAX 32u
#define GREENLET_EVENTS 1024u    /* 16 KiB: there may be thousands of them */
/* Of all rings, those included that the writer has not let go. Each is two mappings, of
 * which a process may have 65,530, the application's included. */
#define RINGS_MAX 8192u
#define GROW_AFTER_WATERMARKS 2u

/* How long a thread waits for room before it drops: with the writer alive and
 * writing, only a machine in deep trouble gets here. */
#define WAIT_STEP_NS 50000
#define WAIT_LIMIT_NS 1000000000u

pthread_mutex_t ring_lock = PTHREAD_MUTEX_INITIALIZER;
struct ring *ring_list;
static struct ring **ring_end = &ring_list;
static uint32_t ring_numbers, thread_numbers, large_rings;
static uint32_t n_rings;         /* in ring_list; written under ring_lock */
static pthread_key_t exit_key;
static bool exit_key_made;

static void thread_gone(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&ring_lock);
    stacks_thread_gone(&lane);
    for (struct ring *r = ring_list; r; r = r->next)
        if (r->owner == &lane) {
            r->lane = NULL;
            r->owner = NULL;
            __atomic_store_n(&r->header->ended, GHOST_RING_THREAD_GONE, __ATOMIC_RELEASE);
        }
    pthread_mutex_unlock(&ring_lock);
    lane = (struct lane){ .stack_low = lane.stack_low };
    if (alone(2) && drain_lives()) /* it and the writer: nobody else can stop the writer or need it */
        drain_stop();
}

static void fill_header(struct ring *r, uint64_t position)
{
    struct ghost_ring_header *h = r->header;
    struct ghost_anchor now = { clock_tick(), 0, 0 };
    struct timespec ts;

    h->common.version = GHOST_LIVE_VERSION;
    h->common.order = GHOST_LIVE_ORDER;
    memcpy(h->common.process, recorder.process, sizeof(h->common.process));
    h->common.pid = (uint64_t)recorder.pid;
    h->common.capacity = r->capacity;
    h->thread = r->thread;
    h->os_tid = (uint64_t)syscall(SYS_gettid);
    h->start_tick = now.tick;
    h->tick_ns_q32 = clock_tick_ns_q32();
    h->anchor_tick = now.tick;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    h->anchor_mono = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
    clock_gettime(CLOCK_REALTIME, &ts);
    h->anchor_real = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
    h->tail = position;
    __atomic_store_n(&h->head, position, __ATOMIC_RELEASE);
    __atomic_signal_fence(__ATOMIC_RELEASE); /* until the magic is there, it holds nothing, even after a kill right here */
    memcpy(h->common.magic, GHOST_RING_MAGIC, sizeof(h->common.magic));
}

static void ring_path(const struct ring *r, char *path, size_t n)
{
    snprintf(path, n, "%.*s.%u.ring", PATH_MAX, recorder.base, r->number);
}

static struct ring *ring_new(uint32_t thread, uint64_t events, uint64_t position, bool only_file)
{
    struct ring *r = calloc(1, sizeof(*r));
    char path[PATH_MAX + 32];

    if (!r)
        return NULL;
    r->thread = thread;
    r->number = ++ring_numbers;
    r->capacity = events;
    r->map_bytes = events * sizeof(struct ghost_event);
    ring_path(r, path, sizeof(path));
    r->map = livefile_map(path, r->map_bytes, true, only_file ? NULL : &r->in_memory);
    if (!r->map) {
        free(r);
        return NULL;
    }
    if (r->in_memory) {
        recorder_note(GHOST_NOTE_ANON_RING, "");
        r->header = journal_ring_header();
        if (!r->header)
            r->header = family_ring_header();
    }
    if (!r->header)
        r->header = r->map;
    r->slots = (struct ghost_event *)((char *)r->map + GHOST_LIVE_DATA);
    fill_header(r, position);
    return r;
}

/* Gives the lane a ring, in the place of `old` if it had one. */
static void lane_use(struct lane *l, struct ring *r, uint64_t position, struct ring *old)
{
    l->ring = r;
    l->header = r->header;
    l->slots = r->slots;
    l->mask = r->capacity - 1;
    l->pos = l->stop = position;
    pthread_mutex_lock(&ring_lock);
    if (old) {
        old->lane = NULL;
        old->owner = NULL;
    }
    r->lane = l;
    r->owner = l;
    *ring_end = r; /* an older ring of the same thread is drained first */
    ring_end = &r->next;
    __atomic_add_fetch(&n_rings, 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&ring_lock);
}

static void record_thread(uint32_t thread, const struct ring *r, bool greenlet)
{
    char name[16] = "";
    struct ghost_buf b = { 0 };

    if (greenlet)
        memcpy(name, "greenlet", sizeof("greenlet"));
    else
        pthread_getname_np(pthread_self(), name, sizeof(name));
    ghost_encode_thread(&b, &(struct ghost_def_thread){
        .id = thread, .os_tid = r->header->os_tid, .start_tick = r->header->start_tick,
        .name = { name, (uint32_t)strnlen(name, sizeof(name)) } });
    journal_append_buf(&b);
}

bool ring_watch_thread(void)
{
    if (!exit_key_made && pthread_key_create(&exit_key, thread_gone) != 0)
        return false;
    exit_key_made = true;
    return pthread_setspecific(exit_key, &lane) == 0; /* any value: it makes thread_gone run */
}

static bool attach(struct lane *l)
{
    if (!ring_watch_thread())
        return false;
    if (l->has_ring && (!stacks_room() || __atomic_load_n(&n_rings, __ATOMIC_RELAXED) >= RINGS_MAX))
        return false;
    uint32_t thread = thread_numbers + 1;
    struct ring *r = ring_new(thread, l->has_ring ? GREENLET_EVENTS : SMALL_EVENTS, 0, false);
    if (!r)
        return false;
    thread_numbers = thread;
    record_thread(thread, r, l->has_ring);
    r->alone = true;
    lane_use(l, r, 0, NULL);
    l->has_ring = true;
    return true;
}

/* Moves the thread to a larger ring; the old one is drained and let go. Not to one without
 * a file: a small ring that outlives a kill is better than a large one that does not. */
static void grow(struct lane *l)
{
    struct ring *old = l->ring;
    if (old->capacity >= LARGE_EVENTS || __atomic_load_n(&large_rings, __ATOMIC_RELAXED) >= LARGE_RINGS_MAX)
        return;
    struct ring *r = ring_new(old->thread, LARGE_EVENTS, l->pos, true);
    if (!r)
        return;
    __atomic_add_fetch(&large_rings, 1, __ATOMIC_RELAXED);
    old->alone = false;
    lane_use(l, r, l->pos, old);
    __atomic_store_n(&old->header->ended, GHOST_RING_LEFT, __ATOMIC_RELEASE);
}

static uint64_t used(const struct lane *l)
{
    return l->pos - __atomic_load_n(&l->header->tail, __ATOMIC_ACQUIRE);
}

/* Waits for the writer to free some of a full ring. */
static bool wait_for_room(const struct lane *l)
{
    struct timespec step = { 0, WAIT_STEP_NS };
    for (uint64_t waited = 0; waited < WAIT_LIMIT_NS; waited += WAIT_STEP_NS) {
        if (drain_failing() || !drain_running())
            return false;
        drain_wake();
        nanosleep(&step, NULL);
        if (used(l) < l->ring->capacity)
            return true;
    }
    return false;
}

static void count_loss(struct lane *l, uint64_t tick)
{
    struct ghost_ring_header *h = l->header;
    uint64_t lost = h->lost;
    if (lost == __atomic_load_n(&h->lost_logged, __ATOMIC_ACQUIRE))
        h->lost_first_tick = tick;
    h->lost_last_tick = tick;
    int cause = sink_last_cause();
    h->lost_cause = cause ? (uint64_t)cause : GHOST_LOSS_RING_FULL;
    __atomic_store_n(&h->lost, lost + 1, __ATOMIC_RELEASE);
}

static uint64_t ringless_lost;   /* of threads that have no ring; atomic */
static uint64_t released_lost;   /* of rings that are gone; ring_lock */

static bool is_power_of_two(uint64_t n) { return (n & (n - 1)) == 0; }

void ring_room(struct lane *l, uint64_t tick)
{
    if (recorder.forked)
        recorder_ensure_process();
    if (recorder.state != RECORDER_ON || recorder.paused)
        return;
    if (!drain_running())
        drain_restart(); /* it was stopped for a fork */
    if (recorder.forked || (!l->ring && !attach(l))) {
        __atomic_add_fetch(&ringless_lost, 1, __ATOMIC_RELAXED);
        if (recorder.forked)
            family_no_log();
        return;
    }
    struct ring *r = l->ring;
    uint64_t half = r->capacity / 2;

    if (used(l) >= half) {
        if (++r->watermarks >= GROW_AFTER_WATERMARKS && is_power_of_two(r->watermarks))
            grow(l); /* a disk without room is asked ever less often */
        r = l->ring;
        half = r->capacity / 2;
        drain_wake();
    }
    if (used(l) >= r->capacity && !(recorder.config.wait_when_full && !r->lossy && wait_for_room(l))
        && used(l) >= r->capacity) {
        r->lossy = true;
        l->stop = l->pos;
        count_loss(l, tick);
        return;
    }
    r->lossy = false;
    /* Next stop: where the writer is to be woken, else the end of the free room.
     * Counted from the tail, half a ring is a block that it can write and free
     * whole while the other half fills. */
    uint64_t tail = l->pos - used(l), wake = tail + half;
    l->stop = l->pos < wake ? wake : tail + r->capacity;
}

void ring_stop_all(void)
{
    pthread_mutex_lock(&ring_lock);
    for (struct ring *r = ring_list; r; r = r->next)
        if (r->lane)
            r->lane->stop = r->lane->pos;
    pthread_mutex_unlock(&ring_lock);
}

void ring_release(struct ring *r)
{
    char path[PATH_MAX + 32];
    pthread_mutex_lock(&ring_lock);
    for (struct ring **p = &ring_list; *p; p = &(*p)->next)
        if (*p == r) {
            *p = r->next;
            if (!r->next)
                ring_end = p;
            __atomic_sub_fetch(&n_rings, 1, __ATOMIC_RELAXED);
            break;
        }
    released_lost += r->header->lost;
    if (r->capacity >= LARGE_EVENTS)
        __atomic_sub_fetch(&large_rings, 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&ring_lock);
    if (!r->in_memory) {
        ring_path(r, path, sizeof(path));
        unlink(path);
    }
    if (r->header != r->map && !journal_ring_gone(r->header))
        family_ring_gone(r->header);
    livefile_unmap(r->map, r->map_bytes, true);
    free(r);
}

void ring_disown_all(void)
{
    for (struct ring *r = ring_list; r; r = r->next) {
        r->lane = NULL;
        r->owner = NULL;
    }
}

void ring_forget_all(void)
{
    for (struct ring *r = ring_list, *next; r; r = next) {
        next = r->next;
        livefile_unmap(r->map, r->map_bytes, true);
        free(r);
    }
    ring_list = NULL;
    ring_end = &ring_list;
    ring_numbers = thread_numbers = large_rings = n_rings = 0;
    ringless_lost = released_lost = 0;
    lane = (struct lane){ .stack_low = lane.stack_low };
}

uint64_t ring_lost_without_ring(void) { return __atomic_load_n(&ringless_lost, __ATOMIC_RELAXED); }

uint64_t ring_lost_total(void)
{
    pthread_mutex_lock(&ring_lock); /* the writer releases rings */
    uint64_t n = ring_lost_without_ring() + released_lost;
    for (struct ring *r = ring_list; r; r = r->next)
        n += __atomic_load_n(&r->header->lost, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&ring_lock);
    return n;
}

bool ring_all_logged(void)
{
    for (struct ring *r = ring_list; r; r = r->next)
        if (r->header->head != r->header->tail || r->header->lost != r->header->lost_logged)
            return false;
    return true;
}

void ring_remove_files(void)
{
    char path[PATH_MAX + 32];
    for (struct ring *r = ring_list; r; r = r->next) {
        if (r->in_memory)
            continue;
        ring_path(r, path, sizeof(path));
        unlink(path);
    }
}

uint64_t ring_unlogged(const struct ghost_ring_header *h)
{
    uint64_t unwritten = h->head - h->tail, dropped = h->lost - h->lost_logged, seeds = h->tail < h->seeds ? h->seeds - h->tail : 0;
    return unwritten + dropped - seeds;
}

uint64_t ring_tell_memory(struct ghost_buf *b)
{
    uint64_t all = 0;
    for (struct ring *r = ring_list; r; r = r->next) {
        const struct ghost_ring_header *h = r->header;
        struct ghost_def_loss loss = { .thread = r->thread, .cause = h->lost_cause ? (uint32_t)h->lost_cause : GHOST_LOSS_WRITE_FAILED,
                                       .count = ring_unlogged(h) };
        if (!r->in_memory || !loss.count || journal_has_ring(h))
            continue;
        ghost_encode_loss(b, &loss);
        all += loss.count;
    }
    return all;
}
