"""Orders: check, place, read, cancel."""
import time
from dataclasses import dataclass, field

from . import inventory, pricing, store

COUNTRIES = {"DE", "FR", "SE", "PL"}
MOST_LINES = 20


class InvalidOrder(ValueError):
    pass


@dataclass
class Line:
    sku: str
    quantity: int


@dataclass
class Order:
    country: str
    lines: list[Line] = field(default_factory=list)

    def add(self, sku: str, quantity: int = 1) -> "Order":
        self.lines.append(Line(sku, quantity))
        return self


def validate_order(order: Order) -> None:
    if not order.lines:
        raise InvalidOrder("no lines")
    if len(order.lines) > MOST_LINES:
        raise InvalidOrder("too many lines")
    for line in order.lines:
        if line.quantity <= 0:
            raise InvalidOrder("quantity")
    if order.country not in COUNTRIES:
        raise InvalidOrder("country")


def place(order: Order, user: int) -> int:
    validate_order(order)
    with store.Transaction() as db:
        priced = [(inventory.reserve(db, line.sku, line.quantity), line.quantity) for line in order.lines]
        total = pricing.total(priced, order.country)
        number = db.execute("INSERT INTO orders (user, country, total, state, day) VALUES (?, ?, ?, 'new', ?)",
                            (user, order.country, total, int(time.time()) // 86400)).lastrowid
        db.executemany("INSERT INTO lines (orders, sku, quantity, price) VALUES (?, ?, ?, ?)",
                       [(number, line.sku, line.quantity, price) for line, (price, _) in zip(order.lines, priced)])
    return number


def summary(number: int, user: int) -> dict:
    order = store.one("SELECT * FROM orders WHERE id = ? AND user = ?", number, user)
    if order is None:
        raise LookupError(number)
    lines = store.query("SELECT * FROM lines WHERE orders = ?", number)
    return {"order": number, "state": order["state"], "total": pricing.format_price(order["total"]),
            "lines": [{"sku": line["sku"], "quantity": line["quantity"],
                       "price": pricing.format_price(line["price"])} for line in lines]}


def set_state(number: int, state: str) -> None:
    with store.Transaction() as db:
        db.execute("UPDATE orders SET state = ? WHERE id = ?", (state, number))


def cancel(number: int, user: int) -> None:
    order = summary(number, user)
    with store.Transaction() as db:
        for line in order["lines"]:
            inventory.release(db, line["sku"], line["quantity"])
        db.execute("UPDATE orders SET state = 'cancelled' WHERE id = ?", (number,))


def merge_carts(first: Order, second: Order) -> Order:
    """For the mobile app that never shipped."""
    for line in second.lines:
        first.add(line.sku, line.quantity)
    return first
