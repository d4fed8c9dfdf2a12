/* cmd_trend.c - ghost trend: a measure of every function, session by session. */
#include <fnmatch.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "diff_print.h"
#include "grid.h"
#include "json.h"
#include "load.h"
#include "out.h"
#include "sparkline.h"
#include "term.h"
#include "trend.h"

struct trend_command {
    const char *measure, *function, *format, *output, *data_dir;
    double min_effect, alpha;
    uint64_t jobs, top;
    bool modules, fail;
};

static const char *const measures[] = { "typical", "mean", "p50", "p95", "p99", "quick", NULL };
static const char *const formats[] = { "table", "json", NULL };

static bool wanted(const struct trend_command *o, const struct trend_series *s)
{
    return !o->function || fnmatch(o->function, s->last->qualname.p, 0) == 0 || fnmatch(o->function, s->last->fn_key.p, 0) == 0;
}

static uint64_t count_wanted(const struct trend_command *o, const struct trend *t, bool with_break)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < t->n; i++)
        n += (!with_break || t->v[i].break_at) && wanted(o, &t->v[i]);
    return n;
}

/* ---- table ---- */

static const struct grid_column columns[] = {
    { .title = "FUNCTION", .align = GRID_TAIL, .least = 20 }, { .title = "CALLS", .align = GRID_RIGHT }, { .title = "TREND" },
    { .title = "FIRST", .align = GRID_RIGHT }, { .title = "LAST", .align = GRID_RIGHT }, { .title = "BREAK", .least = 20 },
};

static void add_row(struct grid *g, const struct trend *t, const struct trend_series *s, char *bars)
{
    char name[4200], text[HUMAN], broke[300];
    uint32_t first = 0, last = t->n_sides;
    while (first < t->n_sides && isnan(s->values[first]))
        first++;
    while (last > 0 && isnan(s->values[last - 1]))
        last--;
    snprintf(name, sizeof name, "%s:%u", s->last->qualname.p, s->last->line);
    grid_text(g, name);
    grid_text(g, human_count(text, s->last->calls));
    sparkline(bars, s->values, t->n_sides, 0);
    grid_text(g, bars);
    grid_text(g, first < t->n_sides ? human_ns(text, s->values[first]) : "-");
    grid_text(g, last > 0 ? human_ns(text, s->values[last - 1]) : "-");
    if (s->break_at)
        snprintf(broke, sizeof broke, "%.2f%s (%.2f to %.2f) since %s", s->ratio, term_unicode() ? "×" : "x", s->low, s->high,
                 t->sides[s->break_at].name.p);
    else
        snprintf(broke, sizeof broke, "%s", s->known < 4 ? "too few sessions to tell" : "none");
    grid_text(g, broke);
}

static int print_table(FILE *f, const struct trend_command *o, const struct trend *t, struct ghost_err *err)
{
    struct grid g;
    uint64_t shown = 0, breaks = count_wanted(o, t, true);
    char *bars = malloc((size_t)t->n_sides * SPARKLINE_BYTES + 1);
    if (!bars)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    fprintf(f, "\nGhost trend  %s latency over %u sessions, %s to %s\n\n", o->measure, t->n_sides, t->sides[0].name.p, t->sides[t->n_sides - 1].name.p);
    grid_begin(&g, columns, sizeof columns / sizeof *columns);
    for (uint32_t i = 0; i < t->n; i++) {
        if (!wanted(o, &t->v[i]))
            continue;
        if (o->top && shown == o->top)
            continue;
        shown++;
        add_row(&g, t, &t->v[i], bars);
    }
    grid_rule(f, grid_print(&g, f));
    fprintf(f, "  %llu of %llu functions, %llu break%s. Sessions as a whole against the middle one:", (unsigned long long)shown,
            (unsigned long long)count_wanted(o, t, false), (unsigned long long)breaks, breaks == 1 ? "" : "s");
    for (uint32_t i = 0; i < t->n_sides; i++)
        fprintf(f, " %.2f", t->speed[i]);
    fputc('\n', f);
    diff_put_missing(f, t->sides, t->n_sides, "  ");
    fputc('\n', f);
    free(bars);
    return 0;
}

