/* template.h - facts as a page for people: a sentence or two, what stands out,
 * then tables. The same facts and style give the same bytes. */
#ifndef EXPLAIN_TEMPLATE_H
#define EXPLAIN_TEMPLATE_H

#include <stdio.h>
#include "facts.h"

struct template_style { unsigned width; bool unicode, color; };   /* width 0: lines as long as they are */

void template_print(FILE *out, const struct facts *f, const struct template_style *s);
/* `text` broken between words, each further line behind `indent` blanks; the first is begun already. */
void template_wrap(FILE *out, const char *text, unsigned indent, const struct template_style *s);
/* The facts as they are numbered: "[3] Calls observed: 12". */
void template_facts(FILE *out, const struct facts *f);

#endif
