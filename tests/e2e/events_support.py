"""Raw events as the plain sqlite3 shell shows them, and what their sums must be."""
import collections
import json
import shutil
import subprocess

import pytest

import harness

EXTENSION = harness.LIB / "ghost_events"
SHELL = shutil.which("sqlite3")
needs_shell = pytest.mark.skipif(not SHELL or not EXTENSION.with_suffix(".so").exists(),
                                 reason="needs the sqlite3 shell and build/lib/ghost_events.so")


def output_of(*statements, database=":memory:"):
    done = subprocess.run([SHELL, "-bail", str(database)], input="\n".join(statements) + "\n", capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout


def shell(*statements, database=":memory:"):
    """Rows of the only query, as dictionaries."""
    return json.loads(output_of(".mode json", *statements, database=database) or "[]")


def open_table(session):
    """Makes the virtual table `ev` over the session."""
    return f".load {EXTENSION}", f"CREATE VIRTUAL TABLE temp.ev USING ghost_events('{session}');"


def ask(session, query):
    return shell(*open_table(session), query)


def plan_of(session, query):
    return output_of(*open_table(session), f"EXPLAIN QUERY PLAN {query};")


SUMS = """SELECT fn_key, event, "end", is_exception, signature, arg_types, ret_or_exc, caller_key, count(*) AS n,
 sum(latency_ns) AS total, min(latency_ns) AS least, max(latency_ns) AS most, sum(self_ns) AS self, sum(suspended_ns) AS suspended,
 min(timestamp_ns) AS first, max(timestamp_ns) AS last, count(latency_ns) AS timed,
 call_id IS NULL AS adopted
 FROM {table} GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, call_id IS NULL;"""


def profiles_of(rows):
    """What `ghost export` says, from the sums of the rows alone."""
    found = collections.defaultdict(lambda: {
        "call_count": 0, "exception_count": 0, "arg_type_dist": collections.Counter(), "ret_type_dist": collections.Counter(),
        "yield_type_dist": collections.Counter(), "callers": collections.Counter(), "exceptions": collections.Counter(),
        "total_latency_ns": 0, "self_ns": 0, "suspended_ns": 0, "calls_closed": 0, "least": [], "most": [], "first": [], "last": []})
    for r in rows:
        if not r["fn_key"] or r["adopted"]:
            continue                     # marks and pauses; calls whose begin was not seen count nowhere
        p = found[r["fn_key"]]
        if r["event"] == "call":
            assert "(" + ", ".join(json.loads(r["arg_types"])) + ")" == r["signature"]
            p["call_count"] += r["n"]
            p["arg_type_dist"][r["signature"]] += r["n"]
            p["callers"][r["caller_key"] or ""] += r["n"]
            p["first"].append(r["first"])
            p["last"].append(r["last"])
        elif r["event"] == "yield":
            p["yield_type_dist"][r["ret_or_exc"]] += r["n"]
        elif r["event"] == "return":
            assert r["is_exception"] == (r["end"] in ("raised", "passed"))
            if r["end"] == "return":
                p["ret_type_dist"][r["ret_or_exc"]] += r["n"]
            elif r["end"] == "closed":
                p["calls_closed"] += r["n"]
            else:
                p["exception_count"] += r["n"]
                p["exceptions"][r["ret_or_exc"], r["end"]] += r["n"]
            if r["timed"]:
                p["total_latency_ns"] += r["total"]
                p["self_ns"] += r["self"]
                p["suspended_ns"] += r["suspended"]
                p["least"].append(r["least"])
                p["most"].append(r["most"])
    return found


def assert_sums_agree(rows, exported):
    """Every figure that the export has and the rows can give is the same."""
    found = profiles_of(rows)
    compared = 0
    for key, profile in exported["profiles"].items():
        p = found.get(key)
        if p is None:
            assert profile["call_count"] == 0, key
            continue
        for name in ("call_count", "exception_count", "total_latency_ns", "self_ns", "suspended_ns", "calls_closed"):
            assert p[name] == profile[name], (key, name)
        for name in ("arg_type_dist", "ret_type_dist", "yield_type_dist"):
            assert dict(p[name]) == profile[name], (key, name)
        assert {k: n for k, n in p["callers"].items() if k} == {k: n for k, n in profile["callers"].items() if k}, key
        origins = {(t, o): n for t, by in profile["exceptions"].items() for o, n in by.items() if n and o != "caught"}
        assert dict(p["exceptions"]) == origins, key
        if p["least"]:
            assert (min(p["least"]), max(p["most"])) == (profile["min_latency_ns"], profile["max_latency_ns"]), key
        if p["first"]:
            assert (min(p["first"]), max(p["last"])) == (profile["first_call_real_ns"], profile["last_call_real_ns"]), key
        compared += 1
    assert set(found) <= set(exported["profiles"])
    return compared
