"""What is said of recorded programs: joint facts against SQL on the database, findings, differences, and the shop's planted faults."""
import json
import os
import pathlib
import re
import subprocess

import pytest
from explain_support import GHOST, ROOT, SUPPLIERS, clean_environment, two_versions

pytestmark = pytest.mark.timeout(600)

PROGRAM = SUPPLIERS + '''
def work(i):
    return sum(range(2000))

def only_before(i): pass
def only_after(i): pass
def never(): return [new] * 3

for i in range(400):
    page(i)
    if i % 4 == 0:
        import_row(i // 4)
    work(i)
    (only_after if new else only_before)(i)
'''


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A data folder with two sessions of two versions of one program."""
    folder = tmp_path_factory.mktemp("recorded")
    script = folder / "suppliers.py"
    script.write_text(PROGRAM)
    import harness
    if not harness.pythons():
        pytest.skip("no interpreter has a recorder here: run make")
    env = clean_environment(GHOST_DATA_DIR=str(folder / "data"))
    ids = []
    for arguments in ([], ["new"]):
        subprocess.run([GHOST, "run", "--python", harness.pythons()[0].exe, script, *arguments], env=env, check=True, capture_output=True, timeout=60)
        ids += [p.name for p in (folder / "data/sessions").iterdir() if p.is_dir() and p.name not in ids]
    return env, ids


def ghost(env, *arguments, status=0):
    done = subprocess.run([GHOST, *arguments], env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == status, (done.returncode, done.stderr)
    return done.stdout


def facts_of(env, *arguments):
    return json.loads(ghost(env, "explain", *arguments, "--facts", "--format", "json"))["facts"]


def sql(env, session, statement):
    return json.loads(ghost(env, "sql", session, statement, "--format", "json"))


def rows_of(answer):
    rows = answer["rows"] if isinstance(answer, dict) else answer
    return [list(r.values()) if isinstance(r, dict) else r for r in rows]


def test_joint_facts_are_those_of_the_tables(recorded):
    env, (session, _) = recorded
    facts = facts_of(env, "lead_time", session)
    told = {f["text"].split(": ")[0]: [x["value"] for x in f["numbers"]] for f in facts if f["section"] == "signatures"}
    table = {r[0]: r[1:] for r in rows_of(sql(env, session, "SELECT signature, sum(calls), sum(exceptions) FROM caller_signatures "
                                              "WHERE fn_key LIKE '%:lead_time:%' GROUP BY signature"))}
    assert told.keys() == table.keys() == {"(str, str)", "(NoneType, str)"}
    for signature, (calls, exceptions) in table.items():
        assert told[signature][0] == calls and (told[signature][3] if exceptions else 0) == exceptions
    callers = {f["text"].split(": ")[0]: f["numbers"][0]["value"] for f in facts if f["section"] == "callers"}
    assert callers == {r[0].split(":")[1]: r[1] for r in rows_of(sql(env, session, "SELECT caller_key, calls FROM call_graph WHERE fn_key LIKE '%:lead_time:%'"))}
    notable = [f["text"] for f in facts if f["section"] == "notable"]
    assert notable[0].startswith("[low] high_exc_rate: exception rate 10.0% (50/500 calls)"), "what a detector found comes first"
    assert notable[1] == "calls with (NoneType, str) fail: 50 of 50 (100%) were left by Missing (50); of the 450 other calls none failed. " \
                         "These arguments come only from import_row", notable


def test_returns_that_go_with_arguments_and_parameters(recorded):
    env, (session, _) = recorded
    facts = facts_of(env, "lead_time", session)
    texts = [f["text"] for f in facts]
    assert "supplier: got str in 450 calls (90.0%), NoneType in 50 (10.0%); not annotated" in texts
    assert any(t.startswith("int: 350 times") for t in texts) and any(t.startswith("float: 100 times") for t in texts)


def test_never_called(recorded):
    env, (session, _) = recorded
    page = ghost(env, "explain", "never", session)
    assert "never was called" not in page and "never called, although its module was loaded" in page


def test_anomaly(recorded):
    env, (session, _) = recorded
    found = json.loads(ghost(env, "anomalies", session, "--format", "json"))["anomalies"]
    one = next(f for f in found if f["kind"] == "high_exc_rate" and f["qualname"] == "lead_time")
    dead = next(f for f in found if f["kind"] == "never_called" and f["qualname"] == "never")
    for finding in (one, dead):
        page = ghost(env, "explain", "--anomaly", finding["id"][:8], session)
        first = page[page.index("What stands out"):].splitlines()[1]
        assert finding["kind"] in first and finding["qualname"] in first, first
    ghost(env, "explain", "--anomaly", "00", session, status=2)


def test_diff_of_latencies(tmp_path):
    env, (before, after) = two_versions(tmp_path)
    page = ghost(env, "explain", "--diff", before, after)
    stands_out = re.sub(r"\s+", " ", page[page.index("What stands out"):page.index("────")])
    assert re.search(r"step_53 \(app\.part2\): typical latency from \S+ns to \S+µs, \d+ times as long as before", stands_out)
    assert re.search(r"Model35\.step \(app\.part1\): typical latency from \S+µs to \S+ns, 0\.\d+ times as long as before", stands_out)
    again = ghost(env, "explain", "--diff", before, before)
    assert "0 changed" in again and "Nothing" in again


def test_diff(recorded):
    env, (before, after) = recorded
    page = ghost(env, "explain", "--diff", before, after)
    assert "only_after (suppliers)" in page and "only_before (suppliers)" in page
    again = ghost(env, "explain", "--diff", before, before)
    assert "0 changed" in again and "Nothing" in again


def demo_data():
    """The recording of `make demo`, of test_demo.py or of one made now."""
    import test_demo
    minor = sorted(test_demo.PYTHONS)[0]
    build = ROOT / "build" / "e2e" / f"shop-{minor}"
    if not list(build.glob("demo/data/sessions/*/*.ghost")):
        test_demo.make_venv(build / "demo" / "venv", ROOT / "examples/shop/requirements.txt", test_demo.PYTHONS[minor])
        env = os.environ | {"BUILD": str(build), "GHOST_BIN": str(GHOST), "PYTHON": test_demo.PYTHONS[minor], "SECONDS_OF_LOAD": "200", "REQUESTS_OF_LOAD": "2500"}
        demo = subprocess.run(["sh", ROOT / "examples/shop/demo.sh"], env=env, capture_output=True, text=True, timeout=400)
        assert demo.returncode == 0, demo.stdout[-3000:] + demo.stderr[-3000:]
    return pathlib.Path(build / "demo/data")


FAULTS = {  # examples/shop/FAULTS.md: what the page of the session must say, in one sentence each
    "an annotation that lies": r"calculate_discount\b[^•]*\(float, int\)[^•]*shop\.legacy\.quote",
    "a None from one job": r"supplier_lead_time\b[^•]*\(NoneType, str\) fail[^•]*KeyError[^•]*import_row",
    "fails for some inputs": r"validate_order\b[^•]*calls \(\d+\.\d%\) fail with InvalidOrder",
    "slow": r"similar_products\b[^•]*(slow for its module|calls of)",
}
DEAD = ["apply_voucher_v1", "round_to_five", "recount_by_shelf", "merge_carts", "revenue_xml", "FaxCoverSheet"]


@pytest.mark.slow
def test_the_demo_names_its_planted_faults(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tests/e2e"))
    env = clean_environment(GHOST_DATA_DIR=str(demo_data()))
    page = re.sub(r"\s+", " ", ghost(env, "explain", "--session"))
    stands_out = page[page.index("What stands out"):page.index("────")]
    for fault, said in FAULTS.items():
        assert re.search(said, stands_out), f"{fault}: {stands_out}"
    dead = page[page.index(" Never called "):page.index("Findings of the detectors")]
    assert all(name in dead for name in DEAD)
    assert "calculate_discount" in page and "annotated as int, but observed float" in page
    for name, said in (("calculate_discount", r"come only from shop\.legacy\.quote"), ("supplier_lead_time", r"\(NoneType, str\) fail"),
                       ("validate_order", "fail with InvalidOrder"), ("shop.reports.similar_products", "slow for its module"), ("merge_carts", "never called")):
        assert re.search(said, re.sub(r"\s+", " ", ghost(env, "explain", name))), name
