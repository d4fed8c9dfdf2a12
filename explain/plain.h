/* plain.h - text of others (the recorded program, a model, a service) made
 * harmless: no control characters, no broken UTF-8, nothing that turns the
 * direction of text or hides in it. */
#ifndef EXPLAIN_PLAIN_H
#define EXPLAIN_PLAIN_H

#include <stdbool.h>
#include <stddef.h>

/* The character at p[0..n): its bytes in *len (1 at least), and whether it may be shown. */
bool plain_char(const char *p, size_t n, size_t *len);
/* Replaces each byte of what may not be shown by '?'. */
void plain_text_in_place(char *text);

#endif
