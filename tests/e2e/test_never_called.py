"""never_called against coverage.py: the same program under both, the same functions whose body was never entered.

coverage.py tells entries by its arcs (-first line, line). What Ghost leaves out on purpose (docs/anomalies.md) is left
out of coverage's side by what `ast` says, see tests/pyscan/compare.py. Programs: parts of the standard library as
application code. tests/annotations/libraries.py adds the own test suites of libraries ($GHOST_NEVER_SUITES: {packages: {folder, path,
arguments of pytest}}).

Prints a row for the table in docs/anomalies.md: files executed, functions in them, never entered as coverage.py sees it, reported by Ghost (the
same ones), unexplained, and the rest by the rule that leaves it out."""
import ast
import collections
import json
import os
import pathlib
import subprocess
import sys

import pytest

import harness

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "pyscan"))
import compare  # noqa: E402

PROGRAMS = {
    "json": "import json\njson.dumps(json.loads('{\"a\": [1, 2.5, null, \"x\"]}'), indent=1)\ntry: json.loads('{')\nexcept ValueError: pass",
    "email": "import email.message, email.policy, email.parser\nm = email.message.EmailMessage()\nm['To'] = 'a@b.c'\nm.set_content('hi')\n"
             "m.add_attachment(b'x', maintype='a', subtype='b', filename='n')\nemail.message_from_bytes(m.as_bytes(), policy=email.policy.default)['To']",
    "argparse": "import argparse\np = argparse.ArgumentParser(prog='p')\np.add_argument('-x', type=int)\np.add_subparsers().add_parser('s')\np.parse_args(['-x', '3', 's'])\np.format_help()",
    "unittest": "import unittest, io\nclass T(unittest.TestCase):\n    def test(self):\n        with self.assertRaises(KeyError): {}[1]\n"
                "        self.assertEqual([1], [1])\nunittest.TextTestRunner(stream=io.StringIO()).run(unittest.defaultTestLoader.loadTestsFromTestCase(T))",
    "xml": "import xml.dom.minidom, xml.sax.saxutils\nimport xml.etree.ElementTree as E\nE.tostring(E.fromstring('<a b=\"1\"><c/>t</a>'))\n"
           "xml.dom.minidom.parseString('<a><b/></a>').toprettyxml()\nxml.sax.saxutils.escape('<')",
    "html": "import html, html.parser\nclass P(html.parser.HTMLParser):\n    def handle_starttag(self, t, a): pass\nP().feed('<p class=x>a&amp;b</p>')\nhtml.unescape('&lt;')",
    "logging": "import logging, logging.handlers, logging.config\nlogging.config.dictConfig({'version': 1, 'handlers': {'m': {'class': 'logging.handlers.MemoryHandler', "
               "'capacity': 3}}, 'root': {'handlers': ['m'], 'level': 'INFO'}})\nlogging.getLogger('a').info('x %s', 1)",
    "configparser,tomllib": "import configparser, tomllib\nc = configparser.ConfigParser()\nc.read_string('[a]\\nb = %(c)s\\nc = 1')\nc.getint('a', 'b')\ntomllib.loads('a = [1, 2]\\n[b]\\nc = 1979-05-27')",
    "asyncio": "import asyncio\nasync def f(q):\n    await q.put(1)\n    await asyncio.sleep(0)\nasync def main():\n    q = asyncio.Queue()\n"
               "    await asyncio.gather(f(q), f(q))\n    async with asyncio.TaskGroup() as g: g.create_task(q.get())\nasyncio.run(main())",
    "concurrent,queue": "import concurrent.futures, queue\nwith concurrent.futures.ThreadPoolExecutor(2) as e: list(e.map(abs, [1, -2]))\nqueue.PriorityQueue().put(1)",
    "zipfile,tarfile": "import zipfile, tarfile, io\nb = io.BytesIO()\nwith zipfile.ZipFile(b, 'w') as z: z.writestr('a', 'x')\nzipfile.ZipFile(b).read('a')\n"
                       "with tarfile.open(fileobj=io.BytesIO(), mode='w') as t: t.addfile(tarfile.TarInfo('a'))",
    "dis,difflib,pprint": "import dis, difflib, pprint\ndis.Bytecode('x = 1').dis()\nlist(difflib.unified_diff(['a'], ['b']))\npprint.pformat({'a': list(range(50))})",
}
PATIENCE = 1800 if "GHOST_NEVER_SUITES" in os.environ else 300
# What coverage.py itself has imported is executed anew; the first exit handler to be registered is the last to run. Workers of multiprocessing count.
SETTINGS = "[run]\nbranch = True\nparallel = True\nconcurrency = thread,multiprocessing\ndata_file = {folder}/arcs\nsource_pkgs = {packages}\n"
COVERED = """
import atexit, sys
def keep():
    c.stop()
    c.save()
atexit.register(keep)
import coverage, runpy
c = coverage.Coverage(config_file=sys.argv[2])
for name in list(sys.modules):
    if name.partition(".")[0] in sys.argv[3].split(","): del sys.modules[name]
c.start()
runpy.run_path(sys.argv[1], run_name="__main__")
"""
try:
    import coverage
except ImportError:
    pytestmark = pytest.mark.skip(reason="coverage is not installed here: make venv")


def parents(qualname):
    """Names of what is around, outermost first: a.<locals>.B.c -> a, a.<locals>.B"""
    parts, found = qualname.split("."), []
    for i in range(1, len(parts)):
        if parts[i] != "<locals>":
            found.append(".".join(parts[:i]).removesuffix(".<locals>"))
    return found


