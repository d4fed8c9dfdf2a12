"""A known number of calls with a known answer: COUNT calls of step(), in THREADS threads; with CHILDREN,
COUNT more in each of these, forked in between and ended in good order, and in the process again.

usage: busy.py COUNT [THREADS [CHILDREN]]
"""
import os
import sys
import threading


def step(i):
    return i & 7


def loop(n):
    total = 0
    for i in range(n):
        total += step(i)
    return total


count, threads, children = map(int, [*sys.argv[1:], *["1", "0"][len(sys.argv) - 2:]])
results = []
workers = [threading.Thread(target=lambda: results.append(loop(count // threads))) for _ in range(threads - 1)]
for w in workers:
    w.start()
results.append(loop(count // threads))
for w in workers:
    w.join()
pids = []
for _ in range(children):
    pid = os.fork()
    if pid == 0:
        sys.exit(loop(count) & 1)
    pids.append(pid)
if children:
    results.append(loop(count))
print(results, [os.waitpid(pid, 0)[1] for pid in pids])
