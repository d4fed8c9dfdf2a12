/* audit_redact.c - definitions with tokens in place of the program's names. */
#include "audit_redact.h"

#include <stdlib.h>
#include <string.h>

#include "ghost/record.h"

/* ---- the types of a log ---- */

static struct ghost_str keep_str(struct redact_types *t, struct ghost_str s)
{
    char *p = arena_copy(&t->arena, s.p, s.len ? s.len : 1);
    t->failed |= !p;
    return (struct ghost_str){ p, p ? s.len : 0 };
}

void redact_types_add(struct redact_types *t, const struct names *n, const struct ghost_def_type *d)
{
    uint32_t i = table_put(&t->by_id, d->id, t->n);
    if (i == TABLE_NONE || !grow_array(&t->v, t->n, &t->cap, sizeof *t->v)) {
        t->failed = true;
    } else if (i == t->n) {
        t->v[t->n++] = (struct redact_type){ d->id, names_is_public_type(n, d), keep_str(t, d->module), keep_str(t, d->qualname) };
    }
}

void redact_types_release(struct redact_types *t)
{
    free(t->v);
    table_release(&t->by_id);
    arena_release(&t->arena);
    *t = (struct redact_types){ 0 };
}

static const struct redact_type *find_type(const struct redact_types *t, uint32_t id)
{
    uint32_t i = table_get(&t->by_id, id);
    return i == TABLE_NONE ? NULL : &t->v[i];
}

/* ---- lists of strings ---- */

static void *copy(struct names *n, struct arena *a, const void *v, size_t count, size_t size)
{
    void *p = arena_array(a, count, size);
    n->failed |= !p;
    if (p && count)
        memcpy(p, v, count * size);
    return p;
}

static const struct ghost_str *each_word(struct names *n, struct arena *a, const struct ghost_str *v, uint32_t count)
{
    struct ghost_str *out = copy(n, a, v, count, sizeof *v);
    for (uint32_t i = 0; out && i < count; i++)
        out[i] = names_words(n, a, v[i]);
    return out;
}

/* As wide as it was: 32 bits since format 2. */
static void code(struct names *n, uint64_t *fingerprint)
{
    uint64_t token = *fingerprint ? token_number(&n->key, *fingerprint) : 0;
    *fingerprint = *fingerprint > UINT32_MAX || !token ? token : token >> 33 | 1;
}

/* The module stays where it is Python's, whatever becomes of what is in it. */
static struct ghost_str module_name(struct names *n, struct arena *a, struct ghost_str module)
{
    return names_is_public_module(n, module) ? names_keep(n, module) : names_words(n, a, module);
}

/* ---- one kind each ---- */

static void func(struct names *n, struct arena *a, struct ghost_def_func *d)
{
    bool is_public = names_is_public_func(n, d->module, d->file);
    d->file = names_path(n, a, d->file);
    d->module = module_name(n, a, d->module);
    if (is_public) {
        names_keep(n, d->qualname);
        for (uint32_t i = 0; i < d->n_params; i++)
            names_keep(n, d->params[i]);
        return;
    }
    d->qualname = names_words(n, a, d->qualname);
    d->params = each_word(n, a, d->params, d->n_params);
    code(n, &d->fingerprint);
}

/* Members become tokens in every type, so that a protocol finds them again. */
static void type(struct names *n, struct arena *a, struct ghost_def_type *d)
{
    bool is_public = names_is_public_type(n, d);
    d->members = each_word(n, a, d->members, d->n_members);
    d->module = module_name(n, a, d->module);
    d->qualname = is_public ? names_keep(n, d->qualname) : names_words(n, a, d->qualname);
}

static void tree(struct names *n, struct arena *a, struct ghost_def_tree *d)
{
    bool is_public = names_is_public_func(n, d->module, d->file);
    struct ghost_def_node *nodes = copy(n, a, d->nodes, d->n_nodes, sizeof *nodes);
    d->file = names_path(n, a, d->file);
    d->nodes = nodes;
    d->module = module_name(n, a, d->module);
    for (uint32_t i = 0; nodes && i < d->n_nodes; i++) {
        nodes[i].qualname = is_public ? names_keep(n, nodes[i].qualname) : names_words(n, a, nodes[i].qualname);
        if (!is_public)
            code(n, &nodes[i].fingerprint);
    }
}

/* ---- annotations ---- */

static bool has_word(struct ghost_str text, struct ghost_str word)
{
    struct ghost_str w;
    uint32_t at = 0;
    while (names_next_word(text, &at, &w))
        if (w.len == word.len && memcmp(w.p, word.p, w.len) == 0)
            return true;
    return false;
}

/* Words of a name that are words of what it denotes too: no alias of the program's. */
static void keep_words(struct names *n, struct keyset *keep, struct ghost_str name, struct ghost_str module, struct ghost_str denoted)
{
    struct ghost_str w;
    uint32_t at = 0;
    while (names_next_word(name, &at, &w))
        if (has_word(module, w) || has_word(denoted, w))
            n->failed |= keyset_put(keep, w.p, w.len) == TABLE_NONE;
}

