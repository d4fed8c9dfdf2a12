/* frame.h - what the bytes of a log file are made of: the header, zstd frames,
 * the index (docs/format.md, 3). */
#ifndef FRAME_H
#define FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zstd.h>
#include "base.h"

#define HEADER_BYTES 48u                   /* of this version's header, magic and size included */
#define CONTENT_MAX (16u << 20)            /* of a data frame */
#define COMPRESSED_MAX (17u << 20)

/* ---- header ---- */
struct frame_header { uint32_t version, oldest_reader; uint8_t process[16]; size_t size; uint64_t recorded; /* bytes as recorded; 0: these */ };
void header_encode(struct ghost_buf *to, const uint8_t process[16]);
/* The header of a log that was packed: it tells how large it was. */
void header_encode_packed(struct ghost_buf *to, const uint8_t process[16], uint64_t recorded);
/* False when the bytes are no intact header. */
bool header_decode(const uint8_t *p, size_t n, struct frame_header *h);

/* ---- data frames ---- */
/* Places in a frame's content where bytes of another kind begin: a new zstd block
 * with statistics of its own begins there. Only a hint; close ones are left out. */
#define CUTS_MAX 256u
struct cuts { size_t at[CUTS_MAX]; unsigned n; };
void cuts_add(struct cuts *c, size_t at);

/* Appends the compressed frame of `content` to `to`. `cuts` may be NULL. */
int frame_compress(ZSTD_CCtx *z, const struct ghost_buf *content, const struct cuts *cuts, struct ghost_buf *to, struct ghost_err *err);

enum frame_kind { FRAME_NONE, FRAME_DATA, FRAME_SKIPPABLE, FRAME_CUT };
/* What starts at p[0..n): a data frame in our sense (content size and checksum
 * present, no dictionary, within the limits) or a skippable one, whose whole size
 * goes to *size; CUT when the bytes end inside one. Only its outline is checked. */
enum frame_kind frame_probe(const uint8_t *p, size_t n, size_t *size);
/* Unpacks one data frame into `to` (replaced), with 8 zero bytes behind. On
 * failure *why says what is wrong (static text). */
int frame_unpack(ZSTD_DCtx *z, const uint8_t *p, size_t n, struct ghost_buf *to, const char **why);

/* ---- index ---- */
struct frame_index {
    uint64_t events, lost, start_real_ns, end_real_ns, n_blocks;
    const uint8_t *entries; size_t n_entries;    /* when decoded: bytes of the blocks' varints */
};
/* `entries`: the varints of the blocks, encoded as they came. */
void index_encode(struct ghost_buf *to, const struct frame_index *x, const struct ghost_buf *entries);
/* Looks at the end of a file. False when there is no intact index. */
bool index_decode(const uint8_t *file, size_t n, struct frame_index *x);

#endif
