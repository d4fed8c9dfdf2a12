/* hook_profile.c - PyEval_SetProfile: the fallback when sys.monitoring has no
 * free tool id, and a second opinion in tests.
 *
 * Slower (it makes the interpreter trace every call of every library), and it
 * sees less: an exception's type is not given to a profile function, nor are
 * resumes by throw() and threads made by _thread alone. The log's NOTE says so. New
 * threads take it over through threading.setprofile, whose Python-level
 * callable installs the C function on its first event. */
#include "capture.h"
#include "deep.h"
#include "hook.h"
#include "stacks.h"

static int on_event(PyObject *self, PyFrameObject *pyframe, int what, PyObject *arg);

static PyObject *thread_starts(PyObject *self, PyObject *args)
{
    PyObject *frame, *event, *arg;
    (void)self;
    PyEval_SetProfile(on_event, NULL);
    /* The event that woke us is the call of the thread's first function. */
    if (PyArg_ParseTuple(args, "OOO", &frame, &event, &arg) && PyFrame_Check(frame)
        && PyUnicode_Check(event) && PyUnicode_CompareWithASCIIString(event, "call") == 0
        && on_event(NULL, (PyFrameObject *)frame, PyTrace_CALL, NULL) != 0)
        return NULL;
    PyErr_Clear();
    Py_RETURN_NONE;
}
static PyMethodDef thread_starts_def = { "ghost_profile", thread_starts, METH_VARARGS, NULL };

static compat_frame *inner(PyFrameObject *f) { return f->f_frame; }

static bool generator_owned(struct funcrec *f, compat_frame *frame) { return f->generator_like && compat_frame_is_generators(frame); }

/* The call event comes at RESUME; at a body's begin that is its first
 * traceable instruction, or the prologue before it. */
static bool begins(const compat_frame *frame, PyCodeObject *code)
{
    return compat_not_begun(frame, code) || compat_at_first_resume(frame, code);
}

static void entered(PyFrameObject *pyframe, struct funcrec *f)
{
    compat_frame *frame = inner(pyframe);
    PyCodeObject *code = compat_frame_code(frame);
    bool activation = generator_owned(f, frame);
    if (activation && !begins(frame, code)) {
        capture_resume(f, GHOST_EV_RESUME, ghost_activation(frame));
        return;
    }
    capture_call(f, frame, code, activation ? ghost_activation(frame) : 0);
    if (recorder.config.deep)
        deep_call(f, frame, code, frame->previous);
}

/* Does the frame stand at an instruction that suspends it? */
static bool at_yield(PyFrameObject *f)
{
#if COMPAT_HAS_MONITORING
    return compat_at_yield(compat_frame_code(inner(f)), PyFrame_GetLasti(f));
#else
    return compat_generator_suspended(inner(f));
#endif
}

/* Before 3.12 an exit by exception has no value; sys.monitoring's emulation of
 * profile functions gives None, and only the instruction tells. */
static bool by_exception(PyFrameObject *f, PyObject *value)
{
#if COMPAT_HAS_MONITORING
    PyCodeObject *code = compat_frame_code(inner(f));
    int at = PyFrame_GetLasti(f);
    return !value || (value == Py_None && !compat_at_return(code, at) && !compat_at_yield(code, at));
#else
    (void)f;
    return !value;
#endif
}

static void left(PyFrameObject *pyframe, struct funcrec *f, PyObject *value)
{
    compat_frame *frame = inner(pyframe);
    if (by_exception(pyframe, value))
        capture_unwind(f, NULL, NULL);
    else if (generator_owned(f, frame) && at_yield(pyframe)) {
        capture_yield(f, value);
        if (recorder.config.deep)
            deep_yield(f, value, frame->previous);
    } else {
        capture_return(f, value);
        if (recorder.config.deep)
            deep_return(f, value, frame->previous);
    }
}

static int on_event(PyObject *self, PyFrameObject *pyframe, int what, PyObject *arg)
{
    (void)self;
    if (what != PyTrace_CALL && what != PyTrace_RETURN)
        return 0;
    compat_frame *frame = inner(pyframe);
    PyCodeObject *code = compat_frame_code(frame);
    struct funcrec *f = ident_lookup(code);
    bool async = false;
    if (!f && what == PyTrace_CALL)
        f = capture_first_sight(code, frame, &async);
    if ((uintptr_t)f <= (uintptr_t)NOT_RECORDED)
        return 0;
    if (unlikely(stacks_followed))
        stacks_follow(compat_tstate());
    if (what == PyTrace_CALL)
        entered(pyframe, f);
    else
        left(pyframe, f, arg);
    return async ? -1 : 0;
}

static void tell_threads(PyObject *function)
{
    PyObject *threading = PyImport_ImportModule("threading");
    PyObject *r = threading ? PyObject_CallMethod(threading, "setprofile", "O", function) : NULL;
    Py_XDECREF(r);
    Py_XDECREF(threading);
    PyErr_Clear();
}

static int install(const char **why)
{
    PyObject *starter = PyCFunction_New(&thread_starts_def, NULL);
    *why = "";
    if (starter)
        tell_threads(starter);
    Py_XDECREF(starter);
    PyEval_SetProfile(on_event, NULL);
    return 0;
}

static void uninstall(void)
{
    tell_threads(Py_None);
    PyEval_SetProfile(NULL, NULL);
}

const struct hook hook_profile = { "profile", install, uninstall, NULL, NULL };
