/* events_log.h - one process's log as the source of raw events: where its blocks
 * are, and its definitions, as far as they have been asked for.
 *
 * A finished log's index tells where the blocks are without reading them. The
 * definitions then are found by scanning the log's frames from its beginning, on
 * demand: each stands in front of the first block that uses it. */
#ifndef GHOST_EVENTS_LOG_H
#define GHOST_EVENTS_LOG_H

#include "arena.h"
#include "defs.h"
#include "events.h"
#include "ghost/log.h"

struct events_block {
    uint64_t offset;                     /* of its frame */
    uint64_t begin, end;                 /* ns since 1970; end is rounded up */
    uint64_t floor;                      /* no row is earlier: end of the blocks before */
    uint32_t log, thread;
    uint32_t nth;                        /* among the blocks of its thread in its frame */
    uint32_t events;
    bool tail;                           /* in what the live files hold beyond the log */
};

struct events_blocks { struct events_block *v; uint32_t n, cap; };

struct events_source { struct ghost_log *log; uint64_t scanned; };

struct events_log {
    char *name;                          /* file name */
    uint32_t number;
    uint64_t pid;
    struct events_source sources[2]; unsigned n_sources;
    struct ghost_buf tail;
    struct ghost_decoder *scanner;
    unsigned scanning;                   /* the source whose frames are scanned; n_sources: all are */
    struct events_blocks *blocks;        /* where a scan notes what it meets; NULL: blocks are known */
    struct defs defs;
    struct arena arena;                  /* names */
    struct event_function **functions; uint32_t cap_functions;   /* by id; NULL: not asked for */
    struct ghost_str *types; uint32_t cap_types;                 /* p NULL: not asked for */
    struct table signatures; const struct event_signature **signature_list; uint32_t n_signatures, cap_signatures;
};

/* Opens the log and adds its blocks. The caller releases `l` either way. */
int events_log_open(struct events_log *l, const char *path, uint32_t number, struct events_blocks *blocks, struct ghost_err *err);
void events_log_release(struct events_log *l);

/* The definition, looked for in frames not scanned yet when need be; NULL: there is none.
 * The struct moves when another is looked for: copy it; what it points to stays. */
const struct ghost_def_func *events_log_func(struct events_log *l, uint32_t id);
const struct ghost_def_type *events_log_type(struct events_log *l, uint32_t id);
const struct ghost_def_sig *events_log_sig(struct events_log *l, uint32_t func, uint32_t id);
const struct ghost_def_thread *events_log_thread(struct events_log *l, uint32_t id);
const struct ghost_def_mark *events_log_mark(struct events_log *l, uint32_t id);
void events_log_scan_all(struct events_log *l);

/* Exceptions of this type end a generator without an error. */
bool events_log_is_generator_exit(struct events_log *l, uint32_t type);

/* ---- names (events_names.c) ---- */
const struct event_function *events_log_function_name(struct events_log *l, uint32_t id);
struct ghost_str events_log_type_name(struct events_log *l, uint32_t id);
struct ghost_str events_log_mark_name(struct events_log *l, uint32_t id);
struct ghost_str events_log_thread_name(struct events_log *l, uint32_t id);
const struct event_signature *events_log_signature_name(struct events_log *l, uint32_t func, uint32_t id);

struct events {
    struct events_log *logs;
    struct events_info info;
    struct events_blocks blocks;         /* by log, thread, time */
};

uint64_t events_ns(uint64_t ticks, uint64_t q32);
/* Real time of a tick of the block, 0 unknown. */
uint64_t events_real(const struct ghost_block *b, uint64_t tick);

#endif
