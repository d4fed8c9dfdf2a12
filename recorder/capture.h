/* capture.h - from what the interpreter tells to events in the ring.
 *
 * The functions here are the hot path: about a dozen instructions, two stores
 * to the ring, one clock read each. Budget: 25 ns an event with the clock read
 * (11 to 15 ns on the machine of docs/benchmarks.md) and the interpreter's own
 * dispatch. What is not common is a cold function in capture.c. */
#ifndef GHOST_CAPTURE_H
#define GHOST_CAPTURE_H

#include "clock.h"
#include "ident.h"
#include "pycompat.h"
#include "recorder.h"

/* cold, capture.c; all preserve the thread's exception */
struct funcrec *capture_new(PyCodeObject *code, uint32_t id); /* NULL: no memory, or too many parameters */
uint64_t capture_signature(struct funcrec *f, compat_frame *frame, PyCodeObject *code);
uint32_t capture_unseen_type(PyTypeObject *type);
PyObject *capture_argument(compat_frame *frame, PyCodeObject *code, int i); /* borrowed, NULL: not bound */
void capture_store_slow(uint64_t time_kind, uint64_t what) __attribute__((cold));
struct funcrec *capture_first_sight(PyCodeObject *code, compat_frame *frame, bool *async);
/* Is the running body one whose beginning (or going on) no event of this lane tells? A look at the
 * last thousands of them: for the end of bodies that did not come past their first instruction. */
bool capture_untold(const struct funcrec *f, const compat_frame *frame);
void recorder_count_loss(uint32_t cause);

/* Around cold paths that allocate or use calls which may set or clear an exception: the
 * application's own comes out untouched, and before 3.12, where an allocation may start
 * the garbage collector, which runs application code, it does not. */
struct quiet { PyObject *type, *value, *traceback; int gc; };
void capture_quiet(struct quiet *q);
void capture_restore(struct quiet *q);

static inline void capture_store(uint64_t raw, unsigned kind, uint64_t what)
{
    uint64_t time_kind = (raw & ~(uint64_t)GHOST_KIND_MASK) | kind, pos = lane.pos;
    if (unlikely(pos == lane.stop)) {
        capture_store_slow(time_kind, what);
        return;
    }
    struct ghost_event *e = &lane.slots[pos & lane.mask];
    e->time_kind = time_kind;
    e->what = what;
    lane.pos = pos + 1;
    __atomic_store_n(&lane.header->head, pos + 1, __ATOMIC_RELEASE);
}

static inline uint32_t capture_type(PyTypeObject *type)
{
    const struct type_seen *seen = type_seen_at(type);
    return likely(seen->type == type) ? seen->id : capture_unseen_type(type);
}

static inline bool capture_same_types(const struct funcrec *f, compat_frame *frame)
{
    if (unlikely(f->epoch != ident_epoch))
        return false;
    for (unsigned i = 0; i < f->n_types; i++)
        if (Py_TYPE(compat_frame_local(frame, (int)i)) != f->types[i])
            return false;
    return true;
}

/* A body is entered. activation: 0 for a plain call. */
static inline void capture_call(struct funcrec *f, compat_frame *frame, PyCodeObject *code, uint32_t activation)
{
    uint64_t what = f->call_what;
    if (unlikely(!capture_same_types(f, frame)))
        what = capture_signature(f, frame, code);
    capture_store(clock_raw(), GHOST_EV_CALL, what | (uint64_t)activation << 32);
}

static inline void capture_return(struct funcrec *f, PyObject *value)
{
    uint64_t now = clock_raw();
    capture_store(now, GHOST_EV_RETURN, ghost_event_what(f->id, 0, capture_type(Py_TYPE(value))));
}

static inline void capture_yield(struct funcrec *f, PyObject *value)
{
    uint64_t now = clock_raw();
    if (unlikely(f->async_generator)) /* its awaits suspend it, too: they yield nothing of its own */
        value = compat_is_async_yield(Py_TYPE(value)) ? ((struct compat_wrapped *)value)->value : NULL;
    capture_store(now, GHOST_EV_YIELD, ghost_event_what(f->id, 0, value ? capture_type(Py_TYPE(value)) : 0));
}

/* kind: RESUME or THROW */
static inline void capture_resume(struct funcrec *f, unsigned kind, uint32_t activation)
{
    capture_store(clock_raw(), kind, ghost_event_what(f->id, 0, activation));
}

/* Has the exception been raised in the frame that it leaves now? Its traceback
 * begins with that frame; entries of the same frame follow when it was raised
 * again there; any other entry below means it passed through. */
static inline bool capture_raised_here(PyObject *traceback)
{
    PyTracebackObject *tb = (PyTracebackObject *)traceback;
    if (!tb || !PyTraceBack_Check(traceback))
        return true;
    PyFrameObject *own = tb->tb_frame;
    for (tb = tb->tb_next; tb; tb = tb->tb_next)
        if (tb->tb_frame != own)
            return false;
    return true;
}

static inline void capture_unwind(struct funcrec *f, PyTypeObject *type, PyObject *traceback)
{
    uint64_t now = clock_raw();
    uint32_t flags = capture_raised_here(traceback) ? GHOST_UNWIND_RAISED_HERE : 0;
    capture_store(now, GHOST_EV_UNWIND, ghost_event_what(f->id, flags, type ? capture_type(type) : 0));
}

#endif
