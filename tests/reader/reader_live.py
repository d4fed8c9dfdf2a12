"""docs/format.md, section 6: what a running or killed process has not written into its log yet."""

import re
import struct

from reader_blocks import (ABANDON, ADOPT, CALL, DROP, GEN_CALL, MARK, PAUSE, RESUME, RETURN, THROW, UNWIND, YIELD)
from reader_records import records
from reader_wire import Malformed

DATA, LIVE_VERSION, ORDER = 4096, 1, 0x01020304
(EV_CALL, EV_RETURN, EV_UNWIND, EV_YIELD, EV_RESUME, EV_THROW, EV_MARK, EV_PAUSE) = range(1, 9)
RING_FULL, WRITE_FAILED, TOO_DEEP, UNPAIRED = 1, 2, 5, 7
DEPTH_MAX = 262_144


class LiveFile:
    """The common header; `data` is the file as it was at one moment."""

    def __init__(self, path, magic):
        self.path, self.data = path, path.read_bytes()
        data = self.data
        if len(data) < DATA or data[:8] != magic:
            raise Malformed(f"{path.name}: not a live file")
        self.order = "<" if struct.unpack_from("<I", data, 12)[0] == ORDER else ">"
        version, mark = struct.unpack_from(self.order + "II", data, 8)
        if mark != ORDER or version != LIVE_VERSION:
            raise Malformed(f"{path.name}: a live file of version {version}")
        self.process = data[16:32]
        self.capacity = self.u64(40)

    def u64(self, at):
        return struct.unpack_from(self.order + "Q", self.data, at)[0]

    def check(self, holds, what):
        if not holds:
            raise Malformed(f"{self.path.name}: the {what}'s numbers contradict each other")


class Journal(LiveFile):
    def __init__(self, path):
        super().__init__(path, b"GHOSTDEF")
        self.used, self.written = self.u64(128), self.u64(256)
        self.check(self.written <= self.used <= min(self.capacity, len(self.data) - DATA), "journal")

        self.fileless = [Fileless(self, at) for at in range(576, DATA, 320) if any(self.data[at:at + 8])]

    def records(self):
        """Definitions that the log did not have when this was read."""
        return records(self.data[DATA + self.written:DATA + self.used])


class Fileless:
    """What the journal tells of a ring that has no file."""

    def __init__(self, journal, at):
        self.thread, self.seeds = struct.unpack_from(journal.order + "II", journal.data, at + 48)
        self.head, self.dropped = journal.u64(at + 128), journal.u64(at + 136) - journal.u64(at + 264)
        self.tail, self.cause = journal.u64(at + 256), journal.u64(at + 168) or WRITE_FAILED
        journal.check(journal.data[at:at + 8] == b"GHOSTRNG" and self.thread and self.tail <= self.head, "ring without a file")

    def lost(self, covered):
        """`covered`: the first position of its thread that is not in the log."""
        return max(0, self.head - max(self.tail, self.seeds, covered)) + self.dropped


class Ring(LiveFile):
    def __init__(self, path):
        super().__init__(path, b"GHOSTRNG")
        self.thread, = struct.unpack_from(self.order + "I", self.data, 48)
        self.q32, self.head, self.lost = self.u64(72), self.u64(128), self.u64(136)
        self.cause, self.tail, self.lost_logged = self.u64(168) or RING_FULL, self.u64(256), self.u64(264)
        self.check(self.capacity and not self.capacity & (self.capacity - 1) and DATA + 16 * self.capacity <= len(self.data)
                   and self.tail <= self.head <= self.tail + self.capacity, "ring")
        with open(path, "rb") as again:     # what a running process freed meanwhile may be overwritten, and is in the log
            again.seek(256)
            self.tail = struct.unpack(self.order + "Q", again.read(8))[0]

    def events(self, first):
        """(tick, thread, position, kind, func, aux, arg) from position `first` on."""
        for seq in range(max(first, self.tail), self.head):
            time_kind, what = struct.unpack_from(self.order + "QQ", self.data, DATA + 16 * (seq % self.capacity))
            yield (time_kind >> 4, self.thread, seq, time_kind & 15, what & 0xFFFFF, what >> 20 & 0xFFF, what >> 32)


