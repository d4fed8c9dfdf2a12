/* cmd_audit.c - ghost audit: what is in it, proven byte by byte. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "audit.h"
#include "audit_redact.h"
#include "command.h"
#include "out.h"
#include "session.h"
#include "term.h"

struct audit_options { const char *format, *list, *grep, *data_dir; bool redact; struct redact_request copy; };

/* ---- what to look at ---- */

/* A file that is no session in itself: an export, a database that was moved. */
static bool is_plain_file(const char *name)
{
    struct stat st;
    return name && stat(name, &st) == 0 && S_ISREG(st.st_mode);
}

static int audit_session(struct audit *a, const struct session *s, struct ghost_err *err)
{
    char **paths = NULL, db[4096];
    size_t n = 0;
    struct stat st;
    int ret = s->is_archive || s->is_db ? audit_file(a, s->path, err) : session_logs(s, &paths, &n, err);
    for (size_t i = 0; i < n && ret == 0; i++)
        ret = audit_file(a, paths[i], err);
    session_logs_release(paths, n);
    snprintf(db, sizeof db, "%s.db", s->path);
    if (ret == 0 && stat(db, &st) == 0)
        ret = audit_file(a, db, err);
    return ret;
}

static int audit_target(struct audit *a, const struct audit_options *o, const char *name, char *shown, size_t size, struct ghost_err *err)
{
    struct session s = { 0 };
    snprintf(shown, size, "%s", name ? name : "");
    if (is_plain_file(name))
        return audit_file(a, name, err);
    int ret = session_resolve(o->data_dir, name, &s, err);
    if (ret == 0) {
        snprintf(shown, size, "%s", s.path);
        ret = audit_session(a, &s, err);
    }
    session_release(&s);
    return ret;
}

/* ---- the copy ---- */

static void tell_copy(const struct redact_request *r, const struct redact_result *x)
{
    char a[HUMAN], b[HUMAN];
    fprintf(stderr, "ghost: %s: %s %s, %s names replaced by tokens, none of them found in it. The key is in %s: keep it from those who get the copy\n",
            r->output, human_count(a, x->logs), x->logs == 1 ? "log" : "logs", human_count(b, x->replaced), x->key_path);
    if (x->dropped_bytes || x->dropped_records)
        fprintf(stderr, "ghost: left out: %s bytes that cannot be read or are no part of a log, %s records of unknown kinds\n",
                human_bytes(a, x->dropped_bytes), human_count(b, x->dropped_records));
}

static int redact(const struct audit_options *o, const char *name, struct ghost_err *err)
{
    struct session s = { 0 };
    struct redact_request r = o->copy;
    struct redact_result x = { 0 };
    r.data_dir = o->data_dir;
    if (!r.output)
        return ghost_fail(err, GHOST_E_USAGE, "--redact needs to know where the copy goes: -o FILE, or -o FOLDER for a session's folder");
    int ret = session_resolve(o->data_dir, name, &s, err);
    if (ret == 0)
        ret = redact_session(&s, &r, &x, err);
    if (ret == 0)
        tell_copy(&r, &x);
    session_release(&s);
    free(x.key_path);
    return ret;
}

/* ---- the command ---- */

static int kind_of(const char *word)
{
    int kind = 0;
    if (!word)
        return -1;
    while (audit_words[kind] && strcmp(audit_words[kind], word) != 0)
        kind++;
    return kind;                         /* "all" is AUDIT_KIND_COUNT */
}

/* Status 1: something is not proven, or what --grep looks for is in it. */
static int print(const struct audit *a, const struct audit_options *o, const char *target, struct ghost_err *err)
{
    struct out out;
    uint64_t found = 0;
    int list = kind_of(o->list), ret = out_open(&out, NULL, err);
    if (ret < 0)
        return ret;
    if (strcmp(o->format, "json") == 0)
        found = audit_print_json(a, target, list, o->grep, out.f);
    else if (list >= 0 || o->grep)
        found = audit_print_list(a, list, o->grep, out.f);
    else
        audit_print(a, target, out.f);
    return out_close(&out, a->n_problems > 0 || (o->grep && found > 0), err);
}

