/* term.c - terminals and human-readable figures. */
#include "term.h"

#include <inttypes.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

unsigned term_width(FILE *f)
{
    const char *columns = getenv("COLUMNS");
    unsigned long n = columns ? strtoul(columns, NULL, 10) : 0;
    struct winsize size;
    if (n > 0 && n < 10000)
        return (unsigned)n;
    if (isatty(fileno(f)))
        return ioctl(fileno(f), TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
    return 0;
}

bool term_color(FILE *f)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(fileno(f)) && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}

/* The C locale says nothing about the terminal; all of today's are UTF-8. */
bool term_unicode(void)
{
    const char *name = setlocale(LC_CTYPE, NULL), *codeset = nl_langinfo(CODESET);
    return !name || strcmp(name, "C") == 0 || strcmp(name, "POSIX") == 0 || strcmp(codeset, "UTF-8") == 0;
}

/* ---- text ---- */

/* Columns of a code point, by the tables of a UTF-8 locale; -1: not printable. */
static int columns_of(uint32_t c)
{
    static locale_t utf8;
    if (c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0xd800 && c < 0xe000))
        return -1;
    if (c < 0x7f)
        return 1;
    if (!utf8)
        utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (!utf8)
        return 1;
    locale_t before = uselocale(utf8);
    int width = wcwidth((wchar_t)c);
    uselocale(before);
    return width;
}

static unsigned next_char(const unsigned char *p, size_t n, uint32_t *c)
{
    unsigned len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
    *c = 0;
    if (len == 0 || len > n)
        return 1;
    uint32_t value = len == 1 ? p[0] : p[0] & (0x7fu >> len);
    for (unsigned i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 1;
        value = value << 6 | (p[i] & 0x3f);
    }
    *c = value;
    return len;
}

unsigned text_width(struct ghost_str s)
{
    unsigned width = 0;
    uint32_t c;
    for (size_t i = 0; i < s.len;) {
        i += next_char((const unsigned char *)s.p + i, s.len - i, &c);
        int w = columns_of(c);
        width += w < 0 ? 1 : (unsigned)w;
    }
    return width;
}

unsigned text_put(FILE *f, struct ghost_str s, unsigned width)
{
    bool unicode = term_unicode();
    const char *ellipsis = unicode ? "…" : "...";
    unsigned dots = unicode ? 1 : 3, used = 0;
    bool fits = text_width(s) <= width;
    uint32_t c;
    for (size_t i = 0; i < s.len;) {
        unsigned len = next_char((const unsigned char *)s.p + i, s.len - i, &c);
        int w = columns_of(c);
        unsigned take = w < 0 ? 1 : (unsigned)w;
        if (!fits && used + take + dots > width)
            break;
        if (w < 0 || (c > 0x7e && !unicode))
            fputc('?', f);
        else
            fwrite(s.p + i, 1, len, f);
        used += take;
        i += len;
    }
    if (!fits && used + dots <= width) {
        fputs(ellipsis, f);
        used += dots;
    }
    return used;
}

unsigned text_put_end(FILE *f, struct ghost_str s, unsigned width)
{
    unsigned dots = term_unicode() ? 1 : 3, rest = text_width(s);
    uint32_t c;
    if (rest <= width || width < dots)
        return text_put(f, s, width);
    while (s.len && rest + dots > width) {
        unsigned len = next_char((const unsigned char *)s.p, s.len, &c);
        int w = columns_of(c);
        rest -= w < 0 ? 1 : (unsigned)w;
        s.p += len;
        s.len -= len;
    }
    fputs(dots == 1 ? "…" : "...", f);
    return dots + text_put(f, s, UINT_MAX);
}

/* ---- figures ---- */

const char *human_ns(char out[HUMAN], double ns)
{
    const char *micro = term_unicode() ? "µs" : "us";
    if (ns < 0.5)
        snprintf(out, HUMAN, "<1%s", micro);
    else if (ns < 999.5)
        snprintf(out, HUMAN, "%.0fns", ns);
    else if (ns < 999950)
        snprintf(out, HUMAN, "%.1f%s", ns / 1e3, micro);
    else if (ns < 999995e3)
        snprintf(out, HUMAN, "%.2fms", ns / 1e6);
    else
        snprintf(out, HUMAN, "%.3fs", ns / 1e9);
    return out;
}

const char *human_count(char out[HUMAN], uint64_t n)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%" PRIu64, n), o = 0;
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            out[o++] = ',';
        out[o++] = digits[i];
    }
    out[o] = '\0';
    return out;
}

const char *human_bytes(char out[HUMAN], uint64_t n)
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
    double value = (double)n;
    unsigned unit = 0;
    for (; value >= 999.5 && unit < 4; unit++)
        value /= 1000;
    snprintf(out, HUMAN, unit && value < 99.95 ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return out;
}

const char *human_share(char out[HUMAN], uint64_t n, uint64_t of)
{
    double percent = of ? 100.0 * (double)n / (double)of : 0;
    if (n == 0)
        snprintf(out, HUMAN, "0%%");
    else if (percent < 0.1)
        snprintf(out, HUMAN, "<0.1%%");
    else if (percent < 0.95)
        snprintf(out, HUMAN, "%.1f%%", percent);
    else if (n < of && percent >= 99.5)
        snprintf(out, HUMAN, ">99%%");
    else
        snprintf(out, HUMAN, "%.0f%%", percent);
    return out;
}

const char *human_time(char out[HUMAN], uint64_t real_ns)
{
    time_t seconds = (time_t)(real_ns / 1000000000);
    struct tm tm;
    if (!real_ns || !localtime_r(&seconds, &tm) || !strftime(out, HUMAN, "%Y-%m-%d %H:%M:%S", &tm))
        snprintf(out, HUMAN, "-");
    return out;
}

const char *human_span(char out[HUMAN], uint64_t ns)
{
    uint64_t s = ns / 1000000000;
    if (s < 1)
        snprintf(out, HUMAN, "%" PRIu64 " ms", ns / 1000000);
    else if (s < 60)
        snprintf(out, HUMAN, "%.1f s", (double)ns / 1e9);
    else if (s < 3600)
        snprintf(out, HUMAN, "%" PRIu64 " min %02" PRIu64 " s", s / 60, s % 60);
    else
        snprintf(out, HUMAN, "%" PRIu64 " h %02" PRIu64 " min", s / 3600, s / 60 % 60);
    return out;
}
