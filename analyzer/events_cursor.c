/* events_cursor.c - the blocks that a filter lets through, merged by time.
 *
 * Each thread of each process is a stream of blocks. A stream's next block is
 * decoded when the merge comes to the time of its beginning, not before; so as
 * many blocks are held as threads were active at that time. */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "events_log.h"
#include "events_walk.h"

#define ID_BITS 24           /* a block has fewer events: two bytes each in at most 16 MiB */

/* A decoded block and the way through it. */
struct reader { struct ghost_decoder *decoder; struct event_walk walk; struct reader *next_free; };

struct stream {
    uint64_t key;                        /* time of `row`, or of the next block's begin */
    uint32_t next, end;                  /* blocks */
    uint64_t floor;                      /* of the block at hand */
    struct reader *reader;               /* NULL: no block is decoded */
    struct event_row row;
};

enum wanted { UNKNOWN, WANTED, UNWANTED };
struct choices { uint8_t *of; uint32_t cap; };   /* enum wanted, by function */

struct events_cursor {
    struct events *e;
    struct events_filter f;
    struct choices *choices;             /* by log */
    struct stream *streams;
    struct stream **heap; uint32_t n;    /* least key on top */
    struct reader *free_readers;
    struct events_cost cost;
    bool no_memory;                      /* a name could not be compared */
};

/* ---- which functions ---- */

static bool matches(const struct events_match *m, struct ghost_str name)
{
    return m->glob ? fnmatch(m->text, name.p, 0) == 0 : strcmp(m->text, name.p) == 0;
}

static bool matches_full_name(struct events_cursor *c, const struct events_match *m, const struct event_function *f)
{
    size_t n = (size_t)f->module.len + f->qualname.len + 2;
    char *full = malloc(n);
    c->no_memory |= !full;
    if (!full)
        return false;
    memcpy(full, f->module.p, f->module.len);
    full[f->module.len] = '.';
    memcpy(full + f->module.len + 1, f->qualname.p, (size_t)f->qualname.len + 1);
    bool yes = matches(m, (struct ghost_str){ full, (uint32_t)(n - 1) });
    free(full);
    return yes;
}

static bool fits(struct events_cursor *c, const struct events_match *m, const struct event_function *name)
{
    switch (m->name) {
    case EVENTS_ANY_NAME: return matches(m, name->fn_key) || matches(m, name->qualname) || matches_full_name(c, m, name);
    case EVENTS_FN_KEY: return matches(m, name->fn_key);
    case EVENTS_QUALNAME: return matches(m, name->qualname);
    case EVENTS_MODULE: return matches(m, name->module);
    }
    return true;
}

static bool is_wanted(struct events_cursor *c, const struct event_function *name)
{
    const struct events_filter *f = &c->f;
    bool yes = true, any = f->any_function.n == 0;
    for (unsigned i = 0; yes && i < f->n_functions; i++)
        yes = fits(c, &f->functions[i], name);
    for (size_t i = 0; yes && !any && i < f->any_function.n; i++)
        any = fits(c, &(struct events_match){ EVENTS_ANY_NAME, true, f->any_function.v[i] }, name);
    return yes && any;
}

static bool names_functions(const struct events_filter *f) { return f->n_functions || f->any_function.n; }

static bool wants(struct events_cursor *c, uint32_t log, uint32_t function)
{
    struct choices *known = &c->choices[log];
    if (!names_functions(&c->f))
        return true;
    if (function == 0)
        return false;
    if (function >= known->cap) {
        uint32_t cap = function < 128 ? 256 : function * 2;
        uint8_t *grown = realloc(known->of, cap);
        c->no_memory |= !grown;
        if (!grown)
            return true;
        memset(grown + known->cap, UNKNOWN, cap - known->cap);
        *known = (struct choices){ grown, cap };
    }
    if (known->of[function] == UNKNOWN) {
        const struct event_function *name = events_function(c->e, log, function);
        c->no_memory |= !name;
        known->of[function] = !name || is_wanted(c, name) ? WANTED : UNWANTED;
    }
    return known->of[function] == WANTED;
}

/* ---- one block ---- */

struct load { struct events_cursor *c; const struct events_block *b; uint32_t seen; struct event_walk *walk; bool found, passed_over; };

static bool outline_wanted(struct load *l, const struct ghost_block *b)
{
    if (!names_functions(&l->c->f))
        return true;
    for (uint32_t i = 0; i < b->n_shapes; i++) {
        const struct ghost_shape *s = &b->shapes[i];
        bool names = s->kind == GHOST_SH_CALL || s->kind == GHOST_SH_GEN_CALL || s->kind == GHOST_SH_ADOPT;
        if (names && wants(l->c, l->b->log, s->a))
            return true;
    }
    for (uint32_t i = 0; i < b->n_stack; i++)
        if (wants(l->c, l->b->log, b->stack[i].func))
            return true;
    for (uint32_t i = 0; i < b->n_activations; i++)
        if (wants(l->c, l->b->log, b->activations[i].func))
            return true;
    return false;
}

