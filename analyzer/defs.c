/* defs.c - deep copies of definitions, one under each number. */
#include "defs.h"

#include <string.h>
#include <xxhash.h>

#include "ghost/model.h"

int defs_init(struct defs *d)
{
    *d = (struct defs){ 0 };
    return pthread_mutex_init(&d->lock, NULL) ? GHOST_E_NOMEM : 0;
}

void defs_release(struct defs *d)
{
    free(d->entries);
    table_release(&d->by_key);
    arena_release(&d->arena);
    pthread_mutex_destroy(&d->lock);
}

/* ---- copies ---- */

static struct ghost_str copy_str(struct arena *a, struct ghost_str s)
{
    return (struct ghost_str){ arena_copy(a, s.p, s.len), s.len };
}

static const struct ghost_str *copy_strs(struct arena *a, const struct ghost_str *from, uint32_t n)
{
    struct ghost_str *to = ARENA_ARRAY(a, struct ghost_str, n);
    for (uint32_t i = 0; to && i < n; i++)
        to[i] = copy_str(a, from[i]);
    return to;
}

static const uint32_t *copy_ids(struct arena *a, const uint32_t *from, size_t n)
{
    return arena_copy(a, from, n * sizeof *from);
}

static void copy_annot(struct arena *a, struct ghost_def_annot *d)
{
    struct ghost_def_annotation *annotations = ARENA_ARRAY(a, struct ghost_def_annotation, d->n_annotations);
    for (uint32_t i = 0; annotations && i < d->n_annotations; i++)
        annotations[i] = (struct ghost_def_annotation){ copy_str(a, d->annotations[i].param), copy_str(a, d->annotations[i].text) };
    struct ghost_def_name *names = ARENA_ARRAY(a, struct ghost_def_name, d->n_names);
    for (uint32_t i = 0; names && i < d->n_names; i++) {
        names[i] = d->names[i];
        names[i].name = copy_str(a, d->names[i].name);
        names[i].text = copy_str(a, d->names[i].text);
    }
    d->annotations = annotations;
    d->names = names;
    d->defaults = copy_ids(a, d->defaults, 2 * (size_t)d->n_defaults);
}

static void copy_tree(struct arena *a, struct ghost_def_tree *d)
{
    struct ghost_def_node *nodes = ARENA_ARRAY(a, struct ghost_def_node, d->n_nodes);
    for (uint32_t i = 0; nodes && i < d->n_nodes; i++) {
        nodes[i] = d->nodes[i];
        nodes[i].qualname = copy_str(a, d->nodes[i].qualname);
    }
    d->module = copy_str(a, d->module);
    d->file = copy_str(a, d->file);
    d->nodes = nodes;
}

static const struct ghost_def_part *copy_parts(struct arena *a, const struct ghost_def_part *from, uint32_t n)
{
    return arena_copy(a, from, n * sizeof *from);
}

/* Makes everything *d points to our own. */
static void copy_def(struct arena *a, struct ghost_def *d)
{
    switch (d->kind) {
    case GHOST_REC_FUNC:
        d->u.func.module = copy_str(a, d->u.func.module);
        d->u.func.qualname = copy_str(a, d->u.func.qualname);
        d->u.func.file = copy_str(a, d->u.func.file);
        d->u.func.params = copy_strs(a, d->u.func.params, d->u.func.n_params);
        break;
    case GHOST_REC_TYPE:
        d->u.type.module = copy_str(a, d->u.type.module);
        d->u.type.qualname = copy_str(a, d->u.type.qualname);
        d->u.type.mro = copy_ids(a, d->u.type.mro, d->u.type.n_mro);
        d->u.type.virtual_bases = copy_ids(a, d->u.type.virtual_bases, d->u.type.n_virtual);
        d->u.type.members = copy_strs(a, d->u.type.members, d->u.type.n_members);
        break;
    case GHOST_REC_SIG:
        d->u.sig.types = copy_ids(a, d->u.sig.types, d->u.sig.n_params);
        break;
    case GHOST_REC_CONTENT:
        d->u.content.keys = copy_parts(a, d->u.content.keys, d->u.content.n_keys);
        d->u.content.items = copy_parts(a, d->u.content.items, d->u.content.n_items);
        break;
    case GHOST_REC_ANNOT:
        copy_annot(a, &d->u.annot);
        break;
    case GHOST_REC_TREE:
        copy_tree(a, &d->u.tree);
        break;
    case GHOST_REC_THREAD:
        d->u.thread.name = copy_str(a, d->u.thread.name);
        break;
    case GHOST_REC_MARK:
        d->u.mark.name = copy_str(a, d->u.mark.name);
        break;
    case GHOST_REC_NOTE:
        d->u.note.detail = copy_str(a, d->u.note.detail);
        break;
    }
}

