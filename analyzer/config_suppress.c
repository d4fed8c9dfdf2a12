/* config_suppress.c - findings that a team knows and accepts. */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config_file.h"
#include "finding.h"
#include "opt.h"

static const char *const kinds[] = {
#define X(name) #name,
    DETECTORS(X)
#undef X
    NULL
};

/* ---- days ---- */

/* Seconds at the begin of the day after; -1: no such day. */
static int64_t day_end(const char *text)
{
    struct tm tm = { 0 };
    char *end = strptime(text, "%Y-%m-%d", &tm);
    int day = tm.tm_mday, month = tm.tm_mon;
    if (!end || *end || strlen(text) != 10)
        return -1;
    tm.tm_mday++;
    time_t t = timegm(&tm);
    time_t last = t - 1;
    struct tm back;
    gmtime_r(&last, &back);
    return back.tm_mday == day && back.tm_mon == month ? (int64_t)t : -1;
}

bool config_expired(const struct config_suppression *s, int64_t unix_seconds)
{
    return s->until && unix_seconds >= day_end(s->until);
}

/* ---- fields ---- */

static const char *check_id(const char *text)
{
    return strlen(text) == 16 && strspn(text, "0123456789abcdef") == 16 ? NULL : "16 hex digits, as `ghost anomalies` prints them";
}

static const char *check_kind(const char *text)
{
    static char wanted[OPT_WANTED];
    size_t used = (size_t)snprintf(wanted, sizeof wanted, "one of");
    for (size_t i = 0; kinds[i]; i++) {
        if (strcmp(kinds[i], text) == 0)
            return NULL;
        used += (size_t)snprintf(wanted + used, sizeof wanted - used, "%s %s", i ? "," : "", kinds[i]);
    }
    return wanted;
}

static const char *check_text(const char *text)
{
    return *text ? NULL : "some text";
}

static const char *check_day(const char *text)
{
    return day_end(text) >= 0 ? NULL : "a day as 2027-01-31";
}

/* To add a field: a row here, a member in config.h, a line in docs/config.md. */
static const struct field { const char *name; size_t at; const char *(*check)(const char *text); } fields[] = {
    { "id", offsetof(struct config_suppression, id), check_id },
    { "kind", offsetof(struct config_suppression, kind), check_kind },
    { "function", offsetof(struct config_suppression, function), check_text },
    { "reason", offsetof(struct config_suppression, reason), check_text },
    { "until", offsetof(struct config_suppression, until), check_day },
};
enum { N_FIELDS = sizeof fields / sizeof *fields };

static const struct field *find_field(struct config_file *c, const struct config_node *n)
{
    const char *names[N_FIELDS + 1] = { NULL };
    for (size_t i = 0; i < N_FIELDS; i++) {
        names[i] = fields[i].name;
        if (strcmp(names[i], n->key) == 0)
            return &fields[i];
    }
    const char *near = opt_nearest(n->key, names);
    config_problem(&c->problems, n->key_line, n->key_column, "a suppression has id, kind, function, reason and until, but no '%.40s'.%s%s%s",
                   n->key, near ? " Did you mean '" : "", near ? near : "", near ? "'?" : "");
    return NULL;
}

static void read_field(struct config_file *c, const struct config_node *n, struct config_suppression *s)
{
    char key[64], shown[48];
    const struct field *f = find_field(c, n);
    if (!f)
        return;
    snprintf(key, sizeof key, "detectors.suppress: %s", f->name);
    const char *text = config_scalar(c, n, key), *wanted = text ? f->check(text) : NULL;
    if (wanted)
        config_problem(&c->problems, n->line, n->column, "%s wants %s, not %s", key, wanted, config_shown(text, shown));
    if (text)
        memcpy((char *)s + f->at, &text, sizeof text);
}

static bool read_one(struct config_file *c, const struct config_node *map, struct config_suppression *s)
{
    size_t before = c->problems.n + c->problems.more;
    *s = (struct config_suppression){ .at = { c->path, map->line, map->column } };
    if (map->kind != CONFIG_MAP) {
        config_problem(&c->problems, map->line, map->column, "a suppression is 'kind: ...', 'function: ...' and 'reason: ...' on lines of their own");
        return false;
    }
    for (const struct config_node *n = map->child; n; n = n->next)
        read_field(c, n, s);
    if (before != c->problems.n + c->problems.more)
        return false;
    if (!s->reason)
        config_problem(&c->problems, map->line, map->column, "a suppression needs a reason, for those who find it later");
    if (!s->id && !s->kind && !s->function)
        config_problem(&c->problems, map->line, map->column, "a suppression needs an id, or a kind, a function or both: this one would hide everything");
    return before == c->problems.n + c->problems.more;
}

void config_read_suppressions(struct config_file *c, const struct config_node *list)
{
    size_t n = 0;
    if (list->missing)
        return;
    if (list->kind != CONFIG_LIST) {
        config_problem(&c->problems, list->line, list->column, "detectors.suppress is a list: each entry begins with '- '");
        return;
    }
    for (const struct config_node *i = list->child; i; i = i->next)
        n++;
    struct config_suppression *v = ARENA_ARRAY(&c->arena, struct config_suppression, n);
    size_t good = 0;
    for (const struct config_node *i = list->child; i && v; i = i->next)
        good += read_one(c, i, &v[good]);
    c->suppressions = (struct config_suppressions){ v, good };
}

bool config_suppresses(const struct config_suppression *s, const char *id, const char *kind, const char *module, const char *qualname)
{
    char *name = NULL;
    if ((s->id && strcmp(s->id, id) != 0) || (s->kind && strcmp(s->kind, kind) != 0))
        return false;
    if (!s->function)
        return true;
    bool matches = asprintf(&name, "%s:%s", module, qualname) >= 0 && fnmatch(s->function, name, 0) == 0;
    free(name);
    return matches;
}
