"""Each case of the tables, recorded and decided by Ghost, against the table and against typeguard and beartype.

    pytest tests/annotations                       every interpreter found
    GHOST_CASES=list pytest tests/annotations -s   also prints every disagreement with its rule"""
import collections
import importlib.util
import json
import os
import pathlib
import re

import harness
import pytest

import generate
from rules import RULES

PACKAGES = ("typeguard", "beartype", "typing_extensions")
# Under the future import these names are strings that nothing can resolve: they are the enclosing function's.
LOCAL = re.compile(r"^def F\(t\):|class Local: \.\.\.\n    def inner\(y: Local\)")


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    """A folder with what the cases and the checkers import and nothing else: pure Python, so that every interpreter can use it."""
    folder = tmp_path_factory.mktemp("packages")
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is None:
            pytest.skip(f"{name} is not installed: make venv")
        origin = pathlib.Path(spec.origin)
        origin = origin.parent if origin.name == "__init__.py" else origin
        (folder / origin.name).symlink_to(origin)
    return folder


def case_of(row, names):
    """The case that a finding is about: its name is in the function's or (data classes) the parameter's."""
    words = re.split(r"[.*]+", row["qualname"]) + [row["param"].lstrip("*")]
    for word in words:
        for part in (word, word.removeprefix("deco_"), word.removeprefix("x_"), word.removeprefix("y_")):
            for end in (part, "_".join(part.split("_")[:2])):
                if end in names:
                    return end
    return None


def decided_by_ghost(ghost, python, main, packages, cases, *options):
    environment = harness.clean_environment(PYTHONPATH=str(packages))
    done = ghost.run([main], "--python", python.exe, *options, env=environment)
    assert done.status == 0, done.err.decode()
    done = ghost.command("anomalies", "--only", "type_mismatch", "--verbose", "--format", "json")
    assert done.status in (0, 1), done.err.decode()
    names, verdicts = {c.name for c in cases}, collections.defaultdict(lambda: "match")
    for row in json.loads(done.out)["anomalies"]:
        name = case_of(row, names)
        if name is None:
            assert row["standing"] == "undecided", f"a finding about no case: {row}"
            continue
        if row["standing"] != "undecided" or verdicts[name] == "match":
            verdicts[name] = "undecided" if row["standing"] == "undecided" else "mismatch"
    return verdicts


def decided_by(checker, python, folder, packages):
    here = pathlib.Path(__file__).parent
    done = harness.run([python.exe, here / "checkers.py", folder, checker], env=harness.clean_environment(PYTHONPATH=str(packages)))
    assert done.status == 0, done.err.decode()[-3000:]
    return json.loads(done.out)


def rule_for(checker, case):
    key = f"{case.annotation} <- {case.argument}"
    return next((why for who, pattern, why in RULES if who in (checker, "both") and re.search(pattern, key, re.S)), None)


@pytest.mark.parametrize("style", ["objects", "future"])
def test_verdicts(python, ghost, tmp_path, packages, style):
    cases = list(generate.cases(python.minor))
    folder = tmp_path / "cases"
    folder.mkdir()
    main = generate.write(folder, style == "future", python.minor)
    # Strings make no difference to the tables; the checkers, slow, are asked once.
    said = {checker: decided_by(checker, python, folder, packages) for checker in ("typeguard", "beartype") if style == "objects"}
    verdicts = decided_by_ghost(ghost, python, main, packages, cases)
    wrong, unexplained, explained = [], [], collections.Counter()
    for case in cases:
        ours = verdicts[case.name]
        if ours != case.expected and not (style == "future" and ours == "undecided" and LOCAL.search(case.annotation)):
            wrong.append((case.annotation, case.call, f"expected {case.expected}, Ghost says {ours}"))
        for checker, of in said.items():
            theirs = of[case.name]
            if ours == "undecided" or theirs.startswith("refused") or theirs == ours:
                continue
            why = rule_for(checker, case)
            explained[why] += 1
            if why is None:
                unexplained.append((case.annotation, case.call, f"Ghost says {ours}, {checker} {theirs}"))
            elif os.environ.get("GHOST_CASES") == "list":
                print(f"{python.label} {style}: {case.annotation!r} <- {case.argument}: Ghost {ours}, {checker} {theirs}: {why}")
    assert not wrong, "\n".join(map(str, wrong))
    assert not unexplained, "\n".join(map(str, unexplained))
    counts = collections.Counter(verdicts[c.name] for c in cases)
    print(f"{python.label} {style}: {len(cases)} cases, {dict(counts)}, {sum(explained.values())} disagreements by {len(explained)} rules")
    assert len(cases) >= 1000 and counts["match"] > 500 and counts["mismatch"] > 400


def test_all_forms_are_in_the_tables():
    """The words of the issue: each has its cases."""
    text = "\n".join(repr(c) for c in generate.cases((3, 15)))
    for form in ("Optional", "Union", " | ", "Any", "object", "List[", "tuple[int, ...]", "collections.abc", "Protocol", "Callable", "Type[", "TypeVar",
                 "P.args", "Unpack[Ts]", "NewType", "Literal", "Annotated", "Final", "ClassVar", "Self", "NoReturn", "Never", "Movie", "Point", "Color",
                 "dataclass", "async def", "AsyncIterator", "Generator[", "OnlyForCheckers", "mock", "functools.wraps", "TypeGuard", "Registered"):
        assert form in text or form in (pathlib.Path(__file__).parent / "names.py").read_text(), form
