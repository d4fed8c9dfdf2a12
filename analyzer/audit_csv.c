/* audit_csv.c - what `ghost export --format csv` wrote: known columns, and in
 * each nothing but numbers or strings of its kind. */
#include <string.h>

#include "audit.h"

/* To add a column: a row here. */
static const struct column { const char *name; bool text; enum audit_kind kind; } columns[] = {
    { "fn_key", true, AUDIT_KEY }, { "dominant_arg_sig", true, AUDIT_SIGNATURE }, { "module", true, AUDIT_MODULE },
    { "qualname", true, AUDIT_FUNCTION }, { "file", true, AUDIT_FILE },
    { .name = "call_count" }, { .name = "exception_count" }, { .name = "exception_rate" }, { .name = "mean_latency_ns" },
    { .name = "min_latency_ns" }, { .name = "max_latency_ns" }, { .name = "total_latency_ns" }, { .name = "self_ns" },
    { .name = "suspended_ns" }, { .name = "p50_latency_ns" }, { .name = "p95_latency_ns" }, { .name = "p99_latency_ns" },
    { .name = "calls_unfinished" }, { .name = "line" },
};

static const struct column *find_column(struct ghost_str name)
{
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        if (strlen(columns[i].name) == name.len && memcmp(columns[i].name, name.p, name.len) == 0)
            return &columns[i];
    return NULL;
}

enum { COLUMNS = 64 };
struct sheet { struct audit *a; const char *path; const struct column *head[COLUMNS]; unsigned width; };

static bool is_number(struct ghost_str s)
{
    for (uint32_t i = 0; i < s.len; i++)
        if (!strchr("0123456789.+-eE", s.p[i]) || !s.p[i])
            return false;
    return true;
}

static void cell(struct sheet *t, uint64_t line, unsigned at, struct ghost_str text)
{
    if (line == 1) {
        const struct column *c = find_column(text);
        if (at < COLUMNS)
            t->head[at] = c;
        t->width = at + 1;
        audit_string(t->a, c ? AUDIT_WORD : AUDIT_UNKNOWN, text);
        if (!c)
            audit_problem(t->a, "%s: no export of Ghost has a column '%.*s'", t->path, (int)(text.len < 60 ? text.len : 60), text.p);
        return;
    }
    const struct column *c = at < COLUMNS && at < t->width ? t->head[at] : NULL;
    audit_part(t->a, c && c->text ? "string" : "number", !c, text.len, c && c->text ? text.len : 0);
    if (c && c->text && text.len)
        audit_string(t->a, c->kind, text);
    if ((!c && text.len) || (c && !c->text && !is_number(text))) {
        audit_string(t->a, AUDIT_UNKNOWN, text);
        audit_problem(t->a, "%s: line %llu, column %u holds what is neither a number nor in a column of strings", t->path,
                      (unsigned long long)line, at + 1);
    }
}

/* One cell from *at on, unquoted into `out`; returns what ended it: ',', '\n' or 0. */
static char take(struct ghost_str text, uint32_t *at, char *out, uint32_t *n)
{
    bool quoted = *at < text.len && text.p[*at] == '"';
    *n = 0;
    *at += quoted;
    while (*at < text.len) {
        char c = text.p[(*at)++];
        bool doubled = quoted && c == '"' && *at < text.len && text.p[*at] == '"';
        if (quoted && c == '"' && !doubled) {
            quoted = false;
            continue;
        }
        *at += doubled;
        if (!quoted && (c == ',' || c == '\n'))
            return c;
        if (quoted || c != '\r')
            out[(*n)++] = c;
    }
    return 0;
}

int audit_csv(struct audit *a, const char *path, struct ghost_str text, struct ghost_err *err)
{
    struct sheet t = { .a = a, .path = path };
    char *out = arena_alloc(&a->arena, (size_t)text.len + 1);
    uint64_t line = 1;
    unsigned column = 0;
    if (!out)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory during the audit of %s", path);
    for (uint32_t at = 0, n; at < text.len;) {
        char end = take(text, &at, out, &n);
        cell(&t, line, column, (struct ghost_str){ out, n });
        column = end == ',' ? column + 1 : 0;
        line += end == '\n';
    }
    return 0;
}
