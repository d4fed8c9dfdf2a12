"""Every record and event as a line of text, in the words of `ghost log dump`, to compare the two."""

from reader_blocks import CALL, GEN_CALL, MARK, RETURN, SHAPE_NAMES, UNKNOWN_START, UNWIND, WITH_OPERAND, YIELD, ADOPT

# What the numbers a and b of a shape are called.
SHAPE_FIELDS = {CALL: ("func", "sig"), GEN_CALL: ("func", "sig"), RETURN: ("type",), UNWIND: ("type", "flags"), YIELD: ("type",),
                ADOPT: ("func",), MARK: ("mark",)}
HIDDEN = {"SIG": ("n_args", "n_kwargs")}


def _value(value):
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, dict):
        return "(" + _fields(value) + ")"
    return str(value)


def _fields(pairs):
    return " ".join(f"{name}={_value(value)}" for name, value in pairs.items())


def _entry(label, frame):
    return f"  {label} " + _fields({
        "func": frame.func, "sig": frame.sig, "caller": frame.caller, "slot": -1 if frame.slot is None else frame.slot,
        "flags": 0 if frame.known else UNKNOWN_START, "pending": frame.pending, "start": frame.start if frame.known else 0,
        "resumed": frame.resumed, "active": frame.active, "child": frame.child})


def block_lines(block):
    anchors = [dict(zip(("tick", "mono", "real"), anchor)) for anchor in block.anchors]
    yield "BLOCK " + _fields({
        "thread": block.thread, "first_seq": block.first_seq, "n_seq": block.n_seq, "base": block.base, "end": block.end,
        "q32": block.q32, "stack": len(block.stack), "slots": block.n_slots, "activations": len(block.suspended),
        "shapes": len(block.shapes), "events": len(block.events)}) + "".join(f" anchor={_value(anchor)}" for anchor in anchors)
    yield from (_entry("open", frame) for frame in block.stack)
    yield from (_entry("suspended", frame) for frame in block.suspended)
    for tick, kind, a, b, slot in block.events:
        words = [f"  {tick} {SHAPE_NAMES[kind]}"]
        words += [f"{name}={number}" for name, number in zip(SHAPE_FIELDS.get(kind, ()), (a, b))]
        yield " ".join(words + [f"slot={slot}"] * (kind in WITH_OPERAND))


def record_lines(name, record):
    if name == "BLOCK":
        yield from block_lines(record)
    elif name == "META":
        yield "META " + _value(record["pairs"])
    else:
        yield f"{name} " + _fields({key: value for key, value in record.items() if key not in HIDDEN.get(name, ())})


def log_line(version, process, size, index):
    totals = {} if index is None else {"events": index.events, "lost": index.lost, "start_real": index.start_real_ns,
                                       "end_real": index.end_real_ns}
    return f"LOG version={version} process={process.hex()} size={size} " + _fields({"finished": int(index is not None)} | totals)
