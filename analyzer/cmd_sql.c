/* cmd_sql.c - ghost sql: questions to a session in SQL. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "db.h"
#include "db_ask.h"
#include "db_open.h"
#include "db_print.h"
#include "db_schema.h"
#include "db_sql.h"
#include "events_sql.h"
#include "out.h"
#include "session.h"

struct sql_options { const char *format, *file, *output, *data_dir; uint64_t jobs; bool schema; };

/* ---- raw events that were not imported ---- */

/* 1 yes, 0 no (or the file is damaged: the question itself will tell), or NOMEM. */
static int has_raw_events(sqlite3 *db, struct ghost_err *err)
{
    struct ghost_err why = GHOST_ERR_INIT;
    int64_t rows = 0;
    if (db_sql_number(db, "SELECT CAST(value AS INTEGER) FROM info WHERE key = 'events_complete'", &rows, &why) == GHOST_E_NOMEM)
        return ghost_fail(err, GHOST_E_NOMEM, "%s", why.msg);
    return rows > 0;
}

/* The view `events` over the logs themselves: a temporary one hides the stored one. */
static int show_logs(sqlite3 *db, const struct session *s, struct ghost_err *err)
{
    static const char view[] = "CREATE TEMP VIEW events AS SELECT id, session_id, fn_key, event, arg_types, ret_or_exc, is_exception, timestamp_ns,"
        " caller_key, pid, log, thread, thread_name, module, qualname, file, line, signature, \"end\", latency_ns, self_ns, suspended_ns, call_id, depth"
        " FROM temp.event_log WHERE event NOT IN ('abandon', 'adopt', 'drop')";
    int ret = s->is_db ? 1 : has_raw_events(db, err);
    if (ret != 0)
        return ret < 0 ? ret : 0;
    if (events_register(db) != SQLITE_OK)
        return db_sql_fail(db, err, "making raw events askable");
    char *table = sqlite3_mprintf("CREATE VIRTUAL TABLE temp.event_log USING ghost_events(%Q)", s->path);
    ret = table ? db_sql_exec(db, "PRAGMA query_only = 0", err) : ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    if (ret == 0)
        ret = db_sql_exec(db, table, err);
    if (ret == 0)
        ret = db_sql_exec(db, view, err);
    if (ret == 0)
        ret = db_sql_exec(db, "PRAGMA query_only = 1", err);
    sqlite3_free(table);
    return ret;
}

/* ---- where the question is ---- */

static int ask_stream(struct db_asker *a, FILE *in, struct ghost_err *err)
{
    char *line = NULL, *text = NULL;
    size_t cap = 0, used = 0;
    ssize_t n;
    int ret = 0;
    bool talk = isatty(fileno(in)) && isatty(STDOUT_FILENO);
    if (talk)
        fputs("SQL, or .help; end with ^D.\n", stdout);
    while (ret == 0 && (talk ? fputs(used ? "   ... " : "ghost> ", stdout), fflush(stdout) : 0, (n = getline(&line, &cap, in)) > 0)) {
        char *grown = realloc(text, used + (size_t)n + 1);
        if (!grown) {
            ret = ghost_fail(err, GHOST_E_NOMEM, "out of memory while reading SQL");
            break;
        }
        text = grown;
        memcpy(text + used, line, (size_t)n + 1);
        used += (size_t)n;
        if (!db_ask_is_complete(text))
            continue;
        ret = db_ask(a, text, err);
        used = 0;
        if (talk && ret < 0) {           /* a talk goes on */
            fprintf(stderr, "%s\n", err->msg);
            *err = (struct ghost_err)GHOST_ERR_INIT;
            ret = 0;
        }
    }
    if (ret == 0 && used)
        ret = db_ask(a, text, err);
    free(text);
    free(line);
    return ret;
}

static int ask_file(struct db_asker *a, const char *path, struct ghost_err *err)
{
    FILE *in = fopen(path, "re");
    if (!in)
        return ghost_fail(err, GHOST_E_IO, "cannot read %s: %s", path, strerror(errno));
    int ret = ask_stream(a, in, err);
    fclose(in);
    return ret;
}

static bool is_dot_command(const char *s) { return s[0] == '.' && isalpha((unsigned char)s[1]); }

/* A single operand is the question when it does not look like a session. */
static bool is_question(const char *s) { return strpbrk(s, " \t\n") || is_dot_command(s) || strcmp(s, "-") == 0; }

