/* quantity_words.c - tables of units and number words, and how they are met. */
#include "quantity_words.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* ---- characters ---- */

bool is_word_byte(unsigned char c) { return isalnum(c) || c == '_' || c >= 0x80; }

size_t blank(const char *p)
{
    if (*p == ' ' || *p == '\t' || *p == '\n')
        return 1;
    if (strncmp(p, "\xc2\xa0", 2) == 0)
        return 2;
    if (strncmp(p, "\xe2\x80\xaf", 3) == 0 || strncmp(p, "\xe2\x80\x89", 3) == 0)
        return 3;
    return 0;
}

size_t blanks(const char *p)
{
    size_t n = 0;
    for (size_t k; (k = blank(p + n)) > 0;)
        n += k;
    return n;
}

/* ---- units ---- */

static const struct unit_word unit_words[] = {
    { "ns", UNIT_NS, 1, true }, { "us", UNIT_NS, 1e3, true }, { "\xc2\xb5s", UNIT_NS, 1e3, true }, { "\xce\xbcs", UNIT_NS, 1e3, true },
    { "ms", UNIT_NS, 1e6, true }, { "s", UNIT_NS, 1e9, true }, { "sec", UNIT_NS, 1e9, true }, { "secs", UNIT_NS, 1e9, true },
    { "min", UNIT_NS, 6e10, true }, { "mins", UNIT_NS, 6e10, true }, { "h", UNIT_NS, 3.6e12, true },
    { "nanosec", UNIT_NS, 1, false }, { "nanosek", UNIT_NS, 1, false }, { "nanoseg", UNIT_NS, 1, false },
    { "microsec", UNIT_NS, 1e3, false }, { "mikrosek", UNIT_NS, 1e3, false }, { "microseg", UNIT_NS, 1e3, false },
    { "millisec", UNIT_NS, 1e6, false }, { "millisek", UNIT_NS, 1e6, false }, { "miliseg", UNIT_NS, 1e6, false },
    { "milisek", UNIT_NS, 1e6, false }, { "second", UNIT_NS, 1e9, false }, { "sekund", UNIT_NS, 1e9, false }, { "segund", UNIT_NS, 1e9, false },
    { "minut", UNIT_NS, 6e10, false }, { "hour", UNIT_NS, 3.6e12, false }, { "stunde", UNIT_NS, 3.6e12, false }, { "heure", UNIT_NS, 3.6e12, false },
    { "%", UNIT_SHARE, 0.01, true }, { "percent", UNIT_SHARE, 0.01, false }, { "per cent", UNIT_SHARE, 0.01, false }, { "pct", UNIT_SHARE, 0.01, false },
    { "prozent", UNIT_SHARE, 0.01, false }, { "pour cent", UNIT_SHARE, 0.01, false }, { "por ciento", UNIT_SHARE, 0.01, false },
    { "procent", UNIT_SHARE, 0.01, false }, { "\xe2\x80\xb0", UNIT_SHARE, 0.001, true }, { "per mille", UNIT_SHARE, 0.001, false },
    { "\xc3\x97", TIMES, 1, true }, { "x", TIMES, 1, true }, { "times", TIMES, 1, false }, { "fold", TIMES, 1, false }, { "mal", TIMES, 1, true },
    { "fois", TIMES, 1, true }, { "veces", TIMES, 1, true }, { "B", UNIT_BYTES, 1, true }, { "bytes", UNIT_BYTES, 1, false }, { "kB", UNIT_BYTES, 1e3, true }, { "KB", UNIT_BYTES, 1e3, true },
    { "MB", UNIT_BYTES, 1e6, true }, { "GB", UNIT_BYTES, 1e9, true }, { "TB", UNIT_BYTES, 1e12, true }, { "KiB", UNIT_BYTES, 1024, true },
    { "MiB", UNIT_BYTES, 1048576, true }, { "GiB", UNIT_BYTES, 1073741824, true },
    { "\xe6\xaf\xab\xe7\xa7\x92", UNIT_NS, 1e6, true }, { "\xe5\xbe\xae\xe7\xa7\x92", UNIT_NS, 1e3, true }, { "\xe7\xba\xb3\xe7\xa7\x92", UNIT_NS, 1, true },
    { "\xe3\x83\x9f\xe3\x83\xaa\xe7\xa7\x92", UNIT_NS, 1e6, true }, { "\xe7\xa7\x92", UNIT_NS, 1e9, true },
    { "\xe3\x83\x9e\xe3\x82\xa4\xe3\x82\xaf\xe3\x83\xad\xe7\xa7\x92", UNIT_NS, 1e3, true }, { "\xe3\x83\x8a\xe3\x83\x8e\xe7\xa7\x92", UNIT_NS, 1, true },
    { "\xe3\x83\x91\xe3\x83\xbc\xe3\x82\xbb\xe3\x83\xb3\xe3\x83\x88", UNIT_SHARE, 0.01, true },
    { "\xe5\x8d\x83", MULTIPLY, 1e3, true }, { "\xe4\xb8\x87", MULTIPLY, 1e4, true }, { "\xe5\x84\x84", MULTIPLY, 1e8, true },
    { "k", MULTIPLY, 1e3, true }, { "K", MULTIPLY, 1e3, true }, { "M", MULTIPLY, 1e6, true }, { "bn", MULTIPLY, 1e9, true },
    { "hundred", MULTIPLY, 100, true }, { "thousand", MULTIPLY, 1e3, true }, { "tausend", MULTIPLY, 1e3, true }, { "million", MULTIPLY, 1e6, true },
    { "millions", MULTIPLY, 1e6, true }, { "Millionen", MULTIPLY, 1e6, true }, { "billion", MULTIPLY, 1e9, true }, { "dozen", MULTIPLY, 12, true },
};

