/* u_live.c - what a process left in its rings and journal becomes frames that go on
 * exactly where its log ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "checked_log.h"
#include "ghost/version.h"
#include "memory_sink.h"
#include "sample_log.h"

#define CAPACITY 64u
static const uint8_t process[16] = { 1, 2, 3 };
static char folder[64];

static const char *path_of(const char *ending)
{
    static char path[4][128];
    static unsigned turn;
    char *p = path[turn++ % 4];
    snprintf(p, sizeof path[0], "%s/7-00000007.%s", folder, ending);
    return p;
}

static void put_file(const char *ending, const void *bytes, size_t n)
{
    int fd = open(path_of(ending), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
    close(fd);
}

static int setup(void **state)
{
    (void)state;
    /* tens of thousands of small files: in memory where that is to be had */
    snprintf(folder, sizeof folder, "%s/u_live_XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
    static const char *const endings[] = { "ghost", "1.ring", "2.ring", "3.ring", "0.defs", "1.defs" };
    (void)state;
    for (size_t i = 0; i < 6; i++) unlink(path_of(endings[i]));
    return rmdir(folder);
}

/* ---- files as a recorder would leave them ---- */

struct ring { uint8_t bytes[GHOST_LIVE_DATA + CAPACITY * 16]; bool swap; };

static void store(struct ring *r, size_t at, uint64_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++) r->bytes[at + i] = (uint8_t)(v >> 8 * (r->swap ? n - 1 - i : i));
}

static struct ring *ring_new(uint32_t thread, const char *magic, bool swap)
{
    struct ring *r = calloc(1, sizeof *r);
    r->swap = swap;                       /* little-endian machine: the other order; the test runs there only */
    memcpy(r->bytes, magic, 8);
    store(r, 8, GHOST_LIVE_VERSION, 4);
    store(r, 12, GHOST_LIVE_ORDER, 4);
    memcpy(r->bytes + 16, process, 16);
    store(r, 40, CAPACITY, 8);
    store(r, 48, thread, 4);
    store(r, 72, UINT64_C(7) << 32, 8);
    return r;
}

/* Positions tail..head of a thread's events. */
static void ring_fill(struct ring *r, uint32_t thread, uint64_t tail, uint64_t head)
{
    uint64_t seq = 0;
    for (size_t i = 0; i < sample_n_steps; i++) {
        if (sample_steps[i].thread != thread) continue;
        size_t at = GHOST_LIVE_DATA + (seq % CAPACITY) * 16;
        if (seq >= tail && seq < head) {
            store(r, at, sample_steps[i].event.time_kind, 8);
            store(r, at + 8, sample_steps[i].event.what, 8);
        }
        seq++;
    }
    store(r, 128, head < seq ? head : seq, 8);
    store(r, 256, tail, 8);
}

/* A process killed after `done` steps, of which the log holds the blocks cut in
 * the first `logged`; what is in the log may still be in the rings too. */
static void kill_after(size_t logged, size_t done, bool freed, bool swap)
{
    struct memory_sink s = { 0 };
    struct ghost_sink sink = memory_sink(&s);
    struct ghost_writer_config cfg = { { 1, 2, 3 }, 0, 5 };
    struct ghost_writer *w = ghost_writer_new(&cfg, &sink, NULL);
    uint64_t seq[3] = { 0 }, written[3];
    ghost_writer_clock(w, UINT64_C(7) << 32, (struct ghost_anchor){ 1000, 50000, 1700000000000000000 });
    for (size_t i = 0; i < done; i++) {
        const struct sample_step *p = &sample_steps[i];
        if (i < logged) assert_int_equal(ghost_writer_events(w, p->thread, seq[p->thread], &p->event, 1, NULL), 0);
        seq[p->thread]++;
    }
    if (logged % 3 == 0) assert_int_equal(ghost_writer_flush(w, 0, NULL), 0);
    for (uint32_t t = 1; t <= 2; t++) {
        char name[16];
        struct ring *r = ring_new(t, GHOST_RING_MAGIC, swap);
        written[t] = ghost_writer_written(w, t);
        ring_fill(r, t, freed ? written[t] : 0, seq[t]);
        snprintf(name, sizeof name, "%u.ring", t);
        put_file(name, r->bytes, sizeof r->bytes);
        free(r);
    }
    put_file("ghost", s.bytes.p, s.bytes.len);
    ghost_writer_free(w);
    ghost_buf_release(&s.bytes);
}

