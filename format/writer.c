/* writer.c - blocks to frames to sink: when a block is cut, what goes out with
 * it, and what is safe in the sink. */
#include "writer.h"

#include <stdlib.h>
#include <string.h>
#include "defcodec.h"
#include "frame.h"
#include "varint.h"

#define LEVEL_DEFAULT 1
#define BLOCK_EVENTS_DEFAULT 131072u
#define BLOCK_EVENTS_MAX (1u << 20)
#define RECORDS_FRAME (2u << 20)     /* definitions of one frame, about */
#define RECORDS_HELD (1u << 20)      /* definitions that wait for a block, at most */
#define FRAME_TARGET (256u << 10)    /* small blocks share a frame up to this size */
#define INDEX_MAX (4u << 20)         /* bytes of block entries; a log with more goes without */

struct ghost_writer {
    struct ghost_sink sink;
    uint32_t block_events;
    ZSTD_CCtx *z;
    struct tracker tracker;
    uint64_t tick_ns_q32;
    struct ghost_anchor anchor[2];   /* the last two */
    bool anchored;
    struct ghost_buf records;        /* waiting */
    struct ghost_buf content, alive, frame;
    struct cuts cuts;                /* of `content` */
    struct ghost_writer_totals totals;
    uint64_t records_written;
    uint64_t offset;                 /* bytes in the sink */
    struct { struct ghost_buf entries; uint64_t n, last_offset, start_real; bool complete; } index;
};

/* ---- sink ---- */

static int emit(struct ghost_writer *w, const struct ghost_buf *bytes, struct ghost_err *err)
{
    int ret = w->sink.write(w->sink.self, bytes->p, bytes->len, err);
    if (ret != 0) return ret;
    w->offset += bytes->len;
    w->totals.bytes += bytes->len;
    return 0;
}

static void begin_content(struct ghost_writer *w)
{
    buf_clear(&w->content);
    w->cuts.n = 0;
}

static int emit_content(struct ghost_writer *w, struct ghost_err *err)
{
    buf_clear(&w->frame);
    int ret = frame_compress(w->z, &w->content, &w->cuts, &w->frame, err);
    if (ret == 0) ret = emit(w, &w->frame, err);
    if (ret == 0) w->totals.frames++;
    return ret;
}

/* ---- making and freeing ---- */

struct ghost_writer *writer_new_bare(const struct ghost_writer_config *cfg, const struct ghost_sink *sink,
                                     struct ghost_err *err)
{
    struct ghost_writer *w = calloc(1, sizeof *w);
    if (!w || !(w->z = ZSTD_createCCtx())) {
        ghost_fail(err, GHOST_E_NOMEM, "out of memory while a log was begun");
        ghost_writer_free(w);
        return NULL;
    }
    w->sink = *sink;
    w->block_events = cfg->block_events ? cfg->block_events : BLOCK_EVENTS_DEFAULT;
    if (w->block_events > BLOCK_EVENTS_MAX) w->block_events = BLOCK_EVENTS_MAX;
    ZSTD_CCtx_setParameter(w->z, ZSTD_c_compressionLevel, cfg->level ? cfg->level : LEVEL_DEFAULT);
    ZSTD_CCtx_setParameter(w->z, ZSTD_c_checksumFlag, 1);
    w->index.complete = true;
    return w;
}

struct ghost_writer *ghost_writer_new(const struct ghost_writer_config *cfg, const struct ghost_sink *sink,
                                      struct ghost_err *err)
{
    struct ghost_writer *w = writer_new_bare(cfg, sink, err);
    if (!w) return NULL;
    header_encode(&w->frame, cfg->process);
    if (w->frame.failed) ghost_fail(err, GHOST_E_NOMEM, "out of memory while a log was begun");
    else if (emit(w, &w->frame, err) == 0) return w;
    ghost_writer_free(w);
    return NULL;
}

