/* fuzz_frame.c - the content of one frame. zstd and its checksum would keep a
 * fuzzer away from the records, so the input is packed into a frame first. A
 * definition that decodes must encode to something that decodes to the same. */
#include <stdlib.h>
#include <zstd.h>
#include "checked_log.h"
#include "format/defcodec.h"

static void encode_def(struct ghost_buf *b, const struct ghost_def *d)
{
    switch (d->kind) {
    case GHOST_REC_META: ghost_encode_meta(b, &d->u.meta); break;
    case GHOST_REC_FUNC: ghost_encode_func(b, &d->u.func); break;
    case GHOST_REC_TYPE: ghost_encode_type(b, &d->u.type); break;
    case GHOST_REC_SIG: ghost_encode_sig(b, &d->u.sig); break;
    case GHOST_REC_ANNOT: ghost_encode_annot(b, &d->u.annot); break;
    case GHOST_REC_TREE: ghost_encode_tree(b, &d->u.tree); break;
    case GHOST_REC_THREAD: ghost_encode_thread(b, &d->u.thread); break;
    case GHOST_REC_MARK: ghost_encode_mark(b, &d->u.mark); break;
    case GHOST_REC_NOTE: ghost_encode_note(b, &d->u.note); break;
    case GHOST_REC_CHILD: ghost_encode_child(b, &d->u.child); break;
    case GHOST_REC_LOSS: ghost_encode_loss(b, &d->u.loss); break;
    case GHOST_REC_END: ghost_encode_end(b, &d->u.end); break;
    default: abort();
    }
}

static int again(void *self, const struct ghost_def *d, const struct ghost_frame *f)
{
    struct ghost_buf first = { 0 }, second = { 0 }, text = { 0 };
    struct def_scratch scratch = { 0 };
    struct ghost_def back;
    const char *why;
    (void)self;
    (void)f;
    encode_def(&first, d);
    if (first.failed) abort();
    struct cursor c = { first.p, first.p + first.len, false };
    uint64_t kind = get_varint(&c);
    size_t n = (size_t)get_varint(&c);
    if (kind != d->kind || n != cursor_left(&c)) abort();
    if (def_decode(&scratch, (uint32_t)kind, c.p, n, &back, &why) != 0) abort();
    encode_def(&second, &back);
    if (second.len != first.len || memcmp(first.p, second.p, first.len) != 0) abort();
    def_print(&text, d);
    def_scratch_release(&scratch);
    ghost_buf_release(&first);
    ghost_buf_release(&second);
    ghost_buf_release(&text);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static ZSTD_CCtx *z;
    size_t bound = ZSTD_compressBound(size);
    uint8_t *packed = malloc(bound);
    if (!z) {
        z = ZSTD_createCCtx();
        ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
    }
    struct ghost_frame f = { packed, ZSTD_compress2(z, packed, bound, data, size), 0, false };
    struct checked_log c = { .decoder = ghost_decoder_new() };
    struct ghost_visitor v = { &c, again, checked_block, NULL };
    ghost_frame_decode(c.decoder, &f, &v, NULL);
    checked_log_release(&c);
    free(packed);
    return 0;
}
