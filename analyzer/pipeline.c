/* pipeline.c - logs, one after another; the frames of each by several threads.
 *
 * Every worker has a decoder and sums of its own. Definitions go to one
 * dictionary per log. When a log is through, the sums of all workers are added
 * to the model under the names that the dictionary gives. */
#include "pipeline.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ghost/log.h"
#include "model_build.h"
#include "threads.h"

enum { JOBS_MAX = 256 };
/* Tables double, and those of each log are released before the next: what is large goes back to the system at
 * once instead of leaving holes in the heap, which were a tenth of the memory. (glibc would raise this limit.) */
enum { LARGE = 1 << 17 };
#define SMALL_LOG (UINT64_C(1) << 20)    /* not worth a second thread */

/* Frames of a log file, then those of its live files. */
struct source { struct ghost_log *log; uint64_t cursor, base; bool in_memory; };

struct job {
    pthread_mutex_t lock;                /* guards all below but `defs`, which has its own */
    struct source sources[2]; unsigned n_sources, current;
    struct defs defs;
    LIST_OF(struct ghost_model_damage) damages;
    struct arena messages;
    const char *name;
    uint64_t done;
    int failed;                          /* first code that ends everything */
};

struct worker {
    struct job *job;
    struct ghost_decoder *decoder;
    struct agg agg;
    const struct pipeline_options *progress;   /* NULL for all but the calling thread */
    uint64_t before, total;
};

struct run {
    const struct pipeline_options *o;
    struct build build;
    struct worker *workers; unsigned n_workers;
    uint64_t bytes_before, bytes_total;
    struct agg_common common;            /* of the log at hand */
    unsigned shift;                      /* slices are at least as wide in the end */
    size_t readable;
};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* ---- damage ---- */

static struct ghost_str message(struct arena *a, const char *name, const char *text)
{
    size_t n = strlen(name) + strlen(text) + 3;
    char *p = arena_alloc(a, n);
    if (!p)
        return GHOST_STR("");
    snprintf(p, n, "%s: %s", name, text);
    return (struct ghost_str){ p, (uint32_t)(n - 1) };
}

static void add_damage(struct job *j, uint64_t offset, const struct ghost_frame *f, int code, const char *text)
{
    struct ghost_model_damage *d = LIST_ADD(&j->damages);
    if (!d) {
        j->failed = GHOST_E_NOMEM;
        return;
    }
    *d = (struct ghost_model_damage){ .offset = offset, .bytes = f->size, .cut = f->truncated, .code = code,
                                      .message = message(&j->messages, j->name, text) };
}

static void gap(struct job *j, uint64_t offset, const struct ghost_frame *f)
{
    char text[160];
    if (f->truncated)
        snprintf(text, sizeof text, "the last frame is cut off at offset %llu (%zu bytes), as after a crash; what stands before it is used",
                 (unsigned long long)offset, f->size);
    else
        snprintf(text, sizeof text, "%zu bytes at offset %llu are no readable frame and were skipped", f->size, (unsigned long long)offset);
    add_damage(j, offset, f, f->truncated ? GHOST_E_TRUNCATED : GHOST_E_CORRUPT, text);
}

/* ---- workers ---- */

/* The next frame with content; 0 at the end or when something failed. */
static int next_frame(struct job *j, struct ghost_frame *f, struct source **from, uint64_t *done)
{
    int found = 0;
    pthread_mutex_lock(&j->lock);
    while (!found && !j->failed && j->current < j->n_sources) {
        struct source *s = &j->sources[j->current];
        int ret = ghost_log_next(s->log, &s->cursor, f);
        if (ret < 0)
            j->failed = ret;
        else if (ret == 0)
            j->current++;
        else if (!f->bytes)
            gap(j, s->base + f->offset, f);
        else
            found = 1;
        *from = s;
    }
    if (found)
        j->done += f->size;
    *done = j->done;
    pthread_mutex_unlock(&j->lock);
    return found;
}

struct frame_context { struct worker *w; uint64_t base; };

static int on_def(void *self, const struct ghost_def *def, const struct ghost_frame *f)
{
    struct frame_context *c = self;
    return defs_add(&c->w->job->defs, def, c->base + f->offset);
}

static int on_block(void *self, const struct ghost_block *block, const struct ghost_frame *f)
{
    (void)f;
    return agg_block(&((struct frame_context *)self)->w->agg, block);
}