/* The log and its tail, read as one. */
static void read_all(struct checked_log *c, struct ghost_buf *all)
{
    struct ghost_err err = GHOST_ERR_INIT;
    FILE *f = fopen(path_of("ghost"), "rb");
    uint8_t bytes[65536];
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    buf_put(all, bytes, n);
    assert_int_equal(ghost_live_tail(path_of("ghost"), all, &err), 0);
    checked_log_read(c, all->p, all->len);
    assert_int_equal(c->damaged, 0);
}

/* What a writer would have made of the first `done` steps without a kill. */
static void whole(size_t done, struct checked_log *c, struct ghost_buf *all)
{
    struct memory_sink s = { 0 };
    struct ghost_sink sink = memory_sink(&s);
    struct ghost_writer *w = ghost_writer_new(&(struct ghost_writer_config){ { 1, 2, 3 }, 0, 0 }, &sink, NULL);
    uint64_t seq[3] = { 0 };
    for (size_t i = 0; i < done; i++)
        assert_int_equal(ghost_writer_events(w, sample_steps[i].thread, seq[sample_steps[i].thread]++, &sample_steps[i].event, 1, NULL), 0);
    ghost_writer_flush(w, 0, NULL);
    ghost_writer_free(w);
    *all = s.bytes;
    checked_log_read(c, all->p, all->len);
}

static bool same_frame(const struct ghost_open_frame *a, const struct ghost_open_frame *b)
{
    return a->func == b->func && a->sig == b->sig && a->caller == b->caller && !a->slot == !b->slot && a->flags == b->flags && a->pending == b->pending
        && a->start == b->start && a->resumed == b->resumed && a->active == b->active && a->child == b->child;
}

static void compare(size_t logged, size_t done, bool freed, bool swap)
{
    struct checked_log got, want;
    struct ghost_buf a = { 0 }, b = { 0 };
    kill_after(logged, done, freed, swap);
    read_all(&got, &a);
    whole(done, &want, &b);
    assert_int_equal(got.positions, done);
    /* Blocks of one thread may be in the log while older events of another are not:
     * a generator that went from the one to the other stays the same. */
    assert_int_equal(got.events, want.events);
    assert_int_equal(got.adopted, want.adopted);
    assert_int_equal(got.lost, want.lost);
    for (uint32_t t = 1; t <= 2; t++) {
        const struct replay_thread *x = replay_thread(&got.replay, t), *y = replay_thread(&want.replay, t);
        assert_int_equal(x ? x->depth : 0, y ? y->depth : 0);
        for (size_t d = 0; x && d < x->depth; d++) assert_true(same_frame(&x->stack[d].f, &y->stack[d].f));
    }
    checked_log_release(&got);
    checked_log_release(&want);
    ghost_buf_release(&a);
    ghost_buf_release(&b);
}

static void killed_at_every_step(void **state)
{
    (void)state;
    for (size_t done = 0; done <= sample_n_steps; done++)
        for (size_t logged = 0; logged <= done; logged++) {
            compare(logged, done, true, false);
            compare(logged, done, false, false);      /* killed before the ring was freed */
        }
}

/* ---- a token that is used again ---- */

#define STEP(thread, tick, kind, func, arg) { thread, { (uint64_t)(tick) << GHOST_TICK_SHIFT | GHOST_EV_##kind, (func) | (uint64_t)(arg) << 32 } }
static const struct sample_step reuse[] = {
    STEP(1, 100, CALL, 3, 77), STEP(1, 110, YIELD, 3, 2),            /* the first owner */
    STEP(1, 520, RESUME, 3, 77), STEP(1, 530, RETURN, 3, 2),
    STEP(2, 1000, CALL, 3, 77), STEP(2, 1010, YIELD, 3, 2),          /* the second: the same function elsewhere */
    STEP(1, 1100, RESUME, 3, 77), STEP(1, 1110, YIELD, 3, 2),        /* to the other thread and back */
    STEP(2, 1200, RESUME, 3, 77), STEP(2, 1210, UNWIND, 3, 6),
    STEP(1, 1300, CALL, 4, 77), STEP(1, 1310, YIELD, 4, 2),          /* the third: another function */
    STEP(2, 1400, RESUME, 4, 77), STEP(2, 1410, RETURN, 4, 2),
    STEP(2, 1500, CALL, 4, 77), STEP(2, 1505, CALL, 3, 78),          /* the fourth, and one above it */
    STEP(2, 1510, YIELD, 3, 2), STEP(2, 1520, YIELD, 4, 2),
    STEP(1, 1600, THROW, 4, 77), STEP(1, 1605, RESUME, 3, 78), STEP(1, 1610, RETURN, 3, 2), STEP(1, 1620, UNWIND, 4, 6),
};
#define N_REUSE (sizeof reuse / sizeof *reuse)

