/* pyscan.c - statements of Python source to a tree of functions.
 *
 * Statements are gathered token by token and looked at when they end. Only
 * what makes a scope (def, class) or guards one (if TYPE_CHECKING) is a block
 * here; all else belongs to the nearest block that is indented less. */
#include <string.h>

#include "pyscan_scan.h"

enum { NO_COLUMN = -1 };
#define NAME_BYTES ((size_t)64 << 20)              /* real files have a thousandth of it */
#define INHERITED (GHOST_NODE_PROTOCOL | GHOST_NODE_TYPE_CHECKING | GHOST_NODE_MAIN_GUARD)

static void problem(struct scan *s, const char *what, uint32_t line)
{
    if (!s->out->problem) {
        s->out->problem = what;
        s->out->problem_line = line;
    }
}

/* ---- nodes ---- */

static struct ghost_str join(struct scan *s, const struct pyscan_node *parent, const char *name, uint32_t len)
{
    const char *between = parent->kind == PYSCAN_CLASS ? "." : ".<locals>.";
    uint32_t a = parent->qualname.len, b = (uint32_t)strlen(between);
    if (parent->kind == PYSCAN_MODULE)
        a = b = 0;
    if ((uint64_t)a + b + len > GHOST_STR_MAX)
        return parent->qualname;             /* no real name: the log would cut it, too */
    char *p = arena_alloc(&s->out->arena, (size_t)a + b + len + 1);
    if (!p)
        return GHOST_STR("");
    memcpy(p, parent->qualname.p, a);
    memcpy(p + a, between, b);
    memcpy(p + a + b, name, len);
    p[a + b + len] = '\0';
    return (struct ghost_str){ p, a + b + len };
}

static uint32_t add_node(struct scan *s, uint32_t parent, enum pyscan_kind kind, const struct pytoken *name, uint32_t line, uint32_t flags)
{
    struct pyscan *out = s->out;
    if (out->n >= PYSCAN_NODES_MAX || s->name_bytes > NAME_BYTES) {
        problem(s, "there are more functions than can be listed", line);
        return parent;
    }
    if (!grow_array(&out->v, out->n, &out->cap, sizeof *out->v)) {
        s->failed = true;
        return parent;
    }
    bool global = kind != PYSCAN_LAMBDA && table_get(&s->globals, global_key(parent, name)) != TABLE_NONE;
    const char *text = kind == PYSCAN_LAMBDA ? "<lambda>" : name->p;
    uint32_t len = kind == PYSCAN_LAMBDA ? 8 : name->len;
    struct ghost_str qualname = join(s, &out->v[global ? 0 : parent], text, len);
    struct ghost_str last = { qualname.p + (qualname.len >= len ? qualname.len - len : 0), qualname.len >= len ? len : qualname.len };
    s->name_bytes += qualname.len;
    out->v[out->n] = (struct pyscan_node){ .parent = parent, .kind = kind, .flags = flags, .first_line = line, .name = last, .qualname = qualname };
    return out->n++;
}

void pyscan_bind(struct scan *s, uint64_t name, uint32_t node, unsigned how)
{
    if (!grow_array(&s->bindings, s->n_bindings, &s->cap_bindings, sizeof *s->bindings)) {
        s->failed = true;
        return;
    }
    s->bindings[s->n_bindings] = (struct binding){ top(s)->node, s->n_bindings, node, name, how };
    s->n_bindings++;
}

/* ---- lambdas: bodies end where the expression does ---- */

static uint32_t scope_of_expression(const struct scan *s)
{
    for (uint32_t i = s->n_lambdas; i-- > 0;)
        if (s->lambdas[i].in_body)
            return s->lambdas[i].node;
    return s->blocks[s->n_blocks - 1].node;
}

static void end_lambdas(struct scan *s, uint32_t depth, bool all)
{
    while (s->n_lambdas && s->lambdas[s->n_lambdas - 1].depth >= depth && (all || s->lambdas[s->n_lambdas - 1].in_body))
        s->n_lambdas--;
}

/* True when the `:` is a lambda's. */
static bool take_colon(struct scan *s, const struct pytoken *t)
{
    end_lambdas(s, t->depth, false);
    struct lambda *l = s->n_lambdas ? &s->lambdas[s->n_lambdas - 1] : NULL;
    if (!l || l->depth != t->depth)
        return false;
    l->in_body = true;
    return true;
}

