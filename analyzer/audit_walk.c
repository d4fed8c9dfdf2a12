/* audit_walk.c - a log's bytes, from the first to the last. */
#include "audit_walk.h"

#include "format/frame.h"
#include "format/varint.h"
#include "ghost/record.h"

struct walker { const struct log_walk *w; struct ghost_buf content; ZSTD_DCtx *z; };

static void each_record(struct walker *k)
{
    struct cursor c = { k->content.p, k->content.p + k->content.len, false };
    while (c.p < c.end) {
        struct walk_record r = { .whole = c.p };
        r.kind = get_varint(&c);
        r.n = get_count(&c, CONTENT_MAX, 1);
        r.payload = get_bytes(&c, r.n);
        r.whole_n = (size_t)(c.p - r.whole);
        if (c.bad) {
            if (k->w->torn)
                k->w->torn(k->w->self, (size_t)(c.end - r.whole));
            return;
        }
        k->w->record(k->w->self, &r);
    }
}

static void data_frame(struct walker *k, uint64_t offset, const uint8_t *p, size_t n)
{
    const char *why = NULL;
    int ret = frame_unpack(k->z, p, n, &k->content, &why);
    if (k->w->frame)
        k->w->frame(k->w->self, offset, n, ret == 0 ? NULL : why);
    if (ret != 0)
        return;
    each_record(k);
    if (k->w->frame_end)
        k->w->frame_end(k->w->self);
}

/* Length of what is no frame: up to the next that can be relied on, or the end. */
static size_t find_frame(struct walker *k, const uint8_t *p, size_t n)
{
    const char *why;
    struct frame_index x;
    unsigned patience = 4096;            /* bytes that look like frames everywhere must not cost for ever */
    for (size_t at = 1; at < n && patience; at++) {
        size_t size = 0;
        enum frame_kind kind = frame_probe(p + at, n - at, &size);
        patience -= kind == FRAME_DATA;
        if ((kind == FRAME_DATA && frame_unpack(k->z, p + at, size, &k->content, &why) == 0) ||
            (kind == FRAME_SKIPPABLE && index_decode(p + at, size, &x)))
            return at;
    }
    return n;
}

int walk_log(const struct log_walk *w, const uint8_t *bytes, size_t n, struct ghost_err *err)
{
    struct walker k = { .w = w, .z = ZSTD_createDCtx() };
    if (!k.z)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory while a log was read");
    for (size_t at = 0, size; at < n; at += size) {
        enum frame_kind kind = frame_probe(bytes + at, n - at, &size);
        if (kind == FRAME_DATA) {
            data_frame(&k, at, bytes + at, size);
        } else if (kind == FRAME_SKIPPABLE) {
            if (w->skippable)
                w->skippable(w->self, at, bytes + at, size);
        } else {
            size = find_frame(&k, bytes + at, n - at);
            if (w->lost)
                w->lost(w->self, at, size, kind == FRAME_CUT && at + size == n);
        }
    }
    ZSTD_freeDCtx(k.z);
    ghost_buf_release(&k.content);
    return 0;
}
