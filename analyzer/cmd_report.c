/* cmd_report.c - ghost report: the functions of a session, seen in one of four ways. */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "db_open.h"
#include "out.h"
#include "report.h"
#include "when.h"

static int view(const struct report *r, FILE *f, struct ghost_err *err)
{
    if (r->o->tree)
        return report_tree(r, f, err);
    if (r->o->exceptions)
        return report_exceptions(r, f, err);
    return r->o->time ? report_time(r, f, err) : report_table(r, f, err);
}

static int run(const void *options, int argc, char **argv, struct ghost_err *err)
{
    const struct report_options *o = options;
    struct report r;
    struct out out;
    if ((o->tree != NULL) + o->exceptions + o->time > 1)
        return ghost_fail(err, GHOST_E_USAGE, "--tree, --exceptions and --time are different views: give one of them");
    int ret = report_load(&r, o, argc ? argv[0] : NULL, err);
    if (ret < 0)
        return ret;
    ret = out_open(&out, NULL, err);
    if (ret == 0) {
        ret = view(&r, out.f, err);
        if (ret < 0 && db_mend(r.d, err))
            ret = view(&r, out.f, err);
        ret = out_close(&out, ret, err);
    }
    report_release(&r);
    return ret;
}

static const char *const formats[] = { "table", "json", "csv", "markdown", NULL };
#define AT(member) .at = offsetof(struct report_options, member)
static const struct option options[] = {
    { .name = "sort", .letter = 's', .kind = OPTION_CHOICE, AT(sort), .arg = "KEY", .fallback = "calls", .choices = db_sorts,
      .key = "report.sort", .help = "order of the functions; 'exceptions' is by their rate" },
    { .name = "top", .letter = 'n', .kind = OPTION_COUNT, AT(top), .arg = "N", .fallback = "20", .key = "report.top",
      .help = "how many to show, 0 for all" },
    { .name = "module", .letter = 'm', .kind = OPTION_TEXT, AT(module), .arg = "GLOB", .help = "only functions of modules like this, as 'app.*'" },
    { .name = "function", .letter = 'F', .kind = OPTION_TEXT, AT(function), .arg = "GLOB",
      .help = "only functions whose qualified name is like this, as '*.save'" },
    { .name = "tree", .kind = OPTION_TEXT, AT(tree), .arg = "FUNCTION", .help = "one function, its callers and what it calls" },
    { .name = "depth", .kind = OPTION_COUNT, AT(depth), .arg = "N", .fallback = "3", .help = "steps of --tree in both directions" },
    { .name = "exceptions", .kind = OPTION_FLAG, AT(exceptions), .help = "exceptions by type and by where they were raised, passed and caught" },
    { .name = "time", .kind = OPTION_FLAG, AT(time), .help = "how each function did over the session, by what --sort says" },
    { .name = "from", .kind = OPTION_TEXT, AT(from), .arg = "TIME", .help = WHEN_FROM_HELP },
    { .name = "to", .kind = OPTION_TEXT, AT(to), .arg = "TIME", .help = WHEN_TO_HELP },
    { .name = "modules", .kind = OPTION_FLAG, AT(modules), .key = "report.modules", .help = "show the bodies of modules too" },
    { .name = "format", .letter = 'f', .kind = OPTION_CHOICE, AT(format), .arg = "FORMAT", .fallback = "table", .choices = formats,
      .help = "form of the output" },
    { .name = "jobs", .letter = 'j', .kind = OPTION_COUNT, AT(jobs), .arg = "N",
      .help = "threads to analyse with (default: one for each processor)" },
    { .name = "data-dir", .kind = OPTION_DIR, AT(data_dir), .arg = "DIR", .key = "recording.data_dir", .env = "GHOST_DATA_DIR",
      .help = "where sessions live, instead of $GHOST_DATA_DIR" },
    { 0 }
};

const struct command cmd_report = {
    .name = "report",
    .summary = "what was called, how often, how fast, with which types",
    .usage = "[SESSION]",
    .about = "Shows the functions of a session: calls, share of calls left by an exception,\n"
             "latency, and the argument types seen most. SESSION is an id, a unique beginning\n"
             "of one, a session folder, an archive or a log; without it, the newest session.\n"
             "--tree, --exceptions and --time show the same session from other sides.",
    .examples = "  ghost report                      the newest session, most called first\n"
                "  ghost report --sort latency -n 5  its five slowest functions\n"
                "  ghost report 1763 --sort exceptions\n"
                "  ghost report --module 'shop.*' --sort total\n"
                "  ghost report --tree Order.total   who calls it, and what it calls\n"
                "  ghost report --time --sort mean   when it was slow\n"
                "  ghost report --from +10s --to +20s\n"
                "  ghost report --format json | jq '.functions[].fn_key'",
    .options = options,
    .options_size = sizeof(struct report_options),
    .operands = OPERAND_SESSION,
    .max_operands = 1,
    .run = run,
};
