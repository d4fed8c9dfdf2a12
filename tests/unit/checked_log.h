/* checked_log.h - reads a log in memory to its end and keeps what tests ask for. */
#ifndef CHECKED_LOG_H
#define CHECKED_LOG_H

#include <string.h>
#include "format/base.h"
#include "format/decoder.h"
#include "format/log_replay.h"
#include "ghost/log.h"

struct checked_log {
    struct ghost_decoder *decoder;
    struct replay replay;
    uint64_t frames, damaged, truncated, blocks, defs;
    uint64_t positions;          /* ring positions covered */
    uint64_t events;             /* tokens but ABANDON, DROP, ADOPT */
    uint64_t adopted, lost;      /* ADOPTs; counts of LOSS records */
    struct ghost_err first;      /* the first frame that did not decode */
    uint64_t hash;               /* of everything that was decoded, in order */
    int code;                    /* what opening said */
};

static inline void checked_hash(struct checked_log *c, uint64_t v) { c->hash = hash_u64(c->hash + v + 1); }

static inline int checked_def(void *self, const struct ghost_def *d, const struct ghost_frame *f)
{
    struct checked_log *c = self;
    (void)f;
    c->defs++;
    if (d->kind == GHOST_REC_LOSS) c->lost += d->u.loss.count;
    checked_hash(c, d->kind);
    return 0;
}

/* Every operation of a reader on a block must be safe without further checks. */
static inline int checked_block(void *self, const struct ghost_block *b, const struct ghost_frame *f)
{
    struct checked_log *c = self;
    uint32_t operands = 0;
    uint64_t last = b->base_tick;
    (void)f;
    c->blocks++;
    c->positions += b->n_seq;
    checked_hash(c, b->thread);
    checked_hash(c, b->first_seq);
    for (uint32_t i = 0; i < b->n_events; i++) {
        const struct ghost_shape *s = &b->shapes[b->tokens[i]];
        if (b->ticks[i] < last || b->ticks[i] > b->end_tick) __builtin_trap();
        last = b->ticks[i];
        checked_hash(c, (uint64_t)s->kind << 60 ^ (uint64_t)s->a << 20 ^ s->b ^ b->ticks[i] << 8);
        if (shape_infos[s->kind].operand && b->operands[operands++] >= b->n_slots) __builtin_trap();
        c->adopted += s->kind == GHOST_SH_ADOPT;
        c->events += s->kind != GHOST_SH_ABANDON && s->kind != GHOST_SH_DROP && s->kind != GHOST_SH_ADOPT;
    }
    if (operands != b->n_operands) __builtin_trap();
    return replay_block(&c->replay, b, c->decoder) ? 0 : GHOST_E_NOMEM;
}

static inline void checked_log_read(struct checked_log *c, const void *bytes, size_t n)
{
    struct ghost_frame f;
    uint64_t cursor = 0, before = 0;
    struct ghost_visitor v = { c, checked_def, checked_block, NULL };
    *c = (struct checked_log){ .decoder = ghost_decoder_new(), .first = GHOST_ERR_INIT, .replay.since = UINT64_MAX };
    struct ghost_log *log = ghost_log_open_memory(bytes, n, &c->first);
    c->code = log ? 0 : c->first.code;
    if (log) c->first = (struct ghost_err)GHOST_ERR_INIT;
    while (log && ghost_log_next(log, &cursor, &f)) {
        if (cursor <= before || cursor > n) __builtin_trap();     /* always onwards, never beyond */
        before = cursor;
        c->frames++;
        c->truncated += f.truncated;
        if (c->decoder && ghost_frame_decode(c->decoder, &f, &v, &c->first) != 0) c->damaged++;
    }
    ghost_log_close(log);
}

static inline void checked_log_release(struct checked_log *c)
{
    ghost_decoder_free(c->decoder);
    replay_release(&c->replay);
}

#endif
