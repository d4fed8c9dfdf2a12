/* model_seal.c - the finished model: everything in its canonical order.
 *
 * Each kind of thing is sorted by what it is, never by the number it happened
 * to get, and references are renumbered. Things are done in the order of their
 * dependence: a sort key may use ranks of what was sorted before. */
#include "model_build.h"

#include <string.h>

struct sealed {
    struct build *b;
    struct ghost_model *m;
    /* new index of each thing of the build; the inverse while sorting */
    uint32_t *type, *function, *signature, *edge, *process, *thread;
};

/* ---- comparing ---- */

static int compare_str(struct ghost_str a, struct ghost_str b)
{
    if (a.p == b.p)
        return compare_u64(a.len, b.len);
    int c = memcmp(a.p, b.p, a.len < b.len ? a.len : b.len);
    return c ? c : compare_u64(a.len, b.len);
}

static uint32_t rank(const uint32_t *ranks, uint32_t number) { return number == GHOST_NONE ? GHOST_NONE : ranks[number]; }

static int compare_types(const void *pa, const void *pb, void *self)
{
    const struct build *b = ((struct sealed *)self)->b;
    uint32_t a = *(const uint32_t *)pa, c = *(const uint32_t *)pb;
    int r = compare_str(b->types.v[a].module, b->types.v[c].module);
    r = r ? r : compare_str(b->types.v[a].qualname, b->types.v[c].qualname);
    return r ? r : compare_str(b->type_keys.keys[a], b->type_keys.keys[c]);
}

static int compare_functions(const void *pa, const void *pb, void *self)
{
    const struct build *b = ((struct sealed *)self)->b;
    uint32_t a = *(const uint32_t *)pa, c = *(const uint32_t *)pb;
    const struct ghost_model_function *f = &b->functions.v[a], *g = &b->functions.v[c];
    int r = compare_str(f->module, g->module);
    r = r ? r : compare_str(f->qualname, g->qualname);
    r = r ? r : compare_u64(f->first_line, g->first_line);
    r = r ? r : compare_str(f->file, g->file);
    return r ? r : compare_str(b->function_keys.keys[a], b->function_keys.keys[c]);
}

static int compare_ranks(const struct sealed *s, const uint32_t *a, const uint32_t *b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        int r = compare_u64(rank(s->type, a[i]), rank(s->type, b[i]));
        if (r)
            return r;
    }
    return 0;
}

static int compare_signatures(const void *pa, const void *pb, void *self)
{
    const struct sealed *s = self;
    const struct ghost_model_signature *a = &s->b->signatures.v[*(const uint32_t *)pa].m;
    const struct ghost_model_signature *b = &s->b->signatures.v[*(const uint32_t *)pb].m;
    int r = compare_u64(s->function[a->function], s->function[b->function]);
    r = r ? r : compare_str(a->text, b->text);
    r = r ? r : compare_u64(a->n_types, b->n_types);
    r = r ? r : compare_ranks(s, a->types, b->types, a->n_types);
    r = r ? r : compare_u64(a->n_args, b->n_args);
    r = r ? r : compare_ranks(s, a->args, b->args, GHOST_SIG_ELEMENTS);
    r = r ? r : compare_u64(a->n_kwargs, b->n_kwargs);
    r = r ? r : compare_ranks(s, a->kwargs, b->kwargs, GHOST_SIG_ELEMENTS);
    r = r ? r : compare_u64(a->defined, b->defined);
    return r ? r : compare_u64(a->other, b->other);
}

static int compare_edges(const void *pa, const void *pb, void *self)
{
    const struct sealed *s = self;
    const struct ghost_model_edge *a = &s->b->edges.v[*(const uint32_t *)pa], *b = &s->b->edges.v[*(const uint32_t *)pb];
    int r = compare_u64(s->signature[a->signature], s->signature[b->signature]);
    r = r ? r : compare_u64(rank(s->function, a->caller), rank(s->function, b->caller));
    return r ? r : compare_u64(a->adopted, b->adopted);
}

static int compare_outcomes(const void *pa, const void *pb)
{
    const struct ghost_model_outcome *a = pa, *b = pb;
    int r = compare_u64(a->edge, b->edge);
    r = r ? r : compare_u64(a->end, b->end);
    return r ? r : compare_u64(a->type, b->type);
}

static int compare_processes(const void *pa, const void *pb, void *self)
{
    const struct build *b = ((struct sealed *)self)->b;
    const struct ghost_model_process *a = &b->processes.v[*(const uint32_t *)pa], *c = &b->processes.v[*(const uint32_t *)pb];
    int r = compare_u64(a->start_real, c->start_real);
    return r ? r : compare_str(a->log, c->log);
}

