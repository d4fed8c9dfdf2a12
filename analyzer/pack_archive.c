/* pack_archive.c - see pack_archive.h. */
#include "pack_archive.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "format/base.h"
#include "ghost/archive.h"
#include "ghost/log.h"
#include "out.h"
#include "term.h"

enum { NAME_BYTES = 200 };

/* ---- which logs ---- */

static int no_memory(struct ghost_err *err)
{
    return ghost_fail(err, GHOST_E_NOMEM, "out of memory while logs were collected");
}

static bool known(const struct pack_log *l)
{
    static const uint8_t none[16];
    return memcmp(l->identity, none, sizeof none) != 0;
}

/* More is known from `a` than from `b`, two copies of one log. */
static bool fuller(const struct pack_log *a, const struct pack_log *b)
{
    if (a->finished != b->finished)
        return a->finished;
    return a->events != b->events ? a->events > b->events : a->recorded > b->recorded;
}

static void free_log(struct pack_log *l)
{
    free(l->path);
    free(l->name);
}

/* Takes over `log`. */
static int add_log(struct pack_logs *l, struct pack_log *log, struct ghost_err *err)
{
    for (size_t i = 0; i < l->n; i++) {
        struct pack_log *at = &l->v[i];
        if (!known(log) || memcmp(at->identity, log->identity, sizeof log->identity) != 0)
            continue;
        struct pack_log worse = fuller(log, at) ? *at : *log;
        if (fuller(log, at))
            *at = *log;
        free_log(&worse);
        l->doubles++;
        return 0;
    }
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 16;
        struct pack_log *v = realloc(l->v, cap * sizeof *v);
        if (!v) {
            free_log(log);
            return no_memory(err);
        }
        l->v = v;
        l->cap = cap;
    }
    l->v[l->n++] = *log;
    return 0;
}

static int look_at(struct pack_logs *l, const char *path, struct ghost_err *err)
{
    struct ghost_err why = GHOST_ERR_INIT;
    const char *slash = strrchr(path, '/');
    struct ghost_log *log = ghost_log_open(path, &why);
    if (!log && why.code == GHOST_E_NOMEM)
        return no_memory(err);
    if (!log) {
        fprintf(stderr, "ghost: %s is left out: %s\n", path, why.msg);
        l->unreadable++;
        return 0;
    }
    const struct ghost_log_info *info = ghost_log_info(log);
    struct pack_log found = { .path = strdup(path), .name = strdup(slash ? slash + 1 : path), .bytes = info->size, .recorded = info->recorded,
                              .events = info->events, .finished = info->finished };
    memcpy(found.identity, info->process, sizeof found.identity);
    ghost_log_close(log);
    if (found.path && found.name)
        return add_log(l, &found, err);
    free_log(&found);
    return no_memory(err);
}

int pack_add(struct pack_logs *l, const struct session *s, struct ghost_err *err)
{
    char **paths;
    size_t n;
    int ret = session_logs(s, &paths, &n, err);
    for (size_t i = 0; ret == 0 && i < n; i++)
        ret = look_at(l, paths[i], err);
    session_logs_release(paths, n);
    return ret;
}

void pack_release(struct pack_logs *l)
{
    for (size_t i = 0; i < l->n; i++)
        free_log(&l->v[i]);
    free(l->v);
    *l = (struct pack_logs){ 0 };
}

/* ---- names ---- */

static int by_name_and_identity(const void *pa, const void *pb)
{
    const struct pack_log *a = pa, *b = pb;
    int r = strcmp(a->name, b->name);
    return r ? r : memcmp(a->identity, b->identity, sizeof a->identity);
}

/* Two processes of one name: the one with the smallest identity keeps it, the others
 * get theirs behind it. So it does not matter which were merged first. */
