/* overview.c - totals of a session from its logs' indexes and first frames. */
#include "overview.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ghost/log.h"

/* An open log is counted by decoding it; larger ones only by `ghost report`. */
#define COUNTED_MAX (UINT64_C(8) << 20)

struct scan { struct overview *o; uint64_t start; char *script; bool stop_at_meta, no_memory; };

static void take_meta(struct scan *s, const struct ghost_def_meta *m)
{
    for (uint32_t i = 0; i < m->n_pairs; i++) {
        const struct ghost_def_pair *p = &m->pairs[i];
        if (p->key.len == 6 && memcmp(p->key.p, "script", 6) == 0) {
            free(s->script);
            s->script = strndup(p->value.p, p->value.len);
            s->no_memory |= !s->script;
        }
        if (p->key.len == 13 && memcmp(p->key.p, "start_real_ns", 13) == 0) {
            char digits[24] = "";
            memcpy(digits, p->value.p, p->value.len < 20 ? p->value.len : 20);
            s->start = strtoull(digits, NULL, 10);
        }
    }
}

static int on_def(void *self, const struct ghost_def *d, const struct ghost_frame *f)
{
    struct scan *s = self;
    (void)f;
    if (d->kind == GHOST_REC_META)
        take_meta(s, &d->u.meta);
    if (d->kind == GHOST_REC_LOSS)
        s->o->lost += s->stop_at_meta ? 0 : d->u.loss.count;
    return d->kind == GHOST_REC_META && s->stop_at_meta && s->script ? GHOST_E_STATE : 0;
}

static void widen(struct overview *o, uint64_t from, uint64_t to)
{
    if (from && (!o->start_real || from < o->start_real))
        o->start_real = from;
    if (to > o->end_real)
        o->end_real = to;
}

static int on_block(void *self, const struct ghost_block *b, const struct ghost_frame *f)
{
    struct scan *s = self;
    (void)f;
    if (s->stop_at_meta)
        return GHOST_E_STATE;
    for (uint32_t i = 0; i < b->n_events; i++) {
        uint32_t kind = b->shapes[b->tokens[i]].kind;
        s->o->events += kind < GHOST_SH_ABANDON || kind > GHOST_SH_ADOPT;
    }
    const struct ghost_anchor *a = &b->anchor[1];
    uint64_t after = b->end_tick > a->tick ? b->end_tick - a->tick : 0;
    if (a->real_ns)
        widen(s->o, 0, a->real_ns + (uint64_t)((unsigned __int128)after * b->tick_ns_q32 >> 32));
    return 0;
}

/* All frames of an open log, or only the first that has content. */
static void scan_frames(struct scan *s, struct ghost_log *log, struct ghost_decoder *decoder)
{
    struct ghost_visitor visitor = { .self = s, .def = on_def, .block = on_block };
    struct ghost_frame f;
    uint64_t cursor = 0;
    while (ghost_log_next(log, &cursor, &f) > 0) {
        if (!f.bytes)
            continue;
        s->no_memory |= ghost_frame_decode(decoder, &f, &visitor, NULL) == GHOST_E_NOMEM;
        if (s->stop_at_meta)
            return;
    }
}

/* What an open log's live files hold beyond it, so that the numbers are those of a report. */
static void scan_tail(struct scan *s, const char *path, struct ghost_decoder *decoder)
{
    struct ghost_err why = GHOST_ERR_INIT;
    struct ghost_buf bytes = { 0 };
    struct ghost_log *log = ghost_live_open(path, &bytes, &why);
    struct ghost_log *tail = log && bytes.len ? ghost_log_open_memory(bytes.p, bytes.len, &why) : NULL;
    s->no_memory |= why.code == GHOST_E_NOMEM;
    if (tail)
        scan_frames(s, tail, decoder);
    ghost_log_close(tail);
    ghost_log_close(log);
    ghost_buf_release(&bytes);
}

static int read_log(struct overview *o, const char *path, uint64_t *first_start, struct ghost_decoder *decoder)
{
    struct ghost_err why = GHOST_ERR_INIT;
    struct ghost_log *log = ghost_log_open(path, &why);
    struct stat st;
    if (!log) {
        o->unreadable++;
        o->bytes += stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
        return why.code == GHOST_E_NOMEM ? why.code : 0;
    }
    const struct ghost_log_info *info = ghost_log_info(log);
    struct scan s = { .o = o, .stop_at_meta = info->finished || info->size > COUNTED_MAX };
    scan_frames(&s, log, decoder);
    if (!s.stop_at_meta)
        scan_tail(&s, path, decoder);
    o->bytes += info->size;
    if (info->finished) {
        o->events += info->events;
        o->lost += info->lost;
        s.start = info->start_real_ns;
        widen(o, info->start_real_ns, info->end_real_ns);
    } else {
        o->open++;
        o->events_partial = o->events_partial || s.stop_at_meta;
        widen(o, s.start, s.start);
    }
    if (s.script && (!o->script || s.start < *first_start)) {
        free(o->script);
        o->script = s.script;
        s.script = NULL;
        *first_start = s.start;
    }
    free(s.script);
    ghost_log_close(log);
    return s.no_memory ? GHOST_E_NOMEM : 0;
}

int overview_read(struct overview *o, const struct session *s, struct ghost_err *err)
{
    char **paths;
    size_t n;
    uint64_t first_start = UINT64_MAX;
    *o = (struct overview){ 0 };
    int ret = session_logs(s, &paths, &n, err);
    if (ret < 0)
        return ret;
    struct ghost_decoder *decoder = ghost_decoder_new();
    if (!decoder)
        ret = GHOST_E_NOMEM;
    for (size_t i = 0; ret == 0 && i < n; i++)
        ret = read_log(o, paths[i], &first_start, decoder);
    if (ret < 0)
        ghost_fail(err, ret, "out of memory while looking at session %s", s->id);
    o->processes = (uint32_t)n;
    ghost_decoder_free(decoder);
    session_logs_release(paths, n);
    return ret;
}

void overview_release(struct overview *o)
{
    free(o->script);
    *o = (struct overview){ 0 };
}
