/* diff_tables.c - a comparison as CSV, and as the Markdown that one pastes into a pull request. */
#include <limits.h>
#include <math.h>

#include "diff_print.h"
#include "sheet.h"
#include "term.h"

/* ---- CSV: a row per function ---- */

static void csv_str(FILE *f, struct ghost_str s)
{
    fputc('"', f);
    for (uint32_t i = 0; i < s.len; i++) {
        if (s.p[i] == '"')
            fputc('"', f);
        fputc(s.p[i], f);
    }
    fputc('"', f);
}

static const char *state_of(const struct diff_pair *p)
{
    return !p->before ? "added" : !p->after ? "removed" : p->changed ? "changed" : "unchanged";
}

static void csv_number(FILE *f, bool there, double value)
{
    if (there)
        fprintf(f, ",%.6g", value);
    else
        fputc(',', f);
}

static void csv_row(FILE *f, const struct diff_pair *p)
{
    bool both = p->before && p->after;
    csv_str(f, diff_any(p)->fn_key);
    fprintf(f, ",%s,%s,%llu,%llu", state_of(p), diff_match_names[p->match], (unsigned long long)(p->before ? p->before->calls : 0),
            (unsigned long long)(p->after ? p->after->calls : 0));
    csv_number(f, p->before != NULL, diff_rate_of(p->before));
    csv_number(f, p->after != NULL, diff_rate_of(p->after));
    fprintf(f, ",%s", both ? p->exceptions.significant ? "yes" : "no" : "");
    for (unsigned m = 0; m < DIFF_N_MEASURES; m++) {
        const struct diff_latency *l = &p->latency[m];
        csv_number(f, both, l->before);
        csv_number(f, both, l->after);
        csv_number(f, both && l->known, l->ratio);
        csv_number(f, both && l->known, l->low);
        csv_number(f, both && l->known, l->high);
        fprintf(f, ",%s", both ? l->significant ? "yes" : "no" : "");
    }
    for (unsigned k = 0; k < DIFF_N_SHAPES; k++)
        fprintf(f, ",%u,%u", p->fresh[k].n, p->gone[k].n);
    fputs("\r\n", f);
}

void diff_csv(FILE *f, const struct diff_view *v)
{
    fputs("fn_key,state,match,calls_before,calls_after,exception_rate_before,exception_rate_after,exception_rate_significant", f);
    for (unsigned m = 0; m < DIFF_N_MEASURES; m++) {
        const char *name = diff_measure_names[m];
        fprintf(f, ",%s_before_ns,%s_after_ns,%s_ratio,%s_low,%s_high,%s_significant", name, name, name, name, name, name);
    }
    for (unsigned k = 0; k < DIFF_N_SHAPES; k++)
        fprintf(f, ",new_%s,gone_%s", diff_shape_names[k], diff_shape_names[k]);
    fputs("\r\n", f);
    for (uint32_t i = 0; i < v->d->n; i++)
        csv_row(f, &v->d->pairs[i]);
}

/* ---- Markdown ---- */

static void md_what(FILE *f, const struct diff_pair *p, const struct diff *d)
{
    char a[HUMAN], b[HUMAN];
    const char *sep = "";
    for (unsigned m = 0; m < DIFF_N_MEASURES; m++) {
        const struct diff_latency *l = &p->latency[m];
        if (!l->significant)
            continue;
        fprintf(f, "%s%s %s → %s, **%.2f×** (%.2f to %.2f) ", sep, diff_measure_texts[m], human_ns(a, l->before), human_ns(b, l->after), l->ratio,
                l->low, l->high);
        diff_put_direction(f, l, "×");
        sep = "<br>";
    }
    if (p->exceptions.significant) {
        fprintf(f, "%sexception rate %.1f%% → **%.1f%%** (%+.1f to %+.1f points)", sep, 100 * p->exceptions.before, 100 * p->exceptions.after,
                100 * p->exceptions.low, 100 * p->exceptions.high);
        sep = "<br>";
    }
    for (unsigned k = 0; k < DIFF_N_SHAPES; k++)
        for (unsigned gone = 0; gone < 2; gone++) {
            const struct diff_novelties *v = gone ? &p->gone[k] : &p->fresh[k];
            for (uint32_t i = 0; i < v->n; i++) {
                fprintf(f, "%s%s: ", sep, gone ? diff_shape_gone[k] : diff_shape_fresh[k]);
                markdown_field(f, v->v[i].name);
                if (k == DIFF_SHAPE_callees)
                    fprintf(f, " (%s time%s in ", human_count(a, v->v[i].count), diff_plural(v->v[i].count));
                else
                    fprintf(f, " (%s of ", human_count(a, v->v[i].count));
                fprintf(f, "%s call%s%s)", human_count(b, v->v[i].of), diff_plural(v->v[i].of),
                        v->v[i].surprising ? "" : gone ? "; perhaps only missed now" : "; perhaps only missed before");
                sep = "<br>";
            }
        }
    if (diff_calls_moved(d, p)) {
        fprintf(f, "%scalls %s → %s", sep, human_count(a, p->before->calls), human_count(b, p->after->calls));
        sep = "<br>";
    }
    if (p->match == DIFF_RENAMED) {
        fprintf(f, "%swas ", sep);
        markdown_field(f, p->before->qualname);
    }
}

