/* log.h - write a log, read a log. The contract of format/.
 *
 * The library knows neither Python nor SQLite, never prints, and keeps no
 * global state. A writer belongs to one thread. A reader's cursor belongs to
 * one thread; decoders are one per thread and independent. */
#ifndef GHOST_LOG_H
#define GHOST_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "ghost/def.h"
#include "ghost/err.h"
#include "ghost/event.h"
#include "ghost/live.h"
#include "ghost/record.h"

/* ---------------- sinks: where frames go ---------------- */
/* `write` takes all bytes or none: it returns 0, or a negative code after
 * undoing what it had written. Called only with whole frames. */
struct ghost_sink {
    void *self;
    int (*write)(void *self, const void *bytes, size_t n, struct ghost_err *err);
};

/* ---------------- writing ---------------- */
struct ghost_anchor { uint64_t tick, mono_ns, real_ns; };

struct ghost_writer_config {
    uint8_t process[16];         /* random identity of the process */
    int level;                   /* zstd level, 0 = default (1) */
    uint32_t block_events;       /* cut a block at this many events; 0 = default (131072) */
};

struct ghost_writer;             /* one process's log being written */

/* Writes the header at once. The sink is used until _free. NULL on failure. */
struct ghost_writer *ghost_writer_new(const struct ghost_writer_config *cfg,
                                      const struct ghost_sink *sink, struct ghost_err *err);

/* Present relation of ticks to time; the next blocks carry it. The writer keeps
 * the last two anchors. tick_ns_q32: nanoseconds per tick, 32.32 fixed point. */
void ghost_writer_clock(struct ghost_writer *w, uint64_t tick_ns_q32, struct ghost_anchor now);

/* Appends whole encoded records (ghost_encode_*) in order. They go out in front
 * of the next block, or at ghost_writer_flush. */
int ghost_writer_records(struct ghost_writer *w, const void *records, size_t n, struct ghost_err *err);

/* Takes `n` events of one thread. Over all threads of the writer, events must
 * come in time order for generators that move between threads to be followed
 * (ghost_merge helps). `first_seq` is the ring position of ev[0].
 * When a block reaches block_events it is written at once: on failure of the
 * sink the block's events are still held; call again or _discard. */
int ghost_writer_events(struct ghost_writer *w, uint32_t thread, uint64_t first_seq,
                        const struct ghost_event *ev, size_t n, struct ghost_err *err);

/* Events of `thread` taken so far / safely in the sink so far (ring positions:
 * what the recorder may give free). */
uint64_t ghost_writer_taken(const struct ghost_writer *w, uint32_t thread);
uint64_t ghost_writer_written(const struct ghost_writer *w, uint32_t thread);
/* Bytes of records (ghost_writer_records, not _tell) safely in the sink. */
uint64_t ghost_writer_records_written(const struct ghost_writer *w);
/* Writes what waits of records, then these, at once and in a frame of their own. On failure
 * they are not in the log and will not be: whoever tells them again tells them once. */
int ghost_writer_tell(struct ghost_writer *w, const void *records, size_t n, struct ghost_err *err);

/* Writes the open block of one thread (0: of all threads), and pending records. */
int ghost_writer_flush(struct ghost_writer *w, uint32_t thread, struct ghost_err *err);

/* After a sink failure: forgets the unwritten block of a thread (0: of all) but
 * keeps following the stacks. Returns the number of events forgotten. */
uint64_t ghost_writer_discard(struct ghost_writer *w, uint32_t thread);

struct ghost_writer_totals { uint64_t events, unpaired, bytes, frames; };
struct ghost_writer_totals ghost_writer_totals(const struct ghost_writer *w);

/* The thread is gone: its stack is forgotten after its last block. */
int ghost_writer_thread_end(struct ghost_writer *w, uint32_t thread, struct ghost_err *err);

/* Writes what is left, the END record and the index. */
int ghost_writer_finish(struct ghost_writer *w, const struct ghost_def_end *end, struct ghost_err *err);
void ghost_writer_free(struct ghost_writer *w);

/* ---------------- reading ---------------- */
struct ghost_log;                /* one log file, read-only: a copy if it is small, else mapped */

