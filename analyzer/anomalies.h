/* anomalies.h - what `ghost anomalies` prints, and the table of its formats.
 *
 * To add a format: an anomalies_NAME.c (or a function in one) and a row in
 * ANOMALY_PRINTERS; tests/e2e/test_anomalies_formats.py reads each of them. */
#ifndef GHOST_ANOMALIES_H
#define GHOST_ANOMALIES_H

#include <stdio.h>
#include "config.h"
#include "finding.h"

/* Why a finding is not news. */
enum standing { STANDING_NEW, STANDING_KNOWN /* in the baseline */, STANDING_SUPPRESSED, STANDING_UNDECIDED, STANDING_COUNT };

/* What findings can be: name and one line. A list ends with a row without a name. */
struct finding_kind { const char *name, *summary; };

struct anomalies {
    const struct ghost_model *m;
    const struct finding_kind *kinds;                /* all that were looked for */
    const struct detect_options *options;
    const char *const *only;                         /* kinds that were looked for; NULL or empty: all */
    const struct findings *findings;
    const enum standing *standing;                   /* by finding */
    const struct config_suppression *const *suppression;   /* by finding, NULL: none */
    uint64_t standings[STANDING_COUNT];
    uint64_t severities[SEVERITY_COUNT];             /* of the new ones */
    const struct config_suppression *const *expired; uint32_t n_expired;   /* held until a day that has passed, and would apply */
    const char *baseline;                            /* its file, NULL: none */
    const char *command;                             /* whose findings they are, for forms that say so; NULL: anomalies */
    const char *root;                                /* folder of the sources, for formats that want relative paths */
    bool verbose;
};

/* Shown: what is new, and everything with --verbose. */
static inline bool anomaly_is_shown(const struct anomalies *a, uint32_t i) { return a->verbose || a->standing[i] == STANDING_NEW; }
/* "new", "baseline", "suppressed", "undecided" */
extern const char *const standing_names[STANDING_COUNT];

/* The file as seen from `root`, when it lies in it; else as it is. */
struct ghost_str anomaly_path(const struct anomalies *a, struct ghost_str file);

/* Member "evidence" of an object: a list. */
struct json;
void anomaly_evidence_json(struct json *j, const struct finding *row);

/* Do not look for errors of the stream: its opener does. */
struct anomaly_printer { const char *name; void (*print)(FILE *f, const struct anomalies *a); };
#define ANOMALY_PRINTERS(X) X(text) X(json) X(csv) X(markdown) X(sarif) X(junit) X(github)
#define X(name) void anomalies_##name(FILE *f, const struct anomalies *a);
ANOMALY_PRINTERS(X)
#undef X

/* One finding with all its evidence, for --explain. */
void anomalies_explain(FILE *f, const struct anomalies *a, uint32_t finding);

#endif
