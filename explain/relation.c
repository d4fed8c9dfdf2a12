/* relation.c - the words between the numbers: is what they say so?
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
#include "relation_words.h"
#include "scope.h"

enum { TOKENS = 256 };
enum token_kind { TOKEN_RELATION, TOKEN_NUMBER, TOKEN_NAME, TOKEN_CLAUSE, TOKEN_SENTENCE };
struct token {
    enum token_kind kind;
    const char *p; size_t len;
    const struct relation_word *word;
    struct quantity number;
    bool base;                       /* "3 of 8": the 8 */
    enum { OPEN, SETTLED, DONE } state;     /* of a relation; a number that is DONE belongs to one */
};
struct claim_text { const struct scope *s; const char *text; struct token v[TOKENS]; size_t n; };

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

static bool is_role(const struct token *t, enum role_family family)
{
    return t->kind == TOKEN_RELATION && t->word->kind == RELATION_ROLE && role_families[t->word->what] == family;
}

static bool is_amount(const struct token *t, int amount)
{
    return t->kind == TOKEN_RELATION && t->word->kind == RELATION_AMOUNT && t->word->what == amount;
}

static bool fits(const struct token *t, enum role_family family)
{
    enum fact_unit unit = t->number.unit;
    return t->kind == TOKEN_NUMBER && !t->base && (family == FAMILY_STATISTIC ? unit == UNIT_NS : unit == UNIT_COUNT || unit == UNIT_RATIO || unit == UNIT_SHARE);
}

static void settle(struct claim_text *c, struct token *t)
{
    t->state = SETTLED;
    c->s->v->relations++;
}

static void wrong(struct claim_text *c, struct token *t, const char *format)
{
    t->state = DONE;
    c->s->v->relations++;
    scope_fault(c->s->v, format, t->p, t->len);
}

/* "not slower", "no failures": the word before turns it round. */
static bool is_negated(const struct claim_text *c, const struct token *t)
{
    const struct token *before = t - 1;
    return t > c->v && (before->kind == TOKEN_RELATION) && (before->word->kind == RELATION_NOT || is_amount(before, AMOUNT_NONE)) &&
           (size_t)(t->p - before->p) < before->len + 12;
}

/* ---- which figure is it? ---- */

/* Shares of failures in what is cited. False: none is told. */
static bool failing_shares(const struct claim_text *c, double *least, double *most)
{
    bool any = false;
    for (uint32_t i = 0; i < c->s->f->n; i++) {
        const struct fact *fact = &c->s->f->v[i];
        if (!scope_cites(c->s, fact))
            continue;
        bool none = strstr(fact->text, "none failed") != NULL;
        for (uint32_t k = 0; k < fact->n_numbers; k++)
            if (fact->numbers[k].unit == UNIT_SHARE && fact_role(fact, k) == ROLE_FAILED) {
                *least = any && *least < fact->numbers[k].value ? *least : fact->numbers[k].value;
                *most = any && *most > fact->numbers[k].value ? *most : fact->numbers[k].value;
                any = true;
            }
        if (none) {
            *least = 0;
            *most = any ? *most : 0;
            any = true;
        }
    }
    return any;
}

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

/* ---- how many? ---- */

static bool agrees(int amount, double least, double most)
{
    switch (amount) {
    case AMOUNT_ALL: return most >= 1;
    case AMOUNT_NONE: return least <= 0;
    case AMOUNT_MOST: return most > 0.5;
    default: return least < 0.5;
    }
}

/* The share that stands behind a name in a fact: of its row, or of a parameter's type. */
static bool share_behind(const struct fact *fact, const struct fact_name *name, double *share)
{
    if (name->kind == NAME_PARAM || (fact->section != FACT_RETURNS && fact->section != FACT_YIELDS && fact->section != FACT_SIGNATURES &&
                                     fact->section != FACT_PARAMETERS && fact->section != FACT_CALLERS))
        return false;
    for (uint32_t k = 0; k < fact->n_numbers; k++)
        if (fact->numbers[k].at > name->at && fact->numbers[k].unit == UNIT_SHARE) {
            *share = fact->numbers[k].value;
            return true;
        }
    return false;
}

