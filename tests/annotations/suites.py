"""The mismatches that Ghost reports on a library's own test suite, each confirmed by typeguard in a second run.

usage: suites.py GHOST PYTHON LIBRARY FOLDER [-- PYTEST ARGUMENT...]

PYTHON has pytest, typeguard and what the library needs; FOLDER is the unpacked source distribution, its package under FOLDER/src or
FOLDER. The suite runs under `ghost run --include LIBRARY`, then again with a profile hook that hands each value at a reported place to
typeguard.check_type() with the function's own hints (names under TYPE_CHECKING are imported for that). typeguard's import hook is
not used: it breaks suites like these (names under TYPE_CHECKING, local annotations), and what does not run is not checked.

Prints each mismatch as confirmed, or NOT CONFIRMED with what typeguard said: those are for reading."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HOOK = '''
import ast, functools, importlib, inspect, json, os, sys, threading, typing
import typeguard

TARGETS = {}
for key, module, qualname, line, param, observed in json.load(open(os.environ["TARGETS"])):
    TARGETS.setdefault((module, qualname, line), []).append((key, param, observed))
said = {}

def checking_names(module):
    """What the module imports for checkers only."""
    names = {}
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for statement in node.body:
                if isinstance(statement, (ast.Import, ast.ImportFrom)):
                    try:
                        exec(ast.unparse(statement), {"__package__": module.__package__, "__name__": module.__name__}, names)
                    except ImportError:
                        pass
                else:
                    try:
                        exec(ast.unparse(statement), {**vars(module), **names}, names)
                    except Exception:
                        pass
    return names

def find(module, code):
    """The function of that code: in the module, its classes, or behind decorators."""
    import gc
    return next((f for f in gc.get_referrers(code) if inspect.isfunction(f) and f.__code__ is code), None)

@functools.lru_cache(maxsize=None)
def hints(code, name):
    module = sys.modules[name]
    return typing.get_type_hints(find(module, code), {**vars(module), **checking_names(module)})

def judge(frame, key, param, value, observed):
    if type(value).__qualname__ != observed.split(".")[-1] and not observed.endswith(type(value).__qualname__):
        return
    if said.get(key) == "confirmed":
        return
    try:
        hint = hints(frame.f_code, frame.f_globals["__name__"])[param]
        typeguard.check_type(value, hint)
        said[key] = "typeguard takes it for " + str(hint)
    except typeguard.TypeCheckError:
        said[key] = "confirmed"
    except Exception as e:
        said.setdefault(key, f"{type(e).__name__}: {e}")

def profile(frame, event, arg):
    if event not in ("call", "return"):
        return
    code = frame.f_code
    for key, param, observed in TARGETS.get((frame.f_globals.get("__name__"), code.co_qualname, code.co_firstlineno), ()):
        sys.setprofile(None)
        try:
            if event == "return":
                if param == "return" and arg is not None or param == "return" and observed == "NoneType":
                    judge(frame, key, param, arg, observed)
            elif param.startswith("**"):
                for value in frame.f_locals.get(param[2:], {}).values():
                    judge(frame, key, param[2:], value, observed)
            elif param.startswith("*"):
                for value in frame.f_locals.get(param[1:], ()):
                    judge(frame, key, param[1:], value, observed)
            elif param != "return" and param in frame.f_locals:
                judge(frame, key, param, frame.f_locals[param], observed)
        finally:
            sys.setprofile(profile)

def pytest_sessionstart(session):
    threading.setprofile(profile)
    sys.setprofile(profile)

def pytest_sessionfinish(session):
    sys.setprofile(None)
    json.dump(said, open(os.environ["SAID"], "w"))
'''


def run(command, folder, **environment):
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment}
    return subprocess.run([str(c) for c in command], cwd=folder, env=env, capture_output=True, text=True)


def last_line(done):
    return (done.stdout.strip().splitlines() or [done.stderr[-300:]])[-1]


def main(ghost, python, library, folder, *pytest):
    folder = pathlib.Path(folder).resolve()
    sources = str(folder / "src" if (folder / "src").exists() else folder)
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        suite = ["-q", "-p", "no:cacheprovider", "--tb=no", "-o", "addopts=", "--continue-on-collection-errors", *(pytest or ("tests",))]
        data = {"GHOST_DATA_DIR": str(scratch / "data"), "PYTHONPATH": sources}
        print("recorded:", last_line(run([ghost, "run", "-q", "--include", library, python, "-m", "pytest", *suite], folder, **data)))
        found = run([ghost, "anomalies", "--only", "type_mismatch", "--verbose", "--format", "json"], folder, **data)
        rows = json.loads(found.stdout)["anomalies"]
        decided = [r for r in rows if r["standing"] != "undecided"]
        targets, said = scratch / "targets.json", scratch / "said.json"
        targets.write_text(json.dumps([(r["id"], r["module"], r["qualname"], r["line"], r["param"], r["observed"]) for r in decided]))
        (scratch / "confirm_mismatches.py").write_text(HOOK)
        checked = run([python, "-m", "pytest", "-p", "confirm_mismatches", *suite], folder, TARGETS=str(targets), SAID=str(said),
                      PYTHONPATH=f"{sources}:{scratch}")
        print("checked:", last_line(checked))
        answers = json.loads(said.read_text())
    for row in decided:
        answer = answers.get(row["id"], "the value was not seen again")
        print(f'{answer if answer == "confirmed" else f"NOT CONFIRMED ({answer})"} {row["fn_key"]}: {row["message"]}')
    confirmed = sum(answers.get(r["id"]) == "confirmed" for r in decided)
    print(f"{library}: {len(decided)} mismatches, {confirmed} confirmed by typeguard, {len(rows) - len(decided)} undecided")


if __name__ == "__main__":
    main(*(a for a in sys.argv[1:] if a != "--"))
