/* audit_public.c - names that tell nothing about a program: Python's own. Both
 * lists are sorted, and hold what the CPythons 3.11 to 3.15 have:
 * sys.stdlib_module_names, and the attributes of the built-in types. */
#include "audit_names.h"

#include <stdlib.h>
#include <string.h>

static const char *const modules[] = {
    "__future__", "_abc", "_aix_support", "_android_support", "_apple_support", "_ast", "_ast_unparse", "_asyncio", "_bisect", "_blake2",
    "_bootsubprocess", "_bz2", "_codecs", "_codecs_cn", "_codecs_hk", "_codecs_iso2022", "_codecs_jp", "_codecs_kr", "_codecs_tw", "_collections",
    "_collections_abc", "_colorize", "_compat_pickle", "_compression", "_contextvars", "_crypt", "_csv", "_ctypes", "_curses", "_curses_panel",
    "_datetime", "_dbm", "_decimal", "_elementtree", "_frozen_importlib", "_frozen_importlib_external", "_functools", "_gdbm", "_hashlib", "_heapq",
    "_hmac", "_imp", "_interpchannels", "_interpqueues", "_interpreters", "_io", "_ios_support", "_json", "_locale", "_lsprof", "_lzma",
    "_markupbase", "_math_integer", "_md5", "_msi", "_multibytecodec", "_multiprocessing", "_opcode", "_opcode_metadata", "_operator", "_osx_support",
    "_overlapped", "_pickle", "_posixshmem", "_posixsubprocess", "_py_abc", "_py_warnings", "_pydatetime", "_pydecimal", "_pyio", "_pylong",
    "_pyrepl", "_queue", "_random", "_remote_debugging", "_scproxy", "_sha1", "_sha2", "_sha256", "_sha3", "_sha512", "_signal", "_sitebuiltins",
    "_socket", "_sqlite3", "_sre", "_ssl", "_stat", "_statistics", "_string", "_strptime", "_struct", "_suggestions", "_symtable", "_sysconfig",
    "_thread", "_threading_local", "_tkinter", "_tokenize", "_tracemalloc", "_types", "_typing", "_uuid", "_warnings", "_weakref", "_weakrefset",
    "_winapi", "_wmi", "_zoneinfo", "_zstd", "abc", "aifc", "annotationlib", "antigravity", "argparse", "array", "ast", "asynchat", "asyncio",
    "asyncore", "atexit", "audioop", "base64", "bdb", "binascii", "binhex", "bisect", "builtins", "bz2", "cProfile", "calendar", "cgi", "cgitb",
    "chunk", "cmath", "cmd", "code", "codecs", "codeop", "collections", "colorsys", "compileall", "compression", "concurrent", "configparser",
    "contextlib", "contextvars", "copy", "copyreg", "crypt", "csv", "ctypes", "curses", "dataclasses", "datetime", "dbm", "decimal", "difflib", "dis",
    "distutils", "doctest", "email", "encodings", "ensurepip", "enum", "errno", "faulthandler", "fcntl", "filecmp", "fileinput", "fnmatch",
    "fractions", "ftplib", "functools", "gc", "genericpath", "getopt", "getpass", "gettext", "glob", "graphlib", "grp", "gzip", "hashlib", "heapq",
    "hmac", "html", "http", "idlelib", "imaplib", "imghdr", "imp", "importlib", "inspect", "io", "ipaddress", "itertools", "json", "keyword",
    "lib2to3", "linecache", "locale", "logging", "lzma", "mailbox", "mailcap", "marshal", "math", "mimetypes", "mmap", "modulefinder", "msilib",
    "msvcrt", "multiprocessing", "netrc", "nis", "nntplib", "nt", "ntpath", "nturl2path", "numbers", "opcode", "operator", "optparse", "os",
    "ossaudiodev", "pathlib", "pdb", "pickle", "pickletools", "pipes", "pkgutil", "platform", "plistlib", "poplib", "posix", "posixpath", "pprint",
    "profile", "profiling", "pstats", "pty", "pwd", "py_compile", "pyclbr", "pydoc", "pydoc_data", "pyexpat", "queue", "quopri", "random", "re",
    "readline", "reprlib", "resource", "rlcompleter", "runpy", "sched", "secrets", "select", "selectors", "shelve", "shlex", "shutil", "signal",
    "site", "smtpd", "smtplib", "sndhdr", "socket", "socketserver", "spwd", "sqlite3", "sre_compile", "sre_constants", "sre_parse", "ssl", "stat",
    "statistics", "string", "stringprep", "struct", "subprocess", "sunau", "symtable", "sys", "sysconfig", "syslog", "tabnanny", "tarfile",
    "telnetlib", "tempfile", "termios", "textwrap", "this", "threading", "time", "timeit", "tkinter", "token", "tokenize", "tomllib", "trace",
    "traceback", "tracemalloc", "tty", "turtle", "turtledemo", "types", "typing", "unicodedata", "unittest", "urllib", "uu", "uuid", "venv",
    "warnings", "wave", "weakref", "webbrowser", "winreg", "winsound", "wsgiref", "xdrlib", "xml", "xmlrpc", "zipapp", "zipfile", "zipimport", "zlib",
    "zoneinfo",
};

