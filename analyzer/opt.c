/* opt.c - an option table filled from the command line, the environment, the
 * file of settings and the defaults, in that order. */
#include "opt.h"

#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "config.h"

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

/* ---- the command line ---- */

static const struct option none;

static const struct option *first(const struct command *cmd)
{
    return cmd->options ? cmd->options : &none;
}

static int unknown_option(const struct command *cmd, const char *word, struct ghost_err *err)
{
    const char *names[64], *flags[64];
    size_t n = 0, n_flags = 0;
    for (const struct option *o = first(cmd); o->name && n < 60; o++) {
        names[n++] = o->name;
        if (o->kind == OPTION_FLAG && o->key)
            flags[n_flags++] = o->name;
    }
    names[n++] = "config";
    names[n++] = "no-config";
    names[n++] = "help";
    names[n] = flags[n_flags] = NULL;
    bool is_long = strncmp(word, "--", 2) == 0, negated = strncmp(word, "--no-", 5) == 0;
    const char *near = negated ? opt_nearest(word + 5, flags) : NULL, *dashes = "--no-";
    if (!near) {
        dashes = "--";
        near = is_long ? opt_nearest(word + 2, names) : NULL;
    }
    return ghost_fail(err, GHOST_E_USAGE, "ghost %s has no option '%s'.%s%s%s%s See: ghost %s --help", cmd->name, word,
                      near ? " Did you mean " : "", near ? dashes : "", near ? near : "", near ? "?" : "", cmd->name);
}

struct parse {
    const struct command *cmd;
    int argc, i; char **argv;
    char *values;
    enum opt_source *sources;            /* of each row */
    const char *config;                  /* --config */
    bool no_config, help, stop;
};

/* Where a text came from decides how its fault is told: `place` is "--flush",
 * "GHOST_FLUSH" or "ghost.yaml:3:10: recording.flush". */
static int set(struct parse *p, const struct option *o, const char *text, enum opt_source source, const char *place,
               struct ghost_err *err)
{
    char wanted[OPT_WANTED];
    int ret = opt_set(o, text, p->values + o->at, wanted);
    p->sources[o - p->cmd->options] = source;
    if (ret == GHOST_E_NOMEM)
        return ghost_fail(err, ret, "out of memory while reading options");
    if (ret < 0)
        return ghost_fail(err, ret, "%s wants %s, not '%s'. See: ghost %s --help", place, wanted, text, p->cmd->name);
    return 0;
}

static int need_value(struct parse *p, const char *name, const char *arg, const char **value, struct ghost_err *err)
{
    if (!*value && p->i >= p->argc)
        return ghost_fail(err, GHOST_E_USAGE, "--%s needs a value: --%s %s. See: ghost %s --help", name,
                          name, arg ? arg : "VALUE", p->cmd->name);
    if (!*value)
        *value = p->argv[p->i++];
    return 0;
}

/* `value` is what stands behind the option in the same word, or NULL. */
static int take_option(struct parse *p, const struct option *o, const char *value, struct ghost_err *err)
{
    char place[64];
    if (o->kind == OPTION_FLAG && value)
        return ghost_fail(err, GHOST_E_USAGE, "--%s takes no value", o->name);
    int ret = o->kind == OPTION_FLAG ? 0 : need_value(p, o->name, o->arg, &value, err);
    if (ret < 0)
        return ret;
    p->stop = o->last;
    snprintf(place, sizeof place, "--%s", o->name);
    return set(p, o, value, OPT_FROM_FLAG, place, err);
}

static bool is_word(const char *word, size_t len, const char *name)
{
    return strlen(name) == len && strncmp(word, name, len) == 0;
}

/* The options that every command has. 1: it was none of them. */
static int take_common(struct parse *p, const char *name, size_t len, const char *value, struct ghost_err *err)
{
    if (is_word(name, len, "help")) {
        p->help = true;
        return 0;
    }
    if (is_word(name, len, "no-config") && !value) {
        p->no_config = true;
        return 0;
    }
    if (!is_word(name, len, "config"))
        return 1;
    p->config = value;
    return need_value(p, "config", "FILE", &p->config, err);
}

/* --no-NAME turns off what the environment or the file turned on. */
static int take_negated(struct parse *p, const char *name, size_t len, struct ghost_err *err)
{
    if (len < 4 || strncmp(name, "no-", 3) != 0)
        return 1;
    for (const struct option *o = first(p->cmd); o->name; o++)
        if (o->kind == OPTION_FLAG && o->key && is_word(name + 3, len - 3, o->name))
            return set(p, o, "false", OPT_FROM_FLAG, name, err);
    return 1;
}

static int take_long(struct parse *p, char *word, struct ghost_err *err)
{
    char *equals = strchr(word, '=');
    const char *name = word + 2, *value = equals ? equals + 1 : NULL;
    size_t len = equals ? (size_t)(equals - name) : strlen(name);
    for (const struct option *o = first(p->cmd); o->name; o++)
        if (is_word(name, len, o->name))
            return take_option(p, o, value, err);
    int ret = take_common(p, name, len, value, err);
    if (ret == 1 && !value)
        ret = take_negated(p, name, len, err);
    if (ret < 1)
        return ret;
    if (equals)
        *equals = '\0';
    return unknown_option(p->cmd, word, err);
}

