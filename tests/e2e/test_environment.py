"""Recording by the environment alone: no `ghost` in sight, only LIBDIR, PYTHONPATH and GHOST_RECORD=1."""
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys

import pytest

import harness
import run_support as support
from run_support import PROBE, assert_same_state, boot_environment, environment, run


def same(python, argv, tmp_path, env=None, **popen):
    """The program plain and with the environment set: equal in all it prints."""
    popen.setdefault("cwd", tmp_path)
    a = run([python.exe, *argv], {**environment(tmp_path), **(env or {})}, **popen)
    b = run([python.exe, *argv], boot_environment(tmp_path, **(env or {})), **popen)
    assert (a.returncode, support.without_addresses(a.stderr)) == (b.returncode, support.without_addresses(b.stderr)), (a, b)
    return a, b


@pytest.mark.parametrize("argv", [["app.py", "a"], ["-c", PROBE], ["-m", "app"], ["-X", "dev", "app.py"]], ids=lambda a: a[0])
def test_state(python, tmp_path, argv):
    (tmp_path / "app.py").write_text(PROBE)
    assert_same_state(*same(python, argv, tmp_path))
    assert len(support.logs(tmp_path)) == 1


def test_session_folder_is_private_and_shared_with_children(python, tmp_path):
    code = "import os, subprocess, sys; print(os.environ['GHOST_SESSION_DIR']); subprocess.run([sys.executable, '-c', 'pass'], check=True)"
    done = run([python.exe, "-c", code], boot_environment(tmp_path))
    (session,) = support.sessions(tmp_path)
    assert done.stdout.decode().strip() == str(session) and done.stderr == b""
    assert re.fullmatch(r"\d+-[0-9a-f]{8}", session.name)
    assert [stat.S_IMODE(p.stat().st_mode) for p in (session, session.parent, session.parent.parent)] == [0o700] * 3
    assert [stat.S_IMODE(p.stat().st_mode) for p in support.logs(tmp_path)] == [0o600] * 2


def test_two_programs_are_two_sessions(python, tmp_path):
    for _ in range(2):
        run([python.exe, "-c", "pass"], boot_environment(tmp_path))
    assert len(support.sessions(tmp_path)) == 2


def test_default_data_folder_is_in_the_home(python, tmp_path):
    env = boot_environment(tmp_path)
    del env["GHOST_DATA_DIR"]
    run([python.exe, "-c", "pass"], env)
    assert len(list((tmp_path / ".ghost/sessions").glob("*/*.ghost"))) == 1


@pytest.mark.parametrize("switch", [None, "", "0", "yes"])
def test_not_switched_on(python, tmp_path, switch):
    env = boot_environment(tmp_path)
    env.pop("GHOST_RECORD")
    if switch is not None:
        env["GHOST_RECORD"] = switch
    done = run([python.exe, "-c", "import sys; print('ghost_recorder' in sys.modules, [p for p in sys.path if 'boot' in p])"], env)
    assert done.stdout == b"False []\n" and done.stderr == b"" and support.sessions(tmp_path) == []


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing_joins_the_session(python, tmp_path, method):
    (tmp_path / "app.py").write_text(
        "import multiprocessing as mp\ndef work(n):\n    return n + 1\nif __name__ == '__main__':\n"
        f"    with mp.get_context({method!r}).Pool(2) as pool:\n        print(pool.map(work, range(4)))\n")
    a, b = same(python, ["app.py"], tmp_path)
    assert a.stdout == b.stdout == b"[1, 2, 3, 4]\n"
    assert len(support.sessions(tmp_path)) == 1 and len(support.logs(tmp_path)) >= 2 and support.refusals(tmp_path) == []


# ---- the bootstrap by itself: a recorder in Python's place shows what it is given ----

SHOW = '''
import os, sys
class Recorder:
    """Stands in for the extension: the bootstrap's own part, observed."""
    @staticmethod
    def start(config):
        import json
        with open(os.environ["SHOWN"], "a") as f:
            f.write(json.dumps(config) + "\\n")
import _frozen_importlib_external as external
real = external.ExtensionFileLoader
class Loader(real):
    def __init__(self, name, path):
        self.name, self.path = name, path
    def create_module(self, spec):
        return Recorder if spec.name == "ghost_recorder" else real.create_module(self, spec)
    def exec_module(self, module):
        if module is not Recorder:
            real.exec_module(self, module)
external.ExtensionFileLoader = Loader
'''


