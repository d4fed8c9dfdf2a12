"""The Python reader by itself, on logs made byte by byte: what docs/format.md says must come out.
(That it agrees with the C reader is tests/e2e/test_reader.py.)"""

import json
import struct
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import ghost_reader
import handmade as h
from reader_blocks import (ABANDON, ADOPT, CALL, DROP, GEN_CALL, RESUME, RETURN, THROW, UNWIND, YIELD)
from reader_frames import NeedsNewer
from reader_wire import Cursor, Malformed, xxh64

INT, STR, KEY_ERROR, CLOSE, NONE = 1, 2, 3, 4, 5
TYPES = [h.type_(INT, "int"), h.type_(STR, "str"), h.type_(KEY_ERROR, "KeyError"), h.type_(CLOSE, "GeneratorExit"),
         h.type_(NONE, "NoneType")]
F, G = 1, 2
DEFINITIONS = [*TYPES, h.func(F, "f", ["a", "b"]), h.func(G, "g", ["x", "k", "rest", "more"], 1, 1, 12), h.sig(F, 1, [INT, STR]),
               h.sig(G, 1, [INT, STR, INT, INT])]


def profiles(tmp_path, *blocks, frames=None, tail=b""):
    path = tmp_path / "1-00000000.ghost"
    path.write_bytes(h.header() + b"".join(frames or [h.frame(*DEFINITIONS, *blocks)]) + tail)
    out = ghost_reader.export([path])
    return {p["qualname"]: p for p in out["profiles"]}, out


def test_xxh64():
    assert xxh64(b"") == 0xEF46DB3751D8E999
    assert xxh64(b"a" * 100) == pytest.importorskip("xxhash").xxh64_intdigest(b"a" * 100)


@pytest.mark.parametrize("bytes_", [b"\x80\x00", b"\xff" * 10, b"\x80", b"\x81" * 11])
def test_varints_that_are_errors(bytes_):
    with pytest.raises(Malformed):
        Cursor(bytes_).varint()


def test_a_call_in_a_call(tmp_path):
    found, out = profiles(tmp_path, h.block([
        (1000, (CALL, F, 1), None), (1010, (CALL, G, 1), None), (1500, (RETURN, INT, 0), None), (901500, (RETURN, STR, 0), None)]))
    f, g = found["f"], found["g"]
    assert out["events"] == 4 and not out["faults"]
    assert (f["total_latency_ns"], f["self_ns"], f["ret_type_dist"]) == (900500, 900010, {"str": 1})
    assert (g["total_latency_ns"], g["callers"]) == (490, {"m:f:1": 1})
    assert f["callees"] == {"m:g:1": 1} and f["arg_type_dist"] == {"(int, str)": 1}
    assert g["arg_type_dist"] == {"(int, *int, k=str, **int)": 1}


@pytest.mark.parametrize("delta", [0, 1, 191, 192, 193, 255, 256, 1000, 65535, 1 << 20, (1 << 21) + (3 << 19) + 127,
                                   (1 << 21) + (3 << 19) + 128, 1 << 30, 1 << 45])
def test_time_codes(tmp_path, delta):
    found, out = profiles(tmp_path, h.block([(1000, (CALL, F, 1), None), (1000 + delta, (RETURN, INT, 0), None)]))
    assert not out["faults"] and found["f"]["total_latency_ns"] == delta


def test_exceptions_raised_passed_caught(tmp_path):
    found, _ = profiles(tmp_path, h.block([
        (1000, (CALL, F, 1), None), (1001, (CALL, G, 1), None), (1002, (UNWIND, KEY_ERROR, 1), None), (1003, (UNWIND, KEY_ERROR, 0), None),
        (1004, (CALL, F, 1), None), (1005, (CALL, G, 1), None), (1006, (UNWIND, KEY_ERROR, 1), None), (1007, (RETURN, NONE, 0), None)]))
    assert found["g"]["exceptions"] == {"KeyError": {"raised": 2, "passed": 0, "caught": 0}}
    assert found["f"]["exceptions"] == {"KeyError": {"raised": 0, "passed": 1, "caught": 1}}
    assert found["f"]["exception_count"] == 1


