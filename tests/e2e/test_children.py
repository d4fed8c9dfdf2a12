"""Forked processes: their parent's log names those that began one, and counts what the others lost."""
import os
import select
import time

import pytest

import harness

PREFORK = """
import os

def work(n):
    return n + 1

def worker():
    for i in range(100):
        work(i)
    os._exit(0)

def fork_one(body):
    pid = os.fork()
    if pid == 0:
        body()
    os.waitpid(pid, 0)
    return pid

print(fork_one(worker), fork_one(worker), fork_one(lambda: os._exit(0)))
"""

NO_RIGHTS = """
import os

def work(n):
    return n + 1

def child():
    for i in range(50):
        work(i)
    os._exit(0)

work(0)
os.setgid(65534)
os.setuid(65534)
pid = os.fork()
if pid == 0:
    child()
os.waitpid(pid, 0)
work(1)
"""

POOL = """
import multiprocessing, sys

def task(n):
    return leaf(n) + 1

def leaf(n):
    return n

if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv[1])
    with multiprocessing.Pool(2, maxtasksperchild=1) as pool:
        print(sum(pool.map(task, range(8), chunksize=1)), flush=True)     # a process forked later would print it again
        pool.close()
        pool.join()
"""

DAEMON = """
import os, sys

def work(n):
    return n + 1

def daemonize():
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")
    os.closerange(0, 65536)
    os.dup2(os.open("/dev/null", os.O_RDWR), 1)

for i in range(10):
    work(i)
daemonize()
for i in range(2000):
    work(i)
files = [open(f"{sys.argv[2]}/{n}", "w") for n in range(20)]
for i in range(2000):
    work(i)
for f in files:
    f.write("mine")
    f.close()
with open(sys.argv[1], "w") as f:
    f.write("done")
"""


FORKING_THREAD = """
import _thread, ctypes, importlib, itertools, os, sys, time

def step(i):
    return i

def work(pid):
    os.waitpid(pid, 0)
    time.sleep(0.5)                   # the writer looks at the rings
    for i in range(20_000):
        step(i)
    done.release()
    return True

importlib.import_module(sys.argv[1])
ctypes.CDLL(None).puts(b"in a buffer of C's, which whoever ends by exit(3) writes")
done = _thread.allocate_lock()
done.acquire()
# In the child this calls no further function: its thread comes to its end, and the process with it.
_thread.start_new_thread(any, (itertools.chain(map(step, [0]), map(work, iter(os.fork, 0))),))
done.acquire()
"""


def write(tmp_path, text):
    path = tmp_path / "app.py"
    path.write_text(text)
    return path


def counts(ghost):
    data = ghost.export()
    return {p["qualname"]: p["call_count"] for p in data["profiles"].values()}, data


def log_of(ghost, pid):
    (found,) = ghost.sessions()[0].glob(f"{pid}-*.ghost")
    return found


def test_missing_log_is_told(python, ghost, tmp_path):
    done = ghost.run([python.exe, write(tmp_path, PREFORK)], "-q", cwd=tmp_path)
    first, second, _ = done.out.decode().split()
    got, _ = counts(ghost)
    assert got["work"] == 200
    whole = ghost.command("report").out.decode()
    assert "missing" not in whole, whole          # the third said nothing, so it has nothing to be missed
    log_of(ghost, second).unlink()
    got, _ = counts(ghost)
    assert got["work"] == 100
    told = [line for line in ghost.command("report").out.decode().splitlines() if "missing" in line]
    assert len(told) == 1 and told[0].endswith(f"process {second}"), told


@pytest.mark.skipif(os.geteuid() != 0, reason="gives up root's rights")
def test_what_a_child_without_a_log_loses_is_counted(python, ghost, tmp_path):
    tmp_path.chmod(0o755)
    done = ghost.run([python.exe, write(tmp_path, NO_RIGHTS)], cwd=tmp_path)
    assert done.status == 0, done.err.decode()
    got, data = counts(ghost)
    assert got["work"] == 2
    said = [line for line in done.err.decode().splitlines() if "a forked process could not make a log of its own" in line]
    assert len(said) == 1 and "lost 101 events" in said[0], done.err.decode()    # child(), and 50 times work() and its end
    assert data["events_lost"] >= 101


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_pool_that_renews_its_processes(python, method, ghost, tmp_path):
    done = ghost.run([python.exe, write(tmp_path, POOL), method], cwd=tmp_path)
    assert done.out == b"36\n", done.err.decode()
    assert b"no end" not in done.err and b"(0 lost)" in done.err, done.err.decode()
    got, _ = counts(ghost)
    assert (got["task"], got["leaf"]) == (8, 8)


@pytest.mark.parametrize("module", ["threading", "_thread"])       # the first has a function that the child calls
def test_thread_that_forks_and_ends(python, module, ghost, tmp_path):
    """The child's only thread ends, and so does the process; that is no end of the parent's thread."""
    argv = [python.exe, "-W", "ignore", write(tmp_path, FORKING_THREAD), module]
    plain = harness.run(argv, cwd=tmp_path, timeout=60)
    done = ghost.run(argv, "--flush", "0.05", cwd=tmp_path, timeout=60)
    assert (done.status, done.out) == (plain.status, plain.out), done.err.decode()
    got, data = counts(ghost)
    assert (got["step"], got["work"]) == (20_001, 1) and data["events_lost"] == 0


def test_daemon_that_closes_everything(python, ghost, tmp_path):
    """Its files are its own, and no event is lost."""
    (tmp_path / "files").mkdir()
    done = ghost.run([python.exe, write(tmp_path, DAEMON), tmp_path / "done", tmp_path / "files"], "-q", cwd=tmp_path)
    assert done.status == 0, done.err.decode()
    for _ in range(600):
        if (tmp_path / "done").exists():
            break
        time.sleep(0.1)
    wait_for_end(ghost)
    assert [f.read_text() for f in sorted((tmp_path / "files").iterdir())] == ["mine"] * 20
    got, data = counts(ghost)
    assert got["work"] == 4010 and data["events_lost"] == 0


def wait_for_end(ghost):
    """Of every process that has a log."""
    for log in ghost.sessions()[0].glob("*.ghost"):
        try:
            pidfd = os.pidfd_open(int(log.name.split("-")[0]))
        except ProcessLookupError:
            continue
        try:
            select.select([pidfd], [], [], 100)
        finally:
            os.close(pidfd)
