/* pyscan_lex.c - tokens of Python source. See pyscan_lex.h. */
#include "pyscan_lex.h"

#include <string.h>

enum { TAB = 8 };

void pylex_begin(struct pylex *l, const char *text, size_t n)
{
    *l = (struct pylex){ .at = text, .end = text + n, .line = 1, .fresh = true };
}

bool pytoken_is(const struct pytoken *t, const char *text)
{
    size_t n = strlen(text);
    return t->len == n && memcmp(t->p, text, n) == 0;
}

static void problem(struct pylex *l, const char *what)
{
    if (!l->problem) {
        l->problem = what;
        l->problem_line = l->line;
    }
}

static char peek(const struct pylex *l, size_t ahead) { return (size_t)(l->end - l->at) > ahead ? l->at[ahead] : '\0'; }
static bool is_break(char c) { return c == '\n' || c == '\r'; }

/* One character; a line break of any kind is one. */
static void advance(struct pylex *l)
{
    if (l->at >= l->end)
        return;
    if (*l->at == '\r' && peek(l, 1) == '\n')
        l->at++;
    l->line += is_break(*l->at);
    l->at++;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80; }
static bool is_word(char c) { return is_letter(c) || is_digit(c); }

/* ---- strings ---- */

static bool at_quotes(const struct pylex *l, char quote, bool triple)
{
    return peek(l, 0) == quote && (!triple || (peek(l, 1) == quote && peek(l, 2) == quote));
}

/* The text between quotes; true when the end was found. */
static bool skip_string(struct pylex *l, char quote, bool triple)
{
    while (l->at < l->end) {
        if (at_quotes(l, quote, triple)) {
            l->at += triple ? 3 : 1;
            return true;
        }
        if (!triple && is_break(*l->at))
            return false;
        if (*l->at == '\\')
            advance(l);
        advance(l);
    }
    return false;
}

/* A backslash in the text of an f-string hides a quote, but no brace. */
static void skip_escape(struct pylex *l, bool raw)
{
    advance(l);
    if (!raw && peek(l, 0) == 'N' && peek(l, 1) == '{') {
        while (l->at < l->end && *l->at != '}' && !is_break(*l->at))
            advance(l);
        advance(l);
    } else if (peek(l, 0) != '{' && peek(l, 0) != '}') {
        advance(l);
    }
}

static void push_mode(struct pylex *l, struct pylex_mode mode)
{
    if (l->n_modes < PYLEX_STRINGS)
        l->modes[l->n_modes++] = mode;
    else
        problem(l, "f-strings are nested too deeply");
}

/* The end of an expression: `}`, or `:` before a specification. */
static void end_expression(struct pylex *l, struct pytoken *t)
{
    struct pylex_mode *mode = &l->modes[l->n_modes - 1];
    t->kind = PY_CLOSE;
    l->depth = t->depth = mode->depth - 1;
    if (*l->at == ':')
        mode->is_spec = true;
    else
        l->n_modes--;
    l->at++;
    t->len = 1;
}

/* The text of an f-string up to an expression (true, `t` filled) or its end. */
static bool skip_text(struct pylex *l, struct pytoken *t)
{
    struct pylex_mode *mode = &l->modes[l->n_modes - 1], string = *mode;
    if (mode->is_expression)     /* in a specification, the string around it decides */
        for (uint32_t i = l->n_modes; i-- > 0;)
            if (!l->modes[i].is_expression) {
                string = l->modes[i];
                break;
            }
    while (l->at < l->end) {
        char c = *l->at;
        if (at_quotes(l, string.quote, string.triple) || (is_break(c) && !string.triple)) {
            if (is_break(c))
                problem(l, "an f-string has no end");
            else
                l->at += string.triple ? 3 : 1;
            if (mode->is_expression)
                problem(l, "a replacement field has no end");
            while (l->n_modes > 1 && l->modes[l->n_modes - 1].is_expression)
                l->n_modes--;
            l->n_modes--;
            l->depth = string.depth;
            return false;
        }
        if (c == '\\') {
            skip_escape(l, string.raw);
        } else if (!mode->is_spec && (c == '{' || c == '}') && peek(l, 1) == c) {
            l->at += 2;
        } else if (c == '{') {
            *t = (struct pytoken){ .kind = PY_OPEN, .p = l->at, .len = 1, .line = l->line, .depth = l->depth };
            l->at++;
            if (l->n_modes < PYLEX_STRINGS)
                l->depth++;
            push_mode(l, (struct pylex_mode){ .is_expression = true, .depth = l->depth });
            return true;
        } else if (c == '}' && mode->is_spec) {
            l->at++;
            l->n_modes--;
            return false;
        } else {
            advance(l);
        }
    }
    problem(l, "an f-string has no end");
    l->n_modes = 0;
    return false;
}

/* The prefix of a string literal: its letters, or 0. */
static uint32_t prefix(const struct pylex *l, bool *raw, bool *interpolated)
{
    uint32_t n = 0;
    *raw = *interpolated = false;
    while (n < 2 && peek(l, n) && strchr("rRbBuUfFtT", peek(l, n))) {
        char c = (char)(peek(l, n) | 0x20);
        *raw = *raw || c == 'r';
        *interpolated = *interpolated || c == 'f' || c == 't';
        n++;
    }
    return n;
}

