/* repack.c - one log written anew, smaller (docs/format.md, 9): its definitions
 * first, together; then its blocks in groups; then its end. */
#include <stdlib.h>
#include <string.h>
#include "decoder.h"
#include "defcodec.h"
#include "frame.h"
#include "ghost/archive.h"
#include "regroup.h"

#define DEFINITIONS_FRAME (4u << 20)

struct repack {
    struct ghost_repack *o;
    const struct ghost_sink *to;
    struct ghost_decoder *decoder;
    ZSTD_CCtx *z;
    struct ghost_err *err;
    struct regroup group;
    struct ghost_buf content, frame, end;   /* of a frame; its bytes; the END record */
    struct cuts cuts;
    uint64_t offset;                     /* in the new log */
    uint64_t done;                       /* bytes of the old one */
    struct { struct ghost_buf entries, waiting; uint64_t n, last, start_real; } index;
    uint32_t group_blocks;
};

static int no_memory(struct repack *r) { return ghost_fail(r->err, GHOST_E_NOMEM, "out of memory while a log was packed"); }

static int put(struct repack *r, const struct ghost_buf *bytes)
{
    if (bytes->failed) return no_memory(r);
    int ret = r->to->write(r->to->self, bytes->p, bytes->len, r->err);
    r->offset += ret == 0 ? bytes->len : 0;
    return ret;
}

static int put_frame(struct repack *r)
{
    buf_clear(&r->frame);
    int ret = frame_compress(r->z, &r->content, &r->cuts, &r->frame, r->err);
    if (ret == 0) ret = put(r, &r->frame);
    buf_clear(&r->content);
    r->cuts.n = 0;
    return ret;
}

/* ---- definitions ---- */

static int on_def(void *self, const struct ghost_def *d, const struct ghost_frame *f)
{
    struct repack *r = self;
    (void)f;
    if (d->kind == GHOST_REC_END) {
        buf_clear(&r->end);
        def_encode(&r->end, d->kind, d);
        return r->end.failed ? no_memory(r) : 0;
    }
    def_encode(&r->content, d->kind == GHOST_REC_FUNC ? GHOST_REC_FUNCTION : d->kind == GHOST_REC_TREE ? GHOST_REC_MODULE : d->kind, d);
    if (r->content.failed) return no_memory(r);
    return r->content.len > DEFINITIONS_FRAME ? put_frame(r) : 0;
}

/* A record that this version does not know, and need not. */
static int on_unknown(void *self, uint32_t kind, const uint8_t *p, size_t n)
{
    struct repack *r = self;
    buf_varint(&r->content, kind);
    buf_varint(&r->content, n);
    buf_put(&r->content, p, n);
    return r->content.failed ? no_memory(r) : 0;
}

/* ---- blocks ---- */

static uint64_t to_ns(uint64_t ticks, uint64_t q32) { return (uint64_t)((unsigned __int128)ticks * q32 >> 32); }

static uint64_t real_of(const struct ghost_block *b, uint64_t tick)
{
    const struct ghost_anchor *a = &b->anchor[1];
    return tick >= a->tick ? a->real_ns + to_ns(tick - a->tick, b->tick_ns_q32) : a->real_ns - to_ns(a->tick - tick, b->tick_ns_q32);
}

/* What the index says of a block, but for where it is. */
static void index_add(struct repack *r, const struct ghost_block *b)
{
    static const bool uncounted[GHOST_SH_COUNT] = { [GHOST_SH_ABANDON] = true, [GHOST_SH_DROP] = true, [GHOST_SH_ADOPT] = true };
    uint64_t events = 0;
    for (uint32_t i = 0; i < b->n_events; i++) events += !uncounted[b->shapes[b->tokens[i]].kind];
    buf_varint(&r->index.waiting, b->thread);
    buf_varint(&r->index.waiting, events);
    buf_zigzag(&r->index.waiting, (int64_t)(real_of(b, b->base_tick) - r->index.start_real));
    buf_varint(&r->index.waiting, to_ns(b->end_tick - b->base_tick, b->tick_ns_q32));
    r->index.n++;
}

/* The blocks of the group just written stand in one frame. */
static void index_place(struct repack *r, uint64_t offset)
{
    struct cursor c = { r->index.waiting.p, r->index.waiting.p + r->index.waiting.len, false };
    while (c.p < c.end) {
        const uint8_t *begin;
        buf_varint(&r->index.entries, offset - r->index.last);
        r->index.last = offset;
        begin = c.p;
        for (int field = 0; field < 4; field++) get_varint(&c);
        buf_put(&r->index.entries, begin, (size_t)(c.p - begin));
    }
    buf_clear(&r->index.waiting);
}

