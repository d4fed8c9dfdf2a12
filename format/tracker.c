/* tracker.c - the rules: what each event of a ring does to a stack, an activation
 * and the open block. What they work on is kept by tracker_state.c. */
#include "tracker.h"

#define CHUNK 256                      /* events between two looks for room */
#define TOKENS_EACH 3                  /* events of a block for one of a ring, ABANDONs apart, at most */

/* ---- frames as the format has them ---- */

static struct ghost_open_frame open_activation(const struct activation *a)
{
    return (struct ghost_open_frame){
        .func = a->func, .sig = a->sig, .caller = a->caller, .slot = a->slot + 1, .flags = a->flags, .pending = a->pending,
        .start = a->start, .resumed = a->resumed, .active = a->active, .child = a->child,
    };
}

static struct ghost_open_frame open_frame(const struct tracker *t, const struct frame *f)
{
    struct ghost_open_frame o = {
        .func = f->func, .sig = f->sig, .caller = f[-1].func, .pending = f->pending,
        .start = f->start, .resumed = f->start, .child = f->child,
    };
    if (f->activation == 0) return o;
    o = open_activation(&t->activations[f->activation]);
    o.pending = f->pending;
    o.resumed = f->start;
    o.child = f->child;
    return o;
}

/* ---- blocks ---- */

static bool block_open(struct tracker *t, struct track_thread *th, uint64_t tick)
{
    struct block *b = &th->block;
    if (b->open) return true;
    b->epoch = ++t->epoch;
    buf_clear(&b->stack);
    for (size_t i = 1; i <= th->depth; i++) {
        struct activation *a = th->stack[i].activation ? &t->activations[th->stack[i].activation] : NULL;
        if (a) {
            if (!block_reserve(b, 1)) goto out;
            a->slot = block_slot(b, a->token);
            a->epoch = b->epoch;
        }
        struct ghost_open_frame f = open_frame(t, &th->stack[i]);
        block_entry(&b->stack, &f, tick, a ? a->token : 0);
    }
    if (b->stack.failed) goto out;
    b->n_stack = (uint32_t)th->depth;
    block_begin(b, b->epoch, th->taken, tick);
    return true;
out:
    block_reset(b);
    return false;
}

bool tracker_block_full(const struct track_thread *th, size_t limit)
{
    return th->block.open && (th->block.n >= limit || th->block.shapes.n + (TOKENS_EACH + 1) * CHUNK > SHAPES_MAX);
}

/* The slot of a suspended activation in this thread's block; the first time, its
 * entry goes there. Room has been reserved. */
static uint32_t slot_in_block(struct tracker *t, struct block *b, uint32_t i)
{
    struct activation *a = &t->activations[i];
    if (a->epoch == b->epoch) return a->slot;
    a->epoch = b->epoch;
    a->slot = block_slot_fresh(b, a->token);
    struct ghost_open_frame f = open_activation(a);
    block_entry(&b->activations, &f, b->base_tick, a->token);
    b->n_activations++;
    return a->slot;
}

/* ---- the rare events ---- */

struct event { uint32_t kind, func, aux, arg; uint64_t tick; };

static void untold(struct track_thread *th, enum untold why, uint64_t tick)
{
    struct untold_span *s = &th->untold[why];
    if (s->count++ == 0) s->first_tick = tick;
    s->last_tick = tick;
}

/* An event of the ring, as against those the tracker itself adds. */
static void add_real(struct track_thread *th, uint32_t kind, uint32_t a, uint32_t b, uint64_t tick)
{
    block_add(&th->block, shape_key(kind, a, b), tick);
    th->block.real_events++;
}

static void add_own(struct track_thread *th, uint32_t kind, uint32_t a, uint64_t tick)
{
    block_add(&th->block, shape_key(kind, a, 0), tick);
}

static void end_activation(struct tracker *t, struct track_thread *th, uint32_t i)
{
    block_slot_free(&th->block, t->activations[i].slot);
    activation_free(t, i);
}

