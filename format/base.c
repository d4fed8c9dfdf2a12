/* base.c - errors, growing buffers, strings. */
#include "base.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "varint.h"

/* ---- errors ---- */

static int fail(struct ghost_err *err, int code, uint64_t offset, const char *fmt, va_list args)
{
    if (err && err->code == 0) {
        err->code = code;
        err->offset = offset;
        vsnprintf(err->msg, sizeof err->msg, fmt, args);
    }
    return code;
}

int ghost_fail(struct ghost_err *err, int code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fail(err, code, UINT64_MAX, fmt, args);
    va_end(args);
    return code;
}

int ghost_fail_at(struct ghost_err *err, int code, uint64_t offset, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fail(err, code, offset, fmt, args);
    va_end(args);
    return code;
}

static const struct { int code; const char *name, *text; } codes[] = {
#define X(name, number, text) { number, #name, text },
    GHOST_CODES(X)
#undef X
};

const char *ghost_code_name(int code)
{
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].code == code) return codes[i].name;
    return "UNKNOWN";
}

const char *ghost_code_text(int code)
{
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].code == code) return codes[i].text;
    return "an error this version has no name for";
}

/* ---- memory ---- */

bool array_grow(void *p, size_t *cap, size_t want, size_t size)
{
    void *old, *new;
    size_t n = *cap ? *cap : 16;
    if (want <= *cap) return true;
    if (want > SIZE_MAX / 2 / size) return false;
    while (n < want) n *= 2;
    memcpy(&old, p, sizeof old);          /* p points to a pointer of any type */
    new = realloc(old, n * size);
    if (!new) return false;
    memcpy(p, &new, sizeof new);
    *cap = n;
    return true;
}

uint8_t *buf_reserve(struct ghost_buf *b, size_t n)
{
    if (b->failed) return NULL;
    if (n >= SIZE_MAX - b->len || !array_grow(&b->p, &b->cap, b->len + n + 1, 1)) {
        b->failed = true;
        return NULL;
    }
    return b->p + b->len;
}

void ghost_buf_release(struct ghost_buf *b)
{
    free(b->p);
    *b = (struct ghost_buf){ 0 };
}

void buf_put(struct ghost_buf *b, const void *bytes, size_t n)
{
    uint8_t *p = buf_reserve(b, n);
    if (!p || n == 0) return;
    memcpy(p, bytes, n);
    b->len += n;
}

void buf_varint(struct ghost_buf *b, uint64_t v)
{
    uint8_t *p = buf_reserve(b, VARINT_MAX);
    if (p) b->len += (size_t)(put_varint(p, v) - p);
}

void buf_zigzag(struct ghost_buf *b, int64_t v) { buf_varint(b, zigzag(v)); }

static void buf_fixed(struct ghost_buf *b, uint64_t v, unsigned n)
{
    uint8_t *p = buf_reserve(b, n);
    if (!p) return;
    store_le(p, v, n);
    b->len += n;
}

void buf_u16(struct ghost_buf *b, uint32_t v) { buf_fixed(b, v, 2); }
void buf_u32(struct ghost_buf *b, uint32_t v) { buf_fixed(b, v, 4); }
void buf_u64(struct ghost_buf *b, uint64_t v) { buf_fixed(b, v, 8); }

/* ---- map: open addressing, linear probing ---- */

static uint32_t map32_find(const struct map32 *m, uint32_t key)
{
    uint32_t i = (uint32_t)hash_u64(key) & m->mask;
    while (m->at[i].key && m->at[i].key != key) i = (i + 1) & m->mask;
    return i;
}

uint32_t map32_get(const struct map32 *m, uint32_t key)
{
    return m->at ? m->at[map32_find(m, key)].value : 0;
}

