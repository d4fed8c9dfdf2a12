"""Gives up root's rights, as services do that start as root, and works on, in a forked child too.

usage: becomes_nobody.py WHEN      (WHEN: after or before the fork)
"""
import os
import sys


def step(i):
    return i


def work():
    for i in range(1000):
        step(i)


def drop():
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)


if sys.argv[1] == "before":
    drop()
work()
pid = os.fork()
if pid == 0:
    work()
    if sys.argv[1] == "after":
        drop()
    work()
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), os.getuid())
