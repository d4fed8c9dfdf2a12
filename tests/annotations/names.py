"""What the cases' annotations and values are made of. Part of every generated module, so everything here is user code
to Ghost and real to typeguard and beartype."""
import abc
import array
import asyncio
import collections
import collections.abc
import contextlib
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import io
import numbers
import os
import pathlib
import re
import tempfile
import types
import typing
import unittest.mock
import weakref
from typing import (AbstractSet, Annotated, Any, AnyStr, AsyncContextManager, AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable,
                    BinaryIO, Callable, ChainMap, ClassVar, Collection, Container, ContextManager, Coroutine, DefaultDict, Deque, Dict,
                    Final, FrozenSet, Generator, Generic, Hashable, IO, ItemsView, Iterable, Iterator, KeysView, List, Literal,
                    LiteralString, Mapping, MappingView, Match, MutableMapping, MutableSequence, MutableSet, NamedTuple, NewType,
                    NoReturn, Optional, ParamSpec, Pattern, Protocol, Reversible, Self, Sequence, Set, Sized, SupportsAbs, SupportsBytes,
                    SupportsComplex, SupportsFloat, SupportsIndex, SupportsInt, SupportsRound, TYPE_CHECKING, Text, TextIO, Tuple, Type,
                    TypeAlias, TypeGuard, TypeVar, TypeVarTuple, TypedDict, Union, Unpack, ValuesView, overload, runtime_checkable)

import typing_extensions

if TYPE_CHECKING:
    from nowhere import OnlyForCheckers

T = TypeVar("T")
TBound = TypeVar("TBound", bound="A")
TConstrained = TypeVar("TConstrained", int, str)
P = ParamSpec("P")
Ts = TypeVarTuple("Ts")


class A: ...
class B(A): ...
class Other: ...
class MyInt(int): ...
class MyFloat(float): ...
class MyStr(str): ...
class MyList(list): ...
class MyDict(dict): ...
class MyTuple(tuple): ...


class Color(enum.Enum):
    RED = 1
    BLUE = 2


class Level(enum.IntEnum):
    LOW = 1


class Access(enum.Flag):
    R = 1


class Names(str, enum.Enum):
    X = "x"


class Point(NamedTuple):
    x: int
    y: int = 0


class Movie(TypedDict):
    name: str


class Partial(TypedDict, total=False):
    year: int


@dataclasses.dataclass
class Data:
    n: int = 0


class Box(Generic[T]):
    def __init__(self, item: T = None):
        self.item = item


class IntBox(Box[int]): ...


class Quacks(Protocol):
    def quack(self) -> str: ...


@runtime_checkable
class Closes(Protocol):
    def close(self) -> None: ...


@runtime_checkable
class Enters(Protocol):
    def __enter__(self): ...
    def __exit__(self, *a): ...


@runtime_checkable
class Sizes(Protocol):
    def __len__(self) -> int: ...


@runtime_checkable
class Named(Protocol):
    name: str


@runtime_checkable
class Gets(Protocol[T]):
    def get(self) -> T: ...


class Duck:
    def quack(self): return "quack"
class Dog:
    __slots__ = ()
    def bark(self): return "wau"
class Closer:
    def close(self): pass
class NamedThing:
    name = "x"
class SlotNamed:
    __slots__ = ("name",)
    def __init__(self): self.name = "x"
class InstanceNamed:
    def __init__(self): self.name = "x"
class Getter:
    def get(self): return 1
class Context:
    def __enter__(self): return self
    def __exit__(self, *a): return None
class AsyncContext:
    async def __aenter__(self): return self
    async def __aexit__(self, *a): return None
class PathLikeThing:
    def __fspath__(self): return "/x"
class Indexable:
    def __index__(self): return 1
class OldSequence:
    def __getitem__(self, i): raise IndexError
class Iterates:
    def __iter__(self): return iter(())
class Iterator_:
    def __iter__(self): return self
    def __next__(self): raise StopIteration
class Sized_:
    def __len__(self): return 0
class CallableThing:
    def __call__(self): return None
class AwaitableThing:
    def __await__(self): yield
class AsyncIterates:
    def __aiter__(self): return self
    async def __anext__(self): raise StopAsyncIteration
class Unhashable:
    __hash__ = None
    def __eq__(self, other): return True


class Base(abc.ABC):
    @abc.abstractmethod
    def run(self): ...
class Concrete(Base):
    def run(self): return 1
class Registered:
    def run(self): return 1
Base.register(Registered)


@collections.abc.Sequence.register
class VirtualSequence: ...
class VirtualSequenceChild(VirtualSequence): ...
@collections.abc.Mapping.register
class VirtualMapping: ...


class Hooked(abc.ABC):
    @classmethod
    def __subclasshook__(cls, c):
        return hasattr(c, "hooked") or NotImplemented
class HasHook:
    hooked = True


class Meta(type):
    def __instancecheck__(cls, instance): return isinstance(instance, int)
class MetaChecked(metaclass=Meta): ...
class PlainMeta(type): ...
class HasPlainMeta(metaclass=PlainMeta): ...


class Proxy:
    """Poses as an A."""
    @property
    def __class__(self): return A


class Anything(Any): ...


class Seq(collections.abc.Sequence):
    def __len__(self): return 0
    def __getitem__(self, i): raise IndexError
class Map(collections.abc.Mapping):
    def __len__(self): return 0
    def __iter__(self): return iter(())
    def __getitem__(self, k): raise KeyError


class Outer:
    class Inner: ...
    class A: ...        # another A


def function(): return None
async def coroutine(): return None
def generator(): yield 1
async def async_generator(): yield 1
@contextlib.contextmanager
def manager(): yield


def made_coroutine():
    c = coroutine()
    c.close()
    return c


UserId = NewType("UserId", int)
SpecialId = NewType("SpecialId", UserId)
BoxId = NewType("BoxId", Box)
Vector = List[float]
Number = Union[int, float]
Maybe = Optional[A]
Kinds = Literal["a", 1]
Pair = Tuple[T, T]
Opt = Optional[T]
Either = Union[T, str]
Callback = Callable[..., Any]
Alias: TypeAlias = "int | None"
AnyAlias = Any


class ForwardRef:
    """Of the same name as something in typing, where an alias of typing has its __module__."""


Hidden = Union[int, "ForwardRef"]

if TYPE_CHECKING:
    class StandIn(TypedDict): ...
else:
    class StandIn(dict): ...
ints, strs = [1], ["x"]


# ---- what the calls need ----
def quiet(f):
    with contextlib.suppress(Exception):
        f()


def use(manager):
    with manager as value:
        return value


async def use_async(manager):
    async with manager as value:
        return value


async def drain(agen):
    return [x async for x in agen]


def go(coroutine):
    return asyncio.run(coroutine)
