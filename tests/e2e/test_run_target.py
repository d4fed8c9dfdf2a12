"""What `ghost run` makes of its target, and what it tells at the end."""
import os
import pathlib
import stat
import subprocess
import sys

import pytest

import harness
import run_support as support
from run_support import PROBE, assert_same_state, both


def script(path, text, mode=0o755):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def ghost(tmp_path, *words, env=None, **popen):
    popen.setdefault("cwd", tmp_path)
    done = support.run([harness.GHOST, "run", *words], {**support.environment(tmp_path), **(env or {})}, **popen)
    return done, support.split_stderr(done.stderr)[1]


@pytest.fixture
def venv(python, tmp_path):
    folder = tmp_path / "v"
    subprocess.run([python.exe, "-m", "venv", "--without-pip", folder], check=True, timeout=120)
    return folder


def test_console_script_of_a_venv(python, venv, tmp_path):
    """As pip makes them: found in PATH, executed as it is."""
    (package,) = (venv / "lib").glob("python3.*/site-packages")
    script(package / "tool/__init__.py", f"def main():\n    exec({PROBE!r}, {{}})\n    return 3\n", 0o644)
    script(venv / "bin/tool", f"#!{venv}/bin/python\nimport sys\nfrom tool import main\nsys.exit(main())\n")
    env = {"PATH": f"{venv}/bin:{os.environ['PATH']}"}
    a, b, told = both(python, ["--all", "-m", "x"], tmp_path, command="tool", env=env)
    assert b.returncode == 3
    assert_same_state(a, b)
    assert len(support.logs(tmp_path)) == 1


def test_interpreter_of_the_venv(venv, tmp_path):
    done, _ = ghost(tmp_path, "-c", "import sys; print(sys.prefix)", env={"VIRTUAL_ENV": str(venv)})
    assert done.stdout.decode().strip() == str(venv)


def test_python3_of_the_path(python, tmp_path):
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python3").symlink_to(python.exe)
    env = {"PATH": f"{folder}:/usr/bin:/bin"}
    done, _ = ghost(tmp_path, "-c", "import sys; print(sys.version_info[:2], sys.orig_argv[0])", env=env)
    assert done.stdout.decode().strip() == f"{python.minor} python3"


def test_python_option_runs_a_script_found_in_path(python, tmp_path):
    script(tmp_path / "bin/tool", "#!/nonexistent/python3\nimport sys\nprint(sys.argv[1:], sys.executable)\n")
    done, _ = ghost(tmp_path, "--python", python.exe, "tool", "a", env={"PATH": f"{tmp_path}/bin:/usr/bin:/bin"})
    assert done.stdout.decode().split()[0] == "['a']" and done.returncode == 0


def test_python_option_on_something_else(python, tmp_path):
    done, told = ghost(tmp_path, "--python", python.exe, "ls")
    assert done.returncode == 2 and "not a Python script" in told[0]


def test_command_that_starts_python(python, tmp_path):
    script(tmp_path / "job.sh", f"#!/bin/sh\n'{python.exe}' -c 'print(1)'\n'{python.exe}' -c 'print(2)'\nexit 4\n")
    done, told = ghost(tmp_path, "./job.sh")
    assert done.stdout == b"1\n2\n" and done.returncode == 4
    assert "2 processes" in told[0]


def test_file_without_suffix(python, tmp_path):
    script(tmp_path / "tool", "print(__file__)\n", 0o644)
    for name in ("tool", "./tool"):
        done, _ = ghost(tmp_path, "--python", python.exe, name)
        assert done.stdout.decode().strip() in (f"{tmp_path}/tool", f"{tmp_path}/./tool"), done


def test_command_goes_before_a_folder_of_that_name(python, tmp_path):
    script(tmp_path / "true/__main__.py", "raise SystemExit(5)\n", 0o644)
    assert ghost(tmp_path, "true")[0].returncode == 0
    assert ghost(tmp_path, "--python", python.exe, "./true")[0].returncode == 5