struct ghost_log_info {
    uint32_t version;
    uint8_t process[16];
    uint64_t size;               /* bytes of the file */
    uint64_t recorded;           /* bytes it had when it was recorded: packing makes it smaller */
    bool packed;                 /* by ghost_log_repack */
    bool finished;               /* has its index: totals below are known without a scan */
    uint64_t events, lost, n_blocks;
    uint64_t start_real_ns, end_real_ns;
};

/* Opens a regular file (no links are followed for the last component), or a log
 * inside an archive by the path ARCHIVE/NAME.ghost. */
struct ghost_log *ghost_log_open(const char *path, struct ghost_err *err);
struct ghost_log *ghost_log_open_memory(const void *bytes, size_t n, struct ghost_err *err);
void ghost_log_close(struct ghost_log *log);
const struct ghost_log_info *ghost_log_info(const struct ghost_log *log);
/* Its bytes as they are. */
int ghost_log_copy(struct ghost_log *log, const struct ghost_sink *to, struct ghost_err *err);

/* The index of a finished log: one entry a block, in file order. Returns 1 and
 * fills *e, 0 at the end or when there is no index; *cursor starts as 0s. */
struct ghost_index_entry {
    uint64_t offset;             /* of the frame; a cursor of ghost_log_next */
    uint32_t thread;
    uint64_t events;
    uint64_t begin_real, length_ns;
};
struct ghost_index_cursor { uint64_t done, at, offset; };
int ghost_log_index(const struct ghost_log *log, struct ghost_index_cursor *cursor, struct ghost_index_entry *e);

/* Frames in file order. Returns 1 and fills *f, 0 at the end. A place that is
 * no frame is skipped up to the next frame and reported in *f as damage
 * (bytes = NULL, size = bytes skipped); a cut tail is damage with truncated, also
 * where the file was cut while it was open. A frame's bytes are used at once. */
struct ghost_frame {
    const uint8_t *bytes; size_t size;
    uint64_t offset;             /* in the file */
    bool truncated;
};
int ghost_log_next(struct ghost_log *log, uint64_t *cursor /* start with 0 */, struct ghost_frame *f);

/* A frame of the stack or an activation as a block's prelude gives it. Times
 * are ticks. `start` is 0 with UNKNOWN_START. */
#define GHOST_FRAME_UNKNOWN_START 1u
struct ghost_open_frame {
    uint32_t func, sig;
    uint32_t caller;             /* nearest recorded function below at the first entry, 0 none */
    uint32_t slot;               /* activation slot + 1, 0 for a plain call */
    uint32_t flags;
    uint32_t pending;            /* type id of an exception that a recorded callee let out and that is not settled yet, 0 none */
    uint64_t start;              /* first entry */
    uint64_t resumed;            /* begin of the present stretch (== start for plain calls) */
    uint64_t active;             /* sum of the finished stretches (activations) */
    uint64_t child;              /* time spent in recorded callees so far */
};

struct ghost_shape { uint32_t kind /* enum ghost_shape_kind */, a, b; };

/* One decoded block. All pointers live in the decoder until its next use. */
struct ghost_block {
    uint32_t thread;
    uint64_t first_seq, n_seq;   /* ring positions covered */
    uint32_t n_events;           /* entries of tokens and ticks */
    uint64_t base_tick, end_tick;
    uint64_t tick_ns_q32;
    struct ghost_anchor anchor[2];
    uint32_t n_stack; const struct ghost_open_frame *stack;       /* bottom first */
    uint32_t n_activations; const struct ghost_open_frame *activations;
    uint32_t n_slots;            /* activation slots used: all slot numbers are below */
    uint32_t n_shapes; const struct ghost_shape *shapes;
    const uint16_t *tokens;      /* [n_events] index of the shape */
    const uint32_t *operands; uint32_t n_operands; /* slots, in event order, for shapes that have one */
    const uint64_t *ticks;       /* [n_events] absolute */
    uint32_t max_depth;          /* largest stack depth inside the block */
};

/* A decoder validates everything before it hands it on: tokens < n_shapes,
 * slots < n_slots, no pop of an empty stack, RESUME of a known suspended slot
 * only, ticks that do not go back. What it accepts needs no further check. */
