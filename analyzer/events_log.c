/* events_log.c - see events_log.h. */
#include "events_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t events_ns(uint64_t ticks, uint64_t q32)
{
    return (uint64_t)((unsigned __int128)ticks * q32 >> 32);
}

uint64_t events_real(const struct ghost_block *b, uint64_t tick)
{
    const struct ghost_anchor *anchor = &b->anchor[1];
    if (!anchor->real_ns)
        return 0;
    return tick >= anchor->tick ? anchor->real_ns + events_ns(tick - anchor->tick, b->tick_ns_q32)
                                : anchor->real_ns - events_ns(anchor->tick - tick, b->tick_ns_q32);
}

/* ---- where the blocks are ---- */

static int add_block(struct events_blocks *to, const struct events_block *b)
{
    if (!grow_array(&to->v, to->n, &to->cap, sizeof *to->v))
        return GHOST_E_NOMEM;
    /* a frame with several blocks of one thread has them behind each other */
    uint32_t nth = 0;
    for (uint32_t i = to->n; i-- > 0 && to->v[i].log == b->log && to->v[i].offset == b->offset && to->v[i].tail == b->tail;)
        nth += to->v[i].thread == b->thread;
    to->v[to->n] = *b;
    to->v[to->n++].nth = nth;
    return 0;
}

static uint32_t clip(uint64_t n) { return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX; }

/* False: the log has no index, or one that does not name its blocks. */
static bool read_index(struct events_log *l, int *ret)
{
    struct ghost_index_cursor cursor = { 0 };
    struct ghost_index_entry x;
    const struct ghost_log *log = l->sources[0].log;
    if (!ghost_log_info(log)->n_blocks)
        return false;
    while (*ret == 0 && ghost_log_index(log, &cursor, &x)) {
        /* one more: the sum of two times rounded down may be that much short */
        struct events_block b = { .offset = x.offset, .begin = x.begin_real, .end = x.begin_real + x.length_ns + 1,
                                  .log = l->number, .thread = x.thread, .events = clip(x.events) };
        *ret = add_block(l->blocks, &b);
    }
    return cursor.done == ghost_log_info(log)->n_blocks;
}

/* ---- scanning ---- */

struct scan { struct events_log *l; uint64_t offset, order; bool tail; int ret; };

static int on_def(void *self, const struct ghost_def *def, const struct ghost_frame *f)
{
    struct scan *s = self;
    (void)f;
    return defs_add(&s->l->defs, def, s->order);
}

static bool on_outline(void *self, const struct ghost_block *b)
{
    struct scan *s = self;
    struct events_log *l = s->l;
    uint64_t begin = events_real(b, b->base_tick);
    struct events_block block = { .offset = s->offset, .begin = begin, .log = l->number, .thread = b->thread, .tail = s->tail,
                                  .end = begin + events_ns(b->end_tick - b->base_tick, b->tick_ns_q32) + 1, .events = b->n_events };
    if (l->blocks && s->ret == 0)
        s->ret = add_block(l->blocks, &block);
    return false;
}

/* The next frame: its definitions, and its blocks if these are not known. 0 at
 * the end; what cannot be read is skipped. */
static int scan_frame(struct events_log *l)
{
    struct ghost_frame f;
    if (l->scanning == l->n_sources)
        return 0;
    struct events_source *from = &l->sources[l->scanning];
    bool tail = l->scanning > 0;
    if (ghost_log_next(from->log, &from->scanned, &f) <= 0) {
        l->scanning++;
        return 1;
    }
    if (!f.bytes)
        return 1;
    struct scan scan = { l, f.offset, f.offset + (tail ? ghost_log_info(l->sources[0].log)->size : 0), tail, 0 };
    struct ghost_visitor visitor = { .self = &scan, .def = on_def };
    struct ghost_choice choice = { &scan, on_outline };
    visitor.block = NULL;
    int ret = ghost_frame_decode_chosen(l->scanner, &f, &visitor, &choice, NULL);
    if (ret == GHOST_E_NOMEM || scan.ret < 0)
        return GHOST_E_NOMEM;
    return 1;
}

void events_log_scan_all(struct events_log *l)
{
    while (scan_frame(l) > 0)
        continue;
}

#define FIND(l, call)                                           \
    do {                                                        \
        do {                                                    \
            const void *found = (call);                         \
            if (found)                                          \
                return found;                                   \
        } while (scan_frame(l) > 0);                            \
        return NULL;                                            \
    } while (0)