def test_a_generator_over_two_blocks_and_threads(tmp_path):
    first = h.block([(1000, (CALL, F, 1), None), (1010, (GEN_CALL, G, 1), 0), (1015, (YIELD, INT, 0), None), (1020, (RETURN, NONE, 0), None)],
                    n_slots=1, alive=[(0, 77)])
    waiting = h.entry(2000, G, 1010, 1, F, 3, resumed=1010, active=5, token=77)
    second = h.block([(2000, (RESUME, 0, 0), 3), (2010, (YIELD, STR, 0), None), (2020, (THROW, 0, 0), 3), (2021, (UNWIND, CLOSE, 0), None)],
                     thread=2, base=2000, suspended=[waiting], n_slots=4)
    found, out = profiles(tmp_path, first, second)
    g = found["g"]
    assert not out["faults"] and g["call_count"] == 1 and g["calls_unfinished"] == 0
    assert g["yield_type_dist"] == {"int": 1, "str": 1} and g["exceptions"] == {} and g["exception_count"] == 0
    assert (g["total_latency_ns"], g["self_ns"], g["suspended_ns"]) == (1011, 16, 995)


def test_what_was_not_seen_has_no_latency(tmp_path):
    found, out = profiles(tmp_path, h.block([
        (1000, (CALL, F, 1), None), (1001, (CALL, F, 1), None), (1009, (ABANDON, 0, 0), None), (1010, (RETURN, INT, 0), None),
        (1020, (ADOPT, G, 0), 0), (1030, (RETURN, INT, 0), None), (1040, (GEN_CALL, G, 1), 0), (1041, (YIELD, INT, 0), None),
        (1050, (DROP, 0, 0), 0)], n_slots=1))
    assert not out["faults"] and out["events"] == 6
    f, g = found["f"], found["g"]
    assert (f["call_count"], f["calls_unfinished"], f["total_latency_ns"], f["self_ns"]) == (2, 1, 10, 10)
    assert (g["call_count"], g["calls_unfinished"], g["calls_adopted"], g["total_latency_ns"], g["ret_type_dist"]) == (1, 1, 1, 0, {})


@pytest.mark.parametrize("n_classes", [1, 2, 3, 64])
@pytest.mark.parametrize("width", [1, 2])
def test_blocks_of_one_table(tmp_path, n_classes, width):
    """The same as blocks of their own, whatever the time classes are."""
    waiting = h.entry(2000, G, 1010, 1, F, 3, resumed=1010, active=5, token=77)
    parts = [
        {"events": [(1000, (CALL, F, 1), None), (1010, (GEN_CALL, G, 1), 0), (1015, (YIELD, INT, 0), None), (901500, (RETURN, NONE, 0), None)],
         "n_slots": 1, "alive": [(0, 77)]},
        {"events": [], "thread": 3},
        {"events": [(2000, (RESUME, 0, 0), 3), (2400, (YIELD, STR, 0), None), (2420, (THROW, 0, 0), 3), (2421, (UNWIND, CLOSE, 0), None)],
         "thread": 2, "base": 2000, "suspended": [waiting], "n_slots": 4}]
    together, out = profiles(tmp_path, h.blocks(*parts, n_classes=n_classes, width=width))
    assert not out["faults"] and together == profiles(tmp_path, *(h.block(**part) for part in parts))[0]
    assert together["g"]["call_count"] == 1 and together["f"]["total_latency_ns"] == 900500


def test_a_module_in_columns(tmp_path):
    nodes = [(0, 0, 0, 0, 1, "<module>"), (1, 0, 2, 0, 2, "C"), (1, 1, 1, 3, 1, "f"), (1, 2, 1, 3, -2, "g"), (4, 0, 1, 3, 9, "C.f")]
    columns = [b"".join((h.zigzag if i == 4 else h.text if i == 5 else h.varint)(node[i]) for node in nodes) for i in range(6)]
    path = tmp_path / "1-00000000.ghost"
    path.write_bytes(h.header() + h.frame(h.record(15, h.text("m") + h.text("/m.py") + struct.pack("<I", 7) + h.varint(5) + b"".join(columns))))
    (line,) = ghost_reader.dump(path)
    tree = json.loads(line.split(" TREE ")[1])
    assert [n["qualname"] for n in tree["nodes"]] == ["<module>", "C", "C.f", "C.f.<locals>.g", "C.f"]
    assert [(n["parent"], n["line"], n["fingerprint"]) for n in tree["nodes"]] == [(0, 1, 7), (0, 3, 0), (1, 4, 0), (2, 2, 0), (0, 11, 0)]


