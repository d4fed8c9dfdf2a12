/* out.h - where a command's result goes: standard output, or a file that
 * appears only when it is complete. It tells of a program's inside, so it is its owner's
 * alone (0600); a file that it replaces hands its mode on. */
#ifndef GHOST_OUT_H
#define GHOST_OUT_H

#include <stdbool.h>
#include <stdio.h>
#include "ghost/err.h"

struct out { FILE *f; char *path, *temporary; };

/* `path` NULL or "-": standard output. From here on a reader that goes away
 * is no error and no signal. */
int out_open(struct out *o, const char *path, struct ghost_err *err);
/* Completes the output (ret >= 0: the file takes its name) or gives it up.
 * Returns `ret`, or a negative code when writing failed. */
int out_close(struct out *o, int ret, struct ghost_err *err);

#endif