static int compare_threads(const void *pa, const void *pb, void *self)
{
    const struct sealed *s = self;
    const struct ghost_model_thread *a = &s->b->threads.v[*(const uint32_t *)pa], *b = &s->b->threads.v[*(const uint32_t *)pb];
    int r = compare_u64(s->process[a->process], s->process[b->process]);
    return r ? r : compare_u64(a->id, b->id);
}

/* ---- sorting and renumbering ---- */

typedef int compare_fn(const void *, const void *, void *);

/* Order of n things: order[new] = old; ranks[old] = new. */
static uint32_t *sort_numbers(struct sealed *s, uint32_t n, compare_fn *compare, uint32_t **ranks)
{
    uint32_t *order = malloc((n ? n : 1) * sizeof *order);
    *ranks = malloc((n ? n : 1) * sizeof **ranks);
    if (!order || !*ranks) {
        free(order);
        return NULL;
    }
    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    qsort_r(order, n, sizeof *order, compare, s);
    for (uint32_t i = 0; i < n; i++)
        (*ranks)[order[i]] = i;
    return order;
}

static void renumber(const uint32_t *ranks, const uint32_t *numbers, uint32_t n)
{
    uint32_t *own = (uint32_t *)numbers;      /* ours: it stands in the build's arena */
    for (uint32_t i = 0; i < n; i++)
        own[i] = rank(ranks, own[i]);
}

static bool seal_types(struct sealed *s)
{
    struct build *b = s->b;
    uint32_t *order = sort_numbers(s, b->types.n, compare_types, &s->type);
    struct ghost_model_type *types = ARENA_ARRAY(&b->arena, struct ghost_model_type, b->types.n);
    for (uint32_t i = 0; order && types && i < b->types.n; i++) {
        types[i] = b->types.v[order[i]];
        renumber(s->type, types[i].mro, types[i].n_mro);
        renumber(s->type, types[i].virtual_bases, types[i].n_virtual);
    }
    s->m->types = types;
    s->m->n_types = b->types.n;
    free(order);
    return order && types;
}

static bool seal_functions(struct sealed *s)
{
    struct build *b = s->b;
    uint32_t *order = sort_numbers(s, b->functions.n, compare_functions, &s->function);
    struct ghost_model_function *functions = ARENA_ARRAY(&b->arena, struct ghost_model_function, b->functions.n);
    for (uint32_t i = 0; order && functions && i < b->functions.n; i++)
        functions[i] = b->functions.v[order[i]];
    s->m->functions = functions;
    s->m->n_functions = b->functions.n;
    free(order);
    return order && functions;
}

static bool seal_hist(struct arena *arena, struct build_signature *from, struct ghost_model_signature *to)
{
    struct ghost_hist_bucket *buckets = ARENA_ARRAY(arena, struct ghost_hist_bucket, from->hist.n);
    for (uint32_t i = 0; buckets && i < from->hist.n; i++) {
        const struct hist_entry *e = &from->hist.v[i];
        if (e->count)
            buckets[to->n_hist++] = (struct ghost_hist_bucket){ hist_lower(e->bucket), hist_width(e->bucket), e->count };
    }
    hist_release(&from->hist);
    to->hist = buckets;
    return buckets != NULL;
}

static bool seal_signatures(struct sealed *s)
{
    struct build *b = s->b;
    uint32_t n = b->signatures.n;
    uint32_t *order = sort_numbers(s, n, compare_signatures, &s->signature);
    struct ghost_model_signature *signatures = ARENA_ARRAY(&b->arena, struct ghost_model_signature, n);
    struct ghost_model_function *functions = (struct ghost_model_function *)s->m->functions;
    bool ok = order && signatures;
    for (uint32_t i = 0; ok && i < n; i++) {
        struct ghost_model_signature *to = &signatures[i];
        *to = b->signatures.v[order[i]].m;
        to->function = s->function[to->function];
        renumber(s->type, to->types, to->n_types);
        renumber(s->type, to->args, GHOST_SIG_ELEMENTS);
        renumber(s->type, to->kwargs, GHOST_SIG_ELEMENTS);
        if (to->first_real == UINT64_MAX)
            to->first_real = 0;
        if (functions[to->function].n_signatures++ == 0)
            functions[to->function].signatures = i;
        ok = seal_hist(&b->arena, &b->signatures.v[order[i]], to);
    }
    s->m->signatures = signatures;
    s->m->n_signatures = n;
    free(order);
    return ok;
}

