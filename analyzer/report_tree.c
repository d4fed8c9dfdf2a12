/* report_tree.c - one function, its callers above and what it calls below. */
#include <stdlib.h>
#include <string.h>

#include "db_sql.h"
#include "opt.h"
#include "report.h"
#include "sheet.h"
#include "term.h"

enum { DEPTH_MAX = 10 };
#define NOT_RECORDED (-1)                /* where a profile's number stands: code that is not recorded */

/* A function (a profile), and all calls between it and the one a step nearer. */
struct call { int64_t profile; struct ghost_str fn_key, name; uint64_t calls, exceptions, finished, total, self; };
/* What stands above or below a function: the first --top, the number of all and of their calls. */
struct branch { struct call *v; uint32_t n, cap; uint64_t all, calls; };

struct tree {
    const struct report *r;
    int64_t path[DEPTH_MAX + 2]; unsigned depth;
    uint64_t left_out;                   /* lines beyond --top */
    sqlite3_stmt *callees, *callers;
    struct sheet sheet;
    struct ghost_err *err;
};

/* ---- from the database ---- */

#define FUNCTION "f.fn_key, f.qualname, f.line"
#define CALLS_SQL(near, far) "SELECT c." far ", c.calls, c.exceptions, c.finished, c.total_ns, c.self_ns, " FUNCTION \
    " FROM profile_call c LEFT JOIN profile p ON p.id = c." far " LEFT JOIN function f ON f.id = p.first_function" \
    " WHERE c." near " = ?1 ORDER BY c.calls DESC, c." far " IS NULL, c." far
static const char callees_sql[] = CALLS_SQL("caller", "callee"), callers_sql[] = CALLS_SQL("callee", "caller");

static struct call read_call(struct tree *t, sqlite3_stmt *q)
{
    struct arena *a = &t->sheet.arena;
    struct call c = { .profile = NOT_RECORDED, .fn_key = GHOST_STR(""), .name = GHOST_STR("code that is not recorded"),
                      .calls = db_sql_count(q, 1), .exceptions = db_sql_count(q, 2), .finished = db_sql_count(q, 3), .total = db_sql_count(q, 4), .self = db_sql_count(q, 5) };
    if (sqlite3_column_type(q, 0) != SQLITE_NULL) {
        struct ghost_str key = db_sql_str(q, 6);
        c.profile = sqlite3_column_int64(q, 0);
        c.fn_key.p = arena_copy(a, key.p, (size_t)key.len + 1);
        c.fn_key.len = c.fn_key.p ? key.len : 0;
        c.name = report_name(a, db_sql_str(q, 7), (uint32_t)db_sql_count(q, 8));
    }
    return c;
}

static int read_branch(struct tree *t, sqlite3_stmt *q, int64_t profile, struct branch *b)
{
    uint64_t top = t->r->o->top ? t->r->o->top : UINT64_MAX;
    int step;
    sqlite3_bind_int64(q, 1, profile);
    while ((step = sqlite3_step(q)) == SQLITE_ROW) {
        b->calls += db_sql_count(q, 1);
        if (b->all++ >= top)
            continue;
        if (!grow_array(&b->v, b->n, &b->cap, sizeof *b->v))
            break;
        b->v[b->n++] = read_call(t, q);
    }
    int ret = step == SQLITE_DONE ? 0 : step == SQLITE_ROW ? ghost_fail(t->err, GHOST_E_NOMEM, "out of memory")
                                                           : db_sql_fail(sqlite3_db_handle(q), t->err, "reading the analysis");
    sqlite3_reset(q);                    /* the steps below use it, too */
    t->left_out += b->all - b->n;
    return ret;
}

/* ---- which function ---- */

#define NAMED_SQL "SELECT p.id, p.calls, p.exceptions, p.finished, p.total_ns, p.self_ns, " FUNCTION \
    " FROM function f JOIN profile p ON p.first_function = f.id WHERE "

struct found { struct call first; unsigned n; char several[300]; };

/* A function is found by more than one way of reading its name only when it is the first: the others are told anyway. */
static void take(struct tree *t, sqlite3_stmt *q, struct found *found)
{
    struct ghost_str key = db_sql_str(q, 6);
    size_t used = strlen(found->several);
    if (found->n && sqlite3_column_int64(q, 0) == found->first.profile)
        return;
    if (found->n++ == 0)
        found->first = read_call(t, q);
    if (found->n <= 4 && used + key.len + 4 < sizeof found->several)
        snprintf(found->several + used, sizeof found->several - used, "%s%s", used ? ", " : "", key.p);
}

