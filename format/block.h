/* block.h - the BLOCK record: one thread's events in columns.
 *
 * struct block collects the events of one thread while it is open; the tracker
 * fills it, the writer encodes it. Decoding, in the same file, gives the public
 * struct ghost_block after checking everything. */
#ifndef BLOCK_H
#define BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base.h"
#include "column.h"
#include "ghost/log.h"
#include "varint.h"

#define SHAPES_MAX 65535u
#define STACK_MAX (1u << 18)      /* frames of one stack that are followed */

/* ---- encoding ---- */

/* The distinct shapes of a block, numbered as they come. A shape is kept as one
 * number: kind in bits 0..3, b in bits 4..15, a in bits 16..47. */
struct shapes {
    uint64_t *key; size_t n, cap;
    uint16_t *index;              /* hash table of number + 1; 0 is free */
    uint32_t mask;
};
static inline uint64_t shape_key(uint32_t kind, uint32_t a, uint32_t b)
{
    return kind | (uint64_t)b << 4 | (uint64_t)a << 16;
}

struct block {
    bool open;
    uint32_t epoch;               /* number of this block among all of the writer */
    uint64_t first_seq, n_seq;
    uint64_t base_tick, last_tick;
    size_t n, cap;                /* events, and room in these two: */
    uint16_t *tokens;
    uint8_t *codes;
    struct shapes shapes;
    struct ghost_buf extra;       /* time bytes */
    struct ghost_buf operands; uint32_t n_operands;
    struct ghost_buf stack; uint32_t n_stack;            /* entries */
    struct ghost_buf activations; uint32_t n_activations;
    uint32_t *slot_token; size_t n_slots, slots_cap; /* by slot: of the activation that lives there, 0 none */
    uint32_t *free_slots; size_t n_free, free_cap;
    uint64_t real_events;         /* without ABANDON, DROP, ADOPT */
};

void block_release(struct block *b);
void block_begin(struct block *b, uint32_t epoch, uint64_t seq, uint64_t tick);
/* Forgets the events; gives memory back when there was much more than needed. */
void block_reset(struct block *b);
/* Room for `n` events, each with an operand and a new slot: block_add,
 * block_operand and block_slot then cannot fail. */
bool block_reserve(struct block *b, size_t n);
/* Room for one more entry among the activations. */
bool block_reserve_entry(struct block *b);
void block_entry(struct ghost_buf *to, const struct ghost_open_frame *f, uint64_t base_tick, uint32_t token);

uint32_t shapes_insert(struct shapes *s, uint64_t key);

static inline uint32_t shapes_token(struct shapes *s, uint64_t key)
{
    for (uint32_t i = (uint32_t)hash_u64(key);; i++) {
        uint32_t found = s->index[i & s->mask];
        if (found == 0) return shapes_insert(s, key);
        if (s->key[found - 1] == key) return found - 1;
    }
}

static inline void block_add(struct block *b, uint64_t key, uint64_t tick)
{
    uint64_t delta = tick - b->last_tick;
    b->tokens[b->n] = (uint16_t)shapes_token(&b->shapes, key);
    if (delta < TIME_SHORT) {
        b->codes[b->n] = (uint8_t)delta;
    } else {
        uint8_t *extra = time_encode_long(delta, &b->codes[b->n], b->extra.p + b->extra.len);
        b->extra.len = (size_t)(extra - b->extra.p);
    }
    b->last_tick = tick;
    b->n++;
}

static inline void block_operand(struct block *b, uint32_t slot)
{
    b->operands.len = (size_t)(put_varint(b->operands.p + b->operands.len, slot) - b->operands.p);
    b->n_operands++;
}

/* A slot for an activation, and its end. One that has an entry needs a slot that
 * nothing had before: the entry counts from the block's begin. */
uint32_t block_slot(struct block *b, uint32_t token);
uint32_t block_slot_fresh(struct block *b, uint32_t token);
void block_slot_free(struct block *b, uint32_t slot);
/* The activations alive at the end as the block sees it, wherever they went then:
 * varint slot, varint token for each. Returns their number. */
uint32_t block_put_alive(const struct block *b, struct ghost_buf *to);

/* What surrounds the columns in a BLOCK record. */
struct block_context {
    uint32_t thread;
    uint64_t tick_ns_q32;
    struct ghost_anchor anchor[2];
    const struct ghost_buf *alive; uint32_t n_alive;  /* varint slot, varint token */
};
/* Appends the whole record to `to`. */
void block_encode(const struct block *b, const struct block_context *x, struct ghost_buf *to);
/* An upper bound of what block_encode appends. */
size_t block_size_bound(const struct block *b);

/* ---- decoding ---- */

/* Memory of one decoded block, kept from block to block. */
struct block_memory {
    struct ghost_open_frame *stack, *activations; size_t stack_cap, activations_cap;
    uint32_t *stack_tokens, *activation_tokens; size_t stack_tokens_cap, activation_tokens_cap;
    struct ghost_shape *shapes; size_t shapes_cap;
    uint8_t *effect; size_t effect_cap;           /* by shape: see block.c */
    uint16_t *tokens; size_t tokens_cap;
    uint64_t *ticks; size_t ticks_cap;
    uint32_t *operands; size_t operands_cap;
    struct slot_state *slots; size_t slots_cap;
    uint32_t *depth; size_t depth_cap;            /* the stack of slots */
    struct block_alive *alive; size_t alive_cap; uint32_t n_alive;
};
/* What only a reader that continues a log needs (log_replay.c). */
struct block_alive { uint32_t slot, token; };
void block_memory_release(struct block_memory *m);

/* A BLOCK's payload, which must be followed by 8 readable bytes, in two steps:
 * its outline is all in front of the events; whoever has no use for these stops
 * there. On failure *why says what is wrong (static text). */
int block_decode_outline(struct block_memory *m, struct cursor *payload, struct ghost_block *block, const char **why);
int block_decode_events(struct block_memory *m, struct cursor *payload, struct ghost_block *block, const char **why);

/* A shape's row in GHOST_SHAPES. */
struct shape_info { const char *name, *a, *b; bool operand; };
extern const struct shape_info shape_infos[GHOST_SH_COUNT];

#endif
