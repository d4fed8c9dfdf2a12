"""ghost diff on recordings of two versions of one program: every kind of change is told, and nothing else."""
import csv
import io
import json
import os
import re
import resource
import shutil
import xml.etree.ElementTree as ET

import pytest

import harness

BEFORE = '''

def kept(x):
    return x

def moved(x):
    return kept(x) + 1

def old_name(a, b):
    total = a * 31 + b
    return total ^ (total >> 3)

def goes():
    return 0

def dies(x):
    return x

def parse(text):
    return int(text)

def callers_change(x):
    return kept(x)

def guarded(text):
    try:
        return parse(text)
    except ValueError:
        return None

def request(i):
    kept(i)
    moved(i)
    old_name(i, 1)
    callers_change(i)
    guarded("7" if i % 100 else "bad")
    dies(i)
    goes()

for i in range(400):
    request(i)
'''
AFTER = BEFORE.replace("def moved", "# a line more\n\ndef moved").replace("old_name", "new_name").replace("def goes():\n    return 0\n", "def comes():\n    return len(str(1))\n") \
    .replace("    dies(i)\n    goes()\n", "    comes()\n    kept('text')\n").replace("return kept(x)\n\ndef guarded", "return moved(x)\n\ndef guarded") \
    .replace('"7" if i % 100 else "bad"', '"7" if i % 4 else "bad"')


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("diff")
    data = harness.Ghost(folder / "data")
    python = harness.pythons()[-1]
    ids = []
    for text in (BEFORE, BEFORE, AFTER):
        (folder / "app.py").write_text(text)
        before = set(data.sessions())
        assert data.run([python.exe, str(folder / "app.py")], "-q", cwd=folder).status == 0
        ids += [s.name for s in data.sessions() if s not in before]
    return data, ids


@pytest.mark.skipif(len(harness.pythons()) < 2, reason="one interpreter only")
def test_another_python_is_told(ghost, tmp_path):
    (tmp_path / "app.py").write_text("def f(x):\n    return x\n\nfor i in range(3):\n    f(i)\n")
    first, last = harness.pythons()[0], harness.pythons()[-1]
    for python in (first, first, last):
        assert ghost.run([python.exe, str(tmp_path / "app.py")], "-q", cwd=tmp_path).status == 0
    sessions = [s.name for s in ghost.sessions()]
    version = {s: json.loads(ghost.command("diff", s, s, "-f", "json").out)["before_session"]["python"] for s in sessions}
    other = next(s for s in sessions if list(version.values()).count(version[s]) == 1)
    same = [s for s in sessions if s != other]
    told = ghost.command("diff", same[0], other).out.decode()
    assert f"Recorded on Python {version[same[0]]}, then on {version[other]}" in told
    assert "Recorded on Python" not in ghost.command("diff", *same).out.decode()
    assert version[other] in ghost.command("diff", other, same[0], "-f", "markdown").out.decode()


def diff(recorded, *args):
    data, _ = recorded
    return data.command("diff", *args)


def as_json(recorded, *args):
    done = diff(recorded, "--format", "json", *args)
    assert done.status in (0, 1), done.err
    return json.loads(done.out)


def names(rows):
    return sorted(r["qualname"] for r in rows)


def test_same_program_has_nothing_to_tell(recorded):
    _, (a, b, _) = recorded
    answer = as_json(recorded, a, b)
    assert (answer["added"], answer["removed"], answer["changed"]) == ([], [], [])
    assert answer["compared"] == 9 and answer["traffic_ratio"] == 1.0
    text = diff(recorded, a, b).out.decode()
    assert "No meaningful differences" in text and "0 changed" in text


