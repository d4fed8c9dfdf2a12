/* sparkline.c - see sparkline.h. */
#include "sparkline.h"

#include <math.h>
#include <string.h>

#include "term.h"

static const char *const blocks[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
static const char *const ascii[] = { "_", ".", "-", "=", "+", "*", "%", "#" };
enum { BARS = sizeof blocks / sizeof *blocks };

void sparkline(char *out, const double *v, uint32_t n, double base)
{
    const char *const *bars = term_unicode() ? blocks : ascii;
    double most = base;
    for (uint32_t i = 0; i < n; i++)
        if (v[i] > most)
            most = v[i];
    for (uint32_t i = 0; i < n; i++) {
        double height = most > base ? (v[i] - base) / (most - base) : 0;
        const char *bar = isnan(v[i]) || v[i] < 0 ? " " : bars[(unsigned)fmin(BARS - 1, fmax(0, height * BARS))];
        size_t size = strlen(bar);
        memcpy(out, bar, size);
        out += size;
    }
    *out = '\0';
}
