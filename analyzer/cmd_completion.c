/* cmd_completion.c - completion scripts for shells, from the command tables. */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "out.h"

static const struct option *first_option(const struct command *c)
{
    static const struct option none;
    return c->options ? c->options : &none;
}

/* ---- bash ---- */

static void bash_words(FILE *f, const char *const *words)
{
    for (; words && *words; words++)
        fprintf(f, "%s ", *words);
}

/* What may follow an option that takes a value. */
static void bash_values(FILE *f, const struct command *c)
{
    for (const struct option *o = first_option(c); o->name; o++) {
        if (o->kind == OPTION_FLAG)
            continue;
        fprintf(f, "        %s:--%s", c->name, o->name);
        if (o->letter)
            fprintf(f, "|%s:-%c", c->name, o->letter);
        fputs(") ", f);
        if (o->choices) {
            fputs("words=\"", f);
            bash_words(f, o->choices);
            fputs("\" ;;\n", f);
        } else if (o->kind == OPTION_FILE || o->kind == OPTION_DIR) {
            fprintf(f, "COMPREPLY=($(compgen -%c -- \"$cur\")); return ;;\n", o->kind == OPTION_FILE ? 'f' : 'd');
        } else {
            fputs("return ;;\n", f);
        }
    }
}

static void bash_operands(FILE *f, const struct command *c)
{
    fprintf(f, "        %s) options=\"", c->name);
    for (const struct option *o = first_option(c); o->name; o++)
        fprintf(f, "--%s ", o->name);
    fputs("--config --no-config --help\" words=\"", f);
    bash_words(f, c->verbs);
    fputs("\"", f);
    if (c->operands == OPERAND_SESSION)
        fputs(" sessions=1", f);
    if (c->operands == OPERAND_FILE || c->operands == OPERAND_COMMAND || c->operands == OPERAND_SESSION)
        fputs(" files=1", f);
    fputs(" ;;\n", f);
}

static void bash(FILE *f)
{
    fputs("# bash completion for ghost: eval \"$(ghost completion bash)\"\n"
          "_ghost() {\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]}\n"
          "    local words= options= sessions= files=\n"
          "    COMPREPLY=()\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
          "        COMPREPLY=($(compgen -W \"", f);
    for (size_t i = 0; commands[i]; i++)
        if (!commands[i]->hidden)
            fprintf(f, "%s ", commands[i]->name);
    fputs("--help --version\" -- \"$cur\")); return\n"
          "    fi\n"
          "    case $command:$prev in\n"
          "        *:--config) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n", f);
    for (size_t i = 0; commands[i]; i++)
        bash_values(f, commands[i]);
    fputs("    esac\n"
          "    if [ -n \"$words\" ]; then COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")); return; fi\n"
          "    case $command in\n", f);
    for (size_t i = 0; commands[i]; i++)
        bash_operands(f, commands[i]);
    fputs("    esac\n"
          "    case $cur in -*) words=$options files= sessions= ;; esac\n"
          "    [ -z \"$sessions\" ] || words=\"$words $(ls \"${GHOST_DATA_DIR:-$HOME/.ghost}/sessions\" 2>/dev/null)\"\n"
          "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\") ${files:+$(compgen -f -- \"$cur\")})\n"
          "}\n"
          "complete -o filenames -F _ghost ghost\n", f);
}

/* ---- zsh ---- */

/* Text inside a specification: no quotes, colons or brackets of its own. */
static void zsh_text(FILE *f, const char *text)
{
    for (; *text; text++) {
        if (strchr(":[]\\", *text))
            fputc('\\', f);
        if (*text == '\'')
            fputs("'\\'", f);
        fputc(*text, f);
    }
}

static void zsh_action(FILE *f, const struct option *o)
{
    if (o->kind == OPTION_FLAG)
        return;
    fprintf(f, ":%s:", o->arg ? o->arg : "VALUE");
    if (o->choices) {
        fputc('(', f);
        bash_words(f, o->choices);
        fputc(')', f);
    } else if (o->kind == OPTION_FILE || o->kind == OPTION_DIR) {
        fputs(o->kind == OPTION_FILE ? "_files" : "_files -/", f);
    }
}

