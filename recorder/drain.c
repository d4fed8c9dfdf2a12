/* drain.c - the writer thread: rings and journal -> blocks -> log file.
 *
 * It never takes the GIL, blocks every signal, and is joined before a fork, so
 * that a child never inherits a half-held lock. Each round it looks at all rings
 * up to one moment, hands the events on in time order (generators move between
 * threads), and frees ring space only for what the kernel has. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "clock.h"
#include "recorder.h"

#define RINGS_STEP 64u
#define QUIET_NS 5000000000u     /* adaptive flush: between 1 s ... */
#define BUSY_NS 1000000000u      /* ... and 5 s */
#define BUSY_EVENTS 2048u        /* pending events that make a flush worth its frame */
#define RETRY_NS 500000000u      /* after a failed write */
#define JOIN_LIMIT_S 10          /* at the end; before a fork: */
#define JOIN_LIMIT_FORK_S 1
#define GONE_TRIES 10000

static struct {
    struct ghost_writer *writer;
    pthread_t thread;
    bool running;                /* atomic */
    pid_t tid;
    bool failing;                /* atomic: the last write failed */
    uint32_t wake;               /* futex: 1 = look now */
    uint32_t stop;               /* atomic: 1 = leave, 2 = leave after everything is out */
    uint64_t records_taken;
    uint64_t flushed_ns;         /* when the quiet threads were last flushed */
    uint64_t round;              /* atomic: counts rounds that ended with everything flushed */
    uint32_t flush_now;          /* atomic: somebody waits in drain_flush */
    struct ghost_run *runs;
    struct ring **rings;
    size_t n_rings, cap;
} drain;

static void futex(uint32_t *word, int op, uint32_t value, const struct timespec *timeout)
{
    syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, value, timeout, NULL, 0);
}

void drain_wake(void)
{
    if (__atomic_exchange_n(&drain.wake, 1, __ATOMIC_RELEASE) == 0)
        futex(&drain.wake, FUTEX_WAKE, 1, NULL);
}

bool drain_running(void) { return __atomic_load_n(&drain.running, __ATOMIC_ACQUIRE); }
bool drain_failing(void) { return __atomic_load_n(&drain.failing, __ATOMIC_ACQUIRE); }

static void set_failing(int result) { __atomic_store_n(&drain.failing, result != 0, __ATOMIC_RELEASE); }

/* ---- one round ---- */

static bool room_for_rings(size_t n)
{
    if (n <= drain.cap)
        return true;
    size_t cap = n + RINGS_STEP;
    struct ghost_run *runs = realloc(drain.runs, cap * sizeof(*runs));
    if (runs)
        drain.runs = runs;
    struct ring **rings = realloc(drain.rings, cap * sizeof(*rings));
    if (rings)
        drain.rings = rings;
    if (!runs || !rings)
        return false;
    drain.cap = cap;
    return true;
}

static bool list_rings(void)
{
    size_t n = 0;
    pthread_mutex_lock(&ring_lock);
    for (struct ring *r = ring_list; r; r = r->next)
        n++;
    bool ok = room_for_rings(n);
    drain.n_rings = 0;
    for (struct ring *r = ring_list; ok && r; r = r->next)
        drain.rings[drain.n_rings++] = r;
    pthread_mutex_unlock(&ring_lock);
    return ok;
}

static int take_records(void)
{
    const uint8_t *p;
    size_t n;
    while ((n = journal_run(drain.records_taken, &p)) > 0) {
        int ret = ghost_writer_records(drain.writer, p, n, NULL);
        if (ret != 0)
            return ret;
        drain.records_taken += n;
    }
    return 0;
}

static int take_events(void *self, uint32_t thread, uint64_t seq, const struct ghost_event *ev, size_t n)
{
    (void)self;
    return ghost_writer_events(drain.writer, thread, seq, ev, n, NULL);
}

/* Position from which a ring's events have not been given to the writer. Rings
 * of one thread follow each other, the writer counts per thread. */
static uint64_t taken(const struct ring *r, uint64_t head)
{
    uint64_t t = ghost_writer_taken(drain.writer, r->thread);
    uint64_t tail = r->header->tail;
    return t < tail ? tail : t > head ? head : t;
}

static int take_round(void)
{
    /* The cutoff is read before the heads: an event earlier than it that is not
     * visible yet can only belong to the thread that holds the GIL, so no other
     * thread has a later one before the cutoff. */
    uint64_t cutoff = clock_tick();
    for (size_t i = 0; i < drain.n_rings; i++) {
        struct ring *r = drain.rings[i];
        uint64_t head = __atomic_load_n(&r->header->head, __ATOMIC_ACQUIRE);
        uint64_t from = taken(r, head);
        drain.runs[i] = (struct ghost_run){ r->thread, from, r->slots + (from & (r->capacity - 1)), (size_t)(head - from) };
    }
    /* Definitions are stored before the events that use them: read after the heads. */
    int ret = take_records();
    return ret != 0 ? ret : ghost_merge(drain.runs, drain.n_rings, cutoff, take_events, NULL);
}

