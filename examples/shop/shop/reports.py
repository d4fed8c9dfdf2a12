"""Numbers for the people in the office."""
import csv
import io
from collections import Counter, defaultdict

from . import pricing, store


def buyers(limit: int) -> dict[str, set[int]]:
    """Who bought what, of the products that sell best."""
    found = defaultdict(set)
    for row in store.query("SELECT sku, user FROM lines JOIN orders ON orders.id = lines.orders WHERE sku IN "
                           "(SELECT sku FROM lines GROUP BY sku ORDER BY count(*) DESC, sku LIMIT ?)", limit):
        found[row["sku"]].add(row["user"])
    return found


def likeness(a: set[int], b: set[int]) -> float:
    return len(a & b) / len(a | b) if a or b else 0.0


def similar_products(limit: int = 10) -> list[tuple[str, str, float]]:
    """Compares every product with every other one."""
    bought_by = buyers(200)
    pairs = [(one, other, likeness(bought_by[one], bought_by[other]))
             for one in bought_by for other in bought_by if one < other]
    return sorted(pairs, key=lambda pair: (-pair[2], pair))[:limit]


def best_sellers(limit: int = 10) -> list[dict]:
    sold = Counter()
    for row in store.query("SELECT sku, sum(quantity) AS n FROM lines GROUP BY sku"):
        sold[row["sku"]] += row["n"]
    return [{"sku": sku, "sold": n} for sku, n in sold.most_common(limit)]


def stock_value() -> int:
    return sum(row["price"] * row["stock"] for row in store.query("SELECT price, stock FROM products"))


def orders_by_state() -> dict[str, int]:
    return {row["state"]: row["n"] for row in store.query("SELECT state, count(*) AS n FROM orders GROUP BY state")}


def customers_by_country() -> dict[str, int]:
    return {row["country"]: row["n"] for row in store.query("SELECT country, count(*) AS n FROM users GROUP BY country")}


def sales_by_day() -> list[dict]:
    return [{"day": row["day"], "total": row["total"]}
            for row in store.query("SELECT day, sum(total) AS total FROM orders GROUP BY day ORDER BY day")]


def revenue_rows():
    """A generator: one row a country."""
    for row in store.query("SELECT country, count(*) AS n, sum(total) AS total FROM orders GROUP BY country"):
        yield [row["country"], row["n"], pricing.format_price(row["total"])]


def revenue_csv() -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["country", "orders", "revenue"])
    writer.writerows(revenue_rows())
    return text.getvalue()


def revenue_xml() -> str:
    """The tax office took XML until 2021."""
    rows = "".join(f"<row country='{country}' n='{n}'>{total}</row>" for country, n, total in revenue_rows())
    return f"<revenue>{rows}</revenue>"


class FaxCoverSheet:
    def __init__(self, to: str):
        self.to = to

    def render(self) -> str:
        return f"TO: {self.to}"