/* Room for the ABANDONs down to `depth`, beside what the event at hand takes. */
static bool reserve_abandons(struct track_thread *th, size_t depth)
{
    return block_reserve(&th->block, th->depth - depth + TOKENS_EACH * CHUNK);
}

/* ABANDON down to `depth`. Room has been reserved. */
static void abandon_to(struct tracker *t, struct track_thread *th, size_t depth, uint64_t tick)
{
    for (; th->depth > depth; th->depth--) {
        uint32_t i = th->stack[th->depth].activation;
        add_own(th, GHOST_SH_ABANDON, 0, tick);
        if (i) end_activation(t, th, i);
    }
}

/* A new activation takes over the token of one whose end was not seen. */
static void forget_former(struct tracker *t, struct track_thread *th, uint32_t token, uint64_t tick)
{
    uint32_t i = map32_get(&t->tokens, token);
    if (!i) return;
    struct activation *a = &t->activations[i];
    if (a->use == ACTIVATION_RUNNING) {       /* stays on its stack until that is left */
        activation_forget_token(t, i);
    } else if (a->epoch == th->block.epoch) {
        uint32_t slot = a->slot;
        add_own(th, GHOST_SH_DROP, 0, tick);
        block_operand(&th->block, slot);
        end_activation(t, th, i);
    } else {
        activation_free(t, i);                /* unknown to this block: nothing to say in it */
    }
}

static bool begin_activation(struct tracker *t, struct track_thread *th, const struct event *e)
{
    forget_former(t, th, e->arg, e->tick);
    uint32_t i = activation_new(t, e->arg);
    if (!i) return false;
    struct activation *a = &t->activations[i];
    a->func = e->func;
    a->sig = e->aux;
    a->caller = th->stack[th->depth].func;
    a->start = a->resumed = a->last = e->tick;
    a->epoch = th->block.epoch;
    a->slot = block_slot(&th->block, a->token);
    frame_push(th, e->func, e->aux, i, e->tick);
    add_real(th, GHOST_SH_GEN_CALL, e->func, e->aux, e->tick);
    block_operand(&th->block, a->slot);
    return true;
}

/* An event that would push a frame but cannot be followed: it is counted as lost. */
static bool cannot_push(struct track_thread *th, const struct event *e)
{
    if (e->func == 0) {
        untold(th, UNTOLD_DAMAGE, e->tick);
        return true;
    }
    if (th->above || th->depth == STACK_MAX) {
        th->above++;
        untold(th, UNTOLD_STACK, e->tick);
        return true;
    }
    return false;
}

static bool on_call(struct tracker *t, struct track_thread *th, const struct event *e)
{
    if (cannot_push(th, e)) return true;
    if (!frame_reserve(th)) return false;
    if (e->arg) return begin_activation(t, th, e);
    frame_push(th, e->func, e->aux, 0, e->tick);
    add_real(th, GHOST_SH_CALL, e->func, e->aux, e->tick);
    return true;
}

/* Depth of the topmost frame of a function, 0 if there is none. */
static size_t find_frame(const struct track_thread *th, uint32_t func)
{
    size_t d = th->depth;
    while (d && th->stack[d].func != func) d--;
    return d;
}

static inline void suspend(struct activation *a, const struct frame *f, uint64_t tick)
{
    a->use = ACTIVATION_SUSPENDED;
    a->resumed = f->start;
    a->active += tick - f->start;
    a->child = f->child;
    a->pending = 0;
    a->last = tick;
}

/* Pops the top frame and settles what it means for the frame below and for its
 * activation. */
static void pop(struct tracker *t, struct track_thread *th, const struct event *e)
{
    struct frame *f = &th->stack[th->depth--];
    uint64_t stretch = e->tick - f->start;
    f[-1].child += stretch;
    if (e->kind == GHOST_EV_UNWIND) f[-1].pending = e->arg;
    if (!f->activation) return;
    if (e->kind != GHOST_EV_YIELD) {
        end_activation(t, th, f->activation);
        return;
    }
    struct activation *a = &t->activations[f->activation];
    suspend(a, f, e->tick);
    if (a->token) return;
    /* Its token has another owner by now: nothing could resume it. */
    add_own(th, GHOST_SH_DROP, 0, e->tick);
    block_operand(&th->block, a->slot);
    end_activation(t, th, f->activation);
}

