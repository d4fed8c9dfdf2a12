/* base.h - what every file of format/ stands on: growing buffers and strings.
 * Numbers are in varint.h. */
#ifndef BASE_H
#define BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "ghost/def.h"
#include "ghost/err.h"

/* Room for `n` more bytes at the end, not yet counted in `len`; NULL (and
 * b->failed) when there is none. */
uint8_t *buf_reserve(struct ghost_buf *b, size_t n);
void buf_put(struct ghost_buf *b, const void *bytes, size_t n);
void buf_varint(struct ghost_buf *b, uint64_t v);
void buf_zigzag(struct ghost_buf *b, int64_t v);
void buf_u16(struct ghost_buf *b, uint32_t v);
void buf_u32(struct ghost_buf *b, uint32_t v);
void buf_u64(struct ghost_buf *b, uint64_t v);
/* Length and bytes of a str: what is no UTF-8 becomes '?', what is longer than
 * GHOST_STR_MAX is cut between characters and ends in "...". */
void buf_str(struct ghost_buf *b, struct ghost_str s);
/* Empties the buffer but keeps its memory. */
static inline void buf_clear(struct ghost_buf *b) { b->len = 0; b->failed = false; }

/* Makes `*p` hold at least `want` elements of `size` bytes, growing by doubling
 * (*cap counts elements). False when memory is short; *p is then as it was. */
bool array_grow(void *p, size_t *cap, size_t want, size_t size);

/* `n` bytes as hex digits and a NUL: 2 * n + 1 bytes at `out`. */
void hex_text(char *out, const uint8_t *bytes, size_t n);

/* Length of the UTF-8 character at p[0..n), surrogates allowed; 0 if none. */
unsigned utf8_char(const uint8_t *p, size_t n);
bool utf8_valid(const uint8_t *p, size_t n);

/* A map from nonzero numbers to nonzero numbers. */
struct map32 { struct { uint32_t key, value; } *at; uint32_t n, mask; };
uint32_t map32_get(const struct map32 *m, uint32_t key);                  /* 0: not there */
bool map32_put(struct map32 *m, uint32_t key, uint32_t value);            /* false: no memory */
void map32_remove(struct map32 *m, uint32_t key);
void map32_release(struct map32 *m);

/* A quick, well mixing hash of one number (multiplicative). */
static inline uint64_t hash_u64(uint64_t v)
{
    v *= 0x9E3779B97F4A7C15u;
    return v ^ v >> 32;
}

#endif
