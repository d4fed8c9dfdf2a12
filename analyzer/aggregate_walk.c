/* aggregate_walk.c - the loop over a block's events.
 *
 * Each event is an index into the block's shape table. Once per block every
 * shape is resolved to this process's tables (a token), so that the loop itself
 * does no more than follow the stack, guess the edge of a call from what came
 * after the event before it the last time, and add to one line of an outcome and one
 * bucket of a histogram when it ends. What becomes new is put in its place
 * (folded) when another slice of time comes. */
#include "aggregate_walk.h"

static inline uint64_t minus(uint64_t a, uint64_t b) { return a > b ? a - b : 0; }

/* ---- one event, whatever it is ---- */

static struct agg_recent *outcome(struct agg *a, uint32_t edge, uint32_t kind)
{
    uint32_t i = a->edges[edge].cells;
    if (a->recent[i].kind != kind)
        i = kind == TABLE_NONE ? TABLE_NONE : agg_cell_of(a, edge, kind);
    if (i == TABLE_NONE)
        return NULL;
    a->scratch->cells_at[place_of(edge, kind)] = i;
    struct agg_recent *r = &a->recent[i];
    if (r->count++ == 0)
        a->scratch->cells[a->scratch->n_cells++] = i;
    return r;
}

/* Counts something that has no latency: yields, catches, unseen ends. */
static bool count_plain(struct agg *a, uint32_t edge, uint32_t kind) { return outcome(a, edge, kind); }

static inline void add_times(struct agg_recent *r, uint64_t ns, uint64_t self_ns, uint64_t bucket)
{
    r->total += ns;
    r->self += self_ns;
    r->log_sum += bucket;
    r->log_squares += bucket * bucket;
    r->min = ns < r->min ? ns : r->min;
    r->max = ns > r->max ? ns : r->max;
}

/* A call of this edge ended so; latency and self time in ticks. */
static struct agg_recent *add_end(struct agg *a, uint32_t edge, uint32_t kind, uint64_t latency, uint64_t self, uint64_t q32)
{
    struct agg_recent *r = outcome(a, edge, kind);
    const struct agg_edge *e = &a->edges[edge];
    if (!r || agg_edge_adopted(e))
        return r;
    uint64_t ns = ticks_to_ns(latency, q32);
    uint32_t bucket = hist_bucket(ns), window = agg_place_window(e->place), at = bucket - agg_place_first(e->place);
    add_times(r, ns, ticks_to_ns(self, q32), bucket);
    bool ok = true;
    if (at >= AGG_WINDOW)
        ok = agg_add_outside(a, agg_edge_sig(e), bucket);
    else if (++a->windows[window][at] == 0)
        ok = agg_add_wrap(a, window, at);
    return ok ? r : NULL;
}

static bool settle_caught(struct agg *a, struct frame *f)
{
    uint32_t type = f->pending;
    f->pending = 0;
    return !type || count_plain(a, f->edge, agg_kind_of(a, GHOST_END_CAUGHT, type));
}

static bool end_activation(struct walk *w, const struct frame *f, uint32_t kind, uint64_t now)
{
    const struct activation *act = &w->activations[f->slot - 1];
    uint64_t latency = minus(now, act->start), active = act->active + (now - f->since);
    struct agg_recent *r = add_end(w->a, f->edge, kind, latency, minus(active, f->child), w->q32);
    if (r && !agg_edge_adopted(&w->a->edges[f->edge]))
        w->a->cells[r - w->a->recent].suspended += ticks_to_ns(minus(latency, active), w->q32);
    return r;
}

/* A frame leaves the stack for good. */
static bool end_call(struct walk *w, struct frame *f, uint32_t kind, uint64_t now)
{
    uint64_t stretch = now - f->since;
    f[-1].child += stretch;
    w->guess = 2 * f->edge + 1;
    if (f->slot)
        return end_activation(w, f, kind, now);
    return add_end(w->a, f->edge, kind, stretch, minus(stretch, f->child), w->q32);
}

static bool suspend(struct walk *w, struct frame *f, uint64_t now)
{
    struct activation *act = &w->activations[f->slot - 1];
    act->active += now - f->since;
    act->child = f->child;
    f[-1].child += now - f->since;
    w->guess = 2 * f->edge + 1;
    return settle_caught(w->a, f);
}