/* A mapped log would stay in our memory as far as it was read: gigabytes. The
 * pages are the file's; who still needs one of them gets it back. The kernel
 * maps pages around the one that is touched, so those before are dropped again. */
static void forget(const struct ghost_frame *f)
{
    enum { AROUND = 1 << 17 };
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), at = (uintptr_t)f->bytes;
    uintptr_t from = (at - (f->offset < AROUND ? f->offset : AROUND)) & ~(page - 1);
    madvise((void *)from, at + f->size - from, MADV_DONTNEED);
}

static void *work(void *self)
{
    struct worker *w = self;
    struct job *j = w->job;
    struct ghost_frame f;
    struct source *from = NULL;
    uint64_t done = 0;
    while (next_frame(j, &f, &from, &done)) {
        struct ghost_err err = GHOST_ERR_INIT;
        struct frame_context context = { w, from->base };
        struct ghost_visitor visitor = { .self = &context, .def = on_def, .block = on_block };
        int ret = ghost_frame_decode(w->decoder, &f, &visitor, &err);
        if (ret < 0) {
            pthread_mutex_lock(&j->lock);
            if (ret == GHOST_E_NOMEM)
                j->failed = ret;
            else
                add_damage(j, from->base + f.offset, &f, ret, err.msg[0] ? err.msg : ghost_code_text(ret));
            pthread_mutex_unlock(&j->lock);
        }
        if (!from->in_memory)
            forget(&f);
        if (w->progress && w->progress->progress)
            w->progress->progress(w->progress->self, w->before + done, w->total);
    }
    return NULL;
}

static void release_workers(struct run *r)
{
    for (unsigned i = 0; i < r->n_workers; i++)
        ghost_decoder_free(r->workers[i].decoder);
    free(r->workers);
}

static int make_workers(struct run *r)
{
    unsigned wanted = threads_wanted(r->o->jobs), n = wanted < JOBS_MAX ? wanted : JOBS_MAX;
    r->workers = calloc(n, sizeof *r->workers);
    if (!r->workers)
        return GHOST_E_NOMEM;
    for (; r->n_workers < n; r->n_workers++) {
        struct ghost_decoder *d = ghost_decoder_new();
        if (!d)
            return GHOST_E_NOMEM;
        r->workers[r->n_workers].decoder = d;
    }
    return 0;
}

/* Runs the job on n workers, the calling thread is the first of them. A thread
 * that cannot be started leaves its share to the others. */
static void run_job(struct run *r, struct job *j, unsigned n)
{
    pthread_t threads[JOBS_MAX];
    bool started[JOBS_MAX] = { false };
    for (unsigned i = 0; i < n; i++) {
        struct worker *w = &r->workers[i];
        w->job = j;
        w->progress = i == 0 ? r->o : NULL;
        w->before = r->bytes_before;
        w->total = r->bytes_total;
        started[i] = i > 0 && pthread_create(&threads[i], NULL, work, w) == 0;
    }
    work(&r->workers[0]);
    for (unsigned i = 0; i < n; i++)
        if (started[i])
            pthread_join(threads[i], NULL);
}

/* ---- one log ---- */

/* Events that the process counted at its end but that are not here. */
static int note_missing(struct build *b, const struct defs *defs)
{
    const struct ghost_model_process *p = &b->processes.v[b->process];
    uint64_t expected = 0;
    for (uint32_t i = 0; i < defs->n; i++)
        if (defs->entries[i].def.kind == GHOST_REC_END)
            expected = defs->entries[i].def.u.end.events;
    if (expected <= p->events)
        return 0;
    struct ghost_model_loss *l = LIST_ADD(&b->losses);
    if (!l)
        return GHOST_E_NOMEM;
    *l = (struct ghost_model_loss){ .process = b->process, .cause = GHOST_LOSS_DAMAGE, .thread = GHOST_NONE,
                                    .count = expected - p->events };
    return 0;
}

