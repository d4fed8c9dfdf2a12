/* report_exceptions.c - which exceptions there were, and which functions raised them, let them
 * pass and caught them. */
#include <string.h>

#include "arena.h"
#include "db_sql.h"
#include "report.h"
#include "sheet.h"
#include "term.h"

/* One exception type: sums of all functions. */
struct type { struct ghost_str name; uint64_t raised, passed, caught, functions; };

struct reading {
    const struct report *r;
    struct arena arena;
    struct type *v; uint32_t n, cap;
    struct sheet by_type, by_function;
    uint64_t left;                       /* functions beyond --top */
    struct ghost_err *err;
};

#define FROM " FROM profile_exception x JOIN profile p ON p.id = x.profile JOIN function f ON f.id = p.first_function WHERE " REPORT_CHOSEN
static const char types_sql[] = "SELECT x.type, sum(x.raised), sum(x.passed), sum(x.caught), count(*)" FROM
    " GROUP BY x.type ORDER BY 2 DESC, 3 DESC, 1";
/* Those that raised it most first: the order of an index. */
static const char functions_sql[] = "SELECT f.fn_key, f.qualname, f.line, x.raised, x.passed, x.caught, p.calls" FROM
    " AND x.type = ?4 ORDER BY x.raised DESC, x.passed DESC, x.caught DESC, x.profile LIMIT ?5";

static const struct sheet_column type_columns[] = {
    { "EXCEPTION", "type", SHEET_TEXT, SHEET_ALL, 12, false }, { "RAISED", "raised", SHEET_COUNT, SHEET_ALL, 0, true },
    { "PASSED", "passed", SHEET_COUNT, SHEET_ALL, 0, false }, { "CAUGHT", "caught", SHEET_COUNT, SHEET_ALL, 0, false },
    { "FUNCTIONS", "functions", SHEET_COUNT, SHEET_ALL, 0, false }, { "MOST OFTEN RAISED IN", "origin", SHEET_NAME, SHEET_ALL, 20, false },
};
static const struct sheet_column function_columns[] = {
    { "EXCEPTION", "type", SHEET_TEXT, SHEET_ALL, 12, false }, { "FUNCTION", "fn_key", SHEET_NAME, SHEET_DATA, 0, false },
    { "FUNCTION", "name", SHEET_NAME, SHEET_PEOPLE, 20, false }, { "RAISED HERE", "raised", SHEET_COUNT, SHEET_ALL, 0, false },
    { "PASSED THROUGH", "passed", SHEET_COUNT, SHEET_ALL, 0, false }, { "CAUGHT", "caught", SHEET_COUNT, SHEET_ALL, 0, false },
    { "CALLS", "call_count", SHEET_COUNT, SHEET_ALL, 0, false }, { "OF CALLS", "rate", SHEET_SHARE, SHEET_ALL, 0, true },
};

/* ---- from the database ---- */

static int read_types(struct reading *x)
{
    sqlite3_stmt *q = report_prepare(x->r, types_sql, x->err);
    int step = SQLITE_DONE;
    while (q && (step = sqlite3_step(q)) == SQLITE_ROW) {
        struct ghost_str name = db_sql_str(q, 0);
        char *copy = arena_copy(&x->arena, name.p, (size_t)name.len + 1);
        if (!copy || !grow_array(&x->v, x->n, &x->cap, sizeof *x->v)) {
            report_finish(q, SQLITE_DONE, x->err);
            return ghost_fail(x->err, GHOST_E_NOMEM, "out of memory");
        }
        x->v[x->n++] = (struct type){ { copy, name.len }, db_sql_count(q, 1), db_sql_count(q, 2), db_sql_count(q, 3), db_sql_count(q, 4) };
    }
    return report_finish(q, step, x->err);
}

static void put_function(struct reading *x, sqlite3_stmt *q, struct ghost_str type, struct ghost_str name)
{
    struct sheet *s = &x->by_function;
    sheet_str(s, type);
    sheet_str(s, db_sql_str(q, 0));
    sheet_str(s, name);
    sheet_count(s, db_sql_count(q, 3));
    sheet_count(s, db_sql_count(q, 4));
    sheet_count(s, db_sql_count(q, 5));
    sheet_count(s, db_sql_count(q, 6));
    sheet_share(s, db_sql_count(q, 3) + db_sql_count(q, 4), db_sql_count(q, 6));
}

