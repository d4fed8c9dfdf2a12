"""The analysis kept in SQLite: what it holds, when it is made anew, and what nothing may do to it.

The figures are compared with those of `ghost export` on logs alone (a folder that cannot be written to),
the queries are run by the plain sqlite3 shell, and the faults are made from outside: other bytes, signals,
full and read-only file systems.
"""
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import time

import pytest

import harness

TOOLS = harness.GHOST.parent / "tools"
SHELL = shutil.which("sqlite3")
KILLS = int(os.environ.get("GHOST_TEST_KILLS", 60))      # 200 for the full proof
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system: needs root")

# ghost-observer 0.1.0, _storage.py: the columns of its tables in their order
SEED = {
    "sessions": "session_id script_path pid started_at ended_at total_events",
    "events": "id session_id fn_key event arg_types ret_or_exc is_exception timestamp_ns caller_key",
    "profiles": "session_id fn_key call_count exception_count arg_type_dist ret_type_dist callers callees "
                "total_latency_ns min_latency_ns max_latency_ns",
}

APP = '''
import threading
class Order: pass
def discount(price: int, quantity: int = 1) -> int:
    return int(price * quantity * 0.9)
def validate(order, *args, flag=False, **kw):
    if order is None:
        raise KeyError("x")
    return True
def import_job(n):
    for i in range(n):
        try:
            validate(None if i % 10 < 3 else Order(), i, flag=bool(i % 2), a=1)
        except KeyError:
            pass
def web():
    for i in range(50):
        discount(i, 2.5 if i % 5 == 0 else 3)
    validate(Order())
thread = threading.Thread(target=import_job, args=(100,))
thread.start(); thread.join()
web()
'''


def story(folder):
    subprocess.run([TOOLS / "story_log", folder], check=True)
    return folder


def generate(path, events, *options):
    subprocess.run([TOOLS / "gen_log", "-n", str(events), "-o", path, *options], check=True, stdout=subprocess.DEVNULL)
    return path


def db_of(session):
    return pathlib.Path(f"{session}.db")


def identity(path):
    s = os.stat(path)
    return s.st_ino, s.st_mtime_ns, s.st_size


def temporaries(folder):
    return [p.name for p in pathlib.Path(folder).iterdir() if p.name.endswith(".tmp")]


def good(done):
    assert done.status == 0, done.err.decode()
    return done


@pytest.fixture
def interpreter():
    return harness.pythons()[-1].exe


@pytest.fixture
def recorded(ghost, interpreter, tmp_path):
    """A session of APP, not analysed yet."""
    app = tmp_path / "app.py"
    app.write_text(APP)
    good(ghost.run([interpreter, app]))
    return ghost.sessions()[0]


def ask(session, sql, *options):
    return subprocess.run([SHELL, *options, db_of(session), sql], check=True, capture_output=True, text=True).stdout


# ---- what is in it ----

