/* relation.c - the words between the numbers: is what they say so? Here: cutting a claim
 * into tokens, and which figure a number is (the mean, of failures). relation_judge.c has the rest.
 *
 * A claim is cut into tokens: relations (relation_words.c), numbers, names, ends of
 * clauses and sentences. Each relation is decided by the facts that are cited, or
 * it stays open and is told to the reader as unchecked: a rule that guesses would
 * mark what is right. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "codename.h"
#include "relation.h"

/* ---- tokens ---- */

static struct token *add(struct claim_text *c, enum token_kind kind, const char *p, size_t len)
{
    if (c->n == TOKENS)
        return NULL;
    c->v[c->n] = (struct token){ .kind = kind, .p = p, .len = len };
    return &c->v[c->n++];
}

static bool is_letter(unsigned char ch) { return isalnum(ch) || ch == '_' || ch >= 0x80; }

static bool starts_word(const struct claim_text *c, const char *p)
{
    return p == c->text || !is_letter((unsigned char)p[-1]);
}

/* Bytes of an end of a clause or a sentence at p, 0: none. */
static size_t end_at(const char *p, enum token_kind *kind)
{
    static const char *const clauses[] = { ", ", ": ", " and ", " but ", " while ", " whereas ", " - " };
    *kind = TOKEN_SENTENCE;
    if (*p == ';' || ((*p == '.' || *p == '!' || *p == '?') && (p[1] == ' ' || p[1] == '\0')))
        return 1;
    *kind = TOKEN_CLAUSE;
    for (size_t i = 0; i < sizeof clauses / sizeof *clauses; i++)
        if (strncmp(p, clauses[i], strlen(clauses[i])) == 0)
            return strlen(clauses[i]) - 1;      /* the blank begins the next word */
    return 0;
}

/* "3 of 8", "3 out of the 8": the 8 is what the 3 is a part of. */
static bool is_base(const char *text, const char *p)
{
    size_t n = (size_t)(p - text);
    return (n >= 4 && strncasecmp(p - 4, " of ", 4) == 0) || (n >= 3 && n < 4 && strncasecmp(p - 3, "of ", 3) == 0) ||
           (n >= 7 && strncasecmp(p - 7, "of the ", 7) == 0) || (n >= 7 && strncasecmp(p - 7, "of all ", 7) == 0);
}

static void tokenize(struct claim_text *c, bool decimal_comma)
{
    struct quantity q;
    struct codename name;
    size_t number = 0, code = 0;
    bool more = quantity_next(c->text, &number, decimal_comma, &q), named = codename_next(c->text, &code, false, &name);
    for (const char *p = c->text; *p && c->n < TOKENS;) {
        const char *close = *p == '`' ? strchr(p + 1, '`') : NULL;
        const struct relation_word *w = starts_word(c, p) && isalpha((unsigned char)*p) ? relation_at(p) : NULL;
        enum token_kind kind;
        struct token *t;
        while (more && c->text + q.at < p)
            more = quantity_next(c->text, &number, decimal_comma, &q);
        while (named && name.p < p)
            named = codename_next(c->text, &code, false, &name);
        size_t used = end_at(p, &kind);
        if (close) {
            add(c, TOKEN_NAME, p + 1, (size_t)(close - p) - 1);
            p = close + 1;
        } else if (w && (t = add(c, TOKEN_RELATION, p, strlen(w->words))) != NULL) {
            t->word = w;
            p += t->len;
        } else if (more && p == c->text + q.at && (t = add(c, TOKEN_NUMBER, p, q.len)) != NULL) {
            t->number = q;
            t->base = is_base(c->text, p);
            p += q.len ? q.len : 1;
        } else if (used) {
            add(c, kind, p, used);
            p += used;
        } else if (named && p == name.p) {
            add(c, TOKEN_NAME, p, name.len);
            p += name.len;
        } else {
            p++;
        }
    }
}

static bool fits(const struct token *t, enum role_family family)
{
    enum fact_unit unit = t->number.unit;
    return t->kind == TOKEN_NUMBER && !t->base && (family == FAMILY_STATISTIC ? unit == UNIT_NS : unit == UNIT_COUNT || unit == UNIT_RATIO || unit == UNIT_SHARE);
}

/* ---- which figure is it? ---- */

enum { MISMATCH, UNKNOWN, MATCH };

/* Is a number, as the facts know it, of this role? */
static int holds_role(const struct claim_text *c, const struct token *number, enum role role)
{
    int best = UNKNOWN;
    bool any = false;
    double least, most;
    for (uint32_t i = 0; i < c->s->f->n; i++) {
        const struct fact *fact = &c->s->f->v[i];
        for (uint32_t k = 0; scope_cites(c->s, fact) && k < fact->n_numbers; k++) {
            if (!scope_number(&number->number, fact, &fact->numbers[k]))
                continue;
            enum role known = fact_role(fact, k);
            if (known == role || (role == ROLE_SUCCEEDED && known == ROLE_CALLS && failing_shares(c, &least, &most) && most <= 0))
                return MATCH;
            if (known == ROLE_NONE || role_families[known] != role_families[role])
                any = true;
            else if (!any)
                best = MISMATCH;
        }
    }
    return any ? UNKNOWN : best;
}

