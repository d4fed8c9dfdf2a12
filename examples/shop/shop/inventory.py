"""What is in stock, and how long more of it takes."""
from typing import Iterator, NamedTuple

from . import store

# Days until a supplier delivers, by supplier and region.
LEAD_TIMES = {(supplier, region): days + extra
              for supplier, days in {"acme": 2, "birch": 5, "cobalt": 3, "delta": 9}.items()
              for region, extra in {"domestic": 0, "abroad": 4, "overseas": 20}.items()}
LEAD_TIMES[None, "domestic"] = 7  # goods from before there were suppliers


class Product(NamedTuple):
    sku: str
    title: str
    price: int
    stock: int
    supplier: str | None

    @property
    def available(self) -> bool:
        return self.stock > 0


class OutOfStock(Exception):
    pass


def get(sku: str) -> Product:
    row = store.one("SELECT * FROM products WHERE sku = ?", sku)
    if row is None:
        raise LookupError(sku)
    return Product(*row)


def search(text: str, limit: int = 20) -> list[Product]:
    rows = store.query("SELECT * FROM products WHERE title LIKE ? LIMIT ?", f"%{text}%", limit)
    return [Product(*row) for row in rows]


def pages(size: int = 50) -> Iterator[list[Product]]:
    """All products, a page at a time."""
    after = ""
    while rows := store.query("SELECT * FROM products WHERE sku > ? ORDER BY sku LIMIT ?", after, size):
        page = [Product(*row) for row in rows]
        yield page
        after = page[-1].sku


def supplier_lead_time(supplier: str, region: str) -> int:
    return LEAD_TIMES[supplier, region]


def reserve(db, sku: str, quantity: int) -> int:
    """Takes goods out of stock; gives their price."""
    row = db.execute("SELECT price, stock FROM products WHERE sku = ?", (sku,)).fetchone()
    if row is None:
        raise LookupError(sku)
    if row["stock"] < quantity:
        raise OutOfStock(sku)
    db.execute("UPDATE products SET stock = stock - ? WHERE sku = ?", (quantity, sku))
    return row["price"]


def release(db, sku: str, quantity: int) -> None:
    db.execute("UPDATE products SET stock = stock + ? WHERE sku = ?", (quantity, sku))


def recount_by_shelf(shelves: dict) -> int:
    return sum(len(goods) for goods in shelves.values())
