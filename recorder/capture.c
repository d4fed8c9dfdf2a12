/* capture.c - the uncommon ways of capture.h: a signature not seen last time, a
 * type not seen last time, no room in the ring, code seen for the first time. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "capture.h"
#include "describe.h"
#include "stacks.h"

void capture_quiet(struct quiet *q)
{
    PyErr_Fetch(&q->type, &q->value, &q->traceback);
    q->gc = COMPAT_GC_IN_ALLOCATION ? PyGC_Disable() : 0;
    lane.busy = true;
}

void capture_restore(struct quiet *q)
{
    lane.busy = false;
    if (q->gc)
        PyGC_Enable();
    PyErr_Restore(q->type, q->value, q->traceback);
}

/* ---- types ---- */

uint32_t capture_unseen_type(PyTypeObject *type)
{
    struct quiet q;
    capture_quiet(&q);
    uint32_t id = ident_type(type);
    capture_restore(&q);
    return id;
}

/* ---- signatures ----
 * A signature is a vector of words: for each parameter its type's id (0: not
 * bound), then, for *args, how many there were (up to 4) and the types of the
 * first three, then the same for the values of **kwargs. */
#define EXTRA_WORDS (1u + GHOST_SIG_ELEMENTS)
#define COUNT_MORE (GHOST_SIG_ELEMENTS + 1)
#define WIDTH_MAX (GHOST_PARAM_MAX + 2 * EXTRA_WORDS)

static size_t record_size(unsigned n_types)
{
    size_t n = offsetof(struct funcrec, types) + n_types * sizeof(PyTypeObject *);
    return (n + 63) / 64 * 64;
}

struct funcrec *capture_new(PyCodeObject *code, uint32_t id)
{
    unsigned args = (unsigned)(code->co_argcount + code->co_kwonlyargcount);
    bool varargs = code->co_flags & CO_VARARGS, varkw = code->co_flags & CO_VARKEYWORDS;
    bool readable = !varargs && !varkw;

    if (args + 2 > GHOST_PARAM_MAX)
        return NULL;
    for (unsigned i = 0; i < args; i++)
        readable = readable && !compat_is_cell(code, (int)i);
    unsigned n_types = readable ? args : 0;
    struct funcrec *f = aligned_alloc(64, record_size(n_types));
    struct signatures *s = calloc(1, sizeof(*s));
    if (!f || !s) {
        free(f);
        free(s);
        return NULL;
    }
    memset(f, 0, record_size(n_types));
    f->id = id;
    f->n_types = (uint16_t)n_types;
    f->readable = readable;
    f->generator_like = (code->co_flags & GHOST_CO_GENERATOR_LIKE) != 0;
    f->async_generator = (code->co_flags & GHOST_CO_ASYNC_GENERATOR) != 0;
    f->sigs = s;
    s->co_flags = (uint32_t)code->co_flags;
    s->n_params = (uint16_t)(args + varargs + varkw);
    s->width = (uint16_t)(s->n_params + (varargs ? EXTRA_WORDS : 0) + (varkw ? EXTRA_WORDS : 0));
    s->by_id.width = s->width ? s->width : 1;
    return f;
}

/* An argument; the body's closure may have moved it into a cell already. */
PyObject *capture_argument(compat_frame *frame, PyCodeObject *code, int i)
{
    PyObject *o = compat_frame_local(frame, i);
    return o && compat_is_cell(code, i) && PyCell_Check(o) ? PyCell_GET(o) : o;
}

static uint64_t type_word(PyObject *o) { return o ? capture_type(Py_TYPE(o)) : 0; }

static uint64_t *tuple_words(uint64_t *w, PyObject *tuple)
{
    Py_ssize_t n = tuple && PyTuple_CheckExact(tuple) ? PyTuple_GET_SIZE(tuple) : 0;
    *w++ = (uint64_t)(n > (Py_ssize_t)GHOST_SIG_ELEMENTS ? COUNT_MORE : n);
    for (Py_ssize_t i = 0; i < (Py_ssize_t)GHOST_SIG_ELEMENTS; i++)
        *w++ = i < n ? type_word(PyTuple_GET_ITEM(tuple, i)) : 0;
    return w;
}

