/* bigstack.h - further C stack for the frame evaluator (CPython 3.11).
 *
 * With an evaluator installed each Python call uses C stack (about 500 bytes),
 * where plain 3.11 uses none: recursion that works without Ghost could
 * overflow it. Below a margin the evaluator goes on on a new stack segment, so
 * that recursion is bounded by the recursion limit alone, as without Ghost.
 * Segments are private mappings with a guard page, reused per thread, touched
 * only as deep as the recursion goes. */
#ifndef GHOST_BIGSTACK_H
#define GHOST_BIGSTACK_H

#include <stdint.h>

/* Lowest address this thread may use before bigstack_call is due. */
uintptr_t bigstack_limit(void);

/* fn(a, b, c) on a new segment; `lane.stack_low` is that segment's limit
 * meanwhile. NULL segments (no memory, unknown architecture, too many): returns 0
 * and fn is not called. */
int bigstack_call(void *(*fn)(void *, void *, long), void *a, void *b, long c, void **result);

#endif
