/* aggregate.c - the loop over a block's events.
 *
 * Each event is an index into the block's shape table. Once per block every
 * shape is resolved to this process's tables (struct token), so that the loop
 * itself does no more than follow the stack, find the edge of a call in a
 * small cache, and add to one cell when it ends. */
#include "aggregate.h"

#include <string.h>

/* A shape, resolved. */
struct token {
    uint32_t kind;                   /* enum ghost_shape_kind */
    uint32_t id;                     /* calls: agg_sig; ends: agg_kind; MARK: agg_mark */
    uint32_t arg;                    /* calls: function id; UNWIND: type id */
    uint32_t passed;                 /* UNWIND: no raised-here flag */
    uint64_t count, first, last;     /* calls: number, ticks of the first and last in this block */
};

/* A frame on the stack. */
struct frame {
    uint64_t since;                  /* its push, or the begin of the present stretch */
    uint64_t child;                  /* ticks spent in recorded callees */
    uint32_t edge, func;
    uint32_t slot;                   /* activation + 1, 0: a plain call */
    uint32_t pending;                /* type of an exception let in from below, 0 none */
};

/* What an activation keeps while it is off the stack. (Never a pending exception: the YIELD settled it.) */
struct activation {
    uint64_t start, active, child;
    uint32_t edge, func;
};

enum { EDGE_CACHE_BITS = 12, EDGE_CACHE = 1 << EDGE_CACHE_BITS };
struct edge_cache { uint64_t key; uint32_t edge; };

struct agg_scratch {
    struct token *tokens; uint32_t cap_tokens;
    struct frame *stack; uint32_t cap_stack;
    struct activation *activations; uint32_t cap_activations;
    struct slice_sums *now; uint32_t cap_now;          /* by function: what belongs to the slice that is walked */
    uint32_t *touched; uint32_t n_touched, cap_touched; /* functions with something in it */
    struct edge_cache edges[EDGE_CACHE];
};

/* ---- tables ---- */

static uint32_t sig_of(struct agg *a, uint32_t func, uint32_t sig)
{
    if (!grow_array(&a->sigs, a->n_sigs, &a->cap_sigs, sizeof *a->sigs))
        return TABLE_NONE;
    uint32_t i = table_put(&a->by_sig, (uint64_t)func << 32 | sig, a->n_sigs);
    if (i == a->n_sigs)
        a->sigs[a->n_sigs++] = (struct agg_sig){ .func = func, .sig = sig, .first_real = UINT64_MAX };
    return i;
}

static uint64_t edge_key(uint32_t caller, uint32_t sig, bool adopted)
{
    return (uint64_t)caller << 33 | (uint64_t)adopted << 32 | sig;
}

static uint32_t edge_of(struct agg *a, uint32_t caller, uint32_t sig, bool adopted)
{
    if (!grow_array(&a->edges, a->n_edges, &a->cap_edges, sizeof *a->edges))
        return TABLE_NONE;
    uint32_t i = table_put(&a->by_edge, edge_key(caller, sig, adopted), a->n_edges);
    if (i == a->n_edges)
        a->edges[a->n_edges++] = (struct agg_edge){ .caller = caller, .sig = sig, .adopted = adopted,
                                                    .cells = TABLE_NONE };
    return i;
}

static uint32_t kind_of(struct agg *a, uint32_t end, uint32_t type)
{
    if (!grow_array(&a->kinds, a->n_kinds, &a->cap_kinds, sizeof *a->kinds))
        return TABLE_NONE;
    uint32_t i = table_put(&a->by_kind, (uint64_t)end << 32 | type, a->n_kinds);
    if (i == a->n_kinds)
        a->kinds[a->n_kinds++] = (struct agg_kind){ end, type };
    return i;
}

/* A chain is short: few types come out of one edge. A long one is left to the table. */
enum { CHAIN_WALK = 6 };

static uint32_t new_cell(struct agg *a, uint32_t edge, uint32_t kind)
{
    if (!grow_array(&a->cells, a->n_cells, &a->cap_cells, sizeof *a->cells))
        return TABLE_NONE;
    uint32_t i = table_put(&a->by_cell, (uint64_t)edge << 32 | kind, a->n_cells);
    if (i != a->n_cells)
        return i;
    a->cells[a->n_cells++] = (struct agg_cell){ .edge = edge, .kind = kind, .min = UINT64_MAX, .next = TABLE_NONE };
    uint32_t *end = &a->edges[edge].cells;
    for (unsigned n = 0; *end != TABLE_NONE && n < CHAIN_WALK; n++)
        end = &a->cells[*end].next;
    if (*end == TABLE_NONE)
        *end = i;
    return i;
}

