/* events_walk.h - one decoded block as rows: the stack is followed by the rules of
 * docs/format.md, 5.2, so that each end knows its call. */
#ifndef GHOST_EVENTS_WALK_H
#define GHOST_EVENTS_WALK_H

#include "events.h"
#include "ghost/log.h"

struct walk_frame;
struct walk_activation;

struct event_walk {
    struct ghost_block block;            /* its arrays stay the decoder's */
    uint32_t next, operand, depth;
    struct walk_frame *stack; uint32_t cap_stack;
    struct walk_activation *activations; uint32_t cap_activations;
};

/* Begins with the first event; the block's decoder must not be used meanwhile.
 * False: no memory. Zeroed before its first use. */
bool event_walk_begin(struct event_walk *w, const struct ghost_block *b);
/* The next row: all but `log`; an exception's end is RAISED or PASSED. False: no more. */
bool event_walk_next(struct event_walk *w, struct event_row *row);
void event_walk_release(struct event_walk *w);

#endif