/* A unit in ASCII ends where a script begins that writes no blanks. */
static size_t word_len(const char *p)
{
    size_t n = 0;
    bool ascii = (unsigned char)p[0] < 0x80;
    while (is_word_byte((unsigned char)p[n]) && blank(p + n) == 0 && !(ascii && (unsigned char)p[n] >= 0xe2))
        n++;
    return n;
}

const struct unit_word *unit_at(const char *p, size_t *used)
{
    size_t skip = *p == '-' ? 1 : blanks(p);
    const char *word = p + skip;
    size_t len = word_len(word);
    for (size_t i = 0; i < sizeof unit_words / sizeof *unit_words; i++) {
        const struct unit_word *u = &unit_words[i];
        size_t n = strlen(u->word);
        bool sign = !isalpha((unsigned char)u->word[0]) && (unsigned char)u->word[0] != 0xc2 && (unsigned char)u->word[0] != 0xce;
        bool same = u->exact ? strncmp(word, u->word, n) == 0 && (sign || len == n) : strncasecmp(word, u->word, n) == 0;
        if (!same)
            continue;
        size_t more = n;
        while (!u->exact && isalpha((unsigned char)word[more]))
            more++;
        *used = skip + more;
        return u;
    }
    return NULL;
}

/* ---- number words ---- */

struct number_word { const char *word; double value; };
static const struct number_word number_words[] = {
    { "zero", 0 }, { "two", 2 }, { "three", 3 }, { "four", 4 }, { "five", 5 }, { "six", 6 }, { "seven", 7 }, { "eight", 8 }, { "nine", 9 },
    { "ten", 10 }, { "eleven", 11 }, { "twelve", 12 }, { "thirteen", 13 }, { "fourteen", 14 }, { "fifteen", 15 }, { "sixteen", 16 },
    { "seventeen", 17 }, { "eighteen", 18 }, { "nineteen", 19 }, { "twenty", 20 }, { "thirty", 30 }, { "forty", 40 }, { "fifty", 50 },
    { "sixty", 60 }, { "seventy", 70 }, { "eighty", 80 }, { "ninety", 90 }, { "one", 1 },
    /* German and French, where English has no such word */
    { "zwei", 2 }, { "drei", 3 }, { "vier", 4 }, { "f\xc3\xbcnf", 5 }, { "sechs", 6 }, { "sieben", 7 }, { "acht", 8 }, { "neun", 9 }, { "zehn", 10 }, { "elf", 11 },
    { "zw\xc3\xb6lf", 12 }, { "zwanzig", 20 }, { "drei\xc3\x9fig", 30 }, { "deux", 2 }, { "trois", 3 }, { "quatre", 4 }, { "cinq", 5 }, { "huit", 8 }, { "neuf", 9 },
    { "dix", 10 }, { "douze", 12 }, { "vingt", 20 }, { "trente", 30 },
};
static const struct number_word fraction_words[] = {
    { "half", 2 }, { "halves", 2 }, { "third", 3 }, { "thirds", 3 }, { "quarter", 4 }, { "quarters", 4 }, { "fifth", 5 }, { "fifths", 5 }, { "sixth", 6 },
    { "h\xc3\xa4lfte", 2 }, { "moiti\xc3\xa9", 2 }, { "drittel", 3 }, { "tiers", 3 }, { "viertel", 4 }, { "quart", 4 }, { "seventh", 7 }, { "eighth", 8 }, { "ninth", 9 }, { "tenth", 10 }, { "tenths", 10 }, { "twentieth", 20 }, { "hundredth", 100 },
};
static const struct number_word times_words[] = {
    { "twice", 2 }, { "thrice", 3 }, { "doubled", 2 }, { "doubles", 2 }, { "doubling", 2 }, { "tripled", 3 }, { "quadrupled", 4 }, { "halved", 0.5 },
    { "verdoppelt", 2 }, { "verdreifacht", 3 }, { "halbiert", 0.5 }, { "doppelt", 2 }, { "doubl\xc3\xa9", 2 }, { "tripl\xc3\xa9", 3 },
};
static const struct number_word vague_words[] = { { "dozens", 12 }, { "hundreds", 100 }, { "thousands", 1000 }, { "millions", 1e6 } };
#define LIST(words) { words, sizeof(words) / sizeof *(words) }
static const struct { const struct number_word *v; size_t n; } lists[] = {
    [WORD_VAGUE] = LIST(vague_words), [WORD_TIMES] = LIST(times_words), [WORD_FRACTION] = LIST(fraction_words),
};

