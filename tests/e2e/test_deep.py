"""ghost run --deep: what the recorder looks at inside containers, what it never touches, what it costs, and what is said of it.

Verdicts, annotation by annotation, are in tests/annotations/test_elements.py."""
import json
import re
import subprocess

import harness
import pytest


@pytest.fixture
def recorded(ghost, tmp_path, python):
    """Runs a program with --deep and gives its output; find() and elements() then ask the newest session."""
    def run(source, *options, expect=b""):
        program = tmp_path / "app.py"
        program.write_text(source)
        done = ghost.run([program], "--python", python.exe, *(options or ("--deep", "16")))
        assert done.status == 0, done.err.decode()
        assert expect in done.out, done.out.decode()
        return done
    return run


def findings(ghost, *options):
    done = ghost.command("anomalies", "--only", "type_mismatch", "--format", "json", *options)
    assert done.status in (0, 1), done.err.decode()
    return {(a["qualname"], a["param"], a["observed"]): a for a in json.loads(done.out)["anomalies"]}


def elements(ghost):
    """{(function, place, container, role, position, type): (objects, sampled)}"""
    done = ghost.command("sql", "--format", "json", "SELECT fn_key, place, container, role, position, type, objects, sampled FROM elements")
    assert done.status == 0, done.err.decode()
    rows = json.loads(done.out)
    rows = rows["rows"] if isinstance(rows, dict) else rows
    rows = [list(r.values()) if isinstance(r, dict) else r for r in rows]
    return {(r[0].split(":")[1], *r[1:6]): (r[6], r[7]) for r in rows}


SHOP = """
def total(rows: list[int]) -> float:
    return float(sum(r for r in rows if isinstance(r, int)))

def index(by_name: dict[str, list[int]]) -> tuple[int, str]:
    return len(by_name), 5 if len(by_name) > 1 else "one"

def good():
    for i in range(6):
        total([i, 2])

def bad():
    total([1, "2"])
    index({"a": [1], 7: ["x"]})

good(), bad(), index({"a": [1]})
"""


def test_a_finding_tells_what_where_how_often_and_from_whom(ghost, recorded):
    recorded(SHOP)
    found = findings(ghost)
    assert {k: v["message"] for k, v in found.items()} == {
        ("total", "rows", "list[str]"): "param 'rows' annotated as list[int] but an element observed 'str' in 1/7 sampled lists (14%)",
        ("index", "by_name", "dict[int, _]"): "param 'by_name' annotated as dict[str, list[int]] but a key observed 'int' in 1/2 sampled dicts (50%)",
        ("index", "by_name", "dict[_, [str]]"): "param 'by_name' annotated as dict[str, list[int]] but an element of a value observed 'str' "
                                                 "in 1/2 sampled dicts (50%)",
        ("index", "return", "tuple[1: int]"): "return annotated as tuple[int, str] but item [1] observed 'int' in 1/2 sampled tuples (50%)",
    }
    row = found["total", "rows", "list[str]"]
    assert (row["count"], row["total"], row["severity"]) == (1, 7, "medium")
    assert [(e["label"], e["text"], e["count"], e["of"]) for e in row["evidence"]] == [("from", "app:bad:12", 1, 1)]
    assert len({a["id"] for a in found.values()}) == 4


def test_without_deep_nothing_is_looked_at(ghost, recorded):
    recorded(SHOP, "--flush", "1")
    assert findings(ghost) == {} and elements(ghost) == {}
    log, = ghost.sessions()[-1].glob("*.ghost")
    dump = ghost.command("log", "dump", log).out.decode()
    assert "CONTENT" not in dump and "SAMPLED" not in dump and '"deep"' not in dump


EVERYTHING = """
class MyList(list): pass
def f(x, *a, k=None, **kw): return x
def gen(x):
    yield x
    return [x]
async def agen(x): yield x
async def collect(x): return [v async for v in agen(x)]
import asyncio
f([]), f([1, "x", None]), f((1, "x")), f((0,) * 40), f({"a": 1, 2: None}), f({1.5}), f(frozenset({b""})), f(MyList([1])), f("text"), f(iter([1]))
f(1, [1], {2: 3}, k=[True], z=[1j])
list(gen({1: 2}))
asyncio.run(collect((1,)))
"""


