/* quantity_words.h - the words around numbers: units, number words, "more than". */
#ifndef EXPLAIN_QUANTITY_WORDS_H
#define EXPLAIN_QUANTITY_WORDS_H

#include "quantity.h"

bool is_word_byte(unsigned char c);
/* Bytes of a blank at p, non-breaking and thin ones too; of all blanks there. */
size_t blank(const char *p);
size_t blanks(const char *p);
/* Letters of a word at p; 0 when it goes on with something else than a hyphen or a mark. */
size_t letters(const char *p);

/* What a unit does beside those of facts: a count or a ratio, or it multiplies what comes before it. */
enum { TIMES = UNIT_COUNT_ + 1, MULTIPLY };
struct unit_word { const char *word; int unit; double factor; bool exact; };   /* exact: with its case, whole word */
/* The unit at p (behind blanks or a hyphen), NULL when there is none. */
const struct unit_word *unit_at(const char *p, size_t *used);

enum word_kind { WORD_VAGUE /* thousands */, WORD_TIMES /* twice */, WORD_FRACTION /* third: 3 */ };
/* The value of a word of one kind, 0 when it is none. */
double word_value(enum word_kind kind, const char *p, size_t len);
/* "twenty-two": its length, 0 when p is no number word. */
size_t spelled(const char *p, double *value);

enum direction direction_before(const char *text, size_t at);
bool word_before(const char *text, size_t at, const char *word);

#endif
