/* u_drain.c - rings, journal, writer thread, sink and fork, without an interpreter: threads of this
 * program play the application's, a mutex plays the GIL. Run under TSan too (make unit SAN=thread). */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "unit.h"
#include "../../recorder/clock.c"
#include "../../recorder/alone.c"
#include "../../recorder/drain.c"
#include "../../recorder/family.c"
#include "../../recorder/fork.c"
#include "../../recorder/journal.c"
#include "../../recorder/livefile.c"
#include "../../recorder/recorder.c"
#include "../../recorder/ring.c"
#include "../../recorder/sink.c"

/* No interpreter, no greenlets. */
bool stacks_room(void) { return false; }
void stacks_forget(void) { }
void stacks_thread_gone(const struct lane *owner) { (void)owner; }

static pthread_mutex_t gil = PTHREAD_MUTEX_INITIALIZER;
static char folder[64];

/* deep.c's; it stands on the interpreter. */
void deep_tell(void) { }
void deep_restart(void) { }

static void store_event(unsigned kind, uint64_t what)
{
    uint64_t tick = clock_tick();
    if (lane.pos == lane.stop)
        ring_room(&lane, tick);
    if (lane.pos == lane.stop)
        return;
    lane.slots[lane.pos & lane.mask] = (struct ghost_event){ tick << GHOST_TICK_SHIFT | kind, what };
    lane.pos++;
    __atomic_store_n(&lane.header->head, lane.pos, __ATOMIC_RELEASE);
}

static void call_once(void)
{
    store_event(GHOST_EV_CALL, ghost_event_what(1, 1, 0));
    store_event(GHOST_EV_RETURN, ghost_event_what(1, 0, 1));
}

static void define_function(void)
{
    struct ghost_buf b = { 0 };
    ghost_encode_func(&b, &(struct ghost_def_func){ .id = 1, .first_line = 3, .module = GHOST_STR("m"),
        .qualname = GHOST_STR("f"), .file = GHOST_STR("/m.py") });
    uint32_t self = 1;
    ghost_encode_type(&b, &(struct ghost_def_type){ .id = 1, .module = GHOST_STR("builtins"), .qualname = GHOST_STR("int"),
        .n_mro = 1, .mro = &self });
    ghost_encode_sig(&b, &(struct ghost_def_sig){ .func = 1, .id = 1 });
    assert_int_equal(journal_append_buf(&b), 0);
}

static void begin(bool wait)
{
    struct ghost_err err = GHOST_ERR_INIT;
    snprintf(folder, sizeof(folder), "/tmp/ghost-drain-XXXXXX");
    assert_non_null(mkdtemp(folder));
    recorder.config = (struct recorder_config){ .session_dir = folder, .script = "x", .how = "run", .hook = "test",
        .python = "3", .wait_when_full = wait, .flush_ns = 50000000 };
    recorder.state = RECORDER_OFF;
    assert_int_equal(recorder_start(&err), 0);
    define_function();
}

struct tally { uint64_t calls, returns, lost; bool ended; };

static int on_def(void *self, const struct ghost_def *d, const struct ghost_frame *f)
{
    struct tally *t = self;
    (void)f;
    if (d->kind == GHOST_REC_LOSS)
        t->lost += d->u.loss.count;
    t->ended |= d->kind == GHOST_REC_END;
    return 0;
}

static int on_block(void *self, const struct ghost_block *b, const struct ghost_frame *f)
{
    struct tally *t = self;
    (void)f;
    for (uint32_t i = 0; i < b->n_events; i++) {
        t->calls += b->shapes[b->tokens[i]].kind == GHOST_SH_CALL;
        t->returns += b->shapes[b->tokens[i]].kind == GHOST_SH_RETURN;
    }
    return 0;
}

static void read_frames(struct ghost_log *log, struct tally *t)
{
    const struct ghost_visitor v = { t, on_def, on_block, NULL };
    struct ghost_decoder *d = ghost_decoder_new();
    struct ghost_frame f;
    struct ghost_err err = GHOST_ERR_INIT;
    uint64_t cursor = 0;
    while (ghost_log_next(log, &cursor, &f) == 1) {
        assert_non_null(f.bytes);
        if (ghost_frame_decode(d, &f, &v, &err) != 0)
            fail_msg("%s", err.msg);
    }
    ghost_decoder_free(d);
    ghost_log_close(log);
}

