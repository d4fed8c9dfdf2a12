"""TYPE records: names, flags, MRO, ABC facts, registrations."""
import abc
import array
import collections
import dataclasses
import collections.abc
import datetime
import decimal
import enum
import fractions
import io
import numbers
import typing
import unittest

import describe_probe
import records


def type_(t):
    return records.type_(describe_probe.type(t), describe_probe.types())


def all_types():
    seen, todo = set(), [object]
    while todo:
        t = todo.pop()
        if t not in seen:
            seen.add(t)
            todo += type.__subclasses__(t)
    return seen


def real(attribute, t):
    try:
        return type.__dict__[attribute].__get__(t)
    except AttributeError:
        return None


def declared(namespace):
    """Names that a class body only annotates, where that can be known without running anything."""
    names = namespace.get("__annotations_cache__", namespace.get("__annotations__"))
    if type(names) is not dict:
        names = namespace.get("__protocol_attrs__", ())
    return {k for k in names if type(k) is str}


class Outer:
    class Inner(abc.ABC):
        @abc.abstractmethod
        def m(self): ...


class Everything(unittest.TestCase):
    def test_all_types_alive(self):
        """Names and MRO are the type's own, ABC facts what issubclass() says."""
        types = all_types()
        self.assertGreater(len(types), 500)
        for t in types:
            d = type_(t)
            self.assertEqual(d["mro"], list(real("__mro__", t)))
            self.assertEqual(d["qualname"], real("__qualname__", t))
            self.assertEqual(d["module"], {"__main__": "main_by_real_name"}.get(real("__module__", t), real("__module__", t) or "?"))
            self.assertEqual(set(d["members"]), {k for k in real("__dict__", t) if type(k) is str} | declared(real("__dict__", t)))
            self.assertEqual(len(d["members"]), len(set(d["members"])))
            self.assertEqual("exception" in d["flags"], BaseException in d["mro"])
            self.assertEqual("metaclass" in d["flags"], type in d["mro"])
            for name in records.ABCS:
                if name in ("Buffer", "ByteString") and not hasattr(collections.abc, name):
                    continue
                try:
                    want = issubclass(t, getattr(collections.abc, name))
                except Exception:
                    continue  # a __subclasscheck__ of some library's own
                self.assertEqual(name in d["abcs"], want, (t, name))

    def test_registrations_of_all_types_alive(self):
        import _abc
        registered = collections.defaultdict(set)
        for t in all_types():
            if "_abc_impl" in real("__dict__", t):
                for ref in _abc._get_dump(t)[0]:
                    registered[ref()].add(t)
        self.assertGreater(len(registered), 20)
        for t in all_types():
            virtual = set(type_(t)["virtual"])
            self.assertLessEqual(set().union(*(registered[b] for b in real("__mro__", t))), virtual, t)
            for v in virtual:
                self.assertTrue(issubclass(t, v), (t, v))


class Members(unittest.TestCase):
    def test_a_protocol_asks_for_what_it_annotates(self):
        class P(typing.Protocol):
            name: str
            def close(self): ...
        self.assertLessEqual({"name", "close"}, set(type_(P)["members"]))

    def test_fields(self):
        @dataclasses.dataclass
        class D:
            x: int
            y: str = ""
        self.assertLessEqual({"x", "y"}, set(type_(D)["members"]))


class Checks(unittest.TestCase):
    """What isinstance() says where the MRO does not tell it."""

    def flags(self, t):
        return type_(t)["flags"] & {"custom_check", "poses"}

    def test_metaclasses(self):
        class Meta(type):
            def __instancecheck__(cls, o): return True
        class SubMeta(Meta): ...
        class Plain(type): ...
        class AbcMeta(abc.ABCMeta): ...
        self.assertEqual(self.flags(Meta("M", (), {})), {"custom_check"})
        self.assertEqual(self.flags(SubMeta("M", (), {})), {"custom_check"})
        for t in (Plain("M", (), {}), AbcMeta("M", (), {}), collections.abc.Sequence, typing.SupportsInt, int):
            self.assertEqual(self.flags(t), set(), t)

    def test_posing(self):
        class Proxy:
            __class__ = property(lambda self: int)
        class Intercepts:
            def __getattribute__(self, name): return object.__getattribute__(self, name)
        class UsesCell:
            def m(self): return __class__
        self.assertEqual((self.flags(Proxy), self.flags(Intercepts)), ({"poses"}, {"poses"}))
        for t in (UsesCell, object, type, array.array, type("Sub", (array.array,), {}), int, type(lambda: 1)):
            self.assertEqual(self.flags(t), set(), t)


