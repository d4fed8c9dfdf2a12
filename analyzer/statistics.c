/* statistics.c - see statistics.h for the sources. */
#include "statistics.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static double upper_tail(double x) { return 0.5 * erfc(x / sqrt(2)); }

double normal_upper(double p)
{
    if (p > 0.5)
        return -normal_upper(1 - p);
    /* a start within a few percent, then Newton on log P, which is nearly a parabola */
    double x = sqrt(fmax(0, -2 * log(p) - log(fmax(1, -2 * log(p) * 2))));
    for (int i = 0; i < 60; i++) {
        double tail = upper_tail(x), density = exp(-x * x / 2) / sqrt(2 * 3.14159265358979323846);
        double step = (log(tail) - log(p)) * tail / density;
        x += step;
        if (fabs(step) < 1e-13)
            break;
    }
    return x;
}

double student_upper(double p, double dof)
{
    if (p > 0.5)
        return -student_upper(1 - p, dof);
    if (dof > 1e7)
        return normal_upper(p);
    if (dof < 2.5) { /* exact for 1 and 2, between them by dof */
        double one = 1 / tan(3.14159265358979323846 * p), two = (1 - 2 * p) * sqrt(2 / (4 * p * (1 - p)));
        double part = dof <= 1 ? 0 : dof >= 2 ? 1 : dof - 1;
        return one * (1 - part) + two * part;
    }
    double a = 1 / (dof - 0.5), b = 48 / (a * a);
    double c = ((20700 * a / b - 98) * a - 16) * a + 96.36;
    double d = ((94.5 / (b + c) - 3) / b + 1) * sqrt(a * 3.14159265358979323846 / 2) * dof;
    double x = d * 2 * p, y = pow(x, 2 / dof);
    if (y > 0.05 + a) {
        x = -normal_upper(p);
        y = x * x;
        if (dof < 5)
            c += 0.3 * (dof - 4.5) * (x + 0.6);
        c = (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b + c;
        y = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / c - y - 3) / b + 1) * x;
        y = expm1(a * y * y);
    } else {
        y = ((1 / (((dof + 6) / (dof * y) - 0.089 * d - 0.822) * (dof + 2) * 3) + 0.5 / (dof + 4)) * y - 1) * (dof + 1) / (dof + 2) + 1 / y;
    }
    return sqrt(dof * y);
}

struct interval wilson(double k, double n, double z)
{
    if (n <= 0)
        return (struct interval){ 0, 1 };
    double p = k / n, z2 = z * z, middle = (p + z2 / (2 * n)) / (1 + z2 / n);
    double half = z / (1 + z2 / n) * sqrt(p * (1 - p) / n + z2 / (4 * n * n));
    return (struct interval){ fmax(0, middle - half), fmin(1, middle + half) };
}

struct interval newcombe(double ka, double na, double kb, double nb, double z)
{
    if (na <= 0 || nb <= 0)
        return (struct interval){ -1, 1 };
    double pa = ka / na, pb = kb / nb, d = pb - pa;
    struct interval a = wilson(ka, na, z), b = wilson(kb, nb, z);
    return (struct interval){ d - sqrt((pb - b.low) * (pb - b.low) + (a.high - pa) * (a.high - pa)),
                              d + sqrt((b.high - pb) * (b.high - pb) + (pa - a.low) * (pa - a.low)) };
}

static void swap(struct weighted *a, struct weighted *b)
{
    struct weighted t = *a;
    *a = *b;
    *b = t;
}

static double middle_of_three(double a, double b, double c) { return fmax(fmin(a, b), fmin(fmax(a, b), c)); }

/* A part of the values, split by a pivot into smaller, equal and larger ones. */
struct split { uint32_t equal, larger; double below, at /* their weights */, largest_below, least_above; };

static struct split split_by(struct weighted *v, uint32_t lo, uint32_t hi, double pivot)
{
    struct split s = { lo, hi, 0, 0, -INFINITY, INFINITY };
    for (uint32_t i = lo; i < s.larger;) {
        if (v[i].value < pivot) {
            s.below += v[i].weight;
            s.largest_below = fmax(s.largest_below, v[i].value);
            swap(&v[i++], &v[s.equal++]);
        } else if (v[i].value > pivot) {
            s.least_above = fmin(s.least_above, v[i].value);
            swap(&v[i], &v[--s.larger]);
        } else {
            s.at += v[i++].weight;
        }
    }
    return s;
}

/* Hoare's selection, by weight: the part in which half of the weight is reached is split again. */
double weighted_median(struct weighted *v, uint32_t n)
{
    double all = 0, seen = 0, before = -INFINITY, behind = INFINITY;
    for (uint32_t i = 0; i < n; i++)
        all += v[i].weight;
    double half = all / 2, near = all * 1e-12;               /* sums in another order differ by so much */
    for (uint32_t lo = 0, hi = n; lo < hi;) {
        double pivot = middle_of_three(v[lo].value, v[lo + (hi - lo) / 2].value, v[hi - 1].value);
        struct split s = split_by(v, lo, hi, pivot);
        double below = seen + s.below, through = below + s.at, last = fmax(before, s.largest_below), next = fmin(behind, s.least_above);
        if (below > half + near) {
            hi = s.equal;
            behind = pivot;
        } else if (below >= half - near && last > -INFINITY) {
            return (last + pivot) / 2;
        } else if (through > half + near) {
            return pivot;
        } else if (through >= half - near) {
            return next < INFINITY ? (pivot + next) / 2 : pivot;
        } else {
            lo = s.larger;
            seen = through;
            before = pivot;
        }
    }
    return 0;
}

double weighted_spread(struct weighted *v, uint32_t n, double middle)
{
    for (uint32_t i = 0; i < n; i++)
        v[i].value = fabs(v[i].value - middle);
    return MAD_SIGMA * weighted_median(v, n);
}

/* Variance of the ratio of sums, pieces taken as independent. */
static double variance_of(const struct piece *v, uint32_t n, double mean, double weight)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        double off = v[i].y - mean * v[i].w;
        sum += off * off;
    }
    return sum / (weight * weight) * n / (n - 1);
}

struct clustered clustered_mean(struct piece *v, uint32_t n, uint32_t least)
{
    struct clustered c = { 0, 0, 0 };
    double w = 0, y = 0;
    for (uint32_t i = 0; i < n; i++) {
        w += v[i].w;
        y += v[i].y;
    }
    if (w <= 0)
        return c;
    c.mean = y / w;
    for (bool first = true; n >= 2 && (first || n >= least); first = false) {
        double variance = variance_of(v, n, c.mean, w);
        if (first || variance > c.variance) {
            c.variance = variance;
            c.dof = n - 1;
        }
        uint32_t half = 0;
        for (uint32_t i = 0; i < n; i += 2)
            v[half++] = (struct piece){ v[i].w + (i + 1 < n ? v[i + 1].w : 0), v[i].y + (i + 1 < n ? v[i + 1].y : 0) };
        n = half;
    }
    return c;
}