def test_every_kind_of_container_and_place(ghost, recorded):
    recorded(EVERYTHING)
    seen = elements(ghost)
    expected = {
        ("f", "x", "list", "item", None, "int"), ("f", "x", "list", "item", None, "str"), ("f", "x", "list", "item", None, "NoneType"),
        ("f", "x", "tuple", "item", 0, "int"), ("f", "x", "tuple", "item", 1, "str"), ("f", "x", "tuple", "item", None, "int"),
        ("f", "x", "dict", "key", None, "str"), ("f", "x", "dict", "key", None, "int"), ("f", "x", "dict", "item", None, "NoneType"),
        ("f", "x", "dict", "item", None, "int"), ("f", "x", "set", "item", None, "float"), ("f", "x", "frozenset", "item", None, "bytes"),
        ("f", "a", "list", "item", None, "int"), ("f", "a", "dict", "key", None, "int"), ("f", "a", "dict", "item", None, "int"),
        ("f", "k", "list", "item", None, "bool"), ("f", "kw", "list", "item", None, "complex"),
        ("gen", "x", "dict", "key", None, "int"), ("gen", "x", "dict", "item", None, "int"), ("gen", "yield", "dict", "key", None, "int"),
        ("gen", "yield", "dict", "item", None, "int"), ("gen", "return", "list", "item", None, "dict"),
        ("agen", "x", "tuple", "item", 0, "int"), ("agen", "yield", "tuple", "item", 0, "int"), ("collect", "x", "tuple", "item", 0, "int"),
        ("collect", "return", "list", "item", None, "tuple"),
    }
    assert expected <= seen.keys()
    # what f returned is what it got: all of them were looked into, an empty one, too; a subclass was not
    assert {k[2] for k in seen if k[:2] == ("f", "return")} == {"list", "tuple", "dict", "set", "frozenset"}
    assert seen["f", "x", "list", "item", None, "str"] == (1, 2)


HOSTILE = """
import gc, sys, weakref
touched = []
class Evil:
    def __eq__(self, other): touched.append("eq"); raise RuntimeError
    def __hash__(self): return 1
    def __iter__(self): touched.append("iter"); raise RuntimeError
    def __len__(self): touched.append("len"); raise RuntimeError
    def __repr__(self): touched.append("repr"); raise RuntimeError
    def __getattribute__(self, name): touched.append(name); raise RuntimeError
    @property
    def __class__(self): touched.append("class"); raise RuntimeError
class Noisy(list):
    def __iter__(self): touched.append("iter of a list"); return super().__iter__()
    def __getitem__(self, i): touched.append("item"); return super().__getitem__(i)

def take(x): return x
def mutate(rows):
    rows.clear(); rows.append("later")
    return rows

evil, noisy = Evil(), Noisy([1])
box, table, frozen = [evil], {evil: evil}, frozenset([evil])
del touched[:]
for x in (box, table, frozen, (evil,), noisy, [noisy], {1: noisy}):
    take(x)
print("touched", touched)
rows = [1]
mutate(rows)
loop = []; loop.append(loop)
ring = {}; ring["me"] = [ring]
take(loop), take(ring), take((loop, ring))
deep = [1]
for _ in range(2000): deep = [deep]
take(deep)
half = {i: i for i in range(5000)}
for i in range(4990): del half[i]
holes = set(range(5000))
for i in range(4990): holes.discard(i)
take(half), take(holes)
sys.setrecursionlimit(200000)

class Mortal: pass
def die():
    class Short: pass
    one = Mortal()
    return weakref.ref(one), weakref.ref(Short), take([one, Short()])
a, b, value = die()
del value
gc.collect()
print("alive", a() is not None, b() is not None)
before = sys.getrefcount(Mortal)
keep = [Mortal() for _ in range(100)]
for _ in range(200): take(keep)
del keep
print("kept", sys.getrefcount(Mortal) - before)
try:
    raise KeyError("mine")
except KeyError as e:
    take([1])
    print("exception", sys.exc_info()[1] is e)
"""


def test_nothing_of_the_application_runs_and_nothing_is_kept(ghost, recorded):
    done = recorded(HOSTILE)
    assert done.out.decode().split("\n")[:4] == ["touched []", "alive False False", "kept 0", "exception True"]
    seen = elements(ghost)
    assert ("mutate", "rows", "list", "item", None, "int") in seen and ("mutate", "rows", "list", "item", None, "str") not in seen
    assert ("mutate", "return", "list", "item", None, "str") in seen       # as it was at that moment
    assert ("take", "x", "list", "item", None, "Evil") in seen and ("take", "x", "dict", "key", None, "Evil") in seen


HUGE = """
import time
def take(x): return None
def seconds(x):
    begin = time.thread_time()                  # of this thread alone, however busy the machine is
    for _ in range(4000): take(x)
    return time.thread_time() - begin
small, huge = [1] * 32, [1] * 5_000_000
kinds = (list, tuple, set, dict.fromkeys)
pairs = [(k(range(32)), k(range(2_000_000))) for k in kinds]
seconds(small)
print(max(min(seconds(b) for _ in range(5)) / min(seconds(a) for _ in range(5)) for a, b in pairs))
"""


def test_huge_containers_cost_no_more_than_small_ones(recorded):
    """Looking at all of two million elements would take hundreds of times as long; the bound leaves room for cold caches."""
    done = recorded(HUGE)
    assert float(done.out) < 25, done.out


TURNS = """
def f(x): pass
for i in range(40000):
    f([i if i % 2 else "x"])
"""


