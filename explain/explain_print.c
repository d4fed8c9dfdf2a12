/* explain_print.c - checked claims on the terminal. */
#include "explain_print.h"

#include <string.h>

static const char *mark(const struct answer_printer *p, const struct verdict *v)
{
    if (verdict_is_vague(v))
        return p->style->unicode ? "  · " : "  - ";
    return v->holds ? p->style->unicode ? "  ✓ " : "  + " : p->style->unicode ? "  ✗ " : "  ! ";
}

static void put_citations(char *out, size_t size, const struct claim *c)
{
    size_t len = strlen(out);
    for (size_t i = 0; i < c->n_cited && len + 16 < size; i++)
        len += (size_t)snprintf(out + len, size - len, "%s%u%s", i ? ", " : " [", c->cited[i], i + 1 == c->n_cited ? "]" : "");
}

static void begin(struct answer_printer *p)
{
    if (p->begun)
        return;
    p->begun = true;
    fprintf(p->out, "\n  %sIn words%s  (of a language model; each claim is checked against the facts: ghost explain --facts)\n",
            p->style->color ? "\033[1m" : "", p->style->color ? "\033[0m" : "");
}

static void put_below(const struct answer_printer *p, const char *what, const char *text)
{
    char line[320];
    snprintf(line, sizeof line, "%s: %s", what, text);
    fputs("      ", p->out);
    template_wrap(p->out, line, 6, p->style);
}

/* What the share above does not tell. */
static void put_words(const struct answer_printer *p, const struct explanation *e)
{
    if (!e->words_known)
        fputs("  The words between numbers and names were not checked: that is done for English only.\n", p->out);
    else if (e->relations + e->open)
        fprintf(p->out, "  Of %u words that relate them (mean, failed, never, slower, ...) %u were checked; what other words say is not.\n",
                e->relations + e->open, e->relations);
    else
        fputs("  What the words between numbers and names say was not checked.\n", p->out);
}

void answer_print_claim(void *printer, const struct claim *c)
{
    struct answer_printer *p = printer;
    char text[ANSWER_TEXT + ANSWER_CITED * 12 + 8];
    begin(p);
    if (c->missing && !p->missing) {
        fputs("  Not in the facts:\n", p->out);
        p->missing = true;
    }
    snprintf(text, sizeof text, "%s", c->text);
    put_citations(text, sizeof text, c);
    fputs(c->missing && c->verdict.holds ? "  - " : mark(p, &c->verdict), p->out);
    template_wrap(p->out, text, 4, p->style);
    if (!c->verdict.holds)
        put_below(p, "not verified", c->verdict.reason);
    if (!c->missing && c->verdict.open)
        put_below(p, "words not checked", c->verdict.words);
    fflush(p->out);
}

void answer_print_end(struct answer_printer *p, const struct explanation *e)
{
    unsigned bad = e->checked - e->held;
    if (!e->checked && !e->vague)
        return;
    begin(p);
    if (e->checked)
        fprintf(p->out, "\n  Checked: %u of %u claims (%.0f%%) agree with the facts they cite", e->held, e->checked, 100.0 * e->held / e->checked);
    if (bad)
        fprintf(p->out, p->options->strict ? "; %u left out" : "; %u marked", bad);
    if (e->vague)
        fprintf(p->out, "%s%u without a number or name to look up", e->checked ? "; " : "\n  Checked: ", e->vague);
    fprintf(p->out, ".  %s, model %s%s\n", e->backend->name, e->version && e->version[0] ? e->version : e->model, e->cached ? ", kept from an earlier time (--fresh asks again)" : "");
    put_words(p, e);
}
