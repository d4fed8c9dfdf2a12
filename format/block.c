/* block.c - the BLOCK record: an open block, its encoder and its decoder. */
#include "block.h"

#include <stdlib.h>
#include <string.h>

#define INDEX_FIRST 2048u    /* entries of a fresh shape index; a power of two */
#define SHAPES_ROOM 1024u    /* new shapes between two looks for room, at most */
#define OPERAND_BYTES 5u     /* of a slot number as a varint */
#define ENTRY_BYTES 96u      /* of an encoded entry at most: ten varints of at most 10 bytes, most of 5 */

const struct shape_info shape_infos[GHOST_SH_COUNT] = {
#define X(name, number, operand, a, b, text) [number] = { #name, a, b, operand },
    GHOST_SHAPES(X)
#undef X
};

/* ---- shapes ---- */

static void index_fill(struct shapes *s)
{
    memset(s->index, 0, (s->mask + 1) * sizeof *s->index);
    for (size_t k = 0; k < s->n; k++) {
        uint32_t i = (uint32_t)hash_u64(s->key[k]);
        while (s->index[i & s->mask]) i++;
        s->index[i & s->mask] = (uint16_t)(k + 1);
    }
}

/* Room for `n` more shapes with at least half of the index free. */
static bool shapes_reserve(struct shapes *s, size_t n)
{
    size_t want = s->n + n, size = s->index ? s->mask + 1 : INDEX_FIRST;
    if (want > SHAPES_MAX) want = SHAPES_MAX;
    if (!array_grow(&s->key, &s->cap, want, sizeof *s->key)) return false;
    while (size < 2 * want) size *= 2;
    if (s->index && size == s->mask + 1) return true;
    uint16_t *index = malloc(size * sizeof *index);
    if (!index) return false;
    free(s->index);
    s->index = index;
    s->mask = (uint32_t)size - 1;
    index_fill(s);
    return true;
}

uint32_t shapes_insert(struct shapes *s, uint64_t key)
{
    uint32_t i = (uint32_t)hash_u64(key);
    while (s->index[i & s->mask]) i++;
    s->key[s->n++] = key;
    s->index[i & s->mask] = (uint16_t)s->n;
    return (uint32_t)s->n - 1;
}

/* ---- an open block ---- */

/* A failure must leave the buffer usable for the next try. */
static bool room(struct ghost_buf *b, size_t n)
{
    bool ok = buf_reserve(b, n) != NULL;
    b->failed = false;
    return ok;
}

bool block_reserve(struct block *b, size_t n)
{
    size_t cap = b->cap;
    if (b->n + n > b->cap) {
        if (!array_grow(&b->tokens, &cap, b->n + n, sizeof *b->tokens)) return false;
        uint8_t *codes = realloc(b->codes, cap);
        if (!codes) return false;
        b->codes = codes;
        b->cap = cap;
    }
    /* Many events for one of the ring are ABANDONs: one shape. */
    return shapes_reserve(&b->shapes, n < SHAPES_ROOM ? n : SHAPES_ROOM) && room(&b->extra, n * TIME_EXTRA_MAX)
        && room(&b->operands, n * OPERAND_BYTES)
        && array_grow(&b->slot_token, &b->slots_cap, b->n_slots + n, sizeof *b->slot_token)
        && array_grow(&b->free_slots, &b->free_cap, b->n_slots + n, sizeof *b->free_slots);
}

bool block_reserve_entry(struct block *b) { return room(&b->activations, ENTRY_BYTES); }

void block_begin(struct block *b, uint32_t epoch, uint64_t seq, uint64_t tick)
{
    b->open = true;
    b->epoch = epoch;
    b->first_seq = seq;
    b->n_seq = 0;
    b->base_tick = b->last_tick = tick;
}

/* After a burst a thread may be quiet for hours: keep what the last block used,
 * give the rest back. Failing to shrink is no failure. */
static void shrink(struct block *b)
{
    size_t keep = b->cap / 2;
    if (b->cap > 1024 && b->n < b->cap / 8) {
        uint16_t *tokens = realloc(b->tokens, keep * sizeof *tokens);
        if (tokens) b->tokens = tokens;
        uint8_t *codes = realloc(b->codes, keep);
        if (codes) b->codes = codes;
        b->cap = keep;
    }
    if (b->extra.cap > 65536 && b->extra.len < b->extra.cap / 8) ghost_buf_release(&b->extra);
    if (b->stack.cap > 65536 && b->stack.len < b->stack.cap / 8) ghost_buf_release(&b->stack);
    if (b->shapes.index && b->shapes.mask + 1 > 4 * INDEX_FIRST && b->shapes.n < b->shapes.mask / 32) {
        free(b->shapes.index);
        b->shapes.index = NULL;
        b->shapes.mask = 0;
    }
}