static inline uint32_t cell_of(struct agg *a, uint32_t edge, uint32_t kind)
{
    uint32_t i = a->edges[edge].cells;
    for (unsigned n = 0; i != TABLE_NONE && n < CHAIN_WALK; i = a->cells[i].next, n++)
        if (a->cells[i].kind == kind)
            return i;
    return new_cell(a, edge, kind);
}

static uint32_t mark_of(struct agg *a, uint32_t mark)
{
    if (!grow_array(&a->marks, a->n_marks, &a->cap_marks, sizeof *a->marks))
        return TABLE_NONE;
    uint32_t i = table_put(&a->by_mark, mark, a->n_marks);
    if (i == a->n_marks)
        a->marks[a->n_marks++] = (struct agg_mark){ .mark = mark, .first_real = UINT64_MAX };
    return i;
}

static bool add_failure(struct agg *a, uint32_t func, uint32_t kind, uint64_t real)
{
    if (!real)
        return true;
    if (!grow_array(&a->fails, a->n_fails, &a->cap_fails, sizeof *a->fails))
        return false;
    uint32_t i = table_put(&a->by_fail, (uint64_t)func << 32 | kind, a->n_fails);
    if (i == TABLE_NONE)
        return false;
    if (i == a->n_fails)
        a->fails[a->n_fails++] = (struct agg_fail){ func, kind };
    return slices_add(&a->failed, i, real, &(struct slice_sums){ .exceptions = 1 });
}

static bool add_thread_calls(struct agg *a, uint32_t func, uint32_t thread, uint64_t calls)
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

static bool new_chunk(struct agg *a, struct agg_sig *s, unsigned chunk)
{
    if (!grow_array(&a->chunks, a->n_chunks, &a->cap_chunks, sizeof *a->chunks))
        return false;
    memset(a->chunks[a->n_chunks], 0, sizeof *a->chunks);
    s->chunk[chunk] = a->n_chunks++;
    return true;
}

bool agg_clock_is_earlier(const struct agg_clock *a, const struct agg_clock *b)
{
    if (!a->q32 || !b->q32)
        return a->q32 != 0;
    if (a->base_tick != b->base_tick)
        return a->base_tick < b->base_tick;
    return a->anchor.tick < b->anchor.tick;
}

int agg_init(struct agg *a)
{
    *a = (struct agg){ .first_real = UINT64_MAX, .to_real = UINT64_MAX, .n_chunks = 1 };
    a->scratch = calloc(1, sizeof *a->scratch);
    a->cap_chunks = 64;
    a->chunks = malloc(a->cap_chunks * sizeof *a->chunks);   /* chunk 0 is "none" */
    if (a->scratch && a->chunks)
        return 0;
    agg_release(a);
    return GHOST_E_NOMEM;
}

void agg_release(struct agg *a)
{
    free(a->sigs);
    free(a->edges);
    free(a->kinds);
    free(a->cells);
    free(a->threads);
    free(a->marks);
    free(a->chunks);
    table_release(&a->by_sig);
    table_release(&a->by_edge);
    table_release(&a->by_kind);
    table_release(&a->by_cell);
    table_release(&a->by_thread);
    table_release(&a->by_mark);
    table_release(&a->by_fail);
    free(a->fails);
    slices_release(&a->slices);
    slices_release(&a->failed);
    if (a->scratch) {
        free(a->scratch->now);
        free(a->scratch->touched);
        free(a->scratch->tokens);
        free(a->scratch->stack);
        free(a->scratch->activations);
        free(a->scratch);
    }
    *a = (struct agg){ 0 };
}

/* ---- one block ---- */

/* The state of the loop; a copy in registers where it matters. */
struct walk {
    struct agg *a;
    const struct ghost_block *b;
    struct frame *base, *top;        /* base stands for "nothing recorded" */
    struct activation *activations;
    const uint32_t *operand;         /* of the next event that has one */
    uint64_t q32;
    uint32_t nobody;                 /* edge of the calls that do not count */
    bool outside;                    /* calls that begin now do not count */
    uint32_t unseen;                 /* tokens that are not events */
};

