/* baseline.h - findings that are known: a text file that lives in the
 * repository of the program, one line a finding, in the order of their names
 * so that changes are small.
 *
 *     # ghost baseline 1
 *     4f1c0a9be2d37716  high_exc_rate  shop.orders:validate_order
 *
 * Only the id counts; what follows it is for people who read the change. */
#ifndef GHOST_BASELINE_H
#define GHOST_BASELINE_H

#include "finding.h"

struct baseline_line { char id[17]; char *kind; char *rest; bool found; };
struct baseline { struct baseline_line *v; uint32_t n, cap; };

/* NOT_FOUND when there is no such file; CORRUPT names the line. */
int baseline_read(struct baseline *b, const char *path, struct ghost_err *err);
void baseline_release(struct baseline *b);
/* Is it known? Marks the line as found. */
bool baseline_has(struct baseline *b, const char *id);

/* Writes the decided findings for which `take` is true. Lines of `old` (may be
 * NULL) whose kind was not looked for (`only`) are kept. Fills the counts. */
struct baseline_change { uint32_t kept, added, removed; };
int baseline_write(const char *path, const struct findings *f, const bool *take, const struct baseline *old,
                   const char *const *only, struct baseline_change *change, struct ghost_err *err);

#endif
