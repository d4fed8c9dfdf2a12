/* facts_finding.c - a finding of a detector as a fact, and all that is known about one. */
#include <stdlib.h>
#include <string.h>

#include "facts_build.h"

/* A function's name by the finding's own words: it may never have been called. */
static void put_who(struct facts *f, const struct finding *x)
{
    char text[1024];
    fact_name(f, NAME_FUNCTION, x->qualname, full_name(text, x->module, x->qualname));
}

static void put_what(struct facts *f, const struct atlas *a, const struct finding *x)
{
    bool result = strcmp(x->param.p, "return") == 0 || strcmp(x->param.p, "yield") == 0;
    fact_words(f, result ? x->param.p : "parameter ");
    PUT(f, a, result ? " annotated as {}" : "{} annotated as {}", result ? P_ANNOTATION(x->annotated) : P_PARAM(x->param), P_ANNOTATION(x->annotated));
    PUT(f, a, ", but observed {} in {} of {} calls ({})", P_ANNOTATION(x->observed), P_COUNT(x->count), P_COUNT(x->total), P_SHARE(x->count, x->total));
}

void put_finding(struct facts *f, const struct atlas *a, const struct finding *x, bool named)
{
    enum { EVIDENCE = 4 };
    fact_begin(f, FACT_FINDINGS);
    fact_words(f, "[");
    fact_words(f, severity_names[x->severity]);
    fact_words(f, "] ");
    fact_words(f, x->kind);
    if (named) {
        fact_words(f, " ");
        put_who(f, x);
        PUT(f, a, " (line {})", P_PLAIN(x->line));
    }
    fact_label(f);
    /* what a detector says in prose is taken whole: its names are not told apart, so it is redacted whole */
    if (x->param.len && x->annotated.len)
        put_what(f, a, x);
    else
        PUT(f, a, "{}", P_TEXT(x->message));
    for (uint32_t i = 0; i < x->n_evidence && i < EVIDENCE; i++) {
        fact_words(f, "; ");
        fact_words(f, x->evidence[i].label);
        PUT(f, a, " {}", P_TEXT(x->evidence[i].text));
        if (x->evidence[i].of)
            PUT(f, a, " ({} of {})", P_COUNT(x->evidence[i].count), P_COUNT(x->evidence[i].of));
    }
    if (!f->failed)
        fact_last(f)->weight = x->severity == SEVERITY_HIGH ? 90 : x->severity == SEVERITY_MEDIUM ? 70 : 50;
}

void put_findings_left(struct facts *f, const struct atlas *a, uint32_t n)
{
    if (!n)
        return;
    fact_begin(f, FACT_FINDINGS);
    PUT(f, a, "{} more", P_COUNT(n));
    fact_label(f);
    fact_words(f, "ghost anomalies lists them");
}

/* The function's facts with the finding on top. */
int facts_of_finding(struct facts *out, const struct atlas *a, const struct finding *x, struct ghost_err *err)
{
    struct subject s = { .module = x->module, .qualname = x->qualname, .line = x->line };
    struct subjects found, near;
    bool known = false;
    if (x->function != GHOST_NONE && a->profile[x->function] != GHOST_NONE) {
        s.profile = &a->p->v[a->profile[x->function]];
        known = true;
    } else if (subjects_find(&found, &near, a, x->fn_key.p, err) == 0) {
        known = found.n > 0 && found.exact;
        s = known ? found.v[0] : s;
        subjects_release(&found);
        subjects_release(&near);
    }
    if (known) {
        int ret = facts_of_function(out, a, &s, x, err);
        free(out->about);
        out->about = strdup("anomaly");
        return ret < 0 || out->about ? ret : ghost_fail(err, GHOST_E_NOMEM, "out of memory while collecting facts");
    }
    out->session = strndup(a->m->session.p, a->m->session.len);
    out->title = strndup(x->qualname.p, x->qualname.len);
    out->about = strdup("anomaly");
    put_finding(out, a, x, true);
    if (!out->failed)
        fact_last(out)->section = FACT_NOTABLE;
    put_caveats(out, a, NULL);
    facts_number(out);
    return !out->failed && out->session && out->title && out->about ? 0 : ghost_fail(err, GHOST_E_NOMEM, "out of memory while collecting facts");
}
