/* diff_text.c - a comparison for people. */
#include <limits.h>
#include <math.h>
#include <string.h>

#include "diff_print.h"
#include "term.h"

enum { RULE = 60, INDENT = 13 };

struct marks { const char *arrow, *times, *up, *down, *line; };
static struct marks marks(void)
{
    return term_unicode() ? (struct marks){ "→", "×", "↑", "↓", "─" } : (struct marks){ "->", "x", "up", "down", "-" };
}

static void rule(FILE *f)
{
    for (unsigned i = 0; i < RULE; i++)
        fputs(marks().line, f);
    fputc('\n', f);
}

static void section(FILE *f, const char *title, uint64_t n)
{
    const char *line = marks().line;
    fprintf(f, "\n  %s%s %s (%llu) %s%s\n", line, line, title, (unsigned long long)n, line, line);
}

static void color(FILE *f, const char *code)
{
    if (term_color(f))
        fprintf(f, "\033[%sm", code);
}

static void heading(FILE *f, const char *word, const struct diff_function *of)
{
    fprintf(f, "  %-8s  ", word);
    color(f, "1");
    text_put(f, of->qualname, UINT_MAX);
    color(f, "0");
    fprintf(f, " (line %u)", of->line);
    if (of->file.len) {
        fputs("  ", f);
        color(f, "2");
        text_put(f, of->module, UINT_MAX);
        color(f, "0");
    }
    fputc('\n', f);
}

/* ---- the lines of a changed function ---- */

void diff_put_direction(FILE *f, const struct diff_latency *l, const char *times)
{
    bool slower = diff_judged(l) > 1;
    fputs(slower ? "slower" : "faster", f);
    if (slower != (l->ratio > 1))
        fprintf(f, " than the rest (%.2f%s)", l->expected, times);
}

static void latency_line(FILE *f, const struct diff_pair *p, enum diff_measure m)
{
    const struct diff_latency *l = &p->latency[m];
    const struct marks k = marks();
    char a[HUMAN], b[HUMAN];
    fprintf(f, "%*s%s: %s %s %s  ", INDENT, "", diff_measure_texts[m], human_ns(a, l->before), k.arrow, human_ns(b, l->after));
    if (!l->known) {
        fputs("(too few calls to tell)\n", f);
        return;
    }
    bool slower = diff_judged(l) > 1;
    if (l->significant)
        color(f, slower ? "31" : "32");
    fprintf(f, "(%.2f%s", l->ratio, k.times);
    if (m != DIFF_total)
        fprintf(f, ", %.2f to %.2f", l->low, l->high);
    fputc(')', f);
    if (l->significant) {
        fprintf(f, " %s ", slower ? k.up : k.down);
        diff_put_direction(f, l, k.times);
    } else if (m != DIFF_total) {
        fputs("  within the noise", f);
    }
    color(f, "0");
    fputc('\n', f);
}

static void latency_lines(FILE *f, const struct diff_view *v, const struct diff_pair *p)
{
    for (unsigned m = 0; m < DIFF_N_MEASURES; m++)
        if (p->latency[m].significant || (v->verbose && p->latency[m].before > 0))
            latency_line(f, p, m);
}

static void rate_line(FILE *f, const struct diff_view *v, const struct diff_pair *p)
{
    const struct diff_rate *r = &p->exceptions;
    const struct marks k = marks();
    bool moved = r->before > 0 || r->after > 0;
    if (!r->significant && !(v->verbose && moved))
        return;
    fprintf(f, "%*sexception rate: %.1f%% %s %.1f%%  ", INDENT, "", 100 * r->before, k.arrow, 100 * r->after);
    color(f, !r->significant ? "2" : r->after > r->before ? "31" : "32");
    if (r->significant)
        fprintf(f, "%s  (%+.1f to %+.1f points)", r->after > r->before ? k.up : k.down, 100 * r->low, 100 * r->high);
    else
        fputs("within the noise", f);
    color(f, "0");
    fputc('\n', f);
}

static void calls_line(FILE *f, const struct diff_view *v, const struct diff_pair *p)
{
    char a[HUMAN], b[HUMAN];
    const struct diff *d = v->d;
    bool moved = diff_calls_moved(d, p);
    if (!moved && !v->verbose && p->calls_before == p->calls_after)
        return;
    fprintf(f, "%*scall count: %s %s %s", INDENT, "", human_count(a, p->before->calls), marks().arrow, human_count(b, p->after->calls));
    if (d->per_before)
        fprintf(f, "  (%.3g %s %.3g per call of %s)", p->calls_before, marks().arrow, p->calls_after, d->options->per);
    else if (p->before->calls == p->after->calls)
        fputs("  (no change)", f);
    if (moved)
        fprintf(f, "  %.2f%s, the others %.2f%s", p->calls_after / p->calls_before, marks().times, d->traffic, marks().times);
    fputc('\n', f);
}