def test_every_change_is_told(recorded):
    _, (a, _, c) = recorded
    answer = as_json(recorded, a, c)
    assert names(answer["added"]) == ["comes"] and not answer["added"][0]["defined_in_both"]
    removed = {r["qualname"]: r["defined_in_both"] for r in answer["removed"]}
    assert removed == {"dies": True, "goes": False}      # dies is dead code now, goes is gone
    changed = {r["qualname"]: r for r in answer["changed"]}
    assert changed["new_name"]["match"] == "renamed" and changed["new_name"]["was"].split(":")[1] == "old_name"
    rate = changed["parse"]["exception_rate"]
    assert rate["significant"] and rate["before"] == pytest.approx(0.01) and rate["after"] == pytest.approx(0.25)
    assert rate["low"] < 0.24 < rate["high"]
    assert not changed.get("guarded", {}).get("exception_rate", {}).get("significant")
    new = changed["kept"]["new_signatures"]
    assert [(n["name"], n["count"], n["caller"]) for n in new] == [("(str)", 400, "request")]
    assert [n["name"] for n in changed["kept"]["new_returns"]] == ["str"]
    assert [n["name"].split(":")[1] for n in changed["callers_change"]["new_callees"]] == ["moved"]
    assert [n["name"].split(":")[1] for n in changed["callers_change"]["gone_callees"]] == ["kept"]
    # a callee under a new name is the same edge
    assert [n["name"].split(":")[1] for n in changed["request"]["new_callees"]] == ["comes"]
    assert "moved" not in changed or not any(changed["moved"][k] for k in ("new_callees", "gone_callees", "new_signatures"))


def test_per_call_of_an_entry_point(recorded):
    _, (a, _, c) = recorded
    kept = {r["qualname"]: r for r in as_json(recorded, a, c, "--per", "request")["changed"]}["kept"]["calls"]
    assert kept["before"] == 1200 and kept["before_per_entry"] == 3.0 and kept["after_per_entry"] == kept["after"] / 400
    done = diff(recorded, a, c, "--per", "requests")
    assert done.status == 2 and b"requests was not called" in done.err


@pytest.mark.parametrize("rules, status, fired", [
    ("removed", 1, {"dies", "goes"}), ("added", 1, {"comes"}), ("renamed", 1, {"new_name"}), ("exceptions+5%", 1, {"parse"}),
    ("exceptions+30%", 0, set()), ("new-type", 1, {"kept"}), ("new-call", 1, {"callers_change", "request"}), ("new-exception", 0, set()),
    ("latency>50,p99>50", 0, set()), ("removed,added", 1, {"dies", "goes", "comes"}),
    ("exceptions + 5 %, latency > 50", 1, {"parse"}),
])
def test_rules(recorded, rules, status, fired):
    _, (a, _, c) = recorded
    done = diff(recorded, a, c, "--fail-on", rules, "--format", "json")
    assert done.status == status
    assert {f["fn_key"].split(":")[1] for f in json.loads(done.out)["failed"]} >= fired
    if not fired:
        assert json.loads(done.out)["failed"] == []
    if fired:
        assert "FAILED" in diff(recorded, a, c, "--fail-on", rules).out.decode()


@pytest.mark.parametrize("rule, told", [
    ("latencyy>1.3", "Did you mean latency?"), ("latency", "needs a limit"), ("latency+3%", "needs a limit"), ("removed>1", "takes no number"),
    ("p99>fast", "is no limit"), ("exceptions>1", "percentage points"), ("latency>1.3 removed", "is no limit"), ("lat ency>1.3", "Did you mean latency?"),
    ("", "no rule is named"), (" , ", "no rule is named"),
])
def test_wrong_rules(recorded, rule, told):
    _, (a, b, _) = recorded
    done = diff(recorded, a, b, "--fail-on", rule)
    assert done.status == 2 and told in done.err.decode()