static void zsh_option(FILE *f, const struct option *o)
{
    if (o->letter)
        fprintf(f, " \\\n                '(-%c --%s)'{-%c,--%s}'[", o->letter, o->name, o->letter, o->name);
    else
        fprintf(f, " \\\n                '%s--%s[", o->kind == OPTION_LIST ? "*" : "", o->name);
    zsh_text(f, o->help);
    fputc(']', f);
    zsh_action(f, o);
    fputc('\'', f);
}

static void zsh_command(FILE *f, const struct command *c)
{
    static const char *const operand[] = {
        [OPERAND_NONE] = "", [OPERAND_SESSION] = ":session:_ghost_sessions", [OPERAND_FILE] = ":file:_files",
        [OPERAND_COMMAND] = ":program:_files",
    };
    fprintf(f, "            %s) _arguments '(-h --help)'{-h,--help}'[show help]' '--config[file of settings]:FILE:_files' "
               "'--no-config[no file of settings]'", c->name);
    for (const struct option *o = first_option(c); o->name; o++)
        zsh_option(f, o);
    if (c->verbs) {
        fputs(" \\\n                '1:what:(", f);
        bash_words(f, c->verbs);
        fputs(")'", f);
    }
    if (*operand[c->operands])
        fprintf(f, " \\\n                '*%s'", operand[c->operands]);
    fputs(" ;;\n", f);
}

static void zsh(FILE *f)
{
    fputs("#compdef ghost\n"
          "# zsh completion for ghost: eval \"$(ghost completion zsh)\", or a file _ghost in $fpath\n"
          "_ghost_sessions() {\n"
          "    local -a ids=(${GHOST_DATA_DIR:-$HOME/.ghost}/sessions/*(N:t))\n"
          "    compadd -a ids; _files -g '*.ghost'\n"
          "}\n"
          "_ghost() {\n"
          "    local -a names=(\n", f);
    for (size_t i = 0; commands[i]; i++) {
        if (commands[i]->hidden)
            continue;
        fprintf(f, "        '%s:", commands[i]->name);
        zsh_text(f, commands[i]->summary);
        fputs("'\n", f);
    }
    fputs("    )\n"
          "    local state line\n"
          "    _arguments -C '(- *)'{-h,--help}'[show help]' '(- *)'{-V,--version}'[show versions]' '1: :->command' '*:: :->rest'\n"
          "    case $state in\n"
          "        command) _describe command names ;;\n"
          "        rest) case $words[1] in\n", f);
    for (size_t i = 0; commands[i]; i++)
        zsh_command(f, commands[i]);
    fputs("        esac ;;\n"
          "    esac\n"
          "}\n"
          "if [ \"$funcstack[1]\" = _ghost ]; then _ghost \"$@\"; else compdef _ghost ghost; fi\n", f);
}

static int run(const void *options, int argc, char **argv, struct ghost_err *err)
{
    struct out out;
    (void)options;
    (void)argc;
    int ret = out_open(&out, NULL, err);
    if (ret < 0)
        return ret;
    if (strcmp(argv[0], "bash") == 0)
        bash(out.f);
    else
        zsh(out.f);
    return out_close(&out, 0, err);
}

static const char *const shells[] = { "bash", "zsh", NULL };

const struct command cmd_completion = {
    .name = "completion",
    .summary = "completion script for bash or zsh",
    .usage = "bash|zsh",
    .about = "Prints a script that completes commands, options, their values and sessions.",
    .examples = "  eval \"$(ghost completion bash)\"       in ~/.bashrc\n"
                "  eval \"$(ghost completion zsh)\"        in ~/.zshrc, after compinit",
    .verbs = shells,
    .operands = OPERAND_NONE,
    .max_operands = 1,
    .run = run,
};
