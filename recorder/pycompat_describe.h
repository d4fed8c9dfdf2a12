/* pycompat_describe.h - what describe_*.c need to know of CPython's versions.
 *
 * Like pycompat.h: named facts and accessors with one meaning for every
 * version; references are borrowed unless a name says otherwise. Nothing here
 * runs Python code. */
#ifndef GHOST_PYCOMPAT_DESCRIBE_H
#define GHOST_PYCOMPAT_DESCRIBE_H

#include "pycompat.h"
#include <structmember.h>

#pragma GCC diagnostic push /* CPython's inline functions are not ours to mend */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wsign-compare"
#include <internal/pycore_dict.h>
#include <opcode.h>
#pragma GCC diagnostic pop

/* Annotations are made on demand by a compiled __annotate__ (PEP 649). */
#define COMPAT_HAS_ANNOTATE (PY_VERSION_HEX >= 0x030e0000)
/* TypeVar and its kin are C structs (PEP 695); before, classes of typing. */
#define COMPAT_HAS_C_TYPEVARS (PY_VERSION_HEX >= 0x030c0000)

/* ---- the exception in flight, put aside while an object is described ---- */
#if PY_VERSION_HEX >= 0x030c0000
struct compat_error { PyObject *value; };
static inline struct compat_error compat_error_save(void) { return (struct compat_error){ PyErr_GetRaisedException() }; }
static inline void compat_error_restore(struct compat_error e) { PyErr_SetRaisedException(e.value); }
#else
struct compat_error { PyObject *type, *value, *traceback; };
static inline struct compat_error compat_error_save(void)
{
    struct compat_error e;
    PyErr_Fetch(&e.type, &e.value, &e.traceback);
    return e;
}
static inline void compat_error_restore(struct compat_error e) { PyErr_Restore(e.type, e.value, e.traceback); }
#endif

/* ---- dictionaries and types ---- */
/* Are all keys of the dict exact strings? Then no lookup of an exact string
 * can call a key's __eq__. */
static inline bool compat_dict_has_str_keys(PyObject *dict)
{
    return ((PyDictObject *)dict)->ma_keys->dk_kind != DICT_KEYS_GENERAL;
}

/* A type's own namespace. Since 3.12 that of a static builtin type belongs to
 * the interpreter; the type or the interpreter keeps the dict alive. */
static inline PyObject *compat_type_dict(PyTypeObject *type)
{
#if PY_VERSION_HEX >= 0x030c0000
    PyObject *dict = type->tp_dict;
    if (!dict) {
        dict = PyType_GetDict(type);
        Py_XDECREF(dict);
    }
    return dict;
#else
    return type->tp_dict;
#endif
}

/* The interpreter's modules, NULL when it has none any more: its last collections, with the __del__ of what the modules
 * held, come after that, and PyImport_GetModuleDict() ends the process then. */
static inline PyObject *compat_modules(void)
{
#if PY_VERSION_HEX >= 0x030c0000
    return PyInterpreterState_Get()->imports.modules;
#else
    return PyInterpreterState_Get()->modules;
#endif
}

/* May the type have subclasses? False only when it surely has none. For static
 * types since 3.12 the field is no pointer. */
static inline bool compat_may_have_subclasses(PyTypeObject *type)
{
    return !(type->tp_flags & Py_TPFLAGS_HEAPTYPE) || type->tp_subclasses != NULL;
}

static inline bool compat_str_ready(PyObject *str)
{
#if PY_VERSION_HEX >= 0x030c0000
    (void)str;
    return true;
#else
    return PyUnicode_READY(str) == 0; /* strings of the old C API are finished late */
#endif
}

/* New reference to what the weak reference points to, NULL if it is dead. */
static inline PyObject *compat_weakref_get(PyObject *ref)
{
#if PY_VERSION_HEX >= 0x030d0000
    PyObject *o = NULL;
    (void)PyWeakref_GetRef(ref, &o);
    return o;
#else
    PyObject *o = PyWeakref_GetObject(ref);
    return o && o != Py_None ? Py_NewRef(o) : NULL;
#endif
}

/* The registry of an ABC: a set of weak references, or NULL. `_abc._abc_data`
 * (Modules/_abc.c) has had it as its first field from 3.7 to 3.15; asking
 * through `_abc._get_dump` would look an attribute up through the metaclass. */
struct compat_abc_data { PyObject_HEAD PyObject *registry; };
static inline PyObject *compat_abc_registry(PyObject *abc_data)
{
    if (strcmp(Py_TYPE(abc_data)->tp_name, "_abc._abc_data") != 0
        || Py_TYPE(abc_data)->tp_basicsize < (Py_ssize_t)sizeof(struct compat_abc_data))
        return NULL;
    PyObject *set = ((struct compat_abc_data *)abc_data)->registry;
    return set && PyAnySet_CheckExact(set) ? set : NULL;
}

/* ---- code ---- */
/* New reference to the code as compiled: no instrumentation, no
 * specialisation, caches zero. CPython keeps a copy with the code object; we
 * drop that one, or describing a program would double its bytecode. */
