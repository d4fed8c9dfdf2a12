/* relation_words.c - the tables, and what the words of a fact say about its numbers. */
#include "relation_words.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

const enum role_family role_families[] = {
    FAMILY_NONE,
#define X(name, family, text) FAMILY_##family,
    ROLES(X)
#undef X
};
const char *const role_texts[] = {
    "",
#define X(name, family, text) text,
    ROLES(X)
#undef X
};

/* ---- words of a claim ---- */

#define BIT(section) (1 << FACT_##section)
enum { SPLIT = BIT(SIGNATURES) | BIT(RETURNS) | BIT(YIELDS) | BIT(CALLERS) | BIT(CALLEES) };

static const struct relation_word words[] = {
    { "in all", RELATION_IGNORED, 0 }, { "at all", RELATION_IGNORED, 0 }, { "above all", RELATION_IGNORED, 0 }, { "no more than", RELATION_IGNORED, 0 },
    { "not only", RELATION_IGNORED, 0 }, { "called from", RELATION_IGNORED, 0 }, { "all but one in a hundred", RELATION_ROLE, ROLE_P99 },

    { "mean", RELATION_ROLE, ROLE_MEAN }, { "average", RELATION_ROLE, ROLE_MEAN }, { "averages", RELATION_ROLE, ROLE_MEAN }, { "averaged", RELATION_ROLE, ROLE_MEAN },
    { "on average", RELATION_ROLE, ROLE_MEAN }, { "median", RELATION_ROLE, ROLE_MEDIAN }, { "p50", RELATION_ROLE, ROLE_MEDIAN },
    { "half of them", RELATION_ROLE, ROLE_MEDIAN }, { "half of the calls", RELATION_ROLE, ROLE_MEDIAN }, { "half the calls", RELATION_ROLE, ROLE_MEDIAN },
    { "p95", RELATION_ROLE, ROLE_P95 }, { "95th percentile", RELATION_ROLE, ROLE_P95 }, { "p99", RELATION_ROLE, ROLE_P99 }, { "99th percentile", RELATION_ROLE, ROLE_P99 },
    { "min", RELATION_ROLE, ROLE_MIN }, { "minimum", RELATION_ROLE, ROLE_MIN }, { "fastest call", RELATION_ROLE, ROLE_MIN }, { "quickest call", RELATION_ROLE, ROLE_MIN },
    { "shortest call", RELATION_ROLE, ROLE_MIN }, { "at best", RELATION_ROLE, ROLE_MIN }, { "max", RELATION_ROLE, ROLE_MAX }, { "maximum", RELATION_ROLE, ROLE_MAX },
    { "slowest call", RELATION_ROLE, ROLE_MAX }, { "longest call", RELATION_ROLE, ROLE_MAX }, { "worst case", RELATION_ROLE, ROLE_MAX }, { "at worst", RELATION_ROLE, ROLE_MAX },
    { "at most", RELATION_ROLE, ROLE_MAX }, { "up to", RELATION_ROLE, ROLE_MAX }, { "peak", RELATION_ROLE, ROLE_MAX }, { "in total", RELATION_ROLE, ROLE_TOTAL },
    { "total time", RELATION_ROLE, ROLE_TOTAL }, { "altogether", RELATION_ROLE, ROLE_TOTAL }, { "own code", RELATION_ROLE, ROLE_SELF }, { "own time", RELATION_ROLE, ROLE_SELF },
    { "self time", RELATION_ROLE, ROLE_SELF }, { "called", RELATION_ROLE, ROLE_CALLS }, { "invoked", RELATION_ROLE, ROLE_CALLS }, { "executed", RELATION_ROLE, ROLE_CALLS },
    { "fail", RELATION_ROLE, ROLE_FAILED }, { "fails", RELATION_ROLE, ROLE_FAILED }, { "failed", RELATION_ROLE, ROLE_FAILED }, { "failing", RELATION_ROLE, ROLE_FAILED },
    { "failure", RELATION_ROLE, ROLE_FAILED }, { "failures", RELATION_ROLE, ROLE_FAILED }, { "left by", RELATION_ROLE, ROLE_FAILED }, { "exception", RELATION_ROLE, ROLE_FAILED },
    { "exceptions", RELATION_ROLE, ROLE_FAILED }, { "exception rate", RELATION_ROLE, ROLE_FAILED }, { "error rate", RELATION_ROLE, ROLE_FAILED }, { "raised", RELATION_ROLE, ROLE_FAILED },
    { "raises", RELATION_ROLE, ROLE_FAILED }, { "raise", RELATION_ROLE, ROLE_FAILED }, { "error", RELATION_ROLE, ROLE_FAILED }, { "errors", RELATION_ROLE, ROLE_FAILED },
    { "succeed", RELATION_ROLE, ROLE_SUCCEEDED }, { "succeeds", RELATION_ROLE, ROLE_SUCCEEDED }, { "succeeded", RELATION_ROLE, ROLE_SUCCEEDED }, { "success", RELATION_ROLE, ROLE_SUCCEEDED },
    { "successful", RELATION_ROLE, ROLE_SUCCEEDED }, { "successfully", RELATION_ROLE, ROLE_SUCCEEDED }, { "normally", RELATION_ROLE, ROLE_SUCCEEDED },
    { "without an exception", RELATION_ROLE, ROLE_SUCCEEDED }, { "without exception", RELATION_ROLE, ROLE_SUCCEEDED }, { "without exceptions", RELATION_ROLE, ROLE_SUCCEEDED },
    { "without an error", RELATION_ROLE, ROLE_SUCCEEDED }, { "without error", RELATION_ROLE, ROLE_SUCCEEDED }, { "without errors", RELATION_ROLE, ROLE_SUCCEEDED },
    { "without failing", RELATION_ROLE, ROLE_SUCCEEDED }, { "raised here", RELATION_ROLE, ROLE_RAISED }, { "passed through", RELATION_ROLE, ROLE_PASSED }, { "came through", RELATION_ROLE, ROLE_PASSED },

    { "all", RELATION_AMOUNT, AMOUNT_ALL }, { "always", RELATION_AMOUNT, AMOUNT_ALL }, { "every", RELATION_AMOUNT, AMOUNT_ALL }, { "each", RELATION_AMOUNT, AMOUNT_ALL },
    { "exclusively", RELATION_AMOUNT, AMOUNT_ALL }, { "invariably", RELATION_AMOUNT, AMOUNT_ALL }, { "consistently", RELATION_AMOUNT, AMOUNT_ALL }, { "entirely", RELATION_AMOUNT, AMOUNT_ALL },
    { "never", RELATION_AMOUNT, AMOUNT_NONE }, { "no", RELATION_AMOUNT, AMOUNT_NONE }, { "none", RELATION_AMOUNT, AMOUNT_NONE }, { "not once", RELATION_AMOUNT, AMOUNT_NONE },
    { "nothing", RELATION_AMOUNT, AMOUNT_NONE }, { "nobody", RELATION_AMOUNT, AMOUNT_NONE }, { "without", RELATION_AMOUNT, AMOUNT_NONE }, { "most", RELATION_AMOUNT, AMOUNT_MOST },
    { "mostly", RELATION_AMOUNT, AMOUNT_MOST }, { "mainly", RELATION_AMOUNT, AMOUNT_MOST }, { "usually", RELATION_AMOUNT, AMOUNT_MOST }, { "majority", RELATION_AMOUNT, AMOUNT_MOST },
    { "predominantly", RELATION_AMOUNT, AMOUNT_MOST }, { "primarily", RELATION_AMOUNT, AMOUNT_MOST }, { "generally", RELATION_AMOUNT, AMOUNT_MOST },
    { "rarely", RELATION_AMOUNT, AMOUNT_FEW }, { "seldom", RELATION_AMOUNT, AMOUNT_FEW }, { "hardly ever", RELATION_AMOUNT, AMOUNT_FEW }, { "few", RELATION_AMOUNT, AMOUNT_FEW },
    { "minority", RELATION_AMOUNT, AMOUNT_FEW }, { "occasionally", RELATION_AMOUNT, AMOUNT_FEW }, { "only", RELATION_AMOUNT, AMOUNT_ONLY },
    { "not", RELATION_NOT, 0 }, { "cannot", RELATION_NOT, 0 }, { "no longer", RELATION_NOT, 0 }, { "neither", RELATION_NOT, 0 }, { "nor", RELATION_NOT, 0 },
    { "didn't", RELATION_NOT, 0 }, { "doesn't", RELATION_NOT, 0 }, { "don't", RELATION_NOT, 0 }, { "isn't", RELATION_NOT, 0 }, { "wasn't", RELATION_NOT, 0 }, { "weren't", RELATION_NOT, 0 },

    { "slower", RELATION_CHANGE, TIME_UP }, { "longer", RELATION_CHANGE, TIME_UP }, { "faster", RELATION_CHANGE, TIME_DOWN }, { "quicker", RELATION_CHANGE, TIME_DOWN },
    { "shorter", RELATION_CHANGE, TIME_DOWN }, { "sped up", RELATION_CHANGE, TIME_DOWN }, { "slowed down", RELATION_CHANGE, TIME_UP }, { "rose", RELATION_CHANGE, ANY_UP },
    { "risen", RELATION_CHANGE, ANY_UP }, { "increased", RELATION_CHANGE, ANY_UP }, { "increase", RELATION_CHANGE, ANY_UP }, { "grew", RELATION_CHANGE, ANY_UP },
    { "grown", RELATION_CHANGE, ANY_UP }, { "higher", RELATION_CHANGE, ANY_UP }, { "went up", RELATION_CHANGE, ANY_UP }, { "climbed", RELATION_CHANGE, ANY_UP },
    { "more often", RELATION_CHANGE, ANY_UP }, { "fell", RELATION_CHANGE, ANY_DOWN }, { "fallen", RELATION_CHANGE, ANY_DOWN }, { "dropped", RELATION_CHANGE, ANY_DOWN },
    { "decreased", RELATION_CHANGE, ANY_DOWN }, { "decrease", RELATION_CHANGE, ANY_DOWN }, { "lower", RELATION_CHANGE, ANY_DOWN }, { "went down", RELATION_CHANGE, ANY_DOWN },
    { "less often", RELATION_CHANGE, ANY_DOWN }, { "shrank", RELATION_CHANGE, ANY_DOWN },

    { "slowest", RELATION_RANK, BIT(SLOW) }, { "most time", RELATION_RANK, BIT(HOT) | BIT(MODULES) }, { "most expensive", RELATION_RANK, BIT(HOT) | BIT(MODULES) },
    { "hottest", RELATION_RANK, BIT(HOT) }, { "most common", RELATION_RANK, SPLIT }, { "most frequent", RELATION_RANK, SPLIT }, { "most often", RELATION_RANK, SPLIT },
    { "most frequently", RELATION_RANK, SPLIT }, { "most exceptions", RELATION_RANK, BIT(FAILING) }, { "between", RELATION_RANGE, 0 },
};

