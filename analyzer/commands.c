/* commands.c - the table of all commands, from the list in command.h. */
#include "command.h"

const struct command *const commands[] = {
#define X(name) &cmd_##name,
    COMMANDS(X)
#undef X
    NULL
};