static inline PyObject *compat_plain_code(PyCodeObject *code)
{
#if PY_VERSION_HEX >= 0x030c0000
    bool had = code->_co_cached && code->_co_cached->_co_code;
    PyObject *bytes = PyCode_GetCode(code);
    if (bytes && !had && code->_co_cached) Py_CLEAR(code->_co_cached->_co_code);
#else
    bool had = code->_co_code != NULL;
    PyObject *bytes = PyCode_GetCode(code);
    if (bytes && !had) Py_CLEAR(code->_co_code);
#endif
    return bytes;
}

/* Opcodes that some version has not (or only inside its compiler). */
#define COMPAT_NO_OPCODE (-1)
#ifndef BINARY_SUBSCR
#define BINARY_SUBSCR COMPAT_NO_OPCODE
#endif
#ifndef LOAD_METHOD
#define LOAD_METHOD COMPAT_NO_OPCODE
#endif
#ifndef LOAD_CLOSURE
#define LOAD_CLOSURE COMPAT_NO_OPCODE
#endif
#ifndef LOAD_CLASSDEREF
#define LOAD_CLASSDEREF COMPAT_NO_OPCODE
#endif
#ifndef LOAD_FROM_DICT_OR_GLOBALS
#define LOAD_FROM_DICT_OR_GLOBALS COMPAT_NO_OPCODE
#define LOAD_FROM_DICT_OR_DEREF COMPAT_NO_OPCODE
#define LOAD_LOCALS COMPAT_NO_OPCODE
#define STORE_SLICE COMPAT_NO_OPCODE
#define CALL_INTRINSIC_1 COMPAT_NO_OPCODE
#define CALL_INTRINSIC_2 COMPAT_NO_OPCODE
#define LOAD_FAST_CHECK COMPAT_NO_OPCODE
#define LOAD_FAST_AND_CLEAR COMPAT_NO_OPCODE
#endif
#ifndef IMPORT_STAR              /* an intrinsic since 3.12 */
#define IMPORT_STAR COMPAT_NO_OPCODE
#endif
#ifndef LIST_TO_TUPLE
#define LIST_TO_TUPLE COMPAT_NO_OPCODE
#endif
#ifndef RETURN_CONST
#define RETURN_CONST COMPAT_NO_OPCODE
#endif
#ifndef KW_NAMES
#define KW_NAMES COMPAT_NO_OPCODE
#endif
#ifndef CALL_KW
#define CALL_KW COMPAT_NO_OPCODE
#endif
#ifndef PRECALL
#define PRECALL COMPAT_NO_OPCODE
#endif
#ifndef SET_FUNCTION_ATTRIBUTE
#define SET_FUNCTION_ATTRIBUTE COMPAT_NO_OPCODE
#define LOAD_FAST_LOAD_FAST COMPAT_NO_OPCODE
#define STORE_FAST_LOAD_FAST COMPAT_NO_OPCODE
#define STORE_FAST_STORE_FAST COMPAT_NO_OPCODE
#define TO_BOOL COMPAT_NO_OPCODE
#endif
#ifndef LOAD_SMALL_INT
#define LOAD_SMALL_INT COMPAT_NO_OPCODE
#define LOAD_COMMON_CONSTANT COMPAT_NO_OPCODE
#define LOAD_FAST_BORROW COMPAT_NO_OPCODE
#define LOAD_FAST_BORROW_LOAD_FAST_BORROW COMPAT_NO_OPCODE
#define NOT_TAKEN COMPAT_NO_OPCODE
#endif
#ifndef POP_JUMP_IF_FALSE /* 3.11 has one for each direction */
#define POP_JUMP_IF_FALSE POP_JUMP_FORWARD_IF_FALSE
#define POP_JUMP_IF_TRUE POP_JUMP_FORWARD_IF_TRUE
#define POP_JUMP_IF_NONE POP_JUMP_FORWARD_IF_NONE
#define POP_JUMP_IF_NOT_NONE POP_JUMP_FORWARD_IF_NOT_NONE
#endif
#ifndef JUMP_IF_FALSE_OR_POP
#define JUMP_IF_FALSE_OR_POP COMPAT_NO_OPCODE
#define JUMP_IF_TRUE_OR_POP COMPAT_NO_OPCODE
#endif

/* The index of a name in the argument of its instruction, and whether the
 * instruction pushes a second value (NULL or self) for a call. */
