"""A process that dies in the middle: what it had completed before its last message is in the analysis.

Nothing less (the tolerance is zero), and no more than what it can have done after that message.
"""
import os
import random
import signal
import struct
import subprocess
import time

import pytest

import harness

VICTIM = harness.APPS / "victims" / "crash_victim.py"
STATUS = {"segv": -signal.SIGSEGV, "abort": -signal.SIGABRT, "kill": -signal.SIGKILL, "os_exit": 3, "sigterm": -signal.SIGTERM,
          "forks": 0}


class Victim:
    """The program with its pipe; `told` holds each worker's last message."""

    def __init__(self, ghost, python, threads, batch, how, limit=0, by_environment=False):
        self.told, self.pid, self.pending = {}, None, b""
        self.pipe, theirs = os.pipe()
        argv = [python.exe, str(VICTIM), str(theirs), str(threads), str(batch), how, str(limit)]
        if by_environment:
            env = ghost.environment(GHOST_RECORD="1", PYTHONPATH=str(harness.LIB / "boot"))
        else:
            argv, env = [str(harness.GHOST), "run", "-q", *argv], ghost.environment()
        self.process = subprocess.Popen(argv, env=env, pass_fds=[theirs], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        os.close(theirs)

    def read(self, until=lambda victim: False):
        """Takes messages until the condition holds or the pipe ends."""
        while not until(self):
            data = os.read(self.pipe, 1 << 16)
            if not data:
                break
            data = self.pending + data
            whole = len(data) // 8 * 8
            self.pending = data[whole:]
            for worker, count in struct.iter_unpack("<II", data[:whole]):
                if worker == 0xFFFFFFFF:
                    self.pid = count
                else:
                    self.told[worker] = count

    def end(self):
        self.read()
        os.close(self.pipe)
        try:
            self.out, self.err = self.process.communicate(timeout=100)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise
        return self.process.returncode


def check(ghost, victim, threads, batch):
    """The three functions, each called once per counted call."""
    told = sum(victim.told.values())
    profiles = {p["qualname"]: p for p in ghost.export()["profiles"].values()}
    for name in "work", "through":
        p = profiles[name]
        completed = p["ret_type_dist"].get("int", 0)
        assert completed >= told, f"{told - completed} completed calls of {name} are missing"
        assert p["call_count"] <= told + threads * (batch + 1) and p["call_count"] >= completed
        assert p["arg_type_dist"] == {"(int)": p["call_count"]}
    assert profiles["numbers"]["yield_type_dist"]["int"] >= told
    assert profiles["work"]["callers"] == {profiles["through"]["fn_key"]: profiles["work"]["call_count"]}


@pytest.mark.parametrize("how", ["segv", "abort", "os_exit", "kill", "sigterm"])
@pytest.mark.parametrize("limit", [1, 100_000])
def test_dies_by_itself(python, ghost, how, limit):
    victim = Victim(ghost, python, 1, 1 if limit == 1 else 1000, how, limit)
    assert victim.end() == STATUS[how], victim.err.decode()
    assert victim.told == {0: limit}
    check(ghost, victim, 1, 0 if how == "os_exit" else 1)


@pytest.mark.parametrize("threads, batch", [(1, 1), (1, 5000), (4, 1), (4, 500)])
@pytest.mark.parametrize("by_environment", [False, True], ids=["run", "environment"])
def test_killed_at_a_random_moment(python, tmp_path, threads, batch, by_environment):
    rng = random.Random(f"{python.version} {threads} {batch}")
    for repetition in range(4):
        ghost = harness.Ghost(tmp_path / f"data{repetition}")
        victim = Victim(ghost, python, threads, batch, "wait", by_environment=by_environment)
        victim.read(until=lambda v: len(v.told) == threads)
        deadline = time.monotonic() + rng.uniform(0, 0.5)
        victim.read(until=lambda v: time.monotonic() > deadline)
        if not by_environment and repetition % 2:       # as a container's end: all at once
            os.killpg(victim.process.pid, signal.SIGKILL)
        os.kill(victim.pid, signal.SIGKILL)
        assert victim.end() == -signal.SIGKILL
        check(ghost, victim, threads, batch)


def test_ghost_killed_takes_the_program_along(python, ghost):
    victim = Victim(ghost, python, 1, 1, "wait")
    victim.read(until=lambda v: v.told.get(0, 0) > 50)
    victim.process.kill()
    assert victim.end() == -signal.SIGKILL          # the pipe has ended: the program is gone
    check(ghost, victim, 1, 1)


def test_forked_children_killed(python, ghost):
    victim = Victim(ghost, python, 4, 250, "forks", 10_000)
    assert victim.end() == 0, victim.err.decode()
    assert victim.told == dict.fromkeys(range(4), 10_000)
    check(ghost, victim, 4, 250)


def test_read_while_it_runs_and_after(python, ghost):
    """The analysis of a running process has what was completed when it began, and disturbs nothing."""
    victim = Victim(ghost, python, 2, 100, "wait")
    victim.read(until=lambda v: len(v.told) == 2)
    for _ in range(5):
        victim.read(until=lambda v, end=time.monotonic() + 0.05: time.monotonic() > end)
        told = sum(victim.told.values())
        work = next(p for p in ghost.export()["profiles"].values() if p["qualname"] == "work")
        assert work["ret_type_dist"]["int"] >= told
    os.kill(victim.pid, signal.SIGKILL)
    assert victim.end() == -signal.SIGKILL
    check(ghost, victim, 2, 100)
