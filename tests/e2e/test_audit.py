"""`ghost audit`: nothing but names in a log, and nothing hidden that it would not find.

The logs that hide something are made here, with a zstd of their own: tests/reader shows how the format is read."""
import json
import os
import re
import sqlite3
import struct
import subprocess

import pytest
import xxhash
import zstandard

import harness

APP = '''
import threading, json
from typing import Literal, Optional
class Basket:
    def __init__(self, goods: list): self.goods = goods
    def total(self, price: Optional[int] = None, *more, **rest) -> float: return 1.5
def run(mode: Literal["literal-hidden", 3], secret="default-hidden"):
    Basket(["value-hidden"]).total(7, b"bytes-hidden", key="kwarg-hidden")
    try: raise ValueError("message-hidden")
    except ValueError: pass
    def gen():
        got = yield "yield-hidden"
    g = gen(); next(g)
    try: g.send("sent-hidden")
    except StopIteration: pass
for i in range(50): run("literal-hidden")
t = threading.Thread(target=run, args=("arg-hidden",), name="worker-thread"); t.start(); t.join()
'''
HIDDEN = ("literal-hidden", "default-hidden", "value-hidden", "bytes-hidden", "kwarg-hidden", "message-hidden", "yield-hidden", "sent-hidden", "arg-hidden", "argv-hidden")


def audit(*args, status=None, data=None):
    env = {k: v for k, v in os.environ.items() if not k.startswith("GHOST_")} | ({"GHOST_DATA_DIR": str(data)} if data else {})
    done = subprocess.run([harness.GHOST, "audit", "--no-config", *map(str, args)], env=env, capture_output=True, timeout=60)
    done.stdout, done.stderr = done.stdout.decode("utf-8", "surrogatepass"), done.stderr.decode()
    assert status is None or done.returncode == status, done.stdout[-3000:] + done.stderr
    return done


def facts(*args, status=None):
    return json.loads(audit(*args, "--format", "json", status=status).stdout)


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """A log with everything recorded, of the first interpreter."""
    folder = tmp_path_factory.mktemp("audit")
    app = folder / "shop_app.py"
    app.write_text(APP)
    env = {k: v for k, v in os.environ.items() if not k.startswith("GHOST_")} | {"GHOST_DATA_DIR": str(folder / "d")}
    subprocess.run([harness.GHOST, "run", "--all", "--python", harness.pythons()[0].exe, app, "argv-hidden"], env=env, check=True, timeout=60)
    (path,) = (folder / "d").glob("sessions/*/*.ghost")
    return path


def test_only_names_are_in_a_log(log):
    shown = facts(log, "--list", "all", status=0)
    assert shown["proven"] and not shown["problems"]
    texts = {(s["kind"], s["text"]) for s in shown["strings"]}
    for wanted in (("function", "Basket.total"), ("module", "shop_app"), ("parameter", "price"), ("type", "Basket"), 
                   ("annotation", "Literal[str, int]"), ("file", str(log.parents[3] / "shop_app.py"))):
        assert wanted in texts
    for value in HIDDEN:
        assert not any(value in text for _, text in texts)
        assert audit(log, "--grep", value, status=0).stdout == ""
    assert "Basket.total" in audit(log, "--grep", "Basket", status=1).stdout
    assert {s["text"] for s in facts(log, "--list", "file", status=0)["strings"]} == {t for k, t in texts if k == "file"}


def test_every_byte_is_accounted_for(log):
    """The sums, against the file's size and the content that zstd gives."""
    shown = facts(log, status=0)
    parts = {p["part"]: p for p in shown["parts"]}
    assert sum(parts[p]["bytes"] for p in ("header", "index", "(compressed)")) == log.stat().st_size == shown["bytes"]
    content = b"".join(frames(log.read_bytes())[1])
    assert sum(p["bytes"] for n, p in parts.items() if n not in ("header", "index", "(compressed)")) == len(content)
    for value in HIDDEN:
        assert value.encode() not in content and value.encode() not in log.read_bytes()


def test_the_strings_are_those_that_a_second_reader_sees(log, monkeypatch):
    """tests/reader was written from docs/format.md alone."""
    monkeypatch.syspath_prepend(str(harness.ROOT / "tests/reader"))
    import ghost_reader
    import reader_wire
    seen, text = [], reader_wire.Cursor.text
    monkeypatch.setattr(reader_wire.Cursor, "text", lambda at: seen.append(text(at)) or seen[-1])
    expected = set()
    for _, name, record in ghost_reader.Log(log):
        whole = {"META": lambda: {f"{k}={v}" for k, v in record["pairs"]},       # names are put together from pieces
                 "TREE": lambda: {record["module"], record["file"], *(node["qualname"] for node in record["nodes"])}}
        expected |= whole.get(name, lambda: set(seen))()
        seen.clear()
    told = {s["text"] for s in facts(log, "--list", "all")["strings"]}
    assert told - {""} == expected - {""}


