"""ghost sql: four forms of output, as much as there is, questions that cannot be, and never a change."""
import csv
import hashlib
import io
import json
import os
import pty
import re
import resource
import signal
import subprocess
import time

import pytest

import harness

TOOLS = harness.GHOST.parent / "tools"
MANY = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT i, 'row ' || i AS text FROM n"


@pytest.fixture
def session(ghost, tmp_path):
    subprocess.run([TOOLS / "story_log", tmp_path / "s"], check=True)
    assert ghost.command("import", f"{tmp_path}/s/").status == 0
    return f"{tmp_path}/s/"


def out(ghost, *args, **more):
    done = ghost.command("sql", *args, **more)
    assert done.status == 0, done.err.decode()
    return done.out.decode()


VALUES = "SELECT 1 AS one, -9223372036854775807 AS least, NULL AS absent, 0.1 AS real, 1e300 AS big, x'00ff' AS bytes, 'a|b\"c,d\ne' AS text, '' AS empty"


def test_csv_is_read_back(ghost, session):
    rows = list(csv.reader(io.StringIO(out(ghost, session, VALUES, "-f", "csv"), newline="")))
    assert rows == [["one", "least", "absent", "real", "big", "bytes", "text", "empty"],
                    ["1", "-9223372036854775807", "", "0.1", "1e+300", "00ff", 'a|b"c,d\ne', ""]]


def test_json_is_read_back(ghost, session):
    assert json.loads(out(ghost, session, VALUES, "-f", "json")) == [
        {"one": 1, "least": -9223372036854775807, "absent": None, "real": 0.1, "big": 1e300, "bytes": "00ff", "text": 'a|b"c,d\ne', "empty": ""}]
    assert json.loads(out(ghost, session, "SELECT 1 WHERE 0", "-f", "json")) == []


def test_markdown(ghost, session):
    assert out(ghost, session, "SELECT 'a|b' AS \"x|y\", 2 AS z", "-f", "markdown") == "| x\\|y | z |\n| --- | --- |\n| a\\|b | 2 |\n"


def test_table(ghost, session):
    assert out(ghost, session, "SELECT 5 AS n, 'abc' AS t UNION SELECT 12345, NULL") == "    n  t\n-----  ----\n    5  abc\n12345  NULL\n"
    assert out(ghost, session, "SELECT 1 AS a WHERE 0") == "a\n-\n"
    assert out(ghost, session, "SELECT 1 AS a; SELECT 2 AS b") == "a\n-\n1\n\nb\n-\n2\n"


