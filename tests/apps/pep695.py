"""Type parameter scopes are frames of their own since 3.12.

# app: min=3.12
"""


def first[T](items: list[T]) -> T:
    return items[0]


class Box[T: (int, str)]:
    def __init__(self, item: T):
        self.item = item

    def map[U](self, f: "Callable[[T], U]") -> "Box[U]":
        return Box(f(self.item))


type Pair[A] = tuple[A, A]
type Lazy = list[Undefined]

print(first([1]), Box("a").map(len).item, Pair[int].__name__, Pair.__value__)
try:
    Lazy.__value__
except NameError:
    print("evaluated when asked")