static void push_activation(struct walk *w, uint32_t slot, uint64_t now)
{
    const struct activation *act = &w->activations[slot];
    *++w->top = (struct frame){ .since = now, .child = act->child, .edge = act->edge, .func = act->func,
                                .slot = slot + 1 };
    w->guess = 2 * act->edge;
}

/* The edge of a call of `sig` from the frame on top; the guess is corrected when it is wrong. */
static uint32_t find_edge(struct walk *w, uint32_t sig)
{
    struct agg *a = w->a;
    uint32_t at = w->guess, edge = a->edges[at >> 1].guess[at & 1];
    if (a->edges[edge].key != agg_edge_key(w->top->func, sig, false)) {
        edge = agg_edge_of(a, w->top->func, sig, false);
        if (edge == TABLE_NONE)
            return edge;
        a->edges[at >> 1].guess[at & 1] = edge;
        a->scratch->edges_at[place_of(w->top->func, sig)] = edge;
    }
    return edge;
}

static bool begin_call(struct walk *w, uint32_t sig, uint32_t slot, uint64_t now)
{
    struct agg *a = w->a;
    if (w->outside) {
        *++w->top = (struct frame){ .since = now, .edge = w->nobody, .func = a->sigs[sig].func, .slot = slot };
        return true;
    }
    uint32_t edge = find_edge(w, sig);
    if (edge == TABLE_NONE)
        return false;
    struct agg_edge *e = &a->edges[edge];
    if (e->recent++ == 0)
        a->scratch->edges[a->scratch->n_edges++] = edge;
    w->calls[e->func]++;
    w->guess = 2 * edge;
    *++w->top = (struct frame){ .since = now, .edge = edge, .func = e->func, .slot = slot };
    return true;
}

static void keep_activation(struct walk *w, uint32_t slot, uint32_t edge, uint32_t func, uint64_t now)
{
    w->activations[slot] = (struct activation){ .start = now, .edge = edge, .func = func };
}

static bool begin_adopted(struct walk *w, uint32_t sig, uint32_t slot, uint64_t now)
{
    uint32_t edge = w->nobody == TABLE_NONE ? agg_edge_of(w->a, 0, sig, true) : w->nobody;
    if (edge == TABLE_NONE)
        return false;
    keep_activation(w, slot, edge, w->a->sigs[sig].func, now);
    push_activation(w, slot, now);
    return true;
}

/* An exception leaves the top frame for the one below. */
static bool unwind(struct walk *w, uint32_t kind, uint64_t now)
{
    struct frame *f = w->top--;
    const struct agg_kind k = w->a->kinds[kind];
    if (k.end == GHOST_END_PASSED)
        f->pending = 0;
    if (!agg_edge_adopted(&w->a->edges[f->edge]) && !agg_add_failure(w->a, f->func, kind, clock_real(w->clock, now)))
        return false;
    if (!settle_caught(w->a, f) || !end_call(w, f, kind, now) || !settle_caught(w->a, f - 1))
        return false;
    f[-1].pending = k.type;
    w->base->pending = 0;
    return true;
}

static void mark_seen(struct walk *w, uint32_t mark, uint64_t now)
{
    struct agg_mark *m = &w->a->marks[mark];
    uint64_t real = clock_real(w->clock, now);
    if (w->outside)
        return;
    m->count++;
    if (real && real < m->first_real)
        m->first_real = real;
    if (real > m->last_real)
        m->last_real = real;
}

static bool walk_event(struct walk *w, token t, uint64_t now)
{
    uint32_t kind = t >> TOKEN_BITS, id = t & TOKEN_ID, slot;
    struct frame *f;
    w->unseen += kind >= GHOST_SH_ABANDON && kind <= GHOST_SH_ADOPT;
    switch (kind) {
    case GHOST_SH_CALL:
        return begin_call(w, id, 0, now);
    case GHOST_SH_GEN_CALL:
        slot = *w->operand++;
        if (!begin_call(w, id, slot + 1, now))
            return false;
        keep_activation(w, slot, w->top->edge, w->top->func, now);
        return true;
    case GHOST_SH_RETURN:
        f = w->top--;
        return end_call(w, f, id, now) && settle_caught(w->a, f);
    case GHOST_SH_UNWIND:
        return unwind(w, id, now);
    case GHOST_SH_YIELD:
        f = w->top--;
        return suspend(w, f, now) && count_plain(w->a, f->edge, id);
    case GHOST_SH_RESUME:
    case GHOST_SH_THROW:
        push_activation(w, *w->operand++, now);
        return true;
    case GHOST_SH_ABANDON:
        w->top--;
        return count_plain(w->a, w->top[1].edge, id);
    case GHOST_SH_DROP:              /* told only where the block knew of it: calls less ends is exact */
        w->operand++;
        return true;
    case GHOST_SH_ADOPT:
        return begin_adopted(w, id, *w->operand++, now);
    case GHOST_SH_MARK:
        mark_seen(w, id, now);
        return true;
    default:
        w->a->pauses += !w->outside;
        return true;
    }
}

