/* audit_collect.c - the collection of an audit. */
#include "audit.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const char *const audit_words[] = {
#define X(name, word, text) word,
    AUDIT_KINDS(X)
#undef X
    NULL
};
const char *const audit_texts[] = {
#define X(name, word, text) text,
    AUDIT_KINDS(X)
#undef X
};

void audit_init(struct audit *a)
{
    *a = (struct audit){ 0 };
    a->keys.arena = &a->arena;
}

void audit_release(struct audit *a)
{
    keyset_release(&a->keys);
    free(a->strings);
    free(a->parts);
    free(a->problems);
    free(a->remarks);
    arena_release(&a->arena);
    *a = (struct audit){ 0 };
}

void audit_string(struct audit *a, enum audit_kind kind, struct ghost_str text)
{
    char small[512], *key = text.len < sizeof small ? small : malloc((size_t)text.len + 1);
    if (!key) {
        a->failed = true;
        return;
    }
    key[0] = (char)kind;
    if (text.len)
        memcpy(key + 1, text.p, text.len);
    uint32_t i = keyset_put(&a->keys, key, (size_t)text.len + 1);
    if (key != small)
        free(key);
    if (i == TABLE_NONE || !grow_array(&a->strings, a->n_strings, &a->cap_strings, sizeof *a->strings)) {
        a->failed = true;
        return;
    }
    if (i == a->n_strings) {
        struct ghost_str kept = { a->keys.keys[i].p + 1, text.len };
        a->strings[a->n_strings++] = (struct audit_string){ kept, kind, audit_is_odd(kind, kept), 0 };
    }
    a->strings[i].count++;
    a->text_bytes += text.len;
}

void audit_part(struct audit *a, const char *name, bool unknown, uint64_t bytes, uint64_t text_bytes)
{
    uint32_t i = 0;
    while (i < a->n_parts && strcmp(a->parts[i].name, name) != 0)
        i++;
    if (i == a->n_parts) {
        if (!grow_array(&a->parts, a->n_parts, &a->cap_parts, sizeof *a->parts)) {
            a->failed = true;
            return;
        }
        a->parts[a->n_parts++] = (struct audit_part){ .name = name, .unknown = unknown };
    }
    a->parts[i].count++;
    a->parts[i].bytes += bytes;
    a->parts[i].text_bytes += text_bytes;
}

static void add_line(struct audit *a, struct audit_problem **v, uint32_t *n, uint32_t *cap, const char *fmt, va_list args)
{
    char text[1024];
    int len = vsnprintf(text, sizeof text, fmt, args);
    size_t size = len < 0 ? 0 : (size_t)len < sizeof text ? (size_t)len : sizeof text - 1;
    char *copy = arena_copy(&a->arena, text, size + 1);
    if (!copy || !grow_array(v, *n, cap, sizeof **v)) {
        a->failed = true;
        return;
    }
    (*v)[(*n)++] = (struct audit_problem){ { copy, (uint32_t)size } };
}

void audit_problem(struct audit *a, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    add_line(a, &a->problems, &a->n_problems, &a->cap_problems, fmt, args);
    va_end(args);
}

void audit_remark(struct audit *a, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    add_line(a, &a->remarks, &a->n_remarks, &a->cap_remarks, fmt, args);
    va_end(args);
}

/* ---- order ---- */

static int by_text(struct ghost_str x, struct ghost_str y)
{
    size_t n = x.len < y.len ? x.len : y.len;
    int c = n ? memcmp(x.p, y.p, n) : 0;
    return c ? c : (x.len > y.len) - (x.len < y.len);
}

static int string_order(const void *a, const void *b)
{
    const struct audit_string *x = a, *y = b;
    return x->kind != y->kind ? (x->kind > y->kind) - (x->kind < y->kind) : by_text(x->text, y->text);
}

static int part_order(const void *a, const void *b)
{
    const struct audit_part *x = a, *y = b;
    return x->unknown != y->unknown ? x->unknown - y->unknown : strcmp(x->name, y->name);
}

void audit_sort(struct audit *a)
{
    if (a->n_strings)
        qsort(a->strings, a->n_strings, sizeof *a->strings, string_order);
    if (a->n_parts)
        qsort(a->parts, a->n_parts, sizeof *a->parts, part_order);
}

/* ---- does it look like its kind ---- */

static bool letter(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

/* Identifiers joined by dots, with the <...> that Python puts into names. */
static bool is_dotted(struct ghost_str s)
{
    bool begins = true;
    for (uint32_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '<') {
            const char *end = memchr(s.p + i, '>', s.len - i);
            if (!end)
                return false;
            i = (uint32_t)(end - s.p);
            begins = false;
        } else if (c == '.') {
            if (begins)
                return false;
            begins = true;
        } else if (!letter(c) && (begins || c < '0' || c > '9')) {
            return false;
        } else {
            begins = false;
        }
    }
    return s.len > 0 && !begins;
}

static bool only(struct ghost_str s, const char *also)
{
    for (uint32_t i = 0; i < s.len; i++)
        if (!letter((unsigned char)s.p[i]) && !(s.p[i] >= '0' && s.p[i] <= '9') && !(s.p[i] && strchr(also, s.p[i])))
            return false;
    return true;
}

bool audit_is_odd(enum audit_kind kind, struct ghost_str s)
{
    switch (kind) {
    case AUDIT_FUNCTION:
    case AUDIT_TYPE:
        return !is_dotted(s);
    case AUDIT_MODULE:                   /* a script's stem may have a hyphen */
        return s.len == 0 || !only(s, "._-<> ");
    case AUDIT_KEY:
        return !only(s, "._-<>: ");
    case AUDIT_PARAMETER:                /* a comprehension's parameter is ".0" */
    case AUDIT_MEMBER:
        return !is_dotted(s) && !(s.len == 2 && s.p[0] == '.');
    case AUDIT_ANNOTATION:               /* no quotes: no literal */
        return !only(s, "._[](),|<>*: -=~+");
    case AUDIT_SIGNATURE:
        return !only(s, "._(),*= <>[]\"|-");
    default:
        return false;
    }
}
