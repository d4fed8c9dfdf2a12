/* block.c - the BLOCK record: an open block, its encoder and its decoder. */
#include "block.h"

#include <stdlib.h>
#include <string.h>

#define SHAPES_ROOM 1024u    /* new shapes between two looks for room, at most */
#define CLASS_EVENTS 12288u  /* events that make a time class worth its table */
#define CLASSES_MAX 8u
#define OPERAND_BYTES 5u     /* of a slot number as a varint */
#define ENTRY_BYTES 96u      /* of an encoded entry at most: ten varints of at most 10 bytes, most of 5 */

const struct shape_info shape_infos[GHOST_SH_COUNT] = {
#define X(name, number, operand, a, b, text) [number] = { #name, a, b, operand },
    GHOST_SHAPES(X)
#undef X
};

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
        if (!array_grow(&b->numbers, &cap, b->n + n, sizeof *b->numbers)) return false;
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
        uint16_t *numbers = realloc(b->numbers, keep * sizeof *numbers);
        if (numbers) b->numbers = numbers;
        uint8_t *codes = realloc(b->codes, keep);
        if (codes) b->codes = codes;
        b->cap = keep;
    }
    if (b->extra.cap > 65536 && b->extra.len < b->extra.cap / 8) ghost_buf_release(&b->extra);
    if (b->stack.cap > 65536 && b->stack.len < b->stack.cap / 8) ghost_buf_release(&b->stack);
}

void block_reset(struct block *b)
{
    shrink(b);
    shapes_reset(&b->shapes);
    buf_clear(&b->extra);
    buf_clear(&b->operands);
    buf_clear(&b->stack);
    buf_clear(&b->activations);
    b->open = false;
    b->n = b->n_slots = b->n_free = 0;
    b->n_operands = b->n_stack = b->n_activations = 0;
    b->n_seq = b->real_events = 0;
}

void block_release(struct block *b)
{
    free(b->numbers);
    free(b->codes);
    shapes_release(&b->shapes);
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

/* What a block says beside the columns. */
static void encode_prelude(const struct block *b, const struct block_context *x, struct ghost_buf *to)
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
    buf_varint(to, b->n);
    buf_varint(to, b->n_operands);
    buf_varint(to, x->n_alive);
    buf_put(to, x->alive->p, x->alive->len);
}

/* Few events are not worth several classes, and many shapes leave little room for them. */
static unsigned classes_of(const struct block *b)
{
    size_t worth = b->n / CLASS_EVENTS, room = b->shapes.n ? SHAPES_MAX / b->shapes.n : 1;
    if (worth > CLASSES_MAX) worth = CLASSES_MAX;
    if (worth > room) worth = room;
    return worth > 1 ? (unsigned)worth : 1;
}

static void encode_events(const struct block *b, struct ghost_buf *to, struct cuts *cuts)
{
    shapes_encode_best(&b->shapes, b->numbers, b->codes, b->n, classes_of(b), CONTEXT_PAIRS, to, cuts);
}

static void encode_payload(const struct block *b, const struct block_context *x, struct ghost_buf *to, struct cuts *cuts)
{
    encode_events(b, to, cuts);
    buf_varint(to, b->extra.len);
    buf_put(to, b->extra.p, b->extra.len);
    buf_varint(to, b->operands.len);
    cuts_add(cuts, to->len);
    buf_put(to, b->operands.p, b->operands.len);
    buf_varint(to, 1);
    encode_prelude(b, x, to);
}

size_t block_size_bound(const struct block *b)
{
    return 512 + b->stack.len + b->activations.len + b->shapes.n * 16 + b->n * 3 + b->extra.len + b->operands.len + b->n_slots * 10;
}

void block_encode(const struct block *b, const struct block_context *x, struct ghost_buf *to, struct cuts *cuts)
{
    uint8_t head[2 * VARINT_MAX];
    size_t at = to->len, n, n_head;
    unsigned first_cut = cuts->n;
    encode_payload(b, x, to, cuts);
    n = to->len - at;
    n_head = (size_t)(put_varint(put_varint(head, GHOST_REC_BLOCKS), n) - head);
    if (!buf_reserve(to, n_head)) {
        to->len = at;
        return;
    }
    memmove(to->p + at + n_head, to->p + at, n);
    memcpy(to->p + at, head, n_head);
    to->len += n_head;
    for (unsigned i = first_cut; i < cuts->n; i++) cuts->at[i] += n_head;
}
