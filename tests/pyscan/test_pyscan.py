"""The scanner of Python source against `ast` on each interpreter's own library, and on what no library has.

GHOST_PYSCAN=all compares every file of the library (minutes); GHOST_PYSCAN_MORE=FOLDER:... adds folders."""
import json
import os
import pathlib
import subprocess

import pytest

import compare
import harness

HERE = pathlib.Path(__file__).resolve().parent
DUMP = harness.GHOST.parent / "tools" / "pyscan_dump"
# Always compared: what is written to be hard.
HARD = ["test_grammar", "test_fstring", "test_tokenize", "test_type_params", "test_syntax", "test_typing", "test_lambda", "test_patma",
        "test_string_literals", "test_decorators", "test_ast", "test_tstring", "test_named_expressions", "test_coroutines"]

pytestmark = pytest.mark.skipif(not DUMP.exists(), reason="build/tools/pyscan_dump is not built: make tools")


def library(python):
    out = subprocess.run([python.exe, "-c", "import sysconfig; print(sysconfig.get_path('stdlib'))"], capture_output=True, text=True, check=True)
    return pathlib.Path(out.stdout.strip())


def chosen(folder):
    files = sorted(f for f in folder.rglob("*.py") if "site-packages" not in f.parts)
    if os.environ.get("GHOST_PYSCAN") == "all":
        return files
    hard = {f for f in files for name in HARD if name in f.parts or f.stem == name}
    return sorted(hard | set(files[::max(1, len(files) // 180)]))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_library(python, tmp_path):
    more = [f for folder in os.environ.get("GHOST_PYSCAN_MORE", "").split(":") if folder for f in sorted(pathlib.Path(folder).rglob("*.py"))]
    code = ("import json, sys; sys.path.insert(0, sys.argv[1]); import compare; told = []\n"
            "print(json.dumps([compare.compare(sys.argv[2], json.load(sys.stdin), told.append), told]))")
    done = subprocess.run([python.exe, "-c", code, HERE, DUMP], input=json.dumps([str(f) for f in chosen(library(python)) + more]),
                          capture_output=True, text=True, env=harness.clean_environment())
    assert done.returncode == 0, done.stderr[-2000:]
    (files, _, rows, differences), told = json.loads(done.stdout)
    assert not told and not differences, "\n".join(told)
    assert files > 50 and rows > 2000, f"only {files} files, {rows} functions were compared"


def scan(tmp_path, source, name="case.py"):
    path = tmp_path / name
    path.write_bytes(source if isinstance(source, bytes) else source.encode())
    done = subprocess.run([DUMP], input=f"{path}\n", capture_output=True, text=True, check=True, timeout=20)
    rows = [line.split(" ", 3) for line in done.stdout.splitlines()[1:]]
    return [(r[3], r[0], int(r[2])) for r in rows if r[0] not in "!?"], [" ".join(r) for r in rows if r[0] in "!?"]


def names(tmp_path, source):
    return [name for name, _, _ in scan(tmp_path, source)[0]]


def test_encodings(tmp_path):
    for source in ("def ä(): pass\n".encode(), b"\xef\xbb\xbfdef \xc3\xa4(): pass\n", b"# coding: latin-1\ndef \xe4(): pass\n",
                   b"#!/bin/python\n# vim: set fileencoding=iso-8859-15 :\ndef \xe4(): pass\n", b"\n# -*- coding: cp1252 -*-\ndef \xe4(): pass\n"):
        assert names(tmp_path, source) == ["ä"], source
    assert names(tmp_path, "# coding: shift_jis\nx = '表'\ndef f(): pass\n".encode("shift_jis")) == ["f"], "a trail byte that looks like a backslash"
    assert names(tmp_path, b"x = 1\n# coding: no-such-thing\ndef f(): pass\n") == ["f"], "declared too late"
    rows, problems = scan(tmp_path, b"# coding: no-such-thing\ndef f(): pass\n")
    assert not rows and "no-such-thing" in problems[0]


TESTS = ["TYPE_CHECKING", "not TYPE_CHECKING", "(TYPE_CHECKING)", "not (TYPE_CHECKING)", "TYPE_CHECKING and a", "a and t.TYPE_CHECKING", "a or TYPE_CHECKING",
         "not TYPE_CHECKING and a", "(a) and (TYPE_CHECKING)", "((a) and TYPE_CHECKING)", "(a and (b and TYPE_CHECKING))", "(x := a and TYPE_CHECKING)",
         "a and __name__ == '__main__'", "__name__ == '__main__' and (a or b)", "(__name__ == '__main__')", "not __name__ == '__main__'", "(a or b) and TYPE_CHECKING",
         "__name__ == '__main__' or a", "(a and __name__ == '__main__') if b else c", "lambda: a and TYPE_CHECKING", "not not TYPE_CHECKING", "not a and TYPE_CHECKING",
         "f(a) and TYPE_CHECKING", "TYPE_CHECKING()", "a.TYPE_CHECKING.b", "(a, b) and '__main__' == __name__", "()", "(a)", "a == (b)", "TYPE_CHECKING is True"]


def test_guards(tmp_path):
    file = tmp_path / "guards.py"
    file.write_text("".join(f"if {t}:\n    def f{i}(): return 1\nelif {t}:\n    def g{i}(): return 1\nelse:\n    def h{i}(): return 1\n" for i, t in enumerate(TESTS)))
    told = []
    files, _, rows, differences = compare.compare(DUMP, [tmp_path], told.append)
    assert (files, rows, differences) == (1, 3 * len(TESTS) + 2, 0), told       # and the lambda twice
    assert len({flags for _, flags, *_ in compare.expected(file)}) >= 3


# One statement a part. What stands behind `return` and `raise` cannot run: a `yield` there makes a generator of the body, and no more.
BODIES = ["pass", "...", "'doc' | pass", "return", "return None", "return 1", "raise NotImplementedError", "raise NotImplementedError('x') | yield b''", "return | yield",
          "'doc' | return None | for x in a: yield x", "return | return 1", "return 1 | raise NotImplementedError", "raise NotImplementedError | return 1",
          "pass | raise NotImplementedError()", "return | raise NotImplementedError", "raise ValueError | pass", "raise | pass", "if a: return | b()", "if a: raise NotImplementedError | pass",
          "yield", "x = 1 | return", "return | def g(): return 1", "def g(): return | a()", "global a | raise NotImplementedError from None | a()", "raise NotImplementedError; yield"]


def test_bodies(tmp_path):
    file = tmp_path / "bodies.py"
    file.write_text("".join(f"def f{i}():\n    " + body.replace(" | ", "\n    ") + "\n" for i, body in enumerate(BODIES)))
    told = []
    assert compare.compare(DUMP, [tmp_path], told.append)[3] == 0, told
    flags = {name: flags & (compare.TRIVIAL | compare.EMPTY) for _, flags, _, name in compare.expected(file)}
    assert {BODIES[int(name[1:])] for name, f in flags.items() if "." not in name and f == compare.TRIVIAL} == {
        "raise NotImplementedError", "raise NotImplementedError('x') | yield b''", "raise NotImplementedError | return 1", "pass | raise NotImplementedError()",
        "global a | raise NotImplementedError from None | a()", "raise NotImplementedError; yield"}
    assert {BODIES[int(name[1:])] for name, f in flags.items() if "." not in name and f == compare.TRIVIAL | compare.EMPTY} == {
        "pass", "...", "'doc' | pass", "return", "return None", "return | yield", "'doc' | return None | for x in a: yield x", "return | return 1",
        "return | raise NotImplementedError", "return | def g(): return 1"}


def test_names_that_are_imported_too(tmp_path):
    (tmp_path / "imports.py").write_text(
        "def f1(): return 1\nfrom m import f1\ntry: from m import (a, f2 as f3, f4)\nexcept ImportError:\n    def f3(): return 1\n    @d\n    def f4(): return 1\n"
        "    def f2(): return 1\nimport f5, m.f6 as f6\ndef f5(): return 1\ndef f6(): return 1\nclass C:\n    from m import f7\n    def f7(self): return 1\n    def f1(self): return 1\n"
        "def g():\n    from m import f8\n    def f8(): return 1\ndef f8(): return 1\nfrom m import *\ndef f9(): return 1\n")
    told = []
    assert compare.compare(DUMP, [tmp_path], told.append)[3] == 0, told
    imported = {name for _, flags, _, name in compare.expected(tmp_path / "imports.py") if flags & compare.IMPORTED}
    assert imported == {"f1", "f3", "f4", "C.f7", "f2", "f5", "f6", "C", "g", "f8"}, "those above the star, and those that `from` names in their module or class"


def test_line_ends_and_layout(tmp_path):
    for end in ("\n", "\r\n", "\r"):
        rows, problems = scan(tmp_path, end.join(["@d", "def f(): pass", "", "\f", "if 1:", "\t@a", "        @b(", "  1)", "\tdef g(x=1, \\", "y=2):", "\t\tpass", "class C: a = 1; b = lambda: 2"]))
        assert rows == [("f", "def", 1), ("g", "def", 6), ("C", "class", 12), ("C.<lambda>", "lambda", 12)] and not problems, repr(end)
    assert names(tmp_path, "def f(): return 1\ndef g():\n  x = 1; y = 2\n  def h(): pass\nz = 1") == ["f", "g", "g.<locals>.h"]


@pytest.mark.parametrize("source, told", [
    ("def f(): pass\nx = '''", "no end"), ("def f(): pass\nx = f'{a", "never closed"), ("def f(): pass\nx = (", "never closed"),
    ("def f(): pass\n)", "never opened"), ("def f(): pass\nx = f'{a!r:{", "never closed"), ("def f(): pass\nx = f'{a:", "no end"), ("def f(): pass\n\0", "no source has"),
])
def test_what_python_refuses_is_told_and_the_rest_used(tmp_path, source, told):
    rows, problems = scan(tmp_path, source)
    assert [r[0] for r in rows] == ["f"] and told in problems[0]


def test_hostile_sources_end(tmp_path):
    deep = "".join(" " * i + f"def f{i}():\n" for i in range(3000))
    rows, problems = scan(tmp_path, deep)
    assert 100 <= len(rows) <= 3000 and "nested too deeply" in problems[0]
    assert max(len(r[0]) for r in rows) <= 4096
    scan(tmp_path, "f'{" * 100000)
    scan(tmp_path, "lambda: " * 200000)
    scan(tmp_path, "(" * 1000000 + "lambda" + ")" * 1000000)
    scan(tmp_path, "x = f'{!" + "!" * 1000000)
    scan(tmp_path, "if " + "(" * 500000 + "a" + ")" * 500000 + ": pass\n")
    scan(tmp_path, "if " + "a and " * 300000 + "b: pass\n")
    rows, _ = scan(tmp_path, "def " + "a" * 100000 + "(): pass\ndef g(): pass\n")
    assert rows[-1][0] == "g"
    rows, problems = scan(tmp_path, "def f(): pass\n" * 300000)
    assert len(rows) < 300000 and "more functions" in problems[0]
    assert scan(tmp_path, "global x\n" * 500000 + "def f(): pass\n")[0] == [("f", "def", 500001)]
