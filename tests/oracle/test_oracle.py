"""The oracle against expectations worked out by hand: who watches the watchman.

Each case is a program and, per qualified name, what must come out: calls, exceptions as
{type: (raised here, passed through)}, signatures, return types, yield types, callers.
Everything named is compared exactly, and no other function of the program may appear.
"""
import textwrap

import pytest

import harness

CASES = {
    "signatures": ("""
        def f(a, /, b, *c, d=1, **e): return a
        f(1, "x")
        f(1, "y", 2, 3, d=None, z=4)
        f(None, 2.0)
        """, {"f": dict(call_count=3, arg_type_dist={"(int, str, *tuple, d=int, **dict)": 1,
                                                     "(int, str, *tuple, d=NoneType, **dict)": 1,
                                                     "(NoneType, float, *tuple, d=int, **dict)": 1},
                        ret_type_dist={"int": 2, "NoneType": 1}, callers={"<module>": 3}, exceptions={})}),
    "raised and passed": ("""
        def low(): raise KeyError
        def middle(): low()
        def top():
            try: middle()
            except KeyError: return None
        top(); top()
        """, {"low": dict(call_count=2, exceptions={"KeyError": (2, 0)}, ret_type_dist={}, callers={"middle": 2}),
              "middle": dict(call_count=2, exceptions={"KeyError": (0, 2)}, ret_type_dist={}, callers={"top": 2}),
              "top": dict(call_count=2, exceptions={}, ret_type_dist={"NoneType": 2})}),
    "return None is no exception": ("""
        def swallow():
            try: raise ValueError
            except ValueError: return
        def none(): pass
        for _ in range(3): swallow(), none()
        """, {"swallow": dict(call_count=3, exceptions={}, ret_type_dist={"NoneType": 3}),
              "none": dict(call_count=3, exceptions={}, ret_type_dist={"NoneType": 3})}),
    "a generator is one call": ("""
        def gen(n):
            for i in range(n): yield i
            return "end"
        list(gen(4))
        g = gen(2); next(g); g.close()
        gen(9)
        """, {"gen": dict(call_count=2, arg_type_dist={"(int)": 2}, yield_type_dist={"int": 5},
                          ret_type_dist={"str": 1}, exceptions={}, callers={"<module>": 2})}),
    "thrown, caught and not": ("""
        def gen():
            while True:
                try: yield
                except ValueError: pass
        g = gen(); next(g); g.throw(ValueError); g.throw(ValueError)
        try: g.throw(KeyError)
        except KeyError: pass
        """, {"gen": dict(call_count=1, yield_type_dist={"NoneType": 3}, ret_type_dist={},
                          exceptions={"KeyError": (1, 0)})}),
    "coroutines": ("""
        class Wait:
            def __await__(self):
                got = yield 1.5
                return got
        async def inner(): return await Wait()
        async def outer():
            return [await inner()]
        c = outer()
        c.send(None)
        try: c.send("x")
        except StopIteration: pass
        """, {"Wait": dict(call_count=1), "Wait.__await__": dict(
                  call_count=1, yield_type_dist={"float": 1}, ret_type_dist={"str": 1}, callers={"inner": 1}),
              "inner": dict(call_count=1, yield_type_dist={"float": 1}, ret_type_dist={"str": 1}, callers={"outer": 1}),
              "outer": dict(call_count=1, yield_type_dist={"float": 1}, ret_type_dist={"list": 1}, exceptions={})}),
    "async generators": ("""
        async def agen():
            yield 1
            yield "two"
        def drive(aw):
            try: aw.send(None)
            except StopIteration as s: return s.value
            except StopAsyncIteration: return None
        g = agen()
        drive(g.__anext__()); drive(g.__anext__()); drive(g.__anext__())
        """, {"agen": dict(call_count=1, yield_type_dist={"int": 1, "str": 1}, ret_type_dist={"NoneType": 1},
                           callers={"drive": 1}),
              "drive": dict(call_count=3, ret_type_dist={"int": 1, "str": 1, "NoneType": 1}, exceptions={})}),
    "raised again": ("""
        def again():
            try: raise KeyError
            except KeyError:
                try: raise OSError
                except OSError: pass
                raise
        def finally_keeps():
            try: {}[1]
            finally:
                try: int("x")
                except ValueError: pass
        def replaced():
            try: raise KeyError
            finally: raise IndexError
        for f in again, finally_keeps, replaced:
            try: f()
            except Exception: pass
        """, {"again": dict(call_count=1, exceptions={"KeyError": (1, 0)}),
              "finally_keeps": dict(call_count=1, exceptions={"KeyError": (1, 0)}),
              "replaced": dict(call_count=1, exceptions={"IndexError": (1, 0)})}),
    "raised again, past a handler that is not for it": ("""
        def low(): raise LookupError
        def again():
            try:
                try: low()
                except LookupError:
                    try: raise KeyError
                    except KeyError: pass
                    raise
            except IndexError: pass
        def kept():
            try:
                try: low()
                finally:
                    try: raise KeyError
                    except KeyError: pass
            except IndexError: pass
        def another():
            try:
                try: low()
                except LookupError: raise KeyError
            except IndexError: pass
        for f in again, kept, another:
            try: f()
            except LookupError: pass
        """, {"low": dict(call_count=3, exceptions={"LookupError": (3, 0)}),
              "again": dict(call_count=1, exceptions={"LookupError": (0, 1)}),
              "kept": dict(call_count=1, exceptions={"LookupError": (0, 1)}),
              "another": dict(call_count=1, exceptions={"KeyError": (1, 0)})}),
    "groups": ("""
        def low(*errors): raise ExceptionGroup("several", errors)
        def star(*errors):
            try: low(*errors)
            except* ValueError: raise OSError
            except* TypeError: raise IndexError
        def only(*errors):
            try: low(*errors)
            except* ValueError: raise
        def twice(first, *errors):
            for error in first, *errors:
                try: low(error)
                except* ValueError: pass
        def naked(error):
            try: raise error
            except* ValueError: raise OSError
        def base(*errors):
            try: low(*errors)
            except* ValueError: raise SystemExit
            except* KeyError: raise IndexError
        def replaced(error):
            try: low(error)
            except* ValueError: raise OSError
        for f, *errors in ((star, ValueError(), TypeError()), (star, KeyError()), (only, ValueError()), (only, ValueError(), KeyError()), (replaced, ValueError()),
                           (twice, ValueError(), KeyError()), (naked, ValueError()), (naked, KeyError()), (base, ValueError(), KeyError())):
            try: f(*errors)
            except BaseException: pass
        """, {"low": dict(call_count=8, exceptions={"ExceptionGroup": (8, 0)}),
              "star": dict(call_count=2, exceptions={"ExceptionGroup": (1, 1)}),
              "only": dict(call_count=2, exceptions={"ExceptionGroup": (0, 2)}),
              "replaced": dict(call_count=1),        # a group of one until 3.11.3
              "twice": dict(call_count=1, exceptions={"ExceptionGroup": (0, 1)}),
              "naked": dict(call_count=2, exceptions={"OSError": (1, 0), "KeyError": (1, 0)}),
              "base": dict(call_count=1, exceptions={"BaseExceptionGroup": (1, 0)})}),
    "thrown out through with": ("""
        class Scope:
            def __enter__(self): pass
            def __exit__(self, *error): pass
            async def __aenter__(self): pass
            async def __aexit__(self, *error): await Pause()
        class Pause:
            def __await__(self): yield
        def lines():
            with Scope():
                while True:
                    yield
        async def bodies():
            async with Scope():
                await Pause()
        g = lines(); next(g); g.close()
        g = lines(); next(g)
        try: g.throw(ValueError)
        except ValueError: pass
        c = bodies(); c.send(None)
        c.throw(KeyError)
        c.close()
        c = bodies(); c.send(None)
        c.throw(KeyError)
        try: c.send(None)
        except KeyError: pass
        """, {"lines": dict(call_count=2, yield_type_dist={"NoneType": 2}, exceptions={"ValueError": (1, 0)}, ret_type_dist={}),
              "bodies": dict(call_count=2, yield_type_dist={"NoneType": 4}, exceptions={"KeyError": (0, 1)}, ret_type_dist={}),
              "Scope": dict(call_count=1), "Scope.__enter__": dict(call_count=2), "Scope.__exit__": dict(call_count=2),
              "Scope.__aenter__": dict(call_count=2), "Pause": dict(call_count=1),
              "Scope.__aexit__": dict(call_count=2, ret_type_dist={"NoneType": 1}, exceptions={}),
              "Pause.__await__": dict(call_count=4, ret_type_dist={"NoneType": 1}, yield_type_dist={"NoneType": 4},
                                      exceptions={"KeyError": (2, 0)})}),
    "threads": ("""
        import threading, _thread, time
        def work(x): return x
        t = threading.Thread(target=work, args=(1,)); t.start(); t.join()
        lock = _thread.allocate_lock(); lock.acquire()
        def raw(): work("x"); lock.release()
        others = _thread._count()
        _thread.start_new_thread(raw, ()); lock.acquire()
        while _thread._count() > others: time.sleep(0.001)      # it has to return yet
        """, {"work": dict(call_count=2, arg_type_dist={"(int)": 1, "(str)": 1}, callers={"raw": 1}),
              "raw": dict(call_count=1, callers={}, ret_type_dist={"NoneType": 1})}),
    "callers through C and the library": ("""
        import functools
        def key(x): return -x
        def sort(xs): return sorted(xs, key=key)
        def reduce(xs): return functools.reduce(plus, xs)
        def plus(a, b): return a + b
        sort([2, 1, 3]); reduce([1, 2, 3])
        """, {"key": dict(call_count=3, callers={"sort": 3}), "sort": dict(call_count=1, ret_type_dist={"list": 1}),
              "reduce": dict(call_count=1, ret_type_dist={"int": 1}), "plus": dict(call_count=2, callers={"reduce": 2})}),
    "fork and os._exit": ("""
        import os
        def work(x): return x
        pid = os.fork()
        if not pid:
            work("child")
            os._exit(0)
        os.waitpid(pid, 0)
        work(1)
        """, {"work": dict(call_count=2, arg_type_dist={"(str)": 1, "(int)": 1}, callers={"<module>": 2})}),
    "shutdown": ("""
        import atexit
        def late(x): return x
        class D:
            def __del__(self, late=late): late("del")
        atexit.register(late, 1)
        keep = D()
        """, {"late": dict(call_count=2, arg_type_dist={"(int)": 1, "(str)": 1}, callers={"D.__del__": 1}),
              "D": dict(call_count=1), "D.__del__": dict(call_count=1, arg_type_dist={"(D, function)": 1})}),
    "real types": ("""
        class Liar:
            __class__ = int
        class Meta(type):
            __name__ = property(lambda c: "no")
        class Made(metaclass=Meta):
            class Inner: pass
        def f(x): return x
        f(Liar()); f(Made()); f(Made); f(Made.Inner())
        """, {"f": dict(call_count=4, arg_type_dist={"(Liar)": 1, "(Made)": 1, "(Meta)": 1, "(Made.Inner)": 1}),
              "Liar": dict(call_count=1), "Meta": dict(call_count=1), "Made": dict(call_count=1),
              "Made.Inner": dict(call_count=1, callers={"Made": 1})}),
    "generated code": ("""
        exec("def made(x): return x\\nmade(1)", {"__name__": "elsewhere"})
        import json
        json.dumps([1])
        """, {"<module>": dict(call_count=2), "made": dict(call_count=1, callers={"<module>": 1})}),
}


