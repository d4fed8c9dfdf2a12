"""The tables as Python modules: one function (or class) for each call of each case.

A module has CALLS = {name: thunk}. How it is written decides which annotations Python sees: objects, strings, or (from 3.14 on)
code that makes them on demand."""
import ast
import collections
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from cases_elements import ELEMENTS, ELEMENTS_OF_FUNCTIONS  # noqa: E402
from cases_functions import FUNCTIONS  # noqa: E402
from cases_parameters import PARAMETERS, SYNTAX  # noqa: E402

VERDICTS = ("match", "mismatch", "undecided")
Case = collections.namedtuple("Case", "name definition call expected annotation argument")

LATER = "\n\nclass DefinedLater: ...\n"


def items(text):
    """The expressions of a list without its brackets."""
    source = f"[{text}]"
    return [ast.get_source_segment(source, e) for e in ast.parse(source, mode="eval").body.elts]


def named(text, name):
    return re.sub(r"\bF(?=\b|_)", name, text).replace("_F_", f"_{name}_").replace("_F", f"_{name}")


def calls(prefix, definition, template, columns, annotation):
    for expected, column in zip(VERDICTS, columns):
        for k, expression in enumerate(items(column)):
            name = f"{prefix}_{expected[:3]}{k}"
            yield Case(name, named(definition, name), named(template.replace("$", expression), name), expected, annotation, expression)


def cases(version=sys.version_info[:2]):
    for i, (annotation, *columns) in enumerate(PARAMETERS):
        yield from calls(f"p{i:03}", f"def F(x: {annotation}): pass", "F($)", columns, annotation)
    for i, (since, before, parameters, *columns) in enumerate(SYNTAX):
        if version >= since:
            head = parameters if parameters.startswith("[") else f"({parameters})"
            yield from calls(f"s{i:03}", f"{before}\ndef F{head}: pass".strip(), "F($)", columns, f"{before}; {parameters}")
    for i, (definition, *rest) in enumerate(FUNCTIONS):
        since = rest[3] if len(rest) > 3 else (3, 11)
        if version >= since:
            yield from calls(f"f{i:03}", definition, "$", rest[:3], definition)


def imports():
    """Those of names.py, as written there: typeguard reads imports, and takes Literal for Literal only where it sees one."""
    tree = ast.parse((HERE / "names.py").read_text())
    return "".join(ast.unparse(node) + "\n" for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom)))


def elements(version=sys.version_info[:2]):
    """Cases of what is inside containers (--deep)."""
    for i, (annotation, *columns) in enumerate(ELEMENTS):
        yield from calls(f"e{i:03}", f"def F(x: {annotation}): pass", "F($)", columns, annotation)
    for i, (definition, *columns) in enumerate(ELEMENTS_OF_FUNCTIONS):
        yield from calls(f"g{i:03}", definition, "$", columns, definition)


def module(version=sys.version_info[:2], future=False, table_of=cases):
    parts = ["from __future__ import annotations\n" if future else "", imports(), "from names import *\n"]
    table = []
    for case in table_of(version):
        parts.append(case.definition + "\n")
        table.append(f"    {case.name!r}: lambda: {case.call},\n")
    return "\n".join(parts) + LATER + "\nCALLS = {\n" + "".join(table) + "}\n"


MAIN = '''"""Makes every call; what it raises is not our business."""
import contextlib
import sys
import warnings

warnings.simplefilter("ignore")
import cases_under_test

for call in cases_under_test.CALLS.values():
    with contextlib.suppress(Exception):
        call()
'''


def write(folder, future=False, version=sys.version_info[:2], table_of=cases):
    (folder / "names.py").write_text((HERE / "names.py").read_text())
    (folder / "cases_under_test.py").write_text(module(version, future, table_of))
    (folder / "main.py").write_text(MAIN)
    return folder / "main.py"


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    print(write(folder, "--future" in sys.argv))
