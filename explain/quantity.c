/* quantity.c - finding numbers in prose and comparing them with facts. */
#include "quantity.h"
#include "quantity_words.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- numerals ---- */

struct numeral { char text[48]; size_t len; unsigned n_commas, n_points; bool grouped_comma, grouped_point, exponent; };

static bool three_digits(const char *p)
{
    return isdigit((unsigned char)p[0]) && isdigit((unsigned char)p[1]) && isdigit((unsigned char)p[2]) && !isdigit((unsigned char)p[3]);
}

/* Copies digits, ',' and '.', leaves out separators of groups that mean nothing else. */
static bool scan_numeral(const char *p, struct numeral *n)
{
    size_t i = 0, out = 0;
    *n = (struct numeral){ .grouped_comma = true, .grouped_point = true };
    while (out < sizeof n->text - 8) {
        char c = p[i];
        size_t gap = blank(p + i);
        if (isdigit((unsigned char)c)) {
            n->text[out++] = c;
            i++;
        } else if ((c == ',' || c == '.') && isdigit((unsigned char)p[i + 1]) && out) {
            *(c == ',' ? &n->n_commas : &n->n_points) += 1;
            bool *grouped = c == ',' ? &n->grouped_comma : &n->grouped_point;
            *grouped = *grouped && three_digits(p + i + 1);
            n->text[out++] = c;
            i++;
        } else if ((c == '_' || c == '\'' || gap) && out && out <= 15 && !n->n_commas && !n->n_points && three_digits(p + i + (gap ? gap : 1))) {
            i += gap ? gap : 1;
        } else if ((c == 'e' || c == 'E') && out && !n->exponent && (isdigit((unsigned char)p[i + 1]) || ((p[i + 1] == '-' || p[i + 1] == '+') && isdigit((unsigned char)p[i + 2])))) {
            n->exponent = true;
            n->text[out++] = 'e';
            i++;
            if (!isdigit((unsigned char)p[i]))
                n->text[out++] = p[i++];
        } else {
            break;
        }
    }
    n->text[out] = '\0';
    n->len = i;
    return out > 0;
}

/* One reading: `group` is dropped, `point` is the decimal point. */
static void add_reading(struct quantity *q, const struct numeral *n, char group, char point)
{
    char plain[48];
    size_t out = 0;
    int decimals = -1;
    unsigned zeros = 0;
    bool any = false;
    for (size_t i = 0; n->text[i] && n->text[i] != 'e'; i++) {
        char c = n->text[i];
        if (c == group)
            continue;
        if (c == point) {
            plain[out++] = '.';
            decimals = 0;
            continue;
        }
        plain[out++] = c;
        decimals += decimals >= 0;
        zeros = c == '0' ? zeros + 1 : 0;
        any = any || c != '0';
    }
    const char *e = strchr(n->text, 'e');
    size_t rest = e ? strlen(e) : 0;
    if (q->n == 2 || out + rest >= sizeof plain)
        return;
    memcpy(plain + out, e ? e : "", rest);
    plain[out + rest] = '\0';
    double scale = e ? pow(10, strtol(e + 1, NULL, 10)) : 1;
    unsigned i = q->n++;
    q->v[i].value = strtod(plain, NULL);
    q->v[i].zeros = decimals < 0 && zeros && any;
    q->v[i].ulp = scale * pow(10, decimals > 0 ? -decimals : q->v[i].zeros ? (double)zeros : 0);
}

static void read_numeral(struct quantity *q, const struct numeral *n, bool decimal_comma)
{
    if (n->n_commas && n->n_points) {        /* the later one is the point */
        bool comma_last = strrchr(n->text, ',') > strrchr(n->text, '.');
        add_reading(q, n, comma_last ? '.' : ',', comma_last ? ',' : '.');
    } else if (n->n_commas) {
        if (n->grouped_comma)
            add_reading(q, n, ',', '.');
        if (n->n_commas == 1 && (decimal_comma || !n->grouped_comma))
            add_reading(q, n, '\0', ',');
    } else {
        add_reading(q, n, '\0', '.');
        if (decimal_comma && n->n_points == 1 && n->grouped_point)
            add_reading(q, n, '.', '\0');
    }
}

/* 2026-11-21, 12:04:05, 3.11.7 */
static size_t verbatim_len(const char *p)
{
    size_t n = 0, points = 0, colons = 0, dashes = 0;
    while (isdigit((unsigned char)p[n]) || ((p[n] == '.' || p[n] == ':' || p[n] == '-') && isdigit((unsigned char)p[n + 1]))) {
        points += p[n] == '.';
        colons += p[n] == ':';
        dashes += p[n] == '-' && n == 4;
        n++;
    }
    return colons || (points > 1 && !three_digits(strchr(p, '.') + 1)) || dashes ? n : 0;
}

/* ---- shares in words ---- */

static size_t digits_value(const char *p, double *value)
{
    struct numeral n;
    struct quantity q = { 0 };
    if (!isdigit((unsigned char)*p) || !scan_numeral(p, &n))
        return 0;
    read_numeral(&q, &n, false);
    *value = q.n ? q.v[0].value : 0;
    return n.len;
}

