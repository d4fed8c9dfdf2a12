"""`ghost run` is invisible to the program: each program runs plain and recorded, and all it can see is compared."""
import os
import pathlib
import stat
import subprocess
import sys
import zipapp

import pytest

import harness
import run_support as support
from run_support import PROBE, assert_same_state, both


def pytest_generate_tests(metafunc):
    """Here `interpreter`: the matrix's, and the system's own."""
    if "interpreter" in metafunc.fixturenames:
        found = support.interpreters()
        metafunc.parametrize("interpreter", found or [pytest.param(None, marks=pytest.mark.skip(
            reason="no interpreter has a recorder here: run make"))], ids=[p.label for p in found] or ["none"])


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


# ---- what a program sees of itself ----

@pytest.mark.parametrize("words", [["app.py"], ["app.py", "--all", "-m", "x y", ""], ["./app.py", "-q"], ["{tmp}/app.py"],
                                   ["-c", PROBE, "-m", "--python"], ["-m", "pkg", "--flush", "9"], ["-m", "pkg.inner"],
                                   ["folder", "a"], ["./folder"], ["app.pyz", "1", "2"]],
                         ids=["script", "arguments", "dot", "absolute", "code", "package", "module", "folder", "dot-folder", "zip"])
def test_state(interpreter, tmp_path, words):
    write(tmp_path / "app.py", PROBE)
    write(tmp_path / "pkg/__init__.py", "")
    write(tmp_path / "pkg/__main__.py", PROBE)
    write(tmp_path / "pkg/inner.py", PROBE)
    write(tmp_path / "folder/__main__.py", PROBE)
    zipapp.create_archive(tmp_path / "folder", tmp_path / "app.pyz")
    a, b, told = both(interpreter, [w.format(tmp=tmp_path) if "{tmp}" in w else w for w in words], tmp_path)
    assert_same_state(a, b)
    assert len(told) >= 1 and told[0].startswith("ghost: session ")
    assert len(support.logs(tmp_path)) == 1


@pytest.mark.parametrize("path", [None, "", "lib", ":lib", "lib::other", "lib:", "{tmp}/lib/:{tmp}/lib", "absent"])
def test_python_path(interpreter, tmp_path, path):
    write(tmp_path / "app.py", PROBE)
    (tmp_path / "lib").mkdir()
    (tmp_path / "other").mkdir()
    env = {} if path is None else {"PYTHONPATH": path.format(tmp=tmp_path)}
    assert_same_state(*both(interpreter, ["app.py"], tmp_path, env=env)[:2])


@pytest.mark.parametrize("flags", [["-X", "dev"], ["-W", "error"], ["-O"], ["-s"], ["-P"], ["-u"], ["-bb"], ["-X", "frozen_modules=off"],
                                   ["-X", "utf8=0"], ["-B"]], ids=" ".join)
def test_interpreter_options(interpreter, tmp_path, flags):
    write(tmp_path / "app.py", PROBE)
    assert_same_state(*both(interpreter, [*flags, "app.py", "-x"], tmp_path, command=interpreter.exe)[:2])


def test_stdin_program(interpreter, tmp_path):
    assert_same_state(*both(interpreter, ["-", "a"], tmp_path, input=PROBE.encode())[:2])
    assert_same_state(*both(interpreter, [], tmp_path, command=interpreter.exe, input=PROBE.encode())[:2])


def test_stdin_is_the_programs(interpreter, tmp_path):
    a, b, _ = both(interpreter, ["-c", "import sys; print(sys.stdin.buffer.read())"], tmp_path, input=b"one\0two\nthree")
    assert a.stdout == b.stdout != b""


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)], ids=str)
def test_closed_descriptors(interpreter, tmp_path, closed):
    program = write(tmp_path / "app.py", "import os, sys\nopen('seen', 'w').write(str([os.path.exists('/proc/self/fd/%d' % n) for n in range(3)]))\nsys.exit(9)\n")
    redirect = " ".join(f"{n}>&-" for n in closed)
    seen = []
    for words in ([interpreter.exe, program], [harness.GHOST, "run", "--python", interpreter.exe, program]):
        command = " ".join(f"'{w}'" for w in words)
        done = support.run(["sh", "-c", f"exec {command} {redirect}"], support.environment(tmp_path), cwd=tmp_path)
        assert done.returncode == 9, done
        seen.append((tmp_path / "seen").read_text())
    assert seen[0] == seen[1]
    for log in support.logs(tmp_path):
        assert b"ghost: session" not in log.read_bytes()


