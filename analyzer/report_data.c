/* report_data.c - what all views of a report need: the session's head and the profiles that come first. */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "db.h"
#include "db_sql.h"
#include "report.h"
#include "session.h"
#include "when.h"

struct ghost_str report_name(struct arena *a, struct ghost_str qualname, uint32_t line)
{
    size_t size = (size_t)qualname.len + 12;
    char *text = arena_alloc(a, size);
    if (!text)
        return GHOST_STR("");
    return (struct ghost_str){ text, (uint32_t)snprintf(text, size, "%.*s:%u", (int)qualname.len, qualname.p, line) };
}

sqlite3_stmt *report_prepare(const struct report *r, const char *sql, struct ghost_err *err)
{
    sqlite3_stmt *q = db_sql_prepare(db_handle(r->d), sql, err);
    if (!q)
        return NULL;
    sqlite3_bind_int(q, 1, r->o->modules);
    sqlite3_bind_text(q, 2, r->o->module, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 3, r->o->function, -1, SQLITE_STATIC);
    return q;
}

int report_finish(sqlite3_stmt *q, int step, struct ghost_err *err)
{
    int ret = !q ? GHOST_E_STATE : step == SQLITE_DONE ? 0 : db_sql_fail(sqlite3_db_handle(q), err, "reading the analysis");
    sqlite3_finalize(q);
    return q || !err->code ? ret : err->code;
}

static int read_top(struct report *r, struct ghost_err *err)
{
    const struct report_options *o = r->o;
    struct db_top top = { .sort = o->sort, .limit = o->top, .modules = o->modules, .module = o->module, .function = o->function,
                          .distributions = strcmp(o->format, "json") == 0 && !o->tree && !o->exceptions && !o->time };
    r->m = db_read(r->d, DB_HEAD, err);
    return r->m ? db_profiles(r->d, &top, &r->p, &r->totals, err) : err->code;
}

int report_load(struct report *r, const struct report_options *o, const char *session, struct ghost_err *err)
{
    struct session s;
    struct db_request request = { .jobs = (unsigned)o->jobs };
    *r = (struct report){ .o = o };
    int ret = session_resolve(o->data_dir, session, &s, err);
    if (ret < 0)
        return ret;
    ret = when_range(&s, o->from, o->to, &request.from_real, &request.to_real, err);
    if (ret == 0)
        ret = db_open(&s, &request, &r->d, err);
    if (ret == 0)
        ret = read_top(r, err);
    session_release(&s);
    if (ret < 0)
        report_release(r);
    return ret;
}

void report_release(struct report *r)
{
    profiles_release(&r->p);
    ghost_model_free(r->m);
    db_close(r->d);
    *r = (struct report){ 0 };
}