static bool seal_edges(struct sealed *s)
{
    struct build *b = s->b;
    uint32_t n = b->edges.n;
    uint32_t *order = sort_numbers(s, n, compare_edges, &s->edge);
    struct ghost_model_edge *edges = ARENA_ARRAY(&b->arena, struct ghost_model_edge, n);
    struct ghost_model_signature *signatures = (struct ghost_model_signature *)s->m->signatures;
    for (uint32_t i = 0; order && edges && i < n; i++) {
        edges[i] = b->edges.v[order[i]];
        edges[i].signature = s->signature[edges[i].signature];
        edges[i].caller = rank(s->function, edges[i].caller);
        if (signatures[edges[i].signature].n_edges++ == 0)
            signatures[edges[i].signature].edges = i;
    }
    s->m->edges = edges;
    s->m->n_edges = n;
    free(order);
    return order && edges;
}

static bool seal_outcomes(struct sealed *s)
{
    struct build *b = s->b;
    uint32_t n = b->outcomes.n;
    struct ghost_model_edge *edges = (struct ghost_model_edge *)s->m->edges;
    for (uint32_t i = 0; i < n; i++) {
        struct ghost_model_outcome *o = &b->outcomes.v[i];
        o->edge = s->edge[o->edge];
        o->type = rank(s->type, o->type);
        if (o->min == UINT64_MAX)
            o->min = 0;
    }
    if (n)
        qsort(b->outcomes.v, n, sizeof *b->outcomes.v, compare_outcomes);
    struct ghost_model_outcome *outcomes = arena_copy(&b->arena, b->outcomes.v, n * sizeof *outcomes);
    for (uint32_t i = 0; outcomes && i < n; i++)
        if (edges[outcomes[i].edge].n_outcomes++ == 0)
            edges[outcomes[i].edge].outcomes = i;
    s->m->outcomes = outcomes;
    s->m->n_outcomes = n;
    return outcomes;
}

static int compare_callers(const void *pa, const void *pb, void *self)
{
    const struct ghost_model_edge *edges = ((struct sealed *)self)->m->edges;
    uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
    int r = compare_u64(edges[a].caller, edges[b].caller);
    return r ? r : compare_u64(a, b);
}

static bool seal_callees(struct sealed *s)
{
    uint32_t n = 0;
    uint32_t *by_caller = ARENA_ARRAY(&s->b->arena, uint32_t, s->m->n_edges);
    struct ghost_model_function *functions = (struct ghost_model_function *)s->m->functions;
    if (!by_caller)
        return false;
    for (uint32_t i = 0; i < s->m->n_edges; i++)
        if (s->m->edges[i].caller != GHOST_NONE)
            by_caller[n++] = i;
    qsort_r(by_caller, n, sizeof *by_caller, compare_callers, s);
    for (uint32_t i = 0; i < n; i++)
        if (functions[s->m->edges[by_caller[i]].caller].n_callees++ == 0)
            functions[s->m->edges[by_caller[i]].caller].callees = i;
    s->m->by_caller = by_caller;
    return true;
}

/* ---- who ---- */

static uint64_t hex_word(struct ghost_str s, size_t at)
{
    char text[17] = "";
    if (s.len >= at + 16)
        memcpy(text, s.p + at, 16);
    return strtoull(text, NULL, 16);
}

static uint64_t big_endian(const uint8_t *p)
{
    uint64_t n = 0;
    for (int i = 0; i < 8; i++)
        n = n << 8 | p[i];
    return n;
}

static uint32_t find_parent(const struct ghost_model_process *all, uint32_t n, const struct ghost_model_process *p)
{
    struct ghost_str parent = ghost_model_meta(p, "parent");
    if (parent.len != 32)
        return GHOST_NONE;
    for (uint32_t i = 0; i < n; i++)
        if (big_endian(all[i].identity) == hex_word(parent, 0) && big_endian(all[i].identity + 8) == hex_word(parent, 16))
            return &all[i] == p ? GHOST_NONE : i;
    return GHOST_NONE;
}

