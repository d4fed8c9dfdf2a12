/* cmd_anomalies.c - ghost anomalies: what is wrong in a session. */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "anomalies.h"
#include "baseline.h"
#include "command.h"
#include "load.h"
#include "out.h"
#include "profile.h"

struct anomalies_options {
    double exc_threshold, latency_z;
    uint64_t exc_min_calls, latency_min, jobs;
    struct option_list expected, only, sources;
    const char *script, *fail_on, *format, *output, *baseline, *explain, *root, *data_dir;
    bool update_baseline, verbose;
};

/* What the run has taken and gives back at its end. */
struct work {
    const struct anomalies_options *o;
    struct detect_options detect;
    const char **sources, **only;
    struct ghost_model *m;
    struct findings findings;
    struct baseline baseline;
    bool has_baseline;
    enum standing *standing;
    const struct config_suppression **suppression, **expired;
    char root[4096];
    struct finding_kind kinds[32];
    struct anomalies view;
};

/* ---- options ---- */

static int check_only(const struct option_list *only, struct ghost_err *err)
{
    const char *names[32];
    char all[256] = "";
    size_t n = 0;
    for (const struct detector *const *d = detectors; *d && n < 31; d++) {
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", n ? ", " : "", (*d)->name);
        names[n++] = (*d)->name;
    }
    names[n] = NULL;
    for (size_t i = 0; i < only->n; i++) {
        bool known = false;
        for (size_t k = 0; k < n; k++)
            known = known || strcmp(names[k], only->items[i]) == 0;
        const char *near = known ? NULL : opt_nearest(only->items[i], names);
        if (!known)
            return ghost_fail(err, GHOST_E_USAGE, "--only: there is no detector '%s'.%s%s%s There are: %s", only->items[i],
                              near ? " Did you mean " : "", near ? near : "", near ? "?" : "", all);
    }
    return 0;
}

static int check_options(const struct anomalies_options *o, struct ghost_err *err)
{
    if (o->exc_threshold > 1)
        return ghost_fail(err, GHOST_E_USAGE, "--exc-threshold is a share from 0 to 1: 0.05 is 5 %%, not %g", o->exc_threshold);
    if (o->update_baseline && !o->baseline)
        return ghost_fail(err, GHOST_E_USAGE, "--update-baseline needs the file: --baseline FILE");
    return check_only(&o->only, err);
}

/* NULL-ended copies of the lists; --script and --source are one list. */
static int take_options(struct work *w, struct ghost_err *err)
{
    const struct anomalies_options *o = w->o;
    w->sources = calloc(o->sources.n + 2, sizeof *w->sources);
    w->only = calloc(o->only.n + 1, sizeof *w->only);
    if (!w->sources || !w->only)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    size_t n = 0;
    if (o->script)
        w->sources[n++] = o->script;
    for (size_t i = 0; i < o->sources.n; i++)
        w->sources[n++] = o->sources.items[i];
    for (size_t i = 0; i < o->only.n; i++)
        w->only[i] = o->only.items[i];
    w->detect = (struct detect_options){
        .exc_threshold = o->exc_threshold, .exc_min_calls = o->exc_min_calls, .latency_z = o->latency_z,
        .latency_min_ns = o->latency_min * 1000000, .expected = o->expected.items, .n_expected = o->expected.n,
        .sources = w->sources, .n_sources = n, .verbose = o->verbose,
    };
    if (o->root)
        snprintf(w->root, sizeof w->root, "%s", o->root);
    else if (!getcwd(w->root, sizeof w->root))
        w->root[0] = '\0';
    return 0;
}

/* ---- what is news ---- */

/* A suppression that has ended suppresses nothing, but that is told. */
static const struct config_suppression *find_suppression(struct work *w, const struct finding *row, int64_t now)
{
    const struct config_suppressions *all = config_suppressions();
    const struct config_suppression *found = NULL;
    for (size_t i = 0; i < all->n && !found; i++) {
        const struct config_suppression *s = &all->v[i];
        if (!config_suppresses(s, row->id, row->kind, row->module.p, row->qualname.p))
            continue;
        if (!config_expired(s, now)) {
            found = s;
            continue;
        }
        bool told = false;
        for (uint32_t k = 0; k < w->view.n_expired; k++)
            told = told || w->expired[k] == s;
        if (!told)
            w->expired[w->view.n_expired++] = s;
    }
    return found;
}