static bool is_named(const struct fact *fact, const struct fact_name *n, const char *p, size_t len)
{
    return (n->len == len && memcmp(fact->text + n->at, p, len) == 0) || (strlen(n->full) == len && memcmp(n->full, p, len) == 0);
}

/* One share alone: a type that is in several rows has several. */
static bool share_of(const struct claim_text *c, const struct token *t, double *share)
{
    unsigned found = 0;
    for (uint32_t i = 0; i < c->s->f->n; i++) {
        const struct fact *fact = &c->s->f->v[i];
        bool cited = scope_cites(c->s, fact);
        if (cited && fact->section == FACT_SIGNATURES && fact->label == t->len && memcmp(fact->text, t->p, t->len) == 0) {
            *share = fact->share;
            return true;
        }
        for (uint32_t k = 0; cited && fact->section != FACT_SIGNATURES && k < fact->n_names; k++)
            found += is_named(fact, &fact->names[k], t->p, t->len) && share_behind(fact, &fact->names[k], share);
    }
    return found == 1;
}

/* The nearest name with a share: behind the word first, then before it. */
static bool nearest_share(const struct claim_text *c, size_t at, double *share)
{
    for (size_t i = at + 1; i < c->n && c->v[i].kind < TOKEN_CLAUSE; i++)
        if (c->v[i].kind == TOKEN_NAME && share_of(c, &c->v[i], share))
            return true;
    for (size_t i = at; i-- > 0 && c->v[i].kind < TOKEN_CLAUSE;)
        if (c->v[i].kind == TOKEN_NAME && share_of(c, &c->v[i], share))
            return true;
    return false;
}

/* "all calls that failed": it is not the calls that are all meant. */
static bool is_narrowed(const char *p, const char *end)
{
    static const char *const narrower[] = { " that ", " which ", " who ", " of these ", " of those ", " other ", " rest ", " with ", " from ", " by " };
    for (size_t i = 0; i < sizeof narrower / sizeof *narrower; i++)
        if (memmem(p, (size_t)(end - p), narrower[i], strlen(narrower[i])))
            return true;
    return false;
}

static void judge_amount(struct claim_text *c, size_t at)
{
    struct token *t = &c->v[at];
    const struct token *failing = NULL, *ending = NULL;
    double least = 0, most = 0;
    bool number = false, name = false;
    size_t from = at, to = at + 1;
    while (from > 0 && c->v[from - 1].kind < TOKEN_CLAUSE)
        from--;
    while (to < c->n && c->v[to].kind < TOKEN_CLAUSE)
        to++;
    for (size_t i = from; i < to; i++) {
        failing = is_role(&c->v[i], FAMILY_ENDING) && c->v[i].word->what == ROLE_FAILED ? &c->v[i] : failing;
        ending = is_role(&c->v[i], FAMILY_ENDING) && c->v[i].word->what == ROLE_SUCCEEDED ? &c->v[i] : ending;
        number = number || c->v[i].kind == TOKEN_NUMBER;
        name = name || (c->v[i].kind == TOKEN_NAME && share_of(c, &c->v[i], &least));
    }
    if (t->word->what == AMOUNT_ONLY || is_negated(c, t) || number)
        return;
    const char *begin = c->v[from].p, *end = to < c->n ? c->v[to].p : c->text + strlen(c->text);
    if ((failing || ending) && !(failing && ending) && !name) {
        /* "never succeeds" is "always fails", and the other way round */
        int amount = t->word->what;
        if (ending)
            amount = amount == AMOUNT_ALL ? AMOUNT_NONE : amount == AMOUNT_NONE ? AMOUNT_ALL : amount == AMOUNT_MOST ? AMOUNT_FEW : AMOUNT_MOST;
        if (is_narrowed(begin, end) || !failing_shares(c, &least, &most))
            return;
        if (agrees(amount, least, most))
            settle(c, t);
        else
            wrong(c, t, "the facts it cites do not say '%s' of failures");
    } else if (!failing && !ending && nearest_share(c, at, &least)) {
        if (agrees(t->word->what, least, least))
            settle(c, t);
        else
            wrong(c, t, "the share in the facts is not '%s'");
    }
}

