"""Generators and coroutines begun in one thread and resumed, thrown into, closed in others."""
import queue
import threading
from concurrent.futures import ThreadPoolExecutor


def numbers(n):
    for i in range(n):
        yield helper(i)
    return n


def helper(i):
    return i


def guarded():
    try:
        while True:
            yield 1
    except KeyError:
        yield "caught"
    finally:
        helper("closing")


async def coroutine():
    return helper(3)


def in_thread(f, *args):
    box = []

    def run():
        try:
            box.append(f(*args))
        except BaseException as error:
            box.append(type(error).__name__)
    t = threading.Thread(target=run)
    t.start()
    t.join()
    return box[0]


g = numbers(6)
print(next(g), [in_thread(next, g) for _ in range(3)], next(g), in_thread(list, g))
g = guarded()
print(in_thread(next, g), next(g), in_thread(g.throw, KeyError), in_thread(g.close))
g = guarded()
print(in_thread(next, g), in_thread(g.throw, ValueError))
g = guarded()
in_thread(next, g)
del g
print(in_thread(coroutine().send, None))

streams = [numbers(20) for _ in range(4)]
with ThreadPoolExecutor(4) as pool:
    for _ in range(20):
        assert len(set(pool.map(next, streams))) == 1
    print([type(next(s, None)).__name__ for s in streams])

out = queue.Queue()
g = numbers(4)
lock = threading.Lock()


def share():
    while True:
        with lock:
            item = next(g, None)
        if item is None:
            return
        out.put(item)


threads = [threading.Thread(target=share) for _ in range(3)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(sorted(out.queue))