static void hold_role(struct claim_text *c, struct token *word, struct token *number)
{
    int held = holds_role(c, number, (enum role)word->word->what);
    if (held == MATCH) {
        settle(c, word);
        number->state = DONE;
    } else if (held == MISMATCH) {
        wrong(c, word, "the facts do not call that number %s");
    }
}

/* "The mean and the p99 are 2 ms and 30 ms": as many words as numbers, in a row each. */
static void pair_lists(struct claim_text *c, size_t from, size_t to, enum role_family family)
{
    struct token *words[8], *numbers[8];
    size_t n_words = 0, n_numbers = 0, turns = 0;
    bool last_is_word = false;
    for (size_t i = from; i < to; i++) {
        bool word = is_role(&c->v[i], family), number = fits(&c->v[i], family);
        if ((!word && !number) || (word && c->v[i].state != OPEN))
            continue;
        if (n_words == 8 || n_numbers == 8)
            return;
        turns += n_words + n_numbers > 0 && word != last_is_word;
        last_is_word = word;
        if (word)
            words[n_words++] = &c->v[i];
        else
            numbers[n_numbers++] = &c->v[i];
    }
    for (size_t i = 0; turns == 1 && n_words > 1 && n_words == n_numbers && i < n_words; i++)
        hold_role(c, words[i], numbers[i]);
}

/* The nearest number before and after, within the clause. One of them must do. */
static void judge_role(struct claim_text *c, size_t at, enum role_family family)
{
    struct token *word = &c->v[at], *near[2] = { NULL, NULL };
    for (size_t i = at; i-- > 0 && c->v[i].kind < TOKEN_CLAUSE && !near[0] && !is_role(&c->v[i], family);)
        near[0] = fits(&c->v[i], family) ? &c->v[i] : NULL;
    for (size_t i = at + 1; i < c->n && c->v[i].kind < TOKEN_CLAUSE && !near[1] && !is_role(&c->v[i], family); i++)
        near[1] = fits(&c->v[i], family) ? &c->v[i] : NULL;
    unsigned bad = 0, good = 0;
    for (unsigned i = 0; i < 2; i++) {
        if (!near[i] || near[i]->state == DONE)
            continue;
        int held = holds_role(c, near[i], (enum role)word->word->what);
        good += held != MISMATCH;
        bad += held == MISMATCH;
        if (held == MATCH && word->state == OPEN)
            settle(c, word);
    }
    if (bad && !good && word->state == OPEN)
        wrong(c, word, "the facts do not call that number %s");
}

static void take_matches(struct claim_text *c, size_t from, size_t to, enum role_family family)
{
    for (size_t i = from; i < to; i++)
        for (size_t k = 0; is_role(&c->v[i], family) && !is_negated(c, &c->v[i]) && k < 2; k++) {
            size_t at = k ? i + 1 : i - 1;
            bool inside = k ? at < to : i > from;
            if (inside && fits(&c->v[at], family) && c->v[i].state == OPEN && holds_role(c, &c->v[at], (enum role)c->v[i].word->what) == MATCH) {
                settle(c, &c->v[i]);
                c->v[at].state = DONE;
            }
        }
}

static void judge_roles(struct claim_text *c, size_t from, size_t to)
{
    for (enum role_family family = FAMILY_STATISTIC; family <= FAMILY_ORIGIN; family++) {
        pair_lists(c, from, to, family);
        take_matches(c, from, to, family);
        for (size_t i = from; i < to; i++)
            if (is_role(&c->v[i], family) && c->v[i].state == OPEN && !is_negated(c, &c->v[i]))
                judge_role(c, i, family);
    }
}

/* ---- all of it ---- */

static void tell_open(struct verdict *v, const struct token *t)
{
    size_t n = strlen(v->words);
    v->open++;
    if (n + t->len + 3 < sizeof v->words) {
        memcpy(v->words + n, n ? ", " : "", n ? 2 : 0);
        memcpy(v->words + n + (n ? 2 : 0), t->p, t->len);
        v->words[n + (n ? 2 : 0) + t->len] = '\0';
    }
}

void check_relations(const struct scope *s, const char *text, bool decimal_comma)
{
    struct claim_text *c = calloc(1, sizeof *c);
    if (!c) {
        scope_fault(s->v, "%s", "out of memory: not checked", 26);
        return;
    }
    c->s = s;
    c->text = text;
    tokenize(c, decimal_comma);
    for (size_t from = 0, to; from < c->n; from = to + 1) {
        for (to = from; to < c->n && c->v[to].kind != TOKEN_SENTENCE; to++)
            ;
        judge_roles(c, from, to);
    }
    for (size_t i = 0; i < c->n; i++)
        if (c->v[i].kind == TOKEN_RELATION)
            judge_relation(c, i);
    for (size_t i = 0; i < c->n; i++) {
        const struct token *t = &c->v[i];
        /* a figure's word without a figure, as "it failed", claims nothing that amounts do not */
        if (t->kind == TOKEN_RELATION && t->state == OPEN && t->word->kind != RELATION_IGNORED && t->word->kind != RELATION_ROLE)
            tell_open(s->v, t);
    }
    free(c);
}