# ---- logs that hide something ----

def frames(data):
    """Header, contents of the data frames, rest."""
    header, at, contents = data[:48], 48, []
    while data[at:at + 4] == b"\x28\xb5\x2f\xfd":
        d = zstandard.ZstdDecompressor().decompressobj()
        contents.append(d.decompress(data[at:]))
        at = len(data) - len(d.unused_data)
    return header, contents, data[at:]


def pack(content):
    return zstandard.ZstdCompressor(write_checksum=True, write_content_size=True).compress(content)


def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value, at, shift = value | (byte & 127) << shift, at + 1, shift + 7
        if byte < 128:
            return value, at


def records(content):
    at = 0
    while at < len(content):
        kind, at = read_varint(content, at)
        n, at = read_varint(content, at)
        yield kind, content[at:at + n]
        at += n


def rewrite(log, change, tail=b"", front=b""):
    """The log with change(kind, payload) -> list of (kind, payload) for each record; the index is dropped."""
    header, contents, _ = frames(log.read_bytes())
    out = header + front
    for content in contents:
        out += pack(b"".join(varint(k) + varint(len(p)) + p for old in records(content) for k, p in change(*old)))
    return out + tail


def same(kind, payload):
    return [(kind, payload)]


def once(wanted, make):
    seen = []

    def change(kind, payload):
        if kind not in wanted or seen:
            return [(kind, payload)]
        seen.append(1)
        return make(kind, payload)
    return change


# ids of records, of format 1 and 2
FUNC, TREE, BLOCK, TYPE, THREAD, META = (4, 18), (5, 15), (12, 16), (6,), (10,), (2,)
SECRET = b"card 4111 1111 1111 1111"
HIDING = {
    "skippable frame at the end": lambda log: rewrite(log, same, tail=b"\x5e\x2a\x4d\x18" + struct.pack("<I", len(SECRET)) + SECRET),
    "skippable frame inside": lambda log: rewrite(log, same, front=b"\x50\x2a\x4d\x18" + struct.pack("<I", len(SECRET)) + SECRET),
    "bytes at the end": lambda log: log.read_bytes() + SECRET,
    "an optional record of an unknown kind": lambda log: rewrite(log, once(FUNC, lambda k, p: [(k, p), (101, SECRET)])),
    "bytes behind a function": lambda log: rewrite(log, once(FUNC, lambda k, p: [(k, p + SECRET)])),
    "bytes behind a type": lambda log: rewrite(log, once(TYPE, lambda k, p: [(k, p + SECRET)])),
    "bytes behind a tree": lambda log: rewrite(log, once(TREE, lambda k, p: [(k, p + SECRET)])),
    "bytes behind a block": lambda log: rewrite(log, once(BLOCK, lambda k, p: [(k, p + SECRET)])),
    "bytes behind a thread": lambda log: rewrite(log, once(THREAD, lambda k, p: [(k, p + SECRET)])),
    "a key of META": lambda log: rewrite(log, once(META, lambda k, p: [(k, p), (2, b"\x01\x04card" + bytes([len(SECRET)]) + SECRET)])),
    "an index that holds more": lambda log: rewrite(log, same, tail=index(b"\x00" * 48 + SECRET)),
    "a header that holds more": lambda log: long_header(log),
}


def index(body):
    body = b"GHOSTIDX" + body
    whole = 8 + len(body) + 16
    return b"\x51\x2a\x4d\x18" + struct.pack("<I", whole - 8) + body + struct.pack("<QI", xxhash.xxh64_intdigest(body), whole) + b"GIDX"


def long_header(log):
    data = log.read_bytes()
    return data[:4] + struct.pack("<I", 40 + len(SECRET)) + data[8:48] + SECRET + data[48:]


@pytest.mark.parametrize("how", HIDING)
def test_what_is_hidden_is_found(log, tmp_path, how):
    path = tmp_path / "hiding.ghost"
    path.write_bytes(HIDING[how](log))
    shown = facts(path, status=1)
    assert not shown["proven"] and len(shown["problems"]) == 1, shown["problems"]
    assert audit(path, status=1).stdout.count("NOT PROVEN") == 1


