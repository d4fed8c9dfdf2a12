/* grid.h - a table for people: columns as wide as their content, the elastic
 * ones cut so that a line fits the terminal. */
#ifndef GHOST_GRID_H
#define GHOST_GRID_H

#include "arena.h"
#include "ghost/def.h"
#include <stdio.h>

/* GRID_TAIL: as LEFT, but what is too long loses its beginning. */
enum grid_align { GRID_LEFT, GRID_RIGHT, GRID_TAIL };
/* Shown on terminals only, and not when the user has said NO_COLOR. */
enum grid_color { GRID_PLAIN, GRID_YELLOW, GRID_RED };
struct grid_column {
    const char *title;
    enum grid_align align;
    unsigned least;          /* an elastic column is cut no further; 0: never cut */
};

struct grid {
    const struct grid_column *columns; unsigned n_columns;
    struct arena arena;
    struct grid_cell { struct ghost_str text; enum grid_color color; } *cells; uint32_t n_cells, cap_cells;
};

void grid_begin(struct grid *g, const struct grid_column *columns, unsigned n);
/* Cells from left to right, row after row; text is copied. */
void grid_text(struct grid *g, const char *text);
void grid_str(struct grid *g, struct ghost_str s);
void grid_color(struct grid *g, enum grid_color color);      /* of the last cell */
/* Prints all; returns the width of a line, for rules around it. Releases. */
unsigned grid_print(struct grid *g, FILE *f);
void grid_rule(FILE *f, unsigned width);

#endif
