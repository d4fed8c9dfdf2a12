/* hook_evalframe.c - the frame evaluator (PEP 523), CPython 3.11.
 *
 * The evaluator wraps each run of a frame: a call, or a resume of a generator.
 * Traps: the run that makes a generator (RETURN_GENERATOR) is no call of its
 * body; PyEval_GetFrame is not used (inside an evaluator it gives the caller);
 * each call uses C stack (bigstack.h). */
#include "pycompat.h"
#if !COMPAT_HAS_MONITORING
#include "bigstack.h"
#include "capture.h"
#include "deep.h"
#include "hook.h"
#include "stacks.h"

typedef PyObject *(*evaluator)(PyThreadState *, struct _PyInterpreterFrame *, int);
static evaluator below;          /* the evaluator that was there before us, or CPython's */

static evaluator ours;           /* evaluate, or evaluate_deep */

static void *evaluate_on_segment(void *ts, void *frame, long throwflag)
{
    return ours(ts, frame, (int)throwflag);
}

/* No further stack to be had: CPython goes on by itself, inlining Python calls
 * (no C stack), unseen by us. Told as a loss of unknown size. */
static PyObject *step_aside(PyThreadState *ts, compat_frame *frame, int throwflag)
{
    recorder_count_loss(GHOST_LOSS_STACK);
    _PyInterpreterState_SetEvalFrameFunc(ts->interp, _PyEval_EvalFrameDefault);
    PyObject *r = _PyEval_EvalFrameDefault(ts, frame, throwflag);
    _PyInterpreterState_SetEvalFrameFunc(ts->interp, ours);
    return r;
}

__attribute__((noinline)) static PyObject *low_stack(PyThreadState *ts, compat_frame *frame, int throwflag)
{
    void *result;
    if (lane.stack_low == UINTPTR_MAX) { /* the thread's first call */
        lane.stack_low = bigstack_limit();
        return ours(ts, frame, throwflag);
    }
    /* A greenlet copies its part of the thread's stack: it must be on that one. */
    if (!stacks_followed && bigstack_call(evaluate_on_segment, ts, frame, throwflag, &result))
        return result;
    return step_aside(ts, frame, throwflag);
}

static inline void left_by_exception(PyThreadState *ts, struct funcrec *f)
{
    PyObject *traceback;
    PyTypeObject *type = compat_current_exception(ts, &traceback);
    capture_unwind(f, type, traceback);
}

/* The body runs; greenlets may have been switched in it. */
static inline PyObject *run(PyThreadState *ts, compat_frame *frame, int throwflag)
{
    PyObject *r = below(ts, frame, throwflag);
    if (unlikely(stacks_followed))
        stacks_follow(ts);
    return r;
}

/* `deep` is known when these are compiled: a recording without --deep runs no
 * instruction for it. The thread's current frame is the caller's here, before and after. */
#define INLINE static inline __attribute__((always_inline))
INLINE PyObject *generate(PyThreadState *ts, compat_frame *frame, int throwflag, struct funcrec *f, bool deep)
{
    uint32_t activation = ghost_activation(frame);
    bool fresh = compat_not_begun(frame, frame->f_code);
    if (fresh && throwflag) /* thrown into before its first resume: the body is never entered */
        return below(ts, frame, throwflag);
    if (throwflag)
        capture_resume(f, GHOST_EV_THROW, activation);
    else if (fresh) {
        capture_call(f, frame, frame->f_code, activation);
        if (deep)
            deep_call(f, frame, frame->f_code, compat_frame_of(ts));
    } else
        capture_resume(f, GHOST_EV_RESUME, activation);
    PyObject *r = run(ts, frame, throwflag);
    if (!r)
        left_by_exception(ts, f);
    else if (compat_generator_suspended(frame)) {
        capture_yield(f, r);
        if (deep)
            deep_yield(f, r, compat_frame_of(ts));
    } else {
        capture_return(f, r);
        if (deep)
            deep_return(f, r, compat_frame_of(ts));
    }
    return r;
}

__attribute__((noinline)) static PyObject *run_generator(PyThreadState *ts, compat_frame *frame, int throwflag, struct funcrec *f)
{
    return generate(ts, frame, throwflag, f, false);
}

__attribute__((noinline)) static PyObject *run_generator_deep(PyThreadState *ts, compat_frame *frame, int throwflag, struct funcrec *f)
{
    return generate(ts, frame, throwflag, f, true);
}

__attribute__((noinline)) static PyObject *first_run(PyThreadState *ts, compat_frame *frame, int throwflag)
{
    bool async;
    struct funcrec *f = capture_first_sight(frame->f_code, frame, &async);
    /* Not settled (we are busy on this thread): this run goes by. */
    return f ? ours(ts, frame, throwflag) : below(ts, frame, throwflag);
}

INLINE PyObject *evaluate_frame(PyThreadState *ts, compat_frame *frame, int throwflag, bool deep)
{
    if (unlikely((uintptr_t)__builtin_frame_address(0) < lane.stack_low))
        return low_stack(ts, frame, throwflag);
    struct funcrec *f = ident_lookup(frame->f_code);
    if (f == NOT_RECORDED)
        return below(ts, frame, throwflag);
    if (unlikely(!f))
        return first_run(ts, frame, throwflag);
    if (unlikely(stacks_followed))
        stacks_follow(ts);
    if (unlikely(compat_recursion_ends(ts)))
        return below(ts, frame, throwflag);
    if (unlikely(f->generator_like)) {
        if (!compat_frame_is_generators(frame)) /* this run only makes the generator */
            return below(ts, frame, throwflag);
        return deep ? run_generator_deep(ts, frame, throwflag, f) : run_generator(ts, frame, throwflag, f);
    }
    capture_call(f, frame, frame->f_code, 0);
    if (deep)
        deep_call(f, frame, frame->f_code, compat_frame_of(ts));
    PyObject *r = run(ts, frame, throwflag);
    if (likely(r != NULL)) {
        capture_return(f, r);
        if (deep)
            deep_return(f, r, compat_frame_of(ts));
    } else
        left_by_exception(ts, f);
    return r;
}

static PyObject *evaluate(PyThreadState *ts, compat_frame *frame, int throwflag) { return evaluate_frame(ts, frame, throwflag, false); }
static PyObject *evaluate_deep(PyThreadState *ts, compat_frame *frame, int throwflag) { return evaluate_frame(ts, frame, throwflag, true); }

static int install(const char **why)
{
    PyInterpreterState *interp = PyInterpreterState_Get();
    *why = "";
    below = _PyInterpreterState_GetEvalFrameFunc(interp);
    if (!below)
        below = _PyEval_EvalFrameDefault;
    ours = recorder.config.deep ? evaluate_deep : evaluate;
    _PyInterpreterState_SetEvalFrameFunc(interp, ours);
    return 0;
}

static void uninstall(void)
{
    PyInterpreterState *interp = PyInterpreterState_Get();
    if (_PyInterpreterState_GetEvalFrameFunc(interp) == ours)
        _PyInterpreterState_SetEvalFrameFunc(interp, below);
}

const struct hook hook_evalframe = { "evalframe", install, uninstall, NULL, NULL };
#endif
