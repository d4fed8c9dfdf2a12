"""ghost watch: live figures that are the analysis's own, at every moment, over all processes."""
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest
import pyte

import harness

PYTHON = harness.pythons()[-1].exe if harness.pythons() else None
pytestmark = pytest.mark.skipif(not PYTHON, reason="no interpreter has a recorder here: run make")

PATIENCE = 100                         # seconds for what takes one; a busy machine may need many

# Calls, errors, a generator that lives across intervals, coroutines that sleep, a thread; until it is told to end.
APP = """
import asyncio, os, sys, threading, time
def leaf(x):
    if x % 50 == 7: raise KeyError(x)
    return x
def mid(x):
    try: return leaf(x)
    except KeyError: return None
def endless():
    n = 0
    while True:
        yield n
        n += 1
async def sleeper(n):
    await asyncio.sleep(0.05)
    return n
async def many():
    await asyncio.gather(*(sleeper(n) for n in range(20)))
def busy(stop):
    while not os.path.exists(stop):
        for x in range(100): mid(x)
        time.sleep(0.01)
def main(stop):
    other = threading.Thread(target=busy, args=(stop,))
    other.start()
    numbers = endless()
    while not os.path.exists(stop):
        next(numbers)
        asyncio.run(many())
        for x in range(50): leaf(x % 7)
    other.join()
if __name__ == "__main__":
    if "fork" in sys.argv:
        time.sleep(0.5)
        os.fork()
    main(sys.argv[1])
"""


def until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


class Recording:
    """A program under `ghost run`, ended by a file."""

    def __init__(self, ghost, folder, *arguments):
        self.ghost, self.stop = ghost, folder / "stop"
        app = folder / "watched.py"
        app.write_text(APP)
        self.process = subprocess.Popen([harness.GHOST, "run", "-q", "--python", PYTHON, app, self.stop, *arguments],
                                        env=ghost.environment(), stdin=subprocess.DEVNULL)

    def pids(self):
        return [int(log.name.split("-")[0]) for log in self.ghost.sessions()[-1].glob("*.ghost")]

    def freeze(self):
        """When all of its threads had stopped (SIGSTOP is not obeyed at once)."""
        for pid in self.pids():
            os.kill(pid, signal.SIGSTOP)
        until(lambda: all(task.read_text().rpartition(")")[2].split()[0] == "T"
                          for pid in self.pids() for task in pathlib.Path(f"/proc/{pid}/task").glob("*/stat")))
        return time.time_ns()

    def go_on(self):
        for pid in self.pids():
            os.kill(pid, signal.SIGCONT)

    def end(self):
        self.stop.touch()
        assert self.process.wait(PATIENCE) == 0

    def __enter__(self):
        until(lambda: self.ghost.sessions() and list(self.ghost.sessions()[-1].glob("*.ghost")))
        return self

    def __exit__(self, *_):
        self.stop.touch()
        for pid in self.pids():
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def watching(ghost, *options, **popen):
    return subprocess.Popen([harness.GHOST, "watch", *options], env=ghost.environment(), stdin=subprocess.DEVNULL, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **popen)


def objects(process):
    for line in process.stdout:
        yield json.loads(line)


def totals(exported):
    return {key: (p["call_count"], p["exception_count"], p["total_latency_ns"])
            for key, p in exported["profiles"].items() if p["call_count"]}


def totals_of(watched):
    return {f["fn_key"]: (f["calls"], f["exceptions"], f["total_latency_ns"]) for f in watched["functions"] if f["calls"]}


@pytest.mark.parametrize("arguments", [[], ["fork"]], ids=["threads", "fork"])
def test_figures_are_the_analysis_at_every_moment(ghost, tmp_path, arguments):
    """The program is stopped (SIGSTOP) now and then; what watch then says is what a full analysis of the same files says."""
    with Recording(ghost, tmp_path, *arguments) as recording:
        watch = watching(ghost, "--format", "json", "--interval", "0.3", "--top", "0")
        seen, compared, before = objects(watch), 0, {}
        until(lambda: len(recording.pids()) == 1 + len(arguments))
        for _ in range(3):
            for _ in range(4):
                now = next(seen)
                for key, figures in totals_of(now).items():
                    assert all(a >= b for a, b in zip(figures, before.get(key, (0, 0, 0)))), key
                before = totals_of(now)
                assert now["interval_s"] > 0 and not now["ended"]
            stopped = recording.freeze()
            while next(seen)["time_ns"] <= stopped:      # told before, and not read until now
                pass
            frozen = next(seen)
            assert totals_of(frozen) == totals(ghost.export())
            assert frozen["calls_per_s"] == 0 and all(f["interval_calls"] == 0 for f in frozen["functions"])
            compared += 1
            recording.go_on()
        recording.end()
        last = list(seen)[-1]
        assert watch.wait(PATIENCE) == 0
        assert last["ended"] and last["processes"] == 1 + len(arguments)
        assert totals_of(last) == totals(ghost.export()) and compared == 3