static bool on_outline(void *self, const struct ghost_block *b)
{
    struct load *l = self;
    if (b->thread != l->b->thread || l->seen++ != l->b->nth)
        return false;
    l->passed_over = !outline_wanted(l, b);
    return !l->passed_over;
}

/* The block lives in the decoder until that is used again: stop here. */
static int on_block(void *self, const struct ghost_block *b, const struct ghost_frame *f)
{
    struct load *l = self;
    (void)f;
    l->found = event_walk_begin(l->walk, b);
    return l->found ? GHOST_E_STATE : GHOST_E_NOMEM;
}

static struct reader *take_reader(struct events_cursor *c)
{
    struct reader *r = c->free_readers;
    if (r) {
        c->free_readers = r->next_free;
        return r;
    }
    r = calloc(1, sizeof *r);
    if (r && !(r->decoder = ghost_decoder_new())) {
        free(r);
        r = NULL;
    }
    return r;
}

static void give_reader(struct events_cursor *c, struct stream *s)
{
    s->reader->next_free = c->free_readers;
    c->free_readers = s->reader;
    s->reader = NULL;
}

/* Decodes the block. 1 done, 0 not wanted or not readable. */
static int load_block(struct events_cursor *c, struct stream *s, const struct events_block *b)
{
    struct events_log *log = &c->e->logs[b->log];
    struct ghost_frame f;
    uint64_t cursor = b->offset;
    struct reader *r = take_reader(c);
    if (!r)
        return GHOST_E_NOMEM;
    s->reader = r;
    struct load load = { .c = c, .b = b, .walk = &r->walk };
    struct ghost_visitor visitor = { .self = &load, .block = on_block };
    struct ghost_choice choice = { &load, on_outline };
    int ret = ghost_log_next(log->sources[b->tail].log, &cursor, &f);
    if (ret > 0 && f.bytes && f.offset == b->offset)
        ret = ghost_frame_decode_chosen(r->decoder, &f, &visitor, &choice, NULL);
    if (load.found) {
        c->cost.decoded++;
        s->floor = b->floor;
        return 1;
    }
    give_reader(c, s);
    if (ret == GHOST_E_NOMEM)
        return ret;
    if (load.passed_over)
        c->cost.skipped++;
    else
        c->cost.damaged++;
    return 0;
}

/* ---- one stream ---- */

static bool outside(const struct events_filter *f, const struct events_block *b)
{
    return (b->end < f->from && b->floor < f->from) || (f->to && (b->begin >= f->to || b->floor >= f->to));
}

/* An activation that GeneratorExit ended was closed: that is no exception. */
static void settle_kind(struct events_log *l, struct event_row *row)
{
    const struct ghost_def_func *f = EVENT_IS_EXCEPTION(row->kind) && events_log_is_generator_exit(l, row->type)
                                   ? events_log_func(l, row->function) : NULL;
    if (f && f->co_flags & GHOST_CO_GENERATOR_LIKE)
        row->kind = EVENT_CLOSED;
}

/* The next row of the block at hand that the filter lets through. */
static bool next_in_block(struct events_cursor *c, struct stream *s, uint32_t log)
{
    struct event_row *row = &s->row;
    while (event_walk_next(&s->reader->walk, row)) {
        if (row->time < s->floor)
            row->time = s->floor;
        if (row->time < c->f.from || (c->f.to && row->time >= c->f.to) || !wants(c, log, row->function))
            continue;
        row->log = log;
        row->id = (uint64_t)s->next << ID_BITS | s->reader->walk.next;
        settle_kind(&c->e->logs[log], row);
        s->key = row->time;
        return true;
    }
    return false;
}

/* Goes on to the next row, or to the begin of a block that is not decoded yet.
 * 1, or 0 when the stream is at its end. */
static int advance(struct events_cursor *c, struct stream *s)
{
    const struct events_block *blocks = c->e->blocks.v;
    if (s->reader) {
        if (next_in_block(c, s, blocks[s->next - 1].log))
            return 1;
        give_reader(c, s);
    }
    for (; s->next < s->end && outside(&c->f, &blocks[s->next]); s->next++)
        c->cost.skipped++;
    if (s->next == s->end)
        return 0;
    const struct events_block *b = &blocks[s->next];
    uint64_t begin = b->begin > b->floor ? b->begin : b->floor;
    s->key = begin > s->key ? begin : s->key;      /* never back: the merge relies on it */
    return 1;
}

/* The stream's turn has come: its block must be there. 1: it has a row; 0: look again. */
static int open_block(struct events_cursor *c, struct stream *s)
{
    const struct events_block *b = &c->e->blocks.v[s->next++];
    int ret = load_block(c, s, b);
    if (ret < 0)
        return ret;
    return ret && next_in_block(c, s, b->log);
}

/* ---- the merge ---- */

