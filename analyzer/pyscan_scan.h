/* pyscan_scan.h - what the parts of the scanner share: the state of a file half read.
 *
 * pyscan.c keeps blocks, scopes and lines; pyscan_statement.c reads what a simple
 * statement says. Only these two include it. */
#ifndef GHOST_PYSCAN_SCAN_H
#define GHOST_PYSCAN_SCAN_H

#include "pyscan.h"
#include "pyscan_lex.h"

enum { PYSCAN_BLOCKS = 128 /* CPython stops at 100 levels */, PYSCAN_LAMBDAS = 256, PYSCAN_ALIASES = 64 };

/* What is open around a statement. */
struct block {
    int64_t column;              /* of its header; the module's is less than any */
    uint32_t node;               /* the scope that names in it belong to */
    bool is_scope;               /* a def or class; else a guard */
    bool trivial, raises, filled; /* a def: nothing but `...`, `pass`, a docstring so far; or `raise NotImplementedError`; some statement was seen */
    bool ended;                  /* a trivial def, by `raise` or `return`: what follows (a `yield`, to make a generator of it) cannot run */
    uint32_t flags;              /* that hold inside */
    uint32_t else_flags;         /* of an `if`: that hold in its else */
};
struct lambda { uint32_t node, depth; bool in_body; };
/* A binding of a name in a scope; `node`: it is that def or class. */
enum { BIND_STAR = 1, BIND_DECORATED = 2, BIND_FROM = 4 /* from m import name */ };
struct binding { uint32_t scope, order, node; uint64_t name; unsigned how; };
struct alias { const char *name, *meaning; uint32_t name_len, meaning_len; };

struct scan {
    struct pyscan *out;
    struct pylex lex;
    struct pytoken *tokens; uint32_t n, cap;     /* of the statement in hand */
    struct block blocks[PYSCAN_BLOCKS]; uint32_t n_blocks;
    struct lambda lambdas[PYSCAN_LAMBDAS]; uint32_t n_lambdas;
    uint32_t decorator_line, decorator_flags;    /* pending; line 0: none */
    uint32_t column;                             /* of the logical line in hand */
    uint32_t line_blocks;                        /* blocks opened in it */
    uint32_t else_flags;                         /* of the `if` that this line may continue */
    struct binding *bindings; uint32_t n_bindings, cap_bindings;
    struct table globals;                        /* names declared global, by global_key */
    struct alias aliases[PYSCAN_ALIASES]; uint32_t n_aliases;
    size_t name_bytes;                           /* of all qualified names */
    bool failed;
};

static inline uint64_t hash_name(const struct pytoken *t)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (uint32_t i = 0; i < t->len; i++)
        h = (h ^ (unsigned char)t->p[i]) * UINT64_C(1099511628211);
    return h;
}

static inline struct block *top(struct scan *s) { return &s->blocks[s->n_blocks - 1]; }

static inline uint64_t global_key(uint32_t scope, const struct pytoken *name) { return hash_name(name) ^ table_hash(scope + 1); }

/* Is the token of that text; a name of that text. */
static inline bool is(const struct scan *s, uint32_t i, const char *text) { return i < s->n && pytoken_is(&s->tokens[i], text); }
static inline bool is_name(const struct scan *s, uint32_t i, const char *text) { return is(s, i, text) && s->tokens[i].kind == PY_NAME; }

/* pyscan.c: the innermost scope binds a name; `node`: to that def or class, else 0; `how`: BIND_*. */
void pyscan_bind(struct scan *s, uint64_t name, uint32_t node, unsigned how);

/* pyscan_statement.c */
uint32_t pyscan_dotted(const struct scan *s, uint32_t *i);  /* what the dotted name at tokens[*i] means (GHOST_NODE_*); *i moves behind it */
void pyscan_fill(struct scan *s, bool trivial);             /* the innermost def or class: a statement in it */
void pyscan_statement(struct scan *s);                      /* the one in hand is complete */

#endif
