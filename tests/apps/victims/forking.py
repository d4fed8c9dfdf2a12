"""COUNT calls of step() in a process, in CHILDREN forked from it that end in good order, and in the process again.

usage: forking.py COUNT CHILDREN
"""
import os
import sys


def step(i):
    return i & 7


def loop(n):
    total = 0
    for i in range(n):
        total += step(i)
    return total


count, children = int(sys.argv[1]), int(sys.argv[2])
results = [loop(count)]
pids = []
for _ in range(children):
    pid = os.fork()
    if pid == 0:
        sys.exit(loop(count) & 1)
    pids.append(pid)
results.append(loop(count))
print(results, [os.waitpid(pid, 0)[1] for pid in pids])
