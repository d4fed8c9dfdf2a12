"""The lines at the end of `ghost run`: totals as in the analysis, and every loss and remark told."""
import json
import re
import subprocess

import pytest

import harness
import run_support as support

CALLS = 20_000
PROGRAM = f"""
import os, signal, sys
def f(n): return n
for n in range({CALLS}): f(n)
end = sys.argv[1]
if end == "kill": os.kill(os.getpid(), signal.SIGKILL)
if end == "segfault": os.kill(os.getpid(), signal.SIGSEGV)
if end == "os-exit": os._exit(3)
if end == "raise": raise SystemExit(4)
"""
MANY = "def f(n): return n\nfor n in range(600_000): f(n)\n"


def ghost(python, tmp_path, *words, limit="", env=None):
    argv = [harness.GHOST, "run", *words[:-2], "--python", python.exe, *words[-2:]]
    command = f"{limit} exec " + " ".join(f"'{w}'" for w in argv)
    done = support.run(["bash", "-c", command], {**support.environment(tmp_path), **(env or {})}, cwd=tmp_path)
    return done, support.split_stderr(done.stderr)[1]


def number(text, pattern):
    return int(re.search(pattern, text).group(1).replace(",", ""))


@pytest.mark.parametrize("end, status", [("normal", 0), ("raise", 4), ("os-exit", 3), ("kill", 137), ("segfault", 139)])
def test_totals(python, tmp_path, end, status):
    (tmp_path / "app.py").write_text(PROGRAM)
    done, told = ghost(python, tmp_path, "app.py", end)
    assert done.returncode in (status, 128 - status) and len(told) == 1
    assert re.match(r"ghost: session \d+-[0-9a-f]{8}: 1 process, [\d,]+ events \(0 lost\), \d+\.\d s; see it with: ghost report$", told[0])
    export = support.run([harness.GHOST, "export", "--format", "json"], support.environment(tmp_path))
    calls = {p["qualname"]: p["call_count"] for p in json.loads(export.stdout)["profiles"]}
    assert calls["f"] == CALLS
    # start and end of each call, and those of the module's own body
    assert 2 * CALLS + 1 <= number(told[0], r"([\d,]+) events") <= 2 * CALLS + 2


def test_size_cap(python, tmp_path):
    (tmp_path / "app.py").write_text(MANY)
    done, told = ghost(python, tmp_path, "-q", "--max-log", "40K", "app.py", "x")
    assert done.returncode == 0
    lost = number(told[0], r"\(([\d,]+) lost\)")
    assert lost > 0 and any("size cap" in line and number(line, r"lost ([\d,]+) events") == lost for line in told[1:])
    assert number(told[0], r"([\d,]+) events") + lost == 2 * 600_000 + 2


def test_file_size_limit(python, tmp_path):
    """Whatever the recorder could still write, a cut recording is not passed off as a whole one."""
    (tmp_path / "app.py").write_text(MANY)
    done, told = ghost(python, tmp_path, "-q", "app.py", "x", limit="ulimit -f 40;")
    assert done.returncode == 0 and len(told) >= 2
    counted = number(told[0], r"([\d,]+) events") + number(told[0], r"\(([\d,]+) lost\)")
    assert counted == 2 * 600_000 + 2 or any("no end" in line for line in told)


def test_fallback_hook_is_told(python, tmp_path):
    (tmp_path / "app.py").write_text(PROGRAM)
    done, told = ghost(python, tmp_path, "-q", "app.py", "normal", env={"GHOST_HOOK": "profile"})
    assert len(told) == 1 and told[0].startswith("ghost: note: ") and "profile hook" in told[0] and told[0].endswith("(1 process)")


def test_nothing_of_the_application(python, tmp_path):
    done, told = ghost(python, tmp_path, "--include", "nothing_of_that_name", "-c", "import json; json.loads(\"[1]\")")
    assert "no call was recorded" in told[1] and "--include" in told[1]
    failed = harness.run([harness.GHOST, "run", "--python", harness.pythons()[0].exe, "nowhere.py"], cwd=tmp_path,
                         env=harness.clean_environment(GHOST_DATA_DIR=str(tmp_path / "data")))
    assert failed.status == 2 and b"no call was recorded" not in failed.err and b"0 events" in failed.err


def test_a_process_that_goes_on(python, tmp_path):
    """A daemon left behind is named as running, not as lost."""
    (tmp_path / "app.py").write_text(
        "import os, time\ndef f(): pass\nif os.fork() == 0:\n    os.setsid()\n    for fd in range(3): os.close(fd)\n    f()\n    open('daemon', 'w')\n"
        "    end = time.monotonic() + 20\n    while not os.path.exists('stop') and time.monotonic() < end: time.sleep(0.02)\n    os._exit(0)\n"
        "while not os.path.exists('daemon'): time.sleep(0.01)\nf()\n")
    done, told = ghost(python, tmp_path, "app.py", "x")
    (tmp_path / "stop").touch()
    assert done.returncode == 0 and "2 processes" in told[0]
    assert told[1] == "ghost: 1 process of the session still runs and is being recorded" and len(told) == 2


def test_damaged_log_is_told(python, tmp_path):
    (tmp_path / "app.py").write_text("import glob, os, atexit, subprocess, sys\nsubprocess.run([sys.executable, '-c', 'pass'])\n"
                                     "own = '/%d-' % os.getpid()\n"
                                     "[open(p, 'wb').write(b'spoilt') for p in glob.glob(os.environ['GHOST_SESSION_DIR'] + '/*.ghost') if own not in p]\n")
    done, told = ghost(python, tmp_path, "-q", "app.py", "x")
    assert done.returncode == 0 and any("cannot be read" in line and "ghost log check" in line for line in told)
