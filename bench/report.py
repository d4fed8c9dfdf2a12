#!/usr/bin/env python3
"""Tables from a results file of bench/run.py: report.py RESULTS [--docs FILE].

Every figure is a median over rounds with the middle half of the rounds (first to third quartile)
in brackets. A ratio is taken within a round, against `nothing` of that round."""

import argparse
import json
import math
import statistics
import sys
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import peers
import workloads


class Results:
    def __init__(self, path):
        self.runs, self.cells = [], defaultdict(dict)      # (python, workload, peer, zero) -> round -> cell
        self.failed = {}
        for line in Path(path).read_text().splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue        # the line that an interruption cut
            if row["kind"] == "run":
                self.runs.append(row)
                continue
            where = (row["python"], row["workload"], row["peer"], row["zero"])
            if "failed" in row:
                self.failed[where] = row["failed"]
            else:
                self.cells[where][row["round"]] = row
                self.failed.pop(where, None)
        if not self.runs:
            raise SystemExit(f"report: {path} is no results file of bench/run.py")

    def pythons(self):
        return sorted({where[0] for where in self.cells}, key=_numbers)

    def peers(self, python):
        return [p for p in peers.PEERS if any(w[0] == python and w[2] == p.name for w in [*self.cells, *self.failed])]

    def workloads(self, python):
        return [w for w in workloads.WORKLOADS if any(c[0] == python and c[1] == w.name for c in self.cells)]

    def rounds(self, python, workload, peer):
        """(cell, start-only cell or None, nothing, nothing start-only or None) of each round that has both."""
        cells, plain = self.cells[python, workload, peer, False], self.cells[python, workload, "nothing", False]
        counted_by = peers.BY_NAME[peer].events_of or peer
        for turn in sorted(set(cells) & set(plain)):
            events = self.steady_events(python, workload, counted_by, turn)
            yield (cells[turn] | {"steady_events": events * cells[turn]["n"]}, self.cells[python, workload, peer, True].get(turn),
                   plain[turn], self.cells[python, workload, "nothing", True].get(turn))

    def steady_events(self, python, workload, peer, turn):
        """Events of one iteration of the steady part, as this peer counted them; 0 if it did not."""
        cell, start = (self.cells[python, workload, peer, zero].get(turn, {}) for zero in (False, True))
        return (cell["events"] - start["events"]) / cell["n"] if "events" in cell and "events" in start else 0


class Spread:
    """Median and quartiles of a figure over the rounds."""

    def __init__(self, values):
        self.values = sorted(values)
        self.median = statistics.median(self.values)
        quartiles = statistics.quantiles(self.values, n=4, method="inclusive") if len(self.values) > 1 else [self.median] * 3
        self.low, self.high = quartiles[0], quartiles[2]

    def text(self, digits):
        median, low, high = (f"{v:.{digits}f}" for v in (self.median, self.low, self.high))
        return median if low == high else f"{median} [{low}..{high}]"


def wall_ratio(cell, start, plain, plain_start):
    return (cell["wall"] / cell["n"]) / (plain["wall"] / plain["n"])


def cpu_ratio(cell, start, plain, plain_start):
    return (cell["process"] / cell["n"]) / (plain["process"] / plain["n"])


MIN_EVENTS = 200_000    # with fewer, noise divided by events is no cost of an event


def _per_event(kind, cell, start, plain):
    events = cell["steady_events"]
    return (cell[kind] - plain[kind] * cell["n"] / plain["n"]) * 1e9 / events if events >= MIN_EVENTS else None


def thread_ns(cell, start, plain, plain_start):
    """Added on the threads that run the program."""
    return _per_event("thread", cell, start, plain)


def all_ns(cell, start, plain, plain_start):
    """Added CPU of all threads, the writer's included."""
    return _per_event("process", cell, start, plain)


def log_bytes(cell, start, plain, plain_start):
    return cell["bytes"] / cell["events"] if cell.get("events") else None


def events_millions(cell, start, plain, plain_start):
    return cell["events"] / 1e6 if "events" in cell else None


