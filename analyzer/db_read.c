/* db_read.c - a database to the model it was written from.
 *
 * Rows give the arrays; ranges, which are only shortcuts, are found again from
 * the references. What is read is checked as a log is: numbers in range,
 * references to rows that exist, everything in its order. */
#include <string.h>

#include "db_open.h"
#include "db_row.h"
#include "model_build.h"

struct reader {
    sqlite3 *db;
    struct model_box *box;
    struct keyset strings;
    struct db_sink sink;
    struct ghost_err *err;
};

static int no_memory(struct reader *r)
{
    return ghost_fail(r->err, GHOST_E_NOMEM, "out of memory while reading an analysis");
}

static int disorder(struct reader *r, const struct db_table *t)
{
    return ghost_fail(r->err, GHOST_E_CORRUPT, "the rows of table %s are not the ones that were written", t->name);
}

static sqlite3_stmt *prepare_select(struct reader *r, const struct db_table *t)
{
    char sql[1024], *p = sql, *end = sql + sizeof sql;
    const char *key = t->parent ? t->parent->name : "id";
    p += snprintf(p, (size_t)(end - p), "SELECT %s%s", key, t->parent ? ", position" : "");
    for (unsigned i = 0; i < t->n_columns; i++)
        p += snprintf(p, (size_t)(end - p), ", \"%s\"", t->columns[i].name);
    snprintf(p, (size_t)(end - p), " FROM %s ORDER BY %s%s", t->name, key, t->parent ? ", position" : "");
    return db_sql_prepare(r->db, sql, r->err);
}

/* ---- arrays of the model ---- */

static int count_rows(struct reader *r, const struct db_table *t, uint32_t *n)
{
    char sql[96];
    int64_t rows = 0;
    snprintf(sql, sizeof sql, "SELECT ifnull(max(id) + 1, 0) FROM %s", t->name);
    int ret = db_sql_number(r->db, sql, &rows, r->err);
    if (ret < 0)
        return ret;
    if (rows < 0 || rows >= GHOST_NONE)
        return disorder(r, t);
    *n = (uint32_t)rows;
    return 0;
}

static int read_rows(struct reader *r, const struct db_table *t, char *v, uint32_t n)
{
    sqlite3_stmt *q = prepare_select(r, t);
    int ret = q ? 0 : GHOST_E_STATE, step = SQLITE_DONE;
    uint32_t i = 0;
    while (ret == 0 && (step = sqlite3_step(q)) == SQLITE_ROW) {
        ret = i < n && sqlite3_column_int64(q, 0) == i ? 0 : disorder(r, t);
        if (ret == 0)
            ret = db_row_fetch(q, 1, t, v + (size_t)i++ * t->size, &r->sink, r->err);
    }
    if (ret == 0 && step != SQLITE_DONE)
        ret = db_sql_fail(r->db, r->err, "reading the analysis");
    else if (ret == 0 && i != n)
        ret = disorder(r, t);
    sqlite3_finalize(q);
    return ret;
}

static int read_array(struct reader *r, const struct db_table *t)
{
    char *root = (char *)&r->box->m, *v = root;
    uint32_t n = 1;
    int ret = 0;
    if (t->list != DB_DIRECT) {
        ret = count_rows(r, t, &n);
        v = ret == 0 ? arena_array(&r->box->arena, n, t->size) : NULL;
        if (!v)
            return ret < 0 ? ret : no_memory(r);
        memset(v, 0, (size_t)n * t->size);
        memcpy(root + t->list, &v, sizeof v);
        memcpy(root + t->count, &n, sizeof n);
    }
    db_row_limits(&r->sink, t, &r->box->m);
    return read_rows(r, t, v, n);
}

/* ---- arrays inside their elements ---- */

struct gathered { char *v; uint32_t n, cap; int64_t parent; };

static int put_down(struct reader *r, const struct db_table *t, struct gathered *g)
{
    if (!g->n)
        return 0;
    char *owner = *(char **)((char *)&r->box->m + t->parent->list) + (size_t)g->parent * t->parent->size;
    if (t->list_inner)
        owner = *(char **)(owner + t->parent->inner);
    void *own = arena_copy(&r->box->arena, g->v, (size_t)g->n * t->size);
    if (!own)
        return no_memory(r);
    memcpy(owner + t->list, &own, sizeof own);
    memcpy(owner + t->count, &g->n, sizeof g->n);
    g->n = 0;
    return 0;
}

static int take_part(struct reader *r, const struct db_table *t, sqlite3_stmt *q, struct gathered *g, uint32_t parents)
{
    int64_t parent = sqlite3_column_int64(q, 0);
    int ret = 0;
    if (parent != g->parent)
        ret = put_down(r, t, g);
    if (ret < 0)
        return ret;
    g->parent = parent;
    if (parent < 0 || parent >= parents || sqlite3_column_int64(q, 1) != g->n)
        return disorder(r, t);
    if (!grow_array(&g->v, g->n, &g->cap, t->size))
        return no_memory(r);
    memset(g->v + (size_t)g->n * t->size, 0, t->size);
    return db_row_fetch(q, 2, t, g->v + (size_t)g->n++ * t->size, &r->sink, r->err);
}