/* `module`, `line`: empty and -1 for any. */
static int look(struct tree *t, const char *sql, struct ghost_str name, struct ghost_str module, int64_t line, struct found *found)
{
    sqlite3_stmt *q = db_sql_prepare(db_handle(t->r->d), sql, t->err);
    int step = SQLITE_DONE;
    if (q) {
        db_sql_bind_str(q, 1, name);
        db_sql_bind_str(q, 2, module);
        sqlite3_bind_int64(q, 3, line);
    }
    while (q && (step = sqlite3_step(q)) == SQLITE_ROW)
        take(t, q, found);
    return report_finish(q, step, t->err);
}

/* All that a name can mean, by the indexes: fn_key, qualname, qualname:line, module.qualname, module:qualname. */
static int look_for(struct tree *t, const char *name, struct found *found)
{
    static const char by_key[] = NAMED_SQL "f.fn_key = ?1";
    static const char by_name[] = NAMED_SQL "f.qualname = ?1 AND (?2 = '' OR f.module = ?2) AND (?3 < 0 OR f.line = ?3) ORDER BY p.id";
    struct ghost_str whole = { name, (uint32_t)strlen(name) }, none = GHOST_STR("");
    int ret = look(t, by_key, whole, none, -1, found);
    if (ret == 0)
        ret = look(t, by_name, whole, none, -1, found);
    for (uint32_t i = 1; ret == 0 && i + 1 < whole.len; i++) {
        struct ghost_str before = { name, i }, behind = { name + i + 1, whole.len - i - 1 };
        if (name[i] == '.' || name[i] == ':')
            ret = look(t, by_name, behind, before, -1, found);
        bool digits = name[i] == ':' && strspn(behind.p, "0123456789") == behind.len;
        if (ret == 0 && digits)
            ret = look(t, by_name, before, none, strtol(behind.p, NULL, 10), found);
    }
    return ret;
}

static int unknown(struct tree *t, const char *name)
{
    const char **names = NULL;
    uint32_t n = 0, cap = 0;
    sqlite3_stmt *q = db_sql_prepare(db_handle(t->r->d), "SELECT f.qualname FROM profile p JOIN function f ON f.id = p.first_function ORDER BY p.id", NULL);
    while (q && sqlite3_step(q) == SQLITE_ROW && grow_array(&names, n + 1, &cap, sizeof *names)) {
        struct ghost_str s = db_sql_str(q, 0);
        names[n] = arena_copy(&t->sheet.arena, s.p, (size_t)s.len + 1);
        n += names[n] != NULL;
    }
    sqlite3_finalize(q);
    if (names)
        names[n] = NULL;
    const char *near = names ? opt_nearest(name, names) : NULL;
    ghost_fail(t->err, GHOST_E_NOT_FOUND, "no function '%s' was called in session %s%s%s%s", name, t->r->m->session.p, near ? ". Did you mean '" : "",
               near ? near : ". See the names: ghost report --top 0", near ? "'?" : "");
    free(names);
    return GHOST_E_NOT_FOUND;
}

static int find(struct tree *t, const char *name, struct call *function)
{
    struct found found = { 0 };
    int ret = look_for(t, name, &found);
    *function = found.first;
    if (ret < 0 || found.n == 1)
        return ret;
    if (found.n == 0)
        return unknown(t, name);
    return ghost_fail(t->err, GHOST_E_AMBIGUOUS, "%u functions are called '%s': %s%s. Say which with its whole key", found.n, name, found.several,
                      found.n > 4 ? ", ..." : "");
}

/* ---- the lines ---- */

static const struct sheet_column columns[] = {
    { "SIDE", "side", SHEET_TEXT, SHEET_DATA, 0, false }, { "DEPTH", "depth", SHEET_COUNT, SHEET_DATA, 0, false },
    { "FUNCTION", "fn_key", SHEET_NAME, SHEET_DATA, 0, false }, { "FUNCTION", "name", SHEET_TEXT, SHEET_PEOPLE, 24, false },
    { "SHARE", "share", SHEET_SHARE, SHEET_ALL, 0, false }, { "CALLS", "calls", SHEET_COUNT, SHEET_ALL, 0, false },
    { "EXC%", "exception_rate", SHEET_SHARE, SHEET_ALL, 0, true }, { "MEAN LAT", "mean_latency_ns", SHEET_NS, SHEET_ALL, 0, false },
    { "TOTAL", "total_latency_ns", SHEET_NS, SHEET_ALL, 0, false }, { "SELF", "self_ns", SHEET_NS, SHEET_ALL, 0, false },
    { "RECURSION", "recursion", SHEET_COUNT, SHEET_DATA, 0, false },
};

static bool on_path(const struct tree *t, int64_t profile)
{
    for (unsigned i = 0; i < t->depth; i++)
        if (t->path[i] == profile)
            return true;
    return false;
}

