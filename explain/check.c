/* check.c - a claim against the facts that it cites. */
#include "check.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "codename.h"
#include "quantity.h"
#include "scope.h"

struct check_options check_options_for(const char *language)
{
    static const char *const points[] = { "en", "ja", "zh", "ko", "he", "th", "hi", "ar", "fa" };
    struct check_options o = { .decimal_comma = true };
    for (size_t i = 0; i < sizeof points / sizeof *points; i++)
        o.decimal_comma = o.decimal_comma && strncasecmp(language, points[i], 2) != 0;
    o.english = strncasecmp(language, "en", 2) == 0;
    return o;
}

bool scope_cites(const struct scope *s, const struct fact *fact)
{
    for (size_t i = 0; i < s->n_cited; i++)
        if (s->cited[i] == fact->number)
            return true;
    return s->all;
}

void scope_fault(struct verdict *v, const char *format, const char *what, size_t len)
{
    char text[80];
    if (!v->holds)
        return;
    snprintf(text, sizeof text, "%.*s", (int)(len < 70 ? len : 70), what);
    v->holds = false;
    snprintf(v->reason, sizeof v->reason, format, text);
}

/* ---- words of facts ---- */

static bool is_word(unsigned char c) { return isalnum(c) || c == '_' || c >= 0x80; }

/* `word` in `text`, not as a part of a longer word. A numeral is not a part of a longer one either. */
bool scope_word(const char *text, const char *word, size_t len)
{
    bool numeral = isdigit((unsigned char)word[0]);
    for (const char *p = text; len && (p = memmem(p, strlen(p), word, len)) != NULL; p++) {
        bool before = p == text || !(is_word((unsigned char)p[-1]) || (numeral && strchr(".,:-", p[-1]) && p - 1 > text && isdigit((unsigned char)p[-2])));
        bool after = !(is_word((unsigned char)p[len]) || (numeral && p[len] && strchr(".,:", p[len]) && isdigit((unsigned char)p[len + 1])));
        if ((before || !is_word((unsigned char)word[0])) && (after || !is_word((unsigned char)word[len - 1])))
            return true;
    }
    return false;
}

/* Names of cited facts; and of the subject, who need not be cited again to be named.
 * Types are no such names: which type was seen is what a claim is about. */
static bool knows_name(const struct scope *s, const char *word, size_t len)
{
    for (uint32_t i = 0; i < s->f->n; i++) {
        const struct fact *fact = &s->f->v[i];
        bool cited = fact->text && scope_cites(s, fact);
        if (cited && scope_word(fact->text, word, len))
            return true;
        for (uint32_t k = 0; (cited || fact->section == FACT_SUBJECT) && k < fact->n_names; k++)
            if ((cited || fact->names[k].kind != NAME_TYPE) && scope_word(fact->names[k].full, word, len))
                return true;
    }
    return false;
}

static bool cited_text_has(const struct scope *s, const char *word, size_t len)
{
    for (uint32_t i = 0; i < s->f->n; i++)
        if (s->f->v[i].text && scope_cites(s, &s->f->v[i]) && scope_word(s->f->v[i].text, word, len))
            return true;
    return false;
}

/* ---- numbers ---- */

/* The value itself, and the value as the fact shows it: who rounds what he reads rounds twice. */
bool scope_number(const struct quantity *q, const struct fact *fact, const struct fact_number *n)
{
    struct quantity shown;
    size_t at = n->at;
    if (quantity_matches(q, n->value, n->unit))
        return true;
    return quantity_next(fact->text, &at, false, &shown) && shown.at == n->at && shown.n && !shown.verbatim &&
           quantity_matches(q, shown.v[0].value, n->unit);
}

