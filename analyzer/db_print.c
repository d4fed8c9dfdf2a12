/* db_print.c - four ways to print a row. */
#include "db_print.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "db_sql.h"
#include "term.h"

enum { VALUE_TEXT = 48 };

static struct ghost_str str_of(const char *text) { return (struct ghost_str){ text, (uint32_t)strlen(text) }; }

static struct ghost_str hex(struct db_print *p, sqlite3_stmt *q, int i)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = sqlite3_column_blob(q, i);
    uint32_t n = (uint32_t)sqlite3_column_bytes(q, i);
    char *text = arena_alloc(&p->arena, 2 * (size_t)n + 1);
    for (uint32_t k = 0; text && k < n; k++) {
        text[2 * k] = digits[bytes[k] >> 4];
        text[2 * k + 1] = digits[bytes[k] & 15];
    }
    return text ? (struct ghost_str){ text, 2 * n } : GHOST_STR("");
}

/* A value as text; `null` for NULL. Numbers use `room`. */
static struct ghost_str value(struct db_print *p, sqlite3_stmt *q, int i, const char *null, char room[VALUE_TEXT])
{
    switch (sqlite3_column_type(q, i)) {
    case SQLITE_NULL: return str_of(null);
    case SQLITE_INTEGER: snprintf(room, VALUE_TEXT, "%" PRId64, (int64_t)sqlite3_column_int64(q, i)); return str_of(room);
    case SQLITE_FLOAT: format_real(room, sqlite3_column_double(q, i)); return str_of(room);
    case SQLITE_BLOB: return hex(p, q, i);
    default: return db_sql_str(q, i);
    }
}

static void forget(struct db_print *p)
{
    arena_release(&p->arena);
    p->n_cells = 0;
}

static void begin_nothing(struct db_print *p, sqlite3_stmt *q) { (void)p; (void)q; }

/* ---- table ---- */

static void measure(struct db_print *p, unsigned n)
{
    unsigned limit = term_width(p->f), total = 2 * (n - 1);
    for (unsigned c = 0; c < n; c++) {
        p->widths[c] = 1;
        for (uint32_t i = c; i < p->n_cells; i += n) {
            unsigned w = text_width(p->cells[i]);
            p->widths[c] = w > p->widths[c] ? w : p->widths[c];
        }
        total += p->widths[c];
    }
    while (limit && total > limit) {     /* the widest gives way, down to a readable rest */
        enum { LEAST = 12 };
        unsigned widest = 0;
        for (unsigned c = 1; c < n; c++)
            widest = p->widths[c] > p->widths[widest] ? c : widest;
        if (p->widths[widest] <= LEAST)
            break;
        p->widths[widest]--;
        total--;
    }
}

static void put_line(struct db_print *p, const struct ghost_str *cells, unsigned n)
{
    bool cut = term_width(p->f) > 0;
    for (unsigned c = 0; c < n; c++) {
        unsigned w = text_width(cells[c]), width = p->widths[c], pad = w < width ? width - w : 0;
        bool last = c + 1 == n;
        if (p->numeric[c])
            fprintf(p->f, "%*s", (int)pad, "");
        text_put(p->f, cells[c], cut ? width : UINT32_MAX);
        if (!p->numeric[c] && !last)
            fprintf(p->f, "%*s", (int)pad, "");
        fputs(last ? "\n" : "  ", p->f);
    }
}

static void put_rule(struct db_print *p, unsigned n)
{
    for (unsigned c = 0; c < n; c++) {
        for (unsigned i = 0; i < p->widths[c]; i++)
            fputc('-', p->f);
        fputs(c + 1 == n ? "\n" : "  ", p->f);
    }
}

static void release_waiting(struct db_print *p, unsigned n)
{
    if (!p->n_cells)
        return;
    measure(p, n);
    put_line(p, p->cells, n);
    put_rule(p, n);
    for (uint32_t i = n; i + n <= p->n_cells; i += n)
        put_line(p, &p->cells[i], n);
    forget(p);
}

static void add_cell(struct db_print *p, struct ghost_str s)
{
    char *copy = arena_copy(&p->arena, s.p, s.len);
    if (!copy || !grow_array(&p->cells, p->n_cells, &p->cap_cells, sizeof *p->cells))
        p->failed = true;
    else
        p->cells[p->n_cells++] = (struct ghost_str){ copy, s.len };
}

static void table_begin(struct db_print *p, sqlite3_stmt *q)
{
    for (int i = 0; i < sqlite3_column_count(q); i++)
        add_cell(p, str_of(sqlite3_column_name(q, i)));
}

static void table_row(struct db_print *p, sqlite3_stmt *q)
{
    unsigned n = (unsigned)sqlite3_column_count(q);
    char room[VALUE_TEXT];
    if (p->rows == DB_PRINT_WAITING)
        release_waiting(p, n);
    uint32_t first = p->n_cells;
    for (unsigned c = 0; c < n && !p->failed; c++) {
        int type = sqlite3_column_type(q, (int)c);
        if (type == SQLITE_INTEGER || type == SQLITE_FLOAT)
            p->numeric[c] = p->numeric[c] || p->rows == 0;
        else if (type != SQLITE_NULL)
            p->numeric[c] = false;
        add_cell(p, value(p, q, (int)c, "NULL", room));
    }
    if (p->rows >= DB_PRINT_WAITING && !p->failed) {
        put_line(p, &p->cells[first], n);
        forget(p);
    }
}

