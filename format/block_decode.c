/* block_decode.c - BLOCKS and BLOCK records to public blocks, after checking
 * everything. */
#include "block.h"

#include <stdlib.h>
#include <string.h>

enum slot_use { SLOT_FREE, SLOT_RUNNING, SLOT_SUSPENDED };
struct slot_state { uint64_t since; uint32_t use; };  /* since: not to be resumed before this tick */

/* What an event does to the stack; the two commonest first (see walk). */
enum effect { PUSH, POP, SUSPEND, BEGIN, CONTINUE, DROP, ADOPT, NOTHING, IMPOSSIBLE };

static const uint8_t effects[GHOST_SH_COUNT] = {
    [GHOST_SH_CALL] = PUSH, [GHOST_SH_GEN_CALL] = BEGIN, [GHOST_SH_RETURN] = POP, [GHOST_SH_UNWIND] = POP,
    [GHOST_SH_YIELD] = SUSPEND, [GHOST_SH_RESUME] = CONTINUE, [GHOST_SH_THROW] = CONTINUE, [GHOST_SH_ABANDON] = POP,
    [GHOST_SH_DROP] = DROP, [GHOST_SH_ADOPT] = ADOPT, [GHOST_SH_MARK] = NOTHING, [GHOST_SH_PAUSE] = NOTHING,
};

/* A failed decoding: the reason, and CORRUPT unless said otherwise. */
struct fault { int code; const char *why; };
static bool refuse(struct fault *f, int code, const char *why)
{
    if (!f->code) *f = (struct fault){ code, why };
    return false;
}
static bool corrupt(struct fault *f, const char *why) { return refuse(f, GHOST_E_CORRUPT, why); }

#define GROW(array, n) array_grow(&(array), &(array##_cap), (n) + 1, sizeof *(array))
#define NO_MEMORY "too little memory for its columns"

static struct ghost_anchor decode_anchor(struct cursor *c)
{
    struct ghost_anchor a;
    a.tick = get_max(c, TIME_TICK_MAX);
    a.mono_ns = get_varint(c);
    a.real_ns = get_varint(c);
    return a;
}

static uint32_t decode_entry(struct cursor *c, struct ghost_open_frame *f, uint64_t base_tick)
{
    f->func = (uint32_t)get_max(c, GHOST_FUNC_MAX);
    f->sig = (uint32_t)get_max(c, GHOST_SIG_OTHER);
    f->caller = (uint32_t)get_max(c, GHOST_FUNC_MAX);
    f->slot = (uint32_t)get_max(c, UINT32_MAX);
    f->flags = (uint32_t)get_max(c, UINT32_MAX);
    f->pending = (uint32_t)get_max(c, UINT32_MAX);
    f->start = base_tick - (uint64_t)get_zigzag(c);
    f->resumed = base_tick - (uint64_t)get_zigzag(c);
    f->active = get_max(c, TIME_TICK_MAX);
    f->child = get_max(c, TIME_TICK_MAX);
    if (f->func == 0 || f->start > f->resumed || f->resumed > TIME_TICK_MAX) c->bad = true;
    return f->slot ? (uint32_t)get_max(c, UINT32_MAX) : 0;
}

#define ENTRY_LEAST 10 /* bytes of the shortest entry */
#define PRELUDE_LEAST 18 /* of the shortest block beside its columns */

static bool decode_entries(struct block_memory *m, struct cursor *c, struct ghost_block *b, struct fault *fault)
{
    b->n_stack = (uint32_t)get_count(c, STACK_MAX, ENTRY_LEAST);
    if (!GROW(m->stack, b->n_stack) || !GROW(m->stack_tokens, b->n_stack)) return refuse(fault, GHOST_E_NOMEM, NO_MEMORY);
    for (uint32_t i = 0; i < b->n_stack; i++) {
        m->stack_tokens[i] = decode_entry(c, &m->stack[i], b->base_tick);
        if (m->stack[i].resumed > b->base_tick) c->bad = true;
    }
    b->n_slots = (uint32_t)get_max(c, UINT32_MAX);
    b->n_activations = (uint32_t)get_count(c, UINT32_MAX, ENTRY_LEAST);
    if (!GROW(m->activations, b->n_activations) || !GROW(m->activation_tokens, b->n_activations))
        return refuse(fault, GHOST_E_NOMEM, NO_MEMORY);
    for (uint32_t i = 0; i < b->n_activations; i++) {
        m->activation_tokens[i] = decode_entry(c, &m->activations[i], b->base_tick);
        if (m->activations[i].slot == 0) c->bad = true;
    }
    b->stack = m->stack;
    b->activations = m->activations;
    return c->bad ? corrupt(fault, "an open frame or activation out of bounds") : true;
}

