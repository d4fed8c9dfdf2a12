/* hook_monitoring.c - sys.monitoring (PEP 669), CPython 3.12 and later.
 *
 * PY_START is listened to everywhere; code that is not recorded answers
 * DISABLE and costs nothing from then on. Recorded code gets its other events
 * as local ones. PY_UNWIND and PY_THROW are global before 3.15 (PEP 669 lists
 * them as "ancillary/other": they can be neither local nor disabled).
 * The callbacks are instances of a type of our own with the vectorcall slot: cheaper than
 * builtin functions by about 8 ns a call (docs/decisions/0003). */
#include "pycompat.h"
#if COMPAT_HAS_MONITORING
#include <stddef.h>
#include "capture.h"
#include "deep.h"
#include "hook.h"
#include "stacks.h"

/* PEP 669 reserves 0, 1, 2 and 5 for debuggers, coverage, profilers and optimisers.
 * Debuggers, coverage and profilers come later and must find theirs free; nothing
 * that optimises is known to take 5, so it is the last one we try. */
static const int tool_ids[] = { 4, 3, 5 };

/* Bits of sys.monitoring.events; read from it at install (they differ by version). */
struct event {
    const char *name;
    bool local;
    vectorcallfunc callback, following /* in a process that has greenlets */, deep /* with --deep, or NULL */;
};

struct callback { PyObject_HEAD vectorcallfunc call; };

static PyObject *disable;        /* sys.monitoring.DISABLE, borrowed from the module for ever */
static PyObject *set_local;      /* bound sys.monitoring.set_local_events */
static PyObject *tool_object;    /* PyLong of our id */
static PyObject *local_object;   /* PyLong of the local event set */
static int tool_id = -1;
static struct _gil_runtime_state *gil; /* the main interpreter's */