/* What stays in the texts of a record: names of the standard library. */
static void collect_kept(struct names *n, const struct redact_types *t, const struct ghost_def_annot *d, struct keyset *keep)
{
    for (uint32_t i = 0; i < d->n_names && !n->all; i++) {
        const struct ghost_def_name *x = &d->names[i];
        const struct redact_type *denoted = x->type ? find_type(t, x->type) : NULL;
        if (x->kind == GHOST_NAME_TYPE && denoted && denoted->is_public)
            keep_words(n, keep, x->name, denoted->module, denoted->qualname);
        else if (x->kind == GHOST_NAME_SPECIAL || (x->kind == GHOST_NAME_MODULE && names_is_public_module(n, x->text)))
            keep_words(n, keep, x->name, x->text, GHOST_STR(""));
    }
}

static void annot(struct names *n, const struct redact_types *t, struct arena *a, struct ghost_def_annot *d)
{
    struct keyset keep = { .arena = a };
    struct ghost_def_annotation *annotations = copy(n, a, d->annotations, d->n_annotations, sizeof *annotations);
    struct ghost_def_name *list = copy(n, a, d->names, d->n_names, sizeof *list);
    collect_kept(n, t, d, &keep);
    for (uint32_t i = 0; annotations && i < d->n_annotations; i++) {
        annotations[i].param = names_words(n, a, annotations[i].param);
        annotations[i].text = names_words_except(n, a, annotations[i].text, &keep);
    }
    for (uint32_t i = 0; list && i < d->n_names; i++) {
        bool special = list[i].kind == GHOST_NAME_SPECIAL || (list[i].kind == GHOST_NAME_MODULE && names_is_public_module(n, list[i].text));
        list[i].name = names_words_except(n, a, list[i].name, &keep);
        list[i].text = special && !n->all ? names_keep(n, list[i].text) : names_words_except(n, a, list[i].text, &keep);
    }
    d->annotations = annotations;
    d->names = list;
    keyset_release(&keep);
}

/* ---- META ---- */

enum rule { META_STAYS, META_WORDS, META_PATH };
static const struct { const char *key; enum rule rule; } meta_rules[] = {
    { "ghost", META_STAYS }, { "python", META_STAYS }, { "implementation", META_STAYS }, { "platform", META_STAYS }, { "pid", META_STAYS },
    { "ppid", META_STAYS }, { "host", META_WORDS }, { "script", META_PATH }, { "main", META_WORDS }, { "executable", META_PATH },
    { "parent", META_STAYS }, { "how", META_STAYS }, { "hook", META_STAYS }, { "clock", META_STAYS }, { "filter", META_WORDS },
    { "start_real_ns", META_STAYS }, { "start_mono_ns", META_STAYS }, { "start_tick", META_STAYS }, { "session", META_STAYS }, { "deep", META_STAYS },
};

static struct ghost_str meta_value(struct names *n, struct arena *a, const struct ghost_def_pair *p)
{
    enum rule rule = META_WORDS;             /* of a key that nobody knows */
    for (size_t i = 0; i < sizeof meta_rules / sizeof *meta_rules; i++)
        if (strlen(meta_rules[i].key) == p->key.len && memcmp(meta_rules[i].key, p->key.p, p->key.len) == 0)
            rule = meta_rules[i].rule;
    return rule == META_STAYS ? names_keep(n, p->value) : rule == META_PATH ? names_path(n, a, p->value) : names_words(n, a, p->value);
}

static void meta(struct names *n, struct arena *a, struct ghost_def_meta *d)
{
    struct ghost_def_pair *pairs = copy(n, a, d->pairs, d->n_pairs, sizeof *pairs);
    for (uint32_t i = 0; pairs && i < d->n_pairs; i++)
        pairs[i].value = meta_value(n, a, &d->pairs[i]);
    d->pairs = pairs;
}

/* ---- all ---- */

void redact_def(struct names *n, const struct redact_types *t, struct arena *a, const struct ghost_def *from, struct ghost_def *to)
{
    *to = *from;
    switch (from->kind) {
    case GHOST_REC_FUNC: func(n, a, &to->u.func); break;
    case GHOST_REC_TYPE: type(n, a, &to->u.type); break;
    case GHOST_REC_TREE: tree(n, a, &to->u.tree); break;
    case GHOST_REC_ANNOT: annot(n, t, a, &to->u.annot); break;
    case GHOST_REC_META: meta(n, a, &to->u.meta); break;
    case GHOST_REC_THREAD: to->u.thread.name = names_words(n, a, from->u.thread.name); break;
    case GHOST_REC_MARK: to->u.mark.name = names_words(n, a, from->u.mark.name); break;
    case GHOST_REC_NOTE: to->u.note.detail = names_words(n, a, from->u.note.detail); break;
    default: break;                          /* numbers */
    }
}