@pytest.mark.parametrize("words, part", [
    ([], "needs something to run"), (["no-such-command"], "neither a Python program nor a command in PATH"),
    (["./no-such-file"], "neither a Python program nor a command"), (["--python", "no-such-python", "x.py"], "no such program in PATH"),
    (["--nothing", "x.py"], "no option '--nothing'"), (["--on-full", "never", "x.py"], "wait, drop"),
    (["--max-log", "much", "x.py"], "--max-log wants"), (["-m"], "--module needs a value")])
def test_usage_errors(tmp_path, words, part):
    done, told = ghost(tmp_path, *words)
    assert done.returncode == 2 and len(told) == 1 and part in told[0], done
    assert done.stdout == b"" and support.sessions(tmp_path) == []


def test_options_reach_the_recorder(python, tmp_path):
    show = "import os; print({k: v for k, v in os.environ.items() if k.startswith('GHOST')})"
    done, _ = ghost(tmp_path, "--include", "a*", "--include", "b", "--exclude", "/x/*", "--all", "--flush", "0.5", "--on-full", "drop",
                    "--max-log", "2M", "--python", python.exe, "-c", show)
    seen = eval(done.stdout)
    assert {k: seen.get(k) for k in ("GHOST_INCLUDE", "GHOST_EXCLUDE", "GHOST_ALL", "GHOST_FLUSH", "GHOST_ON_FULL", "GHOST_MAX_LOG")} == {
        "GHOST_INCLUDE": "a*:b", "GHOST_EXCLUDE": "/x/*", "GHOST_ALL": "1", "GHOST_FLUSH": "0.5", "GHOST_ON_FULL": "drop", "GHOST_MAX_LOG": "2097152"}


def test_data_dir(python, tmp_path):
    done, told = ghost(tmp_path, "--data-dir", "elsewhere", "--python", python.exe, "-c", "import os; os.chdir('/')")
    (session,) = (tmp_path / "elsewhere/sessions").iterdir()
    assert len(list(session.glob("*.ghost"))) == 1 and str(session) in told[0]
    assert stat.S_IMODE(session.stat().st_mode) == 0o700


def test_quiet(python, tmp_path):
    done, told = ghost(tmp_path, "-q", "--python", python.exe, "-c", "def f(): pass\nf()")
    assert told == [] and done.stderr == b"" and len(support.logs(tmp_path)) == 1


def test_nested(python, tmp_path):
    """A recorded program that records another: two sessions, neither disturbs the other."""
    script(tmp_path / "inner.py", "import os; print(os.environ['PYTHONPATH'].count('boot'))\n", 0o644)
    done, told = ghost(tmp_path, "sh", "-c", f"'{python.exe}' -c pass; '{harness.GHOST}' run --python '{python.exe}' inner.py")
    assert done.returncode == 0 and done.stdout == b"1\n"
    assert [t.split()[3:5] for t in told if "session" in t] == [["1", "process,"]] * 2


# ---- nothing, or not all, was recorded ----

@pytest.mark.parametrize("flag", ["-I", "-E", "-S", "-uI", "-bE"])
def test_isolated_interpreter(python, tmp_path, flag):
    done, told = ghost(tmp_path, python.exe, flag, "-c", "print(1)")
    assert done.stdout == b"1\n" and done.returncode == 0
    assert len(told) == 1 and "nothing was recorded" in told[0] and "-" + flag[-1] in told[0]
    assert support.sessions(tmp_path) == []


def test_option_of_the_script_is_not_the_interpreters(python, tmp_path):
    script(tmp_path / "app.py", "print(1)\n", 0o644)
    done, told = ghost(tmp_path, python.exe, "-X", "dev", "-W", "ignore", "app.py", "-I")
    assert "1 process" in told[0]


def test_not_python(tmp_path):
    done, told = ghost(tmp_path, "echo", "hello")
    assert done.stdout == b"hello\n" and "'echo' started no Python" in told[0]


def test_cleared_environment(python, tmp_path):
    done, told = ghost(tmp_path, "env", "-i", python.exe, "-c", "print(1)")
    assert done.stdout == b"1\n" and "nothing was recorded" in told[0]


