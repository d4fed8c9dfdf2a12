"""The fallback: no tool id of sys.monitoring is free, and the profile hook records.

What a profile function is told must be counted exactly; what it is not told (hook_profile.c) is
named here, program by program, so that anything else shows."""
import pytest

import harness
from test_exact import PROGRAMS

THROW = "throw() and close() tell a profile function neither that they come nor which exception they bring"
RAW = "threads of _thread alone have no profile function"
TRACE = "with a trace function on, an exit by exception looks like another"
BLIND = {"async_generators": THROW, "asyncio_flow": THROW, "comprehensions": THROW, "coroutines": THROW, "gen_threads": THROW,
         "gen_throw_close": THROW, "generators": THROW, "threads": RAW, "coexist_settrace": TRACE}

# A program that counts itself breaks the oracle's hook, and those with needs are test_exact's; 3.11 has no use for the fallback.
CHOSEN = [(app, arg) for app, arg in PROGRAMS
          if harness.app_options(app).get("mode") != "self" and "needs" not in harness.app_options(app)]
pytestmark = pytest.mark.since(3, 12)


def counted(profiles):
    """The profiles with exceptions by number only: a profile function is not given their types."""
    for p in profiles.values():
        n = sum(a + b for a, b in harness.origins(p["exceptions"]).values())
        p["exceptions"] = {"any": {"raised": n}} if n else {}
    return profiles


@pytest.mark.parametrize("app, arg", CHOSEN, ids=[a.stem + (f"-{x}" if x else "") for a, x in CHOSEN])
def test_what_it_sees(python, app, arg, ghost, tmp_path):
    options = harness.app_options(app)
    argv = [python.exe, str(app), *([arg] if arg else [])]
    truth, plain = harness.run_oracle(argv, tmp_path / "oracle", cwd=tmp_path)
    recorded = ghost.run(argv, "-q", env=harness.clean_environment(GHOST_HOOK="profile"), cwd=tmp_path)
    assert recorded.same_as(plain), recorded.err.decode()
    if app.stem in BLIND:
        return
    varies = options.get("varies", "").split(";")
    lines = harness.differences(counted(truth["profiles"]), counted(ghost.export()["profiles"]), lambda key, field: field in varies)
    assert not lines, "\n" + "\n".join(lines)


PROGRAM = """
import sys
def f(x): return x
[f(i) for i in range(10)]
"""


@pytest.mark.parametrize("taken, hook", [((4,), "monitoring"), ((3, 4), "monitoring"), ((3, 4, 5), "profile")])
def test_other_tools_have_the_ids(python, ghost, tmp_path, taken, hook):
    """Another tool that was there first keeps its id; the user is told when it costs exactness."""
    site = tmp_path / f"lib/python3.{python.minor[1]}/site-packages"
    site.mkdir(parents=True)
    (site / "first.pth").write_text(f"import sys; [sys.monitoring.use_tool_id(i, 'another') for i in {taken}]\n")
    (tmp_path / "app.py").write_text(PROGRAM + f"print([sys.monitoring.get_tool(i) for i in {taken}])\n")
    done = ghost.run([python.exe, str(tmp_path / "app.py")], env=harness.clean_environment(PYTHONUSERBASE=str(tmp_path)), cwd=tmp_path)
    assert done.out.decode().strip() == str(["another"] * len(taken))
    told = b"profile hook" in done.err
    exported = ghost.export()
    assert {p["qualname"]: p["call_count"] for p in exported["profiles"].values()}["f"] == 10
    assert told == (hook == "profile"), done.err.decode()
