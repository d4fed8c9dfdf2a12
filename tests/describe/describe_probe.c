/* describe_probe.c - recorder/describe_*.c for Python: the tests' only door.
 *
 * Each function returns the record's bytes, as they would go to the journal;
 * records.py reads them after docs/format.md. ident_type() is a stand-in: ids
 * in the order of asking, every type asked for is listed by types(). */
#include "describe.h"

#include <time.h>

#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* PyErr_Fetch is in all versions */

static PyObject *known_types; /* list; id = index + 1 */
static PyObject *id_by_address; /* dict */

uint32_t ident_type(PyTypeObject *type)
{
    PyObject *key = PyLong_FromVoidPtr(type);
    PyObject *id = key ? PyDict_GetItemWithError(id_by_address, key) : NULL;
    uint32_t ret = id ? (uint32_t)PyLong_AsUnsignedLong(id) : 0;
    if (!id && PyList_Append(known_types, (PyObject *)type) == 0) {
        ret = (uint32_t)PyList_GET_SIZE(known_types);
        id = PyLong_FromUnsignedLong(ret);
        PyDict_SetItem(id_by_address, key, id);
        Py_XDECREF(id);
    }
    Py_XDECREF(key);
    return ret;
}

struct ghost_str ident_main_name(void) { return GHOST_STR("main_by_real_name"); }

static PyObject *record(int ret, struct ghost_buf *b)
{
    PyObject *o = PyErr_Occurred() ? NULL
                  : ret == 0       ? PyBytes_FromStringAndSize((const char *)b->p, (Py_ssize_t)b->len)
                                   : Py_NewRef(Py_None);
    ghost_buf_release(b);
    return o;
}

static PyObject *probe_func(PyObject *self, PyObject *args)
{
    (void)self;
    PyObject *code, *globals;
    if (!PyArg_ParseTuple(args, "O!O", &PyCode_Type, &code, &globals)) return NULL;
    struct ghost_buf b = { 0 };
    return record(describe_func(&b, (PyCodeObject *)code, globals == Py_None ? NULL : globals, 1), &b);
}

static PyObject *probe_type(PyObject *self, PyObject *type)
{
    (void)self;
    struct ghost_buf b = { 0 };
    return record(describe_type(&b, (PyTypeObject *)type, ident_type((PyTypeObject *)type)), &b);
}

static PyObject *probe_annotations(PyObject *self, PyObject *func)
{
    (void)self;
    struct ghost_buf b = { 0 };
    return record(describe_annotations(&b, (PyFunctionObject *)func, 1), &b);
}

static PyObject *probe_tree(PyObject *self, PyObject *args)
{
    (void)self;
    PyObject *code, *globals;
    if (!PyArg_ParseTuple(args, "O!O", &PyCode_Type, &code, &globals)) return NULL;
    struct ghost_buf b = { 0 };
    return record(describe_tree(&b, (PyCodeObject *)code, globals), &b);
}

static PyObject *probe_fingerprint(PyObject *self, PyObject *code)
{
    (void)self;
    return PyLong_FromUnsignedLongLong(describe_fingerprint((PyCodeObject *)code));
}

static PyObject *probe_types(PyObject *self, PyObject *none)
{
    (void)self, (void)none;
    return Py_NewRef(known_types);
}

/* keeps_error(error, code, globals, type, function): is the exception in flight
 * the same object after all four have been described? */
static PyObject *probe_keeps_error(PyObject *self, PyObject *args)
{
    (void)self;
    PyObject *error, *code, *globals, *type, *func, *kind, *value, *traceback;
    if (!PyArg_ParseTuple(args, "OO!OO!O!", &error, &PyCode_Type, &code, &globals, &PyType_Type, &type, &PyFunction_Type, &func)) return NULL;
    struct ghost_buf b = { 0 };
    PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    describe_func(&b, (PyCodeObject *)code, globals, 1);
    describe_type(&b, (PyTypeObject *)type, 1);
    describe_annotations(&b, (PyFunctionObject *)func, 1);
    describe_tree(&b, (PyCodeObject *)code, globals);
    ghost_buf_release(&b);
    PyErr_Fetch(&kind, &value, &traceback);
    bool same = value == error;
    Py_XDECREF(kind);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
    return PyBool_FromLong(same);
}

/* bench(what, objects, times): nanoseconds of CPU an object, records thrown away. */
static PyObject *probe_bench(PyObject *self, PyObject *args)
{
    (void)self;
    const char *what;
    PyObject *list;
    int times;
    if (!PyArg_ParseTuple(args, "sO!i", &what, &PyList_Type, &list, &times)) return NULL;
    struct ghost_buf b = { 0 };
    struct timespec from, to;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    for (int k = 0; k < times; k++)
        for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); i++) {
            PyObject *o = PyList_GET_ITEM(list, i);
            b.len = 0;
            if (what[0] == 'f') describe_func(&b, (PyCodeObject *)((PyFunctionObject *)o)->func_code, ((PyFunctionObject *)o)->func_globals, 1);
            else if (what[0] == 'a') describe_annotations(&b, (PyFunctionObject *)o, 1);
            else if (what[0] == 't') describe_type(&b, (PyTypeObject *)o, 1);
            else describe_tree(&b, (PyCodeObject *)o, NULL);
        }
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    ghost_buf_release(&b);
    double ns = (double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec);
    return PyFloat_FromDouble(ns / ((double)times * (double)PyList_GET_SIZE(list)));
}

static PyMethodDef methods[] = {
    { "func", probe_func, METH_VARARGS, "FUNC record of a code object and globals" },
    { "type", probe_type, METH_O, "TYPE record" },
    { "annotations", probe_annotations, METH_O, "ANNOT record of a function, b'' when there is nothing to tell" },
    { "tree", probe_tree, METH_VARARGS, "TREE record of a module's code and globals" },
    { "fingerprint", probe_fingerprint, METH_O, "of a code object" },
    { "types", probe_types, METH_NOARGS, "types by id - 1" },
    { "keeps_error", probe_keeps_error, METH_VARARGS, "is an exception in flight left alone" },
    { "bench", probe_bench, METH_VARARGS, "nanoseconds an object" },
    { NULL, NULL, 0, NULL },
};
static struct PyModuleDef module = { PyModuleDef_HEAD_INIT, "describe_probe", NULL, -1, methods, NULL, NULL, NULL, NULL };

PyMODINIT_FUNC PyInit_describe_probe(void)
{
    known_types = PyList_New(0);
    id_by_address = PyDict_New();
    return known_types && id_by_address ? PyModule_Create(&module) : NULL;
}