static bool seal_processes(struct sealed *s)
{
    struct build *b = s->b;
    uint32_t n = b->processes.n;
    uint32_t *order = sort_numbers(s, n, compare_processes, &s->process);
    struct ghost_model_process *processes = ARENA_ARRAY(&b->arena, struct ghost_model_process, n);
    struct ghost_model *m = s->m;
    for (uint32_t i = 0; order && processes && i < n; i++) {
        const struct ghost_model_process *p = &processes[i];
        processes[i] = b->processes.v[order[i]];
        m->events += p->events;
        m->log_bytes += p->log_bytes;
        if (p->start_real && (!m->start_real || p->start_real < m->start_real))
            m->start_real = p->start_real;
        if (p->end_real > m->end_real)
            m->end_real = p->end_real;
    }
    for (uint32_t i = 0; order && processes && i < n; i++)
        processes[i].parent = find_parent(processes, n, &processes[i]);
    m->processes = processes;
    m->n_processes = n;
    free(order);
    return order && processes;
}

static bool seal_threads(struct sealed *s)
{
    struct build *b = s->b;
    uint32_t n = b->threads.n;
    uint32_t *order = sort_numbers(s, n, compare_threads, &s->thread);
    struct ghost_model_thread *threads = ARENA_ARRAY(&b->arena, struct ghost_model_thread, n);
    for (uint32_t i = 0; order && threads && i < n; i++) {
        threads[i] = b->threads.v[order[i]];
        threads[i].process = s->process[threads[i].process];
    }
    s->m->threads = threads;
    s->m->n_threads = n;
    free(order);
    return order && threads;
}

/* ---- what stands beside the calls ---- */

static int compare_rows(const void *pa, const void *pb)
{
    const struct ghost_model_thread_row *a = pa, *b = pb;
    int r = compare_u64(a->function, b->function);
    return r ? r : compare_u64(a->thread, b->thread);
}

/* Those of one function by content. */
static int compare_annot_names(const struct ghost_def_annot *a, const struct ghost_def_annot *b)
{
    int r = compare_u64(a->n_names, b->n_names);
    for (uint32_t i = 0; r == 0 && i < a->n_names; i++) {
        const struct ghost_def_name *x = &a->names[i], *y = &b->names[i];
        r = compare_str(x->name, y->name);
        r = r ? r : compare_u64(x->kind, y->kind);
        r = r ? r : compare_u64(x->type, y->type);
        r = r ? r : compare_u64(x->flags, y->flags);
        r = r ? r : compare_str(x->text, y->text);
    }
    return r;
}

static int compare_annotations(const void *pa, const void *pb)
{
    const struct ghost_model_annotations *x = pa, *y = pb;
    const struct ghost_def_annot *a = x->annot, *b = y->annot;
    int r = compare_u64(x->function, y->function);
    r = r ? r : compare_u64(a->flags, b->flags);
    r = r ? r : compare_u64(a->n_annotations, b->n_annotations);
    for (uint32_t i = 0; r == 0 && i < a->n_annotations; i++) {
        r = compare_str(a->annotations[i].param, b->annotations[i].param);
        r = r ? r : compare_str(a->annotations[i].text, b->annotations[i].text);
    }
    r = r ? r : compare_annot_names(a, b);
    r = r ? r : compare_u64(a->n_defaults, b->n_defaults);
    for (uint32_t i = 0; r == 0 && i < 2 * a->n_defaults; i++)
        r = compare_u64(a->defaults[i], b->defaults[i]);
    return r;
}

static int compare_trees(const void *pa, const void *pb)
{
    const struct ghost_def_tree *a = ((const struct ghost_model_tree *)pa)->tree, *b = ((const struct ghost_model_tree *)pb)->tree;
    int r = compare_str(a->module, b->module);
    r = r ? r : compare_str(a->file, b->file);
    return r ? r : compare_u64(defs_tree_hash(a), defs_tree_hash(b));
}

static int compare_marks(const void *pa, const void *pb)
{
    return compare_str(((const struct ghost_model_mark *)pa)->name, ((const struct ghost_model_mark *)pb)->name);
}

static int compare_notes(const void *pa, const void *pb)
{
    const struct ghost_model_note *a = pa, *b = pb;
    int r = compare_u64(a->process, b->process);
    r = r ? r : compare_u64(a->code, b->code);
    return r ? r : compare_str(a->detail, b->detail);
}

static int compare_losses(const void *pa, const void *pb)
{
    const struct ghost_model_loss *a = pa, *b = pb;
    int r = compare_u64(a->process, b->process);
    r = r ? r : compare_u64(a->cause, b->cause);
    return r ? r : compare_u64(a->thread, b->thread);
}

static int compare_damages(const void *pa, const void *pb)
{
    const struct ghost_model_damage *a = pa, *b = pb;
    int r = compare_u64(a->process, b->process);
    r = r ? r : compare_u64(a->offset, b->offset);
    return r ? r : compare_str(a->message, b->message);
}

