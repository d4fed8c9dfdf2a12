/* model_add.c - a process's sums, added to the model under unified numbers. */
#include "model_build.h"

#include <string.h>

int build_init(struct build *b)
{
    *b = (struct build){ 0 };
    struct keyset *sets[] = { &b->strings, &b->type_keys, &b->function_keys, &b->signature_keys,
                              &b->edge_keys, &b->outcome_keys, &b->row_keys, &b->annotation_keys, &b->content_keys, &b->sample_keys };
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        sets[i]->arena = &b->arena;
    return 0;
}

static void release_ids(struct build *b)
{
    table_release(&b->type_of_id);
    table_release(&b->function_of_id);
    table_release(&b->signature_of_id);
    table_release(&b->thread_of_id);
    table_release(&b->content_of_id);
}

void build_release(struct build *b)
{
    for (uint32_t i = 0; i < b->signatures.n; i++)
        hist_release(&b->signatures.v[i].hist);
    void *lists[] = { b->types.v, b->functions.v, b->signatures.v, b->edges.v, b->outcomes.v, b->rows.v, b->processes.v,
                      b->threads.v, b->annotations.v, b->trees.v, b->marks.v, b->notes.v, b->losses.v, b->damages.v,
                      b->contents.v, b->samples.v, b->children.v };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        free(lists[i]);
    struct keyset *sets[] = { &b->strings, &b->type_keys, &b->function_keys, &b->signature_keys,
                              &b->edge_keys, &b->outcome_keys, &b->row_keys, &b->annotation_keys, &b->content_keys, &b->sample_keys };
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        keyset_release(sets[i]);
    slices_release(&b->slices);
    free(b->slice_owners.v);
    table_release(&b->slice_owner);
    table_release(&b->tree_by_hash);
    table_release(&b->mark_by_name);
    release_ids(b);
    arena_release(&b->arena);
    *b = (struct build){ 0 };
}

uint64_t build_real(const struct build *b, uint64_t tick)
{
    const struct agg_clock *c = &b->clock;
    if (!c->q32 || !c->anchor.real_ns)
        return 0;
    bool later = tick >= c->anchor.tick;
    uint64_t ticks = later ? tick - c->anchor.tick : c->anchor.tick - tick;
    uint64_t ns = (uint64_t)((unsigned __int128)ticks * c->q32 >> 32);
    return later ? c->anchor.real_ns + ns : c->anchor.real_ns > ns ? c->anchor.real_ns - ns : 0;
}

/* ---- processes ---- */

static int by_pair_key(const void *a, const void *b)
{
    return strcmp(((const struct ghost_def_pair *)a)->key.p, ((const struct ghost_def_pair *)b)->key.p);
}

static int take_meta(struct build *b, struct ghost_model_process *p, const struct defs *defs)
{
    struct ghost_def_pair *pairs = ARENA_ARRAY(&b->arena, struct ghost_def_pair, defs->n);
    if (!pairs)
        return GHOST_E_NOMEM;
    for (uint32_t i = 0; i < defs->n; i++) {
        const struct ghost_def *d = &defs->entries[i].def;
        if (d->kind == GHOST_REC_META)
            pairs[p->n_meta++] = (struct ghost_def_pair){ build_str(b, d->u.meta.pairs->key), build_str(b, d->u.meta.pairs->value) };
        if (d->kind == GHOST_REC_END) {
            p->clean_end = true;
            p->end_real = d->u.end.real_ns;
        }
    }
    qsort(pairs, p->n_meta, sizeof *pairs, by_pair_key);
    p->meta = pairs;
    return 0;
}

struct ghost_str ghost_model_meta(const struct ghost_model_process *p, const char *key)
{
    for (uint32_t i = 0; i < p->n_meta; i++)
        if (strcmp(p->meta[i].key.p, key) == 0)
            return p->meta[i].value;
    return GHOST_STR("");
}

