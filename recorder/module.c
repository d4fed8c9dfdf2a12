/* module.c - the Python face of the recorder: `import ghost_recorder`.
 *
 * Works only in a process that Ghost records. Every function is safe to call at
 * any time; none raises for a fault of the recorder (status() tells). start()
 * is for the bootstrap. */
#include "describe.h"
#include "capture.h"
#include "hook.h"
#include "recorder.h"
#include "stacks.h"
#include <stdlib.h>
#include <string.h>

static const struct hook *hook;
static uint32_t n_marks;

/* ---- reading start()'s dict ---- */

static char *string_of(PyObject *o)
{
    const char *s = o && PyUnicode_Check(o) ? PyUnicode_AsUTF8(o) : NULL;
    if (!s) { /* a path with bytes that are no UTF-8 */
        PyErr_Clear();
        PyObject *b = o && PyUnicode_Check(o) ? PyUnicode_EncodeFSDefault(o) : NULL;
        char *copy = b ? strdup(PyBytes_AS_STRING(b)) : NULL;
        Py_XDECREF(b);
        PyErr_Clear();
        return copy;
    }
    return strdup(s);
}

static char *get_string(PyObject *d, const char *key) { return string_of(PyDict_GetItemString(d, key)); }

static uint64_t get_number(PyObject *d, const char *key, uint64_t otherwise)
{
    PyObject *o = PyDict_GetItemString(d, key);
    if (!o || o == Py_None)
        return otherwise;
    uint64_t v = PyLong_AsUnsignedLongLong(o);
    if (PyErr_Occurred()) {
        PyErr_Clear();
        return otherwise;
    }
    return v;
}

static struct name_list get_list(PyObject *d, const char *key)
{
    struct name_list l = { NULL, 0 };
    PyObject *o = PyDict_GetItemString(d, key);
    PyObject *fast = o && o != Py_None ? PySequence_Fast(o, "") : NULL;
    Py_ssize_t n = fast ? PySequence_Fast_GET_SIZE(fast) : 0;
    l.items = n ? calloc((size_t)n, sizeof(*l.items)) : NULL;
    for (Py_ssize_t i = 0; l.items && i < n; i++) {
        char *s = string_of(PySequence_Fast_GET_ITEM(fast, i));
        if (s && *s)
            l.items[l.n++] = s;
        else
            free(s);
    }
    Py_XDECREF(fast);
    PyErr_Clear();
    return l;
}

#define FLUSH_NS_DEFAULT 5000000000u
#define FLUSH_NS_MIN 10000000u

static void configure(PyObject *d)
{
    struct recorder_config *c = &recorder.config;
    char *on_full = get_string(d, "on_full");
    PyObject *all = PyDict_GetItemString(d, "all");
    static char python[32] = "?";

    PyObject *version = PySys_GetObject("version_info");
    if (version && PyTuple_Check(version) && PyTuple_GET_SIZE(version) >= 3)
        snprintf(python, sizeof(python), "%ld.%ld.%ld", PyLong_AsLong(PyTuple_GET_ITEM(version, 0)),
                 PyLong_AsLong(PyTuple_GET_ITEM(version, 1)), PyLong_AsLong(PyTuple_GET_ITEM(version, 2)));
    c->python = python;
    c->executable = string_of(PySys_GetObject("executable"));
    c->session_dir = get_string(d, "session_dir");
    c->main_name = get_string(d, "main_name");
    c->script = get_string(d, "script");
    c->how = get_string(d, "how");
    c->boot_dir = get_string(d, "boot");
    c->include = get_list(d, "include");
    c->exclude = get_list(d, "exclude");
    c->stdlib = get_list(d, "stdlib");
    c->site = get_list(d, "site");
    c->all = all && PyObject_IsTrue(all) == 1;
    c->wait_when_full = !on_full || strcmp(on_full, "drop") != 0;
    c->flush_ns = get_number(d, "flush_ms", FLUSH_NS_DEFAULT / 1000000) * 1000000;
    if (c->flush_ns < FLUSH_NS_MIN)
        c->flush_ns = FLUSH_NS_MIN;
    c->max_log = get_number(d, "max_log", 0);
    c->deep = (uint32_t)get_number(d, "deep", 0);
    if (c->deep > GHOST_DEEP_MAX)
        c->deep = GHOST_DEEP_MAX;
    free(on_full);
    PyErr_Clear();
}

static PyObject *refuse(const char *why)
{
    PyErr_SetString(PyExc_RuntimeError, why);
    return NULL;
}

/* The bodies that run when recording starts (the bootstrap's callers): they are
 * known from the beginning, so that their ends find them (capture.c seeds the
 * thread's ring with them). */
static void adopt_running(void)
{
    if (!hook->adopt)
        return;
    for (compat_frame *f = compat_frame_of(compat_tstate()); f; f = f->previous) {
        PyCodeObject *code = compat_frame_code(f);
        bool async;
        if (!code || !PyCode_Check(code) || compat_not_begun(f, code) || ident_lookup(code))
            continue;
        struct funcrec *rec = capture_first_sight(code, f, &async);
        if ((uintptr_t)rec > (uintptr_t)NOT_RECORDED)
            hook->adopt(code);
        PyErr_Clear();
    }
}

static void at_exit(void)
{
    if (recorder.state == RECORDER_ON && compat_interpreters_made() > 1)
        recorder_note(GHOST_NOTE_SUBINTERPRETER, "");
    recorder_finish();
}

