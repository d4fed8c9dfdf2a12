/* config.h - ghost.yaml: settings that a team writes down once.
 *
 * A scalar or list setting is any row of an option table with a `key` (opt.h):
 * opt.c takes its value from here when neither a flag nor the environment gives
 * one, and a command needs to do nothing. What is no option has a row in
 * CONFIG_LISTS and a function below.
 *
 * One file a process: opt.c loads it before a command runs, and from then on it
 * is read-only, for all threads. Everything returned lives as long as the
 * process. The whole file is checked, whatever command reads it: unknown keys,
 * wrong values, secrets and what is no plain YAML are errors with file, line
 * and column. */
#ifndef GHOST_CONFIG_H
#define GHOST_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "ghost/err.h"

struct config_place { const char *file; unsigned line, column; };   /* from 1 */

/* ---- suppressions: detectors.suppress ----
 *
 *     detectors:
 *       suppress:
 *         - kind: high_exc_rate
 *           function: "shop.cart:*"
 *           reason: "stock checks raise on purpose"
 *           until: 2027-01-31
 */
struct config_suppression {
    const char *id;              /* of one finding; NULL: by kind and function */
    const char *kind;            /* a detector's name; NULL: any */
    const char *function;        /* glob on module:qualname; NULL: any */
    const char *reason;          /* never NULL */
    const char *until;           /* the last day it holds (UTC), as 2027-01-31; NULL: for ever */
    struct config_place at;
};
struct config_suppressions { const struct config_suppression *v; size_t n; };
/* In the order of the file; none when there is no file. Never NULL. */
const struct config_suppressions *config_suppressions(void);
/* Does it speak of a finding with this id, kind and function? Expired or not. */
bool config_suppresses(const struct config_suppression *s, const char *id, const char *kind,
                       const char *module, const char *qualname);
/* True from the day after `until` on. */
bool config_expired(const struct config_suppression *s, int64_t unix_seconds);

/* ---- settings with a key ---- */
struct config_value {
    const char *key;             /* as "report.top" */
    struct config_place at;      /* of the value */
    bool is_list;
    const char *const *items; size_t n;      /* one when it is no list */
};
/* What the file says of `key`; NULL: nothing. */
const struct config_value *config_get(const char *key);

/* ---- the file ---- */
#define CONFIG_NAME "ghost.yaml"
/* What --config and --no-config said; NULL and false leave it as it was. */
void config_choose(const char *path, bool none);
/* The file to load, and whether the user named it; NULL: none. That is what was
 * chosen, else $GHOST_CONFIG, else ghost.yaml in the working directory when
 * there is one. */
const char *config_choice(bool *named);
/* Loads that file. One that was named must exist. On failure `err` tells of the
 * first problem, and how many there are. */
int config_load(struct ghost_err *err);
/* Gives back what was loaded, and forgets the choice. */
void config_release(void);
/* The file that was loaded, as it was named; NULL: none. */
const char *config_path(void);

#endif
