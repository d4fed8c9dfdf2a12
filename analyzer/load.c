/* load.c - resolve a session, analyse it, tell how far it is. */
#include "load.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "pipeline.h"
#include "session.h"
#include "term.h"

#define PATIENCE_NS 700000000u           /* nothing is shown before */
#define REDRAW_NS 100000000u

struct progress { uint64_t started, drawn; bool shown; };

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void show(void *self, uint64_t done, uint64_t total)
{
    struct progress *p = self;
    uint64_t now = now_ns(), spent = now - p->started;
    char of[HUMAN], rate[HUMAN], left[HUMAN];
    if (spent < PATIENCE_NS || now - p->drawn < REDRAW_NS || !total || !done)
        return;
    p->drawn = now;
    p->shown = true;
    double seconds = (double)spent / 1e9, speed = (double)done / seconds;
    uint64_t rest = total > done ? (uint64_t)((double)(total - done) / speed * 1e9) : 0;
    fprintf(stderr, "\r\033[Kanalysing: %3.0f%% of %s, %s/s, %s left", 100.0 * (double)done / (double)total,
            human_bytes(of, total), human_bytes(rate, (uint64_t)speed), human_span(left, rest));
    fflush(stderr);
}

struct ghost_model *load_model(const char *data_dir, const char *name, unsigned jobs, struct ghost_err *err)
{
    struct session s;
    struct progress p = { .started = now_ns() };
    struct pipeline_options o = { .jobs = jobs, .progress = isatty(STDERR_FILENO) ? show : NULL, .self = &p };
    if (session_resolve(data_dir, name, &s, err) < 0)
        return NULL;
    struct ghost_model *m = pipeline_run(&s, &o, err);
    if (p.shown)
        fputs("\r\033[K", stderr);
    session_release(&s);
    return m;
}
