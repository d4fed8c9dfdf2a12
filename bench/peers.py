"""The recorders that are compared. To add one: a function that says how it runs a script, a row in
PEERS, its package in requirements.txt.

A peer that can restrict itself to the user's code does so (`scope` "user"): that is how it is used.
`scale` makes the slow ones do a fraction of the iterations; report.py compares time per iteration."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

FLOOR = Path(__file__).resolve().parent / "floor"

@dataclass(frozen=True)
class Cell:
    """One run: what a peer may use to build its command."""
    python: Path
    script: list                # drive.py and its arguments
    workload: object
    folder: Path                # for what the peer writes
    libs: Path                  # copies of the libraries outside site-packages
    ghost: Path                 # the ghost command
    lib_dir: Path               # the recorders

    def tool(self, name):
        return str(self.python.parent / name)


@dataclass(frozen=True)
class Peer:
    name: str
    scope: str                  # "all", "user" or "-"
    command: Callable           # Cell -> (argv, environment)
    scale: float = 1.0
    oldest: tuple = (3, 11)
    package: str = ""           # what is installed for it, from PyPI or compiled by floor/build.py; none: nothing
    ours: bool = field(default=False)
    events_of: str = ""         # it counts none itself; this peer hooks the same calls


def _nothing(cell):
    return [cell.python, *cell.script], {}


def user_modules(cell):
    return [*cell.workload.user_code, cell.workload.script_module, "shopsite", "drive"]


def _ghost(*options):
    def command(cell):
        # The default takes the workload's own code and no libraries; --include takes what it names and nothing else.
        chosen = cell.workload.user_code and "--all" not in options
        include = [f"--include={module}" for module in user_modules(cell) if chosen]
        argv = [cell.ghost, "run", "-q", "--data-dir", cell.folder, "--python", cell.python, *options, *include]
        return [*argv, *cell.script], {}
    return command


def _cprofile(cell):
    return [cell.python, "-m", "cProfile", "-o", cell.folder / "out.pstats", *cell.script], {}


def _viztracer(cell):
    return [cell.tool("viztracer"), "--ignore_c_function", "--quiet", "-o", cell.folder / "out.json", "--",
            *cell.script], {}


def _yappi(cell):
    return [cell.python, "-m", "yappi", "-c", "wall", "-f", "pstat", "-o", cell.folder / "out.pstats", *cell.script], {}


def _monkeytype(cell):
    env = {"MT_DB_PATH": str(cell.folder / "out.sqlite3"), "MONKEYTYPE_TRACE_MODULES": ",".join(user_modules(cell)),
           "PYTHONPATH": str(cell.script[0].parent)}    # it does not put the script's folder on sys.path
    return [cell.tool("monkeytype"), "run", *cell.script], env


def _coverage(core):
    def command(cell):
        source = ["--source=" + ",".join(user_modules(cell))] if cell.workload.user_code else []
        argv = [cell.python, "-m", "coverage", "run", f"--data-file={cell.folder / 'out.coverage'}", *source]
        return [*argv, *cell.script], {"COVERAGE_CORE": core}
    return command


def _ghost_observer(cell):
    # It leaves out the standard library and site-packages, always: libraries are given to it from elsewhere.
    env = {"GHOST_DATA_DIR": str(cell.folder)}
    if cell.workload.user_code:
        env["PYTHONPATH"] = str(cell.libs)
    return [cell.tool("ghost"), "run", *cell.script], env


def _floor(what):
    """The least that any exact recorder with times does on this machine (floor/floor.c)."""
    def command(cell):
        path = f"{FLOOR}:{cell.libs.parent / 'floor'}"
        return [cell.python, *cell.script], {"PYTHONPATH": path, "FLOOR": what}
    return command


PEERS = (
    Peer("nothing", "-", _nothing),
    Peer("control", "-", _nothing),                     # nothing once more: what noise looks like in a column
    Peer("floor hook", "all", _floor("hook"), package="floor", events_of="ghost --all"),
    Peer("floor", "all", _floor("clock"), package="floor", events_of="ghost --all"),
    Peer("ghost", "user", _ghost(), ours=True),
    Peer("ghost --all", "all", _ghost("--all"), ours=True),
    Peer("viztracer", "all", _viztracer, 0.25, package="viztracer"),
    Peer("yappi", "all", _yappi, 0.25, package="yappi"),
    Peer("cProfile", "all", _cprofile, 0.5),
    Peer("coverage", "user", _coverage("ctrace"), 0.25, package="coverage"),
    Peer("coverage sysmon", "user", _coverage("sysmon"), 0.5, oldest=(3, 12), package="coverage"),
    Peer("monkeytype", "user", _monkeytype, 0.05, package="monkeytype"),
    Peer("ghost-observer", "user", _ghost_observer, 0.05, package="ghost-observer"),
)
BY_NAME = {p.name: p for p in PEERS}


def environment(extra):
    """A clean environment: nothing of the caller's Python or Ghost settings."""
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "GHOST", "COVERAGE", "VIRTUAL_ENV", "FLOOR"))}
    return keep | {"PYTHONHASHSEED": "0"} | extra