static bool is_letter(unsigned char c) { return isalnum(c) || c == '_' || c >= 0x80; }

const struct relation_word *relation_at(const char *p)
{
    const struct relation_word *best = NULL;
    size_t longest = 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t n = strlen(words[i].words);
        if (n > longest && strncasecmp(p, words[i].words, n) == 0 && !is_letter((unsigned char)p[n])) {
            longest = n;
            best = &words[i];
        }
    }
    return best;
}

/* ---- words of a fact ---- */

static bool has(const char *p, size_t n, const char *words_of)
{
    return memmem(p, n, words_of, strlen(words_of)) != NULL;
}

static bool ends(const char *p, size_t n, const char *end)
{
    size_t len = strlen(end);
    return n >= len && memcmp(p + n - len, end, len) == 0;
}

/* "Latency (p50/p95/p99): a / b / c" */
static enum role from_label(const struct fact *f, uint32_t k)
{
    const char *open = memchr(f->text, '(', f->label), *end = f->text + f->label;
    for (uint32_t i = 0; open && i <= k; i++) {
        const struct relation_word *w = relation_at(++open);
        if (!w || w->kind != RELATION_ROLE)
            return ROLE_NONE;
        if (i == k)
            return (enum role)w->what;
        open = memchr(open, '/', (size_t)(end - open));
    }
    return ROLE_NONE;
}

