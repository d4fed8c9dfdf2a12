/* completion_zsh.c - completion script for zsh. */
#include <string.h>

#include "completion.h"

/* Text inside a specification: no quotes, colons or brackets of its own. */
static void text(FILE *f, const char *s)
{
    for (; *s; s++) {
        if (strchr(":[]\\", *s))
            fputc('\\', f);
        if (*s == '\'')
            fputs("'\\'", f);
        fputc(*s == '\n' ? ' ' : *s, f);
    }
}

static void action(FILE *f, const struct option *o)
{
    if (o->kind == OPTION_FLAG)
        return;
    fprintf(f, ":%s:", o->arg ? o->arg : "VALUE");
    if (o->choices) {
        fputc('(', f);
        completion_words(f, o->choices);
        fputc(')', f);
    } else if (o->kind == OPTION_FILE || o->kind == OPTION_DIR) {
        fputs(o->kind == OPTION_FILE ? "_files" : "_files -/", f);
    }
}

/* A list may be given again; of the two forms of another, one excludes the other. */
static void option(FILE *f, const struct command *c, const struct option *o)
{
    (void)c;
    fputs(" \\\n                ", f);
    if (o->kind == OPTION_LIST)
        fputs("'*'", f);
    else if (o->letter)
        fprintf(f, "'(-%c --%s)'", o->letter, o->name);
    if (o->letter)
        fprintf(f, "{-%c,--%s}'[", o->letter, o->name);
    else
        fprintf(f, "'--%s[", o->name);
    text(f, o->help);
    fputc(']', f);
    action(f, o);
    fputc('\'', f);
}

static void command(FILE *f, const struct command *c)
{
    static const char *const operand[] = {
        [OPERAND_NONE] = "", [OPERAND_SESSION] = ":session:_ghost_sessions", [OPERAND_FILE] = ":file:_files",
        [OPERAND_COMMAND] = ":program:_files",
    };
    fprintf(f, "            %s) _arguments", c->name);
    completion_options(f, c, option);
    if (c->verbs) {
        fputs(" \\\n                '1:what:(", f);
        completion_words(f, c->verbs);
        fputs(")'", f);
    }
    if (*operand[c->operands])
        fprintf(f, " \\\n                '*%s'", operand[c->operands]);
    fputs(" ;;\n", f);
}

static void names(FILE *f)
{
    for (size_t i = 0; commands[i]; i++) {
        if (commands[i]->hidden)
            continue;
        fprintf(f, "        '%s:", commands[i]->name);
        text(f, commands[i]->summary);
        fputs("'\n", f);
    }
}

void completion_zsh(FILE *f)
{
    fputs("#compdef ghost\n"
          "# zsh completion for ghost: eval \"$(ghost completion zsh)\", or a file _ghost in $fpath\n"
          "_ghost_sessions() {\n"
          "    local -a ids=(${GHOST_DATA_DIR:-$HOME/.ghost}/sessions/*(N:t))\n"
          "    compadd -a ids; _files\n"
          "}\n"
          "_ghost() {\n"
          "    local -a names=(\n", f);
    names(f);
    fputs("        'help:the help of a command'\n"
          "    )\n"
          "    local state line\n"
          "    _arguments -C '(- *)'{-h,--help}'[show help]' '(- *)'{-V,--version}'[show versions]' '1: :->command' '*:: :->rest'\n"
          "    case $state in\n"
          "        command) _describe command names ;;\n"
          "        rest) case $words[1] in\n"
          "            help) _describe command names ;;\n", f);
    for (size_t i = 0; commands[i]; i++)
        command(f, commands[i]);
    fputs("        esac ;;\n"
          "    esac\n"
          "}\n"
          "if [ \"$funcstack[1]\" = _ghost ]; then _ghost \"$@\"; else compdef _ghost ghost; fi\n", f);
}