/* ---- keys ---- */

static uint64_t hash_str(struct ghost_str s, uint64_t seed)
{
    return XXH3_64bits_withSeed(s.p, s.len, seed);
}

uint64_t defs_tree_hash(const struct ghost_def_tree *t)
{
    uint64_t h = hash_str(t->file, hash_str(t->module, t->n_nodes));
    for (uint32_t i = 0; i < t->n_nodes; i++) {
        const struct ghost_def_node *n = &t->nodes[i];
        uint64_t facts[] = { n->parent, n->flags, n->co_flags, n->first_line, n->fingerprint };
        h = hash_str(n->qualname, XXH3_64bits_withSeed(facts, sizeof facts, h));
    }
    return h;
}

/* A function may have several records of annotations, each of other content. */
static uint64_t annot_hash(const struct ghost_def_annot *d)
{
    uint64_t h = XXH3_64bits_withSeed(d->defaults, 2 * (size_t)d->n_defaults * sizeof *d->defaults, d->flags);
    for (uint32_t i = 0; i < d->n_annotations; i++)
        h = hash_str(d->annotations[i].text, hash_str(d->annotations[i].param, h));
    for (uint32_t i = 0; i < d->n_names; i++) {
        const struct ghost_def_name *n = &d->names[i];
        uint32_t facts[] = { n->kind, n->type, n->flags };
        h = hash_str(n->text, hash_str(n->name, XXH3_64bits_withSeed(facts, sizeof facts, h)));
    }
    return h;
}

static uint64_t sampled_hash(const struct ghost_def_sampled *d)
{
    uint32_t facts[] = { d->func, d->caller, d->place, d->index, d->content };
    return XXH3_64bits(facts, sizeof facts);
}

static uint64_t key(uint32_t kind, uint64_t number)
{
    return (uint64_t)kind << 56 | (number & (UINT64_MAX >> 8));
}

static uint64_t key_of(const struct ghost_def *d)
{
    switch (d->kind) {
    case GHOST_REC_FUNC: return key(d->kind, d->u.func.id);
    case GHOST_REC_TYPE: return key(d->kind, d->u.type.id);
    case GHOST_REC_SIG: return key(d->kind, (uint64_t)d->u.sig.func << GHOST_SIG_BITS | d->u.sig.id);
    case GHOST_REC_ANNOT: return key(d->kind, (uint64_t)d->u.annot.func << 36 | annot_hash(&d->u.annot) >> 28);
    case GHOST_REC_CONTENT: return key(d->kind, d->u.content.id);
    case GHOST_REC_SAMPLED: return key(d->kind, sampled_hash(&d->u.sampled));
    case GHOST_REC_TREE: return key(d->kind, defs_tree_hash(&d->u.tree));
    case GHOST_REC_THREAD: return key(d->kind, d->u.thread.id);
    case GHOST_REC_MARK: return key(d->kind, d->u.mark.id);
    case GHOST_REC_NOTE: return key(d->kind, hash_str(d->u.note.detail, d->u.note.code));
    case GHOST_REC_CHILD: return key(d->kind, d->u.child.pid << 24 ^ d->u.child.tick);
    case GHOST_REC_LOSS: return key(d->kind, (uint64_t)d->u.loss.thread << 16 | (d->u.loss.cause & 0xffff));
    default: return key(d->kind, 0);
    }
}

/* ---- adding ---- */

static void add_loss(struct defs_entry *e, const struct ghost_def_loss *more)
{
    struct ghost_def_loss *l = &e->def.u.loss;
    bool known = more->first_tick || more->last_tick;
    e->unknown += more->count == 0;
    l->count += more->count;
    if (known && (!l->last_tick || more->first_tick < l->first_tick))
        l->first_tick = more->first_tick;
    if (more->last_tick > l->last_tick)
        l->last_tick = more->last_tick;
}

static bool is_last_kept(uint32_t kind)
{
    return kind == GHOST_REC_NOTE || kind == GHOST_REC_META || kind == GHOST_REC_END || kind == GHOST_REC_SAMPLED;
}

static int add_one(struct defs *d, struct ghost_def *def, uint64_t k, uint64_t order)
{
    if (!grow_array(&d->entries, d->n, &d->cap, sizeof *d->entries))
        return GHOST_E_NOMEM;
    uint32_t i = table_put(&d->by_key, k, d->n);
    if (i == TABLE_NONE)
        return GHOST_E_NOMEM;
    struct defs_entry *e = &d->entries[i];
    bool is_new = i == d->n;
    if (is_new) {
        d->n++;
        *e = (struct defs_entry){ .order = order };
    }
    if (def->kind == GHOST_REC_LOSS) {
        if (is_new) {
            e->def = *def;
            e->def.u.loss.count = 0;
            e->def.u.loss.first_tick = e->def.u.loss.last_tick = 0;
        }
        add_loss(e, &def->u.loss);
        return 0;
    }
    if (!is_new && (is_last_kept(def->kind) ? order < e->order : order >= e->order))
        return 0;
    copy_def(&d->arena, def);
    e->def = *def;
    e->order = order;
    return d->arena.failed ? GHOST_E_NOMEM : 0;
}

