/* audit_json.c - what `ghost export --format json` wrote: every key known, every
 * string with its kind. SQLite's json_tree does the parsing. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"

/* Places where strings may stand; `[]` is any element, `.*` any key. A row for
 * each; where keys are names (`keys`), they have a kind, too. */
struct rule { const char *place; enum audit_kind kind; };
#define NO_STRINGS AUDIT_KIND_COUNT
static const struct rule rules[] = {
    { "$.session_id", AUDIT_META }, { "$.ghost_version", AUDIT_WORD },
    { "$.profiles[].fn_key", AUDIT_KEY }, { "$.profiles[].module", AUDIT_MODULE }, { "$.profiles[].qualname", AUDIT_FUNCTION },
    { "$.profiles[].file", AUDIT_FILE },
    { "$.processes[].log", AUDIT_META }, { "$.processes[].parent", AUDIT_META },
    { "$.processes[].meta.*", AUDIT_META }, { "$.marks[].name", AUDIT_MARK },
    { "$.losses[].log", AUDIT_META }, { "$.losses[].cause", AUDIT_WORD }, { "$.losses[].thread", AUDIT_THREAD },
    { "$.notes[].log", AUDIT_META }, { "$.notes[].note", AUDIT_WORD }, { "$.notes[].detail", AUDIT_NOTE },
    { "$.damages[].log", AUDIT_META }, { "$.damages[].message", AUDIT_NOTE },
};
/* Objects whose keys are names. */
static const struct rule keys[] = {
    { "$.profiles[].arg_type_dist", AUDIT_SIGNATURE }, { "$.profiles[].ret_type_dist", AUDIT_TYPE }, { "$.profiles[].yield_type_dist", AUDIT_TYPE },
    { "$.profiles[].callers", AUDIT_KEY }, { "$.profiles[].callees", AUDIT_KEY }, { "$.profiles[].exceptions", AUDIT_TYPE },
    { "$.processes[].meta", AUDIT_META },
};
/* Keys that have numbers, lists, objects or nothing below them. */
static const char *const plain[] = {
    "$", "$.profiles", "$.processes", "$.marks", "$.losses", "$.notes", "$.damages", "$.events", "$.events_lost", "$.start_real_ns", "$.end_real_ns",
    "$.profiles[].call_count", "$.profiles[].exception_count", "$.profiles[].exception_rate", "$.profiles[].total_latency_ns",
    "$.profiles[].min_latency_ns", "$.profiles[].max_latency_ns", "$.profiles[].mean_latency_ns", "$.profiles[].line",
    "$.profiles[].exceptions.*.raised", "$.profiles[].exceptions.*.passed", "$.profiles[].exceptions.*.caught", "$.profiles[].self_ns",
    "$.profiles[].suspended_ns", "$.profiles[].p50_latency_ns", "$.profiles[].p95_latency_ns", "$.profiles[].p99_latency_ns",
    "$.profiles[].calls_unfinished", "$.profiles[].calls_closed", "$.profiles[].calls_adopted", "$.profiles[].first_call_real_ns",
    "$.profiles[].last_call_real_ns", "$.profiles[].threads", "$.processes[].events", "$.processes[].threads", "$.processes[].log_bytes",
    "$.processes[].start_real_ns", "$.processes[].end_real_ns", "$.processes[].ended_in_good_order", "$.marks[].count", "$.marks[].first_real_ns",
    "$.marks[].last_real_ns", "$.losses[].events", "$.losses[].uncounted", "$.losses[].first_real_ns", "$.losses[].last_real_ns", "$.notes[].count",
    "$.damages[].offset", "$.damages[].bytes", "$.damages[].cut",
};
#define COUNT(array) (sizeof(array) / sizeof *(array))

static enum audit_kind find(const struct rule *v, size_t n, const char *place)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(v[i].place, place) == 0)
            return v[i].kind;
    return NO_STRINGS;
}

static bool is_plain(const char *place)
{
    size_t n = strlen(place);
    if (n >= 2 && (strcmp(place + n - 2, "[]") == 0 || strcmp(place + n - 2, ".*") == 0))
        return true;                     /* known by what is above */
    for (size_t i = 0; i < COUNT(plain); i++)
        if (strcmp(plain[i], place) == 0)
            return true;
    return find(keys, COUNT(keys), place) != NO_STRINGS;
}

