/* tracker.h - from the events of the rings to the events of blocks.
 *
 * The tracker follows every thread's stack and the activations of the process
 * (generators and coroutines move between threads), pairs what it sees by the
 * rules of docs/format.md, 5.2, and so gives only consistent events to the
 * threads' open blocks. */
#ifndef TRACKER_H
#define TRACKER_H

#include "base.h"
#include "block.h"

#define BOTTOM_FRAME UINT32_MAX   /* activation of stack[0]: makes every match fail */

/* A frame on a thread's stack. For an activation `start` is that of the present
 * stretch and the rest stands in struct activation. */
struct frame {
    uint32_t func, sig, pending, activation;
    uint64_t start, child;
};

/* Why events were not stored. */
enum untold { UNTOLD_UNPAIRED, UNTOLD_STACK, UNTOLD_DAMAGE, UNTOLD_COUNT };
struct untold_span { uint64_t count, first_tick, last_tick; };

struct track_thread {
    uint32_t id;
    struct frame *stack;         /* [0] is a bottom that matches nothing */
    size_t depth, cap;           /* frames above the bottom; room for them */
    uint64_t above;              /* calls above STACK_MAX, not stored */
    uint64_t last_tick;
    uint64_t taken;              /* ring positions */
    bool positioned;             /* `taken` is known */
    struct untold_span untold[UNTOLD_COUNT];
    struct block block;
};

struct activation {
    uint32_t func, sig, caller, flags, pending, token;
    uint32_t use;                /* enum activation_use */
    uint32_t epoch, slot;        /* the last block that had to do with it, and its number there */
    uint64_t start, resumed, active, child;
    uint64_t last;               /* tick of its last push or pop */
};
enum activation_use { ACTIVATION_FREE, ACTIVATION_RUNNING, ACTIVATION_SUSPENDED };

struct tracker {
    struct track_thread **threads; size_t n_threads, threads_cap;
    struct map32 thread_index;   /* thread -> index + 1 */
    struct activation *activations; size_t n_activations, activations_cap; /* [0] unused */
    uint32_t *free; size_t n_free, free_cap;
    struct map32 tokens;         /* token -> activation */
    size_t evict_hand;
    uint32_t epoch;
};

void tracker_release(struct tracker *t);
struct track_thread *tracker_thread(struct tracker *t, uint32_t id);       /* NULL: unknown */
struct track_thread *tracker_thread_make(struct tracker *t, uint32_t id);  /* NULL: no memory */
void tracker_thread_end(struct tracker *t, struct track_thread *th);

/* A fresh running activation with a token (0: none); 0 when memory is short. */
uint32_t activation_new(struct tracker *t, uint32_t token);
void activation_free(struct tracker *t, uint32_t i);
/* From now on the token means another activation, or none. */
void activation_forget_token(struct tracker *t, uint32_t i);

/* Room for one more frame; then the frame. */
bool frame_reserve(struct track_thread *th);
struct frame *frame_push(struct track_thread *th, uint32_t func, uint32_t sig, uint32_t activation, uint64_t tick);

/* Takes events of one thread until its block holds `limit` events or more, or
 * has no room for further shapes; *taken says how many. False: no memory; the
 * events counted in *taken were taken all the same. */
bool tracker_take(struct tracker *t, struct track_thread *th, const struct ghost_event *ev, size_t n,
                  size_t limit, size_t *taken);
bool tracker_block_full(const struct track_thread *th, size_t limit);

/* State from elsewhere (a log that is continued). `slot` of the frames only tells
 * activations apart from plain calls. A frame's activation has no token yet. False: no memory. */
bool tracker_import_frame(struct tracker *t, struct track_thread *th, const struct ghost_open_frame *f);
/* From now on the token is that of: a running activation, a suspended one, nobody.
 * Whoever had it is suspended for ever, or runs on without it. */
bool tracker_name_running(struct tracker *t, uint32_t i, uint32_t token);
bool tracker_import_suspended(struct tracker *t, const struct ghost_open_frame *f, uint32_t token, uint64_t last);
void tracker_forget_token(struct tracker *t, uint32_t token);

#endif
