"""ghost clean removes what it says, and nothing else."""

import os
import subprocess
import time
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
GHOST = Path(os.environ.get("GHOST_BIN", REPOSITORY / "build" / "ghost"))
DAY = 86400

pytestmark = pytest.mark.skipif(not GHOST.exists(), reason=f"{GHOST} is not built")


def clean(data, *args, status=0):
    done = subprocess.run([GHOST, "clean", "--data-dir", data, *args], capture_output=True, text=True, timeout=60)
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def data(tmp_path):
    """Five sessions, the newest of today, each a day older than the one before, 1000 bytes each."""
    root = tmp_path / "data" / "sessions"
    root.mkdir(parents=True)
    for days in range(5):
        folder = root / f"{1700000000 - days * DAY}-0000000{days}"
        folder.mkdir()
        log = folder / "999999999-00000001.ghost"
        log.write_bytes(bytes(900))
        (root / f"{folder.name}.db").write_bytes(bytes(100))
        age(folder, days)
    return tmp_path / "data"


def age(folder, days):
    then = time.time() - days * DAY - 60
    for path in [*folder.iterdir(), folder]:
        os.utime(path, (then, then))


def left(data):
    return sorted((path.name for path in (data / "sessions").iterdir()), reverse=True)


def names(*days, suffixes=("", ".db")):
    return sorted((f"{1700000000 - d * DAY}-0000000{d}{s}" for d in days for s in suffixes), reverse=True)


def test_old_ones_go(data):
    before = left(data)
    said = clean(data, "--older-than", "2.5", "--dry-run")
    assert left(data) == before and said.count("would remove") == 2 and "2.0 kB" in said
    said = clean(data, "--older-than", "2.5")
    assert left(data) == names(0, 1, 2) and "2 sessions removed, 2.0 kB freed" in said


def test_the_last_ones_stay(data):
    clean(data, "--older-than", "0.5", "--keep-last", "3")
    assert left(data) == names(0, 1, 2)
    clean(data, "--older-than", "0.0001")
    assert left(data) == names(0)          # the newest by default


def test_size(data):
    clean(data, "--max-size", "2500")
    assert left(data) == names(0, 1)


def test_a_session_being_recorded_stays(data):
    folder = data / "sessions" / names(4, suffixes=("",))[0]
    (folder / f"{os.getpid()}-00000009.1.ring").write_bytes(bytes(10))
    age(folder, 4)
    said = clean(data, "--older-than", "2.5")
    assert left(data) == names(0, 1, 2, 4) and "being recorded" in said


def test_foreign_files_and_links(data, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "1-00000001.ghost").write_text("mine")
    old, older = (data / "sessions" / names(d, suffixes=("",))[0] for d in (3, 4))
    (old / "notes.txt").write_text("mine")
    (older / "2-00000002.ghost").symlink_to(outside / "1-00000001.ghost")
    (data / "sessions" / "1600000000-0000abcd").symlink_to(outside)
    for folder, days in ((old, 3), (older, 4)):
        then = time.time() - days * DAY
        os.utime(folder, (then, then))
        os.utime(folder / "notes.txt", (then, then)) if days == 3 else None
    said = clean(data, "--older-than", "2.5", "--keep-last", "0", status=1)
    assert "not Ghost's" in said and (old / "notes.txt").read_text() == "mine"
    assert (outside / "1-00000001.ghost").read_text() == "mine" and (data / "sessions" / "1600000000-0000abcd").is_symlink()


def test_it_wants_to_know_what(data):
    assert "--older-than" in clean(data, status=2)
    assert len(left(data)) == 10
