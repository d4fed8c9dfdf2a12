"""`ghost doctor` finds what is there, tries it for real, and tells what helps."""
import json
import os
import re
import shutil
import subprocess

import pytest

import harness
import run_support as support


def doctor(tmp_path, *words, env=None):
    done = support.run([harness.GHOST, "doctor", *words, "--format", "json"], {**support.environment(tmp_path), **(env or {})}, cwd=tmp_path)
    assert done.stderr == b"", done.stderr
    return done.returncode, json.loads(done.stdout)


def check(data, name):
    (found,) = [c for c in data["checks"] if c["name"] == name]
    return found


def test_an_interpreter_is_tried(python, tmp_path):
    status, data = doctor(tmp_path, "--python", python.exe)
    (found,) = data["interpreters"]
    assert status == 0 and data["can_record"] is True
    assert (found["version"], found["implementation"], found["build"], found["recorded"], found["problem"]) == (python.version, "cpython", "plain", True, None)
    assert found["hook"] == ("evalframe" if python.minor < (3, 12) else "monitoring") and found["clock"] in ("tsc", "monotonic")
    assert support.logs(tmp_path) == [] and not any(p.name.startswith("ghost-doctor") for p in tmp_path.iterdir())


def test_settings_of_the_user_do_not_spoil_the_trial(python, tmp_path):
    assert doctor(tmp_path, "--python", python.exe, env={"GHOST_EXCLUDE": "*", "GHOST_RECORD": "0", "GHOST_ON_FULL": "never"})[0] == 0


def test_the_hook_that_was_asked_for(python, tmp_path):
    status, data = doctor(tmp_path, "--python", python.exe, env={"GHOST_HOOK": "profile"})
    assert status == 0 and data["interpreters"][0]["hook"] == "profile"


