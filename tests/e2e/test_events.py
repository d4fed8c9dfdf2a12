"""Raw events: do the rows of a log add up to the analysis, and does a constraint reach the blocks?"""
import pathlib
import signal
import subprocess
import time

import pytest

import harness
from events_support import SUMS, ask, assert_sums_agree, needs_shell, plan_of, shell

pytestmark = needs_shell
PYTHON = harness.pythons()[-1].exe if harness.pythons() else None
TOOLS = harness.GHOST.parent / "tools"
PROGRAMS = ["generators", "async_generators", "gen_throw_close", "gen_threads", "exc_forms", "deep_exceptions", "threads",
            "forks", "multiproc", "asyncio_flow", "parameters", "many_signatures", "recursion"]


def record(ghost, app, *options):
    arg = harness.app_options(app).get("args", "").split(";")[0]
    done = ghost.run([PYTHON, app, *([arg] if arg else [])], "-q", *options)
    assert b"Traceback" not in done.err or done.status, done.err.decode()
    return ghost.sessions()[-1]


def generate(folder, events, threads=4):
    """A log of threads that take turns."""
    tool, path = TOOLS / "gen_log", folder / "4711-0000abcd.ghost"
    if not tool.exists():
        pytest.skip("needs build/tools/gen_log: make tools")
    subprocess.run([tool, "-n", str(events), "--threads", str(threads), "-o", path], check=True, capture_output=True)
    return path


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    return generate(tmp_path_factory.mktemp("generated"), 2000000, threads=1)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return generate(tmp_path_factory.mktemp("small"), 100000)


@pytest.mark.parametrize("name", PROGRAMS)
def test_rows_add_up_to_the_analysis(name, ghost):
    session = record(ghost, harness.APPS / f"{name}.py")
    rows = ask(session, SUMS.format(table="ev"))
    exported = ghost.export()
    assert assert_sums_agree(rows, exported) > 1
    counted = ask(session, "SELECT count(*) AS n FROM ev WHERE event NOT IN ('abandon', 'adopt', 'drop');")
    assert counted[0]["n"] == exported["events"]


@pytest.mark.parametrize("indexed", [True, False])
def test_frames_with_blocks_of_several_threads(indexed, ghost, tmp_path):
    """Its index tells where the blocks are; without one (a crash) its frames are looked through."""
    log = generate(tmp_path, 300000)
    if not indexed:
        log.write_bytes(log.read_bytes()[:-1])
    rows = ask(log, SUMS.format(table="ev"))
    assert assert_sums_agree(rows, ghost.export(str(log))) > 20
    for thread in range(1, 5):
        assert ask(log, f"SELECT count(*) AS n FROM ev WHERE thread = {thread};") == ask(log, f"SELECT count(*) AS n FROM ev WHERE +thread = {thread};")


def test_rows_stand_in_order_of_time_and_their_ids_are_unique(ghost):
    session = record(ghost, harness.APPS / "threads.py")
    rows = ask(session, "SELECT id, timestamp_ns, log, thread FROM ev;")
    times = [r["timestamp_ns"] for r in rows]
    assert times == sorted(times)
    assert len({r["id"] for r in rows}) == len(rows)
    assert len({r["thread"] for r in rows}) > 1
    # ORDER BY costs no sorting: SQLite takes the order it is given
    assert "TEMP B-TREE" not in plan_of(session, "SELECT * FROM ev ORDER BY timestamp_ns")
    assert "TEMP B-TREE" in plan_of(session, "SELECT * FROM ev ORDER BY timestamp_ns DESC")


def test_a_call_is_followed_by_its_number(ghost):
    session = record(ghost, harness.APPS / "generators.py")
    ends = ask(session, """SELECT c.n AS begun, e.latency_ns AS latency, e.timestamp_ns - c.at AS apart FROM
        (SELECT fn_key, call_id, count(*) AS n, min(timestamp_ns) AS at FROM ev WHERE event = 'call' GROUP BY 1, 2) c
        JOIN ev e ON e.fn_key = c.fn_key AND e.call_id = c.call_id WHERE e."end" IS NOT NULL AND e.latency_ns IS NOT NULL;""")
    assert len(ends) > 20 and all(e["begun"] == 1 for e in ends)
    assert all(abs(e["latency"] - e["apart"]) <= 2 for e in ends)


# ---- what is pushed down ----

def test_constraints_reach_the_scan(generated):
    plan = plan_of(generated, """SELECT * FROM ev WHERE timestamp_ns >= 5 AND timestamp_ns < 7 AND fn_key = 'a:b:1'
        AND thread = 2 AND pid = 4711 AND module GLOB 'a*'""")
    for pushed in ("timestamp_ns>=?", "timestamp_ns<?", "fn_key=?", "thread=?", "pid=?", "module GLOB ?"):
        assert pushed in plan, plan


def test_a_narrow_range_decodes_few_blocks(generated):
    whole = ask(generated, "SELECT count(*) AS n, min(timestamp_ns) AS a, max(timestamp_ns) AS b, max(blocks_decoded) AS blocks FROM ev;")[0]
    at = (whole["a"] + whole["b"]) // 2
    narrow = f"timestamp_ns >= {at} AND timestamp_ns < {at + 1000000}"
    got = ask(generated, f"SELECT count(*) AS n, max(blocks_decoded) AS blocks FROM ev WHERE {narrow};")[0]
    plain = ask(generated, f"SELECT count(*) AS n FROM ev WHERE {narrow.replace('timestamp_ns', '+timestamp_ns')};")[0]
    assert whole["n"] == 2000000 and whole["blocks"] >= 12
    assert got["n"] == plain["n"] > 100
    assert got["blocks"] <= 2            # one or, at a boundary, two