static uint64_t to_ns(uint64_t ticks, uint64_t q32)
{
    return (uint64_t)((unsigned __int128)ticks * q32 >> 32);
}

static uint64_t real_of(const struct ghost_block *b, uint64_t tick)
{
    const struct ghost_anchor *anchor = &b->anchor[1];
    if (!anchor->real_ns)
        return 0;
    if (tick >= anchor->tick)
        return anchor->real_ns + to_ns(tick - anchor->tick, b->tick_ns_q32);
    uint64_t before = to_ns(anchor->tick - tick, b->tick_ns_q32);
    return anchor->real_ns > before ? anchor->real_ns - before : 1;
}

/* Counts something that has no latency: yields, catches, unseen ends. */
static bool count_plain(struct agg *a, uint32_t edge, uint32_t kind)
{
    uint32_t i = kind == TABLE_NONE ? TABLE_NONE : cell_of(a, edge, kind);
    if (i == TABLE_NONE)
        return false;
    a->cells[i].count++;
    return true;
}

static inline bool add_latency(struct agg *a, struct agg_sig *s, uint64_t ns)
{
    unsigned chunk = hist_chunk(ns);
    if (__builtin_expect(!s->chunk[chunk], 0) && !new_chunk(a, s, chunk))
        return false;
    a->chunks[s->chunk[chunk]][hist_sub(ns, chunk)]++;
    return true;
}

/* The sums of a function in the slice that is walked. */
static inline struct slice_sums *now_of(struct agg_scratch *s, uint32_t func)
{
    struct slice_sums *now = &s->now[func];
    if (!now->calls && !now->finished)
        s->touched[s->n_touched++] = func;
    return now;
}

/* A call of this frame ended so; latency and self time in ticks. */
static inline struct agg_cell *add_end(struct agg *a, const struct frame *f, uint32_t kind, uint64_t latency, uint64_t self, uint64_t q32)
{
    const struct agg_edge *e = &a->edges[f->edge];
    uint32_t i = cell_of(a, f->edge, kind);
    if (__builtin_expect(i == TABLE_NONE, 0))
        return NULL;
    struct agg_cell *c = &a->cells[i];
    c->count++;
    if (__builtin_expect(e->adopted, 0))
        return c;
    uint64_t ns = to_ns(latency, q32), self_ns = to_ns(self, q32), bucket = hist_bucket(ns);
    struct slice_sums *now = now_of(a->scratch, f->func);
    now->finished++;
    now->total += ns;
    now->self += self_ns;
    now->log_sum += bucket;
    now->log_squares += bucket * bucket;
    c->total += ns;
    c->self += self_ns;
    if (ns < c->min)
        c->min = ns;
    if (ns > c->max)
        c->max = ns;
    return add_latency(a, &a->sigs[e->sig], ns) ? c : NULL;
}

static inline uint32_t find_edge(struct agg *a, uint32_t caller, uint32_t sig)
{
    uint64_t key = edge_key(caller, sig, false) + 1;          /* 0: an empty entry */
    struct edge_cache *c = &a->scratch->edges[key * 0x9E3779B97F4A7C15u >> (64 - EDGE_CACHE_BITS)];
    if (__builtin_expect(c->key != key, 0)) {
        uint32_t edge = edge_of(a, caller, sig, false);
        if (edge == TABLE_NONE)
            return edge;
        *c = (struct edge_cache){ key, edge };
    }
    return c->edge;
}

static inline uint64_t minus(uint64_t a, uint64_t b) { return a > b ? a - b : 0; }

static inline bool settle_caught(struct agg *a, struct frame *f)
{
    uint32_t type = f->pending;
    f->pending = 0;
    return !type || count_plain(a, f->edge, kind_of(a, GHOST_END_CAUGHT, type));
}

static bool end_activation(struct walk *w, const struct frame *f, uint32_t kind, uint64_t now)
{
    const struct activation *act = &w->activations[f->slot - 1];
    uint64_t latency = minus(now, act->start), active = act->active + (now - f->since);
    struct agg_cell *c = add_end(w->a, f, kind, latency, minus(active, f->child), w->q32);
    if (c && !w->a->edges[f->edge].adopted)
        c->suspended += to_ns(minus(latency, active), w->q32);
    return c;
}

