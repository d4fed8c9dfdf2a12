"""sys.settrace and sys.setprofile of the application itself: both tools' results are right.

# app: mode=self
"""
import json
import sys
import threading

seen = []


def traced(n):
    x = n
    return x


def fails():
    raise KeyError


def tracer(frame, event, arg):
    if frame.f_code in (traced.__code__, fails.__code__):
        seen.append((event, frame.f_lineno - frame.f_code.co_firstlineno))
        return tracer


def profiler(frame, event, arg):
    if frame.f_code is traced.__code__:
        seen.append(event)


def run():
    traced(1)
    try:
        fails()
    except KeyError:
        pass


run()
sys.settrace(tracer)
run()
sys.settrace(None)
print(seen)
seen.clear()
sys.setprofile(profiler)
run()
sys.setprofile(None)
print(seen)
seen.clear()
threading.settrace(tracer)
t = threading.Thread(target=run)
t.start()
t.join()
threading.settrace(None)
print(seen)
run()
print("expect:", json.dumps({"traced": {"calls": 5, "returns": {"int": 5}}, "run": {"calls": 5},
                             "fails": {"calls": 5, "exceptions": {"KeyError": 5}}}))