/* The functions of one type, and the line of the type itself, which names the first. */
static int read_functions(struct reading *x, sqlite3_stmt *q, const struct type *t)
{
    uint64_t shown = 0, top = x->r->o->top;
    struct ghost_str origin = GHOST_STR("code that is not recorded");
    int step;
    sqlite3_reset(q);
    db_sql_bind_str(q, 4, t->name);
    sqlite3_bind_int64(q, 5, top && top < INT64_MAX ? (int64_t)top : -1);
    while ((step = sqlite3_step(q)) == SQLITE_ROW) {
        struct ghost_str name = report_name(&x->by_function.arena, db_sql_str(q, 1), (uint32_t)db_sql_count(q, 2));
        if (shown++ == 0 && db_sql_count(q, 3))
            origin = name;
        put_function(x, q, t->name, name);
    }
    if (step != SQLITE_DONE)
        return db_sql_fail(sqlite3_db_handle(q), x->err, "reading the analysis");
    x->left += t->functions - shown;
    sheet_str(&x->by_type, t->name);
    sheet_count(&x->by_type, t->raised);
    sheet_count(&x->by_type, t->passed);
    sheet_count(&x->by_type, t->caught);
    sheet_count(&x->by_type, t->functions);
    sheet_str(&x->by_type, origin);
    return 0;
}

static int read_all(struct reading *x)
{
    int ret = read_types(x);
    sqlite3_stmt *q = ret == 0 ? report_prepare(x->r, functions_sql, x->err) : NULL;
    if (ret == 0 && !q)
        ret = GHOST_E_STATE;
    for (uint32_t i = 0; ret == 0 && i < x->n; i++)
        ret = read_functions(x, q, &x->v[i]);
    sqlite3_finalize(q);
    if (ret == 0 && (x->by_type.failed || x->by_function.failed))
        ret = ghost_fail(x->err, GHOST_E_NOMEM, "out of memory");
    return ret;
}

/* ---- to people and programs ---- */

static void print_text(const struct reading *x, FILE *f)
{
    char text[HUMAN];
    report_title(x->r, f, "report of exceptions");
    if (!x->n) {
        fputs("  No recorded call was left by an exception.\n", f);
    } else {
        sheet_table(&x->by_type, f);
        fputc('\n', f);
        sheet_table(&x->by_function, f);
        if (x->left)
            fprintf(f, "  ... and %s more functions: --top\n", human_count(text, x->left));
        fputs("\n  An exception counts once in each function that it leaves, and as caught in the recorded caller that goes on.\n", f);
    }
    model_text_caveats(f, x->r->m);
    fputc('\n', f);
}

static void print(const struct reading *x, FILE *f)
{
    struct json j;
    const char *format = x->r->o->format;
    if (strcmp(format, "csv") == 0) {
        sheet_csv(&x->by_function, f);
    } else if (strcmp(format, "markdown") == 0) {
        sheet_markdown(&x->by_type, f);
        fputc('\n', f);
        sheet_markdown(&x->by_function, f);
    } else if (strcmp(format, "json") == 0) {
        report_json_begin(x->r, &j, f);
        sheet_json(&x->by_type, &j, "by_type");
        sheet_json(&x->by_function, &j, "by_function");
        report_json_end(x->r, &j);
    } else {
        print_text(x, f);
    }
}

int report_exceptions(const struct report *r, FILE *f, struct ghost_err *err)
{
    struct reading x = { .r = r, .err = err };
    sheet_begin(&x.by_type, type_columns, sizeof type_columns / sizeof *type_columns);
    sheet_begin(&x.by_function, function_columns, sizeof function_columns / sizeof *function_columns);
    int ret = read_all(&x);
    if (ret == 0)
        print(&x, f);
    sheet_release(&x.by_type);
    sheet_release(&x.by_function);
    arena_release(&x.arena);
    free(x.v);
    return ret;
}
