/* slices.c - sums by time. */
#include "slices.h"

/* All numbers in use lie within GHOST_SLICES of each other: their remainder tells them apart. */
static uint64_t key_of(uint32_t who, uint64_t number) { return (uint64_t)who * GHOST_SLICES + number % GHOST_SLICES; }

void slices_release(struct slices *s)
{
    free(s->rows);
    table_release(&s->by_key);
    *s = (struct slices){ 0 };
}

static void add_sums(struct slice_sums *to, const struct slice_sums *from)
{
    to->calls += from->calls;
    to->exceptions += from->exceptions;
    to->finished += from->finished;
    to->total += from->total;
    to->self += from->self;
    to->log_sum += from->log_sum;
    to->log_squares += from->log_squares;
}

static bool add_row(struct slices *s, const struct slice_row *row)
{
    if (!grow_array(&s->rows, s->n, &s->cap, sizeof *s->rows))
        return false;
    uint32_t i = table_put(&s->by_key, key_of(row->who, row->number), s->n);
    if (i == TABLE_NONE)
        return false;
    if (i == s->n)
        s->rows[s->n++] = (struct slice_row){ .who = row->who, .number = row->number };
    add_sums(&s->rows[i].sums, &row->sums);
    return true;
}

/* Slices that are 1 << by times as wide; rows move down over rows already read. */
static bool widen(struct slices *s, unsigned by)
{
    uint32_t n = s->n;
    s->shift += by;
    s->first >>= by;
    s->last >>= by;
    s->n = 0;
    table_release(&s->by_key);
    for (uint32_t i = 0; i < n; i++) {
        struct slice_row row = s->rows[i];
        row.number >>= by;
        if (!add_row(s, &row))
            return false;
    }
    return true;
}

bool slices_reach(struct slices *s, unsigned shift)
{
    if (s->shift)
        return shift <= s->shift || widen(s, shift - s->shift);
    s->shift = shift;                                /* no slice is in use yet: see slices_add */
    return true;
}

bool slices_add(struct slices *s, uint32_t who, uint64_t real, const struct slice_sums *sums)
{
    if (!s->shift)
        s->shift = SLICE_LEAST_SHIFT;
    if (!s->n)
        s->first = s->last = slice_number(s, real);
    uint64_t number = slice_number(s, real), first = number < s->first ? number : s->first, last = number > s->last ? number : s->last;
    unsigned by = 0;
    while ((last >> by) - (first >> by) >= GHOST_SLICES)
        by++;
    if (by && !widen(s, by))
        return false;
    s->first = first >> by;
    s->last = last >> by;
    struct slice_row row = { .who = who, .number = number >> by, .sums = *sums };
    return add_row(s, &row);
}
