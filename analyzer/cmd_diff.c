/* cmd_diff.c - ghost diff: what changed between two recordings, or inside of one. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "diff_print.h"
#include "out.h"

struct diff_command {
    const char *format, *output, *data_dir, *per, *split, *root, *before, *after;
    struct option_list fail_on;
    double min_effect, alpha, min_rate;
    uint64_t jobs, top;
    bool modules, verbose;
};

static const struct { const char *name; void (*print)(FILE *f, const struct diff_view *v); } printers[] = {
    { "text", diff_text }, { "json", diff_json }, { "csv", diff_csv }, { "markdown", diff_markdown },
    { "junit", diff_junit }, { "github", diff_github }, { "sarif", diff_sarif },
};
static const char *const formats[] = { "text", "json", "csv", "markdown", "junit", "github", "sarif", NULL };

/* ---- sides ---- */

static int load_both(struct diff_side *before, struct diff_side *after, const struct diff_command *o, int argc, char **argv, struct ghost_err *err)
{
    const struct diff_sources from = { o->data_dir, (unsigned)o->jobs };
    if (o->split) {
        if (argc > 1 || o->before || o->after)
            return ghost_fail(err, GHOST_E_USAGE, "--split compares before and after a moment of one session: give one");
        return diff_load_split(before, after, &from, argc ? argv[0] : NULL, o->split, err);
    }
    const char *b = o->before ? o->before : argc ? argv[0] : NULL, *a = o->after ? o->after : argc > 1 ? argv[1] : NULL;
    if ((o->before != NULL) != (o->after != NULL) || (o->before && argc) || !a || !b)
        return ghost_fail(err, GHOST_E_USAGE, "ghost diff needs two sessions: ghost diff BEFORE AFTER, or --before S1,S2 --after S3,S4; "
                                              "`ghost sessions` lists them. One session: --split TIME");
    return diff_load(before, after, &from, b, a, err);
}

/* A side without calls is no program that got better: a rule that does not fire must not let it pass. */
static int check_calls(const struct diff *d, const char *split, struct ghost_err *err)
{
    bool before = d->compared + d->removed > 0, after = d->compared + d->added > 0;
    if (before && after)
        return 0;
    if (split)
        return ghost_fail(err, GHOST_E_USAGE, "--split %s: no call of a function began %s it: there is nothing to compare", split,
                          before ? "after" : "before");
    return ghost_fail(err, GHOST_E_USAGE, "there is nothing to compare: %s has no call of a function; see: ghost report %s",
                      before ? d->after.name.p : d->before.name.p, before ? d->after.name.p : d->before.name.p);
}

/* ---- the command ---- */

static int show(const struct diff_command *o, const struct diff_view *v, struct ghost_err *err)
{
    struct out out;
    size_t i = 0;
    while (strcmp(printers[i].name, o->format) != 0)
        i++;
    int ret = out_open(&out, o->output, err);
    if (ret == 0) {
        printers[i].print(out.f, v);
        ret = out_close(&out, 0, err);
    }
    return ret;
}

static int check_options(const struct diff_command *o, struct ghost_err *err)
{
    if (!(o->min_effect > 0) || !(o->alpha > 0) || o->alpha >= 1 || o->min_rate < 0)
        return ghost_fail(err, GHOST_E_USAGE, "--min-effect is larger than 0, --alpha between 0 and 1, --min-rate 0 or more");
    return 0;
}

static int run(const void *options, int argc, char **argv, struct ghost_err *err)
{
    const struct diff_command *o = options;
    struct diff_options method = DIFF_DEFAULTS;
    struct diff_rules rules = { 0 };
    struct diff_side before = { 0 }, after = { 0 };
    struct diff d = { 0 };
    struct findings fired = { 0 };
    char root[4096];
    int ret = check_options(o, err);
    if (ret < 0 || (ret = diff_rules_parse(&rules, o->fail_on.items, o->fail_on.n, err)) < 0)
        return ret;
    method.min_effect = o->min_effect;
    method.alpha = o->alpha;
    method.min_rate = o->min_rate / 100;
    method.per = o->per;
    method.modules = o->modules;
    method.jobs = (unsigned)o->jobs;
    ret = load_both(&before, &after, o, argc, argv, err);
    if (ret == 0 && (ret = diff_all_apart(before.models, before.n_models, err)) == 0)
        ret = diff_all_apart(after.models, after.n_models, err);
    if (ret == 0)
        ret = diff_make(&d, &before, &after, &method, err);
    if (ret == 0)
        ret = check_calls(&d, o->split, err);
    if (ret == 0)
        ret = diff_rules_apply(&rules, &d, &fired, err);
    if (ret == 0) {
        struct diff_view v = { &d, &rules, &fired, o->top, o->verbose, o->root ? o->root : getcwd(root, sizeof root) };
        ret = show(o, &v, err);
    }
    if (ret == 0)
        ret = fired.n > 0;
    findings_release(&fired);
    diff_release(&d);
    diff_side_release(&before);
    diff_side_release(&after);
    diff_rules_release(&rules);
    return ret;
}

/* ---- values in ghost.yaml, which must not wait for a comparison to be found wrong ---- */

