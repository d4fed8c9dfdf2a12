/* cmd_manual.c - the manual page, from the command tables. docs/man/ghost.1 is
 * its output; tests/cli compares the two. */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "ghost/version.h"
#include "out.h"

/* Text for roff: what it would take as a command or a hyphen is protected. */
static void put(FILE *f, const char *text)
{
    for (const char *c = text; *c; c++) {
        bool line_begins = c == text || c[-1] == '\n';
        if (line_begins && (*c == '.' || *c == '\''))
            fputs("\\&", f);
        if (*c == '\\')
            fputs("\\e", f);
        else if (*c == '-')
            fputs("\\-", f);
        else
            fputc(*c, f);
    }
}

static void put_option(FILE *f, const struct option *o)
{
    fputs(".TP\n", f);
    if (o->letter)
        fprintf(f, "\\fB\\-%c\\fR, ", o->letter);
    fputs("\\fB\\-\\-", f);
    put(f, o->name);
    fputs("\\fR", f);
    if (o->arg)
        fprintf(f, " \\fI%s\\fR", o->arg);
    fputc('\n', f);
    put(f, o->help);
    for (const char *const *c = o->choices; c && *c; c++)
        fprintf(f, "%s%s", c == o->choices ? ": " : ", ", *c);
    if (o->fallback) {
        fputs(" (default ", f);
        put(f, o->fallback);
        fputc(')', f);
    }
    fputs(".\n", f);
}

static void put_command(FILE *f, const struct command *c)
{
    fprintf(f, ".SS \"ghost %s %s\"\n", c->name, c->usage);
    put(f, c->about);
    fputc('\n', f);
    for (const struct option *o = c->options; o && o->name; o++)
        put_option(f, o);
    if (c->examples) {
        fputs(".PP\nExamples:\n.PP\n.nf\n", f);
        put(f, c->examples);
        fputs("\n.fi\n", f);
    }
}

static const char head[] =
    ".SH NAME\nghost \\- record every call of a running Python program, and answer questions about it\n"
    ".SH SYNOPSIS\n.B ghost\n.I COMMAND\n[OPTIONS] ...\n"
    ".SH DESCRIPTION\n"
    "Ghost records which Python functions are called, by whom, with which argument types,\n"
    "what type comes back, which exception type leaves, and how long it takes: never a value.\n"
    "Each recorded process writes one log into the folder of its session.\n"
    ".PP\n"
    "SESSION is the id of a session, a unique beginning of one, a session folder, or a .ghost file;\n"
    "without it, the newest session is meant. Every command takes \\fB\\-\\-help\\fR,\n"
    "\\fB\\-\\-config\\fR \\fIFILE\\fR and \\fB\\-\\-no\\-config\\fR.\n"
    ".SH COMMANDS\n";

static const char tail[] =
    ".SH ENVIRONMENT\n"
    ".TP\n\\fBGHOST_DATA_DIR\\fR\nWhere sessions live (default: ~/.ghost).\n"
    ".TP\n\\fBGHOST_CONFIG\\fR\nThe file of settings, instead of ghost.yaml in the working directory.\n"
    ".TP\n\\fBNO_COLOR\\fR\nNo colours, when set to anything.\n"
    ".TP\n\\fBCOLUMNS\\fR\nWidth of tables, instead of the terminal's.\n"
    ".SH FILES\n"
    ".TP\nghost.yaml\nSettings: \\fBghost config show\\fR prints all of them and where each value came from,\n"
    "\\fBghost config init\\fR writes a commented file. A flag goes before the environment, the environment\n"
    "before the file, the file before the default.\n"
    ".SH EXIT STATUS\n"
    "0: fine. 1: a finding, or a negative answer. 2: wrong usage, or an error, told on stderr.\n"
    "\\fBghost run\\fR ends as its target does.\n";

static int run(const void *options, int argc, char **argv, struct ghost_err *err)
{
    struct out out;
    (void)options;
    (void)argc;
    (void)argv;
    int ret = out_open(&out, NULL, err);
    if (ret < 0)
        return ret;
    fprintf(out.f, ".\\\" made by `ghost manual`: do not edit\n.TH GHOST 1 \"\" \"ghost %s\"\n%s", GHOST_VERSION, head);
    for (size_t i = 0; commands[i]; i++)
        if (!commands[i]->hidden)
            put_command(out.f, commands[i]);
    fputs(tail, out.f);
    return out_close(&out, 0, err);
}

const struct command cmd_manual = {
    .name = "manual",
    .summary = "the manual page, for man -l -",
    .usage = "",
    .about = "Prints the manual page.",
    .examples = "  ghost manual | man -l -",
    .operands = OPERAND_NONE,
    .max_operands = 0,
    .hidden = true,
    .run = run,
};
