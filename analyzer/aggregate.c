/* aggregate.c - the tables of sums, and what is new in them. */
#include "aggregate_walk.h"

#include <string.h>

/* As grow_array, but the array begins with a cache line. */
static bool grow_lines(void *array, uint32_t n, uint32_t *cap, size_t size)
{
    if (n < *cap)
        return true;
    uint32_t wanted = *cap ? *cap * 2 : 64;
    void *grown = wanted > *cap ? aligned_alloc(64, wanted * size) : NULL;
    if (!grown)
        return false;
    if (n)
        memcpy(grown, *(void **)array, n * size);
    free(*(void **)array);
    *(void **)array = grown;
    *cap = wanted;
    return true;
}
static_assert(sizeof(struct agg_edge) == 32 && sizeof(struct agg_recent) == 64, "none of them in two cache lines");

static bool room_for_func(struct agg *a, uint32_t func)
{
    uint32_t old = a->cap_funcs, wanted = func + func / 2 + 64;
    if (func < old)
        return true;
    struct agg_func *grown = realloc(a->funcs, wanted * sizeof *grown);
    if (!grown)
        return false;
    memset(grown + old, 0, (wanted - old) * sizeof *grown);
    a->funcs = grown;
    a->cap_funcs = wanted;
    return true;
}

static bool room_for_sig(struct agg_func *f, uint32_t sig)
{
    uint32_t old = f->cap, wanted = sig + sig / 2 + 3;
    uint32_t *grown = realloc(f->sigs, wanted * sizeof *grown);
    if (!grown)
        return false;
    for (uint32_t i = old; i < wanted; i++)
        grown[i] = TABLE_NONE;
    f->sigs = grown;
    f->cap = wanted;
    return true;
}

static uint32_t new_sig(struct agg *a, uint32_t func, uint32_t sig)
{
    struct agg_func *f = &a->funcs[func];
    if (!grow_array(&a->sigs, a->n_sigs, &a->cap_sigs, sizeof *a->sigs))
        return TABLE_NONE;
    uint32_t i = table_put(&a->by_sig, (uint64_t)func << 32 | sig, a->n_sigs);
    if (i == a->n_sigs) {
        a->sigs[a->n_sigs++] = (struct agg_sig){ .func = func, .sig = sig, .first_real = UINT64_MAX, .edges = TABLE_NONE, .place = AGG_NO_PLACE, .patience = 8 };
        f->n++;
    }
    if (i != TABLE_NONE && sig >= f->cap && sig < 2 * f->n + 8 && !room_for_sig(f, sig))
        return TABLE_NONE;
    if (i != TABLE_NONE && sig < f->cap)
        f->sigs[sig] = i;
    return i;
}

uint32_t agg_sig_of(struct agg *a, uint32_t func, uint32_t sig)
{
    if (!room_for_func(a, func))
        return TABLE_NONE;
    const struct agg_func *f = &a->funcs[func];
    return sig < f->cap && f->sigs[sig] != TABLE_NONE ? f->sigs[sig] : new_sig(a, func, sig);
}

/* A chain is short: few callers use one signature, few types come out of one edge. The far end of a long
 * one is left to the table. */
enum { CHAIN_WALK = 6 };

static uint32_t new_edge(struct agg *a, uint64_t key, uint32_t sig)
{
    if (!grow_lines(&a->edges, a->n_edges, &a->cap_edges, sizeof *a->edges) || !grow_array(&a->links, a->n_edges, &a->cap_links, sizeof *a->links) ||
        !agg_scratch_room(a->scratch, a->cap_edges, a->cap_recent))
        return TABLE_NONE;
    uint32_t i = table_put(&a->by_edge, key, a->n_edges);
    if (i == a->n_edges) {
        a->edges[a->n_edges++] = (struct agg_edge){ .key = key, .func = a->sigs[sig].func, .place = a->sigs[sig].place };
        a->links[i] = (struct agg_link){ .next = a->sigs[sig].edges };
        a->sigs[sig].edges = i;
    }
    return i;
}

uint32_t agg_edge_of(struct agg *a, uint32_t caller, uint32_t sig, bool adopted)
{
    uint64_t key = agg_edge_key(caller, sig, adopted);
    uint32_t *head = &a->sigs[sig].edges, *link = head;
    for (unsigned n = 0; *link != TABLE_NONE && n < CHAIN_WALK; n++) {
        uint32_t i = *link;
        if (a->edges[i].key == key) {
            *link = a->links[i].next;
            a->links[i].next = *head;
            return *head = i;
        }
        link = &a->links[i].next;
    }
    return new_edge(a, key, sig);
}