/* RETURN, UNWIND, YIELD */
static bool on_leave(struct tracker *t, struct track_thread *th, const struct event *e)
{
    static const uint8_t shape[GHOST_EV_COUNT] = {
        [GHOST_EV_RETURN] = GHOST_SH_RETURN, [GHOST_EV_UNWIND] = GHOST_SH_UNWIND, [GHOST_EV_YIELD] = GHOST_SH_YIELD,
    };
    if (th->above) {
        th->above--;
        untold(th, UNTOLD_STACK, e->tick);
        return true;
    }
    size_t d = find_frame(th, e->func);
    if (d == 0) {
        untold(th, UNTOLD_UNPAIRED, e->tick);
        return true;
    }
    if (d < th->depth && !reserve_abandons(th, d)) return false;
    if (e->kind == GHOST_EV_YIELD && th->stack[d].activation == 0) {  /* a plain call cannot */
        if (!reserve_abandons(th, d - 1)) return false;
        abandon_to(t, th, d - 1, e->tick);
        untold(th, UNTOLD_UNPAIRED, e->tick);
        return true;
    }
    abandon_to(t, th, d, e->tick);
    add_real(th, shape[e->kind], e->arg, e->kind == GHOST_EV_UNWIND ? e->aux : 0, e->tick);
    pop(t, th, e);
    return true;
}

/* Leaves no activation with this token running: on this stack it is abandoned,
 * on another thread's it loses its token. */
static bool stop_running(struct tracker *t, struct track_thread *th, uint32_t i, uint64_t tick)
{
    for (size_t d = th->depth; d; d--) {
        if (th->stack[d].activation != i) continue;
        if (!reserve_abandons(th, d - 1)) return false;
        abandon_to(t, th, d - 1, tick);
        return true;
    }
    activation_forget_token(t, i);
    return true;
}

static bool adopt(struct tracker *t, struct track_thread *th, const struct event *e)
{
    uint32_t i = activation_new(t, e->arg);
    if (!i) return false;
    struct activation *a = &t->activations[i];
    a->func = e->func;
    a->flags = GHOST_FRAME_UNKNOWN_START;
    a->resumed = a->last = e->tick;
    a->epoch = th->block.epoch;
    a->slot = block_slot(&th->block, a->token);
    frame_push(th, e->func, 0, i, e->tick);
    add_own(th, GHOST_SH_ADOPT, e->func, e->tick);
    block_operand(&th->block, a->slot);
    return true;
}

/* RESUME, THROW */
static bool on_resume(struct tracker *t, struct track_thread *th, const struct event *e)
{
    if (cannot_push(th, e)) return true;
    if (!frame_reserve(th)) return false;
    uint32_t i = map32_get(&t->tokens, e->arg);
    if (i && t->activations[i].use == ACTIVATION_RUNNING) {
        return stop_running(t, th, i, e->tick) && adopt(t, th, e);
    }
    if (i && t->activations[i].func != e->func) forget_former(t, th, e->arg, e->tick), i = 0;
    if (!i) return adopt(t, th, e);
    struct activation *a = &t->activations[i];
    uint64_t tick = e->tick > a->last ? e->tick : a->last;
    if (a->epoch != th->block.epoch && !block_reserve_entry(&th->block)) return false;
    uint32_t slot = slot_in_block(t, &th->block, i);
    add_real(th, e->kind == GHOST_EV_THROW ? GHOST_SH_THROW : GHOST_SH_RESUME, 0, 0, tick);
    block_operand(&th->block, slot);
    a->use = ACTIVATION_RUNNING;
    struct frame *f = frame_push(th, a->func, a->sig, i, tick);
    f->child = a->child;
    a->last = tick;
    return true;
}

