/* cmd_import.c - ghost import: make the database of a session by hand. */
#include <stdio.h>

#include "command.h"
#include "db.h"
#include "db_sql.h"
#include "events_options.h"
#include "session.h"
#include "term.h"

struct import_options { const char *events, *data_dir; struct events_options filter; uint64_t jobs; bool force; };

static bool add_words(sqlite3_str *text, const char *name, const struct option_list *values)
{
    for (size_t i = 0; i < values->n; i++)
        sqlite3_str_appendf(text, "%s%s %s", sqlite3_str_length(text) ? ", " : "", name, values->items[i]);
    return values->n;
}

/* The filter's options in words, which tell one filter from another; *text is NULL when there are
 * none, else sqlite3_malloc'd. */
static int filter_text(const struct events_options *f, char **text, struct ghost_err *err)
{
    const struct option_list from = { .items = (const char **)&f->from, .n = f->from != NULL }, to = { .items = (const char **)&f->to, .n = f->to != NULL };
    const struct { const char *name; const struct option_list *values; } all[] = {
        { "from", &from }, { "to", &to }, { "function", &f->function }, { "thread", &f->thread }, { "process", &f->process } };
    sqlite3_str *words = sqlite3_str_new(NULL);
    bool any = false;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        any |= add_words(words, all[i].name, all[i].values);
    *text = sqlite3_str_finish(words);
    return any && !*text ? ghost_fail(err, GHOST_E_NOMEM, "out of memory") : 0;
}

/* A filter alone asks for what it lets through. */
static int parse_events(const struct import_options *o, const struct session *s, struct db_request *r, struct ghost_err *err)
{
    r->chosen = o->events || r->only;
    int ret = events_options_limit(o->events ? o->events : EVENTS_LIMIT_DEFAULT, &r->events, err);
    return ret < 0 ? ret : events_options_filter(&o->filter, s, &r->filter, err);
}

static int tell(struct db *d, const struct session *s, struct ghost_err *err)
{
    int64_t events = 0, rows = 0, functions = 0;
    char a[HUMAN], b[HUMAN], c[HUMAN];
    int ret = db_sql_number(db_handle(d), "SELECT events FROM session", &events, err);
    if (ret == 0)
        ret = db_sql_number(db_handle(d), "SELECT value FROM info WHERE key = 'events_imported'", &rows, err);
    if (ret == 0)
        ret = db_sql_number(db_handle(d), "SELECT count(*) FROM profile", &functions, err);
    if (ret < 0)
        return ret;
    if (!*db_path(d)) {
        printf("session %s was not imported: %s\n", s->id,
               s->is_member ? "a log inside an archive has no database of its own. Import the archive, or unpack it"
               : db_is_changing(d) ? "it is still being recorded. Every command analyses it anew until it ends" : "see above");
        return 1;
    }
    printf("session %s: %s events of %s functions, %s raw events in %s%s\n", s->id, human_count(a, (uint64_t)events), human_count(b, (uint64_t)functions),
           rows ? human_count(c, (uint64_t)rows) : "no", db_path(d), db_was_made(d) ? "" : " (was up to date)");
    if (!rows && events)
        puts("`ghost sql` reads raw events from the logs; `ghost import --events all` copies them into the database.");
    return 0;
}

static int run(const void *options, int argc, char **argv, struct ghost_err *err)
{
    const struct import_options *o = options;
    struct session s;
    struct db *d;
    int ret = session_resolve(o->data_dir, argc ? argv[0] : NULL, &s, err);
    if (ret < 0)
        return ret;
    char *only = NULL;
    ret = filter_text(&o->filter, &only, err);
    struct db_request r = { .jobs = (unsigned)o->jobs, .force = o->force, .only = only };
    if (ret == 0)
        ret = parse_events(o, &s, &r, err);
    if (ret == 0)
        ret = db_open(&s, &r, &d, err);
    if (ret == 0) {
        ret = tell(d, &s, err);
        db_close(d);
    }
    sqlite3_free(only);
    session_release(&s);
    return ret;
}

static const struct option options[] = {
    { .name = "events", .kind = OPTION_TEXT, .at = offsetof(struct import_options, events), .arg = "N", .key = "import.events",
      .help = "raw events to copy: all, none, or all if there are no more than N\n(default: all if there are no more than 2,000,000)" },
    EVENTS_OPTIONS(struct import_options, filter),
    { .name = "force", .kind = OPTION_FLAG, .at = offsetof(struct import_options, force), .help = "analyse anew even if nothing has changed" },
    { .name = "jobs", .letter = 'j', .kind = OPTION_COUNT, .at = offsetof(struct import_options, jobs), .arg = "N",
      .help = "threads to analyse with (default: one for each processor)" },
    { .name = "data-dir", .kind = OPTION_DIR, .at = offsetof(struct import_options, data_dir), .arg = "DIR", .key = "recording.data_dir", .env = "GHOST_DATA_DIR",
      .help = "where sessions live, instead of $GHOST_DATA_DIR" },
    { 0 }
};

const struct command cmd_import = {
    .name = "import",
    .summary = "analyse a session into its SQLite database",
    .usage = "[SESSION]",
    .about = "Makes the database of a session, DATA_DIR/sessions/ID.db. Every command does so\n"
             "by itself when the database is missing or older than the logs; this one is for\n"
             "doing it ahead, and for copying raw events. The database appears when it is\n"
             "complete: an import that is killed leaves the session as it was.",
    .examples = "  ghost import                      the newest session\n"
                "  ghost import 1763 --events all    with all raw events, however many\n"
                "  ghost import --from -1m --function 'shop.*' --function '*.pay'   raw events of the last minute of some functions\n"
                "  ghost import --process 4711 --process 4712 --thread 1\n"
                "  sqlite3 ~/.ghost/sessions/ID.db \"SELECT fn_key, call_count FROM profiles ORDER BY call_count DESC LIMIT 10\"",
    .options = options,
    .options_size = sizeof(struct import_options),
    .operands = OPERAND_SESSION,
    .max_operands = 1,
    .run = run,
};