/* Kinds, functions and types, signatures: the same in both records. */
static bool decode_shapes(struct block_memory *m, struct cursor *c, uint32_t *n_shapes, struct fault *fault)
{
    uint32_t n = *n_shapes = (uint32_t)get_count(c, SHAPES_MAX, 3);
    if (!GROW(m->shapes, n) || !GROW(m->effect, n)) return refuse(fault, GHOST_E_NOMEM, NO_MEMORY);
    struct ghost_shape *shapes = m->shapes;
    uint64_t a = 0;
    for (uint32_t i = 0; i < n; i++) shapes[i].kind = (uint32_t)get_fixed(c, 1);
    for (uint32_t i = 0; i < n; i++) {
        a += (uint64_t)get_zigzag(c);
        shapes[i].a = (uint32_t)a;
        if (a > UINT32_MAX) c->bad = true;
    }
    for (uint32_t i = 0; i < n; i++) shapes[i].b = (uint32_t)get_max(c, GHOST_SIG_OTHER);
    for (uint32_t i = 0; i < n; i++) {
        const struct ghost_shape *s = &shapes[i];
        if (c->bad || s->kind == 0) return corrupt(fault, "a shape out of bounds");
        if (s->kind >= GHOST_SH_COUNT) return refuse(fault, GHOST_E_VERSION, "a kind of event that only a newer ghost knows");
        bool func = s->kind == GHOST_SH_CALL || s->kind == GHOST_SH_GEN_CALL || s->kind == GHOST_SH_ADOPT;
        if (func && (s->a == 0 || s->a > GHOST_FUNC_MAX)) return corrupt(fault, "a shape with an impossible function number");
        m->effect[i] = effects[s->kind];
    }
    return true;
}

static bool decode_classes(struct block_memory *m, struct block_reading *r, struct cursor *c, struct fault *fault)
{
    r->n_classes = (unsigned)get_fixed(c, 1);
    if (r->n_classes == 0 || r->n_classes > TIME_CLASSES_MAX) return corrupt(fault, "an impossible number of time classes");
    if (r->n_classes == 1) return true;
    const uint8_t *p = get_bytes(c, r->n_shapes);
    if (!p) return corrupt(fault, "more time classes than bytes");
    if (!GROW(m->class, r->n_shapes)) return refuse(fault, GHOST_E_NOMEM, NO_MEMORY);
    for (uint32_t i = 0; i < r->n_shapes; i++) {
        if (p[i] >= r->n_classes) return corrupt(fault, "a time class out of bounds");
        m->class[i] = p[i];
    }
    return true;
}

/* A column of `n` bytes that is read later. */
static void set_aside(struct cursor *column, struct cursor *c, size_t n)
{
    const uint8_t *p = get_bytes(c, n);
    *column = (struct cursor){ p, p ? p + n : p, !p };
}

