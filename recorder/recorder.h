/* recorder.h - the recorder's process-wide state and the contracts of its parts.
 *
 * Threads. "GIL" marks what an application thread may call while it holds the
 * GIL; "writer" what only the writer thread calls; "any" is safe anywhere.
 * Nothing here ever raises, prints, or runs application code. */
#ifndef GHOST_RECORDER_H
#define GHOST_RECORDER_H

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "ghost/event.h"
#include "ghost/live.h"
#include "ghost/log.h"
#include "ghost/version.h"

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* ---- configuration: set once by start(), read-only afterwards ---- */
struct name_list { char **items; size_t n; };
struct recorder_config {
    char *session_dir, *main_name, *script, *how, *hook, *python, *executable, *boot_dir;
    struct name_list include, exclude, stdlib, site;
    bool all;
    bool wait_when_full;         /* else: drop, counted */
    uint64_t flush_ns;           /* longest time an event waits for the log */
    uint64_t max_log;            /* bytes, 0: no cap */
    uint32_t deep;               /* elements of a container that are looked at, 0: none */
};

enum recorder_state { RECORDER_OFF, RECORDER_ON, RECORDER_FINISHED };

struct recorder {
    int state;                   /* enum recorder_state; GIL writes, any reads */
    bool paused;                 /* GIL */
    bool forked;                 /* set in a fork's child until it has a log of its own; GIL */
    uint8_t process[16];         /* random identity of this process */
    uint8_t parent[16];          /* of the process that forked this one, or zeros */
    char base[PATH_MAX];         /* <session_dir>/<pid>-<8 hex>, no suffix */
    pid_t pid;
    struct recorder_config config;
};
extern struct recorder recorder;

/* recorder.c */
int recorder_start(struct ghost_err *err);   /* GIL; config is filled */
void recorder_finish(void);                  /* at the process's end; idempotent */
void recorder_ensure_process(void);          /* GIL; after a fork: own log, rings, writer */
void recorder_note(uint32_t code, const char *detail); /* GIL; once per code and detail */
void recorder_fault(const char *where);      /* any; switches recording off for good */
const char *recorder_fault_place(void);

/* ---- ring.c: a thread's lane into the log ---- */
/* The part of a ring that the hot path touches lives in thread-local storage.
 * `stop` is the position at which the slow way is taken: ring full, watermark,
 * no ring yet (pos == stop == 0), paused, forked. */
struct ring;
struct lane {
    uint64_t pos, stop;
    struct ghost_event *slots;
    uint64_t mask;
    struct ghost_ring_header *header;
    struct ring *ring;
    uintptr_t stack_low;         /* hook_evalframe.c: below it a new C stack is needed */
    bool busy;                   /* inside a slow path of ours */
    bool has_ring;               /* the thread got its first ring: later ones are greenlets' */
    void *root, *chunk;          /* stacks.h: whose lane this is, when stacks are followed */
};
extern __thread struct lane lane __attribute__((tls_model("initial-exec")));

struct ring {
    struct ring *next;           /* list of all rings; ring_lock */
    struct ghost_ring_header *header; /* at the beginning of `map`, or journal.c's or family.c's */
    struct ghost_event *slots;   /* mapped twice in a row: a run never wraps */
    void *map;
    size_t map_bytes;            /* of the events */
    uint64_t capacity;
    uint32_t thread, number;
    struct lane *lane;           /* its owner's lane or a parked one, NULL once the stack is gone or moved on; ring_lock */
    const struct lane *owner;    /* the thread's own `lane`, NULL once it is gone; ring_lock */
    bool in_memory;              /* no file behind it: a kill loses it */
    bool lossy;                  /* the last event was dropped; owner */
    bool alone;                  /* its thread has had no other; owner, writer once it has ended */
    uint64_t watermarks;         /* how often half a ring was filled; owner */
};
void ring_room(struct lane *l, uint64_t tick); /* GIL: makes room, or leaves pos == stop: drop */
bool ring_watch_thread(void);                  /* GIL: the calling thread's end will be seen */
void ring_stop_all(void);                      /* GIL: every lane takes the slow way next */
void ring_disown_all(void);                    /* child of a fork: no thread's end is to be told in the parent's rings */
void ring_forget_all(void);                    /* child of a fork: abandons the parent's rings */
void ring_remove_files(void);                  /* after everything is in the log */
void ring_release(struct ring *r);             /* writer: its thread is gone and it is empty */
extern pthread_mutex_t ring_lock;
extern struct ring *ring_list;
uint64_t ring_lost_total(void);                 /* any thread */
uint64_t ring_lost_without_ring(void);         /* of these, calls of threads that got no ring */
bool ring_all_logged(void);
uint64_t ring_unlogged(const struct ghost_ring_header *h); /* events of the application that it held or dropped and the log has not */
/* Appends a LOSS for what each ring held or dropped that the log has not and no file tells.
 * Returns how many events these are in all. */
uint64_t ring_tell_memory(struct ghost_buf *b);

