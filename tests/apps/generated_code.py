"""Code that the standard library generates for the application: namedtuple, dataclass, enum, typing."""
import collections
import dataclasses
import enum
import functools
import typing

Point = collections.namedtuple("Point", "x y", defaults=[0])


class Typed(typing.NamedTuple):
    name: str
    size: int = 1

    def double(self):
        return self._replace(size=self.size * 2)


@dataclasses.dataclass(order=True)
class Item:
    name: str
    price: float = 0.0
    tags: list = dataclasses.field(default_factory=list, compare=False)

    def __post_init__(self):
        self.price = float(self.price)


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    value: int


class Color(enum.Enum):
    RED = 1
    BLUE = 2

    @property
    def nice(self):
        return self is Color.BLUE

    @classmethod
    def _missing_(cls, value):
        return cls.RED


class Flag(enum.IntFlag):
    A = enum.auto()
    B = enum.auto()


@functools.total_ordering
class Ordered:
    def __init__(self, n):
        self.n = n

    def __eq__(self, other):
        return self.n == other.n

    def __lt__(self, other):
        return self.n < other.n


T = typing.TypeVar("T")


class Box(typing.Generic[T]):
    def __init__(self, item: T):
        self.item = item


def show(x):
    return str(x)


print(show(Point(1)), show(Typed("a").double()), show(Item("a", 2)), Item("a") < Item("b"), show(Frozen(1)))
print(show(Color(9)), Color.BLUE.nice, show(Flag.A | Flag.B), Ordered(1) >= Ordered(0), Box[int](3).item)
try:
    Frozen(1).value = 2
except dataclasses.FrozenInstanceError:
    print("frozen")
