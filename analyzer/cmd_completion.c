/* cmd_completion.c - ghost completion: what the scripts of all shells share. */
#include <string.h>

#include "completion.h"
#include "out.h"

void completion_words(FILE *f, const char *const *words)
{
    for (; words && *words; words++)
        fprintf(f, "%s ", *words);
}

void completion_options(FILE *f, const struct command *c,
                        void (*put)(FILE *f, const struct command *c, const struct option *o))
{
    static const struct option common[] = {
        { .name = "config", .kind = OPTION_FILE, .arg = "FILE", .help = "file of settings" },
        { .name = "no-config", .kind = OPTION_FLAG, .help = "no settings from a file" },
        { .name = "help", .letter = 'h', .kind = OPTION_FLAG, .help = "show help" },
        { 0 }
    };
    for (const struct option *o = c->options; o && o->name; o++) {
        put(f, c, o);
        if (o->kind != OPTION_FLAG || !o->key)
            continue;
        char name[64];
        snprintf(name, sizeof name, "no-%s", o->name);
        put(f, c, &(struct option){ .name = name, .kind = OPTION_FLAG, .help = "turn it off, whatever ghost.yaml says" });
    }
    for (const struct option *o = common; o->name; o++)
        put(f, c, o);
}

static const struct { const char *name; void (*write)(FILE *); } shells[] = {
#define X(name) { #name, completion_##name },
    SHELLS(X)
#undef X
};

static int run(const void *options, int argc, char **argv, struct ghost_err *err)
{
    struct out out;
    (void)options;
    (void)argc;
    int ret = out_open(&out, NULL, err);
    if (ret < 0)
        return ret;
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
        if (strcmp(argv[0], shells[i].name) == 0)
            shells[i].write(out.f);
    return out_close(&out, 0, err);
}

static const char *const names[] = {
#define X(name) #name,
    SHELLS(X)
#undef X
    NULL
};

const struct command cmd_completion = {
    .name = "completion",
    .summary = "completion script for bash, zsh or fish",
    .usage = "bash|zsh|fish",
    .about = "Prints a script that completes commands, options, their values and sessions.",
    .examples = "  eval \"$(ghost completion bash)\"       in ~/.bashrc\n"
                "  eval \"$(ghost completion zsh)\"        in ~/.zshrc, after compinit\n"
                "  ghost completion fish | source        in ~/.config/fish/config.fish",
    .verbs = names,
    .operands = OPERAND_NONE,
    .max_operands = 1,
    .run = run,
};
