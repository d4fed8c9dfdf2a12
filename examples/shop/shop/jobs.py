"""What happens besides requests: e-mail after an order, the nightly import."""
import asyncio
import contextlib

from . import inventory, orders, store

_queue: asyncio.Queue | None = None


def normalise_sku(text: str) -> str:
    return text.strip().upper()


def import_row(row: dict) -> int:
    """One line of a supplier's price list; tells the days until it can be sold."""
    days = inventory.supplier_lead_time(row.get("supplier"), row["region"])
    with store.Transaction() as db:
        db.execute("UPDATE products SET price = ? WHERE sku = ?", (row["price"], normalise_sku(row["sku"])))
    return days


def import_feed(rows: list[dict]) -> dict:
    done, refused = 0, 0
    for row in rows:
        try:
            import_row(row)
            done += 1
        except KeyError:
            refused += 1
    return {"imported": done, "refused": refused}


async def confirm(number: int) -> str:
    await asyncio.sleep(0.002)  # the mail server
    await asyncio.to_thread(orders.set_state, number, "confirmed")
    return f"order {number}: confirmed"


async def later(number: int) -> None:
    if _queue is not None:
        await _queue.put(number)


async def worker(queue: asyncio.Queue) -> None:
    while True:
        number = await queue.get()
        await confirm(number)
        queue.task_done()


@contextlib.asynccontextmanager
async def running(n: int = 2):
    """The background workers, for as long as the application lives."""
    global _queue
    _queue = asyncio.Queue()
    workers = [asyncio.create_task(worker(_queue)) for _ in range(n)]
    try:
        yield
    finally:
        for task in workers:
            task.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        _queue = None
