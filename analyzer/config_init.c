/* config_init.c - a file of settings to begin with: every setting with its help,
 * commented out, and those that a kind of service is better off with. */
#include <stdlib.h>
#include <string.h>

#include "config_schema.h"
#include "config_show.h"

enum { TEXT_WIDTH = 96 };

struct advice { const char *key, *value, *why; };        /* value: YAML */

static const struct advice generic[] = { { 0 } };

static const struct advice django[] = {
    { "recording.exclude", "[\"*.migrations.*\", \"*.tests.*\", \"manage\"]", "migrations and tests tell nothing about production" },
    { "recording.max_log", "2G", "a worker that lives for weeks must not fill the disk" },
    { "detectors.expected", "[\"django.http.response.Http404\", \"django.core.exceptions.PermissionDenied\", \"django.core.exceptions.ValidationError\", "
      "\"django.core.exceptions.ObjectDoesNotExist\"]", "Django's own ways of saying no" },
    { 0 }
};
static const struct advice fastapi[] = {
    { "recording.exclude", "[\"[?]\"]", "code that pydantic makes by exec() with no module's name; yours, if you do that, too" },
    { "recording.max_log", "2G", "a worker that lives for weeks must not fill the disk" },
    { "detectors.expected", "[\"fastapi.exceptions.HTTPException\", \"starlette.exceptions.HTTPException\", "
      "\"fastapi.exceptions.RequestValidationError\"]", "these become answers, not failures" },
    { 0 }
};
static const struct advice celery[] = {
    { "recording.exclude", "[\"[?]\"]", "code that billiard makes by exec() with no module's name; yours, if you do that, too" },
    { "recording.max_log", "2G", "a worker that lives for weeks must not fill the disk" },
    { "detectors.expected", "[\"celery.exceptions.Retry\", \"celery.exceptions.Ignore\", \"celery.exceptions.Reject\"]",
      "how a task says that it wants to be tried again, or dropped" },
    { 0 }
};
static const struct advice gunicorn[] = {
    { "recording.max_log", "2G", "a worker that lives for weeks must not fill the disk" },
    { "recording.on_full", "drop", "a request must never wait for a disk; what is dropped is counted" },
    { 0 }
};

/* To add a profile: its advice above, a row here. tests/e2e/test_config.py checks every row. */
static const struct profile_row { const char *name, *start; const struct advice *advice; } profiles[] = {
    { "generic", "ghost run app.py", generic },
    { "django", "ghost run manage.py runserver --noreload, or ghost run gunicorn PROJECT.wsgi", django },
    { "fastapi", "ghost run -m uvicorn main:app", fastapi },
    { "celery", "ghost run celery -A PROJECT worker", celery },
    { "gunicorn", "ghost run gunicorn -w 4 app:app", gunicorn },
};
const char *const config_profiles[] = { "generic", "django", "fastapi", "celery", "gunicorn", NULL };

static const struct advice *find_advice(const struct profile_row *p, const char *key)
{
    for (const struct advice *a = p->advice; a->key; a++)
        if (strcmp(a->key, key) == 0)
            return a;
    return NULL;
}

/* A comment below `indent`, broken at blanks. */
static void put_comment(FILE *f, const char *text)
{
    size_t at = 0;
    for (const char *word = text; *word;) {
        size_t len = strcspn(word, " \n");
        if (at == 0 || at + 1 + len > TEXT_WIDTH) {
            fprintf(f, "%s  # ", at ? "\n" : "");
            at = 4;
        } else {
            fputc(' ', f);
            at++;
        }
        fwrite(word, 1, len, f);
        at += len;
        word += len;
        word += strspn(word, " \n");
    }
    fputc('\n', f);
}

static void put_help(FILE *f, const struct option *o)
{
    char text[1024];
    size_t n = (size_t)snprintf(text, sizeof text, "%s", o->help);
    for (const char *const *c = o->choices; c && *c && n < sizeof text; c++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", c == o->choices ? ": " : ", ", *c);
    put_comment(f, text);
    if (o->guarded)
        put_comment(f, "Only in a file that is named with --config or GHOST_CONFIG: it decides where secrets or facts go.");
}

/* A value that would be right: the default, else an example. */
static void put_example(FILE *f, const struct option *o)
{
    static const char *const examples[] = {
        [OPTION_FLAG] = "false", [OPTION_LIST] = "[]", [OPTION_COUNT] = "10", [OPTION_REAL] = "0.5", [OPTION_SIZE] = "1G", [OPTION_SECONDS] = "2",
    };
    const char *text = o->fallback ? o->fallback : o->kind == OPTION_CHOICE ? o->choices[0]
                     : o->kind < sizeof examples / sizeof *examples && examples[o->kind] ? examples[o->kind] : o->arg;
    bool quoted = o->kind == OPTION_TEXT || o->kind == OPTION_FILE || o->kind == OPTION_DIR;
    if (o->kind == OPTION_LIST && o->fallback)
        fprintf(f, "[\"%s\"]", text);
    else
        fprintf(f, quoted ? "\"%s\"" : "%s", text);
}

static void put_setting(FILE *f, const struct option *o, const struct advice *a)
{
    const char *name = strchr(o->key, '.') + 1;
    put_help(f, o);
    if (a) {
        fprintf(f, "  # Here: %s.\n  %s: %s\n", a->why, name, a->value);
    } else {
        fprintf(f, "  # %s: ", name);
        put_example(f, o);
        fputc('\n', f);
    }
}

/* Findings that are accepted: the one setting that is no option. */
static void put_suppress(FILE *f)
{
    fputs("  # findings that are known and accepted: an id, or a kind, a function (glob on module:name) or both\n"
          "  # suppress:\n"
          "  #   - kind: high_exc_rate\n"
          "  #     function: \"shop.stock:reserve*\"\n"
          "  #     reason: \"sold out is an answer, not a failure\"\n"
          "  #     until: 2027-01-31\n", f);
}

static bool same_section(const char *a, const char *b)
{
    return strncmp(a, b, strcspn(a, ".") + 1) == 0;
}

void config_write_profile(FILE *f, const char *profile)
{
    struct config_setting all[CONFIG_SETTINGS];
    size_t n = config_settings(all);
    const struct profile_row *p = profiles;
    while (strcmp(p->name, profile) != 0)
        p++;
    fprintf(f, "# Settings of Ghost (%s). A flag goes before the environment, the environment before this file.\n"
               "# Start with: %s\n# What holds, and why: ghost config show     Is this file right: ghost config check\n", p->name, p->start);
    for (size_t i = 0; i < n; i++) {
        const char *key = all[i].row->key;
        if (i == 0 || !same_section(key, all[i - 1].row->key))
            fprintf(f, "\n%.*s:\n", (int)strcspn(key, "."), key);
        put_setting(f, all[i].row, find_advice(p, key));
        if (strncmp(key, "detectors.", 10) == 0 && (i + 1 == n || !same_section(key, all[i + 1].row->key)))
            put_suppress(f);
    }
}