/* ---- in which direction? ---- */

/* What the facts say about a name's time or number of calls, on average. */
static bool figure_of(const struct claim_text *c, const struct token *t, bool time, double *value)
{
    for (uint32_t i = 0; i < c->s->f->n; i++) {
        const struct fact *fact = &c->s->f->v[i];
        bool labelled = fact->label == t->len && memcmp(fact->text, t->p, t->len) == 0;
        for (uint32_t k = 0; k < fact->n_names && fact->names[k].at < fact->label; k++)
            labelled = labelled || (fact->section != FACT_SIGNATURES && is_named(fact, &fact->names[k], t->p, t->len));
        for (uint32_t k = 0; labelled && scope_cites(c->s, fact) && k < fact->n_numbers; k++)
            if (time ? fact_role(fact, k) == ROLE_MEAN : fact->numbers[k].unit == UNIT_COUNT) {
                *value = fact->numbers[k].value;
                return true;
            }
    }
    return false;
}

static const struct token *name_near(const struct claim_text *c, size_t at, int step)
{
    for (size_t i = at; (step > 0 || i > 0) && i + (size_t)step < c->n; ) {
        i += (size_t)step;
        if (c->v[i].kind == TOKEN_SENTENCE)
            return NULL;
        if (c->v[i].kind == TOKEN_NAME)
            return &c->v[i];
    }
    return NULL;
}

/* "2.0 times as long", "from 5 to 8": +1 up, -1 down, 2 both ways, 0 nothing. */
static int directions(const struct claim_text *c, bool time)
{
    bool up = false, down = false;
    for (uint32_t i = 0; i < c->s->f->n; i++) {
        const struct fact *fact = &c->s->f->v[i];
        for (uint32_t k = 0; scope_cites(c->s, fact) && k < fact->n_numbers; k++) {
            const struct fact_number *x = &fact->numbers[k], *y = x + 1;
            const char *after = fact->text + x->at + x->len;
            bool ratio = x->unit == UNIT_RATIO && (strncmp(after, " as long as", 11) == 0 || strncmp(after, " the mean of", 12) == 0);
            bool pair = k + 1 < fact->n_numbers && x->unit == y->unit && (!time || x->unit == UNIT_NS) && strncmp(after, " to ", 4) == 0 &&
                        y->at == x->at + x->len + 4 && x->at >= 5 && memcmp(fact->text + x->at - 5, "from ", 5) == 0;
            double from = ratio ? 1 : x->value, to = ratio ? x->value : pair ? y->value : x->value;
            up = up || ((ratio || pair) && to > from);
            down = down || ((ratio || pair) && to < from);
        }
    }
    return up && down ? 2 : up ? 1 : down ? -1 : 0;
}

static void judge_change(struct claim_text *c, size_t at)
{
    struct token *t = &c->v[at];
    bool time = t->word->what <= TIME_DOWN, up = t->word->what == TIME_UP || t->word->what == ANY_UP;
    const char *than = strstr(t->p, "than");
    const struct token *a = name_near(c, at, -1), *b = name_near(c, at, 1);
    double x, y;
    if (is_negated(c, t))
        return;
    if (than && a && b && b->p > than && figure_of(c, a, time, &x) && figure_of(c, b, time, &y)) {
        if ((x > y) == up && x != y)
            settle(c, t);
        else
            wrong(c, t, "by the facts it is not %s");
        return;
    }
    int way = than && b && b->p > than ? 0 : directions(c, time);
    if (way == (up ? 1 : -1))
        settle(c, t);
    else if (way == (up ? -1 : 1))
        wrong(c, t, "by the facts it is not %s");
}

