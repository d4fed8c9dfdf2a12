/* aggregate_block.c - a block from its prelude to its end: what its shapes mean in
 * this process's tables, where slices of time begin, and where what became new goes. */
#include "aggregate_walk.h"

#include <string.h>

struct agg_scratch *agg_scratch_new(void) { return calloc(1, sizeof(struct agg_scratch)); }

void agg_scratch_free(struct agg_scratch *s)
{
    if (!s)
        return;
    free(s->tokens);
    free(s->stack);
    free(s->activations);
    free(s->edges);
    free(s->cells);
    free(s->funcs);
    free(s->sums);
    for (unsigned i = 0; i < THREADS; i++)
        free(s->threads[i].by_func);
    free(s->seen);
    free(s);
}

static bool room(void *array, uint32_t *cap, uint32_t wanted, size_t size)
{
    if (wanted <= *cap)
        return true;
    void *grown = realloc(*(void **)array, wanted * size);
    if (!grown)
        return false;
    *(void **)array = grown;
    *cap = wanted;
    return true;
}

bool agg_scratch_room(struct agg_scratch *s, uint32_t n_edges, uint32_t n_cells)
{
    return room(&s->edges, &s->cap_edges, n_edges, sizeof *s->edges) && room(&s->cells, &s->cap_cells, n_cells, sizeof *s->cells);
}

uint64_t clock_real(const struct clock *c, uint64_t tick)
{
    const struct ghost_anchor *anchor = &c->anchor;
    if (!anchor->real_ns)
        return 0;
    if (tick >= anchor->tick)
        return anchor->real_ns + ticks_to_ns(tick - anchor->tick, c->q32);
    uint64_t before = ticks_to_ns(anchor->tick - tick, c->q32);
    return anchor->real_ns > before ? anchor->real_ns - before : 1;
}

/* ---- slices of time ---- */

static bool in_range(const struct agg *a, uint64_t real) { return real >= a->from_real && real < a->to_real; }

/* Slices are as wide as those that all workers fill: when one of them needs wider ones, the
 * others' sums go into these, too. */
static unsigned shift_of(const struct agg *a)
{
    unsigned shift = atomic_load_explicit(&a->common->shift, memory_order_relaxed);
    return shift ? shift : SLICE_LEAST_SHIFT;
}

/* The end of the events that stand in the slice of event i, and on the same side of the range. */
static uint32_t slice_end(const struct walk *w, uint32_t i, uint64_t real)
{
    const struct agg *a = w->a;
    unsigned shift = shift_of(a);
    uint64_t border = UINT64_MAX, next = (real >> shift) + 1;
    if (real && next << shift >> shift == next)
        border = next << shift;
    if (real < a->from_real && a->from_real < border)
        border = a->from_real;
    if (real < a->to_real && a->to_real < border)
        border = a->to_real;
    uint32_t below = i, above = w->b->n_events;
    if (clock_real(w->clock, w->b->ticks[above - 1]) < border)
        return above;
    while (above - below > 1) {
        uint32_t middle = below + (above - below) / 2;
        if (clock_real(w->clock, w->b->ticks[middle]) < border)
            below = middle;
        else
            above = middle;
    }
    return above;
}

uint64_t agg_real(const struct ghost_block *b, uint64_t tick)
{
    return clock_real(&(struct clock){ b->anchor[1], b->tick_ns_q32 }, tick);
}

static void widen(uint64_t *first, uint64_t *last, uint64_t from, uint64_t to)
{
    if (from && from < *first)
        *first = from;
    if (to > *last)
        *last = to;
}

static struct slice_sums *sums_of(struct agg_scratch *s, uint32_t func)
{
    struct slice_sums *sums = &s->sums[func];
    if (!sums->calls && !sums->finished)
        s->funcs[s->n_funcs++] = func;
    return sums;
}

static void fold_edge(struct agg *a, struct agg_edge *e)
{
    sums_of(a->scratch, e->func)->calls += e->recent;
    a->links[e - a->edges].calls += e->recent;
    e->recent = 0;
}