@pytest.fixture
def configuration(python, tmp_path):
    """configuration(argv, env) -> the configs that start() got, one a process."""
    import json
    site = tmp_path / "venv"
    subprocess.run([python.exe, "-m", "venv", "--without-pip", site], check=True, timeout=120)
    (packages,) = (site / "lib").glob("python3.*/site-packages")
    (packages / "show_config.py").write_text(SHOW)
    (packages / "show_config.pth").write_text("import show_config\n")

    def get(argv, env=None, cwd=tmp_path, **popen):
        shown = tmp_path / "shown"
        shown.unlink(missing_ok=True)
        done = run([site / "bin/python", *argv], boot_environment(tmp_path, SHOWN=str(shown), **(env or {})), cwd=cwd, **popen)
        assert done.returncode == 0, done
        return [json.loads(line) for line in shown.read_text().splitlines()] if shown.exists() else []
    get.site, get.packages = site, packages
    return get


@pytest.mark.parametrize("argv, main, script", [
    (["app.py", "-m", "x"], "app", "app.py"), (["./sub/tool", "a"], "tool", "./sub/tool"), (["sub/two.parts.py"], "two.parts", "sub/two.parts.py"),
    (["-c", "pass", "-m"], "__main__", "-c"), (["-cpass", "x"], "__main__", "-c"), (["-m", "pkg", "a"], "pkg", "pkg"),
    (["-mpkg"], "pkg", "pkg"), (["-Bm", "pkg.inner"], "pkg.inner", "pkg.inner"), (["-X", "dev", "-W", "ignore", "-m", "pkg", "-m", "b"], "pkg", "pkg"),
    (["folder"], "folder", "folder"), (["folder/"], "folder", "folder/"), (["app.pyz"], "app", "app.pyz"), (["-", "a"], "__main__", "-"), ([], "__main__", "-")],
    ids=lambda v: " ".join(v) if isinstance(v, list) else None)
def test_names(configuration, tmp_path, argv, main, script):
    for name in ("app.py", "sub/tool", "sub/two.parts.py", "pkg/__init__.py", "pkg/__main__.py", "pkg/inner.py", "folder/__main__.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    import zipapp
    zipapp.create_archive(tmp_path / "folder", tmp_path / "app.pyz")
    (config,) = configuration(argv)
    assert (config["main_name"], config["script"], config["how"]) == (main, script, "env")


def test_names_of_spawned_processes(configuration, tmp_path):
    (tmp_path / "service.py").write_text(
        "import multiprocessing as mp, subprocess, sys\ndef work(n):\n    return n\nif __name__ == '__main__':\n"
        "    for m in ('spawn', 'forkserver'):\n        with mp.get_context(m).Pool(1) as pool:\n            pool.map(work, [1])\n"
        "    subprocess.run([sys.executable, 'other.py'], check=True)\n")
    (tmp_path / "other.py").write_text("")
    got = sorted((c["main_name"], c["script"]) for c in configuration(["service.py"]))
    assert got == [("other", "other.py"), ("service", "multiprocessing.forkserver"), ("service", "multiprocessing.spawn"), ("service", "service.py")]


def test_configuration(configuration, tmp_path, python):
    (config,) = configuration(["-c", ""], {"GHOST_INCLUDE": "a.*:/src/*", "GHOST_EXCLUDE": "b", "GHOST_ALL": "1", "GHOST_FLUSH": "2.5",
                                           "GHOST_ON_FULL": "drop", "GHOST_MAX_LOG": "1.5M", "GHOST_HOOK": "profile", "GHOST_HOW": "run"})
    expected = {"include": ["a.*", "/src/*"], "exclude": ["b"], "all": True, "flush_ms": 2500, "on_full": "drop", "max_log": 3 << 19,
                "hook": "profile", "how": "run", "boot": str(harness.LIB / "boot"), "session_dir": str(support.sessions(tmp_path)[0])}
    assert {k: config[k] for k in expected} == expected
    import_paths = subprocess.run([python.exe, "-c", "import sysconfig; print(sysconfig.get_path('stdlib'))"], capture_output=True, text=True)
    assert import_paths.stdout.strip() in config["stdlib"]
    assert str(configuration.packages) in config["site"] and len(config["site"]) >= 2


def test_configuration_by_default(configuration):
    (config,) = configuration(["-c", ""])
    expected = {"include": [], "exclude": [], "all": False, "flush_ms": None, "on_full": "wait", "max_log": None, "hook": ""}
    assert {k: config[k] for k in expected} == expected


def test_nothing_imported_on_the_way(configuration, tmp_path, python):
    """The bootstrap finds all it needs among what Python has loaded by then."""
    code = "import sys; print(sorted(set(sys.modules) - {'ghost_recorder', 'json'}))"
    plain = run([configuration.site / "bin/python", "-c", code], environment(tmp_path))
    booted = run([configuration.site / "bin/python", "-c", code], boot_environment(tmp_path, GHOST_MAX_LOG="x"))
    assert plain.stdout == booted.stdout
    assert len(list((tmp_path / "data").glob("refused.txt"))) == 1      # it got as far as the configuration


# ---- refusals ----

@pytest.mark.parametrize("name, value, part", [("GHOST_MAX_LOG", "much", "GHOST_MAX_LOG has no usable value"), ("GHOST_MAX_LOG", "-1", "GHOST_MAX_LOG"),
                                               ("GHOST_FLUSH", "nan", "GHOST_FLUSH"), ("GHOST_FLUSH", "1M", "GHOST_FLUSH"),
                                               ("GHOST_ON_FULL", "explode", "wait or drop")])
def test_bad_settings(python, tmp_path, name, value, part):
    session = tmp_path / "session"
    session.mkdir()
    done = run([python.exe, "-c", "print(1)"], boot_environment(tmp_path, GHOST_SESSION_DIR=str(session), **{name: value}))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"1\n", b"")
    (note,) = session.glob("*.refused")
    assert part in note.read_text() and value not in note.read_text().partition("): ")[2].partition(";")[0]
    assert stat.S_IMODE(note.stat().st_mode) == 0o600


