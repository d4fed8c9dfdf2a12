/* db_ask_help.c - dot-commands, and what to say to a query that cannot be. */
#include <stdlib.h>
#include <string.h>

#include "db_ask.h"
#include "db_print.h"
#include "db_schema.h"
#include "db_sql.h"
#include "opt.h"

/* ---- names that there are ---- */

struct names { char **v; uint32_t n, cap; };

static void names_release(struct names *l)
{
    for (uint32_t i = 0; i < l->n; i++)
        free(l->v[i]);
    free(l->v);
}

static void add_name(struct names *l, const char *name)
{
    char *copy = name ? strdup(name) : NULL;
    if (copy && grow_array(&l->v, l->n, &l->cap, sizeof *l->v))
        l->v[l->n++] = copy;
    else
        free(copy);
}

/* First column of a query's rows, and NULL at the end. */
static void collect(sqlite3 *db, const char *sql, const char *argument, struct names *l)
{
    sqlite3_stmt *q = db_sql_prepare(db, sql, NULL);
    if (q && argument)
        sqlite3_bind_text(q, 1, argument, -1, SQLITE_STATIC);
    while (q && sqlite3_step(q) == SQLITE_ROW)
        add_name(l, (const char *)sqlite3_column_text(q, 0));
    sqlite3_finalize(q);
    if (grow_array(&l->v, l->n, &l->cap, sizeof *l->v))
        l->v[l->n] = NULL;
}

#define TABLES "SELECT name FROM (SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' UNION" \
               " SELECT name FROM sqlite_temp_schema WHERE type IN ('table', 'view')) ORDER BY name"
#define COLUMNS "SELECT name FROM pragma_table_xinfo(?1)"

static bool mentions(const char *text, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = text; (p = strstr(p, name)); p += n) {
        bool before = p > text && (p[-1] == '_' || (p[-1] | 32) >= 'a'), after = p[n] == '_' || ((p[n] | 32) >= 'a' && (p[n] | 32) <= 'z');
        if (!before && !after)
            return true;
    }
    return false;
}

/* Columns of the tables that the query names; of all when it names none. */
static void collect_columns(sqlite3 *db, const char *text, struct names *columns)
{
    struct names tables = { 0 };
    bool any = false;
    collect(db, TABLES, NULL, &tables);
    for (uint32_t i = 0; i < tables.n; i++)
        any = any || mentions(text, tables.v[i]);
    for (uint32_t i = 0; i < tables.n; i++)
        if (!any || mentions(text, tables.v[i]))
            collect(db, COLUMNS, tables.v[i], columns);
    names_release(&tables);
}

/* ---- what went wrong ---- */

/* The line of the query with the place marked under it. */
static void show_place(const char *text, int offset)
{
    const char *start = text + offset, *end = start;
    while (start > text && start[-1] != '\n')
        start--;
    end = start + strcspn(start, "\n");
    fprintf(stderr, "  %.*s\n  %*s^\n", (int)(end - start), start, (int)(text + offset - start), "");
}

/* `names` lists what there is; NULL: the columns. `help` is the dot-command that shows them. */
struct trouble { const char *begins, *names, *help; };
static const struct trouble troubles[] = {
    { "no such column: ", NULL, ".schema" },
    { "no such table: ", TABLES, ".tables" },
    { "no such function: ", "SELECT DISTINCT name FROM pragma_function_list", ".help" },
};

int db_ask_refuse(struct ghost_err *err)
{
    return ghost_fail(err, GHOST_E_USAGE, "ghost sql only reads: this statement, or a function or pragma in it, could change something. "
                                          "Do that to a copy of the database, with sqlite3");
}

int db_ask_explain(sqlite3 *db, const char *text, struct ghost_err *err)
{
    char message[256];
    int offset = sqlite3_error_offset(db), code = sqlite3_errcode(db) & 0xff;
    snprintf(message, sizeof message, "%s", sqlite3_errmsg(db));
    if (offset >= 0 && (size_t)offset <= strlen(text))
        show_place(text, offset);
    if (code == SQLITE_AUTH)
        return db_ask_refuse(err);
    if (code != SQLITE_ERROR)
        return db_sql_fail(db, err, "the query failed");
    for (size_t i = 0; i < sizeof troubles / sizeof *troubles; i++) {
        const struct trouble *t = &troubles[i];
        if (strncmp(message, t->begins, strlen(t->begins)) != 0)
            continue;
        struct names names = { 0 };
        const char *word = message + strlen(t->begins), *dot = strrchr(word, '.');
        sqlite3_set_authorizer(db, NULL, NULL);
        if (t->names)
            collect(db, t->names, NULL, &names);
        else
            collect_columns(db, text, &names);
        db_ask_guard(db);
        const char *near = names.v ? opt_nearest(dot ? dot + 1 : word, (const char *const *)names.v) : NULL;
        int ret = ghost_fail(err, GHOST_E_USAGE, "%s.%s%s%s See: ghost sql %s", message, near ? " Did you mean " : "", near ? near : "", near ? "?" : "",
                             t->help);
        names_release(&names);
        return ret;
    }
    return ghost_fail(err, GHOST_E_USAGE, "%s. See: ghost sql .help", message);
}