static void dict_words(uint64_t *w, PyObject *dict)
{
    Py_ssize_t n = dict && PyDict_CheckExact(dict) ? PyDict_GET_SIZE(dict) : 0, pos = 0;
    PyObject *k, *v;
    *w++ = (uint64_t)(n > (Py_ssize_t)GHOST_SIG_ELEMENTS ? COUNT_MORE : n);
    for (unsigned i = 0; i < GHOST_SIG_ELEMENTS; i++)
        *w++ = n && PyDict_Next(dict, &pos, &k, &v) ? type_word(v) : 0;
}

static void vector_of(const struct signatures *s, compat_frame *frame, PyCodeObject *code, uint64_t *w)
{
    int args = code->co_argcount + code->co_kwonlyargcount, i = 0;
    bool varargs = s->co_flags & CO_VARARGS, varkw = s->co_flags & CO_VARKEYWORDS;

    w[0] = 0; /* a function without parameters has a vector of one word */
    for (; i < s->n_params; i++)
        w[i] = type_word(capture_argument(frame, code, i));
    uint64_t *extra = w + i;
    if (varargs)
        extra = tuple_words(extra, capture_argument(frame, code, args));
    if (varkw)
        dict_words(extra, capture_argument(frame, code, args + varargs));
}

static void elements(const uint64_t *w, uint32_t *n, uint32_t types[GHOST_SIG_ELEMENTS])
{
    *n = (uint32_t)w[0];
    for (unsigned i = 0; i < GHOST_SIG_ELEMENTS; i++)
        types[i] = (uint32_t)w[1 + i];
}

static void define_signature(const struct funcrec *f, uint32_t id, const uint64_t *ids)
{
    const struct signatures *s = f->sigs;
    uint32_t types[GHOST_PARAM_MAX];
    struct ghost_def_sig d = { .func = f->id, .id = id, .types = types };
    struct ghost_buf b = { 0 };

    if (id != GHOST_SIG_OTHER) {
        d.n_params = s->n_params;
        for (unsigned i = 0; i < s->n_params; i++)
            types[i] = (uint32_t)ids[i];
        const uint64_t *extra = ids + s->n_params;
        if (s->co_flags & CO_VARARGS) {
            elements(extra, &d.n_args, d.args);
            extra += EXTRA_WORDS;
        }
        if (s->co_flags & CO_VARKEYWORDS)
            elements(extra, &d.n_kwargs, d.kwargs);
    }
    ghost_encode_sig(&b, &d);
    journal_append_buf(&b);
}

static uint32_t new_signature(const struct funcrec *f, const uint64_t *ids)
{
    struct signatures *s = f->sigs;
    if (s->n + 1 >= GHOST_SIG_OTHER) {
        if (!s->full) {
            s->full = true;
            recorder_note(GHOST_NOTE_SIG_OTHER, "");
            define_signature(f, GHOST_SIG_OTHER, ids);
        }
        return GHOST_SIG_OTHER;
    }
    uint32_t id = s->n + 1;
    if (!vecmap_put(&s->by_id, ids, id))
        return GHOST_SIG_OTHER;
    s->n = id;
    s->turns[DEEP_CALL] = (struct deep_turn){ 0 };
    define_signature(f, id, ids);
    return id;
}

static uint64_t look_up(struct funcrec *f, compat_frame *frame, PyCodeObject *code)
{
    uint64_t ids[WIDTH_MAX];
    vector_of(f->sigs, frame, code, ids);
    uint32_t sig = vecmap_get(&f->sigs->by_id, ids);
    if (unlikely(!sig)) {
        struct quiet q;
        capture_quiet(&q);
        sig = new_signature(f, ids);
        if (f->sigs->co_flags & GHOST_CO_NESTED)
            ident_annotations_again(f, frame);
        capture_restore(&q);
    }
    return ghost_event_what(f->id, sig, 0);
}