static int classify(struct work *w, struct ghost_err *err)
{
    uint32_t n = w->findings.n;
    int64_t now = (int64_t)time(NULL);
    w->standing = calloc((size_t)n + 1, sizeof *w->standing);
    w->suppression = calloc((size_t)n + 1, sizeof *w->suppression);
    w->expired = calloc(config_suppressions()->n + 1, sizeof *w->expired);
    if (!w->standing || !w->suppression || !w->expired)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    for (uint32_t i = 0; i < n; i++) {
        const struct finding *row = &w->findings.v[i];
        bool known = w->has_baseline && baseline_has(&w->baseline, row->id);
        w->suppression[i] = find_suppression(w, row, now);
        w->standing[i] = !row->decided ? STANDING_UNDECIDED : w->suppression[i] ? STANDING_SUPPRESSED : known ? STANDING_KNOWN : STANDING_NEW;
        w->view.standings[w->standing[i]]++;
        if (w->standing[i] == STANDING_NEW)
            w->view.severities[row->severity]++;
    }
    return 0;
}

static void take_kinds(struct work *w)
{
    size_t n = 0;
    for (const struct detector *const *d = detectors; *d && n < sizeof w->kinds / sizeof *w->kinds - 1; d++) {
        bool wanted = !w->only[0];
        for (const char **o = w->only; *o; o++)
            wanted = wanted || strcmp(*o, (*d)->name) == 0;
        if (wanted)
            w->kinds[n++] = (struct finding_kind){ (*d)->name, (*d)->summary };
    }
}

static int find_all(struct work *w, int argc, char **argv, struct ghost_err *err)
{
    const struct anomalies_options *o = w->o;
    w->m = load_model(o->data_dir, argc ? argv[0] : NULL, (unsigned)o->jobs, err);
    if (!w->m)
        return err->code;
    struct profiles p;
    int ret = profiles_make(&p, w->m, err);
    if (ret < 0)
        return ret;
    ret = detect_all(w->m, &p, &w->detect, w->only, &w->findings, err);
    profiles_release(&p);
    if (ret == 0 && o->baseline) {
        struct ghost_err missing = GHOST_ERR_INIT;
        ret = baseline_read(&w->baseline, o->baseline, &missing);
        w->has_baseline = ret == 0;
        if (ret == GHOST_E_NOT_FOUND && o->update_baseline)
            ret = 0;
        else if (ret < 0)
            ghost_fail(err, ret, "%s", missing.msg);
    }
    if (ret == 0)
        ret = classify(w, err);
    take_kinds(w);
    w->view.m = w->m;
    w->view.kinds = w->kinds;
    w->view.options = &w->detect;
    w->view.only = w->only;
    w->view.findings = &w->findings;
    w->view.standing = w->standing;
    w->view.suppression = w->suppression;
    w->view.expired = w->expired;
    w->view.baseline = o->baseline;
    w->view.root = w->root;
    w->view.verbose = o->verbose;
    return ret;
}

/* ---- what is done with it ---- */

static int update_baseline(struct work *w, struct ghost_err *err)
{
    struct baseline_change change;
    bool *take = calloc((size_t)w->findings.n + 1, sizeof *take);
    if (!take)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    for (uint32_t i = 0; i < w->findings.n; i++)
        take[i] = w->standing[i] == STANDING_NEW || w->standing[i] == STANDING_KNOWN;
    int ret = baseline_write(w->o->baseline, &w->findings, take, w->has_baseline ? &w->baseline : NULL, w->only, &change, err);
    free(take);
    if (ret == 0)
        fprintf(stderr, "ghost: %s: %u findings kept, %u added, %u removed\n", w->o->baseline, change.kept, change.added, change.removed);
    return ret;
}

enum { SHORTEST_ID = 4 };