static void fold_cell(struct agg *a, struct agg_cell *c, struct agg_recent *r)
{
    const struct agg_edge *e = &a->edges[c->edge];
    c->count += r->count;
    if (GHOST_END_IS_TIMED(a->kinds[c->kind].end) && !agg_edge_adopted(e)) {
        struct slice_sums *sums = sums_of(a->scratch, e->func);
        sums->finished += r->count;
        sums->total += r->total;
        sums->self += r->self;
        sums->log_sum += r->log_sum;
        sums->log_squares += r->log_squares;
        c->total += r->total;
        c->self += r->self;
        c->min = r->min < c->min ? r->min : c->min;
        c->max = r->max > c->max ? r->max : c->max;
    }
    *r = (struct agg_recent){ .kind = r->kind, .next = r->next, .edge = r->edge, .min = UINT64_MAX };
}

/* What is new goes where it belongs: to edges, outcomes and the slice. */
static bool fold(struct agg *a)
{
    struct agg_scratch *s = a->scratch;
    for (uint32_t i = 0; i < s->n_edges; i++)
        fold_edge(a, &a->edges[s->edges[i]]);
    for (uint32_t i = 0; i < s->n_cells; i++)
        fold_cell(a, &a->cells[s->cells[i]], &a->recent[s->cells[i]]);
    bool ok = !s->real || agg_common_slice(a->common, s->real, s->funcs, s->n_funcs, s->sums);
    for (uint32_t i = 0; i < s->n_funcs; i++)
        s->sums[s->funcs[i]] = (struct slice_sums){ 0 };
    s->n_edges = s->n_cells = s->n_funcs = 0;
    return ok;
}

static bool fold_thread(struct agg *a, struct thread_calls *t)
{
    for (uint32_t func = 0; func < t->cap; func++) {
        if (t->by_func[func] && !agg_add_thread(a, func, t->thread, t->by_func[func]))
            return false;
        t->by_func[func] = 0;
    }
    return true;
}

/* Room for the calls of the block's thread, which may take the place of another's. */
static bool begin_thread(struct walk *w)
{
    struct agg_scratch *s = w->a->scratch;
    struct thread_calls *t = &s->threads[w->b->thread % THREADS];
    uint32_t old = t->cap;
    if ((t->thread != w->b->thread && !fold_thread(w->a, t)) || !room(&t->by_func, &t->cap, s->cap_sums, sizeof *t->by_func))
        return false;
    memset(t->by_func + old, 0, (t->cap - old) * sizeof *t->by_func);
    t->thread = w->b->thread;
    w->calls = t->by_func;
    return true;
}

int agg_finish(struct agg *a)
{
    bool ok = agg_count_fresh(a) && agg_send_noted(a) && fold(a);
    for (unsigned i = 0; i < THREADS && ok; i++)
        ok = fold_thread(a, &a->scratch->threads[i]);
    return ok ? 0 : GHOST_E_NOMEM;
}

bool agg_count_fresh(struct agg *a)
{
    struct agg_scratch *s = a->scratch;
    for (uint32_t i = 0; i < s->n_fresh; i++) {
        size_t at = (size_t)(s->fresh[i] - a->windows[0]);
        if (++*s->fresh[i] == 0 && !agg_add_wrap(a, (uint32_t)(at / AGG_WINDOW), at % AGG_WINDOW))
            return false;
    }
    s->n_fresh = 0;
    return true;
}

/* Makes sure that what comes at `real` may be added to what is new. */
static bool begin_slice(struct walk *w, uint64_t real)
{
    struct agg *a = w->a;
    struct agg_scratch *s = a->scratch;
    bool same = !s->real == !real && s->real >> shift_of(a) == real >> shift_of(a);
    if (!same && !fold(a))
        return false;
    s->real = real;
    return true;
}

/* The first call of each signature: going backwards, the one met last. */
static void find_first(struct walk *w)
{
    uint32_t *seen = w->a->scratch->seen;
    for (uint32_t i = w->inside_to; i > w->inside_from; i--)
        seen[w->b->tokens[i - 1]] = i;
}

