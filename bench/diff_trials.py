#!/usr/bin/env python3
"""How often ghost diff is wrong: pairs of recordings of one program (A/A), and of a program with a
planted slow-down (A/B), judged by ghost diff, by ghost-observer's rule (ratio of means beyond 1.2 or
0.8) and by Mann-Whitney on the same raw latencies as benchstat uses it (median ratio shown when
p < 0.05).

    bench/diff_trials.py aa --pairs 100     # one line per pair goes to build/bench/diff_aa.jsonl
    bench/diff_trials.py ab --trials 20     # build/bench/diff_ab.jsonl
    bench/diff_trials.py tables             # both as Markdown

--keep DIR keeps the sessions there and goes on where it stood; --from DIR records nothing and judges
what is kept there anew, with the ghost of --build."""

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent
PROGRAMS = {  # A/A: workload, iterations for about a second, include globs
    "tight": ("w_tight", 1_500_000), "django": ("w_django", 25), "asyncio": ("w_asyncio", 250), "threads": ("w_threads", 1_000_000),
}
DURATIONS = {"10us": (10e-6, 20_000), "1ms": (1e-3, 1000), "50ms": (50e-3, 1000)}     # of one call, and calls
FACTORS = (1.1, 1.2, 1.3, 1.5, 2.0)

PLANTED = '''
import sys, threading, time
from itertools import repeat
seconds, factor, calls = float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3] or 0)

def spin(n):
    x = 0
    for _ in repeat(None, n):       # small numbers only: each turn costs the same
        x = (x + 3) & 127
    return x

def calibrate():
    n, best = 2000, 1.0
    for _ in range(30):
        begin = time.perf_counter(); spin(n); best = min(best, time.perf_counter() - begin)
    return n / best

LOOPS = 0 if sys.argv[4] == "calibrate" else float(sys.argv[4])     # loops a second, the same for both sides of a pair

def target(n):
    return spin_inline(n) if seconds < 0.01 else time.sleep(n)

def spin_inline(n):
    x = 0
    for _ in repeat(None, n):       # small numbers only: each turn costs the same
        x = (x + 3) & 127
    return x

def steady(n):
    x = 0
    for _ in repeat(None, n):
        x = (x + 7) & 127
    return x

def lookup(table, key):
    return table.get(key)

def render(i):
    return f"{i:08d}".encode()

def handle(i, amount, table):
    lookup(table, i % 97)
    steady(150)
    render(i)
    return target(amount)

def serve(first, last, amount, table):
    for i in range(first, last):
        handle(i, amount, table)

def main():
    amount = seconds * factor if seconds >= 0.01 else max(1, int(seconds * factor * LOOPS))
    table = {i: i for i in range(97)}
    threads = 40 if seconds >= 0.01 else 1
    each = calls // threads
    workers = [threading.Thread(target=serve, args=(k * each, (k + 1) * each, amount, table)) for k in range(threads)]
    for w in workers: w.start()
    for w in workers: w.join()

if __name__ == "__main__":
    if sys.argv[4] == "calibrate": print(calibrate())
    else: main()
'''


