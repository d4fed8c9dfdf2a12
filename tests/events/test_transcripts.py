"""The events of habits.py on each minor are those of a transcript, habits.3.X.Y.txt.

A transcript is the list of CPython's habits that the recorder relies on; it is named after the release that it was first
made with, and a minor has several where patch releases differ. What is equal to none of them means that CPython or
Ghost has changed. GHOST_ACCEPT=1 then writes one more; read the difference before committing it.
"""
import json
import os
import pathlib

import harness

HERE = pathlib.Path(__file__).parent


class Names:
    """Names of the numbers in a dump."""

    def __init__(self):
        self.func, self.type, self.sig = {}, {0: "-"}, {}

    def add(self, kind, d):
        if kind == "FUNC":
            self.func[d["id"]] = d["qualname"].replace(".<locals>", "")
        elif kind == "TYPE":
            self.type[d["id"]] = d["qualname"]
        elif kind == "SIG":
            self.sig[d["func"], d["id"]] = d["types"]

    def call(self, func, sig):
        return f"{self.func[func]}({', '.join(self.type[t] for t in self.sig[func, sig])})"


def transcript(dump):
    """One line an event, indented by the depth of the stack, without times and numbers."""
    names, lines, stack, slots = Names(), [], [], {}
    for line in dump.splitlines():
        if not line.startswith(" "):
            _, kind, fields = line.split(" ", 2)
            if kind in ("FUNC", "TYPE", "SIG"):
                names.add(kind, json.loads(fields))
            continue
        if line.startswith("   "):
            continue
        _, kind, a, b, *slot = line.replace(" slot ", " ").split()
        a, b = int(a), int(b)
        depth = len(stack)
        if kind in ("CALL", "GEN_CALL"):
            what = names.call(a, b)
            stack.append(slot[0] if slot else None)
            slots.update({slot[0]: names.func[a]} if slot else {})
        elif kind in ("RESUME", "THROW", "DROP"):
            what = slots[slot[0]]
            stack += [slot[0]] if kind != "DROP" else []
        else:
            stack.pop()
            depth = len(stack)
            what = names.type[a] + ({0: " passed", 1: " raised"}[b & 1] if kind == "UNWIND" else "")
        lines.append("  " * depth + f"{kind} {what}")
    return "\n".join(lines) + "\n"


def test_transcript(python, ghost):
    done = ghost.run([python.exe, HERE / "habits.py"], "-q")
    assert done.status == 0, done.err.decode()
    log, = ghost.sessions()[0].glob("*.ghost")
    got = transcript(ghost.command("log", "dump", log).out.decode())
    known = sorted(HERE.glob(f"habits.{python.minor[0]}.{python.minor[1]}.*.txt"))
    if os.environ.get("GHOST_ACCEPT") and got not in [file.read_text() for file in known]:
        (HERE / f"habits.{python.version}.txt").write_text(got)
        known = [HERE / f"habits.{python.version}.txt"]
    assert known, f"no transcript for {python.version} yet: GHOST_ACCEPT=1 makes one"
    if got not in [file.read_text() for file in known]:
        assert got == known[-1].read_text()