def test_sitecustomize_of_the_application(interpreter, tmp_path):
    write(tmp_path / "lib/sitecustomize.py", "import sys\nsys.mark = (__name__, __file__, __spec__.origin)\nprint('custom', sys.path[:2])\n")
    write(tmp_path / "lib/usercustomize.py", "print('user')\n")
    write(tmp_path / "app.py", PROBE.replace("import sys\n", "import sys\nprint(sys.mark)\n", 1))
    a, b, _ = both(interpreter, ["app.py"], tmp_path, env={"PYTHONPATH": "lib"})
    assert a.stdout.splitlines()[:2] == b.stdout.splitlines()[:2]
    assert b"custom" in b.stdout
    a.stdout, b.stdout = a.stdout.splitlines()[-1], b.stdout.splitlines()[-1]
    assert_same_state(a, b)


@pytest.mark.parametrize("body", ["raise ValueError('no')", "import nothing_of_that_name", "raise SystemExit(4)", "1/0", "syntax error here"])
def test_failing_sitecustomize(interpreter, tmp_path, body):
    write(tmp_path / "lib/sitecustomize.py", body)
    write(tmp_path / "app.py", PROBE)
    env = {**support.environment(tmp_path), "PYTHONPATH": "lib"}
    a = support.run([interpreter.exe, "app.py"], env, cwd=tmp_path)
    b = support.run([harness.GHOST, "run", "--python", interpreter.exe, "app.py"], env, cwd=tmp_path)
    assert a.returncode == b.returncode
    if "SystemExit" in body:                      # the traceback of a fatal start-up shows one line of the bootstrap's
        return
    assert support.split_stderr(b.stderr)[0] == a.stderr
    assert_same_state(a, b)


# ---- output, tracebacks, exit ----

FAILING = {
    "raise": "def f(n):\n    return f(n - 1) if n else 1 / 0\nf(3)\n",
    "chain": "def f():\n    try:\n        {}['k']\n    except KeyError as e:\n        raise RuntimeError('x') from e\nf()\n",
    "syntax": "def f(:\n    pass\n",
    "import": "import no_such_module_at_all\n",
    "exit-text": "import sys\nsys.exit('bye')\n",
    "thread": "import threading\ndef f():\n    raise OSError('t')\nt = threading.Thread(target=f, name='worker')\nt.start()\nt.join()\n",
    "unraisable": "class A:\n    def __del__(self):\n        raise ValueError('d')\na = A()\ndel a\nprint('end')\n",
    "atexit": "import atexit\n@atexit.register\ndef f():\n    raise ValueError('a')\n",
    "recursion": "import sys\nsys.setrecursionlimit(200)\ndef f():\n    f()\nf()\n",
    "stack": "import traceback\ndef f():\n    traceback.print_stack()\nf()\n",
    "warning": "import warnings\ndef f():\n    warnings.warn('w', stacklevel=2)\nf()\n",
    "interrupt": "def f():\n    raise KeyboardInterrupt\nf()\n",
    "generator": "def g():\n    yield 1\n    raise ValueError('g')\nlist(g())\n",
    "asyncio": "import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    raise ValueError('c')\nasyncio.run(f())\n",
    "group": "raise ExceptionGroup('g', [ValueError(1), TypeError(2)])\n",
    "os-exit": "import os\nprint('x', flush=True)\nos._exit(5)\n",
}


@pytest.mark.parametrize("name", FAILING)
def test_tracebacks(interpreter, tmp_path, name):
    write(tmp_path / "app.py", FAILING[name])
    a, b, _ = both(interpreter, ["app.py"], tmp_path)
    assert a.stdout == b.stdout
    assert a.returncode != 0 or a.stderr or a.stdout


def test_traceback_of_module_and_code(interpreter, tmp_path):
    write(tmp_path / "pkg/__main__.py", "def f():\n    raise ValueError(1)\nf()\n")
    assert both(interpreter, ["-m", "pkg"], tmp_path)[0].returncode == 1
    assert both(interpreter, ["-c", "def f():\n    raise ValueError(1)\nf()\n"], tmp_path)[0].returncode == 1
    assert both(interpreter, ["-m", "no_such_module"], tmp_path)[0].returncode == 1


def test_every_exit_status(tmp_path):
    env = support.environment(tmp_path)
    for status in range(256):
        assert support.run([harness.GHOST, "run", "-q", "sh", "-c", f"exit {status}"], env).returncode == status


@pytest.mark.parametrize("status", [0, 1, 2, 3, 120, 127, 255])
def test_exit_status_of_python(interpreter, tmp_path, status):
    both(interpreter, ["-c", f"import sys; sys.exit({status})"], tmp_path)


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGKILL", "SIGABRT", "SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGQUIT", "SIGALRM", "SIGXCPU"])
def test_death_by_signal(interpreter, tmp_path, name):
    code = f"import os, signal\nsignal.signal(signal.{name}, signal.SIG_DFL)\n" if name not in ("SIGKILL",) else "import os, signal\n"
    a, b, _ = both(interpreter, ["-c", code + f"os.kill(os.getpid(), signal.{name})"], tmp_path)
    assert b.returncode == -getattr(__import__("signal"), name)
    assert len(list(tmp_path.glob("core*"))) <= 2, "at most one of the target's, plain and recorded, where the machine leaves any; none of ghost's"