static void begin_lambda(struct scan *s, const struct pytoken *t)
{
    if (s->n_lambdas == PYSCAN_LAMBDAS) {
        problem(s, "lambdas are nested too deeply", t->line);
        return;
    }
    uint32_t node = add_node(s, scope_of_expression(s), PYSCAN_LAMBDA, t, t->line, top(s)->flags & INHERITED);
    s->lambdas[s->n_lambdas++] = (struct lambda){ node, t->depth, false };
}

/* True when the token is a `:` of no lambda at the level of the statement. */
static bool follow_lambdas(struct scan *s, const struct pytoken *t)
{
    if (t->kind == PY_NAME && pytoken_is(t, "lambda"))
        begin_lambda(s, t);
    else if (t->kind == PY_NAME && pytoken_is(t, "for"))
        end_lambdas(s, t->depth, false);
    else if (t->kind == PY_CLOSE)
        end_lambdas(s, t->depth + 1, true);
    else if (t->kind == PY_OP && pytoken_is(t, ","))
        end_lambdas(s, t->depth, false);
    else if (t->kind == PY_OP && pytoken_is(t, ":"))
        return !take_colon(s, t) && t->depth == 0;
    return false;
}

/* ---- headers ---- */

static void push(struct scan *s, struct block b)
{
    if (s->n_blocks == PYSCAN_BLOCKS) {
        problem(s, "blocks are nested too deeply", s->tokens[0].line);
        return;
    }
    b.column = s->column;
    s->blocks[s->n_blocks++] = b;
    s->line_blocks++;
}

static void on_scope(struct scan *s, uint32_t at, enum pyscan_kind kind)
{
    if (at + 1 >= s->n || s->tokens[at + 1].kind != PY_NAME)
        return;
    struct block *outer = top(s);
    uint32_t flags = s->decorator_flags | (outer->flags & INHERITED), line = s->decorator_line ? s->decorator_line : s->tokens[0].line;
    if (kind == PYSCAN_CLASS) {
        uint32_t i = at + 2;
        while (i < s->n && !(is(s, i, "(") && s->tokens[i].depth == 0))      /* over type parameters */
            i++;
        for (i++; i < s->n;) {
            bool begins = s->tokens[i].depth == 1 && (is(s, i - 1, "(") || is(s, i - 1, ","));
            uint32_t from = i, meaning = pyscan_dotted(s, &i);
            if (begins && !is(s, i, "="))
                flags |= meaning & GHOST_NODE_PROTOCOL;
            i += i == from;
        }
    }
    bool decorated = s->decorator_flags != 0;
    uint32_t node = add_node(s, outer->node, kind, &s->tokens[at + 1], line, flags);
    pyscan_bind(s, hash_name(&s->tokens[at + 1]), node, decorated ? BIND_DECORATED : 0);
    s->decorator_line = s->decorator_flags = 0;
    if (node != outer->node)
        push(s, (struct block){ .node = node, .is_scope = true, .trivial = kind != PYSCAN_CLASS, .flags = flags & INHERITED });
}

/* Parentheses around all of tokens [*i, *end) are taken off. */
static void strip_parentheses(const struct scan *s, uint32_t *i, uint32_t *end)
{
    uint32_t front = 0, back = 0, around = UINT32_MAX;
    if (*i >= *end)
        return;
    while (*i + front < *end && is(s, *i + front, "("))
        front++;
    while (*i + front < *end - back && is(s, *end - 1 - back, ")"))
        back++;
    for (uint32_t k = *i + front; k < *end - back; k++)
        around = s->tokens[k].depth < around ? s->tokens[k].depth : around;
    uint32_t outside = s->tokens[*i].depth, all = around > outside ? around - outside : 0;
    all = all < front ? all : front;
    all = all < back ? all : back;
    *i += all;
    *end -= all;
}