void ghost_writer_free(struct ghost_writer *w)
{
    if (!w) return;
    ZSTD_freeCCtx(w->z);
    tracker_release(&w->tracker);
    ghost_buf_release(&w->records);
    ghost_buf_release(&w->content);
    ghost_buf_release(&w->alive);
    ghost_buf_release(&w->frame);
    ghost_buf_release(&w->index.entries);
    free(w);
}

struct tracker *writer_tracker(struct ghost_writer *w) { return &w->tracker; }

void ghost_writer_clock(struct ghost_writer *w, uint64_t tick_ns_q32, struct ghost_anchor now)
{
    w->anchor[0] = w->anchored ? w->anchor[1] : now;
    w->anchor[1] = now;
    w->tick_ns_q32 = tick_ns_q32;
    if (!w->anchored) w->index.start_real = now.real_ns;
    w->anchored = true;
}

/* ---- index ---- */

static uint64_t ticks_to_ns(const struct ghost_writer *w, uint64_t ticks)
{
    return (uint64_t)((unsigned __int128)ticks * w->tick_ns_q32 >> 32);
}

static uint64_t tick_to_real(const struct ghost_writer *w, uint64_t tick)
{
    const struct ghost_anchor *a = &w->anchor[1];
    return tick >= a->tick ? a->real_ns + ticks_to_ns(w, tick - a->tick) : a->real_ns - ticks_to_ns(w, a->tick - tick);
}

static void index_add(struct ghost_writer *w, const struct track_thread *th, uint64_t offset)
{
    struct ghost_buf *e = &w->index.entries;
    const struct block *b = &th->block;
    w->index.n++;
    if (!w->index.complete) return;
    buf_varint(e, offset - w->index.last_offset);
    buf_varint(e, th->id);
    buf_varint(e, b->real_events);
    buf_zigzag(e, (int64_t)(tick_to_real(w, b->base_tick) - w->index.start_real));
    buf_varint(e, ticks_to_ns(w, b->last_tick - b->base_tick));
    w->index.last_offset = offset;
    if (!e->failed && e->len <= INDEX_MAX) return;
    ghost_buf_release(e);
    w->index.complete = false;
}

/* ---- frames ---- */

/* Length of the whole records at the front of the waiting ones, about `most`
 * bytes of them, and at least one record. */
static size_t records_front(const struct ghost_writer *w, size_t most)
{
    struct cursor c = { w->records.p, w->records.p + w->records.len, false };
    size_t end = 0;
    while (c.p < c.end) {
        get_varint(&c);
        get_bytes(&c, get_varint(&c));
        if (c.bad) break;
        size_t at = (size_t)(c.p - w->records.p);
        if (end && at > most) break;
        end = at;
    }
    return end;
}

static void records_sent(struct ghost_writer *w, size_t n)
{
    if (n == 0) return;
    memmove(w->records.p, w->records.p + n, w->records.len - n);
    w->records.len -= n;
    w->records_written += n;
}

static int emit_records(struct ghost_writer *w, const void *records, size_t n, struct ghost_err *err)
{
    begin_content(w);
    buf_put(&w->content, records, n);
    return emit_content(w, err);
}

/* Frames of definitions only, until no more than `keep` bytes wait. */
static int flush_records(struct ghost_writer *w, size_t keep, struct ghost_err *err)
{
    while (w->records.len > keep) {
        size_t n = records_front(w, RECORDS_FRAME);
        int ret = emit_records(w, w->records.p, n, err);
        if (ret != 0) return ret;
        records_sent(w, n);
    }
    return 0;
}

static void put_untold(struct ghost_buf *to, const struct track_thread *th)
{
    static const uint8_t causes[UNTOLD_COUNT] = {
        [UNTOLD_UNPAIRED] = GHOST_LOSS_UNPAIRED, [UNTOLD_STACK] = GHOST_LOSS_STACK, [UNTOLD_DAMAGE] = GHOST_LOSS_DAMAGE,
    };
    for (int i = 0; i < UNTOLD_COUNT; i++) {
        const struct untold_span *s = &th->untold[i];
        struct ghost_def_loss loss = { th->id, causes[i], s->count, s->first_tick, s->last_tick };
        if (s->count) ghost_encode_loss(to, &loss);
    }
}