static int add_log(struct run *r, struct job *j, unsigned n, const struct ghost_log_info *info)
{
    struct agg_clock clock = { 0 };
    for (unsigned i = 0; i < n; i++)
        if (agg_clock_is_earlier(&r->workers[i].agg.clock, &clock))
            clock = r->workers[i].agg.clock;
    struct build_log log = { j->name, info->process, info->recorded, j->n_sources > 1 };
    int ret = defs_sort(&j->defs);
    if (ret == 0)
        ret = build_process(&r->build, &log, &j->defs, &clock);
    for (unsigned i = 0; ret == 0 && i < n; i++)
        ret = build_agg(&r->build, &r->workers[i].agg);
    if (ret == 0)
        ret = build_common(&r->build, &r->common);
    for (uint32_t i = 0; ret == 0 && i < j->damages.n; i++) {
        j->damages.v[i].process = r->build.process;
        ret = build_damage(&r->build, &j->damages.v[i]);
    }
    return ret < 0 || r->o->from_real || r->o->to_real ? ret : note_missing(&r->build, &j->defs);
}

/* ---- how wide slices of time will be at least ---- */

struct reach { bool called; uint64_t first, last; };

static int on_ends(void *self, const struct ghost_block *b, const struct ghost_frame *f)
{
    struct reach *reach = self;
    (void)f;
    for (uint32_t i = 0; i < b->n_shapes; i++)
        reach->called = reach->called || b->shapes[i].kind == GHOST_SH_CALL;
    reach->first = agg_real(b, b->base_tick);
    reach->last = agg_real(b, b->end_tick);
    return 0;
}

static struct reach reach_of(struct run *r, struct ghost_log *log, uint64_t offset)
{
    struct reach reach = { 0 };
    struct ghost_visitor visitor = { .self = &reach, .block = on_ends };
    struct ghost_frame f;
    if (ghost_log_next(log, &offset, &f) == 1 && f.bytes)
        ghost_frame_decode(r->workers[0].decoder, &f, &visitor, NULL);
    return reach;
}

/* Slices begin narrow and are united as time goes on: work that is saved when the index tells how
 * far the log reaches. There are calls in its first and last block, so they will be as wide. */
static void foresee_shift(struct run *r, struct ghost_log *log)
{
    struct ghost_index_cursor cursor = { 0 };
    struct ghost_index_entry e;
    uint64_t first = 0, last = 0, n = 0;
    for (; ghost_log_index(log, &cursor, &e) == 1; n++) {
        first = n ? first : e.offset;
        last = e.offset;
    }
    if (n < 2 || r->o->from_real || r->o->to_real)
        return;
    struct reach a = reach_of(r, log, first), b = reach_of(r, log, last);
    unsigned shift = SLICE_LEAST_SHIFT;
    while (b.first > a.last && (b.first >> shift) - (a.last >> shift) >= GHOST_SLICES)
        shift++;
    if (a.called && b.called && a.last && shift > r->shift)
        r->shift = shift;
}

static int run_sources(struct run *r, struct job *j)
{
    const struct ghost_log_info *info = ghost_log_info(j->sources[0].log);
    unsigned n = info->size < SMALL_LOG ? 1 : r->n_workers, ready = 0;
    int ret = 0;
    foresee_shift(r, j->sources[0].log);
    if (!agg_common_init(&r->common))
        return GHOST_E_NOMEM;
    if (r->shift && !agg_common_reach(&r->common, r->shift))
        ret = GHOST_E_NOMEM;
    for (; ret == 0 && ready < n; ready += ret == 0) {
        ret = agg_init(&r->workers[ready].agg, &r->common);
        r->workers[ready].agg.from_real = r->o->from_real;
        r->workers[ready].agg.to_real = r->o->to_real ? r->o->to_real : UINT64_MAX;
    }
    if (ret == 0) {
        run_job(r, j, n);
        for (unsigned i = 0; i < n && !j->failed; i++)
            j->failed = agg_finish(&r->workers[i].agg);
        ret = j->failed ? j->failed : add_log(r, j, n, info);
        r->shift = r->common.slices.shift > r->shift ? r->common.slices.shift : r->shift;
    }
    for (unsigned i = 0; i < ready; i++)
        agg_release(&r->workers[i].agg);
    agg_common_release(&r->common);
    return ret;
}

static int skip_log(struct run *r, const char *name, const struct ghost_err *why)
{
    struct arena a = { 0 };
    struct ghost_model_damage d = { .process = GHOST_NONE, .code = why->code, .message = message(&a, name, why->msg) };
    int ret = build_damage(&r->build, &d);
    arena_release(&a);
    return ret;
}

