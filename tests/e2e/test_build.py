"""What the Makefile makes: recorders that stand alone, an install that works and leaves nothing behind."""
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIB = pathlib.Path(os.environ.get("GHOST_BIN", ROOT / "build" / "ghost")).resolve().parent / "lib"
RECORDERS = sorted(LIB.glob("ghost_recorder.*.so"))
recorders = pytest.mark.parametrize("recorder", RECORDERS or [pytest.param(None, marks=pytest.mark.skip("no recorder: run make"))],
                                    ids=[r.name.split("-")[-1] for r in RECORDERS] or ["none"])


def make(*arguments):
    done = subprocess.run(["make", "--no-print-directory", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


@recorders
def test_a_recorder_exports_one_symbol(recorder):
    names = [line.split()[-1] for line in output("nm", "-D", "--defined-only", recorder).splitlines() if line.split()[-2] in "TDBRVi"]
    assert names == ["PyInit_ghost_recorder"]


@recorders
def test_a_recorder_needs_the_c_library_only(recorder):
    """Containers have no libzstd; with STATIC=no, or without static archives, it is needed after all."""
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", output("readelf", "-d", recorder))
    if "yes" not in (ROOT / "build/obj/static_log_libs_auto").read_text():
        pytest.skip("there are no static zstd and xxhash archives here")
    assert {re.sub(r"[-.].*", "", name) for name in needed} <= {"libc", "libm", "ld", "libpthread", "libgcc_s"}


def test_install_works_from_there_and_uninstall_leaves_nothing(tmp_path, python):
    where = [f"DESTDIR={tmp_path}/root", "PREFIX=/usr"]
    make("install", *where)
    ghost = tmp_path / "root/usr/bin/ghost"
    program = tmp_path / "program.py"
    program.write_text("def f(x): return x\nfor i in range(7): f(i)\n")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GHOST_DATA_DIR": str(tmp_path / "data")}

    def run(*command, **more):
        done = subprocess.run(command, env=environment | more, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def calls():
        profiles = json.loads(run(ghost, "export", "--format", "json"))["profiles"]
        return {p["fn_key"]: p["call_count"] for p in profiles}["program:f:1"]

    run(ghost, "run", "--python", str(python.exe), program)
    assert calls() == 7

    # A container: the folder of recorders alone, without the command.
    lib = tmp_path / "lib"
    shutil.copytree(tmp_path / "root/usr/lib/ghost", lib)
    shutil.rmtree(tmp_path / "data")
    run(str(python.exe), program, PYTHONPATH=f"{lib}/boot", GHOST_RECORD="1")
    assert calls() == 7

    make("uninstall", *where)
    assert not [path for path in (tmp_path / "root").rglob("*") if path.is_file() or path.name == "ghost"]


def test_help_lists_every_target_and_knob():
    text = make("help")
    sources = "".join(path.read_text() for path in [ROOT / "Makefile", *(ROOT / "mk").glob("*.mk")])
    for target in set(re.findall(r"^([a-z][a-z-]+):(?!=).*## ", sources, re.M)):
        assert re.search(rf"^  {target} ", text, re.M), f"make help does not show {target}"
    for knob in set(re.findall(r"^([A-Z_]+) \?=", sources, re.M)) - {"PKG_CONFIG"}:
        assert re.search(rf"^  {knob} ", text, re.M), f"make help does not show {knob}"


def test_an_interpreter_that_cannot_be_recorded_is_refused_by_name(tmp_path):
    old = tmp_path / "python2"
    old.write_text("#!/bin/sh\nexit 3\n")
    old.chmod(0o755)
    done = subprocess.run(["make", "pythons", f"BUILD={tmp_path}/build", f"PYTHONS={old}"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert f"cannot build a recorder for {old}" in done.stderr
