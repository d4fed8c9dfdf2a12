/* cmd_config.c - ghost config: settings, where they come from, and a file to begin with. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "command.h"
#include "config.h"
#include "config_file.h"
#include "config_show.h"
#include "json.h"
#include "out.h"

struct config_options { const char *format, *profile, *output; bool force; };

static bool wants_json(const struct config_options *o)
{
    return strcmp(o->format, "json") == 0;
}

/* ---- show ---- */

static int show(const struct config_options *o, int argc, char **argv, struct ghost_err *err)
{
    struct out out;
    int ret = out_open(&out, NULL, err);
    if (ret < 0)
        return ret;
    ret = config_show(out.f, wants_json(o), argc, argv, err);
    return out_close(&out, ret, err);
}

/* ---- check ---- */

/* Would `path` be read without being named? Then the rules for such a file hold. */
static bool is_found_file(const char *path)
{
    struct stat a, b;
    bool named;
    const char *choice = config_choice(&named);
    return choice && !named && stat(path, &a) == 0 && stat(choice, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static void json_check(FILE *f, const struct config_file *c)
{
    struct json j;
    json_begin(&j, f);
    json_object(&j, NULL);
    json_text(&j, "file", c->path);
    json_count(&j, "settings", c->n_values);
    json_count(&j, "suppressions", c->suppressions.n);
    json_array(&j, "problems");
    for (size_t i = 0; i < c->problems.n; i++) {
        json_object(&j, NULL);
        json_count(&j, "line", c->problems.v[i].line);
        json_count(&j, "column", c->problems.v[i].column);
        json_text(&j, "message", c->problems.v[i].text);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_count(&j, "problems_not_shown", c->problems.more);
    json_close(&j, '}');
    json_end(&j);
}

static void text_check(FILE *f, const struct config_file *c)
{
    size_t expired = 0;
    for (size_t i = 0; i < c->problems.n; i++)
        fprintf(f, "%s:%u:%u: %s\n", c->path, c->problems.v[i].line, c->problems.v[i].column, c->problems.v[i].text);
    if (c->problems.more)
        fprintf(f, "%s: and %zu more\n", c->path, c->problems.more);
    for (size_t i = 0; i < c->suppressions.n; i++) {
        const struct config_suppression *s = &c->suppressions.v[i];
        if (!config_expired(s, time(NULL)))
            continue;
        expired++;
        fprintf(f, "%s:%u:%u: note: this suppression ended with %s\n", c->path, s->at.line, s->at.column, s->until);
    }
    if (c->problems.n == 0)
        fprintf(f, "%s: fine; %zu setting%s, %zu suppression%s (%zu expired)\n", c->path, c->n_values, c->n_values == 1 ? "" : "s", c->suppressions.n,
                c->suppressions.n == 1 ? "" : "s", expired);
}

static int check(const struct config_options *o, int argc, char **argv, struct ghost_err *err)
{
    struct config_file c;
    struct out out;
    bool named;
    const char *path = argc > 0 ? argv[0] : config_choice(&named);
    if (argc > 1)
        return ghost_fail(err, GHOST_E_USAGE, "ghost config check takes one file. See: ghost config --help");
    if (!path)
        return ghost_fail(err, GHOST_E_NOT_FOUND, "there is no " CONFIG_NAME " here to check; `ghost config init` writes one");
    int ret = config_file_read(&c, path, !is_found_file(path), err);
    bool bad = c.problems.n > 0;
    if (ret == 0)
        ret = out_open(&out, NULL, err);
    if (ret == 0) {
        (wants_json(o) ? json_check : text_check)(out.f, &c);
        ret = out_close(&out, 0, err);
    }
    config_file_release(&c);
    return ret < 0 ? ret : bad;
}

/* ---- init ---- */

static int init(const struct config_options *o, int argc, char **argv, struct ghost_err *err)
{
    struct out out;
    struct stat st;
    bool to_stdout = strcmp(o->output, "-") == 0;
    if (argc > 0)
        return ghost_fail(err, GHOST_E_USAGE, "ghost config init does not know what to do with '%s'. See: ghost config --help", argv[0]);
    if (!to_stdout && !o->force && lstat(o->output, &st) == 0)
        return ghost_fail(err, GHOST_E_STATE, "%s is already there: --force replaces it, -o FILE writes another, -o - shows it", o->output);
    int ret = out_open(&out, o->output, err);
    if (ret < 0)
        return ret;
    config_write_profile(out.f, o->profile);
    ret = out_close(&out, 0, err);
    if (ret == 0 && !to_stdout)
        fprintf(stderr, "ghost: wrote %s for %s; see what holds with: ghost config show\n", o->output, o->profile);
    return ret;
}

/* ---- the command ---- */

static const char *const verbs[] = { "show", "check", "init", NULL };
static int (*const actions[])(const struct config_options *, int, char **, struct ghost_err *) = { show, check, init };

static int run(const void *options, int argc, char **argv, struct ghost_err *err)
{
    size_t i = 0;
    while (strcmp(verbs[i], argv[0]) != 0)       /* opt.c has looked */
        i++;
    return actions[i](options, argc - 1, argv + 1, err);
}

static const char *const formats[] = { "table", "json", NULL };
#define AT(member) offsetof(struct config_options, member)
static const struct option options[] = {
    { .name = "format", .letter = 'f', .kind = OPTION_CHOICE, .at = AT(format), .arg = "FORMAT", .fallback = "table", .choices = formats,
      .help = "show, check: form of the output" },
    { .name = "profile", .letter = 'p', .kind = OPTION_CHOICE, .at = AT(profile), .arg = "PROFILE", .fallback = "generic",
      .choices = config_profiles, .help = "init: the kind of program" },
    { .name = "output", .letter = 'o', .kind = OPTION_FILE, .at = AT(output), .arg = "FILE", .fallback = CONFIG_NAME,
      .help = "init: where to write, - for standard output" },
    { .name = "force", .kind = OPTION_FLAG, .at = AT(force), .help = "init: replace a file that is there" },
    { 0 }
};

const struct command cmd_config = {
    .name = "config",
    .summary = "settings: what holds and why, check a file, write one",
    .usage = "show [-- COMMAND [OPTIONS]] | check [FILE] | init",
    .about =
        "show prints every setting, its value, and where that came from: a flag, the\n"
        "environment, the file, or the default. With a command and its options behind --\n"
        "it prints what that command would see. check reads a file and tells everything\n"
        "that is wrong in it, with line and column; status 1 if anything is. init writes\n"
        "a commented file that has every setting.\n"
        "The file is ghost.yaml in the working directory, $GHOST_CONFIG, or --config FILE.\n"
        "A flag goes before the environment, the environment before the file, the file\n"
        "before the default. Secrets (API keys) have no place in it.",
    .examples =
        "  ghost config show                         everything that can be set\n"
        "  ghost config show -- run --flush 1        what this ghost run would use\n"
        "  ghost config init --profile django        ghost.yaml to begin with\n"
        "  ghost config check deploy/ghost.yaml      is it right? (in CI)",
    .options = options,
    .options_size = sizeof(struct config_options),
    .verbs = verbs,
    .operands = OPERAND_FILE,
    .max_operands = UINT_MAX,
    .run = run,
};
