#!/usr/bin/env python3
"""Functions that C code of this tree must not call, with what to use instead.

Comments and strings are taken out first, so that only code counts.
"""
import pathlib
import re
import sys

EVERYWHERE = {
    "strcpy": "memcpy with a checked length", "strcat": "memcpy with a checked length",
    "strncpy": "memcpy: strncpy does not end the string", "strncat": "snprintf",
    "sprintf": "snprintf", "vsprintf": "vsnprintf", "gets": "fgets or getline",
    "strtok": "strcspn, or strtok_r", "atoi": "strtol with its errors checked", "atol": "strtol with its errors checked",
    "atoll": "strtoll with its errors checked", "atof": "strtod with its errors checked", "scanf": "strtol and friends",
    "fscanf": "getline and strtol", "sscanf": "strtol and friends", "alloca": "an array with a bound, or malloc",
    "system": "posix_spawn", "popen": "posix_spawn", "tmpnam": "mkstemp", "mktemp": "mkstemp", "tempnam": "mkstemp",
    "setjmp": "a return value", "longjmp": "a return value", "localtime": "localtime_r", "gmtime": "gmtime_r",
    "ctime": "strftime", "asctime": "strftime", "strerror_l": "strerror_r", "usleep": "nanosleep", "rand": "getrandom",
    "srand": "getrandom", "vfork": "posix_spawn",
}
# What runs inside the recorded process never ends it and never writes to its streams.
IN_PROCESS = {name: "an error code; only analyzer/main.c prints and exits" for name in (
    "exit", "_exit", "_Exit", "quick_exit", "abort", "printf", "fprintf", "vfprintf", "puts", "putchar", "fputs", "perror", "err", "errx",
    "warn", "warnx", "Py_FatalError", "PyErr_Print", "PySys_WriteStderr", "PyErr_WriteUnraisable")}
ONLY_MAIN = {name: "a return value; only analyzer/main.c exits" for name in ("exit", "abort", "errx", "err")}
# A test may clean up with a shell.
IN_TESTS = {name: instead for name, instead in EVERYWHERE.items() if name != "system"}

RULES = [  # folder, functions, files that are excepted
    ("include", EVERYWHERE, ()), ("format", EVERYWHERE | IN_PROCESS, ()), ("recorder", EVERYWHERE | IN_PROCESS, ()),
    ("analyzer", EVERYWHERE | ONLY_MAIN, ("analyzer/main.c",)), ("explain", EVERYWHERE | ONLY_MAIN, ()),
    ("tests", IN_TESTS, ()), ("bench", IN_TESTS, ()),
]
NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
CALL = re.compile(r"(?<![\w.>])([A-Za-z_]\w*)\s*\(")


def code_only(text):
    """The text with comments and literals blanked, line numbers kept."""
    return NOISE.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def findings():
    for folder, functions, excepted in RULES:
        for path in sorted(pathlib.Path(folder).rglob("*.[ch]")):
            if str(path) in excepted:
                continue
            for number, line in enumerate(code_only(path.read_text()).splitlines(), 1):
                for name in CALL.findall(line):
                    if name in functions:
                        yield f"{path}:{number} calls {name}; use {functions[name]}"


found = list(findings())
for finding in found:
    print("banned:", finding)
if not found:
    print("banned: none of", len(EVERYWHERE | IN_PROCESS), "functions is called where it must not be")
sys.exit(bool(found))
