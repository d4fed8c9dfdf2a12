/* pycompat.h - the only header that knows CPython's versions.
 *
 * Named facts and accessors, one meaning for every version. References are
 * borrowed unless a name says otherwise. A new CPython minor is checked here,
 * then GHOST_NEWEST_MINOR moves. */
#ifndef GHOST_PYCOMPAT_H
#define GHOST_PYCOMPAT_H

#ifndef Py_BUILD_CORE
#define Py_BUILD_CORE 1
#endif
#include <Python.h>
#include <frameobject.h>

#define GHOST_OLDEST_MINOR 11
#define GHOST_NEWEST_MINOR 15
#if PY_VERSION_HEX < 0x030b0000
#error "Ghost records CPython 3.11 and later"
#elif PY_VERSION_HEX >= 0x03100000
#error "This CPython is newer than the newest that was checked (recorder/pycompat.h)"
#endif
#ifdef Py_GIL_DISABLED
#error "Free-threaded builds are refused: the recorder relies on the GIL"
#endif

#pragma GCC diagnostic push /* CPython's inline functions are not ours to mend */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wsign-compare"
#if PY_VERSION_HEX >= 0x030e0000
#include <internal/pycore_interpframe_structs.h>
#include <internal/pycore_stackref.h>
#endif
#include <internal/pycore_frame.h>
#include <internal/pycore_dict.h>
#include <opcode.h>
#include <internal/pycore_interp.h>
#include <internal/pycore_runtime.h>
#pragma GCC diagnostic pop

/* 3.11 has no sys.monitoring: its hook is the frame evaluator (PEP 523). */
#define COMPAT_HAS_MONITORING (PY_VERSION_HEX >= 0x030c0000)
/* PY_UNWIND and PY_THROW can be local events (and disabled) from 3.15 on. */
#define COMPAT_LOCAL_UNWIND (PY_VERSION_HEX >= 0x030f0000)
/* From 3.13 on signals and asynchronous exceptions are looked for before a body's start is told. */
#define COMPAT_SIGNALS_BEFORE_START (PY_VERSION_HEX >= 0x030d0000)
/* Before 3.12 the collector runs inside allocations, later at safe points only. */
#define COMPAT_GC_IN_ALLOCATION (PY_VERSION_HEX < 0x030c0000)

typedef struct _PyInterpreterFrame compat_frame;

static inline PyThreadState *compat_tstate(void)
{
#if PY_VERSION_HEX >= 0x030d0000
    return PyThreadState_GetUnchecked();
#else
    return _PyThreadState_UncheckedGet();
#endif
}

static inline PyCodeObject *compat_frame_code(const compat_frame *f)
{
#if PY_VERSION_HEX >= 0x030e0000
    return (PyCodeObject *)PyStackRef_AsPyObjectBorrow(f->f_executable);
#elif PY_VERSION_HEX >= 0x030d0000
    return (PyCodeObject *)f->f_executable;
#else
    return f->f_code;
#endif
}

/* The frame the interpreter runs now on this thread. */
static inline compat_frame *compat_frame_of(PyThreadState *ts)
{
#if PY_VERSION_HEX >= 0x030d0000
    return ts->current_frame;
#else
    return ts->cframe->current_frame;
#endif
}

#if COMPAT_HAS_MONITORING
/* The main interpreter's GIL notes who took it last: while we run under it, that
 * is the current thread state. A load instead of a call through two tables
 * (the thread state is in the interpreter library's thread-local storage). */
static inline compat_frame *compat_current_frame(struct _gil_runtime_state *gil, const PyCodeObject *code)
{
#if PY_VERSION_HEX >= 0x030d0000
    PyThreadState *ts = gil->last_holder;
#else
    PyThreadState *ts = (PyThreadState *)_Py_atomic_load_relaxed(&gil->last_holder);
#endif
    compat_frame *f = ts ? compat_frame_of(ts) : NULL;
    /* Thread states can be swapped without the GIL changing hands. */
    return __builtin_expect(f && compat_frame_code(f) == code, 1) ? f : compat_frame_of(compat_tstate());
}
#endif