/* A frame leaves the stack for good. */
static inline bool end_call(struct walk *w, struct frame *f, uint32_t kind, uint64_t now)
{
    uint64_t stretch = now - f->since;
    f[-1].child += stretch;
    if (__builtin_expect(f->slot, 0))
        return end_activation(w, f, kind, now);
    return add_end(w->a, f, kind, stretch, minus(stretch, f->child), w->q32);
}

static bool suspend(struct walk *w, struct frame *f, uint64_t now)
{
    struct activation *act = &w->activations[f->slot - 1];
    act->active += now - f->since;
    act->child = f->child;
    f[-1].child += now - f->since;
    return settle_caught(w->a, f);
}

static inline void push_activation(struct walk *w, uint32_t slot, uint64_t now)
{
    const struct activation *act = &w->activations[slot];
    *++w->top = (struct frame){ .since = now, .child = act->child, .edge = act->edge, .func = act->func,
                                .slot = slot + 1 };
}

static inline bool begin_call(struct walk *w, struct token *t, uint32_t slot, uint64_t now)
{
    if (__builtin_expect(w->outside, 0)) {
        *++w->top = (struct frame){ .since = now, .edge = w->nobody, .func = t->arg, .slot = slot };
        return true;
    }
    uint32_t edge = find_edge(w->a, w->top->func, t->id);
    if (edge == TABLE_NONE)
        return false;
    w->a->edges[edge].calls++;
    now_of(w->a->scratch, t->arg)->calls++;
    t->count++;
    t->last = now;
    if (__builtin_expect(!t->first, 0))
        t->first = now ? now : 1;
    *++w->top = (struct frame){ .since = now, .edge = edge, .func = t->arg, .slot = slot };
    return true;
}

static bool begin_adopted(struct walk *w, const struct token *t, uint32_t slot, uint64_t now)
{
    uint32_t edge = w->nobody == TABLE_NONE ? edge_of(w->a, 0, t->id, true) : w->nobody;
    if (edge == TABLE_NONE)
        return false;
    w->activations[slot] = (struct activation){ .start = now, .edge = edge, .func = t->arg };
    push_activation(w, slot, now);
    return true;
}

/* An exception leaves the top frame for the one below. */
static bool unwind(struct walk *w, const struct token *t, uint64_t now)
{
    struct frame *f = w->top--;
    if (t->passed)
        f->pending = 0;
    if (!w->a->edges[f->edge].adopted && !add_failure(w->a, f->func, t->id, real_of(w->b, now)))
        return false;
    if (!settle_caught(w->a, f) || !end_call(w, f, t->id, now) || !settle_caught(w->a, f - 1))
        return false;
    f[-1].pending = t->arg;
    w->base->pending = 0;
    return true;
}

static bool mark_seen(struct walk *w, const struct token *t, uint64_t now)
{
    if (w->outside)
        return true;
    struct agg_mark *m = &w->a->marks[t->id];
    uint64_t real = real_of(w->b, now);
    m->count++;
    if (real && real < m->first_real)
        m->first_real = real;
    if (real > m->last_real)
        m->last_real = real;
    return true;
}

static bool rare_event(struct walk *w, struct token *t, uint32_t slot, uint64_t now)
{
    struct agg *a = w->a;
    w->unseen += t->kind >= GHOST_SH_ABANDON && t->kind <= GHOST_SH_ADOPT;
    switch (t->kind) {
    case GHOST_SH_UNWIND:
        return unwind(w, t, now);
    case GHOST_SH_THROW:
        push_activation(w, slot, now);
        return true;
    case GHOST_SH_ABANDON:
        w->top--;
        return count_plain(a, w->top[1].edge, t->id);
    case GHOST_SH_DROP:              /* told only where the block knew of it: calls less ends is exact */
        return true;
    case GHOST_SH_ADOPT:
        return begin_adopted(w, t, slot, now);
    case GHOST_SH_MARK:
        return mark_seen(w, t, now);
    default:
        a->pauses += !w->outside;
        return true;
    }
}

