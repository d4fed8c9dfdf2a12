"""Daemon threads still alive when the interpreter ends: waiting ones and one inside a call."""
import threading
import time


def waits(event):
    ready.release()
    event.wait()


def sleeps():
    ready.release()
    time.sleep(600)


def yields_forever():
    ready.release()                        # all that is recorded of each has begun by then
    while True:
        yield time.sleep(600)


def inside():
    for _ in yields_forever():
        pass


ready = threading.Semaphore(0)
for target, args in ((waits, (threading.Event(),)), (sleeps, ()), (inside, ())):
    threading.Thread(target=target, args=args, daemon=True).start()
for _ in range(3):
    ready.acquire()
time.sleep(0.1)
print("main ends")