/* Ticks from the calls' starts to their ends, where both are known. */
struct latency { uint64_t sum, n, events, adopted; };
static int add_latency(void *self, const struct ghost_block *b, const struct ghost_frame *f)
{
    struct latency *l = self;
    uint64_t start[64];                              /* by slot */
    uint32_t stack[64], depth = b->n_stack, operand = 0;
    (void)f;
    assert_true(b->n_slots <= 64 && b->max_depth <= 64);
    for (uint32_t i = 0; i < b->n_stack; i++) start[stack[i] = b->stack[i].slot - 1] = b->stack[i].start;
    for (uint32_t i = 0; i < b->n_activations; i++) start[b->activations[i].slot - 1] = b->activations[i].start;
    for (uint32_t i = 0; i < b->n_events; i++) {
        uint32_t kind = b->shapes[b->tokens[i]].kind;
        if (shape_infos[kind].operand && kind != GHOST_SH_DROP) {
            stack[depth] = b->operands[operand];
            if (kind == GHOST_SH_GEN_CALL) start[stack[depth]] = b->ticks[i];
            if (kind == GHOST_SH_ADOPT) start[stack[depth]] = 0;
            depth++;
        }
        operand += shape_infos[kind].operand;
        l->adopted += kind == GHOST_SH_ADOPT;
        l->events += kind != GHOST_SH_ABANDON && kind != GHOST_SH_DROP && kind != GHOST_SH_ADOPT;
        if (kind == GHOST_SH_RETURN || kind == GHOST_SH_UNWIND || kind == GHOST_SH_YIELD) depth--;
        if ((kind != GHOST_SH_RETURN && kind != GHOST_SH_UNWIND) || !start[stack[depth]]) continue;
        l->sum += b->ticks[i] - start[stack[depth]];
        l->n++;
    }
    return 0;
}

static struct latency latencies(const struct ghost_buf *bytes)
{
    struct latency l = { 0 };
    struct ghost_visitor v = { &l, NULL, add_latency, NULL };
    struct ghost_decoder *d = ghost_decoder_new();
    struct ghost_log *log = ghost_log_open_memory(bytes->p, bytes->len, NULL);
    struct ghost_frame f;
    uint64_t cursor = 0;
    while (ghost_log_next(log, &cursor, &f)) assert_int_equal(ghost_frame_decode(d, &f, &v, NULL), 0);
    ghost_log_close(log);
    ghost_decoder_free(d);
    return l;
}

static void ring_of(uint32_t thread, size_t done, uint64_t tail)
{
    struct ring *r = ring_new(thread, GHOST_RING_MAGIC, false);
    uint64_t head = 0;
    char name[16];
    for (size_t i = 0; i < done; i++) {
        if (reuse[i].thread != thread) continue;
        store(r, GHOST_LIVE_DATA + head * 16, reuse[i].event.time_kind, 8);
        store(r, GHOST_LIVE_DATA + head * 16 + 8, reuse[i].event.what, 8);
        head++;
    }
    store(r, 128, head, 8);
    store(r, 256, tail, 8);
    snprintf(name, sizeof name, "%u.ring", thread);
    put_file(name, r->bytes, sizeof r->bytes);
    free(r);
}

/* Killed after `done` steps; each thread's blocks were written at steps of its own. */
static void reused_and_killed(size_t done, const size_t logged[3], bool freed, struct ghost_buf *all, struct checked_log *c)
{
    struct memory_sink s = { 0 };
    struct ghost_sink sink = memory_sink(&s);
    struct ghost_writer *w = ghost_writer_new(&(struct ghost_writer_config){ { 1, 2, 3 }, 0, 0 }, &sink, NULL);
    uint64_t seq[3] = { 0 };
    for (size_t i = 0; i < done; i++) {
        const struct sample_step *p = &reuse[i];
        assert_int_equal(ghost_writer_events(w, p->thread, seq[p->thread]++, &p->event, 1, NULL), 0);
        for (uint32_t t = 1; t <= 2; t++)
            if (i + 1 == logged[t] || i + 1 == logged[0]) assert_int_equal(ghost_writer_flush(w, t, NULL), 0);
    }
    for (uint32_t t = 1; t <= 2; t++) ring_of(t, done, freed ? ghost_writer_written(w, t) : 0);
    put_file("ghost", s.bytes.p, s.bytes.len);
    ghost_writer_free(w);
    ghost_buf_release(&s.bytes);
    read_all(c, all);
}