@pytest.mark.parametrize("name", CASES)
def test_by_hand(python, name, tmp_path):
    source, expected = CASES[name]
    script = tmp_path / "case.py"
    script.write_text(textwrap.dedent(source))
    truth, done = harness.run_oracle([python.exe, str(script)], tmp_path / "out")
    assert done.status == 0, done.err.decode()
    assert all(p["when"] in ("late", "_exit") and not p["hook_lost"] for p in truth["processes"])
    got = {}
    for profile in truth["profiles"].values():
        row = harness.comparable(profile)
        row["callers"] = {key.split(":")[1]: n for key, n in row["callers"].items()}
        if profile["qualname"] in got:
            got[profile["qualname"]]["call_count"] += row["call_count"]
        else:
            got[profile["qualname"]] = row
    assert set(got) == set(expected) | {"<module>"}
    for qualname, facts in expected.items():
        assert {f: got[qualname][f] for f in facts} == facts, qualname


def test_a_lost_hook_is_told(python, tmp_path):
    script = tmp_path / "case.py"
    script.write_text("import sys\nsys.setprofile(None)\n")
    truth, _ = harness.run_oracle([python.exe, str(script)], tmp_path / "out")
    assert [p["hook_lost"] for p in truth["processes"]] == [True]


def test_include_and_exclude(python, tmp_path):
    script = tmp_path / "case.py"
    script.write_text("import json\njson.loads('[1]')\njson.dumps({})\n")
    truth, _ = harness.run_oracle([python.exe, str(script)], tmp_path / "out", include=["json"])
    modules = {p["module"] for p in truth["profiles"].values()}
    assert "json" in modules and "json.decoder" in modules and "case" not in modules
