"""The oracle: an independent, slow and exact recorder in pure Python.

    python oracle.py [--python EXE] [--include GLOB] [--exclude GLOB] [--all] [-o FILE] TARGET [ARGS]

TARGET is what would follow `python`: a script, -m NAME, or -c CODE. The program runs with
a sitecustomize that installs oracle_recorder.py in it and in every Python it starts. What
comes out is JSON: {"profiles": {fn_key: {...}}, "processes": [...], "status": N}, by the
call semantics of docs/format.md 5.2; every process's counts are added up.
"""
import argparse
import ast
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent

BOOT = '''
def _boot():
    import os, sys
    sys.path[:] = [p for p in sys.path if p != {boot!r}]
    try:
        import _interpreters as interpreters
    except ImportError:
        try:
            import _xxsubinterpreters as interpreters
        except ImportError:
            interpreters = None
    if interpreters is not None:
        ident = interpreters.get_current()
        ident = ident[0] if isinstance(ident, tuple) else int(ident)
        if ident != 0:
            return
    names = {{}}
    with open({recorder!r}) as f:
        exec(compile(f.read(), {recorder!r}, "exec"), names)
    names["start"](os.environ["ORACLE_OPTIONS"])
_boot()
del _boot
'''


def environment(out, include=(), exclude=(), everything=False, base=None):
    """Environment in which every Python is observed and writes into `out`."""
    out = pathlib.Path(out)
    boot = out / "boot"
    boot.mkdir(parents=True, exist_ok=True)
    (boot / "sitecustomize.py").write_text(
        BOOT.format(boot=str(boot), recorder=str(HERE / "oracle_recorder.py")))
    env = dict(os.environ if base is None else base)
    path = env.get("PYTHONPATH")
    env["PYTHONPATH"] = str(boot) + (os.pathsep + path if path else "")
    env["ORACLE_OPTIONS"] = repr({"out": str(out), "include": list(include), "exclude": list(exclude),
                                  "all": everything, "own": [str(HERE), str(boot)]})
    return env


def new_profile(key):
    module, rest = key.split(":", 1)
    qualname, line = rest.rsplit(":", 1)
    return {"fn_key": key, "module": module, "qualname": qualname, "line": int(line), "call_count": 0,
            "exceptions": {}, "arg_type_dist": {}, "ret_type_dist": {}, "yield_type_dist": {},
            "callers": {}, "closed": 0, "unresolved": 0}


def add(table, key, n):
    table[key] = table.get(key, 0) + n


def merge(out):
    """All processes' counters in `out`, added up per fn_key."""
    profiles, processes = {}, []
    for file in sorted(pathlib.Path(out).glob("*.oracle")):
        state = ast.literal_eval(file.read_text("utf-8", "surrogatepass"))
        counts = state.pop("counts")
        processes.append(state)
        for (kind, key, *rest), n in counts:
            p = profiles.setdefault(key, None) or new_profile(key)
            profiles[key] = p
            if kind == "call":
                sig, caller = rest
                p["call_count"] += n
                add(p["arg_type_dist"], sig, n)
                if caller is not None:
                    add(p["callers"], caller, n)
            elif kind in ("raise", "pass"):
                origin = p["exceptions"].setdefault(rest[0], {"raised": 0, "passed": 0})
                add(origin, "raised" if kind == "raise" else "passed", n)
            elif kind in ("return", "yield"):
                add(p["ret_type_dist" if kind == "return" else "yield_type_dist"], rest[0], n)
            else:
                p[kind] += n
    return {"profiles": profiles, "processes": processes}


def run(argv, *, out, timeout=120, include=(), exclude=(), everything=False, env=None, **popen):
    """Runs argv (an interpreter and its arguments) observed; the merged counts and the finished process."""
    done = subprocess.run(argv, timeout=timeout, env=environment(out, include, exclude, everything, env), **popen)
    return merge(out), done


def main():
    ap = argparse.ArgumentParser(prog="oracle.py", description=__doc__.split("\n")[0])
    ap.add_argument("--python", default=sys.executable)
    ap.add_argument("--include", action="append", default=[])
    ap.add_argument("--exclude", action="append", default=[])
    ap.add_argument("--all", action="store_true")
    ap.add_argument("-o", "--output", default="-")
    ap.add_argument("target", nargs=argparse.REMAINDER)
    args = ap.parse_args()
    if not args.target:
        ap.error("nothing to run")
    with tempfile.TemporaryDirectory() as out:
        result, done = run([args.python, *args.target], out=out, timeout=None, include=args.include,
                           exclude=args.exclude, everything=args.all)
    result["status"] = done.returncode
    text = json.dumps(result, indent=1, sort_keys=True)
    if args.output == "-":
        print(text)
    else:
        pathlib.Path(args.output).write_text(text + "\n")
    return done.returncode if done.returncode >= 0 else 128 - done.returncode


if __name__ == "__main__":
    sys.exit(main())
