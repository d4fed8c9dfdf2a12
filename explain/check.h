/* check.h - is what a model says in the facts?
 *
 * A claim holds when it cites facts that exist, when each number in it is a
 * number of the cited facts (after conversion of units and rounding to the
 * digits written), when each name in it is one of the cited facts or of the
 * subject, and when no word that relates them (mean, failed, never, most, slower,
 * slowest; English only) contradicts those facts. Such words that the facts do not
 * decide are counted and named; what all other words say is not decided at all:
 * docs/explain.md says so to its readers. */
#ifndef EXPLAIN_CHECK_H
#define EXPLAIN_CHECK_H

#include "facts.h"

struct verdict {
    bool holds;
    unsigned numbers, names;         /* how many were looked up */
    unsigned relations, open;        /* relating words that the facts decide, and that they do not */
    char words[120];                 /* the open ones, as written; the last may be left out */
    char reason[256];                /* the first fault, "" when it holds */
};

struct check_options {
    bool decimal_comma;              /* 12,5 may be twelve and a half, 1.843 a grouped number */
    bool english;                    /* capitalised words inside a sentence are names; relating words are known */
};
struct check_options check_options_for(const char *language);

/* It holds, but there was nothing in it that could be looked up. */
static inline bool verdict_is_vague(const struct verdict *v) { return v->holds && v->numbers + v->names + v->relations == 0; }

/* `cited` are numbers of facts. With `all` set, numbers and names of any fact will do
 * and none need be cited (what a model says that it does not know). */
void check_claim(const struct facts *f, const struct check_options *o, const char *text,
                 const unsigned *cited, size_t n_cited, bool all, struct verdict *v);

#endif
