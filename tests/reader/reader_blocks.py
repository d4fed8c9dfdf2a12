"""docs/format.md, section 5: one thread's events, in columns, checked against its stack."""

import itertools
from dataclasses import dataclass, field

from reader_wire import Malformed

(CALL, GEN_CALL, RETURN, UNWIND, YIELD, RESUME, THROW, ABANDON, DROP, ADOPT, MARK, PAUSE) = range(1, 13)
SHAPE_NAMES = (None, "CALL", "GEN_CALL", "RETURN", "UNWIND", "YIELD", "RESUME", "THROW", "ABANDON", "DROP",
               "ADOPT", "MARK", "PAUSE")
WITH_OPERAND = {GEN_CALL, RESUME, THROW, DROP, ADOPT}
NOT_COUNTED = {ABANDON, DROP, ADOPT}
POPS = {RETURN, UNWIND, YIELD, ABANDON}
UNKNOWN_START = 1
RAISED_HERE = 1


@dataclass
class Activation:
    """A call that is under way: on a stack, or a suspended generator or coroutine."""
    func: int
    sig: int
    caller: int
    slot: object            # within one block; None for a plain call
    known: bool             # its beginning was seen
    pending: int            # type of an exception that a callee let out, not settled yet
    start: int
    resumed: int            # begin of the present stretch
    active: int             # ticks of the finished stretches
    child: int              # ticks spent in recorded callees
    token: int = 0          # how ring events name it; 0 unknown
    left: int = 0           # tick of the last suspension that was seen


@dataclass
class Block:
    thread: int
    first_seq: int
    n_seq: int
    base: int
    end: int
    q32: int
    anchors: list
    stack: list             # of Activation, bottom first
    suspended: list
    n_slots: int
    shapes: list            # (kind, a, b)
    alive: list             # (slot, token) of the activations alive at the end
    events: list = field(default_factory=list)  # (tick, kind, a, b, slot)

    def n_counted(self):
        return sum(1 for e in self.events if e[1] not in NOT_COUNTED)

    def ns(self, ticks):
        return ticks * self.q32 >> 32


def _entry(at, base):
    func, sig, caller, slot, flags, pending = at.varints(6)
    start, resumed = base - at.zigzag(), base - at.zigzag()
    active, child = at.varint(), at.varint()
    token = at.varint() if slot else 0
    return Activation(func, sig, caller, slot - 1 if slot else None, not flags & UNKNOWN_START, pending,
                      start, resumed, active, child, token)


def _deltas(codes, extra):
    """Section 5.1."""
    pos, deltas = 0, []
    for code in codes:
        if code < 192:
            deltas.append(code)
            continue
        if code == 255:
            u = shift = 0
            while True:
                if pos >= len(extra) or shift > 63:
                    raise Malformed("a time delta runs out of its bytes")
                byte, pos = extra[pos], pos + 1
                u |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    break
        else:
            e, s = 6 + (code - 192 >> 2), code & 3
            size = (e - 2 + 7) // 8
            if pos + size > len(extra):
                raise Malformed("a time delta runs out of its bytes")
            low = int.from_bytes(extra[pos:pos + size], "little")
            if low >> (e - 2):
                raise Malformed("a time delta has bits above its width")
            pos += size
            u = 1 << e | s << (e - 2) | low
        deltas.append(u - 64 + 192)
    if pos != len(extra):
        raise Malformed("time bytes are left over")
    return deltas


def _shapes(at):
    n = at.count(3)
    kinds = at.take(n)
    of_a = list(itertools.accumulate(at.zigzag() for _ in range(n)))
    if any(not 0 <= a < 1 << 32 for a in of_a):
        raise Malformed("a shape out of bounds")
    return list(zip(kinds, of_a, at.varints(n)))


def _tokens(at, n):
    width = at.fixed("B")
    if width not in (1, 2):
        raise Malformed(f"tokens of {width} bytes")
    raw = at.take(n * width)
    return raw if width == 1 else [raw[i] | raw[i + 1] << 8 for i in range(0, len(raw), 2)]


def _head(at):
    thread, first_seq, n_seq, base, length, q32 = at.varints(6)
    anchors = [tuple(at.varints(3)) for _ in range(2)]
    stack = [_entry(at, base) for _ in range(at.count(10))]
    n_slots = at.varint()
    suspended = [_entry(at, base) for _ in range(at.count(10))]
    return Block(thread, first_seq, n_seq, base, base + length, q32, anchors, stack, suspended, n_slots, [], [])


