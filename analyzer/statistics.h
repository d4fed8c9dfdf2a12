/* statistics.h - the few distributions and estimators that comparisons need.
 *
 * Sources: normal quantile: Wichura, AS 241 (1988), through Newton steps on erfc; Student's t by
 * Hill, Algorithm 396 (1970); intervals of a proportion: Wilson (1927), of a difference of two: Newcombe,
 * method 10 (1998); standard errors of correlated series by groups that grow: Flyvbjerg and
 * Petersen (1989). */
#ifndef GHOST_STATISTICS_H
#define GHOST_STATISTICS_H

#include <stdint.h>

/* x with P(X > x) = p, 0 < p < 1. */
double normal_upper(double p);
/* The same of Student's t with `dof` degrees of freedom (1 or more, need not be whole). */
double student_upper(double p, double dof);

struct interval { double low, high; };

/* Of a proportion k of n, z standard errors to either side; `n` may be an effective number. */
struct interval wilson(double k, double n, double z);
/* Of kb/nb - ka/na. */
struct interval newcombe(double ka, double na, double kb, double nb, double z);

struct weighted { double value, weight; };
/* Half of the weight on either side, 0 when there is none. Reorders v, whose values are numbers. */
double weighted_median(struct weighted *v, uint32_t n);
#define MAD_SIGMA 1.4826     /* a median absolute deviation of normal values to their standard deviation */
/* How far values go from `middle`, as a standard deviation: by the median of the distances, which replace them in v. */
double weighted_spread(struct weighted *v, uint32_t n, double middle);

/* Sums of a piece of a series: y over w things. */
struct piece { double w, y; };
struct clustered {
    double mean;             /* sum of y / sum of w */
    double variance;         /* of that mean, whatever is correlated inside a piece or between neighbours */
    double dof;              /* pieces behind it, less one; 0: not to be told */
};
/* The mean of a series in order of time and its variance: the largest of those that single pieces,
 * pairs, fours ... of neighbours give, as long as there are `least` of them. Changes v. */
enum { GROUPS_LEAST = 6 };
struct clustered clustered_mean(struct piece *v, uint32_t n, uint32_t least);

#endif
