/* model_defs.c - one process's definitions, unified with those of the others.
 *
 * Two things are the same when everything that tells them apart is: a key is
 * made of it and looked up. What has no readable definition gets a name that
 * shows its number; nothing is dropped for want of a name. */
#include "model_build.h"

#include <stdio.h>
#include <string.h>

/* ---- keys ---- */

struct key { char *p; size_t len, cap; bool failed; };

static void key_bytes(struct key *k, const void *p, size_t n)
{
    if (k->failed || k->len + n > k->cap) {
        size_t cap = (k->len + n) * 2 + 256;
        char *grown = k->failed ? NULL : realloc(k->p, cap);
        if (!grown) {
            k->failed = true;
            return;
        }
        k->p = grown;
        k->cap = cap;
    }
    if (n)
        memcpy(k->p + k->len, p, n);
    k->len += n;
}

static void key_num(struct key *k, uint64_t n) { key_bytes(k, &n, sizeof n); }

static void key_str(struct key *k, struct ghost_str s)
{
    key_num(k, s.len);
    key_bytes(k, s.p, s.len);
}

static uint32_t key_put(struct keyset *set, struct key *k)
{
    uint32_t i = k->failed ? TABLE_NONE : keyset_put(set, k->p, k->len);
    free(k->p);
    *k = (struct key){ 0 };
    return i;
}

struct ghost_str build_str(struct build *b, struct ghost_str s)
{
    return keyset_str(&b->strings, s);
}

static const struct ghost_str *take_strs(struct build *b, const struct ghost_str *from, uint32_t n)
{
    struct ghost_str *to = ARENA_ARRAY(&b->arena, struct ghost_str, n);
    for (uint32_t i = 0; to && i < n; i++)
        to[i] = build_str(b, from[i]);
    return to;
}

/* A made-up name for something without a definition. */
static struct ghost_str numbered(struct build *b, const char *what, uint32_t id)
{
    char name[64];
    int n = snprintf(name, sizeof name, "<%s %u>", what, id);
    return build_str(b, (struct ghost_str){ name, (uint32_t)n });
}

/* ---- types ---- */

static void key_type_names(struct build *b, struct key *k, const uint32_t *ids, uint32_t n)
{
    key_num(k, n);
    for (uint32_t i = 0; i < n; i++) {
        const struct ghost_def_type *t = defs_type(b->defs, ids[i]);
        key_str(k, t ? t->module : GHOST_STR("?"));
        key_str(k, t ? t->qualname : GHOST_STR("?"));
    }
}

static uint32_t put_type(struct build *b, const struct ghost_def_type *d)
{
    struct key k = { 0 };
    key_str(&k, d->module);
    key_str(&k, d->qualname);
    key_num(&k, d->flags);
    key_num(&k, d->abcs);
    key_type_names(b, &k, d->mro, d->n_mro);
    key_type_names(b, &k, d->virtual_bases, d->n_virtual);
    key_num(&k, d->n_members);
    for (uint32_t i = 0; i < d->n_members; i++)
        key_str(&k, d->members[i]);
    uint32_t n = key_put(&b->type_keys, &k);
    if (n == b->types.n) {
        struct ghost_model_type *t = LIST_ADD(&b->types);
        if (!t)
            return TABLE_NONE;
        *t = (struct ghost_model_type){ .module = build_str(b, d->module), .qualname = build_str(b, d->qualname),
                                        .flags = d->flags, .abcs = d->abcs, .n_members = d->n_members,
                                        .members = take_strs(b, d->members, d->n_members) };
    }
    return n == TABLE_NONE ? n : table_put(&b->type_of_id, d->id, n);
}

uint32_t build_type(struct build *b, uint32_t id)
{
    uint32_t n = id ? table_get(&b->type_of_id, id) : GHOST_NONE;
    if (id == 0 || n != TABLE_NONE)
        return n;
    struct ghost_def_type lost = { .id = id, .module = b->processes.v[b->process].log, .qualname = numbered(b, "type", id) };
    return put_type(b, &lost);
}

static const uint32_t *take_types(struct build *b, const uint32_t *ids, uint32_t n)
{
    uint32_t *to = ARENA_ARRAY(&b->arena, uint32_t, n);
    for (uint32_t i = 0; to && i < n; i++)
        to[i] = build_type(b, ids[i]);
    return to;
}

