"""A RecursionError stays one, at the same depth. The program itself counts the bodies it enters.

# app: mode=self
"""
import json
import sys
import threading

entered = 0
failed = 0


def endless(n):
    global entered
    entered += 1
    return endless(n + 1)


def catches_in_the_depth(n):
    global entered
    entered += 1
    try:
        return catches_in_the_depth(n + 1)
    except RecursionError:
        return n


class Attr:
    def __getattr__(self, name):
        global entered
        entered += 1
        return getattr(self, name + "x")


def main():
    expected = {}
    for what in endless, catches_in_the_depth:
        global entered
        entered = 0
        try:
            what(0)
        except RecursionError:
            print(what.__name__, "RecursionError")
        expected[what.__qualname__] = {"calls": entered}
    expected["endless"]["exceptions"] = {"RecursionError": expected["endless"]["calls"]}
    sys.setrecursionlimit(300)
    entered = 0
    try:
        Attr().missing
    except RecursionError:
        print("getattr RecursionError")
    expected["Attr.__getattr__"] = {"calls": entered}
    entered = 0
    t = threading.Thread(target=catches_in_the_depth, args=(0,))
    t.start()
    t.join()
    expected["catches_in_the_depth"]["calls"] += entered
    print("expect:", json.dumps(expected))


main()
