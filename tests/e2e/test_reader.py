"""Two readers, one page: the Python reader (tests/reader) and `ghost` must agree exactly on every log.

Logs: generated ones of several seeds, cut and damaged copies of them, recordings of real programs,
finished and killed, and every session below $GHOST_LOGS (a folder of logs that other tests left,
which they do with `-o tmp_path_retention_policy=all`)."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests" / "reader"))

import ghost_reader  # noqa: E402

GHOST = Path(os.environ.get("GHOST_BIN", REPOSITORY / "build" / "ghost"))
GEN_LOG = GHOST.parent / "tools" / "gen_log"
EXACT = ("call_count", "exception_count", "calls_unfinished", "calls_closed", "calls_adopted", "exceptions", "arg_type_dist", "ret_type_dist", "yield_type_dist",
         "callers", "callees", "total_latency_ns", "min_latency_ns", "max_latency_ns", "self_ns", "suspended_ns", "module",
         "qualname", "file", "line")
PROGRAMS = ("generators.py", "async_generators.py", "gen_throw_close.py", "exc_frames.py", "threads.py", "gen_threads.py",
            "parameters.py", "asyncio_flow.py", "deep_exceptions.py", "forks.py", "names.py", "hostile.py", "many_signatures.py",
            "class_bodies.py")

pytestmark = pytest.mark.skipif(not GHOST.exists(), reason=f"{GHOST} is not built")
needs_gen_log = pytest.mark.skipif(not GEN_LOG.exists(), reason=f"{GEN_LOG} is not built (make tools)")


def ghost(*args, status=0, **kwargs):
    done = subprocess.run([GHOST, *map(str, args)], capture_output=True, timeout=120, **kwargs)
    assert done.returncode == status, done.stderr.decode(errors="replace")
    return done.stdout.decode("utf-8", "surrogateescape")


def agree(session, logs):
    """Compares `ghost export` of a session with the Python reader's; returns the latter."""
    c, py = json.loads(ghost("export", session, "--format", "json")), ghost_reader.export(logs)
    mine, theirs = ({p["fn_key"]: p for p in side["profiles"]} for side in (py, c))
    assert set(mine) == set(theirs)
    for fn_key, profile in mine.items():
        expected = {key: theirs[fn_key][key] for key in EXACT}
        assert {key: profile[key] for key in EXACT} == expected, fn_key
    assert py["events"] == c["events"] and sum(py["losses"].values()) == c["events_lost"]
    assert py["marks"] == {mark["name"]: mark["count"] for mark in c["marks"]}
    assert py["processes"] == {p["log"]: {key: p[key] for key in ("events", "meta", "ended_in_good_order")} for p in c["processes"]}
    return py


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    made = {}

    def make(seed, events=30_000, threads=3):
        key = seed, events, threads
        if key not in made:
            made[key] = tmp_path_factory.mktemp("generated") / f"{seed}-0000000{seed}.ghost"
            subprocess.run([GEN_LOG, "-n", str(events), "-o", made[key], "--threads", str(threads), "--seed", str(seed)], check=True, timeout=60)
        return made[key]
    return make


@needs_gen_log
@pytest.mark.parametrize("seed, events, threads", [(1, 30_000, 1), (2, 30_000, 3), (3, 100_000, 2), (4, 500, 8), (5, 1, 1)])
def test_generated_logs(generated, seed, events, threads):
    path = generated(seed, events, threads)
    py = agree(path, [path])
    assert py["faults"] == [] and py["events"] >= events


@needs_gen_log
@pytest.mark.parametrize("seed", [1, 2])
def test_dumps_are_the_same(generated, seed):
    path = generated(seed, 5_000, 3)
    assert list(ghost_reader.dump(path)) == ghost("log", "dump", path).splitlines()


def damaged_copies(path, folder, rng):
    """Cuts, flipped bits, holes and doubled pieces of a log."""
    data = path.read_bytes()
    places = sorted(rng.sample(range(48, len(data)), 8))
    yield from ((f"cut{at}", data[:at]) for at in places[:4])
    yield from ((f"flip{at}", data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1:]) for at in places)
    yield "hole", data[:places[2]] + data[places[4]:]
    yield "zeros", data[:places[1]] + bytes(places[3] - places[1]) + data[places[3]:]
    yield "doubled", data[:places[5]] + data[places[3]:places[5]] + data[places[5]:]
    yield "no-header", data[48:]