/* After all types of the process have numbers: lists of types. */
static void link_type(struct build *b, const struct ghost_def_type *d)
{
    uint32_t n = table_get(&b->type_of_id, d->id);
    if (n == TABLE_NONE || b->types.v[n].mro)
        return;
    const uint32_t *mro = take_types(b, d->mro, d->n_mro);
    const uint32_t *virtual_bases = take_types(b, d->virtual_bases, d->n_virtual);
    struct ghost_model_type *t = &b->types.v[n];         /* taking may have moved the list */
    t->mro = mro;
    t->n_mro = d->n_mro;
    t->virtual_bases = virtual_bases;
    t->n_virtual = d->n_virtual;
}

/* ---- functions ---- */

static uint32_t put_function(struct build *b, const struct ghost_def_func *d, bool defined)
{
    struct key k = { 0 };
    key_str(&k, d->module);
    key_str(&k, d->qualname);
    key_num(&k, d->first_line);
    key_str(&k, d->file);
    key_num(&k, d->co_flags & (GHOST_CO_VARARGS | GHOST_CO_VARKEYWORDS | GHOST_CO_GENERATOR_LIKE));
    key_num(&k, d->n_posonly);
    key_num(&k, d->n_positional);
    key_num(&k, d->n_kwonly);
    for (uint32_t i = 0; i < d->n_params; i++)
        key_str(&k, d->params[i]);
    uint32_t n = key_put(&b->function_keys, &k);
    if (n == b->functions.n) {
        struct ghost_model_function *f = LIST_ADD(&b->functions);
        if (!f)
            return TABLE_NONE;
        *f = (struct ghost_model_function){
            .module = build_str(b, d->module), .qualname = build_str(b, d->qualname), .file = build_str(b, d->file),
            .first_line = d->first_line, .co_flags = d->co_flags, .n_posonly = d->n_posonly,
            .n_positional = d->n_positional, .n_kwonly = d->n_kwonly, .n_params = d->n_params,
            .params = take_strs(b, d->params, d->n_params), .fingerprint = d->fingerprint,
            .annotations = GHOST_NONE, .defined = defined };
    } else if (n != TABLE_NONE && b->functions.v[n].fingerprint != d->fingerprint) {
        b->functions.v[n].fingerprint = 0;
    }
    return n == TABLE_NONE ? n : table_put(&b->function_of_id, d->id, n);
}

uint32_t build_function(struct build *b, uint32_t id)
{
    uint32_t n = table_get(&b->function_of_id, id);
    if (n != TABLE_NONE)
        return n;
    struct ghost_def_func lost = { .id = id, .module = b->processes.v[b->process].log, .qualname = numbered(b, "function", id),
                                   .file = GHOST_STR("") };
    return put_function(b, &lost, false);
}

/* ---- signatures ---- */

static void fill_signature(struct build *b, struct ghost_model_signature *m, const struct ghost_def_sig *d)
{
    m->defined = true;
    m->other = d->id == GHOST_SIG_OTHER;
    m->n_types = d->n_params;
    m->types = take_types(b, d->types, d->n_params);
    m->n_args = d->n_args;
    m->n_kwargs = d->n_kwargs;
    for (uint32_t i = 0; i < GHOST_SIG_ELEMENTS; i++) {
        m->args[i] = i < d->n_args ? build_type(b, d->args[i]) : GHOST_NONE;
        m->kwargs[i] = i < d->n_kwargs ? build_type(b, d->kwargs[i]) : GHOST_NONE;
    }
}

static uint32_t put_signature(struct build *b, const struct ghost_model_signature *m)
{
    struct key k = { 0 };
    key_num(&k, m->function);
    key_num(&k, (uint64_t)m->defined << 1 | m->other);
    key_num(&k, m->n_args << 8 | m->n_kwargs);
    key_bytes(&k, m->types, m->n_types * sizeof *m->types);
    key_bytes(&k, m->args, sizeof m->args);
    key_bytes(&k, m->kwargs, sizeof m->kwargs);
    uint32_t n = key_put(&b->signature_keys, &k);
    if (n == b->signatures.n) {
        struct build_signature *s = LIST_ADD(&b->signatures);
        if (!s)
            return TABLE_NONE;
        *s = (struct build_signature){ .m = *m };
        s->m.text = build_signature_text(b, m);
    }
    return n;
}

uint32_t build_signature_of(struct build *b, uint32_t func, uint32_t sig)
{
    uint64_t local = (uint64_t)func << GHOST_SIG_BITS | sig;
    uint32_t n = table_get(&b->signature_of_id, local);
    if (n != TABLE_NONE)
        return n;
    const struct ghost_def_sig *d = defs_sig(b->defs, func, sig);
    struct ghost_model_signature m = { .function = build_function(b, func), .first_real = UINT64_MAX };
    memset(m.args, 0xff, sizeof m.args);
    memset(m.kwargs, 0xff, sizeof m.kwargs);
    if (m.function == TABLE_NONE)
        return TABLE_NONE;
    const struct ghost_model_function *f = &b->functions.v[m.function];
    if (d && (d->id == GHOST_SIG_OTHER || d->n_params == f->n_params))
        fill_signature(b, &m, d);
    m.other = m.other || sig == GHOST_SIG_OTHER;
    n = put_signature(b, &m);
    return n == TABLE_NONE ? n : table_put(&b->signature_of_id, local, n);
}

