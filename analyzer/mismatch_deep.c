/* mismatch_deep.c - what was seen inside containers (--deep) and does not fit, as
 * findings: one for each way into the container and type that was met there. The
 * container as such fits; when it does not, mismatch_report.c tells. */
#include <inttypes.h>
#include <string.h>

#include "annot_type.h"
#include "mismatch.h"
#include "term.h"

struct misfit { uint32_t sample; struct annot_fault fault; bool reported; };

struct deep {
    const struct place *p;
    const struct ghost_model *m;
    const struct ghost_model_sample *samples; uint32_t n_samples;    /* of the place */
    struct misfit *v; uint32_t n, cap;
};

static const struct ghost_model_type *container_of(const struct deep *d, uint32_t sample)
{
    uint32_t type = d->m->contents[d->samples[sample].content].type;
    return type < d->m->n_types ? &d->m->types[type] : NULL;
}

/* ---- judging ---- */

static int add_faults(struct deep *d, uint32_t sample, const struct annot_faults *all)
{
    for (unsigned i = 0; i < all->n; i++) {
        if (!grow_array(&d->v, d->n, &d->cap, sizeof *d->v))
            return GHOST_E_NOMEM;
        d->v[d->n++] = (struct misfit){ .sample = sample, .fault = all->v[i] };
    }
    return 0;
}

/* Samples of one content and index, from other callers, stand together. */
static int judge_samples(struct deep *d, deep_judge *judge, void *self)
{
    struct annot_faults all = { .n = 0 };
    for (uint32_t i = 0; i < d->n_samples; i++) {
        const struct ghost_model_sample *s = &d->samples[i], *before = i ? s - 1 : NULL;
        if (!before || before->content != s->content || before->index != s->index) {
            all.n = 0;
            judge(self, s, &all);
        }
        if (add_faults(d, i, &all) < 0)
            return GHOST_E_NOMEM;
    }
    return 0;
}

/* ---- groups ---- */

static bool same_types(const struct ghost_model_type *a, const struct ghost_model_type *b) { return a == b || (a && b && type_same(a, b)); }

static const struct ghost_model_type *type_at(const struct deep *d, const struct misfit *f)
{
    return f->fault.type < d->m->n_types ? &d->m->types[f->fault.type] : NULL;
}

static bool same_group(const struct deep *d, const struct misfit *a, const struct misfit *b)
{
    if (a->fault.n_path != b->fault.n_path || a->fault.answer.verdict != b->fault.answer.verdict)
        return false;
    for (unsigned i = 0; i < a->fault.n_path; i++)
        if (a->fault.path[i].role != b->fault.path[i].role || a->fault.path[i].position != b->fault.path[i].position)
            return false;
    return same_types(type_at(d, a), type_at(d, b)) && same_types(container_of(d, a->sample), container_of(d, b->sample));
}

/* Counts the objects of a group and those of the same container type it is one of, by caller. */
static void count_group(struct deep *d, const struct misfit *first, struct finding *row, struct tallies *callers)
{
    uint32_t next = 0;
    for (uint32_t s = 0; s < d->n_samples; s++) {
        bool in_group = false;
        for (; next < d->n && d->v[next].sample == s; next++)
            if (same_group(d, first, &d->v[next]))
                in_group = d->v[next].reported = true;
        if (!same_types(container_of(d, s), container_of(d, first->sample)))
            continue;
        uint64_t n = d->samples[s].count, odd = in_group ? n : 0;
        row->count += odd;
        row->total += n;
        tally_add(callers, d->samples[s].caller, odd, n);
    }
}

/* ---- words ---- */

static const char *const role_words[] = { [ANNOT_ELEMENT] = "an element", [ANNOT_KEY] = "a key", [ANNOT_VALUE] = "a value" };

/* "a value of item [1]", from the inside out. */
static struct ghost_str path_text(struct findings *out, const struct annot_fault *f, unsigned n)
{
    struct ghost_str text = GHOST_STR("");
    for (unsigned i = n; i-- > 0;) {
        const struct annot_step *s = &f->path[i];
        const char *of = text.len ? " of " : "";
        text = s->role == ANNOT_POSITION ? findings_text(out, "%.*s%sitem [%u]", FINDING_STR(text), of, s->position)
                                         : findings_text(out, "%.*s%s%s", FINDING_STR(text), of, role_words[s->role]);
    }
    return text;
}

static struct ghost_str length_text(struct findings *out, uint32_t size)
{
    return size > GHOST_TUPLE_APART ? findings_text(out, "more than %u elements", GHOST_TUPLE_APART)
                                    : findings_text(out, "%u element%s", size, size == 1 ? "" : "s");
}