int build_process(struct build *b, const struct build_log *log, const struct defs *defs, const struct agg_clock *clock)
{
    release_ids(b);
    struct ghost_model_process *p = LIST_ADD(&b->processes);
    if (!p)
        return GHOST_E_NOMEM;
    b->process = b->processes.n - 1;
    b->defs = defs;
    b->clock = *clock;
    *p = (struct ghost_model_process){ .log = build_str(b, (struct ghost_str){ log->name, (uint32_t)strlen(log->name) }),
                                       .log_bytes = log->bytes, .tail = log->tail, .parent = GHOST_NONE,
                                       .n_threads = defs->n_threads };
    memcpy(p->identity, log->identity, sizeof p->identity);
    int ret = take_meta(b, p, defs);
    p->start_real = strtoull(ghost_model_meta(p, "start_real_ns").p, NULL, 10);
    return ret < 0 ? ret : build_definitions(b);
}

/* ---- sums ---- */

static uint64_t earlier(uint64_t a, uint64_t b) { return a < b ? a : b; }
static uint64_t later(uint64_t a, uint64_t b) { return a > b ? a : b; }

static int add_signature(struct build *b, const struct agg *a, const struct agg_sig *from, uint32_t *number)
{
    *number = build_signature_of(b, from->func, from->sig);
    if (*number == TABLE_NONE)
        return GHOST_E_NOMEM;
    struct build_signature *to = &b->signatures.v[*number];
    to->m.first_real = earlier(to->m.first_real, from->first_real);
    to->m.last_real = later(to->m.last_real, from->last_real);
    unsigned first = agg_place_first(from->place), end = agg_place_window(from->place) ? first + AGG_WINDOW : first;
    for (unsigned bucket = first; bucket < end; bucket++) {
        uint64_t count = agg_near(a, from, bucket);
        if (count && !hist_add(&to->hist, bucket, count))
            return GHOST_E_NOMEM;
    }
    return 0;
}

static int add_edge(struct build *b, const struct agg_edge *from, uint64_t calls, uint32_t signature, uint32_t *number)
{
    uint32_t local = agg_edge_caller(from), caller = local ? build_function(b, local) : GHOST_NONE;
    bool adopted = agg_edge_adopted(from);
    uint32_t key[] = { caller, signature, adopted };
    *number = keyset_put(&b->edge_keys, key, sizeof key);
    if (*number == TABLE_NONE)
        return GHOST_E_NOMEM;
    if (*number == b->edges.n) {
        struct ghost_model_edge *e = LIST_ADD(&b->edges);
        if (!e)
            return GHOST_E_NOMEM;
        *e = (struct ghost_model_edge){ .caller = caller, .signature = signature, .adopted = adopted };
    }
    b->edges.v[*number].calls += calls;
    return 0;
}

uint32_t build_true_end(const struct build *b, uint32_t end, uint32_t type, const struct ghost_model_function *f)
{
    const struct ghost_model_type *t = type == GHOST_NONE ? NULL : &b->types.v[type];
    if (!t || strcmp(t->qualname.p, "GeneratorExit") != 0 || strcmp(t->module.p, "builtins") != 0)
        return end;
    if (end == GHOST_END_CAUGHT)
        return GHOST_END_COUNT;
    return GHOST_END_IS_EXCEPTION(end) && f->co_flags & GHOST_CO_GENERATOR_LIKE ? GHOST_END_CLOSED : end;
}

static int add_outcome(struct build *b, const struct agg_cell *from, const struct agg_kind *kind, uint32_t edge)
{
    uint32_t type = build_type(b, kind->type);
    if (type == GHOST_NONE && kind->type)
        return GHOST_E_NOMEM;
    uint32_t end = build_true_end(b, kind->end, type, &b->functions.v[b->signatures.v[b->edges.v[edge].signature].m.function]);
    if (end == GHOST_END_COUNT)
        return 0;
    uint32_t key[] = { edge, end, type };
    uint32_t n = keyset_put(&b->outcome_keys, key, sizeof key);
    if (n == TABLE_NONE)
        return GHOST_E_NOMEM;
    if (n == b->outcomes.n) {
        struct ghost_model_outcome *o = LIST_ADD(&b->outcomes);
        if (!o)
            return GHOST_E_NOMEM;
        *o = (struct ghost_model_outcome){ .edge = edge, .end = end, .type = type, .min = UINT64_MAX };
    }
    struct ghost_model_outcome *o = &b->outcomes.v[n];
    o->count += from->count;
    o->total += from->total;
    o->self += from->self;
    o->suspended += from->suspended;
    o->min = earlier(o->min, from->min);
    o->max = later(o->max, from->max);
    return 0;
}