/* ---- the common events: those that go as they went before ----
 * What they need is kept in registers; whatever else comes is left to walk_event. */

struct hot {
    struct frame *top;
    uint32_t *guess;
    struct agg_edge *edges;
    struct agg_recent *recent;
    uint16_t (*windows)[AGG_WINDOW];
    uint16_t **fresh;
    const uint32_t *edges_at, *cells_at;
    uint64_t *calls;
    const uint32_t *operand;
};

static inline struct hot heat(const struct walk *w)
{
    const struct agg *a = w->a;
    return (struct hot){ w->top, &a->edges[w->guess >> 1].guess[w->guess & 1], a->edges, a->recent, a->windows,
                         a->scratch->fresh + a->scratch->n_fresh, a->scratch->edges_at, a->scratch->cells_at, w->calls, w->operand };
}

static inline void cool(struct walk *w, const struct hot *h)
{
    size_t edge = (size_t)((const char *)h->guess - (const char *)h->edges) / sizeof *h->edges;
    w->top = h->top;
    w->guess = 2 * (uint32_t)edge + (h->guess == &h->edges[edge].guess[1]);
    w->a->scratch->n_fresh = (uint32_t)(h->fresh - w->a->scratch->fresh);
    w->operand = h->operand;
}

/* The edge of a call, if it is easily found and has been met since the last fold. */
static inline struct agg_edge *hot_edge(const struct hot *h, uint32_t sig)
{
    uint32_t caller = h->top->func;
    uint64_t key = agg_edge_key(caller, sig, false);
    struct agg_edge *e = &h->edges[*h->guess];
    if (e->key != key) {
        uint32_t edge = h->edges_at[place_of(caller, sig)];
        e = &h->edges[edge];
        if (e->key != key)
            return NULL;
        *h->guess = edge;
    }
    return e->recent ? e : NULL;
}

/* The same of an outcome. */
static inline struct agg_recent *hot_outcome(const struct hot *h, const struct agg_edge *e, uint32_t kind)
{
    struct agg_recent *r = &h->recent[e->cells];
    if (r->kind != kind) {
        uint32_t edge = (uint32_t)(e - h->edges);
        r = &h->recent[h->cells_at[place_of(edge, kind)]];
        if (r->kind != kind || r->edge != edge)
            return NULL;
    }
    return r->count ? r : NULL;
}

static inline bool hot_call(struct hot *h, uint32_t sig, uint64_t now, uint32_t slot)
{
    struct agg_edge *e = hot_edge(h, sig);
    if (!e)
        return false;
    e->recent++;
    h->calls[e->func]++;
    h->guess = &e->guess[0];
    *++h->top = (struct frame){ .since = now, .edge = (uint32_t)(e - h->edges), .func = e->func, .slot = slot };
    return true;
}

/* Adds a latency, both times in ticks. False: it is not in the window, and nothing has changed. */
static inline bool hot_end(const struct walk *w, struct hot *h, struct agg_edge *e, struct agg_recent *r, uint64_t latency, uint64_t self)
{
    uint64_t ns = ticks_to_ns(latency, w->q32);
    uint32_t bucket = hist_bucket(ns), at = bucket - agg_place_first(e->place);
    if (at >= AGG_WINDOW)
        return false;
    uint16_t *count = &h->windows[agg_place_window(e->place)][at];
    __builtin_prefetch(count, 1);
    *h->fresh++ = count;
    r->count++;
    add_times(r, ns, ticks_to_ns(self, w->q32), bucket);
    h->guess = &e->guess[1];
    return true;
}