static void free_space(void)
{
    for (size_t i = 0; i < drain.n_rings; i++) {
        struct ghost_ring_header *h = drain.rings[i]->header;
        uint64_t head = __atomic_load_n(&h->head, __ATOMIC_ACQUIRE);
        uint64_t written = ghost_writer_written(drain.writer, drain.rings[i]->thread);
        if (written > head)
            written = head;
        if (written > h->tail)
            __atomic_store_n(&h->tail, written, __ATOMIC_RELEASE);
    }
    journal_written(ghost_writer_records_written(drain.writer));
}

/* Tells in the log what a thread had to drop since it was last told. */
static int tell_losses(void)
{
    for (size_t i = 0; i < drain.n_rings; i++) {
        struct ghost_ring_header *h = drain.rings[i]->header;
        uint64_t lost = __atomic_load_n(&h->lost, __ATOMIC_ACQUIRE);
        if (lost == h->lost_logged)
            continue;
        struct ghost_buf b = { 0 };
        ghost_encode_loss(&b, &(struct ghost_def_loss){ .thread = h->thread, .cause = (uint32_t)h->lost_cause,
            .count = lost - h->lost_logged, .first_tick = h->lost_first_tick, .last_tick = h->lost_last_tick });
        int ret = b.failed ? GHOST_E_NOMEM : ghost_writer_tell(drain.writer, b.p, b.len, NULL);
        ghost_buf_release(&b);
        if (ret != 0)
            return ret;
        __atomic_store_n(&h->lost_logged, lost, __ATOMIC_RELEASE);
    }
    return 0;
}

/* Writes the open blocks that have waited long enough, or whose ring needs room. */
static int flush_due(bool everything)
{
    uint64_t now = clock_monotonic_ns(), waited = now - drain.flushed_ns, pending = 0;
    int ret = 0;

    for (size_t i = 0; i < drain.n_rings && ret == 0; i++) {
        struct ring *r = drain.rings[i];
        uint64_t open = __atomic_load_n(&r->header->head, __ATOMIC_ACQUIRE) - r->header->tail;
        pending += open;
        if (open >= r->capacity / 2 && r->capacity / 2 > 0)
            ret = ghost_writer_flush(drain.writer, r->thread, NULL);
    }
    uint64_t limit = pending >= BUSY_EVENTS ? BUSY_NS : QUIET_NS;
    if (limit > recorder.config.flush_ns)
        limit = recorder.config.flush_ns;
    if (ret == 0 && (everything || waited >= limit)) {
        ret = ghost_writer_flush(drain.writer, 0, NULL);
        drain.flushed_ns = now;
    }
    return ret;
}

/* Rings whose thread has gone (or moved to a larger one) and that are empty. */
static void release_ended(void)
{
    for (size_t i = 0; i < drain.n_rings; i++) {
        struct ring *r = drain.rings[i];
        struct ghost_ring_header *h = r->header;
        uint64_t ended = __atomic_load_n(&h->ended, __ATOMIC_ACQUIRE);
        if (!ended || h->head != h->tail || h->lost != h->lost_logged)
            continue;
        /* Of its thread. A ring that was left is never: the thread's new ring may have come after list_rings(). */
        bool last = ended == GHOST_RING_THREAD_GONE;
        for (size_t k = 0; k < drain.n_rings && !r->alone; k++)
            last = last && (k == i || !drain.rings[k] || drain.rings[k]->thread != r->thread);
        if (last)
            ghost_writer_thread_end(drain.writer, r->thread, NULL);
        ring_release(r);
        drain.rings[i] = NULL;
    }
}

static int round_once(bool everything)
{
    if (!list_rings())
        return GHOST_E_NOMEM;
    ghost_writer_clock(drain.writer, clock_tick_ns_q32(), clock_anchor());
    int ret = take_round();
    free_space(); /* before: a ring whose blocks are written needs no flush */
    if (ret == 0)
        ret = flush_due(everything);
    free_space();
    if (ret == 0)
        ret = tell_losses();
    set_failing(ret);
    if (ret == 0)
        release_ended();
    return ret;
}

/* ---- the thread ---- */

/* True when nobody woke it. */
static bool wait_for_work(bool after_failure)
{
    uint64_t ns = after_failure ? RETRY_NS : recorder.config.flush_ns < BUSY_NS ? recorder.config.flush_ns : BUSY_NS;
    struct timespec t = { (time_t)(ns / 1000000000u), (long)(ns % 1000000000u) };
    if (__atomic_load_n(&drain.stop, __ATOMIC_ACQUIRE))
        return false;
    if (after_failure) { /* a full ring would wake us without end */
        nanosleep(&t, NULL);
        return true;
    }
    if (__atomic_load_n(&drain.wake, __ATOMIC_ACQUIRE) == 0)
        futex(&drain.wake, FUTEX_WAIT, 0, &t);
    return __atomic_load_n(&drain.wake, __ATOMIC_ACQUIRE) == 0;
}

