/* model_content.c - what was seen inside containers (--deep): contents of all
 * processes under unified numbers, the objects counted by function, place and caller. */
#include "model_build.h"

#include <string.h>

/* ---- coming in ---- */

static uint32_t part_content(const struct build *b, uint32_t id)
{
    uint32_t n = id ? table_get(&b->content_of_id, id) : TABLE_NONE;
    return n != TABLE_NONE && b->contents.v[n].level + 1 < GHOST_DEEP_LEVELS ? n : GHOST_NONE;
}

static int by_number(const void *pa, const void *pb)
{
    const struct ghost_model_part *a = pa, *b = pb;
    if (a->type != b->type)
        return a->type < b->type ? -1 : 1;
    return (a->content > b->content) - (a->content < b->content);
}

/* Of a set of parts: each once. */
static uint32_t unite(struct ghost_model_part *v, uint32_t n)
{
    uint32_t kept = 0;
    if (n > 1)
        qsort(v, n, sizeof *v, by_number);
    for (uint32_t i = 0; i < n; i++)
        if (kept == 0 || by_number(&v[kept - 1], &v[i]) != 0)
            v[kept++] = v[i];
    return kept;
}

static bool is_by_position(const struct ghost_model_content *c) { return c->size > 0 && c->size <= GHOST_TUPLE_APART; }

static struct ghost_model_part *take_parts(struct build *b, const struct ghost_def_part *from, uint32_t n, struct ghost_model_content *c)
{
    struct ghost_model_part *to = ARENA_ARRAY(&b->arena, struct ghost_model_part, n);
    for (uint32_t i = 0; to && i < n; i++) {
        to[i] = (struct ghost_model_part){ build_type(b, from[i].type), part_content(b, from[i].content) };
        if (to[i].content != GHOST_NONE && b->contents.v[to[i].content].level >= c->level)
            c->level = b->contents.v[to[i].content].level + 1;
    }
    return to;
}

/* Number of the content with this description, put there when new. */
static uint32_t put_content(struct build *b, const struct ghost_model_content *c)
{
    uint32_t head[] = { c->type, c->size, c->n_keys }, n = TABLE_NONE;
    size_t keys = c->n_keys * sizeof *c->keys, items = c->n_items * sizeof *c->items;
    char *key = malloc(sizeof head + keys + items);
    if (!key)
        return n;
    memcpy(key, head, sizeof head);
    if (keys)
        memcpy(key + sizeof head, c->keys, keys);
    if (items)
        memcpy(key + sizeof head + keys, c->items, items);
    n = keyset_put(&b->content_keys, key, sizeof head + keys + items);
    free(key);
    if (n == b->contents.n) {
        struct ghost_model_content *own = LIST_ADD(&b->contents);
        if (!own)
            return TABLE_NONE;
        *own = *c;
    }
    return n;
}

int build_content(struct build *b, const struct ghost_def_content *d)
{
    struct ghost_model_content c = { .type = build_type(b, d->type), .size = d->size };
    struct ghost_model_part *keys = take_parts(b, d->keys, d->n_keys, &c), *items = take_parts(b, d->items, d->n_items, &c);
    if (!keys || !items)
        return GHOST_E_NOMEM;
    c.n_keys = unite(keys, d->n_keys);
    c.n_items = is_by_position(&c) ? (d->n_items < c.size ? d->n_items : c.size) : unite(items, d->n_items);
    c.keys = keys;
    c.items = items;
    uint32_t n = put_content(b, &c);
    return n == TABLE_NONE || table_put(&b->content_of_id, d->id, n) == TABLE_NONE ? GHOST_E_NOMEM : 0;
}

int build_sampled(struct build *b, const struct ghost_def_sampled *d)
{
    uint32_t content = table_get(&b->content_of_id, d->content);
    struct ghost_model_sample s = { .function = build_function(b, d->func), .caller = d->caller ? build_function(b, d->caller) : GHOST_NONE,
                                    .place = d->place, .index = d->index, .content = content };
    if (s.function == TABLE_NONE)
        return GHOST_E_NOMEM;
    if (content == TABLE_NONE) /* its definition was lost, which is counted where that happened */
        return 0;
    uint32_t key[] = { s.function, s.caller, s.place, s.index, s.content };
    uint32_t n = keyset_put(&b->sample_keys, key, sizeof key);
    if (n == TABLE_NONE)
        return GHOST_E_NOMEM;
    if (n == b->samples.n) {
        struct ghost_model_sample *own = LIST_ADD(&b->samples);
        if (!own)
            return GHOST_E_NOMEM;
        *own = s;
    }
    b->samples.v[n].count += d->count;
    return 0;
}

/* ---- sealing: level by level, so that inner contents have their final numbers ---- */

