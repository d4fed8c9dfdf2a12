"""Threads of every making: threading, _thread, pools, timers, threads that start threads."""
import _thread
import threading
import time
from concurrent.futures import ThreadPoolExecutor


def work(n):
    return sum(step(i) for i in range(n))


def step(i):
    return i * i


def nested(results):
    inner = threading.Thread(target=lambda: results.append(work(3)))
    inner.start()
    inner.join()


def fails():
    raise LookupError


def raw(lock, results):
    try:
        fails()
    except LookupError:
        results.append("caught")
    finally:
        lock.release()


class Worker(threading.Thread):
    def run(self):
        self.result = work(5)


def main():
    results = []
    workers = [Worker() for _ in range(4)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    print([w.result for w in workers])

    t = threading.Thread(target=nested, args=(results,), name="outer")
    t.start()
    t.join()

    lock = _thread.allocate_lock()
    lock.acquire()
    others = _thread._count()
    _thread.start_new_thread(raw, (lock, results))
    lock.acquire()
    while _thread._count() > others:       # nobody can join it, and it has to return yet
        time.sleep(0.001)
    print(results)

    timer = threading.Timer(0.01, step, args=(3,))
    timer.start()
    timer.join()

    with ThreadPoolExecutor(3) as pool:
        print(sorted(pool.map(work, range(20))))


if __name__ == "__main__":
    main()
