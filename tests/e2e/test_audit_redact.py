"""`ghost audit --redact`: the copy has the same figures, and none of the program's names.

All names of the recorded program hold "zQvK", so one search tells whether any of them is left."""
import collections
import hashlib
import hmac
import json
import os
import re
import subprocess

import pytest
import zstandard

import harness
from test_audit import archive

MAIN = '''
import ctypes, dataclasses, datetime as zQvKdt, enum, threading, types, typing, unittest.mock
from collections import namedtuple
from typing import Optional, Protocol, TypeVar, NewType, Literal, List
import statistics                       # the program's own, not Python's
from zQvKpack.zQvKinner import ZzQvKBasket, zQvKhelp
ZzQvKT = TypeVar("ZzQvKT", bound="ZzQvKBasket")
ZzQvKId = NewType("ZzQvKId", int)
ZzQvKAlias = List[ZzQvKBasket]
class ZzQvKHas(Protocol):
    def zQvKtotal(self) -> float: ...
    def append(self, zQvKx): ...
class ZzQvKColour(enum.Enum):
    ZzQvKRED = 1
@dataclasses.dataclass
class ZzQvKOrder:
    zQvKprice: int
    zQvKwhen: Optional[zQvKdt.datetime] = None
    def zQvKtotal(self, zQvKpercent: float = 1.0) -> float:
        return "zQvK-hidden" if zQvKpercent == 7 else float(self.zQvKprice)
ZzQvKPoint = namedtuple("ZzQvKPoint", "zQvKx zQvKy")
ZzQvKMade = dataclasses.make_dataclass("ZzQvKMade", ["zQvKfield"])
ZzQvKNew = types.new_class("ZzQvKNew")
class ZzQvKStruct(ctypes.Structure):
    _fields_ = [("zQvKf", ctypes.c_int)]
ZzQvKPointer = ctypes.POINTER(ZzQvKStruct)
class ZzQvKMock(unittest.mock.MagicMock): pass
def zQvKtake(zQvKany, *zQvKargs: int, zQvKkey: "Literal[\'zQvK-literal\', 3]" = "zQvK-literal", **zQvKkwargs: ZzQvKAlias) -> None:
    def zQvKnested(): return (lambda zQvKa: zQvKa)(1)
    return zQvKnested()
def zQvKgen(zQvKn: ZzQvKId, zQvKt: ZzQvKT):
    yield from (zQvKi for zQvKi in range(3))
def zQvKfail(zQvKhas: ZzQvKHas, zQvKdate: zQvKdt.datetime):
    raise KeyError("zQvK-message")
class ZzQvKError(ValueError): pass
async def zQvKco(zQvKstop: typing.Union[int, "ZzQvKOrder"]): raise ZzQvKError("zQvK-message")
def zQvKunused(): pass
for i in range(50):
    o = ZzQvKOrder(i); o.zQvKtotal(); o.zQvKtotal(7)
    for v in (o, ZzQvKColour.ZzQvKRED, ZzQvKPoint(1, 2), ZzQvKMade(1), ZzQvKNew(), ZzQvKStruct(), ZzQvKPointer(), ZzQvKMock(), statistics, i, "x"):
        zQvKtake(v, 1, 2, zQvKkey="zQvK-value", zQvKmore=v)
    list(zQvKgen(i, ZzQvKBasket())); zQvKhelp(i)
    statistics.zQvKmean(i)
    try: zQvKfail([], zQvKdt.datetime.now())
    except KeyError: pass
    try: zQvKco(3).send(None)
    except ZzQvKError: pass
t = threading.Thread(target=zQvKtake, args=(1,), name="zQvK-thread"); t.start(); t.join()
'''
FILES = {"zQvKmain-app.py": MAIN, "statistics.py": "def zQvKmean(zQvKvalues): return zQvKvalues\n", "zQvKpack/__init__.py": "",
         "zQvKpack/zQvKinner.py": "class ZzQvKBasket:\n    def zQvKtotal(self): return 1.0\n    def append(self, zQvKx): pass\ndef zQvKhelp(zQvKy): return str(zQvKy)\n"}
ENV = {k: v for k, v in os.environ.items() if not k.startswith("GHOST_")}


def ghost(*args, data, status=0, **more):
    done = subprocess.run([harness.GHOST, *map(str, args)], env=ENV | {"GHOST_DATA_DIR": str(data)}, capture_output=True, text=True, timeout=120, **more)
    assert status is None or done.returncode == status, done.stdout[-2000:] + done.stderr
    return done