/* Callers stand above and so does their branch: the sign points to where it goes on. */
static void put_name(struct tree *t, struct ghost_str name, unsigned depth, bool caller, bool again)
{
    bool unicode = term_unicode();
    const char *branch = !depth ? "" : caller ? (unicode ? "┌ " : ". ") : (unicode ? "└ " : "` ");
    size_t size = name.len + 2 * (size_t)depth + 32;
    char *text = arena_alloc(&t->sheet.arena, size);
    if (text)
        snprintf(text, size, "%*s%s%s%s", depth ? (int)(2 * depth - 2) : 0, "", branch, name.p, again ? " (recursion)" : "");
    sheet_text(&t->sheet, text ? text : "");
}

static void put_line(struct tree *t, const char *side, unsigned depth, const struct call *c, uint64_t of, bool again)
{
    struct sheet *s = &t->sheet;
    sheet_text(s, side);
    sheet_count(s, depth);
    sheet_str(s, c->fn_key);
    put_name(t, c->name, depth, strcmp(side, "caller") == 0, again);
    sheet_share(s, c->calls, of);
    sheet_count(s, c->calls);
    sheet_share(s, c->exceptions, c->calls);
    sheet_ns(s, c->finished ? (double)c->total / (double)c->finished : 0, c->finished);
    sheet_ns(s, (double)c->total, c->finished);
    sheet_ns(s, (double)c->self, c->finished);
    sheet_count(s, again);
}

static int put_callees(struct tree *t, int64_t profile, unsigned depth);
static int put_callers(struct tree *t, const struct call *function, unsigned depth);

static int put_branch(struct tree *t, const struct call *c, bool callers, unsigned depth, uint64_t of)
{
    bool again = c->profile != NOT_RECORDED && on_path(t, c->profile);
    bool deeper = c->profile != NOT_RECORDED && !again && depth < t->r->o->depth;
    int ret = 0;
    t->path[t->depth++] = c->profile;
    if (callers && deeper)
        ret = put_callers(t, c, depth + 1);
    put_line(t, callers ? "caller" : "callee", depth, c, of, again);
    if (ret == 0 && !callers && deeper)
        ret = put_callees(t, c->profile, depth + 1);
    t->depth--;
    return ret;
}

/* Shares are of all calls that the function makes. */
static int put_callees(struct tree *t, int64_t profile, unsigned depth)
{
    struct branch b = { 0 };
    int ret = read_branch(t, t->callees, profile, &b);
    for (uint32_t i = 0; ret == 0 && i < b.n; i++)
        ret = put_branch(t, &b.v[i], false, depth, b.calls);
    free(b.v);
    return ret;
}

/* Shares are of all calls of the function, and those of one further up are of all its own; the largest stands next to it. */
static int put_callers(struct tree *t, const struct call *function, unsigned depth)
{
    struct branch b = { 0 };
    int ret = read_branch(t, t->callers, function->profile, &b);
    for (uint32_t i = b.n; ret == 0 && i-- > 0;)
        ret = put_branch(t, &b.v[i], true, depth, b.calls);
    free(b.v);
    return ret;
}

static int put_all(struct tree *t, const struct call *function)
{
    t->path[t->depth++] = function->profile;
    int ret = put_callers(t, function, 1);
    put_line(t, "function", 0, function, function->calls, false);
    return ret < 0 ? ret : put_callees(t, function->profile, 1);
}

static void print_notes(const struct tree *t, FILE *f)
{
    char text[HUMAN];
    if (t->left_out)
        fprintf(f, "  ... and %s more lines: --top\n", human_count(text, t->left_out));
    fputs("  Callers above, callees below. A share is of the calls of the function one step nearer (callers), or of the calls that it makes\n"
          "  (callees). Figures are of the calls between the two; from the second step on whoever called the nearer one.\n", f);
    model_text_caveats(f, t->r->m);
    fputc('\n', f);
}

static int make(struct tree *t)
{
    struct call function;
    int ret = find(t, t->r->o->tree, &function);
    if (ret < 0)
        return ret;
    t->callees = db_sql_prepare(db_handle(t->r->d), callees_sql, t->err);
    t->callers = t->callees ? db_sql_prepare(db_handle(t->r->d), callers_sql, t->err) : NULL;
    ret = t->callers ? put_all(t, &function) : GHOST_E_STATE;
    sqlite3_finalize(t->callees);
    sqlite3_finalize(t->callers);
    return ret;
}

int report_tree(const struct report *r, FILE *f, struct ghost_err *err)
{
    struct tree t = { .r = r, .err = err };
    if (r->o->depth > DEPTH_MAX)
        return ghost_fail(err, GHOST_E_USAGE, "--depth goes up to %d", DEPTH_MAX);
    sheet_begin(&t.sheet, columns, sizeof columns / sizeof *columns);
    int ret = make(&t);
    if (ret == 0)
        ret = report_sheet(r, f, &t.sheet, "report of one function", "tree", err);
    if (ret == 0 && strcmp(r->o->format, "table") == 0)
        print_notes(&t, f);
    sheet_release(&t.sheet);
    return ret;
}
