"""Nothing of the application runs while it is described, whatever it is made of."""
import gc
import sys
import typing
import unittest

import describe_probe
import records

ran = []


def spy(name, result=NotImplemented):
    def method(*args, **kwargs):
        ran.append(name)
        return result
    return method


HOOKS = ("__getattribute__ __getattr__ __setattr__ __eq__ __repr__ __str__ __bool__ __len__ __iter__ __contains__ __call__ "
         "__get__ __index__ __format__ __or__ __ror__ __getitem__ __class_getitem__ __mro_entries__").split()


class Key(str):
    """A str that is no exact one and hashes like the names that are looked for."""
    def __new__(cls, text):
        return str.__new__(cls, "not " + text)
    def __init__(self, text):
        self.like = hash(text)
    def __hash__(self):
        return self.like
    def __eq__(self, other):
        ran.append("key")
        return False


class Meta(type):
    def __getattribute__(cls, name):
        ran.append("meta " + name)
        return type.__getattribute__(cls, name)
    def __subclasscheck__(cls, other): ran.append("subclasscheck")
    def __instancecheck__(cls, other): ran.append("instancecheck")
    def __subclasses__(cls): ran.append("subclasses")
    def __hash__(cls):
        ran.append("hash")
        return 7
    def __eq__(cls, other):
        ran.append("eq")
        return False
    def __repr__(cls): ran.append("repr")


Weird = Meta("Weird", (), {**{h: spy(h) for h in HOOKS}, "__class__": property(spy("class", int)), "__module__": property(spy("module")),
                           "__subclasshook__": classmethod(spy("hook")), "__name__": property(spy("name"))})


