/* anomalies_text.c - findings for people: the list, and one with its evidence. */
#include <inttypes.h>
#include <string.h>
#include <limits.h>

#include "anomalies.h"
#include "grid.h"
#include "profile.h"
#include "term.h"

const char *const standing_names[STANDING_COUNT] = { "new", "baseline", "suppressed", "undecided" };

static const char *const severity_titles[SEVERITY_COUNT] = { "[LOW]", "[MEDIUM]", "[HIGH]" };
static const char *const severity_colors[SEVERITY_COUNT] = { "\033[36m", "\033[33m", "\033[31m" };
enum { INDENT = 9, ID_SHOWN = 8, RULE = 60 };

struct ghost_str anomaly_path(const struct anomalies *a, struct ghost_str file)
{
    size_t n = a->root ? strlen(a->root) : 0;
    while (n > 1 && a->root[n - 1] == '/')
        n--;
    if (n && file.len > n + 1 && memcmp(file.p, a->root, n) == 0 && file.p[n] == '/')
        return (struct ghost_str){ file.p + n + 1, file.len - (uint32_t)n - 1 };
    return file;
}

static void put_severity(FILE *f, enum severity severity)
{
    bool color = term_color(f);
    fprintf(f, "%s%s%s", color ? severity_colors[severity] : "", severity_titles[severity], color ? "\033[0m" : "");
}

/* [MEDIUM] type_mismatch  calculate_discount (line 12)  shop/pricing.py */
static void put_heading(FILE *f, const struct anomalies *a, const struct finding *row)
{
    put_severity(f, row->severity);
    fprintf(f, " %s  ", row->kind);
    text_put(f, row->qualname, UINT_MAX);
    fprintf(f, " (line %u)  ", row->line);
    text_put(f, anomaly_path(a, row->file), UINT_MAX);
    fputc('\n', f);
}

/* Wrapped at blanks when a terminal is the reader. */
static void put_paragraph(FILE *f, struct ghost_str text, unsigned indent)
{
    unsigned width = term_width(f), room = width > indent + 20 ? width - indent : UINT_MAX, used = 0;
    fprintf(f, "%*s", (int)indent, "");
    for (uint32_t i = 0; i < text.len;) {
        uint32_t end = i;
        while (end < text.len && text.p[end] != ' ')
            end++;
        struct ghost_str word = { text.p + i, end - i };
        unsigned columns = text_width(word);
        if (used && used + 1 + columns > room) {
            fprintf(f, "\n%*s", (int)indent, "");
            used = 0;
        }
        if (used)
            fputc(' ', f);
        used += (used != 0) + text_put(f, word, UINT_MAX);
        for (i = end; i < text.len && text.p[i] == ' ';)
            i++;
    }
    fputc('\n', f);
}

static void put_evidence(FILE *f, const struct evidence *e, unsigned indent)
{
    char count[HUMAN], of[HUMAN], share[HUMAN];
    fprintf(f, "%*s%-20s ", (int)indent, "", e->label);
    text_put(f, e->text, UINT_MAX);
    if (e->of)
        fprintf(f, "  %s of %s (%s)", human_count(count, e->count), human_count(of, e->of), human_share(share, e->count, e->of));
    fputc('\n', f);
}

static void put_standing(FILE *f, const struct anomalies *a, uint32_t i)
{
    const struct config_suppression *s = a->suppression[i];
    if (a->standing[i] == STANDING_NEW)
        return;
    fprintf(f, "  %s", standing_names[a->standing[i]]);
    if (a->standing[i] == STANDING_SUPPRESSED) {
        fprintf(f, " by %s:%u%s%s: ", s->at.file, s->at.line, s->until ? " until " : "", s->until ? s->until : "");
        text_put(f, (struct ghost_str){ s->reason, (uint32_t)strlen(s->reason) }, UINT_MAX);
    }
}

static void put_id(FILE *f, const struct anomalies *a, uint32_t i)
{
    fprintf(f, "%*sid %.*s", INDENT, "", ID_SHOWN, a->findings->v[i].id);
    put_standing(f, a, i);
    fputc('\n', f);
}

static bool same_heading(const struct finding *a, const struct finding *b)
{
    return a->kind == b->kind && a->severity == b->severity && a->line == b->line && a->decided == b->decided &&
           strcmp(a->fn_key.p, b->fn_key.p) == 0 && strcmp(a->file.p, b->file.p) == 0;
}