def test_unsupported_version(tmp_path):
    old = support.other_python(("3.10", "3.9", "3.8", "3.7", "3.6", "2.7"))
    if not old:
        pytest.skip("no Python older than 3.11 here")
    done, told = ghost(tmp_path, "--python", str(old), "-c", "print(1)")
    assert done.stdout == b"1\n" and done.returncode == 0
    assert len(told) == 1 and "1 process not recorded" in told[0] and "only 3.11 to 3.15" in told[0]


def test_some_processes_refused(python, tmp_path):
    old = support.other_python(("3.10", "3.9", "3.8"))
    if not old:
        pytest.skip("no Python 3.8 to 3.10 here")
    done, told = ghost(tmp_path, "sh", "-c", f"'{old}' -c 1; '{old}' -c 1; '{python.exe}' -c 1")
    assert "1 process," in told[0] and any("2 processes not recorded" in t for t in told)


@pytest.mark.parametrize("place", ["/proc/nowhere", "file"])
def test_data_folder_that_cannot_be(python, tmp_path, place):
    (tmp_path / "file").write_text("")
    folder = place if place.startswith("/") else str(tmp_path / place)
    done, told = ghost(tmp_path, "--python", python.exe, "-c", "import os, sys; print(os.environ.get('GHOST_RECORD')); sys.exit(8)",
                       env={"GHOST_DATA_DIR": folder})
    assert done.returncode == 8 and done.stdout == b"None\n"
    assert len(told) == 1 and "recording is off" in told[0] and folder in told[0]


def test_read_only_session_folder(python, tmp_path):
    """The recorder cannot make its log: the program runs, the user is told."""
    if os.geteuid() == 0 and not can_mount():
        pytest.skip("root may write everywhere, and no mount can be made here")
    data = tmp_path / "data"
    data.mkdir()
    text = (f"mount -t tmpfs -o size=64k,nr_inodes=64 none '{data}' && mkdir -p '{data}/sessions' && "
            f"'{harness.GHOST}' run sh -c 'mount -o remount,ro \"{data}\"; exec \"{python.exe}\" -c \"print(5)\"'")
    done = subprocess.run(["unshare", "-m", "sh", "-c", text], env=support.environment(tmp_path), capture_output=True, timeout=60)
    assert done.stdout == b"5\n" and done.returncode == 0, done
    assert b"ghost: " in done.stderr


def test_full_disk(python, tmp_path):
    if not can_mount():
        pytest.skip("no mount can be made here")
    data = tmp_path / "data"
    data.mkdir()
    text = (f"mount -t tmpfs -o size=64k none '{data}' && mkdir -p '{data}/sessions' && "
            f"'{harness.GHOST}' run sh -c 'cat /dev/zero >\"{data}/fill\" 2>/dev/null; exec \"{python.exe}\" -c \"print(5)\"'")
    done = subprocess.run(["unshare", "-m", "sh", "-c", text], env=support.environment(tmp_path), capture_output=True, timeout=60)
    assert done.stdout == b"5\n" and done.returncode == 0, done
    assert b"ghost: " in done.stderr


def can_mount():
    return subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode == 0


def test_missing_library_folder(python, tmp_path):
    done, told = ghost(tmp_path, "--python", python.exe, "-c", "print(1)", env={"GHOST_LIB_DIR": str(tmp_path)})
    assert done.stdout == b"1\n" and done.returncode == 0
    assert len(told) == 1 and "recording is off" in told[0] and "boot/sitecustomize.py" in told[0]


def test_missing_home(python, tmp_path):
    env = support.environment(tmp_path)
    for name in ("HOME", "GHOST_DATA_DIR"):
        env.pop(name)
    home = pathlib.Path(tmp_path / "u")
    done = support.run([harness.GHOST, "run", "--data-dir", home, "--python", python.exe, "-c", "print(1)"], env)
    assert done.stdout == b"1\n" and done.returncode == 0 and len(list(home.glob("sessions/*/*.ghost"))) == 1
