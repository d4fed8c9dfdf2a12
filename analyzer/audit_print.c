/* audit_print.c - an audit as a table and as JSON. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <string.h>

#include "audit.h"
#include "grid.h"
#include "json.h"
#include "term.h"

struct kind_total { uint64_t distinct, count, bytes, odd; };

static void totals(const struct audit *a, struct kind_total t[AUDIT_KIND_COUNT])
{
    memset(t, 0, AUDIT_KIND_COUNT * sizeof *t);
    for (uint32_t i = 0; i < a->n_strings; i++) {
        struct kind_total *k = &t[a->strings[i].kind];
        k->distinct++;
        k->count += a->strings[i].count;
        k->bytes += a->strings[i].text.len;
        k->odd += a->strings[i].odd;
    }
}

static bool wanted(const struct audit_string *s, int list, const char *grep)
{
    size_t n = grep ? strlen(grep) : 0;
    return (list == AUDIT_KIND_COUNT || list < 0 || s->kind == (enum audit_kind)list) && (!n || memmem(s->text.p, s->text.len, grep, n));
}

/* ---- tables ---- */

static void print_kinds(const struct audit *a, FILE *f)
{
    static const struct grid_column columns[] = { { .title = "STRINGS" }, { .title = "DIFFERENT", .align = GRID_RIGHT },
        { .title = "TIMES", .align = GRID_RIGHT }, { .title = "BYTES", .align = GRID_RIGHT }, { .title = "WHAT", .least = 20 } };
    struct kind_total t[AUDIT_KIND_COUNT];
    struct grid g;
    char text[HUMAN];
    totals(a, t);
    grid_begin(&g, columns, sizeof columns / sizeof *columns);
    for (size_t k = 0; k < AUDIT_KIND_COUNT; k++) {
        if (!t[k].distinct)
            continue;
        grid_text(&g, audit_words[k]);
        grid_text(&g, human_count(text, t[k].distinct));
        grid_text(&g, human_count(text, t[k].count));
        grid_text(&g, human_count(text, t[k].bytes));
        grid_text(&g, audit_texts[k]);
    }
    grid_print(&g, f);
}

static void print_parts(const struct audit *a, FILE *f)
{
    static const struct grid_column columns[] = { { .title = "BYTES OF" }, { .title = "NUMBER", .align = GRID_RIGHT },
        { .title = "BYTES", .align = GRID_RIGHT }, { .title = "OF THEM TEXT", .align = GRID_RIGHT } };
    struct grid g;
    char text[HUMAN];
    grid_begin(&g, columns, sizeof columns / sizeof *columns);
    for (uint32_t i = 0; i < a->n_parts; i++) {
        grid_text(&g, a->parts[i].name);
        grid_text(&g, human_count(text, a->parts[i].count));
        grid_text(&g, human_count(text, a->parts[i].bytes));
        grid_text(&g, human_count(text, a->parts[i].text_bytes));
    }
    grid_print(&g, f);
}

static uint64_t count_odd(const struct audit *a)
{
    uint64_t odd = 0;
    for (uint32_t i = 0; i < a->n_strings; i++)
        odd += a->strings[i].odd;
    return odd;
}

static void put_lines(const struct audit_problem *v, uint32_t n, const char *before, FILE *f)
{
    for (uint32_t i = 0; i < n; i++) {
        fputs(before, f);
        text_put(f, v[i].text, UINT32_MAX);
        fputc('\n', f);
    }
}

void audit_print(const struct audit *a, const char *target, FILE *f)
{
    char n[HUMAN], m[HUMAN];
    fprintf(f, "%s: %s %s, %s bytes\n\n", target, human_count(n, a->files), a->files == 1 ? "file" : "files", human_count(m, a->bytes));
    print_parts(a, f);
    fputc('\n', f);
    print_kinds(a, f);
    fputc('\n', f);
    if (count_odd(a))
        fprintf(f, "  %s strings do not look like their kind (see them with --list KIND: marked with ?).\n", human_count(n, count_odd(a)));
    put_lines(a->remarks, a->n_remarks, "  note: ", f);
    put_lines(a->problems, a->n_problems, "  NOT PROVEN: ", f);
    if (a->n_problems)
        fprintf(f, "%s places are not accounted for.\n", human_count(n, a->n_problems));
    else
        fputs("Every byte belongs to something known, and every string is in the table above.\n", f);
}

uint64_t audit_print_list(const struct audit *a, int list, const char *grep, FILE *f)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < a->n_strings; i++) {
        const struct audit_string *s = &a->strings[i];
        if (!wanted(s, list, grep))
            continue;
        n++;
        fprintf(f, "%-10s %c %9" PRIu64 "  ", audit_words[s->kind], s->odd ? '?' : ' ', s->count);
        text_put(f, s->text, UINT32_MAX);
        fputc('\n', f);
    }
    return n;
}

/* ---- JSON ---- */

static void json_lines(struct json *j, const char *key, const struct audit_problem *v, uint32_t n)
{
    json_array(j, key);
    for (uint32_t i = 0; i < n; i++)
        json_str(j, NULL, v[i].text);
    json_close(j, ']');
}

static void json_kinds(struct json *j, const struct audit *a)
{
    struct kind_total t[AUDIT_KIND_COUNT];
    totals(a, t);
    json_array(j, "kinds");
    for (size_t k = 0; k < AUDIT_KIND_COUNT; k++) {
        if (!t[k].distinct)
            continue;
        json_object(j, NULL);
        json_text(j, "kind", audit_words[k]);
        json_count(j, "different", t[k].distinct);
        json_count(j, "times", t[k].count);
        json_count(j, "bytes", t[k].bytes);
        json_count(j, "odd", t[k].odd);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void json_parts(struct json *j, const struct audit *a)
{
    json_array(j, "parts");
    for (uint32_t i = 0; i < a->n_parts; i++) {
        const struct audit_part *p = &a->parts[i];
        json_object(j, NULL);
        json_text(j, "part", p->name);
        json_count(j, "count", p->count);
        json_count(j, "bytes", p->bytes);
        json_count(j, "text_bytes", p->text_bytes);
        json_bool(j, "known", !p->unknown);
        json_close(j, '}');
    }
    json_close(j, ']');
}

uint64_t audit_print_json(const struct audit *a, const char *target, int list, const char *grep, FILE *f)
{
    struct json j;
    uint64_t n = 0;
    json_begin(&j, f);
    json_object(&j, NULL);
    json_text(&j, "target", target);
    json_count(&j, "files", a->files);
    json_count(&j, "bytes", a->bytes);
    json_bool(&j, "proven", a->n_problems == 0);
    json_parts(&j, a);
    json_kinds(&j, a);
    json_lines(&j, "notes", a->remarks, a->n_remarks);
    json_lines(&j, "problems", a->problems, a->n_problems);
    if (list >= 0 || grep) {
        json_array(&j, "strings");
        for (uint32_t i = 0; i < a->n_strings; i++) {
            const struct audit_string *s = &a->strings[i];
            if (!wanted(s, list, grep))
                continue;
            n++;
            json_object(&j, NULL);
            json_text(&j, "kind", audit_words[s->kind]);
            json_str(&j, "text", s->text);
            json_count(&j, "times", s->count);
            json_bool(&j, "odd", s->odd);
            json_close(&j, '}');
        }
        json_close(&j, ']');
    }
    json_close(&j, '}');
    json_end(&j);
    return n;
}
