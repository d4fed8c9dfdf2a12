/* scope.h - what one claim is held against: the facts that it cites. Of check.c
 * and relation.c alone. */
#ifndef EXPLAIN_SCOPE_H
#define EXPLAIN_SCOPE_H

#include "check.h"
#include "quantity.h"

struct scope { const struct facts *f; const unsigned *cited; size_t n_cited; bool all; struct verdict *v; };

bool scope_cites(const struct scope *s, const struct fact *fact);
/* Is it the number of the fact: the value itself, or the value as the fact shows it? */
bool scope_number(const struct quantity *q, const struct fact *fact, const struct fact_number *n);
/* `word` in `text`, not as a part of a longer word or numeral. */
bool scope_word(const char *text, const char *word, size_t len);
/* The first fault of a claim; `format` has one %s for `what`. */
void scope_fault(struct verdict *v, const char *format, const char *what, size_t len);

/* Words that relate the numbers and names of a claim (relation.c), English only. */
void check_relations(const struct scope *s, const char *text, bool decimal_comma);

#endif