/* When signatures were called first and last; with the block's own clock, so that it is no matter which
 * other blocks this worker has. Signatures that are known have been called before, mostly. */
static void note_times(struct walk *w)
{
    const struct ghost_block *b = w->b;
    uint64_t begin = clock_real(w->clock, b->base_tick);
    bool first = false;
    for (unsigned round = 0; round < 1u + first; round++) {
        for (uint32_t i = 0; i < b->n_shapes; i++) {
            uint32_t kind = b->shapes[i].kind, at = w->a->scratch->seen[i];
            if (!at || (kind != GHOST_SH_CALL && kind != GHOST_SH_GEN_CALL))
                continue;
            struct agg_sig *s = &w->a->sigs[w->a->scratch->tokens[i] & TOKEN_ID];
            uint64_t real = clock_real(w->clock, b->ticks[at - 1]);
            widen(&s->first_real, &s->last_real, real, real);
            first = first || begin < s->first_real;
        }
        if (first && round == 0)
            find_first(w);
    }
}

static bool walk_slices(struct walk *w)
{
    struct agg *a = w->a;
    for (uint32_t i = 0, end; i < w->b->n_events; i = end) {
        uint64_t real = clock_real(w->clock, w->b->ticks[i]);
        uint32_t unseen = w->unseen;
        if (!begin_slice(w, real))
            return false;
        end = slice_end(w, i, real);
        w->outside = !in_range(a, real);
        if (!w->outside) {
            w->inside_from = w->inside_to ? w->inside_from : i;
            w->inside_to = end;
        }
        if (!walk_events(w, i, end))
            return false;
        a->events += w->outside ? 0 : end - i - (w->unseen - unseen);
    }
    return true;
}

/* ---- before the loop ---- */

static bool resolve_shape(struct agg *a, const struct ghost_shape *s, token *t)
{
    uint32_t id = 0;
    switch (s->kind) {
    case GHOST_SH_CALL:
    case GHOST_SH_GEN_CALL:
        id = agg_sig_of(a, s->a, s->b);
        break;
    case GHOST_SH_ADOPT:
        id = agg_sig_of(a, s->a, 0);
        break;
    case GHOST_SH_RETURN:
        id = agg_kind_of(a, GHOST_END_RETURN, s->a);
        break;
    case GHOST_SH_YIELD:
        id = agg_kind_of(a, GHOST_END_YIELD, s->a);
        break;
    case GHOST_SH_UNWIND:
        id = agg_kind_of(a, s->b & GHOST_UNWIND_RAISED_HERE ? GHOST_END_RAISED : GHOST_END_PASSED, s->a);
        break;
    case GHOST_SH_ABANDON:
        id = agg_kind_of(a, GHOST_END_ABANDONED, 0);
        break;
    case GHOST_SH_MARK:
        id = agg_mark_of(a, s->a);
        break;
    }
    *t = s->kind << TOKEN_BITS | id;
    return id <= TOKEN_ID;
}

static uint32_t edge_of_open(struct agg *a, const struct ghost_open_frame *f)
{
    uint32_t sig = agg_sig_of(a, f->func, f->sig);
    return sig == TABLE_NONE ? sig : agg_edge_of(a, f->caller, sig, f->flags & GHOST_FRAME_UNKNOWN_START);
}

/* One edge for all calls that do not count, of the function that does not exist. */
static bool make_nobody(struct walk *w)
{
    uint32_t sig = agg_sig_of(w->a, 0, 0);
    w->nobody = sig == TABLE_NONE ? sig : agg_edge_of(w->a, 0, sig, true);
    return w->nobody != TABLE_NONE;
}

