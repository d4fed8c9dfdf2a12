"""Ghost in bad surroundings: the program does not notice, its files are its own, and what is lost is told.

Every test compares the program's output, error output and status with its plain run.
"""
import contextlib
import os
import resource
import shutil
import stat
import subprocess
import threading
import time

import pytest

import harness

VICTIMS = harness.APPS / "victims"
BUSY = VICTIMS / "busy.py"
COUNT = 300_000
is_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it mounts a small file system")


@contextlib.contextmanager
def small_disk(folder, options):
    folder.mkdir(exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "ghost-test", folder], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def recorded_and_lost(ghost):
    """Events in the log and events told as lost, of the newest session; nothing may be lost without a number."""
    exported = ghost.export()
    assert not any(loss["uncounted"] for loss in exported["losses"]), exported["losses"]
    return exported["events"], exported["events_lost"]


@contextlib.contextmanager
def nearly_full_disk(folder, room):
    """A disk of 3 MiB on which all but `room` bytes is a file named ballast."""
    with small_disk(folder, "size=3m") as disk:
        (disk / "ballast").write_bytes(bytes(3 * 2**20 - room))
        yield disk


def step_calls(ghost):
    return sum(p["call_count"] for p in ghost.export()["profiles"].values() if p["qualname"] == "step")


def run_both(ghost, argv, *options, **popen):
    """Plain and recorded; equal in what the program does. The recorded one is returned."""
    plain = harness.run(argv, **popen)
    recorded = ghost.run(argv, *options, **popen)
    assert recorded.same_as(plain), recorded.err.decode()
    return recorded


def events_of(tmp_path, argv, status=0):
    """How many events the program makes: the same everywhere, whatever becomes of them. A process that
    is killed or leaves may do so while a frame is being written; its events are in its rings then."""
    ghost = harness.Ghost(tmp_path / "reference")
    assert ghost.run(argv, "-q").status == status
    exported = ghost.export()
    assert not exported["losses"] and all(damage["cut"] for damage in exported["damages"]) and exported["events"] >= 1000
    return exported["events"]


def assert_all_accounted(ghost, tmp_path, argv, result):
    """Every event is in the log or told as lost, and the loss was told to the user."""
    events, lost = recorded_and_lost(ghost)
    assert lost > 0, "the test did not make the disk full"
    assert events + lost == events_of(tmp_path, argv)
    assert b"lost" in result.err, result.err.decode()


@is_root
@pytest.mark.parametrize("policy", ["wait", "drop"])
def test_full_disk(python, tmp_path, policy):
    with nearly_full_disk(tmp_path / "disk", 395_728) as disk:     # for the live files and a part of the log
        ghost = harness.Ghost(disk / "data")
        argv = [python.exe, BUSY, COUNT * 5, 2]
        done = run_both(ghost, argv, "--on-full", policy, timeout=60)
        assert_all_accounted(ghost, tmp_path, argv, done)


@is_root
@pytest.mark.parametrize("policy", ["wait", "drop"])
@pytest.mark.parametrize("room", [120_000, 300_000])
def test_full_disk_that_gets_room(python, tmp_path, policy, room):
    """Whether what is lost is told in the log, in the journal or in both: once."""
    with nearly_full_disk(tmp_path / "disk", room) as disk:
        ghost = harness.Ghost(disk / "data")
        argv = [python.exe, BUSY, COUNT * 3, 3]
        room_again = threading.Timer(0.4, (disk / "ballast").unlink)
        room_again.start()
        done = ghost.run(argv, "--on-full", policy, timeout=60)
        room_again.join()
        assert done.status == 0
        events, lost = recorded_and_lost(ghost)
        assert events + lost == events_of(tmp_path, argv)


@is_root
@pytest.mark.parametrize("policy", ["wait", "drop"])
@pytest.mark.parametrize("room", [200_000, 300_000, 600_000])
@pytest.mark.parametrize("end", ["exit", "leave", "kill"])
def test_full_disk_and_forks(python, tmp_path, policy, room, end):
    """A child may have a log and no place for a journal or a ring: its parent tells what it lost, however it ended."""
    with nearly_full_disk(tmp_path / "disk", room) as disk:
        ghost = harness.Ghost(disk / "data")
        argv = [python.exe, BUSY, COUNT, 1, 3, end]
        done = run_both(ghost, argv, "--on-full", policy, timeout=60)
        assert_all_accounted(ghost, tmp_path, argv, done)


@is_root
@pytest.mark.parametrize("policy", ["wait", "drop"])
@pytest.mark.parametrize("room", [120_000, 200_000, 400_000])
@pytest.mark.parametrize("end", ["leave", "kill"])
def test_full_disk_and_no_farewell(python, tmp_path, policy, room, end):
    """Nobody is there to tell what threads without a place for a ring had not yet in the log: their headers are in the journal."""
    with nearly_full_disk(tmp_path / "disk", room) as disk:
        ghost = harness.Ghost(disk / "data")
        argv = [python.exe, BUSY, COUNT, 4, 0, end]
        done = run_both(ghost, argv, "--on-full", policy, timeout=60)
        events, lost = recorded_and_lost(ghost)
        assert lost > 0, "the test did not make the disk full"
        assert events + lost == events_of(tmp_path, argv, done.status)


