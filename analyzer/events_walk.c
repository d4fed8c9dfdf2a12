/* events_walk.c - see events_walk.h. */
#include "events_walk.h"

#include <stdlib.h>

#include "events_log.h"

struct walk_frame {
    uint32_t function, signature, caller;
    uint32_t slot;                       /* activation + 1, 0: a plain call */
    uint64_t start, since, child;        /* ticks; start 0: unknown */
};

/* What an activation keeps while it is off the stack. */
struct walk_activation {
    uint32_t function, signature, caller;
    uint64_t start, active, child;
};

static bool room(void *array, uint32_t *cap, uint64_t wanted, size_t size)
{
    if (wanted <= *cap)
        return true;
    void *grown = wanted < UINT32_MAX ? realloc(*(void **)array, wanted * size) : NULL;
    if (!grown)
        return false;
    *(void **)array = grown;
    *cap = (uint32_t)wanted;
    return true;
}

void event_walk_release(struct event_walk *w)
{
    free(w->stack);
    free(w->activations);
    *w = (struct event_walk){ 0 };
}

static void load_frame(struct event_walk *w, const struct ghost_open_frame *f, bool on_stack)
{
    uint64_t start = f->flags & GHOST_FRAME_UNKNOWN_START ? 0 : f->start, base = w->block.base_tick;
    if (f->slot)
        w->activations[f->slot - 1] = (struct walk_activation){ f->func, f->sig, f->caller, start, f->active, f->child };
    if (on_stack)
        w->stack[++w->depth] = (struct walk_frame){ f->func, f->sig, f->caller, f->slot, start,
                                                    f->resumed < base ? f->resumed : base, f->child };
}

bool event_walk_begin(struct event_walk *w, const struct ghost_block *b)
{
    w->block = *b;
    w->next = w->operand = w->depth = 0;
    if (!room(&w->stack, &w->cap_stack, (uint64_t)b->max_depth + b->n_stack + 2, sizeof *w->stack)
        || !room(&w->activations, &w->cap_activations, b->n_slots, sizeof *w->activations))
        return false;
    w->stack[0] = (struct walk_frame){ 0 };
    for (uint32_t i = 0; i < b->n_stack; i++)
        load_frame(w, &b->stack[i], true);
    for (uint32_t i = 0; i < b->n_activations; i++)
        load_frame(w, &b->activations[i], false);
    return true;
}

/* ---- what each event does ---- */

struct step { struct event_walk *w; const struct ghost_shape *shape; struct event_row *row; uint64_t tick; uint32_t slot; };

static void tell_frame(struct event_row *row, const struct walk_frame *f)
{
    row->function = f->function;
    row->signature = f->signature;
    row->caller = f->caller;
    row->call = f->start;
}

static void push(const struct step *s, struct walk_frame f)
{
    f.since = s->tick;
    s->w->stack[++s->w->depth] = f;
    tell_frame(s->row, &f);
    s->row->depth = s->w->depth - 1;
}

static struct walk_frame *pop(const struct step *s)
{
    struct walk_frame *f = &s->w->stack[s->w->depth--];
    tell_frame(s->row, f);
    s->row->depth = s->w->depth;
    return f;
}

static uint64_t minus(uint64_t a, uint64_t b) { return a > b ? a - b : 0; }

static void on_call(const struct step *s)
{
    uint32_t caller = s->w->stack[s->w->depth].function;
    push(s, (struct walk_frame){ .function = s->shape->a, .signature = s->shape->b, .caller = caller, .start = s->tick });
}

static void on_gen_call(const struct step *s)
{
    on_call(s);
    struct walk_frame *f = &s->w->stack[s->w->depth];
    f->slot = s->slot + 1;
    s->w->activations[s->slot] = (struct walk_activation){ f->function, f->signature, f->caller, f->start, 0, 0 };
}

