"""A program of many annotated functions in many modules, for `ghost anomalies` at size.

usage: ten_thousand.py FOLDER [FUNCTIONS] [ROUNDS]     then: ghost run FOLDER/program.py; time ghost anomalies

100 functions a module: plain ones, methods, generators; they call each other, get several types from several callers, one in nine
fails at times, one in ten is never called, one in twenty gets a type against its annotation."""
import pathlib
import sys

ANNOTATIONS = ("int", "float", "Optional[int]", "Union[int, str]", "Sequence[int]", "Dict[str, int]", "'Thing'", "Callable[..., int]", "Any", "List[Thing]")
VALUES = ("1", "1.5", "None", "'x'", "[1]", "{}", "Thing()", "len", "object()", "[Thing()]")


def function(i):
    annotation, value = ANNOTATIONS[i % 10], VALUES[i % 10]
    wrong = "b'odd'" if i % 20 == 7 else value
    callee = f"f{i - 1}({VALUES[(i - 1) % 10]}, k)" if i % 5 else "k"
    body = f"    if k % 5 == 3 and {i} % 9 == 4: raise ValueError(k)\n    {'yield' if i % 25 == 24 else 'return'} {callee}\n"
    define = f"def f{i}(x: {annotation}, k: int, *rest: int, flag: bool = False, **more: str) -> int:\n{body}"
    method = f"class C{i}(Thing):\n    def run(self, x: {annotation}) -> Optional[int]:\n        return x and 1\n" if i % 10 == 5 else ""
    call = "" if i % 10 == 9 else (f"    try(list if {i} % 25 == 24 else id, f{i}, {wrong} if k == 2 else {value}, k, *range(k % 3))\n"
                                   + (f"    C{i}().run({value})\n" if method else ""))
    return define + method, call.replace("try(", "attempt(")


def module(number, size):
    parts, calls = [], []
    for i in range(size):
        define, call = function(number * size + i)
        parts.append(define)
        calls.append(call)
    return ("from typing import *\nclass Thing: ...\ndef attempt(finish, f, *a):\n    try: finish(f(*a))\n    except (ValueError, TypeError): pass\n\n"
            + "\n".join(parts) + "\ndef main(k):\n" + "".join(calls))


def write(folder, functions=10000, rounds=100):
    folder.mkdir(parents=True, exist_ok=True)
    modules = functions // 100
    for n in range(modules):
        (folder / f"part{n}.py").write_text(module(n, 100))
    names = ", ".join(f"part{n}" for n in range(modules))
    (folder / "program.py").write_text(f"import {names}\nfor k in range({rounds}):\n    for m in ({names},): m.main(k)\n")
    return folder / "program.py"


if __name__ == "__main__":
    print(write(pathlib.Path(sys.argv[1]), *map(int, sys.argv[2:])))
