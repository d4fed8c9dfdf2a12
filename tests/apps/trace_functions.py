"""What a trace or profile function calls: CPython 3.12 and later tell it to nobody (docs/run.md), 3.11 does.

# app: mode=self
"""
import json
import sys

called = {"inner": 0, "hook": 0, "work": 0}


def inner():
    called["inner"] += 1


def hook(frame, event, arg):
    called["hook"] += 1
    inner()


def work():
    called["work"] += 1


def main():
    for watch in sys.setprofile, sys.settrace:
        watch(hook)
        work()
        watch(None)
    work()


main()
expected = {"work": {"calls": 3, "returns": {"NoneType": 3}, "callers": {"main": 3}}, "main": {"calls": 1}}
if sys.version_info < (3, 12):
    expected.update(inner={"calls": called["inner"], "callers": {"hook": called["inner"]}}, hook={"calls": called["hook"]})
else:
    hook(None, None, None)
    expected.update(inner={"calls": 1}, hook={"calls": 1})
print("expect: " + json.dumps(expected))