/* Each pair is an entry of its own, so that a later value replaces it. */
static int add_meta(struct defs *d, const struct ghost_def_meta *m, uint64_t order)
{
    int ret = 0;
    for (uint32_t i = 0; ret == 0 && i < m->n_pairs; i++) {
        struct ghost_def_pair *pair = ARENA_ARRAY(&d->arena, struct ghost_def_pair, 1);
        if (!pair)
            return GHOST_E_NOMEM;
        *pair = (struct ghost_def_pair){ copy_str(&d->arena, m->pairs[i].key), copy_str(&d->arena, m->pairs[i].value) };
        struct ghost_def one = { .kind = GHOST_REC_META, .u.meta = { 1, pair } };
        ret = add_one(d, &one, key(GHOST_REC_META, hash_str(pair->key, 0)), order);
    }
    return ret;
}

int defs_add(struct defs *d, const struct ghost_def *def, uint64_t order)
{
    struct ghost_def own = *def;
    int ret = 0;
    pthread_mutex_lock(&d->lock);
    if (def->kind == GHOST_REC_THREAD && def->u.thread.id > d->n_threads)
        d->n_threads = def->u.thread.id;
    if (def->kind == GHOST_REC_META)
        ret = add_meta(d, &def->u.meta, order);
    else if (def->kind != GHOST_REC_THREAD || def->u.thread.id <= GHOST_THREADS_APART)
        ret = add_one(d, &own, key_of(def), order);
    pthread_mutex_unlock(&d->lock);
    return ret;
}

/* ---- finding ---- */

static const struct ghost_def *find(const struct defs *d, uint64_t k)
{
    uint32_t i = table_get(&d->by_key, k);
    return i == TABLE_NONE ? NULL : &d->entries[i].def;
}

const struct ghost_def_func *defs_func(const struct defs *d, uint32_t id)
{
    const struct ghost_def *def = find(d, key(GHOST_REC_FUNC, id));
    return def ? &def->u.func : NULL;
}

const struct ghost_def_type *defs_type(const struct defs *d, uint32_t id)
{
    const struct ghost_def *def = find(d, key(GHOST_REC_TYPE, id));
    return def ? &def->u.type : NULL;
}

const struct ghost_def_sig *defs_sig(const struct defs *d, uint32_t func, uint32_t id)
{
    const struct ghost_def *def = find(d, key(GHOST_REC_SIG, (uint64_t)func << GHOST_SIG_BITS | id));
    return def ? &def->u.sig : NULL;
}

const struct ghost_def_thread *defs_thread(const struct defs *d, uint32_t id)
{
    const struct ghost_def *def = find(d, key(GHOST_REC_THREAD, id));
    return def ? &def->u.thread : NULL;
}

const struct ghost_def_mark *defs_mark(const struct defs *d, uint32_t id)
{
    const struct ghost_def *def = find(d, key(GHOST_REC_MARK, id));
    return def ? &def->u.mark : NULL;
}

struct sort_item { uint64_t key; uint32_t entry; };

static int by_key(const void *pa, const void *pb)
{
    const struct sort_item *a = pa, *b = pb;
    return a->key < b->key ? -1 : a->key > b->key;
}

int defs_sort(struct defs *d)
{
    int ret = GHOST_E_NOMEM;
    struct sort_item *order = malloc((d->n ? d->n : 1) * sizeof *order);
    struct defs_entry *sorted = malloc((d->n ? d->n : 1) * sizeof *sorted);
    uint32_t n = 0;
    if (!order || !sorted)
        goto out;
    for (uint32_t i = 0; d->by_key.slots && i <= d->by_key.mask; i++)
        if (d->by_key.slots[i].value != TABLE_NONE)
            order[n++] = (struct sort_item){ d->by_key.slots[i].key, d->by_key.slots[i].value };
    qsort(order, n, sizeof *order, by_key);
    for (uint32_t i = 0; i < n; i++)
        sorted[i] = d->entries[order[i].entry];
    struct table renumbered = { 0 };
    for (uint32_t i = 0; i < n; i++)
        if (table_put(&renumbered, order[i].key, i) == TABLE_NONE) {
            table_release(&renumbered);
            goto out;
        }
    table_release(&d->by_key);
    d->by_key = renumbered;
    free(d->entries);
    d->entries = sorted;
    d->cap = n;
    sorted = NULL;
    ret = 0;
out:
    free(order);
    free(sorted);
    return ret;
}
