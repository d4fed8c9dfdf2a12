/* when.c - dates, seconds and spans to nanoseconds, without a rounding error. */
#include "when.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "overview.h"

#define SECOND UINT64_C(1000000000)

static const struct unit { const char *name; uint64_t ns; } units[] = {
    { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", SECOND }, { "m", 60 * SECOND }, { "h", 3600 * SECOND }, { "d", 86400 * SECOND },
};

/* Digits at *p, as a number below the limit. */
static bool read_number(const char **p, uint64_t limit, uint64_t *out)
{
    uint64_t n = 0;
    if (!isdigit((unsigned char)**p))
        return false;
    for (; isdigit((unsigned char)**p); ++*p) {
        uint64_t digit = (uint64_t)(**p - '0');
        if (n > (limit - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    *out = n;
    return true;
}

/* ".25" of a unit; nothing there is 0. Digits below a nanosecond are dropped. */
static bool read_fraction(const char **p, uint64_t unit, uint64_t *out)
{
    uint64_t rest = unit;
    *out = 0;
    if (**p != '.' && **p != ',')
        return true;
    if (!isdigit((unsigned char)*++*p))
        return false;
    for (uint64_t sum = 0, scale = 1; isdigit((unsigned char)**p); ++*p) {
        if (scale > unit)
            continue;
        sum = sum * 10 + (uint64_t)(**p - '0');
        scale *= 10;
        rest = (uint64_t)((unsigned __int128)unit * sum / scale);
        *out = rest;
    }
    return true;
}

/* "1m30s", "2.5", "250ms": at least one number, each but a lone one with its unit. */
static bool read_span(const char *p, uint64_t *out)
{
    uint64_t sum = 0;
    for (bool first = true; first || *p; first = false) {
        const char *number = p;
        uint64_t whole, part;
        size_t letters = 0;
        const struct unit *unit = &units[3];
        if (!read_number(&p, UINT32_MAX, &whole))
            return false;
        for (; *p == '.' || isdigit((unsigned char)*p); p++)
            ;
        while (isalpha((unsigned char)p[letters]))
            letters++;
        if (letters || !first || *p) {
            for (unit = units; unit < units + sizeof units / sizeof *units; unit++)
                if (strlen(unit->name) == letters && strncmp(unit->name, p, letters) == 0)
                    break;
            if (unit == units + sizeof units / sizeof *units)
                return false;
        }
        for (; isdigit((unsigned char)*number); number++)
            ;
        if (whole > UINT64_MAX / 4 / unit->ns || !read_fraction(&number, unit->ns, &part) || number != p)
            return false;
        sum += whole * unit->ns + part;
        if (sum > UINT64_MAX / 4)
            return false;
        p += letters;
    }
    *out = sum;
    return true;
}

/* "Z", "+01:00", "-0530", or nothing: local time. Minutes east of Greenwich. */
static bool read_zone(const char **p, bool *local, int *east)
{
    uint64_t hours, minutes = 0;
    *local = **p == '\0';
    *east = 0;
    if (*local || ((**p == 'Z' || **p == 'z') && ++*p))
        return true;
    int sign = **p == '+' ? 1 : **p == '-' ? -1 : 0;
    if (!sign || strspn(*p + 1, "0123456789") < 2)
        return false;
    hours = (uint64_t)((*p)[1] - '0') * 10 + (uint64_t)((*p)[2] - '0');
    *p += 3;
    *p += **p == ':';
    if (**p && !read_number(p, 59, &minutes))
        return false;
    *east = sign * (int)(hours * 60 + minutes);
    return hours <= 14;
}

/* The two or four digits of a part of a date, behind its separator. */
static bool read_part(const char **p, char before, int least, int most, int *out)
{
    uint64_t n;
    if (before && *(*p)++ != before)
        return false;
    const char *start = *p;
    if (!read_number(p, 9999, &n) || *p - start != (most > 99 ? 4 : 2))
        return false;
    *out = (int)n;
    return *out >= least && *out <= most;
}

/* Noon of the 31st of February is not a moment. */
static bool seconds_of(struct tm tm, bool local, int east, time_t *out)
{
    struct tm back = tm;
    back.tm_isdst = -1;
    *out = local ? mktime(&back) : timegm(&back);
    if (back.tm_mday != tm.tm_mday || back.tm_mon != tm.tm_mon || *out < 0)
        return false;
    *out -= east * 60;
    return *out >= 0;
}

static bool read_date(const char *p, uint64_t *out)
{
    struct tm tm = { 0 };
    uint64_t part = 0;
    bool local;
    int east, year, month;
    time_t seconds;
    if (!read_part(&p, 0, 1970, 2400, &year) || !read_part(&p, '-', 1, 12, &month) || !read_part(&p, '-', 1, 31, &tm.tm_mday))
        return false;
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    if (*p == 'T' || *p == 't' || *p == ' ') {
        p++;
        if (!read_part(&p, 0, 0, 23, &tm.tm_hour) || !read_part(&p, ':', 0, 59, &tm.tm_min))
            return false;
        if (*p == ':' && (!read_part(&p, ':', 0, 60, &tm.tm_sec) || !read_fraction(&p, SECOND, &part)))
            return false;
    }
    if (!read_zone(&p, &local, &east) || *p || !seconds_of(tm, local, east, &seconds))
        return false;
    *out = (uint64_t)seconds * SECOND + part;
    return true;
}

static bool read_seconds(const char *p, uint64_t *out)
{
    uint64_t whole, part;
    if (!read_number(&p, UINT64_MAX / SECOND - 1, &whole) || !read_fraction(&p, SECOND, &part) || *p)
        return false;
    *out = whole * SECOND + part;
    return true;
}

int when_parse(const char *text, const char *option, struct when *out, struct ghost_err *err)
{
    bool ok;
    *out = (struct when){ 0 };
    if (!text)
        return 0;
    if (*text == '+' || *text == '-') {
        out->kind = *text == '+' ? WHEN_AFTER_START : WHEN_BEFORE_END;
        ok = read_span(text + 1, &out->ns);
    } else {
        out->kind = WHEN_REAL;
        ok = read_date(text, &out->ns) || read_seconds(text, &out->ns);
    }
    if (ok)
        return 0;
    return ghost_fail(err, GHOST_E_USAGE, "--%s: '%s' is no time. Write 2026-11-21T12:04:05 (local time; Z or +01:00 behind it for another "
                      "zone), seconds since 1970 such as 1795274757.5, or +10s, +2m30s after the beginning of the session, "
                      "--%s=-30s before its end", option, text, option);
}

uint64_t when_real(const struct when *w, uint64_t start_real, uint64_t end_real)
{
    switch (w->kind) {
    case WHEN_NONE: return 0;
    case WHEN_REAL: return w->ns;
    case WHEN_AFTER_START: return start_real + w->ns;
    case WHEN_BEFORE_END: return end_real > w->ns ? end_real - w->ns : 0;
    }
    return 0;
}

static uint64_t now_real(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

static bool is_relative(const struct when *w) { return w->kind == WHEN_AFTER_START || w->kind == WHEN_BEFORE_END; }

int when_range(const struct session *s, const char *from_text, const char *to_text, uint64_t *from, uint64_t *to, struct ghost_err *err)
{
    struct when first, end;
    struct overview o = { 0 };
    int ret = when_parse(from_text, "from", &first, err);
    if (ret == 0)
        ret = when_parse(to_text, "to", &end, err);
    if (ret == 0 && (is_relative(&first) || is_relative(&end)))
        ret = overview_read(&o, s, err);
    if (ret < 0)
        return ret;
    uint64_t last = o.events_partial ? now_real() : o.end_real;
    *from = when_real(&first, o.start_real, last);
    *to = when_real(&end, o.start_real, last);
    if (first.kind != WHEN_NONE && *from == 0)
        *from = 1; /* asked for, if from the beginning of time: 0 says that it was not */
    overview_release(&o);
    if (end.kind != WHEN_NONE && *to <= *from)
        return ghost_fail(err, GHOST_E_USAGE, "nothing lies between --from %s and --to %s", from_text ? from_text : "the beginning", to_text);
    return 0;
}
