"""One allocation fails, the n-th: a command says "out of memory" and exits 2, or does without and is right. It never
crashes, never prints something else, and what it leaves on disk is whole.

GHOST_TEST_STARVE=all tries every n (hours); a number, so many of each command (default 25)."""

import os
import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
GHOST = Path(os.environ.get("GHOST_BIN", REPOSITORY / "build" / "ghost"))
TOOLS = GHOST.parent / "tools"
SAMPLES = os.environ.get("GHOST_TEST_STARVE", "25")

pytestmark = pytest.mark.skipif(not (TOOLS / "story_log").exists(), reason="build/tools is not built (make tools)")

COMMANDS = {
    "import": ["import", "--force", "--jobs=1", "--events=all", "{new}"],
    "analyse": ["report", "--jobs=1", "--top=0", "{new}"],
    "report": ["report", "--jobs=1", "--top=0", "--format=json", "{old}"],
    "exceptions": ["report", "--exceptions", "{old}"],
    "time": ["report", "--time", "{old}"],
    "tree": ["report", "--tree={key}", "{old}"],
    "export": ["export", "--jobs=1", "{old}"],
    "sql": ["sql", "{old}", "SELECT fn_key, call_count FROM profiles ORDER BY 2 DESC, 1", "--format=csv"],
    "events": ["sql", "{old}", "SELECT * FROM events ORDER BY timestamp_ns LIMIT 50", "--format=json"],
    "anomalies": ["anomalies", "--jobs=1", "--format=json", "{old}"],
    "diff": ["diff", "--format=json", "{old}", "{other}"],
    "explain": ["explain", "--backend=template", "{key}", "{old}"],
    "pack": ["pack", "{old}", "-o", "{out}"],
    "merge": ["merge", "{old}", "{other}", "-o", "{out}"],
    "sessions": ["sessions", "--top=0", "--format=json", "--data-dir={data}"],
}


@pytest.fixture(scope="module")
def starved(tmp_path_factory):
    """The library, built by the compiler that builds Ghost."""
    library = tmp_path_factory.mktemp("starved") / "starved.so"
    compiler = os.environ.get("CC", shutil.which("cc") or "gcc")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, Path(__file__).with_name("starved_malloc.c")], check=True)
    return library


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A small session of everything, twice, one more that is never analysed before."""
    folder = tmp_path_factory.mktemp("sessions")
    data = folder / "data" / "sessions"
    for path in (folder / "old", folder / "new", folder / "other", data / "1600000000-00000001"):
        path.mkdir(parents=True)
        subprocess.run([TOOLS / "story_log", path], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([TOOLS / "gen_log", "-n", "500", "-o", folder / "other" / "9-00000009.ghost"], check=True, stdout=subprocess.DEVNULL)
    for name in ("old", "other"):
        subprocess.run([GHOST, "import", folder / name], check=True, capture_output=True)
    key = subprocess.run([GHOST, "sql", folder / "old", "SELECT fn_key FROM functions ORDER BY calls DESC LIMIT 1", "--format=csv"], check=True,
                         capture_output=True, text=True).stdout.splitlines()[1]
    return {"old": f"{folder}/old", "new": f"{folder}/new", "other": f"{folder}/other", "data": f"{folder}/data", "key": key, "out": f"{folder}/out"}


def run(argv, starved=None, at=0, count=None):
    env = {"PATH": os.environ["PATH"], "HOME": "/dev/null", "LC_ALL": "C.UTF-8"}
    if starved:
        env |= {"LD_PRELOAD": str(starved), "STARVE_AT": str(at), "STARVE_COUNT": str(count or "")}
    return subprocess.run([GHOST, *argv], env=env, capture_output=True, timeout=60)


def prepare(command, place):
    """Every try begins alike: `new` has no database, there is no output yet."""
    for path in (place["new"] + ".db", place["out"], place["data"] + "/sessions/.overview"):
        Path(path).unlink(missing_ok=True)


def numbers(total, command):
    if SAMPLES == "all":
        return range(1, total + 1)
    chance = random.Random(command)
    first = list(range(1, min(total, 6)))                 # options and settings
    return sorted(set(first + chance.sample(range(1, total + 1), min(total, int(SAMPLES)))))


def what(path):
    return Path(path).read_bytes() if Path(path).exists() else None


def figures(path):
    """Of an archive: zstd compresses a little less where it gets less memory."""
    if not Path(path).exists():
        return None
    done = run(["export", "--jobs=1", path])
    Path(path + ".db").unlink(missing_ok=True)
    return done.returncode, done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_an_allocation_fails(command, starved, place, tmp_path):
    if os.environ.get("LD_PRELOAD") or "-fsanitize" in os.environ.get("CFLAGS", ""):
        pytest.skip("the allocator is another's here")
    argv = [a.format(**place) for a in COMMANDS[command]]
    whole = run(["export", "--jobs=1", place["old"]])
    prepare(command, place)
    good = run(argv, starved, 0, tmp_path / "count")
    assert good.returncode in (0, 1), good.stderr
    total, out = int((tmp_path / "count").read_text()), what(place["out"])
    meaning = figures(place["out"])
    wrong, refused = [], 0
    for n in numbers(total, command):
        prepare(command, place)
        done = run(argv, starved, n, tmp_path / "n")
        told = bool(re.search(rb"(out of|too little|not enough|annot allocate) memory", done.stderr))
        if done.returncode == good.returncode:            # it did without: then all is there
            if done.stdout != good.stdout or (not told and what(place["out"]) != out and figures(place["out"]) != meaning):
                wrong.append((n, "printed something else", done.stderr[-300:]))
        elif done.returncode != 2 or not told:
            wrong.append((n, done.returncode, done.stderr[-300:]))
        refused += done.returncode == 2
        if done.returncode == 2 and what(place["out"]) is not None:
            wrong.append((n, "left half a file"))
        leftovers = [p.name for p in Path(place["old"]).parent.iterdir() if ".tmp" in p.name]
        if leftovers:
            wrong.append((n, "left", leftovers))
            for name in leftovers:
                (Path(place["old"]).parent / name).unlink()
    assert not wrong, f"{len(wrong)} of {total} allocations: {wrong[:12]}"
    assert refused or total > 50, (refused, total)
    assert run(["export", "--jobs=1", place["old"]]).stdout == whole.stdout
    if Path(place["new"] + ".db").exists():
        made = run(["export", "--jobs=1", place["new"]])
        Path(place["new"] + ".db").unlink()
        assert made.returncode == 0 and run(["export", "--jobs=1", place["new"]]).stdout == made.stdout
