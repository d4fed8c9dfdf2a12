/* fuzz_writer.c - any sequence of events, flushes, failures and discards: the log
 * must decode, account for every event, and leave a reader in the very state in
 * which the writer is.
 *
 * Input: byte 0 chooses block_events; then four bytes a step. */
#include <stdio.h>
#include <stdlib.h>
#include "checked_log.h"
#include "format/writer.h"
#include "memory_sink.h"

#define THREADS 3

struct run {
    struct memory_sink sink;
    struct ghost_writer *w;
    uint64_t tick, seq[THREADS + 1];
    uint64_t given, discarded;
};

static void fault(const char *what)
{
    fprintf(stderr, "fuzz_writer: %s\n", what);
    abort();
}

static struct ghost_event make(const uint8_t *s, uint64_t tick)
{
    uint32_t kind = s[0] & 15, func = 1 + (s[1] & 7), aux = 1 + (s[1] >> 3 & 3), arg = s[2] & 7;
    if (s[1] >> 5 == 7) func = 0;                                    /* nothing a recorder would store */
    if (kind == GHOST_EV_UNWIND) aux &= 1;
    if (kind == GHOST_EV_CALL && s[2] & 16) arg = 0;
    if ((kind == GHOST_EV_RESUME || kind == GHOST_EV_THROW) && !arg) arg = 1;
    return (struct ghost_event){ tick << GHOST_TICK_SHIFT | kind, ghost_event_what(func, aux, arg) };
}

static void event(struct run *r, const uint8_t *s)
{
    uint32_t thread = 1 + (s[0] >> 4) % THREADS;
    r->tick += s[3] < 200 ? s[3] : (uint64_t)(s[3] - 199) << (s[3] - 200) % 40;
    struct ghost_event e = make(s, s[3] == 255 ? r->tick - 3 : r->tick);
    /* A failed write keeps its events, so the same call again is no new event. */
    for (int tries = 0; ghost_writer_events(r->w, thread, r->seq[thread], &e, 1, NULL) != 0; tries++) {
        if (tries == 5) fault("a writer that never recovers");
        if (tries == 3) r->discarded += ghost_writer_discard(r->w, thread);
    }
    r->seq[thread]++;
    r->given++;
    if (ghost_writer_taken(r->w, thread) != r->seq[thread]) fault("events were not taken");
    if (ghost_writer_written(r->w, thread) > r->seq[thread]) fault("more written than taken");
}

static void other(struct run *r, const uint8_t *s)
{
    uint32_t thread = 1 + s[1] % THREADS;
    struct ghost_anchor a = { r->tick, r->tick * 7, r->tick * 7 + 1000 };
    switch (s[2] % 6) {
    case 0: ghost_writer_flush(r->w, thread, NULL); break;
    case 1: ghost_writer_flush(r->w, 0, NULL); break;
    case 2: ghost_writer_clock(r->w, UINT64_C(7) << 32, a); break;
    case 3: r->sink.fail_from = r->sink.writes + 1; r->sink.fail_to = r->sink.fail_from + s[3] % 5; break;
    case 4: r->discarded += ghost_writer_discard(r->w, thread); break;
    case 5:
        if (ghost_writer_thread_end(r->w, thread, NULL) == 0) r->seq[thread] += s[3];
        break;
    }
}

/* ---- is the reader where the writer is? ---- */

static bool same(const struct ghost_open_frame *a, const struct ghost_open_frame *b)
{
    return a->func == b->func && a->sig == b->sig && a->caller == b->caller && !a->slot == !b->slot && a->flags == b->flags
        && a->pending == b->pending && a->start == b->start && a->resumed == b->resumed && a->active == b->active && a->child == b->child;
}

static struct ghost_open_frame of_activation(const struct activation *a)
{
    return (struct ghost_open_frame){ a->func, a->sig, a->caller, 1, a->flags, a->pending, a->start, a->resumed, a->active, a->child };
}

static struct ghost_open_frame of_frame(const struct tracker *t, const struct frame *f)
{
    struct ghost_open_frame o = { f->func, f->sig, f[-1].func, 0, 0, f->pending, f->start, f->start, 0, f->child };
    if (!f->activation) return o;
    o = of_activation(&t->activations[f->activation]);
    o.pending = f->pending;
    o.resumed = f->start;
    o.child = f->child;
    return o;
}

static void compare_stack(const struct tracker *t, const struct track_thread *th, const struct replay *replay)
{
    const struct replay_thread *back = replay_thread(replay, th->id);
    if (!back) {
        if (th->depth) fault("a thread with a stack but without a block");
        return;
    }
    if (back->depth != th->depth) fault("stacks of different depth");
    for (size_t d = 0; d < back->depth; d++) {
        struct ghost_open_frame f = of_frame(t, &th->stack[d + 1]);
        if (!same(&f, &back->stack[d].f)) fault("frames that differ");
        /* One that lost its token since the block began is still told with it. */
        uint32_t token = f.slot ? t->activations[th->stack[d + 1].activation].token : 0;
        if (token && token != back->stack[d].token) fault("tokens that differ");
    }
}

static void compare_suspended(const struct tracker *t, const struct replay *replay)
{
    for (uint32_t i = 0; t->tokens.at && i <= t->tokens.mask; i++) {
        if (!t->tokens.at[i].key) continue;
        const struct activation *a = &t->activations[t->tokens.at[i].value];
        if (a->use != ACTIVATION_SUSPENDED) continue;
        uint32_t k = map32_get(&replay->tokens, a->token);
        struct ghost_open_frame f = of_activation(a);
        if (!k || replay->news[k - 1].use != REPLAY_SUSPENDED) fault("a suspended activation that the log does not know");
        if (!same(&f, &replay->news[k - 1].f)) fault("activations that differ");
    }
}

static void finish(struct run *r)
{
    struct checked_log c;
    r->sink.fail_from = r->sink.fail_to = 0;
    /* After a discard only the next block tells the stack. */
    for (uint32_t thread = 1; r->discarded && thread <= THREADS; thread++)
        event(r, (uint8_t[4]){ (uint8_t)((thread - 1) << 4 | GHOST_EV_MARK), 0, 1, 1 });
    if (ghost_writer_flush(r->w, 0, NULL) != 0) fault("flush");
    struct ghost_writer_totals totals = ghost_writer_totals(r->w);
    checked_log_read(&c, r->sink.bytes.p, r->sink.bytes.len);
    if (c.code || c.damaged) fault(c.first.msg);
    if (c.positions + r->discarded != r->given) fault("positions that no block covers");
    if (c.events + c.adopted + c.lost != c.positions) fault("events without an account");
    if (totals.events != c.events) fault("totals that differ");
    for (size_t i = 0; i < writer_tracker(r->w)->n_threads; i++)
        compare_stack(writer_tracker(r->w), writer_tracker(r->w)->threads[i], &c.replay);
    if (!r->discarded) compare_suspended(writer_tracker(r->w), &c.replay);
    checked_log_release(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct run r = { .tick = 1000 };
    struct ghost_sink sink = memory_sink(&r.sink);
    struct ghost_writer_config cfg = { .block_events = size ? 1 + data[0] % 64u : 1 };
    r.w = ghost_writer_new(&cfg, &sink, NULL);
    for (size_t i = 1; i + 4 <= size; i += 4) {
        if ((data[i] & 15) >= GHOST_EV_COUNT + 2) other(&r, data + i);
        else event(&r, data + i);
    }
    finish(&r);
    ghost_writer_free(r.w);
    ghost_buf_release(&r.sink.bytes);
    return 0;
}
