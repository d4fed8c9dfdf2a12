/* diff_rules.h - what fails a build: --fail-on 'latency>1.3,p99>1.5,exceptions+1%,new-type,removed'.
 *
 *   MEASURE>RATIO    a significant change of that measure to more than RATIO times (latency: typical, mean or p50)
 *   MEASURE<RATIO    the same to less than RATIO times
 *   calls>RATIO      calls (per call of the entry point with --per), against the traffic
 *   exceptions+N%    the exception rate rose significantly and by more than N percentage points
 *   new-type, new-signature, new-exception, new-call, new-anomaly, added, removed, renamed */
#ifndef GHOST_DIFF_RULES_H
#define GHOST_DIFF_RULES_H

#include "diff.h"

struct diff_rule { const char *text; const struct diff_rule_kind *kind; double limit; bool below; };
struct diff_rules { struct diff_rule *v; uint32_t n; char *storage; };

/* Parses lists of rules separated by commas; GHOST_E_USAGE names the wrong one and what there is. */
int diff_rules_parse(struct diff_rules *r, const char *const *lists, size_t n, struct ghost_err *err);
void diff_rules_release(struct diff_rules *r);

/* Every place where a rule fires: findings of kind = the rule's text, severity high, in the diff's order. */
int diff_rules_apply(const struct diff_rules *r, const struct diff *d, struct findings *out, struct ghost_err *err);

#endif