/* "one in five", "one call in five", "1 of 5", "three out of ten" with small numbers: a share. 0: it is none. */
static size_t n_in_m(const char *p, double *share)
{
    double n, m;
    size_t len = spelled(p, &n);
    len = len ? len : digits_value(p, &n);
    if (!len)
        return 0;
    size_t at = len + blanks(p + len);
    static const char *const nouns[] = { "calls ", "call " };
    for (size_t i = 0; at > len && i < sizeof nouns / sizeof *nouns; i++)
        at += strncmp(p + at, nouns[i], strlen(nouns[i])) == 0 ? strlen(nouns[i]) : 0;
    const char *between[] = { "in", "out of", "of every", "in every", "of" };
    for (size_t i = 0; at > len && i < sizeof between / sizeof *between; i++) {
        size_t b = strlen(between[i]);
        if (strncasecmp(p + at, between[i], b) != 0 || !blank(p + at + b))
            continue;
        size_t to = at + b + blanks(p + at + b);
        size_t more = spelled(p + to, &m);
        more = more ? more : digits_value(p + to, &m);
        size_t used;
        if (!more || m <= n || m > 1000 || n < 1 || unit_at(p + to + more, &used))
            continue;
        *share = n / m;
        return to + more;
    }
    return 0;
}

/* ---- putting it together ---- */

static void scale(struct quantity *q, double factor)
{
    for (unsigned i = 0; i < q->n; i++) {
        q->v[i].value *= factor;
        q->v[i].ulp *= fabs(factor);
    }
}

/* A range or list shares the unit of its last number: 5 to 8 ms. */
static const struct unit_word *shared_unit(const char *p)
{
    static const char *const links[] = { "to ", "and ", "or ", "\xe2\x80\x93", "-", "/", "bis ", "und " };
    size_t at = blanks(p);
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        size_t n = strlen(links[i]), used;
        double value;
        if (strncmp(p + at, links[i], n) != 0)
            continue;
        n += at + blanks(p + at + n);
        size_t more = digits_value(p + n, &value);
        return more ? unit_at(p + n + more, &used) : NULL;
    }
    return NULL;
}

static void take_unit(struct quantity *q, const char *text)
{
    size_t end = q->at + q->len, used;
    const struct unit_word *u = unit_at(text + end, &used);
    q->unit = UNIT_COUNT;
    q->bare = true;
    if (u && u->unit == MULTIPLY) {
        scale(q, u->factor);
        end += used;
        u = unit_at(text + end, &used);
    }
    if (!u || u->unit == MULTIPLY) {
        u = shared_unit(text + end);
        used = 0;
        if (u && (u->unit == TIMES || u->unit == MULTIPLY))
            u = NULL;
    }
    if (u) {
        q->unit = u->unit == TIMES ? UNIT_RATIO : (enum fact_unit)u->unit;
        q->bare = false;
        scale(q, u->factor);
        end += used;
    }
    q->len = end - q->at;
    q->line = word_before(text, q->at, "line") || word_before(text, q->at, "lines") || word_before(text, q->at, "Zeile");
}

static bool from_digits(const char *text, size_t at, bool decimal_comma, struct quantity *q)
{
    struct numeral n;
    double share;
    *q = (struct quantity){ .at = at, .direction = direction_before(text, at) };
    q->len = verbatim_len(text + at);
    if (q->len) {
        q->verbatim = true;
        return true;
    }
    size_t fraction = n_in_m(text + at, &share);
    if (!scan_numeral(text + at, &n))
        return false;
    read_numeral(q, &n, decimal_comma);
    q->len = q->digits = n.len;
    if (!q->n)
        return false;
    if (at && text[at - 1] == '-' && (at == 1 || blank(text + at - 2) || text[at - 2] == '('))
        scale(q, -1);
    size_t end = at + n.len;
    static const char *const ordinals[] = { "th", "st", "nd", "rd" };
    for (size_t i = 0; i < 4; i++)
        if (strncmp(text + end, ordinals[i], 2) == 0 && !is_word_byte((unsigned char)text[end + 2])) {
            q->percentile = true;
            q->len += 2;
            q->unit = UNIT_PLAIN;
            return true;
        }
    /* small whole numbers, as 1 in 5, may be a share; 290 of 1,843 is two counts */
    if (fraction && q->v[0].value <= 10) {
        q->fraction = q->bare = true;
        q->n = 1;
        q->digits = fraction;
        q->v[1].value = share;
        return true;
    }
    take_unit(q, text);
    return true;
}

static bool is_article(const char *text, size_t at)
{
    return word_before(text, at, "a") || word_before(text, at, "one") || word_before(text, at, "an") || word_before(text, at, "ein") ||
           word_before(text, at, "einem") || word_before(text, at, "un");
}

