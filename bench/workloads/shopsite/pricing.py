"""What an order costs."""


def discount(count):
    return 10 if count >= 3 else 0


def total_cents(product, count):
    full = product.cents * count
    return full - full * discount(count) // 100
