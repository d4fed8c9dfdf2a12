"""ghost trend: a level that changes between two releases is found there, and nowhere else."""
import json

import pytest

import harness

PROGRAM = """
import sys, time
wait = float(sys.argv[1])
def query(): time.sleep(wait)
def other(): time.sleep(0.01)
def request():
    query()
    other()
for i in range(40): request()
"""
RELEASES = (0.01, 0.01, 0.01, 0.04, 0.04, 0.04)        # a busy machine wakes a sleeper up to ten milliseconds late


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trend")
    (folder / "app.py").write_text(PROGRAM)
    data, ids, python = harness.Ghost(folder / "data"), [], harness.pythons()[-1]
    for wait in RELEASES:
        before = set(data.sessions())
        assert data.run([python.exe, str(folder / "app.py"), str(wait)], "-q", cwd=folder).status == 0
        ids += [s.name for s in data.sessions() if s not in before]
    return data, ids


def test_the_break_is_found(recorded):
    data, ids = recorded
    answer = json.loads(data.command("trend", *ids, "--format", "json").out)
    assert [s["session_id"] for s in answer["sessions"]] == ids
    functions = {f["fn_key"].split(":")[1]: f for f in answer["functions"]}
    found = functions["query"]["break"]
    assert found["session"] == ids[3] and 1.5 < found["ratio"] < 4.5 and found["low"] < found["ratio"] < found["high"]
    assert functions["other"]["break"] is None
    assert functions["query"]["calls"] == [40] * 6 and len(functions["query"]["values_ns"]) == 6
    assert functions["query"]["exception_rates"] == [0.0] * 6


def test_table_and_status(recorded):
    data, ids = recorded
    done = data.command("trend", *ids, "--function", "query", "--fail-on-break")
    text = done.out.decode()
    assert done.status == 1 and f"since {ids[3]}" in text and "1 of 1 functions" in text
    assert data.command("trend", *ids[:3], "--fail-on-break").status == 0
    other = data.command("trend", *ids, "--function", "other", "--fail-on-break")      # query's break is not asked for
    assert other.status == 0 and b"1 of 1 functions, 0 breaks" in other.out
    assert "too few sessions" in data.command("trend", *ids[:3]).out.decode()


def test_wrong_use(recorded):
    data, ids = recorded
    for args in ((), (ids[0],), (ids[0], "nothing-like-it"), (*ids, "--measure", "speed"), (*ids, "--alpha", "0"), (*ids, "--function", "nothing*"),
                 (ids[0], ids[0], ids[3], ids[3])):     # one recording given twice is no second session of its level
        done = data.command("trend", *args)
        assert done.status == 2 and done.err and not done.out, args