def test_rates_are_those_of_the_interval(ghost, tmp_path):
    begin = time.time_ns()
    with Recording(ghost, tmp_path) as recording:
        watch = watching(ghost, "--format", "json", "--interval", "0.5", "--top", "0", "--count", "5")
        shown = list(objects(watch))
        recording.end()
    assert len(shown) == 5 and watch.wait(PATIENCE) == 0
    for before, now in zip(shown, shown[1:]):
        old = {f["fn_key"]: f for f in before["functions"]}
        for f in now["functions"]:
            calls = f["calls"] - old.get(f["fn_key"], {"calls": 0})["calls"]
            assert f["interval_calls"] == calls
            assert abs(f["calls_per_s"] - calls / now["interval_s"]) < 1e-6 * (1 + calls)
        assert now["calls"] - before["calls"] == sum(f["interval_calls"] for f in now["functions"])
    # One of them may have been interrupted between its looks at the two clocks.
    apart = sorted(abs((b["time_ns"] - a["time_ns"]) / 1e9 - b["interval_s"]) for a, b in zip(shown, shown[1:]))
    assert apart[1] < 0.05, apart
    leaf = next(f for f in shown[-1]["functions"] if f["qualname"] == "leaf")
    assert 0 < leaf["exception_rate"] < 0.1 and leaf["p95_ns"] > 0
    assert any(f["errors_per_s"] > 0 for now in shown for f in now["functions"] if f["qualname"] == "leaf")
    slept = [f for now in shown for f in now["functions"] if f["qualname"] == "sleeper" and f["interval_p95_ns"]]
    assert slept and all(4e7 < f["interval_p95_ns"] < (shown[-1]["time_ns"] - begin) * 1.1 for f in slept)     # no longer than all of it


def test_lines_for_people(ghost, tmp_path):
    with Recording(ghost, tmp_path) as recording:
        watch = watching(ghost, "--interval", "0.4", "--count", "2", "--sort", "errors", "--filter", "LEAF")
        out, err = watch.communicate(timeout=PATIENCE)
        assert watch.returncode == 0 and err == ""
        assert re.search(r"1 process, [\d,]+ calls/s, [\d,]+ errors?/s", out)
        assert out.count("FUNCTION") == 2 and "leaf:3" in out and "mid:6" not in out
        by_module = watching(ghost, "--interval", "0.4", "--count", "1", "--by", "module", "--format", "json").communicate(timeout=PATIENCE)[0]
        assert "watched" in [m["module"] for m in json.loads(by_module)["modules"]]
        recording.end()
    ended = watching(ghost, ghost.sessions()[-1].name).communicate(timeout=PATIENCE)[0]
    assert "The recording has ended" in ended


def test_a_killed_program_ends_the_watch(ghost, tmp_path):
    with Recording(ghost, tmp_path) as recording:
        watch = watching(ghost, "--interval", "0.3")
        watch.stdout.readline()
        for pid in recording.pids():
            os.kill(pid, signal.SIGKILL)
        out, _ = watch.communicate(timeout=PATIENCE)
        assert watch.returncode == 0 and "1 process ended without a word" in out


def test_it_waits_for_a_session(ghost, tmp_path):
    watch = watching(ghost, "--interval", "0.3", "--count", "1")
    assert "waiting for one to begin" in watch.stderr.readline()
    assert watch.poll() is None
    with Recording(ghost, tmp_path):
        out, _ = watch.communicate(timeout=PATIENCE)
        assert watch.returncode == 0 and "1 process" in out
    late = watching(ghost, "--wait", "0.3")
    _, err = late.communicate(timeout=PATIENCE)
    assert late.returncode == 2 and "no session began" in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_quietly(ghost, tmp_path, number):
    with Recording(ghost, tmp_path):
        watch = watching(ghost, "--interval", "1000")
        status = pathlib.Path(f"/proc/{watch.pid}/status")
        until(lambda: int(re.search(r"SigCgt:\s*(\w+)", status.read_text()).group(1), 16) >> number - 1 & 1)     # before, it would just kill
        watch.send_signal(number)
        _, err = watch.communicate(timeout=PATIENCE)        # long before the next look
        assert watch.returncode == 0 and err == ""


def test_a_reader_that_goes_away_is_no_error(ghost, tmp_path):
    with Recording(ghost, tmp_path):
        watch = watching(ghost, "--interval", "0.2", "--format", "json")
        watch.stdout.readline()
        watch.stdout.close()
        assert watch.wait(PATIENCE) == 0 and watch.stderr.read() == ""


# ---- the screen ----

