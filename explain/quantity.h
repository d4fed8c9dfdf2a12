/* quantity.h - numbers in prose: 1,843 calls; 0.012 s; 21.7 %; one in five;
 * p95; more than 3.2 times. */
#ifndef EXPLAIN_QUANTITY_H
#define EXPLAIN_QUANTITY_H

#include <stdbool.h>
#include <stddef.h>
#include "facts.h"

enum direction { AS_WRITTEN, ABOUT, MORE, LESS, OVER };  /* OVER: more than, or "over 402 calls" */

struct quantity {
    size_t at, len;                  /* bytes of the text, with the unit */
    size_t digits;                   /* bytes of the numeral alone */
    bool verbatim;                   /* a date, time or version: must stand in a fact as it is */
    bool bare;                       /* no unit of its own */
    bool percentile;                 /* 95th */
    bool line;                       /* the number of a line */
    bool vague;                      /* "thousands": no more than an order of magnitude */
    bool fraction;                   /* said as a fraction: one in five, a third */
    enum fact_unit unit;             /* of the values: NS, SHARE, RATIO, BYTES, or COUNT */
    enum direction direction;
    unsigned n;                      /* readings: 1,843 may be 1843 or 1.843 */
    struct { double value, ulp; bool zeros; } v[2]; /* ulp: worth of the last digit that counts; zeros: it stands before written zeros */
};

/* The next quantity at or after *at; moves *at behind it. False: there is none. */
bool quantity_next(const char *text, size_t *at, bool decimal_comma, struct quantity *q);

/* Is it the number of a fact, within what its writing tells? `text` is the prose. */
bool quantity_matches(const struct quantity *q, double fact, enum fact_unit unit);

#endif
