/* config_show.c - every setting as the commands will see it. */
#include "config_show.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "config.h"
#include "config_schema.h"
#include "grid.h"
#include "json.h"
#include "term.h"

/* One row of a command with its value. */
struct shown { const struct command *cmd; const struct option *row; const char *values; enum opt_source source; };

/* Values of one command; those of all are kept until the end, sorted by key. */
struct filled { void *values; enum opt_source *sources; const struct command *cmd; };
struct showing {
    struct filled filled[64]; size_t n_filled;
    struct shown rows[CONFIG_SETTINGS]; size_t n;
};

/* ---- one value ---- */

static const void *member(const struct shown *s)
{
    return s->values + s->row->at;
}

static const char *text_of(const struct shown *s)
{
    const char *text;
    memcpy(&text, member(s), sizeof text);
    return text && config_secret_value(text) ? "(hidden: it looks like a secret)" : text;
}

static double number_of(const struct shown *s)
{
    uint64_t n;
    double real;
    if (s->row->kind == OPTION_REAL) {
        memcpy(&real, member(s), sizeof real);
        return real;
    }
    memcpy(&n, member(s), sizeof n);
    return s->row->kind == OPTION_SECONDS ? (double)n / 1000 : (double)n;
}

static const struct option_list *list_of(const struct shown *s)
{
    return (const struct option_list *)member(s);
}

static bool is_number(const struct option *o)
{
    return o->kind == OPTION_COUNT || o->kind == OPTION_REAL || o->kind == OPTION_SIZE || o->kind == OPTION_SECONDS;
}

/* Has it a value at all? A number of 0 that nobody set is none. */
static bool has_value(const struct shown *s)
{
    if (s->row->kind == OPTION_LIST)
        return list_of(s)->n > 0 || s->source != OPT_UNSET;
    return s->row->kind == OPTION_FLAG || (is_number(s->row) ? s->source != OPT_UNSET : text_of(s) != NULL);
}

static void grid_value(struct grid *g, const struct shown *s)
{
    char text[1024] = "-";
    if (!has_value(s)) {
        grid_text(g, text);
    } else if (s->row->kind == OPTION_FLAG) {
        grid_text(g, *(const bool *)member(s) ? "true" : "false");
    } else if (is_number(s->row)) {
        format_real(text, number_of(s));
        char *end = strstr(text, ".0");              /* whole numbers as such */
        if (end && !end[2])
            *end = '\0';
        grid_text(g, text);
    } else if (s->row->kind == OPTION_LIST) {
        const struct option_list *l = list_of(s);
        size_t used = (size_t)snprintf(text, sizeof text, "%s", l->n ? "" : "(empty)");
        for (size_t i = 0; i < l->n && used < sizeof text; i++)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i ? ", " : "", l->items[i]);
        grid_text(g, text);
    } else {
        grid_text(g, text_of(s));
    }
}

static void json_value(struct json *j, const struct shown *s)
{
    if (s->row->kind == OPTION_LIST) {
        json_array(j, "value");
        for (size_t i = 0; i < list_of(s)->n; i++)
            json_text(j, NULL, list_of(s)->items[i]);
        json_close(j, ']');
    } else if (!has_value(s)) {
        json_null(j, "value");
    } else if (s->row->kind == OPTION_FLAG) {
        json_bool(j, "value", *(const bool *)member(s));
    } else if (s->row->kind == OPTION_COUNT || s->row->kind == OPTION_SIZE) {
        json_count(j, "value", (uint64_t)number_of(s));
    } else if (is_number(s->row)) {
        json_real(j, "value", number_of(s));
    } else {
        json_text(j, "value", text_of(s));
    }
}

/* "--flush", "$GHOST_FLUSH", "ghost.yaml:3:10", "default". */
static void describe_source(const struct shown *s, char *out, size_t n)
{
    const struct config_value *v = config_get(s->row->key);
    if (s->source == OPT_FROM_FLAG)
        snprintf(out, n, "--%s", s->row->name);
    else if (s->source == OPT_FROM_ENV)
        snprintf(out, n, "$%s", s->row->env);
    else if (s->source == OPT_FROM_FILE && v)
        snprintf(out, n, "%s:%u:%u", v->at.file, v->at.line, v->at.column);
    else
        snprintf(out, n, "default");
}

/* ---- all values ---- */

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct shown *)a)->row->key, ((const struct shown *)b)->row->key);
}

static void add_rows(struct showing *w, const struct filled *f)
{
    for (const struct option *o = f->cmd->options; o && o->name; o++) {
        size_t i = 0;
        while (o->key && i < w->n && strcmp(w->rows[i].row->key, o->key) != 0)
            i++;
        if (o->key && i == w->n && w->n < CONFIG_SETTINGS)
            w->rows[w->n++] = (struct shown){ f->cmd, o, f->values, f->sources[o - f->cmd->options] };
    }
}

