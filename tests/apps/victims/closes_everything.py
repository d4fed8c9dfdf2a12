"""Closes descriptors that it does not own, takes their numbers for files of its own, and works on.

usage: closes_everything.py FOLDER HOW     (HOW: range, each, dup2, daemon)
"""
import os
import sys
import threading
import time

folder, how = sys.argv[1:3]


def step(i):
    return i


def close_all():
    if how == "each":
        for fd in range(3, 1024):
            try:
                os.close(fd)
            except OSError:
                pass
    elif how == "dup2":
        null = os.open("/dev/null", os.O_RDWR)
        for fd in range(3, 200):
            os.dup2(null, fd)
        os.closerange(3, 1024)
    else:
        os.closerange(3, 65536)


def write_files(n):
    files = [os.open(f"{folder}/own{i}", os.O_CREAT | os.O_RDWR, 0o644) for i in range(n)]
    for round_ in range(50):
        for i, fd in enumerate(files):
            os.write(fd, b"%d %d\n" % (i, round_))
        for i in range(2000):
            step(i)
    return files


def daemonise():
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    os.umask(0)
    os.chdir("/")
    os.closerange(0, 1024)
    for fd in (os.open("/dev/null", os.O_RDWR), os.dup(0), os.dup(0)):
        assert fd < 3


for i in range(1000):
    step(i)
if how == "daemon":
    daemonise()
else:
    close_all()
files = write_files(20)
t = threading.Thread(target=lambda: [step(i) for i in range(1000)])
t.start()
t.join()
time.sleep(0.2)
for i in range(1000):
    step(i)
with open(f"{folder}/done", "w") as f:
    f.write("done")
