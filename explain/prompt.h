/* prompt.h - what a model is asked: the same facts, language and question give
 * the same bytes (tests/explain/golden). */
#ifndef EXPLAIN_PROMPT_H
#define EXPLAIN_PROMPT_H

#include "facts.h"
#include "redact.h"

/* Moves with every change of the texts in prompt.c: answers are kept by it. */
#define PROMPT_VERSION 1

/* Facts beyond so many bytes are left out, the last ones first, and the model is told;
 * what stands out is at the beginning. */
#define PROMPT_FACTS_BYTES (128u << 10)

struct prompt { char *system, *user; uint32_t left_out; /* facts */ };

/* `question` NULL: explain what the facts are about. */
int prompt_make(struct prompt *p, const struct facts *f, const struct redaction *r, const char *language,
                const char *question, struct ghost_err *err);
void prompt_release(struct prompt *p);

/* JSON Schema of the answer (answer.h), as JSON text. */
extern const char prompt_schema[];

#endif
