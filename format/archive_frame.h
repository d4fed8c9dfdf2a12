/* archive_frame.h - the skippable frames that make logs an archive
 * (docs/format.md, 9): head, one in front of each log, directory. */
#ifndef ARCHIVE_FRAME_H
#define ARCHIVE_FRAME_H

#include "base.h"
#include "varint.h"

#define ARCHIVE_VERSION 1
#define ARCHIVE_NAME_MAX 200u
#define ARCHIVE_HEAD_MAX 512u

/* A log's name: letters, digits and "-_.", not beginning with a dot, ending in ".ghost":
 * as a file's name it stays in its folder. */
bool archive_name_good(struct ghost_str name);

struct archive_head { uint32_t version, oldest_reader; struct ghost_str session; };
void archive_head_encode(struct ghost_buf *to, struct ghost_str session);
bool archive_head_begins(const uint8_t p[16]);
/* False when the bytes are no intact head. The session points into them. */
bool archive_head_decode(const uint8_t *p, size_t n, struct archive_head *h);

/* In front of each log. Decoding: false when p[0..n) is no intact one. */
void archive_member_encode(struct ghost_buf *to, struct ghost_str name);
bool archive_member_decode(const uint8_t *p, size_t n, struct ghost_str *name);

/* `entries`: for each log, in file order: varint bytes between the end of the log
 * before (first: the file's begin) and this one, varint its bytes, str its name. */
void archive_directory_encode(struct ghost_buf *to, uint64_t n, const struct ghost_buf *entries);
/* The cursor then stands at the number of entries. */
bool archive_directory_open(const uint8_t *p, size_t n, struct cursor *c);

#endif
