"""asyncio: gather, cancellation, timeouts, task groups, queues, executors, errors in tasks.

Its timers race with its loop: how often a body suspends varies a little.
# app: varies=yield_type_dist
"""
import asyncio


async def child(n):
    await asyncio.sleep(0)
    return n * 2


async def slow():
    try:
        await asyncio.sleep(30)
    except asyncio.CancelledError:
        await cleanup()
        raise


async def cleanup():
    await asyncio.sleep(0)


async def stubborn():
    try:
        await asyncio.sleep(30)
    except asyncio.CancelledError:
        return "refused"


async def fails(kind):
    await asyncio.sleep(0)
    raise kind


async def producer(queue):
    for i in range(5):
        await queue.put(i)
    await queue.put(None)


async def consumer(queue):
    seen = []
    while (item := await queue.get()) is not None:
        seen.append(item)
    return seen


def blocking(n):
    return n + 1


async def started_then_cancelled(event):
    event.set()
    await slow()


async def main():
    print(await asyncio.gather(*(child(n) for n in range(5))))
    print([type(r).__name__ for r in await asyncio.gather(
        fails(ValueError), child(1), fails(KeyError), return_exceptions=True)])

    event = asyncio.Event()
    task = asyncio.create_task(started_then_cancelled(event))
    await event.wait()
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        print("cancelled")
    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    task.cancel()
    print(await task)
    task = asyncio.create_task(child(1))
    task.cancel()                          # cancelled before its first step
    print(type((await asyncio.gather(task, return_exceptions=True))[0]).__name__)

    try:
        await asyncio.wait_for(slow(), 0.02)
    except asyncio.TimeoutError:
        print("timeout")
    try:
        async with asyncio.timeout(0.02):
            await slow()
    except TimeoutError:
        print("timeout")

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fails(OSError))
            group.create_task(slow())
    except* OSError as errors:
        print(len(errors.exceptions))

    queue = asyncio.Queue(1)
    print((await asyncio.gather(producer(queue), consumer(queue)))[1])
    loop = asyncio.get_running_loop()
    print(await loop.run_in_executor(None, blocking, 1), await asyncio.to_thread(blocking, 2))
    future = loop.create_future()
    loop.call_soon(lambda: future.set_result("later"))
    print(await future)
    print(await asyncio.shield(child(4)))


asyncio.run(main())
