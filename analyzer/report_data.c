/* report_data.c - what a report shows: from the database when the profiles alone will do,
 * else from the whole model. */
#include <sqlite3.h>
#include <string.h>

#include "db.h"
#include "load.h"
#include "report.h"
#include "session.h"

const char *const *const report_sorts = db_sorts;

/* ---- order ---- */

static double rate(const struct profile *p) { return p->calls ? (double)p->exceptions / (double)p->calls : 0; }
static double by_calls(const struct profile *p) { return (double)p->calls; }
static double by_p50(const struct profile *p) { return (double)p->p50; }
static double by_p95(const struct profile *p) { return (double)p->p95; }
static double by_p99(const struct profile *p) { return (double)p->p99; }
static double by_max(const struct profile *p) { return (double)p->max; }
static double by_total(const struct profile *p) { return (double)p->total; }
static double by_self(const struct profile *p) { return (double)p->self; }
static double by_exceptions(const struct profile *p) { return (double)p->exceptions; }
static double by_nothing(const struct profile *p) { (void)p; return 0; }

struct order { const char *name; double (*of)(const struct profile *p), (*then)(const struct profile *p); };
static const struct order orders[] = {
    { "calls", by_calls, by_total }, { "latency", profile_mean, by_calls }, { "mean", profile_mean, by_calls },
    { "p50", by_p50, by_calls }, { "p95", by_p95, by_calls }, { "p99", by_p99, by_calls }, { "max", by_max, by_calls },
    { "total", by_total, by_calls }, { "self", by_self, by_calls }, { "exceptions", rate, by_exceptions },
    { "rate", rate, by_exceptions }, { "name", by_nothing, by_nothing },
};

static int compare(const void *pa, const void *pb, void *self)
{
    const struct order *o = self;
    const struct profile *a = *(const struct profile *const *)pa, *b = *(const struct profile *const *)pb;
    double x = o->of(a) - o->of(b);
    if (x == 0)
        x = o->then(a) - o->then(b);
    return x != 0 ? (x < 0 ? 1 : -1) : a < b ? -1 : a > b;      /* profiles stand in the order of their keys */
}

void report_sort(const struct profile **v, uint64_t n, const char *sort)
{
    const struct order *o = orders;
    while (strcmp(o->name, sort) != 0)
        o++;
    qsort_r(v, n, sizeof *v, compare, (void *)o);
}

struct ghost_str report_name(struct arena *a, const struct profile *p)
{
    size_t size = (size_t)p->qualname.len + 12;
    char *text = arena_alloc(a, size);
    if (!text)
        return GHOST_STR("");
    return (struct ghost_str){ text, (uint32_t)snprintf(text, size, "%s:%u", p->qualname.p, p->line) };
}

/* ---- all of it ---- */

static bool is_wanted(const struct report_options *o, const struct profile *p)
{
    return (o->modules || !p->is_module) && (!o->module || sqlite3_strglob(o->module, p->module.p) == 0) &&
           (!o->function || sqlite3_strglob(o->function, p->qualname.p) == 0);
}

static int choose(struct report *r, struct ghost_err *err)
{
    r->v = malloc((r->p.n ? r->p.n : 1) * sizeof *r->v);
    if (!r->v)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    for (uint32_t i = 0; i < r->p.n; i++) {
        const struct profile *p = &r->p.v[i];
        *(p->is_module ? &r->modules : &r->functions) += 1;
        r->unfinished += p->unfinished;
        if (is_wanted(r->o, p))
            r->v[r->matching++] = p;
    }
    report_sort(r->v, r->matching, r->o->sort);
    r->n = r->o->top && r->o->top < r->matching ? r->o->top : r->matching;
    return 0;
}

static int load_whole(struct report *r, const char *session, struct ghost_err *err)
{
    const struct report_options *o = r->o;
    r->m = load_model_range(o->data_dir, session, (unsigned)o->jobs, o->from, o->to, err);
    if (!r->m)
        return err->code;
    int ret = profiles_make(&r->p, r->m, err);
    return ret < 0 ? ret : choose(r, err);
}

/* ---- the profiles that are shown ---- */

static int read_top(struct report *r, struct db *d, struct ghost_err *err)
{
    const struct report_options *o = r->o;
    struct db_top top = { .sort = o->sort, .limit = o->top, .modules = o->modules, .module = o->module, .function = o->function,
                          .distributions = strcmp(o->format, "json") == 0 };
    struct db_totals totals;
    r->m = db_read(d, DB_HEAD, err);
    if (!r->m)
        return err->code;
    int ret = db_profiles(d, &top, &r->p, &totals, err);
    if (ret < 0)
        return ret;
    r->v = malloc((r->p.n ? r->p.n : 1) * sizeof *r->v);
    if (!r->v)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    for (; r->n < r->p.n; r->n++)
        r->v[r->n] = &r->p.v[r->n];
    r->matching = totals.matching;
    r->functions = totals.functions;
    r->modules = totals.modules;
    r->unfinished = totals.unfinished;
    return 0;
}

static int load_top(struct report *r, const char *session, struct ghost_err *err)
{
    struct session s;
    struct db *d = NULL;
    struct db_request request = { .jobs = (unsigned)r->o->jobs };
    int ret = session_resolve(r->o->data_dir, session, &s, err);
    if (ret < 0)
        return ret;
    ret = db_open(&s, &request, &d, err);
    if (ret == 0) {
        ret = read_top(r, d, err);
        db_close(d);
    }
    session_release(&s);
    return ret;
}

int report_load(struct report *r, const struct report_options *o, const char *session, bool whole, struct ghost_err *err)
{
    *r = (struct report){ .o = o };
    int ret = whole || o->from || o->to ? load_whole(r, session, err) : load_top(r, session, err);
    if (ret < 0)
        report_release(r);
    return ret;
}

void report_release(struct report *r)
{
    free(r->v);
    profiles_release(&r->p);
    ghost_model_free(r->m);
    *r = (struct report){ 0 };
}