HELD = '''\
import collections.abc, sys, typing
class App:
    def again(self, x: "typing.Sequence[App]") -> typing.Optional["App"]:
        return self
T = typing.TypeVar("T", bound=App)
def f(x: typing.List[App], y: typing.Callable[[App], int] = len, z: typing.Union[int, typing.Literal["a"], None] = None, *t: T) -> typing.Annotated[App, 1]:
    return x
f([App()])
App().again([])
class Registered: pass
collections.abc.Sized.register(Registered)
f([Registered()])
f(Registered())
def held():
    found = {f"collections.abc.{n}": getattr(collections.abc, n) for n in collections.abc.__all__}
    found |= {f"typing.{n}": v for n, v in vars(typing).items() if isinstance(v, type) and v.__module__ == "typing"}
    found |= {"App": App, "Registered": Registered, "f": f, "f.__code__": f.__code__}
    return {n: sys.getrefcount(v) for n, v in found.items()}
print(held())
'''


def test_nothing_of_the_application_is_held(interpreter, tmp_path):
    """What lives on for the recorder's sake is not torn down as it would be (a file writes what it has buffered when it is freed):
    as many references as without it, after types, annotations and registrations were described."""
    plain, recorded, _ = both(interpreter, ["-c", HELD], tmp_path)
    assert recorded.stdout == plain.stdout and b"typing.ForwardRef" in plain.stdout


def test_broken_pipe(interpreter, tmp_path):
    write(tmp_path / "app.py", "import sys\nfor i in range(100000):\n    print(i)\nsys.exit(0)\n")
    text = f"'{harness.GHOST}' run --python '{interpreter.exe}' app.py 2>/dev/null | head -1; echo ${{PIPESTATUS[0]}}"
    plain = f"'{interpreter.exe}' app.py 2>/dev/null | head -1; echo ${{PIPESTATUS[0]}}"
    env = support.environment(tmp_path)
    out = [support.run(["bash", "-c", t], env, cwd=tmp_path).stdout for t in (plain, text)]
    assert out[0] == out[1]


def test_stderr_that_nobody_reads(interpreter, tmp_path):
    read, write_end = os.pipe()
    os.close(read)
    done = subprocess.run([harness.GHOST, "run", "--python", interpreter.exe, "-c", "import sys; sys.exit(6)"], stderr=write_end,
                          env=support.environment(tmp_path), timeout=60)
    os.close(write_end)
    assert done.returncode == 6


# ---- multiprocessing and children ----

CHILDREN = r'''
import json, multiprocessing as mp, os, sys
def work(n):
    return {"n": n, "argv": sys.argv, "path": sys.path, "main": sorted(vars(sys.modules["__main__"])), "name": __name__,
            "flags": repr(sys.flags), "file": sys.modules["__main__"].__file__, "method": mp.get_start_method()}
if __name__ == "__main__":
    ctx = mp.get_context(sys.argv[1])
    with ctx.Pool(2) as pool:
        print(json.dumps(pool.map(work, range(3)), sort_keys=True))
'''


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("how", ["script", "module"])
def test_multiprocessing(interpreter, tmp_path, method, how):
    write(tmp_path / "app.py", CHILDREN)
    a, b, _ = both(interpreter, ["app.py", method] if how == "script" else ["-m", "app", method], tmp_path)
    assert a.stdout == b.stdout != b""
    assert len(support.logs(tmp_path)) >= 2
    assert support.refusals(tmp_path) == []


def test_subprocess_children_join(interpreter, tmp_path):
    write(tmp_path / "child.py", "import sys\nprint(sys.argv, sys.path)\n")
    write(tmp_path / "app.py", "import subprocess, sys\nsys.exit(subprocess.run([sys.executable, 'child.py', 'x']).returncode)\n")
    a, b, told = both(interpreter, ["app.py"], tmp_path)
    assert a.stdout == b.stdout
    assert len(support.logs(tmp_path)) == 2 and len(support.sessions(tmp_path)) == 1
    assert "2 processes" in told[0]


def test_exec_of_another_program(interpreter, tmp_path):
    write(tmp_path / "app.py", "import os, sys\nif len(sys.argv) < 2:\n    os.execv(sys.executable, [sys.executable, 'app.py', 'again'])\nprint(sys.argv)\n")
    a, b, _ = both(interpreter, ["app.py"], tmp_path)
    assert a.stdout == b.stdout == b"['app.py', 'again']\n"
    assert len(support.logs(tmp_path)) == 2
