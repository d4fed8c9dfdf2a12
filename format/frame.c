/* frame.c - header, zstd frames, index. */
#include "frame.h"

#include <string.h>
#define XXH_STATIC_LINKING_ONLY
#define XXH_INLINE_ALL
#include <xxhash.h>
#include "ghost/version.h"
#include "varint.h"

#define MAGIC_HEADER 0x184D2A50u
#define MAGIC_INDEX 0x184D2A51u
#define MAGIC_DATA 0xFD2FB528u
#define SKIPPABLE_MASK 0xFFFFFFF0u        /* sixteen magics are skippable frames */
#define INDEX_FIXED 56u                   /* bytes in front of the block entries */
#define INDEX_TAIL 16u                    /* checksum, size, GIDX */
#define PACKED_BYTES 16u                  /* more in the header of a packed log */
#define CUT_LEAST 1024u                   /* bytes between two cuts */
#define CUT_COST 16u                      /* bytes that one more zstd block may cost at most */

/* ---- header ---- */

static void put_header(struct ghost_buf *to, const uint8_t process[16], uint32_t more)
{
    size_t at = to->len;
    buf_u32(to, MAGIC_HEADER);
    buf_u32(to, HEADER_BYTES - 8 + more);
    buf_put(to, "GHOSTLOG", 8);
    buf_u16(to, GHOST_LOG_VERSION);
    buf_u16(to, GHOST_LOG_VERSION);       /* the oldest reader: no newer field has a meaning it must know */
    buf_u32(to, 0);
    buf_put(to, process, 16);
    if (!to->failed) buf_u64(to, XXH64(to->p + at + 8, 32, 0));
}

void header_encode(struct ghost_buf *to, const uint8_t process[16]) { put_header(to, process, 0); }

void header_encode_packed(struct ghost_buf *to, const uint8_t process[16], uint64_t recorded)
{
    uint8_t bytes[8];
    put_header(to, process, PACKED_BYTES);
    store_le(bytes, recorded, 8);
    buf_put(to, bytes, 8);
    buf_u64(to, XXH64(bytes, 8, 0));
}

bool header_decode(const uint8_t *p, size_t n, struct frame_header *h)
{
    if (n < HEADER_BYTES || load_le(p, 4) != MAGIC_HEADER || memcmp(p + 8, "GHOSTLOG", 8) != 0) return false;
    uint64_t size = load_le(p + 4, 4) + 8;
    if (size < HEADER_BYTES || size > n) return false;
    if (load_le(p + 40, 8) != XXH64(p + 8, 32, 0)) return false;
    h->version = (uint32_t)load_le(p + 16, 2);
    h->oldest_reader = (uint32_t)load_le(p + 18, 2);
    memcpy(h->process, p + 24, 16);
    h->size = (size_t)size;
    h->recorded = 0;
    if (size >= HEADER_BYTES + PACKED_BYTES && load_le(p + 56, 8) == XXH64(p + 48, 8, 0)) h->recorded = load_le(p + 48, 8);
    return true;
}

/* ---- data frames ---- */

void cuts_add(struct cuts *c, size_t at)
{
    size_t before = c->n ? c->at[c->n - 1] : 0;
    if (at >= before + CUT_LEAST && c->n < CUTS_MAX) c->at[c->n++] = at;
}

/* A call for each piece; there is room for all. Returns the size or an error of zstd. */
static size_t compress_pieces(ZSTD_CCtx *z, const struct ghost_buf *content, const struct cuts *cuts, uint8_t *to, size_t room)
{
    ZSTD_inBuffer in = { content->p, 0, 0 };
    ZSTD_outBuffer out = { to, room, 0 };
    size_t left = ZSTD_CCtx_setPledgedSrcSize(z, content->len);
    for (unsigned i = 0; i <= cuts->n && !ZSTD_isError(left); i++) {
        in.size = i < cuts->n ? cuts->at[i] : content->len;
        left = ZSTD_compressStream2(z, &out, &in, i < cuts->n ? ZSTD_e_flush : ZSTD_e_end);
    }
    ZSTD_CCtx_reset(z, ZSTD_reset_session_only);
    return ZSTD_isError(left) ? left : out.pos;
}

int frame_compress(ZSTD_CCtx *z, const struct ghost_buf *content, const struct cuts *cuts, struct ghost_buf *to, struct ghost_err *err)
{
    if (content->failed) return ghost_fail(err, GHOST_E_NOMEM, "out of memory while a block of the log was put together");
    if (content->len > CONTENT_MAX)
        return ghost_fail(err, GHOST_E_LIMIT, "a frame of %zu bytes is above the log format's limit of %u", content->len, CONTENT_MAX);
    bool pieces = cuts && cuts->n;
    size_t bound = ZSTD_compressBound(content->len) + (pieces ? cuts->n * CUT_COST : 0);
    uint8_t *p = buf_reserve(to, bound);
    if (!p) return ghost_fail(err, GHOST_E_NOMEM, "out of memory while a block of the log was compressed");
    size_t n = pieces ? compress_pieces(z, content, cuts, p, bound) : ZSTD_compress2(z, p, bound, content->p, content->len);
    if (ZSTD_isError(n)) return ghost_fail(err, GHOST_E_NOMEM, "a block of the log could not be compressed: %s", ZSTD_getErrorName(n));
    to->len += n;
    return 0;
}