static int find_id(const struct work *w, const char *id, uint32_t *found, struct ghost_err *err)
{
    size_t n = strlen(id);
    uint32_t matches = 0;
    for (uint32_t i = 0; i < w->findings.n; i++)
        if (n >= SHORTEST_ID && strncmp(w->findings.v[i].id, id, n) == 0) {
            *found = i;
            matches++;
        }
    if (matches > 1)
        return ghost_fail(err, GHOST_E_AMBIGUOUS, "%u findings have an id that begins with '%s': give more digits", matches, id);
    if (!matches)
        return ghost_fail(err, GHOST_E_NOT_FOUND, "no finding of session %s has the id '%s'. Ids stand below the findings; at least "
                          "%d digits are needed. See: ghost anomalies --verbose", w->m->session.p, id, SHORTEST_ID);
    return 0;
}

static const struct anomaly_printer printers[] = {
#define X(name) { #name, anomalies_##name },
    ANOMALY_PRINTERS(X)
#undef X
};
static const char *const formats[] = {
#define X(name) #name,
    ANOMALY_PRINTERS(X)
#undef X
    NULL
};

static int print(struct work *w, struct ghost_err *err)
{
    struct out out;
    uint32_t one = 0;
    unsigned i = 0;
    int ret = w->o->explain ? find_id(w, w->o->explain, &one, err) : 0;
    if (ret == 0)
        ret = out_open(&out, w->o->output, err);
    if (ret < 0)
        return ret;
    while (strcmp(printers[i].name, w->o->format) != 0)
        i++;
    if (w->o->explain)
        anomalies_explain(out.f, &w->view, one);
    else
        printers[i].print(out.f, &w->view);
    return out_close(&out, 0, err);
}

/* 1 when something new is at least as severe as --fail-on says. */
static int judge(const struct work *w)
{
    unsigned least = 0;
    while (least < SEVERITY_COUNT && strcmp(severity_names[least], w->o->fail_on) != 0)      /* "none" is none of them */
        least++;
    for (unsigned i = least; i < SEVERITY_COUNT; i++)
        if (w->view.severities[i])
            return 1;
    return 0;
}

static int run(const void *options, int argc, char **argv, struct ghost_err *err)
{
    struct work w = { .o = options };
    int ret = check_options(w.o, err);
    if (ret == 0)
        ret = take_options(&w, err);
    if (ret == 0)
        ret = find_all(&w, argc, argv, err);
    if (ret == 0)
        ret = w.o->update_baseline ? update_baseline(&w, err) : print(&w, err);
    if (ret == 0 && !w.o->update_baseline && !w.o->explain)
        ret = judge(&w);
    baseline_release(&w.baseline);
    findings_release(&w.findings);
    ghost_model_free(w.m);
    free(w.sources);
    free(w.only);
    free(w.standing);
    free(w.suppression);
    free(w.expired);
    return ret;
}

