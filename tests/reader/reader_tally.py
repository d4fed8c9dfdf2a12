"""What a session's functions did, as `ghost export --format json` tells it: whole numbers, exact."""

from collections import Counter, defaultdict

from reader_records import SIG_OTHER, VARARGS, VARKEYWORDS
from reader_replay import Replay

DAMAGE = 8      # a cause of loss that readers find


class FunctionTally:
    """Of one fn_key, over all processes."""

    def __init__(self):
        self.calls = 0
        self.finished = 0
        self.closed = 0                         # generators and coroutines ended by close()
        self.adopted = 0                        # begun before recording did
        self.sigs = Counter()
        self.returns = Counter()
        self.yields = Counter()
        self.callers = Counter()
        self.exceptions = defaultdict(Counter)  # type name -> raised, passed, caught
        self.exits = 0                          # activations left by an exception
        self.latencies = []                     # [total, min, max]
        self.self_ns = 0
        self.suspended_ns = 0

    def add_latency(self, ns):
        if self.latencies:
            total, low, high = self.latencies
            self.latencies = [total + ns, min(low, ns), max(high, ns)]
        else:
            self.latencies = [ns, ns, ns]


class ProcessTally:
    """One log: numbers are resolved to names once, at the end of the log, because a definition that a
    damaged frame held may be repeated later."""

    def __init__(self, log):
        self.log = log
        self.funcs, self.types, self.sigs, self.marks, self.threads = {}, {}, {}, {}, {}
        self.meta, self.losses, self.notes, self.children, self.end = {}, Counter(), {}, [], None
        self.by_func = defaultdict(FunctionTally)
        self.replay = Replay(self)
        self.events = 0
        self.marked_times = Counter()
        self.q32 = 0
        self.keepers = {
            "META": lambda r: self.meta.update(r["pairs"]),
            "FUNC": lambda r: self.funcs.__setitem__(r["id"], r),
            "TYPE": lambda r: self.types.__setitem__(r["id"], r),
            "SIG": lambda r: self.sigs.__setitem__((r["func"], r["id"]), r),
            "MARK": lambda r: self.marks.__setitem__(r["id"], r["name"]),
            "THREAD": lambda r: self.threads.__setitem__(r["id"], r),
            "CHILD": self.children.append,
            "NOTE": lambda r: self.notes.__setitem__((r["code"], r["detail"]), r["count"]),
            "LOSS": lambda r: self.losses.update({r["cause"]: r["count"]}),
            "END": lambda r: setattr(self, "end", r),
            "BLOCK": self.replay.block,
        }

    def record(self, name, record):
        keep = self.keepers.get(name)
        if keep:
            keep(record)

    # What Replay tells.
    def begin(self, block):
        self.events += block.n_counted()
        self.q32 = block.q32

    def _ns(self, ticks):
        return max(0, ticks) * self.q32 >> 32

    def lost_by_damage(self):
        """Events that the end of the log counts and that are not to be found."""
        return max(0, self.end["events"] - self.events) if self.end else 0

    def called(self, frame, tick):
        f = self.by_func[frame.func]
        f.calls += 1
        f.sigs[frame.sig] += 1
        f.callers[frame.caller] += 1

    # A frame that began before recording did is no call that was counted: only that it ended is.
    def returned(self, frame, tick, type_id):
        if self._ended(frame, tick):
            self.by_func[frame.func].returns[type_id] += 1

    def yielded(self, frame, type_id):
        if frame.known:
            self.by_func[frame.func].yields[type_id] += 1

    def _is_close(self, type_id):
        """close() ends a generator by GeneratorExit: no exception of anybody's."""
        t = self.types.get(type_id)
        return t and (t["module"], t["qualname"]) == ("builtins", "GeneratorExit")

    def unwound(self, frame, tick, type_id, raised):
        if not self._ended(frame, tick):
            return
        f = self.by_func[frame.func]
        if frame.slot is not None and self._is_close(type_id):
            f.closed += 1
        else:
            f.exits += 1
            f.exceptions[type_id]["raised" if raised else "passed"] += 1

    def caught(self, frame, type_id):
        if frame.known and not self._is_close(type_id):
            self.by_func[frame.func].exceptions[type_id]["caught"] += 1

    def marked(self, tick, mark):
        self.marked_times[mark] += 1

    def _ended(self, frame, tick):
        """False when nothing is known of the call but its end."""
        f, latency = self.by_func[frame.func], tick - frame.start
        if not frame.known:
            f.adopted += 1
            return False
        f.finished += 1
        f.add_latency(self._ns(latency))
        f.self_ns += self._ns(frame.active - frame.child)
        f.suspended_ns += self._ns(latency - frame.active)
        return True

    # Names.
    def about(self, func):
        """What a function is; one whose definition was lost goes by its number, in its log."""
        lost = {"module": self.log, "qualname": f"<function {func}>", "file": "", "line": 0}
        return self.funcs.get(func, lost)

    def key(self, func):
        f = self.about(func)
        return f"{f['module']}:{f['qualname']}:{f['line']}"

    def type_name(self, type_id):
        t = self.types.get(type_id)
        return t["qualname"] if t else f"<type {type_id}>" if type_id else "?"

    def signature(self, func, sig_id):
        f, sig = self.funcs.get(func), self.sigs.get((func, sig_id))
        if sig_id == SIG_OTHER:
            return "(...)"
        if f is None or sig is None:
            return "(?)"
        names = [self.type_name(t) if t else "-" for t in sig["types"]]
        plain, kwonly = names[:f["positional"]], names[f["positional"]:f["positional"] + f["kwonly"]]
        rest = names[f["positional"] + f["kwonly"]:]
        if f["co_flags"] & VARARGS:
            plain.append("*" + rest.pop(0))
        first = f["positional"]
        plain += [f"{name}={t}" for name, t in zip(f["params"][first:first + f["kwonly"]], kwonly)]
        if f["co_flags"] & VARKEYWORDS:
            plain.append("**" + rest.pop(0))
        return "(" + ", ".join(plain) + ")"


