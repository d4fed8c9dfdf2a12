/* plain.c - which characters are harmless. */
#include "plain.h"

#include <stdint.h>
#include <string.h>

#include "format/base.h"

static uint32_t code_point(const unsigned char *p, size_t len)
{
    static const unsigned char first[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    uint32_t c = p[0] & first[len];
    for (size_t i = 1; i < len; i++)
        c = c << 6 | (p[i] & 0x3f);
    return c;
}

/* Controls, lone surrogates; what turns text round, joins or hides; ends of lines that are no '\n'; tags. */
static const struct { uint32_t from, to; } harmful[] = {
    { 0, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad }, { 0x61c, 0x61c }, { 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0xd800, 0xdfff },
    { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe007f },
};

bool plain_char(const char *p, size_t n, size_t *len)
{
    size_t bytes = utf8_char((const uint8_t *)p, n);
    *len = bytes ? bytes : 1;
    if (!bytes)
        return false;
    uint32_t c = code_point((const unsigned char *)p, bytes);
    for (size_t i = 0; i < sizeof harmful / sizeof *harmful; i++)
        if (c >= harmful[i].from && c <= harmful[i].to)
            return false;
    return true;
}

void plain_text_in_place(char *text)
{
    size_t n = strlen(text), len;
    for (size_t i = 0; i < n; i += len)
        if (!plain_char(text + i, n - i, &len))
            memset(text + i, '?', len);
}