static struct filled *new_filled(struct showing *w, const struct command *cmd, struct ghost_err *err)
{
    struct filled *f = &w->filled[w->n_filled];
    size_t rows = 1;
    for (const struct option *o = cmd->options; o && o->name; o++)
        rows++;
    f->cmd = cmd;
    f->values = calloc(1, cmd->options_size ? cmd->options_size : 1);
    f->sources = calloc(rows, sizeof *f->sources);
    w->n_filled++;
    if (f->values && f->sources)
        return f;
    ghost_fail(err, GHOST_E_NOMEM, "out of memory while collecting settings");
    return NULL;
}

static int collect_all(struct showing *w, struct ghost_err *err)
{
    int ret = config_load(err);
    for (size_t i = 0; commands[i] && ret == 0; i++) {
        struct filled *f = new_filled(w, commands[i], err);
        ret = f ? opt_fill(commands[i], f->values, f->sources, err) : GHOST_E_NOMEM;
        if (ret == 0)
            add_rows(w, f);
    }
    return ret;
}

static int collect_one(struct showing *w, int argc, char **argv, struct ghost_err *err)
{
    bool help;
    for (size_t i = 0; commands[i]; i++) {
        if (strcmp(commands[i]->name, argv[0]) != 0)
            continue;
        struct filled *f = new_filled(w, commands[i], err);
        int ret = f ? opt_parse_sources(commands[i], argc - 1, argv + 1, f->values, &help, f->sources, err) : GHOST_E_NOMEM;
        if (ret >= 0)
            add_rows(w, f);
        return ret < 0 ? ret : 0;
    }
    return ghost_fail(err, GHOST_E_USAGE, "there is no command '%s' to show the settings of. See: ghost --help", argv[0]);
}

static void release(struct showing *w)
{
    for (size_t i = 0; i < w->n_filled; i++) {
        if (w->filled[i].values)
            opt_release(w->filled[i].cmd, w->filled[i].values);
        free(w->filled[i].values);
        free(w->filled[i].sources);
    }
}

/* ---- printing ---- */

static void print_suppressions(FILE *f, int64_t now)
{
    const struct config_suppressions *all = config_suppressions();
    size_t expired = 0;
    for (size_t i = 0; i < all->n; i++)
        expired += config_expired(&all->v[i], now);
    if (all->n)
        fprintf(f, "  %zu suppressions of findings, %zu of them expired; --format json shows them.\n", all->n, expired);
}

static void print_table(FILE *f, const struct showing *w)
{
    static const struct grid_column columns[] = { { .title = "SETTING" }, { .title = "VALUE", .least = 12 }, { .title = "FROM" } };
    struct grid g;
    char source[512];
    grid_begin(&g, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < w->n; i++) {
        describe_source(&w->rows[i], source, sizeof source);
        grid_text(&g, w->rows[i].row->key);
        grid_value(&g, &w->rows[i]);
        grid_text(&g, source);
    }
    grid_print(&g, f);
    if (config_path())
        fprintf(f, "  The file is %s.\n", config_path());
    else
        fputs("  There is no file; `ghost config init` writes one to begin with.\n", f);
    print_suppressions(f, time(NULL));
}

static void json_setting(struct json *j, const struct shown *s)
{
    static const char *const names[] = { "default", "default", "file", "environment", "flag" };
    char where[512];
    describe_source(s, where, sizeof where);
    json_object(j, NULL);
    json_text(j, "key", s->row->key);
    json_value(j, s);
    json_text(j, "source", names[s->source]);
    json_text(j, "where", where);
    json_text(j, "command", s->cmd->name);
    json_text(j, "option", s->row->name);
    json_text(j, "environment", s->row->env);
    json_text(j, "help", s->row->help);
    json_close(j, '}');
}

static void json_suppressions(struct json *j, int64_t now)
{
    const struct config_suppressions *all = config_suppressions();
    json_array(j, "suppressions");
    for (size_t i = 0; i < all->n; i++) {
        const struct config_suppression *s = &all->v[i];
        json_object(j, NULL);
        json_text(j, "id", s->id);
        json_text(j, "kind", s->kind);
        json_text(j, "function", s->function);
        json_text(j, "reason", s->reason);
        json_text(j, "until", s->until);
        json_bool(j, "expired", config_expired(s, now));
        json_count(j, "line", s->at.line);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void print_json(FILE *f, const struct showing *w)
{
    struct json j;
    json_begin(&j, f);
    json_object(&j, NULL);
    json_text(&j, "file", config_path());
    json_array(&j, "settings");
    for (size_t i = 0; i < w->n; i++)
        json_setting(&j, &w->rows[i]);
    json_close(&j, ']');
    json_suppressions(&j, time(NULL));
    json_close(&j, '}');
    json_end(&j);
}

int config_show(FILE *f, bool json, int argc, char **argv, struct ghost_err *err)
{
    struct showing *w = calloc(1, sizeof *w);
    if (!w)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory while collecting settings");
    int ret = argc > 0 ? collect_one(w, argc, argv, err) : collect_all(w, err);
    if (ret == 0) {
        qsort(w->rows, w->n, sizeof *w->rows, by_key);
        (json ? print_json : print_table)(f, w);
    }
    release(w);
    free(w);
    return ret;
}
