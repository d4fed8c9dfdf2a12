"""Two readers, one page: the Python reader (tests/reader) and `ghost` must agree exactly on every log.

Logs: generated ones of several seeds, cut and damaged copies of them, recordings of real programs,
finished and killed, and every session below $GHOST_LOGS (a folder of logs that other tests left)."""

import json
import os
import random
import shutil
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
EXACT = ("call_count", "exception_count", "calls_unfinished", "exceptions", "arg_type_dist", "ret_type_dist", "yield_type_dist",
         "callers", "callees", "total_latency_ns", "min_latency_ns", "max_latency_ns", "self_ns", "suspended_ns", "module",
         "qualname", "file", "line")
PROGRAMS = ("generators.py", "async_generators.py", "gen_throw_close.py", "exc_frames.py", "threads.py", "gen_threads.py",
            "parameters.py", "asyncio_flow.py", "deep_exceptions.py", "forks.py")

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
