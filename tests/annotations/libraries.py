"""Own test suites of annotated libraries, recorded as user code: what Ghost reports, confirmed by typeguard and coverage.py.

usage: libraries.py GHOST PYTHON FOLDER [--only mismatch|never] [NAME...]

PYTHON is a CPython from 3.12 on. FOLDER gets an environment with what the suites need and the source distributions, by pip; what is
there already (FOLDER/NAME-VERSION) is taken, which those whose distribution has no tests (rich, pydantic) need: a checkout of their tag.
For each library:
 - mismatch: the suite under `ghost run --include PACKAGE`, then again with confirm_mismatches.py, which hands every value at a reported
   place to typeguard. Prints one row a place, as docs/type-mismatch-libraries.md has them. NOT CONFIRMED is for reading.
 - never: tests/e2e/test_never_called.py with the suite, once under coverage.py and once under `ghost run`: never_called against the functions that
   coverage.py saw never entered. Prints one row a library, as docs/anomalies.md has them.
"""
import argparse
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# `covered`: more arguments for the runs of never_called, where coverage.py's tracer and the suite do not get along.
Library = collections.namedtuple("Library", "version packages tests needs covered", defaults=((), ()))

# mypy's own suite type-checks thousands of programs; this is what its users do: mypy on files, some of them its own.
MYPY = textwrap.dedent("""
    import pathlib, mypy.api
    HERE = pathlib.Path({folder!r})
    def test_on_its_own_sources(tmp_path):
        files = [str(HERE / "mypy" / n) for n in ("options.py", "errorcodes.py", "literals.py", "split_namespace.py")]
        out, err, status = mypy.api.run(["--cache-dir", str(tmp_path), "--follow-imports=silent", *files])
        assert not err and status in (0, 1)
    def test_on_a_file_with_errors(tmp_path):
        file = tmp_path / "a.py"
        file.write_text("from typing import *\\nT = TypeVar('T')\\nclass A(Generic[T]):\\n    x: T\\n    def f(self, y: 'A[T]') -> T: return y\\n"
                        "def g(*a: int, **k: str) -> None: g('1', b=2); undefined; reveal_type(A[int]())\\nasync def h() -> AsyncIterator[int]: yield ''\\n"
                        "match g:\\n    case A(x=1): pass\\n    case {{'a': [*_]}}: pass\\nclass D(TypedDict): a: int\\nD(a='')\\n")
        out, err, status = mypy.api.run(["--strict", "--cache-dir", str(tmp_path / "c"), str(file)])
        assert not err and status == 1
""")
LIBRARIES = {
    "click": Library("8.3.0", "click", ["tests"]),
    "jinja2": Library("3.1.6", "jinja2", ["tests"], ["markupsafe", "trio"]),
    "httpx": Library("0.28.1", "httpx", ["tests"], ["httpcore", "anyio", "trio", "certifi", "idna", "h2", "socksio", "brotli", "zstandard", "chardet",
                                                     "trustme", "uvicorn", "rich", "pygments"]),
    "sqlglot": Library("27.29.0", "sqlglot", ["tests"], ["duckdb", "pandas", "python-dateutil", "pytz"],
                       ["--ignore=tests/test_executor.py", "--ignore=tests/test_optimizer.py"]),       # forked pools beside duckdb's threads
    "attrs": Library("25.4.0", "attr,attrs", ["tests"], ["hypothesis", "cloudpickle", "pympler", "pytest-xdist"]),
    "rich": Library("14.1.0", "rich", ["tests"], ["markdown-it-py", "pygments"]),
    "black": Library("25.9.0", "black,blib2to3,blackd", ["tests"], ["click", "mypy_extensions", "packaging", "pathspec", "platformdirs", "pytokens",
                                                                    "parameterized", "aiohttp"]),
    "mypy": Library("1.18.2", "mypy", MYPY, ["typing_extensions", "mypy_extensions", "pathspec"]),
    "pydantic": Library("1.10.24", "pydantic", ["-p", "no:hypothesispytest", "tests"], ["typing_extensions", "pytest-mock", "hypothesis", "email-validator", "python-dotenv"]),
}


def run(command, folder=None, **environment):
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment}
    return subprocess.run([str(c) for c in command], cwd=folder, env=env, capture_output=True, text=True)


def need(done, what):
    if done.returncode:
        sys.exit(f"{what}: {done.stderr[-2000:]}")