static void table_end(struct db_print *p, sqlite3_stmt *q) { release_waiting(p, (unsigned)sqlite3_column_count(q)); }

static const struct db_printer table = { "table", table_begin, table_row, table_end };

/* ---- CSV: RFC 4180 ---- */

static void csv_cell(FILE *f, struct ghost_str s, int i)
{
    if (i)
        fputc(',', f);
    bool plain = true;
    for (uint32_t k = 0; k < s.len && plain; k++)
        plain = !strchr("\",\r\n", s.p[k]);
    if (plain) {
        fwrite(s.p, 1, s.len, f);
        return;
    }
    fputc('"', f);
    for (uint32_t k = 0; k < s.len; k++) {
        if (s.p[k] == '"')
            fputc('"', f);
        fputc(s.p[k], f);
    }
    fputc('"', f);
}

static void csv_begin(struct db_print *p, sqlite3_stmt *q)
{
    for (int i = 0; i < sqlite3_column_count(q); i++)
        csv_cell(p->f, str_of(sqlite3_column_name(q, i)), i);
    fputs("\r\n", p->f);
}

static void csv_row(struct db_print *p, sqlite3_stmt *q)
{
    char room[VALUE_TEXT];
    for (int i = 0; i < sqlite3_column_count(q); i++)
        csv_cell(p->f, value(p, q, i, "", room), i);
    fputs("\r\n", p->f);
    forget(p);
}

static const struct db_printer csv = { "csv", csv_begin, csv_row, begin_nothing };

/* ---- JSON: an array of objects ---- */

static void json_start(struct db_print *p, sqlite3_stmt *q)
{
    (void)q;
    json_begin(&p->json, p->f);
    json_array(&p->json, NULL);
}

static void json_row(struct db_print *p, sqlite3_stmt *q)
{
    char room[VALUE_TEXT];
    json_object(&p->json, NULL);
    for (int i = 0; i < sqlite3_column_count(q); i++) {
        const char *name = sqlite3_column_name(q, i);
        switch (sqlite3_column_type(q, i)) {
        case SQLITE_NULL: json_null(&p->json, name); break;
        case SQLITE_INTEGER: json_int(&p->json, name, sqlite3_column_int64(q, i)); break;
        case SQLITE_FLOAT: json_real(&p->json, name, sqlite3_column_double(q, i)); break;
        default: json_str(&p->json, name, value(p, q, i, "", room)); break;
        }
    }
    json_close(&p->json, '}');
    forget(p);
}

static void json_finish(struct db_print *p, sqlite3_stmt *q)
{
    (void)q;
    json_close(&p->json, ']');
    json_end(&p->json);
}

static const struct db_printer json = { "json", json_start, json_row, json_finish };

/* ---- Markdown ---- */

static void markdown_cell(FILE *f, struct ghost_str s)
{
    fputs(" ", f);
    for (uint32_t k = 0; k < s.len; k++) {
        if (strchr("|\\<>*_`", s.p[k]) && s.p[k])
            fputc('\\', f);
        fputc(s.p[k] == '\n' || s.p[k] == '\r' ? ' ' : s.p[k], f);
    }
    fputs(" |", f);
}

static void markdown_begin(struct db_print *p, sqlite3_stmt *q)
{
    fputc('|', p->f);
    for (int i = 0; i < sqlite3_column_count(q); i++)
        markdown_cell(p->f, str_of(sqlite3_column_name(q, i)));
    fputs("\n|", p->f);
    for (int i = 0; i < sqlite3_column_count(q); i++)
        fputs(" --- |", p->f);
    fputc('\n', p->f);
}

static void markdown_row(struct db_print *p, sqlite3_stmt *q)
{
    char room[VALUE_TEXT];
    fputc('|', p->f);
    for (int i = 0; i < sqlite3_column_count(q); i++)
        markdown_cell(p->f, value(p, q, i, "", room));
    fputc('\n', p->f);
    forget(p);
}

static const struct db_printer markdown = { "markdown", markdown_begin, markdown_row, begin_nothing };

/* ---- all of them ---- */

const struct db_printer *const db_printers[] = { &table, &csv, &json, &markdown, NULL };
const char *const db_printer_names[] = { "table", "csv", "json", "markdown", NULL };

int db_print_rows(struct db_print *p, const char *printer, FILE *f, sqlite3_stmt *q)
{
    unsigned i = 0, n = (unsigned)sqlite3_column_count(q);
    while (strcmp(db_printers[i]->name, printer) != 0)
        i++;
    *p = (struct db_print){ .printer = db_printers[i], .f = f, .widths = calloc(n + 1, sizeof *p->widths), .numeric = calloc(n + 1, sizeof *p->numeric) };
    int step = SQLITE_NOMEM;
    p->failed = !p->widths || !p->numeric;
    bool begun = false;
    while (!p->failed && (step = sqlite3_step(q)) == SQLITE_ROW && !ferror(f)) {
        if (!begun)
            p->printer->begin(p, q);
        begun = true;
        p->printer->row(p, q);
        p->rows++;
    }
    if (!p->failed && !begun && step == SQLITE_DONE && n)
        p->printer->begin(p, q), begun = true;
    if (!p->failed && begun)
        p->printer->end(p, q);
    forget(p);
    free(p->cells);
    free(p->widths);
    free(p->numeric);
    return p->failed ? SQLITE_NOMEM : step == SQLITE_ROW ? SQLITE_DONE : step;   /* nobody reads on: no failure */
}