/* The stack and the activations as they were when the block began. */
static bool load_prelude(struct walk *w)
{
    struct agg *a = w->a;
    const struct ghost_block *b = w->b;
    for (uint32_t i = 0; i < b->n_stack + b->n_activations; i++) {
        bool on_stack = i < b->n_stack;
        const struct ghost_open_frame *f = on_stack ? &b->stack[i] : &b->activations[i - b->n_stack];
        bool counts = w->nobody == TABLE_NONE ||
                      (!(f->flags & GHOST_FRAME_UNKNOWN_START) && in_range(a, clock_real(w->clock, f->start)));
        uint32_t edge = counts ? edge_of_open(a, f) : w->nobody;
        if (edge == TABLE_NONE)
            return false;
        if (f->slot)
            w->activations[f->slot - 1] = (struct activation){ .start = f->start, .active = f->active, .child = f->child,
                                                               .edge = edge, .func = f->func };
        if (!on_stack)
            continue;
        uint64_t since = f->resumed < b->base_tick ? f->resumed : b->base_tick;
        *++w->top = (struct frame){ .since = since, .child = f->child, .edge = edge, .func = f->func,
                                    .slot = f->slot, .pending = f->pending };
        w->guess = 2 * edge;
    }
    return true;
}

/* Functions are numbered from 1 without gaps, about: room for all that the block names. */
static bool room_for_functions(struct agg_scratch *s, const struct ghost_block *b)
{
    uint32_t most = 0, old = s->cap_sums;
    for (uint32_t i = 0; i < b->n_shapes; i++)
        if (b->shapes[i].kind == GHOST_SH_CALL || b->shapes[i].kind == GHOST_SH_GEN_CALL || b->shapes[i].kind == GHOST_SH_ADOPT)
            most = b->shapes[i].a > most ? b->shapes[i].a : most;
    for (uint32_t i = 0; i < b->n_stack; i++)
        most = b->stack[i].func > most ? b->stack[i].func : most;
    for (uint32_t i = 0; i < b->n_activations; i++)
        most = b->activations[i].func > most ? b->activations[i].func : most;
    if (most < old)
        return true;
    uint32_t wanted = most + most / 2 + 1;
    if (!room(&s->funcs, &s->cap_funcs, wanted, sizeof *s->funcs) ||
        !room(&s->sums, &s->cap_sums, wanted, sizeof *s->sums))
        return false;
    memset(s->sums + old, 0, (wanted - old) * sizeof *s->sums);
    return true;
}

static bool prepare(struct walk *w)
{
    struct agg *a = w->a;
    struct agg_scratch *s = a->scratch;
    const struct ghost_block *b = w->b;
    if (!room(&s->tokens, &s->cap_tokens, b->n_shapes, sizeof *s->tokens) || !room_for_functions(s, b) || !begin_thread(w) ||
        !room(&s->seen, &s->cap_seen, 2 * b->n_shapes + 1, sizeof *s->seen) ||
        !room(&s->stack, &s->cap_stack, b->max_depth + b->n_stack + 2, sizeof *s->stack) ||
        !room(&s->activations, &s->cap_activations, b->n_slots, sizeof *s->activations))
        return false;
    for (uint32_t i = 0; i < b->n_shapes; i++)
        if (!resolve_shape(a, &b->shapes[i], &s->tokens[i]))
            return false;
    memset(s->seen, 0, b->n_shapes * sizeof *s->seen);
    s->stack[0] = (struct frame){ 0 };
    w->base = w->top = s->stack;
    w->activations = s->activations;
    if ((a->from_real || a->to_real != UINT64_MAX) && !make_nobody(w))
        return false;
    return load_prelude(w);
}

int agg_block(struct agg *a, const struct ghost_block *b)
{
    const struct clock own = { b->anchor[1], b->tick_ns_q32 };
    struct walk w = { .a = a, .b = b, .clock = &own, .operand = b->operands, .q32 = b->tick_ns_q32, .nobody = TABLE_NONE };
    if (!prepare(&w) || !walk_slices(&w))
        return GHOST_E_NOMEM;
    note_times(&w);
    a->blocks++;
    struct agg_clock clock = { b->base_tick, b->tick_ns_q32, b->anchor[1] };
    if (agg_clock_is_earlier(&clock, &a->clock))
        a->clock = clock;
    widen(&a->first_real, &a->last_real, agg_real(b, b->base_tick), agg_real(b, b->end_tick));
    return 0;
}