/* Reads all logs of the folder with what their live files hold, removes the folder. */
static struct tally read_folder(unsigned *n_logs, unsigned *n_live)
{
    struct tally t = { 0 };
    char path[512];
    DIR *dir = opendir(folder);
    *n_logs = *n_live = 0;
    for (struct dirent *e; (e = readdir(dir));) {
        struct ghost_err err = GHOST_ERR_INIT;
        snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        const char *end = strrchr(e->d_name, '.');
        *n_live += end && (!strcmp(end, ".ring") || !strcmp(end, ".defs"));
        if (!end || strcmp(end, ".ghost") != 0)
            continue;
        ++*n_logs;
        struct ghost_log *log = ghost_log_open(path, &err);
        assert_non_null(log);
        struct ghost_buf tail = { 0 };
        assert_int_equal(ghost_live_tail(path, &tail, &err), 0);
        read_frames(log, &t);
        if (tail.len)
            read_frames(ghost_log_open_memory(tail.p, tail.len, &err), &t);
        ghost_buf_release(&tail);
    }
    closedir(dir);
    snprintf(path, sizeof(path), "rm -rf %s", folder);
    assert_int_equal(system(path), 0);
    return t;
}

#define CALLS 200000 /* more events than the largest ring holds */

static void *worker(void *arg)
{
    for (unsigned i = 0; i < CALLS; i++) {
        if (i % 500 == 0) {
            if (i)
                pthread_mutex_unlock(&gil);
            pthread_mutex_lock(&gil);
        }
        call_once();
    }
    pthread_mutex_unlock(&gil);
    return arg;
}

static void run_threads(unsigned n)
{
    pthread_t t[16];
    for (unsigned i = 0; i < n; i++)
        pthread_create(&t[i], NULL, worker, NULL);
    for (unsigned i = 0; i < n; i++)
        pthread_join(t[i], NULL);
}

/* Each test runs in a process of its own: the recorder begins and ends once in a process. */
static void in_child_process(void (*body)(void))
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        body();
        _exit(0);
    }
    int status;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
}

/* ghost.status() in another thread, while rings come and go. */
static void *ask(void *done)
{
    while (!__atomic_load_n((bool *)done, __ATOMIC_ACQUIRE))
        if (ring_lost_total() || !sink_size())
            abort();
    return NULL;
}

static void all_of_many_threads(void)
{
    unsigned logs, live;
    bool done = false;
    pthread_t asks;
    begin(true);
    assert_int_equal(drain_flush(5000000000u), 0);
    pthread_create(&asks, NULL, ask, &done);
    run_threads(8);
    __atomic_store_n(&done, true, __ATOMIC_RELEASE);
    pthread_join(asks, NULL);
    recorder_finish();
    struct tally t = read_folder(&logs, &live);
    assert_int_equal(logs, 1);
    assert_int_equal(live, 0);
    assert_true(t.ended);
    assert_int_equal(t.calls + t.lost / 2, 8 * CALLS);
    assert_int_equal(t.returns, t.calls);
    assert_int_equal(t.lost, 0);
}

static void nothing_is_lost_without_an_end(void)
{
    unsigned logs, live;
    begin(true);
    pid_t pid = fork();
    if (pid == 0) { /* a forked child has its own log; it dies in the middle */
        run_threads(3);
        kill(getpid(), SIGKILL);
    }
    waitpid(pid, NULL, 0);
    run_threads(2);
    recorder_finish();
    struct tally t = read_folder(&logs, &live);
    assert_int_equal(logs, 2);
    assert_true(live > 0);
    assert_int_equal(t.calls, 5 * CALLS);
    assert_int_equal(t.returns, 5 * CALLS);
    assert_int_equal(t.lost, 0);
}

