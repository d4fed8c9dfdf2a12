/* diff_print.h - how a comparison is shown. A format is one printer and one row in cmd_diff.c. */
#ifndef GHOST_DIFF_PRINT_H
#define GHOST_DIFF_PRINT_H

#include "diff.h"
#include "diff_rules.h"

struct diff_view {
    const struct diff *d;
    const struct diff_rules *rules;
    const struct findings *fired;            /* where the rules fired */
    uint64_t top;                            /* changed functions shown; 0: all */
    bool verbose;                            /* also what is within the noise */
    const char *root;                        /* folder of the sources, for relative paths */
};
/* Behind a number of things. */
static inline const char *diff_plural(uint64_t n) { return n == 1 ? "" : "s"; }
/* "slower" or "faster"; where the latency itself moved the other way, "slower than the rest (0.62x)". */
void diff_put_direction(FILE *f, const struct diff_latency *l, const char *times);
/* What is missing in the sides' recordings, in full sentences; false when nothing is. */
bool diff_put_missing(FILE *f, const struct diff_side *sides, uint32_t n, const char *before_each);
/* Do not look for errors of the stream: its opener does. */
void diff_text(FILE *f, const struct diff_view *v);
void diff_json(FILE *f, const struct diff_view *v);
void diff_csv(FILE *f, const struct diff_view *v);
void diff_markdown(FILE *f, const struct diff_view *v);
void diff_junit(FILE *f, const struct diff_view *v);
void diff_github(FILE *f, const struct diff_view *v);
void diff_sarif(FILE *f, const struct diff_view *v);

#endif