/* ---- the rest ---- */

uint32_t build_thread(struct build *b, uint32_t id)
{
    if (id == 0 || id > GHOST_THREADS_APART)
        return GHOST_NONE;
    uint32_t n = table_get(&b->thread_of_id, id);
    if (n != TABLE_NONE)
        return n;
    const struct ghost_def_thread *d = defs_thread(b->defs, id);
    struct ghost_model_thread *t = LIST_ADD(&b->threads);
    if (!t)
        return TABLE_NONE;
    *t = (struct ghost_model_thread){ .process = b->process, .id = id };
    if (d) {
        t->os_tid = d->os_tid;
        t->start_real = build_real(b, d->start_tick);
    }
    t->name = d ? build_str(b, d->name) : numbered(b, "thread", id);
    return table_put(&b->thread_of_id, id, b->threads.n - 1);
}

/* What tells one record of annotations from another. */
static uint32_t put_annotations(struct build *b, const struct ghost_def_annot *d, uint32_t function)
{
    struct key k = { 0 };
    key_num(&k, function);
    key_num(&k, d->flags);
    key_num(&k, d->n_annotations);
    for (uint32_t i = 0; i < d->n_annotations; i++) {
        key_str(&k, d->annotations[i].param);
        key_str(&k, d->annotations[i].text);
    }
    key_num(&k, d->n_names);
    for (uint32_t i = 0; i < d->n_names; i++) {
        key_num(&k, (uint64_t)d->names[i].kind << 32 | d->names[i].flags);
        key_num(&k, build_type(b, d->names[i].type));
        key_str(&k, d->names[i].name);
        key_str(&k, d->names[i].text);
    }
    for (uint32_t i = 0; i < d->n_defaults; i++) {
        key_num(&k, d->defaults[2 * i]);
        key_num(&k, build_type(b, d->defaults[2 * i + 1]));
    }
    return key_put(&b->annotation_keys, &k);
}

static int take_annot(struct build *b, const struct ghost_def_annot *d)
{
    uint32_t function = build_function(b, d->func);
    uint32_t number = function == TABLE_NONE ? TABLE_NONE : put_annotations(b, d, function);
    if (number == TABLE_NONE)
        return GHOST_E_NOMEM;
    if (number < b->annotations.n)
        return 0;
    struct ghost_def_annot *own = arena_copy(&b->arena, d, sizeof *d);
    struct ghost_def_annotation *annotations = ARENA_ARRAY(&b->arena, struct ghost_def_annotation, d->n_annotations);
    struct ghost_def_name *names = ARENA_ARRAY(&b->arena, struct ghost_def_name, d->n_names);
    uint32_t *defaults = ARENA_ARRAY(&b->arena, uint32_t, 2 * (size_t)d->n_defaults);
    struct ghost_model_annotations *a = LIST_ADD(&b->annotations);
    if (!own || !annotations || !names || !defaults || !a)
        return GHOST_E_NOMEM;
    for (uint32_t i = 0; i < d->n_annotations; i++)
        annotations[i] = (struct ghost_def_annotation){ build_str(b, d->annotations[i].param), build_str(b, d->annotations[i].text) };
    for (uint32_t i = 0; i < d->n_names; i++) {
        names[i] = d->names[i];
        names[i].name = build_str(b, names[i].name);
        names[i].text = build_str(b, names[i].text);
        names[i].type = build_type(b, names[i].type);
    }
    for (uint32_t i = 0; i < d->n_defaults; i++) {
        defaults[2 * i] = d->defaults[2 * i];
        defaults[2 * i + 1] = build_type(b, d->defaults[2 * i + 1]);
    }
    own->annotations = annotations;
    own->names = names;
    own->defaults = defaults;
    *a = (struct ghost_model_annotations){ function, own };
    return 0;
}