/* Where the tokens of `n` events are, with a row of each table for whatever a token may be. */
static bool find_tokens(struct block_memory *m, struct block_reading *r, struct cursor *c, size_t n, struct fault *fault)
{
    r->width = (unsigned)get_fixed(c, 1);
    size_t values = r->width == 1 ? 256 : 65536;
    if (r->width != 1 && r->width != 2) return corrupt(fault, "a token width other than 1 and 2");
    if (n > cursor_left(c) / r->width) return corrupt(fault, "more events than bytes");
    set_aside(&r->tokens, c, n * r->width);
    if (r->n_shapes > values) return corrupt(fault, "more shapes than tokens can name");
    if (!GROW(m->effect, values) || (r->n_classes > 1 && !GROW(m->class, values))) return refuse(fault, GHOST_E_NOMEM, NO_MEMORY);
    /* A token that is no shape is an impossible event: the walk refuses it. */
    memset(m->effect + r->n_shapes, IMPOSSIBLE, values - r->n_shapes);
    if (r->n_classes > 1) memset(m->class + r->n_shapes, 0, values - r->n_shapes);
    return true;
}

static bool find_codes(struct block_reading *r, struct cursor *c, size_t n, struct fault *fault)
{
    size_t n_of[TIME_CLASSES_MAX], all = 0;
    n_of[0] = all = r->n_classes == 1 ? n : 0;
    for (unsigned k = 0; k < r->n_classes && r->n_classes > 1; k++) all += n_of[k] = get_count(c, n, 1);
    for (unsigned k = 0; k < r->n_classes; k++) set_aside(&r->codes[k], c, n_of[k]);
    return c->bad || all != n ? corrupt(fault, "more time codes than bytes") : true;
}

static bool find_column(struct cursor *column, struct cursor *c, const char *why, struct fault *fault)
{
    set_aside(column, c, get_count(c, UINT64_MAX, 1));
    return c->bad ? corrupt(fault, why) : true;
}

static bool find_columns(struct block_memory *m, struct block_reading *r, struct cursor *c, size_t n, struct fault *fault)
{
    return find_tokens(m, r, c, n, fault) && find_codes(r, c, n, fault)
        && find_column(&r->extra, c, "more bytes of time codes than bytes", fault);
}

/* Bytes to tokens, in steps that a compiler turns into vector instructions. */
static void widen(const uint8_t *restrict from, uint16_t *restrict to, size_t n)
{
    size_t i = 0;
    for (; i + 32 <= n; i += 32)
        for (size_t k = 0; k < 32; k++) to[i + k] = from[i + k];
    for (; i < n; i++) to[i] = from[i];
}

static bool decode_tokens(struct block_memory *m, struct block_reading *r, struct ghost_block *b, struct fault *fault)
{
    size_t n = b->n_events;
    const uint8_t *p = get_bytes(&r->tokens, n * r->width);
    if (!p) return corrupt(fault, "more events than tokens");
    if (!GROW(m->tokens, n)) return refuse(fault, GHOST_E_NOMEM, NO_MEMORY);
    if (r->width == 1) widen(p, m->tokens, n);
    else for (size_t i = 0; i < n; i++) m->tokens[i] = (uint16_t)(p[2 * i] | p[2 * i + 1] << 8);
    b->tokens = m->tokens;
    return true;
}

/* The time codes in the order of events: each from the front of what is left of its class. */
static bool gather(struct block_memory *m, struct block_reading *r, size_t n, struct fault *fault)
{
    const uint8_t *at[TIME_CLASSES_MAX], *end[TIME_CLASSES_MAX];
    const uint8_t *class = m->class;
    const uint16_t *tokens = m->tokens;
    if (!GROW(m->codes, n)) return refuse(fault, GHOST_E_NOMEM, NO_MEMORY);
    uint8_t *codes = m->codes;
    for (unsigned k = 0; k < r->n_classes; k++) {
        at[k] = r->codes[k].p;
        end[k] = r->codes[k].end;
    }
    for (size_t i = 0; i < n; i++) {
        unsigned k = class[tokens[i]];
        if (at[k] == end[k]) return corrupt(fault, "a time class with too few codes");
        codes[i] = *at[k]++;
    }
    for (unsigned k = 0; k < r->n_classes; k++) r->codes[k].p = at[k];
    return true;
}

