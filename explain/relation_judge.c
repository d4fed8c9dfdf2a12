/* relation_judge.c - never, most, slower, slowest, between: do the cited facts say so? */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "relation.h"

bool is_role(const struct token *t, enum role_family family)
{
    return t->kind == TOKEN_RELATION && t->word->kind == RELATION_ROLE && role_families[t->word->what] == family;
}

static bool is_amount(const struct token *t, int amount)
{
    return t->kind == TOKEN_RELATION && t->word->kind == RELATION_AMOUNT && t->word->what == amount;
}

void settle(struct claim_text *c, struct token *t)
{
    t->state = SETTLED;
    c->s->v->relations++;
}

void wrong(struct claim_text *c, struct token *t, const char *format)
{
    t->state = DONE;
    c->s->v->relations++;
    scope_fault(c->s->v, format, t->p, t->len);
}

bool is_negated(const struct claim_text *c, const struct token *t)
{
    const struct token *before = t - 1;
    return t > c->v && (before->kind == TOKEN_RELATION) && (before->word->kind == RELATION_NOT || is_amount(before, AMOUNT_NONE)) &&
           (size_t)(t->p - before->p) < before->len + 12;
}

bool failing_shares(const struct claim_text *c, double *least, double *most)
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

/* Does the fact's label name it: as a whole, or by a name in it? */
static bool is_labelled(const struct fact *fact, const struct token *t)
{
    bool found = fact->label == t->len && memcmp(fact->text, t->p, t->len) == 0;
    for (uint32_t k = 0; k < fact->n_names && fact->names[k].at < fact->label; k++)
        found = found || (fact->section != FACT_SIGNATURES && is_named(fact, &fact->names[k], t->p, t->len));
    return found;
}

/* One share alone: a type that is in several rows has several. */
static bool share_of(const struct claim_text *c, const struct token *t, double *share)
{
    unsigned found = 0;
    for (uint32_t i = 0; i < c->s->f->n; i++) {
        const struct fact *fact = &c->s->f->v[i];
        bool cited = scope_cites(c->s, fact);
        if (cited && fact->section == FACT_SIGNATURES && is_labelled(fact, t)) {
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
        bool labelled = is_labelled(fact, t);
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
        bool found = is_labelled(fact, t);
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

void judge_relation(struct claim_text *c, size_t at)
{
    switch (c->v[at].word->kind) {
    case RELATION_AMOUNT: judge_amount(c, at); break;
    case RELATION_CHANGE: judge_change(c, at); break;
    case RELATION_RANK: judge_rank(c, at); break;
    case RELATION_RANGE: judge_range(c, at); break;
    default: break;
    }
}