static int ask(const struct sql_options *o, const struct session *s, const char *question, struct ghost_err *err)
{
    struct db_request request = { .jobs = (unsigned)o->jobs };
    struct db_asker a = { .printer = o->format, .apart = strcmp(o->format, "table") == 0 || strcmp(o->format, "markdown") == 0 };
    struct out out;
    int ret = db_open(s, &request, &a.d, err);
    if (ret < 0)
        return ret;
    ret = show_logs(db_handle(a.d), s, err);
    if (ret == 0)
        ret = out_open(&out, o->output, err);
    if (ret == 0) {
        db_ask_guard(db_handle(a.d));
        a.out = out.f;
        if (o->file)
            ret = ask_file(&a, o->file, err);
        else if (question && strcmp(question, "-") != 0)
            ret = db_ask(&a, question, err);
        else
            ret = ask_stream(&a, stdin, err);
        ret = out_close(&out, ret, err);
    }
    if (ret < 0 && db_mend(a.d, err))
        ret = ghost_fail(err, GHOST_E_STATE, "the database was damaged, and is whole again: ask once more");
    db_close(a.d);
    return ret;
}

/* [SESSION] then the question; a dot-command's name may be a word of its own. */
static int split(int argc, char **argv, const char **name, char **question, struct ghost_err *err)
{
    int first = argc > 1 ? !is_dot_command(argv[0]) : argc == 1 && !is_question(argv[0]);
    *name = first ? argv[0] : NULL;
    *question = NULL;
    if (first == argc)
        return 0;
    bool dot = is_dot_command(argv[first]) && argc - first == 2;
    if (argc - first > 1 + dot)
        return ghost_fail(err, GHOST_E_USAGE, "one statement, please: put SQL between quotes. See: ghost sql --help");
    *question = sqlite3_mprintf("%s%s%s", argv[first], dot ? " " : "", dot ? argv[first + 1] : "");
    return *question ? 0 : ghost_fail(err, GHOST_E_NOMEM, "out of memory");
}

static int run(const void *options, int argc, char **argv, struct ghost_err *err)
{
    const struct sql_options *o = options;
    const char *name;
    char *question;
    struct session s;
    if (o->schema)
        return db_print_schema(stdout);
    int ret = split(argc, argv, &name, &question, err);
    if (ret == 0)
        ret = session_resolve(o->data_dir, name, &s, err);
    if (ret == 0) {
        ret = ask(o, &s, question, err);
        session_release(&s);
    }
    sqlite3_free(question);
    return ret;
}

static const struct option options[] = {
    { .name = "format", .letter = 'f', .kind = OPTION_CHOICE, .at = offsetof(struct sql_options, format), .arg = "FORMAT",
      .fallback = "table", .choices = db_printer_names, .key = "sql.format", .help = "form of the output" },
    { .name = "file", .letter = 'i', .kind = OPTION_FILE, .at = offsetof(struct sql_options, file), .arg = "FILE", .help = "ask what stands in FILE" },
    { .name = "output", .letter = 'o', .kind = OPTION_FILE, .at = offsetof(struct sql_options, output), .arg = "FILE",
      .help = "file to write; it appears when it is complete (default: standard output)" },
    { .name = "schema", .kind = OPTION_FLAG, .at = offsetof(struct sql_options, schema),
      .help = "describe all tables and columns (docs/db-schema.md); needs no session" },
    { .name = "jobs", .letter = 'j', .kind = OPTION_COUNT, .at = offsetof(struct sql_options, jobs), .arg = "N",
      .help = "threads to analyse with, if that must be done first (default: one for each processor)" },
    { .name = "data-dir", .kind = OPTION_DIR, .at = offsetof(struct sql_options, data_dir), .arg = "DIR", .key = "recording.data_dir", .env = "GHOST_DATA_DIR",
      .help = "where sessions live, instead of $GHOST_DATA_DIR" },
    { 0 }
};

const struct command cmd_sql = {
    .name = "sql",
    .summary = "ask a session anything, in SQL",
    .usage = "[SESSION] [\"SELECT ...\"]",
    .about = "Runs SQL on the analysis of a session, which is made first when it is missing\n"
             "or old. Nothing can be changed. Without a statement, or with -, statements come\n"
             "from standard input, each ended by a semicolon. Lines .tables, .schema NAME and\n"
             ".help tell what there is. The database itself is a file that any SQLite opens:\n"
             "DATA_DIR/sessions/ID.db.",
    .examples = "  ghost sql .tables\n"
                "  ghost sql \"SELECT fn_key, calls, mean_ns FROM functions ORDER BY calls DESC LIMIT 10\"\n"
                "  ghost sql \"SELECT * FROM caller_signatures WHERE exception_rate > 0.5\"\n"
                "  ghost sql 1763 \"SELECT * FROM events WHERE fn_key LIKE '%:pay:%'\" -f csv -o pay.csv",
    .options = options,
    .options_size = sizeof(struct sql_options),
    .operands = OPERAND_SESSION,
    .max_operands = 3,
    .run = run,
};