class Tracker:
    """Turns ring events into the events that a block would hold, and replays them. Its slots are the tokens."""

    def __init__(self, tally):
        self.tally, self.replay = tally, tally.replay
        on_stacks = {id(frame) for stack in self.replay.stacks.values() for frame in stack}
        known = [(tick, token, frame) for token, (tick, frame) in self.replay.tokens.items() if frame]
        for _, token, frame in known:
            frame.slot = token
        # A token is an address and is used again: rings may hold older events of an earlier owner. So what
        # the log knows to be suspended counts from the tick of its suspension on.
        self.arrivals = sorted((k for k in known if id(k[2]) not in on_stacks), key=lambda k: k[0], reverse=True)
        self.replay.suspended = {}
        self.makers = {EV_CALL: self._call, EV_RETURN: self._end, EV_UNWIND: self._end, EV_YIELD: self._end,
                       EV_RESUME: self._resume, EV_THROW: self._resume, EV_MARK: self._mark, EV_PAUSE: self._pause}

    def run(self, rings, covered):
        merged = sorted(event for ring in rings for event in ring.events(covered.get(ring.thread, 0)))
        if rings and not self.tally.q32:     # else: the log's last block's
            self.tally.q32 = rings[-1].q32
        for tick, thread, _, kind, func, aux, arg in merged:
            make = self.makers.get(kind)
            if make is None:
                raise Malformed(f"a ring event of kind {kind}")
            self._arrive(thread, tick)
            make(thread, tick, kind, func, aux, arg)
        for ring in rings:
            if ring.lost > ring.lost_logged:
                self.tally.losses[ring.cause] += ring.lost - ring.lost_logged

    def _arrive(self, thread, now):
        while self.arrivals and self.arrivals[-1][0] <= now:
            tick, token, frame = self.arrivals.pop()
            if token in self.replay.suspended:
                self._emit(thread, tick, DROP, slot=token, counted=False)
            self.replay.suspended[token] = frame

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


class Tail:
    """All live files of a log, read before the log itself is: so nothing is missed and nothing doubled."""

    def __init__(self, log):
        self.faults = []
        self.rings = self._read(log, "ring", Ring)
        self.journals = self._read(log, "defs", Journal)

    def _read(self, log, ending, kind):
        pattern = re.compile(re.escape(log.stem) + r"\.(\d+)\." + ending)
        found = []
        for path in sorted((p for p in log.parent.iterdir() if pattern.fullmatch(p.name)), key=lambda p: int(pattern.fullmatch(p.name)[1])):
            try:
                with open(path, "rb") as f:
                    filled = any(f.read(8))     # a magic of zeros: made, and not filled yet
                if filled:
                    found.append(kind(path))
            except Malformed as e:
                self.faults.append((0, str(e)))
        return found

    def add_to(self, tally, process, covered):
        """Feeds what the log lacks. `covered`: thread -> first position that is not in the log."""
        for live in [*self.rings, *self.journals]:
            if process and live.process != process:
                self.faults.append((0, f"{live.path.name}: belongs to another process"))
        mine = [live for live in [*self.journals, *self.rings] if live.process == process or not process]
        try:
            for journal in (live for live in mine if isinstance(live, Journal)):
                for name, record in journal.records():
                    tally.record(name, record)
            for ring in (ring for live in mine if isinstance(live, Journal) for ring in live.fileless):
                if lost := ring.lost(covered.get(ring.thread, 0)):
                    tally.losses[ring.cause] += lost
            Tracker(tally).run([live for live in mine if isinstance(live, Ring)], covered)
        except Malformed as e:
            self.faults.append((0, f"live files: {e}"))