class Hostile(unittest.TestCase):
    def quietly(self, what, *args):
        describe_probe.type(Meta)  # the probe's own first look at a metaclass
        ran.clear()
        data = what(*args)
        self.assertEqual(ran, [])
        return data

    def test_type(self):
        data = self.quietly(describe_probe.type, Weird)
        d = records.type_(data, describe_probe.types())
        self.assertEqual((d["qualname"], d["module"], len(d["mro"])), ("Weird", "?", 2))

    def test_dictionaries_with_odd_keys(self):
        globals_ = {Key("__name__"): 1, 5: 6}
        globals_["__name__"] = "there"
        code = compile("def f(a: 'Later', b: 'x.y') -> 'T': pass", "x", "exec").co_consts
        code = next(c for c in code if hasattr(c, "co_code") and c.co_name == "f")
        d = records.func(self.quietly(describe_probe.func, code, globals_))
        self.assertEqual(d["module"], "there")
        globals_[Key("Later")] = 1
        function = type(spy)(code, globals_)
        function.__annotations__ = {"a": "Later", "b": "x.y", Key("c"): int}
        d = records.annot(self.quietly(describe_probe.annotations, function), describe_probe.types())
        self.assertEqual(d["annotations"], {"a": "Later", "b": "x.y"})
        self.assertEqual(d["names"], {("Later", False): ("unresolved", "", set()), ("x.y", False): ("unresolved", "", set())})
        self.assertEqual(d["flags"], {"unreadable", "strings"})

    def test_annotations_and_defaults(self):
        value = object.__new__(Weird)
        def f(a, b=value, *, c=value): ...
        f.__annotations__ = {"a": value, "b": Weird, "c": [value], "return": typing.Annotated[int, value]}
        d = records.annot(self.quietly(describe_probe.annotations, f), describe_probe.types())
        self.assertEqual(list(d["defaults"]), [1, 2])
        self.assertEqual({k for k, _ in d["names"]}, {"Weird", "Weird_2", "Annotated", "int"})
        self.assertEqual(d["annotations"]["return"], "Annotated[int, ...]")

    def test_annotations_replaced_by_something_else(self):
        class Mine(dict):
            __getitem__ = __iter__ = items = keys = spy("mine")
        def f(a): ...
        f.__annotations__ = Mine(a=int)
        d = records.annot(self.quietly(describe_probe.annotations, f), describe_probe.types())
        self.assertEqual((d["flags"], d["annotations"]), ({"unreadable"}, {}))

    def test_wrapped(self):
        def f(a): ...
        f.__wrapped__ = object.__new__(Weird)
        d = records.annot(self.quietly(describe_probe.annotations, f), describe_probe.types())
        self.assertEqual(d["flags"], {"wrapper"})
        f.__wrapped__ = f  # a loop
        self.assertEqual(records.annot(describe_probe.annotations(f), describe_probe.types())["flags"], {"wrapper"})

    def test_deep_and_wide(self):
        deep = int
        for _ in range(500):
            deep = typing.List[deep] if _ % 2 else list[deep]
        def f(a, b, c, d): ...
        f.__annotations__ = {"a": deep, "b": "list[" * 3000 + "int" + "]" * 3000, "c": typing.Tuple[tuple([int] * 20000)], "d": int,
                             "e": "x" * 100000, "f": "(" * 50000, "g": "-" * 50000, "h": "a." * 30000, "i": "'" * 9999}
        d = records.annot(describe_probe.annotations(f), describe_probe.types())
        self.assertIn("unreadable", d["flags"])
        self.assertEqual(set(d["annotations"]), set("abcdefghi"))
        for text in d["annotations"].values():
            self.assertLessEqual(len(text), 4096)

    def test_a_list_that_contains_itself(self):
        loop = []
        loop.append(loop)
        def f(a, b): ...
        f.__annotations__ = {"a": loop, "b": int}
        self.assertEqual(records.annot(describe_probe.annotations(f), describe_probe.types())["flags"], {"unreadable"})

    def test_types_of_odd_names(self):
        for name in ("two words", "", "a\ud800", "\u00e4\U0001f600", "x" * 9000, "9lives"):
            t = type("T", (), {})
            t.__qualname__ = name
            d = records.type_(describe_probe.type(t), describe_probe.types())
            self.assertTrue(d["qualname"] == name or d["qualname"].endswith("..."))
            def f(a): ...
            f.__annotations__ = {"a": t}
            text = records.annot(describe_probe.annotations(f), describe_probe.types())["annotations"]["a"]
            self.assertTrue(text.isidentifier() or "\ud800" in text or "\U0001f600" in text or text.endswith("..."), text)

    def test_module_attribute_that_is_no_str(self):
        for module in (5, None, Key("x"), ["x"]):
            t = type("T", (), {"__module__": module})
            self.assertEqual(records.type_(describe_probe.type(t), describe_probe.types())["module"], "?")

    def test_near_the_recursion_limit(self):
        """Facts may be missing there, but nothing is raised and nothing crashes."""
        codes = Hostile.test_type.__code__
        def f(a: typing.Optional[int], b: "list[int]" = 3): ...
        def down(n):
            try:
                down(n + 1)
            except RecursionError:
                pass
            describe_probe.type(type("T", (), {}))
            describe_probe.annotations(f)
            describe_probe.func(codes, globals())
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(300)
        try:
            down(0)
        except RecursionError:
            pass
        finally:
            sys.setrecursionlimit(limit)

    def test_exception_in_flight(self):
        def f(a: "int" = 3, *, b: typing.Optional[int] = None) -> "list[Nope]": ...
        code = compile("class C:\n def f(x): pass", "x", "exec")
        self.assertTrue(describe_probe.keeps_error(KeyError("mine"), code, {}, typing.Sized.__origin__, f))

    def test_collector_is_left_as_it_was(self):
        def f(a: "int"): ...
        for switch in (gc.disable, gc.enable):
            switch()
            before = gc.isenabled()
            describe_probe.type(int)
            describe_probe.annotations(f)
            self.assertEqual(gc.isenabled(), before)

    def test_no_collection_and_no_finalizer(self):
        def f(a: typing.Dict[str, "int"], b: typing.Optional[typing.List[int]]): ...
        threshold, starts, depth = gc.get_threshold(), [], [0]
        gc.callbacks.append(lambda phase, info: starts.append(depth[0]) if phase == "start" else None)
        try:
            gc.set_threshold(1)
            class Fresh(typing.Sized.__origin__): ...
            depth[0] = 1
            describe_probe.annotations(f)
            depth[0] = 2
        finally:
            gc.set_threshold(*threshold)
            gc.callbacks.pop()
        if sys.version_info < (3, 12):  # later the collector only runs between instructions
            self.assertLessEqual(starts.count(1), 1)  # for the result, made by the probe

    def test_no_leak(self):
        import abc
        class Base(abc.ABC): ...
        class T: ...
        Base.register(T)
        def f(a: "int | Nope", b: typing.Dict[str, typing.List["T"]], *c: T, d: typing.Literal["x", 3] = 4, **e: typing.Any) -> T: ...
        with open(__file__) as source:
            code = compile(source.read(), "x", "exec")
        things = [T, Base, int, typing.Dict, f, code, f.__annotations__ if sys.version_info < (3, 14) else f.__annotate__]
        def once():
            describe_probe.type(T)
            describe_probe.type(type("Short", (Base,), {}))
            describe_probe.annotations(f)
            describe_probe.func(f.__code__, globals())
            describe_probe.tree(code, globals())
            Base.register(T)
        for _ in range(3):
            once()
        gc.collect()
        del describe_probe.types()[100000:]
        counts, blocks = [sys.getrefcount(t) for t in things], sys.getallocatedblocks()
        for _ in range(200):
            describe_probe.type(T)
            describe_probe.annotations(f)
            describe_probe.func(f.__code__, globals())
            describe_probe.tree(code, globals())
        gc.collect()
        self.assertEqual([sys.getrefcount(t) for t in things], counts)
        self.assertLess(abs(sys.getallocatedblocks() - blocks), 60)


if __name__ == "__main__":
    unittest.main()
