"""Compiles floor.c for an interpreter, into build/bench/<minor>/floor."""

import os
import subprocess
from pathlib import Path

SOURCE = Path(__file__).resolve().parent / "floor.c"


def build(interpreter):
    """Nothing for one of a Debian root: its compiler and headers are not ours."""
    if interpreter.root:
        return
    folder = interpreter.folder / "floor"
    folder.mkdir(exist_ok=True)
    made = folder / "floor.so"
    if made.exists() and made.stat().st_mtime > SOURCE.stat().st_mtime:
        return
    code = "import sysconfig;print(sysconfig.get_path('include'))"
    include = subprocess.run([interpreter.python, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout.strip()
    compiler = os.environ.get("CC", "cc").split()
    subprocess.run([*compiler, "-std=gnu17", "-O2", "-fPIC", "-shared", "-I", include, "-o", made, SOURCE], check=True, timeout=120)