/* ---- json ---- */

static void json_maybe(struct json *j, const char *key, double value)
{
    if (isnan(value))
        json_null(j, key);
    else
        json_real(j, key, value);
}

static void put_series(struct json *j, const struct trend *t, const struct trend_series *s)
{
    json_object(j, NULL);
    json_str(j, "fn_key", s->last->fn_key);
    json_array(j, "values_ns");
    for (uint32_t i = 0; i < t->n_sides; i++)
        json_maybe(j, NULL, s->values[i]);
    json_close(j, ']');
    json_array(j, "calls");
    for (uint32_t i = 0; i < t->n_sides; i++)
        json_count(j, NULL, s->calls[i]);
    json_close(j, ']');
    json_array(j, "exception_rates");
    for (uint32_t i = 0; i < t->n_sides; i++)
        json_maybe(j, NULL, s->rates[i]);
    json_close(j, ']');
    if (s->break_at) {
        json_object(j, "break");
        json_str(j, "session", t->sides[s->break_at].name);
        json_real(j, "ratio", s->ratio);
        json_real(j, "low", s->low);
        json_real(j, "high", s->high);
        json_close(j, '}');
    } else {
        json_null(j, "break");
    }
    json_close(j, '}');
}

static void print_json(FILE *f, const struct trend_command *o, const struct trend *t)
{
    struct json j;
    json_begin(&j, f);
    json_object(&j, NULL);
    json_text(&j, "measure", o->measure);
    json_array(&j, "sessions");
    for (uint32_t i = 0; i < t->n_sides; i++) {
        json_object(&j, NULL);
        json_str(&j, "session_id", t->sides[i].name);
        json_real(&j, "speed", t->speed[i]);
        json_count(&j, "calls", t->sides[i].calls);
        json_count(&j, "events_lost", t->sides[i].lost);
        model_json_caveats(&j, t->sides[i].models[0]);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_array(&j, "functions");
    for (uint32_t i = 0; i < t->n; i++)
        if (wanted(o, &t->v[i]))
            put_series(&j, t, &t->v[i]);
    json_close(&j, ']');
    json_close(&j, '}');
    json_end(&j);
}

/* ---- the command ---- */

static int all_apart(const struct diff_side *sides, uint32_t n, struct ghost_err *err)
{
    struct ghost_model **models = calloc((size_t)n + 1, sizeof(struct ghost_model *));
    if (!models)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    for (uint32_t i = 0; i < n; i++)
        models[i] = sides[i].models[0];
    int ret = diff_all_apart(models, n, err);
    free(models);
    return ret;
}

static int load_sides(struct diff_side *sides, uint32_t *n, const struct trend_command *o, int argc, char **argv, struct ghost_err *err)
{
    for (int i = 0; i < argc; i++) {
        struct ghost_model **models = calloc(2, sizeof *models);
        if (!models)
            return ghost_fail(err, GHOST_E_NOMEM, "out of memory");
        models[0] = load_model(o->data_dir, argv[i], (unsigned)o->jobs, err);
        if (!models[0]) {
            free(models);
            return err->code;
        }
        int ret = diff_side_make(&sides[*n], models, 1, err);
        if (ret < 0)
            return ret;
        ++*n;
    }
    return all_apart(sides, *n, err);
}

static enum diff_measure measure_of(const char *name)
{
    unsigned m = 0;
    while (strcmp(diff_measure_names[m], name) != 0)
        m++;
    return m;
}

static int show(const struct trend_command *o, const struct trend *t, struct ghost_err *err)
{
    struct out out;
    int ret = out_open(&out, o->output, err);
    if (ret < 0)
        return ret;
    if (strcmp(o->format, "json") == 0)
        print_json(out.f, o, t);
    else
        ret = print_table(out.f, o, t, err);
    return out_close(&out, ret, err);
}

static int run(const void *options, int argc, char **argv, struct ghost_err *err)
{
    const struct trend_command *o = options;
    struct diff_options method = DIFF_DEFAULTS;
    struct trend t;
    uint32_t n = 0;
    if (argc < 2)
        return ghost_fail(err, GHOST_E_USAGE, "ghost trend needs two sessions or more, the oldest first; `ghost sessions` lists them");
    if (!(o->min_effect > 0) || !(o->alpha > 0) || o->alpha >= 1)
        return ghost_fail(err, GHOST_E_USAGE, "--min-effect is larger than 0, --alpha between 0 and 1");
    struct diff_side *sides = calloc((size_t)argc, sizeof *sides);
    int ret = sides ? load_sides(sides, &n, o, argc, argv, err) : ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    if (ret < 0) {
        for (uint32_t i = 0; i < n; i++)
            diff_side_release(&sides[i]);
        free(sides);
        return ret;
    }
    method.min_effect = o->min_effect;
    method.alpha = o->alpha;
    method.modules = o->modules;
    ret = trend_make(&t, sides, n, measure_of(o->measure), &method, err);
    if (ret < 0)
        return ret;
    if (o->function && !count_wanted(o, &t, false))
        ret = ghost_fail(err, GHOST_E_NOT_FOUND, "no called function matches --function '%s'; `ghost report` shows the names", o->function);
    if (ret == 0)
        ret = show(o, &t, err);
    if (ret == 0 && o->fail)
        ret = count_wanted(o, &t, true) > 0;
    trend_release(&t);
    return ret;
}

#define AT(member) offsetof(struct trend_command, member)
static const struct option options[] = {
    { .name = "measure", .letter = 'm', .kind = OPTION_CHOICE, .at = AT(measure), .arg = "MEASURE", .fallback = "typical", .choices = measures,
      .help = "what is followed (typical: the geometric mean)" },
    { .name = "function", .kind = OPTION_TEXT, .at = AT(function), .arg = "GLOB", .help = "only functions whose qualified name or fn_key matches" },
    { .name = "min-effect", .kind = OPTION_REAL, .at = AT(min_effect), .arg = "SHARE", .fallback = "0.2", .key = "diff.min_effect",
      .help = "least change of a latency that is told" },
    { .name = "alpha", .kind = OPTION_REAL, .at = AT(alpha), .arg = "CHANCE", .fallback = "0.01", .key = "diff.alpha",
      .help = "chance of one false finding in a whole comparison" },
    { .name = "fail-on-break", .kind = OPTION_FLAG, .at = AT(fail), .help = "exit with 1 when a function has a break" },
    { .name = "top", .letter = 'n', .kind = OPTION_COUNT, .at = AT(top), .arg = "N", .fallback = "20", .help = "functions shown in the table, 0 for all" },
    { .name = "modules", .kind = OPTION_FLAG, .at = AT(modules), .help = "the bodies of modules, too" },
    { .name = "format", .letter = 'f', .kind = OPTION_CHOICE, .at = AT(format), .arg = "FORMAT", .fallback = "table", .choices = formats,
      .help = "form of the output" },
    { .name = "output", .letter = 'o', .kind = OPTION_FILE, .at = AT(output), .arg = "FILE", .help = "file to write (default: standard output)" },
    { .name = "jobs", .letter = 'j', .kind = OPTION_COUNT, .at = AT(jobs), .arg = "N", .help = "threads to analyse with (default: one for each processor)" },
    { .name = "data-dir", .kind = OPTION_DIR, .at = AT(data_dir), .arg = "DIR", .key = "recording.data_dir", .env = "GHOST_DATA_DIR",
      .help = "where sessions live" },
    { 0 }
};

const struct command cmd_trend = {
    .name = "trend",
    .summary = "how functions develop over many sessions, and where they broke",
    .usage = "SESSION SESSION...",
    .about = "Follows one measure of latency over sessions in the order given, release by\n"
             "release, and says since which session a function is at another level. It takes\n"
             "two sessions on either side to tell a break from noise.",
    .examples = "  ghost trend s1 s2 s3 s4 s5\n"
                "  ghost trend releases/*.ghostpack --measure p99 --function 'Order.*'\n"
                "  ghost trend s1 s2 s3 s4 --format json",
    .options = options,
    .options_size = sizeof(struct trend_command),
    .operands = OPERAND_SESSION,
    .max_operands = UINT_MAX,
    .run = run,
};
