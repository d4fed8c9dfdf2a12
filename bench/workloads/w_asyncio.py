"""Coroutines that await each other, tasks, an async generator, a queue."""

import asyncio

WARM_UP = 5


async def leaf(x):
    await asyncio.sleep(0)
    return x + 1


async def middle(x):
    return await leaf(x) + await leaf(x + 1)


async def ticker(n):
    for i in range(n):
        await asyncio.sleep(0)
        yield i


async def produce(queue, n):
    for i in range(n):
        await queue.put(i)
    await queue.put(None)


async def consume(queue):
    total = 0
    while (item := await queue.get()) is not None:
        total += item
    return total


async def once():
    queue = asyncio.Queue(maxsize=4)
    results = await asyncio.gather(*(middle(i) for i in range(20)), produce(queue, 20), consume(queue))
    async for i in ticker(10):
        results.append(i)
    return results


def prepare():
    async def rounds(n):
        for _ in range(n):
            await once()
    return lambda n: asyncio.run(rounds(n))
