/* capture.c - the uncommon ways of capture.h: a signature not seen last time, a
 * type not seen last time, no room in the ring, code seen for the first time. */
#include <stdlib.h>
#include <string.h>
#include "capture.h"
#include "describe.h"

/* Our cold paths allocate and use calls that may set or clear an exception. The
 * application's own must come out untouched; and before 3.12 an allocation may
 * start the garbage collector, which runs application code. */
struct quiet {
    PyObject *type, *value, *traceback;
    int gc;
};

static void quiet_begin(struct quiet *q)
{
    PyErr_Fetch(&q->type, &q->value, &q->traceback);
    q->gc = COMPAT_GC_IN_ALLOCATION ? PyGC_Disable() : 0;
    lane.busy = true;
}

static void quiet_end(struct quiet *q)
{
    lane.busy = false;
    if (q->gc)
        PyGC_Enable();
    PyErr_Restore(q->type, q->value, q->traceback);
}

/* ---- signatures ----
 * A vector has a word for each parameter (its type), then, for *args, how many
 * there were (up to 4) and the types of the first three, then the same for the
 * values of **kwargs. Words are type addresses in `by_pointer`, ids in `by_id`. */
#define EXTRA_WORDS (1u + GHOST_SIG_ELEMENTS)
#define COUNT_MORE (GHOST_SIG_ELEMENTS + 1)
#define WIDTH_MAX (GHOST_PARAM_MAX + 2 * EXTRA_WORDS)

int capture_prepare(struct funcrec *f, PyCodeObject *code)
{
    int args = code->co_argcount + code->co_kwonlyargcount;
    bool varargs = code->co_flags & CO_VARARGS, varkw = code->co_flags & CO_VARKEYWORDS;
    bool cells = false;

    if ((unsigned)args + 2 > GHOST_PARAM_MAX)
        return -1;
    f->co_flags = (uint32_t)code->co_flags;
    f->n_params = (uint16_t)(args + varargs + varkw);
    f->width = (uint16_t)(f->n_params + (varargs ? EXTRA_WORDS : 0) + (varkw ? EXTRA_WORDS : 0));
    f->generator_like = (code->co_flags & GHOST_CO_GENERATOR_LIKE) != 0;
    for (int i = 0; i < f->n_params; i++)
        cells = cells || compat_is_cell(code, i);
    f->fast = !cells && !varargs && !varkw;
    f->n_fast = f->fast ? (uint16_t)args : 0;
    f->by_pointer.width = f->by_id.width = f->width ? f->width : 1;
    f->last = calloc(f->n_fast * (1u + OTHER_SIGNATURES) + 1u, sizeof(*f->last));
    f->others = f->last + f->n_fast;
    return f->last ? 0 : -1;
}

/* An argument; the body's closure may have moved it into a cell already. */
static PyObject *argument(compat_frame *frame, PyCodeObject *code, int i)
{
    PyObject *o = compat_frame_local(frame, i);
    return o && compat_is_cell(code, i) && PyCell_Check(o) ? PyCell_GET(o) : o;
}

static PyTypeObject *argument_type(compat_frame *frame, PyCodeObject *code, int i)
{
    PyObject *o = argument(frame, code, i);
    return o ? Py_TYPE(o) : NULL;
}

static uint64_t *tuple_words(uint64_t *w, PyObject *tuple)
{
    Py_ssize_t n = tuple && PyTuple_CheckExact(tuple) ? PyTuple_GET_SIZE(tuple) : 0;
    *w++ = (uint64_t)(n > (Py_ssize_t)GHOST_SIG_ELEMENTS ? COUNT_MORE : n);
    for (Py_ssize_t i = 0; i < (Py_ssize_t)GHOST_SIG_ELEMENTS; i++)
        *w++ = i < n ? (uintptr_t)Py_TYPE(PyTuple_GET_ITEM(tuple, i)) : 0;
    return w;
}

static uint64_t *dict_words(uint64_t *w, PyObject *dict)
{
    Py_ssize_t n = dict && PyDict_CheckExact(dict) ? PyDict_GET_SIZE(dict) : 0, pos = 0;
    PyObject *k, *v;
    *w++ = (uint64_t)(n > (Py_ssize_t)GHOST_SIG_ELEMENTS ? COUNT_MORE : n);
    for (unsigned i = 0; i < GHOST_SIG_ELEMENTS; i++)
        *w++ = n && PyDict_Next(dict, &pos, &k, &v) ? (uintptr_t)Py_TYPE(v) : 0;
    return w;
}

