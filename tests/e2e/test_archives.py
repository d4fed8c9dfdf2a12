"""Archives: what comes out of `ghost pack`, `unpack` and `merge` is what was recorded, however it is grouped or damaged."""

import itertools
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests" / "reader"))

import ghost_reader  # noqa: E402

GHOST = Path(os.environ.get("GHOST_BIN", REPOSITORY / "build" / "ghost"))
TOOLS = GHOST.parent / "tools"

pytestmark = pytest.mark.skipif(not (TOOLS / "gen_log").exists(), reason="build/tools is not built (make tools)")


def run(*args, status=0):
    done = subprocess.run(list(map(str, args)), capture_output=True, timeout=120)
    assert done.returncode == status, (args, done.stdout[-500:], done.stderr[-500:])
    return done.stdout, done.stderr.decode()


def ghost(*args, status=0):
    return run(GHOST, *args, status=status)


def ghost_any(*args):
    """Status and output of a command whose answer may be negative."""
    done = subprocess.run(list(map(str, [GHOST, *args])), capture_output=True, timeout=120)
    assert done.returncode in (0, 1), done.stderr[-500:]
    return done.returncode, done.stdout


def export(session):
    """Everything that an export says, but for the session's name."""
    out = json.loads(ghost("export", session, "--format", "json")[0])
    assert out.pop("session_id") is not None
    return out


def generate(path, seed, events=30_000, *more):
    run(TOOLS / "gen_log", "-n", events, "-o", path, "--seed", seed, *more)
    return path


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """One of everything: a log that ended, one that was killed, several threads, more than one block."""
    folder = tmp_path_factory.mktemp("sessions") / "1700000000-0000beef"
    folder.mkdir()
    run(TOOLS / "story_log", folder)
    generate(folder / "300-00000003.ghost", 3, 400_000, "--threads", 3)
    generate(folder / "400-00000004.ghost", 4, 5_000, "--unfinished")
    return folder


@pytest.fixture(scope="module")
def archive(session):
    path = session.parent / "packed.ghostpack"
    ghost("pack", session, "-o", path)
    return path


def test_an_archive_says_what_the_session_says(session, archive, tmp_path):
    expected = export(session)
    assert export(archive) == expected
    assert archive.stat().st_size < sum(log.stat().st_size for log in session.glob("*.ghost"))
    run("zstd", "-tq", archive)
    ghost("unpack", archive, "-o", tmp_path / "again")
    assert sorted(p.name for p in (tmp_path / "again").iterdir()) == sorted(p.name for p in session.glob("*.ghost"))
    assert export(tmp_path / "again") == expected
    ghost("pack", tmp_path / "again", "-o", tmp_path / "twice.ghostpack")
    assert export(tmp_path / "twice.ghostpack") == expected


def test_the_python_reader_agrees(session, archive, tmp_path):
    ghost("unpack", archive, "-o", tmp_path / "again")
    before, after = ghost_reader.export([session]), ghost_reader.export([tmp_path / "again"])
    assert before == after and before["events"] > 400_000


@pytest.mark.parametrize("level", [1, 19])
def test_levels(session, archive, tmp_path, level):
    ghost("pack", session, "-o", tmp_path / "a.ghostpack", "--level", level)
    assert export(tmp_path / "a.ghostpack") == export(archive)


def test_a_log_inside_is_a_log(session, archive):
    for log in sorted(session.glob("*.ghost")):
        inside = f"{archive}/{log.name}"
        assert b"0 faults" in ghost("log", "check", inside)[0]
        events = [line for line in ghost("log", "dump", log)[0].splitlines() if line.startswith(b"  ")]
        assert [line for line in ghost("log", "dump", inside)[0].splitlines() if line.startswith(b"  ")] == events
    ghost("log", "check", f"{archive}/../packed.ghostpack/1-00000000.ghost", status=2)


def test_every_command_takes_a_log_inside(session, archive, tmp_path):
    """As it takes the log itself; nothing is written beside it."""
    inside, alone = archive / "300-00000003.ghost", session / "300-00000003.ghost"
    before = sorted(p.name for p in archive.parent.iterdir())
    key = ghost("sql", alone, "SELECT fn_key FROM functions ORDER BY calls DESC LIMIT 1", "-f", "csv")[0].split()[1].decode()
    for command in (["export"], ["report", "--format", "json"], ["report", "--exceptions"], ["report", "--tree", key], ["anomalies", "-f", "json"],
                    ["report", "--from", "+1ms", "--time"], ["sql", "SELECT count(*), sum(latency_ns) FROM events"]):
        args = lambda log: [command[0], log, *command[1:]]  # noqa: E731
        assert ghost_any(*args(inside)) == ghost_any(*args(alone)), command
    assert json.loads(ghost("diff", inside, alone, "-f", "json")[0])["changed"] == []
    assert "Import the archive" in ghost("import", inside, status=1)[0].decode()
    assert "the whole archive is audited" in ghost("audit", inside, status=2)[1]
    assert sorted(p.name for p in archive.parent.iterdir() if p.name != "1700000000-0000beef") == [n for n in before if n != "1700000000-0000beef"]


