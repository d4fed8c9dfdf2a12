"""Which Pythons are measured, and their environments under build/bench/<version>/.

An interpreter is named by its minor version. Those of a Debian root (a folder made by debootstrap)
run inside that root and bring no packages: only Ghost, cProfile and the workloads of the standard
library are measured there."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements.txt"
LIBRARIES = ("django", "asgiref", "sqlparse", "sqlglot", "docutils")


@dataclass(frozen=True)
class Interpreter:
    minor: str              # "3.12"
    python: Path            # inside its root, if it has one
    version: str            # "3.12.1"
    root: object = None     # Path of a Debian root, or None
    folder: object = None   # build/bench/<minor>

    @property
    def key(self):
        return tuple(map(int, self.minor.split(".")))

    @property
    def libs(self):
        return self.folder / "libs"

    def recorders(self, build):
        """Those of a root are built inside it, by tests/matrix/run.sh."""
        return build / "matrix" / self.root.name / "lib" if self.root else build / "lib"

    def has_recorder(self, build):
        return bool(list(self.recorders(build).glob(f"ghost_recorder.cpython-{self.minor.replace('.', '')}*.so")))


def _version(argv):
    code = "import sys,platform;print(platform.python_implementation(), platform.python_version())"
    try:
        done = subprocess.run([*map(str, argv), "-c", code], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.fullmatch(r"CPython (\d+\.\d+\.\d+\S*)", done.stdout.strip())
    return found[1] if found else None


def _candidates(minor):
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    yield from sorted(pyenv.glob(f"{minor}.*/bin/python3"), reverse=True)
    found = shutil.which(f"python{minor}")
    if found:
        yield Path(found)


def _in_roots(minor, roots):
    for root in sorted(roots.iterdir()) if roots and roots.is_dir() else ():
        if (root / f"usr/bin/python{minor}").exists():
            yield root


def find(minors, build, roots):
    """Interpreters of these minors, and a line for each that is not to be had."""
    found, missing = [], []
    for minor in minors:
        folder = build / minor
        for python in _candidates(minor):
            if version := _version([python]):
                found.append(Interpreter(minor, python, version, None, folder))
                break
        else:
            for root in _in_roots(minor, roots):
                python = Path(f"/usr/bin/python{minor}")
                if version := _version(["chroot", root, python]):
                    found.append(Interpreter(minor, python, version, root, folder))
                    break
            else:
                missing.append(f"Python {minor}: not found (pyenv, PATH, Debian roots); its tables are left out")
    return found, missing


def prepare(interpreter):
    """Makes the environment once; made anew when requirements.txt or this file changes. Returns the python to run."""
    interpreter.folder.mkdir(parents=True, exist_ok=True)
    if interpreter.root:
        return interpreter.python
    venv, stamp = interpreter.folder / "venv", interpreter.folder / "ready"
    made_from = REQUIREMENTS.read_bytes() + Path(__file__).read_bytes() + interpreter.version.encode()
    wanted = hashlib.sha256(made_from).hexdigest()
    python = venv / "bin/python"
    if stamp.exists() and stamp.read_text() == wanted and python.exists():
        return python
    print(f"bench: installing the peers for Python {interpreter.version} into {venv}", file=sys.stderr)
    shutil.rmtree(venv, ignore_errors=True)
    shutil.rmtree(interpreter.libs, ignore_errors=True)
    subprocess.run([interpreter.python, "-m", "venv", venv], check=True, timeout=300)
    subprocess.run([python, "-m", "pip", "-q", "--disable-pip-version-check", "install", "-r", REQUIREMENTS],
                   check=True, timeout=900)
    _copy_libraries(python, interpreter.libs)
    stamp.write_text(wanted)
    return python


def _copy_libraries(python, libs):
    """Outside site-packages, for the peer that refuses to look inside."""
    code = "import sysconfig;print(sysconfig.get_path('purelib'));print(sysconfig.get_path('stdlib'))"
    site, stdlib = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout.split("\n")[:2]
    skip = shutil.ignore_patterns("__pycache__")
    for name in LIBRARIES:
        shutil.copytree(Path(site) / name, libs / name, ignore=skip)
    shutil.copytree(Path(stdlib) / "json", libs / "json", ignore=skip)


def packages(python):
    done = subprocess.run([python, "-m", "pip", "--disable-pip-version-check", "freeze"], capture_output=True, text=True, timeout=60)
    return dict(line.split("==") for line in done.stdout.split() if "==" in line)


def enter_root(root, shared, argv):
    """A command that runs argv inside a Debian root with the folders `shared` at their own places."""
    binds = "".join(f'mkdir -p "$0{folder}" && mount --rbind "{folder}" "$0{folder}" && ' for folder in shared)
    setup = binds + 'mkdir -p "$0/proc" && mount -t proc proc "$0/proc" && exec chroot "$0" "$@"'
    return ["unshare", "-m", "sh", "-c", setup, root, *argv]