static const char *const words[] = {
    "ArithmeticError", "AssertionError", "AttributeError", "BaseException", "BaseExceptionGroup", "BlockingIOError", "BrokenPipeError", "BufferError",
    "BytesWarning", "ChildProcessError", "ConnectionAbortedError", "ConnectionError", "ConnectionRefusedError", "ConnectionResetError",
    "DeprecationWarning", "EOFError", "Ellipsis", "EncodingWarning", "EnvironmentError", "Exception", "ExceptionGroup", "False", "FileExistsError",
    "FileNotFoundError", "FloatingPointError", "FutureWarning", "GeneratorExit", "IOError", "ImportCycleError", "ImportError", "ImportWarning",
    "IndentationError", "IndexError", "InterruptedError", "IsADirectoryError", "KeyError", "KeyboardInterrupt", "LookupError", "MemoryError",
    "ModuleNotFoundError", "NameError", "None", "NotADirectoryError", "NotImplemented", "NotImplementedError", "OSError", "OverflowError",
    "PendingDeprecationWarning", "PermissionError", "ProcessLookupError", "PythonFinalizationError", "RecursionError", "ReferenceError",
    "ResourceWarning", "RuntimeError", "RuntimeWarning", "StopAsyncIteration", "StopIteration", "SyntaxError", "SyntaxWarning", "SystemError",
    "SystemExit", "TabError", "TimeoutError", "True", "TypeError", "UnboundLocalError", "UnicodeDecodeError", "UnicodeEncodeError", "UnicodeError",
    "UnicodeTranslateError", "UnicodeWarning", "UserWarning", "ValueError", "Warning", "ZeroDivisionError", "_IncompleteInputError", "_ORIGIN",
    "__abs__", "__abstractmethods__", "__add__", "__aenter__", "__aexit__", "__aiter__", "__all__", "__alloc__", "__and__", "__anext__",
    "__annotate__", "__annotations__", "__args__", "__await__", "__base__", "__bases__", "__basicsize__", "__bool__", "__buffer__", "__build_class__",
    "__builtins__", "__bytes__", "__call__", "__cause__", "__ceil__", "__class__", "__class_getitem__", "__closure__", "__code__", "__complex__",
    "__contains__", "__context__", "__copy__", "__debug__", "__deepcopy__", "__defaults__", "__del__", "__delattr__", "__delete__", "__delitem__",
    "__dict__", "__dictoffset__", "__dir__", "__divmod__", "__doc__", "__enter__", "__eq__", "__exit__", "__file__", "__firstlineno__", "__flags__",
    "__float__", "__floor__", "__floordiv__", "__format__", "__fspath__", "__func__", "__ge__", "__get__", "__getattr__", "__getattribute__",
    "__getformat__", "__getitem__", "__getnewargs__", "__getstate__", "__globals__", "__gt__", "__hash__", "__iadd__", "__iand__", "__imatmul__",
    "__import__", "__imul__", "__index__", "__init__", "__init_subclass__", "__instancecheck__", "__int__", "__invert__", "__ior__",
    "__isabstractmethod__", "__isub__", "__itemsize__", "__iter__", "__ixor__", "__kwdefaults__", "__lazy_import__", "__le__", "__len__",
    "__length_hint__", "__loader__", "__lshift__", "__lt__", "__main__", "__match_args__", "__matmul__", "__missing__", "__mod__", "__module__",
    "__mp_main__", "__mro__", "__mro_entries__", "__mul__", "__name__", "__ne__", "__neg__", "__new__", "__next__", "__or__", "__orig_bases__",
    "__origin__", "__package__", "__parameters__", "__path__", "__pos__", "__post_init__", "__pow__", "__prepare__", "__qualname__", "__radd__",
    "__rand__", "__rdivmod__", "__reduce__", "__reduce_ex__", "__release_buffer__", "__replace__", "__repr__", "__reversed__", "__rfloordiv__",
    "__rlshift__", "__rmatmul__", "__rmod__", "__rmul__", "__ror__", "__round__", "__rpow__", "__rrshift__", "__rshift__", "__rsub__", "__rtruediv__",
    "__rxor__", "__self__", "__self_class__", "__set__", "__set_name__", "__setattr__", "__setformat__", "__setitem__", "__setstate__", "__sizeof__",
    "__slots__", "__spec__", "__static_attributes__", "__str__", "__sub__", "__subclasscheck__", "__subclasses__", "__subclasshook__",
    "__suppress_context__", "__text_signature__", "__thisclass__", "__traceback__", "__truediv__", "__trunc__", "__type_params__",
    "__typing_unpacked_tuple_args__", "__unpacked__", "__weakref__", "__weakrefoffset__", "__wrapped__", "__xor__", "_co_code_adaptive",
    "_from_flags", "_metadata", "_varname_from_oparg", "abs", "aclose", "add", "add_note", "ag_await", "ag_code", "ag_frame", "ag_running",
    "ag_state", "ag_suspended", "aiter", "all", "anext", "any", "append", "args", "as_integer_ratio", "ascii", "asend", "athrow", "bin", "bit_count",
    "bit_length", "bool", "breakpoint", "bytearray", "bytes", "c_contiguous", "callable", "capitalize", "casefold", "cast", "center",
    "characters_written", "chr", "classmethod", "clear", "close", "cls", "co_argcount", "co_branches", "co_cellvars", "co_code", "co_consts",
    "co_exceptiontable", "co_filename", "co_firstlineno", "co_flags", "co_freevars", "co_kwonlyargcount", "co_lines", "co_linetable", "co_lnotab",
    "co_name", "co_names", "co_nlocals", "co_positions", "co_posonlyargcount", "co_qualname", "co_stacksize", "co_varnames", "code", "compile",
    "complex", "conjugate", "contiguous", "copy", "copyright", "count", "cr_await", "cr_code", "cr_frame", "cr_origin", "cr_running", "cr_state",
    "cr_suspended", "create_module", "credits", "decode", "delattr", "deleter", "denominator", "derive", "dict", "dictcomp", "difference",
    "difference_update", "dir", "discard", "divmod", "encode", "encoding", "end", "end_lineno", "end_offset", "endswith", "enumerate", "errno",
    "eval", "exceptions", "exec", "exec_module", "exit", "expandtabs", "extend", "f_back", "f_builtins", "f_code", "f_contiguous", "f_generator",
    "f_globals", "f_lasti", "f_lineno", "f_locals", "f_trace", "f_trace_lines", "f_trace_opcodes", "fdel", "fget", "filename", "filename2", "filter",
    "find", "find_module", "find_spec", "float", "format", "format_map", "from_bytes", "from_number", "fromhex", "fromkeys", "frozendict",
    "frozenset", "fset", "genexpr", "get", "get_code", "get_source", "getattr", "getter", "gi_code", "gi_frame", "gi_running", "gi_state",
    "gi_suspended", "gi_yieldfrom", "globals", "hasattr", "hash", "help", "hex", "id", "imag", "index", "indices", "input", "insert", "int",
    "intersection", "intersection_update", "is_integer", "is_package", "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "isdisjoint",
    "isidentifier", "isinstance", "islower", "isnumeric", "isprintable", "isspace", "issubclass", "issubset", "issuperset", "istitle", "isupper",
    "items", "itemsize", "iter", "join", "keys", "kwargs", "lambda", "len", "license", "lineno", "list", "listcomp", "ljust", "load_module", "locals",
    "lower", "lstrip", "maketrans", "map", "mapping", "max", "memoryview", "message", "min", "module", "module_repr", "mro", "msg", "name",
    "name_from", "nbytes", "ndim", "next", "numerator", "obj", "object", "oct", "offset", "open", "ord", "partition", "path", "pop", "popitem", "pow",
    "print", "print_file_and_line", "property", "quit", "range", "readonly", "real", "reason", "release", "remove", "removeprefix", "removesuffix",
    "replace", "repr", "resize", "return", "reverse", "reversed", "rfind", "rindex", "rjust", "round", "rpartition", "rsplit", "rstrip", "self",
    "send", "sentinel", "set", "setattr", "setcomp", "setdefault", "setter", "shape", "slice", "sort", "sorted", "split", "splitlines", "start",
    "startswith", "staticmethod", "step", "stop", "str", "strerror", "strides", "strip", "subgroup", "suboffsets", "sum", "super", "swapcase",
    "symmetric_difference", "symmetric_difference_update", "take_bytes", "tb_frame", "tb_lasti", "tb_lineno", "tb_next", "text", "throw", "title",
    "to_bytes", "tobytes", "tolist", "toreadonly", "translate", "tuple", "type", "union", "update", "upper", "value", "values", "vars",
    "with_traceback", "zfill", "zip",
};

struct wanted { const char *p; size_t n; };

static int by_name(const void *key, const void *element)
{
    const struct wanted *w = key;
    const char *name = *(const char *const *)element;
    int c = strncmp(w->p, name, w->n);
    return c ? c : name[w->n] ? -1 : 0;
}

static bool in_list(const char *const *list, size_t n, const char *p, size_t len)
{
    struct wanted w = { p, len };
    return bsearch(&w, list, n, sizeof *list, by_name) != NULL;
}

bool public_module(const char *p, size_t n)
{
    return in_list(modules, sizeof modules / sizeof *modules, p, n);
}

bool public_word(const char *p, size_t n)
{
    return in_list(words, sizeof words / sizeof *words, p, n);
}
