"""The check of claims: answers with planted wrong numbers, names, units and citations are all caught, right ones in many
phrasings and roundings all pass. Claims are made here from the facts as JSON, by rules of this file alone."""
import json
import random

import pytest

pytestmark = pytest.mark.timeout(120)
UNITS = {"ns": 1, "µs": 1e3, "ms": 1e6, "s": 1e9}
LONG = {"ns": "nanoseconds", "µs": "microseconds", "ms": "milliseconds", "s": "seconds"}


def rounded(value, digits):
    """`value` with so many significant digits, without an exponent."""
    text = f"{float(f'{value:.{digits - 1}e}'):f}".rstrip("0").rstrip(".")
    return text or "0"


def grouped(text):
    whole, point, rest = text.partition(".")
    return f"{int(whole):,}{point}{rest}"


def say_count(n, chance):
    n = int(n)
    forms = [str(n), f"{n:,}", f"{n:,}".replace(",", "_"), f"{n:,}".replace(",", "\u202f"), f"exactly {n:,}", f"{n:,}".replace(",", "'")]
    if n >= 1000:
        forms += [f"about {rounded(n / 1e3, 3)}k", f"around {rounded(n / 1e3, 3)} thousand", f"roughly {grouped(rounded(n, 3))}", f"{n / 1e3:.1f}K"]
        forms += [f"more than {grouped(str(n // 10 ** (len(str(n)) - 2) * 10 ** (len(str(n)) - 2)))}"] if n % 10 ** (len(str(n)) - 2) else []
        forms += [f"{n:.3e}"] if float(f"{n:.3e}") else []
    if 2 <= n <= 12:
        forms.append("zero one two three four five six seven eight nine ten eleven twelve".split()[n])
    if 21 <= n <= 99 and n % 10:
        tens = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()[n // 10]
        forms.append(f"{tens}-{'zero one two three four five six seven eight nine'.split()[n % 10]}")
    return chance.choice(forms)


def say_time(ns, chance):
    if ns <= 0:
        return None
    fitting = [u for u in UNITS if 0.01 <= ns / UNITS[u] < 1e6] or ["s"]
    unit = chance.choice(fitting)
    number = rounded(ns / UNITS[unit], chance.choice([2, 3, 4]))
    word = chance.choice([f" {unit}", unit, f" {LONG[unit]}", f"\u00a0{unit}", f"-{LONG[unit][:-1]}"])
    if unit == "µs":
        word = chance.choice([word, " us", " μs"])
    return chance.choice(["", "about ", "~", "approximately ", "≈ "]) + grouped(number) + word


def say_share(share, chance):
    percent = rounded(100 * share, chance.choice([2, 3]))
    forms = [f"{percent} %", f"{percent}%", f"{percent} percent", f"{percent} per cent", f"about {percent}%", f"{percent}\u202f%"]
    if 0.002 < share < 1:
        forms += [rounded(share, 3), f"a share of {rounded(share, 4)}"]
    for name, value in (("half", 1 / 2), ("a third", 1 / 3), ("a quarter", 1 / 4), ("a fifth", 1 / 5), ("two thirds", 2 / 3), ("three quarters", 3 / 4),
                        ("one in five", 1 / 5), ("1 in 4", 1 / 4), ("one in three", 1 / 3), ("1 out of 10", 1 / 10), ("3 out of 10", 3 / 10)):
        if abs(share - value) < 0.04 * value:
            forms += [name, f"roughly {name}", f"about {name}"]
    return chance.choice(forms)


def say_ratio(ratio, chance):
    number = rounded(ratio, 2)
    return chance.choice([f"{number} times", f"{number}x", f"{number}×", f"{number}-fold", f"a factor of {number}"])


SAY = {"count": say_count, "ns": say_time, "share": say_share, "ratio": say_ratio, "number": lambda n, chance: f"line {int(n)}"}
FRAMES = ["It was {} here [{n}].", "The recording shows {}.", "{} is what was seen.", "We see {}, as the facts say.", "Of note: {} (fact {n}).",
          "This function has {} - nothing more.", "“{}” is the figure.", "There are {}; see above.", "Here it is **{}**."]


def noun(unit, chance):
    return {"count": chance.choice([" calls", " times", "", " events"])}.get(unit, "")


def numbers(facts):
    return [(f, x) for f in facts for x in f["numbers"]]


def names(facts):
    """Names that can be said: no file, no sentence."""
    return [(f, x) for f in facts for x in f["names"] if x["kind"] in ("function", "type", "parameter", "module") and x["full"].isascii() and "<" not in x["full"]]


def right_claims(facts, n, chance):
    claims = []
    while len(claims) < n:
        if chance.random() < 0.7:
            fact, x = chance.choice(numbers(facts))
            said = SAY[x["unit"]](x["value"], chance)
            if said is None:
                continue
            text = chance.choice(FRAMES).format(said + noun(x["unit"], chance), n=fact["n"])
        else:
            fact, x = chance.choice(names(facts))
            text = chance.choice(["`{}` is involved.", "It has to do with `{}`, as measured.", "`{}()` was seen."]).format(
                chance.choice([x["text"], x["full"]] if x["kind"] != "type" else [x["text"]]))
        claims.append({"text": text, "facts": [fact["n"]]})
    return claims


def is_near(value, unit, fact):
    """Could a number be taken for one of the fact, rounded generously?"""
    for x in fact["numbers"]:
        same = x["unit"] == unit or {x["unit"], unit} <= {"count", "ratio", "number", "share"}
        if same and (abs(x["value"] - value) <= 0.35 * max(abs(x["value"]), abs(value)) or x["value"] == value):
            return True
    return False


WRONG_NAMES = ["process_payment", "shop.billing.charge", "Invoice.total", "retry_count", "DatabaseError", "OrderLine", "Decimal", "validate_orders", "calculate_discounts",
               "shop.ordersx", "KeyErrors", "memoryview", "user_id", "frozenset", "PaymentError", "import_jobs"]


def wrong_claims(facts, n, chance):
    """Each has one thing wrong: (claim, what)."""
    claims = []
    text_of_all = json.dumps(facts)
    while len(claims) < n:
        kind = chance.choice(["number", "number", "unit", "name", "plain name", "citation", "none cited", "other fact"])
        fact, x = chance.choice(numbers(facts))
        value, unit = x["value"], x["unit"]
        if kind == "number":
            value = (value or 3) * chance.choice([0.1, 0.4, 1.7, 2.5, 10, 1000]) + (unit == "count")
            if unit == "share" and value > 1:
                value = x["value"] * 0.4
            if unit in ("count", "number"):
                value = int(value)
        elif kind == "unit":
            if unit != "ns" or value <= 0:
                continue
            value *= chance.choice([1e-3, 1e3, 1e6])
        elif kind == "other fact":
            fact = chance.choice(facts)
        if kind in ("number", "unit", "other fact"):
            if is_near(value, unit, fact) or value < 2 or (unit == "share" and value < 0.02) or "p50" in fact["text"] or any(
                    x["kind"] == "text" for x in fact["names"]):     # prose of a detector holds numbers that are no list
                continue
            said = SAY[unit](value, chance)
            if said is None or (unit == "share" and not any(c in said for c in "%p")):
                continue
            claim = {"text": chance.choice(FRAMES[:6]).format(said + noun(unit, chance), n=fact["n"]), "facts": [fact["n"]]}
        elif kind in ("name", "plain name"):
            name = chance.choice(WRONG_NAMES)
            if name in text_of_all:
                continue
            plain = any(c in name for c in "_.") or name in ("Decimal", "memoryview", "frozenset") or any(c.isupper() for c in name[1:])
            form = "It is mostly given {}, it seems." if kind == "plain name" and plain else "It is mostly given `{}`, it seems."
            claim = {"text": form.format(name), "facts": [fact["n"]]}
        elif kind == "citation":
            claim = {"text": "It behaves as one would expect.", "facts": [chance.choice([0, len(facts) + 1, 5000, -3])]}
        else:
            claim = {"text": "It behaves as one would expect.", "facts": []}
        claims.append((claim, kind))
    return claims


def verdicts(explain, server, claims, *options):
    """What the check says of each claim; an answer holds 60."""
    shown = []
    for i in range(0, len(claims), 60):
        server.answer = {"claims": claims[i:i + 60], "not_in_facts": []}
        done = explain.ask("good", "--fresh", "--format", "json", *options)
        shown += json.loads(done.stdout)["answer"]["claims"]
    assert [c["text"] for c in shown] == [c["text"].replace("\u00a0", "\u00a0") for c in claims]
    return shown


@pytest.fixture(params=["calculate_discount", "validate_order", "session"])
def facts(request, explain):
    explain.subject = request.param
    options = ("--session", "--facts") if request.param == "session" else ("--facts",)
    original = explain.run
    function = None if request.param == "session" else request.param

    def run(*arguments, **more):
        more["function"] = function
        return original(*(("--session",) if function is None else ()), *arguments, **more)
    explain.run = run
    return json.loads(run(*options[-1:], "--format", "json").stdout)["facts"]


def test_right_claims_pass(explain, server, facts):
    chance = random.Random("right" + explain.subject)
    claims = right_claims(facts, 200, chance)
    bad = [(c["text"], c["facts"], v["reason"], next(f["text"] for f in facts if f["n"] == c["facts"][0]))
           for c, v in zip(claims, verdicts(explain, server, claims)) if not v["holds"]]
    assert not bad, f"{len(bad)} of {len(claims)}:\n" + "\n".join(map(str, bad[:40]))


def test_wrong_claims_are_caught(explain, server, facts):
    chance = random.Random("wrong" + explain.subject)
    claims = wrong_claims(facts, 200, chance)
    missed = [(kind, c["text"], next((f["text"] for f in facts if c["facts"] and f["n"] == c["facts"][0]), None))
              for (c, kind), v in zip(claims, verdicts(explain, server, [c for c, _ in claims])) if v["holds"]]
    assert {kind for _, kind in claims} == {"number", "unit", "name", "plain name", "citation", "none cited", "other fact"}
    assert not missed, f"{len(missed)} of {len(claims)}:\n" + "\n".join(map(str, missed[:40]))