static void a_token_that_is_used_again(void **state)
{
    (void)state;
    for (size_t done = 1; done <= N_REUSE; done++) {
        struct ghost_buf want = { 0 };
        struct checked_log whole_one;
        reused_and_killed(done, (size_t[3]){ done, 0, 0 }, true, &want, &whole_one);
        struct latency expected = latencies(&want);
        /* Both threads' blocks written at `first`; then those of one, of the other. */
        for (size_t i = 0; i < done * done * done; i++) {
            size_t logged[3] = { i / done / done, i / done % done, i % done };
            struct checked_log c;
            struct ghost_buf all = { 0 };
            if (logged[1] < logged[0] || logged[2] < logged[0]) continue;
            reused_and_killed(done, logged, i & 1, &all, &c);
            struct latency got = latencies(&all);
            assert_int_equal(c.events, done);
            assert_int_equal(c.adopted, 0);
            assert_int_equal(c.lost, 0);
            assert_int_equal(got.n, expected.n);
            assert_int_equal(got.sum, expected.sum);
            checked_log_release(&c);
            ghost_buf_release(&all);
        }
        checked_log_release(&whole_one);
        ghost_buf_release(&want);
    }
}

/* ---- a process that is watched while it goes on ---- */

static uint32_t chance(uint32_t *seed, uint32_t of)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 16) % of;
}

struct watched { struct memory_sink s; struct ghost_writer *w; size_t done, given; uint64_t seq[3]; };

/* The process does a step; its writer may be behind, and writes when it likes. */
static void goes_on(struct watched *p, uint32_t *seed)
{
    if (p->done < N_REUSE) p->done++;
    for (size_t give = chance(seed, 3); give && p->given < p->done; give--, p->given++) {
        const struct sample_step *step = &reuse[p->given];
        assert_int_equal(ghost_writer_events(p->w, step->thread, p->seq[step->thread]++, &step->event, 1, NULL), 0);
    }
    for (uint32_t t = 1; t <= 2; t++)
        if (chance(seed, 3) == 0) assert_int_equal(ghost_writer_flush(p->w, t, NULL), 0);
    for (uint32_t t = 1; t <= 2; t++) ring_of(t, p->done, chance(seed, 2) ? ghost_writer_written(p->w, t) : 0);
    put_file("ghost", p->s.bytes.p, p->s.bytes.len);
}

/* Each look, whenever it comes, gives together with the ones before what a reader gets who begins anew. */
static void watched_and_expected(uint32_t seed, const struct latency *expected)
{
    struct watched p = { 0 };
    struct ghost_sink sink = memory_sink(&p.s);
    struct latency log = { 0 };
    struct ghost_follow *f = ghost_follow_new(path_of("ghost"));
    p.w = ghost_writer_new(&(struct ghost_writer_config){ { 1, 2, 3 }, 0, 0 }, &sink, NULL);
    for (unsigned i = 0; i < N_REUSE + 3; i++) {
        struct latency tail = { 0 };
        struct ghost_visitor to_log = { &log, NULL, add_latency, NULL }, to_tail = { &tail, NULL, add_latency, NULL };
        goes_on(&p, &seed);
        if (chance(&seed, 3) == 0) continue;
        assert_int_equal(ghost_follow_look(f, &to_log, &to_tail, NULL), 0);
        assert_int_equal(log.events + tail.events, p.done);
        assert_int_equal(log.adopted + tail.adopted, 0);
        assert_int_equal(log.n + tail.n, expected[p.done].n);
        assert_int_equal(log.sum + tail.sum, expected[p.done].sum);
    }
    assert_int_equal(ghost_follow_damaged(f), 0);
    ghost_follow_free(f);
    ghost_writer_free(p.w);
    ghost_buf_release(&p.s.bytes);
}