@needs_gen_log
@pytest.mark.parametrize("seed", range(11, 13))
def test_cut_and_damaged_copies(generated, tmp_path, seed):
    path = generated(seed, 150_000, 4)      # several blocks and frames
    for name, data in damaged_copies(path, tmp_path, random.Random(seed)):
        copy = tmp_path / name / path.name
        copy.parent.mkdir()
        copy.write_bytes(data)
        py = agree(copy, [copy])
        assert py["faults"] or name.startswith("flip"), name   # a flip in the index alone harms no record


@pytest.fixture
def recorded(tmp_path):
    """Runs a program (`python` is of conftest.py) under the recorder alone, as a container would; and the session it made."""
    def record(python, *args, **kwargs):
        env = {k: v for k, v in os.environ.items() if not k.startswith(("GHOST", "PYTHON"))}
        env |= {"GHOST_RECORD": "1", "GHOST_DATA_DIR": str(tmp_path / "data"), "PYTHONPATH": str(GHOST.parent / "lib" / "boot")}
        return subprocess.Popen([python.exe, *map(str, args)], env=env, stdin=subprocess.DEVNULL, cwd=tmp_path,
                                **{"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | kwargs)

    def session():
        found, = (tmp_path / "data" / "sessions").iterdir()
        return found
    return record, session


@pytest.mark.parametrize("program", PROGRAMS)
def test_recordings_of_programs(recorded, python, program):
    record, session = recorded
    record(python, REPOSITORY / "tests" / "apps" / program).wait(120)
    logs = sorted(session().glob("*.ghost"))
    py = agree(session(), logs)
    assert py["faults"] == [] and py["events"] > 0
    for log in logs:
        assert list(ghost_reader.dump(log)) == ghost("log", "dump", log).splitlines()


BUSY = """
import asyncio, itertools, os, sys, threading, time
def leaf(x, *more):
    if x % 7 == 0: raise ValueError
    return x
def call(x):
    try: return leaf(x, "a", None)
    except ValueError: return None
def numbers():
    for x in itertools.count(): yield call(x)
async def pause(x):
    await asyncio.sleep(0)
    return call(x)
async def task():
    for x in itertools.count():
        await pause(x)
        await asyncio.sleep(0.001)
async def tasks():
    await asyncio.gather(*(task() for _ in range(5)))
def spin():
    for i, x in enumerate(numbers()):
        if i % 50 == 0: time.sleep(0.002)       # enough events, and not too many for a reader in Python
for _ in range(2): threading.Thread(target=spin, daemon=True).start()
threading.Thread(target=asyncio.run, args=(tasks(),), daemon=True).start()
os.write(1, b"x")
threading.Event().wait()
"""


@pytest.mark.parametrize("seconds", [0.0, 0.15, 1.3])
def test_killed_processes(recorded, tmp_path, python, seconds):
    """Stacks, generators and tasks that begin in the log and go on in the rings, kill at no chosen moment."""
    record, session = recorded
    (tmp_path / "busy.py").write_text(BUSY)
    process = record(python, tmp_path / "busy.py", stdout=subprocess.PIPE)
    try:
        assert process.stdout.read(1) == b"x"
        time.sleep(seconds)
        looks = [ghost_reader.export(sorted(session().glob("*.ghost"))) for _ in range(2)]     # while it runs
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(100)
    assert list(session().glob("*.ring")), "a killed process leaves its rings"
    py = agree(session(), sorted(session().glob("*.ghost")))
    assert py["faults"] == [] and py["events"] > 0
    assert [look["faults"] for look in looks] == [[], []]
    assert looks[0]["events"] <= looks[1]["events"] <= py["events"]


if "GHOST_LOGS" in os.environ:
    @pytest.mark.parametrize("folder", sorted({p.parent for p in Path(os.environ["GHOST_LOGS"]).rglob("*.ghost")}), ids=str)
    def test_logs_that_other_tests_left(folder):
        agree(folder, sorted(folder.glob("*.ghost")))
