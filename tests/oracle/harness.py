"""Runs programs plain, under the oracle and under Ghost, and compares what comes out."""
import collections
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import oracle

ROOT = pathlib.Path(__file__).resolve().parents[2]
GHOST = pathlib.Path(os.environ.get("GHOST_BIN", ROOT / "build" / "ghost")).resolve()
LIB = GHOST.parent / "lib"
APPS = ROOT / "tests" / "apps"
CACHE = ROOT / "build" / "cache"

Python = collections.namedtuple("Python", "exe version minor label")


@functools.lru_cache(maxsize=None)
def pythons():
    """Every interpreter that a recorder has been built for; $GHOST_TEST_PYTHONS names others."""
    chosen = os.environ.get("GHOST_TEST_PYTHONS", "").split()
    listing = subprocess.run([ROOT / "scripts/find_pythons.sh", *chosen], capture_output=True, text=True).stdout
    found = []
    for line in listing.splitlines():
        tag, exe, _, version = line.split()
        if (LIB / f"ghost_recorder.cpython-{tag}.so").exists():
            found.append(Python(exe, version, (3, int(tag[1:])), version))
    return found


class Result:
    """A finished process, with what is compared between runs."""

    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr

    def same_as(self, other):
        return (self.status, self.out) == (other.status, other.out)


def clean_environment(**more):
    """The environment without anything of Ghost, the oracle or pytest."""
    env = {k: v for k, v in os.environ.items()
           if not k.startswith(("GHOST_", "ORACLE_", "PYTEST_", "COV_", "PYTHON"))}
    env.update(PYTHONHASHSEED="0", PYTHONDONTWRITEBYTECODE="1", **more)
    return env


def run(argv, *, env=None, timeout=120, **popen):
    popen.setdefault("stdin", subprocess.DEVNULL)
    popen.setdefault("stdout", subprocess.PIPE)
    popen.setdefault("stderr", subprocess.PIPE)
    return Result(subprocess.run([str(a) for a in argv], env=env or clean_environment(), timeout=timeout, **popen))


def run_oracle(argv, out, *, include=(), env=None, timeout=240, **popen):
    """(counts per fn_key, Result)"""
    env = oracle.environment(out, include=include, base=env or clean_environment())
    result = run(argv, env=env, timeout=timeout, **popen)
    return oracle.merge(out), result


def without_ghost(err):
    """A program's error output without Ghost's lines, and those."""
    lines = err.splitlines(keepends=True)
    return b"".join(x for x in lines if not x.startswith(b"ghost: ")), [x for x in lines if x.startswith(b"ghost: ")]


def without_numbers(text):
    """Process ids and addresses differ from run to run."""
    return re.sub(rb"pid=\d+|0x[0-9a-f]+", b"N", text)


class Ghost:
    def __init__(self, data):
        self.data = pathlib.Path(data)

    def environment(self, **more):
        return clean_environment(GHOST_DATA_DIR=str(self.data), **more)

    def run(self, argv, *options, env=None, timeout=120, **popen):
        """`ghost run OPTIONS argv`."""
        return run([GHOST, "run", *options, *argv], env={**(env or {}), **self.environment()} if env else
                   self.environment(), timeout=timeout, **popen)

    def command(self, *args, timeout=150, **popen):
        return run([GHOST, *args], env=self.environment(), timeout=timeout, **popen)

    def sessions(self):
        folder = self.data / "sessions"
        return sorted(p for p in folder.iterdir() if p.is_dir()) if folder.exists() else []

    def export(self, session=None):
        """The newest (or the given) session's export, profiles by fn_key."""
        done = self.command("export", *([session] if session else []), "--format", "json")
        assert done.status == 0, done.err.decode()
        data = json.loads(done.out)
        keys = [p["fn_key"] for p in data["profiles"]]
        assert len(keys) == len(set(keys)), "a fn_key occurs twice in the export"
        data["profiles"] = {p["fn_key"]: p for p in data["profiles"]}
        return data


FIELDS = ("call_count", "exceptions", "arg_type_dist", "ret_type_dist", "yield_type_dist", "callers")


def origins(exceptions):
    """{type: (raised, passed)} of a profile's exceptions."""
    return {name: (o.get("raised", 0), o.get("passed", 0)) for name, o in exceptions.items()
            if o.get("raised", 0) or o.get("passed", 0)}


def comparable(profile):
    row = {f: dict(profile[f]) if isinstance(profile[f], dict) else profile[f] for f in FIELDS}
    row["exceptions"] = origins(row["exceptions"])
    row["callers"] = {k: n for k, n in row["callers"].items() if k}
    return row


def differences(expected, got, ignore=lambda key, field: False):
    """Lines that tell where two sets of profiles disagree; none when they are equal."""
    lines = []
    for key in sorted(set(expected) | set(got)):
        if ignore(key, None):
            continue
        if key not in got or key not in expected:
            has, lacks = ("the oracle", "Ghost") if key in expected else ("Ghost", "the oracle")
            lines.append(f"{key}: {has} saw {(expected.get(key) or got[key])['call_count']} calls, {lacks} none")
            continue
        a, b = comparable(expected[key]), comparable(got[key])
        for field in FIELDS:
            if a[field] != b[field] and not ignore(key, field):
                lines.append(f"{key}: {field}: expected {a[field]}, Ghost has {b[field]}")
    return lines


def app_options(app):
    """The `# app: key=value, ...` line of a program's docstring."""
    line = re.search(r"^# app: (.*)$", app.read_text(), re.M)
    return dict(part.strip().split("=", 1) for part in line.group(1).split(",")) if line else {}


def oldest_python(app):
    """(3, 12) for a program of `min=3.12`."""
    return tuple(map(int, app_options(app).get("min", "3.11").split(".")))


def network_environment():
    """What pip needs to reach its registry: the environment as it is, less what steers Python itself."""
    return {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}


def pip_of(python):
    """The command that installs for this interpreter. Debian's own comes without pip: then the one of the tests does it."""
    if "GHOST_TEST_PIP" in os.environ:
        return [python.exe, os.environ["GHOST_TEST_PIP"]]
    own = run([python.exe, "-c", "import pip"], env=network_environment()).status == 0
    return [python.exe, "-m", "pip"] if own else [sys.executable, "-m", "pip", "--python", python.exe]


@functools.lru_cache(maxsize=None)
def package_folder(python, name, requirements):
    """A folder with packages installed for this interpreter, kept in build/cache; None when they cannot be had."""
    folder = CACHE / f"{name}-{python.version}"
    wanted = "\n".join(requirements)
    ready = folder / "ready"
    if not ready.exists() or ready.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        done = run([*pip_of(python), "install", "-q", "--disable-pip-version-check", "--target", folder,
                    *requirements], env=network_environment(), timeout=240)
        if done.status:
            return None
        ready.write_text(wanted)
    return folder


def tool_environment(python, requirement):
    """An environment with one more package, for programs that need it; None when it cannot be had."""
    folder = package_folder(python, requirement, (requirement,))
    return clean_environment(PYTHONPATH=str(folder)) if folder else None
