"""ANNOT records: what each annotation is shown as and what its names denote.

CASES is the table; each line is tried as written, as a string, and under
`from __future__ import annotations`. Before 3.14 what was written is seen as
the objects it made, so there the text may be spelled in typing's own way."""
import abc
import collections
import collections.abc
import dataclasses
import enum
import functools
import sys
import typing
import typing as t
import unittest
from typing import (TYPE_CHECKING, Annotated, Any, Callable, ClassVar, Dict, Final, Generic, List, Literal, NamedTuple, NewType,
                    NoReturn, Optional, ParamSpec, Protocol, Self, Tuple, Type, TypedDict, TypeVar, TypeVarTuple, Union, Unpack)

import describe_probe
import records

if TYPE_CHECKING:
    from nowhere import OnlyForCheckers

OBJECTS = sys.version_info < (3, 14)


class Color(enum.Enum):
    RED = 1


class Proto(Protocol):
    def m(self): ...


class Movie(TypedDict):
    name: str


class Point(NamedTuple):
    x: int


class Node:
    class Inner: ...


class Box(Generic[TypeVar("B0")]): ...


class Marker:
    def __repr__(self):
        raise AssertionError("a value was looked at")


T = TypeVar("T")
Bound = TypeVar("Bound", bound="Node")
Constrained = TypeVar("Constrained", int, "Node.Inner")
P = ParamSpec("P")
Ts = TypeVarTuple("Ts")
UserId = NewType("UserId", int)
SpecialId = NewType("SpecialId", UserId)
Vector = list[float]
Maybe = Optional[Node]
Kinds = Literal["s3cret", 3]
variable = 5

UNRESOLVED = ("unresolved", "", set())


def special(name):
    return ("special", "typing." + name, set())


def cls(c):
    return ("type", c, set())


NODE, INT, STR = {"Node": cls(Node)}, {"int": cls(int)}, {"str": cls(str)}

