/* json.c - streaming JSON writer. */
#include "json.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void json_begin(struct json *j, FILE *f)
{
    *j = (struct json){ .f = f };
}

void json_end(struct json *j)
{
    fputc('\n', j->f);
}

/* Length of the UTF-8 sequence at p, its code point in *c; 0 when it is none.
 * Surrogates are taken: names in Python may hold lone ones. */
static unsigned decode(const unsigned char *p, size_t n, uint32_t *c)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    unsigned len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
    if (len == 0 || len > n)
        return 0;
    *c = len == 1 ? p[0] : p[0] & (0x7fu >> len);
    for (unsigned i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        *c = *c << 6 | (p[i] & 0x3f);
    }
    return *c < least[len] || *c > 0x10ffff ? 0 : len;
}

static void put_char(FILE *f, const unsigned char *p, unsigned len, uint32_t c)
{
    if (c == '"' || c == '\\')
        fprintf(f, "\\%c", (int)c);
    else if (c == '\n')
        fputs("\\n", f);
    else if (c == '\t')
        fputs("\\t", f);
    else if (c < 0x20 || c == 0x7f || (c >= 0xd800 && c < 0xe000))
        fprintf(f, "\\u%04x", c);
    else
        fwrite(p, 1, len, f);
}

/* Bytes that stand for themselves. */
static bool is_plain(unsigned char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

static void put_string(FILE *f, struct ghost_str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    putc_unlocked('"', f);
    for (size_t i = 0; i < s.len;) {
        size_t run = i;
        while (run < s.len && is_plain(p[run]))
            run++;
        fwrite(p + i, 1, run - i, f);
        if ((i = run) == s.len)
            break;
        uint32_t c = 0xfffd;
        unsigned len = decode(p + i, s.len - i, &c);
        if (len)
            put_char(f, p + i, len, c);
        else
            fputs("\\ufffd", f);
        i += len ? len : 1;
    }
    putc_unlocked('"', f);
}

static void indent(struct json *j)
{
    static const char blanks[] = "                                                                ";
    fwrite(blanks, 1, 2 * j->depth, j->f);
}

static void item(struct json *j, const char *key, const struct ghost_str *str_key)
{
    if (j->depth == 0)
        return;
    if (j->compact) {
        fputs(j->filled[j->depth] ? ", " : "", j->f);
    } else {
        fputs(j->filled[j->depth] ? ",\n" : "\n", j->f);
        indent(j);
    }
    j->filled[j->depth] = true;
    if (!key && !str_key)
        return;
    put_string(j->f, str_key ? *str_key : (struct ghost_str){ key, (uint32_t)strlen(key) });
    fputs(": ", j->f);
}

static void enter(struct json *j, char bracket)
{
    fputc(bracket, j->f);
    j->filled[++j->depth] = false;
}

void json_object(struct json *j, const char *key)
{
    item(j, key, NULL);
    enter(j, '{');
}

void json_object_str(struct json *j, struct ghost_str key)
{
    item(j, NULL, &key);
    enter(j, '{');
}

void json_array(struct json *j, const char *key)
{
    item(j, key, NULL);
    enter(j, '[');
}

void json_close(struct json *j, char bracket)
{
    bool filled = j->filled[j->depth--];
    if (filled && !j->compact) {
        putc_unlocked('\n', j->f);
        indent(j);
    }
    fputc(bracket, j->f);
}

void json_str(struct json *j, const char *key, struct ghost_str value)
{
    item(j, key, NULL);
    put_string(j->f, value);
}

void json_text(struct json *j, const char *key, const char *value)
{
    if (value)
        json_str(j, key, (struct ghost_str){ value, (uint32_t)strlen(value) });
    else
        json_null(j, key);
}

void json_count(struct json *j, const char *key, uint64_t value)
{
    item(j, key, NULL);
    fprintf(j->f, "%" PRIu64, value);
}

void json_int(struct json *j, const char *key, int64_t value)
{
    item(j, key, NULL);
    fprintf(j->f, "%" PRId64, value);
}

void json_count_str(struct json *j, struct ghost_str key, uint64_t value)
{
    item(j, NULL, &key);
    fprintf(j->f, "%" PRIu64, value);
}

void json_real(struct json *j, const char *key, double value)
{
    char text[40];
    item(j, key, NULL);
    format_real(text, value);
    fputs(text, j->f);
}

void json_bool(struct json *j, const char *key, bool value)
{
    item(j, key, NULL);
    fputs(value ? "true" : "false", j->f);
}

void json_null(struct json *j, const char *key)
{
    item(j, key, NULL);
    fputs("null", j->f);
}

/* Shortest digits that read back as the same value, in Python's notation. */
void format_real(char out[40], double value)
{
    int precision = 15, exponent = 0;
    if (!isfinite(value))
        value = 0;
    do
        snprintf(out, 40, "%.*e", precision - 1, value);
    while (strtod(out, NULL) != value && ++precision <= 17);
    char *e = strchr(out, 'e');
    for (const char *digit = e - 1; *digit == '0' && precision > 1; digit--)
        precision--;
    if (value != 0)
        exponent = (int)strtol(e + 1, NULL, 10);
    int decimals = precision - 1 - exponent;
    if (exponent < -4 || exponent >= 16)
        snprintf(out, 40, "%.*e", precision - 1, value);
    else
        snprintf(out, 40, "%.*f", decimals > 1 ? decimals : 1, value);
}