static bool map32_grow(struct map32 *m)
{
    struct map32 new = { NULL, m->n, m->at ? 2 * m->mask + 1 : 63 };
    new.at = calloc((size_t)new.mask + 1, sizeof *new.at);
    if (!new.at) return false;
    for (uint32_t i = 0; m->at && i <= m->mask; i++)
        if (m->at[i].key) new.at[map32_find(&new, m->at[i].key)] = m->at[i];
    free(m->at);
    *m = new;
    return true;
}

bool map32_put(struct map32 *m, uint32_t key, uint32_t value)
{
    if ((!m->at || 2 * m->n >= m->mask) && !map32_grow(m)) return false;
    uint32_t i = map32_find(m, key);
    m->n += m->at[i].key == 0;
    m->at[i].key = key;
    m->at[i].value = value;
    return true;
}

/* Entries behind the gap move into it unless they would then stand before the
 * place where a search for them begins. */
void map32_remove(struct map32 *m, uint32_t key)
{
    if (!m->at) return;
    uint32_t gap = map32_find(m, key);
    if (!m->at[gap].key) return;
    for (uint32_t i = (gap + 1) & m->mask; m->at[i].key; i = (i + 1) & m->mask) {
        uint32_t home = (uint32_t)hash_u64(m->at[i].key) & m->mask;
        if (((i - home) & m->mask) < ((i - gap) & m->mask)) continue;
        m->at[gap] = m->at[i];
        gap = i;
    }
    m->at[gap].key = m->at[gap].value = 0;
    m->n--;
}

void map32_release(struct map32 *m)
{
    free(m->at);
    *m = (struct map32){ 0 };
}

/* ---- strings ---- */

/* The first byte tells the length and the range of the second; the rest are
 * continuation bytes. Surrogates (ED A0..BF) are allowed. */
unsigned utf8_char(const uint8_t *p, size_t n)
{
    static const struct { uint8_t first, last, length, low, high; } forms[] = {
        { 0x00, 0x7F, 1, 0x00, 0x00 }, { 0xC2, 0xDF, 2, 0x80, 0xBF },
        { 0xE0, 0xE0, 3, 0xA0, 0xBF }, { 0xE1, 0xEF, 3, 0x80, 0xBF },
        { 0xF0, 0xF0, 4, 0x90, 0xBF }, { 0xF1, 0xF3, 4, 0x80, 0xBF },
        { 0xF4, 0xF4, 4, 0x80, 0x8F },
    };
    for (size_t i = 0; n && i < sizeof forms / sizeof *forms; i++) {
        unsigned length = forms[i].length;
        if (p[0] < forms[i].first || p[0] > forms[i].last) continue;
        if (length > n) return 0;
        if (length > 1 && (p[1] < forms[i].low || p[1] > forms[i].high)) return 0;
        for (unsigned k = 2; k < length; k++)
            if ((p[k] & 0xC0) != 0x80) return 0;
        return length;
    }
    return 0;
}

bool utf8_valid(const uint8_t *p, size_t n)
{
    while (n) {
        unsigned length = utf8_char(p, n);
        if (length == 0) return false;
        p += length;
        n -= length;
    }
    return true;
}

void buf_str(struct ghost_buf *b, struct ghost_str s)
{
    static const char dots[3] = { '.', '.', '.' };
    const uint8_t *from = (const uint8_t *)s.p;
    uint32_t keep = s.len;
    if (keep > GHOST_STR_MAX) {
        keep = GHOST_STR_MAX - sizeof dots;
        while (keep && (from[keep] & 0xC0) == 0x80 && GHOST_STR_MAX - keep < 8) keep--;
    }
    bool cut = keep < s.len;
    buf_varint(b, keep + (cut ? sizeof dots : 0));
    uint8_t *to = buf_reserve(b, keep);
    if (!to) return;
    for (uint32_t i = 0; i < keep;) {
        unsigned length = utf8_char(from + i, keep - i);
        if (length) memcpy(to + i, from + i, length);
        else to[i] = '?', length = 1;
        i += length;
    }
    b->len += keep;
    if (cut) buf_put(b, dots, sizeof dots);
}

void hex_text(char *out, const uint8_t *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = '\0';
}