/* ---- what stands under the list ---- */

static void put_count(FILE *f, uint64_t n, const char *one, const char *many, const char *hint)
{
    char count[HUMAN];
    if (n)
        fprintf(f, "  %s %s%s\n", human_count(count, n), n == 1 ? one : many, hint);
}

static void put_totals(FILE *f, const struct anomalies *a)
{
    const char *dot = term_unicode() ? "·" : "-", *hint = a->verbose ? "." : ": --verbose shows them.";
    uint64_t n = a->standings[STANDING_NEW];
    if (!n)
        fprintf(f, "  No %sanomalies detected.\n", a->baseline ? "new " : "");
    else
        fprintf(f, "  %" PRIu64 " %sanomal%s  %s  %" PRIu64 " high  %" PRIu64 " medium  %" PRIu64 " low\n", n, a->baseline ? "new " : "",
                n == 1 ? "y" : "ies", dot, a->severities[SEVERITY_HIGH], a->severities[SEVERITY_MEDIUM], a->severities[SEVERITY_LOW]);
    put_count(f, a->standings[STANDING_KNOWN], "is in the baseline", "are in the baseline", hint);
    put_count(f, a->standings[STANDING_SUPPRESSED], "is suppressed in ghost.yaml", "are suppressed in ghost.yaml", hint);
    put_count(f, a->standings[STANDING_UNDECIDED], "could not be decided", "could not be decided", hint);
    for (uint32_t i = 0; i < a->n_expired; i++)
        fprintf(f, "  The suppression at %s:%u ended on %s: its findings are shown again.\n", a->expired[i]->at.file,
                a->expired[i]->at.line, a->expired[i]->until);
    if (n)
        fputs("  The evidence of one: ghost anomalies --explain ID\n", f);
}

void anomalies_text(FILE *f, const struct anomalies *a)
{
    const struct finding *before = NULL;
    fprintf(f, "\nGhost anomalies  %s  session %s\n", term_unicode() ? "—" : "-", a->m->session.p);
    grid_rule(f, RULE);
    for (uint32_t i = 0; i < a->findings->n; i++) {
        const struct finding *row = &a->findings->v[i];
        if (!anomaly_is_shown(a, i))
            continue;
        if (!before || !same_heading(before, row)) {
            fputs(before ? "\n" : "", f);
            put_heading(f, a, row);
        }
        put_paragraph(f, row->message, INDENT);
        put_id(f, a, i);
        for (uint32_t k = 0; a->verbose && k < row->n_evidence; k++)
            put_evidence(f, &row->evidence[k], INDENT + 2);
        before = row;
    }
    if (before)
        grid_rule(f, RULE);
    put_totals(f, a);
    model_text_caveats(f, a->m);
    fputc('\n', f);
}

/* ---- one finding ---- */

static void put_field(FILE *f, const char *label, struct ghost_str text)
{
    if (!text.len)
        return;
    fprintf(f, "  %-12s ", label);
    text_put(f, text, UINT_MAX);
    fputc('\n', f);
}

void anomalies_explain(FILE *f, const struct anomalies *a, uint32_t finding)
{
    const struct finding *row = &a->findings->v[finding];
    fputc('\n', f);
    put_heading(f, a, row);
    put_paragraph(f, row->message, INDENT);
    fputc('\n', f);
    put_field(f, "id", (struct ghost_str){ row->id, 16 });
    put_field(f, "function", row->fn_key);
    put_field(f, "file", row->file);
    put_field(f, "parameter", row->param);
    put_field(f, "annotated", row->annotated);
    put_field(f, "observed", row->observed);
    if (row->total)
        put_evidence(f, &(struct evidence){ "share", GHOST_STR(""), row->count, row->total }, 2);
    fprintf(f, "  %-12s %s", "standing", standing_names[a->standing[finding]]);
    put_standing(f, a, finding);
    fputs(row->n_evidence ? "\n\n  Evidence\n" : "\n", f);
    for (uint32_t k = 0; k < row->n_evidence; k++)
        put_evidence(f, &row->evidence[k], 4);
    model_text_caveats(f, a->m);
    fputc('\n', f);
}
