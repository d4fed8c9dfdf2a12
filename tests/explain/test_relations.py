"""The words between the numbers: claims in English whose numbers and names are right and whose relation is wrong ("the mean is"
said of the p99, "most", "never", "slower than", "the slowest", "succeeded") are caught, right ones pass. The claims are made from
the facts as JSON, by rules of this file alone."""
import json
import random
import re
import subprocess

import pytest
from explain_support import GHOST, KEY, SUPPLIERS, clean_environment, two_versions
from test_claims import rounded

pytestmark = pytest.mark.timeout(200)

PROGRAM = SUPPLIERS + '''
def work(size):
    return sum(range(size))

def quick(i):
    return work(100)

def thorough(i):
    return work(20000)

def broken(i):
    raise Missing()

def sound(i):
    return [i]

for i in range(200):
    page(i)
    if i % 4 == 0:
        import_row(i // 4)
    quick(i)
    thorough(i)
    sound(i)
    try:
        broken(i)
    except Missing:
        pass
'''


class World:
    def __init__(self, env, ids):
        self.env, self.ids, self.kept = env, ids, {}

    def facts(self, *what):
        if what not in self.kept:
            done = subprocess.run([GHOST, "explain", *what, "--facts", "--format", "json"], env=self.env, capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, done.stderr
            self.kept[what] = json.loads(done.stdout)["facts"]
        return self.kept[what]

    def verdicts(self, server, what, claims, *options):
        shown = []
        for i in range(0, len(claims), 60):
            server.answer = {"claims": [{"text": t, "facts": f} for t, f in claims[i:i + 60]], "not_in_facts": []}
            done = subprocess.run([GHOST, "explain", *what, "--backend", "gemini", "--base-url", server.base("good"), "--fresh", "--audit", "none", "--format", "json",
                                   *options], env=self.env | {"GEMINI_API_KEY": KEY}, capture_output=True, text=True, timeout=60)
            shown += json.loads(done.stdout)["answer"]["claims"]
        assert len(shown) == len(claims)
        return shown


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    import harness
    if not harness.pythons():
        pytest.skip("no interpreter has a recorder here: run make")
    folder = tmp_path_factory.mktemp("relations")
    (folder / "suppliers.py").write_text(PROGRAM)
    env = clean_environment(GHOST_DATA_DIR=str(folder / "data"))
    subprocess.run([GHOST, "run", "--python", harness.pythons()[0].exe, folder / "suppliers.py"], env=env, check=True, capture_output=True, timeout=60)
    return World(env, [p.name for p in (folder / "data/sessions").iterdir() if p.is_dir()])


@pytest.fixture(scope="module")
def changed(tmp_path_factory):
    return World(*two_versions(tmp_path_factory.mktemp("changed")))


def say(ns, chance):
    unit, word = next((u, w) for u, w in ((1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1, "ns")) if ns >= u)
    return rounded(ns / unit, chance.choice([3, 4])) + " " + word


def section(facts, name):
    return [f for f in facts if f["section"] == name]


def labelled(facts, label):
    return next((f for f in facts if f["text"].startswith(label + ":")), None)


ROLES = {
    "mean": ["The mean is {}.", "A call takes {} on average.", "On average it takes {}.", "The average latency is {}, as measured."],
    "p50": ["The median is {}.", "The p50 is {}.", "Half of the calls end within {}."],
    "p99": ["The p99 is {}.", "All but one in a hundred end within {}.", "At the p99 it takes {}."],
    "min": ["The minimum is {}.", "The fastest call took {}.", "At best a call takes {}."],
    "max": ["The maximum is {}.", "The slowest call took {}.", "It took {} at worst.", "A call takes up to {}."],
}


def statistics(facts, chance):
    """(claim, facts, right?) about which figure is which."""
    rows = {n: labelled(facts, f"Latency ({n})") for n in ("mean", "min/max", "p50/p95/p99")}
    cited = [f["n"] for f in rows.values()]
    values = {"mean": rows["mean"]["numbers"][0]["value"], "min": rows["min/max"]["numbers"][0]["value"], "max": rows["min/max"]["numbers"][1]["value"],
              "p50": rows["p50/p95/p99"]["numbers"][0]["value"], "p99": rows["p50/p95/p99"]["numbers"][2]["value"]}
    apart = [(a, b) for a in values for b in values if max(values[a], values[b]) > 1.3 * min(values[a], values[b])]
    for a, b in apart:
        form = chance.choice(ROLES[a])
        yield form.format(say(values[a], chance)), cited, True
        yield form.format(say(values[b], chance)), cited, False
        pair = f"the {a} and the {b} are {{}} and {{}}".capitalize() + "."
        yield pair.format(say(values[a], chance), say(values[b], chance)), cited, True
        yield pair.format(say(values[b], chance), say(values[a], chance)), cited, False
        both = f"The {a} is {{}}, the {b} {{}}."
        yield both.format(say(values[a], chance), say(values[b], chance)), cited, True
        yield both.format(say(values[b], chance), say(values[a], chance)), cited, False
    low, high = sorted((values["min"], values["max"]))
    yield f"Calls take between {say(low, chance)} and {say(high, chance)}.", cited, True
    yield f"Calls take between {say(high, chance)} and {say(low, chance)}.", cited, False


def endings(facts, chance):
    calls, left = labelled(facts, "Calls observed"), labelled(facts, "Left by exceptions")
    cited = [calls["n"], left["n"]]
    n, failed, rate = int(calls["numbers"][0]["value"]), int(left["numbers"][0]["value"]), left["numbers"][1]["value"]
    told = [(f"It was called {n} times.", True)]
    if 0 < failed < n:
        told += [(f"It was called {failed} times.", False), (f"{failed} calls failed.", True), (f"{n} calls failed.", False), (f"{failed} calls succeeded.", False),
                 (f"{failed} of {n} calls failed.", True), (f"It failed {failed} times.", True), (f"It failed {n} times.", False),
                 (f"{failed} calls ended without an exception.", False), (f"It was called {n} times and failed {failed} times.", True),
                 (f"It was called {failed} times and failed {n} times.", False), (f"The exception rate is {100 * rate:.1f}%.", True),
                 (f"In {n} calls it failed {failed} times.", True), (f"{100 * rate:.1f}% of the calls succeeded.", False), (f"Of {n} calls, {failed} failed.", True)]
    share = "none" if failed == 0 else "all" if failed == n else "most" if rate > 0.5 else "few"
    right = {"none": ["It never fails.", "No call failed.", "It never raised an exception.", "All calls succeeded.", "Every call succeeded."],
             "all": ["It always fails.", "Every call failed.", "All calls fail.", "It never succeeds."],
             "most": ["Most calls fail.", "It usually fails.", "The majority of its calls fail."], "few": ["Most calls succeed.", "Only some of its calls fail.", "It usually succeeds."]}
    wrong = {"none": ["It always fails.", "Every call failed.", "Most calls fail.", "It never succeeds."],
             "all": ["It never fails.", "No call failed.", "Most calls succeed.", "It rarely fails.", "All calls succeeded.", "It failed not once."],
             "most": ["It never fails.", "It always fails.", "It rarely fails.", "It always succeeds.", "Most calls succeed."],
             "few": ["It never fails.", "It always fails.", "Most calls fail.", "No call failed.", "It always succeeds.", "It usually fails.", "Every call failed.", "The majority of its calls fail."]}
    told += [(t, True) for t in right[share]] + [(t, False) for t in wrong[share]]
    if failed == 0:
        told += [(f"All {n} calls ended without an exception.", True)]
    for text, holds in told:
        yield text, cited, holds


def shares(facts, chance):
    """Rows of return types and callers with a share each."""
    for name, forms in (("returns", ["It {} returns `{}`.", "`{1}` is {0} what it returns."]), ("callers", ["It is {} called from `{}`.", "`{1}` {0} calls it."])):
        rows = [f for f in section(facts, name) if f["names"]]
        for f in rows:
            share = next(x["value"] for x in f["numbers"] if x["unit"] == "share")
            what = f["names"][0]["text"]
            holds = {"always": share == 1, "never": False, "mostly": share > 0.5, "usually": share > 0.5, "rarely": share < 0.5}
            for word, right in holds.items():
                if word == "mostly" and share == 1:
                    continue
                yield chance.choice(forms).format(word, what), [f["n"]], right
        if len({f["numbers"][0]["value"] for f in rows}) == len(rows) > 1:
            cited = [f["n"] for f in rows]
            kind = {"returns": "return type", "callers": "caller"}[name]
            yield f"The most common {kind} is `{rows[0]['names'][0]['text']}`.", cited, True
            yield f"The most common {kind} is `{rows[1]['names'][0]['text']}`.", cited, False
            yield f"`{rows[1]['names'][0]['text']}` is the most frequent {kind}.", cited, False
            yield f"`{rows[1]['names'][0]['text']}` is the second most frequent {kind}.", cited, True
            yield f"`{rows[0]['names'][0]['text']}` is the second most frequent {kind}.", cited, False


def comparisons(facts, chance):
    rows = [(f, f["names"][0]["text"], next(x["value"] for x in f["numbers"] if x["unit"] == "ns")) for f in section(facts, "callers") if f["names"]]
    for i, (f, a, x) in enumerate(rows):
        for g, b, y in rows[i + 1:]:
            if max(x, y) < 1.3 * min(x, y):
                continue
            slow, fast = (a, b) if x > y else (b, a)
            cited = [f["n"], g["n"]]
            for word, first, second in (("slower", slow, fast), ("faster", fast, slow)):
                yield f"Calls from `{first}` are {word} than calls from `{second}`.", cited, True
                yield f"Calls from `{second}` are {word} than calls from `{first}`.", cited, False
            yield f"Calls from `{slow}` take longer than those from `{fast}`.", cited, True
            yield f"Calls from `{fast}` take longer than those from `{slow}`.", cited, False


def ranks(facts, chance):
    for name, word in (("slow", "slowest"), ("hot", "most expensive")):
        rows = section(facts, name)
        for i, f in enumerate(rows[:4]):
            what = f["names"][0]["text"]
            for k, ordinal in enumerate(("", "second ", "third ")):
                yield f"`{what}` is the {ordinal}{word} function.", [f["n"]], i == k
                yield f"The {ordinal}{word} function is `{what}`.", [f["n"]], i == k


def changes(facts, chance):
    for f in section(facts, "notable"):
        ratio = next((x["value"] for x in f["numbers"] if x["unit"] == "ratio"), None)
        if ratio is None or "exception rate" in f["text"]:
            continue
        what = f["names"][0]["text"]
        for word, up in (("slower", True), ("faster", False), ("shorter", False), ("longer", True)):
            yield f"Calls of `{what}` became {word}.", [f["n"]], up == (ratio > 1)
            yield f"`{what}` is {word} than before.", [f["n"]], up == (ratio > 1)
        yield f"The latency of `{what}` rose.", [f["n"]], ratio > 1
        yield f"The latency of `{what}` fell.", [f["n"]], ratio < 1
        yield f"The latency of `{what}` dropped after the change.", [f["n"]], ratio < 1
        if ratio > 3:
            yield f"The latency of `{what}` doubled.", [f["n"]], False
            yield f"The latency of `{what}` was halved.", [f["n"]], False
            yield f"`{what}` takes twice as long.", [f["n"]], False


SOURCES = {
    "figures": [(("lead_time",), statistics), (("thorough",), statistics), (("work",), statistics), (("page",), statistics)],
    "endings": [(("lead_time",), endings), (("broken",), endings), (("sound",), endings), (("import_row",), endings), (("lead_time",), shares), (("import_row",), shares)],
    "comparisons": [(("work",), comparisons), (("work",), shares), (("--session",), ranks)],
    "changes": [(("--diff",), changes)],
}


@pytest.mark.parametrize("kind", SOURCES)
def test_relations(request, server, kind):
    right = wrong = 0
    world = request.getfixturevalue("changed" if kind == "changes" else "world")
    for what, make in SOURCES[kind]:
        what = (*what, *world.ids)
        claims = list(make(world.facts(*what), random.Random(kind)))
        assert claims, (kind, what)
        bad = []
        for (text, cited, holds), v in zip(claims, world.verdicts(server, what, [c[:2] for c in claims])):
            right, wrong = right + holds, wrong + (not holds)
            if v["holds"] != holds:
                bad.append((text, cited, "right, but marked: " + v["reason"] if holds else "wrong, but it passed", v["words_not_checked"]))
        assert not bad, f"{what}: {len(bad)} of {len(claims)}:\n" + "\n".join(map(str, bad[:40]))
    print(f"{kind}: {right} right, {wrong} wrong")
    assert right >= 5 and wrong >= 5


def test_what_the_words_say_is_told_honestly(world, server):
    """Relating words that the facts do not decide are named and counted; words of other languages are not read at all."""
    facts = world.facts("lead_time", world.ids[0])
    calls = labelled(facts, "Calls observed")
    n = int(calls["numbers"][0]["value"])
    server.answer = {"claims": [{"text": f"It was called {n} times, never at night and mostly by robots.", "facts": [calls["n"]]}], "not_in_facts": []}

    def page(*options):
        return subprocess.run([GHOST, "explain", "lead_time", world.ids[0], "--backend", "gemini", "--base-url", server.base("good"), "--fresh", *options],
                              env=world.env | {"GEMINI_API_KEY": KEY}, capture_output=True, text=True, timeout=60).stdout
    shown = re.sub(r"\s+", " ", page())
    assert "words not checked: never, mostly" in shown and "Of 3 words that relate them" in shown and "1 were checked" in shown
    answer = json.loads(page("--format", "json"))["answer"]
    assert (answer["words_known"], answer["words_checked"], answer["words_not_checked"]) == (True, 1, 2)
    server.answer["claims"][0]["text"] = f"Sie wurde {n}-mal aufgerufen, niemals nachts."
    assert "not checked: that is done for English only" in page("--lang", "de")
    assert json.loads(page("--lang", "de", "--format", "json"))["answer"]["words_known"] is False


NATURAL = [  # as models write: right, of `lead_time`; {mean} and the like are filled in. What they cite, by the beginning of the fact
    ("`lead_time` was called 250 times; 25 of these calls (10%) ended in `Missing`, all of them raised here.", ["Calls observed", "25 of 250"]),
    ("All of the 25 failures come from calls with `(NoneType, str)`, and these arguments come only from `import_row`.", ["calls with"]),
    ("Every call with `(NoneType, str)` fails: 25 of 25 were left by `Missing`, while none of the other 225 did.", ["calls with"]),
    ("None of the 225 other calls failed.", ["calls with"]),
    ("Whenever `supplier` is `NoneType`, the call fails, which happened 25 times.", ["calls with", "supplier"]),
    ("Most calls pass `(str, str)` (90%), the rest `(NoneType, str)`.", ["(str, str)", "(NoneType, str)"]),
    ("The usual case is quick: {mean} on average and a median of {p50}, but the slowest 1% take {p99} or more.", ["Latency (mean)", "Latency (p50"]),
    ("Latency ranges from {min} to {max}, with a mean of {mean}.", ["Latency (mean)", "Latency (min"]),
    ("Half of the calls end within {p50}, and the p99 is {p99}.", ["Latency (p50"]),
    ("It never calls other recorded functions: all of its {total} are spent in its own code.", ["Total time"]),
    ("It mostly returns `int` (77.8%) and otherwise `float`.", ["int:", "float:"]),
    ("About three quarters of the returns are `int`, less than a quarter `float`.", ["int:", "float:"]),
    ("`page` accounts for 200 of the 250 calls and `import_row` for the other 50.", ["page", "import_row", "Calls observed"]),
    ("Half of the calls from `import_row` fail (25 of 50), whereas no failure is listed for `page`.", ["page", "import_row"]),
    ("`region` always got `str`.", ["region"]),
    ("`supplier` got `str` in 225 calls but `NoneType` in 25; neither parameter is annotated.", ["supplier", "region"]),
    ("With a 10.0% exception rate it exceeds the 5% threshold of the detector.", ["Left by exceptions", "[low]"]),
    ("The exception rate is 10%, and only `Missing` was seen: it left 25 calls.", ["Left by exceptions", "Missing"]),
    ("`Missing` was raised here 25 times and never passed through from a callee.", ["Missing"]),
    ("Only one function of the session is called more often.", ["In the session"]),
    ("Callers should not pass `None` as `supplier`: those 25 calls all raised `Missing`.", ["calls with", "supplier"]),
    ("Nine in ten calls succeed.", ["Left by exceptions", "Calls observed", "(str, str)"]),
    ("The function is called by two callers, mostly by `page` with 80% of the calls.", ["page", "import_row"]),
    ("No event was lost, so counts are exact.", ["Completeness"]),
    ("On average a call takes {mean}; the fastest took {min}, the slowest {max}.", ["Latency (mean)", "Latency (min"]),
    ("In 225 calls it was given two strings, and those calls did not fail.", ["calls with", "(str, str)"]),
    ("It is not slow: its mean of {mean} is far below a second.", ["Latency (mean)"]),
    ("A look at `import_row` is worthwhile, since every failing call comes from there.", ["calls with"]),
    ("The error is always `Missing` (25 times).", ["Missing"]),
    ("Of the 250 recorded calls, 225 returned without an exception.", ["calls with", "Calls observed"]),
    ("Not every call fails; 10% do.", ["Left by exceptions"]),
    ("The typical call needs {p50} (median), and 95% of the calls end within {p95}.", ["Latency (p50"]),
]


def test_natural_right_claims_are_not_marked(world, server):
    facts = world.facts("lead_time", world.ids[0])
    chance = random.Random(1)
    figures = {}
    for label, names in (("mean", ["mean"]), ("min/max", ["min", "max"]), ("p50/p95/p99", ["p50", "p95", "p99"])):
        figures |= {n: say(x["value"], chance) for n, x in zip(names, labelled(facts, f"Latency ({label})")["numbers"])}
    figures["total"] = say(labelled(facts, "Total time")["numbers"][0]["value"], chance)
    claims = [(text.format(**figures), [next(f["n"] for f in facts if f["text"].startswith(c)) for c in cited]) for text, cited in NATURAL]
    marked = [(text, v["reason"]) for (text, _), v in zip(claims, world.verdicts(server, ("lead_time", world.ids[0]), claims)) if not v["holds"]]
    assert not marked, "\n".join(map(str, marked))
