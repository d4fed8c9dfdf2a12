/* opt.h - option tables: one row gives parsing, help, completion and, with a
 * `key`, a setting of ghost.yaml. Precedence: flag, environment, file, fallback. */
#ifndef GHOST_OPT_H
#define GHOST_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "ghost/err.h"

enum option_kind {      /* type of the member the option fills */
    OPTION_FLAG,        /* bool */
    OPTION_TEXT,        /* const char * */
    OPTION_FILE,        /* const char *, completed as a file name */
    OPTION_DIR,         /* const char *, completed as a directory */
    OPTION_LIST,        /* struct option_list: may be given more than once */
    OPTION_COUNT,       /* uint64_t */
    OPTION_REAL,        /* double, not negative: 0.05, 2 */
    OPTION_SIZE,        /* uint64_t bytes: 512, 64K, 1.5M, 2G */
    OPTION_SECONDS,     /* uint64_t milliseconds: 2, 0.5 */
    OPTION_CHOICE       /* const char *, one of `choices` */
};

enum operand_kind { OPERAND_NONE, OPERAND_SESSION, OPERAND_FILE, OPERAND_COMMAND };

struct option_list { const char **items; size_t n; char *owned; /* opt.c's */ };

struct option {
    const char *name;                /* without the dashes */
    char letter;                     /* 0: no short form */
    enum option_kind kind;
    size_t at;                       /* offsetof the member in the command's struct */
    const char *arg;                 /* name of the value in the help, NULL for flags */
    const char *fallback;            /* the default, written as on the command line, or NULL */
    const char *const *choices;      /* NULL-ended, for OPTION_CHOICE */
    const char *key;                 /* its name in ghost.yaml, as "report.top"; NULL: not a setting */
    const char *env;                 /* environment variable that sets it, or NULL; a list's items stand between colons */
    bool guarded;                    /* a file that merely lies in the working directory must not set it (where secrets go) */
    bool last;                       /* what follows its value belongs to the target (-m, -c) */
    const char *help;
    int (*check)(const char *text, struct ghost_err *err);  /* of a value in ghost.yaml: what its kind does not tell; NULL: nothing */
};

struct command;

/* Every command also takes --config FILE and --no-config, and --no-NAME for a
 * flag that has a key. A list takes all its items from one place. */

/* Fills `values` (options_size bytes, zeroed by the caller) from argv, the
 * environment, the file of settings (config.h; it is loaded) and the
 * fallbacks, and moves the operands to the front of argv. Returns their
 * number; GHOST_E_USAGE with `err` filled; `*help` is set when -h or --help was
 * met (then nothing else is checked). The strings are argv's, the
 * environment's and config.h's own. */
int opt_parse(const struct command *cmd, int argc, char **argv, void *values,
              bool *help, struct ghost_err *err);
void opt_release(const struct command *cmd, void *values);

/* Where the value of each row came from, in the order of the table. */
enum opt_source { OPT_UNSET, OPT_DEFAULT, OPT_FROM_FILE, OPT_FROM_ENV, OPT_FROM_FLAG };
/* As opt_parse; sources[] has an element for each row. */
int opt_parse_sources(const struct command *cmd, int argc, char **argv, void *values, bool *help,
                      enum opt_source *sources, struct ghost_err *err);

/* The same without a command line: what the environment, the loaded file and the
 * fallbacks say. */
int opt_fill(const struct command *cmd, void *values, enum opt_source *sources, struct ghost_err *err);

/* ---- single values (opt_value.c) ---- */

enum { OPT_WANTED = 256 };
/* Stores `text` at `at`, the option's member; a list gets one item more. Returns
 * 0, NOMEM, or USAGE with what is wanted instead in `wanted`, as "a whole number".
 * A flag takes NULL (true) and true, yes, on, 1, false, no, off, 0. */
int opt_set(const struct option *o, const char *text, void *at, char wanted[OPT_WANTED]);

/* What --help prints. */
void opt_help(const struct command *cmd, FILE *out);

/* The candidate nearest to `word`, or NULL when none is near. */
const char *opt_nearest(const char *word, const char *const *candidates);

#endif