def test_calls_are_looked_at_ever_more_rarely_and_never_in_step(ghost, recorded):
    recorded(TURNS)
    seen = elements(ghost)
    odd, even = seen["f", "x", "list", "item", None, "int"], seen["f", "x", "list", "item", None, "str"]
    assert odd[1] == even[1] == odd[0] + even[0]
    assert 80 < odd[1] < 200                       # 8 at each distance up to 1024, then every 1024th on average
    assert min(odd[0], even[0]) > 0.3 * odd[1]     # what the program does in turns


MANY = """
def f(*rows): return None
kinds = [type(f"K{i}", (), {}) for i in range(300)]
for i in range(300):
    f([kinds[i](), i])
    f([k() for k in kinds])
"""


def test_no_more_than_n_elements_of_a_container(ghost, recorded):
    recorded(MANY, "--deep", "5")
    done = ghost.command("sql", "--format", "json", "SELECT max(n) FROM (SELECT count(*) AS n FROM content_item GROUP BY content)")
    assert done.status == 0 and re.search(rb"\b5\b", done.out), done.out


FORK = """
import os
def f(x): pass
for _ in range(8): f([1])
pid = os.fork()
for _ in range(3): f(["x"])
if pid: os.waitpid(pid, 0)
"""


def test_parent_and_child_count_for_themselves(ghost, recorded):
    recorded(FORK)
    seen = elements(ghost)
    assert seen["f", "x", "list", "item", None, "int"][0] == 8
    assert 2 <= seen["f", "x", "list", "item", None, "str"][0] <= 6     # both, every call or every second one


KILLED = """
import os, signal
def f(x): pass
for i in range(8): f([1])
f(["x"])
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_leaves_at_least_half_of_each_count(ghost, tmp_path, python):
    program = tmp_path / "app.py"
    program.write_text(KILLED)
    ghost.run([program], "--python", python.exe, "--deep", "4")
    seen = elements(ghost)
    assert seen["f", "x", "list", "item", None, "int"][0] >= 4


def test_archives_and_merged_sessions_keep_it(ghost, recorded, tmp_path):
    recorded(SHOP)
    first, session = findings(ghost), ghost.sessions()[-1]
    shown = [(k, a["count"], a["total"]) for k, a in sorted(first.items())]
    done = ghost.command("pack", session.name, "--output", tmp_path / "one.ghostpack")
    assert done.status == 0, done.err.decode()
    packed = ghost.command("anomalies", tmp_path / "one.ghostpack", "--only", "type_mismatch", "--format", "json")
    assert [((a["qualname"], a["param"], a["observed"]), a["count"], a["total"]) for a in sorted(
        json.loads(packed.out)["anomalies"], key=lambda a: (a["qualname"], a["param"], a["observed"]))] == shown
    recorded(SHOP)
    names = [s.name for s in ghost.sessions()]
    done = ghost.command("merge", *names, "--output", tmp_path / "two.ghostpack")
    assert done.status == 0, done.err.decode()
    merged = json.loads(ghost.command("anomalies", tmp_path / "two.ghostpack", "--only", "type_mismatch", "--format", "json").out)["anomalies"]
    assert sorted((a["count"], a["total"]) for a in merged) == sorted((2 * c, 2 * t) for _, c, t in shown)
    audit = ghost.command("audit", session)
    assert audit.status == 0, audit.out.decode() + audit.err.decode()


def test_the_environment_alone_asks_for_it(ghost, tmp_path, python):
    program = tmp_path / "app.py"
    program.write_text(SHOP)
    boot = harness.GHOST.parent / "lib" / "boot"
    environment = {**ghost.environment(), "PYTHONPATH": str(boot), "GHOST_RECORD": "1", "GHOST_DEEP": "8"}
    subprocess.run([python.exe, program], env=environment, check=True, timeout=60)
    assert ("total", "rows", "list[str]") in findings(ghost)
    done = subprocess.run([python.exe, program], env={**environment, "GHOST_DEEP": "many", "GHOST_DEBUG": "1"}, capture_output=True, timeout=60)
    assert done.returncode == 0 and b"GHOST_DEEP has no usable value; it wants a number of elements, 0 to 256" in done.stderr


def test_too_many_elements_are_refused(ghost, tmp_path, python):
    done = ghost.run(["-c", "pass"], "--python", python.exe, "--deep", "257")
    assert done.status == 2 and b"--deep takes a number of elements up to 256, not 257" in done.err


def test_the_profile_hook_looks_as_well(ghost, tmp_path, python):
    program = tmp_path / "app.py"
    program.write_text(SHOP)
    done = ghost.run([program], "--python", python.exe, "--deep", "8", env={**harness.clean_environment(), "GHOST_HOOK": "profile"})
    assert done.status == 0, done.err.decode()
    assert ("total", "rows", "list[str]") in findings(ghost)