/* The place of each container on the way to the present row. */
struct level { int64_t id; struct ghost_str place; };
enum { LEVELS = 64 };
struct tree { struct audit *a; const char *path; struct level levels[LEVELS]; unsigned depth; uint64_t numbers; };

static const char *place_of(struct tree *t, int64_t parent, const char *key, bool in_list, char *out, size_t n)
{
    while (t->depth > 0 && t->levels[t->depth - 1].id != parent)
        t->depth--;
    const char *above = t->depth ? t->levels[t->depth - 1].place.p : "";
    if (!key && !t->depth)
        snprintf(out, n, "$");
    else if (in_list)
        snprintf(out, n, "%s[]", above);
    else
        snprintf(out, n, "%s.%s", above, find(keys, COUNT(keys), above) != NO_STRINGS ? "*" : key);
    return above;
}

static void push(struct tree *t, int64_t id, const char *place)
{
    const char *copy = arena_copy(&t->a->arena, place, strlen(place) + 1);
    if (copy && t->depth < LEVELS)
        t->levels[t->depth++] = (struct level){ id, { copy, (uint32_t)strlen(place) } };
}

static void unknown_place(struct tree *t, const char *place, struct ghost_str text)
{
    audit_string(t->a, AUDIT_UNKNOWN, text);
    audit_problem(t->a, "%s: nothing of Ghost stands at %.200s", t->path, place);
}

/* Columns: id, parent, key, type, atom. */
static void row(struct tree *t, sqlite3_stmt *s)
{
    char place[512];
    const char *key = (const char *)sqlite3_column_text(s, 2), *type = (const char *)sqlite3_column_text(s, 3);
    bool in_list = sqlite3_column_type(s, 2) == SQLITE_INTEGER;
    struct ghost_str key_text = { key ? key : "", (uint32_t)sqlite3_column_bytes(s, 2) };
    const char *above = place_of(t, sqlite3_column_int64(s, 1), key, in_list, place, sizeof place);
    enum audit_kind names = find(keys, COUNT(keys), above);
    if (key && !in_list)
        audit_string(t->a, names != NO_STRINGS ? names : AUDIT_WORD, key_text);
    if (strcmp(type, "object") == 0 || strcmp(type, "array") == 0)
        push(t, sqlite3_column_int64(s, 0), place);
    if (strcmp(type, "text") == 0) {
        struct ghost_str text = { (const char *)sqlite3_column_text(s, 4), (uint32_t)sqlite3_column_bytes(s, 4) };
        enum audit_kind kind = find(rules, COUNT(rules), place);
        if (kind == NO_STRINGS)
            unknown_place(t, place, text);
        else if (text.len)
            audit_string(t->a, kind, text);
    } else if (!is_plain(place) && find(rules, COUNT(rules), place) == NO_STRINGS) {
        unknown_place(t, place, key_text);
    }
    audit_part(t->a, strcmp(type, "text") == 0 ? "string" : "number, list or object", false, 0, 0);
}

int audit_json(struct audit *a, const char *path, struct ghost_str text, struct ghost_err *err)
{
    static const char sql[] = "SELECT id, parent, key, type, atom FROM json_tree(?1) WHERE json_valid(?1)";
    struct tree t = { .a = a, .path = path };
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    uint64_t rows = 0;
    int ret = GHOST_E_NOMEM, step = SQLITE_ERROR;
    if (sqlite3_open(":memory:", &db) == SQLITE_OK && sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK
        && sqlite3_bind_text(s, 1, text.p, (int)text.len, SQLITE_STATIC) == SQLITE_OK)
        for (; (step = sqlite3_step(s)) == SQLITE_ROW; rows++)
            row(&t, s);
    if (step == SQLITE_DONE && rows)
        ret = 0;
    else
        ret = ghost_fail(err, GHOST_E_CORRUPT, "%s is no whole JSON text, so nothing can be said about what is in it", path);
    sqlite3_finalize(s);
    sqlite3_close(db);
    return ret;
}
