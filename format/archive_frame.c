/* archive_frame.c - see archive_frame.h. */
#include "archive_frame.h"

#include <string.h>
#define XXH_STATIC_LINKING_ONLY
#define XXH_INLINE_ALL
#include <xxhash.h>

#define MAGIC_HEAD 0x184D2A52u
#define MAGIC_MEMBER 0x184D2A53u
#define MAGIC_DIRECTORY 0x184D2A54u

/* ---- what all have in common: magic, size, tag, content, checksum of tag and content ---- */

static size_t begin(struct ghost_buf *to, uint32_t magic, const char tag[8])
{
    size_t at = to->len;
    buf_u32(to, magic);
    buf_u32(to, 0);
    buf_put(to, tag, 8);
    return at;
}

static void end(struct ghost_buf *to, size_t at, size_t trailer)
{
    if (to->failed) return;
    buf_u64(to, XXH64(to->p + at + 8, to->len - at - 8, 0));
    if (!to->failed) store_le(to->p + at + 4, to->len - at - 8 + trailer, 4);
}

/* The content of a frame that fills p[0..n) but for `trailer` bytes. */
static bool content_of(const uint8_t *p, size_t n, uint32_t magic, const char tag[8], size_t trailer, struct cursor *c)
{
    if (n < 24 + trailer || load_le(p, 4) != magic || memcmp(p + 8, tag, 8) != 0) return false;
    uint64_t whole = load_le(p + 4, 4) + 8;
    if (whole > n || whole < 24 + trailer) return false;
    size_t sum_at = (size_t)whole - trailer - 8;
    *c = (struct cursor){ p + 16, p + sum_at, false };
    return load_le(p + sum_at, 8) == XXH64(p + 8, sum_at - 8, 0);
}

static struct ghost_str get_name(struct cursor *c)
{
    size_t n = get_count(c, ARCHIVE_NAME_MAX, 1);
    const uint8_t *p = get_bytes(c, n);
    return (struct ghost_str){ p ? (const char *)p : "", p ? (uint32_t)n : 0 };
}

static void put_name(struct ghost_buf *to, struct ghost_str name)
{
    if (name.len > ARCHIVE_NAME_MAX) name.len = ARCHIVE_NAME_MAX;
    buf_varint(to, name.len);
    buf_put(to, name.p, name.len);
}

bool archive_name_good(struct ghost_str name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", suffix[] = ".ghost";
    size_t end = sizeof suffix - 1;
    if (name.len <= end || name.len > ARCHIVE_NAME_MAX || name.p[0] == '.') return false;
    for (uint32_t i = 0; i < name.len; i++)
        if (!memchr(letters, name.p[i], sizeof letters - 1)) return false;
    return memcmp(name.p + name.len - end, suffix, end) == 0;
}

/* ---- the three ---- */

void archive_head_encode(struct ghost_buf *to, struct ghost_str session)
{
    size_t at = begin(to, MAGIC_HEAD, "GHOSTARC");
    buf_u16(to, ARCHIVE_VERSION);
    buf_u16(to, ARCHIVE_VERSION);
    put_name(to, session);
    end(to, at, 0);
}

bool archive_head_begins(const uint8_t p[16]) { return load_le(p, 4) == MAGIC_HEAD && memcmp(p + 8, "GHOSTARC", 8) == 0; }

bool archive_head_decode(const uint8_t *p, size_t n, struct archive_head *h)
{
    struct cursor c;
    if (!content_of(p, n, MAGIC_HEAD, "GHOSTARC", 0, &c)) return false;
    h->version = (uint32_t)get_fixed(&c, 2);
    h->oldest_reader = (uint32_t)get_fixed(&c, 2);
    h->session = get_name(&c);
    return !c.bad;
}

void archive_member_encode(struct ghost_buf *to, struct ghost_str name)
{
    size_t at = begin(to, MAGIC_MEMBER, "GHOSTMEM");
    put_name(to, name);
    end(to, at, 0);
}

bool archive_member_decode(const uint8_t *p, size_t n, struct ghost_str *name)
{
    struct cursor c;
    if (!content_of(p, n, MAGIC_MEMBER, "GHOSTMEM", 0, &c)) return false;
    *name = get_name(&c);
    return !c.bad && archive_name_good(*name);
}

void archive_directory_encode(struct ghost_buf *to, uint64_t n, const struct ghost_buf *entries)
{
    size_t at = begin(to, MAGIC_DIRECTORY, "GHOSTDIR");
    buf_varint(to, n);
    buf_put(to, entries->p, entries->len);
    end(to, at, 8);
    buf_u32(to, (uint32_t)(to->len - at + 8));
    buf_put(to, "GDIR", 4);
}

bool archive_directory_open(const uint8_t *p, size_t n, struct cursor *c)
{
    return content_of(p, n, MAGIC_DIRECTORY, "GHOSTDIR", 8, c) && load_le(p + 4, 4) + 8 == n;
}