# (annotation, its text where it differs between objects and source: (objects, source), names)
CASES = [
    ("int", "int", INT),
    ("None", "None", {}),
    ("Node", "Node", NODE),
    ("Node.Inner", ("Inner", "Node.Inner"), {("Inner", "Node.Inner"): cls(Node.Inner)}),
    ("Any", "Any", {"Any": special("Any")}),
    ("t.Any", ("Any", "t.Any"), {("Any", "t.Any"): special("Any")}),
    ("object", "object", {"object": cls(object)}),
    ("Optional[int]", "Optional[int]", {**INT, "Optional": special("Optional")}),
    ("Union[int, str, None]", "Union[int, str, None]", {**INT, **STR, "Union": special("Union")}),
    ("int | str | None", "int | str | None", {**INT, **STR}),
    ("List[int]", "List[int]", {**INT, "List": special("List")}),
    ("list[int]", "list[int]", {**INT, "list": cls(list)}),
    ("t.Dict[str, List[Node]]", ("Dict[str, List[Node]]", "t.Dict[str, List[Node]]"),
     {**STR, **NODE, ("Dict", "t.Dict"): special("Dict"), "List": special("List")}),
    ("Tuple[int, ...]", "Tuple[int, ...]", {**INT, "Tuple": special("Tuple")}),
    ("tuple[int, ...]", "tuple[int, ...]", {**INT, "tuple": cls(tuple)}),
    ("tuple[()]", "tuple[()]", {"tuple": cls(tuple)}),
    ("Type[Node]", "Type[Node]", {**NODE, "Type": special("Type")}),
    ("type[Node]", "type[Node]", {**NODE, "type": cls(type)}),
    ("Callable[[int, str], None]", "Callable[[int, str], None]", {**INT, **STR, "Callable": special("Callable")}),
    ("Callable[..., int]", "Callable[..., int]", {**INT, "Callable": special("Callable")}),
    ("Callable[[], int]", "Callable[[], int]", {**INT, "Callable": special("Callable")}),
    ("Callable[P, int]", "Callable[P, int]", {**INT, "Callable": special("Callable"), "P": ("typevar", "", {"paramspec"})}),
    ("Callable[typing.Concatenate[int, P], int]", ("Callable[Concatenate[int, P], int]", "Callable[typing.Concatenate[int, P], int]"),
     {**INT, "Callable": special("Callable"), "P": ("typevar", "", {"paramspec"}),
      ("Concatenate", "typing.Concatenate"): special("Concatenate")}),
    ("collections.abc.Callable[[int], str]", ("Callable[[int], str]", "collections.abc.Callable[[int], str]"),
     {**INT, **STR, ("Callable", "collections.abc.Callable"): cls(collections.abc.Callable)}),
    ("collections.abc.Sequence[int]", ("Sequence[int]", "collections.abc.Sequence[int]"),
     {**INT, ("Sequence", "collections.abc.Sequence"): cls(collections.abc.Sequence)}),
    ("typing.Iterable[int]", ("Iterable[int]", "typing.Iterable[int]"), {**INT, ("Iterable", "typing.Iterable"): special("Iterable")}),
    ("P.args", "P.args", {"P.args": ("typevar", "", {"paramspec"})}),
    ("P.kwargs", "P.kwargs", {"P.kwargs": ("typevar", "", {"paramspec"})}),
    ("tuple[Unpack[Ts]]", "tuple[Unpack[Ts]]", {"tuple": cls(tuple), "Unpack": special("Unpack"), "Ts": ("typevar", "", {"tuple"})}),
    ("T", "T", {"T": ("typevar", "", set())}),
    ("List[Bound]", "List[Bound]", {"List": special("List"), "Bound": ("typevar", "Node", {"bound"}), **NODE}),
    ("Constrained", "Constrained", {"Constrained": ("typevar", "int, Node.Inner", {"constraints"}), **INT, "Node.Inner": cls(Node.Inner)}),
    ("Box[int]", "Box[int]", {**INT, "Box": cls(Box)}),
    ("UserId", "UserId", {"UserId": ("newtype", "int", set()), **INT}),
    ("SpecialId", "SpecialId", {"SpecialId": ("newtype", "UserId", set()), "UserId": ("newtype", "int", set()), **INT}),
    ("Literal['s3cret', 1, None, b'x', True, -7]", "Literal[str, int, None, bytes, bool, int]",
     {"Literal": special("Literal"), "str!": ("literal", str, set()), "int!": ("literal", int, set()),
      "bytes!": ("literal", bytes, set()), "bool!": ("literal", bool, set())}),
    ("Literal[Color.RED]", "Literal[Color]", {"Literal": special("Literal"), "Color!": ("literal", Color, set())}),
    ("Optional[Literal['s3cret']]", "Optional[Literal[str]]",
     {"Optional": special("Optional"), "Literal": special("Literal"), "str!": ("literal", str, set())}),
    ("Annotated[int, 's3cret', Marker()]", "Annotated[int, ...]", {**INT, "Annotated": special("Annotated")}),
    ("List[Annotated[int, Marker()]]", "List[Annotated[int, ...]]", {**INT, "Annotated": special("Annotated"), "List": special("List")}),
    ("Final[int]", "Final[int]", {**INT, "Final": special("Final")}),
    ("ClassVar[int]", "ClassVar[int]", {**INT, "ClassVar": special("ClassVar")}),
    ("Self", "Self", {"Self": special("Self")}),
    ("NoReturn", "NoReturn", {"NoReturn": special("NoReturn")}),
    ("typing.Never", ("Never", "typing.Never"), {("Never", "typing.Never"): special("Never")}),
    ("Proto", "Proto", {"Proto": cls(Proto)}),
    ("typing.SupportsInt", ("SupportsInt", "typing.SupportsInt"), {("SupportsInt", "typing.SupportsInt"): cls(typing.SupportsInt)}),
    ("Movie", "Movie", {"Movie": cls(Movie)}),
    ("Point", "Point", {"Point": cls(Point)}),
    ("Color", "Color", {"Color": cls(Color)}),
    ("Unpack[Movie]", "Unpack[Movie]", {"Unpack": special("Unpack"), "Movie": cls(Movie)}),
    ("'Node'", "Node", NODE),
    ("Optional['Node']", "Optional[Node]", {**NODE, "Optional": special("Optional")}),
    ("list['Node | None']", "list[Node | None]", {**NODE, "list": cls(list)}),
    ("'OnlyForCheckers'", "OnlyForCheckers", {"OnlyForCheckers": UNRESOLVED}),
    ("'Optional[nowhere.Thing]'", "Optional[nowhere.Thing]", {"Optional": special("Optional"), "nowhere.Thing": UNRESOLVED}),
    ("'list[ Literal[ \"s3cret\" ] ]'", "list[Literal[str]]",
     {"list": cls(list), "Literal": special("Literal"), "str!": ("literal", str, set())}),
    ("'Annotated[int, Marker(\"s3cret\"), 5]'", "Annotated[int, ...]", {**INT, "Annotated": special("Annotated")}),
    ("'t . Optional [ int ]'", "t.Optional[int]", {**INT, "t.Optional": special("Optional")}),
    ("'(int)'", "int", INT),
]
# Names that denote an alias: seen as such where the name is seen.
BY_NAME = [
    ("Vector", "Vector", {"Vector": ("alias", "list[float]", set()), "list": cls(list), "float": cls(float)}),
    ("Maybe", "Maybe", {"Maybe": ("alias", "Optional[Node]", set()), "Optional": special("Optional"), **NODE} if OBJECTS else
     {"Maybe": ("alias", "Node | None", set()), **NODE}),  # since 3.14 Optional makes that
    ("Kinds", "Kinds", {"Kinds": ("alias", "Literal[str, int]", set()), "Literal": special("Literal"),
                        "str!": ("literal", str, set()), "int!": ("literal", int, set())}),
    ("variable", "variable", {"variable": ("other", int, set())}),
    ("OnlyForCheckers", "OnlyForCheckers", {"OnlyForCheckers": UNRESOLVED}),
    ("OnlyForCheckers.part[Node]", "OnlyForCheckers.part[Node]", {"OnlyForCheckers.part": UNRESOLVED, **NODE}),
    ("collections", "collections", {"collections": ("module", "collections", set())}),
]


