/* load.c - resolve a session; its model from the database or from the logs. */
#include "load.h"

#include <stdlib.h>

#include "db_open.h"
#include "db_progress.h"
#include "pipeline.h"
#include "session.h"
#include "threads.h"
#include "when.h"

struct ghost_model *load_model(const char *data_dir, const char *name, unsigned jobs, struct ghost_err *err)
{
    return load_model_range(data_dir, name, jobs, NULL, NULL, err);
}

static struct ghost_model *analyse_range(const struct session *s, unsigned jobs, const char *from, const char *to, struct ghost_err *err)
{
    struct db_progress p;
    struct pipeline_options o = { .jobs = jobs, .self = &p };
    if (when_range(s, from, to, &o.from_real, &o.to_real, err) < 0)
        return NULL;
    db_progress_begin(&p);
    o.progress = p.terminal ? db_progress_bytes : NULL;
    struct ghost_model *m = pipeline_run(s, &o, err);
    db_progress_end(&p);
    return m;
}

struct ghost_model *load_model_range(const char *data_dir, const char *name, unsigned jobs, const char *from, const char *to,
                                     struct ghost_err *err)
{
    struct session s;
    struct db_request r = { .jobs = jobs };
    if (session_resolve(data_dir, name, &s, err) < 0)
        return NULL;
    struct ghost_model *m = from || to ? analyse_range(&s, jobs, from, to, err) : db_model(&s, &r, err);
    session_release(&s);
    return m;
}

/* ---- two lists ---- */

struct reading { const struct load_list *list; struct session *sessions; /* without a path: not found */ };

static bool begin_reading(struct reading *r, const char *data_dir, const struct load_list *list)
{
    *r = (struct reading){ list, calloc((size_t)list->n + 1, sizeof *r->sessions) };
    for (uint32_t i = 0; r->sessions && i < list->n; i++) {
        struct ghost_err later = GHOST_ERR_INIT;             /* told when its turn to be analysed comes */
        if (session_resolve(data_dir, list->names[i], &r->sessions[i], &later) < 0)
            r->sessions[i] = (struct session){ 0 };
    }
    return r->sessions != NULL;
}

static int read_kept(void *self, struct ghost_err *err)
{
    const struct reading *r = self;
    (void)err;
    for (uint32_t i = 0; i < r->list->n; i++)
        if (r->sessions[i].path)
            r->list->models[i] = db_model_kept(&r->sessions[i]);
    return 0;
}

static void end_reading(struct reading *r)
{
    for (uint32_t i = 0; r->sessions && i < r->list->n; i++)
        session_release(&r->sessions[i]);
    free(r->sessions);
}

static int load_missing(const char *data_dir, const struct load_list *list, unsigned jobs, struct ghost_err *err)
{
    for (uint32_t i = 0; i < list->n; i++)
        if (!list->models[i] && !(list->models[i] = load_model(data_dir, list->names[i], jobs, err)))
            return err->code;
    return 0;
}

int load_lists(const char *data_dir, struct load_list *a, struct load_list *b, unsigned jobs, struct ghost_err *err)
{
    struct reading one, other;
    bool ready = begin_reading(&one, data_dir, a);
    ready = begin_reading(&other, data_dir, b) && ready;
    int ret = ready ? threads_both(sqlite3_threadsafe() ? jobs : 1, read_kept, &one, &other, err)
                    : ghost_fail(err, GHOST_E_NOMEM, "out of memory while looking for sessions");
    end_reading(&one);
    end_reading(&other);
    if (ret == 0)
        ret = load_missing(data_dir, a, jobs, err);
    return ret == 0 ? load_missing(data_dir, b, jobs, err) : ret;
}
