/* profile_text.c - profiles and caveats as JSON and text. */
#include <inttypes.h>
#include <string.h>

#include "ghost/record.h"
#include "json.h"
#include "profile.h"
#include "term.h"

static void dist_json(struct json *j, const char *key, const struct profile_dist *d)
{
    json_object(j, key);
    for (uint32_t i = 0; i < d->n; i++)
        json_count_str(j, d->v[i].name, d->v[i].n);
    json_close(j, '}');
}

static void timed(struct json *j, const char *key, const struct profile *p, uint64_t value)
{
    if (p->finished)
        json_count(j, key, value);
    else
        json_null(j, key);
}

static void real_or_null(struct json *j, const char *key, uint64_t real)
{
    if (real)
        json_count(j, key, real);
    else
        json_null(j, key);
}

void profile_json(struct json *j, const struct profile *p)
{
    json_object(j, NULL);
    json_str(j, "fn_key", p->fn_key);
    json_count(j, "call_count", p->calls);
    json_count(j, "exception_count", p->exceptions);
    json_real(j, "exception_rate", p->calls ? (double)p->exceptions / (double)p->calls : 0);
    dist_json(j, "arg_type_dist", &p->signatures);
    dist_json(j, "ret_type_dist", &p->returns);
    dist_json(j, "callers", &p->callers);
    dist_json(j, "callees", &p->callees);
    json_count(j, "total_latency_ns", p->total);
    timed(j, "min_latency_ns", p, p->min);
    timed(j, "max_latency_ns", p, p->max);
    if (p->finished)
        json_real(j, "mean_latency_ns", profile_mean(p));
    else
        json_null(j, "mean_latency_ns");
    json_str(j, "module", p->module);
    json_str(j, "qualname", p->qualname);
    json_str(j, "file", p->file);
    json_count(j, "line", p->line);
    json_object(j, "exceptions");
    for (uint32_t i = 0; i < p->n_exception_types; i++) {
        json_object_str(j, p->exception_types[i].type);
        json_count(j, "raised", p->exception_types[i].raised);
        json_count(j, "passed", p->exception_types[i].passed);
        json_count(j, "caught", p->exception_types[i].caught);
        json_close(j, '}');
    }
    json_close(j, '}');
    dist_json(j, "yield_type_dist", &p->yields);
    json_count(j, "self_ns", p->self);
    json_count(j, "suspended_ns", p->suspended);
    timed(j, "p50_latency_ns", p, p->p50);
    timed(j, "p95_latency_ns", p, p->p95);
    timed(j, "p99_latency_ns", p, p->p99);
    json_count(j, "calls_unfinished", p->unfinished);
    json_count(j, "calls_closed", p->closed);
    json_count(j, "calls_adopted", p->adopted);
    real_or_null(j, "first_call_real_ns", p->first_real);
    real_or_null(j, "last_call_real_ns", p->last_real);
    json_count(j, "threads", p->n_threads);
    json_close(j, '}');
}

/* ---- what must be told beside the figures ---- */

const char *model_loss_text(uint32_t cause)
{
    switch (cause) {
#define X(name, number, text) case number: return text;
        GHOST_LOSSES(X)
#undef X
    }
    return "a cause that this version does not know";
}

const char *model_note_text(uint32_t code)
{
    switch (code) {
#define X(name, number, text) case number: return text;
        GHOST_NOTES(X)
#undef X
    }
    return "a remark that this version does not know";
}

static struct ghost_str log_of(const struct ghost_model *m, uint32_t process)
{
    return process == GHOST_NONE ? GHOST_STR("") : m->processes[process].log;
}