/* What holds where tokens [i, end) are true, and where they are false. */
static void condition_flags(const struct scan *s, uint32_t i, uint32_t end, uint32_t *body, uint32_t *otherwise)
{
    bool negated = is_name(s, i, "not");
    i += negated;
    strip_parentheses(s, &i, &end);
    if (end - i == 3 && is(s, i + 1, "==")) {
        const struct pytoken *a = &s->tokens[i], *b = &s->tokens[i + 2];
        const struct pytoken *text = a->kind == PY_STRING ? a : b, *name = text == a ? b : a;
        if (pytoken_is(name, "__name__") && (pytoken_is(text, "\"__main__\"") || pytoken_is(text, "'__main__'")) && !negated)
            *body |= GHOST_NODE_MAIN_GUARD;
        return;
    }
    uint32_t meaning = pyscan_dotted(s, &i) & GHOST_NODE_TYPE_CHECKING;
    if (i == end)
        *(negated ? otherwise : body) |= meaning;
}

/* Flags of the body and of the else of `if` (or elif) at tokens[1..]: with
 * `a and b` the body has those of both, and the else tells nothing. */
static void test_flags(const struct scan *s, uint32_t *body, uint32_t *otherwise)
{
    static const char *const loose[] = { "or", "if", "lambda", ":=" }; /* bind weaker than `and` */
    uint32_t from = 1, end = s->n, unused = 0;
    *body = *otherwise = 0;
    strip_parentheses(s, &from, &end);
    uint32_t first = from, depth = from < end ? s->tokens[from].depth : 0;
    for (uint32_t i = from; i < end; i++)
        for (size_t k = 0; s->tokens[i].depth == depth && k < sizeof loose / sizeof *loose; k++)
            if (is(s, i, loose[k]))
                return;
    for (uint32_t i = from; i < end; i++)
        if (s->tokens[i].depth == depth && is_name(s, i, "and")) {
            condition_flags(s, from, i, body, &unused);
            from = i + 1;
        }
    condition_flags(s, from, end, body, from == first ? otherwise : &unused);
}

static void on_branch(struct scan *s, bool has_test, bool continues)
{
    uint32_t body = 0, otherwise = 0, inherited = continues ? s->else_flags : 0;
    if (has_test)
        test_flags(s, &body, &otherwise);
    push(s, (struct block){ .node = top(s)->node, .flags = top(s)->flags | body | inherited, .else_flags = otherwise | inherited });
}

/* Does a `:` at this level end a header? */
static bool is_header(const struct scan *s)
{
    static const char *const words[] = { "def", "class", "if", "elif", "else", "while", "for", "try", "except", "finally", "with", "async" };
    for (size_t i = 0; s->n && i < sizeof words / sizeof *words; i++)
        if (is_name(s, 0, words[i]))
            return true;
    return false;
}

static void on_header(struct scan *s)
{
    pyscan_fill(s, false);
    if (is_name(s, 0, "def"))
        on_scope(s, 0, PYSCAN_DEF);
    else if (is_name(s, 0, "async") && is_name(s, 1, "def"))
        on_scope(s, 1, PYSCAN_ASYNC_DEF);
    else if (is_name(s, 0, "class"))
        on_scope(s, 0, PYSCAN_CLASS);
    else if (is_name(s, 0, "if") || is_name(s, 0, "elif"))
        on_branch(s, true, is_name(s, 0, "elif"));
    else if (is_name(s, 0, "else"))
        on_branch(s, false, true);
}

/* ---- lines ---- */

static void pop(struct scan *s)
{
    const struct block *b = top(s);
    if (b->is_scope && b->trivial && b->filled)
        s->out->v[b->node].flags |= GHOST_NODE_TRIVIAL | (b->raises ? 0 : GHOST_NODE_EMPTY);
    s->n_blocks--;
}

static void begin_line(struct scan *s, const struct pytoken *t)
{
    s->column = t->column;
    s->line_blocks = 0;
    s->else_flags = 0;
    while (s->n_blocks > 1 && top(s)->column >= (int64_t)t->column) {
        if (!top(s)->is_scope && top(s)->column == (int64_t)t->column)
            s->else_flags = top(s)->else_flags;
        pop(s);
    }
}

/* What a header's line holds behind its `:` is all of its body. */
static void end_line(struct scan *s, bool inline_body)
{
    for (; inline_body && s->line_blocks && s->n_blocks > 1; s->line_blocks--) {
        bool is_branch = !top(s)->is_scope;
        if (is_branch)           /* stays for the `else` of the next line */
            break;
        pop(s);
    }
    s->n_lambdas = 0;
}

static void keep(struct scan *s, const struct pytoken *t)
{
    if (grow_array(&s->tokens, s->n, &s->cap, sizeof *s->tokens))
        s->tokens[s->n++] = *t;
    else
        s->failed = true;
}

