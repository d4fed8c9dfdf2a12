/* describe.h - Python objects to definition records, once per object.
 *
 * Every function here runs on an application thread that holds the GIL, the
 * first time an object is seen, with recording of this thread suspended. The
 * contract that makes that safe:
 *   - no application code runs: only exact builtin containers, slots of C
 *     structs and instance dictionaries are read; no getattr on application
 *     objects, no repr, no str, no hash, no comparison of them, no isinstance
 *     through a metaclass;
 *   - no exception is left set or altered, no reference is kept (the caller
 *     keeps what it needs), a reference taken is given back;
 *   - no value of the application is copied: names only;
 *   - bounded work: lists are cut at the limits of def.h and counted.
 * Each returns 0, or -1 when the record could not be made (out of memory, an
 * object in an unexpected state); the caller counts that as a loss.
 *
 * Nothing but pycompat.h and pycompat_describe.h knows CPython's versions. */
#ifndef GHOST_DESCRIBE_H
#define GHOST_DESCRIBE_H

#include "pycompat.h"
#include "ghost/def.h"

/* ---- what ident.c provides ---- */
/* Id of a type; the first time, its TYPE record (and those of its MRO) goes to
 * the journal first. 0 when that failed. Never runs Python code. */
uint32_t ident_type(PyTypeObject *type);
/* Real name of the module `__main__` (or `__mp_main__`), set at the start. */
struct ghost_str ident_main_name(void);

/* ---- what describe_*.c provide; each appends one record to `out` ---- */
/* describe_func.c. `globals` is the dict the code runs in (may be NULL). */
int describe_func(struct ghost_buf *out, PyCodeObject *code, PyObject *globals, uint32_t id);
/* The module's name: globals["__name__"] when it is an exact str, __main__ by
 * its real name; "?" when there is none. Valid while globals is unchanged, and,
 * when the name is not ASCII, until the next call. */
struct ghost_str describe_module_name(PyObject *globals);
/* XXH64 over the code as compiled (instrumentation and caches removed), its
 * names and variable names; no constants (but for small integers, which are
 * part of the instructions since 3.14). Stable between runs. */
uint64_t describe_fingerprint(PyCodeObject *code);

/* describe_type.c */
int describe_type(struct ghost_buf *out, PyTypeObject *type, uint32_t id);

/* describe_annotations.c: appends an ANNOT record when the function has
 * annotations, defaults or __wrapped__; nothing otherwise.
 * Annotation objects are read through their C structs. Where annotations
 * exist only as a function that the compiler made (__annotate__ on 3.14+, the
 * evaluators of PEP 695 bounds and aliases on 3.12+), its instructions are
 * followed without being run; an __annotate__ made otherwise is UNREADABLE,
 * but for those of dataclasses.
 *
 * What a reader of the texts must know:
 *   - a name stands once in the names list, but a name of kind LITERAL may
 *     stand beside another of the same spelling: it is meant inside
 *     Literal[...], where only types of values stand;
 *   - two different things of one spelling are numbered (Callable, Callable_2);
 *     a class seen as an object goes by the last part of its qualname, a name
 *     seen in source or a string as it is written there, dots included;
 *   - `name(...)` is a call, whose arguments are values; `...` where a type
 *     should be is what could not be shown (UNREADABLE), but for the second
 *     part of Annotated[T, ...];
 *   - LAZY with text: read from code that has not been evaluated; without
 *     (TYPEVAR, ALIAS): could not be read. */
int describe_annotations(struct ghost_buf *out, PyFunctionObject *func, uint32_t func_id);
/* Has it __wrapped__? */
bool describe_is_wrapper(PyFunctionObject *func);

/* describe_tree.c. PROTOCOL, TYPE_CHECKING and MAIN_GUARD hold for a node and
 * for all inside it; a Protocol class has the flag itself. TRIVIAL is also what
 * compiles to the same as `pass` (`return`, `while 1: break`), and EMPTY tells
 * that from `raise NotImplementedError`. Code that the
 * compiler left out (`if 0:`) is no node. ANNOTATE excludes FUNCTION. */
int describe_tree(struct ghost_buf *out, PyCodeObject *module_code, PyObject *globals);

#endif
