#!/usr/bin/env python3
"""Peers x workloads, in one interleaved run.

Each round runs, for each workload, every peer one after the other, beginning with another peer each
time; a ratio compares runs of the same round. What was measured goes line by line to a results file,
so that an interrupted run goes on where it stood. bench/report.py prints the tables from it."""

import argparse
import json
import os
import platform
import shlex
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import floor.build as floor_build
import interpreters
import peers
import report
import workloads
from measure import run_cell

REPOSITORY = Path(__file__).resolve().parent.parent
MINORS = ("3.11", "3.12", "3.13", "3.14", "3.15")
QUICK_SCALE = 0.2
REAL_SCALE = 0.2        # real programs have few iterations: no peer does less than this part


def arguments(argv):
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--pythons", default=",".join(MINORS), help="minor versions, as 3.11,3.13 (default: %(default)s)")
    p.add_argument("--only", default="", help="workloads, as tight,django: " + ", ".join(workloads.BY_NAME))
    p.add_argument("--peers", default="", help="columns besides nothing, as 'ghost,ghost --all': " + ", ".join(peers.BY_NAME))
    p.add_argument("--rounds", type=int, default=None, help="default: 5, with --quick 2")
    p.add_argument("--quick", action="store_true", help="a fifth of the iterations, two rounds: to see that all works")
    p.add_argument("--build", type=Path, default=REPOSITORY / "build", help="where make built (default: build)")
    p.add_argument("--out", type=Path, default=None, help="results file (default: BUILD/bench/results.jsonl, quick.jsonl with --quick)")
    p.add_argument("--fresh", action="store_true", help="begin anew instead of going on with the results file")
    p.add_argument("--roots", type=Path, default=os.environ.get("GHOST_ROOTS", "/var/cache/ghost-roots"),
                   help="folder of Debian roots with newer Pythons, made by tests/matrix/run.sh (default: $GHOST_ROOTS, else %(default)s)")
    p.add_argument("--docs", action="store_true", help="write the tables to docs/benchmarks.md as well")
    args = p.parse_args(argv)
    args.rounds = args.rounds or (2 if args.quick else 5)
    args.out = args.out or args.build / "bench" / ("quick.jsonl" if args.quick else "results.jsonl")
    args.pythons = args.pythons.split(",")
    args.only = _chosen(p, args.only, workloads.BY_NAME)
    args.peers = _chosen(p, args.peers, peers.BY_NAME)
    return args


def _chosen(parser, names, known):
    names = [name.strip() for name in names.split(",") if name.strip()]
    for name in names:
        if name not in known:
            parser.error(f"{name!r} is none of: {', '.join(known)}")
    return [known[name] for name in known if name in names or not names]


def machine():
    with open("/proc/cpuinfo") as f:
        model = next((line.split(":", 1)[1].strip() for line in f if line.startswith("model name")), platform.processor())
    return {"cpu": model, "cores": len(os.sched_getaffinity(0)), "system": platform.platform(), "load": os.getloadavg()[0]}


def describe(args, found, pythons):
    commit = subprocess.run(["git", "-C", REPOSITORY, "describe", "--always", "--dirty"], capture_output=True, text=True)
    given = [word for word, before in zip(args.given, ["", *args.given]) if "--out" not in (word, before) and word != "--docs"]
    return {"kind": "run", "command": "make bench BENCH=" + shlex.quote(" ".join(given)) if given else "make bench",
            "quick": args.quick, "rounds": args.rounds, "when": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
            "commit": commit.stdout.strip() or "unknown", "machine": machine(),
            "pythons": {i.minor: {"version": i.version, "root": i.root.name if i.root else None,
                                  "packages": {} if i.root else interpreters.packages(pythons[i.minor])} for i in found}}


def wanted(args, interpreter, workload, peer):
    """None when this cell is measured, else why not."""
    if workload.peers and peer.name not in workload.peers:
        return "not for this workload"
    if interpreter.key < peer.oldest:
        return "needs a newer Python"
    if interpreter.root and (peer.package or workload.packages):
        return "no packages in a Debian root"
    return None


