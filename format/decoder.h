/* decoder.h - what is shared by those who decode frames in format/. */
#ifndef DECODER_H
#define DECODER_H

#include "block.h"
#include "ghost/log.h"

/* The tokens of the last decoded block's activations (what a public block does
 * not show); valid as long as that block. */
const struct block_memory *decoder_block_memory(const struct ghost_decoder *d);

/* True when the frame unpacks and is made of records: how a reader that lost its
 * way tells a frame from bytes that look like one. */
bool decoder_trusts(struct ghost_decoder *d, const uint8_t *p, size_t n);

#endif