void block_reset(struct block *b)
{
    shrink(b);
    if (b->shapes.index) memset(b->shapes.index, 0, (b->shapes.mask + 1) * sizeof *b->shapes.index);
    buf_clear(&b->extra);
    buf_clear(&b->operands);
    buf_clear(&b->stack);
    buf_clear(&b->activations);
    b->open = false;
    b->n = b->shapes.n = b->n_slots = b->n_free = 0;
    b->n_operands = b->n_stack = b->n_activations = 0;
    b->n_seq = b->real_events = 0;
}

void block_release(struct block *b)
{
    free(b->tokens);
    free(b->codes);
    free(b->shapes.key);
    free(b->shapes.index);
    free(b->slot_token);
    free(b->free_slots);
    ghost_buf_release(&b->extra);
    ghost_buf_release(&b->operands);
    ghost_buf_release(&b->stack);
    ghost_buf_release(&b->activations);
}

uint32_t block_slot_fresh(struct block *b, uint32_t token)
{
    b->slot_token[b->n_slots] = token;
    return (uint32_t)b->n_slots++;
}

uint32_t block_slot(struct block *b, uint32_t token)
{
    if (b->n_free == 0) return block_slot_fresh(b, token);
    uint32_t slot = b->free_slots[--b->n_free];
    b->slot_token[slot] = token;
    return slot;
}

void block_slot_free(struct block *b, uint32_t slot)
{
    b->slot_token[slot] = 0;
    b->free_slots[b->n_free++] = slot;
}

uint32_t block_put_alive(const struct block *b, struct ghost_buf *to)
{
    uint32_t n = 0;
    for (size_t slot = 0; slot < b->n_slots; slot++) {
        if (!b->slot_token[slot]) continue;
        buf_varint(to, slot);
        buf_varint(to, b->slot_token[slot]);
        n++;
    }
    return n;
}

/* ---- encoding ---- */

void block_entry(struct ghost_buf *to, const struct ghost_open_frame *f, uint64_t base_tick, uint32_t token)
{
    uint8_t *p = buf_reserve(to, ENTRY_BYTES);
    if (!p) return;
    p = put_varint(p, f->func);
    p = put_varint(p, f->sig);
    p = put_varint(p, f->caller);
    p = put_varint(p, f->slot);
    p = put_varint(p, f->flags);
    p = put_varint(p, f->pending);
    p = put_varint(p, zigzag((int64_t)(base_tick - f->start)));
    p = put_varint(p, zigzag((int64_t)(base_tick - f->resumed)));
    p = put_varint(p, f->active);
    p = put_varint(p, f->child);
    if (f->slot) p = put_varint(p, token);
    to->len = (size_t)(p - to->p);
}

static void encode_anchor(struct ghost_buf *to, const struct ghost_anchor *a)
{
    buf_varint(to, a->tick);
    buf_varint(to, a->mono_ns);
    buf_varint(to, a->real_ns);
}

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The shapes in ascending order, in columns, functions and types as differences: a third of the
 * size of a table in order of appearance. `rank` tells where each shape went. */
static void encode_shapes(const struct shapes *s, uint64_t *order, uint16_t *rank, struct ghost_buf *to)
{
    for (size_t i = 0; i < s->n; i++) /* kind, a, b, and the number it had */
        order[i] = s->key[i] << 60 | (s->key[i] >> 16) << 28 | (s->key[i] >> 4 & 0xFFF) << 16 | i;
    qsort(order, s->n, sizeof *order, ascending);
    buf_varint(to, s->n);
    for (size_t i = 0; i < s->n; i++) {
        uint8_t kind = (uint8_t)(order[i] >> 60);
        rank[order[i] & 0xFFFF] = (uint16_t)i;
        buf_put(to, &kind, 1);
    }
    int64_t before = 0;
    for (size_t i = 0; i < s->n; i++) {
        int64_t a = (int64_t)(order[i] >> 28 & UINT32_MAX);
        buf_zigzag(to, a - before);
        before = a;
    }
    for (size_t i = 0; i < s->n; i++) buf_varint(to, order[i] >> 16 & 0xFFF);
}

static void encode_tokens(const struct block *b, const uint16_t *rank, struct ghost_buf *to)
{
    uint8_t width = b->shapes.n <= 256 ? 1 : 2;
    buf_put(to, &width, 1);
    uint8_t *p = buf_reserve(to, b->n * width);
    if (!p) return;
    if (width == 1)
        for (size_t i = 0; i < b->n; i++) p[i] = (uint8_t)rank[b->tokens[i]];
    else
        for (size_t i = 0; i < b->n; i++) store_le(p + 2 * i, rank[b->tokens[i]], 2);
    to->len += b->n * width;
}

