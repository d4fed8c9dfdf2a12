/* pyscan_statement.c - what a simple statement says: names it imports, binds, deletes or
 * decorates with, and whether a body is empty. */
#include <string.h>

#include "pyscan_scan.h"

/* ---- names that mean something ---- */

static const struct { const char *name; uint32_t flag; } meanings[] = {
    { "overload", GHOST_NODE_OVERLOAD }, { "abstractmethod", GHOST_NODE_ABSTRACT }, { "abstractproperty", GHOST_NODE_ABSTRACT },
    { "abstractclassmethod", GHOST_NODE_ABSTRACT }, { "abstractstaticmethod", GHOST_NODE_ABSTRACT },
    { "Protocol", GHOST_NODE_PROTOCOL }, { "TYPE_CHECKING", GHOST_NODE_TYPE_CHECKING },
};

static const struct alias *find_alias(const struct scan *s, const char *name, uint32_t len)
{
    for (uint32_t i = 0; i < s->n_aliases; i++)
        if (s->aliases[i].name_len == len && memcmp(s->aliases[i].name, name, len) == 0)
            return &s->aliases[i];
    return NULL;
}

static void add_alias(struct scan *s, const struct pytoken *name, const char *meaning, uint32_t len)
{
    if (s->n_aliases < PYSCAN_ALIASES && !find_alias(s, name->p, name->len))
        s->aliases[s->n_aliases++] = (struct alias){ name->p, meaning, name->len, len };
}

/* Protocol means something in typing and in modules that stand in for it; asyncio has another. */
static bool is_typing(const char *module, uint32_t len) { return memmem(module, len, "typing", 6) || memmem(module, len, "compat", 6); }

static uint32_t meaning_of(const char *name, uint32_t len)
{
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (strlen(meanings[i].name) == len && memcmp(meanings[i].name, name, len) == 0)
            return meanings[i].flag;
    return 0;
}

uint32_t pyscan_dotted(const struct scan *s, uint32_t *i)
{
    if (*i >= s->n || s->tokens[*i].kind != PY_NAME)
        return 0;
    const struct pytoken *first = &s->tokens[(*i)++], *last = first;
    while (*i + 1 < s->n && pytoken_is(&s->tokens[*i], ".") && s->tokens[*i + 1].kind == PY_NAME) {
        last = &s->tokens[*i + 1];
        *i += 2;
    }
    const struct alias *alias = find_alias(s, first->p, first->len);
    if (last == first)
        return alias ? meaning_of(alias->meaning, alias->meaning_len) : meaning_of(last->p, last->len);
    uint32_t meaning = meaning_of(last->p, last->len);
    bool plain = alias && last == first + 2;         /* import typing as t; t.Protocol */
    const char *module = plain ? alias->meaning : first->p;
    return meaning != GHOST_NODE_PROTOCOL || is_typing(module, plain ? alias->meaning_len : (uint32_t)(last->p - first->p)) ? meaning : 0;
}

/* ---- simple statements ---- */

/* tokens[i]: what is imported, [from] `module`. */
static void on_imported(struct scan *s, uint32_t i, const struct pytoken *bound, bool from, bool of_typing)
{
    const struct pytoken *name = &s->tokens[i];
    pyscan_bind(s, hash_name(bound), 0, from ? BIND_FROM : 0);
    if (from && pytoken_is(name, "Protocol") && !of_typing)
        add_alias(s, bound, "", 0);
    else if (bound != name && from && meaning_of(name->p, name->len))
        add_alias(s, bound, name->p, name->len);
    else if (bound != name && !from && is_typing(name->p, (uint32_t)(bound->p - name->p)))
        add_alias(s, bound, name->p, (uint32_t)(bound->p - name->p));        /* `typing as` is as good as typing here */
}

static void on_import(struct scan *s, uint32_t i, bool from, bool of_typing)
{
    while (i < s->n) {
        const struct pytoken *name = &s->tokens[i];
        uint32_t at = i;
        if (name->kind != PY_NAME || pytoken_is(name, "as")) {
            if (from && pytoken_is(name, "*"))
                pyscan_bind(s, 0, 0, BIND_STAR);
            i++;
            continue;
        }
        while (!from && i + 2 < s->n && pytoken_is(&s->tokens[i + 1], "."))
            i += 2;                          /* import a.b binds a */
        bool renamed = is_name(s, i + 1, "as") && i + 2 < s->n;
        i += renamed ? 2 : 0;
        on_imported(s, at, renamed ? &s->tokens[i] : name, from, of_typing);
        i++;
    }
}

