"""Annotations that would run code when looked at: only the application may evaluate them (PEP 649 on 3.14)."""
import sys
import typing

evaluated = []


def note(x):
    evaluated.append(x)
    return int


class Later:
    def method(self, other: "Later", n: "Undefined" = None) -> "list[Later]":
        return [other]


def eager(a: int, b: "note('string')" = 1, *c: typing.Optional[int], d: typing.Callable[..., int] = len) -> None:
    return None


if sys.version_info >= (3, 14):
    exec("def lazy(x: note('called'), y: Missing): return x\nlazy(1, 2)")

Later().method(Later())
eager(1)
eager("x", 2, 3)
print(evaluated)
print(typing.get_type_hints(eager)["b"])
print(sorted(Later.method.__annotations__))
