/* watch.h - a session while it is being recorded: figures of the last interval and
 * of all time, for each function over all processes.
 *
 *   watch_open -> watch_look, again and again -> watch_close
 *
 * Nothing of the recorded processes is touched: their files are read. Everything
 * belongs to one thread. */
#ifndef GHOST_WATCH_H
#define GHOST_WATCH_H

#include <signal.h>
#include <stdbool.h>
#include "arena.h"
#include "ghost/def.h"
#include "ghost/err.h"
#include "hist.h"
#include "session.h"

struct watch_counts {
    uint64_t calls;              /* bodies entered */
    uint64_t errors;             /* calls left by an exception */
    uint64_t time;               /* ns, latencies of the calls that ended */
    struct hist hist;            /* of these latencies */
};
uint64_t watch_p95(const struct watch_counts *c);        /* ns, 0: no call has ended */

struct watch_row {
    struct ghost_str fn_key, module, qualname;
    uint32_t line;
    struct watch_counts now, all;        /* the last interval; since recording began */
};

struct watch {
    struct session session;
    struct watch_row **rows; uint32_t n_rows, cap_rows;
    uint64_t looks;
    uint64_t time, mono;         /* CLOCK_REALTIME and CLOCK_MONOTONIC of the last look, ns */
    uint64_t interval;           /* ns between the last two looks */
    uint64_t calls, errors;      /* of the last interval, all functions */
    uint64_t all_calls, all_errors;
    uint64_t lost, damaged;      /* events; places in logs */
    uint32_t processes, running;
    bool ended;                  /* every process has ended, or is gone without an end */
    uint32_t killed;             /* those gone without one */
    struct watch_log **logs; uint32_t n_logs, cap_logs;
    struct arena arena;
    struct keyset names;
    volatile const sig_atomic_t *stop;   /* becomes nonzero: a look ends early, with GHOST_E_STATE; may be NULL */
};

/* Takes the session over. `w` is zeroed but for `stop`. */
void watch_open(struct watch *w, struct session *s);
/* Brings everything up to now: the log's new frames, what the rings hold beyond
 * them, and processes that appeared. The first look only fills `all`. */
int watch_look(struct watch *w, struct ghost_err *err);
void watch_close(struct watch *w);

/* Is the session still being recorded? Some log has no end yet and its process
 * lives, or is another host's or container's and left live files. */
bool watch_is_live(const struct session *s);

#endif
