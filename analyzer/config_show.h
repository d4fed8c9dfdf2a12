/* config_show.h - the parts of `ghost config`. */
#ifndef GHOST_CONFIG_SHOW_H
#define GHOST_CONFIG_SHOW_H

#include <stdbool.h>
#include <stdio.h>
#include "ghost/err.h"

/* ---- config_show.c: effective values and where each came from ---- */
/* argv: nothing, or a command and its options, whose settings alone are shown.
 * `json`: as data, else as a table. */
int config_show(FILE *f, bool json, int argc, char **argv, struct ghost_err *err);

/* ---- config_init.c: a commented file to begin with ---- */
extern const char *const config_profiles[];      /* NULL at the end */
/* `profile` is one of those. */
void config_write_profile(FILE *f, const char *profile);

#endif
