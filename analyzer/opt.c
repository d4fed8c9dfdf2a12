/* opt.c - command line against an option table, and the help text of it. */
#include "opt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

/* ---- did you mean ---- */

enum { WORD_MAX = 48 };

/* Edits (insert, delete, replace, swap of neighbours) between two words. */
static unsigned distance(const char *a, const char *b)
{
    size_t la = strlen(a), lb = strlen(b);
    unsigned row[3][WORD_MAX + 1];
    if (la > WORD_MAX || lb > WORD_MAX)
        return WORD_MAX;
    for (size_t j = 0; j <= lb; j++)
        row[1][j] = (unsigned)j;
    for (size_t i = 1; i <= la; i++) {
        unsigned *old = row[(i + 2) % 3], *prev = row[i % 3], *cur = row[(i + 1) % 3];
        cur[0] = (unsigned)i;
        for (size_t j = 1; j <= lb; j++) {
            unsigned best = prev[j - 1] + (a[i - 1] != b[j - 1]);
            if (prev[j] + 1 < best)
                best = prev[j] + 1;
            if (cur[j - 1] + 1 < best)
                best = cur[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && old[j - 2] + 1 < best)
                best = old[j - 2] + 1;
            cur[j] = best;
        }
    }
    return row[(la + 1) % 3][lb];
}

const char *opt_nearest(const char *word, const char *const *candidates)
{
    const char *nearest = NULL;
    size_t len = strlen(word);
    unsigned best = (unsigned)(len < 4 ? 1 : len < 8 ? 2 : 3) + 1;
    for (; *candidates; candidates++) {
        unsigned d = distance(word, *candidates);
        if (len >= 3 && strncmp(word, *candidates, len) == 0)
            d = 0;
        if (d < best) {
            best = d;
            nearest = *candidates;
        }
    }
    return nearest;
}

/* ---- values ---- */

static bool parse_number(const char *text, const char *suffixes, double *out)
{
    char *end;
    errno = 0;
    double n = strtod(text, &end);
    if (end == text || errno || !(n >= 0) || n > 9e15 || strspn(text, "0123456789.") != (size_t)(end - text))
        return false;
    const char *suffix = *end ? strchr(suffixes, *end & ~0x20) : NULL;
    if (*end && (!suffix || end[1]))
        return false;
    for (const char *s = suffixes; suffix && s <= suffix; s++)
        n *= 1024;
    *out = n;
    return n <= 9e15;
}

static int bad_value(const struct command *cmd, const struct option *o, const char *value,
                     const char *wanted, struct ghost_err *err)
{
    return ghost_fail(err, GHOST_E_USAGE, "--%s wants %s, not '%s'. See: ghost %s --help",
                      o->name, wanted, value, cmd->name);
}

static int set_choice(const struct command *cmd, const struct option *o, const char *value,
                      const char **out, struct ghost_err *err)
{
    char wanted[256] = "one of";
    for (const char *const *c = o->choices; *c; c++) {
        if (strcmp(*c, value) == 0) {
            *out = *c;
            return 0;
        }
        size_t used = strlen(wanted);
        snprintf(wanted + used, sizeof wanted - used, "%s %s", c == o->choices ? "" : ",", *c);
    }
    return bad_value(cmd, o, value, wanted, err);
}

static int list_add(struct option_list *list, const char *value, struct ghost_err *err)
{
    const char **grown = realloc(list->items, (list->n + 1) * sizeof *grown);
    if (!grown)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory while reading the command line");
    list->items = grown;
    list->items[list->n++] = value;
    return 0;
}

static int set_value(const struct command *cmd, const struct option *o, const char *value,
                     void *values, struct ghost_err *err)
{
    void *at = (char *)values + o->at;
    double n;
    switch (o->kind) {
    case OPTION_FLAG:
        *(bool *)at = true;
        return 0;
    case OPTION_TEXT:
    case OPTION_FILE:
    case OPTION_DIR:
        *(const char **)at = value;
        return 0;
    case OPTION_LIST:
        return list_add(at, value, err);
    case OPTION_CHOICE:
        return set_choice(cmd, o, value, at, err);
    case OPTION_COUNT:
        if (strchr(value, '.') || !parse_number(value, "", &n))
            return bad_value(cmd, o, value, "a whole number", err);
        *(uint64_t *)at = (uint64_t)n;
        return 0;
    case OPTION_SIZE:
        if (!parse_number(value, "KMGT", &n))
            return bad_value(cmd, o, value, "a size as 500M or 2G", err);
        *(uint64_t *)at = (uint64_t)n;
        return 0;
    case OPTION_SECONDS:
        if (!parse_number(value, "", &n) || n > 1e9)
            return bad_value(cmd, o, value, "a number of seconds", err);
        *(uint64_t *)at = (uint64_t)(n * 1000 + 0.5);
        return 0;
    }
    return ghost_fail(err, GHOST_E_STATE, "option --%s has no kind", o->name);
}

/* ---- the command line ---- */

static const struct option *each(const struct option *o)
{
    return o && o->name ? o : NULL;
}

static int unknown_option(const struct command *cmd, const char *word, struct ghost_err *err)
{
    const char *names[64];
    size_t n = 0;
    for (const struct option *o = each(cmd->options); o && o->name && n < 62; o++)
        names[n++] = o->name;
    names[n++] = "help";
    names[n] = NULL;
    const char *near = word[0] == '-' && word[1] == '-' ? opt_nearest(word + 2, names) : NULL;
    return ghost_fail(err, GHOST_E_USAGE, "ghost %s has no option '%s'.%s%s%s See: ghost %s --help", cmd->name,
                      word, near ? " Did you mean --" : "", near ? near : "", near ? "?" : "", cmd->name);
}

