/* watch_log.c - see watch_log.h. */
#include "watch_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { QUIET_LOOKS = 2 };        /* a process that is gone may have written a last time before */

/* ---- definitions ---- */

static bool same(struct ghost_str s, const char *text) { return s.len == strlen(text) && memcmp(s.p, text, s.len) == 0; }

static void take_meta(struct watch_log *l, const struct ghost_def_meta *m)
{
    char here[256] = "", text[24] = "";
    gethostname(here, sizeof here - 1);
    for (uint32_t i = 0; i < m->n_pairs; i++) {
        struct ghost_str key = m->pairs[i].key, value = m->pairs[i].value;
        if (same(key, "host"))
            l->other_host = !same(value, here);
        if (!same(key, "pid") || value.len >= sizeof text)
            continue;
        memcpy(text, value.p, value.len);
        l->pid = strtoull(text, NULL, 10);
    }
}

static int on_def(void *self, const struct ghost_def *def, const struct ghost_frame *f)
{
    struct watch_log *l = self;
    if (def->kind == GHOST_REC_META)
        take_meta(l, &def->u.meta);
    else if (def->kind == GHOST_REC_LOSS)
        *(l->in_tail ? &l->tail_lost : &l->lost) += def->u.loss.count;
    else if (def->kind == GHOST_REC_FUNC || def->kind == GHOST_REC_TYPE)
        return defs_add(&l->defs, def, f->offset);
    return 0;
}

/* ---- events ---- */

static uint32_t new_row(struct watch_log *l, uint32_t function)
{
    const struct ghost_def_func *d = defs_func(&l->defs, function);
    char number[32];
    int n = snprintf(number, sizeof number, "<function %u>", function);
    const char *name = strrchr(l->path, '/') ? strrchr(l->path, '/') + 1 : l->path;
    return d ? watch_row_of(l->w, d->module, d->qualname, d->first_line)
             : watch_row_of(l->w, (struct ghost_str){ name, (uint32_t)strlen(name) }, (struct ghost_str){ number, (uint32_t)n }, 0);
}

static uint32_t row_of(struct watch_log *l, uint32_t function)
{
    if (function >= l->cap_rows) {
        uint32_t cap = function < 128 ? 256 : function * 2;
        uint32_t *grown = realloc(l->rows, cap * sizeof *grown);
        if (!grown)
            return TABLE_NONE;
        memset(grown + l->cap_rows, 0xff, (cap - l->cap_rows) * sizeof *grown);   /* TABLE_NONE */
        l->rows = grown;
        l->cap_rows = cap;
    }
    if (l->rows[function] == TABLE_NONE)
        l->rows[function] = new_row(l, function);
    return l->rows[function];
}

/* close() ends a generator by GeneratorExit: no error of it. */
static bool is_closing(const struct watch_log *l, const struct event_row *r)
{
    const struct ghost_def_type *t = defs_type(&l->defs, r->type);
    const struct ghost_def_func *f = defs_func(&l->defs, r->function);
    return t && f && same(t->qualname, "GeneratorExit") && same(t->module, "builtins") && f->co_flags & GHOST_CO_GENERATOR_LIKE;
}

static int count(struct watch_log *l, const struct event_row *r)
{
    struct watch_item item = { .is_call = r->kind == EVENT_CALL, .timed = r->timed, .latency = r->latency };
    if (!item.is_call && r->kind != EVENT_RETURN && !EVENT_IS_EXCEPTION(r->kind))
        return 0;
    item.error = EVENT_IS_EXCEPTION(r->kind) && !is_closing(l, r);
    item.row = row_of(l, r->function);
    if (item.row == TABLE_NONE)
        return GHOST_E_NOMEM;
    if (!watch_add(l->w, &item, true))
        return GHOST_E_NOMEM;
    if (!l->in_tail)
        return 0;
    if (!grow_array(&l->items, l->n_items, &l->cap_items, sizeof *l->items))
        return GHOST_E_NOMEM;
    l->items[l->n_items++] = item;
    return 0;
}

static int on_block(void *self, const struct ghost_block *b, const struct ghost_frame *f)
{
    struct watch_log *l = self;
    struct event_row row;
    int ret = 0;
    (void)f;
    if (l->w->stop && *l->w->stop)
        return GHOST_E_STATE;
    if (!event_walk_begin(&l->walk, b))
        return GHOST_E_NOMEM;
    while (ret == 0 && event_walk_next(&l->walk, &row))
        ret = count(l, &row);
    l->events += l->in_tail ? 0 : b->n_events;
    return ret;
}

