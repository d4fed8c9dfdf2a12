/* export_json.c - profiles in the reference product's shape, and what it lacks. */
#include <string.h>

#include "exporter.h"
#include "ghost/version.h"
#include "json.h"

static void write_process(struct json *j, const struct ghost_model *m, const struct ghost_model_process *p)
{
    json_object(j, NULL);
    json_str(j, "log", p->log);
    json_str(j, "parent", p->parent == GHOST_NONE ? GHOST_STR("") : m->processes[p->parent].log);
    json_count(j, "events", p->events);
    json_count(j, "threads", p->n_threads);
    json_count(j, "log_bytes", p->log_bytes);
    json_count(j, "start_real_ns", p->start_real);
    json_count(j, "end_real_ns", p->end_real);
    json_bool(j, "ended_in_good_order", p->clean_end);
    json_object(j, "meta");
    for (uint32_t i = 0; i < p->n_meta; i++)
        json_str(j, p->meta[i].key.p, p->meta[i].value);
    json_close(j, '}');
    json_close(j, '}');
}

static void write(FILE *f, const struct ghost_model *m, const struct profiles *p)
{
    struct json j;
    json_begin(&j, f);
    json_object(&j, NULL);
    json_str(&j, "session_id", m->session);
    json_array(&j, "profiles");
    for (uint32_t i = 0; i < p->n; i++)
        profile_json(&j, &p->v[i]);
    json_close(&j, ']');
    json_text(&j, "ghost_version", GHOST_VERSION);
    json_count(&j, "events", m->events);
    json_count(&j, "events_lost", m->lost);
    json_count(&j, "start_real_ns", m->start_real);
    json_count(&j, "end_real_ns", m->end_real);
    json_array(&j, "processes");
    for (uint32_t i = 0; i < m->n_processes; i++)
        write_process(&j, m, &m->processes[i]);
    json_close(&j, ']');
    json_array(&j, "marks");
    for (uint32_t i = 0; i < m->n_marks; i++) {
        json_object(&j, NULL);
        json_str(&j, "name", m->marks[i].name);
        json_count(&j, "count", m->marks[i].count);
        json_count(&j, "first_real_ns", m->marks[i].first_real);
        json_count(&j, "last_real_ns", m->marks[i].last_real);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    model_json_caveats(&j, m);
    json_close(&j, '}');
    json_end(&j);
}

const struct exporter export_json = { "json", write };