/* Scratch for one table: numbers and order of its shapes. */
static void encode_events(const struct block *b, struct ghost_buf *to)
{
    uint64_t *order = malloc(b->shapes.n * sizeof *order + 1);
    uint16_t *rank = malloc(b->shapes.n * sizeof *rank + 1);
    if (order && rank) {
        encode_shapes(&b->shapes, order, rank, to);
        buf_varint(to, b->n);
        encode_tokens(b, rank, to);
    } else {
        to->failed = true;
    }
    free(order);
    free(rank);
}

static void encode_payload(const struct block *b, const struct block_context *x, struct ghost_buf *to)
{
    buf_varint(to, x->thread);
    buf_varint(to, b->first_seq);
    buf_varint(to, b->n_seq);
    buf_varint(to, b->base_tick);
    buf_varint(to, b->last_tick - b->base_tick);
    buf_varint(to, x->tick_ns_q32);
    encode_anchor(to, &x->anchor[0]);
    encode_anchor(to, &x->anchor[1]);
    buf_varint(to, b->n_stack);
    buf_put(to, b->stack.p, b->stack.len);
    buf_varint(to, b->n_slots);
    buf_varint(to, b->n_activations);
    buf_put(to, b->activations.p, b->activations.len);
    encode_events(b, to);
    buf_put(to, b->codes, b->n);
    buf_varint(to, b->extra.len);
    buf_put(to, b->extra.p, b->extra.len);
    buf_varint(to, b->n_operands);
    buf_put(to, b->operands.p, b->operands.len);
    buf_varint(to, x->n_alive);
    buf_put(to, x->alive->p, x->alive->len);
}

size_t block_size_bound(const struct block *b)
{
    return 512 + b->stack.len + b->activations.len + b->shapes.n * 16 + b->n * 3 + b->extra.len
         + b->operands.len + b->n_slots * 10;
}

void block_encode(const struct block *b, const struct block_context *x, struct ghost_buf *to)
{
    uint8_t head[2 * VARINT_MAX];
    size_t at = to->len, n, n_head;
    encode_payload(b, x, to);
    n = to->len - at;
    n_head = (size_t)(put_varint(put_varint(head, GHOST_REC_BLOCK), n) - head);
    if (!buf_reserve(to, n_head)) {
        to->len = at;
        return;
    }
    memmove(to->p + at + n_head, to->p + at, n);
    memcpy(to->p + at, head, n_head);
    to->len += n_head;
}

/* ---- decoding ---- */

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

static bool decode_shapes(struct block_memory *m, struct cursor *c, struct ghost_block *b, struct fault *fault)
{
    b->n_shapes = (uint32_t)get_count(c, SHAPES_MAX, 3);
    if (!GROW(m->shapes, b->n_shapes) || !GROW(m->effect, b->n_shapes)) return refuse(fault, GHOST_E_NOMEM, NO_MEMORY);
    struct ghost_shape *shapes = m->shapes;
    uint64_t a = 0;
    for (uint32_t i = 0; i < b->n_shapes; i++) shapes[i].kind = (uint32_t)get_fixed(c, 1);
    for (uint32_t i = 0; i < b->n_shapes; i++) {
        a += (uint64_t)get_zigzag(c);
        shapes[i].a = (uint32_t)a;
        if (a > UINT32_MAX) c->bad = true;
    }
    for (uint32_t i = 0; i < b->n_shapes; i++) shapes[i].b = (uint32_t)get_max(c, GHOST_SIG_OTHER);
    for (uint32_t i = 0; i < b->n_shapes; i++) {
        const struct ghost_shape *s = &shapes[i];
        if (c->bad || s->kind == 0) return corrupt(fault, "a shape out of bounds");
        if (s->kind >= GHOST_SH_COUNT) return refuse(fault, GHOST_E_VERSION, "a kind of event that only a newer ghost knows");
        bool func = s->kind == GHOST_SH_CALL || s->kind == GHOST_SH_GEN_CALL || s->kind == GHOST_SH_ADOPT;
        if (func && (s->a == 0 || s->a > GHOST_FUNC_MAX)) return corrupt(fault, "a shape with an impossible function number");
        m->effect[i] = effects[s->kind];
    }
    b->shapes = m->shapes;
    return true;
}

/* Bytes to tokens, in steps that a compiler turns into vector instructions. */
static void widen(const uint8_t *restrict from, uint16_t *restrict to, size_t n)
{
    size_t i = 0;
    for (; i + 32 <= n; i += 32)
        for (size_t k = 0; k < 32; k++) to[i + k] = from[i + k];
    for (; i < n; i++) to[i] = from[i];
}