/* ---- dot-commands ---- */

static const struct db_table *table_named(const char *name)
{
    if (strcmp(db_profile_table.name, name) == 0)
        return &db_profile_table;
    for (size_t i = 0; db_tables[i]; i++)
        if (strcmp(db_tables[i]->name, name) == 0)
            return db_tables[i];
    return NULL;
}

static const char *about(const char *name)
{
    const struct db_table *t = table_named(name);
    for (size_t i = 0; !t && db_views[i].name; i++)
        if (strcmp(db_views[i].name, name) == 0)
            return db_views[i].about;
    if (strcmp(name, "events") == 0)
        return "as in ghost-observer 0.1.0, and more: the raw events in order of time";
    return t ? t->about : "";
}

static int dot_tables(const struct db_asker *a, const char *argument, struct ghost_err *err)
{
    struct names tables = { 0 };
    (void)argument;
    (void)err;
    collect(db_handle(a->d), TABLES, NULL, &tables);
    for (uint32_t i = 0; i < tables.n; i++)
        fprintf(a->out, "%-22s %s\n", tables.v[i], about(tables.v[i]));
    names_release(&tables);
    return 0;
}

static void print_columns(const struct db_asker *a, const char *name)
{
    const struct db_table *t = table_named(name);
    struct names columns = { 0 };
    collect(db_handle(a->d), COLUMNS, name, &columns);
    fprintf(a->out, "%s: %s\n", name, about(name));
    for (uint32_t i = 0; i < columns.n; i++) {
        const struct db_column *c = NULL;
        for (unsigned k = 0; t && k < t->n_columns; k++)
            if (strcmp(t->columns[k].name, columns.v[i]) == 0)
                c = &t->columns[k];
        bool told = c && (c->refers || *c->about);
        fprintf(a->out, told ? "  %-18s " : "  %s", columns.v[i]);
        if (c && c->refers)
            fprintf(a->out, "id of %s%s", c->refers, *c->about ? ": " : "");
        fprintf(a->out, "%s\n", c ? c->about : "");
    }
    names_release(&columns);
}

static int dot_schema(const struct db_asker *a, const char *argument, struct ghost_err *err)
{
    struct names tables = { 0 };
    bool found = false;
    collect(db_handle(a->d), TABLES, NULL, &tables);
    for (uint32_t i = 0; i < tables.n; i++)
        if (!*argument || strcmp(tables.v[i], argument) == 0) {
            print_columns(a, tables.v[i]);
            found = true;
        }
    const char *near = found || !tables.v ? NULL : opt_nearest(argument, (const char *const *)tables.v);
    int ret = found ? 0 : ghost_fail(err, GHOST_E_USAGE, "there is no table or view '%s'.%s%s%s See: ghost sql .tables", argument,
                                     near ? " Did you mean " : "", near ? near : "", near ? "?" : "");
    names_release(&tables);
    return ret;
}

static int dot_help(const struct db_asker *a, const char *argument, struct ghost_err *err)
{
    (void)argument;
    (void)err;
    fputs(".tables         tables and views, with what they hold\n"
          ".schema [NAME]  columns of one, or of all\n"
          ".help           this\n\n"
          "Everything else is SQL of SQLite, and only reads. To begin with:\n"
          "  SELECT fn_key, calls, mean_ns, signature FROM functions ORDER BY calls DESC LIMIT 10;\n"
          "  SELECT * FROM exceptions ORDER BY count DESC LIMIT 10;\n"
          "  SELECT * FROM caller_signatures WHERE fn_key LIKE '%:NAME:%' ORDER BY calls DESC;\n"
          "docs/database.md has more, docs/db-schema.md describes every column.\n", a->out);
    return 0;
}

struct dot { const char *name; int (*run)(const struct db_asker *a, const char *argument, struct ghost_err *err); };
static const struct dot dots[] = { { ".tables", dot_tables }, { ".schema", dot_schema }, { ".help", dot_help } };
static const char *const dot_names[] = { ".tables", ".schema", ".help", NULL };

int db_ask_dot(const struct db_asker *a, const char *line, struct ghost_err *err)
{
    char word[512];
    snprintf(word, sizeof word, "%s", line);
    char *argument = word + strcspn(word, " \t;");
    if (*argument)
        *argument++ = '\0';
    argument += strspn(argument, " \t");
    argument[strcspn(argument, " \t;\r")] = '\0';
    for (size_t i = 0; i < sizeof dots / sizeof *dots; i++)
        if (strcmp(dots[i].name, word) == 0)
            return dots[i].run(a, argument, err);
    const char *near = opt_nearest(word, dot_names);
    return ghost_fail(err, GHOST_E_USAGE, "there is no command '%s'.%s%s%s See: ghost sql .help", word, near ? " Did you mean " : "", near ? near : "",
                      near ? "?" : "");
}
