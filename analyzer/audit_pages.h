/* audit_pages.h - the parts of a SQLite file that hold no row: do they hold text? */
#ifndef GHOST_AUDIT_PAGES_H
#define GHOST_AUDIT_PAGES_H

#include "audit.h"

/* The set of all 6-byte pieces of texts, approximately: it may take a stranger
 * for known once in thousands, never the other way round. */
struct audit_grams;
struct audit_grams *audit_grams_new(size_t bytes);       /* NULL: no memory */
void audit_grams_free(struct audit_grams *g);
void audit_grams_add(struct audit_grams *g, const void *text, size_t n);

/* Where SQLite moves rows to other pages, their old bytes stay in the gaps. Each
 * readable piece of a gap must therefore stand in a row, too; `known` has the
 * texts of all rows, and gets their bytes as they lie in the pages. */
void audit_pages(struct audit *a, const char *path, const uint8_t *bytes, size_t n, struct audit_grams *known);

#endif
