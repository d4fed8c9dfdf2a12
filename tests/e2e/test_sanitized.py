"""The recorder under AddressSanitizer and UBSan: every program of tests/apps, oldest and newest interpreter (so both hooks).

The interpreter itself is not instrumented: the sanitizer's library is preloaded, and PYTHONMALLOC=malloc lets it
see Python's own allocations as well.
"""
import os
import pathlib
import re
import subprocess

import harness
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
REPORT = re.compile(r"^.*(?:ERROR: AddressSanitizer|runtime error:|UndefinedBehaviorSanitizer).*$", re.M)
# What no sanitized process can do, and why.
NOT_HERE = {
    "recursion_limit.py": "the sanitizer's own frames need more stack than this depth leaves",
    "coexist_coverage.py": "needs the coverage package in the interpreter itself",
}
APPS = [app for app in sorted((ROOT / "tests/apps").glob("*.py")) if app.name not in NOT_HERE]
PYTHONS = sorted(harness.pythons(), key=lambda p: p.minor)
ENDS = list({p.minor: p for p in (PYTHONS[:1] + PYTHONS[-1:])}.values())
# What older sanitizers need on some kernels.
FIXED = subprocess.run([ROOT / "scripts/fixed_addresses.sh"], capture_output=True, text=True, check=True).stdout.split()
pytestmark = [pytest.mark.slow, pytest.mark.timeout(500)]


@pytest.fixture(scope="module")
def sanitized():
    """The environment of a process that records with the instrumented recorder."""
    environment = {k: v for k, v in os.environ.items() if k != "MAKEFLAGS"}
    made = subprocess.run(["make", "--no-print-directory", "-j2", "CC=gcc", "SAN=address,undefined", "recorders"], cwd=ROOT,
                          env=environment, capture_output=True, text=True, timeout=480)
    assert made.returncode == 0, made.stderr[-2000:]
    libraries = [subprocess.run(["gcc", f"-print-file-name=lib{name}.so"], capture_output=True, text=True, check=True).stdout.strip()
                 for name in ("asan", "ubsan")]
    return environment | {"LD_PRELOAD": " ".join(libraries), "PYTHONMALLOC": "malloc", "GHOST_RECORD": "1",
                          "PYTHONPATH": str(ROOT / "build/address-undefined/lib/boot"), "GHOST_ALL": "1",
                          "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0", "UBSAN_OPTIONS": "print_stacktrace=1"}


def test_the_sanitizer_is_there(sanitized):
    """A double free is seen: a silent run of the others means something."""
    code = "import ctypes as c; m = c.CDLL(None); m.malloc.restype = c.c_void_p; p = c.c_void_p(m.malloc(8)); m.free(p); m.free(p)"
    done = subprocess.run([*FIXED, str(ENDS[0].exe), "-c", code], env=sanitized | {"GHOST_RECORD": "0"}, capture_output=True, text=True, timeout=60)
    assert REPORT.search(done.stderr)


@pytest.mark.parametrize("app", APPS, ids=[a.stem for a in APPS])
@pytest.mark.parametrize("interpreter", ENDS, ids=[p.label for p in ENDS])
def test_no_report(sanitized, interpreter, app, tmp_path):
    environment = sanitized | {"GHOST_DATA_DIR": str(tmp_path / "data"), "HOME": str(tmp_path)}
    done = subprocess.run([*FIXED, str(interpreter.exe), str(app)], env=environment, cwd=tmp_path, capture_output=True, text=True,
                          errors="replace", timeout=150, stdin=subprocess.DEVNULL)
    reports = REPORT.findall(done.stdout + done.stderr)
    assert not reports, (done.stdout + done.stderr)[-6000:]
    assert list((tmp_path / "data" / "sessions").glob("*/*.ghost")), "nothing was recorded:\n" + done.stderr[-2000:]