uint32_t agg_kind_of(struct agg *a, uint32_t end, uint32_t type)
{
    if (!grow_array(&a->kinds, a->n_kinds, &a->cap_kinds, sizeof *a->kinds))
        return TABLE_NONE;
    uint32_t i = table_put(&a->by_kind, (uint64_t)end << 32 | type, a->n_kinds);
    if (i == a->n_kinds)
        a->kinds[a->n_kinds++] = (struct agg_kind){ end, type };
    return i;
}

static uint32_t new_cell(struct agg *a, uint32_t edge, uint32_t kind)
{
    if (!grow_array(&a->cells, a->n_cells, &a->cap_cells, sizeof *a->cells) ||
        !grow_lines(&a->recent, a->n_cells, &a->cap_recent, sizeof *a->recent) || !agg_scratch_room(a->scratch, a->cap_edges, a->cap_recent))
        return TABLE_NONE;
    uint32_t i = table_put(&a->by_cell, (uint64_t)edge << 32 | kind, a->n_cells);
    if (i != a->n_cells)
        return i;
    a->n_cells++;
    a->cells[i] = (struct agg_cell){ .edge = edge, .kind = kind, .min = UINT64_MAX };
    a->recent[i] = (struct agg_recent){ .kind = kind, .edge = edge, .min = UINT64_MAX, .next = a->edges[edge].cells };
    a->edges[edge].cells = i;
    return i;
}

uint32_t agg_cell_of(struct agg *a, uint32_t edge, uint32_t kind)
{
    uint32_t *head = &a->edges[edge].cells, *link = head;
    for (unsigned n = 0; *link && n < CHAIN_WALK; n++) {
        uint32_t i = *link;
        if (a->recent[i].kind == kind) {
            *link = a->recent[i].next;
            a->recent[i].next = *head;
            return *head = i;
        }
        link = &a->recent[i].next;
    }
    return new_cell(a, edge, kind);
}

uint32_t agg_mark_of(struct agg *a, uint32_t mark)
{
    if (!grow_array(&a->marks, a->n_marks, &a->cap_marks, sizeof *a->marks))
        return TABLE_NONE;
    uint32_t i = table_put(&a->by_mark, mark, a->n_marks);
    if (i == a->n_marks)
        a->marks[a->n_marks++] = (struct agg_mark){ .mark = mark, .first_real = UINT64_MAX };
    return i;
}

bool agg_add_thread(struct agg *a, uint32_t func, uint32_t thread, uint64_t calls)
{
    if (thread > GHOST_THREADS_APART)
        thread = 0;
    if (!grow_array(&a->threads, a->n_threads, &a->cap_threads, sizeof *a->threads))
        return false;
    uint32_t i = table_put(&a->by_thread, (uint64_t)func << 32 | thread, a->n_threads);
    if (i == TABLE_NONE)
        return false;
    if (i == a->n_threads)
        a->threads[a->n_threads++] = (struct agg_thread){ .func = func, .thread = thread };
    a->threads[i].calls += calls;
    return true;
}

/* ---- what is noted for the common tables ---- */

bool agg_send_noted(struct agg *a)
{
    struct agg_scratch *s = a->scratch;
    bool ok = agg_common_far(a->common, s->far, s->n_far) && agg_common_failures(a->common, s->failures, s->n_failures);
    s->n_far = s->n_failures = 0;
    return ok;
}

bool agg_add_failure(struct agg *a, uint32_t func, uint32_t kind, uint64_t real)
{
    struct agg_scratch *s = a->scratch;
    if (!real)
        return true;
    s->failures[s->n_failures++] = (struct agg_failure){ func, a->kinds[kind].end, a->kinds[kind].type, real };
    return s->n_failures < NOTED || agg_send_noted(a);
}

static bool add_far(struct agg *a, uint32_t sig, uint32_t bucket, uint64_t count)
{
    struct agg_scratch *s = a->scratch;
    s->far[s->n_far++] = (struct agg_far){ a->sigs[sig].func, a->sigs[sig].sig, bucket, count };
    return s->n_far < NOTED || agg_send_noted(a);
}

/* ---- histograms ---- */

