/* main.c - `ghost COMMAND [OPTIONS] ...`: finds the command, prints errors, exits. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "config.h"
#include "ghost/version.h"

enum { EXIT_ERROR = 2 };

static void print_overview(FILE *out)
{
    fputs("usage: ghost COMMAND [OPTIONS] ...\n\n"
          "Ghost records every call of a running Python program, types and times but\n"
          "never values, and answers questions about it afterwards.\n\ncommands:\n", out);
    for (size_t i = 0; commands[i]; i++)
        if (!commands[i]->hidden)
            fprintf(out, "  %-12s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\nghost COMMAND --help tells the options of one, with examples.\n"
          "SESSION is an id, a unique beginning of one, a path, or nothing for the newest.\n"
          "Sessions live in $GHOST_DATA_DIR/sessions (default: ~/.ghost/sessions).\n", out);
}

static const struct command *find_command(const char *name, struct ghost_err *err)
{
    const char *names[64];
    size_t n = 0;
    for (size_t i = 0; commands[i]; i++) {
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
        if (n < 63 && !commands[i]->hidden)
            names[n++] = commands[i]->name;
    }
    names[n] = NULL;
    if (*name == '-') {
        ghost_fail(err, GHOST_E_USAGE, "'%s' stands where a command should. Options stand behind it: ghost COMMAND %s. See: ghost --help", name, name);
        return NULL;
    }
    const char *near = opt_nearest(name, names);
    ghost_fail(err, GHOST_E_USAGE, "there is no command '%s'.%s%s%s See: ghost --help", name,
               near ? " Did you mean 'ghost " : "", near ? near : "", near ? "'?" : "");
    return NULL;
}

static int run_command(const struct command *cmd, int argc, char **argv, struct ghost_err *err)
{
    bool help;
    void *values = calloc(1, cmd->options_size ? cmd->options_size : 1);
    if (!values)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    int ret = opt_parse(cmd, argc, argv, values, &help, err);
    if (ret >= 0 && help) {
        opt_help(cmd, stdout);
        ret = 0;
    } else if (ret >= 0) {
        ret = cmd->run(values, ret, argv, err);
    }
    opt_release(cmd, values);
    free(values);
    config_release();
    return ret;
}

static int dispatch(int argc, char **argv, struct ghost_err *err)
{
    const char *word = argc > 1 ? argv[1] : "--help";
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        printf("ghost %s (log format %d, reads %d to %d)\n", GHOST_VERSION, GHOST_LOG_VERSION,
               GHOST_LOG_OLDEST_READABLE, GHOST_LOG_VERSION);
        return 0;
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || (strcmp(word, "help") == 0 && argc < 3)) {
        print_overview(stdout);
        return 0;
    }
    bool help = strcmp(word, "help") == 0;
    const struct command *cmd = find_command(help ? argv[2] : word, err);
    if (!cmd)
        return GHOST_E_USAGE;
    if (help) {
        opt_help(cmd, stdout);
        return 0;
    }
    return run_command(cmd, argc - 2, argv + 2, err);
}

int main(int argc, char **argv)
{
    struct ghost_err err = GHOST_ERR_INIT;
    setlocale(LC_CTYPE, "");
    int ret = dispatch(argc, argv, &err);
    if (ret < 0) {
        fflush(stdout);
        fprintf(stderr, "ghost: %s\n", err.msg[0] ? err.msg : ghost_code_text(ret));
        return EXIT_ERROR;
    }
    return ret;
}