/* RETURN, UNWIND: the frame is left for good. */
static void on_end(const struct step *s)
{
    uint64_t q32 = s->w->block.tick_ns_q32;
    const struct walk_frame *f = pop(s);
    uint64_t stretch = s->tick - f->since, active = stretch, latency = stretch;
    s->w->stack[s->w->depth].child += stretch;
    if (f->slot) {
        const struct walk_activation *a = &s->w->activations[f->slot - 1];
        active += a->active;
        latency = minus(s->tick, a->start);
        s->row->suspended = f->start ? events_ns(minus(latency, active), q32) : 0;
    }
    s->row->type = s->shape->a;
    s->row->timed = f->start != 0;
    if (!s->row->timed)
        return;
    s->row->latency = events_ns(latency, q32);
    s->row->self = events_ns(minus(active, f->child), q32);
}

static void on_yield(const struct step *s)
{
    const struct walk_frame *f = pop(s);
    struct walk_activation *a = &s->w->activations[f->slot - 1];
    uint64_t stretch = s->tick - f->since;
    a->active += stretch;
    a->child = f->child;
    s->w->stack[s->w->depth].child += stretch;
    s->row->type = s->shape->a;
}

static void on_resume(const struct step *s)
{
    const struct walk_activation *a = &s->w->activations[s->slot];
    push(s, (struct walk_frame){ .function = a->function, .signature = a->signature, .caller = a->caller, .slot = s->slot + 1,
                                 .start = a->start, .child = a->child });
}

static void on_adopt(const struct step *s)
{
    s->w->activations[s->slot] = (struct walk_activation){ .function = s->shape->a };
    on_resume(s);
}

static void on_abandon(const struct step *s) { pop(s); }

static void on_drop(const struct step *s)
{
    const struct walk_activation *a = &s->w->activations[s->slot];
    tell_frame(s->row, &(struct walk_frame){ .function = a->function, .signature = a->signature, .caller = a->caller, .start = a->start });
}

static void on_mark(const struct step *s) { s->row->type = s->shape->a; }
static void on_pause(const struct step *s) { (void)s; }

static const struct { uint32_t kind; bool slot; void (*apply)(const struct step *s); } steps[GHOST_SH_COUNT] = {
    [GHOST_SH_CALL] = { EVENT_CALL, false, on_call },       [GHOST_SH_GEN_CALL] = { EVENT_CALL, true, on_gen_call },
    [GHOST_SH_RETURN] = { EVENT_RETURN, false, on_end },    [GHOST_SH_UNWIND] = { EVENT_PASSED, false, on_end },
    [GHOST_SH_YIELD] = { EVENT_YIELD, false, on_yield },    [GHOST_SH_RESUME] = { EVENT_RESUME, true, on_resume },
    [GHOST_SH_THROW] = { EVENT_THROW, true, on_resume },    [GHOST_SH_ABANDON] = { EVENT_ABANDON, false, on_abandon },
    [GHOST_SH_DROP] = { EVENT_DROP, true, on_drop },        [GHOST_SH_ADOPT] = { EVENT_ADOPT, true, on_adopt },
    [GHOST_SH_MARK] = { EVENT_MARK, false, on_mark },       [GHOST_SH_PAUSE] = { EVENT_PAUSE, false, on_pause },
};

bool event_walk_next(struct event_walk *w, struct event_row *row)
{
    const struct ghost_block *b = &w->block;
    if (w->next == b->n_events)
        return false;
    const struct ghost_shape *shape = &b->shapes[b->tokens[w->next]];
    uint64_t tick = b->ticks[w->next++];
    *row = (struct event_row){ .time = events_real(b, tick), .kind = steps[shape->kind].kind, .thread = b->thread, .depth = w->depth };
    struct step s = { w, shape, row, tick, steps[shape->kind].slot ? b->operands[w->operand++] : 0 };
    if (shape->kind == GHOST_SH_UNWIND && shape->b & GHOST_UNWIND_RAISED_HERE)
        row->kind = EVENT_RAISED;
    steps[shape->kind].apply(&s);
    return true;
}
