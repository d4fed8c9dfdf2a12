/* sheet.c - one table in four forms. */
#include "sheet.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "grid.h"
#include "sparkline.h"
#include "term.h"

enum { COLUMNS_MAX = 16, BARS_MAX = 64 };

void sheet_begin(struct sheet *s, const struct sheet_column *columns, unsigned n)
{
    *s = (struct sheet){ .columns = columns, .n_columns = n };
}

void sheet_release(struct sheet *s)
{
    free(s->cells);
    arena_release(&s->arena);
    *s = (struct sheet){ 0 };
}

static void add(struct sheet *s, struct sheet_cell cell)
{
    s->failed = s->failed || s->arena.failed || !grow_array(&s->cells, s->n_cells, &s->cap_cells, sizeof *s->cells);
    if (!s->failed)
        s->cells[s->n_cells++] = cell;
}

void sheet_str(struct sheet *s, struct ghost_str text)
{
    char *copy = arena_copy(&s->arena, text.p, text.len);
    add(s, (struct sheet_cell){ .text = { copy, copy ? text.len : 0 } });
}

void sheet_text(struct sheet *s, const char *text) { sheet_str(s, (struct ghost_str){ text, (uint32_t)strlen(text) }); }
void sheet_count(struct sheet *s, uint64_t n) { add(s, (struct sheet_cell){ .n = (double)n, .of = 1, .text = { NULL, 0 }, .bars = arena_copy(&s->arena, &n, sizeof n) }); }
void sheet_ns(struct sheet *s, double ns, bool known) { add(s, (struct sheet_cell){ .n = known ? ns : NAN }); }
void sheet_share(struct sheet *s, uint64_t n, uint64_t of) { add(s, (struct sheet_cell){ .n = (double)n, .of = (double)of }); }

void sheet_bars(struct sheet *s, const uint64_t *v, uint32_t n)
{
    add(s, (struct sheet_cell){ .n = n, .bars = arena_copy(&s->arena, v, n * sizeof *v) });
}

/* ---- for people ---- */

/* Nothing at all is a gap, so that rare things are seen. */
static void bars_text(char out[BARS_MAX * SPARKLINE_BYTES + 1], const uint64_t *v, uint32_t n)
{
    double bars[BARS_MAX];
    n = n < BARS_MAX ? n : BARS_MAX;
    for (uint32_t i = 0; i < n; i++)
        bars[i] = v[i] ? (double)v[i] : -1;
    sparkline(out, bars, n, 0);
}

static uint64_t count_of(const struct sheet_cell *c) { return c->bars ? *c->bars : 0; }

static enum grid_color color_of(const struct sheet_column *c, const struct sheet_cell *cell)
{
    bool high = c->kind == SHEET_SHARE && cell->n >= 0.05 * cell->of;
    return !c->alarm || cell->n == 0 ? GRID_PLAIN : high ? GRID_RED : GRID_YELLOW;
}

static void put_grid_cell(struct grid *g, const struct sheet_column *column, const struct sheet_cell *cell)
{
    char text[BARS_MAX * SPARKLINE_BYTES + 1];
    switch (column->kind) {
    case SHEET_TEXT:
    case SHEET_NAME: grid_str(g, cell->text); return;
    case SHEET_COUNT: grid_text(g, human_count(text, count_of(cell))); break;
    case SHEET_NS: grid_text(g, isnan(cell->n) ? "n/a" : human_ns(text, cell->n)); break;
    case SHEET_SHARE: grid_text(g, human_share(text, (uint64_t)cell->n, (uint64_t)cell->of)); break;
    case SHEET_BARS:
        bars_text(text, cell->bars, (uint32_t)cell->n);
        grid_text(g, text);
        return;
    }
    grid_color(g, color_of(column, cell));
}

unsigned sheet_table(const struct sheet *s, FILE *f)
{
    static const enum grid_align align[] = { [SHEET_TEXT] = GRID_LEFT, [SHEET_NAME] = GRID_TAIL, [SHEET_COUNT] = GRID_RIGHT,
                                             [SHEET_NS] = GRID_RIGHT, [SHEET_SHARE] = GRID_RIGHT, [SHEET_BARS] = GRID_LEFT };
    struct grid_column columns[COLUMNS_MAX];
    struct grid g;
    unsigned n = 0;
    for (unsigned c = 0; c < s->n_columns; c++)
        if (s->columns[c].only != SHEET_DATA)
            columns[n++] = (struct grid_column){ s->columns[c].title, align[s->columns[c].kind], s->columns[c].least };
    grid_begin(&g, columns, n);
    for (uint32_t i = 0; i < s->n_cells; i++)
        if (s->columns[i % s->n_columns].only != SHEET_DATA)
            put_grid_cell(&g, &s->columns[i % s->n_columns], &s->cells[i]);
    return grid_print(&g, f);
}

/* ---- data ---- */

void csv_field(FILE *f, struct ghost_str s)
{
    bool quote = false;
    for (uint32_t i = 0; i < s.len; i++)
        quote = quote || strchr(",\"\r\n", s.p[i]);
    if (quote)
        fputc('"', f);
    for (uint32_t i = 0; i < s.len; i++) {
        if (s.p[i] == '"')
            fputc('"', f);
        fputc(s.p[i], f);
    }
    if (quote)
        fputc('"', f);
}

static double share_of(const struct sheet_cell *c) { return c->of > 0 ? c->n / c->of : 0; }

