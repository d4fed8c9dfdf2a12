"""Recursion far beyond the default limit, in the main thread and in a thread with a big stack.

# app: mode=self, losses=stack
"""
import json
import sys
import threading

sys.setrecursionlimit(200_000)


def down(n):
    return 0 if n == 0 else 1 + down(n - 1)


def down_and_out(n):
    if n == 0:
        raise KeyError
    return down_and_out(n - 1)


def chain(n):
    if n:
        yield from chain(n - 1)
    yield n


def in_thread():
    print("thread", down(120_000))


print("main", down(110_000))
try:
    down_and_out(50_000)
except KeyError:
    print("KeyError came out")
threading.stack_size(256 << 20)
t = threading.Thread(target=in_thread)
t.start()
t.join()
print("chain", sum(1 for _ in chain(300)))
print("expect:", json.dumps({
    "down": {"calls": 110_001 + 120_001},
    "down_and_out": {"calls": 50_001, "exceptions": {"KeyError": 50_001}},
    "in_thread": {"calls": 1}, "chain": {"calls": 301}}))
