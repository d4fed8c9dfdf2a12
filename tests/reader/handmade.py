"""Writes small logs byte by byte, after docs/format.md, for tests of the reader itself."""

import struct

import zstandard

from reader_wire import xxh64


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out) + bytes([n])


def zigzag(n):
    return varint(n * 2 if n >= 0 else -n * 2 - 1)


def varints(*numbers):
    return b"".join(map(varint, numbers))


def text(s):
    raw = s.encode("utf-8", "surrogatepass")
    return varint(len(raw)) + raw


def listed(items, encode=varint):
    return varint(len(items)) + b"".join(map(encode, items))


def record(number, payload):
    return varints(number, len(payload)) + payload


def frame(*records):
    return zstandard.ZstdCompressor(write_checksum=True, write_content_size=True).compress(b"".join(records))


def header(version=1, oldest=1, process=bytes(range(16))):
    body = b"GHOSTLOG" + struct.pack("<HHI", version, oldest, 0) + process
    return struct.pack("<II", 0x184D2A50, 40) + body + struct.pack("<Q", xxh64(body))


def func(number, qualname, params=(), positional=None, kwonly=0, flags=0, line=1, module="m"):
    positional = len(params) if positional is None else positional
    return record(4, varints(number, flags, line, 0, positional, kwonly) + bytes(8) + text(module) + text(qualname) +
                  text("/m.py") + listed(params, text))


def type_(number, qualname, module="builtins"):
    return record(6, varints(number, 0, 0) + text(module) + text(qualname) + listed([number]) + listed([]) + listed([]))


def sig(function, number, types):
    return record(8, varints(function, number) + listed(types) + varints(0, 0))


def time_code(delta):
    """Section 5.1: the code and its extra bytes."""
    if delta < 192:
        return bytes([delta]), b""
    u = delta - 128
    e = u.bit_length() - 1
    s = u >> (e - 2) & 3
    if 192 + 4 * (e - 6) + s >= 255:
        return b"\xff", varint(u)
    return bytes([192 + 4 * (e - 6) + s]), (u & (1 << e - 2) - 1).to_bytes((e - 2 + 7) // 8, "little")


def entry(base, function, start, signature=0, caller=0, slot=None, flags=0, pending=0, resumed=None, active=0, child=0, token=0):
    resumed = start if resumed is None else resumed
    out = varints(function, signature, caller, 0 if slot is None else slot + 1, flags, pending)
    out += zigzag(base - start) + zigzag(base - resumed) + varints(active, child)
    return out + (varint(token) if slot is not None else b"")


def _columns(events, base):
    """Shapes in order, the events' codes and extra bytes, operands."""
    shapes = sorted({shape for _, shape, _ in events})
    ticks = [base] + [tick for tick, _, _ in events]
    return shapes, [time_code(b - a) for a, b in zip(ticks, ticks[1:])], [operand for _, _, operand in events if operand is not None]


def _head(events, thread, base, end, q32, stack, suspended, n_slots, first):
    last = events[-1][0] if events else base
    out = varints(thread, first, len(events), base, (last if end is None else end) - base, q32) + varints(base, 5, 7) * 2
    return out + listed(list(stack), bytes) + varint(n_slots) + listed(list(suspended), bytes)


def _table(rows):
    of_a = [a for _, a, _ in rows]
    return (varint(len(rows)) + bytes(kind for kind, _, _ in rows) +
            b"".join(zigzag(a - before) for a, before in zip(of_a, [0] + of_a)) + varints(*(b for _, _, b in rows)))


def _pairs(alive):
    return listed(list(alive), lambda pair: varints(*pair))


def block(events, thread=1, base=1000, end=None, q32=1 << 32, stack=(), suspended=(), n_slots=0, alive=(), first=0, width=1):
    """`events`: (tick, shape, operand or None), shape = (kind, a, b). A BLOCK of version 1."""
    shapes, codes, operands = _columns(events, base)
    payload = _head(events, thread, base, end, q32, stack, suspended, n_slots, first) + _table(shapes)
    payload += varint(len(events)) + bytes([width])
    payload += b"".join(shapes.index(shape).to_bytes(width, "little") for _, shape, _ in events)
    payload += b"".join(code for code, _ in codes) + listed(list(b"".join(extra for _, extra in codes)), lambda b: bytes([b]))
    payload += listed(operands) + _pairs(alive)
    return record(12, payload)


def blocks(*parts, n_classes=1, width=1):
    """BLOCKS of several parts, each the arguments of block() as a dict. Every other event, of all, is of the next class."""
    events = [event for part in parts for event in part["events"]]
    classed = [(shape, i % n_classes) for i, (_, shape, _) in enumerate(events)]
    rows = sorted(set(classed))
    made = [_columns(part["events"], part.get("base", 1000)) for part in parts]
    codes = [code for _, part, _ in made for code in part]
    payload = _table([shape for shape, _ in rows]) + bytes([n_classes]) + (bytes(c for _, c in rows) if n_classes > 1 else b"")
    payload += varint(len(events)) + bytes([width]) + b"".join(rows.index(c).to_bytes(width, "little") for c in classed)
    by_class = [b"".join(code for (code, _), (_, c) in zip(codes, classed) if c == k) for k in range(n_classes)]
    payload += (varints(*map(len, by_class)) if n_classes > 1 else b"") + b"".join(by_class)
    extra, slots = b"".join(extra for _, extra in codes), b"".join(varints(*operands) for _, _, operands in made)
    payload += varint(len(extra)) + extra + varint(len(slots)) + slots + varint(len(parts))
    for part, (_, _, operands) in zip(parts, made):
        head = {"thread": 1, "base": 1000, "end": None, "q32": 1 << 32, "stack": (), "suspended": (), "n_slots": 0, "first": 0, **part}
        alive = head.pop("alive", ())
        payload += _head(**head) + varints(len(part["events"]), len(operands)) + _pairs(alive)
    return record(16, payload)
