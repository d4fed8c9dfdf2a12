/* log_replay.c - see log_replay.h. */
#include "log_replay.h"

#include <stdlib.h>

/* An activation as the block at hand sees it. */
struct replay_slot { struct replay_frame a; uint64_t tick, from; uint32_t use; };

const struct replay_thread *replay_thread(const struct replay *r, uint32_t id)
{
    uint32_t i = map32_get(&r->thread_index, id);
    return i ? &r->threads[i - 1] : NULL;
}

static struct replay_thread *thread_make(struct replay *r, uint32_t id)
{
    uint32_t i = map32_get(&r->thread_index, id);
    if (i) return &r->threads[i - 1];
    if (!array_grow(&r->threads, &r->threads_cap, r->n_threads + 1, sizeof *r->threads)) return NULL;
    if (!map32_put(&r->thread_index, id, (uint32_t)r->n_threads + 1)) return NULL;
    r->threads[r->n_threads] = (struct replay_thread){ .id = id };
    return &r->threads[r->n_threads++];
}

void replay_release(struct replay *r)
{
    for (size_t i = 0; i < r->n_threads; i++) free(r->threads[i].stack);
    free(r->threads);
    free(r->news);
    free(r->slots);
    map32_release(&r->thread_index);
    map32_release(&r->tokens);
    *r = (struct replay){ 0 };
}

/* ---- news ---- */

/* A token taken over by another activation while the former owner was still on a stack:
 * what suspended after the former came onto its stack, wherever, is not the one that ends there. */
static bool is_of_former_owner(const struct replay_news *end, const struct replay_news *other)
{
    return end->use == REPLAY_ENDED && other->use == REPLAY_SUSPENDED && other->tick > end->from;
}

/* News of an activation. Of what was before `since` the last counts, whichever block
 * tells it; all later news are kept. */
static bool tell(struct replay *r, struct replay_news news)
{
    bool settled = news.tick <= r->since;
    uint32_t i = settled ? map32_get(&r->tokens, news.token) : 0;
    if (i) {
        struct replay_news *known = &r->news[i - 1];
        bool later = news.tick >= known->tick;
        if (later ? !is_of_former_owner(&news, known) : is_of_former_owner(known, &news)) *known = news;
        return true;
    }
    if (!array_grow(&r->news, &r->news_cap, r->n_news + 1, sizeof *r->news)) return false;
    if (settled && !map32_put(&r->tokens, news.token, (uint32_t)r->n_news + 1)) return false;
    r->news[r->n_news++] = news;
    return true;
}

/* What became of an activation, if it has a token. */
static bool tell_slot(struct replay *r, const struct replay_slot *s)
{
    return !s->a.token || tell(r, (struct replay_news){ s->a.token, s->use, s->tick, s->from, s->a.f });
}

/* ---- the events of one block ---- */

static struct replay_frame *push(struct replay_thread *t, struct ghost_open_frame f, uint64_t tick)
{
    f.resumed = tick;
    t->stack[t->depth] = (struct replay_frame){ f, 0 };
    return &t->stack[t->depth++];
}

static uint32_t below(const struct replay_thread *t) { return t->depth ? t->stack[t->depth - 1].f.func : 0; }

/* What the end of a frame, or of its stretch, means for the frame below it. */
static struct ghost_open_frame pop(struct replay_thread *t, const struct ghost_shape *s, uint64_t tick)
{
    struct ghost_open_frame f = t->stack[--t->depth].f;
    if (s->kind == GHOST_SH_ABANDON) return f;
    uint64_t stretch = tick - f.resumed;
    f.active += stretch;
    if (t->depth == 0) return f;
    t->stack[t->depth - 1].f.child += stretch;
    if (s->kind == GHOST_SH_UNWIND) t->stack[t->depth - 1].f.pending = s->a;
    return f;
}

/* Told at once when it was met with a token: another may get its slot in this block. */
static bool end(struct replay *r, struct replay_slot *slot)
{
    slot->use = REPLAY_ENDED;
    return tell_slot(r, slot);
}