class Registered(unittest.TestCase):
    def test_by_the_standard_library(self):
        self.assertIn(collections.abc.MutableSequence, type_(list)["virtual"])
        self.assertIn("Sequence", type_(array.array)["abcs"] | type_(range)["abcs"])
        self.assertIn(numbers.Integral, type_(int)["virtual"])
        self.assertIn(numbers.Number, type_(decimal.Decimal)["virtual"])
        self.assertNotIn(numbers.Integral, type_(fractions.Fraction)["virtual"])

    def test_new_registrations_are_seen(self):
        class Sub(collections.abc.Sequence): ...
        class Other(abc.ABC): ...
        class Third(abc.ABC): ...
        class T: ...
        class U(T): ...
        self.assertEqual(type_(U)["virtual"], [])
        Sub.register(T)
        self.assertEqual((type_(U)["virtual"], {"Sequence", "Collection"} <= type_(U)["abcs"]), ([Sub], True))
        Other.register(Sub)   # an ABC may be registered with another one
        Third.register(collections.abc.Sized)
        self.assertEqual(set(type_(U)["virtual"]), {Sub, Other, Third})
        self.assertEqual(type_(T)["mro"], [T, object])

    def test_a_dead_class_leaves_nothing(self):
        class Registry(abc.ABC): ...
        for _ in range(50):
            class Short: ...
            Registry.register(Short)
            self.assertEqual(type_(Short)["virtual"], [Registry])
            del Short
        for _ in range(50):
            class Fresh: ...
            self.assertEqual(type_(Fresh)["virtual"], [])

    def test_none_takes_a_method_back(self):
        class It:
            def __iter__(self): ...
            def __next__(self): ...
        class Not(It):
            __iter__ = None
        self.assertLessEqual({"Iterable", "Iterator"}, type_(It)["abcs"])
        self.assertFalse({"Iterable", "Iterator"} & type_(Not)["abcs"])


class Flags(unittest.TestCase):
    def test_flags(self):
        class E(enum.Enum): A = 1
        class F(enum.IntFlag): A = 1
        class TD(typing.TypedDict): a: int
        class NT(typing.NamedTuple): a: int
        class P(typing.Protocol):
            def m(self): ...
        class Impl(P): ...
        class Meta(type): ...
        for t, want in ((int, set()), (Outer.Inner, {"heap", "abc", "abstract"}), (E, {"heap", "enum"}), (F, {"heap", "enum"}),
                        (TD, {"heap", "typeddict"}), (NT, {"heap"}), (Meta, {"heap", "metaclass"}), (type, {"metaclass"}),
                        (ValueError, {"exception"}), (Impl, {"heap", "abc"}), (io.RawIOBase, {"heap", "abc"})):
            self.assertEqual(type_(t)["flags"], want, t)
        self.assertLessEqual({"protocol", "abc"}, type_(P)["flags"])
        self.assertNotIn("protocol", type_(Impl)["flags"])

    def test_names(self):
        for t, want in ((Outer.Inner, (__name__, "Outer.Inner")), (int, ("builtins", "int")), (datetime.datetime, ("datetime", "datetime")),
                        (collections.OrderedDict, ("collections", "OrderedDict")), (type(lambda: 0), ("builtins", "function"))):
            d = type_(t)
            self.assertEqual((d["module"], d["qualname"]), want)


if __name__ == "__main__":
    unittest.main()