static inline PyObject *compat_frame_local(const compat_frame *f, int i)
{
#if PY_VERSION_HEX >= 0x030e0000
    return PyStackRef_AsPyObjectBorrow(f->localsplus[i]);
#else
    return f->localsplus[i];
#endif
}

/* The function whose call made the frame; NULL when it is none. */
static inline PyFunctionObject *compat_frame_function(const compat_frame *f)
{
#if PY_VERSION_HEX >= 0x030e0000
    PyObject *o = PyStackRef_AsPyObjectBorrow(f->f_funcobj);
#elif PY_VERSION_HEX >= 0x030c0000
    PyObject *o = f->f_funcobj;
#else
    PyObject *o = (PyObject *)f->f_func;
#endif
    return o && PyFunction_Check(o) ? (PyFunctionObject *)o : NULL;
}

static inline bool compat_frame_is_generators(const compat_frame *f) { return f->owner == FRAME_OWNED_BY_GENERATOR; }

/* A frame of the interpreter's own at the bottom of each evaluation (3.12 and later). */
static inline bool compat_frame_is_interpreters(const compat_frame *f) { return f->owner > FRAME_OWNED_BY_FRAME_OBJECT; }

#if !COMPAT_HAS_MONITORING
/* Will the call that is about to run end at once as a RecursionError, before its
 * body begins? The rule of _Py_CheckRecursiveCall (Python/ceval.c of 3.11). */
static inline bool compat_recursion_ends(const PyThreadState *ts)
{
    if (__builtin_expect(ts->recursion_remaining > 0, 1))
        return false;
    int depth = ts->recursion_limit - (ts->recursion_remaining - 1);
    return depth >= ts->interp->ceval.recursion_limit && !ts->recursion_headroom;
}
/* Has the generator that owns this frame just suspended (else: ended)? */
static inline bool compat_generator_suspended(compat_frame *f) { return _PyFrame_GetGenerator(f)->gi_frame_state == FRAME_SUSPENDED; }
#endif

/* Has the body of a generator not begun (or does it begin right now)? Until its
 * first RESUME, the first traceable instruction, only the prologue has run. */
static inline bool compat_not_begun(const compat_frame *f, PyCodeObject *code)
{
#if PY_VERSION_HEX >= 0x030d0000
    const _Py_CODEUNIT *at = f->instr_ptr;
#else
    const _Py_CODEUNIT *at = f->prev_instr;
#endif
    return at - (_Py_CODEUNIT *)code->co_code_adaptive < code->_co_firsttraceable;
}

/* Does it stand at that RESUME? */
static inline bool compat_at_first_resume(const compat_frame *f, PyCodeObject *code)
{
#if PY_VERSION_HEX >= 0x030d0000
    const _Py_CODEUNIT *at = f->instr_ptr;
#else
    const _Py_CODEUNIT *at = f->prev_instr;
#endif
    return at - (_Py_CODEUNIT *)code->co_code_adaptive == code->_co_firsttraceable;
}

#if COMPAT_HAS_MONITORING
/* Is the instruction at this offset (in bytes, as tracebacks have it) one that a body is entered or goes
 * on with? Line events, which put another opcode in the place of theirs, are never set on these. */
static inline bool compat_is_resume(const PyCodeObject *code, int offset)
{
    int opcode = ((const _Py_CODEUNIT *)code->co_code_adaptive)[offset / (int)sizeof(_Py_CODEUNIT)].op.code;
#ifdef RESUME_CHECK
    if (opcode == RESUME_CHECK)
        return true;
#endif
    return opcode == RESUME || opcode == INSTRUMENTED_RESUME;
}

static inline bool compat_is_first_resume(const PyCodeObject *code, int offset)
{
    return offset / (int)sizeof(_Py_CODEUNIT) == code->_co_firsttraceable;
}
#endif