class SessionTally:
    """All processes of a session, by fn_key."""

    def __init__(self):
        self.functions = defaultdict(FunctionTally)
        self.about = {}
        self.callees = defaultdict(Counter)
        self.events, self.losses, self.marks, self.processes = 0, Counter(), Counter(), {}

    def add(self, process):
        self.events += process.events
        self.losses.update(process.losses)
        if damage := process.lost_by_damage():
            self.losses[DAMAGE] += damage
        self.marks.update({process.marks.get(mark, f"?{mark}"): n for mark, n in process.marked_times.items()})
        self.processes[process.log] = {"events": process.events, "meta": process.meta, "ended_in_good_order": process.end is not None}
        for func, part in process.by_func.items():
            key = process.key(func)
            whole = self.functions[key]
            self.about.setdefault(key, process.about(func))
            self._merge(process, func, key, whole, part)

    def _merge(self, process, func, key, whole, part):
        whole.calls += part.calls
        whole.finished += part.finished
        whole.exits += part.exits
        whole.closed += part.closed
        whole.adopted += part.adopted
        whole.self_ns += part.self_ns
        whole.suspended_ns += part.suspended_ns
        for sig, n in part.sigs.items():
            whole.sigs[process.signature(func, sig)] += n
        for mine, theirs in ((whole.returns, part.returns), (whole.yields, part.yields)):
            for type_id, n in theirs.items():
                mine[process.type_name(type_id)] += n
        for caller, n in part.callers.items():
            if caller:
                whole.callers[process.key(caller)] += n
                self.callees[process.key(caller)][key] += n
        for type_id, counts in part.exceptions.items():
            whole.exceptions[process.type_name(type_id)].update(counts)
        if part.latencies and whole.latencies:
            a, b = part.latencies, whole.latencies
            whole.latencies = [a[0] + b[0], min(a[1], b[1]), max(a[2], b[2])]
        elif part.latencies:
            whole.latencies = list(part.latencies)

    def profiles(self):
        return [self._profile(key) for key in sorted(self.functions)]

    def _profile(self, key):
        f, about = self.functions[key], self.about[key]
        total, low, high = f.latencies or (0, None, None)
        return {
            "fn_key": key,
            "module": about["module"], "qualname": about["qualname"], "file": about["file"], "line": about["line"],
            "call_count": f.calls, "exception_count": f.exits, "calls_unfinished": max(0, f.calls - f.finished),
            "calls_closed": f.closed, "calls_adopted": f.adopted,
            "exceptions": {name: {how: n[how] for how in ("raised", "passed", "caught")}
                           for name, n in sorted(f.exceptions.items())},
            "arg_type_dist": dict(sorted(f.sigs.items())), "ret_type_dist": dict(sorted(f.returns.items())),
            "yield_type_dist": dict(sorted(f.yields.items())),
            "callers": dict(sorted(f.callers.items())), "callees": dict(sorted(self.callees[key].items())),
            "total_latency_ns": total, "min_latency_ns": low, "max_latency_ns": high,
            "self_ns": f.self_ns, "suspended_ns": f.suspended_ns,
        }
