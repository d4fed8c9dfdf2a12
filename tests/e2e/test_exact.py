"""Every program of tests/apps on every interpreter: Ghost's counts are the oracle's, the output is the plain run's.

Calls, exceptions by type and origin, argument signatures, return types, yield types and callers
are compared exactly, for every function. A program of `mode=self` breaks the oracle's own hook
(deep recursion, other tracers): it counts its calls itself and prints them as `expect: {...}`.
"""
import json

import pytest

import harness

PROGRAMS = [(app, arg) for app in sorted(harness.APPS.glob("*.py"))
            for arg in harness.app_options(app).get("args", "").split(";")]


def check_expectation(profiles, expected, lost):
    """What a program counted itself, by qualified name."""
    by_name = {p["qualname"]: p for p in profiles.values()}
    lines = []
    for name, facts in expected.items():
        assert name in by_name, f"{name} is not in the export"
        p = by_name[name]
        got = {"calls": p["call_count"], "returns": p["ret_type_dist"], "args": p["arg_type_dist"],
               "exceptions": {t: sum(o) for t, o in harness.origins(p["exceptions"]).items()},
               "callers": {k.split(":")[1]: n for k, n in p["callers"].items()}}
        lines += [f"{name}: {fact}: expected {want}, Ghost has {got[fact]}"
                  for fact, want in facts.items() if got[fact] != want]
    return lines


@pytest.mark.parametrize("app, arg", PROGRAMS, ids=[a.stem + (f"-{x}" if x else "") for a, x in PROGRAMS])
def test_exact(python, app, arg, ghost, tmp_path):
    options = harness.app_options(app)
    env = harness.clean_environment()
    if "needs" in options:
        env = harness.tool_environment(python, options["needs"])
        if env is None:
            pytest.skip(f"{options['needs']} cannot be installed for {python.version} here")
    argv = [python.exe, str(app), *([arg] if arg else [])]

    plain = harness.run(argv, env=env, cwd=tmp_path)
    recorded = ghost.run(argv, "-q", env=env, cwd=tmp_path)
    assert (recorded.status, recorded.out.decode()) == (plain.status, plain.out.decode()), recorded.err.decode()
    own, said = harness.without_ghost(recorded.err)
    assert harness.without_numbers(own) == harness.without_numbers(plain.err)
    assert "losses" in options or not any(b"lost" in line for line in said), said
    exported = ghost.export()
    profiles = exported["profiles"]

    if options.get("mode") == "self":
        text = plain.out.decode().split("expect: ", 1)[1].split("\n", 1)[0]
        lines = check_expectation(profiles, json.loads(text), exported)
    else:
        truth, observed = harness.run_oracle(argv, tmp_path / "oracle", env=env, cwd=tmp_path)
        assert observed.same_as(plain), observed.err.decode()
        assert not any(p["hook_lost"] or p["trace_lost"] for p in truth["processes"])
        assert not any(p["unresolved"] for p in truth["profiles"].values())
        varies = options.get("varies", "").split(";")    # what the program itself does differently from run to run
        lines = harness.differences(truth["profiles"], profiles, lambda key, field: field in varies)
    assert not lines, "\n" + "\n".join(lines)
