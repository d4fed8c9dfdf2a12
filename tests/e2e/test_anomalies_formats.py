"""What `ghost anomalies` prints for other programs is what those read, names with all their characters included.

GHOST_SARIF_SCHEMA=FILE also validates against the standard's JSON schema (with jsonschema installed)."""
import csv
import io
import json
import os
import re
import urllib.parse
import xml.etree.ElementTree as ET

import pytest

import harness

PYTHON = (harness.pythons()[-1:] or [None])[0]
pytestmark = pytest.mark.skipif(PYTHON is None, reason="no interpreter has a recorder here: run make")
FOLDER, FILE = "a b,c:d%e", "ä&<'x'>].py"
SOURCE = '''
def dead_ä(): return 1
def fails(n):
    if n % 3: raise ValueError
def liar(x: int): return x
for n in range(40):
    try: fails(n)
    except ValueError: pass
    liar("text")
'''


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("formats")
    ghost = harness.Ghost(folder / "data")
    path = folder / FOLDER / FILE
    path.parent.mkdir()
    path.write_text(SOURCE)
    done = ghost.run([path], "--python", PYTHON.exe)
    assert done.status == 0, done.err.decode()
    base = folder / "base"
    ghost.command("anomalies", "--baseline", base, "--update-baseline", "--only", "never_called")
    (folder / "ghost.yaml").write_text('detectors:\n  suppress:\n    - {kind: high_exc_rate, reason: "a <reason> & \\"more\\""}\n')
    ghost.more = ["--baseline", str(base), "--config", str(folder / "ghost.yaml")]
    ghost.path = path
    return ghost


def output(ghost, form, *options):
    done = ghost.command("anomalies", "--format", form, *options)
    assert done.status == 0, done.err.decode()
    return done.out.decode()


EXPECTED = [("high", "high_exc_rate", "fails", 3), ("high", "type_mismatch", "liar", 5), ("low", "never_called", "dead_ä", 2)]


def test_json(recorded):
    data = json.loads(output(recorded, "json"))
    assert sorted((a["severity"], a["kind"], a["qualname"], a["line"]) for a in data["anomalies"]) == EXPECTED
    for a in data["anomalies"]:
        assert a.keys() >= {"id", "kind", "severity", "fn_key", "module", "qualname", "file", "line", "param", "annotated", "observed", "count",
                            "total", "rate", "message", "evidence", "standing"}
        assert a["file"] == str(recorded.path) and a["fn_key"] == f"{a['module']}:{a['qualname']}:{a['line']}"
    assert data["session_id"] and data["counts"]["high"] == 2 and data["counts"]["new"] == 3


def test_csv(recorded):
    rows = list(csv.DictReader(io.StringIO(output(recorded, "csv"), newline="")))
    assert sorted((r["severity"], r["kind"], r["qualname"], int(r["line"])) for r in rows) == EXPECTED
    assert {r["file"] for r in rows} == {str(recorded.path)} and all(len(r) == 16 and None not in r.values() for r in rows)


def test_markdown(recorded):
    text = output(recorded, "markdown", *recorded.more, "--verbose")
    rows = [line for line in text.splitlines() if line.startswith("| ")][2:]
    assert len(rows) == 3 and all(len(re.split(r"(?<!\\)\|", r)) == 8 for r in rows)
    assert "<" not in "".join(rows) and "suppressed" in text and "baseline" in text


