/* findings.c - the list that detectors fill: rows, texts, ids, order. */
#include "finding.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "findings_groups.h"

const char *const severity_names[] = { "low", "medium", "high", NULL };

const struct detector *const detectors[] = {
#define X(name) &detect_##name,
    DETECTORS(X)
#undef X
    NULL
};

/* ---- rows ---- */

void findings_release(struct findings *f)
{
    free(f->v);
    arena_release(&f->arena);
    *f = (struct findings){ 0 };
}

struct finding *findings_add(struct findings *f, struct ghost_err *err)
{
    if (!grow_array(&f->v, f->n, &f->cap, sizeof *f->v)) {
        ghost_fail(err, GHOST_E_NOMEM, "out of memory: too many findings");
        return NULL;
    }
    struct finding *row = &f->v[f->n++];
    *row = (struct finding){ .decided = true, .function = GHOST_NONE };
    struct ghost_str *strings[] = { &row->fn_key, &row->module, &row->qualname, &row->file, &row->param, &row->annotated,
                                    &row->observed, &row->message };
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        strings[i]->p = "";
    return row;
}

struct finding *findings_add_function(struct findings *f, const struct ghost_model *m, uint32_t function, struct ghost_err *err)
{
    const struct ghost_model_function *of = &m->functions[function];
    struct finding *row = findings_add(f, err);
    if (!row)
        return NULL;
    row->function = function;
    row->module = of->module;
    row->qualname = of->qualname;
    row->file = of->file;
    row->line = of->first_line;
    row->fn_key = findings_key(f, of->module, of->qualname, of->first_line);
    return row;
}

struct ghost_str findings_text(struct findings *f, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    char *text = n < 0 ? NULL : arena_alloc(&f->arena, (size_t)n + 1);
    if (text)
        vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    va_end(args);
    return text ? (struct ghost_str){ text, (uint32_t)n } : GHOST_STR("");
}

struct ghost_str findings_key(struct findings *f, struct ghost_str module, struct ghost_str qualname, uint32_t line)
{
    return findings_text(f, "%.*s:%.*s:%u", FINDING_STR(module), FINDING_STR(qualname), line);
}

void findings_evidence(struct findings *f, struct finding *row, const char *label, struct ghost_str text, uint64_t count, uint64_t of)
{
    struct evidence *v = ARENA_ARRAY(&f->arena, struct evidence, row->n_evidence + 1);
    if (!v)
        return;
    if (row->n_evidence)
        memcpy(v, row->evidence, row->n_evidence * sizeof *v);
    v[row->n_evidence] = (struct evidence){ label, text, count, of };
    row->evidence = v;
    row->n_evidence++;
}

/* ---- order ---- */

static unsigned kind_number(const char *kind)
{
    unsigned i = 0;
    while (detectors[i] && strcmp(detectors[i]->name, kind) != 0)
        i++;
    return i;
}

/* Of one thing: what makes an id. */
static int compare_things(const struct finding *a, const struct finding *b)
{
    unsigned x = kind_number(a->kind), y = kind_number(b->kind);
    int r = x != y ? (x < y ? -1 : 1) : ghost_str_compare(a->module, b->module);
    r = r ? r : ghost_str_compare(a->qualname, b->qualname);
    r = r ? r : ghost_str_compare(a->param, b->param);
    return r ? r : ghost_str_compare(a->observed, b->observed);
}

static int compare_places(const struct finding *a, const struct finding *b)
{
    int r = compare_things(a, b);
    r = r ? r : (a->line > b->line) - (a->line < b->line);
    r = r ? r : ghost_str_compare(a->file, b->file);
    return r ? r : ghost_str_compare(a->annotated, b->annotated);
}

static int by_thing(const void *a, const void *b) { return compare_places(a, b); }

/* A function's findings stand together; what is worst comes first. */
static int by_severity(const void *pa, const void *pb)
{
    const struct finding *a = pa, *b = pb;
    if (a->decided != b->decided)
        return a->decided ? -1 : 1;
    if (a->severity != b->severity)
        return a->severity > b->severity ? -1 : 1;
    int r = ghost_str_compare(a->module, b->module);
    r = r ? r : (a->line > b->line) - (a->line < b->line);
    r = r ? r : ghost_str_compare(a->qualname, b->qualname);
    return r ? r : compare_places(a, b);
}

/* ---- ids ---- */

static void hash_string(XXH3_state_t *h, struct ghost_str s)
{
    XXH3_64bits_update(h, s.p, s.len);
    XXH3_64bits_update(h, "", 1);
}

/* `twin`: the how many-th of several with the same names, in the order of their lines. */
static int set_id(struct finding *row, uint32_t twin)
{
    XXH3_state_t *h = XXH3_createState();
    char number[12];
    if (!h)
        return GHOST_E_NOMEM;
    XXH3_64bits_reset(h);
    hash_string(h, (struct ghost_str){ row->kind, (uint32_t)strlen(row->kind) });
    hash_string(h, row->module);
    hash_string(h, row->qualname);
    hash_string(h, row->param);
    hash_string(h, row->observed);
    if (twin)
        XXH3_64bits_update(h, number, (size_t)snprintf(number, sizeof number, "%u", twin));
    snprintf(row->id, sizeof row->id, "%016" PRIx64, (uint64_t)XXH3_64bits_digest(h));
    XXH3_freeState(h);
    return 0;
}

static int set_ids(struct findings *f)
{
    int ret = 0;
    uint32_t twin = 0;
    if (f->n)
        qsort(f->v, f->n, sizeof *f->v, by_thing);
    for (uint32_t i = 0; ret == 0 && i < f->n; i++) {
        twin = i && compare_things(&f->v[i - 1], &f->v[i]) == 0 ? twin + 1 : 0;
        ret = set_id(&f->v[i], twin);
    }
    return ret;
}

/* ---- all of them ---- */

static bool is_wanted(const char *const *only, const char *name)
{
    for (const char *const *o = only; o && *o; o++)
        if (strcmp(*o, name) == 0)
            return true;
    return !only || !*only;
}

int detect_all(const struct ghost_model *m, const struct profiles *p, const struct detect_options *o, const char *const *only,
               struct findings *out, struct ghost_err *err)
{
    struct groups groups;
    *out = (struct findings){ 0 };
    int ret = groups_make(&groups, m, p, err);
    if (ret < 0)
        return ret;
    struct detect_subject subject = { m, &groups };
    for (const struct detector *const *d = detectors; *d && ret == 0; d++) {
        uint32_t first = out->n;
        if (is_wanted(only, (*d)->name))
            ret = (*d)->run(&subject, o, out, err);
        for (uint32_t i = first; i < out->n; i++)
            out->v[i].kind = (*d)->name;
    }
    groups_release(&groups);
    if (ret >= 0 && (out->arena.failed || set_ids(out) < 0))
        ret = ghost_fail(err, GHOST_E_NOMEM, "out of memory while looking for anomalies");
    if (ret < 0) {
        findings_release(out);
        return ret;
    }
    for (uint32_t i = 0; i < out->n; i++)
        out->undecided += !out->v[i].decided;
    if (out->n)
        qsort(out->v, out->n, sizeof *out->v, by_severity);
    return 0;
}