def test_formats(recorded):
    _, (a, _, c) = recorded
    rows = list(csv.DictReader(io.StringIO(diff(recorded, a, c, "--format", "csv").out.decode(), newline="")))
    assert {r["fn_key"].split(":")[1]: r["state"] for r in rows}["goes"] == "removed" and len(rows) == 10
    text = diff(recorded, a, c, "--format", "markdown", "--fail-on", "removed").out.decode()
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.replace("\\|", "").count("|") for line in table}) == 1 and any("goes" in line for line in table)
    suites = ET.fromstring(diff(recorded, a, c, "--format", "junit", "--fail-on", "removed,latency>50").out)
    assert suites.get("failures") == "2" and {s.get("name") for s in suites} == {"removed", "latency>50"}
    # names of rules are no markup; a rule that is given twice is one
    suites = ET.fromstring(diff(recorded, a, c, "--format", "junit", "--fail-on", "latency<0.001,removed,removed", "--fail-on", "removed").out)
    assert [(s.get("name"), s.get("tests"), len(s.findall("testcase"))) for s in suites] == [("latency<0.001", "1", 1), ("removed", "2", 2)]
    assert (suites.get("name"), suites.get("tests"), suites.get("failures")) == ("ghost diff", "3", "2")
    lines = diff(recorded, a, c, "--format", "github", "--fail-on", "removed").out.decode().splitlines()
    assert len([line for line in lines if line.startswith("::error")]) == 2
    sarif = json.loads(diff(recorded, a, c, "--format", "sarif", "--fail-on", "removed").out)
    assert {r["ruleId"] for r in sarif["runs"][0]["results"]} == {"removed"}


def test_markdown_says_what_the_text_says(recorded):
    """Which function of a name, how sure, how many: what is pasted into a pull request stands there alone."""
    _, (a, _, c) = recorded
    text = diff(recorded, a, c).out.decode()
    table = diff(recorded, a, c, "-f", "markdown", "--fail-on", "exceptions+5%").out.decode()
    for anomaly in as_json(recorded, a, c)["new_anomalies"]:
        module, name, line = anomaly["fn_key"].rsplit(":", 2)
        assert f"- new anomaly: **{anomaly['kind']}** {name} ({module}:{line}): " in table
    assert re.search(r"- ❌ `exceptions\+5%` parse \(\w+:\d+\): exception rate", table)
    assert text.count("may only") == table.count("perhaps only missed")
    assert not re.search(r"\b1 (times|calls)\b", text + table)
    short = diff(recorded, a, c, "-f", "markdown", "-n", "1").out.decode()
    assert short.count("\n- new anomaly") == 1 and "more new anomalies" in short
    assert "more: --top 0 shows all" in diff(recorded, a, c, "-n", "1").out.decode().split("new anomalies")[1].split("gone")[0]


def test_groups_add_up(recorded):
    _, (a, b, c) = recorded
    answer = as_json(recorded, "--before", f"{a},{b}", "--after", c)
    assert len(answer["before_session"]["sessions"]) == 2 and answer["traffic_ratio"] == 0.5
    rate = {r["qualname"]: r for r in answer["changed"]}["parse"]["exception_rate"]
    assert rate["before"] == pytest.approx(0.01) and rate["significant"]


def test_a_group_of_several_commits(recorded, tmp_path):
    """The last recordings of a branch are a natural group. What moved between its commits is one function, not one that is gone."""
    data, (a, b, _) = recorded
    (tmp_path / "app.py").write_text(BEFORE.replace("def moved", "# one\n# two\n\ndef moved").replace("    dies(i)\n", ""))
    before = set(data.sessions())
    assert data.run([harness.pythons()[-1].exe, str(tmp_path / "app.py")], "-q", cwd=tmp_path).status == 0
    later = next(s.name for s in data.sessions() if s not in before)
    for group in (f"{a},{later}", f"{later},{a}"):
        done = diff(recorded, "--before", group, "--after", later, "--fail-on", "removed,added", "-f", "json")
        answer = json.loads(done.out)
        assert names(answer["removed"]) == ["dies"] and answer["added"] == [] and answer["compared"] == 8, group
        counts = {r["qualname"]: r["calls"] for r in answer["changed"]}
        assert all(c["before"] == 2 * c["after"] for c in counts.values())
    back = as_json(recorded, "--before", later, "--after", f"{a},{later}")
    assert names(back["added"]) == ["dies"] and back["removed"] == []
    mixed = {r["qualname"]: r for r in as_json(recorded, "--before", f"{a},{later}", "--after", b, "-v")["unchanged"]}
    assert mixed["moved"]["calls"]["before"] == 800 and mixed["moved"]["calls"]["after"] == 400