def _pairs(at):
    return [tuple(at.varints(2)) for _ in range(at.count(2))]


def read_block(at):
    """BLOCK, of version 1: section 5.3."""
    block = _head(at)
    block.shapes = _shapes(at)
    n = at.count(2)
    tokens = _tokens(at, n)
    codes = at.take(n)
    deltas = _deltas(codes, at.take(at.count()))
    operands = at.varints(at.count())
    block.alive = _pairs(at)
    _events(block, tokens, deltas, operands)
    _check(block)
    return block


def _in_order(tokens, classes, columns):
    """The time codes by event: each the next one of its token's class."""
    columns = [iter(column) for column in columns]
    try:
        return bytes(next(columns[classes[token]]) for token in tokens)
    except (StopIteration, IndexError, RuntimeError):
        raise Malformed("a time class with too few codes") from None


def read_blocks(at):
    """BLOCKS: one table of shapes and one set of columns for several blocks."""
    shapes = _shapes(at)
    n_classes = at.fixed("B")
    if not 1 <= n_classes <= 64:
        raise Malformed(f"{n_classes} time classes")
    classes = at.take(len(shapes)) if n_classes > 1 else bytes(len(shapes))
    n = at.count(2)
    tokens = _tokens(at, n)
    sizes = at.varints(n_classes) if n_classes > 1 else [n]
    if sum(sizes) != n:
        raise Malformed(f"{sum(sizes)} time codes for {n} events")
    codes = _in_order(tokens, classes, [at.take(size) for size in sizes])
    deltas = _deltas(codes, at.take(at.count()))
    slots = at.take(at.count())
    slots = type(at)(slots)
    first = 0
    for _ in range(at.count(18)):
        block = _head(at)
        n_events, n_operands = at.varints(2)
        block.alive, block.shapes = _pairs(at), shapes
        if first + n_events > n:
            raise Malformed("a block with more events than are there")
        mine = slice(first, first + n_events)
        first += n_events
        _events(block, tokens[mine], deltas[mine], slots.varints(n_operands))
        _check(block)
        yield block
    if first != n or slots.left():
        raise Malformed("columns longer than the events need")


def _events(block, tokens, deltas, operands):
    shapes, tick, used = block.shapes, block.base, 0
    for kind, _, _ in shapes:
        if not CALL <= kind <= PAUSE:
            raise Malformed(f"shape kind {kind}")
    for token, delta in zip(tokens, deltas):
        if token >= len(shapes):
            raise Malformed(f"token {token} of {len(shapes)} shapes")
        kind, a, b = shapes[token]
        tick += delta
        slot = None
        if kind in WITH_OPERAND:
            if used == len(operands):
                raise Malformed("an operand is missing")
            slot, used = operands[used], used + 1
            if slot >= block.n_slots:
                raise Malformed(f"slot {slot} of {block.n_slots}")
        block.events.append((tick, kind, a, b, slot))
    if used != len(operands):
        raise Malformed("operands are left over")
    if tick > block.end:
        raise Malformed("the last event is later than the block's end")


def _check(block):
    """Every event must fit the stack that the ones before it left."""
    stack = [entry.slot for entry in block.stack]
    named = [slot for slot in stack if slot is not None] + [entry.slot for entry in block.suspended]
    if None in named or len(set(named)) != len(named) or any(slot >= block.n_slots for slot in named):
        raise Malformed("an entry's slot is missing, out of bounds or named twice")
    suspended = {entry.slot for entry in block.suspended}
    on_stack = set(named) - suspended
    for _, kind, _, _, slot in block.events:
        if kind in POPS:
            if not stack:
                raise Malformed("an event ends a call of an empty stack")
            top = stack.pop()
            if kind == YIELD:
                if top is None:
                    raise Malformed("a plain call yields")
                suspended.add(top)
            on_stack.discard(top)
        elif kind == CALL:
            stack.append(None)
        elif kind in (GEN_CALL, ADOPT):
            if slot in on_stack or slot in suspended:
                raise Malformed(f"slot {slot} is not free")
            stack.append(slot)
            on_stack.add(slot)
        elif kind in (RESUME, THROW, DROP):
            if slot not in suspended:
                raise Malformed(f"slot {slot} holds no suspended activation")
            suspended.discard(slot)
            if kind != DROP:
                stack.append(slot)
                on_stack.add(slot)
    if any(slot not in on_stack and slot not in suspended for slot, _ in block.alive):
        raise Malformed("an activation is said to be alive that has ended")
