/* cmd_doctor.c - `ghost doctor`: can programs be recorded here, and if not, what helps. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "doctor.h"
#include "grid.h"
#include "json.h"
#include "out.h"
#include "run.h"

struct doctor_options { const char *format, *data_dir; struct option_list python; };

static const char *const formats[] = { "text", "json", NULL };

#define AT(member) offsetof(struct doctor_options, member)
static const struct option options[] = {
    { .name = "python", .kind = OPTION_LIST, .at = AT(python), .arg = "PROGRAM",
      .help = "look at this interpreter instead of all that are found; may be repeated" },
    { .name = "data-dir", .kind = OPTION_DIR, .at = AT(data_dir), .arg = "DIR", .key = "recording.data_dir", .env = "GHOST_DATA_DIR",
      .help = "where sessions are to live (default: $GHOST_DATA_DIR, else ~/.ghost)" },
    { .name = "format", .letter = 'f', .kind = OPTION_CHOICE, .at = AT(format), .arg = "FORMAT", .fallback = "text", .choices = formats,
      .help = "how to print" },
    { 0 }
};

enum { MAX_CHECKS = 16 };

struct diagnosis {
    char *lib;
    struct doctor_pythons pythons;
    struct doctor_check checks[MAX_CHECKS];
    size_t n_checks;
    bool can_record;
};

static const char *const statuses[] = {
#define X(name, text) [DOCTOR_##name] = text,
    DOCTOR_STATUSES(X)
#undef X
};

static const char *build_of(const struct doctor_python *p)
{
    return !p->version[0] ? "-" : p->free_threaded ? "free-threaded" : p->debug ? "debug" : "plain";
}

/* ---- text ---- */

static void print_pythons(const struct doctor_pythons *l, FILE *f)
{
    static const struct grid_column columns[] = {
        { "INTERPRETER", false, 20 }, { "VERSION", false, 0 }, { "BUILD", false, 0 }, { "RECORDED", false, 0 },
        { "HOOK", false, 0 }, { "CLOCK", false, 0 },
    };
    struct grid g;
    grid_begin(&g, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < l->n; i++) {
        const struct doctor_python *p = &l->items[i];
        char version[80];
        snprintf(version, sizeof version, "%s%s%s", strcmp(p->implementation, "cpython") == 0 ? "" : p->implementation,
                 p->implementation[0] && strcmp(p->implementation, "cpython") ? " " : "", p->version);
        grid_text(&g, p->path);
        grid_text(&g, version[0] ? version : "-");
        grid_text(&g, build_of(p));
        grid_text(&g, p->recorded ? "yes" : "no");
        grid_text(&g, p->hook[0] ? p->hook : "-");
        grid_text(&g, p->clock[0] ? p->clock : "-");
    }
    grid_print(&g, f);
    for (size_t i = 0; i < l->n; i++)
        if (l->items[i].problem[0])
            fprintf(f, "  %s: %s\n", l->items[i].path, l->items[i].problem);
    if (l->n == 0)
        fputs("  No Python was found. Name one: ghost doctor --python /path/to/python3\n", f);
}

static void print_checks(const struct diagnosis *d, FILE *f)
{
    for (size_t i = 0; i < d->n_checks; i++) {
        const struct doctor_check *c = &d->checks[i];
        fprintf(f, "%-8s %-17s %s\n", statuses[c->status], c->name, c->value);
        if (c->remedy[0])
            fprintf(f, "%27s%s\n", "", c->remedy);
    }
}

static void print_text(const struct diagnosis *d, FILE *f)
{
    size_t ready = 0;
    print_pythons(&d->pythons, f);
    fputc('\n', f);
    print_checks(d, f);
    for (size_t i = 0; i < d->pythons.n; i++)
        ready += d->pythons.items[i].recorded;
    if (d->can_record)
        fprintf(f, "\nPrograms of %zu of %zu interpreters can be recorded here.\n", ready, d->pythons.n);
    else
        fputs("\nNothing can be recorded here: see the problems above.\n", f);
}