def lost(cell, start, plain, plain_start):
    return cell.get("lost")


def rss_mib(cell, start, plain, plain_start):
    return cell["rss_kib"] / 1024


def start_ms(cell, start, plain, plain_start):
    return start["total_wall"] * 1e3 if start else None


# To add a table: a function of one round above, and a row here: title, function, digits,
# only columns with events of their own (the two of costs an event: the floor's too).
TABLES = (
    ("Wall time of the steady part, times `nothing`", wall_ratio, 2, False),
    ("CPU time of the steady part, all threads, times `nothing`", cpu_ratio, 2, False),
    ("Added on the program's own threads, nanoseconds an event", thread_ns, 1, True),
    ("Added CPU in all, writer thread included, nanoseconds an event", all_ns, 1, True),
    ("Log, bytes an event", log_bytes, 3, True),
    ("Events, millions", events_millions, 2, True),
    ("Events lost", lost, 0, True),
    ("Peak memory, MiB", rss_mib, 0, False),
    ("Start and end without work, milliseconds of wall time", start_ms, 0, False),
)


def spread(results, python, workload, peer, figure):
    values = [v for row in results.rounds(python, workload, peer) if (v := figure(*row)) is not None]
    return Spread(values) if values else None


def table(results, python, title, figure, digits, ours):
    columns = [p for p in results.peers(python) if p.ours or not ours or (p.events_of and figure in (thread_ns, all_ns))]
    rows = []
    for workload in results.workloads(python):
        row = [workload.title]
        for peer in columns:
            value = spread(results, python, workload.name, peer.name, figure)
            failed = (python, workload.name, peer.name, False) in results.failed
            row.append(value.text(digits) if value else "failed" if failed else "")
        if any(row[1:]):
            rows.append(row)
    if figure is wall_ratio:
        rows.append(["**real programs, geometric mean**"] + [_mean_text(results, python, p.name) for p in columns])
    return title, ["workload"] + [p.name for p in columns], rows


def geometric_mean(results, python, peer):
    """Over the real programs that the peer ran, with their number. Django counts once, with the site as user code."""
    ratios = [s.median for w in results.workloads(python) if w.real and not w.peers
              and (s := spread(results, python, w.name, peer, wall_ratio))]
    return (math.exp(sum(map(math.log, ratios)) / len(ratios)), len(ratios)) if ratios else None


def _mean_text(results, python, peer):
    mean = geometric_mean(results, python, peer)
    return f"**{mean[0]:.3f}** ({mean[1]})" if mean else ""


def markdown(header, rows):
    lines = ["| " + " | ".join(header) + " |", "| --- |" + " ---: |" * (len(header) - 1)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def plain(header, rows):
    """For a terminal: columns aligned, medians first."""
    rows = [[cell.replace("*", "") for cell in row] for row in [header, *rows]]
    widths = [max(len(row[i]) for row in rows) for i in range(len(header))]
    return ["  ".join(cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths))) for row in rows]


HOW = """Written by `bench/report.py` from one run of the command below; do not edit.

How it was measured:

* Each round runs every column once per workload, one right after the other, in an order that rotates; a ratio compares
  runs of the same round. Shown: median over the rounds, in brackets the first and third quartile. `control` is `nothing`
  a second time: its distance from 1 is the noise.
* `floor` is the least that an exact recorder with times can do: hook each way into a body and out of it as cheaply as this
  CPython allows and read the clock (`bench/floor/floor.c`); `floor hook` does not even read it. Neither records anything. Costs
  an event are by the events that `ghost --all` counted in the same round.
* The workload times its own steady part; starting Python, imports and a warm-up come before it, a peer's own end after it.
  "Added on the program's own threads" is thread CPU time there, against `nothing`; "added CPU in all" is the process's,
  with Ghost's writer thread (what it still has to write at the end, a block of 32,768 events a thread at most, is not in it).
  Both are left out where the steady part has fewer than {min_events:,} events; events of start and imports are taken off.
* Slow peers do a fraction of the iterations ({scales}; at least a fifth on real programs); ratios compare time per iteration.
* Scope: `ghost --all`, viztracer (without C functions), yappi (wall clock) and cProfile see every Python function;
  `ghost`, coverage, monkeytype and ghost-observer only user code, which the row names. ghost-observer leaves out
  site-packages always: it gets its libraries from another folder.
* What is recorded differs: viztracer, yappi and cProfile record no types, coverage only which lines ran, monkeytype types
  but no times. monkeytype and ghost-observer see the main thread only, and ghost-observer drops what exceeds 50,000
  events between two flushes: their columns are lower than the same work would be.
* The program and Ghost's writer thread share the machine's cores."""