/* "Half of the calls", "99 % of the calls end within": the median, the p99. */
static bool is_percentile(const struct scope *s, const struct quantity *q)
{
    static const struct { double share; const char *word; } names[] = {
        { 0.5, "p50" }, { 0.5, "median" }, { 0.95, "p95" }, { 0.05, "p95" }, { 0.99, "p99" }, { 0.01, "p99" },
    };
    double value = q->n ? q->v[0].value / (q->percentile ? 100 : 1) : -1;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if ((q->percentile || q->unit == UNIT_SHARE) && value > names[i].share - 1e-6 && value < names[i].share + 1e-6 &&
            cited_text_has(s, names[i].word, strlen(names[i].word)))
            return true;
    return false;
}

/* Numbers inside of what a detector says in prose; not those of lines, behind a colon. */
static bool prose_has(const struct fact *fact, const struct quantity *q)
{
    struct quantity x;
    for (uint32_t i = 0; i < fact->n_names; i++) {
        const struct fact_name *n = &fact->names[i];
        for (size_t at = n->at; n->kind == NAME_TEXT && at < n->at + n->len && quantity_next(fact->text, &at, false, &x) && x.at < n->at + n->len;)
            if (x.n && !x.verbatim && !(x.at && fact->text[x.at - 1] == ':') && quantity_matches(q, x.v[0].value, x.unit))
                return true;
    }
    return false;
}

static bool knows_quantity(const struct scope *s, const char *text, const struct quantity *q)
{
    if (q->verbatim || q->percentile)
        return is_percentile(s, q) || (q->verbatim && cited_text_has(s, text + q->at, q->len));
    for (uint32_t i = 0; i < s->f->n; i++) {
        const struct fact *fact = &s->f->v[i];
        for (uint32_t k = 0; scope_cites(s, fact) && k < fact->n_numbers; k++)
            if (scope_number(q, fact, &fact->numbers[k]))
                return true;
        if (scope_cites(s, fact) && fact->text && prose_has(fact, q))
            return true;
    }
    /* "two callers" is how many are cited */
    bool listed = !q->digits && q->bare && q->unit == UNIT_COUNT && q->n && q->v[0].value >= 2 && q->v[0].value == (double)s->n_cited;
    return listed || is_percentile(s, q);
}

/* "1 in 5": a share, or else a count by itself. Returns where to go on. */
static size_t check_fraction(const struct scope *s, const char *text, struct quantity *q)
{
    struct quantity share = { .unit = UNIT_SHARE, .fraction = true, .n = 1, .direction = q->direction };
    share.v[0].value = q->v[1].value;
    s->v->numbers++;
    if (knows_quantity(s, text, &share))
        return q->at + q->digits;
    q->fraction = false;
    if (q->v[0].value != 1 && !knows_quantity(s, text, q))
        scope_fault(s->v, "%s is not in the facts it cites", text + q->at, q->digits);
    return q->at + q->len;
}

static void check_numbers(const struct scope *s, const struct check_options *o, const char *text)
{
    struct quantity q;
    for (size_t at = 0; quantity_next(text, &at, o->decimal_comma, &q);) {
        if (q.fraction && q.unit != UNIT_SHARE) {
            at = check_fraction(s, text, &q);
            continue;
        }
        s->v->numbers++;
        if (!knows_quantity(s, text, &q))
            scope_fault(s->v, "%s is not in the facts it cites", text + q.at, q.len);
    }
}

/* ---- names ---- */

/* "two" in quotes is no name; its number was looked up. */
static bool is_number_word(const struct codename *name)
{
    char word[16];
    struct quantity q;
    size_t at = 0;
    if (name->len >= sizeof word)
        return false;
    memcpy(word, name->p, name->len);
    word[name->len] = '\0';
    return quantity_next(word, &at, false, &q) && q.at == 0 && q.len == name->len;
}

static void check_names(const struct scope *s, const struct check_options *o, const char *text)
{
    struct codename name;
    for (size_t at = 0; codename_next(text, &at, o->english, &name);) {
        const char *alias = codename_alias(name.p, name.len);
        if (is_number_word(&name))
            continue;
        s->v->names++;
        if (!knows_name(s, name.p, name.len) && !(alias && knows_name(s, alias, strlen(alias))))
            scope_fault(s->v, "the name %s is not in the facts it cites", name.p, name.len);
    }
}