static bool from_words(const char *text, size_t at, struct quantity *q)
{
    size_t len = letters(text + at);
    double value, share, word;
    *q = (struct quantity){ .at = at, .len = len, .n = 1, .direction = direction_before(text, at), .unit = UNIT_COUNT, .bare = true };
    if (!len)
        return false;
    if ((word = word_value(WORD_VAGUE, text + at, len)) > 0) {
        q->vague = true;
        q->v[0].value = word;
        return true;
    }
    if ((word = word_value(WORD_TIMES, text + at, len)) > 0) {
        q->v[0].value = word;
        q->v[0].ulp = 0.2;
        q->unit = UNIT_RATIO;
        q->bare = false;
        return true;
    }
    word = word_value(WORD_FRACTION, text + at, len);
    if (word == 2 || (word > 2 && is_article(text, at))) {
        q->fraction = true;
        q->unit = UNIT_SHARE;
        q->v[0].value = 1 / word;
        if (strncmp(text + at + len, " of a percent", 13) == 0) {
            q->v[0].value /= 100;
            q->len += 13;
        }
        return strncmp(text + at + len, " an hour", 8) != 0;
    }
    size_t fraction = n_in_m(text + at, &share);
    size_t used = spelled(text + at, &value);
    if (!used)
        return false;
    q->len = used;
    q->v[0].value = value;
    q->v[0].ulp = 1;
    size_t next = at + used + blanks(text + at + used) + (text[at + used] == '-');
    word = word_value(WORD_FRACTION, text + next, letters(text + next));
    if (value >= 2 && value < word) {        /* two thirds */
        q->fraction = true;
        q->unit = UNIT_SHARE;
        q->v[0].value = value / word;
        q->len = next + letters(text + next) - at;
        return true;
    }
    if (fraction) {
        q->fraction = true;
        q->v[1].value = share;
        q->digits = fraction;
        return true;
    }
    take_unit(q, text);
    return value != 1 || !q->bare;       /* "one" alone is no number: "this one" */
}

bool quantity_next(const char *text, size_t *at, bool decimal_comma, struct quantity *q)
{
    for (size_t i = *at; text[i]; i++) {
        unsigned char before = i ? (unsigned char)text[i - 1] : ' ';
        bool starts = !(isalnum(before) || before == '_' || (before >= 0x80 && !isdigit((unsigned char)text[i])));
        if (!starts)
            continue;
        if ((isdigit((unsigned char)text[i]) && from_digits(text, i, decimal_comma, q)) ||
            (isalpha((unsigned char)text[i]) && from_words(text, i, q))) {
            *at = q->at + (q->len ? q->len : 1);
            return true;
        }
    }
    return false;
}

/* ---- comparing ---- */

static bool near_share(enum direction direction, double written, double fact)
{
    if (direction == MORE || direction == OVER)
        return fact > written && fact <= 1.4 * written;
    if (direction == LESS)
        return fact < written && fact >= 0.6 * written;
    return fabs(written - fact) <= 0.1 * written + 1e-12;
}

static bool within(const struct quantity *q, unsigned i, double fact)
{
    double value = q->v[i].value, ulp = q->v[i].ulp, difference = fact - value, slack = 1e-9 * fabs(value) + 1e-12;
    double size = fabs(value);
    bool rounded = fabs(difference) <= ulp / 2 + slack && (!q->v[i].zeros || fabs(difference) <= 0.1 * size + slack);
    if (value == 0)                              /* nothing is rounded to nothing */
        rounded = fabs(fact) <= slack;
    bool more = difference >= -slack && difference <= fmax(ulp, 0.25 * size) + slack && size > 0;
    bool less = difference <= slack && -difference <= fmax(ulp, 0.25 * size) + slack;
    switch (q->direction) {
    case MORE: return more && difference > slack;
    case LESS: return less && difference < -slack;
    case OVER: return more;
    case ABOUT: return rounded || (size > 0 && fabs(difference) <= 0.05 * size);
    case AS_WRITTEN: break;
    }
    return rounded;
}

static bool unit_fits(const struct quantity *q, unsigned i, enum fact_unit unit)
{
    if (q->line)
        return unit == UNIT_PLAIN;
    if (q->unit == unit)
        return true;
    if (q->unit == UNIT_RATIO)                   /* 3 times */
        return unit == UNIT_COUNT;
    if (!q->bare || q->unit != UNIT_COUNT)
        return false;
    bool fraction = q->v[i].ulp < 1 && fabs(q->v[i].value) <= 1;
    return unit == UNIT_PLAIN || unit == UNIT_RATIO || (unit == UNIT_SHARE && fraction);
}

bool quantity_matches(const struct quantity *q, double fact, enum fact_unit unit)
{
    if (q->vague)
        return unit == UNIT_COUNT && fact >= 1.5 * q->v[0].value && fact < 1000 * q->v[0].value;
    if (q->fraction && unit == UNIT_SHARE)
        return near_share(q->direction, q->unit == UNIT_SHARE ? q->v[0].value : q->v[1].value, fact);
    if (q->fraction && q->unit == UNIT_SHARE)
        return false;
    for (unsigned i = 0; i < q->n; i++)
        if (unit_fits(q, i, unit) && within(q, i, fact))
            return true;
    return false;
}
