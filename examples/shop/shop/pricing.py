"""What things cost. All money is in whole cents."""
from functools import lru_cache

VAT = {"DE": 19, "FR": 20, "SE": 25, "PL": 23}
TIERS = [(50000, 15), (20000, 10), (5000, 5)]


def discount_percent(total: int) -> int:
    for limit, percent in TIERS:
        if total >= limit:
            return percent
    return 0


def calculate_discount(price: int, percent: int) -> int:
    return price * percent // 100


@lru_cache(maxsize=32)
def vat_rate(country: str) -> int:
    return VAT[country]


def line_total(price: int, quantity: int) -> int:
    return price * quantity


def total(lines: list[tuple[int, int]], country: str) -> int:
    net = sum(line_total(price, quantity) for price, quantity in lines)
    net -= calculate_discount(net, discount_percent(net))
    return net + net * vat_rate(country) // 100


def format_price(cents: int, *, currency: str = "EUR") -> str:
    return f"{cents // 100}.{cents % 100:02d} {currency}"


def round_to_five(cents: int) -> int:
    """Cash rounding of a shop that was closed in 2019."""
    return (cents + 2) // 5 * 5


def apply_voucher_v1(price: int, voucher: str) -> int:
    if voucher.startswith("SUMMER"):
        return round_to_five(price - price // 10)
    return price
