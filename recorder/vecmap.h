/* vecmap.h - a hash map from short vectors of words to a number.
 *
 * All keys of one map have the same length. Value 0 means absent. Grows by
 * doubling; an allocation that fails leaves the map as it was. Not locked: the
 * GIL's holder owns it. */
#ifndef GHOST_VECMAP_H
#define GHOST_VECMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vecmap {
    uint32_t width;              /* words in a key, at least 1 */
    uint32_t n, cap;             /* cap is a power of two, or 0 */
    uint64_t *keys;
    uint32_t *values;
};

uint32_t vecmap_get(const struct vecmap *m, const uint64_t *key);
bool vecmap_put(struct vecmap *m, const uint64_t *key, uint32_t value);
void vecmap_clear(struct vecmap *m); /* forgets all, keeps the memory */
void vecmap_release(struct vecmap *m);

#endif
