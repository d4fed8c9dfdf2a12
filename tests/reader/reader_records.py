"""docs/format.md, section 4: the records inside a frame, each as a plain dict."""

import itertools

from reader_blocks import read_block, read_blocks
from reader_frames import NeedsNewer
from reader_wire import Cursor, Malformed

FUNC_MAX, SIG_OTHER, ELEMENTS = (1 << 20) - 1, 4095, 3
VARARGS, VARKEYWORDS = 4, 8


def _within(what, value, low, high):
    if not low <= value <= high:
        raise Malformed(f"{what} {value} is not within {low} to {high}")
    return value


def _texts(at):
    return [at.text() for _ in range(at.count())]


def _types(at):
    return at.varints(at.count())


def _numbers(*names):
    return lambda at: {name: at.varint() for name in names}


def _then_text(numbers, name):
    def read(at):
        record = numbers(at)
        record[name] = at.text()
        return record
    return read


def _meta(at):
    return {"pairs": [(at.text(), at.text()) for _ in range(at.count(2))]}


def _function(at, fingerprint="I"):
    f = _numbers("id", "co_flags", "line", "posonly", "positional", "kwonly")(at)
    _within("function id", f["id"], 1, FUNC_MAX)
    f["fingerprint"] = at.fixed(fingerprint)
    f["module"], f["qualname"], f["file"] = at.text(), at.text(), at.text()
    f["params"] = _texts(at)
    expected = f["positional"] + f["kwonly"] + bool(f["co_flags"] & VARARGS) + bool(f["co_flags"] & VARKEYWORDS)
    if len(f["params"]) != expected or f["posonly"] > f["positional"]:
        raise Malformed(f"function {f['id']} has {len(f['params'])} parameter names for {expected} parameters")
    return f


def _func(at):
    return _function(at, "Q")


def _type(at):
    t = _numbers("id", "flags", "abcs")(at)
    _within("type id", t["id"], 1, 0xFFFFFFFF)
    t["module"], t["qualname"] = at.text(), at.text()
    t["mro"], t["virtual"], t["members"] = _types(at), _types(at), _texts(at)
    return t


def _sig(at):
    s = _numbers("func", "id")(at)
    _within("function id", s["func"], 1, FUNC_MAX)
    _within("signature id", s["id"], 1, SIG_OTHER)
    s["types"] = _types(at)
    for name in ("args", "kwargs"):
        n = _within("number of elements", at.varint(), 0, ELEMENTS + 1)
        s["n_" + name], s[name] = n, at.varints(min(n, ELEMENTS))
    return s


def _content(at):
    c = _numbers("id", "type", "size")(at)
    _within("content id", c["id"], 1, 0xFFFFFFFF)
    _within("size", c["size"], 0, 17)
    for name in ("keys", "items"):
        c[name] = [(at.varint(), _within("part's content", at.varint(), 0, c["id"] - 1)) for _ in range(_within("parts", at.count(2), 0, 256))]
    return c


def _sampled(at):
    s = _numbers("func", "caller", "place", "index", "content", "count")(at)
    _within("function id", s["func"], 1, FUNC_MAX)
    _within("content id", s["content"], 1, 0xFFFFFFFF)
    _within("caller", s["caller"], 0, FUNC_MAX)
    _within("place", s["place"], 0, 2 + 1023)
    _within("index", s["index"], 0, ELEMENTS - 1)
    return s


def _annot(at):
    a = _numbers("func", "flags")(at)
    a["annotations"] = [(at.text(), at.text()) for _ in range(at.count(2))]
    a["names"] = [(at.varint(), at.varint(), at.varint(), at.text(), at.text()) for _ in range(at.count(5))]
    a["defaults"] = [(at.varint(), at.varint()) for _ in range(at.count(2))]
    return a


def _tree(at):
    t = {"module": at.text(), "file": at.text(), "nodes": []}
    for i in range(at.count(13)):
        node = _numbers("parent", "flags", "co_flags", "line")(at)
        node["fingerprint"], node["qualname"] = at.fixed("Q"), at.text()
        _within("parent index", node["parent"], 0, max(0, i - 1))
        t["nodes"].append(node)
    return t


JOINS = ("", ".", ".<locals>.")


def _module(at):
    """Columns; what a node shares with its parent is left out."""
    t = {"module": at.text(), "file": at.text()}
    fingerprint, n = at.fixed("I"), at.count(6)
    if n == 0:
        raise Malformed("a module without its own node")
    backs, joins, flags, co_flags = (at.varints(n) for _ in range(4))
    lines = list(itertools.accumulate(at.zigzag() for _ in range(n)))
    names = [at.text() for _ in range(n)]
    nodes = t["nodes"] = []
    for i in range(n):
        parent = i - _within("distance of the parent", backs[i], min(i, 1), i)
        join = JOINS[_within("join", joins[i], 0, 2)]
        qualname = (nodes[parent]["qualname"] if join and i else "") + join + names[i]
        nodes.append({"parent": parent, "flags": flags[i], "co_flags": co_flags[i], "line": _within("line", lines[i], 0, 0xFFFFFFFF),
                      "fingerprint": 0 if i else fingerprint, "qualname": qualname})
    return t


# To add a record: a row here; odd ids are optional, even ones required (section 4).
RECORDS = {
    2: ("META", _meta),
    3: ("ANNOT", _annot),
    4: ("FUNC", _func),
    5: ("TREE", _tree),
    6: ("TYPE", _type),
    7: ("MARK", _then_text(_numbers("id"), "name")),
    8: ("SIG", _sig),
    9: ("NOTE", _then_text(_numbers("code", "count"), "detail")),
    10: ("THREAD", _then_text(_numbers("id", "os_tid", "start_tick"), "name")),
    11: ("CHILD", _numbers("pid", "tick")),
    12: ("BLOCK", read_block),
    13: ("END", _numbers("events", "lost", "mono_ns", "real_ns")),
    15: ("TREE", _module),
    17: ("CONTENT", _content),
    18: ("FUNC", _function),
    19: ("SAMPLED", _sampled),
    14: ("LOSS", _numbers("thread", "cause", "count", "first_tick", "last_tick")),
}


def records(content):
    """(name, record) of each record of a frame's content; unknown optional ones as ("UNKNOWN", ...)."""
    at = Cursor(content)
    while at.left():
        number, size = at.varint(), at.varint()
        if size > at.left():
            raise Malformed(f"record {number} of {size} bytes, {at.left()} left")
        payload = Cursor(content, at.pos, at.pos + size)
        at.pos += size
        if number == 16:
            for block in read_blocks(payload):
                yield "BLOCK", block
        elif number in RECORDS:
            name, read = RECORDS[number]
            yield name, read(payload)
        elif number & 1:
            yield "UNKNOWN", {"id": number, "size": size}
        else:
            raise NeedsNewer(f"record {number} is required and unknown to this reader of format version 2")
