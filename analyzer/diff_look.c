/* diff_look.c - what a side tells of its functions by itself, whatever the other side is. */
#include <stdlib.h>

#include "diff_latency.h"

/* A side, how fast its machine was, and room for one function at a time. */
struct eye {
    const struct diff_side *side;
    struct diff_speed speed;
    struct weighted *scratch;
    struct piece *pieces;
    bool *skip;
};

static int no_memory(struct ghost_err *err) { return ghost_fail(err, GHOST_E_NOMEM, "out of memory while comparing latencies"); }

static int open_eye(struct eye *e, const struct diff_side *s, struct ghost_err *err)
{
    uint32_t most = 1;
    for (uint32_t i = 0; i < s->n; i++)
        most = s->v[i].n_cells > most ? s->v[i].n_cells : most;
    *e = (struct eye){ .side = s, .scratch = calloc(most, sizeof *e->scratch), .pieces = calloc(most, sizeof *e->pieces),
                       .skip = calloc((size_t)s->n + 1, sizeof *e->skip) };
    return e->scratch && e->pieces && e->skip ? diff_speed_make(&e->speed, s, NULL, err) : no_memory(err);
}

static void close_eye(struct eye *e)
{
    diff_speed_release(&e->speed);
    free(e->scratch);
    free(e->pieces);
    free(e->skip);
}

static void mark_relatives(const struct diff_side *s, const struct diff_function *f, bool *skip)
{
    for (uint32_t i = 0; i < s->n; i++)
        skip[i] = &s->v[i] == f || diff_among(&f->callers, s->v[i].fn_key) || diff_among(&f->callees, s->v[i].fn_key);
}

/* The speed as all others of a side saw it, made anew for each function of a small program. */
static int look_at(struct eye *e, const struct diff_function *f, double z, struct diff_look *out, struct ghost_err *err)
{
    struct diff_speed alone = { 0 }, *all = &e->speed;
    if (e->side->n < DIFF_MANY) {
        mark_relatives(e->side, f, e->skip);
        int ret = diff_speed_make(&alone, e->side, e->skip, err);
        if (ret < 0)
            return ret;
        all = &alone;
    }
    out->pace = diff_pace_of(f, all, e->scratch);
    diff_estimate_all(f, out->pace.nature == DIFF_WAITS ? NULL : all, z, e->pieces, out->of);
    diff_speed_release(&alone);
    return 0;
}

int diff_look_at_side(const struct diff_side *s, double z, struct diff_look **out, struct ghost_err *err)
{
    struct eye e = { 0 };
    *out = calloc((size_t)s->n + 1, sizeof **out);
    int ret = *out ? open_eye(&e, s, err) : no_memory(err);
    for (uint32_t i = 0; ret == 0 && i < s->n; i++)
        if (s->v[i].finished)
            ret = look_at(&e, &s->v[i], z, &(*out)[i], err);
    close_eye(&e);
    return ret;
}
