"""The oracle's half that runs inside the observed program (see oracle.py).

It watches with sys.setprofile and sys.settrace, in Python, on every thread, and
shares no code and no mechanism of its own making with Ghost's recorder:

* `call` of a frame whose last instruction is RESUME 0 is a body entered; any other
  `call` resumes a suspended body. A body is one call, from the first to its end.
* `return` is a return, a yield or an unwinding: the instruction at f_lasti tells.
  An instruction that can only return, returned; one that can only yield, yielded;
  every other was left by an exception. Only an exception thrown into a body that
  waits at a YIELD_VALUE, and not caught, looks like a yield of None: there, an
  `exception` event at that instruction decides, with no `line` event of an earlier
  instruction after it (handlers and the ends of `with` come later in the code).
* which exception left is what the `exception` event at the same f_lasti said
  (RERAISE sets f_lasti back to the instruction that raised first).
* the caller is found by walking f_back, never by a stack kept here.

Everything is counted in one private dict per thread and written once more, late,
while the interpreter is being torn down; so functions here must not use module
globals, which are gone by then: they live in the closure of install().
"""


def install(options, Handlers):
    import gc
    import os
    import sys
    import _thread
    import dis
    import posix
    from fnmatch import fnmatchcase

    live = {}                  # id(frame) -> Activation, running or suspended
    infos = {}                 # id(code) -> Info
    tables = []                # one dict of counters per thread
    out = options["out"]
    main_name = options["main"]
    include, exclude, everything = options["include"], options["exclude"], options["all"]
    library = tuple(os.path.join(os.path.realpath(d), "") for d in options["library"])
    own = tuple(os.path.join(os.path.realpath(d), "") for d in options["own"])

    qualname_of = type.__dict__["__qualname__"].__get__
    traceback_of = BaseException.__dict__["__traceback__"].__get__
    mro_of = type.__dict__["__mro__"].__get__
    start_thread = {n: getattr(_thread, n) for n in
                    ("start_new_thread", "start_joinable_thread") if hasattr(_thread, n)}
    setprofile, settrace, getprofile, gettrace = sys.setprofile, sys.settrace, sys.getprofile, sys.gettrace
    gc_enable, gc_disable, gc_isenabled = gc.enable, gc.disable, gc.isenabled
    posix_open, posix_write, posix_close, urandom = posix.open, posix.write, posix.close, os.urandom
    posix_replace, getpid = os.replace, os.getpid
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    converts = (StopIteration, StopAsyncIteration) if sys.version_info >= (3, 12) else ()
    # since 3.11.4 the only one raised by an except*, with nothing left of its group, is in no new group; that nothing is left is assumed
    lone_in_star = 1 if sys.version_info >= (3, 11, 4) else 0
    opname, raise_varargs, exc_info = dis.opname, dis.opmap["RAISE_VARARGS"], sys.exc_info

    class Info:
        """What is known of a code object: its key (None: not recorded) and its instructions."""
        __slots__ = ("code", "key", "generator", "asyncgen", "returns", "yields", "starts", "iterates", "params", "handlers")

    class Activation:
        __slots__ = ("info", "errors", "last", "thrown", "values", "handled")

    class Late:
        """Lives in sys.__dict__, which goes after all modules: its end is the last moment to write."""
        def __del__(self, dump=None):
            (dump or write)("late")

    def real_module(name):
        return main_name if name in ("__main__", "__mp_main__") else name

    def is_application(file, namespace):
        if file.startswith("<frozen "):
            return False
        if file.startswith("<") and file.endswith(">"):
            file = namespace.get("__file__")
            if type(file) is not str:        # collections.namedtuple makes code under such names
                name = namespace.get("__name__")
                return not (type(name) is str and name.startswith("namedtuple_"))
        file = os.path.abspath(file)
        if "/site-packages/" in file or "/dist-packages/" in file:
            return False
        return not (file.startswith(library) or os.path.realpath(file).startswith(library))

    def matches(globs, module, file):
        """A glob with a slash is about paths, else about modules; without a wildcard it is a prefix."""
        for glob in globs:
            name, joint = (file, "/") if "/" in glob else (module, ".")
            if any(c in glob for c in "*?["):
                if fnmatchcase(name, glob):
                    return True
            elif name == glob or name.startswith(glob + joint):
                return True
        return False

    def is_recorded(file, module, namespace):
        if file.startswith(own) or os.path.realpath(file).startswith(own):
            return False
        made_by = namespace.get("__file__")
        place = made_by if file.startswith("<") and type(made_by) is str else file
        if matches(exclude, module, place):
            return False
        if include:
            return matches(include, module, place)
        return everything or is_application(file, namespace)

    def describe(code, namespace):
        info = Info()
        info.code = code                     # strong: an id must not be reused
        module = namespace.get("__name__")
        module = real_module(module) if type(module) is str else "?"
        info.key = None
        if is_recorded(code.co_filename, module, namespace):
            info.key = f"{module}:{code.co_qualname}:{code.co_firstlineno}"
            info.generator = bool(code.co_flags & (0x20 | 0x80 | 0x200))
            info.asyncgen = bool(code.co_flags & 0x200)
            raw = code.co_code
            names = {at: opname[raw[at]] for at in range(0, len(raw), 2)}
            info.returns = {at for at, n in names.items() if n in ("RETURN_VALUE", "RETURN_CONST")}
            # 3.13 and later: a body that has yielded stands at the RESUME that follows
            info.yields = {at for at, n in names.items()
                           if n == "YIELD_VALUE" or n == "RESUME" and raw[at + 1] & 3}
            info.starts = {at for at, n in names.items() if n == "RESUME" and raw[at + 1] & 3 == 0}
            info.iterates = {at for at, n in names.items() if n in ("FOR_ITER", "SEND", "END_SEND")}     # END_SEND: 3.13, after it
            info.params = params(code)
            info.handlers = Handlers(code) if code.co_exceptiontable else None
        return infos.setdefault(id(code), info)      # another thread may have been quicker

    def params(code):
        """(prefix, name) of each parameter in the order a signature is rendered."""
        names = code.co_varnames
        n, k = code.co_argcount, code.co_kwonlyargcount
        rest = n + k
        varargs = names[rest] if code.co_flags & 4 else None
        varkw = names[rest + (varargs is not None)] if code.co_flags & 8 else None
        return ([("", name) for name in names[:n]] + ([("*", varargs)] if varargs else [])
                + [(name + "=", name) for name in names[n:rest]] + ([("**", varkw)] if varkw else []))

    def signature(frame, info):
        if not info.params:
            return "()"
        values = frame.f_locals
        return "(" + ", ".join(prefix + qualname_of(type(values[name])) for prefix, name in info.params) + ")"

    def caller_of(frame):
        below = frame.f_back
        while below is not None:
            info = infos.get(id(below.f_code)) or describe(below.f_code, below.f_globals)
            if info.key is not None:
                return info.key
            below = below.f_back
        return None

    def watcher():
        """The pair of callbacks of one thread and its counters."""
        counts = {}
        tables.append(counts)

        def count(*key):
            counts[key] = counts.get(key, 0) + 1

        def enter(frame, info):
            if info.generator and frame.f_lasti not in info.starts:
                act = live.get(id(frame))
                if act is not None:
                    act.thrown = () if frame.f_lasti not in info.yields else act.thrown
                return
            act = Activation()
            act.info, act.errors, act.last, act.thrown = info, {}, None, ()
            act.values, act.handled = {}, None     # id of an exception -> where it was raised; where what a line handled was
            live[id(frame)] = act
            count("call", info.key, signature(frame, info), caller_of(frame))

        def leave(frame, info, value):
            act = live.get(id(frame))
            if act is None or act.info is not info:
                return
            at = frame.f_lasti
            if info.generator and at < min(info.starts):    # thrown into before its first resume, at the address of one that was dropped
                return
            if at in info.returns:
                count("return", info.key, qualname_of(type(value)))
            elif at in info.yields and (value is not None or at not in act.thrown):
                if not info.asyncgen:
                    count("yield", info.key, qualname_of(type(value)))
                elif qualname_of(type(value)) == "async_generator_wrapped_value":
                    count("yield", info.key, qualname_of(type(gc.get_referents(value)[0])))
                else:  # an await's: nothing that it yields itself
                    count("yield", info.key, "?")
                return
            else:
                unwind(info, act, at)
            del live[id(frame)]

        def which_error(info, act, at):
            """(class, name, raised here) of what left the frame at `at`."""
            handlers = info.handlers
            if at in act.errors and (handlers is None or at not in handlers.again):
                return act.errors[at]
            if handlers is not None and at in handlers.stars:
                place, anew = handlers.out_of_star(at, list(act.errors))
                if len(anew) > lone_in_star and issubclass(act.errors[place][0], BaseExceptionGroup):   # a new group of them and the rest
                    every = [act.errors[p][0] for p in (place, *anew)]
                    cls = ExceptionGroup if all(Exception in mro_of(c) for c in every) else BaseExceptionGroup
                    return cls, qualname_of(cls), True
                if place is not None:
                    return act.errors[anew[-1] if anew else place]
            if handlers is not None:
                place = handlers.resolve(at, list(act.errors), act.handled)
                if place is not None:
                    return act.errors[place]
            if at in act.errors:
                return act.errors[at]
            if act.last is None or info.code.co_code[at] == raise_varargs and info.code.co_code[at + 1] == 0:
                handled = exc_info()[1]     # a bare raise of what a caller is handling
                if handled is not None:
                    return described(handled, traceback_of(handled))
            return act.last

        def described(error, tb):
            """(class, name, raised here): whether its traceback has no entry below the first one's frame."""
            own = tb.tb_frame if tb is not None else None
            while tb is not None and tb.tb_frame is own:
                tb = tb.tb_next
            return type(error), qualname_of(type(error)), tb is None

        def unwind(info, act, at):
            error = which_error(info, act, at)
            if error is None:
                count("unresolved", info.key, opname[info.code.co_code[at]])
                return
            cls, name, here = error
            if info.generator:
                if cls is GeneratorExit:
                    count("closed", info.key)
                    return
                if converts and (StopIteration in mro_of(cls) or info.asyncgen and StopAsyncIteration in mro_of(cls)):
                    name, here = "RuntimeError", True     # a new one, by the compiler's handler at the body's end, PEP 479
            count("raise" if here else "pass", info.key, name)

        def profile(frame, event, arg):
            if event != "call" and event != "return":
                return
            code = frame.f_code
            info = infos.get(id(code))
            if info is not None and info.key is None:
                return
            # No collection inside: a __del__ of the program run by it would not be seen.
            collecting = gc_isenabled()
            gc_disable()
            try:
                if info is None:
                    info = describe(code, frame.f_globals)
                if info.key is not None:
                    if event == "call":
                        enter(frame, info)
                    else:
                        leave(frame, info, arg)
            finally:
                if collecting:
                    gc_enable()

        def local(frame, event, arg):
            act = live.get(id(frame))
            if act is None:
                return local
            if event == "exception":
                note_error(frame, act, arg)
            elif event == "line":
                act.thrown = tuple([at for at in act.thrown if at < frame.f_lasti])
                if len(act.errors) > 1:
                    act.handled = act.values.get(id(exc_info()[1]), act.handled)
                frame.f_trace_lines = wants_lines(act)
            return local

        def note_error(frame, act, arg):
            error = described(arg[1], arg[2])
            mro, info = mro_of(error[0]), act.info
            if StopIteration in mro and frame.f_lasti in info.iterates or info.handlers is not None and info.handlers.swallows(
                    frame.f_lasti, StopIteration in mro, StopAsyncIteration in mro):
                return
            act.errors.pop(frame.f_lasti, None)      # newest last
            act.errors[frame.f_lasti] = act.last = error
            act.values[id(arg[1])], act.handled = frame.f_lasti, None
            if info.generator:
                act.thrown += (frame.f_lasti,)
            frame.f_trace_lines = wants_lines(act)

        def wants_lines(act):
            """Is what its next line tells of use: was something thrown in caught, which of several exceptions is being handled?"""
            return act.thrown != () or len(act.errors) > 1 and act.info.handlers is not None

        def trace(frame, event, arg):
            info = infos.get(id(frame.f_code))
            if info is None:
                info = describe(frame.f_code, frame.f_globals)
            if info.key is None:
                return None
            act = live.get(id(frame))
            if act is None or not wants_lines(act):
                frame.f_trace_lines = False
            return local

        return profile, trace

    hooks = {}                 # thread ident -> its two callbacks: do they still stand at the end?
    place = {}                 # the file to write and the main thread's ident; a fork changes both

    def watch():
        pair = hooks[_thread.get_ident()] = watcher()
        settrace(pair[1])
        setprofile(pair[0])

    def wrap_start(name):
        original = start_thread[name]

        def start(function, *args, **kwargs):
            if not callable(function):
                return original(function, *args, **kwargs)

            def body(*a, **k):
                watch()
                try:
                    return function(*a, **k)
                finally:
                    setprofile(None)
                    settrace(None)
            return original(body, *args, **kwargs)
        return start

    def begin_process():
        place["file"] = f"{out}/{getpid()}-{urandom(4).hex()}.oracle"
        place["main"] = _thread.get_ident()

    def write(when):
        counts = {}
        for table in list(tables):
            for key, n in table.copy().items():
                counts[key] = counts.get(key, 0) + n
        pair = hooks.get(place["main"])
        state = {"pid": getpid(), "main": main_name, "when": when, "counts": list(counts.items()),
                 "hook_lost": pair is not None and getprofile() is not pair[0],
                 "trace_lost": pair is not None and gettrace() is not pair[1],
                 "open": [a.info.key for a in list(live.values())]}
        fd = posix_open(place["file"] + ".part", flags, 0o600)
        data = repr(state).encode("utf-8", "surrogatepass")
        while data:
            data = data[posix_write(fd, data):]
        posix_close(fd)
        posix_replace(place["file"] + ".part", place["file"])

    def before_leaving(name):
        original = getattr(os, name)

        def leave_process(*args, **kwargs):
            write(name)
            return original(*args, **kwargs)
        setattr(os, name, leave_process)

    def in_child():
        for table in tables:
            table.clear()
        live.clear()           # calls that the parent began are the parent's
        begin_process()

    begin_process()
    for name in start_thread:
        wrapped = wrap_start(name)
        setattr(_thread, name, wrapped)
        threading = sys.modules.get("threading")
        if threading is not None and hasattr(threading, "_" + name):
            setattr(threading, "_" + name, wrapped)
    for name in ("_exit", "execv", "execve"):
        before_leaving(name)
    os.register_at_fork(after_in_child=in_child)
    import atexit
    atexit.register(write, "atexit")
    sys._oracle_late = Late()
    Late.__del__.__defaults__ = (write,)
    # The caller's own frames end unseen; what site.py and the program run next is seen.
    watch()