@pytest.mark.parametrize("events, n_slots", [
    ([(1000, (RETURN, INT, 0), None)], 0),                                              # nothing to return from
    ([(1000, (CALL, F, 1), None), (1001, (YIELD, INT, 0), None)], 0),                   # a plain call yields
    ([(1000, (RESUME, 0, 0), 0)], 1),                                                   # nothing is suspended
    ([(1000, (GEN_CALL, G, 1), 5)], 5),                                                 # no such slot
    ([(1000, (GEN_CALL, G, 1), 0), (1001, (GEN_CALL, G, 1), 0)], 1),                    # taken
    ([(1000, (13, 0, 0), None)], 0),                                                    # no such shape
])
def test_blocks_that_contradict_themselves(tmp_path, events, n_slots):
    good = h.block([(1000, (CALL, F, 1), None)])
    _, out = profiles(tmp_path, good, h.block(events, n_slots=n_slots))
    assert len(out["faults"]) == 1 and out["events"] == 1


def test_unknown_records(tmp_path):
    call = h.block([(1000, (CALL, F, 1), None)])
    _, out = profiles(tmp_path, h.record(101, b"later"), call)
    assert out["events"] == 1 and not out["faults"]
    _, out = profiles(tmp_path, call, h.record(100, b"later"), call)
    assert out["events"] == 1 and "record 100 is required" in out["faults"][0]


def test_a_newer_file_is_refused(tmp_path):
    path = tmp_path / "1-00000000.ghost"
    path.write_bytes(h.header(9, 9))
    with pytest.raises(NeedsNewer, match="version 9"):
        ghost_reader.export([path])
    path.write_bytes(h.header(9, 1))
    assert ghost_reader.export([path])["faults"] == []


def test_cut_and_damaged(tmp_path):
    frames = [h.frame(*DEFINITIONS, h.block([(1000, (CALL, F, 1), None)])), h.frame(h.block([(1000, (CALL, F, 1), None)], thread=2)),
              h.frame(h.block([(1000, (CALL, F, 1), None)], thread=3))]
    whole = h.header() + b"".join(frames)
    path = tmp_path / "1-00000000.ghost"
    borders = {len(h.header()) + sum(map(len, frames[:i])): i for i in range(4)}
    for cut in range(len(h.header()), len(whole) + 1):
        path.write_bytes(whole[:cut])
        out = ghost_reader.export([path])
        assert out["events"] == max(n for border, n in borders.items() if border <= cut)
        assert bool(out["faults"]) == (cut not in borders)
    middle = range(len(h.header()) + len(frames[0]), len(h.header()) + len(frames[0]) + len(frames[1]))
    descriptor = middle[0] + 4      # its bit 4 means nothing in zstd, and the flip below is that bit
    for at in set(middle) - {descriptor}:
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1:])
        out = ghost_reader.export([path])
        assert out["events"] == 2 and out["faults"], at


def ring(tmp_path, events, thread=1, tail=0, capacity=64):
    head = bytearray(4096)
    head[:8] = b"GHOSTRNG"
    struct.pack_into("<II", head, 8, 1, 0x01020304)
    head[16:32] = bytes(range(16))
    struct.pack_into("<QQI", head, 32, 1, capacity, thread)
    struct.pack_into("<QQ", head, 64, 0, 1 << 32)
    struct.pack_into("<Q", head, 128, tail + len(events))
    struct.pack_into("<Q", head, 256, tail)
    slots = bytearray(16 * capacity)
    for i, (tick, kind, function, aux, arg) in enumerate(events):
        struct.pack_into("<QQ", slots, 16 * ((tail + i) % capacity), tick << 4 | kind, function | aux << 20 | arg << 32)
    (tmp_path / f"1-00000000.{thread}.ring").write_bytes(head + slots)


def test_a_killed_process(tmp_path):
    """Stack and generator begun in the log, ended in the ring, by another thread, after the ring wrapped around."""
    ring(tmp_path, [(3000, 2, G, 0, STR), (3010, 2, F, 0, INT)], thread=1, tail=62)
    ring(tmp_path, [(2900, 6, G, 0, 77), (2910, 4, G, 0, INT), (2950, 1, F, 1, 0)], thread=2)
    log = [h.block([(1000, (CALL, F, 1), None), (1010, (GEN_CALL, G, 1), 0), (1020, (YIELD, INT, 0), None), (1030, (CALL, G, 1), None)],
                   n_slots=1, alive=[(0, 77)], first=58)]
    found, out = profiles(tmp_path, *log)
    assert out["events"] == 4 + 5
    assert found["g"]["yield_type_dist"] == {"int": 2} and found["g"]["total_latency_ns"] == 1970
    assert found["f"]["total_latency_ns"] == 2010 and found["f"]["calls_unfinished"] == 1
    ring(tmp_path, [(3000, 2, G, 0, STR), (3010, 2, F, 0, INT)], thread=1, tail=60)     # two of these are in the block
    assert profiles(tmp_path, *log)[1]["events"] == 4 + 3