bool agg_add_wrap(struct agg *a, uint32_t window, uint32_t at)
{
    uint32_t sig = a->window_sigs[window];
    return add_far(a, sig, agg_place_first(a->sigs[sig].place) + at, 1 << 16);
}

/* The number of a new, empty window; TABLE_NONE: out of memory. */
static uint32_t new_window(struct agg *a, uint32_t sig)
{
    if (a->n_windows > UINT32_MAX / HIST_CHUNK || !grow_array(&a->windows, a->n_windows, &a->cap_windows, sizeof *a->windows) ||
        !grow_array(&a->window_sigs, a->n_windows, &a->cap_window_sigs, sizeof *a->window_sigs))
        return TABLE_NONE;
    memset(a->windows[a->n_windows], 0, sizeof *a->windows);
    a->window_sigs[a->n_windows] = sig;
    return a->n_windows++;
}

/* Empties the window and lets it begin some octaves below the bucket. */
static bool move_window(struct agg *a, uint32_t sig, uint32_t bucket)
{
    enum { BELOW = 4 };
    struct agg_sig *s = &a->sigs[sig];
    uint32_t octave = bucket / HIST_CHUNK, window = s->place == AGG_NO_PLACE ? new_window(a, sig) : agg_place_window(s->place);
    if (window == TABLE_NONE)
        return false;
    uint16_t *counts = a->windows[window];
    for (uint32_t i = 0; i < AGG_WINDOW; i++) {
        if (counts[i] && !add_far(a, sig, agg_place_first(s->place) + i, counts[i]))
            return false;
        counts[i] = 0;
    }
    s->place = window * HIST_CHUNK + (octave > BELOW ? octave - BELOW : 0);
    for (uint32_t i = s->edges; i != TABLE_NONE; i = a->links[i].next)
        a->edges[i].place = s->place;
    return true;
}

/* A signature gets a window when it has been met some times, and one that stands where few of its
 * latencies are (the first calls were slow) moves, each time less easily. */
bool agg_add_outside(struct agg *a, uint32_t sig, uint32_t bucket)
{
    struct agg_sig *s = &a->sigs[sig];
    if (++s->outside >= s->patience) {
        if (!agg_count_fresh(a) || !move_window(a, sig, bucket))
            return false;
        s->outside = 0;
        s->patience = s->patience < UINT32_MAX / 8 ? s->patience * 8 : UINT32_MAX;
    }
    return add_far(a, sig, bucket, 1);
}

/* ---- the whole ---- */

bool agg_clock_is_earlier(const struct agg_clock *a, const struct agg_clock *b)
{
    if (!a->q32 || !b->q32)
        return a->q32 != 0;
    if (a->base_tick != b->base_tick)
        return a->base_tick < b->base_tick;
    return a->anchor.tick < b->anchor.tick;
}

int agg_init(struct agg *a, struct agg_common *c)
{
    *a = (struct agg){ .common = c, .first_real = UINT64_MAX, .to_real = UINT64_MAX, .n_windows = 1, .cap_windows = 16 };
    a->scratch = agg_scratch_new();
    a->windows = malloc(a->cap_windows * sizeof *a->windows);   /* window 0 is "none" */
    if (!a->scratch || !a->windows || !grow_lines(&a->edges, 0, &a->cap_edges, sizeof *a->edges) ||
        !grow_lines(&a->recent, 0, &a->cap_recent, sizeof *a->recent) || !grow_array(&a->cells, 0, &a->cap_cells, sizeof *a->cells)) {
        agg_release(a);
        return GHOST_E_NOMEM;
    }
    a->edges[a->n_edges++] = (struct agg_edge){ .key = UINT64_MAX, .place = AGG_NO_PLACE };
    a->cells[a->n_cells++] = (struct agg_cell){ .kind = TABLE_NONE };
    a->recent[0] = (struct agg_recent){ .kind = TABLE_NONE };
    return 0;
}

void agg_release(struct agg *a)
{
    for (uint32_t i = 0; i < a->cap_funcs; i++)
        free(a->funcs[i].sigs);
    void *arrays[] = { a->funcs, a->sigs, a->edges, a->kinds, a->cells, a->recent, a->threads, a->marks, a->windows, a->window_sigs, a->links };
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        free(arrays[i]);
    struct table *tables[] = { &a->by_sig, &a->by_edge, &a->by_kind, &a->by_cell, &a->by_thread, &a->by_mark };
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        table_release(tables[i]);
    agg_scratch_free(a->scratch);
    *a = (struct agg){ 0 };
}
