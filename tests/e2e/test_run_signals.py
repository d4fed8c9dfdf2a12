"""Signals, job control and sudden death under `ghost run`."""
import os
import pathlib
import pty
import signal
import subprocess
import sys
import time

import pytest

import harness
import run_support as support

# Takes signals one by one as they come: one number a signal into `seen`.
LISTENER = r'''
import os, signal, sys, time
wanted = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGQUIT, signal.SIGWINCH, signal.SIGALRM,
          signal.SIGRTMIN + 3}
signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
open("pid", "w").write(str(os.getpid()))
os.rename("pid", "ready")
end = time.monotonic() + float(sys.argv[1] if len(sys.argv) > 1 else 90)
while time.monotonic() < end and not os.path.exists("stop"):
    got = signal.sigtimedwait(wanted, 0.02)
    if got:
        with open("seen", "a") as f:
            f.write("%d " % got.si_signo)
sys.exit(7)
'''


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("waited in vain")


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def state_of(pid):
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.fixture
def listener(python, tmp_path):
    """(ghost's Popen, the target's pid), the target ready for signals."""
    (tmp_path / "app.py").write_text(LISTENER)
    ghost = subprocess.Popen([harness.GHOST, "run", "--python", python.exe, "app.py"], cwd=tmp_path, env=support.environment(tmp_path),
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, process_group=0)
    try:
        until((tmp_path / "ready").exists)
        yield ghost, int((tmp_path / "ready").read_text())
    finally:
        (tmp_path / "stop").touch()
        ghost.send_signal(signal.SIGCONT)
        try:
            ghost.wait(60)
        finally:
            ghost.kill()
            ghost.communicate()


def seen(tmp_path):
    path = tmp_path / "seen"
    return [int(n) for n in path.read_text().split()] if path.exists() else []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGQUIT,
                                    signal.SIGWINCH, signal.SIGALRM, signal.SIGRTMIN + 3], ids=str)
def test_a_signal_sent_to_ghost_reaches_the_target_once(listener, tmp_path, number):
    ghost, pid = listener
    ghost.send_signal(number)
    until(lambda: seen(tmp_path))
    time.sleep(0.2)
    assert seen(tmp_path) == [number]
    (tmp_path / "stop").touch()
    assert ghost.wait(60) == 7


def test_a_signal_of_the_target_to_its_group_comes_once(python, tmp_path):
    """The first is waited for, however long it takes; then there is half a second for a second one."""
    (tmp_path / "app.py").write_text(LISTENER.replace(
        "end = ", "os.kill(0, signal.SIGTERM)\nwith open('seen', 'w') as f:\n    f.write('%d ' % signal.sigwaitinfo(wanted).si_signo)\nend = "))
    done = subprocess.run([harness.GHOST, "run", "--python", python.exe, "app.py", "0.5"], cwd=tmp_path, timeout=60,
                          env=support.environment(tmp_path), capture_output=True, start_new_session=True)
    assert done.returncode == 7 and seen(tmp_path) == [signal.SIGTERM]


def test_a_signal_to_the_whole_group_comes_once(listener, tmp_path):
    """As `kill -TERM -GROUP` and service managers send it."""
    ghost, pid = listener
    numbers = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1] * 5
    for turn, number in enumerate(numbers, 1):
        os.killpg(ghost.pid, number)
        until(lambda: len(seen(tmp_path)) >= turn)
    time.sleep(0.3)
    assert seen(tmp_path) == numbers


def test_a_closed_stdout_is_closed_for_the_reader(python, tmp_path):
    """Ghost keeps nothing open that the target gave up."""
    code = "import os, time\nos.write(1, b'x')\nos.close(1)\nos.close(5)\nwhile not os.path.exists('stop'): time.sleep(0.02)\n"
    read, write = os.pipe()
    ghost = subprocess.Popen(["bash", "-c", f'exec "$@" 5>&{write}', "bash", harness.GHOST, "run", "--python", python.exe, "-c", code],
                             cwd=tmp_path, env=support.environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, pass_fds=(write,))
    os.close(write)
    try:
        # `write` itself stays open in the target only
        assert ghost.stdout.read() == b"x"
        assert ghost.poll() is None
    finally:
        (tmp_path / "stop").touch()
        assert ghost.wait(60) == 0
        os.close(read)


