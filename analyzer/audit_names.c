/* audit_names.c - names to tokens, word by word. */
#include "audit_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ghost/record.h"

void names_init(struct names *n, const struct token_key *key, bool all)
{
    *n = (struct names){ .all = all, .key = *key };
    n->shadowed.arena = n->own.arena = n->kept.arena = n->replaced.arena = &n->arena;
}

void names_release(struct names *n)
{
    keyset_release(&n->shadowed);
    keyset_release(&n->own);
    keyset_release(&n->kept);
    keyset_release(&n->replaced);
    free(n->tokens);
    arena_release(&n->arena);
    *n = (struct names){ 0 };
}

static bool holds(struct ghost_str s, const char *part)
{
    return memmem(s.p, s.len, part, strlen(part)) != NULL;
}

static bool equals(struct ghost_str s, const char *text)
{
    return s.len == strlen(text) && memcmp(s.p, text, s.len) == 0;
}

static bool in_set(const struct keyset *k, struct ghost_str s)
{
    return keyset_find(k, s.p, s.len) != TABLE_NONE;
}

static void put(struct names *n, struct keyset *k, struct ghost_str s)
{
    n->failed |= keyset_put(k, s.p, s.len) == TABLE_NONE;
}

/* ---- words ---- */

static bool in_word(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c >= 0x80;
}

bool names_next_word(struct ghost_str text, uint32_t *at, struct ghost_str *word)
{
    uint32_t i = *at;
    while (i < text.len && !in_word((unsigned char)text.p[i]))
        i++;
    uint32_t begin = i;
    while (i < text.len && in_word((unsigned char)text.p[i]))
        i++;
    *at = i;
    *word = (struct ghost_str){ text.p + begin, i - begin };
    return i > begin;
}

/* One or two digits, as in "3.11": they name nothing. */
static bool is_small_number(struct ghost_str w)
{
    return w.len <= 2 && strspn(w.p, "0123456789") >= w.len;
}

struct ghost_str names_keep(struct names *n, struct ghost_str text)
{
    struct ghost_str word;
    uint32_t at = 0;
    while (names_next_word(text, &at, &word))
        put(n, &n->kept, word);
    return text;
}

static const char *token(struct names *n, struct ghost_str word)
{
    uint32_t before = n->replaced.n, i = keyset_put(&n->replaced, word.p, word.len);
    if (i == TABLE_NONE || !grow_array(&n->tokens, i, &n->cap_tokens, sizeof *n->tokens)) {
        n->failed = true;
        return "";
    }
    if (i == before)
        token_of(&n->key, word.p, word.len, n->tokens[i]);
    return n->tokens[i];
}

struct ghost_str names_words_except(struct names *n, struct arena *a, struct ghost_str text, const struct keyset *keep)
{
    size_t room = (size_t)text.len * (TOKEN_LENGTH + 1) + 1, len = 0;
    char *out = arena_alloc(a, room);
    uint32_t done = 0, at = 0;
    struct ghost_str word;
    if (!out) {
        n->failed = true;
        return GHOST_STR("");
    }
    while (names_next_word(text, &at, &word)) {
        uint32_t begin = (uint32_t)(word.p - text.p);
        memcpy(out + len, text.p + done, begin - done);
        len += begin - done;
        bool kept = keep && in_set(keep, word), stays = kept || (!n->all && public_word(word.p, word.len)) || is_small_number(word);
        if (kept)
            put(n, &n->kept, word);
        const char *text_now = stays ? word.p : token(n, word);
        size_t size = stays ? word.len : TOKEN_LENGTH;
        memcpy(out + len, text_now, *text_now ? size : 0);
        len += *text_now ? size : 0;
        done = at;
    }
    memcpy(out + len, text.p + done, text.len - done);
    return (struct ghost_str){ out, (uint32_t)(len + text.len - done) };
}

struct ghost_str names_words(struct names *n, struct arena *a, struct ghost_str text)
{
    return names_words_except(n, a, text, NULL);
}

/* ---- paths ---- */

/* Where the path inside Python's library begins: behind ".../lib/python3.11/"; 0: it is not there. */
static uint32_t library_at(struct ghost_str path)
{
    for (uint32_t i = 0; i + 9 < path.len; i++) {
        if (memcmp(path.p + i, "/python3.", 9) != 0)
            continue;
        uint32_t end = i + 9;
        while (end < path.len && path.p[end] != '/')
            end++;
        struct ghost_str rest = { path.p + end, path.len - end };
        return end < path.len && !holds(rest, "/site-packages/") && !holds(rest, "/dist-packages/") ? end + 1 : 0;
    }
    return 0;
}

bool names_is_library_file(struct ghost_str path)
{
    return (path.len > 8 && memcmp(path.p, "<frozen ", 8) == 0) || library_at(path) > 0;
}

struct ghost_str names_path(struct names *n, struct arena *a, struct ghost_str path)
{
    static const char *const usual[] = { "usr", "lib", "lib64", "local", "bin", "home", "root", "tmp", "var", "opt", "srv", "etc", "site", "dist", "packages",
                                         "python", "python3", "py", "pyc", "pyw", "zip", "frozen", "string", "stdin", "src", "venv" };
    struct keyset keep = { .arena = a };
    uint32_t inside = n->all ? 0 : library_at(path);
    if (!n->all && path.len > 8 && memcmp(path.p, "<frozen ", 8) == 0)
        return names_keep(n, path);
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        n->failed |= keyset_put(&keep, usual[i], strlen(usual[i])) == TABLE_NONE;
    struct ghost_str front = names_words_except(n, a, (struct ghost_str){ path.p, inside ? inside : path.len }, &keep);
    keyset_release(&keep);
    if (!inside)
        return front;
    names_keep(n, (struct ghost_str){ path.p + inside, path.len - inside });
    char *out = arena_alloc(a, front.len + (path.len - inside));
    if (!out) {
        n->failed = true;
        return GHOST_STR("");
    }
    memcpy(out, front.p, front.len);
    memcpy(out + front.len, path.p + inside, path.len - inside);
    return (struct ghost_str){ out, front.len + (path.len - inside) };
}

