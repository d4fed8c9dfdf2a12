/* describe_parse.c - the text of an annotation to an expression tree.
 *
 * Reads what annotations are made of: names, subscripts, unions, lists, tuples,
 * strings, numbers, calls. Anything else makes the whole text opaque. */
#include "describe_expr.h"

#define PARSE_MAX 16384 /* bytes; no annotation is longer */

struct parser { struct annot *a; const char *p, *end; int depth; bool bad; };

static struct expr *parse_union(struct parser *ps);

static struct expr *fail(struct parser *ps)
{
    ps->bad = true;
    return NULL;
}

static bool is_name_start(unsigned char c) { return c >= 0x80 || c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
static bool is_digit(unsigned char c) { return c >= '0' && c <= '9'; }

/* The next character that counts, 0 at the end. */
static int peek(struct parser *ps)
{
    while (ps->p < ps->end && (*ps->p == ' ' || *ps->p == '\t' || *ps->p == '\n' || *ps->p == '\r' || *ps->p == '\f')) ps->p++;
    return ps->p < ps->end ? (unsigned char)*ps->p : 0;
}

static bool accept(struct parser *ps, int c)
{
    if (peek(ps) != c) return false;
    ps->p++;
    return true;
}

static struct ghost_str read_name(struct parser *ps)
{
    const char *from = ps->p;
    while (ps->p < ps->end && (is_name_start((unsigned char)*ps->p) || is_digit((unsigned char)*ps->p))) ps->p++;
    return (struct ghost_str){ from, (uint32_t)(ps->p - from) };
}

/* a.b.c, also with blanks around the dots, as one name without them. */
static struct ghost_str read_dotted(struct parser *ps)
{
    struct ghost_str name = read_name(ps);
    while (peek(ps) == '.' && ps->end - ps->p > 1 && ps->p[1] != '.') {
        ps->p++;
        if (!is_name_start((unsigned char)peek(ps))) {
            fail(ps);
            break;
        }
        struct ghost_str part = read_name(ps);
        if (name.p + name.len + 1 == part.p) {
            name.len += part.len + 1;
            continue;
        }
        char *joined = scratch_alloc(ps->a->s, name.len + part.len + 1);
        if (!joined) break;
        memcpy(joined, name.p, name.len);
        joined[name.len] = '.';
        memcpy(joined + name.len + 1, part.p, part.len);
        name = (struct ghost_str){ joined, name.len + part.len + 1 };
    }
    return name;
}

static struct expr *parse_number(struct parser *ps)
{
    bool hex = ps->end - ps->p > 1 && ps->p[0] == '0' && strchr("xXoObB", ps->p[1]);
    PyTypeObject *type = &PyLong_Type;
    for (; ps->p < ps->end; ps->p++) {
        char c = *ps->p;
        if (!is_digit((unsigned char)c) && !is_name_start((unsigned char)c) && c != '.' && !((c == '-' || c == '+') && !hex && (ps->p[-1] | 32) == 'e')) break;
        if (hex) continue;
        if (c == 'j' || c == 'J') type = &PyComplex_Type;
        else if ((c == '.' || c == 'e' || c == 'E') && type == &PyLong_Type) type = &PyFloat_Type;
    }
    return expr_value(ps->a, type);
}

/* One quoted string; `prefix` are the letters in front of it. */
static struct expr *parse_string(struct parser *ps, struct ghost_str prefix)
{
    char quote = *ps->p;
    size_t width = ps->end - ps->p >= 3 && ps->p[1] == quote && ps->p[2] == quote ? 3 : 1;
    bool bytes = false, escaped = false, formatted = false;
    for (uint32_t i = 0; i < prefix.len; i++) {
        if (!strchr("rRbBuUfFtT", prefix.p[i])) return fail(ps);
        bytes |= (prefix.p[i] | 32) == 'b';
        formatted |= (prefix.p[i] | 32) == 'f' || (prefix.p[i] | 32) == 't';
    }
    ps->p += width;
    const char *from = ps->p;
    for (; ps->p < ps->end; ps->p++) {
        if (*ps->p == '\\') {
            escaped = true;
            if (++ps->p == ps->end) break;
        } else if (*ps->p == quote && (width == 1 || (ps->end - ps->p >= 3 && ps->p[1] == quote && ps->p[2] == quote))) {
            struct expr *e = expr_new(ps->a, EXPR_STRING);
            if (!e) return fail(ps);
            e->text = (struct ghost_str){ from, (uint32_t)(ps->p - from) };
            ps->p += width;
            if (bytes) return expr_value(ps->a, &PyBytes_Type);
            return escaped || formatted ? expr_value(ps->a, &PyUnicode_Type) : e;
        }
    }
    return fail(ps);
}

static bool at_quote(struct parser *ps) { return ps->p < ps->end && (*ps->p == '"' || *ps->p == '\''); }

/* Strings side by side are one; what it says is then not looked at. */
static struct expr *parse_strings(struct parser *ps, struct ghost_str prefix)
{
    struct expr *e = parse_string(ps, prefix);
    while (!ps->bad && (peek(ps), at_quote(ps))) {
        parse_string(ps, (struct ghost_str){ "", 0 });
        e = expr_value(ps->a, &PyUnicode_Type);
    }
    return e;
}

/* Words that cannot stand in the expressions read here. */
static bool is_operator_word(struct ghost_str w)
{
    static const char *const words[] = { "lambda", "if", "else", "and", "or", "not", "in", "is", "await", "yield", "for" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_is(w, words[i])) return true;
    return false;
}

static struct expr *parse_word(struct parser *ps)
{
    const char *from = ps->p;
    struct ghost_str word = read_name(ps);
    if (at_quote(ps)) return parse_strings(ps, word);
    if (str_is(word, "None")) return expr_atom(ps->a, "None");
    if (str_is(word, "True") || str_is(word, "False")) return expr_value(ps->a, &PyBool_Type);
    if (is_operator_word(word)) return fail(ps);
    ps->p = from;
    word = read_dotted(ps);
    return expr_name(ps->a, word, scope_find(ps->a, word));
}

/* Expressions up to `close`, separated by commas, as children of `parent`. */
static struct expr *parse_items(struct parser *ps, struct expr *parent, int close, bool *comma)
{
    *comma = false;
    while (!ps->bad && !accept(ps, close)) {
        expr_add(parent, parse_union(ps));
        if (accept(ps, ',')) *comma = true;
        else if (peek(ps) != close) return fail(ps);
    }
    return parent;
}

static struct expr *parse_atom(struct parser *ps)
{
    int c = peek(ps);
    bool comma;
    if (is_name_start((unsigned char)c)) return parse_word(ps);
    if (c == '"' || c == '\'') return parse_strings(ps, (struct ghost_str){ "", 0 });
    if (is_digit((unsigned char)c) || (c == '.' && ps->end - ps->p > 1 && is_digit((unsigned char)ps->p[1]))) return parse_number(ps);
    if (c == '.' && ps->end - ps->p >= 3 && memcmp(ps->p, "...", 3) == 0) {
        ps->p += 3;
        return expr_atom(ps->a, "...");
    }
    if (accept(ps, '[')) return parse_items(ps, expr_new(ps->a, EXPR_LIST), ']', &comma);
    if (accept(ps, '(')) {
        struct expr *e = parse_items(ps, expr_new(ps->a, EXPR_TUPLE), ')', &comma);
        return e && e->first && !e->first->next && !comma ? e->first : e; /* (x) is x */
    }
    return fail(ps);
}

/* Over the arguments of a call: they are values. */
static void skip_arguments(struct parser *ps)
{
    for (int open = 1; open > 0 && !ps->bad; ps->p++) {
        if (ps->p >= ps->end) {
            fail(ps);
            return;
        }
        if (at_quote(ps)) {
            parse_string(ps, (struct ghost_str){ "", 0 });
            ps->p--;
        } else if (strchr("([{", *ps->p)) open++;
        else if (strchr(")]}", *ps->p)) open--;
    }
}

static struct expr *parse_primary(struct parser *ps)
{
    struct expr *e = parse_atom(ps);
    bool comma;
    while (!ps->bad && e) {
        if (accept(ps, '[')) e = parse_items(ps, expr_add(expr_new(ps->a, EXPR_SUBSCRIPT), e), ']', &comma);
        else if (accept(ps, '(')) {
            const char *from = ps->p;
            skip_arguments(ps);
            bool none_type = e->kind == EXPR_NAME && str_is(e->text, "type") && ps->p - from == 5 && memcmp(from, "None)", 5) == 0;
            e = none_type ? expr_atom(ps->a, "None") : expr_add(expr_new(ps->a, EXPR_CALL), e);
        } else if (peek(ps) == '.') return fail(ps); /* an attribute of something computed */
        else break;
    }
    return e;
}

static struct expr *parse_unary(struct parser *ps)
{
    if (accept(ps, '*')) return expr_add(expr_new(ps->a, EXPR_STAR), parse_primary(ps));
    if (accept(ps, '-') || accept(ps, '+') || accept(ps, '~')) {
        struct expr *e = ++ps->depth > ANNOT_DEPTH ? fail(ps) : parse_unary(ps);
        ps->depth--;
        return e && e->kind == EXPR_VALUE ? e : fail(ps);
    }
    return parse_primary(ps);
}

static struct expr *parse_union(struct parser *ps)
{
    if (++ps->depth > ANNOT_DEPTH) return fail(ps);
    struct expr *e = parse_unary(ps);
    if (!ps->bad && peek(ps) == '|') {
        e = expr_add(expr_new(ps->a, EXPR_UNION), e);
        while (!ps->bad && accept(ps, '|')) expr_add(e, parse_unary(ps));
    }
    ps->depth--;
    return e;
}

struct expr *expr_from_text(struct annot *a, struct ghost_str text)
{
    struct parser ps = { .a = a, .p = text.p, .end = text.p + text.len };
    struct expr *e = text.len <= PARSE_MAX ? parse_union(&ps) : fail(&ps);
    if (!ps.bad && peek(&ps) == ',') { /* a bare tuple */
        bool comma;
        ps.p++;
        e = expr_add(expr_new(a, EXPR_TUPLE), e);
        parse_items(&ps, e, 0, &comma);
        ps.p = ps.end;
    }
    peek(&ps);
    return ps.bad || !e || ps.p < ps.end ? expr_new(a, EXPR_OPAQUE) : e;
}