def annot(function):
    data = describe_probe.annotations(function)
    if b"s3cret" in data:
        raise AssertionError("a value is in the record")
    return records.annot(data, describe_probe.types())


def names(table, source):
    """{(name, is literal): ...} of a table's short form."""
    return {(name.rstrip("!"), name.endswith("!")): value
            for name, value in (((k[source] if isinstance(k, tuple) else k), v) for k, v in table.items())}


class Table(unittest.TestCase):
    def check(self, header, annotation, text, table, source):
        namespace = dict(globals())
        exec(f"{header}\ndef f(a: {annotation}): pass", namespace)
        with self.subTest(header=header, annotation=annotation):
            d = annot(namespace["f"])
            self.assertEqual(d["annotations"], {"a": text[source] if isinstance(text, tuple) else text})
            self.assertEqual(d["names"], names(table, source))
            self.assertNotIn("unreadable", d["flags"])
            return d

    def test_as_written(self):
        for annotation, text, table in CASES:
            self.check("", annotation, text, table, 0 if OBJECTS else 1)

    def test_as_string(self):
        for annotation, text, table in CASES + BY_NAME:
            if not annotation.startswith("'"):
                d = self.check("", repr(annotation), text, table, 1)
                self.assertEqual(d["flags"], {"strings"})

    def test_under_future_import(self):
        for annotation, text, table in CASES + BY_NAME:
            self.check("from __future__ import annotations", annotation, text, table, 1)

    @unittest.skipIf(OBJECTS, "annotations are evaluated at once before 3.14")
    def test_names_of_lazy_annotations(self):
        for annotation, text, table in BY_NAME:
            self.check("", annotation, text, table, 1)

    def test_evaluated_annotations_of_3_14(self):
        """Once asked for, the objects are there and are what counts."""
        def f(a: Optional[int], b: "Node", c: list["Node"]): ...
        f.__annotations__
        d = annot(f)
        self.assertEqual(d["annotations"], {"a": "Optional[int]" if OBJECTS else "int | None", "b": "Node", "c": "list[Node]"})