static void vector_of(const struct funcrec *f, compat_frame *frame, PyCodeObject *code, uint64_t *w)
{
    int args = code->co_argcount + code->co_kwonlyargcount, i = 0;
    bool varargs = f->co_flags & CO_VARARGS, varkw = f->co_flags & CO_VARKEYWORDS;

    w[0] = 0; /* a function without parameters has a vector of one word */
    for (; i < f->n_params; i++)
        w[i] = (uintptr_t)argument_type(frame, code, i);
    uint64_t *extra = w + i;
    if (varargs)
        extra = tuple_words(extra, argument(frame, code, args));
    if (varkw)
        dict_words(extra, argument(frame, code, args + varargs));
}

/* Which words of a vector are types (the others are counts)? */
static bool is_count(const struct funcrec *f, unsigned i)
{
    return i >= f->n_params && (i - f->n_params) % EXTRA_WORDS == 0;
}

static void elements(const uint64_t *w, uint32_t *n, uint32_t types[GHOST_SIG_ELEMENTS])
{
    *n = (uint32_t)w[0];
    for (unsigned i = 0; i < GHOST_SIG_ELEMENTS; i++)
        types[i] = (uint32_t)w[1 + i];
}

static void define_signature(const struct funcrec *f, uint32_t id, const uint64_t *ids)
{
    uint32_t types[GHOST_PARAM_MAX];
    struct ghost_def_sig d = { .func = f->id, .id = id, .types = types };
    struct ghost_buf b = { 0 };

    if (id != GHOST_SIG_OTHER) {
        d.n_params = f->n_params;
        for (unsigned i = 0; i < f->n_params; i++)
            types[i] = (uint32_t)ids[i];
        const uint64_t *extra = ids + f->n_params;
        if (f->co_flags & CO_VARARGS) {
            elements(extra, &d.n_args, d.args);
            extra += EXTRA_WORDS;
        }
        if (f->co_flags & CO_VARKEYWORDS)
            elements(extra, &d.n_kwargs, d.kwargs);
    }
    ghost_encode_sig(&b, &d);
    journal_append_buf(&b);
}

static uint32_t new_signature(struct funcrec *f, const uint64_t *ids)
{
    if (f->n_sigs + 1 >= GHOST_SIG_OTHER) {
        if (!f->sig_full) {
            f->sig_full = true;
            recorder_note(GHOST_NOTE_SIG_OTHER, "");
            define_signature(f, GHOST_SIG_OTHER, ids);
        }
        return GHOST_SIG_OTHER;
    }
    uint32_t id = f->n_sigs + 1;
    if (!vecmap_put(&f->by_id, ids, id))
        return GHOST_SIG_OTHER;
    f->n_sigs = id;
    define_signature(f, id, ids);
    return id;
}

static uint32_t signature_of(struct funcrec *f, const uint64_t *pointers)
{
    uint64_t ids[WIDTH_MAX];
    unsigned width = f->by_id.width;
    for (unsigned i = 0; i < width; i++)
        ids[i] = is_count(f, i) || !pointers[i] ? pointers[i] : ident_type((PyTypeObject *)(uintptr_t)pointers[i]);
    uint32_t sig = vecmap_get(&f->by_id, ids);
    return sig ? sig : new_signature(f, ids);
}

#define POINTER_CACHE_MAX 2048u

static void remember(struct funcrec *f, const uint64_t *pointers, uint32_t sig)
{
    if (f->by_pointer.n >= POINTER_CACHE_MAX)
        vecmap_clear(&f->by_pointer);
    for (unsigned i = 0; i < f->by_pointer.width; i++)
        if (!is_count(f, i) && pointers[i])
            ident_type_used((PyTypeObject *)(uintptr_t)pointers[i], f);
    vecmap_put(&f->by_pointer, pointers, sig);
}

static bool frame_has(compat_frame *frame, PyTypeObject *const *types, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        PyObject *o = compat_frame_local(frame, (int)i);
        if (!o || Py_TYPE(o) != types[i])
            return false;
    }
    return true;
}

