/* report_exceptions.c - which exceptions there were, and which functions raised them, let them
 * pass and caught them. */
#include <string.h>

#include "report.h"
#include "sheet.h"
#include "term.h"

/* One exception type in one function. */
struct row { const struct profile *p; const struct profile_exception *e; };
/* One exception type: sums of its rows, which stand together. */
struct type { const struct row *rows; uint32_t n; uint64_t raised, passed, caught; };

static int descending(uint64_t a, uint64_t b) { return a < b ? 1 : a > b ? -1 : 0; }

/* By type; those that raised it most first. */
static int by_type(const void *pa, const void *pb)
{
    const struct row *a = pa, *b = pb;
    int r = ghost_str_compare(a->e->type, b->e->type);
    r = r ? r : descending(a->e->raised, b->e->raised);
    r = r ? r : descending(a->e->passed, b->e->passed);
    r = r ? r : descending(a->e->caught, b->e->caught);
    return r ? r : ghost_str_compare(a->p->fn_key, b->p->fn_key);
}

static int by_number(const void *pa, const void *pb)
{
    const struct type *a = pa, *b = pb;
    int r = descending(a->raised, b->raised);
    r = r ? r : descending(a->passed, b->passed);
    return r ? r : ghost_str_compare(a->rows->e->type, b->rows->e->type);
}

static uint32_t gather(const struct report *r, struct row *rows)
{
    uint32_t n = 0;
    for (uint64_t i = 0; i < r->matching; i++)
        for (uint32_t k = 0; k < r->v[i]->n_exception_types; k++)
            rows[n++] = (struct row){ r->v[i], &r->v[i]->exception_types[k] };
    qsort(rows, n, sizeof *rows, by_type);
    return n;
}

static uint32_t unite(const struct row *rows, uint32_t n, struct type *types)
{
    uint32_t n_types = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (!i || ghost_str_compare(rows[i].e->type, rows[i - 1].e->type) != 0)
            types[n_types++] = (struct type){ .rows = &rows[i] };
        struct type *t = &types[n_types - 1];
        t->n++;
        t->raised += rows[i].e->raised;
        t->passed += rows[i].e->passed;
        t->caught += rows[i].e->caught;
    }
    qsort(types, n_types, sizeof *types, by_number);
    return n_types;
}

static const struct sheet_column type_columns[] = {
    { "EXCEPTION", "type", SHEET_TEXT, SHEET_ALL, 12, false }, { "RAISED", "raised", SHEET_COUNT, SHEET_ALL, 0, true },
    { "PASSED", "passed", SHEET_COUNT, SHEET_ALL, 0, false }, { "CAUGHT", "caught", SHEET_COUNT, SHEET_ALL, 0, false },
    { "FUNCTIONS", "functions", SHEET_COUNT, SHEET_ALL, 0, false }, { "MOST OFTEN RAISED IN", "origin", SHEET_NAME, SHEET_ALL, 20, false },
};
static const struct sheet_column row_columns[] = {
    { "EXCEPTION", "type", SHEET_TEXT, SHEET_ALL, 12, false }, { "FUNCTION", "fn_key", SHEET_NAME, SHEET_DATA, 0, false },
    { "FUNCTION", "name", SHEET_NAME, SHEET_PEOPLE, 20, false }, { "RAISED HERE", "raised", SHEET_COUNT, SHEET_ALL, 0, false },
    { "PASSED THROUGH", "passed", SHEET_COUNT, SHEET_ALL, 0, false }, { "CAUGHT", "caught", SHEET_COUNT, SHEET_ALL, 0, false },
    { "CALLS", "call_count", SHEET_COUNT, SHEET_ALL, 0, false }, { "OF CALLS", "rate", SHEET_SHARE, SHEET_ALL, 0, true },
};

static void fill_types(struct sheet *s, const struct type *types, uint32_t n)
{
    sheet_begin(s, type_columns, sizeof type_columns / sizeof *type_columns);
    for (uint32_t i = 0; i < n; i++) {
        const struct type *t = &types[i];
        sheet_str(s, t->rows->e->type);
        sheet_count(s, t->raised);
        sheet_count(s, t->passed);
        sheet_count(s, t->caught);
        sheet_count(s, t->n);
        sheet_str(s, t->rows->e->raised ? report_name(&s->arena, t->rows->p) : GHOST_STR("code that is not recorded"));
    }
}

/* `top` rows of each type. Returns how many rows there are beyond. */
static uint64_t fill_rows(struct sheet *s, const struct type *types, uint32_t n, uint64_t top)
{
    uint64_t left = 0;
    sheet_begin(s, row_columns, sizeof row_columns / sizeof *row_columns);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < types[i].n; k++) {
            const struct row *row = &types[i].rows[k];
            if (top && k >= top) {
                left++;
                continue;
            }
            sheet_str(s, row->e->type);
            sheet_str(s, row->p->fn_key);
            sheet_str(s, report_name(&s->arena, row->p));
            sheet_count(s, row->e->raised);
            sheet_count(s, row->e->passed);
            sheet_count(s, row->e->caught);
            sheet_count(s, row->p->calls);
            sheet_share(s, row->e->raised + row->e->passed, row->p->calls);
        }
    return left;
}

static void print_text(const struct report *r, FILE *f, const struct sheet *types, const struct sheet *rows, uint64_t left)
{
    char text[HUMAN];
    report_title(r, f, "report of exceptions");
    if (!types->n_cells) {
        fputs("  No recorded call was left by an exception.\n", f);
    } else {
        sheet_table(types, f);
        fputc('\n', f);
        sheet_table(rows, f);
        if (left)
            fprintf(f, "  ... and %s more functions: --top\n", human_count(text, left));
        fputs("\n  An exception counts once in each function that it leaves, and as caught in the recorded caller that goes on.\n", f);
    }
    model_text_caveats(f, r->m);
    fputc('\n', f);
}

static int print(const struct report *r, FILE *f, const struct sheet *types, const struct sheet *rows, uint64_t left, struct ghost_err *err)
{
    struct json j;
    if (types->failed || rows->failed)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    if (strcmp(r->o->format, "csv") == 0) {
        sheet_csv(rows, f);
    } else if (strcmp(r->o->format, "markdown") == 0) {
        sheet_markdown(types, f);
        fputc('\n', f);
        sheet_markdown(rows, f);
    } else if (strcmp(r->o->format, "json") == 0) {
        report_json_begin(r, &j, f);
        sheet_json(types, &j, "by_type");
        sheet_json(rows, &j, "by_function");
        report_json_end(r, &j);
    } else {
        print_text(r, f, types, rows, left);
    }
    return 0;
}

int report_exceptions(const struct report *r, FILE *f, struct ghost_err *err)
{
    size_t most = 0;
    for (uint64_t i = 0; i < r->matching; i++)
        most += r->v[i]->n_exception_types;
    struct row *rows = malloc((most + 1) * sizeof *rows);
    struct type *types = malloc((most + 1) * sizeof *types);
    struct sheet by_types, by_rows;
    int ret = GHOST_E_NOMEM;
    if (!rows || !types) {
        ghost_fail(err, ret, "out of memory");
        goto out;
    }
    uint32_t n = unite(rows, gather(r, rows), types);
    fill_types(&by_types, types, n);
    uint64_t left = fill_rows(&by_rows, types, n, r->o->top);
    ret = print(r, f, &by_types, &by_rows, left, err);
    sheet_release(&by_types);
    sheet_release(&by_rows);
out:
    free(rows);
    free(types);
    return ret;
}
