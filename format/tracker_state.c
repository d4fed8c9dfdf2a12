/* tracker_state.c - what the tracker knows: threads with their stacks, and the
 * activations of the process. */
#include <stdlib.h>
#include "tracker.h"

#define ACTIVATIONS_MAX (1u << 20)     /* suspended ones that are remembered */

/* ---- threads ---- */

struct track_thread *tracker_thread(struct tracker *t, uint32_t id)
{
    uint32_t i = map32_get(&t->thread_index, id);
    return i ? t->threads[i - 1] : NULL;
}

static void thread_free(struct track_thread *th)
{
    if (!th) return;
    block_release(&th->block);
    free(th->stack);
    free(th);
}

struct track_thread *tracker_thread_make(struct tracker *t, uint32_t id)
{
    struct track_thread *th = tracker_thread(t, id);
    if (th) return th;
    if (!array_grow(&t->threads, &t->threads_cap, t->n_threads + 1, sizeof *t->threads)) return NULL;
    th = calloc(1, sizeof *th);
    if (!th || !array_grow(&th->stack, &th->cap, 64, sizeof *th->stack)
        || !map32_put(&t->thread_index, id, (uint32_t)t->n_threads + 1)) {
        thread_free(th);
        return NULL;
    }
    th->id = id;
    th->stack[0] = (struct frame){ .activation = BOTTOM_FRAME };
    t->threads[t->n_threads++] = th;
    return th;
}

void tracker_release(struct tracker *t)
{
    for (size_t i = 0; i < t->n_threads; i++) thread_free(t->threads[i]);
    free(t->threads);
    free(t->activations);
    free(t->free);
    map32_release(&t->thread_index);
    map32_release(&t->tokens);
    *t = (struct tracker){ 0 };
}

/* ---- activations ---- */

void activation_forget_token(struct tracker *t, uint32_t i)
{
    struct activation *a = &t->activations[i];
    if (a->token && map32_get(&t->tokens, a->token) == i) map32_remove(&t->tokens, a->token);
    a->token = 0;
}

void activation_free(struct tracker *t, uint32_t i)
{
    activation_forget_token(t, i);
    t->activations[i].use = ACTIVATION_FREE;
    t->activations[i].epoch = 0;
    t->free[t->n_free++] = i;
}

/* An activation suspended for ever leaves no event. When there are very many, one
 * is forgotten in turn; should it go on after all, it is adopted. */
static void activation_evict(struct tracker *t)
{
    for (size_t tries = t->n_activations; tries; tries--) {
        if (++t->evict_hand >= t->n_activations) t->evict_hand = 1;
        if (t->activations[t->evict_hand].use != ACTIVATION_SUSPENDED) continue;
        activation_free(t, (uint32_t)t->evict_hand);
        return;
    }
}

uint32_t activation_new(struct tracker *t, uint32_t token)
{
    size_t n = t->n_activations ? t->n_activations : 1;
    if (!array_grow(&t->activations, &t->activations_cap, n + 1, sizeof *t->activations)) return 0;
    if (!array_grow(&t->free, &t->free_cap, n + 1, sizeof *t->free)) return 0;
    if (t->n_free == 0 && n >= ACTIVATIONS_MAX) activation_evict(t);
    uint32_t i = t->n_free ? t->free[t->n_free - 1] : (uint32_t)n;
    if (token && !map32_put(&t->tokens, token, i)) return 0;
    if (t->n_free) t->n_free--;
    else t->n_activations = n + 1;
    t->activations[i] = (struct activation){ .token = token, .use = ACTIVATION_RUNNING };
    return i;
}

/* ---- frames ---- */

struct frame *frame_push(struct track_thread *th, uint32_t func, uint32_t sig, uint32_t activation, uint64_t tick)
{
    struct frame *f = &th->stack[++th->depth];
    *f = (struct frame){ .func = func, .sig = sig, .activation = activation, .start = tick };
    return f;
}

bool frame_reserve(struct track_thread *th)
{
    return array_grow(&th->stack, &th->cap, th->depth + 2, sizeof *th->stack);
}

void tracker_thread_end(struct tracker *t, struct track_thread *th)
{
    uint32_t i = map32_get(&t->thread_index, th->id);
    for (size_t d = 1; d <= th->depth; d++)
        if (th->stack[d].activation) activation_free(t, th->stack[d].activation);
    map32_remove(&t->thread_index, th->id);
    struct track_thread *last = t->threads[--t->n_threads];
    if (last != th) {
        t->threads[i - 1] = last;
        map32_put(&t->thread_index, last->id, i);   /* is there: needs no memory */
    }
    thread_free(th);
}

/* ---- state from elsewhere ---- */

void tracker_forget_token(struct tracker *t, uint32_t token)
{
    uint32_t i = map32_get(&t->tokens, token);
    if (!i) return;
    if (t->activations[i].use == ACTIVATION_RUNNING) activation_forget_token(t, i);
    else activation_free(t, i);
}

bool tracker_name_running(struct tracker *t, uint32_t i, uint32_t token)
{
    tracker_forget_token(t, token);
    if (!map32_put(&t->tokens, token, i)) return false;
    t->activations[i].token = token;
    return true;
}

static uint32_t import_activation(struct tracker *t, const struct ghost_open_frame *f, uint32_t token)
{
    uint32_t i = activation_new(t, token);
    if (!i) return 0;
    struct activation *a = &t->activations[i];
    a->func = f->func;
    a->sig = f->sig;
    a->caller = f->caller;
    a->flags = f->flags;
    a->pending = f->pending;
    a->start = f->start;
    a->resumed = f->resumed;
    a->active = f->active;
    a->child = f->child;
    a->last = f->resumed;
    return i;
}

bool tracker_import_frame(struct tracker *t, struct track_thread *th, const struct ghost_open_frame *f)
{
    uint32_t i = 0;
    if (th->depth == STACK_MAX || !frame_reserve(th)) return false;
    if (f->slot && !(i = import_activation(t, f, 0))) return false;
    struct frame *new = frame_push(th, f->func, f->sig, i, f->resumed);
    new->pending = f->pending;
    new->child = f->child;
    if (th->last_tick < f->resumed) th->last_tick = f->resumed;
    return true;
}

bool tracker_import_suspended(struct tracker *t, const struct ghost_open_frame *f, uint32_t token, uint64_t last)
{
    tracker_forget_token(t, token);
    uint32_t i = import_activation(t, f, token);
    if (!i) return false;
    t->activations[i].use = ACTIVATION_SUSPENDED;
    t->activations[i].last = last;
    return true;
}