def test_default_action(python, tmp_path):
    (tmp_path / "app.py").write_text("import os, time\nopen('ready', 'w')\ntime.sleep(90)\n")
    for number in (signal.SIGTERM, signal.SIGKILL):
        ghost = subprocess.Popen([harness.GHOST, "run", "--python", python.exe, "app.py"], cwd=tmp_path, stderr=subprocess.PIPE,
                                 env=support.environment(tmp_path))
        until((tmp_path / "ready").exists)
        (tmp_path / "ready").unlink()
        ghost.send_signal(number)
        assert ghost.wait(60) == -number
        ghost.communicate()


def test_a_killed_ghost_takes_the_target_with_it(listener):
    ghost, pid = listener
    ghost.kill()
    ghost.wait()
    until(lambda: not is_alive(pid))


def test_ignored_signals_stay_ignored(python, tmp_path):
    """nohup, and a parent that ignores SIGCHLD (then the status must not get lost)."""
    code = "import signal, sys; print(signal.getsignal(signal.SIGHUP), signal.getsignal(signal.SIGCHLD)); sys.exit(3)"
    for before in ("trap '' HUP", "trap '' CHLD", "trap '' HUP CHLD TERM"):
        out = [support.run(["sh", "-c", f"{before}; exec \"$@\"", "sh", *words, "-c", code], support.environment(tmp_path))
               for words in ([python.exe], [harness.GHOST, "run", "-q", python.exe])]
        assert out[0].stdout == out[1].stdout and out[0].returncode == out[1].returncode == 3


def test_stop_and_continue(listener, tmp_path):
    ghost, pid = listener
    ghost.send_signal(signal.SIGTSTP)
    until(lambda: state_of(pid) == "T" and state_of(ghost.pid) == "T")  # a shell continues a job that has stopped
    ghost.send_signal(signal.SIGCONT)
    until(lambda: state_of(pid) != "T")
    (tmp_path / "stop").touch()
    assert ghost.wait(60) == 7


def test_a_stopped_target_alone_is_waited_for(listener, tmp_path):
    """A CPU limiter or debugger stops and continues the target: ghost goes on waiting."""
    ghost, pid = listener
    os.kill(pid, signal.SIGSTOP)
    until(lambda: state_of(pid) == "T")
    time.sleep(0.2)
    assert state_of(ghost.pid) not in "TZ"
    os.kill(pid, signal.SIGCONT)
    (tmp_path / "stop").touch()
    assert ghost.wait(60) == 7


# A shell with job control, in small: leader of the session and of the terminal,
# runs its arguments as the foreground job, tells what becomes of it, and on a
# stop continues it in the foreground.
SHELL = r'''
import os, signal, sys
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
log = open("jobs", "w", buffering=1)
job = os.fork()
if job == 0:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    os.execv(sys.argv[1], sys.argv[1:])
while True:
    pid, status = os.waitpid(job, os.WUNTRACED)
    if not os.WIFSTOPPED(status):
        break
    log.write("stopped %d\n" % os.WSTOPSIG(status))
    os.tcsetpgrp(0, os.getpgrp())
    while not os.path.exists("fg"):
        import time; time.sleep(0.02)
    os.unlink("fg")
    os.tcsetpgrp(0, job)
    os.killpg(job, signal.SIGCONT)
log.write("status %d\n" % os.waitstatus_to_exitcode(status))
'''


class Terminal:
    def __init__(self, tmp_path, python, program):
        self.folder = tmp_path
        (tmp_path / "app.py").write_text(program)
        words = [sys.executable, "-c", SHELL, str(harness.GHOST), "run", "--python", python.exe, "app.py"]
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(tmp_path)
            os.execve(words[0], words, support.environment(tmp_path))

    def type(self, text):
        os.write(self.fd, text)

    def jobs(self):
        path = self.folder / "jobs"
        return path.read_text().splitlines() if path.exists() else []

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.close(self.fd)
        os.waitpid(self.pid, 0)


@pytest.fixture
def terminal(python, tmp_path):
    made = []
    def make(program):
        made.append(Terminal(tmp_path, python, program))
        return made[0]
    yield make
    for t in made:
        (tmp_path / "stop").touch()
        t.close()