def test_sarif(recorded):
    for options in ([], [*recorded.more, "--verbose"]):
        data = json.loads(output(recorded, "sarif", "--root", str(recorded.path.parents[1]), *options))
        [run] = data["runs"]
        assert data["version"] == "2.1.0" and run["tool"]["driver"]["name"] == "ghost"
        rules = [r["id"] for r in run["tool"]["driver"]["rules"]]
        assert len(run["results"]) == 3
        for r in run["results"]:
            assert rules[r["ruleIndex"]] == r["ruleId"] and r["message"]["text"] and r["level"] in ("error", "warning", "note")
            [place] = r["locations"]
            physical = place["physicalLocation"]
            assert urllib.parse.unquote(physical["artifactLocation"]["uri"]) == f"{FOLDER}/{FILE}"
            assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", physical["artifactLocation"]["uri"]) and physical["artifactLocation"]["uriBaseId"] == "SRCROOT"
            assert physical["region"]["startLine"] > 1 and re.fullmatch("[0-9a-f]{16}", r["partialFingerprints"]["ghostFindingId/v1"])
        if options:
            assert {r["ruleId"]: (r["baselineState"], "suppressions" in r) for r in run["results"]} == {
                "never_called": ("unchanged", False), "high_exc_rate": ("new", True), "type_mismatch": ("new", False)}
        else:
            assert {r["ruleId"]: r["level"] for r in run["results"]} == {"never_called": "note", "high_exc_rate": "error", "type_mismatch": "error"}
        if os.environ.get("GHOST_SARIF_SCHEMA"):
            jsonschema = pytest.importorskip("jsonschema")
            schema = json.load(open(os.environ["GHOST_SARIF_SCHEMA"]))
            assert [e.message for e in jsonschema.validators.validator_for(schema)(schema).iter_errors(data)] == []
    outside = json.loads(output(recorded, "sarif", "--root", "/elsewhere"))["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert urllib.parse.unquote(urllib.parse.urlsplit(outside["artifactLocation"]["uri"]).path) == str(recorded.path)


def test_junit(recorded):
    for options, failures, skipped in (([], 3, 0), (recorded.more, 1, 2)):
        root = ET.fromstring(output(recorded, "junit", *options))
        assert root.tag == "testsuites" and int(root.get("tests")) == len(root.findall(".//testcase")) and int(root.get("failures")) == failures
        for suite in root:
            cases = suite.findall("testcase")
            assert (int(suite.get("tests")), int(suite.get("failures")), int(suite.get("skipped")), suite.get("errors")) == (
                len(cases), len(suite.findall("*/failure")), len(suite.findall("*/skipped")), "0")
            assert all(c.get("classname") and c.get("name") and c.get("time") for c in cases)
            assert len({(c.get("classname"), c.get("name")) for c in cases}) == len(cases)
        assert len(root.findall(".//failure")) == failures and len(root.findall(".//skipped")) == skipped
        assert {s.get("name") for s in root} == {"type_mismatch", "never_called", "high_exc_rate", "latency_outlier"}
    assert any('a <reason> & "more"' in s.get("message") for s in root.iter("skipped"))
    assert any(c.get("file", "").endswith(f"{FOLDER}/{FILE}") for c in root.iter("testcase"))
    assert [s.get("name") for s in ET.fromstring(output(recorded, "junit", "--only", "latency_outlier"))] == ["latency_outlier"]


def test_github(recorded):
    """As actions/toolkit reads it: properties and data are percent-decoded separately."""
    found = []
    for line in output(recorded, "github", "--root", str(recorded.path.parents[1])).splitlines():
        command, properties, data = re.fullmatch(r"::(error|warning|notice) ([^:]*)::(.*)", line).groups()
        pairs = dict(p.split("=", 1) for p in properties.split(","))
        assert urllib.parse.unquote(pairs["file"]) == f"{FOLDER}/{FILE}"
        found.append((command, *urllib.parse.unquote(pairs["title"]).split(": "), int(pairs["line"])))
        assert re.search(r"\[[0-9a-f]{16}\]$", data) and not re.search("%(?![0-9A-F]{2})", data)
    assert sorted(found) == [("error", "high_exc_rate", "fails", 3), ("error", "type_mismatch", "liar", 5), ("notice", "never_called", "dead_ä", 2)]
    assert len(output(recorded, "github", *recorded.more).splitlines()) == 1


def test_output_file(recorded, tmp_path):
    target = tmp_path / "found.json"
    assert output(recorded, "json", "-o", str(target)) == "" and len(json.loads(target.read_text())["anomalies"]) == 3