static inline bool hot_return(struct walk *w, struct hot *h, uint32_t kind, uint64_t now)
{
    struct frame *f = h->top;
    struct agg_edge *e = &h->edges[f->edge];
    struct agg_recent *r = hot_outcome(h, e, kind);
    uint64_t stretch = now - f->since, active = stretch, latency = stretch;
    if (!r || f->pending || agg_edge_adopted(e))
        return false;
    if (f->slot) {
        latency = minus(now, w->activations[f->slot - 1].start);
        active += w->activations[f->slot - 1].active;
    }
    if (!hot_end(w, h, e, r, latency, minus(active, f->child)))
        return false;
    if (f->slot)
        w->a->cells[r - h->recent].suspended += ticks_to_ns(minus(latency, active), w->q32);
    f[-1].child += stretch;
    h->top--;
    return true;
}

static inline bool hot_yield(struct walk *w, struct hot *h, uint32_t kind, uint64_t now)
{
    struct frame *f = h->top;
    struct agg_edge *e = &h->edges[f->edge];
    struct agg_recent *r = hot_outcome(h, e, kind);
    if (!r || f->pending)
        return false;
    struct activation *act = &w->activations[f->slot - 1];
    act->active += now - f->since;
    act->child = f->child;
    f[-1].child += now - f->since;
    r->count++;
    h->guess = &e->guess[1];
    h->top--;
    return true;
}

static inline void hot_resume(struct walk *w, struct hot *h, uint64_t now)
{
    uint32_t slot = *h->operand++;
    const struct activation *act = &w->activations[slot];
    h->guess = &h->edges[act->edge].guess[0];
    *++h->top = (struct frame){ .since = now, .child = act->child, .edge = act->edge, .func = act->func, .slot = slot + 1 };
}

static inline bool hot_event(struct walk *w, struct hot *h, token t, uint64_t now)
{
    uint32_t kind = t >> TOKEN_BITS, id = t & TOKEN_ID, slot;
    if (kind == GHOST_SH_CALL)
        return !w->outside && hot_call(h, id, now, 0);
    if (kind == GHOST_SH_RETURN)
        return hot_return(w, h, id, now);
    switch (kind) {
    case GHOST_SH_GEN_CALL:
        slot = *h->operand;
        if (w->outside || !hot_call(h, id, now, slot + 1))
            return false;
        h->operand++;
        w->activations[slot] = (struct activation){ .start = now, .edge = h->top->edge, .func = h->top->func };
        return true;
    case GHOST_SH_YIELD:
        return hot_yield(w, h, id, now);
    case GHOST_SH_RESUME:
        hot_resume(w, h, now);
        return true;
    }
    return false;
}

/* A call that calls nothing itself ends with the next event: it need not be put on the stack. */
static inline bool hot_leaf(const struct walk *w, struct hot *h, token call, token end, uint64_t ticks)
{
    if (call >> TOKEN_BITS != GHOST_SH_CALL || end >> TOKEN_BITS != GHOST_SH_RETURN || w->outside)
        return false;
    struct agg_edge *e = hot_edge(h, call & TOKEN_ID);
    struct agg_recent *r = e ? hot_outcome(h, e, end & TOKEN_ID) : NULL;
    if (!r || !hot_end(w, h, e, r, ticks, ticks))
        return false;
    e->recent++;
    h->calls[e->func]++;
    h->top->child += ticks;
    return true;
}

bool walk_events(struct walk *w, uint32_t i, uint32_t end)
{
    const uint16_t *names = w->b->tokens;
    const uint64_t *ticks = w->b->ticks;
    const token *tokens = w->a->scratch->tokens;
    uint32_t *seen = w->a->scratch->seen + (w->outside ? w->b->n_shapes : 0);
    uint16_t **full = w->a->scratch->fresh + FRESH;
    struct hot h = heat(w);
    for (; i < end; i++) {
        token t = tokens[names[i]];
        seen[names[i]] = i + 1;
        if (i + 1 < end && hot_leaf(w, &h, t, tokens[names[i + 1]], ticks[i + 1] - ticks[i])) {
            i++;
        } else if (!hot_event(w, &h, t, ticks[i])) {
            cool(w, &h);
            if (!walk_event(w, t, ticks[i]))
                return false;
            h = heat(w);
        }
        if (h.fresh == full) {
            cool(w, &h);
            if (!agg_count_fresh(w->a))
                return false;
            h = heat(w);
        }
    }
    cool(w, &h);
    return true;
}
