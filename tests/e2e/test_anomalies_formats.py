"""What `ghost anomalies` prints for other programs is what those read, names with all their characters included.

GHOST_SARIF_SCHEMA=FILE also validates against the standard's JSON schema (with jsonschema installed), GHOST_JUNIT_XSD=FILE against
a schema of JUnit (with lxml)."""
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
    # JSON, SARIF and XML are UTF-8 whatever the names; the other forms show a name's lone surrogates as they are
    return done.out.decode(errors="strict" if form in ("json", "sarif", "junit") else "surrogatepass")


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
    assert all(f"{FOLDER}/{FILE}:" in c.text for c in root.iter("failure")) and all(set(c.attrib) == {"classname", "name", "time"} for c in root.iter("testcase"))
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


# ---- names that nobody writes, and thousands of findings ----

HOSTILE = r"""
import types
NAMES = ['quo"te\'s', "new\nline\r\tand tab", "<&>]]>", "a,b;c|d`e*", "\u202eright to left", "emoji \U0001f600 \xe4", "%0A::error::", "\x1b[31m",
         "=1+1", "lone \udc80 surrogate", "\0nul", "x" * 3000]
def make(name, i):
    def f(x: int):
        if x % 2 if isinstance(x, int) else True: raise ValueError
        return x
    code = f.__code__.replace(co_name=name, co_qualname=name, co_varnames=(name,), co_filename="/srv/a b/" + name.replace("\0", ""), co_firstlineno=i + 1)
    g = types.FunctionType(code, globals(), "f")
    g.__annotations__ = {name: "int", "return": "list"}
    return g
functions = [make(n, i) for i, n in enumerate(NAMES)]
for k in range(30):
    for f in functions:
        for x in (k, "text"):
            try: f(x)
            except ValueError: pass
"""


def read_all(ghost, *options):
    """How many findings each format has, as a strict reader of it sees them."""
    text = {form: output(ghost, form, *options) for form in ("text", "json", "csv", "markdown", "sarif", "junit", "github")}
    sarif = json.loads(text["sarif"])
    if os.environ.get("GHOST_SARIF_SCHEMA"):
        jsonschema = pytest.importorskip("jsonschema")
        schema = json.load(open(os.environ["GHOST_SARIF_SCHEMA"]))
        assert next(jsonschema.validators.validator_for(schema)(schema).iter_errors(sarif), None) is None
    if os.environ.get("GHOST_JUNIT_XSD"):
        etree = pytest.importorskip("lxml.etree")
        etree.XMLSchema(file=os.environ["GHOST_JUNIT_XSD"]).assertValid(etree.fromstring(text["junit"].encode(), etree.XMLParser(huge_tree=True)))
    rows = list(csv.DictReader(io.StringIO(text["csv"], newline="")))
    assert all(None not in r and None not in r.values() for r in rows)
    table = [line for line in text["markdown"].split("\n") if line.startswith("| ")]
    assert all(len(re.split(r"(?<!\\)\|", line)) == 8 for line in table)
    commands = [re.fullmatch(r"::(error|warning|notice) ([^:]*)::([^:\r]*(?::[^:\r]+)*:?)", line) or line for line in text["github"].split("\n")[:-1]]
    assert not [c for c in commands if isinstance(c, str) and not c.startswith(("::error ", "::warning ", "::notice "))]
    assert not re.search("[\x00-\x08\x0b-\x1f]", text["text"]), "a terminal obeys these"
    return {"json": len(json.loads(text["json"])["anomalies"]), "csv": len(rows), "markdown": len(table) - 2, "github": len(commands), "sarif": len(sarif["runs"][0]["results"]),
            "junit": len(ET.fromstring(text["junit"]).findall(".//failure")), "text": len(re.findall(r"^\[(?:HIGH|MEDIUM|LOW)\]", text["text"], re.M))}


def test_hostile_names(python, ghost, tmp_path):
    (tmp_path / "hostile.py").write_text(HOSTILE)
    done = ghost.run([tmp_path / "hostile.py"], "--python", python.exe)
    assert done.status == 0 and b"fault" not in done.err, done.err.decode()
    counts = read_all(ghost)
    assert len(set(counts.values())) == 1 and counts["json"] >= 24, counts
    lines = {a["line"] for a in json.loads(output(ghost, "json"))["anomalies"] if a["line"] <= 12}
    assert lines == set(range(1, 13)), "each name was recorded and reported"


def test_ten_thousand_findings(ghost, tmp_path):
    functions = 10000
    (tmp_path / "many.py").write_text("".join(f"def f{i}(): return 1\n" for i in range(functions)))
    assert ghost.run([tmp_path / "many.py"], "--python", PYTHON.exe).status == 0
    assert set(read_all(ghost).values()) == {functions}


def test_output_file(recorded, tmp_path):
    target = tmp_path / "found.json"
    assert output(recorded, "json", "-o", str(target)) == "" and len(json.loads(target.read_text())["anomalies"]) == 3