static void *drain_main(void *arg)
{
    (void)arg;
    pthread_setname_np(pthread_self(), "ghost-writer");
    sink_adopt();
    drain.tid = (pid_t)syscall(SYS_gettid);
    __atomic_store_n(&drain.running, true, __ATOMIC_RELEASE);
    for (bool idle = false;;) {
        uint32_t stop = __atomic_load_n(&drain.stop, __ATOMIC_ACQUIRE);
        bool asked = __atomic_exchange_n(&drain.flush_now, 0, __ATOMIC_ACQ_REL) != 0;
        __atomic_store_n(&drain.wake, 0, __ATOMIC_RELEASE);
        int ret = round_once(stop == 2 || asked);
        if (ret == 0 && asked)
            __atomic_add_fetch(&drain.round, 1, __ATOMIC_RELEASE);
        if (stop)
            return NULL;
        if (idle && alone(1)) {
            __atomic_store_n(&drain.running, false, __ATOMIC_RELEASE);
            return NULL;
        }
        idle = wait_for_work(ret != 0);
    }
}

static int start_thread(void)
{
    sigset_t all, before;
    pthread_attr_t attr;

    drain.stop = 0;
    drain.running = false;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 512 * 1024);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int ret = pthread_create(&drain.thread, &attr, drain_main, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    if (ret != 0)
        return GHOST_E_UNSUPPORTED;
    /* Until it runs it has no descriptor table of its own. */
    while (!drain_running()) {
        struct timespec t = { 0, 20000 };
        nanosleep(&t, NULL);
    }
    sink_settled();
    return 0;
}

int drain_start(struct ghost_err *err)
{
    struct ghost_writer_config cfg = { .level = 0, .block_events = 0 };
    memcpy(cfg.process, recorder.process, sizeof(cfg.process));
    drain.records_taken = 0;
    drain.flushed_ns = clock_monotonic_ns();
    drain.writer = ghost_writer_new(&cfg, &sink_file, err);
    if (!drain.writer)
        return err && err->code ? err->code : GHOST_E_NOMEM;
    if (start_thread() != 0) {
        ghost_writer_free(drain.writer);
        drain.writer = NULL;
        return ghost_fail(err, GHOST_E_UNSUPPORTED, "the writer thread cannot be started");
    }
    return 0;
}

bool drain_lives(void) { return drain_running() && syscall(SYS_tgkill, getpid(), drain.tid, 0) == 0; }

static bool join(int seconds)
{
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += seconds;
    if (pthread_timedjoin_np(drain.thread, NULL, &limit) != 0)
        return false; /* a disk that hangs: the process must not */
    /* A joined thread may still be counted by the kernel for a moment; CPython
     * 3.12+ looks at that count to warn about forks. */
    for (int i = 0; i < GONE_TRIES && drain_lives(); i++)
        sched_yield();
    __atomic_store_n(&drain.running, false, __ATOMIC_RELEASE);
    return true;
}

static bool stop_thread(uint32_t how, int seconds)
{
    if (!drain_running())
        return true;
    __atomic_store_n(&drain.stop, how, __ATOMIC_RELEASE);
    __atomic_store_n(&drain.wake, 1, __ATOMIC_RELEASE);
    futex(&drain.wake, FUTEX_WAKE, 1, NULL);
    return join(seconds);
}

void drain_stop(void) { stop_thread(1, JOIN_LIMIT_FORK_S); }

int drain_restart(void)
{
    if (!drain.writer || drain_running())
        return 0;
    return start_thread();
}

void drain_forget_in_child(void)
{
    /* Joined before the fork, so the writer's memory is consistent; a thread that
     * could not be joined may have been inside it: then it is left alone. */
    if (!drain_running())
        ghost_writer_free(drain.writer);
    drain.writer = NULL;
    drain.running = drain.failing = false;
    drain.wake = drain.stop = drain.flush_now = 0;
}

void drain_finish(void)
{
    if (!drain.writer)
        return;
    if (!stop_thread(2, JOIN_LIMIT_S))
        return;
    struct timespec real;
    clock_gettime(CLOCK_REALTIME, &real);
    int ret = round_once(true);
    struct ghost_writer_totals totals = ghost_writer_totals(drain.writer);
    struct ghost_def_end end = { .events = totals.events, .lost = ring_lost_total(),
        .mono_ns = clock_monotonic_ns(), .real_ns = (uint64_t)real.tv_sec * 1000000000u + (uint64_t)real.tv_nsec };
    if (ret == 0)
        ret = ghost_writer_finish(drain.writer, &end, NULL);
    set_failing(ret);
    ghost_writer_free(drain.writer);
    drain.writer = NULL;
}

int drain_flush(uint64_t timeout_ns)
{
    uint64_t before = __atomic_load_n(&drain.round, __ATOMIC_ACQUIRE);
    struct timespec step = { 0, 200000 };
    for (uint64_t waited = 0; waited < timeout_ns; waited += 200000) {
        if (!drain_running())
            return GHOST_E_STATE;
        __atomic_store_n(&drain.flush_now, 1, __ATOMIC_RELEASE);
        drain_wake();
        nanosleep(&step, NULL);
        if (__atomic_load_n(&drain.round, __ATOMIC_ACQUIRE) > before + 1)
            return 0;
    }
    return GHOST_E_IO;
}
