/* guard.h - files mapped for reading whose end may be cut off meanwhile.
 *
 * Who reads a mapping behind the end of its file gets SIGBUS. Looking at the size first
 * leaves a gap. So what a guarded mapping has lost reads as zeros, which no checksum of
 * ours takes for data: the reader meets damage, not its death. One handler of SIGBUS for the
 * process, set with the first mapping; faults elsewhere go to the handler that was there. Who
 * copies bytes that no checksum covers asks for the file's size afterwards. Any thread. */
#ifndef GHOST_GUARD_H
#define GHOST_GUARD_H

#include <stddef.h>
#include <stdint.h>

/* `n` bytes from `offset` (a multiple of the page size). NULL: errno tells; EMFILE: too
 * many at once, read the file instead. */
void *guard_map(int fd, uint64_t offset, size_t n);
void guard_unmap(void *p, size_t n);

#endif
