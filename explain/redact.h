/* redact.h - names of the recorded program out of what is sent, and back into
 * what comes. Tokens are numbered in the order of the facts, so the same facts
 * give the same tokens. Python's own names (int, KeyError) stay: they tell
 * nothing about the program, and an answer without them says nothing either. */
#ifndef EXPLAIN_REDACT_H
#define EXPLAIN_REDACT_H

#include "facts.h"

struct redacted_name { char token[24]; char *shown, *full; };
struct redaction { bool on; struct redacted_name *v; uint32_t n; };

/* With `on` unset all that follows gives plain copies. 0, or a negative code. */
int redaction_make(struct redaction *r, const struct facts *f, bool on, struct ghost_err *err);
void redaction_release(struct redaction *r);

/* All are new strings, NULL when out of memory. */
char *redact_fact(const struct redaction *r, const struct fact *fact);
char *redact_question(const struct redaction *r, const char *text);      /* known names in a user's words */
char *redact_restore(const struct redaction *r, const char *text);

#endif