static int listen_locally(PyCodeObject *code)
{
    PyObject *args[] = { NULL, tool_object, (PyObject *)code, local_object };
    PyObject *r = PyObject_Vectorcall(set_local, args + 1, 3 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    if (!r)
        return -1;
    Py_DECREF(r);
    return 0;
}

/* None and DISABLE are immortal (3.12+): returned without counting. */

/* First PY_START of a code object. Returns NULL only for an asynchronous
 * exception that has to go on into the application. */
static PyObject *first_start(PyCodeObject *code, compat_frame *frame)
{
    bool async;
    struct funcrec *f = capture_first_sight(code, frame, &async);
    if (!f)
        return Py_None;
    if (f == NOT_RECORDED)
        return disable;
    if (listen_locally(code) != 0) {
        PyErr_Clear();
        recorder_fault("sys.monitoring.set_local_events failed");
        return Py_None;
    }
    capture_call(f, frame, code, f->generator_like ? ghost_activation(frame) : 0);
    if (recorder.config.deep)
        deep_call(f, frame, code, frame->previous);
    return async ? NULL : Py_None;
}

/* `deep` is known when this is compiled: a recording without --deep runs no
 * instruction for it. */
static inline __attribute__((always_inline)) PyObject *started(PyObject *const *args, bool deep)
{
    PyCodeObject *code = (PyCodeObject *)args[0];
    struct funcrec *f = ident_lookup(code);
    compat_frame *frame = compat_current_frame(gil, code);
    if (unlikely((uintptr_t)f <= (uintptr_t)NOT_RECORDED))
        return f ? disable : first_start(code, frame);
    capture_call(f, frame, code, unlikely(f->generator_like) ? ghost_activation(frame) : 0);
    if (deep)
        deep_call(f, frame, code, frame->previous);
    return Py_None;
}

static PyObject *on_start(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kw)
{
    (void)self, (void)nargsf, (void)kw;
    return started(args, false);
}

/* With --deep a few instructions more do not matter: greenlets are asked about here, too. */
static void follow_if_needed(void)
{
    if (stacks_followed)
        stacks_follow(compat_tstate());
}

static PyObject *on_start_deep(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kw)
{
    (void)self, (void)nargsf, (void)kw;
    follow_if_needed();
    return started(args, true);
}

static inline struct funcrec *known(PyObject *const *args)
{
    struct funcrec *f = ident_lookup((PyCodeObject *)args[0]);
    return (uintptr_t)f <= (uintptr_t)NOT_RECORDED ? NULL : f;
}

static PyObject *on_return(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kw)
{
    struct funcrec *f = known(args);
    (void)self, (void)nargsf, (void)kw;
    if (likely(f != NULL))
        capture_return(f, args[2]);
    return Py_None;
}

static PyObject *on_yield(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kw)
{
    struct funcrec *f = known(args);
    (void)self, (void)nargsf, (void)kw;
    if (likely(f != NULL))
        capture_yield(f, args[2]);
    return Py_None;
}

static compat_frame *frame_below(PyObject *const *args) { return compat_current_frame(gil, (PyCodeObject *)args[0])->previous; }

static PyObject *on_return_deep(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kw)
{
    struct funcrec *f = known(args);
    follow_if_needed();
    if (likely(f != NULL))
        deep_return(f, args[2], frame_below(args));
    return on_return(self, args, nargsf, kw);
}

static PyObject *on_yield_deep(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kw)
{
    struct funcrec *f = known(args);
    follow_if_needed();
    if (likely(f != NULL))
        deep_yield(f, args[2], frame_below(args));
    return on_yield(self, args, nargsf, kw);
}

static PyObject *on_resume(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kw)
{
    struct funcrec *f = known(args);
    (void)self, (void)nargsf, (void)kw;
    if (likely(f != NULL))
        capture_resume(f, GHOST_EV_RESUME, ghost_activation(compat_current_frame(gil, (PyCodeObject *)args[0])));
    return Py_None;
}

/* Thrown into (or closed) before its first resume: the body is never entered. */
static bool never_entered(const struct funcrec *f, const compat_frame *frame, PyCodeObject *code)
{
    return f->generator_like && compat_frame_is_generators(frame) && compat_not_begun(frame, code);
}

static PyObject *on_throw(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kw)
{
    struct funcrec *f = known(args);
    PyCodeObject *code = (PyCodeObject *)args[0];
    (void)self, (void)nargsf, (void)kw;
    if (!f)
        return Py_None;
    compat_frame *frame = compat_current_frame(gil, code);
    if (!never_entered(f, frame, code))
        capture_resume(f, GHOST_EV_THROW, ghost_activation(frame));
    return Py_None;
}

/* An exception may come to a body before we hear that it begins or goes on: since 3.13 CPython looks for
 * signals (and what else comes from outside) before it tells, in 3.12 after that; and a trace function that
 * raises was told before us. The body counts as entered all the same, as in 3.11 and 3.12: the traceback has
 * it. That also tells where it came: a generator passes every exception on from another place. */
__attribute__((noinline, cold)) static void tell_beginning(struct funcrec *f, compat_frame *frame, PyCodeObject *code, int at)
{
    if (!capture_untold(f, frame))
        return;
    uint32_t activation = f->generator_like ? ghost_activation(frame) : 0;
    if (compat_is_first_resume(code, at))
        capture_call(f, frame, code, activation);
    else
        capture_resume(f, GHOST_EV_RESUME, activation);
}

/* The offset of the instruction where the exception came to the body that it leaves; -1: its traceback, which the
 * application may have put together itself, does not begin with this frame. */
static inline int came_at(PyObject *traceback, const compat_frame *frame)
{
    const PyTracebackObject *tb = (const PyTracebackObject *)traceback;
    return tb && PyTraceBack_Check(traceback) && tb->tb_frame->f_frame == frame ? tb->tb_lasti : -1;
}

static PyObject *on_unwind(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kw)
{
    struct funcrec *f = known(args);
    (void)self, (void)nargsf, (void)kw;
    if (!f)
        return Py_None;
    PyCodeObject *code = (PyCodeObject *)args[0];
    compat_frame *frame = compat_current_frame(gil, code);
    if (unlikely(f->generator_like) && never_entered(f, frame, code))
        return Py_None;
    PyObject *traceback = ((PyBaseExceptionObject *)args[2])->traceback;
    int at = came_at(traceback, frame);
    if (unlikely(at >= 0 && compat_is_resume(code, at)))
        tell_beginning(f, frame, code, at);
    capture_unwind(f, Py_TYPE(args[2]), traceback);
    return Py_None;
}

/* The same in a process that has greenlets (stacks.h). */
#define FOLLOWING(name)                                                                                         \
    static PyObject *name##_following(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kw)       \
    {                                                                                                           \
        stacks_follow(compat_tstate());                                                                         \
        return name(self, args, nargsf, kw);                                                                    \
    }
FOLLOWING(on_start)
FOLLOWING(on_return)
FOLLOWING(on_yield)
FOLLOWING(on_resume)
FOLLOWING(on_throw)
FOLLOWING(on_unwind)

static const struct event events[] = {
    { "PY_START", false, on_start, on_start_following, on_start_deep },
    { "PY_RETURN", true, on_return, on_return_following, on_return_deep },
    { "PY_YIELD", true, on_yield, on_yield_following, on_yield_deep },
    { "PY_RESUME", true, on_resume, on_resume_following, NULL },
    { "PY_THROW", COMPAT_LOCAL_UNWIND, on_throw, on_throw_following, NULL },
    { "PY_UNWIND", COMPAT_LOCAL_UNWIND, on_unwind, on_unwind_following, NULL },
};
#define N_EVENTS (sizeof(events) / sizeof(events[0]))
static struct callback *callbacks[N_EVENTS]; /* as registered; owned, for ever */

static vectorcallfunc callback_of(const struct event *e)
{
    if (recorder.config.deep && e->deep)
        return e->deep;
    return stacks_followed ? e->following : e->callback;
}

/* The registered objects stay: one of them may be running. */
static void follow_stacks(void)
{
    for (size_t i = 0; i < N_EVENTS; i++)
        if (callbacks[i])
            callbacks[i]->call = callback_of(&events[i]);
}

static PyTypeObject callback_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "ghost_recorder.callback",
    .tp_basicsize = sizeof(struct callback),
    .tp_vectorcall_offset = offsetof(struct callback, call),
    .tp_call = PyVectorcall_Call,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION,
};

