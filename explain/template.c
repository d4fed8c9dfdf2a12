/* template.c - the page that needs no model. */
#include "template.h"

#include <inttypes.h>
#include <string.h>

enum { BAR = 20, WIDTH = 96, LABEL = 22 };

/* Columns of UTF-8 text, near enough: one a character. */
static unsigned columns(const char *p, size_t n)
{
    unsigned c = 0;
    for (size_t i = 0; i < n; i++)
        c += ((unsigned char)p[i] & 0xc0) != 0x80;
    return c;
}

static void put(FILE *out, const char *p, size_t n, const struct template_style *s)
{
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)p[i] < 0x80 || s->unicode)
            fputc(p[i], out);
        else if (((unsigned char)p[i] & 0xc0) != 0x80)       /* one sign for each character; a micro sign is a u */
            fputc((unsigned char)p[i] == 0xc2 && i + 1 < n && (unsigned char)p[i + 1] == 0xb5 ? 'u' : '?', out);
    }
}

void template_wrap(FILE *out, const char *text, unsigned indent, const struct template_style *s)
{
    unsigned width = s->width ? s->width : WIDTH, at = indent;
    while (*text) {
        size_t word = strcspn(text, " ");
        unsigned w = columns(text, word);
        if (at > indent && at + 1 + w > width) {
            fprintf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (at > indent) {
            fputc(' ', out);
            at++;
        }
        put(out, text, word, s);
        at += w;
        text += word;
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

static void heading(FILE *out, const char *text, const struct template_style *s)
{
    fprintf(out, "\n  %s%s%s\n", s->color ? "\033[1m" : "", text, s->color ? "\033[0m" : "");
}

static void put_bar(FILE *out, double share, const struct template_style *s)
{
    int cells = (int)(share * BAR + 1e-9);
    for (int i = 0; i < BAR; i++)
        fputs(i < cells ? s->unicode ? "█" : "#" : i == 0 && share > 0 && s->unicode ? "▏" : " ", out);
}

/* With separators, as everywhere. */
static void put_count(FILE *out, uint64_t n)
{
    char digits[24], text[32];
    int len = snprintf(digits, sizeof digits, "%" PRIu64, n), o = 0;
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            text[o++] = ',';
        text[o++] = digits[i];
    }
    fprintf(out, "%9.*s", o, text);
}

/* count  bar  share  what  note */
static void put_row(FILE *out, const struct fact *f, const struct template_style *s)
{
    fputs("  ", out);
    put_count(out, f->count);
    fputs("  ", out);
    put_bar(out, f->share, s);
    fprintf(out, "  %5.1f%%  ", 100 * f->share);
    put(out, f->text, f->label, s);
    if (f->note && f->note < f->len)
        put(out, f->text + f->note, f->len - f->note, s);
    fputc('\n', out);
}

/* label : text */
static void put_pair(FILE *out, const struct fact *f, const struct template_style *s)
{
    unsigned label = columns(f->text, f->label);
    fputs("  ", out);
    put(out, f->text, f->label, s);
    fprintf(out, "%*s: ", label < LABEL ? (int)(LABEL - label) : 0, "");
    template_wrap(out, f->text + f->label + (f->label ? 2 : 0), 4 + (label < LABEL ? LABEL : 0), s);
}

/* With a capital, unless it begins with a name. */
static void put_sentence(FILE *out, const struct fact *f, const struct template_style *s)
{
    bool name = f->n_names && f->names[0].at == 0;
    char first = f->text[0];
    if (!name && first >= 'a' && first <= 'z')
        f->text[0] = (char)(first - 'a' + 'A');
    template_wrap(out, f->text, 4, s);
    f->text[0] = first;
}

static bool has_section(const struct facts *f, enum fact_section section)
{
    uint32_t i = 0;
    while (i < f->n && f->v[i].section != section)
        i++;
    return i < f->n;
}

static void put_notable(FILE *out, const struct facts *f, const struct template_style *s)
{
    bool any = false;
    for (uint32_t i = 0; i < f->n; i++) {
        if (f->v[i].section != FACT_NOTABLE)
            continue;
        if (!any)
            heading(out, fact_section_headings[FACT_NOTABLE], s);
        any = true;
        fputs(s->unicode ? "  • " : "  * ", out);
        put_sentence(out, &f->v[i], s);
    }
    if (!any) {
        heading(out, fact_section_headings[FACT_NOTABLE], s);
        fputs(has_section(f, FACT_FINDINGS) ? "    Nothing beside the findings of the detectors below.\n"
                                            : "    Nothing: no group of calls fails or takes far longer than the rest.\n", out);
    }
}

/* Sections of labels and figures stand together under the rule, the others under headings. */
static bool has_heading(enum fact_section section)
{
    return section != FACT_SUBJECT && section != FACT_CALLS && section != FACT_LATENCY;
}

static void put_section(FILE *out, const struct facts *f, uint32_t from, uint32_t to, const struct template_style *s)
{
    enum fact_section section = f->v[from].section;
    if (has_heading(section))
        heading(out, fact_section_headings[section], s);
    for (uint32_t i = from; i < to; i++) {
        if (f->v[i].share >= 0)
            put_row(out, &f->v[i], s);
        else
            put_pair(out, &f->v[i], s);
    }
}

void template_print(FILE *out, const struct facts *f, const struct template_style *s)
{
    fputc('\n', out);
    if (f->lead.text) {
        fputs("  ", out);
        template_wrap(out, f->lead.text, 2, s);
    }
    put_notable(out, f, s);
    fputs("\n  ", out);
    for (unsigned i = 0; i < 60; i++)
        fputs(s->unicode ? "─" : "-", out);
    fputc('\n', out);
    for (uint32_t i = 0, end; i < f->n; i = end) {
        for (end = i; end < f->n && f->v[end].section == f->v[i].section; end++)
            ;
        if (f->v[i].section != FACT_NOTABLE)
            put_section(out, f, i, end, s);
    }
}

void template_facts(FILE *out, const struct facts *f)
{
    for (uint32_t i = 0; i < f->n; i++) {
        if (i == 0 || f->v[i].section != f->v[i - 1].section)
            fprintf(out, "%s# %s\n", i ? "\n" : "", fact_section_headings[f->v[i].section]);
        fprintf(out, "[%u] %s\n", f->v[i].number, f->v[i].text);
    }
}
