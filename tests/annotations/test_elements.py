"""What is inside containers: each case of cases_elements.py, recorded with --deep and decided by Ghost, against the table and against
typeguard when it looks at every element (its CollectionCheckStrategy.ALL_ITEMS)."""
import collections
import re

import generate
from test_annotations import decided_by, decided_by_ghost, packages  # noqa: F401 (a fixture)

# Where typeguard says something else: (pattern in "annotation <- argument", why).
RULES = [
    (r"^(Iterable|Collection|Container)\[", "typeguard looks only at the class: an iterable may be used up by looking; Ghost looks into exact containers"),
    (r"^(MutableSequence|MutableSet)\[", "typeguard has no checker of their own for these and looks only at the class"),
    (r"^list\[Callable\[\[\], int\]\] <- \[len, A\]", "typeguard compares signatures, which Ghost does not record"),
    (r"OnlyForCheckers", "typeguard skips an annotation with a name that is not defined; Ghost judges its other parts"),
    (r"MyList\(|MyDict\(|MyTuple\(|Counter\(|OrderedDict\(", "a subclass may hold anything behind its own methods: Ghost does not look into it"),
    (r"Unpack\[Ts\]|\*tuple\[", "typeguard knows no unpacked tuples in tuples; PEP 646"),
]


def test_elements(python, ghost, tmp_path, packages):  # noqa: F811
    cases = list(generate.elements(python.minor))
    folder = tmp_path / "cases"
    folder.mkdir()
    main = generate.write(folder, False, python.minor, generate.elements)
    said = decided_by("typeguard-all", python, folder, packages)
    verdicts = decided_by_ghost(ghost, python, main, packages, cases, "--deep", "64")
    wrong, unexplained, used, agreed = [], [], set(), 0
    for case in cases:
        ours, theirs = verdicts[case.name], said[case.name]
        if ours != case.expected:
            wrong.append((case.annotation, case.call, f"expected {case.expected}, Ghost says {ours}"))
        agreed += ours == theirs
        key = f"{case.annotation} <- {case.argument}"
        if ours == "undecided" or ours == theirs or theirs.startswith("refused"):
            continue
        rules = {pattern for pattern, _ in RULES if re.search(pattern, key)}
        used |= rules
        if not rules:
            unexplained.append((case.annotation, case.call, f"Ghost says {ours}, typeguard {theirs}"))
    assert not wrong, "\n".join(map(str, wrong))
    assert not unexplained, "\n".join(map(str, unexplained))
    assert used == {pattern for pattern, _ in RULES}, "rules that explain nothing"
    counts = collections.Counter(verdicts[c.name] for c in cases)
    print(f"{python.label}: {len(cases)} cases, {dict(counts)}, {agreed} as typeguard")
    assert agreed >= 180 and counts["match"] > 90 and counts["mismatch"] > 100


def test_nothing_is_judged_where_nothing_was_looked_at(python, ghost, tmp_path, packages):  # noqa: F811
    """Without --deep, all of these containers fit (but for the classes that no element decides)."""
    cases = list(generate.elements(python.minor))
    folder = tmp_path / "cases"
    folder.mkdir()
    verdicts = decided_by_ghost(ghost, python, generate.write(folder, False, python.minor, generate.elements), packages, cases)
    assert {c.call for c in cases if verdicts[c.name] != "match"} == set()