/* Signatures seen lately, of all functions: half of the calls of a real program
 * have other types than the function's call before. Direct-mapped; an entry is
 * one cache line and compared in full. */
#define LATELY 4096u
#define LATELY_TYPES 5u
struct lately {
    const struct funcrec *f;
    uint64_t what;
    PyTypeObject *types[LATELY_TYPES];
    uint32_t epoch;
};
static _Alignas(64) struct lately lately[LATELY];
static_assert(sizeof(struct lately) == 64, "one cache line");

/* The entry where the call's signature stands, if it stands anywhere. */
static struct lately *lately_at(const struct funcrec *f, PyTypeObject *const *types)
{
    uint64_t h = (uintptr_t)f >> 6;
    for (unsigned i = 0; i < f->n_types; i++)
        h = (h ^ (uintptr_t)types[i] >> 4) * 0x9e3779b97f4a7c15u;
    return &lately[(h >> 40) % LATELY];
}

uint64_t capture_signature(struct funcrec *f, compat_frame *frame, PyCodeObject *code)
{
    if (!f->readable)
        return look_up(f, frame, code);
    for (unsigned i = 0; i < f->n_types; i++)
        f->types[i] = Py_TYPE(compat_frame_local(frame, (int)i));
    if (f->n_types > LATELY_TYPES) {
        f->call_what = look_up(f, frame, code);
    } else {
        struct lately *l = lately_at(f, f->types);
        size_t size = f->n_types * sizeof(f->types[0]);
        if (l->f != f || l->epoch != ident_epoch || memcmp(l->types, f->types, size) != 0) {
            l->what = look_up(f, frame, code);
            memcpy(l->types, f->types, size);
            l->f = f;
            l->epoch = ident_epoch;
        }
        f->call_what = l->what;
    }
    f->epoch = ident_epoch;
    return f->call_what;
}

/* ---- room, first sight ---- */

static void put(uint64_t time_kind, uint64_t what)
{
    lane.slots[lane.pos & lane.mask] = (struct ghost_event){ time_kind, what };
    lane.pos++;
    __atomic_store_n(&lane.header->head, lane.pos, __ATOMIC_RELEASE);
}

/* A thread's ring begins in the middle of calls when its process was forked:
 * the child goes on inside the parent's calls. Tell which bodies are open, the
 * outermost first, as bodies that go on: the log's writer adopts them, and so
 * the callers and the ends of what follows are right. */
#define SEEDS_MAX 1024u

static void seed_open_calls(uint64_t tick_bits, unsigned kind, uint32_t func)
{
    struct { uint32_t func, activation; } open[SEEDS_MAX];
    uint32_t n = 0, top = 0;
    compat_frame *f = compat_frame_of(compat_tstate());
    bool enters = kind == GHOST_EV_CALL || kind == GHOST_EV_RESUME || kind == GHOST_EV_THROW;

    for (bool first = true; f && n < SEEDS_MAX; f = f->previous, first = false) {
        PyCodeObject *code = compat_frame_code(f);
        if (!code || !PyCode_Check(code))
            continue;
        struct funcrec *rec = ident_lookup(code);
        if ((uintptr_t)rec <= (uintptr_t)NOT_RECORDED || compat_not_begun(f, code))
            continue;
        if (first && enters && rec->id == func)
            continue; /* the body that this event enters */
        top = n == 0 ? rec->id : top;
        open[n].func = rec->id;
        open[n++].activation = ghost_activation(f);
    }
    while (n > 0) {
        n--;
        put(tick_bits | GHOST_EV_RESUME, ghost_event_what(open[n].func, 0, open[n].activation));
    }
    if (!enters && func && func != top) /* an evaluator's frame is gone when its end is told */
        put(tick_bits | GHOST_EV_RESUME, ghost_event_what(func, 0, 1));
    lane.header->seeds = (uint32_t)lane.pos;
}

