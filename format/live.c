/* live.c - what a process left in its rings and journal, as frames that go behind
 * its log. The log's own blocks give the stacks to continue from; then the events
 * take the way they would have taken in the process: merge, writer, frames.
 *
 * Nothing is missed and nothing doubled although the process may be running: the
 * rings are copied before the log's size is fixed, so what the writer moved from a
 * ring to the log meanwhile is in that log, and ring positions tell which events a
 * block covers already. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "decoder.h"
#include "frame.h"
#include "live_tail.h"
#include "log_replay.h"
#include "writer.h"

/* ---- the log as it is ---- */

static int replay_visit(void *self, const struct ghost_block *b, const struct ghost_frame *f)
{
    void **context = self;
    (void)f;
    return replay_block(context[0], b, context[1]) ? 0 : GHOST_E_NOMEM;
}

static int replay_log(struct replay *r, struct ghost_log *log, struct ghost_err *err)
{
    struct ghost_decoder *d = ghost_decoder_new();
    void *context[2] = { r, d };
    struct ghost_visitor v = { context, NULL, replay_visit, NULL };
    struct ghost_frame f;
    uint64_t cursor = 0;
    int ret = d ? 0 : GHOST_E_NOMEM;
    while (ret == 0 && ghost_log_next(log, &cursor, &f)) {
        int code = ghost_frame_decode(d, &f, &v, NULL);   /* damage is told by whoever reads the log itself */
        if (code == GHOST_E_NOMEM) ret = code;
    }
    ghost_decoder_free(d);
    return ret == 0 ? 0 : ghost_fail(err, ret, "out of memory while the log was read to its end");
}

