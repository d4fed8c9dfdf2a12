/* completion_bash.c - completion script for bash. */
#include "completion.h"

static void option_name(FILE *f, const struct command *c, const struct option *o)
{
    (void)c;
    fprintf(f, "--%s ", o->name);
}

/* What may follow an option that takes a value. */
static void option_value(FILE *f, const struct command *c, const struct option *o)
{
    if (o->kind == OPTION_FLAG)
        return;
    fprintf(f, "        %s:--%s", c->name, o->name);
    if (o->letter)
        fprintf(f, "|%s:-%c", c->name, o->letter);
    fputs(") ", f);
    if (o->choices) {
        fputs("_ghost_words \"", f);
        completion_words(f, o->choices);
        fputs("\"", f);
    } else if (o->kind == OPTION_FILE || o->kind == OPTION_DIR) {
        fprintf(f, "_ghost_files -%c", o->kind == OPTION_FILE ? 'f' : 'd');
    } else {
        fputs(":", f);
    }
    fputs("; return ;;\n", f);
}

static void operands(FILE *f, const struct command *c)
{
    fprintf(f, "        %s) options=\"", c->name);
    completion_options(f, c, option_name);
    fputs("\" words=\"", f);
    completion_words(f, c->verbs);
    fputs("\"", f);
    if (c->operands == OPERAND_SESSION)
        fputs(" sessions=1", f);
    if (c->operands != OPERAND_NONE)
        fputs(" files=1", f);
    fputs(" ;;\n", f);
}

/* An option's value may stand behind a =, which bash makes a word of its own. */
static const char head[] =
    "# bash completion for ghost: eval \"$(ghost completion bash)\"\n"
    "_ghost_words() { COMPREPLY+=($(compgen -W \"$1\" -- \"$cur\")); }\n"
    "_ghost_files() { local IFS=$'\\n'; COMPREPLY+=($(compgen \"$1\" -- \"$cur\")); }\n"
    "_ghost() {\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]}\n"
    "    local words= options= sessions= files=\n"
    "    COMPREPLY=()\n"
    "    if [ \"$cur\" = = ]; then cur=\n"
    "    elif [ \"$prev\" = = ]; then prev=${COMP_WORDS[COMP_CWORD-2]}\n"
    "    fi\n"
    "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
    "        _ghost_words \"";

static const char tail[] =
    "    esac\n"
    "    case $cur in\n"
    "        -*) _ghost_words \"$options\"; return ;;\n"
    "    esac\n"
    "    [ -z \"$sessions\" ] || words=\"$words $(ls \"${GHOST_DATA_DIR:-$HOME/.ghost}/sessions\" 2>/dev/null)\"\n"
    "    _ghost_words \"$words\"\n"
    "    [ -z \"$files\" ] || _ghost_files -f\n"
    "}\n"
    "complete -o filenames -F _ghost ghost\n";

void completion_bash(FILE *f)
{
    fputs(head, f);
    for (size_t i = 0; commands[i]; i++)
        if (!commands[i]->hidden)
            fprintf(f, "%s ", commands[i]->name);
    fputs("help --help --version\"; return\n"
          "    fi\n"
          "    case $command:$prev in\n"
          "        help:*) _ghost_words \"", f);
    for (size_t i = 0; commands[i]; i++)
        fprintf(f, "%s ", commands[i]->name);
    fputs("\"; return ;;\n", f);
    for (size_t i = 0; commands[i]; i++)
        completion_options(f, commands[i], option_value);
    fputs("    esac\n"
          "    case $command in\n", f);
    for (size_t i = 0; commands[i]; i++)
        operands(f, commands[i]);
    fputs(tail, f);
}