@is_root
def test_disk_full_from_the_start(python, tmp_path):
    with small_disk(tmp_path / "disk", "size=64k") as disk:
        with contextlib.suppress(OSError):
            (disk / "ballast").write_bytes(bytes(1 << 20))
        ghost = harness.Ghost(disk / "data")
        done = run_both(ghost, [python.exe, BUSY, 1000])
        assert done.err, "nobody was told that nothing is recorded"


@is_root
def test_read_only_data_directory(python, tmp_path):
    with small_disk(tmp_path / "disk", "size=1m") as disk:
        (disk / "data").mkdir()
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        done = run_both(harness.Ghost(disk / "data"), [python.exe, BUSY, 1000])
        assert str(disk).encode() in done.err


@pytest.mark.parametrize("place", ["/dev/null/data", "/proc/nowhere"])
def test_data_directory_that_cannot_be(python, place):
    done = run_both(harness.Ghost(place), [python.exe, BUSY, 1000])
    assert place.encode() in done.err


def test_no_home(python, tmp_path):
    env = harness.clean_environment(HOME="/dev/null/home")
    plain = harness.run([python.exe, BUSY, 1000], env=env)
    recorded = harness.run([harness.GHOST, "run", python.exe, BUSY, 1000], env=env)
    assert recorded.same_as(plain) and b"/dev/null/home" in recorded.err


def limit_file_size(size):
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_file_size_limit(python, ghost, tmp_path):
    """RLIMIT_FSIZE: no SIGXFSZ, the rest is counted as lost."""
    done = run_both(ghost, [python.exe, BUSY, COUNT * 3], preexec_fn=limit_file_size(100_000), timeout=60)
    assert_all_accounted(ghost, tmp_path, [python.exe, BUSY, COUNT * 3], done)


def test_file_size_limit_of_nothing(python, ghost):
    done = run_both(ghost, [python.exe, BUSY, 1000], preexec_fn=limit_file_size(0), timeout=60)
    assert done.err


def test_size_cap(python, ghost, tmp_path):
    done = run_both(ghost, [python.exe, BUSY, COUNT * 3], "--max-log", "100k", timeout=60)
    assert_all_accounted(ghost, tmp_path, [python.exe, BUSY, COUNT * 3], done)
    size = sum(f.stat().st_size for s in ghost.sessions() for f in s.glob("*.ghost"))
    assert size < 200_000, "the log is much larger than its cap"


@pytest.mark.parametrize("closed", ["2", "1", "0", "1 2", "0 1 2"])
def test_closed_standard_streams(python, ghost, tmp_path, closed):
    """What the program writes to a closed descriptor fails as it did, and never lands in Ghost's files."""
    closing = " ".join(f"{fd}>&-" if fd != "0" else "0<&-" for fd in closed.split())
    answers = {}
    for name, prefix in ("plain", []), ("recorded", [str(harness.GHOST), "run"]):
        file = tmp_path / name
        done = harness.run(["sh", "-c", f'exec "$@" {closing}', "sh", *prefix, python.exe, VICTIMS / "descriptors.py", file],
                           env=ghost.environment())
        answers[name] = (done.status, done.out, file.read_text())
    assert answers["recorded"] == answers["plain"]
    profiles = {p["qualname"]: p for p in ghost.export()["profiles"].values()}
    assert profiles["step"]["call_count"] == 2000
    assert_logs_sound(ghost)


def assert_logs_sound(ghost):
    for session in ghost.sessions():
        for log in session.glob("*.ghost"):
            done = ghost.command("log", "check", log)
            assert done.status == 0, done.out.decode() + done.err.decode()


def test_descriptors_are_as_without_ghost(python, ghost, tmp_path):
    """Same open descriptors, same lowest free one, same number until EMFILE, none inherited by a child."""
    answers = []
    for runner in (harness.run, ghost.run):
        runner([python.exe, VICTIMS / "descriptors.py", tmp_path / "answers"])
        answers.append((tmp_path / "answers").read_text())
    assert answers[0] == answers[1]
    assert step_calls(ghost) == 2000


@pytest.mark.parametrize("how", ["range", "each", "dup2"])
def test_program_closes_foreign_descriptors(python, ghost, tmp_path, how):
    check_closing(python, ghost, tmp_path, how, 1000 + 50 * 2000 + 2000)


def test_daemon(python, ghost, tmp_path):
    """Double fork, all descriptors closed: the grandchild's calls are recorded, after `ghost run` has ended."""
    check_closing(python, ghost, tmp_path, "daemon", 1000 + 50 * 2000 + 2000)