static void novelty_lines(FILE *f, const struct diff_novelties *all, enum diff_shape shape, bool fresh)
{
    const char *text = fresh ? diff_shape_fresh[shape] : diff_shape_gone[shape];
    for (uint32_t i = 0; i < all->n; i++) {
        const struct diff_novelty *n = &all->v[i];
        char a[HUMAN], b[HUMAN];
        fprintf(f, "%*s%s: ", INDENT, "", text);
        text_put(f, n->name, UINT_MAX);
        if (shape == DIFF_SHAPE_callees)
            fprintf(f, "  (%s time%s in %s call%s", human_count(a, n->count), diff_plural(n->count), human_count(b, n->of), diff_plural(n->of));
        else
            fprintf(f, "  (%s of %s call%s", human_count(a, n->count), human_count(b, n->of), diff_plural(n->of));
        if (n->caller.len) {
            fputs(", most from ", f);
            text_put(f, n->caller, UINT_MAX);
        }
        fputs(n->surprising ? ")\n" : fresh ? "; with so few calls it may only have been missed before)\n" : "; with so few calls it may only be missed now)\n", f);
    }
}

static void changed_function(FILE *f, const struct diff_view *v, const struct diff_pair *p)
{
    heading(f, p->match == DIFF_RENAMED ? "RENAMED" : p->changed ? "CHANGED" : "SAME", p->after);
    if (p->match == DIFF_RENAMED) {
        fprintf(f, "%*swas ", INDENT, "");
        text_put(f, p->before->qualname, UINT_MAX);
        fprintf(f, " (line %u), the code is the same\n", p->before->line);
    } else if (p->match == DIFF_MOVED && v->verbose) {
        fprintf(f, "%*smoved from line %u\n", INDENT, "", p->before->line);
    }
    latency_lines(f, v, p);
    rate_line(f, v, p);
    for (unsigned k = 0; k < DIFF_N_SHAPES; k++) {
        novelty_lines(f, &p->fresh[k], k, true);
        novelty_lines(f, &p->gone[k], k, false);
    }
    calls_line(f, v, p);
    fputc('\n', f);
}

static void alone_function(FILE *f, const struct diff_pair *p)
{
    char a[HUMAN];
    bool added = !p->before;
    heading(f, added ? "ADDED" : "REMOVED", diff_any(p));
    fprintf(f, "%*scalled %s%s in session %d", INDENT, "", human_count(a, diff_any(p)->calls), marks().times, added ? 2 : 1);
    if (p->defined_elsewhere)
        fprintf(f, "; the code is in both: %s", added ? "it was dead before" : "it is dead now");
    fputc('\n', f);
}

/* ---- all ---- */

static bool is_added(const struct diff_pair *p) { return !p->before; }
static bool is_removed(const struct diff_pair *p) { return !p->after; }
static bool is_changed(const struct diff_pair *p) { return p->changed; }
static bool is_unchanged(const struct diff_pair *p) { return !p->changed && p->match != DIFF_ALONE; }

static void functions(FILE *f, const struct diff_view *v, const char *title, bool (*is)(const struct diff_pair *), uint32_t n)
{
    uint64_t shown = 0;
    if (!n)
        return;
    section(f, title, n);
    for (uint32_t i = 0; i < v->d->n; i++) {
        const struct diff_pair *p = &v->d->pairs[i];
        if (!is(p))
            continue;
        if (v->top && shown == v->top) {
            fprintf(f, "  and %llu more: --top 0 shows all\n", (unsigned long long)(n - shown));
            return;
        }
        shown++;
        if (p->match == DIFF_ALONE)
            alone_function(f, p);
        else
            changed_function(f, v, p);
    }
}

static void anomalies(FILE *f, const char *title, const struct diff_anomalies *a, uint64_t top)
{
    if (!a->n)
        return;
    section(f, title, a->n);
    for (uint32_t i = 0; i < a->n; i++) {
        if (top && i == top) {
            fprintf(f, "  and %llu more: --top 0 shows all\n", (unsigned long long)(a->n - top));
            return;
        }
        fprintf(f, "  [%s] %s  ", severity_names[a->v[i]->severity], a->v[i]->kind);
        text_put(f, a->v[i]->qualname, UINT_MAX);
        fprintf(f, " (line %u)\n%*s", a->v[i]->line, INDENT, "");
        text_put(f, a->v[i]->message, UINT_MAX);
        fputc('\n', f);
    }
}

