/* watch_view.h - the rows of a watched session as they are shown: sorted, filtered,
 * by function or by module. */
#ifndef GHOST_WATCH_VIEW_H
#define GHOST_WATCH_VIEW_H

#include <stdio.h>
#include "watch.h"

/* X(word, title of its column or NULL, about) */
#define WATCH_SORTS(X)                                                  \
    X(calls, "calls/s", "calls per second in the last interval")        \
    X(errors, "errors/s", "calls left by an exception per second")      \
    X(p95, "p95", "95th percentile of the latency in the last interval") \
    X(time, "time", "time spent in it in the last interval")            \
    X(total, "total", "calls since recording began")                    \
    X(name, "name", "by name")

extern const char *const watch_sorts[];  /* the words, NULL at the end */

struct watch_choice {
    const char *sort;            /* one of watch_sorts */
    const char *filter;          /* part of a name, in any case; NULL or "": all */
    bool modules;                /* one row a module */
    uint64_t top;                /* 0: all */
};

struct watch_line {
    struct ghost_str fn_key, module, name;       /* name: qualname, or the module */
    uint32_t line;               /* 0: a module */
    const struct watch_counts *now, *all;
};
struct watch_view { struct watch_line *v; uint32_t n; uint32_t matching; struct watch_counts *sums; uint32_t n_sums; };

/* Refers to the watch's rows: good until its next look. 0 or GHOST_E_NOMEM. */
int watch_view_make(struct watch_view *view, const struct watch *w, const struct watch_choice *c, struct ghost_err *err);
void watch_view_release(struct watch_view *view);

/* Per second of the last interval. */
double watch_rate(const struct watch *w, uint64_t n);

/* One interval, as text and as a line of JSON. */
int watch_print_text(FILE *f, const struct watch *w, const struct watch_choice *c, struct ghost_err *err);
int watch_print_json(FILE *f, const struct watch *w, const struct watch_choice *c, struct ghost_err *err);
/* "2 processes, 1,204 calls/s, 3 errors/s" */
void watch_headline(char *to, size_t n, const struct watch *w);
/* What the recording's end was, as a sentence; also what was lost. */
void watch_ending(char *to, size_t n, const struct watch *w);

/* The screen: until the user quits, `*w->stop` is set or the recording has ended and
 * was looked at. 0 or a negative code. `interval_ns` between looks. */
int watch_screen(struct watch *w, const struct watch_choice *c, uint64_t interval_ns, struct ghost_err *err);

#endif