def test_merging_does_not_care_for_the_order(session, archive, tmp_path):
    lone = generate(tmp_path / "500-00000005.ghost", 5)
    other = tmp_path / "other"
    other.mkdir()
    generate(other / "600-00000006.ghost", 6)
    shutil.copy(lone, other)                        # the same log a second time
    parts = [session, lone, other, archive]
    made = set()
    for order in list(itertools.permutations(parts))[::4]:
        ghost("merge", *order, "-o", tmp_path / "m.ghostpack")
        made.add((tmp_path / "m.ghostpack").read_bytes())
    for first, rest in ((parts[:1], parts[1:]), (parts[:2], parts[2:]), (parts[:3], parts[3:])):
        ghost("merge", *first, "-o", tmp_path / "left.ghostpack")
        ghost("merge", *rest, "-o", tmp_path / "right.ghostpack")
        ghost("merge", tmp_path / "right.ghostpack", tmp_path / "left.ghostpack", "-o", tmp_path / "m.ghostpack")
        made.add((tmp_path / "m.ghostpack").read_bytes())
    assert len(made) == 1
    merged = export(tmp_path / "m.ghostpack")
    assert merged["events"] == sum(export(part)["events"] for part in (session, lone, other / "600-00000006.ghost"))
    assert len(merged["processes"]) == 6


def test_an_archive_grows(session, tmp_path):
    """--into, in any order: the bytes of a merge of all at once. Two at the same time lose nothing; a damaged archive is left alone."""
    parts = []
    for i in range(5):
        parts.append(tmp_path / f"170000000{i}-0000000{i}")
        parts[i].mkdir()
        generate(parts[i] / "77-0000000a.ghost", 50 + i, 2_000)
    parts.append(session)
    ghost("merge", *parts, "-o", tmp_path / "all")
    whole = (tmp_path / "all").read_bytes()
    chance = random.Random(3)
    for i in range(3):
        chance.shuffle(parts)
        for part in parts:
            ghost("merge", "--into", tmp_path / f"grown{i}.ghostpack", part)
        assert (tmp_path / f"grown{i}.ghostpack").read_bytes() == whole
    figures = export(tmp_path / "grown0.ghostpack")
    ghost("merge", "--into", tmp_path / "grown0.ghostpack", parts[0], tmp_path / "grown1.ghostpack")
    assert (tmp_path / "grown0.ghostpack").read_bytes() == whole and export(tmp_path / "grown0.ghostpack") == figures
    together = [subprocess.Popen([GHOST, "merge", "--into", tmp_path / "raced.ghostpack", part], stderr=subprocess.DEVNULL) for part in parts]
    assert [p.wait(120) for p in together] == [0] * len(parts)
    assert (tmp_path / "raced.ghostpack").read_bytes() == whole
    cut = whole[:-100]
    (tmp_path / "cut.ghostpack").write_bytes(cut)
    assert "left as it is" in ghost("merge", "--into", tmp_path / "cut.ghostpack", parts[0], status=2)[1]
    assert (tmp_path / "cut.ghostpack").read_bytes() == cut
    assert "is none" in ghost("merge", "--into", session, parts[0], status=2)[1]
    ghost("merge", parts[0], status=2)
    ghost("merge", "--into", "x", "-o", "y", parts[0], status=2)


def test_files_are_their_owners_alone(session, tmp_path):
    """Whatever the umask; a file that is there keeps the mode that its owner gave it."""
    made = {"pack": "p.ghostpack", "merge": "m.ghostpack", "export": "e.json", "sql": "t.csv", "anomalies": "a.json", "diff": "d.json"}
    more = {"merge": ["-o"], "sql": ["SELECT 1", "-o"], "diff": [session, "-f", "json", "-o"], "anomalies": ["-f", "json", "-o"]}
    old = os.umask(0)
    try:
        for mode in (0o600, 0o640):
            for command, name in made.items():
                subprocess.run([GHOST, command, session, *more.get(command, ["-o"]), tmp_path / name], capture_output=True, timeout=60)
                assert (tmp_path / name).stat().st_mode & 0o777 == mode, (command, oct(mode))
                (tmp_path / name).chmod(0o640)
        ghost("import", "--force", tmp_path / "p.ghostpack")
        database = tmp_path / "p.ghostpack.db"
        assert database.stat().st_mode & 0o777 == 0o600
        database.chmod(0o644)
        ghost("import", "--force", tmp_path / "p.ghostpack")
        assert database.stat().st_mode & 0o777 == 0o644
    finally:
        os.umask(old)