class Scopes(unittest.TestCase):
    def test_local_names(self):
        class Local: ...
        def eager(a: Local, b: list[Local]): ...
        def text(a: "Local"):
            return Local
        for f in (eager, text):
            self.assertEqual(annot(f)["names"]["Local", False], cls(Local))

    def test_names_in_the_class(self):
        global Scoped
        class Scoped:
            class Own: ...
            def list(self): ...
            def m(self, a: "Own", b: "list[int]", c: "Scoped"): ...
        d = annot(Scoped.m)
        self.assertEqual((d["names"]["Own", False], d["names"]["list", False], d["names"]["Scoped", False]),
                         (cls(Scoped.Own), cls(list), cls(Scoped)))

    def test_same_names_are_kept_apart(self):
        first, second = type("Same", (), {}), type("Same", (), {})
        def f(a, b, c): ...
        f.__annotations__ = {"a": first, "b": Optional[second], "c": first}
        d = annot(f)
        self.assertEqual(d["annotations"], {"a": "Same", "b": "Optional[Same_2]" if OBJECTS else "Same_2 | None", "c": "Same"})
        self.assertEqual((d["names"]["Same", False], d["names"]["Same_2", False]), (cls(first), cls(second)))

    def test_self_is_of_the_class(self):
        global Selfish
        class Selfish:
            def m(self) -> Self: ...
        self.assertEqual(annot(Selfish.m)["names"]["Self", False], ("special", Selfish, set()))

    def test_a_string_by_name_is_an_alias(self):
        global Text_
        Text_ = "int | None"
        space = dict(globals())
        exec("def f(a: 'Text_'): pass", space)
        self.assertEqual(annot(space["f"])["names"]["Text_", False], ("alias", "int | None", set()))

    def test_the_type_of_none(self):
        space = dict(globals())
        exec("def f(a: 'type(None) | int', b: 'type( None)'): pass", space)
        self.assertEqual(annot(space["f"])["annotations"], {"a": "None | int", "b": "type(...)"})

    @unittest.skipIf(sys.version_info < (3, 12), "no PEP 695 syntax")
    def test_type_parameters_of_the_class(self):
        space = dict(globals())
        exec("class Generic_[X: int]:\n    def m(self, a: 'X'): pass", space)
        globals()["Generic_"] = space["Generic_"]
        space["Generic_"].__type_params__[0].__bound__
        self.assertEqual(annot(space["Generic_"].m)["names"]["X", False][:2], ("typevar", "int"))

    def test_wrapper(self):
        def decorator(f):
            @functools.wraps(f)
            def wrapper(*args, **kwargs): ...
            return wrapper
        def plain(a: int) -> "Node": ...
        d = annot(decorator(plain))
        self.assertEqual(d["flags"], {"wrapper", "strings"})
        self.assertEqual(d["annotations"], {"a": "int", "return": "Node"})

    def test_one_bad_name_hides_nothing(self):
        def f(a: "Nope", b: int, *c: "also.Nope", d: "1 + x", e: "for", **g: Node) -> "Nope[int]": ...
        d = annot(f)
        self.assertEqual(d["annotations"], {"a": "Nope", "b": "int", "c": "also.Nope", "d": "...", "e": "...", "g": "Node", "return": "Nope[int]"})
        self.assertEqual(d["flags"], {"strings", "unreadable"})
        self.assertEqual(d["names"]["Node", False], cls(Node))


class Defaults(unittest.TestCase):
    def test_defaults(self):
        def f(a, b=1, /, c=None, *args, d, e="s3cret", **kwargs): ...
        self.assertEqual(annot(f)["defaults"], {1: int, 2: type(None), 4: str})

    def test_more_defaults_than_parameters(self):
        def f(a): ...
        f.__defaults__ = (1, "x", 2.0)
        self.assertEqual(annot(f)["defaults"], {0: float})

    def test_nothing_to_tell(self):
        def f(a, *b, c): ...
        self.assertEqual(describe_probe.annotations(f), b"")
        f.attribute = 1
        self.assertEqual(describe_probe.annotations(f), b"")