/* Sorts a list of the build by its new numbers and keeps it. */
#define SEAL_LIST(s, name, compare)                                                                \
    ((s)->b->name.n ? qsort((s)->b->name.v, (s)->b->name.n, sizeof *(s)->b->name.v, compare) : (void)0, \
     (s)->m->n_##name = (s)->b->name.n,                                                            \
     (s)->m->name = arena_copy(&(s)->b->arena, (s)->b->name.v, (s)->b->name.n * sizeof *(s)->b->name.v))

static void renumber_rest(struct sealed *s)
{
    struct build *b = s->b;
    for (uint32_t i = 0; i < b->rows.n; i++) {
        b->rows.v[i].function = s->function[b->rows.v[i].function];
        b->rows.v[i].thread = rank(s->thread, b->rows.v[i].thread);
    }
    for (uint32_t i = 0; i < b->annotations.n; i++) {
        const struct ghost_def_annot *a = b->annotations.v[i].annot;
        b->annotations.v[i].function = s->function[b->annotations.v[i].function];
        for (uint32_t j = 0; j < a->n_names; j++)
            renumber(s->type, &a->names[j].type, 1);
        for (uint32_t j = 0; j < a->n_defaults; j++)
            renumber(s->type, &a->defaults[2 * j + 1], 1);
    }
    for (uint32_t i = 0; i < b->marks.n; i++)
        if (b->marks.v[i].first_real == UINT64_MAX)
            b->marks.v[i].first_real = 0;
    for (uint32_t i = 0; i < b->notes.n; i++)
        b->notes.v[i].process = s->process[b->notes.v[i].process];
    for (uint32_t i = 0; i < b->losses.n; i++) {
        b->losses.v[i].process = s->process[b->losses.v[i].process];
        b->losses.v[i].thread = rank(s->thread, b->losses.v[i].thread);
        s->m->lost += b->losses.v[i].count;
    }
    for (uint32_t i = 0; i < b->damages.n; i++)
        b->damages.v[i].process = rank(s->process, b->damages.v[i].process);
}

static bool seal_rest(struct sealed *s)
{
    struct ghost_model *m = s->m;
    struct ghost_model_function *functions = (struct ghost_model_function *)m->functions;
    renumber_rest(s);
    SEAL_LIST(s, rows, compare_rows);
    SEAL_LIST(s, annotations, compare_annotations);
    SEAL_LIST(s, trees, compare_trees);
    SEAL_LIST(s, marks, compare_marks);
    SEAL_LIST(s, notes, compare_notes);
    SEAL_LIST(s, losses, compare_losses);
    SEAL_LIST(s, damages, compare_damages);
    for (uint32_t i = 0; m->rows && i < m->n_rows; i++)
        if (functions[m->rows[i].function].n_rows++ == 0)
            functions[m->rows[i].function].rows = i;
    for (uint32_t i = m->annotations ? m->n_annotations : 0; i-- > 0;)   /* the first of each */
        functions[m->annotations[i].function].annotations = i;
    return !s->b->arena.failed;
}

struct ghost_model *build_seal(struct build *b, const char *session)
{
    struct model_box *box = calloc(1, sizeof *box);
    struct sealed s = { .b = b, .m = box ? &box->m : NULL };
    bool ok = box && !b->arena.failed && build_lost_children(b) == 0 && seal_types(&s) && seal_functions(&s) && seal_signatures(&s) && seal_edges(&s) &&
              seal_outcomes(&s) && seal_callees(&s) && seal_processes(&s) && seal_threads(&s) && seal_slices(b, s.m, s.function, s.process) &&
              seal_contents(b, s.m, s.type, s.function) && seal_rest(&s);
    if (ok) {
        s.m->session = build_str(b, (struct ghost_str){ session, (uint32_t)strlen(session) });
        ok = !b->arena.failed;
        box->arena = b->arena;
        b->arena = (struct arena){ 0 };
    }
    uint32_t *ranks[] = { s.type, s.function, s.signature, s.edge, s.process, s.thread };
    for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++)
        free(ranks[i]);
    build_release(b);
    if (!ok && box) {
        ghost_model_free(&box->m);
        box = NULL;
    }
    return box ? &box->m : NULL;
}

void ghost_model_free(struct ghost_model *m)
{
    if (!m)
        return;
    struct model_box *box = (struct model_box *)m;
    arena_release(&box->arena);
    free(box);
}