static bool on_mark(struct tracker *t, struct track_thread *th, const struct event *e)
{
    (void)t;
    if (e->kind == GHOST_EV_MARK) add_real(th, GHOST_SH_MARK, e->arg, 0, e->tick);
    else add_real(th, GHOST_SH_PAUSE, 0, 0, e->tick);
    return true;
}

static bool (*const handlers[GHOST_EV_COUNT])(struct tracker *, struct track_thread *, const struct event *) = {
    [GHOST_EV_CALL] = on_call, [GHOST_EV_RETURN] = on_leave, [GHOST_EV_UNWIND] = on_leave, [GHOST_EV_YIELD] = on_leave,
    [GHOST_EV_RESUME] = on_resume, [GHOST_EV_THROW] = on_resume, [GHOST_EV_MARK] = on_mark, [GHOST_EV_PAUSE] = on_mark,
};

static bool take_rare(struct tracker *t, struct track_thread *th, const struct ghost_event *ev)
{
    struct event e = {
        ghost_event_kind(ev), ghost_event_func(ev), ghost_event_aux(ev), ghost_event_arg(ev), ghost_event_tick(ev),
    };
    if (e.tick < th->block.last_tick) e.tick = th->block.last_tick;
    if (e.kind >= GHOST_EV_COUNT || !handlers[e.kind]) {
        untold(th, UNTOLD_DAMAGE, e.tick);
        return true;
    }
    return handlers[e.kind](t, th, &e);
}

/* ---- the common events ---- */

/* Where the common events go, in local variables of take_common: they are the
 * budget of the writer, a few nanoseconds each. */
struct lane {
    struct frame *top, *limit;   /* of the stack */
    uint16_t *numbers;
    uint8_t *codes, *extra, *operands;
    uint32_t n_operands;
    uint64_t last;               /* tick */
};
struct words { uint32_t kind, func, aux, arg; uint64_t tick; };

static inline struct words unpack(const struct ghost_event *ev, uint64_t last)
{
    uint64_t what = ev->what, tick = ev->time_kind >> GHOST_TICK_SHIFT;
    return (struct words){ (uint32_t)ev->time_kind & GHOST_KIND_MASK, (uint32_t)what & GHOST_FUNC_MAX, (uint32_t)what >> GHOST_FUNC_BITS,
                           (uint32_t)(what >> 32), tick < last ? last : tick };
}

/* Each of these gives the event's shape, or 0 when it is no common one; then
 * nothing has changed. */

static inline uint64_t common_call(struct lane *l, const struct words *e)
{
    if (e->arg || l->top >= l->limit || !e->func) return 0;
    *++l->top = (struct frame){ e->func, e->aux, 0, 0, e->tick, 0 };
    return shape_key(GHOST_SH_CALL, e->func, e->aux);
}

static inline uint64_t common_leave(struct lane *l, const struct words *e)
{
    if (l->top->func != e->func || l->top->activation) return 0;
    uint64_t start = l->top->start;
    l->top--;
    l->top->child += e->tick - start;
    if (e->kind == GHOST_EV_RETURN) return shape_key(GHOST_SH_RETURN, e->arg, 0);
    l->top->pending = e->arg;
    return shape_key(GHOST_SH_UNWIND, e->arg, e->aux);
}

static inline uint64_t common_yield(struct tracker *t, struct lane *l, const struct words *e)
{
    if (l->top->func != e->func || l->top->activation == 0 || l->top->activation == BOTTOM_FRAME) return 0;
    struct activation *a = &t->activations[l->top->activation];
    if (!a->token) return 0;
    suspend(a, l->top, e->tick);
    l->top[-1].child += e->tick - l->top->start;
    l->top--;
    return shape_key(GHOST_SH_YIELD, e->arg, 0);
}