/* ---- the text as the scanners want it ---- */

/* Ten decimal digits in a row of Unicode each; 0: none. Bytes of the character in *len. */
static char digit_of(const char *p, size_t *len)
{
    static const char *const zeros[] = {
        "\xd9\xa0", "\xdb\xb0", "\xe0\xa5\xa6", "\xe0\xa7\xa6", "\xe0\xb9\x90", "\xef\xbc\x90",   /* Arabic, Persian, Devanagari, Bengali, Thai, full width */
    };
    for (size_t i = 0; i < sizeof zeros / sizeof *zeros; i++) {
        size_t n = strlen(zeros[i]);
        unsigned char last = (unsigned char)(strncmp(p, zeros[i], n - 1) == 0 ? p[n - 1] : 0), zero = (unsigned char)zeros[i][n - 1];
        *len = n;
        if (last >= zero && last <= zero + 9)
            return (char)('0' + (last - zero));
    }
    return '\0';
}

/* A copy with typographic characters as ASCII, so that what follows knows one dash, quote, blank and set of digits. */
static char *plain_text(const char *text)
{
    static const struct { const char *from, *to; } signs[] = {
        { "\xe2\x80\x93", "-" }, { "\xe2\x80\x94", " - " }, { "\xe2\x88\x92", "-" }, { "\xe2\x80\x90", "-" }, { "\xe2\x80\x91", "-" },
        { "\xe2\x80\x98", "'" }, { "\xe2\x80\x99", "'" }, { "\xe2\x80\x9c", "\"" }, { "\xe2\x80\x9d", "\"" }, { "\xe2\x80\x9e", "\"" },
        { "\xc2\xab", "\"" }, { "\xc2\xbb", "\"" }, { "\xc2\xa0", " " }, { "\xe2\x80\xaf", " " }, { "\xe2\x80\x89", " " }, { "\xe2\x80\xa6", "." },
        { "\xe2\x86\x92", " " }, { "\xe2\x89\x88", "~" }, { "\xc3\x97", "x" }, { "\xc2\xb5", "u" }, { "\xce\xbc", "u" }, { "\xe2\x80\xb0", " per mille" },
        { "\xc2\xb7", " " }, { "\xe2\x89\xa4", "<" }, { "\xe2\x89\xa5", ">" }, { "\xe3\x80\x82", ". " }, { "\xef\xbc\x8c", ", " }, { "\xe3\x80\x81", ", " }, { "\xef\xbc\x85", "%" }, { "\xd9\xaa", "%" }, { "\xef\xbc\x8e", "." },
        { "\xd9\xab", "." }, { "\xd9\xac", "," },
        { "\xc2\xbd", " half " }, { "\xc2\xbc", " a quarter " }, { "\xe2\x85\x93", " a third " }, { "**", "" },
    };
    char *out = malloc(4 * strlen(text) + 1), *to = out;
    while (out && *text) {
        size_t digit, after;
        if ((*to = digit_of(text, &digit)) != '\0') {
            to++;
            text += digit;
            if (strncmp(text, "\xef\xbc\x8c", 3) == 0 && digit_of(text + 3, &after)) {     /* it groups: a full-width comma between digits */
                *to++ = ',';
                text += 3;
            }
            continue;
        }
        size_t i = 0, n = sizeof signs / sizeof *signs;
        while (i < n && strncmp(text, signs[i].from, strlen(signs[i].from)) != 0)
            i++;
        size_t len = i < n ? strlen(signs[i].to) : 1;
        memcpy(to, i < n ? signs[i].to : text, len);
        text += i < n ? strlen(signs[i].from) : 1;
        to += len;
    }
    if (out)
        *to = '\0';
    return out;
}

/* ---- names in backticks ---- */

