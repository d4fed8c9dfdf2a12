"""The list of sessions: ten thousand of them, and what it remembers of them."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
GHOST = Path(os.environ.get("GHOST_BIN", REPOSITORY / "build" / "ghost"))
TOOLS = GHOST.parent / "tools"

pytestmark = pytest.mark.skipif(not (TOOLS / "gen_log").exists(), reason="build/tools is not built (make tools)")


def generate(path, events, *more):
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([TOOLS / "gen_log", "-n", str(events), "-o", path, *more], check=True, stdout=subprocess.DEVNULL)


@pytest.fixture
def data(tmp_path):
    for i in range(3):
        generate(tmp_path / "data" / "sessions" / f"160000000{i}-0000000{i}" / f"999999{i}-0000000{i}.ghost", 100 * (i + 1))
    return tmp_path / "data"


def listed(data):
    done = subprocess.run([GHOST, "sessions", "--top", "0", "--format", "json", "--data-dir", data], capture_output=True, check=True, timeout=60)
    return json.loads(done.stdout)["sessions"]


def opened(data):
    """Logs that a listing opens."""
    trace = data / "trace"
    env = os.environ | {"ASAN_OPTIONS": "detect_leaks=0"}     # does not go with strace
    subprocess.run(["strace", "-f", "-e", "trace=openat,open", "-o", trace, GHOST, "sessions", "--top", "0", "--data-dir", data], check=True, env=env,
                   stdout=subprocess.DEVNULL, timeout=60)
    return trace.read_text().count(".ghost\"")


def test_what_has_changed_is_read_again(data):
    """A process joins, a session goes, one is replaced, the memory is damaged: the list is what a list without memory is."""
    root, memory = data / "sessions", data / "sessions" / ".overview"

    def check():
        with_memory = listed(data)
        memory.unlink(missing_ok=True)
        assert listed(data) == with_memory
        return with_memory
    first = check()
    assert [s["events"] for s in first] == [300, 200, 100]
    joined = root / "1600000001-00000001" / "9999990-0000000a.ghost"
    generate(joined, 50)
    assert [s["events"] for s in check()] == [300, 250, 100]
    listed(data)
    shutil.rmtree(root / "1600000002-00000002")
    generate(root / "1600000002-00000002" / "9999999-0000000b.ghost", 70)
    assert [s["events"] for s in check()] == [70, 250, 100]
    listed(data)
    shutil.rmtree(root / "1600000000-00000000")
    assert [s["events"] for s in check()] == [70, 250]
    expected = listed(data)
    whole = memory.read_bytes()
    for damage in (b"", b"ghost overview 1\n" + whole[17:], whole[:40], whole[:-30], whole.replace(b"\t", b" "), b"\xff" * 5000):
        memory.write_bytes(damage)
        assert listed(data) == expected


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is missing")
def test_killed_processes_are_remembered(data):
    """A log without an end is read each time as long as it may still grow, and no longer afterwards."""
    root = data / "sessions"
    killed = root / "1600000005-00000005" / f"{os.getpid()}-00000005.ghost"
    generate(killed, 500, "--unfinished")
    ring = killed.with_suffix(".1.ring")
    ring.write_bytes(bytes(4096))
    listed(data)
    assert opened(data) > 0
    ring.rename(ring.with_name("99999999-00000005.1.ring"))
    listed(data)
    assert opened(data) > 0, "it changed within the hour"
    for path in [*killed.parent.iterdir(), killed.parent]:
        os.utime(path, (time.time() - 7200,) * 2)
    first = listed(data)
    assert opened(data) == 0
    assert listed(data) == first and first[0]["processes_open"] == 1 and first[0]["events"] == 500


def test_a_long_list_opens_nothing(data):
    """What the time of a list is made of, on any machine: no log is opened."""
    root = data / "sessions"
    one = (root / "1600000000-00000000" / "9999990-00000000.ghost").read_bytes()
    for i in range(2000):
        folder = root / f"{1500000000 + i}-{i:08x}"
        folder.mkdir()
        (folder / f"1-{i:08x}.ghost").write_bytes(one)
    assert len(listed(data)) == 2003
    began = time.process_time(), os.times().children_user
    assert len(listed(data)) == 2003
    if shutil.which("strace"):
        assert opened(data) == 0
    assert os.times().children_user - began[1] < 5, "a second look costs next to nothing"


def test_a_killed_process_counts_as_in_its_report(python, tmp_path):
    """What its rings held counts, too, before and after the analysis was made."""
    (tmp_path / "app.py").write_text("import os, signal\ndef f(): pass\nfor i in range(1234): f()\nos.kill(os.getpid(), signal.SIGKILL)\n")
    data = tmp_path / "data"
    subprocess.run([GHOST, "run", "-q", "--python", python.exe, "--data-dir", data, "app.py"], cwd=tmp_path, timeout=60, capture_output=True)
    (before,) = listed(data)
    done = subprocess.run([GHOST, "report", "--format", "json", "--data-dir", data], capture_output=True, check=True, timeout=60)
    (after,) = listed(data)
    assert before == after and before["events"] == json.loads(done.stdout)["events"] >= 2468


def test_functions_of_one_name_are_told_apart(tmp_path):
    """Where two functions shown have the same name, the module stands before it; else it does not."""
    generate(tmp_path / "s" / "1-00000001.ghost", 200_000, "--functions", "400")
    done = subprocess.run([GHOST, "report", tmp_path / "s", "--top", "0", "--format", "json"], capture_output=True, check=True, timeout=60)
    functions = json.loads(done.stdout)["functions"]
    names = [f["fn_key"].split(":")[1] for f in functions]
    env = os.environ | {"COLUMNS": "300", "LC_ALL": "C.UTF-8"}
    shown = subprocess.run([GHOST, "report", tmp_path / "s", "--top", "0"], env=env, capture_output=True, check=True, text=True, timeout=60).stdout.splitlines()
    for f in functions:
        module, name, line = f["fn_key"].split(":")
        expected = f"{module}.{name}:{line}" if names.count(name) > 1 else f"{name}:{line}"
        assert any(row.split()[:1] == [expected] for row in shown), expected
