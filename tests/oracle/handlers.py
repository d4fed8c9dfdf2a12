"""Which exception does a RERAISE or a bare `raise` raise again?

CPython tells a tracer where an exception was raised, not which of several is raised again
at the end of a handler. The code object's exception table knows: it leads from the place
of the first raise through the handlers to the one that the second raise stands in.
"""
import dis


class Handlers:
    """The handlers of one code object. Offsets are those of f_lasti."""

    def __init__(self, code):
        self.entries = [(e.start, e.end, e.target) for e in dis._parse_exception_table(code)]
        raw = code.co_code
        names = [dis.opname[raw[at]] for at in range(0, len(raw), 2)]
        self.bare_raises = {2 * i for i, n in enumerate(names) if n == "RAISE_VARARGS" and raw[2 * i + 1] == 0}
        reraises = [2 * i for i, n in enumerate(names) if n == "RERAISE"]
        self.again = self.bare_raises | set(reraises)
        self.names = names
        self.of_cleanup = {}         # cleanup's offset -> the handler it belongs to
        self.onward = {}             # handler -> where what it lets out goes in the same frame
        for target in {t for _, _, t in self.entries}:
            is_handler = names[target // 2] == "PUSH_EXC_INFO"
            cleanup = self.cover(target) if is_handler else target
            if is_handler and cleanup is not None:
                self.of_cleanup[cleanup] = target
            out = target if names[target // 2] in ("CLEANUP_THROW", "END_ASYNC_FOR") else min(
                (r for r in reraises if cleanup is not None and r >= cleanup), default=None)
            self.onward[target] = None if out is None else self.cover(out)
        self.stars = {}              # the RERAISE at the end of an except* -> its handler, and where its bodies' exceptions go
        for at in range(0, len(raw), 2):
            if names[at // 2] == "PREP_RERAISE_STAR" or names[at // 2] == "CALL_INTRINSIC_2" and raw[at + 1] == 1:
                cleanup = self.cover(at)
                handler = self.of_cleanup[cleanup]
                bodies = {t for _, _, t in self.entries if handler < t < at and self.cover(t) == cleanup}
                self.stars[min(r for r in reraises if r > at)] = handler, bodies

    def cover(self, at):
        """The handler that an exception at `at` goes to."""
        return next((target for start, end, target in self.entries if start <= at < end), None)

    def goes_to(self, place):
        """The handler of what was raised at `place`; 3.13 and later: what is thrown into a body that waits at the RESUME
        after its YIELD_VALUE is the latter's."""
        return self.cover(place - 2 if self.names[place // 2] == "RESUME" else place)

    def swallows(self, at, is_stop, is_async_stop):
        """Is it the end of an inner iterator, which the instruction itself takes as no error?"""
        target = self.cover(at)
        first = None if target is None else self.names[target // 2]
        return is_stop and first == "CLEANUP_THROW" or is_async_stop and first == "END_ASYNC_FOR"

    def out_of_star(self, at, raised_at):
        """At the end of an except*: where what it handles was raised, and where its bodies raised what they raised anew."""
        handler, bodies = self.stars[at]
        original = self.leading_to(handler, raised_at)
        if not original:
            return None, []
        later = raised_at[raised_at.index(original[0]) + 1:]
        return original[0], [place for place in later if self.cover(place) in bodies]

    def resolve(self, at, raised_at, handled=None):
        """Of the places in `raised_at`, newest last: the one whose exception is raised again at `at`. Several may lead there, where
        the handlers of others ended in between: then it is `handled`, if that is one of them, what was being handled when a line
        of this frame last began. None: it came from no handler of this frame, or the table does not tell."""
        if self.names[at // 2] in ("CLEANUP_THROW", "END_ASYNC_FOR"):    # lets out what came to it
            return next((place for place in reversed(raised_at) if self.goes_to(place) == at), None)
        handler = self.of_cleanup.get(self.cover(at))
        if handler is None:
            return None
        places = self.leading_to(handler, raised_at)
        return handled if handled in places else places[0] if places else None

    def leading_to(self, handler, raised_at):
        """Of the places in `raised_at`, newest last: those whose exceptions may come to the handler, newest first."""
        found = []
        for place in reversed(raised_at):
            seen = set()
            here = self.cover(place)
            while here is not None and here not in seen:
                if here == handler:
                    found.append(place)
                    break
                seen.add(here)
                here = self.onward.get(here)
        return found
