/* log_replay.h - the state in which a log leaves its process: every thread's stack and
 * the suspended activations, by the rules of docs/format.md, 5.2. Whoever goes on
 * with a log (live.c) starts from it. */
#ifndef LOG_REPLAY_H
#define LOG_REPLAY_H

#include "decoder.h"
#include "tracker.h"

struct replay_frame { struct ghost_open_frame f; uint32_t token; };

struct replay_thread {
    uint32_t id;
    struct replay_frame *stack; size_t depth, cap;
    uint64_t covered;            /* first ring position that no block covers */
    uint64_t last_tick;
};

/* What is known of the activation that bears a token. */
enum replay_use { REPLAY_ENDED, REPLAY_RUNNING, REPLAY_SUSPENDED };
struct replay_activation { uint32_t token, use; uint64_t tick; struct ghost_open_frame f; };

struct replay {
    struct replay_thread *threads; size_t n_threads, threads_cap;
    struct map32 thread_index;   /* thread -> index + 1 */
    struct replay_activation *activations; size_t n_activations, activations_cap;
    struct map32 tokens;         /* token -> index + 1 */
    struct replay_slot *slots; size_t slots_cap;
    bool any_block;
    uint64_t tick_ns_q32;        /* of the last block */
    struct ghost_anchor anchor[2];
};

/* One block, in file order; `d` has just decoded it. False: no memory. */
bool replay_block(struct replay *r, const struct ghost_block *b, const struct ghost_decoder *d);
void replay_release(struct replay *r);
const struct replay_thread *replay_thread(const struct replay *r, uint32_t id);

/* Puts the state into a fresh tracker. False: no memory. */
bool replay_export(const struct replay *r, struct tracker *t);

#endif