static bool walk_events(struct walk *w, uint32_t i, uint32_t end)
{
    const struct ghost_block *b = w->b;
    struct agg *a = w->a;
    const uint32_t *operand = w->operand;
    struct token *tokens = a->scratch->tokens;
    bool ok = true;
    for (; i < end && ok; i++) {
        struct token *t = &tokens[b->tokens[i]];
        uint64_t now = b->ticks[i];
        if (t->kind == GHOST_SH_CALL) {
            ok = begin_call(w, t, 0, now);
        } else if (t->kind == GHOST_SH_RETURN) {
            struct frame *f = w->top--;
            ok = end_call(w, f, t->id, now);
            if (__builtin_expect(f->pending, 0))
                ok = ok && settle_caught(a, f);
        } else if (t->kind == GHOST_SH_YIELD) {
            struct frame *f = w->top--;
            ok = suspend(w, f, now) && count_plain(a, f->edge, t->id);
        } else if (t->kind == GHOST_SH_RESUME) {
            push_activation(w, *operand++, now);
        } else if (t->kind == GHOST_SH_GEN_CALL) {
            uint32_t slot = *operand++;
            ok = begin_call(w, t, slot + 1, now);
            w->activations[slot] = (struct activation){ .start = now, .edge = w->top->edge, .func = t->arg };
        } else {
            bool has_slot = t->kind == GHOST_SH_THROW || t->kind == GHOST_SH_DROP || t->kind == GHOST_SH_ADOPT;
            ok = rare_event(w, t, has_slot ? *operand++ : 0, now);
        }
    }
    w->operand = operand;
    return ok;
}

/* ---- slices of time ---- */

static bool in_range(const struct agg *a, uint64_t real) { return real >= a->from_real && real < a->to_real; }

/* The end of the events that stand in the slice of event i, and on the same side of the range. */
static uint32_t slice_end(const struct walk *w, uint32_t i, uint64_t real)
{
    const struct agg *a = w->a;
    uint64_t border = UINT64_MAX, next = slice_number(&a->slices, real) + 1;
    if (real && next << slice_shift(&a->slices) >> slice_shift(&a->slices) == next)
        border = next << slice_shift(&a->slices);
    if (real < a->from_real && a->from_real < border)
        border = a->from_real;
    if (real < a->to_real && a->to_real < border)
        border = a->to_real;
    uint32_t below = i, above = w->b->n_events;
    while (above - below > 1) {
        uint32_t middle = below + (above - below) / 2;
        if (real_of(w->b, w->b->ticks[middle]) < border)
            below = middle;
        else
            above = middle;
    }
    return real_of(w->b, w->b->ticks[w->b->n_events - 1]) < border ? w->b->n_events : above;
}

static bool fold_slice(struct agg *a, uint64_t real)
{
    struct agg_scratch *s = a->scratch;
    for (uint32_t i = 0; i < s->n_touched; i++) {
        struct slice_sums *now = &s->now[s->touched[i]];
        if (real && !slices_add(&a->slices, s->touched[i], real, now))
            return false;
        *now = (struct slice_sums){ 0 };
    }
    s->n_touched = 0;
    return true;
}

static bool walk_slices(struct walk *w)
{
    struct agg *a = w->a;
    for (uint32_t i = 0, end; i < w->b->n_events; i = end) {
        uint64_t real = real_of(w->b, w->b->ticks[i]);
        end = slice_end(w, i, real);
        w->outside = !in_range(a, real);
        uint32_t unseen = w->unseen;
        if (!walk_events(w, i, end) || !fold_slice(a, real))
            return false;
        a->events += w->outside ? 0 : end - i - (w->unseen - unseen);
    }
    return true;
}

/* ---- before and after the loop ---- */

static bool resolve_shape(struct agg *a, const struct ghost_shape *s, struct token *t)
{
    *t = (struct token){ .kind = s->kind, .arg = s->a };
    switch (s->kind) {
    case GHOST_SH_CALL:
    case GHOST_SH_GEN_CALL:
        t->id = sig_of(a, s->a, s->b);
        break;
    case GHOST_SH_ADOPT:
        t->id = sig_of(a, s->a, 0);
        break;
    case GHOST_SH_RETURN:
        t->id = kind_of(a, GHOST_END_RETURN, s->a);
        break;
    case GHOST_SH_YIELD:
        t->id = kind_of(a, GHOST_END_YIELD, s->a);
        break;
    case GHOST_SH_UNWIND:
        t->passed = !(s->b & GHOST_UNWIND_RAISED_HERE);
        t->id = kind_of(a, t->passed ? GHOST_END_PASSED : GHOST_END_RAISED, s->a);
        break;
    case GHOST_SH_ABANDON:
        t->id = kind_of(a, GHOST_END_ABANDONED, 0);
        break;
    case GHOST_SH_MARK:
        t->id = mark_of(a, s->a);
        break;
    }
    return t->id != TABLE_NONE;
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

static uint32_t edge_of_open(struct agg *a, const struct ghost_open_frame *f)
{
    uint32_t sig = sig_of(a, f->func, f->sig);
    return sig == TABLE_NONE ? sig : edge_of(a, f->caller, sig, f->flags & GHOST_FRAME_UNKNOWN_START);
}

/* One edge for all calls that do not count, of the function that does not exist. */
static bool make_nobody(struct walk *w)
{
    uint32_t sig = sig_of(w->a, 0, 0);
    w->nobody = sig == TABLE_NONE ? sig : edge_of(w->a, 0, sig, true);
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
                      (!(f->flags & GHOST_FRAME_UNKNOWN_START) && in_range(a, real_of(b, f->start)));
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
    }
    return true;
}

