/* regroup.h - blocks that were decoded, together in one BLOCKS record: a table of
 * shapes for all. What a reader gets from it is what it got before. */
#ifndef REGROUP_H
#define REGROUP_H

#include "block.h"

#define REGROUP_EVENTS (1u << 20)     /* of a group, about: its columns fit a frame's limit several times */

struct regroup {
    struct shapes shapes;
    uint16_t *numbers; uint8_t *codes; size_t n, numbers_cap, codes_cap;
    struct ghost_buf extra, operands, preludes;
    uint32_t n_blocks;
};
void regroup_release(struct regroup *g);

/* Adds a block just decoded (`m` is its decoder's memory). 1, or 0 when the group is
 * full and must be encoded first, or NOMEM. */
int regroup_add(struct regroup *g, const struct ghost_block *b, const struct block_memory *m);
/* Appends the record and empties the group. */
void regroup_encode(struct regroup *g, struct ghost_buf *to, struct cuts *cuts);

#endif
