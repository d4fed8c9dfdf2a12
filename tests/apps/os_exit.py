"""os._exit: nothing runs any more, but what ran has been recorded."""
import os


def work(n):
    return n + 1


def leave():
    for i in range(1000):
        work(i)
    print("leaving", flush=True)
    os._exit(7)


leave()
