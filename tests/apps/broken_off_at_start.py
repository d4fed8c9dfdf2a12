"""Exceptions that come from outside (signals, trace functions) leave bodies at their very first instruction.

# app: mode=self
"""
import _thread
import functools
import json
import signal
import sys


class Alarm(Exception):
    pass


class Quit(Exception):
    pass


class Pending:
    """-value makes a signal wait, with no instruction in between at which Python would look for it."""
    __neg__ = staticmethod(functools.partial(_thread.interrupt_main, signal.SIGALRM))
    __invert__ = staticmethod(functools.partial(_thread.interrupt_main, signal.SIGINT))


pending = Pending()
told = []


def on_alarm(number, frame):
    for n in range(10):
        told_by_handler(n)
    raise Alarm


def told_by_handler(n):
    return n


def plain(value):
    told.append("plain")


def calls_plain():
    try:
        plain(-pending)
    except Alarm:
        told.append("alarm")
    return 1


def recursive(n, value=None):
    """Each level catches what breaks the one above off; its own end is a return."""
    try:
        if n == 0:
            recursive(-1, ~pending)        # handled in C: no call of Python's tells about it
        elif n > 0:
            recursive(n - 1)
    except KeyboardInterrupt:
        told.append("interrupt")
    return n


def generator():
    try:
        while True:
            yield 1
    finally:
        told.append("generator")


def goes_on():
    g = generator()
    next(g)
    try:
        g.send(-pending)
    except Alarm:
        told.append("alarm")
    return list(g)


def traced(n):
    return n


def trace(frame, event, arg):
    if frame.f_code is traced.__code__:
        raise Quit


def under_trace():
    sys.settrace(trace)
    try:
        traced(1)
    except Quit:
        told.append("quit")
    sys.settrace(None)


signal.signal(signal.SIGALRM, on_alarm)
signal.signal(signal.SIGINT, signal.default_int_handler)
# A body is known from its first call, which comes to its end.
plain(1), traced(1)
for _ in range(20):
    [told_by_handler(n) for n in range(5000)]       # what is open is far back
    calls_plain()
    recursive(3)
    goes_on()
    under_trace()
print([(word, told.count(word)) for word in sorted(set(told))])
print("expect:", json.dumps({
    "plain": {"calls": 21, "exceptions": {"Alarm": 20}},
    "calls_plain": {"calls": 20, "exceptions": {}, "returns": {"int": 20}},
    "recursive": {"calls": 100, "exceptions": {"KeyboardInterrupt": 20}, "returns": {"int": 80}},
    "generator": {"calls": 20, "exceptions": {"Alarm": 20}},
    "goes_on": {"calls": 20, "exceptions": {}, "returns": {"list": 20}},
    "on_alarm": {"calls": 40, "exceptions": {"Alarm": 40}},
    "told_by_handler": {"calls": 100_400},
    "traced": {"calls": 21, "exceptions": {"Quit": 20}},
    "under_trace": {"calls": 20, "exceptions": {}}}))
