"""What a program sees of its descriptors: open ones, the lowest free one, how many it may open.

usage: descriptors.py FILE     (the answers go into FILE: standard streams may be closed)
"""
import os
import resource
import subprocess
import sys


def step(i):
    return i


def is_open(fd):
    try:
        os.fstat(fd)
        return True
    except OSError:
        return False


def open_ones():
    return [fd for fd in range(256) if is_open(fd)]


def exhaust():
    taken = []
    try:
        while True:
            taken.append(os.open("/dev/null", os.O_RDONLY))
    except OSError as error:
        name = type(error).__name__, error.errno
    while_full = [step(i) for i in range(1000)][-1]
    for fd in taken:
        os.close(fd)
    return len(taken), taken[:1], name, while_full


def write_to(fd):
    try:
        return os.write(fd, b"to %d\n" % fd)
    except OSError as error:
        return error.errno


before = open_ones()
written = [write_to(fd) for fd in (1, 2)]
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
answers = [before, written, exhaust(), open_ones(), [step(i) for i in range(1000)][-1]]
with open(sys.argv[1], "w") as f:
    print(answers, file=f)
    f.flush()
    inherited = "import os\nprint([fd for fd in range(256) if os.path.exists(f'/proc/self/fd/{fd}')])"
    subprocess.run([sys.executable, "-I", "-S", "-c", inherited], stdout=f, close_fds=False)