static int on_tail_def(void *self, const struct ghost_def *def, const struct ghost_frame *f)
{
    ((struct watch_log *)self)->in_tail = true;
    return on_def(self, def, f);
}

static int on_tail_block(void *self, const struct ghost_block *b, const struct ghost_frame *f)
{
    ((struct watch_log *)self)->in_tail = true;
    return on_block(self, b, f);
}

/* ---- looks ---- */

/* What the rings held at the last look is told again: take it back first. */
static void take_back(struct watch_log *l)
{
    for (uint32_t i = 0; i < l->n_items; i++)
        watch_add(l->w, &l->items[i], false);
    l->n_items = 0;
    l->tail_lost = 0;
    l->in_tail = false;
}

static bool process_lives(const struct watch_log *l)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%llu", (unsigned long long)l->pid);
    return l->other_host || !l->pid || access(path, F_OK) == 0;
}

/* Finished, or gone without an end and nothing new comes any more. */
static void judge(struct watch_log *l, bool news)
{
    l->quiet = news ? 0 : l->quiet + 1;
    l->killed = !ghost_follow_finished(l->follow) && l->quiet >= QUIET_LOOKS && !process_lives(l);
    l->over = l->killed || ghost_follow_finished(l->follow);
}

int watch_log_look(struct watch_log *l, struct ghost_err *err)
{
    static const struct ghost_visitor log = { .def = on_def, .block = on_block }, tail = { .def = on_tail_def, .block = on_tail_block };
    struct ghost_visitor to_log = log, to_tail = tail;
    struct ghost_err own = GHOST_ERR_INIT;
    uint32_t items = l->n_items;
    uint64_t events = l->events;
    if (l->over)
        return 0;
    take_back(l);
    to_log.self = to_tail.self = l;
    int ret = ghost_follow_look(l->follow, &to_log, &to_tail, &own);
    if (ret == GHOST_E_NOMEM || ret == GHOST_E_STATE)
        return ghost_fail(err, ret, "%s", own.msg);
    if (ret < 0)                         /* taken away, or unreadable: what has been seen stays */
        l->over = l->killed = true;
    else
        judge(l, l->events != events || l->n_items != items);
    return 0;
}

struct watch_log *watch_log_new(struct watch *w, const char *path)
{
    struct watch_log *l = calloc(1, sizeof *l);
    if (!l || defs_init(&l->defs) < 0) {
        free(l);
        return NULL;
    }
    l->w = w;
    l->path = strdup(path);
    l->follow = ghost_follow_new(path);
    if (l->path && l->follow)
        return l;
    watch_log_free(l);
    return NULL;
}

void watch_log_free(struct watch_log *l)
{
    if (!l)
        return;
    ghost_follow_free(l->follow);
    defs_release(&l->defs);
    event_walk_release(&l->walk);
    free(l->rows);
    free(l->items);
    free(l->path);
    free(l);
}

/* ---- before watching ---- */

/* A log's process and host, from its first frames. */
static int on_first_def(void *self, const struct ghost_def *def, const struct ghost_frame *f)
{
    (void)f;
    if (def->kind == GHOST_REC_META)
        take_meta(self, &def->u.meta);
    return 0;
}

static bool decline(void *self, const struct ghost_block *outline)
{
    (void)self, (void)outline;
    return false;
}

static bool log_is_live(const char *path)
{
    struct watch_log l = { 0 };
    struct ghost_frame f;
    uint64_t cursor = 0;
    struct ghost_log *log = ghost_log_open(path, NULL);
    struct ghost_decoder *d = ghost_decoder_new();
    const struct ghost_visitor visitor = { .self = &l, .def = on_first_def };
    const struct ghost_choice none = { NULL, decline };
    bool finished = !log || ghost_log_info(log)->finished;
    const char *slash = strrchr(path, '/');
    l.pid = strtoull(slash ? slash + 1 : path, NULL, 10);
    if (!finished && d && ghost_log_next(log, &cursor, &f) > 0 && f.bytes)
        ghost_frame_decode_chosen(d, &f, &visitor, &none, NULL);
    ghost_decoder_free(d);
    ghost_log_close(log);
    return !finished && process_lives(&l);
}

bool watch_is_live(const struct session *s)
{
    char **paths = NULL;
    size_t n = 0;
    bool live = false;
    if (session_logs(s, &paths, &n, NULL) < 0)
        return false;
    for (size_t i = 0; !live && i < n; i++)
        live = log_is_live(paths[i]);
    session_logs_release(paths, n);
    return live;
}
