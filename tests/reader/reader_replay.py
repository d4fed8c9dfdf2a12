"""docs/format.md, section 5.2: follows the stacks of a process and tells an observer what each event means.

Frames never die with their block: the next block of the thread begins with what is open, so `block()`
replaces the thread's stack by the block's own."""

from reader_blocks import (ABANDON, ADOPT, CALL, DROP, GEN_CALL, MARK, PAUSE, RAISED_HERE, RESUME, RETURN, THROW,
                           UNWIND, YIELD, Activation)


class Replay:
    def __init__(self, observer):
        self.observer = observer
        self.stacks = {}        # thread -> list of Activation, bottom first
        self.suspended = {}     # slot -> Activation, of the present block
        self.tokens = {}        # token -> (tick, Activation or None once it has ended): what a ring may still name
        self.steps = {CALL: self._call, GEN_CALL: self._call, RETURN: self._return, UNWIND: self._unwind,
                      YIELD: self._yield, RESUME: self._resume, THROW: self._resume, ABANDON: self._abandon,
                      DROP: self._drop, ADOPT: self._adopt, MARK: self._mark, PAUSE: self._pause}

    def block(self, block):
        stack = self.stacks[block.thread] = list(block.stack)
        self.suspended = {entry.slot: entry for entry in block.suspended}
        self.observer.begin(block)
        for event in block.events:
            self.step(block.thread, event)
        on_stack = {frame.slot: frame for frame in stack if frame.slot is not None}
        for slot, token in block.alive:
            frame = on_stack.get(slot) or self.suspended[slot]
            frame.token = token
            self._know(frame, block.end if slot in on_stack else frame.left, frame)

    def _know(self, frame, tick, state):
        """Blocks of different threads may stand in the file in another order than in time: the latest counts."""
        if frame.token and tick >= self.tokens.get(frame.token, (0,))[0]:
            self.tokens[frame.token] = (tick, state)

    def step(self, thread, event):
        tick, kind, a, b, slot = event
        self.steps[kind](self.stacks.setdefault(thread, []), tick, a, b, slot)

    def _call(self, stack, tick, func, sig, slot):
        caller = stack[-1].func if stack else 0
        stack.append(Activation(func, sig, caller, slot, True, 0, tick, tick, 0, 0))
        self.observer.called(stack[-1], tick)

    def _adopt(self, stack, tick, func, _, slot):
        stack.append(Activation(func, 0, 0, slot, False, 0, 0, tick, 0, 0))

    def _resume(self, stack, tick, a, b, slot):
        frame = self.suspended.pop(slot)
        frame.resumed = tick
        stack.append(frame)

    def _leave(self, stack, tick):
        frame = stack.pop()
        stretch = tick - frame.resumed
        frame.active += stretch
        frame.left = tick
        if stack:
            stack[-1].child += stretch
        return frame

    def _settle(self, frame):
        """What a callee let out ends here."""
        if frame.pending:
            self.observer.caught(frame, frame.pending)
            frame.pending = 0

    def _return(self, stack, tick, type_id, _, slot):
        frame = self._leave(stack, tick)
        self._settle(frame)
        self._know(frame, tick, None)
        self.observer.returned(frame, tick, type_id)

    def _yield(self, stack, tick, type_id, _, slot):
        frame = self._leave(stack, tick)
        self._settle(frame)
        self.suspended[frame.slot] = frame
        self.observer.yielded(frame, type_id)

    def _unwind(self, stack, tick, type_id, flags, slot):
        frame = self._leave(stack, tick)
        raised = bool(flags & RAISED_HERE)
        if raised:
            self._settle(frame)
        self._know(frame, tick, None)
        self.observer.unwound(frame, tick, type_id, raised)
        if stack:
            self._settle(stack[-1])
            stack[-1].pending = type_id

    def _abandon(self, stack, tick, a, b, slot):
        self._know(stack.pop(), tick, None)

    def _drop(self, stack, tick, a, b, slot):
        self._know(self.suspended.pop(slot), tick, None)

    def _mark(self, stack, tick, mark, _, slot):
        self.observer.marked(tick, mark)

    def _pause(self, stack, tick, a, b, slot):
        pass