void model_json_caveats(struct json *j, const struct ghost_model *m)
{
    json_array(j, "losses");
    for (uint32_t i = 0; i < m->n_losses; i++) {
        const struct ghost_model_loss *l = &m->losses[i];
        json_object(j, NULL);
        json_str(j, "log", log_of(m, l->process));
        json_text(j, "cause", model_loss_text(l->cause));
        json_str(j, "thread", l->thread == GHOST_NONE ? GHOST_STR("") : m->threads[l->thread].name);
        json_count(j, "events", l->count);
        json_count(j, "uncounted", l->unknown);
        real_or_null(j, "first_real_ns", l->first_real);
        real_or_null(j, "last_real_ns", l->last_real);
        json_close(j, '}');
    }
    json_close(j, ']');
    json_array(j, "notes");
    for (uint32_t i = 0; i < m->n_notes; i++) {
        json_object(j, NULL);
        json_str(j, "log", log_of(m, m->notes[i].process));
        json_text(j, "note", model_note_text(m->notes[i].code));
        json_str(j, "detail", m->notes[i].detail);
        json_count(j, "count", m->notes[i].count);
        json_close(j, '}');
    }
    json_close(j, ']');
    json_array(j, "damages");
    for (uint32_t i = 0; i < m->n_damages; i++) {
        json_object(j, NULL);
        json_str(j, "log", log_of(m, m->damages[i].process));
        json_count(j, "offset", m->damages[i].offset);
        json_count(j, "bytes", m->damages[i].bytes);
        json_bool(j, "cut", m->damages[i].cut);
        json_str(j, "message", m->damages[i].message);
        json_close(j, '}');
    }
    json_close(j, ']');
}

/* One line for each kind of loss, over all processes. */
static void text_losses(FILE *f, const struct ghost_model *m)
{
    for (uint32_t cause = 0; cause < GHOST_LOSS_COUNT; cause++) {
        uint64_t count = 0, unknown = 0, places = 0;
        char n[HUMAN];
        for (uint32_t i = 0; i < m->n_losses; i++) {
            const struct ghost_model_loss *l = &m->losses[i];
            bool same = l->cause == cause || (cause == 0 && l->cause >= GHOST_LOSS_COUNT);
            count += same ? l->count : 0;
            unknown += same ? l->unknown : 0;
            places += same;
        }
        if (!places)
            continue;
        fprintf(f, "  LOST  %s%s events: %s\n", count || !unknown ? human_count(n, count) : "an unknown number of",
                count && unknown ? " or more" : "", model_loss_text(cause));
    }
}

static void text_notes(FILE *f, const struct ghost_model *m)
{
    for (uint32_t i = 0; i < m->n_notes; i++) {
        const struct ghost_model_note *note = &m->notes[i];
        uint64_t count = 0;
        uint32_t processes = 0;
        bool first = true;
        char n[HUMAN];
        for (uint32_t k = 0; k < m->n_notes; k++) {
            bool same = m->notes[k].code == note->code && m->notes[k].detail.p == note->detail.p;
            first = first && !(same && k < i);
            count += same ? m->notes[k].count : 0;
            processes += same;
        }
        if (!first)
            continue;
        fprintf(f, "  note  %s", model_note_text(note->code));
        if (note->detail.len) {
            fputs(": ", f);
            text_put(f, note->detail, 200);
        }
        if (count > 1)
            fprintf(f, " (%s times)", human_count(n, count));
        if (processes > 1)
            fprintf(f, " in %u processes", processes);
        fputc('\n', f);
    }
}

void model_text_caveats(FILE *f, const struct ghost_model *m)
{
    enum { DAMAGES_SHOWN = 8 };
    text_losses(f, m);
    text_notes(f, m);
    for (uint32_t i = 0; i < m->n_damages && i < DAMAGES_SHOWN; i++) {
        fputs("  DAMAGE  ", f);
        text_put(f, m->damages[i].message, 1000);
        fputc('\n', f);
    }
    if (m->n_damages > DAMAGES_SHOWN)
        fprintf(f, "  DAMAGE  and %u more places; see: ghost log check FILE\n", m->n_damages - DAMAGES_SHOWN);
}