/* ---- what is Python's ---- */

static struct ghost_str top_level(struct ghost_str module)
{
    const char *dot = memchr(module.p, '.', module.len);
    return (struct ghost_str){ module.p, dot ? (uint32_t)(dot - module.p) : module.len };
}

bool names_is_public_module(const struct names *n, struct ghost_str module)
{
    struct ghost_str top = top_level(module);
    return !n->all && public_module(top.p, top.len) && !in_set(&n->shadowed, top);
}

bool names_is_public_func(const struct names *n, struct ghost_str module, struct ghost_str file)
{
    return names_is_public_module(n, module) && names_is_library_file(file);
}

/* Modules that make types for others, under names that others choose, and the
 * types of their own. */
static const struct { const char *module, *types; } makers[] = {
    { "builtins", "" }, { "ctypes", "" }, { "_ctypes", "" }, { "functools", " partial partialmethod cached_property singledispatchmethod " },
    { "types", " DynamicClassAttribute _GeneratorWrapper SimpleNamespace " }, { "abc", " ABC ABCMeta abstractclassmethod abstractstaticmethod abstractproperty " },
    { "dataclasses", " Field InitVar FrozenInstanceError KW_ONLY _MISSING_TYPE _KW_ONLY_TYPE _HAS_DEFAULT_FACTORY_CLASS _DataclassParams " },
    { "enum", " Enum IntEnum StrEnum Flag IntFlag ReprEnum EnumType EnumMeta auto property member nonmember verify EnumCheck FlagBoundary _EnumDict _proto_member " },
    { "typing", " Protocol NamedTuple NamedTupleMeta TypedDict _TypedDictMeta Generic TypeVar ParamSpec TypeVarTuple ForwardRef _ProtocolMeta SupportsInt "
                "SupportsFloat SupportsComplex SupportsBytes SupportsIndex SupportsAbs SupportsRound IO TextIO BinaryIO NewType _GenericAlias _SpecialForm Any _AnyMeta " },
    { "collections", " OrderedDict Counter ChainMap UserDict UserList UserString deque defaultdict " },
    { "unittest.mock", " Mock MagicMock AsyncMock NonCallableMock NonCallableMagicMock PropertyMock _Call _CallList _patch _SentinelObject _Sentinel " },
    { "multiprocessing.managers", " BaseManager SyncManager Server BaseProxy Namespace Token " },
};

enum making { NO_MAKER, MAKERS_OWN, MADE };

static enum making making_of(const struct ghost_def_type *t)
{
    char word[128];
    int len = snprintf(word, sizeof word, " %.*s ", (int)t->qualname.len, t->qualname.p);
    for (size_t i = 0; i < sizeof makers / sizeof *makers; i++)
        if (equals(t->module, makers[i].module))
            return len > 0 && (size_t)len < sizeof word && strstr(makers[i].types, word) ? MAKERS_OWN : MADE;
    return NO_MAKER;
}

/* A type that Python code has made bears a module that its maker may have left in
 * it: then its name is the program's, and mostly among the program's words. */
bool names_is_public_type(const struct names *n, const struct ghost_def_type *t)
{
    struct ghost_str word;
    uint32_t at = 0;
    if (!names_is_public_module(n, t->module))
        return false;
    enum making making = t->flags & GHOST_TYPE_HEAP ? making_of(t) : MAKERS_OWN;
    if (making != NO_MAKER)
        return making == MAKERS_OWN;
    while (names_next_word(t->qualname, &at, &word))
        if (in_set(&n->own, word))
            return false;
    return true;
}

/* ---- the first pass ---- */

static bool is_file(struct ghost_str path)
{
    return path.len && path.p[0] != '<';
}

static void learn_module(struct names *n, struct ghost_str module, struct ghost_str file)
{
    struct ghost_str top = top_level(module);
    if (is_file(file) && !names_is_library_file(file) && public_module(top.p, top.len))
        put(n, &n->shadowed, top);
}

void names_learn_modules(struct names *n, const struct ghost_def *d)
{
    if (d->kind == GHOST_REC_FUNC)
        learn_module(n, d->u.func.module, d->u.func.file);
    else if (d->kind == GHOST_REC_TREE)
        learn_module(n, d->u.tree.module, d->u.tree.file);
}

static void learn_text(struct names *n, struct ghost_str text)
{
    struct ghost_str word;
    uint32_t at = 0;
    while (names_next_word(text, &at, &word))
        if (!public_word(word.p, word.len) && !is_small_number(word))
            put(n, &n->own, word);
}

void names_learn_words(struct names *n, const struct ghost_def *d)
{
    if (d->kind == GHOST_REC_FUNC && !names_is_public_func(n, d->u.func.module, d->u.func.file)) {
        learn_text(n, d->u.func.module);
        learn_text(n, d->u.func.qualname);
    } else if (d->kind == GHOST_REC_TYPE && !names_is_public_module(n, d->u.type.module)) {
        learn_text(n, d->u.type.module);
        learn_text(n, d->u.type.qualname);
    } else if (d->kind == GHOST_REC_TREE && !names_is_public_func(n, d->u.tree.module, d->u.tree.file)) {
        learn_text(n, d->u.tree.module);
        for (uint32_t i = 0; i < d->u.tree.n_nodes; i++)
            learn_text(n, d->u.tree.nodes[i].qualname);
    }
}
