/* shapes.h - what the events of blocks look like, without their times: the
 * distinct shapes, and in which time class each event is.
 *
 * How long it takes from one event to the next depends on what the two are. So
 * events of similar delays form a class, and the time codes of each class stand
 * together: each then has a Huffman table of its own. Which class an event is in,
 * its token tells: a table has a row for each shape and class that occur together. */
#ifndef SHAPES_H
#define SHAPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base.h"
#include "frame.h"

#define SHAPES_MAX 65535u
#define TIME_CLASSES_MAX 64u

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

void shapes_release(struct shapes *s);
/* Forgets all; gives memory back when there was much more than needed. */
void shapes_reset(struct shapes *s);
/* Room for `n` more, as far as there may be so many. */
bool shapes_reserve(struct shapes *s, size_t n);
uint32_t shapes_insert(struct shapes *s, uint64_t key);

/* The number of a shape; there is room for one more. */
static inline uint32_t shapes_number(struct shapes *s, uint64_t key)
{
    for (uint32_t i = (uint32_t)hash_u64(key);; i++) {
        uint32_t found = s->index[i & s->mask];
        if (found == 0) return shapes_insert(s, key);
        if (s->key[found - 1] == key) return found - 1;
    }
}

/* Events as columns. What an event is in a table is told by its shape and its class,
 * as shape * n_classes + class: its place. At most SHAPES_MAX places are used. */
struct shaped {
    size_t n;
    unsigned n_classes;
    const uint8_t *codes;         /* time codes */
    const uint32_t *places;
    size_t n_of[TIME_CLASSES_MAX];/* events of each class */
    uint8_t *used;                /* by place: 1 when some event has it */
};

/* Divides the events among the classes, by the mean time code of events in the same
 * context, which is the event's shape and that of the one before it (`contexts`
 * CONTEXT_PAIRS) or of the two before it (.._TRIPLES, slower, for archives): from the numbers of their shapes makes places, and
 * fills `n_of` and `used` (all 0 before). False, and nothing has changed: no memory. */
enum shapes_contexts { CONTEXT_PAIRS, CONTEXT_TRIPLES };
bool shapes_classify(struct shaped *e, enum shapes_contexts contexts, const uint16_t *numbers, uint32_t *places);

/* Both, with as many as n_classes classes: fewer where places or memory are short. */
void shapes_encode_best(const struct shapes *s, const uint16_t *numbers, const uint8_t *codes, size_t n, unsigned n_classes,
                        enum shapes_contexts contexts, struct ghost_buf *to, struct cuts *cuts);

/* Appends the table, tokens and time codes (docs/format.md, 5). */
void shapes_encode(const struct shapes *s, const struct shaped *e, struct ghost_buf *to, struct cuts *cuts);

#endif