#define AT(member) offsetof(struct anomalies_options, member)
static const char *const fail_on[] = { "none", "low", "medium", "high", NULL };
static const struct option options[] = {
    { .name = "exc-threshold", .kind = OPTION_REAL, .at = AT(exc_threshold), .arg = "SHARE", .fallback = "0.05", .key = "detectors.exc_threshold",
      .help = "exception rate, from 0 to 1, above which a function fails too often" },
    { .name = "exc-min-calls", .kind = OPTION_COUNT, .at = AT(exc_min_calls), .arg = "N", .fallback = "3", .key = "detectors.exc_min_calls",
      .help = "calls before a function's exception rate is judged" },
    { .name = "expected", .kind = OPTION_LIST, .at = AT(expected), .arg = "TYPE", .key = "detectors.expected",
      .help = "exception type that is no error, with all derived from it: Name or module.Name; may be given more than once" },
    { .name = "latency-z", .kind = OPTION_REAL, .at = AT(latency_z), .arg = "SIGMAS", .fallback = "2.5", .key = "detectors.latency_z",
      .help = "standard deviations above the module's average that make an outlier" },
    { .name = "latency-min", .kind = OPTION_SECONDS, .at = AT(latency_min), .arg = "SECONDS", .fallback = "0.001", .key = "detectors.latency_min",
      .help = "what is faster than this is no outlier" },
    { .name = "script", .kind = OPTION_FILE, .at = AT(script), .arg = "FILE",
      .help = "Python file to look for functions that were never called in, imported or not" },
    { .name = "source", .kind = OPTION_LIST, .at = AT(sources), .arg = "DIR", .key = "detectors.source",
      .help = "the same for a folder of them; may be given more than once" },
    { .name = "only", .kind = OPTION_LIST, .at = AT(only), .arg = "KIND", .key = "detectors.only",
      .help = "run this detector only; may be given more than once" },
    { .name = "fail-on", .kind = OPTION_CHOICE, .at = AT(fail_on), .arg = "SEVERITY", .fallback = "none", .choices = fail_on,
      .key = "detectors.fail_on", .help = "exit with 1 when there is a new finding of this severity or worse" },
    { .name = "baseline", .kind = OPTION_FILE, .at = AT(baseline), .arg = "FILE", .key = "detectors.baseline",
      .help = "findings listed in this file are not new" },
    { .name = "update-baseline", .kind = OPTION_FLAG, .at = AT(update_baseline), .help = "write the findings of this session to that file instead of printing them" },
    { .name = "explain", .kind = OPTION_TEXT, .at = AT(explain), .arg = "ID", .help = "one finding with all its evidence; the first digits of the id are enough" },
    { .name = "verbose", .letter = 'v', .kind = OPTION_FLAG, .at = AT(verbose), .help = "also what is undecided, suppressed or in the baseline, and the evidence of each" },
    { .name = "format", .letter = 'f', .kind = OPTION_CHOICE, .at = AT(format), .arg = "FORMAT", .fallback = "text", .choices = formats, .help = "form of the output" },
    { .name = "root", .kind = OPTION_DIR, .at = AT(root), .arg = "DIR", .key = "detectors.root",
      .help = "where the sources lay when they were recorded, as /srv/app: paths are shown relative to it (default: the working directory)" },
    { .name = "output", .letter = 'o', .kind = OPTION_FILE, .at = AT(output), .arg = "FILE",
      .help = "file to write; it appears when it is complete (default: standard output)" },
    { .name = "jobs", .letter = 'j', .kind = OPTION_COUNT, .at = AT(jobs), .arg = "N", .help = "threads to analyse with (default: one for each processor)" },
    { .name = "data-dir", .kind = OPTION_DIR, .at = AT(data_dir), .arg = "DIR", .key = "recording.data_dir", .env = "GHOST_DATA_DIR",
      .help = "where sessions live, instead of $GHOST_DATA_DIR" },
    { 0 }
};

const struct command cmd_anomalies = {
    .name = "anomalies",
    .summary = "what is wrong: dead code, failures, slow functions, lying annotations",
    .usage = "[SESSION]",
    .about = "Runs the detectors over a session and lists what they find, worst first.\n"
             "  type_mismatch    types that were passed or returned against annotations\n"
             "  never_called     defined in a module that was executed, but never entered\n"
             "  high_exc_rate    fails more often than --exc-threshold, beyond chance\n"
             "                   (99 % interval), by more than expected exceptions\n"
             "  latency_outlier  mean --latency-z sigmas above the module's average (needs\n"
             "                   more than 8 functions: with n, no z above (n-1)/sqrt(n) is\n"
             "                   possible), or far above its peers by a robust rule\n"
             "What is a mere consequence of another finding is named there. Ids are the same\n"
             "in every session, so findings can be put in a baseline or, with a reason, in\n"
             "ghost.yaml. Severity: high, medium or low. Exit status 0, or 1 with --fail-on.",
    .examples = "  ghost anomalies\n"
                "  ghost anomalies --exc-threshold 0.02 --latency-z 3\n"
                "  ghost anomalies --source src                     also modules never imported\n"
                "  ghost anomalies --baseline ghost.baseline --update-baseline\n"
                "  ghost anomalies --baseline ghost.baseline --fail-on medium    in CI\n"
                "  ghost anomalies --format sarif -o ghost.sarif    for code scanning",
    .options = options,
    .options_size = sizeof(struct anomalies_options),
    .operands = OPERAND_SESSION,
    .max_operands = 1,
    .run = run,
};
