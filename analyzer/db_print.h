/* db_print.h - rows of a query as a table, CSV, JSON or Markdown, as they come.
 *
 * Nothing is held back but the first rows of a table, whose widths it takes;
 * so a result may be of any size. */
#ifndef DB_PRINT_H
#define DB_PRINT_H

#include <sqlite3.h>
#include <stdio.h>
#include "arena.h"
#include "json.h"

struct db_print;
struct db_printer {
    const char *name;
    void (*begin)(struct db_print *p, sqlite3_stmt *q);
    void (*row)(struct db_print *p, sqlite3_stmt *q);
    void (*end)(struct db_print *p, sqlite3_stmt *q);
};
extern const struct db_printer *const db_printers[];     /* ends with NULL */
extern const char *const db_printer_names[];             /* ends with NULL */

enum { DB_PRINT_WAITING = 500 };                         /* rows that give the widths */
struct db_print {
    const struct db_printer *printer;
    FILE *f;
    struct json json;
    struct arena arena;
    struct ghost_str *cells; uint32_t n_cells, cap_cells;    /* of the rows that wait */
    unsigned *widths; bool *numeric;
    uint64_t rows;
    bool failed;                                         /* out of memory */
};

/* Steps through `q`, printing. The last code of sqlite3_step. */
int db_print_rows(struct db_print *p, const char *printer, FILE *f, sqlite3_stmt *q);

#endif
