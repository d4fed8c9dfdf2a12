"""Logs of every format version stay readable: what both readers make of tests/golden/v*/ never changes.

A new version gets a folder of its own, made once with its writer (tests/tools/story_log, gen_log) and `ghost log dump`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests" / "reader"))

import ghost_reader  # noqa: E402

zstandard = pytest.importorskip("zstandard")
GHOST = Path(os.environ.get("GHOST_BIN", REPOSITORY / "build" / "ghost"))
GOLDEN = sorted((REPOSITORY / "tests" / "golden").glob("v*/*.ghost"))

pytestmark = pytest.mark.skipif(not GHOST.exists(), reason=f"{GHOST} is not built")


def test_every_version_has_logs():
    versions = {int(path.parent.name[1:]) for path in GOLDEN}
    header = (REPOSITORY / "include" / "ghost" / "version.h").read_text()
    newest = int(header.split("#define GHOST_LOG_VERSION ")[1].split()[0])
    oldest = int(header.split("#define GHOST_LOG_OLDEST_READABLE ")[1].split()[0])
    assert versions >= set(range(oldest, newest + 1))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_golden(path):
    expected = zstandard.ZstdDecompressor().decompress(path.with_suffix(".dump.zst").read_bytes()).decode().splitlines()
    dumped = subprocess.run([GHOST, "log", "dump", path], capture_output=True, check=True, timeout=60).stdout.decode().splitlines()
    assert dumped == expected
    assert list(ghost_reader.dump(path)) == expected
    assert subprocess.run(["zstd", "-tq", path], capture_output=True, timeout=60).returncode == 0