def plan(args, found):
    """All cells in the order they run: (interpreter, round, workload, peer, zero)."""
    for turn in range(args.rounds):
        for interpreter in found:
            for at, workload in enumerate(args.only):
                row = [p for p in args.peers if not wanted(args, interpreter, workload, p)]
                shift = (turn + at) % len(row) if row else 0
                for peer in row[shift:] + row[:shift]:
                    yield interpreter, turn, workload, peer, False
                    if turn == 0 or peer.ours or peer.name == "nothing":
                        yield interpreter, turn, workload, peer, True


def key(cell):
    return cell["python"], cell["round"], cell["workload"], cell["peer"], cell["zero"]


def load(path):
    """Header and cells of a results file; a half-written last line is left out."""
    header, cells = None, []
    for line in path.read_text().splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if row["kind"] == "run":
            header = row
        else:
            cells.append(row)
    return header, cells


def iterations(args, workload, peer, zero):
    scale = max(peer.scale, REAL_SCALE) if workload.real else peer.scale
    return 0 if zero else max(1, round(workload.n * scale * (QUICK_SCALE if args.quick else 1)))


def measure_all(args, found, pythons, ghost):
    done = set()
    if args.out.exists() and not args.fresh:
        header, cells = load(args.out)
        if header and header["quick"] != args.quick:
            raise SystemExit(f"bench: {args.out} was made {'with' if header['quick'] else 'without'} --quick; use --fresh or --out")
        done = {key(c) for c in cells if "failed" not in c}
    args.out.parent.mkdir(parents=True, exist_ok=True)
    work_dir = args.build / "bench" / "tmp"
    work_dir.mkdir(exist_ok=True)
    cells = list(plan(args, found))
    with open(args.out, "w" if args.fresh else "a") as f:
        f.write("\n" + json.dumps(describe(args, found, pythons)) + "\n")
        for at, (interpreter, turn, workload, peer, zero) in enumerate(cells):
            cell = {"kind": "cell", "python": interpreter.minor, "round": turn, "workload": workload.name,
                    "peer": peer.name, "zero": zero, "load": os.getloadavg()[0]}
            if key(cell) in done:
                continue
            n = iterations(args, workload, peer, zero)
            cell |= run_cell(interpreter, pythons[interpreter.minor], peer, workload, n, ghost, work_dir)
            f.write(json.dumps(cell) + "\n")
            f.flush()
            shown = cell.get("failed") or f"{cell['wall']:.3f} s" + (f", {cell['events']:,} events" if "events" in cell else "")
            print(f"[{at + 1}/{len(cells)}] {interpreter.minor} round {turn + 1} {workload.name} {peer.name}"
                  f"{' (start only)' if zero else ''}: {shown}", file=sys.stderr)


def main(argv=None):
    argv = sys.argv[1:] if argv is None else argv
    args = arguments(argv)
    args.given = argv
    if peers.BY_NAME["nothing"] not in args.peers:
        args.peers.insert(0, peers.BY_NAME["nothing"])
    args.build = args.build.resolve()
    ghost = args.build / "ghost"
    if any(p.ours for p in args.peers) and not ghost.exists():
        raise SystemExit(f"bench: {ghost} is not there; run make first, or choose other columns with --peers")
    found, missing = interpreters.find(args.pythons, args.build / "bench", args.roots)
    for i in [i for i in found if any(p.ours for p in args.peers) and not i.has_recorder(args.build)]:
        missing.append(f"Python {i.minor}: no recorder in {i.recorders(args.build)} (run "
                       f"{'tests/matrix/run.sh' if i.root else 'make'}); its tables are left out")
        found.remove(i)
    for line in missing:
        print(f"bench: {line}", file=sys.stderr)
    if not found:
        raise SystemExit("bench: no interpreter to measure")
    pythons = {i.minor: interpreters.prepare(i) for i in found}
    if any(p.package == "floor" for p in args.peers):
        for i in found:
            floor_build.build(i)
    try:
        measure_all(args, found, pythons, ghost)
    except KeyboardInterrupt:
        print(f"bench: interrupted; the same command goes on from {args.out}", file=sys.stderr)
        return 130
    return report.main([str(args.out)] + (["--docs", str(REPOSITORY / "docs/benchmarks.md")] if args.docs else []))


if __name__ == "__main__":
    sys.exit(main())
