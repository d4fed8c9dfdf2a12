"""A __del__ that runs in the very last collection, when the interpreter has no modules and no builtins left.

All that it calls is described only then: functions, annotations, types, generators, exceptions. The oracle has written its
counts by then; so what must come out stands here.

# app: mode=self
"""
import collections.abc
import enum
import functools
import json
import os
import sys
import typing
import weakref


class Base(collections.abc.Sequence):
    def __getitem__(self, i):
        return i

    def __len__(self):
        return 0


class Colour(enum.Enum):
    RED = 1


class Local:
    pass


class LateError(Exception):
    pass


Pair = typing.Tuple[int, "Local"]
T = typing.TypeVar("T", bound=Local)


class Late:
    """Kept by the module sys alone, and by itself: what remains when all modules are gone."""

    def __init__(self, write):
        self.me = self
        self.write, self.stop = write, StopIteration
        self.things = (Base(), Colour.RED, Local(), weakref.ref(self), 1, "x", None, self.me)

    def __del__(self):
        for thing in self.things:
            annotated(thing, thing, key=thing)
        for step in generates(3):
            pass
        try:
            fails(self.things)
        except LateError:
            self.write(b"failed\n")
        coroutine = waits(self)
        try:
            coroutine.send(None)
        except self.stop as end:
            self.write(end.value)
        self.write(b"the last collection\n")


def annotated(a: "Late", *rest: "typing.Optional[Pair]", key: "T" = None) -> "collections.abc.Iterable[Colour]":
    return [plain(x) for x in (a, rest)]


def plain(x: Colour, y: Pair = None) -> Base:
    return (lambda z: z)(x)


def generates(n: int):
    yield n
    yield from generates(n - 1) if n else ()


def fails(things: Base) -> typing.NoReturn:
    raise LateError


async def waits(x: Late) -> Local:
    return b"waited\n"


def keep(write):
    sys.kept_to_the_end = Late(write)


keep(functools.partial(os.write, 1))
del Late, keep
once = {"calls": 1}
print("expect:", json.dumps({
    "Late.__del__": {**once, "args": {"(Late)": 1}, "returns": {"NoneType": 1}, "exceptions": {}}, "annotated": {"calls": 8, "callers": {"Late.__del__": 8}},
    "plain": {"calls": 16}, "generates": {"calls": 4, "args": {"(int)": 4}}, "waits": {**once, "returns": {"bytes": 1}},
    "fails": {**once, "args": {"(tuple)": 1}, "exceptions": {"LateError": 1}}}), flush=True)