/* What stands around a number. */
static const struct { bool before; const char *words; enum role role; } around[] = {
    { true, "p99 ", ROLE_P99 }, { true, "the median is ", ROLE_MEDIAN }, { true, "slowest call took ", ROLE_MAX }, { true, "raised here ", ROLE_RAISED },
    { true, "passed through ", ROLE_PASSED }, { true, "Total time: ", ROLE_TOTAL }, { true, "Calls observed: ", ROLE_CALLS }, { true, "Left by exceptions: ", ROLE_FAILED },
    { false, " on average", ROLE_MEAN }, { false, " in its own code", ROLE_SELF }, { false, " left by an exception", ROLE_FAILED }, { false, " rate)", ROLE_FAILED },
    { false, ") left by an exception", ROLE_FAILED }, { false, ") in its own code", ROLE_SELF }, { false, " were raised here", ROLE_RAISED }, { false, " came through", ROLE_PASSED },
};

static enum role from_words(const struct fact *f, uint32_t k)
{
    const struct fact_number *n = &f->numbers[k];
    const char *after = f->text + n->at + n->len;
    for (size_t i = 0; i < sizeof around / sizeof *around; i++)
        if (around[i].before ? ends(f->text, n->at, around[i].words) : strncmp(after, around[i].words, strlen(around[i].words)) == 0)
            return around[i].role;
    /* "3 (37.5%) left by an exception": the count is what its share is */
    bool share = k + 1 < f->n_numbers && f->numbers[k + 1].unit == UNIT_SHARE && strncmp(after, " (", 2) == 0 && f->numbers[k + 1].at == n->at + n->len + 2;
    return share ? from_words(f, k + 1) : ROLE_NONE;
}

/* Facts about failures: all numbers but those that others are a part of. */
static bool about_failures(const struct fact *f)
{
    return f->section == FACT_FAILING || (f->section == FACT_EXCEPTIONS && has(f->text, f->len, " left ")) ||
           (f->section == FACT_NOTABLE && (has(f->text, f->len, " fail: ") || has(f->text, f->len, " fail with ")));
}

enum role fact_role(const struct fact *f, uint32_t k)
{
    enum role role = f->section == FACT_LATENCY ? from_label(f, k) : ROLE_NONE;
    if (role == ROLE_NONE)
        role = from_words(f, k);
    bool base = ends(f->text, f->numbers[k].at, " of ") || ends(f->text, f->numbers[k].at, "of the ");
    if (role == ROLE_NONE && !base && f->numbers[k].unit <= UNIT_SHARE && f->numbers[k].unit != UNIT_NS && about_failures(f))
        role = ROLE_FAILED;
    return role;
}