def lib_copy(tmp_path, *, recorders=True):
    folder = tmp_path / "lib copy"
    shutil.copytree(harness.LIB / "boot", folder / "boot")
    for recorder in harness.LIB.glob("*.so") if recorders else ():
        shutil.copy(recorder, folder)
    return folder


def test_a_copied_library_folder_is_enough(python, tmp_path):
    """What docs/run.md tells for containers."""
    folder = lib_copy(tmp_path)
    done = run([python.exe, "-c", "print(1)"], {**boot_environment(tmp_path), "PYTHONPATH": str(folder / "boot")})
    assert done.stdout == b"1\n" and len(support.logs(tmp_path)) == 1


def test_recorder_for_this_version_is_missing(python, tmp_path):
    folder = lib_copy(tmp_path, recorders=False)
    done = run([python.exe, "-c", "print(1)"], {**boot_environment(tmp_path), "PYTHONPATH": str(folder / "boot"), "GHOST_DEBUG": "1"})
    assert done.stdout == b"1\n" and done.returncode == 0
    text = (tmp_path / "data/refused.txt").read_text()
    assert "there is no recorder for CPython %d.%d" % python.minor in text and "make PYTHONS=" in text
    assert done.stderr.startswith(b"ghost: not recorded: there is no recorder")


def test_recorder_that_does_not_load(python, tmp_path):
    folder = lib_copy(tmp_path)
    for recorder in folder.glob("*.so"):
        recorder.write_bytes(b"this is no shared object")
    done = run([python.exe, "-c", "import sys; print('ghost_recorder' in sys.modules)"], {**boot_environment(tmp_path), "PYTHONPATH": str(folder / "boot")})
    assert (done.returncode, done.stdout, done.stderr) == (0, b"False\n", b"")
    (session,) = support.sessions(tmp_path)
    assert len(list(session.glob("*.refused"))) == 1


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.7", "3.8", "3.9", "3.10"])
def test_older_python_is_left_alone(tmp_path, version):
    old = support.other_python((version,))
    if not old:
        pytest.skip(f"no Python {version} here")
    (tmp_path / "session").mkdir()
    code = "import sys; print([sorted(sys.modules), sys.path, sorted(sys.path_importer_cache)])"
    plain = run([old, "-c", code], environment(tmp_path))
    booted = run([old, "-c", code], boot_environment(tmp_path, GHOST_SESSION_DIR=str(tmp_path / "session")))
    assert plain.returncode == booted.returncode == 0
    if version != "2.7":                           # there, writing the reason imports a codec
        assert plain.stdout == booted.stdout
    assert plain.stderr == booted.stderr == b""
    (note,) = (tmp_path / "session").glob("*.refused")
    assert f"CPython {version} cannot be recorded" in note.read_text()


