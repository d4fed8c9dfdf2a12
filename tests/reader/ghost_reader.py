#!/usr/bin/env python3
"""A second reader of Ghost logs, in Python, written from docs/format.md alone.

    ghost_reader.py export LOG_OR_FOLDER...   what `ghost export --format json` says, as JSON
    ghost_reader.py dump LOG                  what `ghost log dump` says: every record and event, a line each
    ghost_reader.py check LOG                 what is damaged; exit status 1 if anything is

It shares no code with format/ or analyzer/: where the two readers disagree, one of them or the page is wrong."""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from reader_blocks import SHAPE_NAMES, WITH_OPERAND
from reader_frames import Cut, Damage, Frame, NeedsNewer, parse_header, scan
from reader_live import Tail
from reader_records import records
from reader_tally import ProcessTally, SessionTally
from reader_wire import Malformed


class Log:
    """One file. Iterating gives (frame, name, record); what could not be read is in `faults`."""

    def __init__(self, path):
        self.path = Path(path)
        self.data = self.path.read_bytes()
        self.faults, self.index = [], None
        try:
            self.header, self.begin = parse_header(self.data)
        except (Malformed, Cut) as e:
            self.header, self.begin = None, 0
            self.faults.append((0, f"header: {e or 'cut'}"))

    def __iter__(self):
        for item in scan(self.data, self.begin):
            if isinstance(item, Damage):
                self.faults.append((item.offset, f"{item.size} bytes skipped: {item.reason}"))
            elif isinstance(item, Frame):
                yield from self._records(item)
            else:
                self.index = item

    def _records(self, frame):
        try:
            for name, record in records(frame.content):
                yield frame, name, record
        except (Malformed, NeedsNewer) as e:
            self.faults.append((frame.offset, str(e)))


def tally_log(path):
    tail = Tail(Path(path))
    log, tally, covered = Log(path), ProcessTally(Path(path).name), {}
    for _, name, record in log:
        tally.record(name, record)
        if name == "BLOCK":
            covered[record.thread] = max(covered.get(record.thread, 0), record.first_seq + record.n_seq)
    tail.add_to(tally, log.header.process if log.header else None, covered)
    log.faults += tail.faults
    return log, tally


def logs_of(paths):
    for path in map(Path, paths):
        yield from sorted(path.glob("*.ghost")) if path.is_dir() else [path]


def export(paths):
    session, faults = SessionTally(), []
    for path in logs_of(paths):
        log, tally = tally_log(path)
        session.add(tally)
        faults += [f"{path.name}: offset {at}: {what}" for at, what in log.faults]
    return {"processes": session.processes, "events": session.events,
            "losses": {str(cause): n for cause, n in sorted(session.losses.items())}, "marks": dict(sorted(session.marks.items())),
            "faults": faults, "profiles": session.profiles()}


def dump(path):
    """Yields lines."""
    log = Log(path)
    for frame, name, record in log:
        if name != "BLOCK":
            yield f"{frame.offset} {name} {json.dumps(record, sort_keys=True)}"
            continue
        head = {key: getattr(record, key) for key in ("thread", "first_seq", "n_seq", "base", "end", "q32", "anchors")}
        yield f"{frame.offset} BLOCK {json.dumps(head)} stack {len(record.stack)} suspended {len(record.suspended)}"
        for tick, kind, a, b, slot in record.events:
            yield f"  {tick} {SHAPE_NAMES[kind]} {a} {b}" + (f" slot {slot}" if kind in WITH_OPERAND else "")
    for offset, what in log.faults:
        yield f"{offset} DAMAGE {what}"


def check(path):
    log = Log(path)
    n = sum(1 for _ in log)
    for offset, what in log.faults:
        print(f"{path}: offset {offset}: {what}", file=sys.stderr)
    print(f"{path}: {n} records, {'finished' if log.index else 'no index'}, {len(log.faults)} faults")
    return 1 if log.faults else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=("export", "dump", "check"))
    parser.add_argument("paths", nargs="+")
    args = parser.parse_args()
    if args.verb == "export":
        json.dump(export(args.paths), sys.stdout, indent=1)
        print()
        return 0
    if args.verb == "dump":
        for line in dump(args.paths[0]):
            print(line.encode("utf-8", "backslashreplace").decode())
        return 0
    return max(check(path) for path in args.paths)


if __name__ == "__main__":
    sys.exit(main())