/* ---- stacks.c: greenlets (stacks.h has the rest) ---- */
bool stacks_room(void);                        /* GIL: may one more greenlet get a ring? */
void stacks_forget(void);                      /* child of a fork: no stack but the running one; no allocation */
void stacks_thread_gone(const struct lane *owner); /* any, ring_lock held: its parked stacks are gone, too */

/* ---- livefile.c: private mapped files ---- */
/* A new mapped file of a header page and `data` bytes (page multiple), space
 * reserved so that a store cannot fault on a full disk; with `twice` the data
 * are mapped a second time right behind. Falls back to plain memory
 * (*in_memory) unless in_memory is NULL. NULL: not even that. */
void *livefile_map(const char *path, size_t data, bool twice, bool *in_memory);
void livefile_unmap(void *map, size_t data, bool twice);

/* ---- journal.c: definitions ---- */
int journal_append(const uint8_t *records, size_t n);  /* GIL */
int journal_append_last(const uint8_t *records, size_t n); /* at the end: may use the space kept for it */
/* After the writer's end: into a chunk that outlives the process, or not at all (-1). */
int journal_leave(const uint8_t *records, size_t n);
int journal_open(void);                                /* GIL: first chunk */
void journal_before_fork(void);                        /* GIL: remembers what a child inherits */
void journal_after_fork_in_parent(void);
int journal_reopen_in_child(void);                     /* GIL: copy of the parent's definitions */
/* The records of `b`, or a counted loss; releases `b`. */
int journal_append_buf(struct ghost_buf *b);
/* Writer: the records stored since `*taken` bytes; returns the run's length. */
size_t journal_run(uint64_t taken, const uint8_t **run);
void journal_written(uint64_t bytes);                  /* writer: so much is in the log */
uint64_t journal_size(void);
extern uint64_t definitions_lost;
void journal_remove_files(void);
/* For a ring without a file: a header of zeros where a reader finds it, whatever becomes of the
 * process. NULL: no journal has a file, or none left. GIL. */
struct ghost_ring_header *journal_ring_header(void);
bool journal_ring_gone(struct ghost_ring_header *h);   /* writer: nobody uses it any more. False: not one of these */
bool journal_has_ring(const struct ghost_ring_header *h);

/* ---- sink.c: the log file ---- */
int sink_open(const char *path, struct ghost_err *err);  /* GIL: creates it, 0600 */
void sink_adopt(void);               /* writer thread, first thing: a descriptor table of its own */
void sink_settled(void);             /* GIL, after the writer adopted: gives up the shared descriptor */
void sink_close(void);
extern struct ghost_sink sink_file;
uint64_t sink_size(void);
int sink_last_cause(void);           /* enum ghost_loss_cause of the last failure, 0 if writing works */

/* ---- drain.c: the writer thread ---- */
int drain_start(struct ghost_err *err);   /* GIL: makes the log's writer and the thread */
int drain_restart(void);                  /* GIL: after drain_stop in the parent */
void drain_stop(void);                   /* any: joins the thread, keeps the writer */
bool drain_lives(void);                  /* any: does the thread exist? */
void drain_forget_in_child(void);         /* child: nothing of the parent's is freed or used */
void drain_wake(void);                    /* any, async-signal-safe */
bool drain_running(void);
bool drain_failing(void);                 /* any: the log cannot be written now */
void drain_finish(void);                  /* GIL or end of process: everything out, END, join */
int drain_flush(uint64_t timeout_ns);     /* GIL: waits until what is stored now is in the log */

/* ---- deep.c: what was seen inside containers (deep.h) ---- */
void deep_tell(void);                     /* GIL, or end of process: brings the counts in the journal up to date */
void deep_restart(void);                  /* GIL; child of a fork: it counts from 0 */

/* ---- alone.c ---- */
bool alone(unsigned threads);             /* any thread: has the process only so many threads that have not ended, the caller among them? */

/* ---- fork.c ---- */
int fork_install(void);

/* ---- family.c: what forked children tell their parent; GIL ---- */
void family_open(void);
void family_before_fork(void);                 /* no allocation, no lock */
void family_in_child(void);
void family_log_begun(void);                   /* child: it has a log of its own, and no ring of its parent's */
void family_no_log(void);                      /* child: an event is lost, it could not make one */
void family_lost(uint64_t events);             /* child, at its end: so many are lost, and no file of its own can tell it */
/* For a ring without a file: a header of zeros that its process's parent sees. NULL: no parent, or none left.
 * The second gives one back that nobody writes to; the third says that all of this process's are told. */
struct ghost_ring_header *family_ring_header(void);
void family_ring_gone(struct ghost_ring_header *h);
void family_rings_told(void);
void family_tell(struct ghost_buf *b);         /* appends CHILD for each with a log, LOSS for the others */

/* ---- filter.c: shall this code be recorded ---- */
struct filter_subject { const char *module, *file, *globals_file; };
bool filter_records(const struct recorder_config *cfg, const struct filter_subject *s);

#endif
