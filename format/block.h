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
#include "shapes.h"
#include "ghost/log.h"
#include "varint.h"

#define STACK_MAX (1u << 18)      /* frames of one stack that are followed */

/* ---- encoding ---- */

struct block {
    bool open;
    uint32_t epoch;               /* number of this block among all of the writer */
    uint64_t first_seq, n_seq;
    uint64_t base_tick, last_tick;
    size_t n, cap;                /* events, and room in these two: */
    uint16_t *numbers;            /* of the events' shapes */
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

static inline void block_add(struct block *b, uint64_t key, uint64_t tick)
{
    uint64_t delta = tick - b->last_tick;
    if (delta < TIME_SHORT) {
        b->codes[b->n] = (uint8_t)delta;
    } else {
        uint8_t *extra = time_encode_long(delta, &b->codes[b->n], b->extra.p + b->extra.len);
        b->extra.len = (size_t)(extra - b->extra.p);
    }
    b->numbers[b->n++] = (uint16_t)shapes_number(&b->shapes, key);
    b->last_tick = tick;
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
/* Appends the whole record to `to`, and where its columns begin to `cuts`. */
void block_encode(const struct block *b, const struct block_context *x, struct ghost_buf *to, struct cuts *cuts);
/* An upper bound of what block_encode appends. */
size_t block_size_bound(const struct block *b);

/* ---- decoding ---- */

/* Memory of decoded blocks, kept from one to the next. */
struct block_memory {
    struct ghost_open_frame *stack, *activations; size_t stack_cap, activations_cap;
    uint32_t *stack_tokens, *activation_tokens; size_t stack_tokens_cap, activation_tokens_cap;
    struct ghost_shape *shapes; size_t shapes_cap;
    uint8_t *effect; size_t effect_cap;           /* by token: see block_decode.c */
    uint8_t *class; size_t class_cap;             /* by token: its time class */
    uint16_t *tokens; size_t tokens_cap;
    uint8_t *codes; size_t codes_cap;
    uint64_t *ticks; size_t ticks_cap;
    uint32_t *operands; size_t operands_cap;
    struct slot_state *slots; size_t slots_cap;
    uint32_t *depth; size_t depth_cap;            /* the stack of slots */
    struct block_alive *alive; size_t alive_cap; uint32_t n_alive;
};
/* What only a reader that continues a log needs (log_replay.c). */
struct block_alive { uint32_t slot, token; };
void block_memory_release(struct block_memory *m);

/* A record being read: a BLOCKS, or the one block of a BLOCK. */
struct block_reading {
    struct cursor prelude;        /* of the next block */
    uint64_t blocks;              /* that are left */
    bool old;                     /* a BLOCK: its columns stand behind its prelude */
    uint32_t n_shapes;
    unsigned n_classes, width;
    struct cursor tokens, extra, operands;
    struct cursor codes[TIME_CLASSES_MAX];
    uint32_t n_operands;          /* of the block at hand */
};

/* Decoding goes block by block, each in two steps: its outline is all but the
 * events; whoever has no use for these skips them. The payload must be followed by 8
 * readable bytes. On failure *why says what is wrong (static text). */
int blocks_begin(struct block_memory *m, struct block_reading *r, bool old, struct cursor payload, const char **why);
/* 1, or 0 behind the last one. */
int blocks_outline(struct block_memory *m, struct block_reading *r, struct ghost_block *b, const char **why);
int blocks_events(struct block_memory *m, struct block_reading *r, struct ghost_block *b, const char **why);
int blocks_skip(struct block_memory *m, struct block_reading *r, struct ghost_block *b, const char **why);

/* A shape's row in GHOST_SHAPES. */
struct shape_info { const char *name, *a, *b; bool operand; };
extern const struct shape_info shape_infos[GHOST_SH_COUNT];

#endif