def prepare(python, folder, names):
    """The environment's interpreter, and {name: source folder}."""
    folder.mkdir(parents=True, exist_ok=True)
    inside = folder / "venv" / "bin" / "python"
    if not inside.exists():
        need(run([python, "-m", "venv", folder / "venv"]), "venv")
    wanted = sorted({"pytest", "typeguard==4.6.0", "coverage==7.11.0", *(n for name in names for n in LIBRARIES[name].needs)})
    need(run([inside, "-m", "pip", "install", "-q", *wanted]), "pip install")
    sources = {}
    for name in names:
        release = f"{name}-{LIBRARIES[name].version}"
        if not (folder / release).exists():
            need(run([inside, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", folder, release.replace("-", "==")]), release)
            archive = next(folder.glob(f"{release}.tar.gz"))
            need(run(["tar", "xzf", archive, "-C", folder]), archive)
        sources[name] = folder / release
        if isinstance(LIBRARIES[name].tests, list) and not (sources[name] / "tests").is_dir():
            sys.exit(f"{name}: its source distribution has no tests: put a checkout of its tag {LIBRARIES[name].version} at {sources[name]}")
    return inside, sources


def suite_of(library, source, scratch):
    """(sys.path entry, pytest's arguments)"""
    tests = library.tests
    if isinstance(tests, str):
        program = scratch / "test_program.py"
        program.write_text(tests.format(folder=str(source)))
        tests = [str(program)]
    arguments = ["-q", "-p", "no:cacheprovider", "--tb=no", "-o", "addopts=", "-o", "filterwarnings=", "--continue-on-collection-errors"]
    return str(source / "src" if (source / "src").exists() else source), [*arguments, *tests]


def last_line(done):
    return re.sub(r" in [0-9.]+s.*|=", "", (done.stdout.strip().splitlines() or [done.stderr[-300:]])[-1]).strip()


def mismatches(ghost, python, name, source):
    """Records, decides, runs again with typeguard, and prints the table."""
    library = LIBRARIES[name]
    includes = [o for p in library.packages.split(",") for o in ("--include", p)]
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        sources, suite = suite_of(library, source, scratch)
        data = {"GHOST_DATA_DIR": str(scratch / "data"), "PYTHONPATH": sources}
        recorded = run([ghost, "run", "-q", *includes, python, "-m", "pytest", *suite], source, **data)
        found = run([ghost, "anomalies", "--only", "type_mismatch", "--verbose", "--format", "json"], source, **data)
        need(found, "ghost anomalies")
        rows = json.loads(found.stdout)["anomalies"]
        decided = [r for r in rows if r["standing"] != "undecided"]
        targets, said = scratch / "targets.json", scratch / "said.json"
        targets.write_text(json.dumps([[r["id"], r["module"], r["qualname"], r["line"], r["param"], r["observed"]] for r in decided]))
        again = run([python, "-m", "pytest", "-p", "confirm_mismatches", *suite], source, TARGETS=str(targets), SAID=str(said),
                    PYTHONPATH=f"{sources}:{HERE}")
        if not said.exists():
            sys.exit(f"{name}: the second run did not end: {last_line(again)}")
        show(name, last_line(recorded), last_line(again), rows, decided, json.loads(said.read_text()))


def show(name, recorded, again, rows, decided, answers):
    places = collections.defaultdict(list)
    for r in decided:
        places[r["fn_key"], r["param"], r["annotated"]].append(r)
    confirmed = sum(answers.get(r["id"]) == "confirmed" for r in decided)
    print(f"\n## {name} {LIBRARIES[name].version}\n\n{recorded}. {len(decided)} mismatches at {len(places)} places, {confirmed} confirmed by typeguard, "
          f"{len(rows) - len(decided)} undecided.\n")
    if again != recorded:
        print(f"The second run: {again}.\n")
    print("| function | place | annotated as | observed (calls) | typeguard |\n| --- | --- | --- | --- | --- |")
    for (key, param, annotated), found in places.items():
        observed = [f'{r["observed"]} {r["count"]}/{r["total"]}' for r in found]
        more = f" and {len(observed) - 12} more" if len(observed) > 12 else ""
        agreed = sum(answers.get(r["id"]) == "confirmed" for r in found)
        cell = annotated.replace("|", "\\|")
        print(f'| `{key}` | {param} | `{cell}` | {", ".join(observed[:12])}{more} | {"all" if agreed == len(found) else f"{agreed} of {len(found)}"} |')
    for r in decided:
        if answers.get(r["id"]) != "confirmed":
            print(f'\nNOT CONFIRMED: {r["fn_key"]}: {r["message"]}: {answers.get(r["id"], "no such value was seen again")}')
    sys.stdout.flush()


def never_called(ghost, python, sources):
    """tests/e2e/test_never_called.py for these suites alone."""
    with tempfile.TemporaryDirectory() as scratch:
        suites = {}
        for name, source in sources.items():
            own = pathlib.Path(scratch, name)
            own.mkdir()
            path, arguments = suite_of(LIBRARIES[name], source, own)
            suites[LIBRARIES[name].packages] = {"folder": str(source), "path": path, "arguments": [*arguments, *LIBRARIES[name].covered]}
        listing = pathlib.Path(scratch, "suites.json")
        listing.write_text(json.dumps(suites))
        done = run([python, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "--tb=short", ROOT / "tests/e2e/test_never_called.py", "-k", "suite"],
                   GHOST_BIN=str(ghost), GHOST_NEVER_SUITES=str(listing))
        print(done.stdout, done.stderr[-2000:])
        return done.returncode


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("ghost", type=lambda s: pathlib.Path(s).resolve())
    p.add_argument("python")
    p.add_argument("folder", type=lambda s: pathlib.Path(s).resolve())
    p.add_argument("names", nargs="*")
    p.add_argument("--only", choices=["mismatch", "never"])
    o = p.parse_intermixed_args()          # --only may stand before the names
    names = o.names or list(LIBRARIES)
    python, sources = prepare(o.python, o.folder, names)
    if o.only != "never":
        for name in names:
            mismatches(o.ghost, python, name, sources[name])
    return never_called(o.ghost, python, sources) if o.only != "mismatch" else 0


if __name__ == "__main__":
    sys.exit(main())