static void scan_tokens(struct scan *s)
{
    struct pytoken t;
    bool body = false;           /* a header of this line has ended */
    for (pylex_next(&s->lex, &t); t.kind != PY_END && !s->failed; pylex_next(&s->lex, &t)) {
        if (t.first && t.kind != PY_NEWLINE) {
            begin_line(s, &t);
            body = false;
        }
        bool colon = follow_lambdas(s, &t);
        if (t.kind == PY_NEWLINE || (t.kind == PY_OP && t.depth == 0 && pytoken_is(&t, ";"))) {
            bool last = s->n > 0;
            pyscan_statement(s);
            s->n = 0;
            s->n_lambdas = 0;
            if (t.kind == PY_NEWLINE)
                end_line(s, body && last);
        } else if (colon && is_header(s)) {
            on_header(s);
            s->n = 0;
            body = true;
        } else {
            keep(s, &t);
        }
    }
    while (s->n_blocks > 1)
        pop(s);
}

/* ---- names that are bound again ---- */

static int by_name(const void *pa, const void *pb)
{
    const struct binding *a = pa, *b = pb;
    if (a->scope != b->scope)
        return a->scope < b->scope ? -1 : 1;
    if (a->name != b->name)
        return a->name < b->name ? -1 : 1;
    return (a->order > b->order) - (a->order < b->order);
}

/* From the last to the first: is there a later one? Decorated definitions (a
 * property's setter, a registered case) do not replace what was there. */
static void mark_rebound(struct scan *s)
{
    uint32_t star = 0, star_scope = UINT32_MAX;
    if (s->n_bindings)
        qsort(s->bindings, s->n_bindings, sizeof *s->bindings, by_name);
    for (uint32_t i = 0, end; i < s->n_bindings; i = end) {
        uint32_t last = UINT32_MAX;
        bool imported = false;
        for (end = i; end < s->n_bindings && s->bindings[end].scope == s->bindings[i].scope && s->bindings[end].name == s->bindings[i].name; end++) {
            const struct binding *b = &s->bindings[end];
            if (b->how & BIND_STAR) {        /* name 0 sorts first in its scope */
                star = b->order;
                star_scope = b->scope;
            }
            if (!(b->how & BIND_DECORATED))
                last = b->order;
            imported |= b->how & BIND_FROM && s->out->v[b->scope].kind != PYSCAN_DEF && s->out->v[b->scope].kind != PYSCAN_ASYNC_DEF;
        }
        for (uint32_t k = i; k < end; k++) {
            const struct binding *b = &s->bindings[k];
            bool again = last != UINT32_MAX && last > b->order, starred = star_scope == b->scope && star > b->order;
            if (b->node)
                s->out->v[b->node].flags |= (again || starred ? PYSCAN_REBOUND : 0) | (imported || starred ? GHOST_NODE_IMPORTED : 0);
        }
    }
}

/* ---- all ---- */

int pyscan_text(struct pyscan *out, const char *text, size_t n, struct ghost_err *err)
{
    *out = (struct pyscan){ 0 };
    struct scan *s = calloc(1, sizeof *s);
    if (!s)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory while reading source");
    s->out = out;
    s->failed = !grow_array(&out->v, 0, &out->cap, sizeof *out->v);
    if (!s->failed) {
        out->v[out->n++] = (struct pyscan_node){ .kind = PYSCAN_MODULE, .first_line = 1, .name = GHOST_STR("<module>"), .qualname = GHOST_STR("<module>") };
        s->blocks[s->n_blocks++] = (struct block){ .column = NO_COLUMN, .is_scope = true };
        pylex_begin(&s->lex, text, n);
        scan_tokens(s);
        mark_rebound(s);
    }
    if (s->lex.problem)
        problem(s, s->lex.problem, s->lex.problem_line);
    bool failed = s->failed || out->arena.failed;
    free(s->tokens);
    free(s->bindings);
    table_release(&s->globals);
    free(s);
    if (!failed)
        return 0;
    pyscan_release(out);
    return ghost_fail(err, GHOST_E_NOMEM, "out of memory while reading source");
}

void pyscan_release(struct pyscan *s)
{
    free(s->v);
    arena_release(&s->arena);
    *s = (struct pyscan){ 0 };
}