def test_a_model_comes_back_field_by_field(ghost, tmp_path):
    """Programs of every category, generated logs, a killed process: see tests/tools/model_dump.h."""
    python = harness.pythons()[-1]
    for name in ("threads", "generators", "coroutines", "exc_forms", "many_signatures", "annotations_lazy", "forks", "hostile",
                 "deep_exceptions", "pep695"):
        options = harness.app_options(harness.APPS / f"{name}.py")
        if python.minor >= tuple(int(n) for n in options.get("min", "3.11").split(".")):
            ghost.run([python.exe, harness.APPS / f"{name}.py", *options.get("args", "").split(";")[:1]])
    logs = [story(tmp_path / "story"), generate(tmp_path / "1-00000001.ghost", 30000, "--threads", "4"),
            generate(tmp_path / "2-00000002.ghost", 30000, "--unfinished"), *ghost.sessions()]
    assert len(logs) > 9
    done = subprocess.run([TOOLS / "db_roundtrip", *logs], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("the same") == len(logs)


def test_the_fields_are_compared(tmp_path):
    """The comparer does see fields: two sessions differ, and one value can be found."""
    a = subprocess.run([TOOLS / "db_roundtrip", "--dump", story(tmp_path / "a")], capture_output=True, text=True).stdout
    b = subprocess.run([TOOLS / "db_roundtrip", "--dump", generate(tmp_path / "1-00000001.ghost", 1000)], capture_output=True, text=True).stdout
    assert a.split("\n", 1)[1] != b.split("\n", 1)[1]
    assert " start_real=" in a and " mro=" in a and " log_squares=" in a and " members" not in a


@pytest.mark.skipif(not SHELL, reason="needs the sqlite3 shell")
def test_queries_of_the_reference_product(ghost, recorded):
    """Its users' queries, in the shell, against the export made from the logs alone."""
    export = ghost.export(recorded.name)["profiles"]
    for table, columns in SEED.items():
        got = ask(recorded, f"SELECT group_concat(name, ' ') FROM pragma_table_info('{table}')").strip()
        assert got == columns if table != "events" else got.startswith(columns + " ")
    top = ask(recorded, "SELECT fn_key, call_count FROM profiles ORDER BY call_count DESC LIMIT 10").splitlines()
    assert top[0] == "app:validate:6|101" and top[1] == "app:discount:4|50"
    rows = json.loads(ask(recorded, "SELECT * FROM profiles", "-json"))
    assert {r["fn_key"] for r in rows} == set(export)
    for row in rows:
        p = export[row["fn_key"]]
        for column in ("call_count", "exception_count", "total_latency_ns", "min_latency_ns", "max_latency_ns"):
            assert row[column] == p[column]
        for column in ("arg_type_dist", "ret_type_dist", "callers", "callees"):
            assert json.loads(row[column]) == p[column]
            assert row[column] == json.dumps(p[column]), "as json.dumps writes it, most frequent first"
    slow = ask(recorded, "SELECT fn_key FROM profiles ORDER BY total_latency_ns * 1.0 / call_count DESC LIMIT 1")
    assert slow.strip() == max(export.values(), key=lambda p: p["total_latency_ns"] / p["call_count"])["fn_key"]
    assert ask(recorded, "SELECT fn_key, exception_count FROM profiles WHERE exception_count > 0") == "app:validate:6|30\n"
    types = ask(recorded, "SELECT arg_type_dist FROM profiles WHERE fn_key LIKE '%:discount:%'")
    assert json.loads(types) == {"(int, int)": 40, "(int, float)": 10}
    assert ask(recorded, "SELECT script_path LIKE '%app.py', pid > 0, ended_at >= started_at, total_events FROM sessions").strip() == \
        f"1|1|1|{sum(2 * p['call_count'] for p in export.values())}"


@pytest.mark.skipif(not SHELL, reason="needs the sqlite3 shell")
def test_events_of_the_reference_product(ghost, recorded):
    good(ghost.command("import", recorded.name))
    events = json.loads(ask(recorded, "SELECT * FROM events WHERE fn_key = 'app:validate:6' ORDER BY timestamp_ns", "-json"))
    assert [e["event"] for e in events] == ["call", "return"] * 101
    assert [e["timestamp_ns"] for e in events] == sorted(e["timestamp_ns"] for e in events)
    assert sum(e["is_exception"] for e in events) == 30
    assert {e["ret_or_exc"] for e in events if e["event"] == "return"} == {"bool", "KeyError"}
    assert {tuple(json.loads(e["arg_types"])) for e in events if e["event"] == "call"} == \
        {(t, "*tuple", "flag=bool", "**dict") for t in ("NoneType", "Order")} | {("Order", "*tuple", "flag=bool", "**dict")}
    assert all(e["arg_types"] == "[]" for e in events if e["event"] == "return")
    assert {e["caller_key"] for e in events} == {"app:import_job:10", "app:web:16"}
    assert int(ask(recorded, "SELECT (SELECT count(*) FROM events) = (SELECT total_events FROM sessions)")) == 1


@pytest.mark.skipif(not SHELL, reason="needs the sqlite3 shell")
def test_joint_facts(ghost, recorded):
    """None comes only from import_job, and all of those calls raise KeyError."""
    good(ghost.command("import", recorded.name))
    where = "WHERE fn_key = 'app:validate:6' AND signature LIKE '(NoneType,%'"
    assert ask(recorded, f"SELECT caller_key, calls, exceptions, exception_rate FROM caller_signatures {where}") == "app:import_job:10|30|30|1.0\n"
    assert ask(recorded, f"SELECT exception, origin, count, rate FROM signature_exceptions {where}") == "KeyError|raised|30|1.0\n"
    assert ask(recorded, f"SELECT finished FROM signature_latency {where}") == "30\n"
    assert ask(recorded, "SELECT round(sum(share), 9) FROM caller_signatures WHERE fn_key = 'app:validate:6'") == "1.0\n"
    assert ask(recorded, "SELECT param, annotation, type, calls FROM argument_types WHERE fn_key = 'app:discount:4' ORDER BY 1, 3") == \
        "price|int|int|50\nquantity|int|float|10\nquantity|int|int|40\n"
    assert ask(recorded, "SELECT sum(calls) FROM latency_histogram WHERE fn_key = 'app:discount:4'") == "50\n"
    low, high = map(int, ask(recorded, "SELECT min(lower_ns), max(lower_ns + width_ns) FROM latency_histogram WHERE fn_key = 'app:discount:4'").split("|"))
    buckets = ask(recorded, "SELECT lower_ns, width_ns FROM latency_histogram").split()
    assert len(buckets) > 5
    for low_and_width in buckets:                      # exact below 128 ns, then 64 buckets an octave
        lower, width = map(int, low_and_width.split("|"))
        assert width == max(1, 1 << max(0, lower.bit_length() - 7)) and lower % width == 0
    least, most = map(int, ask(recorded, "SELECT min_ns, max_ns FROM functions WHERE fn_key = 'app:discount:4'").split("|"))
    assert low <= least and most < high
    for view in ask(recorded, "SELECT group_concat(name, ' ') FROM sqlite_schema WHERE type = 'view'").split():
        ask(recorded, f"SELECT * FROM {view} LIMIT 5")


def test_blocks_hold_all_events(ghost, interpreter, tmp_path):
    """Of finished logs, whose index counts them, and of a killed process with what is in its rings; by thread and time."""
    session = tmp_path / "s"
    session.mkdir()
    generate(session / "1-00000001.ghost", 300000, "--threads", "3")
    generate(session / "2-00000002.ghost", 200000, "--unfinished")
    app = tmp_path / "dies.py"
    app.write_text("import os, signal\ndef step(): pass\nfor i in range(1000): step()\nos.kill(os.getpid(), signal.SIGKILL)\n")
    ghost.run([interpreter, app])
    for folder in (session, ghost.sessions()[0]):
        good(ghost.command("import", f"{folder}/"))
        for row in json.loads(ask(folder, "SELECT p.events, p.blocks, sum(b.events) AS sum, count(*) AS n, min(begin_ns) AS first, max(b.end_ns) AS last,"
                                  " p.start_ns, p.end_ns, p.clean_end, max(b.tail) AS tail FROM block b JOIN process p ON p.id = b.process"
                                  " GROUP BY p.id", "-json")):
            assert row["sum"] == row["events"] or (not row["clean_end"] and (row["sum"] or 0) < row["events"])
            assert row["blocks"] == row["n"] > 0
            assert row["start_ns"] <= row["first"] <= row["last"] <= row["end_ns"] + 1000      # clocks are tied at both ends of each block
            assert row["tail"] == (folder != session)
    assert ask(session, "SELECT count(DISTINCT thread) FROM block") == ask(session, "SELECT count(*) FROM thread")


def test_the_page_of_the_schema_is_current(ghost):
    page = harness.ROOT / "docs" / "db-schema.md"
    assert good(ghost.command("sql", "--schema")).out.decode() == page.read_text(), "write it with: build/ghost sql --schema >docs/db-schema.md"


# ---- when it is made ----

def test_made_once_and_kept(ghost, recorded):
    first = good(ghost.command("report", "--format", "json"))
    made = identity(db_of(recorded))
    assert oct(db_of(recorded).stat().st_mode & 0o777) == "0o600"
    assert good(ghost.command("report", "--format", "json")).out == first.out
    assert identity(db_of(recorded)) == made, "the second command made it again"
    good(ghost.command("import", "--force"))
    assert identity(db_of(recorded)) != made
    assert not temporaries(recorded.parent)


def test_the_bytes_of_the_logs_decide(ghost, tmp_path):
    session = story(tmp_path / "s")
    good(ghost.command("import", f"{session}/"))
    made = identity(db_of(session))
    for log in session.glob("*.ghost"):
        os.utime(log, ns=(1, 1))                       # touched, or copied: the same bytes
    good(ghost.command("report", f"{session}/"))
    assert identity(db_of(session)) == made
    log = sorted(session.glob("*.ghost"))[0]
    before = ghost.command("export", f"{session}/").out
    data = bytearray(log.read_bytes())
    data[len(data) // 2] ^= 0xff                       # other bytes, same size
    log.write_bytes(data)
    after = ghost.command("export", f"{session}/").out
    assert after != before and b"damage" in after
    generate(session / "900-00000009.ghost", 1000)     # a process that came later
    assert len(json.loads(ghost.command("sql", f"{session}/", "SELECT * FROM process", "-f", "json").out)) == 3
    (session / "900-00000009.ghost").unlink()
    assert ghost.command("export", f"{session}/").out == after


@pytest.mark.parametrize("first", ["0", "+0s", "1970-01-02"])
def test_a_range_is_analysed_past_the_database(ghost, tmp_path, first):
    """Even one from the beginning of time: nothing is made beside the session, nothing is taken from there."""
    session = story(tmp_path / "s")
    def functions(*options):
        rows = json.loads(good(ghost.command("report", f"{session}/", "--format", "json", *options)).out)["functions"]
        return [{k: v for k, v in row.items() if k != "calls_adopted"} for row in rows]    # those began before the range, whenever that was
    ranged = functions("--from", first)
    assert not db_of(session).exists()
    assert ranged == functions()
    assert db_of(session).exists()


def test_a_session_that_is_being_recorded(ghost, interpreter, tmp_path):
    app = tmp_path / "loop.py"
    app.write_text("import sys\ndef step(): pass\nfor line in sys.stdin:\n    for i in range(int(line)): step()\n    print(flush=True)\n")
    process = subprocess.Popen([harness.GHOST, "run", "-q", interpreter, app], env=ghost.environment(), stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    calls, expected = [], []
    for n in (10, 200, 30000):
        process.stdin.write(f"{n}\n")
        process.stdin.flush()
        process.stdout.readline()
        expected.append(sum(expected[-1:]) + n)
        calls.append(ghost.export()["profiles"]["loop:step:2"]["call_count"])
        rows = json.loads(good(ghost.command("sql", "SELECT calls FROM functions WHERE qualname = 'step'", "-f", "json")).out)
        assert rows == [{"calls": expected[-1]}]
    process.stdin.close()
    assert process.wait(100) == 0
    assert calls == expected
    assert ghost.export()["profiles"]["loop:step:2"]["call_count"] == expected[-1]


def test_importing_a_session_that_is_being_recorded(ghost, interpreter, tmp_path):
    app = tmp_path / "busy.py"
    app.write_text("def step(): pass\nwhile True: step()\n")
    process = subprocess.Popen([harness.GHOST, "run", "-q", interpreter, app], env=ghost.environment(), start_new_session=True)
    try:
        while not ghost.sessions() or not list(ghost.sessions()[0].glob("*.ghost")):
            time.sleep(0.05)
        time.sleep(1)
        done = ghost.command("import")
        assert done.status == 1 and b"still being recorded" in done.out and not db_of(ghost.sessions()[0]).exists()
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert b"up to date" not in good(ghost.command("import")).out
    assert db_of(ghost.sessions()[0]).exists()


def test_a_killed_process_is_analysed_once(ghost, interpreter, tmp_path):
    app = tmp_path / "dies.py"
    app.write_text("import os, signal\ndef step(): pass\nfor i in range(1000): step()\nos.kill(os.getpid(), signal.SIGKILL)\n")
    ghost.run([interpreter, app])
    session, = ghost.sessions()
    assert list(session.glob("*.ring"))
    assert ghost.export()["profiles"]["dies:step:2"]["call_count"] == 1000
    made = identity(db_of(session))
    assert ghost.export()["profiles"]["dies:step:2"]["call_count"] == 1000
    assert identity(db_of(session)) == made
    ring = next(session.glob("*.ring"))
    data = bytearray(ring.read_bytes())
    data[128] += 1                                     # mapped files change without a change of time
    times = ring.stat()
    ring.write_bytes(data)
    os.utime(ring, ns=(times.st_atime_ns, times.st_mtime_ns))
    ghost.export()
    assert identity(db_of(session)) != made


def test_other_versions(ghost, recorded, tmp_path):
    figures = good(ghost.command("export")).out
    for change in ("PRAGMA user_version = 0", "PRAGMA user_version = 999", "PRAGMA application_id = 1", "UPDATE info SET value = 1 WHERE key = 'schema'",
                   "DROP TABLE edge"):
        with sqlite3.connect(db_of(recorded)) as db:
            db.executescript(change)
        db.close()
        made = identity(db_of(recorded))
        assert good(ghost.command("export")).out == figures
        assert identity(db_of(recorded)) != made, change
    shutil.copy(db_of(recorded), tmp_path / "alone.db")
    with sqlite3.connect(tmp_path / "alone.db") as db:
        db.executescript("PRAGMA user_version = 999")
    db.close()
    done = ghost.command("report", tmp_path / "alone.db")
    assert done.status == 2 and b"logs are not here" in done.err


def test_a_database_alone(ghost, recorded, tmp_path):
    """The laptop: neither logs nor program."""
    expected = good(ghost.command("report", "--format", "json")).out
    events = good(ghost.command("sql", "SELECT count(*) FROM events")).out
    shutil.move(db_of(recorded), tmp_path / "1-00000001.db")
    shutil.rmtree(recorded)
    assert good(ghost.command("report", tmp_path / "1-00000001.db", "--format", "json")).out == expected
    assert good(ghost.command("sql", tmp_path / "1-00000001.db", "SELECT count(*) FROM events")).out == events
    done = ghost.command("import", "--force", tmp_path / "1-00000001.db")
    assert done.status == 0 and b"up to date" in done.out


def test_sums_by_function_are_the_sums(ghost, recorded, tmp_path):
    """The tables that reports read against the outcomes that they are made of."""
    calls = """SELECT q.id, p.id, sum(e.calls), sum(x.failed), sum(x.finished), sum(x.total), sum(x.self) FROM edge e
        JOIN signature s ON s.id = e.signature JOIN profile p ON s.function BETWEEN p.first_function AND p.last_function
        LEFT JOIN profile q ON e.caller BETWEEN q.first_function AND q.last_function
        JOIN (SELECT e.id, ifnull(sum(CASE WHEN o.end IN (1, 2) THEN count END), 0) AS failed, ifnull(sum(count), 0) AS finished, ifnull(sum(total_ns), 0) AS total,
              ifnull(sum(self_ns), 0) AS self FROM edge e LEFT JOIN outcome o ON o.edge = e.id AND o.end < 4 GROUP BY e.id) x ON x.id = e.id
        WHERE NOT e.adopted GROUP BY q.id, p.id ORDER BY q.id IS NULL, q.id, p.id"""
    exceptions = """SELECT p.id, ifnull(t.qualname, '?'), sum(CASE WHEN o.end = 1 THEN count ELSE 0 END), sum(CASE WHEN o.end = 2 THEN count ELSE 0 END),
        sum(CASE WHEN o.end = 6 THEN count ELSE 0 END) FROM outcome o JOIN edge e ON e.id = o.edge JOIN signature s ON s.id = e.signature
        JOIN profile p ON s.function BETWEEN p.first_function AND p.last_function LEFT JOIN type t ON t.id = o.type
        WHERE o.end IN (1, 2, 6) AND NOT e.adopted GROUP BY 1, 2 ORDER BY 1, 2"""
    generated = tmp_path / "g"
    generated.mkdir()
    generate(generated / "1-00000001.ghost", 100000, "--functions", "300", "--service", "--threads", "3")
    for session in (recorded, generated, story(tmp_path / "s")):
        good(ghost.command("import", f"{session}/"))
        with sqlite3.connect(db_of(session)) as db:
            stored = db.execute("SELECT caller, callee, calls, exceptions, finished, total_ns, self_ns FROM profile_call ORDER BY id").fetchall()
            assert stored == db.execute(calls).fetchall() and len(stored) > 3
            stored = db.execute("SELECT profile, type, raised, passed, caught FROM profile_exception ORDER BY 1, 2").fetchall()
            assert stored == db.execute(exceptions).fetchall() and stored
            used = db.execute("SELECT ifnull(max(slice) + 1, 0) FROM slice").fetchone()[0]
            assert str(used) == db.execute("SELECT value FROM info WHERE key = 'slices'").fetchone()[0]


def test_which_raw_events(ghost, recorded):
    count = "SELECT count(*) FROM main.event"

    def rows():
        with sqlite3.connect(db_of(recorded)) as db:
            return db.execute(count).fetchone()[0]
    good(ghost.command("import"))
    everything = rows()
    assert everything > 300
    good(ghost.command("import", "--events", "none"))
    assert rows() == 0
    made = identity(db_of(recorded))
    good(ghost.command("import", "--events", "none"))
    good(ghost.command("report"))
    assert identity(db_of(recorded)) == made
    assert good(ghost.command("sql", "SELECT count(*) AS n FROM events", "-f", "csv")).out == b"n\r\n%d\r\n" % everything, "from the log"
    good(ghost.command("import", "--events", "10"))
    assert rows() == 0, "there are more: none"
    good(ghost.command("import", "--function", "*discount"))
    assert rows() == 100
    assert good(ghost.command("sql", "SELECT count(*) AS n FROM events", "-f", "csv")).out == b"n\r\n%d\r\n" % everything, "a part is not all"
    one = {}
    for name in ("*discount", "*main*", "<module>"):
        good(ghost.command("import", "--function", name))
        one[name] = rows()
    good(ghost.command("import", "--function", "*discount", "--function", "<module>"))
    assert rows() == one["*discount"] + one["<module>"] > one["*discount"]
    threads = json.loads(good(ghost.command("sql", "SELECT thread, count(*) AS n FROM events GROUP BY 1", "-f", "json")).out)
    a, b = threads[0], threads[-1]
    good(ghost.command("import", "--thread", str(a["thread"]), "--thread", str(b["thread"]), "--thread", "99"))
    assert rows() == a["n"] + b["n"] and len(threads) > 1
    good(ghost.command("import", "--process", "1", "--process", next(recorded.glob("*.ghost")).stem))
    assert rows() == everything
    good(ghost.command("import", "--process", "1", "--process", "2"))
    assert rows() == 0
    assert ghost.command("import", "--thread", "1", "--thread", "x").status == 2
    good(ghost.command("import", "--events", "all"))
    assert rows() == everything
    log = generate(recorded.parent / "9-00000009.ghost", 5000, "--unfinished")       # without an index nobody knows how many there are
    for limit, expected in (("4000", 0), ("6000", 5000)):
        good(ghost.command("import", log, "--events", limit))
        assert ask(log, "SELECT count(*) FROM main.event WHERE kind < 11").strip() == str(expected)
    good(ghost.command("import", log, "--events", "100", "--function", "*"))
    assert ask(log, "SELECT count(*) FROM main.event").strip() == "0"
    done = ghost.command("import", "--events", "some")
    assert done.status == 2 and b"all, none or a number" in done.err


def test_a_setting_for_all_commands(ghost, recorded, tmp_path):
    (tmp_path / "ghost.yaml").write_text("import:\n  events: none\n")
    good(ghost.command("report", cwd=tmp_path))
    assert ask(recorded, "SELECT count(*) FROM main.event") == "0\n"
    made = identity(db_of(recorded))
    good(ghost.command("import", cwd=tmp_path))
    assert identity(db_of(recorded)) == made
    (tmp_path / "ghost.yaml").write_text("import:\n  events: some\n")
    db_of(recorded).unlink()
    done = ghost.command("report", cwd=tmp_path)
    assert done.status == 2 and b"all, none or a number" in done.err


def test_progress_on_a_terminal(ghost, tmp_path):
    """Share, rate and time left while it is analysed and while raw events are written; nothing is left of the line."""
    log = generate(tmp_path / "1-00000001.ghost", 3000000)
    mine, theirs = os.openpty()
    process = subprocess.Popen([harness.GHOST, "import", "--events", "all", "--jobs", "1", log], env=ghost.environment(), stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    text = b""
    try:
        while data := os.read(mine, 65536):
            text += data
    except OSError:
        pass
    os.close(mine)
    assert process.wait() == 0
    lines = re.findall(rb"writing: ([\d,]+) rows, ([\d,]+)/s, +(\d+)%, .+? left", text)
    assert len(lines) > 3 and [int(x[2]) for x in lines] == sorted(int(x[2]) for x in lines)
    assert int(lines[-1][2]) > 50 and text.endswith(b"\r\x1b[K")


# ---- what may happen to it ----

def test_damage_is_noticed_and_mended(ghost, tmp_path):
    session = story(tmp_path / "s")
    expected = good(ghost.command("export", f"{session}/")).out
    whole = db_of(session).read_bytes()
    chance = random.Random(4)
    for i in range(60):
        data = bytearray(whole)
        if i % 6 == 0:
            data = data[:chance.randrange(len(data))]
        elif i % 6 == 1:
            page = chance.randrange(len(data) // 4096) * 4096
            data[page:page + 4096] = bytes(4096)
        elif i % 6 == 2:
            pages = chance.sample(range(len(data) // 4096), 2)
            data[pages[0] * 4096:pages[0] * 4096 + 4096] = whole[pages[1] * 4096:pages[1] * 4096 + 4096]
        else:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        db_of(session).write_bytes(data)
        done = good(ghost.command(*[("export", f"{session}/"), ("report", f"{session}/")][i % 2]))
        assert i % 2 or done.out == expected
        done = ghost.command("sql", f"{session}/", "SELECT count(*) FROM outcomes; SELECT * FROM profiles; SELECT * FROM tree_node; SELECT * FROM slice")
        assert done.status == 0 or b"ask once more" in done.err
        assert good(ghost.command("export", f"{session}/")).out == expected
    db_of(session).write_bytes(b"no database at all" * 300)
    assert good(ghost.command("export", f"{session}/")).out == expected
    db_of(session).unlink()
    db_of(session).symlink_to(tmp_path / "elsewhere")
    assert good(ghost.command("export", f"{session}/")).out == expected
    assert not db_of(session).is_symlink() and not (tmp_path / "elsewhere").exists()


def test_killed_at_any_moment(ghost, tmp_path):
    """Imports killed somewhere between beginning and end: the next command works, and nothing is left."""
    session = tmp_path / "s"
    session.mkdir()
    generate(session / "1-00000001.ghost", 60000, "--functions", "200")
    argv = [harness.GHOST, "import", "--force", f"{session}/"]
    expected = good(ghost.command("export", f"{session}/")).out

    def seconds():
        began = time.monotonic()
        good(ghost.command("import", "--force", f"{session}/"))
        return time.monotonic() - began
    length = min(seconds() for _ in range(3))
    chance = random.Random(7)
    killed = left = i = 0
    # Where a kill hits depends on the machine: until enough of them have hit something.
    while i < KILLS or i < 10 * KILLS and (killed < KILLS * 0.3 or left < KILLS * 0.1):
        if i % 3 == 0:
            db_of(session).unlink(missing_ok=True)
        before = set(temporaries(tmp_path))
        process = subprocess.Popen(argv, env=ghost.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while i % 5 == 0 and process.poll() is None and not set(temporaries(tmp_path)) - before:
            time.sleep(0)                              # these, while the database is being written
        time.sleep(chance.random() * length / (8 if i % 5 == 0 else 1))
        process.kill()
        killed += process.wait() == -signal.SIGKILL
        left += bool(set(temporaries(tmp_path)) - before)
        if i % 4 == 0:
            assert good(ghost.command("export", f"{session}/")).out == expected
        i += 1
    assert good(ghost.command("export", f"{session}/")).out == expected
    good(ghost.command("import", "--force", f"{session}/"))
    assert temporaries(tmp_path) == []
    assert killed >= KILLS * 0.3 and left >= KILLS * 0.1, (killed, left, i)


def test_two_at_once(ghost, tmp_path):
    session = tmp_path / "s"
    session.mkdir()
    generate(session / "1-00000001.ghost", 60000, "--functions", "200")
    commands = [("import", "--force", f"{session}/"), ("export", f"{session}/"), ("sql", f"{session}/", "SELECT sum(calls) FROM edge"),
                ("report", f"{session}/")] * 3
    running = [subprocess.Popen([harness.GHOST, *c], env=ghost.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) for c in commands]
    results = {}
    for command, process in zip(commands, running):
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, (command, err)
        if command[0] != "import":
            results.setdefault(command, set()).add(out)
    assert [len(r) for r in results.values()] == [1, 1, 1]
    assert temporaries(tmp_path) == []


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", folder]).returncode:
        pytest.skip("may not mount a file system here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@ROOT_ONLY
def test_a_full_disk(ghost, small_disk, tmp_path):
    session = story(small_disk / "s")
    expected = good(ghost.command("export", f"{session}/")).out
    db_of(session).unlink()
    for room in (0, 4, 40, 100, 150, 200):             # KiB that are left
        filler = small_disk / "filler"
        filler.write_bytes(b"")
        free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
        filler.write_bytes(bytes(max(0, free - room * 1024)))
        for command in (("export", f"{session}/"), ("report", f"{session}/"), ("sql", f"{session}/", "SELECT count(*) FROM edge")):
            done = good(ghost.command(*command))
            assert command[0] != "export" or done.out == expected
            if not db_of(session).exists():
                assert done.err.count(b"\n") == 1 and b"is not kept" in done.err, done.err
        assert temporaries(small_disk) == []
        assert ghost.command("import", f"{session}/").status == (0 if db_of(session).exists() else 1)
    filler.unlink()
    assert good(ghost.command("export", f"{session}/")).out == expected
    assert db_of(session).exists()


@ROOT_ONLY
def test_a_folder_that_cannot_be_written_to(ghost, small_disk):
    session = story(small_disk / "s")
    log = generate(small_disk / "1-00000001.ghost", 1000)
    expected = good(ghost.command("export", f"{session}/")).out
    db_of(session).unlink()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    done = good(ghost.command("export", f"{session}/"))
    assert done.out == expected and done.err.count(b"\n") == 1 and b"is not kept" in done.err
    done = good(ghost.command("sql", f"{session}/", "SELECT count(*) FROM events"))
    assert done.err.count(b"\n") == 1
    good(ghost.command("report", log))
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    good(ghost.command("import", f"{session}/"))
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    done = good(ghost.command("export", f"{session}/"))
    assert done.out == expected and done.err == b"", "what was made before is read"


def test_names_with_odd_characters(ghost, tmp_path):
    for name in ("a b", "50%", "q?x=1", "h#sh", "ünï", "quo'te", "a.db.x"):
        session = story(tmp_path / name)
        first = good(ghost.command("export", f"{session}/"))
        assert db_of(session).exists()
        assert good(ghost.command("export", f"{session}/")).out == first.out
        assert good(ghost.command("sql", f"{session}/", "SELECT count(*) > 0 AS n FROM events", "-f", "csv")).out == b"n\r\n1\r\n"