# Why Ghost does not report a function that coverage.py saw never entered (docs/anomalies.md), in the order in which they are asked.
CAUSES = ("inside what never ran", "overload, abstract, Protocol", "TYPE_CHECKING, __main__", "raise NotImplementedError", "hook of an abstract class",
          "name imported, too", "another definition of the name", "special method of a decorated class")


def never_entered(path, entered):
    """{(qualname, line): cause, or None where Ghost has to report it}, from the lines at which code was entered; and the number of functions."""
    rows = [r for r in compare.Visitor(ast.parse(pathlib.Path(path).read_bytes())).rows if r[0] != "lambda"]
    places, found = {}, {}
    for kind, flags, line, name in rows:
        places.setdefault(name, []).append((line, flags, kind))
    for kind, flags, line, name in rows:
        if kind == "class" or line in entered:
            continue
        around = parents(name)
        owner = places.get(around[-1], [(0, 0, "")])[0] if around else (0, 0, "")
        in_class = owner[2] == "class"
        replaced = not flags & compare.DECORATED and any(other in entered or other > line for other, _, _ in places[name] if other != line)
        special = owner[1] & compare.DECORATED and name.rpartition(".")[2].startswith("__") and name.endswith("__")
        beside_abstract = flags & compare.EMPTY and any(f & compare.ABSTRACT for _, f, _, n in rows if around and n.rpartition(".")[0] == around[-1])
        asked = (not all(any(other in entered for other, _, _ in places.get(p, [])) for p in around),
                 flags & (compare.OVERLOAD | compare.ABSTRACT | compare.PROTOCOL),
                 flags & (compare.TYPE_CHECKING | compare.MAIN_GUARD),
                 flags & compare.TRIVIAL and not flags & compare.EMPTY,
                 in_class and beside_abstract,
                 flags & compare.IMPORTED,
                 replaced,
                 in_class and special)
        found[name, line] = next((cause for cause, holds in zip(CAUSES, asked) if holds), None)
    return found, sum(kind != "class" for kind, *_ in rows)


def entered_by_coverage(folder):
    """{file: lines at which code was entered}, of all processes."""
    found = collections.defaultdict(set)
    for data_file in folder.glob("arcs.*"):
        data = coverage.CoverageData(str(data_file))
        data.read()
        for f in data.measured_files():
            found[f] |= {-a for a, b in data.arcs(f) if a < 0}
    return {f: lines for f, lines in found.items() if lines}       # module bodies enter at line 0 or 1


def compare_one(tmp_path, python, script, packages):
    (tmp_path / "covered.py").write_text(COVERED)
    (tmp_path / "settings").write_text(SETTINGS.format(folder=tmp_path, packages=packages))
    path = {"PYTHONPATH": SUITES[packages]["path"]} if packages in SUITES else {}
    env = harness.clean_environment(COVERAGE_CORE="ctrace", **path)
    subprocess.run([python, tmp_path / "covered.py", script, tmp_path / "settings", packages], check=True, env=env, timeout=PATIENCE, capture_output=True)
    ghost = harness.Ghost(tmp_path / "data")
    done = ghost.run([script], "--python", python, *(o for p in packages.split(",") for o in ("--include", p)), env=path, timeout=PATIENCE)
    assert done.status == 0, done.err.decode()
    rows = json.loads(ghost.command("anomalies", "--only", "never_called", "--format", "json", "--verbose").out)["anomalies"]
    found = {}
    for r in rows:
        found.setdefault(r["file"], set()).add((r["qualname"], r["line"]))
    return entered_by_coverage(tmp_path), found


SUITE = """
import os, sys
os.chdir({folder!r})
sys.path[:0] = [{path!r}, {folder!r}]
import pytest
assert pytest.main({arguments!r}) in (0, 1), "the suite did not run"
"""
SUITES = json.loads(pathlib.Path(os.environ["GHOST_NEVER_SUITES"]).read_text()) if "GHOST_NEVER_SUITES" in os.environ else {}
CASES = [*(pytest.param(p, id=p) for p in PROGRAMS), *(pytest.param(p, id=f"suite-{p}") for p in SUITES)]


@pytest.fixture(scope="module")
def table():
    print("\n\n| | files | functions | never entered | reported | unexplained | " + " | ".join(CAUSES) + " |\n" + "| --- " * (6 + len(CAUSES)) + "|")


@pytest.mark.parametrize("packages", CASES)
def test_as_coverage_sees_it(tmp_path, table, packages):
    script = tmp_path / "program.py"
    script.write_text(PROGRAMS.get(packages) or SUITE.format(**SUITES[packages]))
    executed, found = compare_one(tmp_path, sys.executable, script, packages)
    reported, functions, why, differences = 0, 0, collections.Counter(), []
    for path, lines in executed.items():
        never, n = never_entered(path, lines)
        want, got = {place for place, cause in never.items() if cause is None}, found.pop(path, set())
        if got != want:
            told = [f"{name}:{line} ({never.get((name, line), 'entered')})" for name, line in sorted(got - want)]
            differences.append(f"{path}: only Ghost: {told}, only coverage: {sorted(want - got)}")
        functions, reported = functions + n, reported + len(want)
        why.update(never.values())
    assert not differences, "\n".join(differences)
    assert executed and not found, f"files that coverage did not see executed: {sorted(found)}"
    assert why.total() > 0
    print(f"| {packages.replace(',', ', ')} | {len(executed)} | {functions} | {why.total()} | {reported} | 0 | " + " | ".join(str(why[c]) for c in CAUSES) + " |")
