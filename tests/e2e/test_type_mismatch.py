"""type_mismatch in whole recordings: the reference's example, a needle in a million calls, one code with several annotations.

Every single rule is in tests/annotations/ and tests/unit/u_annot.c."""
import json

import harness
import pytest

REFERENCE = """
def calculate_discount(price: int, quantity: int) -> float:
    if isinstance(quantity, float):
        raise ValueError("not whole")
    return price * quantity / 10

def checkout():
    for i in range(5):
        calculate_discount(i, 1)

def legacy():
    calculate_discount(9.5, 1)
    for q in (1.5, 2.5):
        try:
            calculate_discount(9.5, q)
        except ValueError:
            pass

checkout()
legacy()
"""

NEEDLE = """
def rare(x: int) -> int:
    return x

def usual():
    for i in range(1_000_000):
        rare(i)

def odd():
    rare("needle")

usual()
odd()
"""

VARIANTS = """
from dataclasses import dataclass

@dataclass
class A:
    x: int

@dataclass
class B:
    x: str

def make(T):
    def accept(x: T) -> T:
        return x
    return accept

def plain(T=None):
    def either(x):
        return x
    if T:
        either.__annotations__ = {"x": T}
    return either

A(1), B("x"), A("nobody can tell these two apart"), B(b"fits neither")
make(int)(1), make(str)("x"), make(str)(1), make(int)(b"fits neither")
plain(int)(1), plain()("no annotations, nothing wrong")
"""


@pytest.fixture
def found(ghost, tmp_path, python):
    def record(source, *options):
        program = tmp_path / "app.py"
        program.write_text(source)
        done = ghost.run([program], "--python", python.exe)
        assert done.status == 0, done.err.decode()
        done = ghost.command("anomalies", "--only", "type_mismatch", "--format", "json", *options)
        assert done.status in (0, 1), done.err.decode()
        return [a for a in json.loads(done.out)["anomalies"] if a["standing"] != "undecided"]
    return record


def evidence(row):
    return [(e["label"], e["text"], e["count"], e["of"]) for e in row["evidence"] if e["label"] != "took"]


def test_the_example_of_the_reference(found):
    rows = {r["param"]: r for r in found(REFERENCE)}
    assert rows.keys() == {"price", "quantity"}
    price, quantity = rows["price"], rows["quantity"]
    assert price["message"] == "param 'price' annotated as int but observed 'float' in 3/8 calls (38%)"
    assert quantity["message"] == "param 'quantity' annotated as int but observed 'float' in 2/8 calls (25%)"
    assert [r["severity"] for r in (price, quantity)] == ["medium", "medium"]
    assert (price["count"], price["total"], price["rate"]) == (3, 8, 3 / 8)
    assert evidence(price) == [("from", "app:legacy:11", 3, 3), ("left by", "ValueError (of the other calls 0/5)", 2, 3)]
    assert evidence(quantity) == [("from", "app:legacy:11", 2, 3), ("left by", "ValueError (of the other calls 0/6)", 2, 2)]


def test_one_bad_call_in_a_million(found):
    rows = {r["param"]: r for r in found(NEEDLE)}
    assert rows.keys() == {"x", "return"}
    for what, row in (("param 'x'", rows["x"]), ("return", rows["return"])):
        counted = "calls" if what != "return" else "returns"
        assert row["message"] == f"{what} annotated as int but observed 'str' in 1/1000001 {counted} (<0.0001%)"
        assert row["severity"] == "low"
        assert evidence(row) == [("from", "app:odd:9", 1, 1)]


def test_one_code_with_several_annotations(found):
    rows = found(VARIANTS)
    said = {(r["qualname"].split(".")[-1], r["param"], r["observed"]): r["annotated"] for r in rows}
    assert said == {("__init__", "x", "bytes"): "int or str", ("accept", "x", "bytes"): "int or str", ("accept", "return", "bytes"): "int or str"}