static int take_tree(struct build *b, const struct ghost_def_tree *d)
{
    uint32_t n = table_put(&b->tree_by_hash, defs_tree_hash(d), b->trees.n);
    if (n == TABLE_NONE)
        return GHOST_E_NOMEM;
    if (n < b->trees.n) {
        b->trees.v[n].n_processes++;
        return 0;
    }
    struct ghost_model_tree *t = LIST_ADD(&b->trees);
    struct ghost_def_tree *own = arena_copy(&b->arena, d, sizeof *d);
    struct ghost_def_node *nodes = arena_copy(&b->arena, d->nodes, d->n_nodes * sizeof *d->nodes);
    if (!t || !own || !nodes)
        return GHOST_E_NOMEM;
    for (uint32_t i = 0; i < d->n_nodes; i++)
        nodes[i].qualname = build_str(b, nodes[i].qualname);
    own->module = build_str(b, d->module);
    own->file = build_str(b, d->file);
    own->nodes = nodes;
    *t = (struct ghost_model_tree){ own, 1 };
    return 0;
}

static int take_note(struct build *b, const struct ghost_def_note *d)
{
    struct ghost_model_note *n = LIST_ADD(&b->notes);
    if (!n)
        return GHOST_E_NOMEM;
    *n = (struct ghost_model_note){ b->process, d->code, d->count, build_str(b, d->detail) };
    return 0;
}

static int take_child(struct build *b, const struct ghost_def_child *d)
{
    struct build_child *c = LIST_ADD(&b->children);
    if (!c)
        return GHOST_E_NOMEM;
    *c = (struct build_child){ b->process, d->pid };
    return 0;
}

static int take_loss(struct build *b, const struct ghost_def_loss *d, uint64_t unknown)
{
    uint32_t thread = build_thread(b, d->thread);
    /* threads that are not told apart share a row */
    for (uint32_t i = b->losses.n; i-- > 0 && b->losses.v[i].process == b->process;) {
        struct ghost_model_loss *same = &b->losses.v[i];
        if (same->cause != d->cause || same->thread != thread)
            continue;
        same->count += d->count;
        same->unknown += unknown;
        return 0;
    }
    struct ghost_model_loss *l = LIST_ADD(&b->losses);
    if (!l)
        return GHOST_E_NOMEM;
    *l = (struct ghost_model_loss){ b->process, d->cause, thread, d->count, unknown,
                                    d->last_tick ? build_real(b, d->first_tick) : 0,
                                    d->last_tick ? build_real(b, d->last_tick) : 0 };
    return 0;
}

static int take_entry(struct build *b, const struct defs_entry *e)
{
    switch (e->def.kind) {
    case GHOST_REC_FUNC:
        return put_function(b, &e->def.u.func, true) == TABLE_NONE ? GHOST_E_NOMEM : 0;
    case GHOST_REC_SIG:
        return build_signature_of(b, e->def.u.sig.func, e->def.u.sig.id) == TABLE_NONE ? GHOST_E_NOMEM : 0;
    case GHOST_REC_THREAD:
        build_thread(b, e->def.u.thread.id);
        return 0;
    case GHOST_REC_ANNOT:
        return take_annot(b, &e->def.u.annot);
    case GHOST_REC_CONTENT:
        return build_content(b, &e->def.u.content);
    case GHOST_REC_SAMPLED:
        return build_sampled(b, &e->def.u.sampled);
    case GHOST_REC_TREE:
        return take_tree(b, &e->def.u.tree);
    case GHOST_REC_NOTE:
        return take_note(b, &e->def.u.note);
    case GHOST_REC_LOSS:
        return take_loss(b, &e->def.u.loss, e->unknown);
    case GHOST_REC_CHILD:
        return take_child(b, &e->def.u.child);
    default:
        return 0;
    }
}

int build_definitions(struct build *b)
{
    /* types first: everything else refers to them; functions before what is about them */
    static const uint32_t order[] = { GHOST_REC_FUNC, GHOST_REC_SIG, GHOST_REC_THREAD, GHOST_REC_ANNOT,
                                      GHOST_REC_CONTENT, GHOST_REC_SAMPLED, GHOST_REC_TREE, GHOST_REC_NOTE, GHOST_REC_LOSS,
                                      GHOST_REC_CHILD };
    const struct defs *d = b->defs;
    for (uint32_t i = 0; i < d->n; i++)
        if (d->entries[i].def.kind == GHOST_REC_TYPE && put_type(b, &d->entries[i].def.u.type) == TABLE_NONE)
            return GHOST_E_NOMEM;
    for (uint32_t i = 0; i < d->n; i++)
        if (d->entries[i].def.kind == GHOST_REC_TYPE)
            link_type(b, &d->entries[i].def.u.type);
    for (size_t k = 0; k < sizeof order / sizeof *order; k++)
        for (uint32_t i = 0; i < d->n; i++) {
            int ret = d->entries[i].def.kind == order[k] ? take_entry(b, &d->entries[i]) : 0;
            if (ret < 0)
                return ret;
        }
    return b->arena.failed ? GHOST_E_NOMEM : 0;
}