void capture_store_slow(uint64_t time_kind, uint64_t what)
{
    if (lane.busy || recorder.state != RECORDER_ON || recorder.paused)
        return;
    struct quiet q;
    bool new_ring = !lane.ring;
    capture_quiet(&q);
    if (unlikely(compat_interpreters_made() > 1))
        recorder_note(GHOST_NOTE_SUBINTERPRETER, "");
    ring_room(&lane, time_kind >> GHOST_TICK_SHIFT);
    capture_restore(&q);
    if (lane.pos == lane.stop)
        return; /* no room: counted */
    if (new_ring)
        seed_open_calls(time_kind & ~(uint64_t)GHOST_KIND_MASK, (unsigned)(time_kind & GHOST_KIND_MASK),
                        (uint32_t)what & GHOST_FUNC_MAX);
    put(time_kind, what);
}

struct funcrec *capture_first_sight(PyCodeObject *code, compat_frame *frame, bool *async)
{
    *async = false;
    if (lane.busy || recorder.state != RECORDER_ON)
        return NULL;
    struct quiet q;
    capture_quiet(&q);
    if (recorder.forked)
        recorder_ensure_process(); /* definitions go to the child's own journal */
    stacks_notice(code);
    struct funcrec *f = ident_code(code, frame, async);
    if (*async) { /* a signal handler's exception: it replaces what we saved */
        Py_CLEAR(q.type);
        Py_CLEAR(q.value);
        Py_CLEAR(q.traceback);
        PyErr_Fetch(&q.type, &q.value, &q.traceback);
    }
    capture_restore(&q);
    return f;
}

/* ---- a beginning that nobody told ---- */

#define LOOK_BACK 4096u

/* How many bodies of the function (with that activation, if any) are open on top of the stack, by the lane's last
 * events? -1: they do not tell. */
static int open_bodies(uint32_t func, uint32_t activation)
{
    uint64_t reach = lane.mask + 1 < LOOK_BACK ? lane.mask + 1 : LOOK_BACK, ended = 0;
    uint64_t first = lane.pos > reach ? lane.pos - reach : 0;
    int n = 0;

    for (uint64_t pos = lane.pos; pos > first;) {
        const struct ghost_event *e = &lane.slots[--pos & lane.mask];
        switch (ghost_event_kind(e)) {
        case GHOST_EV_CALL:
        case GHOST_EV_RESUME:
        case GHOST_EV_THROW:
            if (ended)
                ended--;
            else if (ghost_event_func(e) == func && (!activation || ghost_event_arg(e) == activation))
                n++;
            else
                return n;
            break;
        case GHOST_EV_RETURN:
        case GHOST_EV_UNWIND:
        case GHOST_EV_YIELD:
            ended++;
            break;
        case GHOST_EV_MARK:
            break;
        default: /* PAUSE: calls went by. NONE: they are in the smaller ring that the lane had before */
            return -1;
        }
    }
    return first == 0 ? n : -1;
}

static int running_bodies(const struct funcrec *func, const compat_frame *f)
{
    int n = 0;
    for (; f; f = f->previous) {
        PyCodeObject *code = compat_frame_code((compat_frame *)(uintptr_t)f);
        if (!code || !PyCode_Check(code))
            continue;
        struct funcrec *rec = ident_lookup(code);
        if (rec == func)
            n++;
        else if ((uintptr_t)rec > (uintptr_t)NOT_RECORDED)
            break;
    }
    return n;
}

/* A generator's body is known by its activation; and the frames of those that wait for it stand below its own
 * although throw() has not come to them yet. Plain bodies of a recursion are counted. */
bool capture_untold(const struct funcrec *f, const compat_frame *frame)
{
    if (!lane.ring) /* the thread's next event brings the open calls along */
        return false;
    if (f->generator_like)
        return open_bodies(f->id, ghost_activation(frame)) == 0;
    int open = open_bodies(f->id, 0);
    return open < 0 ? COMPAT_SIGNALS_BEFORE_START : open == running_bodies(f, frame) - 1;
}
