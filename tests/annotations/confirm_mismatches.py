"""A pytest plugin: hands each value at a reported place to typeguard, with the function's own hints.

$TARGETS names a file of [id, module, qualname, line, param, observed type] rows; {id: answer} goes to $SAID. An answer is "confirmed" when
typeguard.check_type() refused a value of that type at that place, else what it said. Names that a module imports for checkers only
(TYPE_CHECKING) are imported for that. Needs sys.monitoring (3.12): only reported functions cost anything, and it sees every thread.

typeguard's import hook is not used: it breaks suites like these (names under TYPE_CHECKING, local annotations), and what does not run is
not checked."""
import ast
import functools
import gc
import importlib
import inspect
import json
import os
import sys
import types
import typing

import typeguard

monitoring, TOOL = sys.monitoring, 4
TARGETS = {}
for key, module, qualname, line, param, observed in json.load(open(os.environ["TARGETS"])):
    TARGETS.setdefault((qualname, line), []).append((key, module, param, observed))
said, busy = {}, False


@functools.lru_cache(maxsize=None)
def for_checkers(name):
    """What a module has under TYPE_CHECKING; what it imports may be there for checkers only, too."""
    module, names = importlib.import_module(name), {}
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for statement in node.body:
                if isinstance(statement, ast.ImportFrom):
                    names.update(imported(module, statement))
                    continue
                try:
                    exec(ast.unparse(statement), {**vars(module), **names}, names)
                except Exception:
                    pass                           # installed for checkers only, or a class of what is
    return names


def imported(module, statement):
    try:
        source = importlib.import_module("." * statement.level + (statement.module or ""), module.__package__)
    except ImportError:
        return {}
    found = {a.asname or a.name: getattr(source, a.name, None) for a in statement.names}
    if None in found.values():
        hidden = for_checkers(source.__name__)
        found = {a.asname or a.name: getattr(source, a.name, hidden.get(a.name)) for a in statement.names}
    return {k: v for k, v in found.items() if v is not None}


@functools.lru_cache(maxsize=None)
def hint(code, name, param):
    """Of one parameter (or "return") of the function that has this code; others may have names that cannot be resolved."""
    module = sys.modules[name]
    function = next(f for f in gc.get_referrers(code) if inspect.isfunction(f) and f.__code__ is code)
    alone = types.SimpleNamespace(__annotations__={param: function.__annotations__[param]})
    return typing.get_type_hints(alone, {**for_checkers(name), **vars(module)}, {c.__name__: c for c in owners(module, code)})[param]


def owners(module, code):
    """Classes of the module that the function stands in: their bodies' names may be in its annotations."""
    found, here = [], module
    for part in code.co_qualname.split(".")[:-1]:
        here = getattr(here, part, None)
        if isinstance(here, type):
            found.append(here)
    return found


def element(annotated, param):
    """What a yield is checked against: the first argument of the iterator, generator, ... that is annotated."""
    return typing.get_args(annotated)[0] if param == "yield" else annotated


def is_observed(value, observed):
    name = f"{type(value).__module__}.{type(value).__qualname__}"
    return name == observed or name.endswith("." + observed) or observed.endswith("." + type(value).__qualname__)


def judge(code, module, key, param, value, observed):
    global busy
    if said.get(key) == "confirmed" or not is_observed(value, observed):
        return
    busy = True
    try:
        wanted = element(hint(code, module, "return" if param == "yield" else param.lstrip("*")), param)
        typeguard.check_type(value, wanted)
        said.setdefault(key, f"typeguard takes it for {wanted}")
    except typeguard.TypeCheckError:
        said[key] = "confirmed"
    except Exception as e:
        said.setdefault(key, f"{type(e).__name__}: {e}")
    finally:
        busy = False


def targets(code, frame):
    name = frame.f_globals.get("__name__")
    return [t for t in TARGETS.get((code.co_qualname, code.co_firstlineno), ()) if t[1] == name]


def on_start(code, offset):
    if (code.co_qualname, code.co_firstlineno) not in TARGETS:
        return monitoring.DISABLE
    if busy:
        return None
    frame = sys._getframe(1)
    for key, module, param, observed in targets(code, frame):
        if param in ("return", "yield"):
            continue
        value = frame.f_locals.get(param.lstrip("*"))
        values = value.values() if param.startswith("**") else value if param.startswith("*") else (value,)
        for v in values or ():
            judge(code, module, key, param, v, observed)


def on_result(wanted):
    def callback(code, offset, value):
        if (code.co_qualname, code.co_firstlineno) not in TARGETS:
            return monitoring.DISABLE
        if not busy:
            for key, module, param, observed in targets(code, sys._getframe(1)):
                if param == wanted:
                    judge(code, module, key, param, value, observed)
        return None
    return callback


def pytest_sessionfinish(session):
    monitoring.set_events(TOOL, 0)
    with open(os.environ["SAID"], "w") as f:
        json.dump(said, f)


# At once, not when the session starts: the library may be at work while its own modules are imported.
monitoring.use_tool_id(TOOL, "confirm_mismatches")
monitoring.register_callback(TOOL, monitoring.events.PY_START, on_start)
monitoring.register_callback(TOOL, monitoring.events.PY_RETURN, on_result("return"))
monitoring.register_callback(TOOL, monitoring.events.PY_YIELD, on_result("yield"))
monitoring.set_events(TOOL, monitoring.events.PY_START | monitoring.events.PY_RETURN | monitoring.events.PY_YIELD)