static int put_group(struct repack *r)
{
    if (r->group.n_blocks == 0) return 0;
    uint64_t offset = r->offset;
    regroup_encode(&r->group, &r->content, &r->cuts);
    int ret = put_frame(r);
    index_place(r, offset);
    return ret;
}

static int on_block(void *self, const struct ghost_block *b, const struct ghost_frame *f)
{
    struct repack *r = self;
    const struct block_memory *m = decoder_block_memory(r->decoder);
    (void)f;
    int ret = regroup_add(&r->group, b, m);
    if (ret == 0 && (ret = put_group(r)) == 0) ret = regroup_add(&r->group, b, m);
    if (ret < 0) return ret == GHOST_E_NOMEM ? no_memory(r) : ret;
    index_add(r, b);
    return 0;
}

/* ---- passes ---- */

/* All frames of a log; those that cannot be read are left out. */
static int pass(struct repack *r, struct ghost_log *log, bool blocks)
{
    struct ghost_visitor v = { r, blocks ? NULL : on_def, blocks ? on_block : NULL, blocks ? NULL : on_unknown };
    struct ghost_frame f;
    uint64_t cursor = 0;
    while (log && ghost_log_next(log, &cursor, &f)) {
        struct ghost_err fault = GHOST_ERR_INIT;
        int ret = f.bytes ? ghost_frame_decode(r->decoder, &f, &v, &fault) : GHOST_E_CORRUPT;
        bool damage = ret == GHOST_E_CORRUPT || ret == GHOST_E_VERSION || ret == GHOST_E_LIMIT || ret == GHOST_E_TRUNCATED;
        if (r->err->code) return r->err->code;
        if (ret != 0 && !damage) return ghost_fail(r->err, ret, "%s", fault.msg);
        r->o->damaged += blocks && damage ? f.size : 0;
        if (blocks) r->done += f.size;
        if (r->o->progress) r->o->progress(r->o->self, r->done);
    }
    return 0;
}

static int put_definitions(struct repack *r, struct ghost_log *log, struct ghost_log *tail)
{
    int ret = pass(r, log, false);
    if (ret == 0) ret = pass(r, tail, false);
    return ret == 0 && r->content.len ? put_frame(r) : ret;
}

static int put_blocks(struct repack *r, struct ghost_log *log, struct ghost_log *tail)
{
    int ret = pass(r, log, true);
    if (ret == 0) ret = pass(r, tail, true);
    return ret == 0 ? put_group(r) : ret;
}

/* END and index, of a log that has them; and what is missing of a damaged one. */
static int put_end(struct repack *r, const struct ghost_log_info *info)
{
    struct ghost_def_loss damage = { .cause = GHOST_LOSS_DAMAGE };
    if (r->o->damaged) ghost_encode_loss(&r->content, &damage);
    buf_put(&r->content, r->end.p, r->end.len);
    int ret = r->content.len ? put_frame(r) : 0;
    if (ret != 0 || !info->finished) return ret;
    struct frame_index x = { .events = info->events, .lost = info->lost, .start_real_ns = info->start_real_ns,
                             .end_real_ns = info->end_real_ns, .n_blocks = r->index.n };
    buf_clear(&r->frame);
    index_encode(&r->frame, &x, &r->index.entries);
    return put(r, &r->frame);
}

static void release(struct repack *r)
{
    ghost_decoder_free(r->decoder);
    ZSTD_freeCCtx(r->z);
    regroup_release(&r->group);
    ghost_buf_release(&r->content);
    ghost_buf_release(&r->frame);
    ghost_buf_release(&r->end);
    ghost_buf_release(&r->index.entries);
    ghost_buf_release(&r->index.waiting);
}

int ghost_log_repack(struct ghost_log *log, struct ghost_log *tail, struct ghost_repack *o, const struct ghost_sink *to, struct ghost_err *err)
{
    struct ghost_err local = GHOST_ERR_INIT;
    const struct ghost_log_info *info = ghost_log_info(log);
    struct repack r = { .o = o, .to = to, .err = err ? err : &local, .decoder = ghost_decoder_new(), .z = ZSTD_createCCtx() };
    int ret = GHOST_E_NOMEM;
    o->damaged = 0;
    r.index.start_real = info->start_real_ns;
    if (r.decoder && r.z) {
        ZSTD_CCtx_setParameter(r.z, ZSTD_c_compressionLevel, o->level ? o->level : GHOST_PACK_LEVEL);
        ZSTD_CCtx_setParameter(r.z, ZSTD_c_checksumFlag, 1);
        header_encode_packed(&r.frame, info->process, info->recorded);
        ret = put(&r, &r.frame);
        if (ret == 0) ret = put_definitions(&r, log, tail);
        if (ret == 0) ret = put_blocks(&r, log, tail);
        if (ret == 0) ret = put_end(&r, info);
    } else {
        no_memory(&r);
    }
    release(&r);
    return ret;
}
