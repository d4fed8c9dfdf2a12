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

static int by_value(const void *a, const void *b)
{
    double x = ((const struct weighted *)a)->value, y = ((const struct weighted *)b)->value;
    return (x > y) - (x < y);
}

double weighted_median(struct weighted *v, uint32_t n)
{
    double all = 0, seen = 0;
    if (n)
        qsort(v, n, sizeof *v, by_value);
    for (uint32_t i = 0; i < n; i++)
        all += v[i].weight;
    for (uint32_t i = 0; i < n; i++) {
        seen += v[i].weight;
        if (seen > all / 2)
            return v[i].value;
        if (seen == all / 2 && i + 1 < n)
            return (v[i].value + v[i + 1].value) / 2;
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