def record(python, folder, *options):
    app = folder / "zQvKfolder"
    for name, text in FILES.items():
        path = app / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    ghost("run", "--no-config", *options, "--python", python.exe, app / "zQvKmain-app.py", "zQvK-argument", data=folder / "data", cwd=app)
    (session,) = (folder / "data/sessions").iterdir()
    return session


def contents(path):
    """All bytes of a log or an archive, packed and unpacked."""
    data, out = path.read_bytes(), [path.read_bytes()]
    at = 0
    while at < len(data):
        if data[at:at + 4] == b"\x28\xb5\x2f\xfd":
            d = zstandard.ZstdDecompressor().decompressobj()
            out.append(d.decompress(data[at:]))
            at = len(data) - len(d.unused_data)
        else:
            at += 8 + int.from_bytes(data[at + 4:at + 8], "little")
    return b"\n".join(out)


def unpacked(path):
    """{name: bytes} of the logs of an archive (docs/format.md)."""
    data, logs, at, name = path.read_bytes(), {}, 0, None
    while at < len(data):
        if data[at:at + 4] == b"\x28\xb5\x2f\xfd":
            d = zstandard.ZstdDecompressor().decompressobj()
            d.decompress(data[at:])
            end = len(data) - len(d.unused_data)
        else:
            end = at + 8 + int.from_bytes(data[at + 4:at + 8], "little")
        if data[at + 8:at + 16] == b"GHOSTMEM":
            name = data[at + 17:at + 17 + data[at + 16]].decode()
            logs[name] = b""
        elif data[at + 8:at + 16] not in (b"GHOSTARC", b"GHOSTDIR"):
            logs[name] += data[at:end]
        at = end
    return logs


def names_left(path):
    logs = sorted(path.glob("*.ghost")) if path.is_dir() else [path]
    assert logs
    return [m for log in logs for m in re.findall(rb"[\w-]*zQvK[\w-]*", contents(log))]


def tokens_of(path):
    return dict(line.split("\t") for line in path.read_text().splitlines())


def named(value, names):
    """Tokens back to names, in all texts of some JSON."""
    if isinstance(value, dict):
        return {named(k, names): named(v, names) for k, v in value.items()}
    if isinstance(value, list):
        return [named(v, names) for v in value]
    return re.sub(r"n[a-z2-7]{12}", lambda m: names.get(m.group(), m.group()), value) if isinstance(value, str) else value


def profiles(session, data, names={}):
    shown = json.loads(ghost("export", "--no-config", session, "--format", "json", data=data).stdout)
    assert shown["events_lost"] == 0
    return {p["fn_key"]: p for p in named(shown["profiles"], names)}, named(shown["losses"] + shown["notes"] + shown["marks"], names)


@pytest.mark.parametrize("options", [(), ("--all",)], ids=["application", "everything"])
def test_same_figures_and_no_names(python, tmp_path, options):
    session = record(python, tmp_path, *options)
    copy, data = tmp_path / "copy", tmp_path / "data"
    done = ghost("audit", "--no-config", session, "--redact", "-o", copy, "--map", tmp_path / "map", data=data)
    assert "tokens" in done.stderr and "left out" not in done.stderr
    assert names_left(session) and names_left(copy) == []
    assert ghost("audit", "--no-config", copy, "--grep", "zQvK", data=data).stdout == ""
    assert (tmp_path / "map").stat().st_mode & 0o777 == (data / "redact.key").stat().st_mode & 0o777 == 0o600
    names = tokens_of(tmp_path / "map")
    assert {"zQvKmain", "ZzQvKOrder", "zQvKprice", "statistics", "zQvKdt"} <= set(names.values()) | {"zQvKdt"}
    before, after = profiles(session, data), profiles(copy, data, names)
    assert before == after
    # Python's own names are still there
    assert any("KeyError" in p["exceptions"] for p in after[0].values()) and any("datetime" in s for p in after[0].values() for s in p["arg_type_dist"])


def findings(session, data):
    shown = json.loads(ghost("anomalies", "--no-config", session, "--format", "json", data=data, status=None).stdout)
    return collections.Counter((f["kind"], f["severity"], f["count"], f["total"], f["line"]) for f in shown["anomalies"])


def test_the_detectors_find_the_same(python, tmp_path):
    session = record(python, tmp_path)
    ghost("audit", "--no-config", session, "--redact", "-o", tmp_path / "copy", data=tmp_path / "data")
    before, after = findings(session, tmp_path / "data"), findings(tmp_path / "copy", tmp_path / "data")
    assert before == after and {"type_mismatch", "never_called"} <= {kind for kind, *_ in before}


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    return record(harness.pythons()[0], tmp_path_factory.mktemp("redact"))