def test_a_token_that_is_used_again(tmp_path):
    """The log knows the later owner of token 77; a quiet thread's ring still holds an earlier one."""
    ring(tmp_path, [(500, 1, G, 1, 77), (510, 4, G, 0, INT)], thread=1)
    ring(tmp_path, [(3000, 5, F, 0, 77), (3010, 2, F, 0, INT)], thread=2, tail=2)
    found, _ = profiles(tmp_path, h.block([(1000, (GEN_CALL, F, 1), 0), (1010, (YIELD, INT, 0), None)], thread=2, n_slots=1, alive=[(0, 77)]))
    assert (found["f"]["total_latency_ns"], found["f"]["calls_unfinished"], found["f"]["ret_type_dist"]) == (2010, 0, {"int": 1})
    assert (found["g"]["call_count"], found["g"]["calls_unfinished"], found["g"]["ret_type_dist"]) == (1, 1, {})


def test_the_journal_of_a_killed_process(tmp_path):
    records = h.func(3, "late", line=7)
    head = bytearray(4096)
    head[:8] = b"GHOSTDEF"
    struct.pack_into("<II", head, 8, 1, 0x01020304)
    head[16:32] = bytes(range(16))
    struct.pack_into("<Q", head, 40, len(records))
    struct.pack_into("<Q", head, 128, len(records))
    (tmp_path / "1-00000000.0.defs").write_bytes(head + records)
    ring(tmp_path, [(3000, 1, 3, 0, 0)])
    found, _ = profiles(tmp_path, h.block([(1000, (CALL, F, 1), None), (1001, (RETURN, INT, 0), None)], thread=2))
    assert found["late"]["fn_key"] == "m:late:7" and found["late"]["call_count"] == 1


def test_a_ring_without_a_file(tmp_path):
    """Its header stands in the journal: what is neither in a block nor told is counted."""
    head = bytearray(4096)
    head[:8] = b"GHOSTDEF"
    struct.pack_into("<II", head, 8, 1, 0x01020304)
    head[16:32] = bytes(range(16))
    for at, thread, first, last, seeds, cause in ((576, 2, 0, 50, 0, 0), (576 + 10 * 320, 7, 10, 30, 12, 9)):
        head[at:at + 8] = b"GHOSTRNG"
        struct.pack_into("<II", head, at + 48, thread, seeds)
        struct.pack_into("<QQ", head, at + 128, last, 5)
        struct.pack_into("<QQQ", head, at + 168, cause, 0, 0)
        struct.pack_into("<QQ", head, at + 256, first, 2)
    (tmp_path / "1-00000000.0.defs").write_bytes(head)
    log = h.block([(1000, (CALL, F, 1), None), (1001, (RETURN, INT, 0), None)], thread=2)
    _, out = profiles(tmp_path, log)
    assert out["events"] == 2 and out["losses"] == {"2": 50 - 2 + 3, "9": 30 - 12 + 3} and not out["faults"]
    head[576 + 48] = 0      # no thread
    (tmp_path / "1-00000000.0.defs").write_bytes(head)
    _, out = profiles(tmp_path, log)
    assert out["events"] == 2 and len(out["faults"]) == 1


def test_live_files_that_contradict_themselves(tmp_path):
    log = h.block([(1000, (CALL, F, 1), None)])
    ring(tmp_path, [(3000, 2, F, 0, INT)], tail=1)
    path = tmp_path / "1-00000000.1.ring"
    good = path.read_bytes()
    assert profiles(tmp_path, log)[1]["events"] == 2
    for at, value in ((0, b"X"), (8, b"\x09"), (16, b"\xff"), (40, b"\x03"), (128, bytes([9] * 8)), (256, bytes([9] * 8))):
        path.write_bytes(good[:at] + value + good[at + len(value):])
        _, out = profiles(tmp_path, log)
        assert out["events"] == 1 and len(out["faults"]) == 1, at
    path.write_bytes(bytes(len(good)))      # made, not filled
    assert profiles(tmp_path, log)[1]["faults"] == []
