/* relation_words.h - words that say how numbers and names belong together: which
 * of several figures (mean, p99), whose (failed, succeeded), how many (never,
 * most), in which direction (slower, rose), in which rank (slowest). */
#ifndef EXPLAIN_RELATION_WORDS_H
#define EXPLAIN_RELATION_WORDS_H

#include "facts.h"

/* X(NAME, family, words for people). A number of one role is not one of another role of its family. */
#define ROLES(X)                                                                                                          \
    X(MEAN, STATISTIC, "the mean") X(MEDIAN, STATISTIC, "the median") X(P95, STATISTIC, "the p95") X(P99, STATISTIC, "the p99") \
    X(MIN, STATISTIC, "the minimum") X(MAX, STATISTIC, "the maximum") X(TOTAL, STATISTIC, "the total") X(SELF, STATISTIC, "own time") \
    X(CALLS, ENDING, "a number of calls") X(FAILED, ENDING, "of failures") X(SUCCEEDED, ENDING, "of successes")                 \
    X(RAISED, ORIGIN, "raised here") X(PASSED, ORIGIN, "passed through")
enum role {
    ROLE_NONE,
#define X(name, family, text) ROLE_##name,
    ROLES(X)
#undef X
};
enum role_family { FAMILY_NONE, FAMILY_STATISTIC, FAMILY_ENDING, FAMILY_ORIGIN };
extern const enum role_family role_families[];
extern const char *const role_texts[];

/* What the words of a fact say its k-th number is. ROLE_NONE: nothing. */
enum role fact_role(const struct fact *f, uint32_t k);

enum relation_kind { RELATION_IGNORED, RELATION_ROLE, RELATION_AMOUNT, RELATION_NOT, RELATION_CHANGE, RELATION_RANK, RELATION_RANGE };
enum amount { AMOUNT_ALL, AMOUNT_NONE, AMOUNT_MOST, AMOUNT_FEW, AMOUNT_ONLY };
enum change { TIME_UP, TIME_DOWN, ANY_UP, ANY_DOWN };
struct relation_word { const char *words; enum relation_kind kind; int what; };   /* a role, an amount, a change, or sections as bits */

/* The longest relation that begins at p; NULL: none does. p is the beginning of a word. */
const struct relation_word *relation_at(const char *p);

#endif