@unittest.skipIf(sys.version_info < (3, 12), "no PEP 695 syntax")
class TypeParameters(unittest.TestCase):
    def setUp(self):
        self.space = dict(globals())
        exec("""
type Json = dict[str, Json] | list[Json] | None
type Pair[X] = tuple[X, X]
class Outer:
    Alias = int
    class Inner: ...
    def m[A, B: Inner, C: (Alias, str), *D, **E](self, a: A, b: B, c: C, *d: *D, e: Json, f: "Pair[int]") -> "Callable[E, B]": ...
def local():
    class Here: ...
    def g[Q: Here](a: Q, b: "Here"): return Here
    return g
""", self.space)

    def check(self):
        Inner = self.space["Outer"].Inner
        d = annot(self.space["Outer"].m)
        self.assertEqual(d["annotations"], {"a": "A", "b": "B", "c": "C", "d": "*D" if not OBJECTS else "Unpack[D]", "e": "Json",
                                            "f": "Pair[int]", "return": "Callable[E, B]"})
        n = d["names"]
        self.assertEqual(n["A", False], ("typevar", "", set()))
        self.assertEqual(n["B", False][:2], ("typevar", "Inner"))
        self.assertEqual(n["Inner", False], cls(Inner))
        self.assertEqual(n["C", False][0], "typevar")
        self.assertEqual(n["C", False][2] - {"lazy"}, {"constraints"})
        self.assertEqual(n["D", False], ("typevar", "", {"tuple"}))
        self.assertEqual(n["Json", False], ("alias", "dict[str, Json] | list[Json] | None", set()))
        self.assertEqual(n["Pair", False][:2], ("alias", "tuple[X, X]"))
        self.assertEqual(n["X", False], ("typevar", "", set()))
        return n

    def test_not_evaluated(self):
        self.assertEqual(self.check()["B", False][2], {"bound", "lazy"})

    def test_evaluated(self):
        for parameter in self.space["Outer"].m.__type_params__[1:3]:
            parameter.__bound__, parameter.__constraints__
        self.space["Json"].__value__, self.space["Pair"].__value__
        self.assertEqual(self.check()["B", False][2], {"bound"})

    def test_local(self):
        g = self.space["local"]()
        n = annot(g)["names"]
        self.assertEqual((n["Q", False][1], n["Here", False]), ("Here", cls(g(1, 2))))


@unittest.skipIf(OBJECTS, "no lazy annotations")
class Lazy(unittest.TestCase):
    def test_nothing_is_evaluated(self):
        ran = []
        def boom(*args):
            ran.append(args)
            return int
        def f(a: boom(1), b: boom[2] | boom(3, k=4), c: Annotated[int, boom(5), [x for x in boom(6)], lambda: boom(7)]): ...
        d = annot(f)
        self.assertEqual(ran, [])
        self.assertEqual(d["annotations"], {"a": "boom(...)", "b": "boom[...] | boom(...)", "c": "Annotated[int, ...]"})

    def test_conditional_expressions(self):
        def f(a: int if OBJECTS else str, b: OBJECTS and int, c: Node, d: (int, str)[0] or Node) -> int: ...
        d = annot(f)
        self.assertEqual(d["annotations"], {"a": "...", "b": "...", "c": "Node", "d": "...", "return": "int"})
        self.assertEqual(d["flags"], {"unreadable"})

    def test_written_by_hand(self):
        def f(a): ...
        f.__annotate__ = lambda format, /: {"a": 1 / 0}
        self.assertEqual((annot(f)["flags"], annot(f)["annotations"]), ({"unreadable"}, {}))


class Dataclasses(unittest.TestCase):
    def test_generated_init(self):
        @dataclasses.dataclass
        class Base:
            a: int
            b: Optional["Node"] = None
        @dataclasses.dataclass
        class Derived(Base):
            c: list[int] = dataclasses.field(default_factory=list)
            b: str = ""
        d = annot(Derived.__init__)
        self.assertEqual(d["annotations"], {"a": "int", "b": "str", "c": "list[int]", "return": "None"})


    def test_generated_init_under_future_import(self):
        space = dict(globals())
        exec("""from __future__ import annotations
@dataclasses.dataclass
class D:
    a: int
    b: Optional[Node] = None
""", space)
        d = annot(space["D"].__init__)
        self.assertEqual(d["annotations"], {"a": "int", "b": "Optional[Node]", "return": "None"})
        self.assertEqual(d["names"]["Node", False], cls(Node))


if __name__ == "__main__":
    unittest.main()
