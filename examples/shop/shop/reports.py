"""Numbers for the people in the office."""
import csv
import io
from collections import Counter, defaultdict

from . import pricing, store


def baskets() -> dict[int, set[str]]:
    """What each customer bought, of the newest orders."""
    found = defaultdict(set)
    for row in store.query("SELECT user, sku FROM lines JOIN orders ON orders.id = lines.orders "
                           "ORDER BY orders.id DESC LIMIT 600"):
        found[row["user"]].add(row["sku"])
    return found


def likeness(a: set[str], b: set[str]) -> float:
    return len(a & b) / len(a | b) if a or b else 0.0


def similar_customers(limit: int = 10) -> list[tuple[int, int, float]]:
    """Compares every customer with every other one."""
    all_baskets = baskets()
    pairs = [(one, other, likeness(all_baskets[one], all_baskets[other]))
             for one in all_baskets for other in all_baskets if one < other]
    return sorted(pairs, key=lambda pair: -pair[2])[:limit]


def best_sellers(limit: int = 10) -> list[dict]:
    sold = Counter()
    for row in store.query("SELECT sku, sum(quantity) AS n FROM lines GROUP BY sku"):
        sold[row["sku"]] += row["n"]
    return [{"sku": sku, "sold": n} for sku, n in sold.most_common(limit)]


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