def test_a_big_result_streams(ghost, session):
    """400,000 rows in less than 24 MiB, first rows at once."""
    for form in ("table", "csv", "json", "markdown"):
        process = subprocess.Popen([harness.GHOST, "sql", session, MANY.format(400000), "-f", form], env=ghost.environment(), stdout=subprocess.PIPE,
                                   preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (24 << 20, 24 << 20)))
        assert sum(1 for _ in process.stdout) >= 400000
        assert process.wait() == 0
        process.stdout.close()
    done = ghost.command("sql", session, f"SELECT length(group_concat(text)) FROM ({MANY.format(2000000)})",
                         preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (24 << 20, 24 << 20)))
    assert done.status == 2 and b"out of memory" in done.err, "the limit binds: what must be held does not fit"
    process = subprocess.Popen([harness.GHOST, "sql", session, MANY.format(10 ** 12), "-f", "csv"], env=ghost.environment(),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.readline() == b"i,text\r\n"
    process.stdout.close()                             # as `| head -1`
    assert process.wait(60) == 0 and process.stderr.read() == b"", "10 ** 12 rows would take days"


def test_where_statements_come_from(ghost, session, tmp_path):
    text = "SELECT 1 AS a; -- a comment; with a semicolon\nSELECT\n  ';' AS b;\n.tables\n\n"
    (tmp_path / "q.sql").write_text(text)
    expected = out(ghost, session, "-i", tmp_path / "q.sql", "-f", "csv")
    assert expected.startswith("a\r\n1\r\nb\r\n;\r\nannotated ")
    for args in ((session,), (session, "-")):
        done = subprocess.run([harness.GHOST, "sql", *args, "-f", "csv"], input=text.encode(), env=ghost.environment(), capture_output=True)
        assert done.stdout.decode() == expected and done.returncode == 0
    done = subprocess.run([harness.GHOST, "sql", session, "-f", "csv"], input=b"SELECT 3 AS unfinished", env=ghost.environment(), capture_output=True)
    assert done.stdout == b"unfinished\r\n3\r\n"
    assert ghost.command("sql", session, "-i", tmp_path / "missing.sql").status == 2
    out(ghost, session, "SELECT 1 AS a", "-o", tmp_path / "result")
    assert (tmp_path / "result").read_text() == "a\n-\n1\n"


def test_the_newest_session_without_a_name(ghost, tmp_path):
    app = tmp_path / "app.py"
    app.write_text("def f(): pass\nf()\n")
    assert ghost.run([harness.pythons()[-1].exe, app]).status == 0
    assert out(ghost, "SELECT calls FROM functions WHERE qualname = 'f'", "-f", "csv") == "calls\r\n1\r\n"
    assert out(ghost, ".schema", "mark").startswith("mark: marks that the application set\n  id\n  name\n")
    assert out(ghost, ghost.sessions()[0].name, ".schema", "mark").startswith("mark:")


WRONG = [
    ("SELECT call_cont FROM profiles", "Did you mean call_count?", ["  SELECT call_cont FROM profiles", "         ^"]),
    ("SELECT *\nFROM profiles\nWHERE exceptoin_count > 1", "Did you mean exception_count?", ["  WHERE exceptoin_count > 1", "        ^"]),
    ("SELECT p.fnkey FROM profiles p", "Did you mean fn_key?", []),
    ("SELECT * FROM sesions", "Did you mean sessions?", []),
    ("SELECT lenght('x')", "Did you mean length?", []),
    ("SELEC 1", "syntax error", ["  SELEC 1", "  ^"]),
    (".tabels", "Did you mean .tables?", []),
    (".schema sesions", "Did you mean sessions?", []),
    ("SELECT 'open", "unrecognized token", []),
]


@pytest.mark.parametrize("sql, hint, place", WRONG)
def test_what_cannot_be_asked(ghost, session, sql, hint, place):
    done = ghost.command("sql", session, sql)
    assert done.status == 2 and done.out == b""
    lines = done.err.decode().splitlines()
    assert hint in lines[-1] and lines[-1].startswith("ghost: ")
    assert lines[:-1] == place or not place


CHANGES = ["DELETE FROM edge", "INSERT INTO info VALUES ('a', 'b')", "UPDATE function SET line = 0", "CREATE TABLE mine(x)", "CREATE TEMP TABLE mine(x)",
           "DROP VIEW profiles", "ATTACH '{tmp}/attach.db' AS other", "PRAGMA user_version = 7", "PRAGMA writable_schema = 1", "VACUUM",
           "VACUUM INTO '{tmp}/vacuum.db'", "REINDEX", "ANALYZE", "BEGIN IMMEDIATE", "UPDATE sqlite_master SET sql = ''",
           "SELECT load_extension('x')", "CREATE VIRTUAL TABLE temp.v USING ghost_events('x')", "SAVEPOINT a", "DETACH main",
           "WITH x AS (SELECT 1) INSERT INTO info SELECT 1, 2", "ALTER TABLE edge RENAME TO e2", "PRAGMA query_only = 0"]


@pytest.mark.parametrize("sql", CHANGES)
def test_nothing_can_be_changed(ghost, session, sql, tmp_path):
    path = session.rstrip("/") + ".db"
    before = hashlib.sha256(open(path, "rb").read()).digest()
    done = ghost.command("sql", session, sql.replace("{tmp}", str(tmp_path)))
    assert done.status == 2 and (b"only reads" in done.err or b"may not be modified" in done.err or b"not authorized" in done.err), (done.out, done.err)
    assert hashlib.sha256(open(path, "rb").read()).digest() == before
    assert not (tmp_path / "attach.db").exists() and not (tmp_path / "vacuum.db").exists()


def test_an_interrupt_ends_the_query(ghost, session):
    process = subprocess.Popen([harness.GHOST, "sql", session, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"],
                               env=ghost.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    caught = re.compile(r"^SigCgt:.*[2367abef]$", re.M)         # bit 1: SIGINT; before it is caught it would just kill
    while not caught.search(open(f"/proc/{process.pid}/status").read()):
        time.sleep(0.02)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2 and err == b"ghost: interrupted\n"


def test_on_a_terminal(ghost, session):
    """A talk: prompts, mistakes that do not end it, lines no wider than the terminal."""
    mine, theirs = pty.openpty()
    import fcntl
    import struct
    import termios
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    process = subprocess.Popen([harness.GHOST, "sql", session], env=ghost.environment(TERM="xterm"), stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    os.write(mine, b"SELECT nowhere;\nSELECT 'x' AS a,\n 2 AS b;\nSELECT * FROM functions;\n\x04")
    text = b""
    try:
        while True:
            text += os.read(mine, 65536)
    except OSError:
        pass
    assert process.wait(60) == 0
    assert b"no such column: nowhere" in text and b"a  b\r\n-  -\r\nx  2\r\n" in text and text.count(b"ghost> ") >= 3 and b"   ... " in text
    os.close(mine)


def test_raw_events_come_from_the_log(ghost, session):
    """The same rows, whether they were imported or not."""
    query = "SELECT * FROM events ORDER BY timestamp_ns, pid, call_id, event"
    columns = [c for c in json.loads(out(ghost, session, query, "-f", "json"))[0] if c != "id"]
    query = query.replace("*", ", ".join(f'"{c}"' for c in columns))
    imported = out(ghost, session, query, "-f", "json")
    assert ghost.command("import", session, "--events", "none").status == 0
    assert json.loads(out(ghost, session, query, "-f", "json")) == json.loads(imported)
    assert len(json.loads(imported)) > 20

