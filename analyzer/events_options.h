/* events_options.h - which raw events: the options, the same in every command. */
#ifndef GHOST_EVENTS_OPTIONS_H
#define GHOST_EVENTS_OPTIONS_H

#include "events.h"
#include "opt.h"
#include "when.h"

struct events_options { const char *from, *to; struct option_list function, thread, process; };

/* Rows for the option table of a command whose struct S has the member `m` of
 * type struct events_options. */
#define EVENTS_OPTIONS(S, m)                                                                                    \
    { .name = "from", .kind = OPTION_TEXT, .at = offsetof(S, m.from), .arg = "TIME",                            \
      .help = "only events at TIME or later: 2026-11-21T12:04:05, seconds since 1970, +10s after the session's beginning, -10s before its end" }, \
    { .name = "to", .kind = OPTION_TEXT, .at = offsetof(S, m.to), .arg = "TIME", .help = "only events before TIME" }, \
    { .name = "function", .kind = OPTION_LIST, .at = offsetof(S, m.function), .arg = "GLOB",                    \
      .help = "only events of functions whose name, with or without module, is like GLOB;\nthis and the next two may be given several times: one must fit" },                    \
    { .name = "thread", .kind = OPTION_LIST, .at = offsetof(S, m.thread), .arg = "N",                           \
      .help = "only events of the thread with this number" },                                                   \
    { .name = "process", .kind = OPTION_LIST, .at = offsetof(S, m.process), .arg = "PID",                       \
      .help = "only events of the process with this id, or with this log" }

/* The filter that they make; its strings are the options'. 0 or GHOST_E_USAGE. */
int events_options_filter(const struct events_options *o, const struct session *s, struct events_filter *f, struct ghost_err *err);

/* "all", "none" or a number: how many rows are imported at most. 0 or GHOST_E_USAGE. */
int events_options_limit(const char *text, uint64_t *limit, struct ghost_err *err);
#define EVENTS_LIMIT_DEFAULT "2000000"

#endif