static int run(const void *options, int argc, char **argv, struct ghost_err *err)
{
    const struct audit_options *o = options;
    struct audit a;
    char target[4096];
    if (o->redact || o->copy.all)
        return redact(o, argc > 0 ? argv[0] : NULL, err);
    if (o->copy.output || o->copy.key_file || o->copy.map_file)
        return ghost_fail(err, GHOST_E_USAGE, "-o, --key-file and --map belong to --redact. See: ghost audit --help");
    audit_init(&a);
    int ret = audit_target(&a, o, argc > 0 ? argv[0] : NULL, target, sizeof target, err);
    if (ret == 0) {
        audit_sort(&a);
        ret = print(&a, o, target, err);
    }
    audit_release(&a);
    return ret;
}

static const char *const formats[] = { "table", "json", NULL };
static const char *const lists[] = {
#define X(name, word, text) word,
    AUDIT_KINDS(X)
#undef X
    "all", NULL
};
#define AT(member) offsetof(struct audit_options, member)
static const struct option options[] = {
    { .name = "list", .letter = 'l', .kind = OPTION_CHOICE, .at = AT(list), .arg = "KIND", .choices = lists,
      .help = "print the strings of a kind, with how often each stands there" },
    { .name = "grep", .letter = 'g', .kind = OPTION_TEXT, .at = AT(grep), .arg = "TEXT",
      .help = "print the strings that hold TEXT; status 1 if there is one" },
    { .name = "format", .letter = 'f', .kind = OPTION_CHOICE, .at = AT(format), .arg = "FORMAT", .fallback = "table", .choices = formats,
      .help = "form of the output" },
    { .name = "redact", .kind = OPTION_FLAG, .at = AT(redact),
      .help = "write a copy in which the program's names are tokens; Python's own names stay" },
    { .name = "redact-all", .kind = OPTION_FLAG, .at = AT(copy.all),
      .help = "the same, and Python's own names become tokens, too: what needs them (type_mismatch) finds nothing then" },
    { .name = "output", .letter = 'o', .kind = OPTION_FILE, .at = AT(copy.output), .arg = "PATH",
      .help = "where the copy goes: of the same form as the session, a folder, an archive or a log" },
    { .name = "key-file", .kind = OPTION_FILE, .at = AT(copy.key_file), .arg = "FILE",
      .help = "the secret that the tokens are made with; the same secret gives the same tokens (default: DATA_DIR/redact.key, made when missing)" },
    { .name = "map", .kind = OPTION_FILE, .at = AT(copy.map_file), .arg = "FILE",
      .help = "also write which token stands for which name; not for those who get the copy" },
    { .name = "data-dir", .kind = OPTION_DIR, .at = AT(data_dir), .arg = "DIR", .key = "recording.data_dir", .env = "GHOST_DATA_DIR",
      .help = "where sessions live, instead of $GHOST_DATA_DIR" },
    { 0 }
};

const struct command cmd_audit = {
    .name = "audit",
    .summary = "prove what a log, a database or an export contains; copies without names",
    .usage = "[SESSION|FILE]",
    .about =
        "Reads every byte of a log, a session (its logs and its database), a database, or\n"
        "an export in json or csv, tells what each belongs to, and counts all strings by\n"
        "kind: names of functions, types, parameters, files, ... Ghost stores no values,\n"
        "and this is how to see it. What cannot be accounted for (unknown records, bytes\n"
        "behind them, damaged places) is told, and the exit status is 1.\n"
        "With --redact it writes a copy of a session for strangers: every name of the\n"
        "program is a token, and everything else is as it was.",
    .examples =
        "  ghost audit                               the newest session\n"
        "  ghost audit --list file                   which source files does it name?\n"
        "  ghost audit s.ghostpack --grep customer   does the word stand anywhere?\n"
        "  ghost audit report.json --format json     an export, for a script\n"
        "  ghost audit --redact -o /tmp/copy         a copy to show to somebody else",
    .options = options,
    .options_size = sizeof(struct audit_options),
    .operands = OPERAND_SESSION,
    .max_operands = 1,
    .run = run,
};
