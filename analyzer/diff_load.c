/* diff_load.c - from the names of sessions to the sides of a comparison. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diff.h"
#include "load.h"
#include "threads.h"
#include "when.h"

/* A side on its way: its sessions' models, then all of it. */
struct coming { char *names; const char **v; struct ghost_model **models; uint32_t n; struct diff_side *side; };

static void coming_release(struct coming *c)
{
    for (uint32_t i = 0; c->models && i < c->n; i++)
        ghost_model_free(c->models[i]);
    free(c->models);
    free(c->v);
    free(c->names);
}

/* ---- names ---- */

/* "s1,s2" */
static int take_names(struct coming *c, const char *list, struct ghost_err *err)
{
    size_t n = 1;
    for (const char *at = list; *at; at++)
        n += *at == ',';
    c->names = strdup(list);
    c->v = calloc(n, sizeof *c->v);
    c->models = calloc(n, sizeof(struct ghost_model *));
    if (!c->names || !c->v || !c->models)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    char *rest = c->names, *name;
    while ((name = strsep(&rest, ",")))
        if (*name)
            c->v[c->n++] = name;
    return c->n ? 0 : ghost_fail(err, GHOST_E_USAGE, "'%s' names no session", list);
}

/* ---- sides ---- */

static int make_side(void *self, struct ghost_err *err)
{
    struct coming *c = self;
    struct ghost_model **models = c->models;
    c->models = NULL;                    /* the side's, whatever becomes of it */
    return diff_side_make(c->side, models, c->n, err);
}

/* Releases both, and on failure also what there is of the sides. */
static int make_sides(struct coming *before, struct coming *after, unsigned jobs, int ret, struct ghost_err *err)
{
    if (ret == 0)
        ret = threads_both(jobs, make_side, before, after, err);
    if (ret < 0) {
        diff_side_release(before->side);
        diff_side_release(after->side);
    }
    coming_release(before);
    coming_release(after);
    return ret;
}

int diff_load(struct diff_side *before, struct diff_side *after, const struct diff_sources *o, const char *before_list, const char *after_list,
              struct ghost_err *err)
{
    struct coming b = { .side = before }, a = { .side = after };
    *before = *after = (struct diff_side){ 0 };
    int ret = take_names(&b, before_list, err);
    if (ret == 0)
        ret = take_names(&a, after_list, err);
    if (ret == 0)
        ret = load_lists(o->data_dir, &(struct load_list){ b.v, b.models, b.n }, &(struct load_list){ a.v, a.models, a.n }, o->jobs, err);
    return make_sides(&b, &a, o->jobs, ret, err);
}

/* ---- one session before and after a moment ---- */

/* What the user may have meant. */
static int no_moment(const struct ghost_model *m, const char *moment, struct ghost_err *err)
{
    char names[256] = "";
    for (uint32_t i = 0; i < m->n_marks && strlen(names) < 200; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s'%.60s'", i ? ", " : "", m->marks[i].name.p);
    return ghost_fail(err, GHOST_E_USAGE, "--split: '%s' is neither a time nor a mark of session %.*s, which has %s. Times are 2026-11-21T12:04:05 (local time; "
                      "Z or +01:00 behind it for another zone), seconds since 1970, +10s after the session's beginning, -30s before its end",
                      moment, FINDING_STR(m->session), *names ? names : "no marks");
}

/* A mark's name is the moment it was first set; anything else is a time, and stays as it is. */
static int moment_of(const struct diff_sources *o, const char *session, const char *moment, char out[40], struct ghost_err *err)
{
    struct ghost_model *m = load_model(o->data_dir, session, o->jobs, err);
    if (!m)
        return err->code;
    out[0] = '\0';
    for (uint32_t i = 0; i < m->n_marks; i++)
        if (strcmp(m->marks[i].name.p, moment) == 0)
            snprintf(out, 40, "%llu.%09llu", (unsigned long long)(m->marks[i].first_real / 1000000000u),
                     (unsigned long long)(m->marks[i].first_real % 1000000000u));
    struct when when;
    struct ghost_err none = GHOST_ERR_INIT;
    int ret = *out || when_parse(moment, "split", &when, &none) == 0 ? 0 : no_moment(m, moment, err);
    ghost_model_free(m);
    return ret;
}

static int load_range(struct coming *c, const struct diff_sources *o, const char *session, const char *from, const char *to, struct ghost_err *err)
{
    c->models = calloc(2, sizeof(struct ghost_model *));
    if (!c->models)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    c->models[0] = load_model_range(o->data_dir, session, o->jobs, from, to, err);
    c->n = 1;
    return c->models[0] ? 0 : err->code;
}

int diff_load_split(struct diff_side *before, struct diff_side *after, const struct diff_sources *o, const char *session, const char *moment,
                    struct ghost_err *err)
{
    struct coming b = { .side = before }, a = { .side = after };
    char mark[40];
    *before = *after = (struct diff_side){ 0 };
    int ret = moment_of(o, session, moment, mark, err);
    moment = ret == 0 && *mark ? mark : moment;
    if (ret == 0)
        ret = load_range(&b, o, session, NULL, moment, err);
    if (ret == 0)
        ret = load_range(&a, o, session, moment, NULL, err);
    return make_sides(&b, &a, o->jobs, ret, err);
}
