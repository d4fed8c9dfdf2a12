"""recorder/describe_*.c on every interpreter that is found: builds the probe for
it and runs the cases_*.py there, which are plain unittest files."""
import os
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CASES = sorted(p.stem for p in HERE.glob("cases_*.py"))


def interpreters():
    chosen = os.environ.get("GHOST_TEST_PYTHONS", "").split()
    listing = subprocess.run([ROOT / "scripts/find_pythons.sh", *chosen], capture_output=True, text=True).stdout
    return [line.split() for line in listing.splitlines()]


def build(tag, include, version):
    folder = ROOT / "build" / "describe" / f"{tag}-{version}"
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / "describe_probe.so"
    sources = [HERE / "describe_probe.c", *sorted(ROOT.glob("recorder/describe_*.c")), ROOT / "format/def.c", ROOT / "format/def_tree.c", ROOT / "format/base.c"]
    inputs = sources + [*ROOT.glob("recorder/*.h"), *ROOT.glob("include/ghost/*.h"), *ROOT.glob("format/*.h")]
    if not probe.exists() or probe.stat().st_mtime < max(p.stat().st_mtime for p in inputs):
        command = [os.environ.get("CC", "gcc"), "-std=c17", "-D_GNU_SOURCE=", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared",
                   "-I", ROOT / "include", "-I", ROOT / "format", "-I", ROOT / "recorder", "-isystem", include, "-isystem", include + "/internal",
                   *sources, "-o", probe]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    return folder


def run(interpreter, *arguments, timeout=240):
    tag, exe, include, version = interpreter
    environment = {"PYTHONPATH": os.pathsep.join([str(build(tag, include, version)), str(HERE)]), "PYTHONDONTWRITEBYTECODE": "1",
                   "LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]}
    done = subprocess.run([exe, *arguments], capture_output=True, text=True, env=environment, timeout=timeout, cwd=HERE)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-6000:]
    return done


FOUND = interpreters()
each = pytest.mark.parametrize("interpreter", FOUND or [pytest.param(None, marks=pytest.mark.skip(reason="no CPython with headers"))],
                               ids=[i[3] for i in FOUND] or ["none"])


@each
@pytest.mark.parametrize("cases", CASES)
def test_cases(interpreter, cases):
    done = run(interpreter, "-m", "unittest", "-q", cases)
    assert "Ran 0 tests" not in done.stderr


@each
def test_fingerprint_is_the_same_in_another_process(interpreter):
    script = "import cases_func; print(cases_func.fingerprints())"
    first, second = (run(interpreter, "-c", script).stdout for _ in range(2))
    assert first == second and len(first) > 10


@each
def test_tree_against_ast_and_dis(interpreter):
    """Packages of the standard library that have it all; compare_tree.py takes any folder."""
    stdlib = pathlib.Path(subprocess.run([interpreter[1], "-c", "import os; print(os.path.dirname(os.__file__))"],
                                         capture_output=True, text=True).stdout.strip())
    names = ["asyncio", "collections", "importlib", "email", "concurrent", "ctypes", "xml", "unittest", "json", "http"]
    build(interpreter[0], interpreter[2], interpreter[3])
    folders = [str(stdlib / name) for name in names if (stdlib / name).is_dir()]
    assert len(folders) > 5, sys.version
    run(interpreter, str(HERE / "compare_tree.py"), *folders)
