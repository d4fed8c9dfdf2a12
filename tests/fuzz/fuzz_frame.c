/* fuzz_frame.c - the content of one frame. zstd and its checksum would keep a
 * fuzzer away from the records, so the input is packed into a frame first. A
 * definition that decodes must encode to something that decodes to the same. */
#include <stdlib.h>
#include <zstd.h>
#include "checked_log.h"
#include "format/defcodec.h"

static int again(void *self, const struct ghost_def *d, const struct ghost_frame *f)
{
    struct ghost_buf first = { 0 }, second = { 0 }, text = { 0 };
    struct def_scratch scratch = { 0 };
    struct ghost_def back;
    const char *why;
    (void)self;
    (void)f;
    def_encode(&first, def_written_as(d->kind), d);
    if (first.failed) abort();
    struct cursor c = { first.p, first.p + first.len, false };
    uint64_t kind = get_varint(&c);
    size_t n = (size_t)get_varint(&c);
    if (kind != def_written_as(d->kind) || n != cursor_left(&c)) abort();
    if (def_decode(&scratch, (uint32_t)kind, c.p, n, &back, &why) != 0) abort();
    if (back.kind != d->kind) abort();
    def_encode(&second, def_written_as(back.kind), &back);
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
