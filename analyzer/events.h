/* events.h - the raw events of a session in order of time, a row each.
 *
 *   events_open(session) -> events_begin(filter) -> events_next ... -> events_end
 *
 * Nothing is read before it is needed: a cursor decodes only blocks whose time,
 * thread and functions its filter lets through, and definitions are looked for
 * when a name is asked for. A `struct events` and its cursors belong to one
 * thread. Rows are the log's own facts: per function, signature, caller and end
 * they add up to exactly the counts and times of struct ghost_model. (What the
 * model calls CAUGHT is no event: it follows from the events of a frame.) */
#ifndef GHOST_EVENTS_H
#define GHOST_EVENTS_H

#include <stdbool.h>
#include <stdint.h>
#include "ghost/def.h"
#include "ghost/err.h"
#include "session.h"

/* X(NAME, number, event, end, text). `event` is the reference product's word
 * where it has one; `end` is set where a call ends. Numbers are never reused:
 * they stand in databases. */
#define EVENT_KINDS(X)                                                                          \
    X(CALL, 1, "call", NULL, "a body is entered")                                               \
    X(RETURN, 2, "return", "return", "it returned a value of this type")                        \
    X(RAISED, 3, "return", "raised", "an exception of this type, raised in it, left it")        \
    X(PASSED, 4, "return", "passed", "an exception of this type, from below, left it")          \
    X(CLOSED, 5, "return", "closed", "a generator or coroutine was closed: no error")           \
    X(YIELD, 6, "yield", NULL, "suspended, yielding this type")                                 \
    X(RESUME, 7, "resume", NULL, "a suspended body goes on")                                    \
    X(THROW, 8, "throw", NULL, "a suspended body goes on by throw() or close()")                \
    X(MARK, 9, "mark", NULL, "the application set a mark")                                      \
    X(PAUSE, 10, "pause", NULL, "recording was paused here")                                    \
    X(ABANDON, 11, "abandon", "abandoned", "gone from the stack, the end was not seen")         \
    X(ADOPT, 12, "adopt", NULL, "a body that began before recording did is met")                \
    X(DROP, 13, "drop", NULL, "a suspended body is gone, the end was not seen")

enum event_kind {
#define X(name, number, event, end, text) EVENT_##name = number,
    EVENT_KINDS(X)
#undef X
    EVENT_KIND_COUNT
};
/* The last three are conclusions, not events: they are not in any event count. */
#define EVENT_IS_COUNTED(kind) ((kind) < EVENT_ABANDON)
#define EVENT_IS_EXCEPTION(kind) ((kind) == EVENT_RAISED || (kind) == EVENT_PASSED)

struct event_kind_info { const char *event, *end; };
extern const struct event_kind_info event_kinds[EVENT_KIND_COUNT];

struct event_row {
    uint64_t id;                 /* its place in the logs: tells rows apart, and orders them by log, thread and time */
    uint64_t time;               /* ns since 1970; never less than the row's before, see events_ordered() */
    uint32_t kind;               /* enum event_kind */
    uint32_t log;                /* number of the process's log, below events_info.n_logs */
    /* numbers of that process, 0: none or unknown */
    uint32_t thread, function, signature, caller;
    uint32_t type;               /* of the value or exception; of MARK: the mark */
    uint32_t depth;              /* recorded frames below this one */
    uint64_t call;               /* tick at which the call began: the same on all rows of a call; 0 unknown */
    bool timed;                  /* ends of calls whose beginning is known: */
    uint64_t latency, self, suspended;   /* ns */
};

struct events;
struct events_cursor;

struct events_info {
    uint32_t n_logs;
    uint64_t events;             /* in all logs, as far as their indexes or blocks tell */
    uint64_t blocks;
    uint64_t start_real, end_real;
    bool ordered;                /* false: a clock was set back, so time goes back in a thread, too */
};

/* Logs that cannot be opened are left out (they are told by whoever analyses
 * the session); NULL when none can. */
struct events *events_open(const struct session *s, struct ghost_err *err);
void events_close(struct events *e);
const struct events_info *events_info(const struct events *e);

/* What a function's name must be like. ANY: its fn_key, qualname or module.qualname. */
enum events_name { EVENTS_ANY_NAME, EVENTS_FN_KEY, EVENTS_QUALNAME, EVENTS_MODULE };
struct events_match { enum events_name name; bool glob; const char *text; };

/* Zeroed: everything. */
struct events_filter {
    uint64_t from, to;           /* ns since 1970, from <= time < to; to 0: no end */
    struct events_match functions[4]; unsigned n_functions;   /* all of them */
    uint32_t thread;             /* 0: any */
    const char *process;         /* pid, or name of the log with or without ".ghost"; NULL: any */
    /* besides: one of each list, where it is not empty */
    struct events_any { const char *const *v; size_t n; } any_function /* globs as ANY_NAME */, any_thread, any_process;
};

/* The filter's strings must live as long as the cursor. NULL: out of memory. */
struct events_cursor *events_begin(struct events *e, const struct events_filter *f, struct ghost_err *err);
/* 1 and a row, 0 at the end, negative with `err` filled when memory is short.
 * Blocks that cannot be decoded are skipped and counted. */
int events_next(struct events_cursor *c, struct event_row *row, struct ghost_err *err);
struct events_cost { uint64_t decoded, skipped, damaged; /* blocks; frames */ };
struct events_cost events_cost(const struct events_cursor *c);
void events_end(struct events_cursor *c);

/* ---- what the numbers mean; strings live as long as `e` ---- */
struct event_function {
    struct ghost_str fn_key, module, qualname, file;
    uint32_t line;
};
/* Never NULL but when memory is short; function 0 is NULL. */
const struct event_function *events_function(struct events *e, uint32_t log, uint32_t function);
struct event_signature {
    struct ghost_str text;       /* (int, *tuple, k=str, **dict) */
    struct ghost_str json;       /* ["int", "*tuple", "k=str", "**dict"] */
};
const struct event_signature *events_signature(struct events *e, uint32_t log, uint32_t function, uint32_t signature);
struct ghost_str events_type(struct events *e, uint32_t log, uint32_t type);      /* its qualname; empty for 0 */
struct ghost_str events_mark(struct events *e, uint32_t log, uint32_t mark);
struct ghost_str events_thread(struct events *e, uint32_t log, uint32_t thread);  /* its name */

struct event_process { const char *log; uint64_t pid; };      /* file name of the log */
struct event_process events_process(const struct events *e, uint32_t log);

#endif