def test_pypy_and_free_threaded_builds(python, tmp_path):
    """Neither is at hand everywhere: the interpreter is made to look like one before the bootstrap runs."""
    packages = tmp_path / "venv"
    subprocess.run([python.exe, "-m", "venv", "--without-pip", packages], check=True, timeout=120)
    (folder,) = (packages / "lib").glob("python3.*/site-packages")
    for change, part in (("sys.implementation.name = 'pypy'", "only CPython can be recorded, not pypy"), ("sys.abiflags = 't'", "free-threaded builds"),
                         ("sys.abiflags = 'd'", "a debug build of CPython"), ("sys.version_info = (3, 16, 0, 'final', 0)", "CPython 3.16 cannot be recorded")):
        session = tmp_path / re.sub(r"\W", "", change)
        session.mkdir()
        (folder / "disguise.pth").write_text(f"import sys; {change}\n")
        done = run([packages / "bin/python", "-c", "print(1)"], boot_environment(tmp_path, GHOST_SESSION_DIR=str(session)))
        assert (done.returncode, done.stdout, done.stderr) == (0, b"1\n", b"")
        (note,) = session.glob("*.refused")
        assert part in note.read_text()


def test_nowhere_to_write(python, tmp_path):
    (tmp_path / "file").write_text("")
    for place in (str(tmp_path / "file"), "/proc/nowhere", ""):
        env = boot_environment(tmp_path, GHOST_DATA_DIR=place)
        if not place:
            env.update(HOME="/proc/nowhere")
        done = run([python.exe, "-c", "print(1)"], env)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"1\n", b"")


def test_session_folder_that_went_away(python, tmp_path):
    done = run([python.exe, "-c", "print(1)"], boot_environment(tmp_path, GHOST_SESSION_DIR=str(tmp_path / "gone")))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"1\n", b"")


def test_link_in_place_of_the_reason(python, tmp_path):
    """Nothing is written through a link that somebody put there."""
    (tmp_path / "session").mkdir()
    (tmp_path / "victim").write_text("")
    code = f"import os; os.symlink('{tmp_path}/victim', '{tmp_path}/session/%d.refused' % os.getpid()); os.execv('{python.exe}', ['python', '-c', 'print(1)'])"
    done = run([python.exe, "-I", "-c", code], boot_environment(tmp_path, GHOST_SESSION_DIR=str(tmp_path / "session"), GHOST_ON_FULL="never"))
    assert done.stdout == b"1\n" and (tmp_path / "victim").read_text() == ""


# ---- company ----

def test_two_copies_of_ghost(python, tmp_path):
    folder = lib_copy(tmp_path)
    env = boot_environment(tmp_path)
    env["PYTHONPATH"] = f"{harness.LIB}/boot:{folder}/boot"
    done = run([python.exe, "-c", "import sys; print([p for p in sys.path if 'boot' in p])"], env)
    assert done.stdout == b"[]\n" and len(support.logs(tmp_path)) == 1 and support.refusals(tmp_path) == []


def test_read_only_library_folder(python, tmp_path):
    """No byte code is left behind where the user may not write, and none is needed."""
    folder = lib_copy(tmp_path)
    shutil.rmtree(folder / "boot/__pycache__", ignore_errors=True)
    env = {**boot_environment(tmp_path), "PYTHONPATH": str(folder / "boot"), "PYTHONDONTWRITEBYTECODE": "1"}
    assert run([python.exe, "-c", "print(1)"], env).stdout == b"1\n"
    assert [p.name for p in (folder / "boot").iterdir()] == ["sitecustomize.py"]


SUBINTERPRETER = r'''
try:
    import _interpreters as interpreters
    make, execute = (lambda: interpreters.create("legacy")), interpreters.exec
except ImportError:
    import _xxsubinterpreters as interpreters
    make, execute = (lambda: interpreters.create(isolated=False)), interpreters.run_string
import sys
execute(make(), "import sys\ndef f(): return 1\nf()\nprint('ghost_recorder' in sys.modules, [p for p in sys.path if 'boot' in p], flush=True)")
print('ghost_recorder' in sys.modules)
'''


def test_subinterpreter_is_left_alone(python, tmp_path):
    plain = run([python.exe, "-c", SUBINTERPRETER], environment(tmp_path))
    done = run([python.exe, "-c", SUBINTERPRETER], boot_environment(tmp_path))
    assert done.returncode == 0 and done.stdout == b"False []\nTrue\n", done
    assert done.stderr == plain.stderr and len(support.logs(tmp_path)) == 1 and support.refusals(tmp_path) == []
