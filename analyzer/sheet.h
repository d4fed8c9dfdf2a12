/* sheet.h - rows that are shown as a table, or written as CSV, Markdown or JSON: cells
 * keep what they are until the form is known. */
#ifndef GHOST_SHEET_H
#define GHOST_SHEET_H

#include "arena.h"
#include "json.h"

enum sheet_kind {
    SHEET_TEXT,
    SHEET_NAME,              /* text that loses its beginning where it is too long */
    SHEET_COUNT,
    SHEET_NS,                /* a time; not known: n/a, and empty or null in data */
    SHEET_SHARE,             /* n of a whole: percent for people, a fraction in data */
    SHEET_BARS               /* numbers over time: a sparkline for people, a list in data */
};
enum sheet_for { SHEET_ALL, SHEET_PEOPLE, SHEET_DATA };
struct sheet_column {
    const char *title, *key; /* for people, in data */
    enum sheet_kind kind;
    enum sheet_for only;
    unsigned least;          /* an elastic column is cut no further; 0: never cut */
    bool alarm;              /* SHARE: from 5 % on in red, below in yellow; COUNT: yellow unless 0 */
};

struct sheet_cell { struct ghost_str text; double n, of; const uint64_t *bars; };
struct sheet {
    const struct sheet_column *columns; unsigned n_columns;
    struct arena arena;
    struct sheet_cell *cells; uint32_t n_cells, cap_cells;
    bool failed;             /* out of memory: a cell is missing */
};

void sheet_begin(struct sheet *s, const struct sheet_column *columns, unsigned n);
void sheet_release(struct sheet *s);
/* Cells from left to right, row after row, each of its column's kind. Text is copied. */
void sheet_str(struct sheet *s, struct ghost_str text);
void sheet_text(struct sheet *s, const char *text);
void sheet_count(struct sheet *s, uint64_t n);
void sheet_ns(struct sheet *s, double ns, bool known);
void sheet_share(struct sheet *s, uint64_t n, uint64_t of);
void sheet_bars(struct sheet *s, const uint64_t *v, uint32_t n);

/* Returns the width of a line, for rules around it. */
unsigned sheet_table(const struct sheet *s, FILE *f);
void sheet_csv(const struct sheet *s, FILE *f);
void sheet_markdown(const struct sheet *s, FILE *f);
void sheet_json(const struct sheet *s, struct json *j, const char *key);   /* an array of objects */

/* One CSV field, quoted where it must be (RFC 4180). */
void csv_field(FILE *f, struct ghost_str s);
/* Text in a cell of a Markdown table: nothing of it is markup, HTML or an end of the cell. */
void markdown_field(FILE *f, struct ghost_str s);

#endif