static void put_block(struct ghost_writer *w, const struct track_thread *th)
{
    buf_clear(&w->alive);
    struct block_context x = { th->id, w->tick_ns_q32, { w->anchor[0], w->anchor[1] }, &w->alive, 0 };
    x.n_alive = block_put_alive(&th->block, &w->alive);
    if (w->alive.failed) w->content.failed = true;
    put_untold(&w->content, th);
    block_encode(&th->block, &x, &w->content, &w->cuts);
}

static void block_sent(struct ghost_writer *w, struct track_thread *th, uint64_t offset)
{
    index_add(w, th, offset);
    for (int i = 0; i < UNTOLD_COUNT; i++) {
        if (i == UNTOLD_UNPAIRED) w->totals.unpaired += th->untold[i].count;
        th->untold[i] = (struct untold_span){ 0 };
    }
    w->totals.events += th->block.real_events;
    block_reset(&th->block);
}

/* One frame: the waiting definitions and the open blocks of threads[0..n). */
static int write_blocks(struct ghost_writer *w, struct track_thread *const *threads, size_t n, struct ghost_err *err)
{
    uint64_t offset = w->offset;
    size_t n_records = w->records.len;
    begin_content(w);
    buf_put(&w->content, w->records.p, n_records);
    cuts_add(&w->cuts, n_records);
    for (size_t i = 0; i < n; i++)
        if (threads[i]->block.open) put_block(w, threads[i]);
    int ret = emit_content(w, err);
    if (ret != 0) return ret;
    records_sent(w, n_records);
    for (size_t i = 0; i < n; i++)
        if (threads[i]->block.open) block_sent(w, threads[i], offset);
    return 0;
}

static int write_block(struct ghost_writer *w, struct track_thread *th, struct ghost_err *err)
{
    int ret = flush_records(w, RECORDS_HELD, err);
    return ret == 0 && th->block.open ? write_blocks(w, &th, 1, err) : ret;
}

static int flush_all(struct ghost_writer *w, struct ghost_err *err)
{
    struct tracker *t = &w->tracker;
    int ret = flush_records(w, RECORDS_HELD, err);
    for (size_t i = 0; ret == 0 && i < t->n_threads;) {
        size_t first = i, size = 0;
        while (i < t->n_threads && (size == 0 || size < FRAME_TARGET)) {
            if (t->threads[i]->block.open) size += block_size_bound(&t->threads[i]->block);
            i++;
        }
        if (size) ret = write_blocks(w, t->threads + first, i - first, err);
    }
    return ret == 0 ? flush_records(w, 0, err) : ret;
}

/* ---- the public verbs ---- */

int ghost_writer_records(struct ghost_writer *w, const void *records, size_t n, struct ghost_err *err)
{
    int ret = n ? flush_records(w, RECORDS_HELD, err) : 0;
    if (ret != 0 || n == 0) return ret;
    struct cursor c = { records, (const uint8_t *)records + n, false };
    while (c.p < c.end && !c.bad) {
        get_varint(&c);
        uint64_t length = get_max(&c, RECORD_MAX);
        get_bytes(&c, (size_t)length);
    }
    if (c.bad) return ghost_fail(err, GHOST_E_USAGE, "definitions given to the log's writer are not whole records");
    buf_put(&w->records, records, n);
    if (!w->records.failed) return 0;
    w->records.failed = false;
    return ghost_fail(err, GHOST_E_NOMEM, "out of memory for definitions that wait to be written");
}

