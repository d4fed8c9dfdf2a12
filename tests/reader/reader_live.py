"""docs/format.md, section 6: what a running or killed process has not written into its log yet."""

import re
import struct
from pathlib import Path

from reader_blocks import (ABANDON, ADOPT, CALL, DROP, GEN_CALL, MARK, PAUSE, RESUME, RETURN, THROW, UNWIND, YIELD)
from reader_records import records
from reader_wire import Malformed

DATA, LIVE_VERSION, ORDER = 4096, 1, 0x01020304
(EV_CALL, EV_RETURN, EV_UNWIND, EV_YIELD, EV_RESUME, EV_THROW, EV_MARK, EV_PAUSE) = range(1, 9)
RING_FULL, TOO_DEEP, UNPAIRED = 1, 5, 7
DEPTH_MAX = 262_144


def _open(path, magic, process):
    data = path.read_bytes()
    if len(data) < DATA or data[:8] != magic:
        raise Malformed(f"{path.name}: not a live file")
    order = "<" if struct.unpack_from("<I", data, 12)[0] == ORDER else ">"
    version, mark = struct.unpack_from(order + "II", data, 8)
    if mark != ORDER or version != LIVE_VERSION:
        raise Malformed(f"{path.name}: a live file of version {version}")
    if process and data[16:32] != process:
        raise Malformed(f"{path.name}: belongs to another process")
    return data, order


def _parts(log, ending):
    pattern = re.compile(re.escape(log.stem) + r"\.(\d+)\." + ending)
    found = [(int(m[1]), p) for p in log.parent.iterdir() if (m := pattern.fullmatch(p.name))]
    return [path for _, path in sorted(found)]


def journal(log, process):
    """Definitions that the log does not have yet."""
    for path in _parts(log, "defs"):
        data, order = _open(path, b"GHOSTDEF", process)
        capacity, used, written = (struct.unpack_from(order + "Q", data, at)[0] for at in (40, 128, 256))
        if not written <= used <= min(capacity, len(data) - DATA):
            raise Malformed(f"{path.name}: the journal's numbers contradict each other")
        yield from records(data[DATA + written:DATA + used])


class Ring:
    def __init__(self, path, process):
        data, order = _open(path, b"GHOSTRNG", process)
        self.capacity, = struct.unpack_from(order + "Q", data, 40)
        self.thread, = struct.unpack_from(order + "I", data, 48)
        self.q32, = struct.unpack_from(order + "Q", data, 72)
        self.head, self.lost = struct.unpack_from(order + "QQ", data, 128)
        self.tail, self.lost_logged = struct.unpack_from(order + "QQ", data, 256)
        fits = self.capacity and not self.capacity & (self.capacity - 1) and \
            DATA + 16 * self.capacity <= len(data) and self.tail <= self.head <= self.tail + self.capacity
        if not fits:
            raise Malformed(f"{path.name}: the ring's numbers contradict each other")
        self.data, self.order = data, order

    def events(self, first):
        """(tick, thread, position, kind, func, aux, arg) from position `first` on."""
        for seq in range(max(first, self.tail), self.head):
            at = DATA + 16 * (seq % self.capacity)
            time_kind, what = struct.unpack_from(self.order + "QQ", self.data, at)
            yield (time_kind >> 4, self.thread, seq, time_kind & 15, what & 0xFFFFF, what >> 20 & 0xFFF, what >> 32)


class Tracker:
    """Turns ring events into the events that a block would hold, and replays them. Its slots are the tokens."""

    def __init__(self, tally):
        self.tally, self.replay = tally, tally.replay
        on_stacks = {id(frame) for stack in self.replay.stacks.values() for frame in stack}
        known = {token: frame for token, (_, frame) in self.replay.tokens.items() if frame}
        for token, frame in known.items():
            frame.slot = token
        self.replay.suspended = {token: frame for token, frame in known.items() if id(frame) not in on_stacks}
        self.makers = {EV_CALL: self._call, EV_RETURN: self._end, EV_UNWIND: self._end, EV_YIELD: self._end,
                       EV_RESUME: self._resume, EV_THROW: self._resume, EV_MARK: self._mark, EV_PAUSE: self._pause}

    def run(self, rings, covered):
        merged = sorted(event for ring in rings for event in ring.events(covered.get(ring.thread, 0)))
        q32, last_q32 = {ring.thread: ring.q32 for ring in rings}, self.tally.q32     # the log's last block's, if it has one
        for tick, thread, _, kind, func, aux, arg in merged:
            make = self.makers.get(kind)
            if make is None:
                raise Malformed(f"a ring event of kind {kind}")
            self.tally.q32 = last_q32 or q32[thread]
            make(thread, tick, kind, func, aux, arg)
        for ring in rings:
            if ring.lost > ring.lost_logged:
                self.tally.losses[RING_FULL] += ring.lost - ring.lost_logged

    def _emit(self, thread, tick, kind, a=0, b=0, slot=None, counted=True):
        self.tally.events += counted
        self.replay.step(thread, (tick, kind, a, b, slot))

    def _is_full(self, thread):
        if len(self.replay.stacks.get(thread, ())) < DEPTH_MAX:
            return False
        self.tally.losses[TOO_DEEP] += 1
        return True

    def _call(self, thread, tick, kind, func, sig, token):
        if self._is_full(thread):
            return
        if not token:
            return self._emit(thread, tick, CALL, func, sig)
        if token in self.replay.suspended:
            self._emit(thread, tick, DROP, slot=token, counted=False)
        self._emit(thread, tick, GEN_CALL, func, sig, token)

    def _resume(self, thread, tick, kind, func, aux, token):
        if self._is_full(thread):
            return
        if token in self.replay.suspended:
            return self._emit(thread, tick, THROW if kind == EV_THROW else RESUME, slot=token)
        self._emit(thread, tick, ADOPT, func, slot=token, counted=False)

    def _end(self, thread, tick, kind, func, aux, arg):
        stack = self.replay.stacks.setdefault(thread, [])
        if not any(frame.func == func for frame in stack):
            self.tally.losses[UNPAIRED] += 1
            return
        while stack[-1].func != func:
            self._emit(thread, tick, ABANDON, counted=False)
        if kind == EV_YIELD and stack[-1].slot is None:
            raise Malformed("a plain call yields")
        shape = {EV_RETURN: RETURN, EV_UNWIND: UNWIND, EV_YIELD: YIELD}[kind]
        self._emit(thread, tick, shape, arg, aux if kind == EV_UNWIND else 0)

    def _mark(self, thread, tick, kind, func, aux, mark):
        self._emit(thread, tick, MARK, mark)

    def _pause(self, thread, tick, kind, func, aux, arg):
        self._emit(thread, tick, PAUSE)


def add_tail(log, process, tally, covered):
    """Feeds definitions and ring events that the log lacks. `covered`: thread -> first position not in the log."""
    for name, record in journal(log, process):
        tally.record(name, record)
    Tracker(tally).run([Ring(path, process) for path in _parts(log, "ring")], covered)
