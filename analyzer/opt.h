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
    OPTION_SIZE,        /* uint64_t bytes: 512, 64K, 1.5M, 2G */
    OPTION_SECONDS,     /* uint64_t milliseconds: 2, 0.5 */
    OPTION_CHOICE       /* const char *, one of `choices` */
};

enum operand_kind { OPERAND_NONE, OPERAND_SESSION, OPERAND_FILE, OPERAND_COMMAND };

struct option_list { const char **items; size_t n; };

struct option {
    const char *name;                /* without the dashes */
    char letter;                     /* 0: no short form */
    enum option_kind kind;
    size_t at;                       /* offsetof the member in the command's struct */
    const char *arg;                 /* name of the value in the help, NULL for flags */
    const char *fallback;            /* the default, written as on the command line, or NULL */
    const char *const *choices;      /* NULL-ended, for OPTION_CHOICE */
    const char *key;                 /* its name in ghost.yaml, as "report.top"; NULL: not a setting */
    const char *env;                 /* environment variable that sets it, or NULL */
    bool last;                       /* what follows its value belongs to the target (-m, -c) */
    const char *help;
};

struct command;

/* Fills `values` (options_size bytes, zeroed by the caller) with defaults and
 * what argv says, and moves the operands to the front of argv. Returns their
 * number; GHOST_E_USAGE with `err` filled; `*help` is set when -h or --help was
 * met (then nothing else is checked). The strings are argv's own. */
int opt_parse(const struct command *cmd, int argc, char **argv, void *values,
              bool *help, struct ghost_err *err);
void opt_release(const struct command *cmd, void *values);

/* What --help prints. */
void opt_help(const struct command *cmd, FILE *out);

/* The candidate nearest to `word`, or NULL when none is near. */
const char *opt_nearest(const char *word, const char *const *candidates);

#endif