def environment(**more):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("GHOST_", "PYTHON"))}
    return {**env, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", **more}


class Trials:
    def __init__(self, args):
        self.args, self.ghost = args, str((args.build / "ghost").resolve())
        self.python = str(args.build / "bench" / args.python / "venv" / "bin" / "python")
        self.libs = args.build / "bench" / args.python / "libs"
        self.folder = Path(tempfile.mkdtemp(prefix="ghost-diff-trials-"))
        self.keep = args.source or args.keep or self.folder / "kept"
        (self.folder / "planted.py").write_text(PLANTED)

    def record(self, argv, name, include=None):
        data = self.folder / name
        env = environment(GHOST_DATA_DIR=str(data), PYTHONPATH=f"{self.libs}:{HERE / 'workloads'}")
        options = ["--include", include] if include else []
        subprocess.run([self.ghost, "run", "-q", *options, self.python, *map(str, argv)], env=env, check=True, timeout=120,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder)
        session, = [p for p in (data / "sessions").iterdir() if p.is_dir()]
        return session

    def diff(self, a, b):
        done = subprocess.run([self.ghost, "diff", str(a), str(b), "--format", "json", "--verbose"], env=environment(), capture_output=True,
                              text=True, timeout=120)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return json.loads(done.stdout)

    def session(self, folder, argv, include=None):
        """The session under `folder`, whole; recorded when it is not there."""
        if not folder.exists():
            if self.args.source:
                return None
            made = self.record(argv, "recording", include)
            folder.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(made.parent.parent, folder)
        session, = [p for p in (folder / "sessions").iterdir() if p.is_dir()]
        return session

    def forget(self, folder):
        if not (self.args.keep or self.args.source):
            shutil.rmtree(folder, ignore_errors=True)


def verdicts(answer):
    """Functions with a latency finding by ghost diff, by the mean-ratio rule; how many could be judged."""
    rows = answer["changed"] + answer["unchanged"]
    ours = [[r["qualname"], m, round(x["ratio"], 3)] for r in rows for m, x in r["latencies"].items() if x["significant"]]
    theirs = [r["qualname"] for r in rows if r["latencies"]["mean"]["before_ns"] > 0
              and not 0.8 <= r["latencies"]["mean"]["after_ns"] / r["latencies"]["mean"]["before_ns"] <= 1.2]
    return ours, theirs, len(rows)


def mann_whitney(a, b):
    """Two-sided p, normal approximation with ties corrected, as benchstat's U test."""
    both = sorted([(x, 0) for x in a] + [(x, 1) for x in b])
    n, m, i, ranks, ties = len(a), len(b), 0, 0.0, 0.0
    while i < len(both):
        k = i
        while k < len(both) and both[k][0] == both[i][0]:
            k += 1
        ranks += sum(1 for j in range(i, k) if both[j][1] == 0) * (i + k + 1) / 2
        ties += (k - i) ** 3 - (k - i)
        i = k
    u = ranks - n * (n + 1) / 2
    sigma = math.sqrt(n * m / 12 * ((n + m + 1) - ties / ((n + m) * (n + m - 1))))
    return math.erfc(max(0, abs(u - n * m / 2) - 0.5) / sigma / math.sqrt(2)) if sigma else 1.0


def latencies(t, session, name):
    query = f"SELECT latency_ns FROM events WHERE fn_key LIKE '%:{name}:%' AND latency_ns IS NOT NULL"
    done = subprocess.run([t.ghost, "sql", str(session), query, "--format", "csv"], env=environment(), capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return [float(x) for x in done.stdout.split()[1:] if x]


def done_keys(t, path):
    """Those judged before, for an interrupted run to go on; with --from all are judged anew."""
    if t.args.source:
        path.unlink(missing_ok=True)
    return {json.loads(line)["key"] for line in path.read_text().splitlines()} if path.exists() else set()


def warm_up(t):
    for name, (module, n) in PROGRAMS.items():      # what is read for the first time comes from the disk
        made = t.record([HERE / "workloads" / "drive.py", module, n, t.folder / "out.json"], f"warm{name}", include="*")
        shutil.rmtree(made.parent.parent)


def aa_pair(t, folder, name, loaded):
    load = subprocess.Popen([sys.executable, "-c", "while True: sum(range(10000))"]) if loaded and not t.args.source else None
    try:
        module, n = PROGRAMS[name]
        argv = [HERE / "workloads" / "drive.py", module, n, t.folder / "out.json"]
        return [t.session(folder / side, argv, include="*") for side in "ab"]
    finally:
        if load:
            load.kill()
            load.wait()


def run_aa(t, out):
    known = done_keys(t, out)
    if not t.args.source:
        warm_up(t)
    for pair in range(t.args.pairs):
        name = list(PROGRAMS)[pair % len(PROGRAMS)]
        loaded = (pair // len(PROGRAMS)) % 2 == 1
        key = f"{pair:03d}-{name}"
        if key in known:
            continue
        folder = t.keep / "aa" / key
        a, b = aa_pair(t, folder, name, loaded)
        if not (a and b):
            continue
        answer = t.diff(a, b)
        ours, theirs, n = verdicts(answer)
        t.forget(folder)
        row = {"key": key, "program": name, "loaded": loaded, "functions": n, "ghost": ours, "mean_ratio": len(theirs),
               "speed": answer["speed_ratio"], "load": os.getloadavg()[0]}
        with open(out, "a") as f:
            f.write(json.dumps(row) + "\n")
        print(f"[{pair + 1}/{t.args.pairs}] {name}{' loaded' if loaded else ''}: speed {row['speed']:.2f}, {n} functions, ghost {ours}, mean ratio {len(theirs)}",
              file=sys.stderr)


def u_test(t, base, other, name):
    """Mann and Whitney's p and the ratio of medians, of one function's raw latencies."""
    a, b = latencies(t, base, name), latencies(t, other, name)
    return mann_whitney(a, b), sorted(b)[len(b) // 2] / sorted(a)[len(a) // 2]


def judge_ab(t, key, label, factor, base, other):
    answer = t.diff(base, other)
    ours, theirs, _ = verdicts(answer)
    p, ratio = u_test(t, base, other, "target")
    p_steady, ratio_steady = u_test(t, base, other, "steady")
    # what is not in the target's call chain has not changed
    false = [x for x in ours if x[0] not in ("target", "spin_inline", "handle", "serve", "main")]
    return {"key": key, "duration": label, "factor": factor, "found": any(x[0] == "target" and x[2] > 1 for x in ours), "false": false,
            "mean_ratio": "target" in theirs, "mean_ratio_false": len([x for x in theirs if x in ("steady", "lookup", "render", "spin")]),
            "u_test": p < 0.05 and ratio > 1.2, "u_p": p, "median_ratio": ratio, "u_test_false": p_steady < 0.05 and not 1 / 1.2 <= ratio_steady <= 1.2,
            "speed": answer["speed_ratio"], "load": os.getloadavg()[0]}


def run_ab(t, out):
    known = done_keys(t, out)
    script = t.folder / "planted.py"
    loops = None
    for trial in range(t.args.trials):
        for label, (seconds, calls) in DURATIONS.items():
            folder = t.keep / "ab" / f"{trial:03d}-{label}"
            keys = {f: f"{trial:03d}-{label}-{f}" for f in FACTORS}
            if all(k in known for k in keys.values()):
                continue
            if not loops and not t.args.source:
                loops = subprocess.run([t.python, script, "0", "0", "0", "calibrate"], capture_output=True, text=True, check=True).stdout.strip()
            base = t.session(folder / "base", [script, seconds, 1.0, calls, loops])
            for factor in FACTORS:
                other = t.session(folder / str(factor), [script, seconds, factor, calls, loops])
                if not (base and other) or keys[factor] in known:
                    continue
                row = judge_ab(t, keys[factor], label, factor, base, other)
                with open(out, "a") as f:
                    f.write(json.dumps(row) + "\n")
                print(f"[{trial + 1}/{t.args.trials}] {label} x{factor}: found {row['found']}, false {row['false']}, median ratio {row['median_ratio']:.2f}, "
                      f"speed {row['speed']:.2f}", file=sys.stderr)
            t.forget(folder)


def share(rows, name):
    return f"{sum(map(bool, (r[name] for r in rows)))}/{len(rows)}"


def tables(args):
    aa = [json.loads(line) for line in (args.build / "bench" / "diff_aa.jsonl").read_text().splitlines()]
    print("| A/A | pairs | functions judged | pairs with a false finding: ghost diff | mean ratio beyond 1.2 or 0.8 |\n| --- | ---: | ---: | ---: | ---: |")
    for name in [*PROGRAMS, None]:
        for loaded in (False, True, None) if name is None else (False, True):
            rows = [r for r in aa if name in (None, r["program"]) and loaded in (None, r["loaded"])]
            if rows:
                print(f"| {name or 'all'}{', other core loaded' if loaded else ''} | {len(rows)} | {sum(r['functions'] for r in rows)} | {share(rows, 'ghost')} | {share(rows, 'mean_ratio')} |")
    path = args.build / "bench" / "diff_ab.jsonl"
    ab = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    print("\n| A/B: planted | factor | found: ghost diff | mean ratio | Mann-Whitney | false: ghost diff | mean ratio | Mann-Whitney, one function |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for label in DURATIONS:
        for factor in FACTORS:
            rows = [r for r in ab if r["duration"] == label and r["factor"] == factor]
            if rows:
                print(f"| {label} | {factor} | {share(rows, 'found')} | {share(rows, 'mean_ratio')} | {share(rows, 'u_test')} | {share(rows, 'false')} | {share(rows, 'mean_ratio_false')} | {share(rows, 'u_test_false')} |")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("what", choices=("aa", "ab", "tables"))
    p.add_argument("--pairs", type=int, default=100)
    p.add_argument("--trials", type=int, default=20)
    p.add_argument("--python", default="3.12")
    p.add_argument("--keep", type=Path, help="keep the sessions there")
    p.add_argument("--from", dest="source", type=Path, help="judge the sessions kept there")
    p.add_argument("--build", type=Path, default=REPOSITORY / "build", help="where make built; the interpreters are those of make bench")
    args = p.parse_args()
    if args.what == "tables":
        return tables(args)
    t = Trials(args)
    try:
        out = args.build / "bench" / f"diff_{args.what}.jsonl"
        out.parent.mkdir(parents=True, exist_ok=True)
        begin = time.monotonic()
        (run_aa if args.what == "aa" else run_ab)(t, out)
        print(f"{time.monotonic() - begin:.0f} s; bench/diff_trials.py tables shows them", file=sys.stderr)
    finally:
        shutil.rmtree(t.folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