@pytest.mark.parametrize("constraint", [
    "fn_key = (SELECT fn_key FROM ev LIMIT 1 OFFSET 1000)", "qualname GLOB 'step_1*'", "qualname GLOB 'step_[12]'", "module = 'app.part3'",
    "thread = 2", "thread = 2.0", "thread = 'x'", "pid = 4711", "pid = 1", "log = '4711-0000abcd.ghost'",
    "timestamp_ns <= 1700000000050000000.5", "timestamp_ns > 1700000000010000000 AND timestamp_ns <= 1700000000011000000",
    "timestamp_ns = (SELECT timestamp_ns FROM ev LIMIT 1 OFFSET 5000)", "timestamp_ns < 'abc'", "fn_key IN ('x', 'app.part0:step_1:22')",
    "timestamp_ns >= -5 AND timestamp_ns < 1700000000001000000", "fn_key IS NULL", "fn_key = NULL",
])
def test_a_constraint_that_is_pushed_changes_no_result(small, constraint):
    """The unary plus keeps a constraint away from the virtual table."""
    away = constraint
    for column in ("fn_key", "qualname", "module", "thread", "pid", "log", "timestamp_ns"):
        away = away.replace(f"{column} ", f"+{column} ").replace(f"SELECT +{column} ", f"SELECT {column} ")
    query = "SELECT count(*) AS n, sum(id) AS ids, min(timestamp_ns) AS a, max(timestamp_ns) AS b FROM (SELECT * FROM ev WHERE {});"
    assert ask(small, query.format(constraint)) == ask(small, query.format(away))


# ---- broken sessions ----

def test_a_killed_process_keeps_all_its_events(ghost, tmp_path):
    app = tmp_path / "victim.py"
    app.write_text("import os, signal\ndef f(x): return x\nfor i in range(5000): f(i)\nos.kill(os.getpid(), signal.SIGKILL)\n")
    done = ghost.run([PYTHON, app], "-q")
    assert done.status in (-signal.SIGKILL, 128 + signal.SIGKILL)
    rows = ask(ghost.sessions()[-1], "SELECT event, count(*) AS n FROM ev WHERE qualname = 'f' GROUP BY 1;")
    assert {r["event"]: r["n"] for r in rows} == {"call": 5000, "return": 5000}


def test_damage_costs_the_frame_it_is_in(ghost, tmp_path):
    generated = generate(tmp_path, 500000)
    bytes_ = bytearray(generated.read_bytes())
    for part in (3, 5):
        bytes_[len(bytes_) * part // 8] ^= 0xFF
    folder = tmp_path / "data" / "sessions" / "1700000000-0000abcd"
    folder.mkdir(parents=True)
    (folder / generated.name).write_bytes(bytes_)
    rows = ask(folder, SUMS.format(table="ev"))
    exported = ghost.export(str(folder))
    assert exported["damages"] and 200000 < exported["events"] < 500000
    assert_sums_agree(rows, exported)
    # without its index (a crash) the same
    (folder / generated.name).write_bytes(bytes_[:-200])
    assert_sums_agree(ask(folder, SUMS.format(table="ev")), ghost.export(str(folder)))


def test_errors_say_what_to_do(tmp_path):
    for argument, said in ((tmp_path / "nowhere.ghost", "no session at"), (tmp_path, "holds no logs")):
        done = subprocess.run(["sqlite3", ":memory:"], input=f".load {harness.LIB}/ghost_events\n"
                              f"CREATE VIRTUAL TABLE temp.ev USING ghost_events('{argument}');\n", capture_output=True, text=True)
        assert said in done.stderr and "at" in done.stderr


# ---- in the database ----

def test_imported_rows_are_the_logs_rows(ghost):
    session = record(ghost, harness.APPS / "gen_throw_close.py")
    assert ghost.command("import", "--events", "all").status == 0
    database = pathlib.Path(f"{session}.db")
    columns = "session_id, fn_key, event, arg_types, ret_or_exc, is_exception, timestamp_ns, caller_key"
    own = ask(session, f"SELECT {columns} FROM ev WHERE event NOT IN ('abandon', 'adopt', 'drop') ORDER BY timestamp_ns, id;")
    imported = shell(f"SELECT {columns} FROM events ORDER BY id;", database=database)
    assert imported == own and len(own) > 50


@pytest.mark.parametrize("options, where", [
    (["--function", "*:f*"], "fn_key GLOB '*:f*'"), (["--thread", "1"], "thread = 1"), (["--process", "1"], "0"),
])
def test_filters_of_the_import(options, where, ghost):
    session = record(ghost, harness.APPS / "threads.py")
    done = ghost.command("import", "--events", "all", *options)
    assert done.status == 0, done.err.decode()
    kept = shell("SELECT count(*) AS n FROM events;", database=f"{session}.db")[0]["n"]
    assert kept == ask(session, f"SELECT count(*) AS n FROM ev WHERE {where};")[0]["n"]


def test_rate_of_the_import_is_told(generated, ghost, tmp_path):
    """No proof of speed (docs/events.md has the measurement), only that nothing is quadratic."""
    begin = time.monotonic()
    done = ghost.command("import", str(generated), "--events", "all", timeout=200)
    assert done.status == 0, done.err.decode()
    assert time.monotonic() - begin < 150
    assert shell("SELECT count(*) AS n FROM events;", database=f"{generated}.db")[0]["n"] == 2000000