/* ---- JSON ---- */

static void json_python(struct json *j, const struct doctor_python *p)
{
    json_object(j, NULL);
    json_text(j, "path", p->path);
    json_text(j, "executable", p->executable[0] ? p->executable : NULL);
    json_text(j, "implementation", p->implementation[0] ? p->implementation : NULL);
    json_text(j, "version", p->version[0] ? p->version : NULL);
    json_text(j, "build", p->version[0] ? build_of(p) : NULL);
    json_bool(j, "recorded", p->recorded);
    json_text(j, "hook", p->hook[0] ? p->hook : NULL);
    json_text(j, "clock", p->clock[0] ? p->clock : NULL);
    json_text(j, "problem", p->problem[0] ? p->problem : NULL);
    json_close(j, '}');
}

static void json_check(struct json *j, const struct doctor_check *c)
{
    json_object(j, NULL);
    json_text(j, "name", c->name);
    json_text(j, "status", statuses[c->status]);
    json_text(j, "value", c->value);
    json_text(j, "remedy", c->remedy[0] ? c->remedy : NULL);
    json_close(j, '}');
}

static void print_json(const struct diagnosis *d, FILE *f)
{
    struct json j;
    json_begin(&j, f);
    json_object(&j, NULL);
    json_bool(&j, "can_record", d->can_record);
    json_array(&j, "interpreters");
    for (size_t i = 0; i < d->pythons.n; i++)
        json_python(&j, &d->pythons.items[i]);
    json_close(&j, ']');
    json_array(&j, "checks");
    for (size_t i = 0; i < d->n_checks; i++)
        json_check(&j, &d->checks[i]);
    json_close(&j, ']');
    json_close(&j, '}');
    json_end(&j);
}

/* ---- the diagnosis ---- */

static int diagnose(struct diagnosis *d, const struct doctor_options *o, struct ghost_err *err)
{
    int ret = doctor_find(&d->pythons, &o->python, err);
    if (ret < 0)
        return ret;
    d->lib = run_lib_dir(NULL);
    d->n_checks = doctor_checks(d->checks, MAX_CHECKS, d->lib, o->data_dir);
    bool usable = true, any = false;
    for (size_t i = 0; i < d->n_checks; i++)
        usable &= d->checks[i].status != DOCTOR_BAD;
    for (size_t i = 0; d->lib && i < d->pythons.n; i++) {
        struct doctor_python *p = &d->pythons.items[i];
        if (p->version[0])
            doctor_try(p, d->lib);
        any |= p->recorded;
    }
    d->can_record = usable && any;
    return 0;
}

static int run(const void *values, int argc, char **argv, struct ghost_err *err)
{
    const struct doctor_options *o = values;
    struct diagnosis d = { 0 };
    struct out out;
    (void)argc;
    (void)argv;
    int ret = diagnose(&d, o, err);
    if (ret == 0)
        ret = out_open(&out, NULL, err);
    if (ret == 0) {
        (strcmp(o->format, "json") == 0 ? print_json : print_text)(&d, out.f);
        ret = out_close(&out, d.can_record ? 0 : 1, err);
    }
    doctor_pythons_release(&d.pythons);
    free(d.lib);
    return ret;
}

const struct command cmd_doctor = {
    .name = "doctor",
    .summary = "tell which interpreters can be recorded here, and what is in the way",
    .usage = "",
    .about =
        "Finds the Python interpreters of this machine, records a small program with each\n"
        "in a temporary session, reads it back, and looks at the clock, the limits and the\n"
        "folders that recording depends on. Every problem comes with a remedy. The exit\n"
        "status is 1 when nothing can be recorded here.",
    .examples =
        "  ghost doctor                                  everything that is found\n"
        "  ghost doctor --python /srv/app/venv/bin/python   one interpreter\n"
        "  ghost doctor --format json                    for scripts",
    .options = options,
    .options_size = sizeof(struct doctor_options),
    .operands = OPERAND_NONE,
    .run = run
};
