"""Async generators: iterated, closed, thrown into, finalised by the loop, in comprehensions."""
import asyncio
from contextlib import asynccontextmanager


async def ticker(n):
    for i in range(n):
        await asyncio.sleep(0)
        yield i


async def cleans():
    try:
        yield "a"
        yield "b"
    finally:
        await asyncio.sleep(0)
        print("cleaned")


async def catches():
    while True:
        try:
            yield 1
        except KeyError:
            yield "caught"


async def fails():
    yield 1
    raise RuntimeError


async def squares(source):
    async for x in source:
        yield x * x


@asynccontextmanager
async def resource(name):
    yield name.upper()


class Pages:
    def __init__(self):
        self.left = 3

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.left:
            raise StopAsyncIteration
        self.left -= 1
        return self.left


async def main():
    print([x async for x in ticker(3)], [x async for x in squares(ticker(4)) if x])
    print({x async for x in Pages()})
    g = cleans()
    print(await g.__anext__())
    await g.aclose()
    await g.aclose()
    g = cleans()
    await g.aclose()                       # never started
    g = catches()
    print(await g.__anext__(), await g.athrow(KeyError), await g.asend(None))
    try:
        await g.athrow(ValueError)
    except ValueError:
        print("passed")
    try:
        async for _ in fails():
            pass
    except RuntimeError:
        print("failed")
    async with resource("x") as name:
        print(name)
    try:
        async with resource("y"):
            raise KeyError
    except KeyError:
        print("out of the context")
    async for x in cleans():
        break                              # left to the finaliser
    await asyncio.sleep(0.01)
    global left
    left = cleans()
    await left.__anext__()                 # left to shutdown_asyncgens
    print("end")


asyncio.run(main())
