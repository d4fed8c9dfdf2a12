/* diff_anomalies.c - findings of the detectors that only one side has.
 *
 * A side has what any of its sessions has; but what one of them never called and
 * another did is called on that side. */
#include <stdlib.h>
#include <string.h>

#include "diff.h"
#include "threads.h"

struct half { const struct diff_side *side; const struct detect_options *o; struct findings **out; };

static int collect(void *self, struct ghost_err *err)
{
    const struct half *h = self;
    const struct diff_side *s = h->side;
    struct findings *v = *h->out = calloc((size_t)s->n_models + 1, sizeof *v);
    int ret = v ? 0 : ghost_fail(err, GHOST_E_NOMEM, "out of memory while looking for anomalies");
    for (uint32_t i = 0; ret == 0 && i < s->n_models; i++)
        ret = detect_all(s->models[i], &s->profiles[i], h->o, NULL, &v[i], err);
    return ret;
}

static uint64_t number_of(const struct finding *f) { return strtoull(f->id, NULL, 16); }

/* Marks a side's findings in a table of their ids. */
static bool mark(struct table *ids, const struct diff_side *s, const struct findings *f)
{
    bool ok = true;
    for (uint32_t i = 0; i < s->n_models; i++)
        for (uint32_t k = 0; ok && k < f[i].n; k++)
            ok = table_put(ids, number_of(&f[i].v[k]), 0) != TABLE_NONE;
    return ok;
}

static bool only_there(struct diff *d, const struct diff_side *s, const struct findings *here, const struct diff_side *t, const struct findings *there,
                       struct diff_anomalies *out)
{
    struct table ids = { 0 };
    uint32_t all = 0, n = 0;
    for (uint32_t i = 0; i < s->n_models; i++)
        all += here[i].n;
    const struct finding **v = ARENA_ARRAY(&d->arena, const struct finding *, all);
    bool ok = v && mark(&ids, t, there);
    for (uint32_t i = 0; ok && i < s->n_models; i++) {
        for (uint32_t k = 0; ok && k < here[i].n; k++) {
            const struct finding *f = &here[i].v[k];
            bool called = s->n_models > 1 && strcmp(f->kind, "never_called") == 0 && diff_side_calls(s, f->module, f->qualname);
            if (!f->decided || called || table_get(&ids, number_of(f)) != TABLE_NONE)
                continue;
            v[n++] = f;
            ok = table_put(&ids, number_of(f), 0) != TABLE_NONE;     /* once, however many sessions have it */
        }
    }
    table_release(&ids);
    *out = (struct diff_anomalies){ v, n };
    return ok;
}

int diff_compare_anomalies(struct diff *d, struct ghost_err *err)
{
    struct half before = { &d->before, &d->options->detect, &d->anomalies_before }, after = { &d->after, &d->options->detect, &d->anomalies_after };
    int ret = threads_both(d->options->jobs, collect, &before, &after, err);
    if (ret < 0)
        return ret;
    bool ok = only_there(d, &d->after, d->anomalies_after, &d->before, d->anomalies_before, &d->anomalies_fresh) &&
              only_there(d, &d->before, d->anomalies_before, &d->after, d->anomalies_after, &d->anomalies_gone);
    return ok ? 0 : ghost_fail(err, GHOST_E_NOMEM, "out of memory while comparing anomalies");
}

void diff_release_anomalies(struct diff *d)
{
    for (uint32_t i = 0; d->anomalies_before && i < d->before.n_models; i++)
        findings_release(&d->anomalies_before[i]);
    for (uint32_t i = 0; d->anomalies_after && i < d->after.n_models; i++)
        findings_release(&d->anomalies_after[i]);
    free(d->anomalies_before);
    free(d->anomalies_after);
}
