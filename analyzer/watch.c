/* watch.c - see watch.h: the rows, and a look at all logs of a session. */
#include "watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "watch_log.h"

/* ---- figures ---- */

uint64_t watch_p95(const struct watch_counts *c) { return hist_quantile(&c->hist, 950, 0, UINT64_MAX); }

static bool counts_add(struct watch_counts *c, const struct watch_item *item, uint64_t one)
{
    if (item->is_call)
        c->calls += one;
    if (item->error)
        c->errors += one;
    if (!item->timed)
        return true;
    c->time += one * item->latency;
    return hist_add(&c->hist, hist_bucket(item->latency), one);
}

static void counts_clear(struct watch_counts *c)
{
    struct hist hist = c->hist;
    hist_clear(&hist);
    *c = (struct watch_counts){ .hist = hist };
}

/* Sums are kept modulo 2^64: what is taken away before it is added comes out right.
 * The first look, which may be at hours of recording, is no interval. */
bool watch_add(struct watch *w, const struct watch_item *item, bool add)
{
    uint64_t one = add ? 1 : UINT64_MAX, call = item->is_call ? one : 0, error = item->error ? one : 0;
    struct watch_row *r = w->rows[item->row];
    w->all_calls += call;
    w->all_errors += error;
    if (w->looks) {
        w->calls += call;
        w->errors += error;
    }
    return counts_add(&r->all, item, one) && (!w->looks || counts_add(&r->now, item, one));
}

uint32_t watch_row_of(struct watch *w, struct ghost_str module, struct ghost_str qualname, uint32_t line)
{
    size_t n = (size_t)module.len + qualname.len + 16;
    char *key = malloc(n);
    if (!key || !grow_array(&w->rows, w->n_rows, &w->cap_rows, sizeof *w->rows)) {
        free(key);
        return TABLE_NONE;
    }
    memcpy(key, module.p, module.len);
    key[module.len] = ':';
    memcpy(key + module.len + 1, qualname.p, qualname.len);
    size_t used = (size_t)module.len + 1 + qualname.len;
    used += (size_t)snprintf(key + used, n - used, ":%u", line);
    uint32_t i = keyset_put(&w->names, key, used);
    free(key);
    if (i != w->n_rows)
        return i;
    struct watch_row *r = calloc(1, sizeof *r);
    if (!r)
        return TABLE_NONE;
    const char *p = w->names.keys[i].p;
    *r = (struct watch_row){ .fn_key = w->names.keys[i], .module = { arena_copy(&w->arena, p, module.len), module.len },
                             .qualname = { p + module.len + 1, qualname.len }, .line = line };
    w->rows[w->n_rows++] = r;
    return w->arena.failed ? TABLE_NONE : i;
}

static void row_free(struct watch_row *r)
{
    hist_release(&r->now.hist);
    hist_release(&r->all.hist);
    free(r);
}

/* ---- the session ---- */

static int no_memory(struct ghost_err *err) { return ghost_fail(err, GHOST_E_NOMEM, "out of memory while the session was watched"); }

void watch_open(struct watch *w, struct session *s)
{
    w->session = *s;
    w->names.arena = &w->arena;
    *s = (struct session){ 0 };
}

void watch_close(struct watch *w)
{
    for (uint32_t i = 0; i < w->n_rows; i++)
        row_free(w->rows[i]);
    for (uint32_t i = 0; i < w->n_logs; i++)
        watch_log_free(w->logs[i]);
    free(w->rows);
    free(w->logs);
    keyset_release(&w->names);
    arena_release(&w->arena);
    session_release(&w->session);
    *w = (struct watch){ 0 };
}

static bool is_known(const struct watch *w, const char *path)
{
    for (uint32_t i = 0; i < w->n_logs; i++)
        if (strcmp(w->logs[i]->path, path) == 0)
            return true;
    return false;
}

static int find_logs(struct watch *w, struct ghost_err *err)
{
    char **paths = NULL;
    size_t n = 0;
    int ret = session_logs(&w->session, &paths, &n, err);
    for (size_t i = 0; ret == 0 && i < n; i++) {
        if (is_known(w, paths[i]))
            continue;
        struct watch_log *l = grow_array(&w->logs, w->n_logs, &w->cap_logs, sizeof *w->logs) ? watch_log_new(w, paths[i]) : NULL;
        if (l)
            w->logs[w->n_logs++] = l;
        else
            ret = no_memory(err);
    }
    session_logs_release(paths, n);
    return ret;
}

static uint64_t now_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void clear_interval(struct watch *w)
{
    for (uint32_t i = 0; i < w->n_rows; i++)
        counts_clear(&w->rows[i]->now);
    w->calls = w->errors = 0;
}

static void sum_up(struct watch *w)
{
    w->processes = w->n_logs;
    w->running = w->killed = 0;
    w->lost = w->damaged = 0;
    for (uint32_t i = 0; i < w->n_logs; i++) {
        const struct watch_log *l = w->logs[i];
        w->running += !l->over;
        w->killed += l->killed;
        w->lost += l->lost + l->tail_lost;
        w->damaged += ghost_follow_damaged(l->follow);
    }
    w->ended = w->n_logs && !w->running;
}

int watch_look(struct watch *w, struct ghost_err *err)
{
    uint64_t before = w->mono;
    clear_interval(w);
    w->mono = now_ns(CLOCK_MONOTONIC);
    w->time = now_ns(CLOCK_REALTIME);
    w->interval = w->looks ? w->mono - before : 0;
    int ret = find_logs(w, err);
    for (uint32_t i = 0; ret == 0 && i < w->n_logs; i++)
        ret = watch_log_look(w->logs[i], err);
    w->looks++;
    sum_up(w);
    return ret;
}