struct parse { const struct command *cmd; int argc, i; char **argv; void *values; bool *help, stop; };

/* `value` is what stands behind the option in the same word, or NULL. */
static int take_option(struct parse *p, const struct option *o, const char *value, struct ghost_err *err)
{
    if (o->kind == OPTION_FLAG && value)
        return ghost_fail(err, GHOST_E_USAGE, "--%s takes no value", o->name);
    if (o->kind != OPTION_FLAG && !value) {
        if (p->i >= p->argc)
            return ghost_fail(err, GHOST_E_USAGE, "--%s needs a value: --%s %s. See: ghost %s --help", o->name,
                              o->name, o->arg ? o->arg : "VALUE", p->cmd->name);
        value = p->argv[p->i++];
    }
    p->stop = o->last;
    return set_value(p->cmd, o, value, p->values, err);
}

static int take_long(struct parse *p, char *word, struct ghost_err *err)
{
    char *equals = strchr(word, '=');
    size_t len = equals ? (size_t)(equals - word) : strlen(word);
    if (len == 6 && strncmp(word, "--help", 6) == 0) {
        *p->help = true;
        return 0;
    }
    for (const struct option *o = each(p->cmd->options); o && o->name; o++)
        if (strlen(o->name) == len - 2 && strncmp(word + 2, o->name, len - 2) == 0)
            return take_option(p, o, equals ? equals + 1 : NULL, err);
    if (equals)
        *equals = '\0';
    return unknown_option(p->cmd, word, err);
}

static int take_short(struct parse *p, char *word, struct ghost_err *err)
{
    for (char *c = word + 1; *c; c++) {
        const struct option *o = each(p->cmd->options);
        while (o && o->name && o->letter != *c)
            o++;
        if (!o || !o->name) {
            if (*c == 'h') {
                *p->help = true;
                return 0;
            }
            return unknown_option(p->cmd, word, err);
        }
        if (o->kind != OPTION_FLAG)
            return take_option(p, o, c[1] ? c + 1 : NULL, err);
        int ret = take_option(p, o, NULL, err);
        if (ret < 0 || p->stop)
            return ret;
    }
    return 0;
}

static int set_defaults(const struct command *cmd, void *values, struct ghost_err *err)
{
    for (const struct option *o = each(cmd->options); o && o->name; o++) {
        int ret = o->fallback ? set_value(cmd, o, o->fallback, values, err) : 0;
        if (ret < 0)
            return ret;
    }
    return 0;
}

static int check_operands(const struct command *cmd, int n, char **argv, struct ghost_err *err)
{
    if ((unsigned)n > cmd->max_operands)
        return ghost_fail(err, GHOST_E_USAGE, "ghost %s does not know what to do with '%s'. Usage: ghost %s [OPTIONS]%s%s",
                          cmd->name, argv[cmd->max_operands], cmd->name, *cmd->usage ? " " : "", cmd->usage);
    if (!cmd->verbs)
        return 0;
    if (n == 0)
        return ghost_fail(err, GHOST_E_USAGE, "ghost %s needs to know what to do. Usage: ghost %s %s", cmd->name,
                          cmd->name, cmd->usage);
    for (const char *const *v = cmd->verbs; *v; v++)
        if (strcmp(*v, argv[0]) == 0)
            return 0;
    const char *near = opt_nearest(argv[0], cmd->verbs);
    return ghost_fail(err, GHOST_E_USAGE, "ghost %s cannot '%s'.%s%s%s See: ghost %s --help", cmd->name, argv[0],
                      near ? " Did you mean '" : "", near ? near : "", near ? "'?" : "", cmd->name);
}

int opt_parse(const struct command *cmd, int argc, char **argv, void *values, bool *help, struct ghost_err *err)
{
    struct parse p = { .cmd = cmd, .argc = argc, .argv = argv, .values = values, .help = help };
    int n = 0;
    *help = false;
    int ret = set_defaults(cmd, values, err);
    while (ret >= 0 && !*help && !p.stop && p.i < argc) {
        char *word = argv[p.i++];
        if (word[0] != '-' || word[1] == '\0') {
            argv[n++] = word;
            p.stop = cmd->operands_end_options;
        } else if (strcmp(word, "--") == 0) {
            p.stop = true;
        } else {
            ret = word[1] == '-' ? take_long(&p, word, err) : take_short(&p, word, err);
        }
    }
    if (ret < 0 || *help)
        return ret < 0 ? ret : 0;
    while (p.i < argc)
        argv[n++] = argv[p.i++];
    ret = check_operands(cmd, n, argv, err);
    return ret < 0 ? ret : n;
}

void opt_release(const struct command *cmd, void *values)
{
    for (const struct option *o = each(cmd->options); o && o->name; o++)
        if (o->kind == OPTION_LIST)
            free(((struct option_list *)((char *)values + o->at))->items);
}

/* ---- help ---- */

enum { HELP_COLUMN = 26, HELP_WIDTH = 80 };

/* Text from `column` on, broken at blanks, continued under itself. */
static void put_wrapped(FILE *out, const char *text, int column)
{
    int at = column;
    for (const char *word = text; *word;) {
        int len = (int)strcspn(word, " ");
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
        word += strspn(word, " ");
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
    for (const struct option *o = each(cmd->options); o && o->name; o++)
        help_option(o, out);
    fprintf(out, "  -h, --help%*sshow this text\n", HELP_COLUMN - 12, "");
    if (cmd->examples)
        fprintf(out, "\nexamples:\n%s\n", cmd->examples);
}
