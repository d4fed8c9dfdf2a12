/* completion.h - completion scripts for shells, from the command tables.
 *
 * To add a shell: completion_NAME.c with a `write`, and a row in SHELLS. A
 * test that types into the real shell is in tests/e2e/test_completion.py. */
#ifndef GHOST_COMPLETION_H
#define GHOST_COMPLETION_H

#include <stdio.h>
#include "command.h"

#define SHELLS(X) X(bash) X(zsh) X(fish)

#define X(name) void completion_##name(FILE *f);
SHELLS(X)
#undef X

/* Calls `put` for every option that `c` takes: its table's, --no-NAME of flags
 * that a file of settings may set, and those which every command has. The
 * option is valid during the call only. */
void completion_options(FILE *f, const struct command *c,
                        void (*put)(FILE *f, const struct command *c, const struct option *o));

/* The words with a blank behind each; NULL: none. */
void completion_words(FILE *f, const char *const *words);

#endif
