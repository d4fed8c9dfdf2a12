/* facts_json.h - an explanation as JSON, in the form of all commands. */
#ifndef GHOST_FACTS_JSON_H
#define GHOST_FACTS_JSON_H

#include <stdio.h>
#include "explain/explain.h"

/* `e` NULL: the facts alone. Claims that do not hold are left out when the options say strict. */
void explanation_json(FILE *out, const struct facts *f, const struct explanation *e, const struct explain_options *o);

#endif