static bool decode_tokens(struct block_memory *m, struct cursor *c, struct ghost_block *b, struct fault *fault)
{
    size_t n = b->n_events = (uint32_t)get_count(c, UINT32_MAX, 2);
    size_t width = (size_t)get_fixed(c, 1), values = width == 1 ? 256 : 65536;
    if (width != 1 && width != 2) return corrupt(fault, "a token width other than 1 and 2");
    const uint8_t *p = get_bytes(c, n * width);
    if (!p) return corrupt(fault, "more events than bytes");
    if (b->n_shapes > values) return corrupt(fault, "more shapes than tokens can name");
    if (!GROW(m->tokens, n) || !GROW(m->effect, values)) return refuse(fault, GHOST_E_NOMEM, NO_MEMORY);
    /* A token that is no shape is an impossible event: the walk refuses it. */
    memset(m->effect + b->n_shapes, IMPOSSIBLE, values - b->n_shapes);
    if (width == 1) widen(p, m->tokens, n);
    else for (size_t i = 0; i < n; i++) m->tokens[i] = (uint16_t)(p[2 * i] | p[2 * i + 1] << 8);
    b->tokens = m->tokens;
    return true;
}

static bool decode_times(struct block_memory *m, struct cursor *c, struct ghost_block *b, struct fault *fault)
{
    const uint8_t *codes = get_bytes(c, b->n_events);
    size_t n_extra = get_count(c, UINT64_MAX, 1);
    const uint8_t *extra = get_bytes(c, n_extra);
    if (!codes || !extra) return corrupt(fault, "more time codes than bytes");
    if (!GROW(m->ticks, b->n_events)) return refuse(fault, GHOST_E_NOMEM, NO_MEMORY);
    if (time_decode(codes, b->n_events, b->base_tick, extra, n_extra, m->ticks) != 0)
        return corrupt(fault, "time codes that do not fit their extra bytes");
    if (b->n_events && m->ticks[b->n_events - 1] > b->end_tick) return corrupt(fault, "an event after the block's end");
    b->ticks = m->ticks;
    return true;
}

static bool decode_operands(struct block_memory *m, struct cursor *c, struct ghost_block *b, struct fault *fault)
{
    b->n_operands = (uint32_t)get_count(c, UINT32_MAX, 1);
    if (!GROW(m->operands, b->n_operands)) return refuse(fault, GHOST_E_NOMEM, NO_MEMORY);
    for (uint32_t i = 0; i < b->n_operands; i++) m->operands[i] = (uint32_t)get_max(c, UINT32_MAX);
    b->operands = m->operands;
    if (c->bad) return corrupt(fault, "operands out of bounds");
    /* Every slot number is made by an entry or by an event with an operand. */
    if (b->n_slots > (uint64_t)b->n_stack + b->n_activations + b->n_operands) return corrupt(fault, "more slots than activations");
    return true;
}

static bool decode_alive(struct block_memory *m, struct cursor *c, const struct ghost_block *b, struct fault *fault)
{
    m->n_alive = (uint32_t)get_count(c, b->n_slots, 2);
    if (!GROW(m->alive, m->n_alive)) return refuse(fault, GHOST_E_NOMEM, NO_MEMORY);
    for (uint32_t i = 0; i < m->n_alive; i++) {
        m->alive[i].slot = (uint32_t)get_max(c, UINT32_MAX);
        m->alive[i].token = (uint32_t)get_max(c, UINT32_MAX);
        if (m->alive[i].slot >= b->n_slots || m->slots[m->alive[i].slot].use == SLOT_FREE) c->bad = true;
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

int block_decode_outline(struct block_memory *m, struct cursor *c, struct ghost_block *b, const char **why)
{
    struct fault fault = { 0, NULL };
    memset(b, 0, sizeof *b);
    if (decode_head(c, b, &fault) && decode_entries(m, c, b, &fault)) decode_shapes(m, c, b, &fault);
    *why = fault.why;
    return fault.code;
}

int block_decode_events(struct block_memory *m, struct cursor *c, struct ghost_block *b, const char **why)
{
    struct fault fault = { 0, NULL };
    if (decode_tokens(m, c, b, &fault) && decode_times(m, c, b, &fault) && decode_operands(m, c, b, &fault) && walk(m, b, &fault))
        decode_alive(m, c, b, &fault);
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
    free(m->tokens);
    free(m->ticks);
    free(m->operands);
    free(m->slots);
    free(m->depth);
    free(m->alive);
    *m = (struct block_memory){ 0 };
}