static bool string(struct pylex *l, struct pytoken *t)
{
    bool raw, interpolated;
    uint32_t n = prefix(l, &raw, &interpolated);
    char quote = peek(l, n);
    if (quote != '"' && quote != '\'')
        return false;
    bool triple = peek(l, n + 1) == quote && peek(l, n + 2) == quote;
    l->at += n + (triple ? 3 : 1);
    if (interpolated) {
        t->kind = PY_FSTRING;
        push_mode(l, (struct pylex_mode){ .quote = quote, .triple = triple, .raw = raw, .depth = l->depth });
    } else {
        t->kind = PY_STRING;
        if (!skip_string(l, quote, triple))
            problem(l, "a string has no end");
    }
    return true;
}

/* ---- numbers, names, operators ---- */

static void digits(struct pylex *l)
{
    while (is_digit(peek(l, 0)) || peek(l, 0) == '_')
        l->at++;
}

static void number(struct pylex *l, struct pytoken *t)
{
    t->kind = PY_NUMBER;
    if (peek(l, 0) == '0' && peek(l, 1) && strchr("xXoObB", peek(l, 1))) {
        bool hex = (peek(l, 1) | 0x20) == 'x';
        l->at += 2;
        while (is_digit(peek(l, 0)) || peek(l, 0) == '_' || (hex && peek(l, 0) && strchr("abcdefABCDEF", peek(l, 0))))
            l->at++;
        return;
    }
    digits(l);
    if (peek(l, 0) == '.') {
        l->at++;
        digits(l);
    }
    char sign = peek(l, 1);
    if ((peek(l, 0) | 0x20) == 'e' && (is_digit(sign) || ((sign == '+' || sign == '-') && is_digit(peek(l, 2))))) {
        l->at += 2;
        digits(l);
    }
    if ((peek(l, 0) | 0x20) == 'j')
        l->at++;
}

static void operator(struct pylex *l, struct pytoken *t)
{
    static const char *const longer[] = { "...", ":=", "->", "==", "!=", "<=", ">=", "+=", "-=" };
    char c = *l->at;
    t->kind = PY_OP;
    if (!c || (unsigned char)c < 0x20)
        problem(l, "a character that no source has");
    else if (strchr("([{", c)) {
        t->kind = PY_OPEN;
        l->depth++;
    } else if (strchr(")]}", c)) {
        t->kind = PY_CLOSE;
        if (l->depth)
            t->depth = --l->depth;
        else
            problem(l, "a bracket closes that was never opened");
    } else {
        for (size_t i = 0; i < sizeof longer / sizeof *longer; i++) {
            size_t n = strlen(longer[i]);
            if ((size_t)(l->end - l->at) >= n && memcmp(l->at, longer[i], n) == 0) {
                l->at += n;
                return;
            }
        }
    }
    advance(l);
}

/* ---- blanks, comments, lines ---- */

/* Indentation of a line that begins here; a form feed begins it anew. */
static void indentation(struct pylex *l)
{
    l->column = 0;
    for (; l->at < l->end; l->at++) {
        if (*l->at == ' ')
            l->column++;
        else if (*l->at == '\t')
            l->column = (l->column / TAB + 1) * TAB;
        else if (*l->at == '\f')
            l->column = 0;
        else
            return;
    }
}

static bool in_expression(const struct pylex *l) { return l->n_modes && l->modes[l->n_modes - 1].is_expression; }

/* Skips what is no token; true when a logical line ends here. */
static bool skip_blanks(struct pylex *l)
{
    if (l->fresh)
        indentation(l);
    while (l->at < l->end) {
        char c = *l->at;
        if (c == '#') {
            while (l->at < l->end && !is_break(*l->at))
                l->at++;
        } else if (c == '\\' && is_break(peek(l, 1))) {
            l->at++;
            advance(l);
        } else if (is_break(c) && l->fresh) {        /* a blank line */
            advance(l);
            indentation(l);
        } else if (is_break(c) && !l->depth) {
            return true;
        } else if (c == ' ' || c == '\t' || c == '\f' || is_break(c)) {
            advance(l);
        } else {
            return false;
        }
    }
    return !l->fresh;
}

static void newline(struct pylex *l, struct pytoken *t)
{
    t->kind = PY_NEWLINE;
    t->depth = 0;
    if (l->depth || l->n_modes)
        problem(l, "a bracket is never closed");
    l->depth = l->n_modes = 0;
    advance(l);
    l->fresh = true;
}

void pylex_next(struct pylex *l, struct pytoken *t)
{
    while (l->n_modes && (!in_expression(l) || l->modes[l->n_modes - 1].is_spec))
        if (skip_text(l, t))
            return;
    bool ends = skip_blanks(l);
    *t = (struct pytoken){ .kind = PY_END, .p = l->at, .line = l->line, .depth = l->depth, .first = l->fresh, .column = l->column };
    if (ends) {
        newline(l, t);
        return;
    }
    if (l->at >= l->end)
        return;
    l->fresh = false;
    char c = *l->at;
    if (in_expression(l) && l->depth == l->modes[l->n_modes - 1].depth && (c == '}' || c == ':'))
        end_expression(l, t);
    else if (is_digit(c) || (c == '.' && is_digit(peek(l, 1))))
        number(l, t);
    else if (c == '"' || c == '\'' || is_letter(c)) {
        if (!string(l, t)) {
            t->kind = PY_NAME;
            while (is_word(peek(l, 0)))
                l->at++;
        }
    } else
        operator(l, t);
    t->len = (uint32_t)(l->at - t->p);
}
