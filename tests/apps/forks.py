"""fork: children that leave by os._exit and by the normal way, from a thread, from a generator, nested."""
import os
import sys
import threading


def work(n):
    return n * 2


def wait(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def child_by_exit():
    pid = os.fork()
    if pid == 0:
        for i in range(10):
            work(i)
        os._exit(4)
    return wait(pid)


def nested(depth):
    pid = os.fork()
    if pid == 0:
        work(depth)
        if depth:
            nested(depth - 1)
        os._exit(depth)
    return wait(pid)


def forking_generator():
    yield 1
    pid = os.fork()
    if pid == 0:
        work("child")
        os._exit(0)
    yield wait(pid)


def child_ends_normally():
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        work(1.5)
        sys.exit(9)
    return wait(pid)


print(child_by_exit(), nested(2), list(forking_generator()))
print(child_ends_normally(), flush=True)
print([work(i) for i in range(3)])
# Last: since 3.12 CPython warns of a fork with threads, and one that was just joined may still count.
t = threading.Thread(target=lambda: print("thread", child_by_exit()))
t.start()
t.join()