static bool decode_times(struct block_memory *m, struct block_reading *r, struct ghost_block *b, struct fault *fault)
{
    const uint8_t *codes = r->n_classes == 1 ? get_bytes(&r->codes[0], b->n_events) : NULL;
    if (!codes && r->n_classes > 1 && gather(m, r, b->n_events, fault)) codes = m->codes;
    if (!codes) return corrupt(fault, "more events than time codes");
    if (!GROW(m->ticks, b->n_events)) return refuse(fault, GHOST_E_NOMEM, NO_MEMORY);
    if (time_decode(codes, b->n_events, b->base_tick, &r->extra, m->ticks) != 0) return corrupt(fault, "time codes that do not fit their extra bytes");
    if (b->n_events && m->ticks[b->n_events - 1] > b->end_tick) return corrupt(fault, "an event after the block's end");
    b->ticks = m->ticks;
    return true;
}

static bool decode_operands(struct block_memory *m, struct block_reading *r, struct ghost_block *b, struct fault *fault)
{
    struct cursor *c = &r->operands;
    b->n_operands = r->n_operands;
    if (b->n_operands > cursor_left(c)) return corrupt(fault, "more operands than bytes");
    if (!GROW(m->operands, b->n_operands)) return refuse(fault, GHOST_E_NOMEM, NO_MEMORY);
    for (uint32_t i = 0; i < b->n_operands; i++) m->operands[i] = (uint32_t)get_max(c, UINT32_MAX);
    b->operands = m->operands;
    if (c->bad) return corrupt(fault, "operands out of bounds");
    /* Every slot number is made by an entry or by an event with an operand. */
    if (b->n_slots > (uint64_t)b->n_stack + b->n_activations + b->n_operands) return corrupt(fault, "more slots than activations");
    return true;
}

/* Those that the walk has left in their slots; NULL slots: not to be checked. */
static bool decode_alive(struct block_memory *m, struct cursor *c, const struct ghost_block *b, bool walked, struct fault *fault)
{
    m->n_alive = (uint32_t)get_count(c, b->n_slots, 2);
    if (!GROW(m->alive, m->n_alive)) return refuse(fault, GHOST_E_NOMEM, NO_MEMORY);
    for (uint32_t i = 0; i < m->n_alive; i++) {
        m->alive[i].slot = (uint32_t)get_max(c, UINT32_MAX);
        m->alive[i].token = (uint32_t)get_max(c, UINT32_MAX);
        if (m->alive[i].slot >= b->n_slots || (walked && m->slots[m->alive[i].slot].use == SLOT_FREE)) c->bad = true;
    }
    return c->bad ? corrupt(fault, "living activations out of bounds") : true;
}

/* ---- the walk: is every event possible where it stands? ---- */

#define BOTTOM UINT32_MAX /* below the stack; as a slot it makes a pop suspicious */

static bool slots_begin(struct block_memory *m, const struct ghost_block *b, struct fault *fault)
{
    if (!GROW(m->slots, b->n_slots) || !GROW(m->depth, (size_t)b->n_stack + b->n_events + 1))
        return refuse(fault, GHOST_E_NOMEM, NO_MEMORY);
    for (uint32_t i = 0; i < b->n_slots; i++) m->slots[i] = (struct slot_state){ 0, SLOT_FREE };
    m->depth[0] = BOTTOM;
    for (uint32_t i = 0; i < b->n_stack + b->n_activations; i++) {
        bool on_stack = i < b->n_stack;
        const struct ghost_open_frame *f = on_stack ? &b->stack[i] : &b->activations[i - b->n_stack];
        if (on_stack) m->depth[i + 1] = f->slot;
        if (f->slot == 0) continue;
        if (f->slot > b->n_slots || m->slots[f->slot - 1].use != SLOT_FREE) return corrupt(fault, "two activations in one slot");
        m->slots[f->slot - 1] = (struct slot_state){ f->resumed, on_stack ? SLOT_RUNNING : SLOT_SUSPENDED };
    }
    return true;
}

/* Where the walk stands. */
struct walk { uint32_t i, next; uint64_t depth, top; };

/* Plain calls and their ends, without a branch between the two, up to the first
 * event that is neither. */