/* An async generator's yield wraps its value (Objects/genobject.c); the private
 * type is known by its static name. */
struct compat_wrapped { PyObject_HEAD PyObject *value; };
static inline bool compat_is_async_yield(PyTypeObject *t)
{
    return !(t->tp_flags & Py_TPFLAGS_HEAPTYPE) && strcmp(t->tp_name, "async_generator_wrapped_value") == 0;
}

/* Has the body suspended at byte `at`? It stands at the yield, from 3.13 on at the
 * RESUME behind it. (PyCode_GetCode gives the code as compiled, without
 * instrumentation.) */
static inline bool compat_at_yield(PyCodeObject *code, int at)
{
    PyObject *bytes = PyCode_GetCode(code);
    const unsigned char *op = bytes ? (const unsigned char *)PyBytes_AS_STRING(bytes) + at : NULL;
    bool yields = op && at >= 0 && at + 1 < PyBytes_GET_SIZE(bytes)
        && (op[0] == YIELD_VALUE || (op[0] == RESUME && (op[1] & 3) != 0));
    Py_XDECREF(bytes);
    return yields;
}

/* Does the instruction at byte `at` return? */
static inline bool compat_at_return(PyCodeObject *code, int at)
{
    PyObject *bytes = PyCode_GetCode(code);
    bool returns = false;
    if (bytes && at >= 0 && at < PyBytes_GET_SIZE(bytes)) {
        unsigned char op = (unsigned char)PyBytes_AS_STRING(bytes)[at];
        returns = op == RETURN_VALUE;
#ifdef RETURN_CONST
        returns = returns || op == RETURN_CONST;
#endif
    }
    Py_XDECREF(bytes);
    return returns;
}

/* Interpreters made so far, the main one included. */
static inline int64_t compat_interpreters_made(void) { return (int64_t)_PyRuntime.interpreters.next_id; }

/* The slot of a code object reserved for us (PyUnstable_Eval_RequestCodeExtraIndex).
 * Read directly: it stands on the hot path. The layout of the block behind
 * co_extra has been the same from 3.6 to 3.15 (Objects/codeobject.c). */
struct compat_code_extras { Py_ssize_t size; void *slots[1]; };
static inline void *compat_code_extra(const PyCodeObject *code, Py_ssize_t index)
{
    const struct compat_code_extras *x = (const struct compat_code_extras *)code->co_extra;
    return x && index < x->size ? x->slots[index] : NULL;
}
#if PY_VERSION_HEX >= 0x030c0000
#define compat_request_extra_index PyUnstable_Eval_RequestCodeExtraIndex
#define compat_set_code_extra PyUnstable_Code_SetExtra
#else
#define compat_request_extra_index _PyEval_RequestCodeExtraIndex
#define compat_set_code_extra _PyCode_SetExtra
#endif

/* Is the parameter in this slot a cell once the body runs (a closure uses it)? */
static inline bool compat_is_cell(const PyCodeObject *code, int i)
{
    return (PyBytes_AS_STRING(code->co_localspluskinds)[i] & 0x40) != 0; /* CO_FAST_CELL */
}

/* Entries of a dict's table, those of removed keys with them. */
static inline Py_ssize_t compat_dict_entries(PyObject *dict) { return ((PyDictObject *)dict)->ma_keys->dk_nentries; }

/* The exception in flight on a thread whose frame has just been left, as its
 * type and traceback, without touching it. */
#if PY_VERSION_HEX >= 0x030c0000
static inline PyTypeObject *compat_current_exception(PyThreadState *ts, PyObject **traceback)
{
    PyObject *e = ts->current_exception;
    *traceback = e ? ((PyBaseExceptionObject *)e)->traceback : NULL;
    return e ? Py_TYPE(e) : NULL;
}
#else
static inline PyTypeObject *compat_current_exception(PyThreadState *ts, PyObject **traceback)
{
    *traceback = ts->curexc_traceback;
    return (PyTypeObject *)ts->curexc_type;
}
#endif

#endif