class Screen:
    """The command on a terminal of its own; `text()` is what stands on it."""

    def __init__(self, ghost, *options, size=(24, 100), **env):
        self.raw = b""
        self.screen = pyte.Screen(size[1], size[0])
        self.stream = pyte.ByteStream(self.screen)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(harness.GHOST, ["ghost", "watch", *options], {**ghost.environment(), "TERM": "linux", "LC_ALL": "C.UTF-8", **env})
        self.resize(*size)

    def resize(self, lines, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.screen.resize(lines, columns)

    def read(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([self.fd], [], [], 0.05)[0]:
                try:
                    new = os.read(self.fd, 65536)
                except OSError:
                    time.sleep(0.05)     # it has closed the terminal
                    continue
                self.raw += new
                self.stream.feed(new)

    def text(self):
        return "\n".join(self.screen.display)

    def until(self, text, gone=None):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and (text not in self.text() or gone and gone in self.text()):
            self.read(0.1)
        assert text in self.text() and not (gone and gone in self.text()), self.text()

    def until_quiet(self):
        """Nothing new is drawn for longer than two looks take: it does not go on, or its machine cannot."""
        end, drawn = time.monotonic() + PATIENCE, -1
        while len(self.raw) != drawn:
            assert time.monotonic() < end, "it never ceases to draw"
            drawn = len(self.raw)
            self.read(1)

    def keys(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        """Its status, and whether the terminal was given back as it was found."""
        for _ in range(10 * PATIENCE):
            self.read(0.1)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                break
        else:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            raise AssertionError("it did not end: " + self.text())
        cooked = termios.tcgetattr(self.fd)[3] & (termios.ECHO | termios.ICANON) == termios.ECHO | termios.ICANON
        other_screen = self.raw.rfind(b"\x1b[?1049h") > self.raw.rfind(b"\x1b[?1049l")
        cursor = self.raw.rfind(b"\x1b[?25l") <= self.raw.rfind(b"\x1b[?25h")
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status), cooked and cursor and not other_screen


def test_the_screen_and_its_keys(ghost, tmp_path):
    with Recording(ghost, tmp_path) as recording:
        screen = Screen(ghost, "--interval", "0.3")
        screen.until("leaf:3")
        screen.until("session " + ghost.sessions()[-1].name)
        screen.until("q quit")
        assert "q quit" in screen.screen.display[-1]
        screen.keys("s")
        screen.until("sorted by errors")
        screen.keys("/SLEEP")
        screen.until("filter: SLEEP", gone="leaf:3")
        screen.until("sleeper:14")
        screen.keys("\x7f\x7f\x7f\x7fÄ\x7fEA\r")        # characters taken back, others typed
        screen.until("filter: SEA", gone="sleeper:14")
        screen.keys("/\x1b")                                  # dropped
        screen.until("sleeper:14", gone="filter:")
        screen.keys("m")
        screen.until("MODULE", gone="leaf:3")
        screen.keys("m?")
        screen.until("next, previous order", gone="leaf:3")
        screen.keys("?")
        screen.until("leaf:3", gone="next, previous order")
        screen.resize(8, 40)
        screen.until("leaf:3", gone="P95 ALL")
        screen.resize(30, 120)
        screen.until("P95 ALL")
        screen.keys(" ")
        screen.until("PAUSED")
        screen.until_quiet()
        screen.keys("p")
        screen.until("leaf:3", gone="PAUSED")
        recording.end()
        screen.until("The recording has ended")
        screen.keys("q")
        assert screen.end() == (0, True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_terminal_is_given_back(ghost, tmp_path, number):
    with Recording(ghost, tmp_path):
        screen = Screen(ghost, "--interval", "0.3", TERM="xterm-256color")
        screen.until("leaf:3")
        assert b"\x1b[?1049h" in screen.raw and b"\x1b[?25l" in screen.raw
        os.kill(screen.pid, number)
        assert screen.end() == (0, True)


def test_colours_only_where_they_are_wanted(ghost, tmp_path):
    with Recording(ghost, tmp_path):
        red = re.compile(rb"\x1b\[(?:\d+;)*31m")
        for env, expected in (({}, True), ({"NO_COLOR": "1"}, False)):
            screen = Screen(ghost, "--interval", "0.3", "--sort", "errors", **env)
            screen.until("leaf:3")
            screen.read(1)
            for _ in range(PATIENCE * expected):         # until there were errors in an interval
                if red.search(screen.raw):
                    break
                screen.read(1)
            screen.keys("q")
            assert screen.end() == (0, True)
            assert bool(red.search(screen.raw)) == expected


def test_a_terminal_that_is_not_known(ghost, tmp_path):
    with Recording(ghost, tmp_path):
        screen = Screen(ghost, TERM="no-such-terminal")
        screen.until("--plain")
        assert screen.end()[0] == 2