static void followed_look_by_look(void **state)
{
    struct latency expected[N_REUSE + 1] = { { 0 } };
    (void)state;
    for (size_t done = 1; done <= N_REUSE; done++) {
        struct ghost_buf all = { 0 };
        struct checked_log c;
        reused_and_killed(done, (size_t[3]){ done, 0, 0 }, true, &all, &c);
        expected[done] = latencies(&all);
        checked_log_release(&c);
        ghost_buf_release(&all);
    }
    for (uint32_t seed = 1; seed <= 60; seed++) watched_and_expected(seed, expected);
}

static void a_frame_that_is_being_written(void **state)
{
    struct latency log = { 0 }, tail = { 0 };
    struct ghost_visitor to_log = { &log, NULL, add_latency, NULL }, to_tail = { &tail, NULL, add_latency, NULL };
    struct ghost_buf all = { 0 };
    struct checked_log c;
    (void)state;
    reused_and_killed(N_REUSE, (size_t[3]){ N_REUSE, 0, 0 }, true, &all, &c);
    struct ghost_follow *f = ghost_follow_new(path_of("ghost"));
    for (size_t n = 1; n <= all.len; n += n + 7 < all.len ? 7 : 1) {
        put_file("ghost", all.p, n);
        int ret = ghost_follow_look(f, &to_log, &to_tail, NULL);
        assert_true(ret == 0);
    }
    assert_int_equal(log.events, N_REUSE);
    assert_int_equal(ghost_follow_damaged(f), 0);
    ghost_follow_free(f);
    checked_log_release(&c);
    ghost_buf_release(&all);
}

static void rings_of_the_other_byte_order(void **state)
{
    (void)state;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    for (size_t logged = 0; logged <= sample_n_steps; logged += 3) compare(logged, sample_n_steps, true, true);
#else
    skip();
#endif
}

static void the_tail_of(struct checked_log *c)
{
    struct ghost_buf tail = { 0 };
    struct ghost_err err = GHOST_ERR_INIT;
    assert_int_equal(ghost_live_tail(path_of("ghost"), &tail, &err), 0);
    checked_log_read(c, tail.p, tail.len);
    assert_int_equal(c->damaged, 0);
    ghost_buf_release(&tail);
}

/* The header in a journal of a ring that has no file. */
static void put_fileless(struct ring *journal, size_t i, uint32_t thread, uint64_t head, uint64_t tail, uint32_t seeds)
{
    size_t at = offsetof(struct ghost_defs_header, fileless[i]);
    memcpy(journal->bytes + at, GHOST_RING_MAGIC, 8);
    store(journal, at + 48, thread, 4);
    store(journal, at + 52, seeds, 4);
    store(journal, at + 128, head, 8);
    store(journal, at + 256, tail, 8);
}

static void the_journal_counts_what_had_no_file(void **state)
{
    struct ring *r = ring_new(0, GHOST_DEFS_MAGIC, false);
    struct checked_log c;
    size_t logged = sample_n_steps / 3 * 3, of_1 = 0;
    (void)state;
    kill_after(logged, logged, true, false);
    for (size_t i = 0; i < logged; i++) of_1 += sample_steps[i].thread == 1;
    store(r, 40, 1024, 8);
    put_fileless(r, 0, 3, 130, 100, 107);                                      /* 7 only tell again what was open */
    store(r, offsetof(struct ghost_defs_header, fileless[0].lost), 9, 8);
    store(r, offsetof(struct ghost_defs_header, fileless[0].lost_logged), 4, 8);
    put_fileless(r, 4, 1, 1000, 0, 0);                                         /* of_1 of these are in blocks */
    put_fileless(r, 7, 4, 5, 6, 0);                                            /* cannot be */
    put_fileless(r, GHOST_FILELESS_MAX - 1, 5, 6, 6, 0);                       /* has nothing */
    put_file("0.defs", r->bytes, sizeof r->bytes);
    the_tail_of(&c);
    assert_true(of_1 > 0);
    assert_int_equal(c.lost, 23 + 5 + 1000 - of_1);
    assert_int_equal(c.defs, 3);                                               /* LOSS of two threads, and of the damaged header */
    checked_log_release(&c);
    unlink(path_of("0.defs"));
    free(r);
}