def main_name(argv):
    """What `__main__` goes by: the script's stem, the name given to -m, `__main__` for -c and stdin;
    None in a child that multiprocessing starts, where it is its parent's."""
    takes_value = {"-X", "-W", "--check-hash-based-pycs"}
    rest = list(argv[1:])
    while rest:
        word = rest.pop(0)
        if word in takes_value:
            rest[:1] = []
        elif word.startswith("-c") or word == "-":
            code = word[2:] or (rest[0] if rest else "")
            return None if "multiprocessing" in code else "__main__"
        elif word.startswith("-m"):
            return word[2:] or rest[0]
        elif word.startswith("-") and len(word) > 2 and word[-1] in "cm" and not word.startswith("--"):
            return rest[0] if word[-1] == "m" else "__main__"
        elif not word.startswith("-"):
            stem = word.rpartition("/")[2]
            return stem.rpartition(".")[0] or stem
    return "__main__"


def start(text):
    import os
    import sys
    import sysconfig
    if any("multiprocessing.resource_tracker" in word for word in sys.orig_argv):
        return                 # not the application: it may outlive it
    options = eval(text, {})
    names = {"__name__": "oracle_handlers"}
    with open(options["own"][0] + "/handlers.py") as f:
        exec(compile(f.read(), f.name, "exec"), names)
    options["main"] = main_name(sys.orig_argv) or os.environ.get("ORACLE_MAIN", "__main__")
    os.environ["ORACLE_MAIN"] = options["main"]
    options["library"] = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    install(options, names["Handlers"])