static PyObject *call_method(PyObject *o, const char *name, const char *format, ...)
{
    va_list va;
    va_start(va, format);
    PyObject *f = PyObject_GetAttrString(o, name), *args = Py_VaBuildValue(format, va), *r = NULL;
    va_end(va);
    if (f && args)
        r = PyObject_CallObject(f, args);
    Py_XDECREF(f);
    Py_XDECREF(args);
    return r;
}

static int take_tool_id(PyObject *monitoring)
{
    for (size_t i = 0; i < sizeof(tool_ids) / sizeof(tool_ids[0]); i++) {
        PyObject *r = call_method(monitoring, "use_tool_id", "(is)", tool_ids[i], "ghost");
        if (r) {
            Py_DECREF(r);
            return tool_ids[i];
        }
        PyErr_Clear(); /* ValueError: in use */
    }
    return -1;
}

static int register_event(PyObject *monitoring, PyObject *bits, const struct event *e, long sets[2])
{
    PyObject *bit = PyObject_GetAttrString(bits, e->name), *r = NULL;
    struct callback *c = PyObject_New(struct callback, &callback_type);
    long value = bit ? PyLong_AsLong(bit) : 0;
    if (bit && c) {
        c->call = callback_of(e);
        callbacks[e - events] = (struct callback *)Py_NewRef(c);
        r = call_method(monitoring, "register_callback", "(ilO)", tool_id, value, c);
        sets[e->local] |= value;
    }
    Py_XDECREF(bit);
    Py_XDECREF(c);
    Py_XDECREF(r);
    return r ? 0 : -1;
}

static PyObject *monitoring_module(void) { return PySys_GetObject("monitoring"); /* borrowed */ }

static int install(const char **why)
{
    PyObject *m = monitoring_module(), *bits = NULL, *r = NULL;
    long sets[2] = { 0, 0 };
    int ret = -1;

    *why = "sys.monitoring is not usable";
    if (!m || PyType_Ready(&callback_type) != 0)
        goto out;
    gil = PyInterpreterState_Main()->ceval.gil;
    tool_id = take_tool_id(m);
    if (tool_id < 0) {
        *why = "the tool ids 3, 4 and 5 of sys.monitoring are in use";
        goto out;
    }
    disable = PyObject_GetAttrString(m, "DISABLE");
    set_local = PyObject_GetAttrString(m, "set_local_events");
    bits = PyObject_GetAttrString(m, "events");
    if (!disable || !set_local || !bits)
        goto out;
    for (size_t i = 0; i < N_EVENTS; i++)
        if (register_event(m, bits, &events[i], sets) != 0)
            goto out;
    tool_object = PyLong_FromLong(tool_id);
    local_object = PyLong_FromLong(sets[true]);
    if (!tool_object || !local_object)
        goto out;
    r = call_method(m, "set_events", "(il)", tool_id, sets[false]);
    if (r)
        ret = 0;
out:
    Py_XDECREF(bits);
    Py_XDECREF(r);
    if (ret != 0) {
        PyErr_Clear();
        if (tool_id >= 0 && m) {
            Py_XDECREF(call_method(m, "free_tool_id", "(i)", tool_id));
            PyErr_Clear();
            tool_id = -1;
        }
    }
    return ret;
}

static void uninstall(void)
{
    PyObject *m = monitoring_module();
    if (tool_id < 0 || !m)
        return;
    Py_XDECREF(call_method(m, "set_events", "(ii)", tool_id, 0));
    PyErr_Clear();
    Py_XDECREF(call_method(m, "free_tool_id", "(i)", tool_id));
    PyErr_Clear();
    tool_id = -1;
}

const struct hook hook_monitoring = { "monitoring", install, uninstall, listen_locally, follow_stacks };
#endif
