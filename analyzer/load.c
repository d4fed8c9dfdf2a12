/* load.c - resolve a session; its model from the database or from the logs. */
#include "load.h"

#include "db_open.h"
#include "db_progress.h"
#include "pipeline.h"
#include "session.h"
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
