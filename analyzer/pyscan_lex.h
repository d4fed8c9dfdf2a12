/* pyscan_lex.h - Python source to tokens, as far as its structure needs them.
 *
 * All syntax of 3.11 to 3.15 (and most of what came before): joined lines,
 * brackets, all string prefixes, f- and t-strings with expressions, nested
 * strings and format specifications inside. Lenient: what Python would refuse
 * is noted (`problem`) and read on. Memory and nesting are bounded. */
#ifndef GHOST_PYSCAN_LEX_H
#define GHOST_PYSCAN_LEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pytoken_kind {
    PY_END,
    PY_NEWLINE,      /* of a logical line */
    PY_NAME,
    PY_NUMBER,
    PY_STRING,
    PY_FSTRING,      /* its beginning; tokens of its expressions follow */
    PY_OPEN,         /* ( [ { and the { of an f-string */
    PY_CLOSE,
    PY_OP            /* one character, or := -> ... == != */
};

struct pytoken {
    enum pytoken_kind kind;
    const char *p; uint32_t len;
    uint32_t line;               /* from 1 */
    uint32_t depth;              /* brackets around it; 0: statement level */
    bool first;                  /* of its logical line */
    uint32_t column;             /* of that line's indentation, tabs to multiples of 8 */
};

enum { PYLEX_STRINGS = 160 };    /* f-strings in f-strings; CPython allows 150 */
struct pylex_mode { char quote; bool triple, raw, is_expression, is_spec; uint32_t depth; };

struct pylex {
    const char *at, *end;
    uint32_t line, depth, column;
    bool fresh;                  /* the next token begins a logical line */
    struct pylex_mode modes[PYLEX_STRINGS]; uint32_t n_modes;
    const char *problem; uint32_t problem_line;      /* the first one, NULL: none */
};

/* UTF-8 (or any superset of ASCII) without a byte order mark. */
void pylex_begin(struct pylex *l, const char *text, size_t n);
/* Fills `t`; PY_END for ever at the end. */
void pylex_next(struct pylex *l, struct pytoken *t);

bool pytoken_is(const struct pytoken *t, const char *text);

#endif