/* ---- which rank? ---- */

static unsigned wanted_rank(const struct token *t, const char *text)
{
    static const char *const ordinals[] = { "second ", "third ", "fourth ", "fifth ", "second-", "third-", "fourth-", "fifth-" };
    for (size_t i = 0; i < sizeof ordinals / sizeof *ordinals; i++) {
        size_t n = strlen(ordinals[i]);
        if ((size_t)(t->p - text) >= n && strncasecmp(t->p - n, ordinals[i], n) == 0)
            return (unsigned)(i % 4) + 2;
    }
    return 1;
}

/* The rank of a name among the rows of its section; rows with the same share have the same. */
static unsigned rank_of(const struct claim_text *c, const struct token *t, int sections)
{
    for (uint32_t i = 0, first = 0; i < c->s->f->n; i++) {
        const struct fact *fact = &c->s->f->v[i];
        first = i && fact->section == fact[-1].section ? first : i;
        if (!(sections >> fact->section & 1) || !scope_cites(c->s, fact))
            continue;
        bool found = fact->label == t->len && memcmp(fact->text, t->p, t->len) == 0;
        for (uint32_t k = 0; k < fact->n_names && fact->names[k].at < fact->label; k++)
            found = found || (fact->section != FACT_SIGNATURES && is_named(fact, &fact->names[k], t->p, t->len));
        uint32_t rank = i;
        while (rank > first && fact->share >= 0 && c->s->f->v[rank - 1].share <= fact->share)
            rank--;
        if (found)
            return rank - first + 1;
    }
    return 0;
}

static void judge_rank(struct claim_text *c, size_t at)
{
    struct token *t = &c->v[at];
    const struct token *const near[] = { name_near(c, at, -1), name_near(c, at, 1) };
    unsigned ranks[2] = { 0, 0 }, wanted = wanted_rank(t, c->text);
    for (unsigned i = 0; i < 2; i++)
        ranks[i] = near[i] ? rank_of(c, near[i], t->word->what) : 0;
    if (is_negated(c, t) || (!ranks[0] && !ranks[1]))
        return;
    if (ranks[0] == wanted || ranks[1] == wanted)
        settle(c, t);
    else
        wrong(c, t, "what it names is not the '%s' of the facts");
}

/* "between 5 and 8 ms" */
static void judge_range(struct claim_text *c, size_t at)
{
    struct token *t = &c->v[at], *first = at + 1 < c->n ? t + 1 : NULL, *second = NULL;
    for (size_t i = at + 2; i < c->n && i < at + 4 && !second; i++)
        second = c->v[i].kind == TOKEN_NUMBER ? &c->v[i] : NULL;
    if (!first || !second || first->kind != TOKEN_NUMBER || first->number.unit != second->number.unit || !first->number.n || !second->number.n)
        return;
    if (first->number.v[0].value < second->number.v[0].value)
        settle(c, t);
    else
        wrong(c, t, "the range after '%s' runs backwards");
}

/* ---- all of it ---- */

static void judge(struct claim_text *c, size_t at)
{
    switch (c->v[at].word->kind) {
    case RELATION_AMOUNT: judge_amount(c, at); break;
    case RELATION_CHANGE: judge_change(c, at); break;
    case RELATION_RANK: judge_rank(c, at); break;
    case RELATION_RANGE: judge_range(c, at); break;
    default: break;
    }
}

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
            judge(c, i);
    for (size_t i = 0; i < c->n; i++) {
        const struct token *t = &c->v[i];
        /* a figure's word without a figure, as "it failed", claims nothing that amounts do not */
        if (t->kind == TOKEN_RELATION && t->state == OPEN && t->word->kind != RELATION_IGNORED && t->word->kind != RELATION_ROLE)
            tell_open(s->v, t);
    }
    free(c);
}
