/* sparkline.h - a row of numbers as a row of small bars: ▁▂▃▄▅▆▇█, or in ASCII _.-=+*%#. */
#ifndef GHOST_SPARKLINE_H
#define GHOST_SPARKLINE_H

#include <stdint.h>

enum { SPARKLINE_BYTES = 3 };            /* of one bar, at most */

/* Writes n bars and a NUL into `out` (n * SPARKLINE_BYTES + 1 bytes). The tallest is the largest value,
 * the lowest is `base` (0, or the smallest value to show small changes); a negative value or NaN is a gap. */
void sparkline(char *out, const double *v, uint32_t n, double base);

#endif