static PyObject *start(PyObject *self, PyObject *d)
{
    struct ghost_err err = GHOST_ERR_INIT;
    const char *why = "";
    (void)self;

    if (!PyDict_Check(d))
        return refuse("start() takes a dict");
    if (recorder.state != RECORDER_OFF)
        return refuse("this process is recorded already");
    if (PyInterpreterState_Get() != PyInterpreterState_Main())
        return refuse("subinterpreters are not recorded");
    char *wanted = get_string(d, "hook");
    configure(d);
    if (!recorder.config.session_dir)
        return refuse("no session folder was given");
    if (ident_init() != 0)
        return refuse("this interpreter gives out no more code-object slots");
    /* The name of the hook goes into the log's first record; a fallback is told
     * by a note that follows. */
    recorder.config.hook = strdup(wanted && *wanted ? wanted : COMPAT_HAS_MONITORING ? "monitoring" : "evalframe");
    if (recorder_start(&err) != 0) {
        free(wanted);
        return refuse(err.msg);
    }
    hook = hook_install(wanted, &why);
    free(wanted);
    if (!hook) {
        recorder_fault(why);
        return refuse(why);
    }
    if (PyMapping_HasKeyString(PyImport_GetModuleDict(), "greenlet")) /* a .pth file was earlier */
        stacks_begin();
    adopt_running();
    /* Whichever comes: the interpreter's end, or exit(3) without one. */
    int no_slot = Py_AtExit(at_exit) != 0;
    if (atexit(at_exit) != 0 && no_slot)
        recorder_note(GHOST_NOTE_FAULT, "no slot for the end of the process");
    Py_RETURN_NONE;
}

/* ---- the application's functions ---- */

static PyObject *module_pause(PyObject *self, PyObject *none)
{
    (void)self, (void)none;
    if (recorder.state == RECORDER_ON && !recorder.paused) {
        recorder_note(GHOST_NOTE_PAUSED, "");
        capture_store(clock_raw(), GHOST_EV_PAUSE, 0);
        recorder.paused = true;
        ring_stop_all();
    }
    Py_RETURN_NONE;
}

static PyObject *module_resume(PyObject *self, PyObject *none)
{
    (void)self, (void)none;
    recorder.paused = false;
    Py_RETURN_NONE;
}

static PyObject *module_mark(PyObject *self, PyObject *name)
{
    Py_ssize_t n;
    struct ghost_buf b = { 0 };
    (void)self;
    const char *s = PyUnicode_Check(name) ? PyUnicode_AsUTF8AndSize(name, &n) : NULL;
    if (!s) {
        PyErr_Clear();
        PyErr_SetString(PyExc_TypeError, "mark() takes a name (str)");
        return NULL;
    }
    if (recorder.state == RECORDER_ON && !recorder.paused) {
        ghost_encode_mark(&b, &(struct ghost_def_mark){ ++n_marks, { s, (uint32_t)(n > (Py_ssize_t)GHOST_STR_MAX ? GHOST_STR_MAX : n) } });
        if (journal_append_buf(&b) == 0)
            capture_store(clock_raw(), GHOST_EV_MARK, ghost_event_what(0, 0, n_marks));
    }
    Py_RETURN_NONE;
}

static PyObject *module_flush(PyObject *self, PyObject *none)
{
    int ret = GHOST_E_STATE;
    (void)self, (void)none;
    if (recorder.state == RECORDER_ON && !recorder.forked) {
        deep_tell();
        Py_BEGIN_ALLOW_THREADS
        ret = drain_flush(5000000000u);
        Py_END_ALLOW_THREADS
    }
    return PyBool_FromLong(ret == 0);
}

static PyObject *module_status(PyObject *self, PyObject *none)
{
    static const char *const states[] = { "off", "recording", "finished" };
    const char *fault = recorder_fault_place();
    (void)self, (void)none;
    return Py_BuildValue("{s:s,s:s,s:s,s:O,s:K,s:K,s:s}",
                         "state", recorder.paused && recorder.state == RECORDER_ON ? "paused" : states[recorder.state],
                         "session_dir", recorder.config.session_dir ? recorder.config.session_dir : "",
                         "hook", hook ? hook->name : "",
                         "writing", drain_failing() ? Py_False : Py_True,
                         "log_bytes", (unsigned long long)sink_size(),
                         "lost", (unsigned long long)ring_lost_total(),
                         "fault", fault ? fault : "");
}

static PyMethodDef methods[] = {
    { "start", start, METH_O, "start(config): begins recording; for Ghost's bootstrap." },
    { "pause", module_pause, METH_NOARGS, "pause(): stops recording calls until resume()." },
    { "resume", module_resume, METH_NOARGS, "resume(): goes on recording after pause()." },
    { "mark", module_mark, METH_O, "mark(name): puts a named moment into the log, to split or compare at." },
    { "flush", module_flush, METH_NOARGS, "flush(): waits (up to 5 s) until all events so far are in the log; True if they are." },
    { "status", module_status, METH_NOARGS, "status(): what the recorder does now, as a dict." },
    { NULL, NULL, 0, NULL },
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "ghost_recorder",
    .m_doc = "Records this process's Python function calls (Ghost).",
    .m_size = -1, /* one recorder a process: single-phase, not for subinterpreters */
    .m_methods = methods,
};

PyMODINIT_FUNC PyInit_ghost_recorder(void)
{
    return PyModule_Create(&definition);
}