static int add_row(struct build *b, const struct agg_thread *from)
{
    uint32_t key[] = { build_function(b, from->func), build_thread(b, from->thread) };
    uint32_t n = key[0] == TABLE_NONE ? TABLE_NONE : keyset_put(&b->row_keys, key, sizeof key);
    if (n == TABLE_NONE)
        return GHOST_E_NOMEM;
    if (n == b->rows.n) {
        struct ghost_model_thread_row *r = LIST_ADD(&b->rows);
        if (!r)
            return GHOST_E_NOMEM;
        *r = (struct ghost_model_thread_row){ key[0], key[1], 0 };
    }
    b->rows.v[n].calls += from->calls;
    return 0;
}

static int add_mark(struct build *b, const struct agg_mark *from)
{
    const struct ghost_def_mark *d = defs_mark(b->defs, from->mark);
    struct ghost_str name = build_str(b, d ? d->name : GHOST_STR("?"));
    uint32_t n = table_put(&b->mark_by_name, (uintptr_t)name.p, b->marks.n);
    if (n == TABLE_NONE)
        return GHOST_E_NOMEM;
    if (n == b->marks.n) {
        struct ghost_model_mark *m = LIST_ADD(&b->marks);
        if (!m)
            return GHOST_E_NOMEM;
        *m = (struct ghost_model_mark){ .name = name, .first_real = UINT64_MAX };
    }
    struct ghost_model_mark *m = &b->marks.v[n];
    m->count += from->count;
    m->first_real = earlier(m->first_real, from->first_real);
    m->last_real = later(m->last_real, from->last_real);
    return 0;
}

static void add_totals(struct build *b, const struct agg *a)
{
    struct ghost_model_process *p = &b->processes.v[b->process];
    p->events += a->events;
    p->blocks += a->blocks;
    p->pauses += a->pauses;
    if (a->first_real != UINT64_MAX && (!p->start_real || a->first_real < p->start_real))
        p->start_real = a->first_real;
    p->end_real = later(p->end_real, a->last_real);
}

int build_agg(struct build *b, const struct agg *a)
{
    int ret = GHOST_E_NOMEM;
    uint32_t *signatures = malloc((a->n_sigs ? a->n_sigs : 1) * sizeof *signatures);
    uint32_t *edges = malloc((a->n_edges ? a->n_edges : 1) * sizeof *edges);
    if (!signatures || !edges)
        goto out;
    ret = 0;
    /* function 0 stands for what does not count */
    for (uint32_t i = 0; ret == 0 && i < a->n_sigs; i++)
        if (a->sigs[i].func)
            ret = add_signature(b, a, &a->sigs[i], &signatures[i]);
    for (uint32_t i = 1; ret == 0 && i < a->n_edges; i++)
        if (a->edges[i].func)
            ret = add_edge(b, &a->edges[i], a->links[i].calls, signatures[agg_edge_sig(&a->edges[i])], &edges[i]);
    for (uint32_t i = 1; ret == 0 && i < a->n_cells; i++)
        if (a->edges[a->cells[i].edge].func)
            ret = add_outcome(b, &a->cells[i], &a->kinds[a->cells[i].kind], edges[a->cells[i].edge]);
    for (uint32_t i = 0; ret == 0 && i < a->n_threads; i++)
        ret = add_row(b, &a->threads[i]);
    for (uint32_t i = 0; ret == 0 && i < a->n_marks; i++)
        ret = add_mark(b, &a->marks[i]);
    add_totals(b, a);
    if (b->arena.failed)
        ret = GHOST_E_NOMEM;
out:
    free(signatures);
    free(edges);
    return ret;
}

int build_common(struct build *b, const struct agg_common *c)
{
    for (uint32_t i = 0; i < c->n_far; i++) {
        uint32_t number = build_signature_of(b, c->far[i].func, c->far[i].sig);
        if (number == TABLE_NONE || !hist_add(&b->signatures.v[number].hist, c->far[i].bucket, c->far[i].count))
            return GHOST_E_NOMEM;
    }
    return build_slices(b, c);
}

int build_damage(struct build *b, const struct ghost_model_damage *d)
{
    struct ghost_model_damage *own = LIST_ADD(&b->damages);
    if (!own)
        return GHOST_E_NOMEM;
    *own = *d;
    own->message = build_str(b, d->message);
    return 0;
}