static bool less(const struct stream *a, const struct stream *b)
{
    return a->key != b->key ? a->key < b->key : a < b;
}

static void sift_down(struct events_cursor *c, uint32_t i)
{
    struct stream *s = c->heap[i];
    for (uint32_t child; (child = 2 * i + 1) < c->n; i = child) {
        if (child + 1 < c->n && less(c->heap[child + 1], c->heap[child]))
            child++;
        if (!less(c->heap[child], s))
            break;
        c->heap[i] = c->heap[child];
    }
    c->heap[i] = s;
}

static void drop_top(struct events_cursor *c)
{
    c->heap[0] = c->heap[--c->n];
    if (c->n)
        sift_down(c, 0);
}

/* The top stream moves on, or goes. */
static void move_top(struct events_cursor *c)
{
    if (advance(c, c->heap[0]))
        sift_down(c, 0);
    else
        drop_top(c);
}

int events_next(struct events_cursor *c, struct event_row *row, struct ghost_err *err)
{
    while (c->n) {
        struct stream *s = c->heap[0];
        if (c->no_memory)
            return ghost_fail(err, GHOST_E_NOMEM, "out of memory while events were read");
        if (s->reader) {
            *row = s->row;
            move_top(c);
            return 1;
        }
        int ret = open_block(c, s);
        if (ret < 0)
            return ghost_fail(err, ret, "out of memory while events were read");
        if (ret)
            sift_down(c, 0);
        else
            move_top(c);
    }
    return c->no_memory ? ghost_fail(err, GHOST_E_NOMEM, "out of memory while events were read") : 0;
}

struct events_cost events_cost(const struct events_cursor *c) { return c->cost; }

/* ---- beginning and end ---- */

static bool is_process(const char *name, const struct events_log *l)
{
    char *end;
    size_t n = strlen(name);
    if (strncmp(l->name, name, n) == 0 && (l->name[n] == '\0' || strcmp(l->name + n, ".ghost") == 0))
        return true;
    unsigned long long pid = strtoull(name, &end, 10);
    return *name && !*end && pid == l->pid;
}

static bool stream_wanted(const struct events_cursor *c, const struct events_block *b)
{
    const struct events_filter *f = &c->f;
    const struct events_log *l = &c->e->logs[b->log];
    bool thread = f->any_thread.n == 0, process = f->any_process.n == 0;
    for (size_t i = 0; i < f->any_thread.n; i++)
        thread |= strtoull(f->any_thread.v[i], NULL, 10) == b->thread;
    for (size_t i = 0; i < f->any_process.n; i++)
        process |= is_process(f->any_process.v[i], l);
    return thread && process && (!f->thread || f->thread == b->thread) && (!f->process || is_process(f->process, l));
}

/* One stream for each run of blocks of a thread. */
static void make_streams(struct events_cursor *c)
{
    const struct events_blocks *all = &c->e->blocks;
    struct stream *s = c->streams;
    for (uint32_t i = 0, j; i < all->n; i = j) {
        for (j = i; j < all->n && all->v[j].log == all->v[i].log && all->v[j].thread == all->v[i].thread; j++)
            continue;
        if (!stream_wanted(c, &all->v[i])) {
            c->cost.skipped += j - i;
            continue;
        }
        *s = (struct stream){ .next = i, .end = j };
        if (advance(c, s))
            c->heap[c->n++] = s++;
    }
    for (uint32_t i = c->n / 2; i-- > 0;)
        sift_down(c, i);
}

struct events_cursor *events_begin(struct events *e, const struct events_filter *f, struct ghost_err *err)
{
    struct events_cursor *c = calloc(1, sizeof *c);
    uint32_t streams = 1;
    for (uint32_t i = 1; i < e->blocks.n; i++)
        streams += e->blocks.v[i].log != e->blocks.v[i - 1].log || e->blocks.v[i].thread != e->blocks.v[i - 1].thread;
    if (c) {
        c->e = e;
        c->f = *f;
        c->choices = calloc(e->info.n_logs, sizeof *c->choices);
        c->streams = calloc(streams, sizeof *c->streams);
        c->heap = calloc(streams, sizeof *c->heap);
    }
    if (!c || !c->choices || !c->streams || !c->heap) {
        events_end(c);
        ghost_fail(err, GHOST_E_NOMEM, "out of memory while events were read");
        return NULL;
    }
    make_streams(c);
    return c;
}

void events_end(struct events_cursor *c)
{
    if (!c)
        return;
    for (uint32_t i = 0; i < c->n; i++)
        if (c->heap[i]->reader)
            give_reader(c, c->heap[i]);
    for (struct reader *r = c->free_readers, *next; r; r = next) {
        next = r->next_free;
        event_walk_release(&r->walk);
        ghost_decoder_free(r->decoder);
        free(r);
    }
    for (uint32_t i = 0; c->choices && i < c->e->info.n_logs; i++)
        free(c->choices[i].of);
    free(c->choices);
    free(c->streams);
    free(c->heap);
    free(c);
}