int ghost_writer_events(struct ghost_writer *w, uint32_t thread, uint64_t first_seq,
                        const struct ghost_event *ev, size_t n, struct ghost_err *err)
{
    if (thread == 0) return ghost_fail(err, GHOST_E_USAGE, "events of thread 0: threads are numbered from 1");
    struct track_thread *th = tracker_thread_make(&w->tracker, thread);
    if (!th) return ghost_fail(err, GHOST_E_NOMEM, "out of memory for thread %u", thread);
    if (th->positioned && first_seq < th->taken) {          /* seen already */
        uint64_t seen = th->taken - first_seq;
        if (seen >= n) return 0;
        ev += seen;
        n -= (size_t)seen;
        first_seq = th->taken;
    }
    if (th->block.open && (first_seq != th->taken || tracker_block_full(th, w->block_events))) {
        int ret = write_block(w, th, err);
        if (ret != 0) return ret;
    }
    th->taken = first_seq;
    th->positioned = true;
    while (n) {
        size_t taken;
        bool ok = tracker_take(&w->tracker, th, ev, n, w->block_events, &taken);
        ev += taken;
        n -= taken;
        if (!ok) return ghost_fail(err, GHOST_E_NOMEM, "out of memory for the events of thread %u", thread);
        if (!tracker_block_full(th, w->block_events)) continue;
        int ret = write_block(w, th, err);
        if (ret != 0) return ret;
    }
    return 0;
}

uint64_t ghost_writer_taken(const struct ghost_writer *w, uint32_t thread)
{
    struct track_thread *th = tracker_thread((struct tracker *)&w->tracker, thread);
    return th ? th->taken : 0;
}

uint64_t ghost_writer_written(const struct ghost_writer *w, uint32_t thread)
{
    struct track_thread *th = tracker_thread((struct tracker *)&w->tracker, thread);
    if (!th) return 0;
    return th->block.open ? th->block.first_seq : th->taken;
}

uint64_t ghost_writer_records_written(const struct ghost_writer *w) { return w->records_written; }

int ghost_writer_tell(struct ghost_writer *w, const void *records, size_t n, struct ghost_err *err)
{
    int ret = flush_records(w, 0, err);
    return ret == 0 ? emit_records(w, records, n, err) : ret;
}

int ghost_writer_flush(struct ghost_writer *w, uint32_t thread, struct ghost_err *err)
{
    if (thread == 0) return flush_all(w, err);
    struct track_thread *th = tracker_thread(&w->tracker, thread);
    int ret = th ? write_block(w, th, err) : 0;
    return ret == 0 ? flush_records(w, 0, err) : ret;
}

static uint64_t discard(struct track_thread *th)
{
    uint64_t n = th->block.open ? th->block.n_seq : 0;
    for (int i = 0; i < UNTOLD_COUNT; i++) th->untold[i] = (struct untold_span){ 0 };
    if (th->block.open) block_reset(&th->block);
    return n;
}

uint64_t ghost_writer_discard(struct ghost_writer *w, uint32_t thread)
{
    uint64_t n = 0;
    for (size_t i = 0; i < w->tracker.n_threads; i++)
        if (thread == 0 || w->tracker.threads[i]->id == thread) n += discard(w->tracker.threads[i]);
    return n;
}

struct ghost_writer_totals ghost_writer_totals(const struct ghost_writer *w) { return w->totals; }

int ghost_writer_thread_end(struct ghost_writer *w, uint32_t thread, struct ghost_err *err)
{
    struct track_thread *th = tracker_thread(&w->tracker, thread);
    if (!th) return 0;
    int ret = write_block(w, th, err);
    if (ret == 0) tracker_thread_end(&w->tracker, th);
    return ret;
}

int ghost_writer_finish(struct ghost_writer *w, const struct ghost_def_end *end, struct ghost_err *err)
{
    int ret = flush_all(w, err);
    if (ret != 0) return ret;
    begin_content(w);
    ghost_encode_end(&w->content, end);
    if ((ret = emit_content(w, err)) != 0) return ret;
    struct frame_index x = { .events = end->events, .lost = end->lost, .start_real_ns = w->index.start_real, .end_real_ns = end->real_ns,
                             .n_blocks = w->index.complete ? w->index.n : 0 };
    buf_clear(&w->frame);
    index_encode(&w->frame, &x, &w->index.entries);
    if (w->frame.failed) return ghost_fail(err, GHOST_E_NOMEM, "out of memory for the index of the log");
    return emit(w, &w->frame, err);
}
