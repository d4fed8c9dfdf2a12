/* diff_ci.c - fired rules for machines that watch builds, through the printers of the anomalies. */
#include <stdlib.h>

#include "anomalies.h"
#include "diff_print.h"

static void through(FILE *f, const struct diff_view *v, void (*print)(FILE *, const struct anomalies *))
{
    struct finding_kind *kinds = calloc((size_t)v->rules->n + 1, sizeof *kinds);
    enum standing *standing = calloc((size_t)v->fired->n + 1, sizeof *standing);   /* all are news */
    const struct config_suppression **none = calloc((size_t)v->fired->n + 1, sizeof *none);
    bool ok = kinds && standing && none;
    for (uint32_t i = 0; ok && i < v->rules->n; i++)
        kinds[i] = (struct finding_kind){ v->rules->v[i].text, "a rule of ghost diff --fail-on" };
    struct anomalies a = { .m = v->d->after.models[0], .kinds = kinds, .options = &v->d->options->detect, .findings = v->fired, .standing = standing,
                           .suppression = none, .root = v->root, .command = "diff" };
    a.standings[STANDING_NEW] = a.severities[SEVERITY_HIGH] = v->fired->n;
    if (ok)
        print(f, &a);
    free(kinds);
    free(standing);
    free(none);
}

void diff_junit(FILE *f, const struct diff_view *v) { through(f, v, anomalies_junit); }
void diff_github(FILE *f, const struct diff_view *v) { through(f, v, anomalies_github); }
void diff_sarif(FILE *f, const struct diff_view *v) { through(f, v, anomalies_sarif); }