def test_interpreters_of_the_path_each_once(python, tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        for name in ("python3", "python", f"python{python.minor[0]}.{python.minor[1]}"):
            (tmp_path / folder / name).symlink_to(python.exe)
    (tmp_path / "one/python3-config").symlink_to("/bin/sh")
    subprocess.run([python.exe, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True, timeout=120)
    env = {"PATH": f"{tmp_path}/one:{tmp_path}/two", "VIRTUAL_ENV": str(tmp_path / "venv"), "HOME": str(tmp_path / "home"), "PYENV_ROOT": str(tmp_path)}
    data = doctor(tmp_path, env=env)[1]
    assert [p["path"] for p in data["interpreters"]] == [f"{tmp_path}/venv/bin/python"]
    del env["VIRTUAL_ENV"]
    assert [p["path"] for p in doctor(tmp_path, env=env)[1]["interpreters"]] == [f"{tmp_path}/one/python3"]


def test_version_managers(python, tmp_path):
    (tmp_path / "pyenv/versions/x/bin").mkdir(parents=True)
    (tmp_path / "pyenv/versions/x/bin/python3").symlink_to(python.exe)
    data = doctor(tmp_path, env={"PATH": "/nowhere", "PYENV_ROOT": str(tmp_path / "pyenv")})[1]
    assert [p["path"] for p in data["interpreters"]] == [f"{tmp_path}/pyenv/versions/x/bin/python3"]


def test_unsupported_interpreter(tmp_path):
    old = support.other_python(("3.10", "3.9", "3.8", "3.7", "3.6", "2.7"))
    if not old:
        pytest.skip("no Python older than 3.11 here")
    status, data = doctor(tmp_path, "--python", str(old))
    assert status == 1 and data["can_record"] is False
    assert "only 3.11 to 3.15" in data["interpreters"][0]["problem"]


def test_recorder_missing_and_broken(python, tmp_path):
    lib = tmp_path / "lib"
    shutil.copytree(harness.LIB / "boot", lib / "boot")
    status, data = doctor(tmp_path, "--python", python.exe, env={"GHOST_LIB_DIR": str(lib)})
    assert status == 1 and "there is no recorder for CPython" in data["interpreters"][0]["problem"]
    (lib / ("ghost_recorder.cpython-%d%d.so" % python.minor)).write_bytes(b"nothing of use")
    status, data = doctor(tmp_path, "--python", python.exe, env={"GHOST_LIB_DIR": str(lib)})
    assert status == 1 and data["interpreters"][0]["recorded"] is False and data["interpreters"][0]["problem"]


def test_something_that_is_no_interpreter(tmp_path):
    status, data = doctor(tmp_path, "--python", "/bin/false")
    assert status == 1 and "does not run" in data["interpreters"][0]["problem"]
    done = support.run([harness.GHOST, "doctor", "--python", "no-such-thing"], support.environment(tmp_path))
    assert done.returncode == 2 and b"no such program" in done.stderr


def test_no_library_folder(python, tmp_path):
    status, data = doctor(tmp_path, "--python", python.exe, env={"GHOST_LIB_DIR": str(tmp_path)})
    assert status == 1 and check(data, "recorders")["status"] == "problem" and "GHOST_LIB_DIR" in check(data, "recorders")["remedy"]


def test_data_folder(python, tmp_path):
    (tmp_path / "file").write_text("")
    status, data = doctor(tmp_path, "--python", python.exe, "--data-dir", str(tmp_path / "file"))
    assert status == 1 and check(data, "data folder")["status"] == "problem" and "GHOST_DATA_DIR" in check(data, "data folder")["remedy"]
    (tmp_path / "open/sessions").mkdir(parents=True)
    (tmp_path / "open/sessions").chmod(0o755)
    status, data = doctor(tmp_path, "--python", python.exe, "--data-dir", str(tmp_path / "open"))
    assert status == 0 and check(data, "data folder")["status"] == "warning" and list((tmp_path / "open/sessions").iterdir()) == []


@pytest.mark.parametrize("file, env, told", [
    (None, {}, "not recorded (the default)"),
    (None, {"GHOST_DEEP": "16"}, "up to 16 elements of sampled lists, tuples, dicts and sets are recorded ($GHOST_DEEP)"),
    ("recording:\n  deep: 32\n", {}, "up to 32 elements of sampled lists, tuples, dicts and sets are recorded (ghost.yaml:2:9)"),
    ("recording:\n  deep: 32\n", {"GHOST_DEEP": "0"}, "not recorded ($GHOST_DEEP)"),
])
def test_what_is_inside_containers(python, tmp_path, file, env, told):
    if file:
        (tmp_path / "ghost.yaml").write_text(file)
    status, data = doctor(tmp_path, "--python", python.exe, env=env)
    found = check(data, "inside containers")
    assert status == 0 and found["status"] == "ok" and told in found["value"] and found["remedy"] is None
    done = support.run([harness.GHOST, "run", "-q", "--python", python.exe, "-c", "def f(x): pass\nf([1])"], {**support.environment(tmp_path), **env}, cwd=tmp_path)
    assert done.returncode == 0
    rows = support.run([harness.GHOST, "sql", "--format", "json", "SELECT count(*) AS n FROM elements"], support.environment(tmp_path), cwd=tmp_path)
    assert json.loads(rows.stdout) == [{"n": int("are recorded" in told)}], "and that is what ghost run does"


@pytest.mark.parametrize("text, told", [("some", "whole number"), ("257", "257 elements ($GHOST_DEEP)")])
def test_a_wrong_setting_of_containers(python, tmp_path, text, told):
    status, data = doctor(tmp_path, "--python", python.exe, env={"GHOST_DEEP": text})
    found = check(data, "inside containers")
    assert status == 1 and found["status"] == "problem" and told in found["value"] and "0 (none) to 256" in found["remedy"]
    refused = support.run([harness.GHOST, "run", "--python", python.exe, "-c", "pass"], {**support.environment(tmp_path), "GHOST_DEEP": text}, cwd=tmp_path)
    assert refused.returncode == 2


@pytest.mark.parametrize("limit, name", [("-f 1000", "file size limit"), ("-n 100", "open files limit")])
def test_limits(python, tmp_path, limit, name):
    done = support.run(["bash", "-c", f"ulimit {limit}; exec '{harness.GHOST}' doctor --python '{python.exe}' --format json"], support.environment(tmp_path))
    data = json.loads(done.stdout)
    assert check(data, name)["status"] == "warning" and "ulimit" in check(data, name)["remedy"]


def test_reasons_that_no_session_could_take(python, tmp_path):
    env = support.boot_environment(tmp_path, GHOST_ON_FULL="never")
    for _ in range(3):
        support.run([python.exe, "-c", "pass"], env)
    found = check(doctor(tmp_path, "--python", python.exe)[1], "refused starts")
    assert found["status"] == "warning" and found["value"].startswith("3 processes") and "wait or drop" in found["remedy"]


def test_text(python, tmp_path):
    done = support.run([harness.GHOST, "doctor", "--python", python.exe], support.environment(tmp_path))
    text = done.stdout.decode()
    assert done.returncode == 0 and re.search(rf"{re.escape(python.exe)} +{re.escape(python.version)} +plain +yes", text)
    assert "1 of 1 interpreters can be recorded" in text and "ok       data folder" in text