def test_a_rewritten_log_is_still_proven(log, tmp_path):
    """So that it is the hiding that is found above, not the rewriting."""
    path = tmp_path / "same.ghost"
    path.write_bytes(rewrite(log, same))
    assert facts(path, status=0)["proven"]


def test_damage_and_cuts_are_told_and_the_rest_is_read(log, tmp_path):
    data = log.read_bytes()
    path = tmp_path / "damaged.ghost"
    for at in range(50, len(data), max(1, len(data) // 40)):
        path.write_bytes(data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1:])
        shown = facts(path, status=1)
        assert shown["problems"]
        path.write_bytes(data[:at])
        facts(path)


def test_live_files_are_audited_too(tmp_path):
    app = tmp_path / "killed_app.py"
    app.write_text("import os\ndef counted(): pass\nfor i in range(1000): counted()\nos.kill(os.getpid(), 9)\n")
    env = {k: v for k, v in os.environ.items() if not k.startswith("GHOST_")} | {"GHOST_DATA_DIR": str(tmp_path / "d")}
    subprocess.run([harness.GHOST, "run", "--python", harness.pythons()[0].exe, app], env=env, timeout=60)
    done = audit(status=0, data=tmp_path / "d")
    assert "live files" in done.stdout and "function" in done.stdout
    assert "counted" in audit("--list", "function", data=tmp_path / "d").stdout


# ---- archives ----

def passed_over(magic, tag, content, trailer=False):
    body = tag + content
    whole = 8 + len(body) + 8 + (8 if trailer else 0)
    return (struct.pack("<II", magic, whole - 8) + body + struct.pack("<Q", xxhash.xxh64_intdigest(body))
            + (struct.pack("<I", whole) + b"GDIR" if trailer else b""))


def archive(logs, session=b"1700000000-0badcafe", more=b""):
    """As docs/format.md has it: a head, each log behind its name, a directory."""
    out, entries, end = passed_over(0x184D2A52, b"GHOSTARC", struct.pack("<HH", 1, 1) + varint(len(session)) + session), b"", 0
    for name, data in logs.items():
        out += passed_over(0x184D2A53, b"GHOSTMEM", varint(len(name)) + name.encode())
        entries += varint(len(out) - end) + varint(len(data)) + varint(len(name)) + name.encode()
        out += data
        end = len(out)
    return out + passed_over(0x184D2A54, b"GHOSTDIR", varint(len(logs)) + entries + more, trailer=True)


def test_an_archive_is_proven_and_what_is_hidden_in_it_found(log, tmp_path):
    path = tmp_path / "s.ghostpack"
    path.write_bytes(archive({"1-00000001.ghost": log.read_bytes(), "2-00000002.ghost": log.read_bytes()}))
    shown = facts(path, "--list", "all", status=0)
    assert {("function", "Basket.total"), ("meta", "2-00000002.ghost")} <= {(s["kind"], s["text"]) for s in shown["strings"]}
    parts = {p["part"]: p for p in shown["parts"]}
    assert sum(parts[p]["bytes"] for p in ("archive head", "archive member", "archive directory", "header", "index", "(compressed)")) == path.stat().st_size
    path.write_bytes(archive({"1-00000001.ghost": log.read_bytes()}, more=SECRET))
    assert len(facts(path, status=1)["problems"]) == 1
    path.write_bytes(archive({"1-00000001.ghost": rewrite(log, once(FUNC, lambda k, p: [(k, p + SECRET)]))}))
    assert len(facts(path, status=1)["problems"]) == 1


# ---- exports ----

@pytest.fixture(scope="module")
def exports(log, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports")
    for form in ("json", "csv"):
        subprocess.run([harness.GHOST, "export", "--no-config", "--format", form, "-o", folder / form, log], check=True, timeout=60)
    return folder


@pytest.mark.parametrize("form", ["json", "csv"])
def test_an_export_is_proven(exports, form):
    shown = facts(exports / form, "--list", "all", status=0)
    texts = {(s["kind"], s["text"]) for s in shown["strings"]}
    assert ("function", "Basket.total") in texts and ("module", "shop_app") in texts
    assert any(k == "signature" and "tuple" in t for k, t in texts)
    assert not any(value in t for _, t in texts for value in HIDDEN)


def test_strangers_in_an_export_are_found(exports, tmp_path):
    path = tmp_path / "x.json"
    whole = json.loads((exports / "json").read_text())
    for change in (lambda d: d.update(extra="x"), lambda d: d["profiles"][0].update(values=[1, 2]), lambda d: d["profiles"][0].update(call_count="7"),
                   lambda d: d["profiles"][0]["exceptions"].update(X={"raised": 1, "message": "no such card"})):
        changed = json.loads(json.dumps(whole))
        change(changed)
        path.write_text(json.dumps(changed))
        assert facts(path, status=1)["problems"]
    lines = (exports / "csv").read_text().splitlines()
    path.write_text("\n".join(line + ",secret" for line in lines))
    assert facts(path, status=1)["problems"]
    path.write_text("\n".join([lines[0], re.sub(r",\d+,", ",4111 1111,", lines[1], count=1)]))
    assert facts(path, status=1)["problems"]
    path.write_text("{\"a\": ")
    assert "no whole JSON" in audit(path, status=2).stderr
    path.write_text("hello")
    assert audit(path, status=2).stderr


# ---- databases ----

@pytest.fixture
def database(log, tmp_path):
    """The analysis of the log, in a folder of its own."""
    copy = tmp_path / log.name
    copy.write_bytes(log.read_bytes())
    subprocess.run([harness.GHOST, "import", "--no-config", "--events", "all", copy], check=True, timeout=60, capture_output=True)
    return tmp_path / (log.name + ".db")


def changed(database, *statements):
    db = sqlite3.connect(database)
    for statement in statements:
        db.execute(statement)
    db.commit()
    db.close()


def test_a_database_is_proven(database):
    shown = facts(database, "--list", "all", status=0)
    texts = {(s["kind"], s["text"]) for s in shown["strings"]}
    assert {("function", "Basket.total"), ("type", "Basket"), ("parameter", "price"), ("annotation", "Literal[str, int]")} <= texts
    assert not any(value in t for _, t in texts for value in HIDDEN)
    assert not any(value.encode() in database.read_bytes() for value in HIDDEN)
    # every column of text that SQLite knows of is in the table of places of analyzer/audit_db.c, and nothing else is
    source = (harness.ROOT / "analyzer/audit_db.c").read_text()
    places = set(re.findall(r'\{ "(\w+)", "(\w+)"(?:, AUDIT_\w+)? \}', source))
    db = sqlite3.connect(database)
    tables = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    columns = {(t, row[1]): row[2] for t in tables for row in db.execute(f"PRAGMA table_xinfo({t})")}
    db.close()
    assert places <= set(columns)
    assert {at for at, kind in columns.items() if kind == "TEXT"} <= places


IN_DATABASE = {
    "the table notes": ["CREATE TABLE notes(card TEXT)", "INSERT INTO notes VALUES ('4111 1111')"],
    "the table function": ["ALTER TABLE function ADD COLUMN card TEXT"],
    "column calls holds text": ["UPDATE edge SET calls = '4111 1111 1111 1111' WHERE id = 0"],
    "column qualname holds 3 bytes": ["UPDATE type SET qualname = x'00ff00' WHERE id = 0"],
    "column latency holds text": ["UPDATE signature SET latency = '{\"4111 x\": 1}' WHERE id = 0"],
    "free pages": ["CREATE TABLE gone(card TEXT)", "INSERT INTO gone VALUES (hex(randomblob(20000)))", "DROP TABLE gone"],
    "the trigger t": ["CREATE TRIGGER t AFTER DELETE ON mark BEGIN SELECT 'card 4111'; END"],
}


@pytest.mark.parametrize("what", IN_DATABASE)
def test_what_is_hidden_in_a_database_is_found(database, what):
    changed(database, *IN_DATABASE[what])
    problems = facts(database, status=1)["problems"]
    assert any(what in p for p in problems) and any("changed after Ghost wrote it" in p for p in problems), problems


def test_text_between_the_rows_is_found(database):
    """In the gap of a page, where no row is: what DELETE leaves there, or a hand puts there."""
    data = bytearray(database.read_bytes())
    size = int.from_bytes(data[16:18], "big")
    for at in range(size, len(data), size):
        cells, content = int.from_bytes(data[at + 3:at + 5], "big"), int.from_bytes(data[at + 5:at + 7], "big")
        if data[at] == 13 and content - 8 - 2 * cells > 100:
            data[at + content - 60:at + content - 60 + len(SECRET)] = SECRET
            break
    database.write_bytes(data)
    assert any("between the rows" in p for p in facts(database, status=1)["problems"])