static bool leave(struct replay *r, struct replay_thread *t, const struct ghost_shape *s, uint64_t tick)
{
    struct ghost_open_frame f = pop(t, s, tick);
    if (f.slot == 0) return true;
    struct replay_slot *slot = &r->slots[f.slot - 1];
    slot->tick = tick;
    slot->from = f.resumed;
    if (s->kind != GHOST_SH_YIELD) return end(r, slot);
    f.pending = 0;
    slot->a.f = f;
    slot->use = REPLAY_SUSPENDED;
    return true;
}

static bool enter(struct replay *r, struct replay_thread *t, const struct ghost_shape *s, uint32_t number, uint64_t tick)
{
    struct replay_slot *slot = &r->slots[number];
    slot->tick = slot->from = tick;
    if (s->kind == GHOST_SH_DROP) return end(r, slot);
    if (s->kind == GHOST_SH_GEN_CALL || s->kind == GHOST_SH_ADOPT) {
        bool known = s->kind == GHOST_SH_GEN_CALL;
        slot->a = (struct replay_frame){ .f = { .func = s->a, .sig = known ? s->b : 0, .caller = known ? below(t) : 0, .slot = number + 1,
                                                .flags = known ? 0 : GHOST_FRAME_UNKNOWN_START, .start = known ? tick : 0 } };
    }
    slot->use = REPLAY_RUNNING;
    push(t, slot->a.f, tick);
    return true;
}

static bool step(struct replay *r, struct replay_thread *t, const struct ghost_shape *s, const uint32_t **operand, uint64_t tick)
{
    switch (s->kind) {
    case GHOST_SH_CALL:
        push(t, (struct ghost_open_frame){ .func = s->a, .sig = s->b, .caller = below(t), .start = tick }, tick);
        return true;
    case GHOST_SH_RETURN: case GHOST_SH_UNWIND: case GHOST_SH_YIELD: case GHOST_SH_ABANDON:
        return leave(r, t, s, tick);
    case GHOST_SH_MARK: case GHOST_SH_PAUSE:
        return true;
    default:
        return enter(r, t, s, *(*operand)++, tick);
    }
}

/* ---- before and after ---- */

static bool begin(struct replay *r, struct replay_thread *t, const struct ghost_block *b, const struct block_memory *m)
{
    if (!array_grow(&t->stack, &t->cap, (size_t)b->max_depth + 1, sizeof *t->stack)) return false;
    if (!array_grow(&r->slots, &r->slots_cap, (size_t)b->n_slots + 1, sizeof *r->slots)) return false;
    for (uint32_t i = 0; i < b->n_slots; i++) r->slots[i] = (struct replay_slot){ .use = REPLAY_ENDED };
    t->depth = b->n_stack;
    for (uint32_t i = 0; i < b->n_stack; i++) {
        t->stack[i] = (struct replay_frame){ b->stack[i], m->stack_tokens[i] };
        if (b->stack[i].slot) r->slots[b->stack[i].slot - 1] = (struct replay_slot){ t->stack[i], b->base_tick, b->stack[i].resumed, REPLAY_RUNNING };
    }
    for (uint32_t i = 0; i < b->n_activations; i++)
        r->slots[b->activations[i].slot - 1] = (struct replay_slot){ { b->activations[i], m->activation_tokens[i] }, 0, 0, REPLAY_SUSPENDED };
    return true;
}

bool replay_settle(struct replay *r, uint64_t since)
{
    size_t n = r->n_news;
    if (since <= r->since) return true;
    r->since = since;
    r->n_news = 0;
    map32_release(&r->tokens);
    /* in their order, each to where it stood or to a place before */
    for (size_t i = 0; i < n; i++)
        if (!tell(r, r->news[i])) return false;
    return true;
}