def test_anomalies_of_groups(recorded):
    """A side has what any of its sessions has; what only one session of it never called is called there."""
    _, (a, b, c) = recorded
    alone = {(x["kind"], x["fn_key"].split(":")[1]) for x in as_json(recorded, a, c)["new_anomalies"]}
    group = as_json(recorded, "--before", f"{a},{b}", "--after", c)
    assert {(x["kind"], x["fn_key"].split(":")[1]) for x in group["new_anomalies"]} == alone and ("high_exc_rate", "parse") in alone and ("never_called", "dies") in alone
    mixed = as_json(recorded, "--before", a, "--after", f"{b},{c}")["new_anomalies"]
    told = [(x["kind"], x["fn_key"].split(":")[1]) for x in mixed]
    assert ("high_exc_rate", "parse") in told and ("never_called", "dies") not in told and len(told) == len(set(told))


def test_what_cannot_be_compared(recorded):
    _, (a, b, _) = recorded
    for args in ((a,), (), (a, "no-such-session"), ("--before", a), ("--split", "+1s", a, b)):
        done = diff(recorded, *args)
        assert done.status == 2 and done.err, args


def test_nothing_recorded_is_no_comparison(recorded, tmp_path):
    """A rule that does not fire must not let a build pass whose recording is empty."""
    data, (a, _, _) = recorded
    (tmp_path / "app.py").write_text("print(1)\n")
    before = set(data.sessions())
    assert data.run([harness.pythons()[-1].exe, str(tmp_path / "app.py")], "-q", cwd=tmp_path).status == 0
    empty = next(s.name for s in data.sessions() if s not in before)
    for args in ((a, empty), (empty, a), (empty, empty)):
        done = diff(recorded, *args, "--fail-on", "latency>1.3")
        assert done.status == 2 and f"{empty} has no call of a function" in done.err.decode() and not done.out, args
    assert as_json(recorded, "--before", f"{a},{empty}", "--after", a)["compared"] == 9
    for moment, where in (("+1h", "after"), ("-1h", "before")):
        done = diff(recorded, "--split", moment, a, "--fail-on", "latency>1.3")
        assert done.status == 2 and f"--split {moment}: no call of a function began {where} it" in done.err.decode()