/* As an annotation that says this and no more: dict[_, list[str]]; _ is what is not spoken of. */
static struct ghost_str shape_text(struct deep *d, struct findings *out, const struct misfit *f)
{
    static const char *const forms[] = { [ANNOT_ELEMENT] = "[%.*s]", [ANNOT_KEY] = "[%.*s, _]", [ANNOT_VALUE] = "[_, %.*s]" };
    const struct ghost_model_type *t = type_at(d, f), *container = container_of(d, f->sample);
    struct ghost_str text = t ? findings_text(out, "%.*s.%.*s", FINDING_STR(t->module), FINDING_STR(t->qualname)) : GHOST_STR("_");
    if (t && str_equals(t->module, "builtins"))
        text = t->qualname;
    for (unsigned i = f->fault.n_path; i-- > 0;) {
        const struct annot_step *s = &f->fault.path[i];
        if (s->role == ANNOT_LENGTH)
            text = findings_text(out, "[%.*s]", FINDING_STR(length_text(out, s->position)));
        else if (s->role == ANNOT_POSITION)
            text = findings_text(out, "[%u: %.*s]", s->position, FINDING_STR(text));
        else
            text = findings_text(out, forms[s->role], FINDING_STR(text));
    }
    return findings_text(out, "%.*s%.*s", FINDING_STR(container ? container->qualname : GHOST_STR("?")), FINDING_STR(text));
}

/* With its module where the annotation has the same name. */
static struct ghost_str type_text(const struct deep *d, const struct ghost_model_type *t, struct findings *out)
{
    if (!t)
        return GHOST_STR("?");
    return str_equals(t->module, "builtins") ? t->qualname : place_type_text(d->p, t, out);
}

static struct ghost_str observed_words(struct deep *d, struct findings *out, const struct misfit *f)
{
    const struct annot_fault *fault = &f->fault;
    if (fault->n_path && fault->path[fault->n_path - 1].role == ANNOT_LENGTH) {
        struct ghost_str where = path_text(out, fault, fault->n_path - 1);
        return findings_text(out, "%.*s observed%s%.*s", FINDING_STR(length_text(out, fault->path[fault->n_path - 1].position)),
                             where.len ? " in " : "", FINDING_STR(where));
    }
    return findings_text(out, "%.*s observed '%.*s'", FINDING_STR(path_text(out, fault, fault->n_path)), FINDING_STR(type_text(d, type_at(d, f), out)));
}

static void word(struct deep *d, struct findings *out, const struct misfit *f, struct finding *row)
{
    char share[HUMAN];
    bool param = d->p->kind < PLACE_RETURN, decided = row->decided;
    const struct ghost_model_type *container = container_of(d, f->sample);
    const char *reason = f->fault.answer.reason;
    row->message = findings_text(out, "%s%.*s%s annotated as %.*s %s %.*s in %" PRIu64 "/%" PRIu64 " sampled %.*ss (%s)%s%s", param ? "param '" : "",
                                 FINDING_STR(row->param), param ? "'" : "", FINDING_STR(row->annotated), decided ? "but" : "and",
                                 FINDING_STR(observed_words(d, out, f)), row->count, row->total,
                                 FINDING_STR(container ? container->qualname : GHOST_STR("container")), place_percent(share, row->rate),
                                 decided ? "" : ": undecided: ", decided ? "" : reason ? reason : "what is around it cannot be decided");
}

static int report_group(struct deep *d, uint32_t function, const struct misfit *first, struct arena *arena, struct findings *out, struct ghost_err *err)
{
    struct tallies callers = { ARENA_ARRAY(arena, struct tally, d->n_samples), 0 };
    if (!callers.v)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory while annotations were compared");
    struct finding *row = findings_add_function(out, d->m, function, err);
    if (!row)
        return GHOST_E_NOMEM;
    row->kind = "type_mismatch";
    row->decided = first->fault.answer.verdict == ANNOT_MISMATCH;
    row->param = d->p->name;
    row->annotated = d->p->annotated;
    row->observed = shape_text(d, out, first);
    count_group(d, first, row, &callers);
    row->rate = row->total ? (double)row->count / (double)row->total : 0;
    row->severity = place_severity(row->rate);
    word(d, out, first, row);
    tally_merge(&callers);
    place_tell_callers(d->m, &callers, row->count, out, row);
    return 0;
}

/* ---- places ---- */

static bool is_looked_at(const struct place *p, uint32_t place)
{
    switch (p->kind) {
    case PLACE_RETURN: return place == GHOST_PLACE_RETURN;
    case PLACE_YIELD: return place == GHOST_PLACE_YIELD;
    case PLACE_GENERATOR: return false;
    default: return place == GHOST_PLACE_PARAM + p->param;
    }
}

int place_report_deep(const struct place *p, const struct ghost_model *m, uint32_t function, deep_judge *judge, void *self,
                      struct findings *out, struct ghost_err *err)
{
    struct deep d = { .p = p, .m = m };
    uint32_t n;
    const struct ghost_model_sample *all = ghost_model_samples(m, function, &n);
    for (uint32_t i = 0; i < n; i++)
        if (is_looked_at(p, all[i].place)) {
            d.samples = d.samples ? d.samples : &all[i];
            d.n_samples++;
        }
    if (d.n_samples == 0)
        return 0;
    int ret = judge_samples(&d, judge, self);
    if (ret < 0)
        ghost_fail(err, GHOST_E_NOMEM, "out of memory while annotations were compared");
    for (uint32_t i = 0; ret >= 0 && i < d.n; i++) {
        struct arena arena = { 0 };
        if (!d.v[i].reported)
            ret = report_group(&d, function, &d.v[i], &arena, out, err);
        arena_release(&arena);
    }
    free(d.v);
    return ret;
}
