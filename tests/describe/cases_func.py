"""FUNC records and fingerprints."""
import sys
import unittest

import describe_probe
import records


def func(code, globals_):
    return records.func(describe_probe.func(code, globals_))


def everything(a, b=1, /, c=2, *args, d, e=3, **kwargs):
    return a


def loop(n):
    total = 0
    for i in range(n):
        total += i if i % 2 else len(str(i))
    return total


SOURCE = """
def f(x):
    return [y.name + 'constant' for y in x if y.name != 'other']
class C:
    async def m(self, *, k):
        yield self, k
"""


def fingerprints():
    codes = [c for c in compile(SOURCE, "there", "exec").co_consts if hasattr(c, "co_code")]
    return [describe_probe.fingerprint(c) for c in codes + [loop.__code__, everything.__code__]]


class Function(unittest.TestCase):
    def test_parameters_in_order(self):
        d = func(everything.__code__, globals())
        self.assertEqual((d["posonly"], d["positional"], d["kwonly"]), (2, 3, 2))
        self.assertEqual(d["params"], ["a", "b", "c", "d", "e", "args", "kwargs"])
        self.assertEqual(d["co_flags"], everything.__code__.co_flags)
        self.assertEqual(d["line"], everything.__code__.co_firstlineno)
        self.assertEqual((d["module"], d["qualname"], d["file"]), (__name__, "everything", everything.__code__.co_filename))

    def test_module_names(self):
        code = loop.__code__
        for globals_, want in (({"__name__": "__main__"}, "main_by_real_name"), ({"__name__": "__mp_main__"}, "main_by_real_name"),
                               ({}, "?"), ({"__name__": 7}, "?"), ({"__name__": ""}, "?"), (None, "?"),
                               ({"__name__": "m\u00f6d"}, "m\u00f6d"), ({"__name__": "a\ud800b"}, "a\ud800b")):
            self.assertEqual(func(code, globals_)["module"], want)

    def test_odd_names(self):
        code = loop.__code__.replace(co_name="x", co_qualname="q\udc80\u20ac\U0001f600", co_filename="")
        d = func(code, globals())
        self.assertEqual((d["qualname"], d["file"]), ("q\udc80\u20ac\U0001f600", ""))
        long = func(loop.__code__.replace(co_qualname="l" * 10000), globals())["qualname"]
        self.assertTrue(long.startswith("lll") and long.endswith("...") and len(long) <= 4096)

    def test_too_many_parameters_are_a_loss(self):
        many = ", ".join(f"p{i}" for i in range(1100))
        namespace = {}
        exec(f"def f({many}): pass", namespace)
        self.assertIsNone(describe_probe.func(namespace["f"].__code__, namespace))


class Fingerprint(unittest.TestCase):
    def test_specialised_code(self):
        fresh = compile("def f(n):\n t = 0\n for i in range(n):\n  t += i\n return t", "x", "exec").co_consts[0]
        before = describe_probe.fingerprint(fresh)
        namespace = {}
        exec("def f(n):\n t = 0\n for i in range(n):\n  t += i\n return t", namespace)
        for _ in range(200):
            namespace["f"](50)
        self.assertEqual(describe_probe.fingerprint(namespace["f"].__code__), before)

    @unittest.skipIf(sys.version_info < (3, 12), "no sys.monitoring")
    def test_instrumented_code(self):
        before, ran = describe_probe.fingerprint(loop.__code__), []
        monitoring, events = sys.monitoring, sys.monitoring.events
        monitoring.use_tool_id(4, "test")
        try:
            for event in (events.PY_START, events.PY_RETURN, events.LINE, events.INSTRUCTION, events.JUMP, events.CALL):
                monitoring.register_callback(4, event, lambda *a: ran.append(describe_probe.fingerprint(loop.__code__)))
            monitoring.set_local_events(4, loop.__code__, events.PY_START | events.PY_RETURN | events.LINE | events.INSTRUCTION
                                        | events.JUMP | events.CALL)
            loop(10)
        finally:
            monitoring.set_local_events(4, loop.__code__, 0)
            monitoring.free_tool_id(4)
        self.assertGreater(len(ran), 20)
        self.assertEqual(set(ran), {before})

    def test_traced_code(self):
        before, ran = describe_probe.fingerprint(loop.__code__), []

        def trace(*_):
            ran.append(describe_probe.fingerprint(loop.__code__))
            return trace
        sys.settrace(trace)
        try:
            loop(3)
        finally:
            sys.settrace(None)
        self.assertEqual(set(ran), {before})

    def test_tells_code_apart(self):
        def of(source):
            return describe_probe.fingerprint(compile(source, "x", "exec").co_consts[0])
        self.assertNotEqual(of("def f(a): return a.b"), of("def f(a): return a.c"))
        self.assertNotEqual(of("def f(a): return a"), of("def f(b): return b"))
        self.assertNotEqual(of("def f(a): return a + a"), of("def f(a): return a - a"))
        self.assertEqual(of("def f(a): return 'secret' + a"), of("def f(a): return 'other' + a"))  # no values
        self.assertEqual(of("def f(a): return a"), of("\n\n\ndef f(a): return a"))

    def test_the_copy_of_the_code_is_not_kept(self):
        code = compile(SOURCE, "there", "exec").co_consts[0]
        before = sys.getsizeof(code), code.co_code
        describe_probe.fingerprint(code)
        self.assertEqual((sys.getsizeof(code), code.co_code), before)


if __name__ == "__main__":
    unittest.main()