def test_damage_is_told(recorded, tmp_path):
    """What a cut log does not hold looks like code that is gone: every format that tells of changes says so."""
    data, (a, b, _) = recorded
    cut = tmp_path / "cut"
    shutil.copytree(data.data / "sessions" / b, cut)
    log = max(cut.glob("*.ghost"), key=lambda p: p.stat().st_size)
    os.truncate(log, log.stat().st_size * 9 // 10)
    for form in ("text", "markdown"):
        told = diff(recorded, a, str(cut), "-f", form).out.decode()
        assert f"Events are missing: 0 of {a}, an unknown number of cut." in told and f"DAMAGE  cut: {log.name}: " in told, told
        assert "missing" not in diff(recorded, a, b, "-f", form).out.decode()
    answer = as_json(recorded, "--before", f"{a},{cut}", "--after", b)
    assert [(c["session_id"], len(c["damages"])) for c in answer["before_session"]["caveats"]] == [(a, 0), ("cut", 1)]
    assert [len(c["damages"]) for c in answer["after_session"]["caveats"]] == [0]
    trend = data.command("trend", a, str(cut))
    assert f"DAMAGE  cut: {log.name}: " in trend.out.decode()
    assert [len(s["damages"]) for s in json.loads(data.command("trend", a, str(cut), "-f", "json").out)["sessions"]] == [0, 1]


def test_one_recording_is_no_group(recorded, tmp_path):
    data, (a, b, c) = recorded
    assert data.command("pack", a, "-o", str(tmp_path / "other.ghostpack")).status == 0
    for group in (f"{a},{a}", f"{b},{a},{tmp_path / 'other.ghostpack'}"):
        done = diff(recorded, "--before", group, "--after", c)
        assert done.status == 2 and b"are the same recording" in done.err, group
    assert diff(recorded, "--before", f"{a},{b}", "--after", a).status == 0


def test_callees_of_one_name_are_told_once(ghost, tmp_path):
    python = harness.pythons()[-1]
    for body in ("return x", "return (lambda y: y)(x) + \\\n        (lambda y: y + 1)(x)"):
        (tmp_path / "app.py").write_text(f"def f(x):\n    {body}\nfor i in range(100): f(i)\n")
        assert ghost.run([python.exe, str(tmp_path / "app.py")], "-q", cwd=tmp_path).status == 0
    a, b = (s.name for s in ghost.sessions())
    new = next(r for p in ((a, b), (b, a)) for r in json.loads(ghost.command("diff", *p, "-f", "json").out)["changed"] if r["new_callees"])["new_callees"]
    assert [(n["name"].split(":")[1], n["count"], n["of"]) for n in new] == [("f.<locals>.<lambda>", 200, 100)]


SPLIT = """
import sys, time
import ghost_recorder
def old(): pass
def new(): pass
def both(x): return x
for i in range(50): old(); both(i)
ghost_recorder.mark("deployed")
for i in range(50): new(); both("s")
"""


def test_split_at_a_mark(python, ghost, tmp_path):
    (tmp_path / "app.py").write_text(SPLIT)
    done = ghost.run([python.exe, str(tmp_path / "app.py")], "-q", cwd=tmp_path)
    assert done.status == 0, done.err.decode()
    answer = json.loads(ghost.command("diff", "--split", "deployed", "--format", "json").out)
    assert names(answer["added"]) == ["new"] and names(answer["removed"]) == ["old"]
    assert [n["name"] for n in {r["qualname"]: r for r in answer["changed"]}["both"]["new_signatures"]] == ["(str)"]
    done = ghost.command("diff", "--split", "deploid")
    assert done.status == 2 and done.err.startswith(b"ghost: --split: 'deploid' is neither a time nor a mark") and b"which has 'deployed'" in done.err


MANY = """
source = "\\n".join(f"def f{i}(a): return a" for i in range(10000))
space = {"__name__": "__main__"}
exec(compile(source, __file__, "exec"), space)
functions = [space[f"f{i}"] for i in range(10000)]
def main():
    for i in range(3):
        for f in functions: f(i)
main()
"""


ONE_INTERRUPTED = """
import sys, time
def inner(n): return sum(range(n))
def outer(i):
    if i == 150 and len(sys.argv) > 1: time.sleep(0.3)
    return inner(i)
def main():
    for i in range(300): outer(i)
main()
"""


def test_most_functions_are_not_one(ghost, tmp_path):
    """One call of one function slept: no machine, and no everything, took a thousand times as long."""
    (tmp_path / "app.py").write_text(ONE_INTERRUPTED)
    python = harness.pythons()[-1]
    for argument in ((), ("interrupted",)):
        assert ghost.run([python.exe, str(tmp_path / "app.py"), *argument], "-q", cwd=tmp_path).status == 0
    a, b = sorted((s.name for s in ghost.sessions()), key=lambda s: json.loads(ghost.command("diff", s, s, "-f", "json").out)["before_session"]["duration_ns"])
    for one, other in ((a, b), (b, a)):
        answer = json.loads(ghost.command("diff", one, other, "-f", "json").out)
        assert not answer["speed_known"] or 0.02 < answer["speed_ratio"] < 50, answer["speed_ratio"]


def test_ten_thousand_functions(ghost, tmp_path):
    """Processor time of a comparison of analysed sessions; a dispatcher with 10,000 callees must not make it quadratic."""
    (tmp_path / "app.py").write_text(MANY)
    python = harness.pythons()[-1]
    for _ in range(2):
        assert ghost.run([python.exe, str(tmp_path / "app.py")], "-q", cwd=tmp_path).status == 0
    a, b = (s.name for s in ghost.sessions())
    ghost.command("report", a), ghost.command("report", b)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    answer = json.loads(ghost.command("diff", a, b, "--format", "json").out)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert answer["compared"] >= 10001 and answer["changed"] == []
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 3      # 0.5 s when the machine is quiet
