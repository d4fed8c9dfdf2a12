/* log_replay.h - the state in which a log leaves its process: every thread's stack and
 * the suspended activations, by the rules of docs/format.md, 5.2. Whoever goes on
 * with a log (live.c) starts from it.
 *
 * A token is an address and is used again, and the blocks of a log end at different
 * times: a ring may hold events that are older than what another thread's block
 * tells of the token they name. So each piece of news counts from its tick on, and
 * reaches the tracker when the events have come to that tick. */
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

/* What is known of the activation that bears a token, from a tick on. */
enum replay_use { REPLAY_ENDED, REPLAY_RUNNING, REPLAY_SUSPENDED };
/* from: of one that ended, since when it had been on its thread's stack without a break. */
struct replay_news { uint32_t token, use; uint64_t tick, from; struct ghost_open_frame f; };

struct replay {
    uint64_t since;              /* no event to come is older: of the news up to here the last of each token do */
    struct replay_thread *threads; size_t n_threads, threads_cap;
    struct map32 thread_index;   /* thread -> index + 1 */
    struct replay_news *news; size_t n_news, news_cap;
    struct map32 tokens;         /* token -> index + 1 of its last news up to `since` */
    struct replay_slot *slots; size_t slots_cap;
    bool any_block;
    uint64_t tick_ns_q32;        /* of the last block */
    struct ghost_anchor anchor[2];
};

/* No event to come is older than `since`: of the news up to there the last of each
 * token are kept. It only rises. False: no memory. */
bool replay_settle(struct replay *r, uint64_t since);
/* One block, in file order; `d` has just decoded it. False: no memory. */
bool replay_block(struct replay *r, const struct ghost_block *b, const struct ghost_decoder *d);
void replay_release(struct replay *r);
const struct replay_thread *replay_thread(const struct replay *r, uint32_t id);

/* News on the way to a tracker, in order of time. */
struct replay_arrival { uint64_t tick; const struct replay_news *news; uint32_t token, running; };
struct replay_arrivals { struct replay_arrival *a; size_t n, cap, next; };

/* Puts the stacks into a fresh tracker, and the news to come into `to`, which is
 * good as long as `r` is. False: no memory. */
bool replay_export(const struct replay *r, struct tracker *t, struct replay_arrivals *to);
void replay_arrivals_release(struct replay_arrivals *to);
/* All news up to a tick reach the tracker. False: no memory. */
bool replay_arrive(struct replay_arrivals *to, struct tracker *t, uint64_t tick);
/* When the next news come; UINT64_MAX: never. */
uint64_t replay_next_arrival(const struct replay_arrivals *to);

#endif
