/* column.c - time codes, both directions. */
#include "column.h"

#include "varint.h"

#define OFFSET (TIME_SHORT - 64)  /* u = delta - OFFSET, so that u starts at 64 */
#define ESCAPE_FROM (UINT64_C(7) << 19)

uint8_t *time_encode_long(uint64_t delta, uint8_t *code, uint8_t *extra)
{
    uint64_t u = delta - OFFSET;
    if (u >= ESCAPE_FROM) {
        *code = TIME_ESCAPE;
        return put_varint(extra, u);
    }
    unsigned e = 63 - (unsigned)__builtin_clzll(u);
    unsigned low_bits = e - 2, n_bytes = (low_bits + 7) / 8;
    store_le(extra, u & ((UINT64_C(1) << low_bits) - 1), n_bytes);
    *code = (uint8_t)(TIME_SHORT + 4 * (e - 6) + (u >> low_bits & 3));
    return extra + n_bytes;
}

/* What a code stands for: delta = base + the low bits of the extra bytes. */
struct code { uint32_t base, mask; uint32_t n_bytes; };

/* Row of the codes 192 + 4 (e - 6) + s, s = 0..3. */
#define CODE(e, s) { ((4u + (s)) << ((e) - 2)) + OFFSET, (1u << ((e) - 2)) - 1, ((e) - 2 + 7) / 8 }
#define CODES(e) CODE(e, 0), CODE(e, 1), CODE(e, 2), CODE(e, 3)
#define SHORT(n) { (n), 0, 0 }
#define SHORT4(n) SHORT(n), SHORT((n) + 1), SHORT((n) + 2), SHORT((n) + 3)
#define SHORT16(n) SHORT4(n), SHORT4((n) + 4), SHORT4((n) + 8), SHORT4((n) + 12)
#define SHORT64(n) SHORT16(n), SHORT16((n) + 16), SHORT16((n) + 32), SHORT16((n) + 48)
static const struct code table[256] = {
    SHORT64(0), SHORT64(64), SHORT64(128),
    CODES(6), CODES(7), CODES(8), CODES(9), CODES(10), CODES(11), CODES(12), CODES(13),
    CODES(14), CODES(15), CODES(16), CODES(17), CODES(18), CODES(19), CODES(20), CODES(21),
};
#define BYTES_MAX 3 /* extra bytes of any code but the escape */
#define CHUNK 64

/* One code with every check; -1 if the extra bytes end too early. */
static int decode_one(uint8_t code, struct cursor *extra, uint64_t *delta)
{
    if (code == TIME_ESCAPE) {
        uint64_t u = get_varint(extra);
        if (u < ESCAPE_FROM || u > TIME_TICK_MAX) return -1;
        *delta = u + OFFSET;
        return extra->bad ? -1 : 0;
    }
    const struct code *c = &table[code];
    if (cursor_left(extra) < c->n_bytes) return -1;
    *delta = c->base + (load_u32(extra->p) & c->mask);
    extra->p += c->n_bytes;
    return 0;
}

int time_decode(const uint8_t *codes, size_t n, uint64_t base,
                struct cursor *extra, uint64_t *ticks)
{
    struct cursor c = *extra;
    uint64_t t = base;
    size_t i = 0;
    if (base > TIME_TICK_MAX) return -1;
    while (i < n) {
        /* The common chunk: enough extra bytes whatever the codes are, so that
         * only the escape needs a branch. */
        while (n - i >= CHUNK && cursor_left(&c) >= CHUNK * BYTES_MAX) {
            size_t end = i + CHUNK;
            for (; i < end && codes[i] != TIME_ESCAPE; i++) {
                const struct code *k = &table[codes[i]];
                t += k->base + (load_u32(c.p) & k->mask);
                c.p += k->n_bytes;
                ticks[i] = t;
            }
            if (i < end) break;
        }
        uint64_t delta;
        if (decode_one(codes[i], &c, &delta) != 0) return -1;
        t += delta;
        if (t > TIME_TICK_MAX) return -1;
        ticks[i++] = t;
    }
    *extra = c;
    return t <= TIME_TICK_MAX ? 0 : -1;
}
