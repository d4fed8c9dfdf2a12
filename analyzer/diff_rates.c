/* diff_rates.c - calls and the share of them that an exception left: is the change more than chance? */
#include <math.h>
#include <stdlib.h>

#include "diff.h"
#include "statistics.h"

/* Calls that count as independent: failures come in bursts, and slices of time show how much so. */
static double effective_calls(const struct diff_function *f, struct piece *pieces)
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < f->n_cells; i++)
        if (f->cells[i].finished)
            pieces[used++] = (struct piece){ (double)f->cells[i].finished, (double)f->cells[i].exceptions };
    double n = (double)f->calls, p = diff_rate_of(f);
    struct clustered c = clustered_mean(pieces, used, GROUPS_LEAST);
    if (c.dof < GROUPS_LEAST - 1 || p <= 0 || p >= 1)
        return n;
    double alone = p * (1 - p) / n;
    return c.variance > alone ? fmax(1, n * alone / c.variance) : n;
}

static void compare_exceptions(struct diff_pair *p, double z, double least, struct piece *pieces)
{
    struct diff_rate *r = &p->exceptions;
    double nb = effective_calls(p->before, pieces), na = effective_calls(p->after, pieces);
    r->before = diff_rate_of(p->before);
    r->after = diff_rate_of(p->after);
    struct interval i = newcombe(r->before * nb, nb, r->after * na, na, z);
    r->low = i.low;
    r->high = i.high;
    r->significant = (i.low > 0 || i.high < 0) && fabs(r->after - r->before) >= least;
}

/* ---- calls ---- */

static uint64_t calls_of(const struct diff_side *s, const char *name)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < s->n; i++)
        if (strcmp(s->v[i].qualname.p, name) == 0 || strcmp(s->v[i].fn_key.p, name) == 0)
            n += s->v[i].calls;
    return n;
}

static int find_entry(struct diff *d, struct ghost_err *err)
{
    const char *name = d->options->per;
    if (!name)
        return 0;
    d->per_before = calls_of(&d->before, name);
    d->per_after = calls_of(&d->after, name);
    if (d->per_before && d->per_after)
        return 0;
    return ghost_fail(err, GHOST_E_NOT_FOUND, "--per: %s was not called in %s; name a function that both recordings call, as `ghost report` shows it",
                      name, d->per_before ? d->after.name.p : d->before.name.p);
}

int diff_compare_rates(struct diff *d, struct ghost_err *err)
{
    uint32_t most = 1, tests = 1;
    int ret = find_entry(d, err);
    if (ret < 0)
        return ret;
    for (uint32_t i = 0; i < d->n; i++) {
        const struct diff_pair *p = &d->pairs[i];
        if (!p->before || !p->after)
            continue;
        most = p->before->n_cells > most ? p->before->n_cells : most;
        most = p->after->n_cells > most ? p->after->n_cells : most;
        tests += p->before->exceptions || p->after->exceptions;
    }
    struct piece *pieces = calloc(most, sizeof *pieces);
    if (!pieces)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory while comparing rates");
    double z = normal_upper(d->options->alpha / 2 / tests);
    for (uint32_t i = 0; i < d->n; i++) {
        struct diff_pair *p = &d->pairs[i];
        p->calls_before = p->before ? (double)p->before->calls / (double)(d->per_before ? d->per_before : 1) : 0;
        p->calls_after = p->after ? (double)p->after->calls / (double)(d->per_after ? d->per_after : 1) : 0;
        if (p->before && p->after && p->before->calls && p->after->calls)
            compare_exceptions(p, z, d->options->min_rate, pieces);
    }
    free(pieces);
    return 0;
}
