/* grid.c - text tables. */
#include "grid.h"

#include <limits.h>
#include <string.h>

#include "term.h"

enum { COLUMNS_MAX = 16, GAP = 2 };

void grid_begin(struct grid *g, const struct grid_column *columns, unsigned n)
{
    *g = (struct grid){ .columns = columns, .n_columns = n };
}

void grid_str(struct grid *g, struct ghost_str s)
{
    char *copy = arena_copy(&g->arena, s.p, s.len);
    if (copy && grow_array(&g->cells, g->n_cells, &g->cap_cells, sizeof *g->cells))
        g->cells[g->n_cells++] = (struct grid_cell){ .text = { copy, s.len } };
}

void grid_color(struct grid *g, enum grid_color color)
{
    if (g->n_cells)
        g->cells[g->n_cells - 1].color = color;
}

void grid_text(struct grid *g, const char *text)
{
    grid_str(g, (struct ghost_str){ text, (uint32_t)strlen(text) });
}

/* Takes what is too much from the widest elastic column, again and again. */
static void shrink(const struct grid *g, unsigned *width, unsigned total, unsigned limit)
{
    while (limit && total > limit) {
        unsigned widest = UINT_MAX;
        for (unsigned c = 0; c < g->n_columns; c++)
            if (g->columns[c].least && width[c] > g->columns[c].least && (widest == UINT_MAX || width[c] > width[widest]))
                widest = c;
        if (widest == UINT_MAX)
            return;
        width[widest]--;
        total--;
    }
}

static unsigned measure(const struct grid *g, unsigned *width, unsigned limit)
{
    unsigned total = GAP * (g->n_columns - 1), sum = 0;
    for (unsigned c = 0; c < g->n_columns; c++) {
        width[c] = (unsigned)strlen(g->columns[c].title);
        for (uint32_t i = c; i < g->n_cells; i += g->n_columns) {
            unsigned w = text_width(g->cells[i].text);
            width[c] = w > width[c] ? w : width[c];
        }
        total += width[c];
    }
    shrink(g, width, total, limit);
    for (unsigned c = 0; c < g->n_columns; c++)
        sum += width[c] + (c ? GAP : 0);
    return sum;
}

static void put_cell(FILE *f, struct ghost_str s, unsigned width, const struct grid_column *column, bool last)
{
    unsigned w = text_width(s);
    if (column->align == GRID_RIGHT && w < width)
        fprintf(f, "%*s", (int)(width - w), "");
    unsigned used = column->align == GRID_TAIL ? text_put_end(f, s, width) : text_put(f, s, width);
    if (column->align != GRID_RIGHT && !last && used < width)
        fprintf(f, "%*s", (int)(width - used), "");
}

static void put_row(const struct grid *g, FILE *f, const unsigned *width, const struct grid_cell *cells, bool color)
{
    static const char *const begin[] = { [GRID_YELLOW] = "\033[33m", [GRID_RED] = "\033[31m" };
    for (unsigned c = 0; c < g->n_columns; c++) {
        bool colored = color && cells[c].color != GRID_PLAIN;
        if (c)
            fprintf(f, "%*s", GAP, "");
        if (colored)
            fputs(begin[cells[c].color], f);
        put_cell(f, cells[c].text, width[c], &g->columns[c], c + 1 == g->n_columns);
        if (colored)
            fputs("\033[0m", f);
    }
    fputc('\n', f);
}

void grid_rule(FILE *f, unsigned width)
{
    const char *line = term_unicode() ? "─" : "-";
    for (unsigned i = 0; i < width; i++)
        fputs(line, f);
    fputc('\n', f);
}

unsigned grid_print(struct grid *g, FILE *f)
{
    unsigned width[COLUMNS_MAX];
    struct grid_cell titles[COLUMNS_MAX];
    bool color = term_color(f);
    unsigned total = measure(g, width, term_width(f));
    for (unsigned c = 0; c < g->n_columns; c++)
        titles[c] = (struct grid_cell){ .text = { g->columns[c].title, (uint32_t)strlen(g->columns[c].title) } };
    if (color)
        fputs("\033[1m", f);
    put_row(g, f, width, titles, false);
    if (color)
        fputs("\033[0m", f);
    grid_rule(f, total);
    for (uint32_t i = 0; i + g->n_columns <= g->n_cells; i += g->n_columns)
        put_row(g, f, width, &g->cells[i], color);
    free(g->cells);
    arena_release(&g->arena);
    *g = (struct grid){ 0 };
    return total;
}
