/* command.h - what a command of `ghost` is.
 *
 * To add one: write cmd_NAME.c that defines `const struct command cmd_NAME`,
 * and add its row to COMMANDS below. Parsing, --help, "did you mean" and
 * shell completion come from the tables; tests/cli has a test for each. */
#ifndef GHOST_COMMAND_H
#define GHOST_COMMAND_H

#include <stddef.h>
#include "ghost/err.h"
#include "opt.h"

/* What `run` returns: 0 fine, 1 a finding or a negative answer, or a negative
 * enum ghost_code with `err` filled; main.c prints it and exits 2. Other
 * positive numbers become the exit status as they are (ghost run). */
struct command {
    const char *name;
    const char *summary;             /* one line, for `ghost --help` */
    const char *usage;               /* operands, as "[SESSION]" */
    const char *about;               /* what it does; lines of at most 80 columns */
    const char *examples;            /* lines "command   what it shows" */
    const struct option *options;    /* ends with a row without a name; NULL: none */
    size_t options_size;             /* bytes of the struct that the options fill */
    const char *const *verbs;        /* first operand is one of these (NULL-ended), or NULL */
    enum operand_kind operands;      /* what the operands name, for completion */
    unsigned max_operands;           /* UINT_MAX: any number */
    bool operands_end_options;       /* the first operand ends ghost's own options */
    bool hidden;                     /* not in `ghost --help` */
    /* `options` is the filled struct, argv[0..argc) are the operands */
    int (*run)(const void *options, int argc, char **argv, struct ghost_err *err);
};

/* In the order `ghost --help` shows them. */
#define COMMANDS(X) \
    X(run) X(sessions) X(report) X(anomalies) X(diff) X(trend) X(explain) X(watch) X(export) X(import) X(sql) X(pack) X(unpack) X(merge) X(clean) X(log) X(audit) X(doctor) X(config) X(completion) X(manual)

#define X(name) extern const struct command cmd_##name;
COMMANDS(X)
#undef X

/* All of them, NULL at the end. */
extern const struct command *const commands[];

#endif
