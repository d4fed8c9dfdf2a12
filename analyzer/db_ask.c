/* db_ask.c - run what was asked, read-only. */
#include "db_ask.h"

#include <ctype.h>
#include <signal.h>
#include <string.h>

#include "db_print.h"
#include "db_sql.h"
#include "opt.h"

/* ---- only reading ---- */

/* Pragmas that tell and change nothing, whatever their argument. */
static const char *const pragmas[] = { "table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo", "database_list",
                                       "function_list", "collation_list", "compile_options", "integrity_check", "quick_check", NULL };

static int allow(void *self, int action, const char *a, const char *b, const char *c, const char *d)
{
    (void)self;
    (void)c;
    (void)d;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_UPDATE:                  /* how SQLite declares the columns of json_each and such; it allows nobody else to */
        return strcmp(a, "sqlite_master") == 0 ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_FUNCTION:
        return b && sqlite3_stricmp(b, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_PRAGMA:
        for (size_t i = 0; pragmas[i]; i++)
            if (sqlite3_stricmp(a, pragmas[i]) == 0)
                return SQLITE_OK;
        return SQLITE_DENY;
    default:
        return SQLITE_DENY;
    }
}

/* A signal handler knows nothing but globals; there is one connection that asks. */
static sqlite3 *volatile asking;

static void on_interrupt(int signal)
{
    (void)signal;
    if (asking)
        sqlite3_interrupt(asking);
}

void db_ask_guard(sqlite3 *db)
{
    struct sigaction action = { .sa_handler = on_interrupt };
    sigaction(SIGINT, &action, NULL);
    sqlite3_set_authorizer(db, allow, NULL);
}

/* ---- asking ---- */

static int explain_failure(sqlite3 *db, int code, struct ghost_err *err)
{
    if ((code & 0xff) == SQLITE_INTERRUPT)
        return ghost_fail(err, GHOST_E_STATE, "interrupted");
    if ((code & 0xff) == SQLITE_AUTH)
        return db_ask_refuse(err);
    return db_sql_fail(db, err, "the query failed");
}

static int ask_one(struct db_asker *a, sqlite3_stmt *q, struct ghost_err *err)
{
    sqlite3 *db = db_handle(a->d);
    struct db_print p;
    if (a->results++ && a->apart)
        fputc('\n', a->out);
    if (sqlite3_column_count(q) == 0) {
        int code = sqlite3_step(q);
        return code == SQLITE_DONE ? 0 : explain_failure(db, code, err);
    }
    asking = db;
    int code = db_print_rows(&p, a->printer, a->out, q);
    asking = NULL;
    return code == SQLITE_DONE ? 0 : explain_failure(db, code, err);
}

static const char *skip_blanks(const char *p)
{
    while (isspace((unsigned char)*p) || *p == ';')
        p++;
    return p;
}

static int ask_dot(struct db_asker *a, const char **text, struct ghost_err *err)
{
    char line[512];
    size_t n = strcspn(*text, "\n");
    snprintf(line, sizeof line, "%.*s", (int)n, *text);
    *text += n;
    return db_ask_dot(a, line, err);
}

int db_ask(struct db_asker *a, const char *text, struct ghost_err *err)
{
    sqlite3 *db = db_handle(a->d);
    int ret = 0;
    for (const char *p = skip_blanks(text); ret == 0 && *p; p = skip_blanks(p)) {
        sqlite3_stmt *q = NULL;
        if (*p == '.') {
            ret = ask_dot(a, &p, err);
            continue;
        }
        const char *statement = p;
        if (sqlite3_prepare_v2(db, statement, -1, &q, &p) != SQLITE_OK)
            ret = db_ask_explain(db, statement, err);
        else if (q)                      /* a comment alone is none */
            ret = ask_one(a, q, err);
        sqlite3_finalize(q);
    }
    return ret;
}

int db_ask_is_complete(const char *text)
{
    text = skip_blanks(text);
    return !*text || *text == '.' || sqlite3_complete(text);
}