def check_closing(python, ghost, tmp_path, how, calls):
    contents = []
    for name, runner in ("plain", harness.run), ("recorded", ghost.run):
        folder = tmp_path / name
        folder.mkdir()
        runner([python.exe, VICTIMS / "closes_everything.py", folder, how])
        wait_for(folder / "done")
        contents.append({f.name: f.read_bytes() for f in folder.iterdir()})
    assert contents[0] == contents[1], "something else was written into the program's files"
    wait_until(lambda: step_calls(ghost) >= calls)
    assert step_calls(ghost) == calls
    assert recorded_and_lost(ghost)[1] == 0
    assert_logs_sound(ghost)


def live_files(ghost):
    return [f for s in ghost.sessions() for f in s.iterdir() if f.suffix != ".ghost"]


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def wait_for(file):
    wait_until(file.exists)


def test_private_files(python, ghost, tmp_path):
    """0600 in 0700, whatever the umask, while it runs and afterwards."""
    script = tmp_path / "app.py"
    script.write_text("import os, sys, threading\n"
                      "def f(): pass\n"
                      "f()\n"
                      "t = threading.Thread(target=f); t.start(); t.join()\n"
                      "sys.stdout.write('ready\\n'); sys.stdout.flush()\n"
                      "sys.stdin.read()\n")
    process = subprocess.Popen([harness.GHOST, "run", python.exe, script], env=ghost.environment(), preexec_fn=lambda: os.umask(0),
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout.readline() == b"ready\n"
    seen = private(ghost)
    assert any(name.endswith(".ghost") for name in seen) and len(seen) > 2
    process.communicate()
    private(ghost)


def private(ghost):
    names = []
    for path in [ghost.data, *ghost.data.rglob("*")]:
        info = path.lstat()
        wanted = 0o700 if stat.S_ISDIR(info.st_mode) else 0o600
        assert stat.S_IMODE(info.st_mode) == wanted, f"{path} has mode {stat.S_IMODE(info.st_mode):o}"
        names.append(path.name)
    return names


def test_planted_links_are_not_followed(python, ghost, tmp_path):
    """A link in the session's folder is no log: neither written through nor read."""
    assert ghost.run([python.exe, BUSY, 100], "-q").status == 0
    session, = ghost.sessions()
    log, = session.glob("*.ghost")
    victim = tmp_path / "victim"
    victim.write_bytes(log.read_bytes())
    (session / "1-00000000.ghost").symlink_to(victim)
    assert step_calls(ghost) == 100
    assert victim.read_bytes() == log.read_bytes()


@is_root
@pytest.mark.parametrize("when, calls", [("after", 3000), ("before", 1000)])
def test_rights_given_up(python, ghost, when, calls):
    """setuid of the recorded process and in its child. Who may not write the folder any more says what is missing."""
    done = run_both(ghost, [python.exe, VICTIMS / "becomes_nobody.py", when])
    found = step_calls(ghost)
    if when == "after":
        assert found == calls and recorded_and_lost(ghost)[1] == 0
    else:
        assert found >= calls
        assert found == 2 * calls + 1000 or b"lost" in done.err or b"not recorded" in done.err, done.err.decode()


def test_memory_is_not_unbounded(python, ghost, tmp_path):
    """500 threads that each record a little: files are gone afterwards, nothing is lost."""
    done = run_both(ghost, [python.exe, BUSY, 50_000, 500], timeout=100)
    assert done.status == 0
    assert step_calls(ghost) == 50_000
    assert recorded_and_lost(ghost)[1] == 0 and not live_files(ghost)


def test_nothing_of_values_in_the_log(python, ghost, tmp_path):
    """No argument, return value, exception message, string constant, environment or command-line argument."""
    secrets = [f"secret{i}x{os.urandom(4).hex()}" for i in range(6)]
    script = tmp_path / "app.py"
    script.write_text(f"import sys, os\n"
                      f"def f(x, *a, **k): return x\n"
                      f"def g(x={secrets[0]!r}):\n    '''{secrets[1]}'''\n    raise ValueError({secrets[2]!r} + x)\n"
                      f"def h(x: \"Literal['{secrets[3]}']\" = 1): return {secrets[3]!r}\n"
                      f"f({secrets[0]!r}, {secrets[1]!r}, k={secrets[2]!r}); h()\n"
                      f"f(sys.argv[1]); f(os.environ['HIDDEN'])\n"
                      f"try: g()\nexcept ValueError: pass\n")
    env = dict(ghost.environment(HIDDEN=secrets[5]))
    assert harness.run([harness.GHOST, "run", "-q", python.exe, script, secrets[4]], env=env).status == 0
    for session in ghost.sessions():
        for log in session.glob("*.ghost"):
            raw = subprocess.run(["zstd", "-dc", log], capture_output=True).stdout if shutil.which("zstd") else b""
            raw += log.read_bytes() + ghost.command("log", "dump", log).out
            assert b"app" in raw
            for secret in secrets:
                assert secret.encode() not in raw
