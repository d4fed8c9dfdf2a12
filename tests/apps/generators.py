"""Generators: plain, delegating, infinite, unfinished, never started, with values sent."""
import itertools


def count(n):
    for i in range(n):
        yield i
    return "done"


def delegate(n):
    result = yield from count(n)
    yield result
    result = yield from [1.5, None]
    return result


def echo():
    got = None
    while got != "stop":
        got = yield got


def primes():
    found = []
    for n in itertools.count(2):
        if all(n % p for p in found):
            found.append(n)
            yield n


def tree(depth):
    if depth:
        yield from tree(depth - 1)
        yield depth
        yield from tree(depth - 1)


def consume(iterator):
    return sum(1 for _ in iterator)


def unfinished():
    try:
        yield 1
        yield 2
    finally:
        print("closed")


def raises():
    yield 1
    raise ZeroDivisionError


def bad_stop():
    yield 1
    raise StopIteration


def stops_below():
    yield 1
    stop()


def stop():
    raise StopIteration


def main():
    print(list(count(3)), list(delegate(2)))
    print(list(itertools.islice(primes(), 8)), consume(tree(4)))
    e = echo()
    next(e)
    print(e.send("a"), e.send(2))
    try:
        e.send("stop")
    except StopIteration:
        print("stopped")
    count(3)                   # never started: no call
    u = unfinished()
    next(u)
    del u
    for bad in raises, bad_stop, stops_below:
        try:
            list(bad())
        except (ZeroDivisionError, RuntimeError) as error:
            print(type(error).__name__)
    x = count(1)
    for _ in range(3):
        print(next(x, "end"))
    try:
        g = count(2)
        next(g)
        next(g), next(g)
    except StopIteration as stop:
        print(stop.value)


main()