enum frame_kind frame_probe(const uint8_t *p, size_t n, size_t *size)
{
    uint32_t magic = n >= 4 ? (uint32_t)load_le(p, 4) : 0;
    if (n < 4) {
        static const uint8_t data[4] = { 0x28, 0xB5, 0x2F, 0xFD }, header[4] = { 0x50, 0x2A, 0x4D, 0x18 };
        bool prefix = n && (memcmp(p, data, n) == 0 || ((p[0] & 0xF0) == 0x50 && memcmp(p + 1, header + 1, n - 1) == 0));
        return prefix ? FRAME_CUT : FRAME_NONE;
    }
    if ((magic & SKIPPABLE_MASK) == MAGIC_HEADER) {
        if (n < 8) return FRAME_CUT;
        uint64_t whole = load_le(p + 4, 4) + 8;
        *size = (size_t)whole;
        return whole > n ? FRAME_CUT : FRAME_SKIPPABLE;
    }
    if (magic != MAGIC_DATA) return FRAME_NONE;
    if (n < 5) return FRAME_CUT;
    /* The frame's descriptor: checksum in bit 2, reserved bit 3, dictionary in bits 0 and 1. */
    if ((p[4] & 0x0F) != 0x04) return FRAME_NONE;
    unsigned long long content = ZSTD_getFrameContentSize(p, n);
    if (content == ZSTD_CONTENTSIZE_UNKNOWN || content == ZSTD_CONTENTSIZE_ERROR) return n < 18 ? FRAME_CUT : FRAME_NONE;
    if (content > CONTENT_MAX) return FRAME_NONE;
    size_t whole = ZSTD_findFrameCompressedSize(p, n < COMPRESSED_MAX ? n : COMPRESSED_MAX);
    if (!ZSTD_isError(whole)) {
        *size = whole;
        return FRAME_DATA;
    }
    /* Too short to hold its own blocks, or nonsense: the bytes left decide. */
    return n < COMPRESSED_MAX ? FRAME_CUT : FRAME_NONE;
}

int frame_unpack(ZSTD_DCtx *z, const uint8_t *p, size_t n, struct ghost_buf *to, const char **why)
{
    size_t whole = 0;
    if (frame_probe(p, n, &whole) != FRAME_DATA || whole != n) {
        *why = "no zstd frame with checksum and content size";
        return GHOST_E_CORRUPT;
    }
    size_t content = (size_t)ZSTD_getFrameContentSize(p, n);
    buf_clear(to);
    if (!buf_reserve(to, content + 8)) {
        to->failed = false;
        *why = "too little memory for its content";
        return GHOST_E_NOMEM;
    }
    size_t got = ZSTD_decompressDCtx(z, to->p, content, p, n);
    if (ZSTD_isError(got) || got != content) {
        *why = ZSTD_isError(got) ? ZSTD_getErrorName(got) : "shorter than it says";
        return GHOST_E_CORRUPT;
    }
    memset(to->p + content, 0, 8);
    to->len = content;
    return 0;
}

/* ---- index ---- */

void index_encode(struct ghost_buf *to, const struct frame_index *x, const struct ghost_buf *entries)
{
    size_t at = to->len, whole = INDEX_FIXED + entries->len + INDEX_TAIL;
    buf_u32(to, MAGIC_INDEX);
    buf_u32(to, (uint32_t)whole - 8);
    buf_put(to, "GHOSTIDX", 8);
    buf_u64(to, x->events);
    buf_u64(to, x->lost);
    buf_u64(to, x->start_real_ns);
    buf_u64(to, x->end_real_ns);
    buf_u64(to, x->n_blocks);
    buf_put(to, entries->p, entries->len);
    if (to->failed) return;
    buf_u64(to, XXH64(to->p + at + 8, to->len - at - 8, 0));
    buf_u32(to, (uint32_t)whole);
    buf_put(to, "GIDX", 4);
}

bool index_decode(const uint8_t *file, size_t n, struct frame_index *x)
{
    if (n < INDEX_FIXED + INDEX_TAIL || memcmp(file + n - 4, "GIDX", 4) != 0) return false;
    size_t whole = (size_t)load_le(file + n - 8, 4);
    if (whole < INDEX_FIXED + INDEX_TAIL || whole > n) return false;
    const uint8_t *p = file + n - whole;
    if (load_le(p, 4) != MAGIC_INDEX || load_le(p + 4, 4) != whole - 8 || memcmp(p + 8, "GHOSTIDX", 8) != 0) return false;
    if (load_le(file + n - INDEX_TAIL, 8) != XXH64(p + 8, whole - 8 - INDEX_TAIL, 0)) return false;
    x->events = load_le(p + 16, 8);
    x->lost = load_le(p + 24, 8);
    x->start_real_ns = load_le(p + 32, 8);
    x->end_real_ns = load_le(p + 40, 8);
    x->n_blocks = load_le(p + 48, 8);
    x->entries = p + INDEX_FIXED;
    x->n_entries = whole - INDEX_FIXED - INDEX_TAIL;
    return true;
}