static void walk_plain(const uint16_t *tokens, const uint8_t *effect, uint32_t *stack, uint32_t n, struct walk *w)
{
    uint32_t *at = stack + w->depth, *top = stack + w->top;
    uint32_t i = w->i;
    for (; i < n; i++) {
        unsigned e = effect[tokens[i]];
        if (e > POP || (*at & (0 - e)) != 0) break;
        at[1] = 0;
        at += 1 - 2 * (ptrdiff_t)e;
        top = at > top ? at : top;
    }
    w->i = i;
    w->depth = (uint64_t)(at - stack);
    w->top = (uint64_t)(top - stack);
}

/* The rarer events, and pops of what is no plain call. False: impossible. */
static bool walk_rare(struct block_memory *m, const struct ghost_block *b, struct walk *w)
{
    unsigned e = m->effect[b->tokens[w->i]];
    if (e == NOTHING) return true;
    if (e == POP || e == SUSPEND) {
        uint32_t slot = m->depth[w->depth];
        if (slot == BOTTOM || slot == 0) return false;
        m->slots[slot - 1].use = e == POP ? SLOT_FREE : SLOT_SUSPENDED;
        w->depth--;
        return true;
    }
    if (e == IMPOSSIBLE || w->next == b->n_operands || b->operands[w->next] >= b->n_slots) return false;
    uint32_t slot = b->operands[w->next++];
    struct slot_state *s = &m->slots[slot];
    if (e == DROP) {
        if (s->use != SLOT_SUSPENDED) return false;
        s->use = SLOT_FREE;
        return true;
    }
    if (e == CONTINUE ? s->use != SLOT_SUSPENDED || b->ticks[w->i] < s->since : s->use != SLOT_FREE) return false;
    *s = (struct slot_state){ b->ticks[w->i], SLOT_RUNNING };
    m->depth[++w->depth] = slot + 1;
    if (w->depth > w->top) w->top = w->depth;
    return true;
}

static bool walk(struct block_memory *m, struct ghost_block *b, struct fault *fault)
{
    struct walk w = { 0, 0, b->n_stack, b->n_stack };
    if (!slots_begin(m, b, fault)) return false;
    for (;; w.i++) {
        walk_plain(b->tokens, m->effect, m->depth, b->n_events, &w);
        if (w.i == b->n_events) break;
        if (!walk_rare(m, b, &w)) return corrupt(fault, "an event that is impossible where it stands");
    }
    if (w.next != b->n_operands) return corrupt(fault, "operands that no event uses");
    b->max_depth = (uint32_t)w.top;
    return true;
}

static bool decode_head(struct cursor *c, struct ghost_block *b, struct fault *fault)
{
    b->thread = (uint32_t)get_max(c, UINT32_MAX);
    b->first_seq = get_varint(c);
    b->n_seq = get_varint(c);
    b->base_tick = get_max(c, TIME_TICK_MAX);
    b->end_tick = b->base_tick + get_max(c, TIME_TICK_MAX - b->base_tick);
    b->tick_ns_q32 = get_varint(c);
    b->anchor[0] = decode_anchor(c);
    b->anchor[1] = decode_anchor(c);
    if (c->bad || b->thread == 0 || b->n_seq > UINT64_MAX - b->first_seq) return corrupt(fault, "its head is out of bounds");
    return true;
}

/* ---- the two records ---- */

static bool begin(struct block_memory *m, struct block_reading *r, struct cursor *c, struct fault *fault)
{
    size_t n;
    if (!decode_shapes(m, c, &r->n_shapes, fault) || !decode_classes(m, r, c, fault)) return false;
    n = get_count(c, UINT32_MAX, 2);
    if (!find_columns(m, r, c, n, fault) || !find_column(&r->operands, c, "more bytes of operands than bytes", fault)) return false;
    r->blocks = get_count(c, UINT32_MAX, PRELUDE_LEAST);
    r->prelude = *c;
    return c->bad ? corrupt(fault, "more blocks than bytes") : true;
}

/* What is left at the end belongs to no event. */
static bool all_used(const struct block_reading *r, struct fault *fault)
{
    size_t left = cursor_left(&r->tokens) + cursor_left(&r->extra) + cursor_left(&r->operands);
    for (unsigned k = 0; k < r->n_classes; k++) left += cursor_left(&r->codes[k]);
    return left ? corrupt(fault, "columns longer than the events need") : true;
}

