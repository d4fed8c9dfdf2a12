/* explain_print.h - checked claims for people. */
#ifndef EXPLAIN_EXPLAIN_PRINT_H
#define EXPLAIN_EXPLAIN_PRINT_H

#include "explain.h"
#include "template.h"

/* The answer, claim by claim: heading before the first, then each, then the count. */
struct answer_printer { FILE *out; const struct template_style *style; const struct explain_options *options; bool begun, missing; };
void answer_print_claim(void *printer, const struct claim *c);      /* as explain_options.on_claim */
void answer_print_end(struct answer_printer *p, const struct explanation *e);

#endif