struct ghost_decoder;
struct ghost_decoder *ghost_decoder_new(void);
void ghost_decoder_free(struct ghost_decoder *d);

struct ghost_visitor {
    void *self;
    /* return 0 to go on, negative to stop (becomes the result) */
    int (*def)(void *self, const struct ghost_def *def, const struct ghost_frame *f);
    int (*block)(void *self, const struct ghost_block *block, const struct ghost_frame *f);
    /* a record of an unknown optional kind; may be NULL */
    int (*unknown)(void *self, uint32_t kind, const uint8_t *p, size_t n);
};
/* Decodes one frame. CORRUPT, VERSION (unknown required record), LIMIT or NOMEM;
 * records before the fault have been visited. */
int ghost_frame_decode(struct ghost_decoder *d, const struct ghost_frame *f,
                       const struct ghost_visitor *v, struct ghost_err *err);

/* The same, but `wanted` is asked about each block by its outline (stack,
 * activations, shapes and the number of events; not they): those it declines are not
 * decoded. */
struct ghost_choice { void *self; bool (*wanted)(void *self, const struct ghost_block *outline); };
int ghost_frame_decode_chosen(struct ghost_decoder *d, const struct ghost_frame *f, const struct ghost_visitor *v,
                              const struct ghost_choice *choice, struct ghost_err *err);

/* ---------------- rings left by a running or killed process ---------------- */
/* Encodes what the live files of `log` (a path NAME.ghost) hold beyond the log
 * into frames in memory: a tail that reads like the rest of the log. Leaves the
 * files alone. *out is empty when there is nothing. Works on a live process too
 * (what it stores meanwhile is not missed, only left for the next look).
 * Everything read is bounded and checked: the files may be hostile. */
int ghost_live_tail(const char *log_path, struct ghost_buf *out, struct ghost_err *err);

/* Opens the log and appends to `tail` what its live files hold beyond exactly the
 * bytes that were opened. For a process that may be running this is the way: a log
 * opened before or after ghost_live_tail would miss or double what was written in
 * between. NULL on failure; the caller releases `tail` either way. */
struct ghost_log *ghost_live_open(const char *log_path, struct ghost_buf *tail, struct ghost_err *err);

/* A log that is being written, look by look; nothing of the process is touched. */
struct ghost_follow;
struct ghost_follow *ghost_follow_new(const char *log_path);   /* NULL: no memory */
void ghost_follow_free(struct ghost_follow *f);
/* Shows the frames that are new in the log to `log`, then what the rings hold beyond
 * to `tail`. What `tail` saw comes again at the next look, there or in the log, with
 * the same pairs of events. A visitor may return GHOST_E_STATE to stop: the look ends
 * with that, and `f` is of no further use. A log that cannot be opened (it is not
 * there any more, say) fails with that code. */
int ghost_follow_look(struct ghost_follow *f, const struct ghost_visitor *log, const struct ghost_visitor *tail, struct ghost_err *err);
bool ghost_follow_finished(const struct ghost_follow *f);      /* its index has been seen: nothing more will come */
uint64_t ghost_follow_damaged(const struct ghost_follow *f);   /* places that were skipped */

/* ---------------- ordering ---------------- */
/* Splits per-thread runs of events, each in order, into calls of `take` in
 * global time order, as long runs as possible. Only events with tick < cutoff
 * are given. Used by the recorder's writer thread and by ghost_live_tail. */
struct ghost_run { uint32_t thread; uint64_t seq; const struct ghost_event *ev; size_t n; };
int ghost_merge(struct ghost_run *runs, size_t n_runs, uint64_t cutoff,
                int (*take)(void *self, uint32_t thread, uint64_t seq,
                            const struct ghost_event *ev, size_t n), void *self);

/* ---------------- dump ---------------- */
/* One line of text per record, events included: the oracle of the tests. */
struct ghost_text { void *self; int (*line)(void *self, const char *text, size_t n); };
int ghost_dump(struct ghost_log *log, const struct ghost_text *out, bool events, struct ghost_err *err);

#endif
