/* floor.c - the least that an exact recorder with times can do: listen to each way into a body and
 * out of it (calls and returns, yields and resumes, exceptions) as cheaply as this CPython allows,
 * and read the clock. Records nothing. What it adds is the machine's and the interpreter's price;
 * what a recorder adds above it is the recorder's. With FLOOR=hook in the environment not even the clock is read.
 *
 * 3.11: the frame evaluator. 3.12 and later: sys.monitoring, callbacks of a type of our own
 * with the vectorcall slot (a builtin function costs about 8 ns more). */
#include <Python.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline void read_clock(void)
{
#if defined(__x86_64__)
    unsigned low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
#else
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
#endif
}

#if PY_VERSION_HEX < 0x030c0000

static PyObject *with_clock(PyThreadState *ts, struct _PyInterpreterFrame *frame, int throwflag)
{
    read_clock();
    PyObject *r = _PyEval_EvalFrameDefault(ts, frame, throwflag);
    read_clock();
    return r;
}

static PyObject *hook_only(PyThreadState *ts, struct _PyInterpreterFrame *frame, int throwflag)
{
    PyObject *r = _PyEval_EvalFrameDefault(ts, frame, throwflag);
    __asm__ volatile("" : : "r"(r)); /* no tail call: a recorder cannot make one either */
    return r;
}

static int install(int clock)
{
    _PyInterpreterState_SetEvalFrameFunc(PyInterpreterState_Get(), clock ? with_clock : hook_only);
    return 0;
}

#else

struct callback { PyObject_HEAD vectorcallfunc call; };

static PyObject *with_clock(PyObject *self, PyObject *const *args, size_t n, PyObject *kw)
{
    (void)self, (void)args, (void)n, (void)kw;
    read_clock();
    return Py_None; /* immortal */
}

static PyObject *hook_only(PyObject *self, PyObject *const *args, size_t n, PyObject *kw)
{
    (void)self, (void)args, (void)n, (void)kw;
    return Py_None;
}

static PyTypeObject callback_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "floor.callback",
    .tp_basicsize = sizeof(struct callback),
    .tp_vectorcall_offset = offsetof(struct callback, call),
    .tp_call = PyVectorcall_Call,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL,
};

static int install(int clock)
{
    static const char *const names[] = { "PY_START", "PY_RETURN", "PY_YIELD", "PY_RESUME", "PY_THROW", "PY_UNWIND" };
    const int tool = 4;
    long set = 0;
    PyObject *m = PySys_GetObject("monitoring"), *events = m ? PyObject_GetAttrString(m, "events") : NULL;
    PyObject *r = events && PyType_Ready(&callback_type) == 0 ? PyObject_CallMethod(m, "use_tool_id", "is", tool, "floor") : NULL;
    for (size_t i = 0; r && i < sizeof names / sizeof *names; i++) {
        struct callback *c = PyObject_New(struct callback, &callback_type);
        PyObject *bit = PyObject_GetAttrString(events, names[i]);
        if (!c || !bit)
            return -1;
        c->call = clock ? with_clock : hook_only;
        set |= PyLong_AsLong(bit);
        Py_SETREF(r, PyObject_CallMethod(m, "register_callback", "iOO", tool, bit, c));
    }
    if (r)
        Py_SETREF(r, PyObject_CallMethod(m, "set_events", "il", tool, set));
    return r ? 0 : -1;
}

#endif

static PyObject *start(PyObject *self, PyObject *none)
{
    const char *what = getenv("FLOOR");
    (void)self, (void)none;
    if (install(!(what && strcmp(what, "hook") == 0)) != 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    { "start", start, METH_NOARGS, "start(): hooks from now on." },
    { NULL, NULL, 0, NULL },
};
static struct PyModuleDef definition = { PyModuleDef_HEAD_INIT, .m_name = "floor", .m_size = -1, .m_methods = methods };
PyMODINIT_FUNC PyInit_floor(void) { return PyModule_Create(&definition); }