static void rules_fired(FILE *f, const struct diff_view *v)
{
    if (!v->rules->n)
        return;
    for (uint32_t i = 0; i < v->fired->n; i++) {
        const struct finding *row = &v->fired->v[i];
        color(f, "31");
        fprintf(f, "  FAILED  %s", row->kind);
        color(f, "0");
        fputs("  ", f);
        text_put(f, row->qualname, UINT_MAX);
        fputs(": ", f);
        text_put(f, row->message, UINT_MAX);
        fputc('\n', f);
    }
    if (!v->fired->n)
        fprintf(f, "  %u rule%s, none fired\n", v->rules->n, v->rules->n == 1 ? "" : "s");
}

/* Damage is named as ghost report names it. */
static void put_damages(FILE *f, const struct ghost_model *m, const char *before_each)
{
    enum { SHOWN = 4 };
    for (uint32_t i = 0; i < m->n_damages && i < SHOWN; i++) {
        fprintf(f, "%sDAMAGE  ", before_each);
        text_put(f, m->session, UINT_MAX);
        fputs(": ", f);
        text_put(f, m->damages[i].message, 1000);
        fputc('\n', f);
    }
    if (m->n_damages > SHOWN)
        fprintf(f, "%sDAMAGE  and %u more places; see: ghost report %s\n", before_each, m->n_damages - SHOWN, m->session.p);
}

bool diff_put_missing(FILE *f, const struct diff_side *sides, uint32_t n, const char *before_each)
{
    char a[HUMAN];
    bool any = false;
    for (uint32_t i = 0; i < n; i++)
        any = any || sides[i].lost || sides[i].unread;
    if (!any)
        return false;
    fprintf(f, "%sEvents are missing:", before_each);
    for (uint32_t i = 0; i < n; i++) {
        fprintf(f, "%s %s", i ? "," : "", sides[i].lost || !sides[i].unread ? human_count(a, sides[i].lost) : "an unknown number");
        fputs(sides[i].lost && sides[i].unread ? " or more of " : " of ", f);
        text_put(f, sides[i].name, UINT_MAX);
    }
    fputs(". Counts are too low by that; what is told as gone may be missing only.\n", f);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < sides[i].n_models; k++)
            put_damages(f, sides[i].models[k], before_each);
    return true;
}

/* What the reader must know of both recordings. */
static void caveats(FILE *f, const struct diff *d)
{
    if (d->speed_known && fabs(log(d->speed)) > log(1.1))
        fprintf(f, "  Most functions took %.2f%s as long in the second recording: the machine, or everything at once.\n"
                   "  A function is told apart only by what goes beyond that.\n", d->speed, marks().times);
    if (diff_other_python(d)) {
        fputs("  Recorded on Python ", f);
        text_put(f, d->before.python, UINT_MAX);
        fputs(", then on ", f);
        text_put(f, d->after.python, UINT_MAX);
        fputs(". Before 3.12, comprehensions are functions of their own.\n", f);
    }
    diff_put_missing(f, (const struct diff_side[]){ d->before, d->after }, 2, "  ");
}

void diff_text(FILE *f, const struct diff_view *v)
{
    const struct diff *d = v->d;
    fprintf(f, "Ghost diff  %s  %s  %s\n", d->before.name.p, marks().arrow, d->after.name.p);
    rule(f);
    if (!d->added && !d->removed && !d->changed && !d->anomalies_fresh.n && !d->anomalies_gone.n)
        fputs("  No meaningful differences detected between sessions.\n", f);
    functions(f, v, "changed", is_changed, d->changed);
    functions(f, v, "added", is_added, d->added);
    functions(f, v, "removed", is_removed, d->removed);
    if (v->verbose)
        functions(f, v, "unchanged", is_unchanged, d->compared - d->changed);
    anomalies(f, "new anomalies", &d->anomalies_fresh, v->top);
    anomalies(f, "anomalies that are gone", &d->anomalies_gone, v->top);
    fputc('\n', f);
    rule(f);
    const char *dot = term_unicode() ? "·" : "-";
    fprintf(f, "  %u added  %s  %u removed  %s  %u changed  %s  %u compared\n", d->added, dot, d->removed, dot, d->changed, dot, d->compared);
    caveats(f, d);
    rules_fired(f, v);
}
