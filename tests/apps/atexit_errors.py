"""Exceptions in atexit functions and in threads are reported by the interpreter; the rest goes on."""
import atexit
import sys
import threading


def bad(n):
    raise ArithmeticError


def good(n):
    return n


def hook(args):
    print("thread failed with", args.exc_type.__name__)


def unraisable(info):
    print("unraisable", info.exc_type.__name__)


class Bad:
    def __del__(self):
        bad(0)


sys.unraisablehook = unraisable
threading.excepthook = hook
atexit.register(good, 1)
atexit.register(bad, 2)
atexit.register(good, 3)
t = threading.Thread(target=bad, args=(1,))
t.start()
t.join()
Bad()
raise LookupError