static void widen(uint64_t *first, uint64_t *last, uint64_t from, uint64_t to)
{
    if (from && from < *first)
        *first = from;
    if (to > *last)
        *last = to;
}

/* What was counted per token goes to the function's signature and thread. */
static bool fold_tokens(struct agg *a, const struct ghost_block *b)
{
    for (uint32_t i = 0; i < b->n_shapes; i++) {
        struct token *t = &a->scratch->tokens[i];
        if (!t->count)
            continue;
        struct agg_sig *s = &a->sigs[t->id];
        widen(&s->first_real, &s->last_real, real_of(b, t->first), real_of(b, t->last));
        if (!add_thread_calls(a, t->arg, b->thread, t->count))
            return false;
    }
    return true;
}

/* Functions are numbered from 1 without gaps, about: room for all that the block names. */
static bool room_for_functions(struct agg_scratch *s, const struct ghost_block *b)
{
    uint32_t most = 0, old = s->cap_now;
    for (uint32_t i = 0; i < b->n_shapes; i++)
        if (b->shapes[i].kind == GHOST_SH_CALL || b->shapes[i].kind == GHOST_SH_GEN_CALL || b->shapes[i].kind == GHOST_SH_ADOPT)
            most = b->shapes[i].a > most ? b->shapes[i].a : most;
    for (uint32_t i = 0; i < b->n_stack; i++)
        most = b->stack[i].func > most ? b->stack[i].func : most;
    for (uint32_t i = 0; i < b->n_activations; i++)
        most = b->activations[i].func > most ? b->activations[i].func : most;
    if (most < old)
        return true;
    if (!room(&s->touched, &s->cap_touched, most + most / 2 + 1, sizeof *s->touched) ||
        !room(&s->now, &s->cap_now, most + most / 2 + 1, sizeof *s->now))
        return false;
    memset(s->now + old, 0, (s->cap_now - old) * sizeof *s->now);
    return true;
}

int agg_block(struct agg *a, const struct ghost_block *b)
{
    struct agg_scratch *s = a->scratch;
    if (!room(&s->tokens, &s->cap_tokens, b->n_shapes, sizeof *s->tokens) || !room_for_functions(s, b) ||
        !room(&s->stack, &s->cap_stack, b->max_depth + b->n_stack + 2, sizeof *s->stack) ||
        !room(&s->activations, &s->cap_activations, b->n_slots, sizeof *s->activations))
        return GHOST_E_NOMEM;
    for (uint32_t i = 0; i < b->n_shapes; i++)
        if (!resolve_shape(a, &b->shapes[i], &s->tokens[i]))
            return GHOST_E_NOMEM;
    s->stack[0] = (struct frame){ 0 };
    struct walk w = { .a = a, .b = b, .base = s->stack, .top = s->stack, .activations = s->activations,
                      .operand = b->operands, .q32 = b->tick_ns_q32, .nobody = TABLE_NONE };
    if ((a->from_real || a->to_real != UINT64_MAX) && !make_nobody(&w))
        return GHOST_E_NOMEM;
    if (!load_prelude(&w) || !walk_slices(&w))
        return GHOST_E_NOMEM;
    a->blocks++;
    struct agg_clock clock = { b->base_tick, b->tick_ns_q32, b->anchor[1] };
    if (agg_clock_is_earlier(&clock, &a->clock))
        a->clock = clock;
    widen(&a->first_real, &a->last_real, real_of(b, b->base_tick), real_of(b, b->end_tick));
    return fold_tokens(a, b) ? 0 : GHOST_E_NOMEM;
}
