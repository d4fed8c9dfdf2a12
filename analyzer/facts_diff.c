/* facts_diff.c - what changed between two recordings, as facts. */
#include <stdlib.h>
#include <string.h>

#include "diff.h"
#include "facts_build.h"

enum { CHANGES = 24, NOTABLE = 10, EACH = 3 };

/* Everything here is text and figures: no piece looks into a model. */
#define SAY(f, words, ...) PUT(f, NULL, words, __VA_ARGS__)

static void put_side(struct facts *f, const char *label, const struct diff_side *s)
{
    fact_begin(f, FACT_SUBJECT);
    fact_words(f, label);
    fact_label(f);
    SAY(f, "session {}, {} calls of {} functions in {}", P_TEXT(s->name), P_COUNT(s->calls), P_COUNT(s->n), P_SPAN(s->duration_ns));
    if (s->lost)
        SAY(f, ", {} events lost", P_COUNT(s->lost));
}

static void put_name(struct facts *f, const struct diff_function *fn)
{
    char text[1024];
    fact_name(f, NAME_FUNCTION, fn->qualname, full_name(text, fn->module, fn->qualname));
    SAY(f, " ({})", P_MODULE(fn->module));
    fact_label(f);
}

static void part(struct facts *f, bool *begun)
{
    fact_words(f, *begun ? "; " : "");
    *begun = true;
}

static void put_latencies(struct facts *f, const struct diff_pair *p, bool *begun)
{
    for (unsigned i = 0; i < DIFF_N_MEASURES; i++) {
        const struct diff_latency *l = &p->latency[i];
        if (!l->known || !l->significant)
            continue;
        part(f, begun);
        fact_words(f, diff_measure_texts[i]);
        SAY(f, " from {} to {}, {} as long as before (between {} and {} by the test)", P_TIME(l->before), P_TIME(l->after), P_RATIO(l->ratio), P_RATIO(l->low), P_RATIO(l->high));
    }
}

static void put_novelties(struct facts *f, const struct diff_novelties *all, const char *what, bool *begun)
{
    for (uint32_t i = 0; i < all->n && i < EACH; i++) {
        if (!all->v[i].surprising)
            continue;
        part(f, begun);
        fact_words(f, what);
        SAY(f, " {} ({} of {} calls", P_ANNOTATION(all->v[i].name), P_COUNT(all->v[i].count), P_COUNT(all->v[i].of));
        if (all->v[i].caller.len)
            SAY(f, ", mostly from {}", P_TEXT(all->v[i].caller));
        fact_words(f, ")");
    }
}

static void put_alone(struct facts *f, const struct diff_pair *p, bool *begun)
{
    part(f, begun);
    if (p->after)
        SAY(f, p->defined_elsewhere ? "now called, {} times; the code was there before, but was not called" : "new: called {} times", P_COUNT(p->after->calls));
    else
        SAY(f, p->defined_elsewhere ? "no longer called, before {} times; the code is still there" : "gone: called {} times before", P_COUNT(p->before->calls));
}

static void put_pair(struct facts *f, const struct diff *d, const struct diff_pair *p)
{
    bool begun = false;
    put_name(f, diff_any(p));
    if (!p->before || !p->after) {
        put_alone(f, p, &begun);
        return;
    }
    if (p->match == DIFF_RENAMED) {
        char text[1024];
        part(f, &begun);
        fact_words(f, "was called ");
        fact_name(f, NAME_FUNCTION, p->before->qualname, full_name(text, p->before->module, p->before->qualname));
        fact_words(f, " before, the code is the same");
    }
    if (p->exceptions.significant) {
        part(f, &begun);
        SAY(f, "exception rate from {} to {} ({} of {} calls now)", P_SHARE(p->before->exceptions, p->before->calls), P_SHARE(p->after->exceptions, p->after->calls),
            P_COUNT(p->after->exceptions), P_COUNT(p->after->calls));
    }
    put_latencies(f, p, &begun);
    for (unsigned i = 0; i < DIFF_N_SHAPES; i++) {
        put_novelties(f, &p->fresh[i], diff_shape_fresh[i], &begun);
        put_novelties(f, &p->gone[i], diff_shape_gone[i], &begun);
    }
    if (diff_calls_moved(d, p) || !begun) {
        part(f, &begun);
        SAY(f, "calls from {} to {}", P_COUNT(p->before->calls), P_COUNT(p->after->calls));
    }
}

/* A failure or a slower function matters more than one that came or went. */
static bool is_notable(const struct diff_pair *p)
{
    bool found = p->exceptions.significant;
    for (unsigned i = 0; i < DIFF_N_MEASURES; i++)
        found = found || (p->latency[i].known && p->latency[i].significant);
    for (unsigned i = 0; i < DIFF_N_SHAPES && p->before && p->after; i++)
        for (uint32_t k = 0; k < p->fresh[i].n; k++)
            found = found || p->fresh[i].v[k].surprising;
    return found;
}

static void put_pairs(struct facts *f, const struct diff *d)
{
    uint32_t notable = 0, told = 0, changed = 0;
    for (uint32_t i = 0; i < d->n; i++) {
        const struct diff_pair *p = &d->pairs[i];
        bool first = notable < NOTABLE && is_notable(p);
        if (!p->changed && p->before && p->after)
            continue;
        changed++;
        if (!first && told >= CHANGES)
            continue;
        fact_begin(f, first ? FACT_NOTABLE : FACT_CHANGES);
        if (first && !f->failed)
            fact_last(f)->weight = 90 - notable;
        notable += first;
        told += !first;
        put_pair(f, d, p);
    }
    if (changed > told + notable) {
        fact_begin(f, FACT_CHANGES);
        SAY(f, "{} more functions", P_COUNT(changed - told - notable));
        fact_label(f);
        fact_words(f, "changed; ghost diff lists them");
    }
}

static void put_totals(struct facts *f, const struct diff *d)
{
    fact_begin(f, FACT_SUBJECT);
    fact_words(f, "Compared");
    fact_label(f);
    SAY(f, "{} functions are on both sides, of which {} changed; functions that are new: {}, gone: {}", P_COUNT(d->compared), P_COUNT(d->changed), P_COUNT(d->added), P_COUNT(d->removed));
    if (d->speed_known) {
        fact_begin(f, FACT_CAVEATS);
        fact_words(f, "The rest of the program");
        fact_label(f);
        SAY(f, "most functions take {} the time they took before; latencies are judged against that", P_RATIO(d->speed));
    }
    fact_begin(f, FACT_CAVEATS);
    fact_words(f, "What counts as changed");
    fact_label(f);
    fact_words(f, "a difference that is both large enough and more than chance; what is not listed may still differ a little");
}

int facts_of_diff(struct facts *out, const struct diff *d, struct ghost_err *err)
{
    out->session = strndup(d->after.name.p, d->after.name.len);
    out->about = strdup("diff");
    out->title = strdup("what changed");
    facts_begin_lead(out);
    SAY(out, "Of {} functions that both recordings have, {} changed", P_COUNT(d->compared), P_COUNT(d->changed));
    SAY(out, "; new: {}, gone: {}.", P_COUNT(d->added), P_COUNT(d->removed));
    put_side(out, "Before", &d->before);
    put_side(out, "After", &d->after);
    put_totals(out, d);
    put_pairs(out, d);
    facts_number(out);
    return !out->failed && out->session && out->about && out->title ? 0 : ghost_fail(err, GHOST_E_NOMEM, "out of memory while collecting facts");
}
