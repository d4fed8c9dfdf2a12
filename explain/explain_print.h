/* explain_print.h - an explanation for people and for programs. */
#ifndef EXPLAIN_EXPLAIN_PRINT_H
#define EXPLAIN_EXPLAIN_PRINT_H

#include "explain.h"
#include "template.h"

/* The answer, claim by claim: heading before the first, then each, then the count. */
struct answer_printer { FILE *out; const struct template_style *style; const struct explain_options *options; bool begun, missing; };
void answer_print_claim(void *printer, const struct claim *c);      /* as explain_options.on_claim */
void answer_print_end(struct answer_printer *p, const struct explanation *e);

/* Facts and answer as one JSON object; `e` NULL: the facts alone. 0, or a negative code. */
int explain_json(FILE *out, const struct facts *f, const struct explanation *e, const struct explain_options *o, struct ghost_err *err);

#endif
