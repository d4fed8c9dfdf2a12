/* diff_json.c - a comparison for programs. Keys only grow. */
#include "diff_print.h"
#include "json.h"

static void put_latency(struct json *j, const char *key, const struct diff_latency *l)
{
    json_object(j, key);
    json_real(j, "before_ns", l->before);
    json_real(j, "after_ns", l->after);
    if (l->known) {
        json_real(j, "ratio", l->ratio);
        json_real(j, "low", l->low);
        json_real(j, "high", l->high);
        json_real(j, "expected_ratio", l->expected);
    } else {
        json_null(j, "ratio");
        json_null(j, "low");
        json_null(j, "high");
        json_null(j, "expected_ratio");
    }
    json_bool(j, "significant", l->significant);
    json_bool(j, "against_rest", l->against_rest);
    json_close(j, '}');
}

/* "latency" is the typical one, or the first of these that changed, else the mean's. */
static const struct diff_latency *headline(const struct diff_pair *p)
{
    static const enum diff_measure order[] = { DIFF_typical, DIFF_mean, DIFF_p50, DIFF_quick, DIFF_p95, DIFF_p99 };
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (p->latency[order[i]].significant)
            return &p->latency[order[i]];
    return &p->latency[DIFF_mean];
}

static void put_novelties(struct json *j, const char *prefix, const char *name, const struct diff_novelties *v)
{
    char key[64];
    snprintf(key, sizeof key, "%s_%s", prefix, name);
    json_array(j, key);
    for (uint32_t i = 0; i < v->n; i++) {
        json_object(j, NULL);
        json_str(j, "name", v->v[i].name);
        json_count(j, "count", v->v[i].count);
        json_count(j, "of", v->v[i].of);
        if (v->v[i].caller.len)
            json_str(j, "caller", v->v[i].caller);
        json_bool(j, "surprising", v->v[i].surprising);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void put_place(struct json *j, const struct diff_function *f)
{
    json_str(j, "fn_key", f->fn_key);
    json_str(j, "module", f->module);
    json_str(j, "qualname", f->qualname);
    json_str(j, "file", f->file);
    json_count(j, "line", f->line);
}

static void put_alone(struct json *j, const struct diff_pair *p)
{
    json_object(j, NULL);
    put_place(j, diff_any(p));
    json_count(j, "calls", diff_any(p)->calls);
    json_bool(j, "defined_in_both", p->defined_elsewhere);
    json_close(j, '}');
}

static void put_pair(struct json *j, const struct diff *d, const struct diff_pair *p)
{
    json_object(j, NULL);
    put_place(j, p->after);
    json_text(j, "match", diff_match_names[p->match]);
    if (p->match != DIFF_SAME)
        json_str(j, "was", p->before->fn_key);
    json_object(j, "calls");
    json_count(j, "before", p->before->calls);
    json_count(j, "after", p->after->calls);
    if (d->per_before) {
        json_real(j, "before_per_entry", p->calls_before);
        json_real(j, "after_per_entry", p->calls_after);
    }
    json_bool(j, "significant", diff_calls_moved(d, p));
    json_close(j, '}');
    json_object(j, "exception_rate");
    json_real(j, "before", p->exceptions.before);
    json_real(j, "after", p->exceptions.after);
    json_real(j, "low", p->exceptions.low);
    json_real(j, "high", p->exceptions.high);
    json_bool(j, "significant", p->exceptions.significant);
    json_close(j, '}');
    put_latency(j, "latency", headline(p));
    json_object(j, "latencies");
    for (unsigned m = 0; m < DIFF_N_MEASURES; m++)
        put_latency(j, diff_measure_names[m], &p->latency[m]);
    json_close(j, '}');
    for (unsigned k = 0; k < DIFF_N_SHAPES; k++) {
        put_novelties(j, "new", diff_shape_names[k], &p->fresh[k]);
        put_novelties(j, "gone", diff_shape_names[k], &p->gone[k]);
    }
    json_close(j, '}');
}

static void put_pairs(struct json *j, const struct diff_view *v)
{
    const struct diff *d = v->d;
    json_array(j, "added");
    for (uint32_t i = 0; i < d->n; i++)
        if (!d->pairs[i].before)
            put_alone(j, &d->pairs[i]);
    json_close(j, ']');
    json_array(j, "removed");
    for (uint32_t i = 0; i < d->n; i++)
        if (!d->pairs[i].after)
            put_alone(j, &d->pairs[i]);
    json_close(j, ']');
    json_array(j, "changed");
    for (uint32_t i = 0; i < d->n; i++)
        if (d->pairs[i].changed)
            put_pair(j, d, &d->pairs[i]);
    json_close(j, ']');
    if (!v->verbose)
        return;
    json_array(j, "unchanged");
    for (uint32_t i = 0; i < d->n; i++)
        if (!d->pairs[i].changed && d->pairs[i].match != DIFF_ALONE)
            put_pair(j, d, &d->pairs[i]);
    json_close(j, ']');
}

static void put_anomalies(struct json *j, const char *key, const struct diff_anomalies *a)
{
    json_array(j, key);
    for (uint32_t i = 0; i < a->n; i++) {
        const struct finding *f = a->v[i];
        json_object(j, NULL);
        json_text(j, "id", f->id);
        json_text(j, "kind", f->kind);
        json_text(j, "severity", severity_names[f->severity]);
        json_str(j, "fn_key", f->fn_key);
        json_str(j, "message", f->message);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void put_side(struct json *j, const char *key, const struct diff_side *s)
{
    json_object(j, key);
    json_array(j, "sessions");
    for (uint32_t i = 0; i < s->n_models; i++)
        json_str(j, NULL, s->models[i]->session);
    json_close(j, ']');
    json_count(j, "processes", s->n_processes);
    json_count(j, "functions", s->n);
    json_count(j, "calls", s->calls);
    json_count(j, "events", s->events);
    json_count(j, "events_lost", s->lost);
    json_count(j, "duration_ns", s->duration_ns);
    json_str(j, "python", s->python);
    json_array(j, "caveats");
    for (uint32_t i = 0; i < s->n_models; i++) {
        json_object(j, NULL);
        json_str(j, "session_id", s->models[i]->session);
        model_json_caveats(j, s->models[i]);
        json_close(j, '}');
    }
    json_close(j, ']');
    json_close(j, '}');
}

void diff_json(FILE *f, const struct diff_view *v)
{
    const struct diff *d = v->d;
    struct json j;
    json_begin(&j, f);
    json_object(&j, NULL);
    json_str(&j, "before", d->before.name);
    json_str(&j, "after", d->after.name);
    put_side(&j, "before_session", &d->before);
    put_side(&j, "after_session", &d->after);
    json_count(&j, "compared", d->compared);
    json_real(&j, "speed_ratio", d->speed);
    json_bool(&j, "speed_known", d->speed_known);
    json_real(&j, "traffic_ratio", d->traffic);
    put_pairs(&j, v);
    put_anomalies(&j, "new_anomalies", &d->anomalies_fresh);
    put_anomalies(&j, "gone_anomalies", &d->anomalies_gone);
    json_array(&j, "failed");
    for (uint32_t i = 0; i < v->fired->n; i++) {
        json_object(&j, NULL);
        json_text(&j, "rule", v->fired->v[i].kind);
        json_str(&j, "fn_key", v->fired->v[i].fn_key);
        json_str(&j, "message", v->fired->v[i].message);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    json_end(&j);
}
