"""A known number of calls with a known answer: COUNT calls of step(), in THREADS threads; with CHILDREN,
COUNT more in each of these, forked in between, and in the process again. A child ends in good order (exit),
by os._exit (leave) or by SIGKILL (kill); the process itself in good order, without CHILDREN like one of these.

usage: busy.py COUNT [THREADS [CHILDREN [exit|leave|kill]]]
"""
import os
import signal
import sys
import threading

ENDS = {"exit": sys.exit, "leave": os._exit, "kill": lambda status: os.kill(os.getpid(), signal.SIGKILL)}


def step(i):
    return i & 7


def loop(n):
    total = 0
    for i in range(n):
        total += step(i)
    return total


*numbers, end = [*sys.argv[1:], *["1", "0", "exit"][len(sys.argv) - 2:]]
count, threads, children = map(int, numbers)
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
        ENDS[end](loop(count) & 1)
    pids.append(pid)
if children:
    results.append(loop(count))
print(results, [os.waitpid(pid, 0)[1] for pid in pids], flush=True)
if not children:
    ENDS[end](0)
