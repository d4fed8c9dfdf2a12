"""Four threads that share the interpreter, each calling as fast as it may."""

import threading
import time

WARM_UP = 400
THREADS = 4


def visit(node, depth):
    return node + depth


def walk(n):
    for i in range(n):
        visit(i, 3)


def prepare():
    def work(n):
        seconds = []

        def run():
            begin = time.thread_time()
            walk(n // THREADS)
            seconds.append(time.thread_time() - begin)
        threads = [threading.Thread(target=run) for _ in range(THREADS)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        return sum(seconds)
    return work