static bool is_name(const struct scope *s, const char *p, size_t len)
{
    for (uint32_t i = 0; i < s->f->n; i++) {
        const struct fact *fact = &s->f->v[i];
        bool cited = scope_cites(s, fact);
        for (uint32_t k = 0; (cited || fact->section == FACT_SUBJECT) && k < fact->n_names; k++) {
            const struct fact_name *n = &fact->names[k];
            if (!cited && n->kind == NAME_TYPE)
                continue;
            if ((n->len == len && memcmp(fact->text + n->at, p, len) == 0) || (strlen(n->full) == len && memcmp(n->full, p, len) == 0))
                return true;
        }
    }
    return false;
}

/* Blanks out what is a name as it stands: there may be digits in it that are no number. */
static void drop_names(const struct scope *s, char *text)
{
    for (char *open = strchr(text, '`'), *close; open && (close = strchr(open + 1, '`')); open = strchr(close + 1, '`')) {
        size_t len = (size_t)(close - open - 1), bare = len;
        if (len > 2 && strncmp(close - 2, "()", 2) == 0)
            bare -= 2;
        if (bare == 0 || !(is_name(s, open + 1, bare) || is_name(s, open + 1, len)))
            continue;
        s->v->names++;
        memset(open, ' ', len + 2);
    }
}

/* ---- citations in the text ---- */

/* "3]", "3, 4", "3 and 4" at p: the bytes, 0 when it is no list of facts (said so: any; in brackets: cited ones). */
static size_t citation_len(const struct scope *s, const char *p, bool word)
{
    size_t n = 0;
    bool any = false;
    for (;;) {
        size_t between = strspn(p + n, " ,;#-");
        if (word && any && strncmp(p + n + between, "and ", 4) == 0)
            between += 4 + strspn(p + n + between + 4, " ");
        char *end;
        unsigned long number = isdigit((unsigned char)p[n + between]) ? strtoul(p + n + between, &end, 10) : 0;
        if (!number)
            return any ? n : 0;
        if (number > s->f->n || !(word || scope_cites(s, &(struct fact){ .number = (unsigned)number })))
            return 0;                        /* a figure in brackets alone is a figure */
        any = true;
        n = (size_t)(end - p);
    }
}

/* Blanks out "[3]", "[3, 4]", "(fact 3)", "facts 3 and 4": they are no numbers of the claim. */
static void drop_citations(const struct scope *s, char *text)
{
    for (char *p = text; *p; p++) {
        bool bracket = *p == '[' || *p == '(';
        bool start = bracket || p == text || !is_word((unsigned char)p[-1]);
        char *q = p + bracket;
        bool word = start && strncasecmp(q, "fact", 4) == 0;
        if (!start || (*p != '[' && !word))
            continue;
        q += word ? 4 : 0;
        q += word && (*q == 's' || *q == 'S');
        size_t len = citation_len(s, q, word);
        if (!len || (*p == '[' && q[len] != ']'))
            continue;
        q += len;
        q += bracket && (*q == ']' || *q == ')');
        memset(p, ' ', (size_t)(q - p));
        p = q - 1;
    }
}

void check_claim(const struct facts *f, const struct check_options *o, const char *text,
                 const unsigned *cited, size_t n_cited, bool all, struct verdict *v)
{
    char *plain = plain_text(text);
    struct scope s = { f, cited, n_cited, all, v };
    *v = (struct verdict){ .holds = plain != NULL };
    if (!plain) {
        snprintf(v->reason, sizeof v->reason, "out of memory: not checked");
        return;
    }
    if (!all && n_cited == 0)
        scope_fault(v, "%s", "it cites no fact", 16);
    for (size_t i = 0; i < n_cited; i++)
        if (cited[i] == 0 || cited[i] > f->n) {
            char number[24];
            snprintf(number, sizeof number, "%u", cited[i]);
            scope_fault(v, "there is no fact %s", number, strlen(number));
        }
    drop_citations(&s, plain);
    if (o->english && !all)
        check_relations(&s, plain, o->decimal_comma);
    drop_names(&s, plain);
    check_numbers(&s, o, plain);
    check_names(&s, o, plain);
    free(plain);
}
