/* follow.c - a log that is being written, look by look.
 *
 * Each look reads the frames that are new in the log, and then what the rings hold
 * beyond them: so it costs what has happened since the last one, however long the
 * log is. What a look finds in the rings is shown again by the next one, in the
 * log or in the rings. */
#include <stdlib.h>
#include <string.h>
#include "decoder.h"
#include "live_tail.h"

struct ghost_follow {
    char *path;
    struct replay replay;
    struct ghost_decoder *decoder;
    uint64_t cursor;             /* in the log: all frames before it have been shown */
    uint64_t oldest, newest;     /* ticks: first in the rings at this look, last in the log so far */
    size_t settle_at;            /* so many news are worth sorting out */
    uint64_t damaged;
    bool finished;
};

struct ghost_follow *ghost_follow_new(const char *log_path)
{
    struct ghost_follow *f = calloc(1, sizeof *f);
    if (!f) return NULL;
    f->path = strdup(log_path);
    f->decoder = ghost_decoder_new();
    if (f->path && f->decoder) return f;
    ghost_follow_free(f);
    return NULL;
}

void ghost_follow_free(struct ghost_follow *f)
{
    if (!f) return;
    replay_release(&f->replay);
    ghost_decoder_free(f->decoder);
    free(f->path);
    free(f);
}

bool ghost_follow_finished(const struct ghost_follow *f) { return f->finished; }
uint64_t ghost_follow_damaged(const struct ghost_follow *f) { return f->damaged; }

/* No event to come is older than those in the rings now, or, where these are empty, than
 * what is in the log. Without this the news of a long log would pile up. */
static bool settle(struct ghost_follow *f)
{
    if (f->replay.n_news < f->settle_at) return true;
    if (!replay_settle(&f->replay, f->oldest < f->newest ? f->oldest : f->newest)) return false;
    f->settle_at = 2 * f->replay.n_news + 4096;
    return true;
}

struct showing { struct ghost_follow *f; const struct ghost_visitor *to; };

static int show_def(void *self, const struct ghost_def *def, const struct ghost_frame *frame)
{
    const struct showing *s = self;
    return s->to->def ? s->to->def(s->to->self, def, frame) : 0;
}

static int show_block(void *self, const struct ghost_block *b, const struct ghost_frame *frame)
{
    const struct showing *s = self;
    if (b->end_tick > s->f->newest) s->f->newest = b->end_tick;
    if (!settle(s->f) || !replay_block(&s->f->replay, b, s->f->decoder)) return GHOST_E_NOMEM;
    return s->to->block ? s->to->block(s->to->self, b, frame) : 0;
}

/* All frames from the cursor on. A frame that is cut at the end may be in the
 * middle of being written: it is looked at again. */
static int show_frames(struct ghost_follow *f, struct ghost_log *log, uint64_t *cursor, const struct ghost_visitor *v)
{
    struct ghost_frame frame;
    for (uint64_t at = *cursor; ghost_log_next(log, &at, &frame) > 0; *cursor = at) {
        if (!frame.bytes && frame.truncated) break;
        int ret = frame.bytes ? ghost_frame_decode(f->decoder, &frame, v, NULL) : 0;
        if (ret == GHOST_E_NOMEM || ret == GHOST_E_STATE) return ret;
        if (!frame.bytes || ret != 0) f->damaged++;
    }
    return 0;
}

static int show_tail(struct ghost_follow *f, struct live_files *l, const struct ghost_visitor *tail, struct ghost_err *err)
{
    struct ghost_buf bytes = { 0 };
    struct ghost_log *log = NULL;
    uint64_t cursor = 0;
    int ret = live_encode_tail(l, &f->replay, &bytes, err);
    if (ret == 0 && bytes.len && !(log = ghost_log_open_memory(bytes.p, bytes.len, err))) ret = GHOST_E_NOMEM;
    if (log) ret = show_frames(f, log, &cursor, tail);
    ghost_log_close(log);
    ghost_buf_release(&bytes);
    return ret;
}

int ghost_follow_look(struct ghost_follow *f, const struct ghost_visitor *log_visitor, const struct ghost_visitor *tail_visitor,
                      struct ghost_err *err)
{
    uint8_t process[16];
    struct live_files l = { 0 };
    struct ghost_log *log = NULL;
    struct showing showing = { f, log_visitor };
    struct ghost_visitor both = { .self = &showing, .def = show_def, .block = show_block };
    bool known = live_identity(f->path, process);
    int ret = live_files_read(&l, f->path, known ? process : NULL, err);
    if (ret == 0 && !(log = ghost_log_open(f->path, err))) ret = err && err->code ? err->code : GHOST_E_IO;
    if (ret == 0) {
        f->oldest = live_oldest_event(&l);
        ret = show_frames(f, log, &f->cursor, &both);
        f->finished = ghost_log_info(log)->finished;
    }
    if (ret == 0 && live_anything(&l)) ret = show_tail(f, &l, tail_visitor, err);
    live_files_release(&l);
    ghost_log_close(log);
    return ret == 0 || ret == GHOST_E_STATE ? ret : ghost_fail(err, ret, "%s cannot be followed: %s", f->path, ghost_code_text(ret));
}