def test_tokens_are_a_keyed_hash(session, tmp_path):
    """Computed anew with Python's hmac; the same key gives the same tokens, another one others."""
    (tmp_path / "key").write_text("a secret of ours")
    for name in ("one", "two"):
        ghost("audit", session, "--redact", "-o", tmp_path / name, "--key-file", tmp_path / "key", "--map", tmp_path / f"{name}.map", data=tmp_path)
    names = tokens_of(tmp_path / "one.map")
    assert names == tokens_of(tmp_path / "two.map") and len(names) > 50
    key = hashlib.sha256(b"a secret of ours").digest()
    for token, name in names.items():
        number = int.from_bytes(hmac.new(key, name.encode(), "sha256").digest()[:8], "little")
        digits = "abcdefghijklmnopqrstuvwxyz234567"
        assert token == "n" + "".join(digits[number >> 5 * i & 31] for i in range(12))
    one, two = ((tmp_path / name / log.name).read_bytes() for name in ("one", "two") for log in [next(session.glob("*.ghost"))])
    assert one == two
    (tmp_path / "other").write_text("another secret")
    ghost("audit", session, "--redact", "-o", tmp_path / "three", "--key-file", tmp_path / "other", "--map", tmp_path / "three.map", data=tmp_path)
    assert not set(tokens_of(tmp_path / "three.map")) & set(names)


def test_redact_all_leaves_nothing_of_python(session, tmp_path):
    ghost("audit", session, "--redact-all", "-o", tmp_path / "copy", data=tmp_path)
    text = b"".join(contents(p) for p in (tmp_path / "copy").glob("*.ghost"))
    assert names_left(tmp_path / "copy") == [] and not re.search(rb"KeyError|datetime|Optional|__init__|MainThread", text)
    before, after = profiles(session, tmp_path)[0], profiles(tmp_path / "copy", tmp_path)[0]
    figures = ("call_count", "exception_count", "total_latency_ns", "self_ns", "p99_latency_ns", "line")
    assert sorted([p[f] for f in figures] for p in before.values()) == sorted([p[f] for f in figures] for p in after.values())


def test_a_lone_log_and_an_archive_keep_their_form(session, tmp_path):
    (log,) = session.glob("*.ghost")
    ghost("audit", log, "--redact", "-o", tmp_path / "one.ghost", data=tmp_path)
    assert names_left(tmp_path / "one.ghost") == []
    assert ghost("log", "check", tmp_path / "one.ghost", data=tmp_path).stdout.endswith("ended in good order, indexed; 0 faults\n")
    path = tmp_path / "s.ghostpack"
    path.write_bytes(archive({log.name: log.read_bytes(), "7-0000000a.ghost": log.read_bytes()}))
    ghost("audit", path, "--redact", "-o", tmp_path / "copy.ghostpack", "--map", tmp_path / "map", data=tmp_path)
    assert names_left(path) and names_left(tmp_path / "copy.ghostpack") == []
    ghost("audit", "--no-config", tmp_path / "copy.ghostpack", data=tmp_path)
    logs = unpacked(tmp_path / "copy.ghostpack")
    assert set(logs) == {log.name, "7-0000000a.ghost"}
    for name, data in logs.items():
        (tmp_path / name).write_bytes(data)
        assert profiles(log, tmp_path) == profiles(tmp_path / name, tmp_path, tokens_of(tmp_path / "map"))


def test_nothing_is_overwritten_and_what_is_missing_is_told(session, tmp_path):
    (tmp_path / "there").write_text("mine")
    done = ghost("audit", session, "--redact", "-o", tmp_path / "there", data=tmp_path, status=2)
    assert "already there" in done.stderr and (tmp_path / "there").read_text() == "mine"
    assert "-o FILE" in ghost("audit", session, "--redact", data=tmp_path, status=2).stderr
    assert "--redact" in ghost("audit", session, "-o", tmp_path / "x", data=tmp_path, status=2).stderr
    (tmp_path / "short").write_text("abc")
    assert "guessed" in ghost("audit", session, "--redact", "-o", tmp_path / "x", "--key-file", tmp_path / "short", data=tmp_path, status=2).stderr
    assert not (tmp_path / "x").exists()


def test_what_cannot_be_read_is_left_out_and_told(session, tmp_path):
    (log,) = session.glob("*.ghost")
    data = log.read_bytes()
    (tmp_path / "damaged.ghost").write_bytes(data[:len(data) // 2] + b"zQvK-garbage" + data[len(data) // 2:] + b"zQvK-tail")
    done = ghost("audit", tmp_path / "damaged.ghost", "--redact", "-o", tmp_path / "copy.ghost", data=tmp_path)
    assert "left out" in done.stderr and names_left(tmp_path / "copy.ghost") == []