static int check_rules(const char *text, struct ghost_err *err)
{
    struct diff_rules rules;
    int ret = diff_rules_parse(&rules, &text, 1, err);
    diff_rules_release(&rules);
    return ret;
}

static int check_effect(const char *text, struct ghost_err *err)
{
    return strtod(text, NULL) > 0 ? 0 : ghost_fail(err, GHOST_E_USAGE, "it must be larger than 0, not '%s'", text);
}

static int check_alpha(const char *text, struct ghost_err *err)
{
    double alpha = strtod(text, NULL);
    return alpha > 0 && alpha < 1 ? 0 : ghost_fail(err, GHOST_E_USAGE, "it must be between 0 and 1, not '%s'", text);
}

#define AT(member) offsetof(struct diff_command, member)
static const struct option options[] = {
    { .name = "fail-on", .kind = OPTION_LIST, .at = AT(fail_on), .arg = "RULES", .key = "diff.fail_on", .check = check_rules,
      .help = "exit with 1 when one of these fires: latency>1.3, p99>1.5,\nexceptions+1%, new-type, new-exception, removed, ... (see docs/diff.md)" },
    { .name = "before", .kind = OPTION_TEXT, .at = AT(before), .arg = "S1,S2", .help = "several sessions as the first side" },
    { .name = "after", .kind = OPTION_TEXT, .at = AT(after), .arg = "S3,S4", .help = "several sessions as the second side" },
    { .name = "split", .kind = OPTION_TEXT, .at = AT(split), .arg = "TIME|MARK",
      .help = "compare one session before and after a moment:\n2026-11-21T12:04:05, +10s after its beginning,\n-10s before its end, or the name of a mark" },
    { .name = "per", .kind = OPTION_TEXT, .at = AT(per), .arg = "FUNCTION", .key = "diff.per",
      .help = "count calls per call of this one (a request handler):\ntwo recordings never see the same traffic" },
    { .name = "min-effect", .kind = OPTION_REAL, .at = AT(min_effect), .arg = "SHARE", .fallback = "0.2", .key = "diff.min_effect", .check = check_effect,
      .help = "least change of a latency that is told" },
    { .name = "min-rate", .kind = OPTION_REAL, .at = AT(min_rate), .arg = "POINTS", .fallback = "1", .key = "diff.min_rate",
      .help = "least change of an exception rate that is told,\nin percentage points" },
    { .name = "alpha", .kind = OPTION_REAL, .at = AT(alpha), .arg = "CHANCE", .fallback = "0.01", .key = "diff.alpha", .check = check_alpha,
      .help = "chance of one false finding in a whole comparison" },
    { .name = "format", .letter = 'f', .kind = OPTION_CHOICE, .at = AT(format), .arg = "FORMAT", .fallback = "text", .choices = formats,
      .help = "form of the output" },
    { .name = "output", .letter = 'o', .kind = OPTION_FILE, .at = AT(output), .arg = "FILE", .help = "file to write (default: standard output)" },
    { .name = "top", .letter = 'n', .kind = OPTION_COUNT, .at = AT(top), .arg = "N", .fallback = "50", .help = "functions and anomalies shown of each kind, 0 for all\n(Markdown: rows of the table)" },
    { .name = "verbose", .letter = 'v', .kind = OPTION_FLAG, .at = AT(verbose), .help = "also what is within the noise" },
    { .name = "modules", .kind = OPTION_FLAG, .at = AT(modules), .help = "the bodies of modules, too" },
    { .name = "root", .kind = OPTION_DIR, .at = AT(root), .arg = "DIR", .help = "folder of the sources, for relative paths\n(default: the working directory)" },
    { .name = "jobs", .letter = 'j', .kind = OPTION_COUNT, .at = AT(jobs), .arg = "N", .help = "threads to analyse with (default: one for each processor)" },
    { .name = "data-dir", .kind = OPTION_DIR, .at = AT(data_dir), .arg = "DIR", .key = "recording.data_dir", .env = "GHOST_DATA_DIR",
      .help = "where sessions live" },
    { 0 }
};

const struct command cmd_diff = {
    .name = "diff",
    .summary = "what changed between two recordings, and whether it is real",
    .usage = "BEFORE AFTER",
    .about = "Compares two sessions: functions added and removed, moved or renamed; calls,\n"
             "exceptions, latency, argument and return types, calls between functions, dead\n"
             "code, anomalies. A latency is told only when the change is larger than\n"
             "--min-effect and than what noise and a slower machine explain.\n"
             "Exit status: 0 no rule fired, 1 one did, 2 it could not be compared.",
    .examples = "  ghost diff 17952 17953                       two sessions\n"
                "  ghost diff main.ghostpack new.ghostpack --fail-on 'latency>1.3,new-exception,removed'\n"
                "  ghost diff --before s1,s2,s3 --after s4,s5,s6\n"
                "  ghost diff --split deployed                  before and after a mark, newest session\n"
                "  ghost diff A B --per handle_request --format markdown",
    .options = options,
    .options_size = sizeof(struct diff_command),
    .operands = OPERAND_SESSION,
    .max_operands = 2,
    .run = run,
};
