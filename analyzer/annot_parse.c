/* annot_parse.c - recursive descent over what the recorder prints:
 *
 *   union   := unary { "|" unary }
 *   unary   := [ "*" ] primary
 *   primary := atom { "[" items "]" | "(" "..." ")" }
 *   atom    := name | "None" | "..." | "[" items "]" | "(" items ")"
 *   items   := [ union { "," union } [ "," ] ] */
#include "annot_parse.h"

#include <string.h>

struct parser { struct arena *arena; const char *p, *end; unsigned depth; };

static struct annot_node *parse_union(struct parser *ps);

static struct annot_node *node(struct parser *ps, enum annot_kind kind)
{
    struct annot_node *n = arena_alloc(ps->arena, sizeof *n);
    if (n)
        *n = (struct annot_node){ .kind = kind };
    return n;
}

static struct annot_node *node_over(struct parser *ps, enum annot_kind kind, const struct annot_node *first)
{
    struct annot_node *n = first ? node(ps, kind) : NULL;
    if (n)
        n->first = first;
    return n;
}

static int peek(struct parser *ps)
{
    while (ps->p < ps->end && *ps->p == ' ')
        ps->p++;
    return ps->p < ps->end ? (unsigned char)*ps->p : 0;
}

static bool accept(struct parser *ps, int c)
{
    if (peek(ps) != c)
        return false;
    ps->p++;
    return true;
}

static bool accept_ellipsis(struct parser *ps)
{
    if (peek(ps) != '.' || ps->end - ps->p < 3 || memcmp(ps->p, "...", 3) != 0)
        return false;
    ps->p += 3;
    return true;
}

static bool is_name_byte(int c, bool first)
{
    return c >= 0x80 || c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (!first && ((c >= '0' && c <= '9') || c == '.'));
}

static struct annot_node *parse_name(struct parser *ps)
{
    const char *from = ps->p;
    struct annot_node *n;
    while (ps->p < ps->end && is_name_byte((unsigned char)*ps->p, ps->p == from))
        ps->p++;
    struct ghost_str name = { from, (uint32_t)(ps->p - from) };
    if (name.len == 4 && memcmp(name.p, "None", 4) == 0)
        return node(ps, ANNOT_NONE);
    n = node(ps, ANNOT_NAME);
    if (n)
        n->name = name;
    return n;
}

/* The items up to `close`, as a chain in *first. False: not well-formed. */
static bool parse_items(struct parser *ps, int close, const struct annot_node **first, bool *comma)
{
    struct annot_node *last = NULL;
    *first = NULL;
    *comma = false;
    while (!accept(ps, close)) {
        if (last && !*comma)
            return false;
        struct annot_node *item = parse_union(ps);
        if (!item)
            return false;
        if (last)
            last->next = item;
        else
            *first = item;
        last = item;
        *comma = accept(ps, ',');
    }
    return true;
}

static struct annot_node *parse_sequence(struct parser *ps, int close, enum annot_kind kind)
{
    const struct annot_node *first;
    bool comma;
    if (!parse_items(ps, close, &first, &comma))
        return NULL;
    struct annot_node *n = node(ps, kind);
    if (n)
        n->first = first;
    return n;
}

static struct annot_node *parse_atom(struct parser *ps)
{
    if (is_name_byte(peek(ps), true))
        return parse_name(ps);
    if (accept_ellipsis(ps))
        return node(ps, ANNOT_ELLIPSIS);
    if (accept(ps, '['))
        return parse_sequence(ps, ']', ANNOT_LIST);
    if (accept(ps, '('))
        return parse_sequence(ps, ')', ANNOT_TUPLE);
    return NULL;
}

static struct annot_node *parse_subscript(struct parser *ps, struct annot_node *base)
{
    const struct annot_node *arguments;
    bool comma;
    if (!parse_items(ps, ']', &arguments, &comma))
        return NULL;
    base->next = arguments;
    return node_over(ps, ANNOT_SUBSCRIPT, base);
}

static struct annot_node *parse_primary(struct parser *ps)
{
    struct annot_node *n = parse_atom(ps);
    while (n)
        if (accept(ps, '['))
            n = parse_subscript(ps, n);
        else if (accept(ps, '('))
            n = accept_ellipsis(ps) && accept(ps, ')') ? node_over(ps, ANNOT_CALL, n) : NULL;
        else
            break;
    return n;
}

static struct annot_node *parse_unary(struct parser *ps)
{
    return accept(ps, '*') ? node_over(ps, ANNOT_STAR, parse_primary(ps)) : parse_primary(ps);
}

static struct annot_node *parse_members(struct parser *ps)
{
    struct annot_node *n = parse_unary(ps), *all;
    if (!n || peek(ps) != '|')
        return n;
    all = node_over(ps, ANNOT_UNION, n);
    while (all && accept(ps, '|')) {
        struct annot_node *more = parse_unary(ps);
        if (!more)
            return NULL;
        n->next = more;
        n = more;
    }
    return all;
}

static struct annot_node *parse_union(struct parser *ps)
{
    struct annot_node *n = NULL;
    if (ps->depth >= ANNOT_DEPTH_MAX)
        return NULL;
    ps->depth++;
    peek(ps);
    const char *from = ps->p;
    n = parse_members(ps);
    if (n)
        n->text = (struct ghost_str){ from, (uint32_t)(ps->p - from) };
    while (n && n->text.len && n->text.p[n->text.len - 1] == ' ')
        n->text.len--;
    ps->depth--;
    return n;
}

const struct annot_node *annot_parse(struct arena *arena, struct ghost_str text)
{
    struct parser ps = { .arena = arena, .p = text.p, .end = text.p + text.len };
    struct annot_node *n = parse_union(&ps);
    if (n && peek(&ps) == 0 && ps.p == ps.end && !arena->failed)
        return n;
    return NULL;
}

struct ghost_str annot_last_part(struct ghost_str name)
{
    for (uint32_t i = name.len; i-- > 0;)
        if (name.p[i] == '.')
            return (struct ghost_str){ name.p + i + 1, name.len - i - 1 };
    return name;
}