#define COMPAT_GLOBAL_NAME(arg) ((arg) >> 1)
#define COMPAT_GLOBAL_PUSHES_NULL(arg) ((arg) & 1)
#if PY_VERSION_HEX >= 0x030c0000
#define COMPAT_ATTR_NAME(arg) ((arg) >> 1)
#define COMPAT_ATTR_IS_METHOD(arg) ((arg) & 1)
#else
#define COMPAT_ATTR_NAME(arg) (arg)
#define COMPAT_ATTR_IS_METHOD(arg) 0
#endif
#if PY_VERSION_HEX >= 0x030f0000
#define COMPAT_IMPORT_NAME(arg) ((arg) >> 2) /* the low bits tell how lazy it is */
#else
#define COMPAT_IMPORT_NAME(arg) (arg)
#endif
/* Since 3.13 a callable stands below its NULL or self, before above. */
#define COMPAT_NULL_AFTER_CALLABLE (PY_VERSION_HEX >= 0x030d0000)
/* Objects that MAKE_FUNCTION takes besides the code. */
#if PY_VERSION_HEX >= 0x030d0000
#define COMPAT_FUNCTION_PARTS(arg) 0
#else
#define COMPAT_FUNCTION_PARTS(arg) __builtin_popcount((arg) & 15)
#endif
/* CALL_FUNCTION_EX: is the dict of keywords on the stack? */
#if PY_VERSION_HEX >= 0x030e0000
#define COMPAT_CALL_EX_HAS_KEYWORDS(arg) 1
#else
#define COMPAT_CALL_EX_HAS_KEYWORDS(arg) ((arg) & 1)
#endif
#define COMPAT_COMPARE_EQ 2
#if PY_VERSION_HEX >= 0x030d0000
#define COMPAT_COMPARE(arg) ((arg) >> 5)
#elif PY_VERSION_HEX >= 0x030c0000
#define COMPAT_COMPARE(arg) ((arg) >> 4)
#else
#define COMPAT_COMPARE(arg) (arg)
#endif
#define COMPAT_BINARY_OR 7
#define COMPAT_BINARY_INPLACE_OR 20
#define COMPAT_BINARY_SUBSCR 26 /* a case of BINARY_OP since 3.14 */
#define COMPAT_INTRINSIC_IMPORT_STAR 2
#define COMPAT_INTRINSIC_LIST_TO_TUPLE 6
#define COMPAT_INTRINSIC_TYPEALIAS 11
#define COMPAT_INTRINSIC_TYPEVAR_WITH_BOUND 2
#define COMPAT_INTRINSIC_TYPEVAR_WITH_CONSTRAINTS 3
#define COMPAT_INTRINSIC_SET_FUNCTION_TYPE_PARAMS 4
#define COMPAT_INTRINSIC_SET_TYPEPARAM_DEFAULT 5
/* LOAD_COMMON_CONSTANT */
#define COMPAT_COMMON_NOT_IMPLEMENTED 1
#define COMPAT_COMMON_NONE 7 /* 3.15 */
#define COMPAT_COMMON_EMPTY_STR 8
#define COMPAT_COMMON_TRUE 9
#define COMPAT_COMMON_FALSE 10
#define COMPAT_COMMON_MINUS_ONE 11

/* ---- functions ---- */
/* The function that makes the annotations on demand, NULL when there is none. */
static inline PyObject *compat_func_annotate(PyFunctionObject *f)
{
#if COMPAT_HAS_ANNOTATE
    return f->func_annotate;
#else
    (void)f;
    return NULL;
#endif
}

/* Tuple of its PEP 695 parameters, or NULL. */
static inline PyObject *compat_func_type_params(PyFunctionObject *f)
{
#if COMPAT_HAS_C_TYPEVARS
    return f->func_typeparams;
#else
    (void)f;
    return NULL;
#endif
}

/* ---- type variables and aliases ---- */
/* Objects/typevarobject.c of 3.12 to 3.15. The accessors check size and the
 * place of `name` before they believe it. */
#if COMPAT_HAS_C_TYPEVARS
struct compat_typevar { PyObject_HEAD PyObject *name, *bound, *evaluate_bound, *constraints, *evaluate_constraints; };
#if PY_VERSION_HEX >= 0x030f0000
struct compat_typealias { PyObject_HEAD PyObject *name, *qualname, *type_params, *compute_value, *value; };
#else
struct compat_typealias { PyObject_HEAD PyObject *name, *type_params, *compute_value, *value; };
#endif

/* Is the member `__name__` of this type where the struct above has it? */
static inline bool compat_name_is_first(PyTypeObject *type, const char *tp_name, size_t size)
{
    if (strcmp(type->tp_name, tp_name) != 0 || (size_t)type->tp_basicsize < size) return false;
    for (const PyMemberDef *m = type->tp_members; m && m->name; m++)
        if (strcmp(m->name, "__name__") == 0) return m->offset == (Py_ssize_t)sizeof(PyObject);
    return false;
}
static inline const struct compat_typevar *compat_as_typevar(PyObject *o)
{
    return compat_name_is_first(Py_TYPE(o), "typing.TypeVar", sizeof(struct compat_typevar)) ? (const struct compat_typevar *)o : NULL;
}
static inline const struct compat_typealias *compat_as_typealias(PyObject *o)
{
    return compat_name_is_first(Py_TYPE(o), "typing.TypeAliasType", sizeof(struct compat_typealias)) ? (const struct compat_typealias *)o : NULL;
}
#endif

#endif