static int tell_apart(const struct pack_logs *l, struct ghost_err *err)
{
    qsort(l->v, l->n, sizeof *l->v, by_name_and_identity);
    for (size_t i = l->n; i-- > 1;) {
        char name[NAME_BYTES], hex[33];
        struct pack_log *log = &l->v[i];
        if (strcmp(log->name, l->v[i - 1].name) != 0)
            continue;
        hex_text(hex, log->identity, 16);
        int stem = (int)(strlen(log->name) - strlen(".ghost"));
        snprintf(name, sizeof name, "%.*s-%s.ghost", stem < 150 ? stem : 150, log->name, hex);
        char *copy = strdup(name);
        if (!copy)
            return no_memory(err);
        free(log->name);
        log->name = copy;
    }
    qsort(l->v, l->n, sizeof *l->v, by_name_and_identity);
    return 0;
}

/* ---- writing ---- */

struct packing {
    struct ghost_archive_writer w;
    struct pack_result *r;
    uint64_t before, total, started, drawn;
    bool terminal;
};

static int to_file(void *self, const void *bytes, size_t n, struct ghost_err *err)
{
    return fwrite(bytes, 1, n, self) == n ? 0 : ghost_fail(err, GHOST_E_IO, "cannot write the archive: is the disk full?");
}

static int to_archive(void *self, const void *bytes, size_t n, struct ghost_err *err)
{
    return ghost_archive_log_write(&((struct packing *)self)->w, bytes, n, err);
}

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void show(void *self, uint64_t done)
{
    struct packing *p = self;
    char of[HUMAN];
    uint64_t now = p->terminal ? now_ns() : 0;
    if (!p->terminal || now - p->started < 700000000u || now - p->drawn < 100000000u || !p->total)
        return;
    p->drawn = now;
    fprintf(stderr, "\r\033[Kpacking: %3.0f%% of %s", 100.0 * (double)(p->before + done) / (double)p->total, human_bytes(of, p->total));
    fflush(stderr);
}

static int write_log(struct packing *p, const struct pack_log *l, int level, struct ghost_err *err)
{
    struct ghost_err live = GHOST_ERR_INIT;
    struct ghost_buf tail = { 0 };
    struct ghost_sink sink = { p, to_archive };
    struct ghost_repack repack = { .level = level, .progress = show, .self = p };
    struct ghost_log *log = ghost_live_open(l->path, &tail, &live);
    if (!log && live.code == GHOST_E_NOMEM)
        return no_memory(err);
    if (!log)
        log = ghost_log_open(l->path, err);
    struct ghost_log *rest = log && tail.len ? ghost_log_open_memory(tail.p, tail.len, err) : NULL;
    int ret = !log || (tail.len && !rest) ? GHOST_E_IO : ghost_archive_log_begin(&p->w, l->name, err);
    if (ret == 0 && level == 0 && ghost_log_info(log)->packed)
        ret = ghost_log_copy(log, &sink, err);
    else if (ret == 0)
        ret = ghost_log_repack(log, rest, &repack, &sink, err);
    if (ret == 0)
        ret = ghost_archive_log_end(&p->w, err);
    p->r->damaged += repack.damaged;
    ghost_log_close(rest);
    ghost_log_close(log);
    ghost_buf_release(&tail);
    return ret;
}

int pack_write(const struct pack_logs *l, const char *session, const char *path, int level, struct pack_result *r, struct ghost_err *err)
{
    struct out out;
    *r = (struct pack_result){ .logs = l->n };
    struct packing p = { .r = r, .started = now_ns(), .terminal = isatty(STDERR_FILENO) };
    int ret = tell_apart(l, err);
    for (size_t i = 0; i < l->n; i++)
        p.total += l->v[i].bytes;
    if (ret == 0)
        ret = out_open(&out, path, err);
    if (ret < 0)
        return ret;
    struct ghost_sink file = { out.f, to_file };
    p.w.to = &file;
    ret = ghost_archive_begin(&p.w, session, err);
    for (size_t i = 0; ret == 0 && i < l->n; i++) {
        ret = write_log(&p, &l->v[i], level, err);
        p.before += l->v[i].bytes;
        r->recorded += l->v[i].recorded;
        r->events += l->v[i].events;
        r->open += !l->v[i].finished;
    }
    int ended = ghost_archive_end(&p.w, err);
    r->bytes = p.w.offset;
    if (p.terminal && p.drawn)
        fputs("\r\033[K", stderr);
    return out_close(&out, ret == 0 ? ended : ret, err);
}
