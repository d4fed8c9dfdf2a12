"""The quotation interface of the old tills: euros with a decimal point."""
from . import pricing


def parse_amount(text: str) -> float:
    return float(text.replace(",", "."))


def quote(amount: str, percent: int) -> str:
    price = parse_amount(amount)
    rebate = pricing.calculate_discount(price, percent)
    return f"{price - rebate:.2f}"