const struct ghost_def_func *events_log_func(struct events_log *l, uint32_t id) { FIND(l, defs_func(&l->defs, id)); }
const struct ghost_def_type *events_log_type(struct events_log *l, uint32_t id) { FIND(l, defs_type(&l->defs, id)); }
const struct ghost_def_sig *events_log_sig(struct events_log *l, uint32_t func, uint32_t id) { FIND(l, defs_sig(&l->defs, func, id)); }
const struct ghost_def_thread *events_log_thread(struct events_log *l, uint32_t id) { FIND(l, defs_thread(&l->defs, id)); }
const struct ghost_def_mark *events_log_mark(struct events_log *l, uint32_t id) { FIND(l, defs_mark(&l->defs, id)); }

bool events_log_is_generator_exit(struct events_log *l, uint32_t type)
{
    const struct ghost_def_type *t = type ? events_log_type(l, type) : NULL;
    return t && t->qualname.len == 13 && memcmp(t->qualname.p, "GeneratorExit", 13) == 0
        && t->module.len == 8 && memcmp(t->module.p, "builtins", 8) == 0;
}

/* ---- opening ---- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The log and, in `tail`, what its live files hold beyond; when these cannot be
 * used, the log alone. */
static int open_sources(struct events_log *l, const char *path, struct ghost_err *err)
{
    struct ghost_err live = GHOST_ERR_INIT;
    l->sources[0].log = ghost_live_open(path, &l->tail, &live);
    if (!l->sources[0].log && live.code == GHOST_E_NOMEM)
        return ghost_fail(err, live.code, "%s", live.msg);
    if (!l->sources[0].log) {
        ghost_buf_release(&l->tail);
        l->tail = (struct ghost_buf){ 0 };
        l->sources[0].log = ghost_log_open(path, err);
    }
    if (!l->sources[0].log)
        return err->code;
    l->n_sources = 1;
    if (!l->tail.len)
        return 0;
    l->sources[1].log = ghost_log_open_memory(l->tail.p, l->tail.len, err);
    l->n_sources += l->sources[1].log != NULL;
    return l->sources[1].log ? 0 : err->code;
}

/* META stands in the first frame; where that is damaged, the file's name begins with it. */
static uint64_t pid_of(struct events_log *l)
{
    if (l->sources[0].scanned == 0)
        scan_frame(l);
    for (uint32_t i = 0; i < l->defs.n; i++) {
        const struct ghost_def *d = &l->defs.entries[i].def;
        const struct ghost_def_pair *pair = d->kind == GHOST_REC_META ? d->u.meta.pairs : NULL;
        char digits[24] = "";
        if (!pair || pair->key.len != 3 || memcmp(pair->key.p, "pid", 3) != 0 || pair->value.len >= sizeof digits)
            continue;
        memcpy(digits, pair->value.p, pair->value.len);
        return strtoull(digits, NULL, 10);
    }
    return strtoull(l->name, NULL, 10);
}

int events_log_open(struct events_log *l, const char *path, uint32_t number, struct events_blocks *blocks, struct ghost_err *err)
{
    *l = (struct events_log){ .number = number, .blocks = blocks };
    int ret = defs_init(&l->defs);
    l->name = strdup(base_name(path));
    l->scanner = ghost_decoder_new();
    if (ret < 0 || !l->name || !l->scanner)
        return ghost_fail(err, GHOST_E_NOMEM, "out of memory while %s was opened", path);
    ret = open_sources(l, path, err);
    if (ret < 0)
        return ret;
    uint32_t before = blocks->n;
    if (!read_index(l, &ret)) {
        blocks->n = before;
        while (ret == 0 && l->scanning == 0)
            ret = scan_frame(l) < 0 ? GHOST_E_NOMEM : 0;
    }
    if (ret == 0 && l->n_sources > 1) {
        /* the tail's blocks come from it, the definitions in front of it later */
        struct events_source first = l->sources[0];
        l->scanning = 1;
        while (ret == 0 && l->scanning == 1)
            ret = scan_frame(l) < 0 ? GHOST_E_NOMEM : 0;
        l->sources[0] = first;
        l->scanning = 0;
    }
    l->blocks = NULL;
    l->pid = pid_of(l);
    return ret < 0 ? ghost_fail(err, ret, "out of memory while %s was read", path) : 0;
}

void events_log_release(struct events_log *l)
{
    for (unsigned i = 0; i < l->n_sources; i++)
        ghost_log_close(l->sources[i].log);
    ghost_buf_release(&l->tail);
    ghost_decoder_free(l->scanner);
    if (l->name)
        defs_release(&l->defs);
    arena_release(&l->arena);
    table_release(&l->signatures);
    free(l->signature_list);
    free(l->functions);
    free(l->types);
    free(l->name);
    *l = (struct events_log){ 0 };
}
