"""What the tests of `ghost run` and of the bootstrap share.

The main tool is `both`: the same program plain and under Ghost, with all that
a program can see of itself (PROBE) compared.
"""
import json
import os
import pathlib
import re
import subprocess

import harness

SYSTEM_PYTHON = pathlib.Path("/usr/bin/python3")
# What Ghost may add to a process, and nothing else.
# With -X dev, loading any extension module looks up the codec of its name's encoding.
ADDED_MODULES = {"ghost_recorder", "encodings.ascii"}
ADDED_VARIABLES = {"PYTHONPATH", "GHOST_RECORD", "GHOST_SESSION_DIR", "GHOST_MAIN", "GHOST_HOW", "GHOST_DATA_DIR"}

PROBE = r'''
import sys
modules = sorted(sys.modules)
importers = sorted(sys.path_importer_cache)
import gc, hashlib, json, os, resource, signal, warnings
def folder_of(fd):
    try: return os.readlink("/proc/self/fd/%s" % fd)
    except OSError: return None
def names(values): return [repr(v) for v in values]
state = {
    "argv": sys.argv, "orig_argv": sys.orig_argv, "path": sys.path, "flags": repr(sys.flags),
    "executable": sys.executable, "prefix": sys.prefix, "modules": modules, "importers": importers,
    "meta_path": names(sys.meta_path), "path_hooks": names(sys.path_hooks), "filters": names(warnings.filters),
    "main": {k: repr(v) for k, v in vars(sys.modules["__main__"]).items()
             if k in ("__name__", "__doc__", "__package__", "__loader__", "__spec__", "__annotations__", "__builtins__", "__file__", "__cached__")},
    "sitecustomize": repr(sys.modules.get("sitecustomize")), "usercustomize": repr(sys.modules.get("usercustomize")),
    "sys": sorted(dir(sys)), "gc": [gc.get_threshold(), gc.isenabled(), len(gc.callbacks)],
    "environ": {k: hashlib.md5(v.encode("utf-8", "surrogateescape")).hexdigest() for k, v in os.environ.items()}, "cwd": os.getcwd(), "umask": os.umask(0o22),
    "trace": [repr(sys.gettrace()), repr(sys.getprofile()), sys.getrecursionlimit(), sys.getswitchinterval()],
    "signals": {s.name: repr(signal.getsignal(s)) for s in signal.valid_signals() if isinstance(s, signal.Signals)},
    "mask": sorted(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, []))),
    "limits": {n: resource.getrlimit(getattr(resource, n)) for n in dir(resource) if n.startswith("RLIMIT_")},
    "tty": [os.isatty(n) for n in (0, 1, 2)], "group": os.getpgrp() == os.getpgid(os.getppid()),
    "descriptors": {fd: name for fd in sorted(os.listdir("/proc/self/fd")) for name in [folder_of(fd)]
                    if name and "/proc/" not in name and not name.startswith(("pipe:", "socket:"))},
    "hash": hash("ghost"), "stdin": sys.stdin is not None and sys.stdin.encoding,
}
print(json.dumps(state))
'''


def interpreters():
    """Those that have a recorder, and the system's own when it has one too."""
    found = {p.version: p for p in harness.pythons()}
    if SYSTEM_PYTHON.exists():
        text = subprocess.run([SYSTEM_PYTHON, "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"],
                              capture_output=True, text=True).stdout.strip()
        minor = tuple(int(n) for n in text.split(".")[:2])
        if (harness.LIB / ("ghost_recorder.cpython-%d%d.so" % minor)).exists():
            found.setdefault(text, harness.Python(str(SYSTEM_PYTHON), text, minor, text + "-system"))
    return list(found.values())


def other_python(versions):
    """Some interpreter of one of these versions ("3.8", ...), or None: pyenv's or one in PATH."""
    for version in versions:
        candidates = sorted(pathlib.Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
        candidates += [pathlib.Path(d) / f"python{version}" for d in os.environ.get("PATH", "").split(":") if "shims" not in d]
        for path in candidates:
            if path.exists():
                return path
    return None


def environment(tmp_path, **more):
    """As a user's: without Ghost, with a data folder of the test's own."""
    env = harness.clean_environment(HOME=str(tmp_path), **more)
    env.pop("VIRTUAL_ENV", None)
    return {**env, "GHOST_DATA_DIR": str(tmp_path / "data")}


def boot_environment(tmp_path, **more):
    """Activation by the environment alone."""
    return {**environment(tmp_path), "PYTHONPATH": str(harness.LIB / "boot"), "GHOST_RECORD": "1", **more}


def run(argv, env, **popen):
    if "input" not in popen:
        popen.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run([str(a) for a in argv], env=env, capture_output=True, timeout=150, **popen)


def split_stderr(text):
    """(the program's, Ghost's lines)"""
    lines = text.splitlines(keepends=True)
    return (b"".join(l for l in lines if not l.startswith(b"ghost: ")),
            [l.decode().rstrip("\n") for l in lines if l.startswith(b"ghost: ")])


def without_addresses(text):
    return re.sub(rb"0x[0-9a-fA-F]{6,}", b"0x", text)


def both(python, argv, tmp_path, *, options=(), env=None, command=None, **popen):
    """Runs `python argv` (or `command argv`) plain and as `ghost run`; makes sure
    that status, stdout and stderr are the same but for Ghost's own lines.
    Returns the two results and those lines."""
    env = {**environment(tmp_path), **(env or {})}
    popen.setdefault("cwd", tmp_path)
    plain = run([command or python.exe, *argv], env, **popen)
    target = [command, *argv] if command else ["--python", python.exe, *argv]
    recorded = run([harness.GHOST, "run", *options, *target], env, **popen)
    err, told = split_stderr(recorded.stderr)
    assert recorded.returncode == plain.returncode, (plain, recorded)
    assert without_addresses(err) == without_addresses(plain.stderr), (plain.stderr, recorded.stderr)
    return plain, recorded, told


def state(result):
    """PROBE's output, made comparable."""
    data = json.loads(without_addresses(result.stdout))
    data["modules"] = [m for m in data["modules"] if m not in ADDED_MODULES]
    data["environ"] = {k: v for k, v in data["environ"].items() if k not in ADDED_VARIABLES}
    data["descriptors"] = {k: v for k, v in data["descriptors"].items() if "/sessions/" not in v}
    return data


def assert_same_state(a, b):
    first, second = state(a), state(b)
    different = {k: (first[k], second[k]) for k in first if first[k] != second[k]}
    assert not different, different


def sessions(tmp_path):
    folder = tmp_path / "data" / "sessions"
    return sorted(folder.iterdir()) if folder.exists() else []


def logs(tmp_path):
    return [log for session in sessions(tmp_path) for log in sorted(session.glob("*.ghost"))]


def refusals(tmp_path):
    return [f.read_text().strip() for session in sessions(tmp_path) for f in sorted(session.glob("*.refused"))]
