/* varint.h - numbers in a log: little-endian and LEB128, bounds-checked.
 *
 * A cursor that was asked for more than it has, or met an over-long number,
 * turns `bad` and gives zeros from then on, so that a reader checks once after
 * a group of fields. */
#ifndef VARINT_H
#define VARINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define VARINT_MAX 10 /* bytes of the longest */

struct cursor { const uint8_t *p, *end; bool bad; };

static inline size_t cursor_left(const struct cursor *c) { return (size_t)(c->end - c->p); }

/* `n` bytes of the input, or NULL. */
static inline const uint8_t *get_bytes(struct cursor *c, size_t n)
{
    if (c->bad || cursor_left(c) < n) {
        c->bad = true;
        return NULL;
    }
    const uint8_t *p = c->p;
    c->p += n;
    return p;
}

static inline uint64_t load_le(const uint8_t *p, unsigned n)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < n; i++) v |= (uint64_t)p[i] << 8 * i;
    return v;
}

/* The same for four bytes where it matters: compilers do not see the pattern in
 * a loop. */
static inline uint32_t load_u32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap32(v);
#endif
    return v;
}

static inline void store_le(uint8_t *p, uint64_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++) p[i] = (uint8_t)(v >> 8 * i);
}

static inline void store_u16(uint8_t *p, uint16_t v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap16(v);
#endif
    memcpy(p, &v, sizeof v);
}

static inline uint64_t get_fixed(struct cursor *c, unsigned n)
{
    const uint8_t *p = get_bytes(c, n);
    return p ? load_le(p, n) : 0;
}

static inline uint64_t get_varint(struct cursor *c)
{
    uint64_t v = 0;
    unsigned shift = 0;
    while (!c->bad && c->p < c->end) {
        uint8_t byte = *c->p++;
        if (shift == 63 && byte > 1) break;            /* above 2^64 - 1 */
        v |= (uint64_t)(byte & 127) << shift;
        if (!(byte & 128)) {
            if (byte == 0 && shift != 0) break;        /* over-long */
            return v;
        }
        shift += 7;
        if (shift > 63) break;
    }
    c->bad = true;
    return 0;
}

/* A number that must not be above `max`. */
static inline uint64_t get_max(struct cursor *c, uint64_t max)
{
    uint64_t v = get_varint(c);
    if (v <= max) return v;
    c->bad = true;
    return 0;
}

/* How many elements follow, each of which takes at least `least` bytes: so a
 * count is never believed beyond the bytes left. */
static inline size_t get_count(struct cursor *c, uint64_t max, size_t least)
{
    uint64_t n = get_max(c, max);
    if (n <= cursor_left(c) / least) return (size_t)n;
    c->bad = true;
    return 0;
}

static inline int64_t get_zigzag(struct cursor *c)
{
    uint64_t v = get_varint(c);
    return (int64_t)(v >> 1 ^ (0 - (v & 1)));
}

/* Stores `v` at `p` (room for VARINT_MAX bytes) and returns what is behind. */
static inline uint8_t *put_varint(uint8_t *p, uint64_t v)
{
    while (v >= 128) {
        *p++ = (uint8_t)(v | 128);
        v >>= 7;
    }
    *p++ = (uint8_t)v;
    return p;
}

static inline uint64_t zigzag(int64_t v) { return (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0); }

#endif