/* Behind the shapes of a BLOCK stand its columns. */
static bool find_old_columns(struct block_memory *m, struct block_reading *r, struct ghost_block *b, struct fault *fault)
{
    struct cursor *c = &r->prelude;
    r->n_classes = 1;
    if (!decode_shapes(m, c, &r->n_shapes, fault)) return false;
    b->n_events = (uint32_t)get_count(c, UINT32_MAX, 2);
    return true;
}

static bool outline(struct block_memory *m, struct block_reading *r, struct ghost_block *b, struct fault *fault)
{
    struct cursor *c = &r->prelude;
    if (!decode_head(c, b, fault) || !decode_entries(m, c, b, fault)) return false;
    if (r->old) {
        if (!find_old_columns(m, r, b, fault)) return false;
    } else {
        b->n_events = (uint32_t)get_max(c, UINT32_MAX);
        r->n_operands = (uint32_t)get_max(c, UINT32_MAX);
    }
    b->n_shapes = r->n_shapes;
    b->shapes = m->shapes;
    return c->bad ? corrupt(fault, "its head is out of bounds") : true;
}

static bool old_columns(struct block_memory *m, struct block_reading *r, struct ghost_block *b, struct fault *fault)
{
    struct cursor *c = &r->prelude;
    if (!find_columns(m, r, c, b->n_events, fault)) return false;
    r->n_operands = (uint32_t)get_count(c, UINT32_MAX, 1);
    r->operands = *c;
    return c->bad ? corrupt(fault, "operands out of bounds") : true;
}

static bool columns(struct block_memory *m, struct block_reading *r, struct ghost_block *b, struct fault *fault)
{
    if (r->old && !old_columns(m, r, b, fault)) return false;
    if (!decode_tokens(m, r, b, fault) || !decode_times(m, r, b, fault) || !decode_operands(m, r, b, fault)) return false;
    if (r->old) r->prelude = r->operands;                         /* the operands end where the rest begins */
    if (r->old) r->operands.p = r->operands.end;
    return true;
}

int blocks_begin(struct block_memory *m, struct block_reading *r, bool old, struct cursor payload, const char **why)
{
    struct fault fault = { 0, NULL };
    *r = (struct block_reading){ .prelude = payload, .blocks = 1, .old = old };
    if (!old) begin(m, r, &payload, &fault);
    *why = fault.why;
    return fault.code;
}

int blocks_outline(struct block_memory *m, struct block_reading *r, struct ghost_block *b, const char **why)
{
    struct fault fault = { 0, NULL };
    memset(b, 0, sizeof *b);
    if (r->blocks == 0) all_used(r, &fault);
    else outline(m, r, b, &fault);
    *why = fault.why;
    return fault.code ? fault.code : r->blocks != 0;
}

int blocks_events(struct block_memory *m, struct block_reading *r, struct ghost_block *b, const char **why)
{
    struct fault fault = { 0, NULL };
    r->blocks--;
    if (columns(m, r, b, &fault) && walk(m, b, &fault)) decode_alive(m, &r->prelude, b, true, &fault);
    *why = fault.why;
    return fault.code;
}

int blocks_skip(struct block_memory *m, struct block_reading *r, struct ghost_block *b, const char **why)
{
    struct fault fault = { 0, NULL };
    if (--r->blocks && columns(m, r, b, &fault)) decode_alive(m, &r->prelude, b, false, &fault);
    *why = fault.why;
    return fault.code;
}

void block_memory_release(struct block_memory *m)
{
    free(m->stack);
    free(m->activations);
    free(m->stack_tokens);
    free(m->activation_tokens);
    free(m->shapes);
    free(m->effect);
    free(m->class);
    free(m->codes);
    free(m->tokens);
    free(m->ticks);
    free(m->operands);
    free(m->slots);
    free(m->depth);
    free(m->alive);
    *m = (struct block_memory){ 0 };
}