def _numbers(version):
    return tuple(map(int, version.split(".")))


def _title(results, python):
    """The interpreter and how many rounds were made with it."""
    versions = [run["pythons"][python]["version"] for run in results.runs if python in run["pythons"]]
    rounds = {turn for where, turns in results.cells.items() if where[0] == python for turn in turns}
    return f"Python {versions[-1] if versions else python}, {len(rounds)} round{'s' * (len(rounds) != 1)}"


def _machine_lines(runs):
    m, pythons = runs[-1]["machine"], {}
    for run in runs:
        pythons |= run["pythons"]
        yield f"* {run['when']}: `{run['command']}`" + (" (quick: a fifth of the iterations)" if run["quick"] else "")
    yield "* Commit: " + ", ".join(dict.fromkeys(r["commit"] for r in runs)) + (
        " (MIXED: the run was continued with another build)" if len({r["commit"] for r in runs}) > 1 else "")
    yield f"* Machine: {m['cpu']}, {m['cores']} cores, {m['system']}, load at the start {m['load']:.2f}"
    for minor, python in sorted(pythons.items(), key=lambda item: _numbers(item[0])):
        names = ", ".join(f"{k} {v}" for k, v in sorted(python["packages"].items()))
        yield f"* Python {python['version']}" + (f" (Debian {python['root']})" if python["root"] else "") + (f": {names}" if names else "")


def _failures(results):
    return [f"* {p} {w} {peer}{' (start only)' if zero else ''}: {why}" for (p, w, peer, zero), why in sorted(results.failed.items())
            if not (zero and (p, w, peer, False) in results.failed)]


def tables(results, python):
    for title, figure, digits, ours in TABLES:
        name, header, rows = table(results, python, title, figure, digits, ours)
        if len(header) > 1 and any(any(row[1:]) for row in rows):
            yield name, header, rows


def document(results, title):
    run = results.runs[-1]
    scales = ", ".join(f"{p.name} {p.scale:g}" for p in peers.PEERS if p.scale != 1)
    caveat = ["**From a quick run: it shows that everything works; its figures are not to be quoted.**", ""] if run["quick"] else []
    lines = [f"# {title}", "", *caveat, HOW.format(scales=scales, min_events=MIN_EVENTS), "", *_machine_lines(results.runs), ""]
    for python in results.pythons():
        lines += [f"## {_title(results, python)}", ""]
        for name, header, rows in tables(results, python):
            lines += [f"### {name}", "", *markdown(header, rows), ""]
    failures = _failures(results)
    if failures:
        lines += ["## What failed", "", *failures, ""]
    return "\n".join(lines)


def show(results):
    print("\n".join(_machine_lines(results.runs)))
    for python in results.pythons():
        for name, header, rows in tables(results, python):
            print(f"\n{_title(results, python)}: {name}")
            print("\n".join(plain(header, rows)))
    failures = _failures(results)
    if failures:
        print("\nWhat failed:", *failures, sep="\n")


def main(argv=None):
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("results", type=Path)
    p.add_argument("--docs", type=Path, help="write the page there")
    p.add_argument("--title", default="Benchmarks", help="the page's title (default: %(default)s)")
    args = p.parse_args(argv)
    results = Results(args.results)
    show(results)
    if args.docs:
        args.docs.write_text(document(results, args.title))
        print(f"\nwritten: {args.docs}", file=sys.stderr)
    return 1 if results.failed else 0


if __name__ == "__main__":
    sys.exit(main())
