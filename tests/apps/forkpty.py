"""os.forkpty: the child has a terminal of its own."""
import os


def shout(word):
    return word.upper()


pid, fd = os.forkpty()
if pid == 0:
    print(shout("child"), flush=True)
    os._exit(2)
data = b""
try:
    while chunk := os.read(fd, 100):
        data += chunk
except OSError:
    pass
print(data.decode().split(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shout("parent"))
