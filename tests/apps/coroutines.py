"""Coroutines driven by hand: send, throw, close, awaitables of every kind, never awaited ones."""
import types
import warnings


class Awaitable:
    def __init__(self, n):
        self.n = n

    def __await__(self):
        got = yield self.n
        return got


@types.coroutine
def old_style(n):
    yield n
    return n * 2


async def leaf(n):
    return await Awaitable(n)


async def chain(depth):
    if depth == 0:
        return await leaf("bottom")
    return await chain(depth - 1)


async def mixed():
    a = await old_style(1)
    b = await leaf(2)
    return [a, b]


async def fails():
    await leaf(1)
    raise ArithmeticError


async def guards():
    try:
        await fails()
    except ArithmeticError:
        return "guarded"


async def survives():
    try:
        await leaf(1)
    except KeyError:
        await leaf(2)
        return "survived"


async def immediate():
    return None


def drive(coro, *answers):
    seen = []
    answers = list(answers)
    try:
        seen.append(coro.send(None))
        while True:
            seen.append(coro.send(answers.pop(0) if answers else None))
    except StopIteration as stop:
        return seen, stop.value
    except Exception as error:
        return seen, type(error).__name__


def main():
    print(drive(leaf(1), "x"), drive(chain(3), 7), drive(mixed(), 1, 2), drive(immediate()))
    print(drive(fails()), drive(guards()))
    c = survives()
    print(c.send(None), c.throw(KeyError))
    try:
        c.send(None)
    except StopIteration as stop:
        print(stop.value)
    c = chain(2)
    c.send(None)
    c.close()
    c = chain(2)
    c.send(None)
    try:
        c.throw(ValueError)
    except ValueError:
        print("thrown through")
    c.close()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        leaf(1)                            # never awaited: no call


main()