/* The log and, in `tail`, what its live files hold beyond it. When these cannot
 * be used, the log alone. */
static struct ghost_log *open_log(struct run *r, const char *path, struct ghost_buf *tail, struct ghost_err *err)
{
    struct ghost_err live = GHOST_ERR_INIT;
    struct ghost_log *log = ghost_live_open(path, tail, &live);
    if (log)
        return log;
    ghost_buf_release(tail);
    *tail = (struct ghost_buf){ 0 };
    if (live.code == GHOST_E_NOMEM) {    /* no damage of the files: another run may use them */
        ghost_fail(err, live.code, "%s", live.msg);
        return NULL;
    }
    log = ghost_log_open(path, err);
    if (log && skip_log(r, base_name(path), &live) < 0) {
        ghost_log_close(log);
        ghost_fail(err, GHOST_E_NOMEM, "out of memory");
        return NULL;
    }
    return log;
}

static int run_opened(struct run *r, struct job *j)
{
    pthread_mutex_init(&j->lock, NULL);
    int ret = defs_init(&j->defs);
    if (ret == 0)
        ret = run_sources(r, j);
    defs_release(&j->defs);
    pthread_mutex_destroy(&j->lock);
    arena_release(&j->messages);
    free(j->damages.v);
    return ret;
}

static int run_log(struct run *r, const char *path, struct ghost_err *first)
{
    struct ghost_err err = GHOST_ERR_INIT;
    struct ghost_buf tail = { 0 };
    struct job j = { .name = base_name(path), .n_sources = 1 };
    int ret;
    j.sources[0].log = open_log(r, path, &tail, &err);
    if (!j.sources[0].log) {
        ghost_fail(first, err.code, "%s", err.msg);
        ret = err.code == GHOST_E_NOMEM ? err.code : skip_log(r, j.name, &err);
        goto out;
    }
    r->readable++;
    if (tail.len) {
        j.sources[1].log = ghost_log_open_memory(tail.p, tail.len, &err);
        if (!j.sources[1].log) {
            ret = err.code;
            goto out;
        }
        j.sources[1].base = ghost_log_info(j.sources[0].log)->size;
        j.sources[1].in_memory = true;
        j.n_sources = 2;
    }
    ret = run_opened(r, &j);
    r->bytes_before += ghost_log_info(j.sources[0].log)->size;
out:
    for (unsigned i = 0; i < 2; i++)
        ghost_log_close(j.sources[i].log);
    ghost_buf_release(&tail);
    return ret;
}

/* ---- the session ---- */

static struct ghost_model *finish(struct run *r, const struct session *s, int ret, const struct ghost_err *first, struct ghost_err *err)
{
    if (ret == 0 && r->readable) {
        struct ghost_model *m = build_seal(&r->build, s->id);
        if (m)
            return m;
        ret = GHOST_E_NOMEM;
    }
    build_release(&r->build);
    if (ret == GHOST_E_NOMEM)
        ghost_fail(err, ret, "out of memory while analysing session %s", s->id);
    else if (ret < 0)
        ghost_fail(err, ret, "cannot read session %s: %s", s->id, ghost_code_text(ret));
    else
        ghost_fail(err, first->code ? first->code : GHOST_E_NOT_FOUND, "cannot read any log of session %s: %s", s->id, first->msg);
    return NULL;
}

struct ghost_model *pipeline_run(const struct session *s, const struct pipeline_options *o, struct ghost_err *err)
{
    struct run r = { .o = o };
    struct ghost_err first = GHOST_ERR_INIT;
    char **paths = NULL;
    size_t n = 0;
    if (session_logs(s, &paths, &n, err) < 0)
        return NULL;
    if (n == 0) {
        session_logs_release(paths, n);
        ghost_fail(err, GHOST_E_NOT_FOUND, "session %s holds no logs: nothing was recorded. See: ghost doctor", s->id);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        r.bytes_total += session_log_size(paths[i]);
    mallopt(M_MMAP_THRESHOLD, LARGE);
    int ret = build_init(&r.build);
    if (ret == 0)
        ret = make_workers(&r);
    for (size_t i = 0; ret == 0 && i < n; i++)
        ret = run_log(&r, paths[i], &first);
    struct ghost_model *m = finish(&r, s, ret, &first, err);
    release_workers(&r);
    session_logs_release(paths, n);
    return m;
}
