"""Facts are what was recorded: each figure is in the session's database or its profile, and neither a value nor a line
of source is in what a model gets. The comparisons are by rules of this file and plain SQL."""
import json
import re
import subprocess

import pytest
from explain_support import GHOST, clean_environment

pytestmark = pytest.mark.timeout(120)

SECRETS = {
    "string": "hunter2-Zanzibar", "number": "8675309", "doc": "docstring-Quetzal", "comment": "comment-Ocelot", "message": "message-Wombat", "key": "dict-key-Axolotl",
}
PROGRAM = f'''
def checkout(card: str, amount: int, options: dict):
    """{SECRETS["doc"]}"""
    # {SECRETS["comment"]}
    if amount == {SECRETS["number"]}:
        raise ValueError("{SECRETS["message"]} %d" % amount)
    return {{"{SECRETS["key"]}": card}}

def main():
    for i in range(40):
        try:
            checkout("{SECRETS["string"]}", {SECRETS["number"]} if i % 4 == 0 else i, {{"{SECRETS["key"]}": i}})
        except ValueError:
            pass
main()
'''


def profile_of(explain, name):
    report = subprocess.run([GHOST, "report", explain.session, "--top", "0", "--format", "json"], env=explain.env, capture_output=True, text=True, check=True)
    return next(p for p in json.loads(report.stdout)["functions"] if p["qualname"] == name)


@pytest.mark.parametrize("name", ["calculate_discount", "validate_order", "Order.<locals>.lines", "import_job", "main"])
def test_figures_are_those_of_the_report(explain, name):
    p = profile_of(explain, name)
    facts = explain.json("--facts", function=name)["facts"]
    by = {}
    for f in facts:
        by.setdefault(f["section"], []).append(f)

    def numbers(section, label):
        return [x["value"] for f in by[section] if f["text"].startswith(label + ":") for x in f["numbers"]]
    assert numbers("calls", "Calls observed")[0] == p["call_count"]
    assert numbers("calls", "Left by exceptions") == [p["exception_count"], pytest.approx(p["exception_rate"])]
    assert numbers("latency", "Latency (mean)") == [pytest.approx(p["mean_latency_ns"])]
    assert numbers("latency", "Latency (min/max)") == [p["min_latency_ns"], p["max_latency_ns"]]
    assert numbers("latency", "Latency (p50/p95/p99)") == [p["p50_latency_ns"], p["p95_latency_ns"], p["p99_latency_ns"]]
    assert numbers("latency", "Total time")[:2] == [p["total_latency_ns"], p["self_ns"]]

    def rows(section):
        return {f["text"].split(": ")[0]: f["numbers"][0]["value"] for f in by.get(section, ())}
    assert rows("signatures") == p["arg_type_dist"]
    assert rows("returns") == p["ret_type_dist"]
    assert sorted(v for k, v in rows("callers").items() if k != "outside the recorded code") == sorted(p["callers"].values())
    assert sorted(rows("callees").values()) == sorted(v for v in p["callees"].values() if v)
    raised = {f["text"].split(":")[0]: [x["value"] for x in f["numbers"]][2:] for f in by.get("exceptions", ()) if "caught" not in f["text"]}
    assert raised == {t: [e["raised"], e["passed"]] for t, e in p["exceptions"].items() if e["raised"] + e["passed"]}


def test_parts_of_a_fact_are_its_text(explain):
    for options in ({"function": "validate_order"}, {"function": None}):
        facts = explain.json("--facts", *([] if options["function"] else ["--session"]), **options)["facts"]
        assert [f["n"] for f in facts] == list(range(1, len(facts) + 1))
        for f in facts:
            assert all(x["text"] in f["text"] for x in f["numbers"] + f["names"])
            spelled = re.sub("|".join(sorted((re.escape(x["text"]) for x in f["names"] if x["text"]), key=len, reverse=True)) or "$^", "", f["text"])
            digits = re.findall(r"(?<![\w.])\d[\d,.]*", spelled.replace("p50/p95/p99", ""))
            assert len(digits) <= len(f["numbers"]), f"a number without its value: {f}"


def test_no_value_and_no_source(tmp_path, explain, python):
    script = tmp_path / "payments.py"
    script.write_text(PROGRAM)
    env = clean_environment(GHOST_DATA_DIR=str(tmp_path / "recorded"))
    subprocess.run([GHOST, "run", "--python", python.exe, script], env=env, check=True, capture_output=True, timeout=60)
    shown = ""
    for what in (["checkout"], ["--session"], ["main"]):
        for options in (["--dry-run", "--backend", "gemini"], ["--facts", "--format", "json"], ["--backend", "template"]):
            done = subprocess.run([GHOST, "explain", *what, *options], env=env, capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, done.stderr
            shown += done.stdout
    assert "ValueError (10)" in shown and "checkout" in shown
    for what, secret in SECRETS.items():
        assert secret not in shown, f"a {what} is in the prompt"