static const struct number_word *find_word(const struct number_word *list, size_t n, const char *p, size_t len)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(list[i].word) == len && strncasecmp(list[i].word, p, len) == 0)
            return &list[i];
    return NULL;
}

double word_value(enum word_kind kind, const char *p, size_t len)
{
    const struct number_word *w = find_word(lists[kind].v, lists[kind].n, p, len);
    return w ? w->value : 0;
}

size_t letters(const char *p)
{
    size_t n = 0;
    while (isalpha((unsigned char)p[n]) || ((unsigned char)p[n] >= 0x80 && !blank(p + n)))
        n++;
    return is_word_byte((unsigned char)p[n]) ? 0 : n;
}

static const struct number_word *number_at(const char *p)
{
    return find_word(number_words, sizeof number_words / sizeof *number_words, p, letters(p));
}

/* The hundred of "three hundred" is a unit word. */
size_t spelled(const char *p, double *value)
{
    const struct number_word *w = number_at(p), *next;
    if (!w)
        return 0;
    size_t len = strlen(w->word);
    *value = w->value;
    if (w->value >= 20 && p[len] == '-' && (next = number_at(p + len + 1)) && next->value < 10) {
        *value += next->value;
        len += 1 + strlen(next->word);
    }
    return len;
}

/* ---- what stands before ---- */

static const struct { const char *words; enum direction direction; } before_words[] = {
    { "more than", MORE }, { "greater than", MORE }, { "above", MORE }, { "exceeding", MORE }, { "exceeds", MORE }, { "upwards of", MORE }, { ">", MORE },
    { "less than", LESS }, { "fewer than", LESS }, { "under", LESS }, { "below", LESS }, { "nearly", LESS }, { "almost", LESS }, { "<", LESS },
    { "over", OVER }, { "about", ABOUT }, { "around", ABOUT }, { "roughly", ABOUT }, { "approximately", ABOUT }, { "some", ABOUT }, { "~", ABOUT },
    { "mehr als", MORE }, { "\xc3\xbc" "ber", OVER }, { "weniger als", LESS }, { "knapp", LESS }, { "plus de", MORE }, { "moins de", LESS }, { "presque", LESS },
    { "m\xc3\xa1s de", MORE }, { "menos de", LESS }, { "\xe7\xb4\x84", ABOUT }, { "\xe2\x89\x88", ABOUT }, { "circa", ABOUT }, { "ca.", ABOUT }, { "close to", ABOUT }, { "rund", ABOUT }, { "etwa", ABOUT }, { "environ", ABOUT },
};

enum direction direction_before(const char *text, size_t at)
{
    while (at && (text[at - 1] == ' ' || text[at - 1] == '`' || text[at - 1] == '*' || text[at - 1] == '(' || text[at - 1] == '-'))
        at--;
    if (at > 2 && strncasecmp(text + at - 2, " a", 2) == 0)
        at -= 2;
    for (size_t i = 0; i < sizeof before_words / sizeof *before_words; i++) {
        size_t n = strlen(before_words[i].words);
        bool starts = at >= n && (at == n || !is_word_byte((unsigned char)text[at - n - 1]) || !isalpha((unsigned char)before_words[i].words[0]));
        if (starts && strncasecmp(text + at - n, before_words[i].words, n) == 0)
            return before_words[i].direction;
    }
    return AS_WRITTEN;
}

bool word_before(const char *text, size_t at, const char *word)
{
    size_t n = strlen(word);
    while (at && (text[at - 1] == ' ' || text[at - 1] == '`'))
        at--;
    return at >= n && strncasecmp(text + at - n, word, n) == 0 && (at == n || !is_word_byte((unsigned char)text[at - n - 1]));
}

