/* secret.h - the key: read once, kept in one place, never shown. It comes from the
 * environment or a file, never from the command line, which every user of a
 * machine can read. */
#ifndef EXPLAIN_SECRET_H
#define EXPLAIN_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include "ghost/err.h"

struct secret { char *key; char *header; };

/* From `file`, else from the environment variable `env`, which is wiped. Neither
 * there: an empty secret. From here on a crash leaves no core file. */
int secret_read(struct secret *s, const char *file, const char *env, const char *header_name, struct ghost_err *err);
void secret_release(struct secret *s);
/* Wipes the variable: what others can see of this process has it no more. */
void secret_forget(const char *env);

/* Overwrites the key wherever it stands in text[0..n): a service may echo it. So it does
 * with the beginning of a key, from 12 characters on: a message may have been cut. */
void secret_hide(const struct secret *s, char *text, size_t n);

#endif