static void on_from(struct scan *s)
{
    uint32_t i = 1;
    while (i < s->n && !is_name(s, i, "import"))
        i++;
    const char *module = s->tokens[0].p;
    on_import(s, i + 1, true, i < s->n && is_typing(module, (uint32_t)(s->tokens[i].p - module)));
}

/* del a, (b, [c]): names that are targets; not d[e], f.g, h(i).j */
static void on_del(struct scan *s)
{
    for (uint32_t i = 1; i < s->n; i++) {
        const struct pytoken *t = &s->tokens[i], *before = &s->tokens[i - 1];
        bool follows = i > 1 && (before->kind == PY_NAME || before->kind == PY_CLOSE || before->kind == PY_STRING);
        if (t->kind == PY_OPEN && follows) {         /* a subscript or call: over it */
            for (uint32_t depth = t->depth; i + 1 < s->n && !(s->tokens[i].kind == PY_CLOSE && s->tokens[i].depth == depth); i++)
                ;
            continue;
        }
        if (t->kind == PY_NAME && !is(s, i - 1, ".") && (i + 1 == s->n || strchr(")],", s->tokens[i + 1].p[0])))
            pyscan_bind(s, hash_name(t), 0, 0);
    }
}

static void on_global(struct scan *s)
{
    for (uint32_t i = 1; i < s->n; i++)
        if (s->tokens[i].kind == PY_NAME && table_put(&s->globals, global_key(top(s)->node, &s->tokens[i]), 0) == TABLE_NONE)
            s->failed = true;
}

static bool is_constant(const struct pytoken *t)
{
    return t->kind == PY_STRING || t->kind == PY_NUMBER || pytoken_is(t, "...") ||
           (t->kind == PY_NAME && (pytoken_is(t, "None") || pytoken_is(t, "True") || pytoken_is(t, "False")));
}

/* raise NotImplementedError, called or not, in brackets or not, with a cause or not */
static bool is_not_implemented(const struct scan *s)
{
    uint32_t i = 1;
    while (is(s, i, "("))
        i++;
    if (!is_name(s, i++, "NotImplementedError"))
        return false;
    if (is(s, i, "(")) {
        uint32_t depth = s->tokens[i].depth;
        for (i++; i < s->n && !(s->tokens[i].kind == PY_CLOSE && s->tokens[i].depth == depth); i++)
            ;
        i++;
    }
    while (is(s, i, ")"))
        i++;
    return i >= s->n || is_name(s, i, "from");
}

static bool is_trivial(const struct scan *s)
{
    if (is_name(s, 0, "raise"))
        return is_not_implemented(s);
    if (is_name(s, 0, "return"))
        return s->n == 1 || (s->n == 2 && is_name(s, 1, "None"));
    if (s->n == 1)
        return is_name(s, 0, "pass") || is_constant(&s->tokens[0]);
    for (uint32_t i = 0; i < s->n; i++)
        if (s->tokens[i].kind != PY_STRING)
            return is_name(s, 0, "global") || is_name(s, 0, "nonlocal");
    return true;
}

void pyscan_fill(struct scan *s, bool trivial)
{
    uint32_t i = s->n_blocks;
    while (i-- > 1 && !s->blocks[i].is_scope)
        ;
    if (i < s->n_blocks && !s->blocks[i].ended) {
        s->blocks[i].trivial = s->blocks[i].trivial && trivial;
        s->blocks[i].raises = s->blocks[i].raises || is_name(s, 0, "raise");
        s->blocks[i].filled = true;
        s->blocks[i].ended = s->blocks[i].trivial && (is_name(s, 0, "raise") || is_name(s, 0, "return"));
    }
}

static void on_decorator(struct scan *s)
{
    uint32_t i = 1;
    while (is(s, i, "("))
        i++;
    if (!s->decorator_line)
        s->decorator_line = s->tokens[i < s->n ? i : 0].line;
    s->decorator_flags |= GHOST_NODE_DECORATED | (pyscan_dotted(s, &i) & (GHOST_NODE_OVERLOAD | GHOST_NODE_ABSTRACT));
}

void pyscan_statement(struct scan *s)
{
    if (!s->n)
        return;
    if (is(s, 0, "@")) {
        on_decorator(s);
        return;
    }
    pyscan_fill(s, is_trivial(s));
    if (is_name(s, 0, "import"))
        on_import(s, 1, false, false);
    else if (is_name(s, 0, "from"))
        on_from(s);
    else if (is_name(s, 0, "global"))
        on_global(s);
    else if (is_name(s, 0, "del"))
        on_del(s);
    else
        for (uint32_t i = 0; i + 1 < s->n && s->tokens[i].kind == PY_NAME && is(s, i + 1, "="); i += 2)
            pyscan_bind(s, hash_name(&s->tokens[i]), 0, 0);
}
