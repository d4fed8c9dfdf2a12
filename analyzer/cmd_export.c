/* cmd_export.c - ghost export: all of a session for other programs. */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "exporter.h"
#include "load.h"
#include "out.h"
#include "when.h"

/* To add a format: an export_NAME.c and a row here. */
static const struct exporter *const exporters[] = { &export_json, &export_csv };
enum { N_EXPORTERS = sizeof exporters / sizeof *exporters };

struct export_options { const char *format, *output, *data_dir, *from, *to; uint64_t jobs; };

static int export(const struct export_options *o, const struct ghost_model *m, const struct profiles *p, struct ghost_err *err)
{
    struct out out;
    unsigned i = 0;
    while (strcmp(exporters[i]->name, o->format) != 0)
        i++;
    int ret = out_open(&out, o->output, err);
    if (ret < 0)
        return ret;
    bool file = out.path != NULL;
    exporters[i]->write(out.f, m, p);
    ret = out_close(&out, 0, err);
    if (ret == 0 && file)
        fprintf(stderr, "ghost: exported %u functions to %s\n", p->n, o->output);
    return ret;
}

static int run(const void *options, int argc, char **argv, struct ghost_err *err)
{
    const struct export_options *o = options;
    struct profiles p;
    struct ghost_model *m = load_model_range(o->data_dir, argc ? argv[0] : NULL, (unsigned)o->jobs, o->from, o->to, err);
    if (!m)
        return err->code;
    int ret = profiles_make(&p, m, err);
    if (ret == 0) {
        ret = export(o, m, &p, err);
        profiles_release(&p);
    }
    ghost_model_free(m);
    return ret;
}

static const char *const formats[] = { "json", "csv", NULL };
static const struct option options[] = {
    { .name = "format", .letter = 'f', .kind = OPTION_CHOICE, .at = offsetof(struct export_options, format), .arg = "FORMAT",
      .fallback = "json", .choices = formats, .help = "form of the output" },
    { .name = "output", .letter = 'o', .kind = OPTION_FILE, .at = offsetof(struct export_options, output), .arg = "FILE",
      .help = "file to write; it appears when it is complete (default: standard output)" },
    { .name = "from", .kind = OPTION_TEXT, .at = offsetof(struct export_options, from), .arg = "TIME", .help = WHEN_FROM_HELP },
    { .name = "to", .kind = OPTION_TEXT, .at = offsetof(struct export_options, to), .arg = "TIME", .help = WHEN_TO_HELP },
    { .name = "jobs", .letter = 'j', .kind = OPTION_COUNT, .at = offsetof(struct export_options, jobs), .arg = "N",
      .help = "threads to analyse with (default: one for each processor)" },
    { .name = "data-dir", .kind = OPTION_DIR, .at = offsetof(struct export_options, data_dir), .arg = "DIR", .key = "recording.data_dir", .env = "GHOST_DATA_DIR",
      .help = "where sessions live, instead of $GHOST_DATA_DIR" },
    { 0 }
};

const struct command cmd_export = {
    .name = "export",
    .summary = "all figures of a session as JSON or CSV",
    .usage = "[SESSION]",
    .about = "Writes one profile for each function: calls, exceptions by type, argument,\n"
             "return and yield types, callers, callees, latency. The keys of ghost-observer\n"
             "0.1.0 are all there; more follow them. Keys are never removed.",
    .examples = "  ghost export > profile.json\n"
                "  ghost export --format csv -o profile.csv\n"
                "  ghost export 1763 | jq '.profiles | map(select(.exception_rate > 0.05))'",
    .options = options,
    .options_size = sizeof(struct export_options),
    .operands = OPERAND_SESSION,
    .max_operands = 1,
    .run = run,
};
