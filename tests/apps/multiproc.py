"""multiprocessing by each start method: processes, a pool, a failing one, queues.

# app: args=fork;spawn;forkserver
"""
import multiprocessing
import sys


def square(n):
    return helper(n) * n


def helper(n):
    return n


def fails():
    raise SystemExit(5)


def produce(queue):
    for i in range(3):
        queue.put(square(i))


def main(method):
    context = multiprocessing.get_context(method)
    with context.Pool(1) as pool:
        print(pool.map(square, range(6)))
        pool.close()
        pool.join()
    queue = context.Queue()
    p = context.Process(target=produce, args=(queue,))
    p.start()
    print([queue.get() for _ in range(3)])
    p.join()
    p = context.Process(target=fails)
    p.start()
    p.join()
    print(p.exitcode)


if __name__ == "__main__":
    main(sys.argv[1])