static int take_short(struct parse *p, char *word, struct ghost_err *err)
{
    for (char *c = word + 1; *c; c++) {
        const struct option *o = first(p->cmd);
        while (o->name && o->letter != *c)
            o++;
        if (!o->name) {
            if (*c == 'h') {
                p->help = true;
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

/* Options to values, operands to the front; returns the number of those. */
static int take_words(struct parse *p, struct ghost_err *err)
{
    int n = 0, ret = 0;
    while (ret >= 0 && !p->help && !p->stop && p->i < p->argc) {
        char *word = p->argv[p->i++];
        if (word[0] != '-' || word[1] == '\0') {
            p->argv[n++] = word;
            p->stop = p->cmd->operands_end_options;
        } else if (strcmp(word, "--") == 0) {
            p->stop = true;
        } else {
            ret = word[1] == '-' ? take_long(p, word, err) : take_short(p, word, err);
        }
    }
    while (ret >= 0 && !p->help && p->i < p->argc)
        p->argv[n++] = p->argv[p->i++];
    return ret < 0 ? ret : n;
}

/* ---- what no flag has set ---- */

/* A list in a variable: its items stand between colons, empty ones do not count. */
static int set_from_env(struct parse *p, const struct option *o, const char *text, struct ghost_err *err)
{
    if (o->kind != OPTION_LIST)
        return set(p, o, text, OPT_FROM_ENV, o->env, err);
    struct option_list *list = (struct option_list *)(p->values + o->at);
    char *rest, *copy = list->owned = strdup(text);
    int ret = copy ? 0 : ghost_fail(err, GHOST_E_NOMEM, "out of memory while reading %s", o->env);
    for (char *item = copy ? strtok_r(copy, ":", &rest) : NULL; item && ret == 0; item = strtok_r(NULL, ":", &rest))
        ret = set(p, o, item, OPT_FROM_ENV, o->env, err);
    return ret;
}

static int set_from_file(struct parse *p, const struct option *o, const struct config_value *v, struct ghost_err *err)
{
    char place[512];
    int ret = 0;
    snprintf(place, sizeof place, "%s:%u:%u: %s", v->at.file, v->at.line, v->at.column, v->key);
    p->sources[o - p->cmd->options] = OPT_FROM_FILE;      /* an empty list is a value, too */
    for (size_t i = 0; i < v->n && ret == 0; i++)
        ret = set(p, o, v->items[i], OPT_FROM_FILE, place, err);
    return ret;
}

static int fill_row(struct parse *p, const struct option *o, struct ghost_err *err)
{
    const char *env = o->env ? getenv(o->env) : NULL;
    const struct config_value *v = o->key ? config_get(o->key) : NULL;
    if (env && *env)
        return set_from_env(p, o, env, err);
    if (v)
        return set_from_file(p, o, v, err);
    return o->fallback ? set(p, o, o->fallback, OPT_DEFAULT, o->name, err) : 0;
}

/* A command without settings works beside a broken file (ghost config check does). */
static int load_file(const struct parse *p, struct ghost_err *err)
{
    bool wanted = p->config != NULL;
    for (const struct option *o = first(p->cmd); o->name; o++)
        wanted |= o->key != NULL;
    config_choose(p->config, p->no_config);
    return wanted ? config_load(err) : 0;
}

static int fill_rows(struct parse *p, struct ghost_err *err)
{
    int ret = 0;
    for (const struct option *o = first(p->cmd); o->name && ret == 0; o++)
        if (p->sources[o - p->cmd->options] == OPT_UNSET)
            ret = fill_row(p, o, err);
    return ret;
}

int opt_fill(const struct command *cmd, void *values, enum opt_source *sources, struct ghost_err *err)
{
    struct parse p = { .cmd = cmd, .values = values, .sources = sources };
    return fill_rows(&p, err);
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

int opt_parse_sources(const struct command *cmd, int argc, char **argv, void *values, bool *help,
                      enum opt_source *sources, struct ghost_err *err)
{
    struct parse p = { .cmd = cmd, .argc = argc, .argv = argv, .values = values, .sources = sources };
    int n = take_words(&p, err);
    *help = p.help;
    if (n < 0 || p.help)
        return n < 0 ? n : 0;
    int ret = load_file(&p, err);
    if (ret == 0)
        ret = fill_rows(&p, err);
    if (ret == 0)
        ret = check_operands(cmd, n, argv, err);
    return ret < 0 ? ret : n;
}

int opt_parse(const struct command *cmd, int argc, char **argv, void *values, bool *help, struct ghost_err *err)
{
    size_t rows = 1;
    for (const struct option *o = first(cmd); o->name; o++)
        rows++;
    enum opt_source *sources = calloc(rows, sizeof *sources);
    *help = false;
    int ret = sources ? opt_parse_sources(cmd, argc, argv, values, help, sources, err)
                      : ghost_fail(err, GHOST_E_NOMEM, "out of memory while reading options");
    free(sources);
    return ret;
}

void opt_release(const struct command *cmd, void *values)
{
    for (const struct option *o = first(cmd); o->name; o++) {
        struct option_list *list = (struct option_list *)((char *)values + o->at);
        if (o->kind == OPTION_LIST) {
            free(list->items);
            free(list->owned);
        }
    }
}