/* One of the signatures seen lately, or 0. */
static uint64_t seen_lately(const struct funcrec *f, compat_frame *frame)
{
    for (unsigned k = 0; k < OTHER_SIGNATURES; k++)
        if (f->others_what[k] && frame_has(frame, f->others + (size_t)k * f->n_fast, f->n_fast))
            return f->others_what[k];
    return 0;
}

/* Makes `pointers` the last signature; the one before moves to the others. */
static void keep(struct funcrec *f, const uint64_t *pointers, uint64_t what)
{
    for (unsigned i = 0; i < f->n_fast; i++)
        if (!pointers[i]) /* an unbound slot has no type to compare */
            return;
    if (f->cached) {
        unsigned k = f->next_other++ % OTHER_SIGNATURES;
        memcpy(f->others + (size_t)k * f->n_fast, f->last, f->n_fast * sizeof(*f->last));
        f->others_what[k] = f->call_what;
    }
    for (unsigned i = 0; i < f->n_fast; i++)
        f->last[i] = (PyTypeObject *)(uintptr_t)pointers[i];
    f->cached = true;
    f->call_what = what;
}

uint64_t capture_signature(struct funcrec *f, compat_frame *frame, PyCodeObject *code)
{
    uint64_t pointers[WIDTH_MAX], what;
    if (f->fast && (what = seen_lately(f, frame)) != 0)
        return what;
    vector_of(f, frame, code, pointers);
    uint32_t sig = vecmap_get(&f->by_pointer, pointers);
    if (unlikely(!sig)) {
        struct quiet q;
        quiet_begin(&q);
        sig = signature_of(f, pointers);
        remember(f, pointers, sig);
        quiet_end(&q);
    }
    what = ghost_event_what(f->id, sig, 0);
    if (f->fast)
        keep(f, pointers, what);
    return what;
}

/* ---- types of values ---- */

uint32_t capture_type(PyTypeObject *type)
{
    struct quiet q;
    quiet_begin(&q);
    uint32_t id = ident_type(type);
    quiet_end(&q);
    return id;
}

static uint64_t typed(struct funcrec *f, PyTypeObject *type)
{
    struct quiet q;
    quiet_begin(&q);
    uint64_t what = ghost_event_what(f->id, 0, ident_type(type));
    ident_type_used(type, f);
    quiet_end(&q);
    return what;
}

/* The last type becomes the other one; many functions return this or None. */
static uint64_t alternate(struct funcrec *f, PyTypeObject *type, PyTypeObject **last, uint64_t *last_what,
                          PyTypeObject **other, uint64_t *other_what)
{
    uint64_t what = type == *other ? *other_what : typed(f, type);
    *other = *last;
    *other_what = *last_what;
    *last = type;
    *last_what = what;
    return what;
}

uint64_t capture_value_type(struct funcrec *f, PyTypeObject *type, unsigned kind)
{
    return kind == GHOST_EV_RETURN
        ? alternate(f, type, &f->return_type, &f->return_what, &f->other_return, &f->other_return_what)
        : alternate(f, type, &f->yield_type, &f->yield_what, &f->other_yield, &f->other_yield_what);
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
}

void capture_store_slow(uint64_t time_kind, uint64_t what)
{
    if (lane.busy || recorder.state != RECORDER_ON || recorder.paused)
        return;
    struct quiet q;
    bool new_ring = !lane.ring;
    quiet_begin(&q);
    if (unlikely(compat_interpreters_made() > 1))
        recorder_note(GHOST_NOTE_SUBINTERPRETER, "");
    ring_room(&lane, time_kind >> GHOST_TICK_SHIFT);
    quiet_end(&q);
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
    quiet_begin(&q);
    if (recorder.forked)
        recorder_ensure_process(); /* definitions go to the child's own journal */
    struct funcrec *f = ident_code(code, frame, async);
    if (*async) { /* a signal handler's exception: it replaces what we saved */
        Py_CLEAR(q.type);
        Py_CLEAR(q.value);
        Py_CLEAR(q.traceback);
        PyErr_Fetch(&q.type, &q.value, &q.traceback);
    }
    quiet_end(&q);
    return f;
}
