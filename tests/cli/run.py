#!/usr/bin/env python3
"""The command as its users see it: each AREA/NAME.sh is run by bash, and what it
prints and its exit status must be exactly AREA/NAME.exact.

    run.py [--accept] [AREA/NAME ...]     --accept writes the .exact files anew: read the diff before you commit it

A script finds in its environment: ghost on the PATH, GHOST_DATA_DIR (empty), `story` and `gen_log` (make logs, see
tests/tools), and its own empty working folder. Paths of this run are shown as $WORK."""

import argparse
import difflib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
GHOST = pathlib.Path(os.environ.get("GHOST_BIN", ROOT / "build/ghost")).resolve()
TOOLS = pathlib.Path(os.environ.get("GHOST_TOOLS", GHOST.parent / "tools")).resolve()
LIMIT = 60


def cases():
    return sorted(str(p.relative_to(HERE).with_suffix("")) for p in HERE.glob("*/*.sh"))


def environment(work):
    folder = work / "bin"
    folder.mkdir()
    for name, target in (("ghost", GHOST), ("story", TOOLS / "story_log"), ("gen_log", TOOLS / "gen_log")):
        (folder / name).symlink_to(target)
    keep = {k: v for k, v in os.environ.items() if k in ("HOME", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")}
    return keep | {"PATH": f"{folder}:{os.environ['PATH']}", "GHOST_DATA_DIR": str(work / "data"), "TZ": "UTC",
                   "LC_ALL": "C.UTF-8", "WORK": str(work), "ROOT": str(ROOT), "PYTHON": sys.executable, "TERM": "dumb"}


def run(case):
    """What the case printed, in one text."""
    work = pathlib.Path(tempfile.mkdtemp(prefix="ghost-cli-")).resolve()
    try:
        env = environment(work)
        (work / "cwd").mkdir()
        p = subprocess.run(["bash", "-u", str(HERE / f"{case}.sh")], cwd=work / "cwd", env=env, stdin=subprocess.DEVNULL,
                           capture_output=True, timeout=LIMIT)
        parts = ["--- stdout", p.stdout.decode("utf-8", "backslashreplace"), "--- stderr",
                 p.stderr.decode("utf-8", "backslashreplace"), f"--- status {p.returncode}", ""]
        text = "\n".join(part.rstrip("\n") if part.endswith("\n") else part for part in parts)
        return text.replace(str(work), "$WORK")
    finally:
        shutil.rmtree(work, ignore_errors=True)


def check(case, accept=False):
    """None when the case does as it should, else what differs."""
    exact = HERE / f"{case}.exact"
    got = run(case)
    if accept:
        exact.write_text(got)
    expected = exact.read_text() if exact.exists() else ""
    if got == expected:
        return None
    return "".join(difflib.unified_diff(expected.splitlines(True), got.splitlines(True), f"{case}.exact", "now"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accept", action="store_true")
    parser.add_argument("case", nargs="*", help="default: all")
    args = parser.parse_args()
    failed = 0
    for case in args.case or cases():
        difference = check(case, args.accept)
        failed += difference is not None
        print(f"{'FAILED' if difference else 'ok':8}{case}")
        if difference:
            print(difference)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