def test_the_fuller_copy_counts(tmp_path):
    whole = generate(tmp_path / "1-00000001.ghost", 1, 300_000)
    cut = tmp_path / "cut"
    cut.mkdir()
    (cut / whole.name).write_bytes(whole.read_bytes()[:whole.stat().st_size // 2])
    for order in ([whole, cut], [cut, whole]):
        ghost("merge", *order, "-o", tmp_path / "m.ghostpack")
        assert export(tmp_path / "m.ghostpack") == export(whole)


def test_two_processes_of_one_name(tmp_path):
    for host in "ab":
        (tmp_path / host).mkdir()
        generate(tmp_path / host / "7-00000007.ghost", ord(host))
    identities = {(tmp_path / host / "7-00000007.ghost").read_bytes()[24:40] for host in "ab"}
    if len(identities) == 1:
        pytest.skip("gen_log gives all logs one identity")
    ghost("merge", tmp_path / "a", tmp_path / "b", "-o", tmp_path / "m.ghostpack")
    assert len(export(tmp_path / "m.ghostpack")["processes"]) == 2


def test_damage_costs_what_it_hits(session, archive, tmp_path):
    whole = archive.read_bytes()
    events = {log.name: export(log)["events"] for log in session.glob("*.ghost")}
    cut = tmp_path / "cut.ghostpack"
    for size in (len(whole) - 1, len(whole) - 40, len(whole) // 2, 3000):
        cut.write_bytes(whole[:size])
        assert export(cut)["events"] <= sum(events.values())
    cut.write_bytes(whole[:len(whole) - 1])         # only the directory is lost
    assert export(cut)["events"] == sum(events.values())
    ghost("unpack", cut, "-o", tmp_path / "again", status=1)
    assert len(list((tmp_path / "again").iterdir())) == len(events)


def test_hostile_archives(archive, tmp_path):
    """Any byte may be anything: a message or a result, never a crash, and nothing outside of the folder."""
    whole, rng = archive.read_bytes(), random.Random(1)
    path = tmp_path / "x.ghostpack"
    for i in range(60):
        data = bytearray(whole)
        for _ in range(rng.randrange(1, 4)):
            at = rng.choice([rng.randrange(300), len(data) - 1 - rng.randrange(300), rng.randrange(len(data))])
            data[at] = rng.randrange(256)
        path.write_bytes(data)
        inside = tmp_path / "in" / str(i)
        inside.parent.mkdir(exist_ok=True)
        for args in (("report", path), ("unpack", path, "-o", inside)):
            done = subprocess.run([GHOST, *map(str, args)], capture_output=True, timeout=60)
            assert done.returncode in (0, 1, 2), done.stderr
        for log in inside.iterdir() if inside.exists() else ():
            assert log.suffix == ".ghost" and log.is_file()
    assert {p.name for p in tmp_path.iterdir()} <= {"x.ghostpack", "x.ghostpack.db", "in"}


def test_what_is_there_is_not_written_over(archive, tmp_path):
    ghost("unpack", archive, "-o", tmp_path / "a")
    before = {p.name: p.read_bytes() for p in (tmp_path / "a").iterdir()}
    ghost("unpack", archive, "-o", tmp_path / "a", status=2)
    assert {p.name: p.read_bytes() for p in (tmp_path / "a").iterdir()} == before
    os.symlink(tmp_path / "elsewhere", tmp_path / "a" / "link")
    (tmp_path / "b").mkdir()
    os.symlink(tmp_path / "elsewhere", tmp_path / "b" / sorted(before)[0])
    ghost("unpack", archive, "-o", tmp_path / "b", status=1)
    assert not (tmp_path / "elsewhere").exists()


def test_archives_among_the_sessions(session, archive, tmp_path):
    root = tmp_path / "sessions"
    root.mkdir()
    shutil.copy(archive, root / "1700000009-0000cafe.ghostpack")
    shutil.copytree(session, root / "1700000001-0000beef")
    listed = json.loads(ghost("sessions", "--data-dir", tmp_path, "--format", "json")[0])["sessions"]
    assert [s["session_id"] for s in listed] == ["1700000009-0000cafe", "1700000001-0000beef"]
    assert listed[0]["processes"] == listed[1]["processes"] and listed[0]["events"] == listed[1]["events"]
    out = json.loads(ghost("export", "1700000009", "--data-dir", tmp_path, "--format", "json")[0])
    assert out["session_id"] == "1700000009-0000cafe" and out["events"] == export(session)["events"]