static int compare_parts(const struct ghost_model_part *a, const struct ghost_model_part *b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        int r = by_number(&a[i], &b[i]);
        if (r)
            return r;
    }
    return 0;
}

static int compare_contents(const void *pa, const void *pb, void *self)
{
    const struct build *build = self;
    const struct ghost_model_content *a = &build->contents.v[*(const uint32_t *)pa], *b = &build->contents.v[*(const uint32_t *)pb];
    int r = compare_u64(a->level, b->level);
    r = r ? r : compare_u64(a->type, b->type);
    r = r ? r : compare_u64(a->size, b->size);
    r = r ? r : compare_u64(a->n_keys, b->n_keys);
    r = r ? r : compare_parts(a->keys, b->keys, a->n_keys);
    r = r ? r : compare_u64(a->n_items, b->n_items);
    return r ? r : compare_parts(a->items, b->items, a->n_items);
}

static void renumber_parts(const struct ghost_model_part *parts, uint32_t n, bool by_position, const uint32_t *types, const uint32_t *contents)
{
    struct ghost_model_part *own = (struct ghost_model_part *)parts;  /* ours: they stand in the build's arena */
    for (uint32_t i = 0; i < n; i++) {
        own[i].type = own[i].type == GHOST_NONE ? GHOST_NONE : types[own[i].type];
        own[i].content = own[i].content == GHOST_NONE ? GHOST_NONE : contents[own[i].content];
    }
    if (!by_position && n > 1)
        qsort(own, n, sizeof *own, by_number);
}

/* order[new] = old, ranks[old] = new */
static void seal_levels(struct build *b, uint32_t *order, uint32_t *ranks, const uint32_t *types)
{
    uint32_t done = 0;
    for (uint32_t level = 0; level < GHOST_DEEP_LEVELS; level++) {
        uint32_t n = 0;
        for (uint32_t i = 0; i < b->contents.n; i++) {
            struct ghost_model_content *c = &b->contents.v[i];
            if (c->level != level)
                continue;
            c->type = c->type == GHOST_NONE ? GHOST_NONE : types[c->type];
            renumber_parts(c->keys, c->n_keys, false, types, ranks);
            renumber_parts(c->items, c->n_items, is_by_position(c), types, ranks);
            order[done + n++] = i;
        }
        qsort_r(order + done, n, sizeof *order, compare_contents, b);
        for (uint32_t i = done; i < done + n; i++)
            ranks[order[i]] = i;
        done += n;
    }
}

static int compare_samples(const void *pa, const void *pb)
{
    const struct ghost_model_sample *a = pa, *b = pb;
    int r = compare_u64(a->function, b->function);
    r = r ? r : compare_u64(a->place, b->place);
    r = r ? r : compare_u64(a->index, b->index);
    r = r ? r : compare_u64(a->content, b->content);
    return r ? r : compare_u64(a->caller, b->caller);
}

bool seal_contents(struct build *b, struct ghost_model *m, const uint32_t *types, const uint32_t *functions)
{
    uint32_t n = b->contents.n;
    uint32_t *order = malloc((n ? n : 1) * sizeof *order), *ranks = malloc((n ? n : 1) * sizeof *ranks);
    struct ghost_model_content *contents = ARENA_ARRAY(&b->arena, struct ghost_model_content, n);
    bool ok = order && ranks && contents;
    if (ok)
        seal_levels(b, order, ranks, types);
    for (uint32_t i = 0; ok && i < n; i++)
        contents[i] = b->contents.v[order[i]];
    for (uint32_t i = 0; ok && i < b->samples.n; i++) {
        struct ghost_model_sample *s = &b->samples.v[i];
        s->function = functions[s->function];
        s->caller = s->caller == GHOST_NONE ? GHOST_NONE : functions[s->caller];
        s->content = ranks[s->content];
    }
    if (ok && b->samples.n)
        qsort(b->samples.v, b->samples.n, sizeof *b->samples.v, compare_samples);
    m->contents = contents;
    m->n_contents = n;
    m->samples = arena_copy(&b->arena, b->samples.v, b->samples.n * sizeof *m->samples);
    m->n_samples = b->samples.n;
    free(order);
    free(ranks);
    return ok && m->samples;
}

/* ---- finding ---- */

const struct ghost_model_sample *ghost_model_samples(const struct ghost_model *m, uint32_t function, uint32_t *n)
{
    uint32_t low = 0, high = m->n_samples, first;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (m->samples[middle].function < function)
            low = middle + 1;
        else
            high = middle;
    }
    for (first = low; low < m->n_samples && m->samples[low].function == function; low++)
        ;
    *n = low - first;
    return m->samples + first;
}
