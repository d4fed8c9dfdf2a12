"""A known number of calls with a known answer: COUNT calls of step(), in THREADS threads.

usage: busy.py COUNT [THREADS]
"""
import sys
import threading


def step(i):
    return i & 7


def loop(n):
    total = 0
    for i in range(n):
        total += step(i)
    return total


count, threads = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
results = []
workers = [threading.Thread(target=lambda: results.append(loop(count // threads))) for _ in range(threads - 1)]
for w in workers:
    w.start()
results.append(loop(count // threads))
for w in workers:
    w.join()
print(results)
