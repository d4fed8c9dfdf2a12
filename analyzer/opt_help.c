/* opt_help.c - the text of --help, from the option table. */
#include <string.h>

#include "command.h"

enum { HELP_COLUMN = 26, HELP_WIDTH = 80 };

/* Text from `column` on, broken at blanks and line ends, continued under itself. */
static void put_wrapped(FILE *out, const char *text, int column)
{
    int at = column;
    for (const char *word = text; *word;) {
        int len = (int)strcspn(word, " \n");
        if (at > column && at + 1 + len > HELP_WIDTH) {
            fprintf(out, "\n%*s", column, "");
            at = column;
        } else if (at > column) {
            fputc(' ', out);
            at++;
        }
        fwrite(word, 1, (size_t)len, out);
        at += len;
        word += len;
        word += strspn(word, " \n");
    }
    fputc('\n', out);
}

static void help_option(const struct option *o, FILE *out)
{
    char left[128], text[512];
    char letter[8] = "    ";
    if (o->letter)
        snprintf(letter, sizeof letter, "-%c, ", o->letter);
    snprintf(left, sizeof left, "  %s--%s%s%s", letter, o->name, o->arg ? " " : "", o->arg ? o->arg : "");
    int n = snprintf(text, sizeof text, "%s", o->help);
    if (o->choices) {
        for (const char *const *c = o->choices; *c; c++)
            n += snprintf(text + n, sizeof text - (size_t)n, "%s%s", c == o->choices ? ": " : ", ", *c);
    }
    if (o->fallback)
        snprintf(text + n, sizeof text - (size_t)n, " (default %s)", o->fallback);
    fputs(left, out);
    int used = (int)strlen(left);
    if (used + 2 > HELP_COLUMN) {
        fputc('\n', out);
        used = 0;
    }
    fprintf(out, "%*s", HELP_COLUMN - used, "");
    put_wrapped(out, text, HELP_COLUMN);
}

void opt_help(const struct command *cmd, FILE *out)
{
    fprintf(out, "usage: ghost %s [OPTIONS]%s%s\n\n%s\n", cmd->name, *cmd->usage ? " " : "", cmd->usage, cmd->about);
    fputs("\noptions:\n", out);
    for (const struct option *o = cmd->options; o && o->name; o++)
        help_option(o, out);
    fputs("      --config FILE       settings (default: $GHOST_CONFIG, else ./ghost.yaml)\n"
          "      --no-config         no settings from a file\n"
          "  -h, --help              show this text\n", out);
    if (cmd->examples)
        fprintf(out, "\nexamples:\n%s\n", cmd->examples);
}