static bool finish(struct replay *r, struct replay_thread *t, const struct ghost_block *b, const struct block_memory *m)
{
    for (uint32_t i = 0; i < m->n_alive; i++) {
        struct replay_slot *s = &r->slots[m->alive[i].slot];
        s->a.token = m->alive[i].token;
        if (!tell_slot(r, s)) return false;
    }
    for (size_t d = 0; d < t->depth; d++)
        if (t->stack[d].f.slot) t->stack[d].token = r->slots[t->stack[d].f.slot - 1].a.token;
    if (b->first_seq + b->n_seq > t->covered) t->covered = b->first_seq + b->n_seq;
    t->last_tick = b->end_tick;
    r->any_block = true;
    r->tick_ns_q32 = b->tick_ns_q32;
    r->anchor[0] = b->anchor[0];
    r->anchor[1] = b->anchor[1];
    return true;
}

bool replay_block(struct replay *r, const struct ghost_block *b, const struct ghost_decoder *d)
{
    const struct block_memory *m = decoder_block_memory(d);
    const uint32_t *operand = b->operands;
    struct replay_thread *t = thread_make(r, b->thread);
    if (!t || !begin(r, t, b, m)) return false;
    for (uint32_t i = 0; i < b->n_events; i++)
        if (!step(r, t, &b->shapes[b->tokens[i]], &operand, b->ticks[i])) return false;
    return finish(r, t, b, m);
}

/* ---- handing over ---- */

static bool add_arrival(struct replay_arrivals *to, struct replay_arrival a)
{
    if (!array_grow(&to->a, &to->cap, to->n + 1, sizeof *to->a)) return false;
    to->a[to->n++] = a;
    return true;
}

static bool export_thread(const struct replay_thread *from, struct tracker *t, struct replay_arrivals *to)
{
    struct track_thread *th = tracker_thread_make(t, from->id);
    if (!th) return false;
    for (size_t d = 0; d < from->depth && d < STACK_MAX; d++) {
        const struct replay_frame *f = &from->stack[d];
        if (!tracker_import_frame(t, th, &f->f)) return false;
        uint32_t running = th->stack[th->depth].activation;
        if (f->token && !add_arrival(to, (struct replay_arrival){ f->f.resumed, NULL, f->token, running })) return false;
    }
    th->taken = from->covered;
    th->positioned = true;
    if (th->last_tick < from->last_tick) th->last_tick = from->last_tick;
    return true;
}

static int by_tick(const void *a, const void *b)
{
    const struct replay_arrival *x = a, *y = b;
    if (x->tick != y->tick) return x->tick < y->tick ? -1 : 1;
    return (x->news > y->news) - (x->news < y->news);     /* the later one in the file counts */
}

bool replay_export(const struct replay *r, struct tracker *t, struct replay_arrivals *to)
{
    for (size_t i = 0; i < r->n_news; i++) {
        const struct replay_news *n = &r->news[i];
        if (n->use == REPLAY_RUNNING) continue;           /* on a stack, or other news follow */
        if (!add_arrival(to, (struct replay_arrival){ n->tick, n, n->token, 0 })) return false;
    }
    for (size_t i = 0; i < r->n_threads; i++)
        if (!export_thread(&r->threads[i], t, to)) return false;
    if (to->n) qsort(to->a, to->n, sizeof *to->a, by_tick);
    return true;
}

void replay_arrivals_release(struct replay_arrivals *to)
{
    free(to->a);
    *to = (struct replay_arrivals){ 0 };
}

static bool arrive(const struct replay_arrival *a, struct tracker *t)
{
    if (a->running) return tracker_name_running(t, a->running, a->token);
    if (a->news->use == REPLAY_SUSPENDED) return tracker_import_suspended(t, &a->news->f, a->token, a->tick);
    uint32_t bearer = map32_get(&t->tokens, a->token);    /* maybe one that took the token over */
    if (!bearer || t->activations[bearer].last <= a->news->from) tracker_forget_token(t, a->token);
    return true;
}

bool replay_arrive(struct replay_arrivals *to, struct tracker *t, uint64_t tick)
{
    for (; replay_next_arrival(to) <= tick && to->next < to->n; to->next++)
        if (!arrive(&to->a[to->next], t)) return false;
    return true;
}

uint64_t replay_next_arrival(const struct replay_arrivals *to)
{
    return to->next < to->n ? to->a[to->next].tick : UINT64_MAX;
}
