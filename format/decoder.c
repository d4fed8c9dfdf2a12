/* decoder.c - one frame to definitions and blocks. */
#include "decoder.h"

#include <stdlib.h>
#include "defcodec.h"
#include "frame.h"
#include "ghost/version.h"

struct ghost_decoder {
    ZSTD_DCtx *z;
    struct ghost_buf content;
    struct def_scratch scratch;
    struct block_memory memory;
    const struct ghost_choice *choice;     /* of the frame at hand, or NULL */
};

struct ghost_decoder *ghost_decoder_new(void)
{
    struct ghost_decoder *d = calloc(1, sizeof *d);
    if (d && (d->z = ZSTD_createDCtx())) return d;
    free(d);
    return NULL;
}

void ghost_decoder_free(struct ghost_decoder *d)
{
    if (!d) return;
    ZSTD_freeDCtx(d->z);
    ghost_buf_release(&d->content);
    def_scratch_release(&d->scratch);
    block_memory_release(&d->memory);
    free(d);
}

const struct block_memory *decoder_block_memory(const struct ghost_decoder *d) { return &d->memory; }

/* ---- records ---- */

struct record { uint64_t kind; const uint8_t *payload; size_t n; };

static bool next_record(struct cursor *c, struct record *r)
{
    r->kind = get_varint(c);
    r->n = get_count(c, CONTENT_MAX, 1);
    r->payload = get_bytes(c, r->n);
    return !c->bad;
}

/* Where in the frame's content something is wrong, for the message. */
struct place { const struct ghost_frame *frame; uint64_t at; uint64_t kind; };

static int fail_at(struct ghost_err *err, int code, const struct place *p, const char *why)
{
    const char *name = def_name(p->kind);
    return ghost_fail_at(err, code, p->frame->offset,
                         "the frame at byte %llu of the log: record %s (%llu) at byte %llu of its content: %s; "
                         "the rest of this frame is not used",
                         (unsigned long long)p->frame->offset, name ? name : "unknown", (unsigned long long)p->kind,
                         (unsigned long long)p->at, why);
}

static int visit_def(struct ghost_decoder *d, const struct record *r, const struct place *at,
                     const struct ghost_visitor *v, struct ghost_err *err)
{
    struct ghost_def def;
    const char *why = NULL;
    int ret = def_decode(&d->scratch, (uint32_t)r->kind, r->payload, r->n, &def, &why);
    if (ret != 0) return fail_at(err, ret, at, why);
    return v->def ? v->def(v->self, &def, at->frame) : 0;
}

/* The next block of a record; 1 when there was one. */
static int visit_next(struct ghost_decoder *d, struct block_reading *r, const struct place *at,
                      const struct ghost_visitor *v, struct ghost_err *err)
{
    struct ghost_block block;
    const char *why = NULL;
    int ret = blocks_outline(&d->memory, r, &block, &why);
    if (ret == 0) return 0;
    bool wanted = ret > 0 && (!d->choice || d->choice->wanted(d->choice->self, &block));
    if (ret > 0) ret = wanted ? blocks_events(&d->memory, r, &block, &why) : blocks_skip(&d->memory, r, &block, &why);
    if (ret != 0) return fail_at(err, ret, at, why);
    if (!wanted) return r->blocks != 0;     /* the last one's columns were not read, so nothing tells where they end */
    if (v->block) ret = v->block(v->self, &block, at->frame);
    return ret == 0 ? 1 : ret;
}

static int visit_blocks(struct ghost_decoder *d, const struct record *r, const struct place *at,
                        const struct ghost_visitor *v, struct ghost_err *err)
{
    struct block_reading reading;
    struct cursor c = { r->payload, r->payload + r->n, false };
    const char *why = NULL;
    if (!v->block && !d->choice) return 0;
    int ret = blocks_begin(&d->memory, &reading, r->kind == GHOST_REC_BLOCK, c, &why);
    if (ret != 0) return fail_at(err, ret, at, why);
    do ret = visit_next(d, &reading, at, v, err);
    while (ret > 0);
    return ret;
}

static int visit(struct ghost_decoder *d, const struct record *r, const struct place *at,
                 const struct ghost_visitor *v, struct ghost_err *err)
{
    if (r->kind == GHOST_REC_BLOCK || r->kind == GHOST_REC_BLOCKS) return visit_blocks(d, r, at, v, err);
    if (def_known(r->kind)) return visit_def(d, r, at, v, err);
    if (r->kind > UINT32_MAX) return fail_at(err, GHOST_E_CORRUPT, at, "an impossible record id");
    if (GHOST_RECORD_REQUIRED(r->kind))
        return fail_at(err, GHOST_E_VERSION, at, "only a newer ghost knows this kind of record; read the log with one newer than " GHOST_VERSION);
    return v->unknown ? v->unknown(v->self, (uint32_t)r->kind, r->payload, r->n) : 0;
}

/* ---- frames ---- */

static int fail_frame(struct ghost_err *err, int code, const struct ghost_frame *f, const char *why)
{
    return ghost_fail_at(err, code, f->offset, "the frame at byte %llu of the log (%zu bytes): %s; it is not used",
                         (unsigned long long)f->offset, f->size, why);
}

int ghost_frame_decode(struct ghost_decoder *d, const struct ghost_frame *f,
                       const struct ghost_visitor *v, struct ghost_err *err)
{
    const char *why = NULL;
    if (!f->bytes)
        return f->truncated ? fail_frame(err, GHOST_E_TRUNCATED, f, "the file ends inside it")
                            : fail_frame(err, GHOST_E_CORRUPT, f, "damaged bytes that are no frame");
    int ret = frame_unpack(d->z, f->bytes, f->size, &d->content, &why);
    if (ret != 0) return fail_frame(err, ret, f, why);
    struct cursor c = { d->content.p, d->content.p + d->content.len, false };
    while (c.p < c.end) {
        struct place at = { f, (uint64_t)(c.p - d->content.p), 0 };
        struct record r;
        if (!next_record(&c, &r)) return fail_at(err, GHOST_E_CORRUPT, &at, "longer than the frame");
        at.kind = r.kind;
        if ((ret = visit(d, &r, &at, v, err)) != 0) return ret;
    }
    return 0;
}

int ghost_frame_decode_chosen(struct ghost_decoder *d, const struct ghost_frame *f, const struct ghost_visitor *v,
                              const struct ghost_choice *choice, struct ghost_err *err)
{
    d->choice = choice;
    int ret = ghost_frame_decode(d, f, v, err);
    d->choice = NULL;
    return ret;
}

bool decoder_trusts(struct ghost_decoder *d, const uint8_t *p, size_t n)
{
    const char *why;
    struct record r;
    if (frame_unpack(d->z, p, n, &d->content, &why) != 0) return false;
    struct cursor c = { d->content.p, d->content.p + d->content.len, false };
    while (c.p < c.end)
        if (!next_record(&c, &r) || r.kind == 0 || r.kind > 0xFFFF) return false;
    return true;
}
