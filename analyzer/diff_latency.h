/* diff_latency.h - what the files that compare latencies share; docs/diff.md
 * derives the method.
 *
 *   diff_estimate.c   a measure of one side: its value and how much it varies by itself
 *   diff_machine.c    how fast the machine was, slice by slice, and who follows it
 *   diff_look.c       both of all functions of a side
 *   diff_latency.c    both sides compared
 *
 * Levels and effects are natural logarithms of ns, and differences of them. */
#ifndef GHOST_DIFF_LATENCY_H
#define GHOST_DIFF_LATENCY_H

#include "diff.h"
#include "statistics.h"

enum {
    DIFF_CALLS_LEAST = 30,       /* fewer calls tell nothing about their distribution */
    DIFF_CELLS_LEAST = 5,        /* and fewer slices nothing about its stability */
    DIFF_MANY = 64,              /* with so many others, leaving a function and its relatives out moves their middle by nothing worth a sort */
};

/* Is a function of that fn_key one of them? */
static inline bool diff_among(const struct profile_dist *d, struct ghost_str key)
{
    for (uint32_t i = 0; i < d->n; i++)
        if (ghost_str_compare(d->v[i].name, key) == 0)
            return true;
    return false;
}

/* ---- the machine of one side ---- */

/* Slowness of each slice of each process against the side's middle. */
struct diff_speed { double *slices; uint32_t n; double *levels; uint32_t n_functions; };

/* Where a cell's slice stands among all of its side. */
static inline uint32_t diff_cell_index(const struct diff_cell *c) { return c->process * GHOST_SLICES + c->slice; }
static inline uint32_t diff_n_slices(const struct diff_side *s) { return s->n_processes * GHOST_SLICES; }
/* Puts elements of `size`, which have such an index `at` bytes from their beginning, in its order; those of one
 * index stay in theirs. false: out of memory. */
bool diff_sort_by_slice(void *v, uint32_t n, size_t size, size_t at, uint32_t n_slices);
/* How much a function tells of the machine: by its calls, up to `most`, and its own time of one. */
double diff_witness_weight(double calls, double most, double ns);
/* A cell's typical latency; n finished calls, at least one. */
double diff_cell_level(const struct diff_cell *c);

/* From the functions of the side, without those marked in `skip` (NULL: all are asked). */
int diff_speed_make(struct diff_speed *s, const struct diff_side *side, const bool *skip, struct ghost_err *err);
void diff_speed_release(struct diff_speed *s);

/* What a function's own slices say of it and the machine. */
enum diff_nature {
    DIFF_UNSURE,                 /* it may follow the machine or not */
    DIFF_WAITS,                  /* the machine's speed moved, its latency did not: it waits for something else */
    DIFF_FOLLOWS,                /* both moved together */
};
struct diff_pace { double exposure; /* slowness while it ran, mean over its calls */ enum diff_nature nature; };
struct diff_pace diff_pace_of(const struct diff_function *f, const struct diff_speed *s, struct weighted *scratch);

/* ---- a measure of one side ---- */

/* Value in ns; variance of its logarithm towards smaller and towards larger values. */
struct estimate { double value, below, above, dof; bool known; };

/* All measures but the total; slices are taken at the machine's middle speed when `speed` is given. `z`: how
 * many standard errors the intervals of quantiles are made for. `pieces`: room for n_cells of them. */
void diff_estimate_all(const struct diff_function *f, const struct diff_speed *speed, double z, struct piece *pieces,
                       struct estimate out[DIFF_N_MEASURES]);
/* The value that a share of the calls do not exceed, ns; linear inside a bucket. Needs a finished call. */
double diff_quantile(const struct diff_function *f, double share);
/* Geometric mean, ns; 0 without calls. */
double diff_geometric(const struct diff_function *f);
/* Where the measure is a quantile, its share of the function's calls, else 0. Needs a finished call. */
double diff_share(const struct diff_function *f, enum diff_measure m);

/* ---- all of one side ---- */

struct diff_look { struct diff_pace pace; struct estimate of[DIFF_N_MEASURES]; };
/* By row of the side, filled for those with finished calls; `z` as in diff_estimate_all. The caller frees *out, on failure too. */
int diff_look_at_side(const struct diff_side *s, double z, struct diff_look **out, struct ghost_err *err);

#endif