static void md_row(FILE *f, const struct diff_pair *p, const struct diff *d)
{
    char a[HUMAN];
    fprintf(f, "| %s | ", p->match == DIFF_RENAMED ? "renamed" : state_of(p));
    markdown_field(f, diff_any(p)->qualname);
    fputs(" | ", f);
    markdown_field(f, diff_any(p)->module);
    fprintf(f, ":%u | ", diff_any(p)->line);
    if (p->match == DIFF_ALONE)
        fprintf(f, "%s call%s%s", human_count(a, diff_any(p)->calls), diff_plural(diff_any(p)->calls), !p->defined_elsewhere ? "" : p->before ? "; now dead code" : "; was dead code");
    else
        md_what(f, p, d);
    fputs(" |\n", f);
}

/* With its place: a program has many functions of the name __init__. */
static void md_finding(FILE *f, const struct finding *row)
{
    markdown_field(f, row->qualname);
    fputs(" (", f);
    markdown_field(f, row->module);
    fprintf(f, ":%u): ", row->line);
    markdown_field(f, row->message);
    fputc('\n', f);
}

static void md_anomalies(FILE *f, const struct diff_view *v)
{
    const struct diff_anomalies *a = &v->d->anomalies_fresh;
    for (uint32_t i = 0; i < a->n; i++) {
        if (v->top && i == v->top) {
            fprintf(f, "- and %llu more new anomalies\n", (unsigned long long)(a->n - v->top));
            return;
        }
        fprintf(f, "%s- new anomaly: **%s** ", i ? "" : "\n", a->v[i]->kind);
        md_finding(f, a->v[i]);
    }
}

void diff_markdown(FILE *f, const struct diff_view *v)
{
    const struct diff *d = v->d;
    uint64_t shown = 0, all = (uint64_t)d->added + d->removed + d->changed;
    fputs("### Ghost diff\n\n`", f);
    fprintf(f, "%s` → `%s`: **%u changed, %u added, %u removed** of %u functions compared", d->before.name.p, d->after.name.p, d->changed, d->added,
            d->removed, d->compared);
    fputs(d->speed_known && fabs(log(d->speed)) > log(1.1) ? "; most functions moved together, which is told apart" : "", f);
    if (diff_other_python(d)) {
        fputs("; Python ", f);
        markdown_field(f, d->before.python);
        fputs(", then ", f);
        markdown_field(f, d->after.python);
    }
    fputs("\n\n", f);
    if (diff_put_missing(f, (const struct diff_side[]){ d->before, d->after }, 2, "- "))
        fputc('\n', f);
    if (all)
        fputs("| | function | where | what |\n| --- | --- | --- | --- |\n", f);
    for (uint32_t i = 0; i < d->n; i++) {
        const struct diff_pair *p = &d->pairs[i];
        if (!p->changed && p->match != DIFF_ALONE)
            continue;
        if (v->top && shown++ == v->top) {
            fprintf(f, "\nand %llu more: `--top 0` shows all.\n", (unsigned long long)(all - v->top));
            break;
        }
        md_row(f, p, d);
    }
    md_anomalies(f, v);
    for (uint32_t i = 0; i < v->fired->n; i++) {
        fprintf(f, "%s- ❌ `%s` ", i ? "" : "\n", v->fired->v[i].kind);
        md_finding(f, &v->fired->v[i]);
    }
    if (v->rules->n && !v->fired->n)
        fprintf(f, "\n✅ %u rule%s, none fired\n", v->rules->n, v->rules->n == 1 ? "" : "s");
}