/* The identity in a log's header, before the log is opened in earnest. */
bool live_identity(const char *log_path, uint8_t process[16])
{
    uint8_t bytes[HEADER_BYTES];
    struct frame_header h;
    int fd = open(log_path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return false;
    bool ok = pread(fd, bytes, sizeof bytes, 0) == (ssize_t)sizeof bytes && load_le(bytes, 4) == 0x184D2A50u;
    close(fd);
    /* A longer header of a later version: its first bytes are these, whatever follows. */
    if (ok) store_le(bytes + 4, HEADER_BYTES - 8, 4);
    if (!ok || !header_decode(bytes, sizeof bytes, &h)) return false;
    memcpy(process, h.process, sizeof h.process);
    return true;
}

/* ---- the tail ---- */

static int tail_write(void *self, const void *bytes, size_t n, struct ghost_err *err)
{
    struct ghost_buf *out = self;
    buf_put(out, bytes, n);
    return out->failed ? ghost_fail(err, GHOST_E_NOMEM, "out of memory for the events left in rings") : 0;
}

/* The way of the events into the tail. */
struct tail { struct ghost_writer *w; struct replay_arrivals news; struct ghost_err *err; };

/* The tick from which the tracker sees an event: a thread's time never goes back. */
static uint64_t tick_seen(struct tail *tail, uint32_t thread, const struct ghost_event *ev)
{
    const struct track_thread *th = tracker_thread(writer_tracker(tail->w), thread);
    uint64_t tick = ghost_event_tick(ev);
    return th && th->last_tick > tick ? th->last_tick : tick;
}

static int tail_take(void *self, uint32_t thread, uint64_t seq, const struct ghost_event *ev, size_t n)
{
    struct tail *tail = self;
    int ret = 0;
    for (size_t i = 0, first = 0; ret == 0 && i < n; first = i) {
        if (!replay_arrive(&tail->news, writer_tracker(tail->w), tick_seen(tail, thread, &ev[i]))) return GHOST_E_NOMEM;
        uint64_t next = replay_next_arrival(&tail->news);
        do i++;
        while (i < n && ghost_event_tick(&ev[i]) < next);
        ret = ghost_writer_events(tail->w, thread, seq + first, ev + first, i - first, tail->err);
    }
    return ret;
}

static void set_clock(struct ghost_writer *w, const struct replay *r, const struct live_files *l)
{
    if (r->any_block) {
        ghost_writer_clock(w, r->tick_ns_q32, r->anchor[0]);
        ghost_writer_clock(w, r->tick_ns_q32, r->anchor[1]);
    } else if (l->n_rings) {                              /* the youngest knows it best */
        ghost_writer_clock(w, l->rings[l->n_rings - 1].tick_ns_q32, l->rings[l->n_rings - 1].anchor);
    }
}

/* How many of a thread's events from position `first` to before `end` are in blocks: the first ones. */
static uint64_t covered(const struct replay *r, uint32_t thread, uint64_t first, uint64_t end)
{
    const struct replay_thread *t = replay_thread(r, thread);
    uint64_t until = t && t->covered > first ? t->covered : first;
    return (until < end ? until : end) - first;
}

/* Losses that only the live files know of. */
static void add_losses(struct live_files *l, const struct replay *r)
{
    struct ghost_def_loss damage = { .cause = GHOST_LOSS_DAMAGE }, refused = { .cause = GHOST_LOSS_DEFINITION, .count = l->records_refused };
    for (size_t i = 0; i < l->n_rings; i++)
        if (l->rings[i].lost.count) ghost_encode_loss(&l->records, &l->rings[i].lost);
    for (size_t i = 0; i < l->n_fileless; i++) {
        const struct live_fileless *f = &l->fileless[i];
        struct ghost_def_loss loss = { .thread = f->thread, .cause = f->cause,
                                       .count = f->end_seq - f->first_seq - covered(r, f->thread, f->first_seq, f->end_seq) + f->dropped };
        if (loss.count) ghost_encode_loss(&l->records, &loss);
    }
    if (l->unusable) ghost_encode_loss(&l->records, &damage);
    if (l->records_refused) ghost_encode_loss(&l->records, &refused);
}

/* A ring's events from the first on that no block covers. */
static struct ghost_run run_of(const struct live_ring *ring, const struct replay *r)
{
    size_t skip = (size_t)covered(r, ring->thread, ring->first_seq, ring->first_seq + ring->n);
    return (struct ghost_run){ ring->thread, ring->first_seq + skip, skip ? ring->ev + skip : ring->ev, ring->n - skip };
}

static int merge_rings(struct tail *tail, const struct live_files *l, const struct replay *r)
{
    struct ghost_err *err = tail->err;
    struct ghost_run *runs = calloc(l->n_rings + 1, sizeof *runs);
    if (!runs) return ghost_fail(err, GHOST_E_NOMEM, "out of memory for the events left in rings");
    for (size_t i = 0; i < l->n_rings; i++) runs[i] = run_of(&l->rings[i], r);
    int ret = ghost_merge(runs, l->n_rings, UINT64_MAX, tail_take, tail);
    free(runs);
    return ret == 0 ? 0 : ghost_fail(err, ret, "out of memory for the events left in rings");
}

int live_encode_tail(struct live_files *l, const struct replay *r, struct ghost_buf *out, struct ghost_err *err)
{
    struct ghost_sink sink = { out, tail_write };
    struct ghost_writer_config cfg = { 0 };
    struct ghost_writer *w = writer_new_bare(&cfg, &sink, err);
    struct tail tail = { w, { 0 }, err };
    if (!w) return GHOST_E_NOMEM;
    int ret = replay_export(r, writer_tracker(w), &tail.news) ? 0 : ghost_fail(err, GHOST_E_NOMEM, "out of memory for the open calls of a log");
    set_clock(w, r, l);
    add_losses(l, r);
    if (ret == 0 && l->records.failed) ret = ghost_fail(err, GHOST_E_NOMEM, "out of memory for definitions");
    if (ret == 0) ret = ghost_writer_records(w, l->records.p, l->records.len, err);
    if (ret == 0) ret = merge_rings(&tail, l, r);
    if (ret == 0) ret = ghost_writer_flush(w, 0, err);
    replay_arrivals_release(&tail.news);
    ghost_writer_free(w);
    return ret;
}

/* No event of the rings is older: in each they are in order. */
uint64_t live_oldest_event(const struct live_files *l)
{
    uint64_t oldest = UINT64_MAX;
    for (size_t i = 0; i < l->n_rings; i++)
        if (l->rings[i].n && ghost_event_tick(l->rings[i].ev) < oldest) oldest = ghost_event_tick(l->rings[i].ev);
    return oldest;
}

bool live_anything(const struct live_files *l)
{
    bool found = l->records.len || l->unusable || l->records_refused || l->n_fileless;
    for (size_t i = 0; i < l->n_rings; i++) found = found || l->rings[i].n || l->rings[i].lost.count;
    return found;
}

/* ---- the public verbs ---- */

struct ghost_log *ghost_live_open(const char *log_path, struct ghost_buf *tail, struct ghost_err *err)
{
    uint8_t process[16];
    struct live_files l = { 0 };
    struct replay r = { 0 };
    struct ghost_log *log = NULL;
    bool known = live_identity(log_path, process);
    int ret = live_files_read(&l, log_path, known ? process : NULL, err);
    if (ret == 0 && !(log = ghost_log_open(log_path, err))) ret = GHOST_E_IO;
    if (ret == 0 && live_anything(&l)) {
        r.since = live_oldest_event(&l);
        ret = replay_log(&r, log, err);
        if (ret == 0) ret = live_encode_tail(&l, &r, tail, err);
    }
    replay_release(&r);
    live_files_release(&l);
    if (ret == 0) return log;
    ghost_log_close(log);
    return NULL;
}

int ghost_live_tail(const char *log_path, struct ghost_buf *out, struct ghost_err *err)
{
    struct ghost_err local = GHOST_ERR_INIT;
    if (!err) err = &local;
    struct ghost_log *log = ghost_live_open(log_path, out, err);
    if (!log) return err->code ? err->code : GHOST_E_NOMEM;
    ghost_log_close(log);
    return 0;
}
