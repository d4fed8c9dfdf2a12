/* completion_fish.c - completion script for fish. */
#include "completion.h"

/* Text between single quotes. */
static void quoted(FILE *f, const char *s)
{
    fputc('\'', f);
    for (; *s; s++) {
        if (*s == '\'' || *s == '\\')
            fputc('\\', f);
        fputc(*s == '\n' ? ' ' : *s, f);
    }
    fputc('\'', f);
}

static void begin(FILE *f, const struct command *c)
{
    fprintf(f, "complete -c ghost -n '__ghost_command %s'", c->name);
}

static void option(FILE *f, const struct command *c, const struct option *o)
{
    begin(f, c);
    fprintf(f, " -l %s", o->name);
    if (o->letter)
        fprintf(f, " -s %c", o->letter);
    fputs(" -d ", f);
    quoted(f, o->help);
    if (o->choices) {
        fputs(" -x -a '", f);
        completion_words(f, o->choices);
        fputc('\'', f);
    } else if (o->kind == OPTION_DIR) {
        fputs(" -x -a '(__fish_complete_directories)'", f);
    } else if (o->kind == OPTION_FILE) {
        fputs(" -r -F", f);
    } else if (o->kind != OPTION_FLAG) {
        fputs(" -x", f);
    }
    fputc('\n', f);
}

static void command(FILE *f, const struct command *c)
{
    completion_options(f, c, option);
    if (c->verbs) {
        begin(f, c);
        fputs(" -a '", f);
        completion_words(f, c->verbs);
        fputs("'\n", f);
    }
    if (c->operands == OPERAND_SESSION) {
        begin(f, c);
        fputs(" -a '(__ghost_sessions)'\n", f);
    }
    if (c->operands != OPERAND_NONE) {
        begin(f, c);
        fputs(" -F\n", f);
    }
}

void completion_fish(FILE *f)
{
    fputs("# fish completion for ghost: ghost completion fish | source, or a file ghost.fish in its completions\n"
          "function __ghost_command\n"
          "    set -l words (commandline -opc)\n"
          "    test (count $words) -ge 2; and test \"$words[2]\" = $argv[1]\n"
          "end\n"
          "function __ghost_sessions\n"
          "    set -l data $GHOST_DATA_DIR\n"
          "    test -n \"$data\"; or set data $HOME/.ghost\n"
          "    command ls $data/sessions 2>/dev/null\n"
          "end\n"
          "complete -c ghost -f\n"
          "complete -c ghost -n 'test (count (commandline -opc)) -eq 1' -l help -s h -d 'show help'\n"
          "complete -c ghost -n 'test (count (commandline -opc)) -eq 1' -l version -s V -d 'show versions'\n"
          "complete -c ghost -n 'test (count (commandline -opc)) -eq 1' -a help -d 'the help of a command'\n", f);
    for (size_t i = 0; commands[i]; i++) {
        fprintf(f, "complete -c ghost -n '%s' -a %s -d ", commands[i]->hidden ? "__ghost_command help" :
                "test (count (commandline -opc)) -eq 1; or __ghost_command help", commands[i]->name);
        quoted(f, commands[i]->summary);
        fputc('\n', f);
    }
    for (size_t i = 0; commands[i]; i++)
        command(f, commands[i]);
}
