"""Logs to inputs of fuzz_analysis: each data frame's content becomes a piece.

    python3 tests/fuzz/seeds_analysis.py OUTPUT_FOLDER LOG...
"""
import subprocess
import sys
from pathlib import Path

DATA = b"\x28\xb5\x2f\xfd"
PIECE_MAX = (1 << 16) - 1


def frames(data):
    """Data frames' contents; where a frame ends is found by trying (the files are small)."""
    at = 48
    while (at := data.find(DATA, at)) >= 0:
        end = at + 4
        while True:
            end = data.find(b"\x2a\x4d\x18", end) - 1 if (n := data.find(DATA, end)) < 0 else n
            end = len(data) if end < 0 else end
            done = subprocess.run(["zstd", "-dcq"], input=data[at:end], capture_output=True)
            if done.returncode == 0 or end == len(data):
                break
            end += 4
        if done.returncode == 0:
            yield done.stdout
        at = end


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for log in map(Path, sys.argv[2:]):
        seed = b"".join(b"\0" + len(f).to_bytes(3, "little") + f for f in frames(log.read_bytes()) if len(f) <= PIECE_MAX)
        (folder / f"{log.parent.name}_{log.stem}".replace("-", "_")).write_bytes(seed)


main()