static bool is_whole(double ns) { return ns >= 0 && ns < 1e15 && ns == floor(ns); }

static void put_data(FILE *f, const struct sheet_column *column, const struct sheet_cell *cell)
{
    char text[40];
    switch (column->kind) {
    case SHEET_TEXT:
    case SHEET_NAME: csv_field(f, cell->text); break;
    case SHEET_COUNT: fprintf(f, "%" PRIu64, count_of(cell)); break;
    case SHEET_NS:
        if (is_whole(cell->n)) {
            fprintf(f, "%.0f", cell->n);
        } else if (!isnan(cell->n)) {
            format_real(text, cell->n);
            fputs(text, f);
        }
        break;
    case SHEET_SHARE:
        format_real(text, share_of(cell));
        fputs(text, f);
        break;
    case SHEET_BARS:
        for (uint32_t i = 0; i < (uint32_t)cell->n; i++)
            fprintf(f, "%s%" PRIu64, i ? " " : "", cell->bars[i]);
        break;
    }
}

void sheet_csv(const struct sheet *s, FILE *f)
{
    const char *comma = "";
    for (unsigned c = 0; c < s->n_columns; c++)
        if (s->columns[c].only != SHEET_PEOPLE) {
            fprintf(f, "%s%s", comma, s->columns[c].key);
            comma = ",";
        }
    for (uint32_t i = 0; i < s->n_cells; i++) {
        const struct sheet_column *column = &s->columns[i % s->n_columns];
        if (i % s->n_columns == 0) {
            fputs("\r\n", f);
            comma = "";
        }
        if (column->only == SHEET_PEOPLE)
            continue;
        fputs(comma, f);
        put_data(f, column, &s->cells[i]);
        comma = ",";
    }
    fputs("\r\n", f);
}

void markdown_field(FILE *f, struct ghost_str s)
{
    for (uint32_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '<' || c == '>' || c == '&') {
            fputs(c == '<' ? "&lt;" : c == '>' ? "&gt;" : "&amp;", f);
            continue;
        }
        if (c && strchr("\\`*_|[]~#", c))
            fputc('\\', f);
        fputc(c < 0x20 || c == 0x7f ? ' ' : c, f);
    }
}

static void put_markdown(FILE *f, const struct sheet_column *column, const struct sheet_cell *cell)
{
    char text[BARS_MAX * SPARKLINE_BYTES + 1];
    switch (column->kind) {
    case SHEET_TEXT:
    case SHEET_NAME: markdown_field(f, cell->text); return;
    case SHEET_COUNT: fputs(human_count(text, count_of(cell)), f); return;
    case SHEET_NS: fputs(isnan(cell->n) ? "n/a" : human_ns(text, cell->n), f); return;
    case SHEET_SHARE: fputs(human_share(text, (uint64_t)cell->n, (uint64_t)cell->of), f); return;
    case SHEET_BARS:
        bars_text(text, cell->bars, (uint32_t)cell->n);
        fprintf(f, "`%s`", text);
        return;
    }
}

void sheet_markdown(const struct sheet *s, FILE *f)
{
    for (unsigned c = 0; c < s->n_columns; c++)
        if (s->columns[c].only != SHEET_DATA)
            fprintf(f, "| %s ", s->columns[c].title);
    fputs("|\n", f);
    for (unsigned c = 0; c < s->n_columns; c++)
        if (s->columns[c].only != SHEET_DATA)
            fputs(s->columns[c].kind >= SHEET_COUNT && s->columns[c].kind <= SHEET_SHARE ? "| ---: " : "| --- ", f);
    fputs("|\n", f);
    for (uint32_t i = 0; i < s->n_cells; i++) {
        unsigned c = i % s->n_columns;
        if (s->columns[c].only != SHEET_DATA) {
            fputs("| ", f);
            put_markdown(f, &s->columns[c], &s->cells[i]);
            fputc(' ', f);
        }
        if (c + 1 == s->n_columns)
            fputs("|\n", f);
    }
}

static void put_json(struct json *j, const struct sheet_column *column, const struct sheet_cell *cell)
{
    switch (column->kind) {
    case SHEET_TEXT:
    case SHEET_NAME: json_str(j, column->key, cell->text); break;
    case SHEET_COUNT: json_count(j, column->key, count_of(cell)); break;
    case SHEET_NS:
        if (isnan(cell->n))
            json_null(j, column->key);
        else if (is_whole(cell->n))
            json_count(j, column->key, (uint64_t)cell->n);
        else
            json_real(j, column->key, cell->n);
        break;
    case SHEET_SHARE: json_real(j, column->key, share_of(cell)); break;
    case SHEET_BARS:
        json_array(j, column->key);
        for (uint32_t i = 0; i < (uint32_t)cell->n; i++)
            json_count(j, NULL, cell->bars[i]);
        json_close(j, ']');
        break;
    }
}

void sheet_json(const struct sheet *s, struct json *j, const char *key)
{
    json_array(j, key);
    for (uint32_t i = 0; i < s->n_cells; i++) {
        const struct sheet_column *column = &s->columns[i % s->n_columns];
        if (i % s->n_columns == 0)
            json_object(j, NULL);
        if (column->only != SHEET_PEOPLE)
            put_json(j, column, &s->cells[i]);
        if ((i + 1) % s->n_columns == 0)
            json_close(j, '}');
    }
    json_close(j, ']');
}