static inline uint64_t common_resume(struct tracker *t, struct lane *l, const struct words *e, uint32_t epoch)
{
    uint32_t i = map32_get(&t->tokens, e->arg);
    if (!i) return 0;
    struct activation *a = &t->activations[i];
    if (a->use != ACTIVATION_SUSPENDED || a->func != e->func || a->epoch != epoch || e->tick < a->last || l->top >= l->limit) return 0;
    *++l->top = (struct frame){ a->func, a->sig, 0, i, e->tick, a->child };
    a->use = ACTIVATION_RUNNING;
    a->last = e->tick;
    l->operands = put_varint(l->operands, a->slot);
    l->n_operands++;
    return shape_key(e->kind == GHOST_EV_THROW ? GHOST_SH_THROW : GHOST_SH_RESUME, 0, 0);
}

/* Takes common events up to the first that is none. All room has been reserved. */
static size_t take_common(struct tracker *t, struct track_thread *th, const struct ghost_event *ev, size_t n)
{
    struct block *b = &th->block;
    struct shapes *shapes = &b->shapes;
    const uint16_t *const index = shapes->index;
    const uint64_t *const keys = shapes->key;
    const uint32_t mask = shapes->mask;
    size_t i = 0, frames = th->cap - 1 < STACK_MAX ? th->cap - 1 : STACK_MAX;
    struct lane l = { th->stack + th->depth, th->stack + frames, b->numbers + b->n, b->codes + b->n, b->extra.p + b->extra.len,
                      b->operands.p + b->operands.len, 0, b->last_tick };
    for (; i < n; i++) {
        struct words e = unpack(&ev[i], l.last);
        uint64_t key = 0;
        if (e.kind == GHOST_EV_CALL) key = common_call(&l, &e);
        else if (e.kind == GHOST_EV_RETURN || e.kind == GHOST_EV_UNWIND) key = common_leave(&l, &e);
        else if (e.kind == GHOST_EV_YIELD) key = common_yield(t, &l, &e);
        else if (e.kind == GHOST_EV_RESUME || e.kind == GHOST_EV_THROW) key = common_resume(t, &l, &e, b->epoch);
        if (key == 0) break;
        uint32_t at = (uint32_t)hash_u64(key), found;
        while ((found = index[at & mask]) != 0 && keys[found - 1] != key) at++;
        l.numbers[i] = (uint16_t)(found ? found - 1 : shapes_insert(shapes, key));
        uint64_t delta = e.tick - l.last;
        if (delta < TIME_SHORT) l.codes[i] = (uint8_t)delta;
        else l.extra = time_encode_long(delta, &l.codes[i], l.extra);
        l.last = e.tick;
    }
    th->depth = (size_t)(l.top - th->stack);
    b->extra.len = (size_t)(l.extra - b->extra.p);
    b->operands.len = (size_t)(l.operands - b->operands.p);
    b->n_operands += l.n_operands;
    b->last_tick = l.last;
    b->n += i;
    b->real_events += i;
    return i;
}

/* One chunk; returns how many events were taken, fewer than n when memory was
 * short (the next one can then be given again). */
static size_t take_chunk(struct tracker *t, struct track_thread *th, const struct ghost_event *ev, size_t n)
{
    size_t i = 0;
    if (!block_reserve(&th->block, TOKENS_EACH * n)) return 0;
    while (i < n) {
        if (!th->above) i += take_common(t, th, ev + i, n - i);
        if (i == n) break;
        if (!take_rare(t, th, ev + i)) break;
        i++;
    }
    th->taken += i;
    th->block.n_seq += i;
    th->last_tick = th->block.last_tick;
    return i;
}

bool tracker_take(struct tracker *t, struct track_thread *th, const struct ghost_event *ev, size_t n,
                  size_t limit, size_t *taken)
{
    *taken = 0;
    while (*taken < n) {
        uint64_t tick = ghost_event_tick(&ev[*taken]);
        if (tick < th->last_tick) tick = th->last_tick;
        if (!block_open(t, th, tick)) return false;
        if (tracker_block_full(th, limit)) break;
        size_t chunk = n - *taken, room = limit - th->block.n;
        if (chunk > CHUNK) chunk = CHUNK;
        if (chunk > room) chunk = room;
        size_t got = take_chunk(t, th, ev + *taken, chunk);
        *taken += got;
        if (got < chunk) return false;
    }
    return true;
}