static void the_journal_goes_in_front(void **state)
{
    struct ring *r = ring_new(0, GHOST_DEFS_MAGIC, false);
    struct ghost_buf b = { 0 };
    struct checked_log c;
    (void)state;
    kill_after(0, 0, true, false);
    ghost_encode_mark(&b, &(struct ghost_def_mark){ 1, GHOST_STR("written") });
    size_t written = b.len;
    ghost_encode_mark(&b, &(struct ghost_def_mark){ 2, GHOST_STR("not yet") });
    ghost_encode_end(&b, &(struct ghost_def_end){ 0, 0, 0, 0 });              /* nothing for a journal */
    memcpy(r->bytes + GHOST_LIVE_DATA, b.p, b.len);
    store(r, 40, 1024, 8);
    store(r, 128, b.len + 1, 8);                                               /* and a byte of no record */
    store(r, 256, written, 8);
    put_file("0.defs", r->bytes, sizeof r->bytes);
    the_tail_of(&c);
    assert_int_equal(c.defs, 2);                                               /* MARK 2, LOSS of definitions */
    assert_int_equal(c.lost, 2);
    checked_log_release(&c);
    unlink(path_of("0.defs"));
    ghost_buf_release(&b);
    free(r);
}

static void losses_of_a_ring_are_told(void **state)
{
    struct ring *r = ring_new(3, GHOST_RING_MAGIC, false);
    struct checked_log c;
    (void)state;
    kill_after(0, 0, true, false);
    store(r, 136, 10, 8);
    store(r, 264, 4, 8);
    put_file("3.ring", r->bytes, sizeof r->bytes);
    the_tail_of(&c);
    assert_int_equal(c.lost, 6);
    checked_log_release(&c);
    unlink(path_of("3.ring"));
    free(r);
}

static void hostile_rings(void **state)
{
    static const struct { size_t at; unsigned n; uint64_t value; } lies[] = {
        { 0, 1, 'X' }, { 8, 4, 99 }, { 12, 4, 7 }, { 16, 1, 77 }, { 40, 8, 0 }, { 40, 8, 63 }, { 40, 8, 128 }, { 40, 8, UINT64_C(1) << 60 },
        { 48, 4, 0 }, { 128, 8, UINT64_MAX }, { 128, 8, 1000 }, { 256, 8, UINT64_MAX }, { 256, 8, 60 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct ring *r = ring_new(3, GHOST_RING_MAGIC, false);
        struct checked_log c;
        kill_after(0, 0, true, false);
        store(r, 128, 3, 8);
        store(r, lies[i].at, lies[i].value, lies[i].n);
        put_file("3.ring", r->bytes, sizeof r->bytes);
        the_tail_of(&c);
        assert_int_equal(c.defs, 1);             /* a LOSS: damage */
        assert_int_equal(c.positions, 0);
        checked_log_release(&c);
        free(r);
    }
    unlink(path_of("3.ring"));
}

static void files_that_are_not_followed(void **state)
{
    struct checked_log c;
    (void)state;
    kill_after(0, 2, true, false);
    unlink(path_of("2.ring"));
    assert_int_equal(symlink(path_of("1.ring"), path_of("2.ring")), 0);
    assert_int_equal(mkfifo(path_of("3.ring"), 0600), 0);
    the_tail_of(&c);
    assert_int_equal(c.positions, 2);
    assert_int_equal(c.defs, 1);
    checked_log_release(&c);
    unlink(path_of("2.ring"));
    unlink(path_of("3.ring"));
    put_file("3.ring", "", 0);                   /* made, and not filled yet: nothing lost */
    the_tail_of(&c);
    assert_int_equal(c.defs, 0);
    checked_log_release(&c);
    unlink(path_of("3.ring"));
}

static void nothing_left_is_nothing(void **state)
{
    struct ghost_buf tail = { 0 };
    (void)state;
    kill_after(sample_n_steps / 3 * 3, sample_n_steps / 3 * 3, true, false);
    assert_int_equal(ghost_live_tail(path_of("ghost"), &tail, NULL), 0);
    assert_int_equal(tail.len, 0);
    assert_int_equal(ghost_live_tail("/nonexistent/7-00000007.ghost", &tail, NULL), GHOST_E_NOT_FOUND);
    ghost_buf_release(&tail);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_at_every_step), cmocka_unit_test(a_token_that_is_used_again),
        cmocka_unit_test(followed_look_by_look), cmocka_unit_test(a_frame_that_is_being_written), cmocka_unit_test(rings_of_the_other_byte_order), cmocka_unit_test(the_journal_goes_in_front),
        cmocka_unit_test(the_journal_counts_what_had_no_file),
        cmocka_unit_test(losses_of_a_ring_are_told), cmocka_unit_test(hostile_rings), cmocka_unit_test(files_that_are_not_followed),
        cmocka_unit_test(nothing_left_is_nothing),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
