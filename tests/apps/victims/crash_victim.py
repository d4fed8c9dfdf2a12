"""Calls functions and tells over a pipe how many calls it has completed, until it dies.

usage: crash_victim.py FD THREADS BATCH HOW LIMIT

Each message is (worker, calls completed so far), 8 bytes, sent after every BATCH calls. After LIMIT calls a
worker ends the process the way HOW says; `wait` goes on for ever (somebody kills it), `forks` does
the work in forked children that kill themselves.
"""
import ctypes
import os
import signal
import struct
import sys
import threading

fd, threads, batch, how, limit = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], int(sys.argv[5])


def work(i):
    return i


def through(i):
    return work(i)


def numbers():
    i = 0
    while True:
        yield i
        i += 1


def die():
    if how == "segv":
        ctypes.string_at(0)
    elif how == "abort":
        os.abort()
    elif how == "os_exit":
        os._exit(3)
    elif how == "sigterm":
        os.kill(os.getpid(), signal.SIGTERM)
    else:
        os.kill(os.getpid(), signal.SIGKILL)


def worker(index):
    done = 0
    source = numbers()
    while True:
        for _ in range(batch):
            through(next(source))
        done += batch
        os.write(fd, struct.pack("<II", index, done))
        if done >= limit and how != "wait":
            die()


def child(index):
    pid = os.fork()
    if pid == 0:
        worker(index)
    return pid


os.write(fd, struct.pack("<II", 0xFFFFFFFF, os.getpid()))
if how == "forks":
    for pid in [child(i) for i in range(threads)]:
        os.waitpid(pid, 0)
else:
    for i in range(1, threads):
        threading.Thread(target=worker, args=(i,)).start()
    worker(0)