static void a_full_disk_is_counted(void)
{
    unsigned logs, live;
    begin(true);
    recorder.config.max_log = 2000;
    run_threads(2);
    recorder_finish();
    struct tally t = read_folder(&logs, &live);
    assert_true(live > 0); /* what could not be written is where a reader finds it */
    assert_true(t.lost > 0);
    assert_int_equal(t.calls + t.returns + t.lost, 4 * CALLS);
}

static void limit_files(rlim_t bytes)
{
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ bytes, RLIM_INFINITY }), 0);
}

/* A loss that the log has been told of, and then no room for more: what is told at the
 * end must not be taken for what the log has. */
static void losses_before_a_full_disk(void)
{
    unsigned logs, live;
    begin(false);
    call_once();
    count_loss(&lane, clock_tick());
    assert_int_equal(drain_flush(5000000000u), 0);
    limit_files(sink_size() + 1000);     /* no further ring has a file */
    run_threads(2);
    recorder_finish();
    limit_files(RLIM_INFINITY);
    struct tally t = read_folder(&logs, &live);
    assert_false(t.ended);
    assert_int_equal(t.calls + t.returns + t.lost, 4 * CALLS + 3);
}

static void *few_calls(void *arg)
{
    pthread_mutex_lock(&gil);
    call_once();
    pthread_mutex_unlock(&gil);
    return arg;
}

/* More rings in memory than the journal has words for at the end. */
static void many_rings_and_a_full_disk(void)
{
    enum { THREADS = 400 };
    unsigned logs, live;
    begin(false);
    while (chunks[0].capacity - chunks[0].header->used > LAST_WORDS + 200)
        define_function();
    limit_files(sink_size() + 100);      /* neither the journal nor a ring has a further file */
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_t t;
        pthread_create(&t, NULL, few_calls, NULL);
        pthread_join(t, NULL);
    }
    recorder_finish();
    limit_files(RLIM_INFINITY);
    struct tally t = read_folder(&logs, &live);
    assert_int_equal(t.calls + t.returns + t.lost, 2 * THREADS);
}

static void closed_descriptors(void)
{
    unsigned logs, live;
    begin(true);
    for (int fd = 3; fd < 1024; fd++)
        close(fd);
    int own = open("/dev/null", O_WRONLY);
    run_threads(2);
    close(own);
    recorder_finish();
    struct tally t = read_folder(&logs, &live);
    assert_int_equal(t.calls, 2 * CALLS);
    assert_int_equal(live, 0);
}

/* Nobody calls exit: the process ends with its last thread, and the writer is none. Sanitizers have
 * threads, or look for leaks in the end, which an end like this one cannot pass. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const bool sanitized = true;
#else
static const bool sanitized = false;
#endif

static void last_thread_ends(bool recorded)
{
    if (sanitized)
        return;
    begin(true);
    if (recorded)
        call_once();
    alarm(30);
    pthread_exit(NULL);
}

static void last_recorded_thread_ends(void) { last_thread_ends(true); }
static void last_strange_thread_ends(void) { last_thread_ends(false); }

static void test_threads(void **state) { (void)state; in_child_process(all_of_many_threads); }
static void test_killed(void **state) { (void)state; in_child_process(nothing_is_lost_without_an_end); }
static void test_full(void **state) { (void)state; in_child_process(a_full_disk_is_counted); }
static void test_full_late(void **state) { (void)state; in_child_process(losses_before_a_full_disk); }
static void test_full_and_many(void **state) { (void)state; in_child_process(many_rings_and_a_full_disk); }
static void test_closed(void **state) { (void)state; in_child_process(closed_descriptors); }
static void test_last(void **state) { (void)state; in_child_process(last_recorded_thread_ends); }
static void test_last_strange(void **state) { (void)state; in_child_process(last_strange_thread_ends); }

UNIT_TESTS(cmocka_unit_test(test_threads), cmocka_unit_test(test_killed), cmocka_unit_test(test_full), cmocka_unit_test(test_full_late),
           cmocka_unit_test(test_full_and_many), cmocka_unit_test(test_closed), cmocka_unit_test(test_last), cmocka_unit_test(test_last_strange))
