"""The lint checks can fail: each kind of offence, planted into a copy of the sources, is found."""
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("include", "format", "recorder", "analyzer", "explain", "docs", "scripts", "tests/lint", "mk")
LONG_BODY = "    x++;\n" * 900


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    root = tmp_path_factory.mktemp("lint")
    for folder in FOLDERS:
        if (ROOT / folder).exists():
            shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("README.md", "LICENSE", "Makefile"):
        shutil.copy(ROOT / name, root)
    git = ["git", "-c", "user.name=lint", "-c", "user.email=lint@localhost"]
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    (root / "bench").mkdir()
    return root, git


def lint(root, check):
    done = subprocess.run([root / "tests/lint" / check], cwd=root, capture_output=True, text=True, timeout=280)
    return done.returncode, done.stdout + done.stderr


# check, file, text (a leading + appends to the file), what the finding says
OFFENCES = [
    ("deps.sh", "format/planted.c", "#include <Python.h>\n", "planted.c:1 includes <Python.h>"),
    ("deps.sh", "format/planted.c", '#include "analyzer/opt.h"\n', 'planted.c:1 includes "analyzer/opt.h"'),
    ("deps.sh", "recorder/planted.c", "#include <sqlite3.h>\n", "not a library of recorder/"),
    ("deps.sh", "analyzer/planted.c", '#include "internal/pycore_frame.h"\n', "planted.c:1 includes"),
    ("deps.sh", "include/ghost/planted.h", "static inline size_t f(void) { return 0; }\n", "planted.h does not compile alone"),
    ("deps.sh", "recorder/planted.c", "#if PY_VERSION_HEX > 0\n#endif\n", "outside recorder/pycompat"),
    ("deps.sh", "analyzer/varint.h", "\n", "two files are called varint.h"),
    ("length.sh", "format/planted.c", "int planted(int x)\n{\n" + LONG_BODY + "    return x;\n}\n", "planted (format/planted.c:2) has"),
    ("length.sh", "format/planted.c", "int x;\n" * 900, "format/planted.c has 900 lines"),
    ("banned.py", "analyzer/planted.c", "void f(char *a) { strcpy (a, \"x\"); }\n", "planted.c:1 calls strcpy"),
    ("banned.py", "recorder/planted.c", "/* fine: exit(1) */\nvoid f(void) { abort(); }\n", "planted.c:2 calls abort"),
    ("docs.py", "recorder/planted.c", 'const char *f(void) { return getenv("GHOST_PLANTED"); }\n', "GHOST_PLANTED"),
    ("docs.py", "docs/planted.md", "[x](nowhere.md)\n", "which does not exist"),
    ("docs.py", "docs/planted.md", "alone\n", "docs/planted.md is linked from no page"),
    ("docs.py", "docs/planted.md", "`make nothing`\n", "make nothing, which is no target"),
    ("strangers.sh", "docs/planted.md", "see /ro" + "ot/.cache/x\n", "a path of somebody"),
    ("strangers.sh", "docs/planted.md", "from files.py" + "thonhosted.org\n", "a host of a package registry"),
    ("strangers.sh", "docs/planted.md", "<<<" + "<<<< HEAD\n", "a conflict marker"),
    ("strangers.sh", "docs/planted.md", "x\r\n", "DOS line ends"),
]


@pytest.mark.parametrize("check, file, text, finding", OFFENCES, ids=[f"{o[0]}-{i}" for i, o in enumerate(OFFENCES)])
def test_an_offence_is_found(copy, check, file, text, finding):
    root, git = copy
    path = root / file
    path.write_text(text, newline="")
    try:
        subprocess.run([*git, "add", "-A"], cwd=root, check=True)
        status, output = lint(root, check)
    finally:
        path.unlink()
    assert status == 1, output
    assert finding in output, output


@pytest.mark.parametrize("old, new", [("| 4 | FUNC |", "| 5 | FUNC |"), ("| 3 | RETURN | type |", "| 3 | RETURN | - |"),
                                      ("Sized, Container", "Container, Sized"), ("8 metaclass", "8 metaclasses"),
                                      ("128 metaclass", "256 metaclass"), ("9 definition", "10 definition")])
def test_a_page_that_differs_from_a_header_is_found(copy, old, new):
    root, _ = copy
    page = root / "docs/format.md"
    text = page.read_text()
    assert old in text, f"docs/format.md no longer has {old!r}: plant another difference here"
    page.write_text(text.replace(old, new))
    try:
        status, output = lint(root, "docs.py")
    finally:
        page.write_text(text)
    if new == "8 metaclasses":      # wording is free
        assert "Type flags" not in output
    else:
        assert status == 1 and " is " in output, output