def test_keys_reach_the_target_once(terminal, tmp_path):
    t = terminal(LISTENER)
    until((tmp_path / "ready").exists)
    t.type(b"\x03")
    until(lambda: len(seen(tmp_path)) == 1)
    t.type(b"\x1c")
    until(lambda: len(seen(tmp_path)) == 2)
    time.sleep(0.3)
    assert seen(tmp_path) == [signal.SIGINT, signal.SIGQUIT]
    (tmp_path / "stop").touch()
    until(lambda: t.jobs() == ["status 7"])


def test_interrupt_key_ends_as_without_ghost(terminal, tmp_path):
    t = terminal("import time\nopen('ready', 'w')\ntime.sleep(90)\n")
    until((tmp_path / "ready").exists)
    time.sleep(0.1)
    t.type(b"\x03")
    until(lambda: t.jobs() == ["status -2"])


def test_suspend_key_and_foreground(terminal, tmp_path):
    t = terminal(LISTENER)
    until((tmp_path / "ready").exists)
    pid = int((tmp_path / "ready").read_text())
    for turn in (1, 2):
        t.type(b"\x1a")
        until(lambda: t.jobs() == [f"stopped {int(signal.SIGTSTP)}"] * turn)
        assert state_of(pid) == "T"
        (tmp_path / "fg").touch()
        until(lambda: state_of(pid) != "T")
    (tmp_path / "stop").touch()
    until(lambda: t.jobs()[-1:] == ["status 7"])


def test_reading_the_terminal(terminal, tmp_path):
    t = terminal("import sys\nopen('ready', 'w')\nsys.exit(len(input()))\n")
    until((tmp_path / "ready").exists)
    t.type(b"four\n")
    until(lambda: t.jobs() == ["status 4"])


def test_hangup_of_a_session_leader(python, tmp_path):
    """As in a container with a terminal: the kernel tells only the leader, which is ghost."""
    (tmp_path / "app.py").write_text(LISTENER)
    words = [str(harness.GHOST), "run", "--python", python.exe, "app.py"]
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        os.execve(words[0], words, support.environment(tmp_path))
    try:
        until((tmp_path / "ready").exists)
        os.close(fd)
        until(lambda: seen(tmp_path))
        time.sleep(0.2)
        assert seen(tmp_path) == [signal.SIGHUP]
    finally:
        (tmp_path / "stop").touch()
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7


def process_one(words, tmp_path, **popen):
    if subprocess.run(["unshare", "-p", "-f", "--mount-proc", "true"], capture_output=True).returncode != 0:
        pytest.skip("no pid namespace can be made here")
    return subprocess.Popen(["unshare", "-p", "-f", "--mount-proc", "--kill-child", harness.GHOST, "run", *words], cwd=tmp_path,
                            env=support.environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGSEGV"])
def test_process_one_exits_as_a_shell_would_say_it(python, tmp_path, name):
    """Process 1 of a container cannot die of a signal of its own making."""
    done = process_one(["--python", python.exe, "-c", f"import os, signal; os.kill(os.getpid(), signal.{name})"], tmp_path)
    out, err = done.communicate(timeout=60)
    assert done.returncode == 128 + getattr(signal, name) and b"1 process" in err


# Leaves an orphan behind and waits until nothing is process 1's child but itself and ghost's helper: what is not collected stays, as a zombie.
ORPHAN = """
import os, pathlib, subprocess, time
def orphans():
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            name, rest = stat.read_text().partition("(")[2].rsplit(")", 1)
        except OSError:
            continue
        if rest.split()[1] == "1" and name != "ghost-witness" and stat.parent.name != str(os.getpid()):
            found.append(name)
    return found
subprocess.run(["sh", "-c", "sleep 0.1 & exit"])
end = time.monotonic() + 40
while orphans() and time.monotonic() < end: time.sleep(0.02)
print(orphans(), flush=True)
open("ready", "w")
time.sleep(90)
"""


def test_process_one_collects_orphans_and_passes_signals_on(python, tmp_path):
    (tmp_path / "app.py").write_text(ORPHAN)
    ghost = process_one(["--python", python.exe, "app.py"], tmp_path)
    until((tmp_path / "ready").exists)
    (child,) = pathlib.Path(f"/proc/{ghost.pid}/task/{ghost.pid}/children").read_text().split()
    os.kill(int(child), signal.SIGTERM)
    out, err = ghost.communicate(timeout=60)
    assert out == b"[]\n" and ghost.returncode == 128 + signal.SIGTERM
