/* regroup.c - see regroup.h. */
#include "regroup.h"

#include <stdlib.h>
#include <string.h>

#define CLASSES_MAX 32u
#define CLASS_EVENTS 12288u

void regroup_release(struct regroup *g)
{
    shapes_release(&g->shapes);
    free(g->numbers);
    free(g->codes);
    ghost_buf_release(&g->extra);
    ghost_buf_release(&g->operands);
    ghost_buf_release(&g->preludes);
    *g = (struct regroup){ 0 };
}

/* ---- adding ---- */

static void put_entries(struct ghost_buf *to, uint32_t n, const struct ghost_open_frame *f, const uint32_t *tokens, uint64_t base)
{
    for (uint32_t i = 0; i < n; i++) block_entry(to, &f[i], base, tokens[i]);
}

static void put_anchor(struct ghost_buf *to, const struct ghost_anchor *a)
{
    buf_varint(to, a->tick);
    buf_varint(to, a->mono_ns);
    buf_varint(to, a->real_ns);
}

static void put_prelude(struct ghost_buf *to, const struct ghost_block *b, const struct block_memory *m)
{
    buf_varint(to, b->thread);
    buf_varint(to, b->first_seq);
    buf_varint(to, b->n_seq);
    buf_varint(to, b->base_tick);
    buf_varint(to, b->end_tick - b->base_tick);
    buf_varint(to, b->tick_ns_q32);
    put_anchor(to, &b->anchor[0]);
    put_anchor(to, &b->anchor[1]);
    buf_varint(to, b->n_stack);
    put_entries(to, b->n_stack, b->stack, m->stack_tokens, b->base_tick);
    buf_varint(to, b->n_slots);
    buf_varint(to, b->n_activations);
    put_entries(to, b->n_activations, b->activations, m->activation_tokens, b->base_tick);
    buf_varint(to, b->n_events);
    buf_varint(to, b->n_operands);
    buf_varint(to, m->n_alive);
    for (uint32_t i = 0; i < m->n_alive; i++) {
        buf_varint(to, m->alive[i].slot);
        buf_varint(to, m->alive[i].token);
    }
}

static void put_time(struct regroup *g, size_t at, uint64_t delta)
{
    if (delta < TIME_SHORT) {
        g->codes[at] = (uint8_t)delta;
        return;
    }
    uint8_t *end = time_encode_long(delta, &g->codes[at], g->extra.p + g->extra.len);
    g->extra.len = (size_t)(end - g->extra.p);
}

/* Numbers of the block's shapes in the group: many shapes of a table are the same
 * but for their class. */
static uint16_t *numbers_of(struct regroup *g, const struct ghost_block *b)
{
    uint16_t *number = malloc(b->n_shapes * sizeof *number + 1);
    for (uint32_t i = 0; number && i < b->n_shapes; i++)
        number[i] = (uint16_t)shapes_number(&g->shapes, shape_key(b->shapes[i].kind, b->shapes[i].a, b->shapes[i].b));
    return number;
}

int regroup_add(struct regroup *g, const struct ghost_block *b, const struct block_memory *m)
{
    size_t n = g->n + b->n_events;
    bool fits = n <= REGROUP_EVENTS && g->shapes.n + b->n_shapes <= SHAPES_MAX;
    if (g->n_blocks && !fits) return 0;
    uint16_t *number = NULL;
    if (!shapes_reserve(&g->shapes, b->n_shapes) || !array_grow(&g->numbers, &g->numbers_cap, n + 1, sizeof *g->numbers)
        || !array_grow(&g->codes, &g->codes_cap, n + 1, 1) || !buf_reserve(&g->extra, (size_t)b->n_events * TIME_EXTRA_MAX)
        || !(number = numbers_of(g, b)))
        return GHOST_E_NOMEM;
    uint64_t tick = b->base_tick;
    for (uint32_t i = 0; i < b->n_events; i++) {
        g->numbers[g->n + i] = number[b->tokens[i]];
        put_time(g, g->n + i, b->ticks[i] - tick);
        tick = b->ticks[i];
    }
    free(number);
    for (uint32_t i = 0; i < b->n_operands; i++) buf_varint(&g->operands, b->operands[i]);
    put_prelude(&g->preludes, b, m);
    g->n = n;
    g->n_blocks++;
    return g->extra.failed || g->operands.failed || g->preludes.failed ? GHOST_E_NOMEM : 1;
}

/* ---- the record ---- */

static void put_payload(const struct regroup *g, struct ghost_buf *to, struct cuts *cuts)
{
    size_t worth = g->n / CLASS_EVENTS;
    unsigned classes = worth < 1 ? 1 : worth > CLASSES_MAX ? CLASSES_MAX : (unsigned)worth;
    shapes_encode_best(&g->shapes, g->numbers, g->codes, g->n, classes, CONTEXT_TRIPLES, to, cuts);
    buf_varint(to, g->extra.len);
    buf_put(to, g->extra.p, g->extra.len);
    buf_varint(to, g->operands.len);
    cuts_add(cuts, to->len);
    buf_put(to, g->operands.p, g->operands.len);
    buf_varint(to, g->n_blocks);
    cuts_add(cuts, to->len);
    buf_put(to, g->preludes.p, g->preludes.len);
}

void regroup_encode(struct regroup *g, struct ghost_buf *to, struct cuts *cuts)
{
    struct ghost_buf payload = { 0 };
    struct cuts inside = { .n = 0 };
    put_payload(g, &payload, &inside);
    buf_varint(to, GHOST_REC_BLOCKS);
    buf_varint(to, payload.len);
    for (unsigned i = 0; i < inside.n; i++) cuts_add(cuts, to->len + inside.at[i]);
    buf_put(to, payload.p, payload.len);
    if (payload.failed) to->failed = true;
    ghost_buf_release(&payload);
    shapes_reset(&g->shapes);
    g->n = g->n_blocks = 0;
    buf_clear(&g->extra);
    buf_clear(&g->operands);
    buf_clear(&g->preludes);
}