static int read_parts(struct reader *r, const struct db_table *t)
{
    struct gathered g = { .parent = -1 };
    uint32_t parents = *(const uint32_t *)((const char *)&r->box->m + t->parent->count);
    sqlite3_stmt *q = prepare_select(r, t);
    int ret = q ? 0 : GHOST_E_STATE, step = SQLITE_DONE;
    db_row_limits(&r->sink, t, &r->box->m);
    while (ret == 0 && (step = sqlite3_step(q)) == SQLITE_ROW)
        ret = take_part(r, t, q, &g, parents);
    if (ret == 0 && step != SQLITE_DONE)
        ret = db_sql_fail(r->db, r->err, "reading the analysis");
    if (ret == 0)
        ret = put_down(r, t, &g);
    sqlite3_finalize(q);
    free(g.v);
    return ret;
}

/* ---- ranges ---- */

/* Children stand in the order of their parents: their range in each. */
#define RANGES(parents, range, number, children, n_children, parent_of)                        \
    for (uint32_t i = 0; i < (n_children); i++) {                                              \
        uint32_t of = (children)[i].parent_of;                                                 \
        if (of == GHOST_NONE || (i && of < (children)[i - 1].parent_of))                       \
            return false;                                                                      \
        if ((parents)[of].number++ == 0)                                                       \
            (parents)[of].range = i;                                                           \
    }

static bool rebuild_ranges(struct ghost_model *m)
{
    struct ghost_model_function *functions = (struct ghost_model_function *)m->functions;
    struct ghost_model_signature *signatures = (struct ghost_model_signature *)m->signatures;
    struct ghost_model_edge *edges = (struct ghost_model_edge *)m->edges;
    for (uint32_t i = 0; i < m->n_functions; i++)
        functions[i].annotations = GHOST_NONE;
    for (uint32_t i = m->n_annotations; i-- > 0;)      /* the first of several stays */
        functions[m->annotations[i].function].annotations = i;
    RANGES(functions, signatures, n_signatures, m->signatures, m->n_signatures, function)
    RANGES(signatures, edges, n_edges, m->edges, m->n_edges, signature)
    RANGES(edges, outcomes, n_outcomes, m->outcomes, m->n_outcomes, edge)
    RANGES(functions, rows, n_rows, m->rows, m->n_rows, function)
    return true;
}

/* Edges by caller: counted, then placed; within a caller they keep their order. */
static bool rebuild_callees(struct ghost_model *m, struct arena *arena)
{
    struct ghost_model_function *functions = (struct ghost_model_function *)m->functions;
    uint32_t *by_caller = ARENA_ARRAY(arena, uint32_t, m->n_edges), at = 0;
    if (!by_caller)
        return false;
    for (uint32_t i = 0; i < m->n_edges; i++)
        if (m->edges[i].caller != GHOST_NONE)
            functions[m->edges[i].caller].n_callees++;
    for (uint32_t i = 0; i < m->n_functions; i++) {
        functions[i].callees = functions[i].n_callees ? at : 0;
        at += functions[i].n_callees;
        functions[i].n_callees = 0;
    }
    for (uint32_t i = 0; i < m->n_edges; i++)
        if (m->edges[i].caller != GHOST_NONE) {
            struct ghost_model_function *f = &functions[m->edges[i].caller];
            by_caller[f->callees + f->n_callees++] = i;
        }
    m->by_caller = by_caller;
    return true;
}

/* ---- all of it ---- */

static int read_model(struct reader *r, enum db_part part)
{
    int ret = 0;
    for (size_t i = 0; ret == 0 && db_tables[i]; i++) {
        const struct db_table *t = db_tables[i];
        if (part == DB_ALL || t->head)
            ret = t->parent ? read_parts(r, t) : read_array(r, t);
    }
    if (ret < 0)
        return ret;
    if (!db_model_holds(&r->box->m))
        return ghost_fail(r->err, GHOST_E_CORRUPT, "the analysis contradicts itself");
    if (!rebuild_ranges(&r->box->m))
        return ghost_fail(r->err, GHOST_E_CORRUPT, "the rows of an analysis are not in the order they were written in");
    return rebuild_callees(&r->box->m, &r->box->arena) ? 0 : no_memory(r);
}

struct ghost_model *db_read_model(sqlite3 *db, enum db_part part, struct ghost_err *err)
{
    struct reader r = { .db = db, .err = err, .box = calloc(1, sizeof *r.box) };
    if (!r.box) {
        no_memory(&r);
        return NULL;
    }
    r.strings.arena = &r.box->arena;
    r.sink = (struct db_sink){ .arena = &r.box->arena, .strings = &r.strings };
    int ret = read_model(&r, part);
    if (ret == 0 && r.box->arena.failed)
        ret = no_memory(&r);
    keyset_release(&r.strings);
    if (ret == 0)
        return &r.box->m;
    ghost_model_free(&r.box->m);
    return NULL;
}
