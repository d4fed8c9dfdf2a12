"""Methods with keywords, defaults, *args and **kwargs, and properties."""

WARM_UP = 100


class Account:
    def __init__(self, owner, *, balance=0, currency="EUR"):
        self.owner, self._balance, self.currency = owner, balance, currency

    @property
    def balance(self):
        return self._balance

    def deposit(self, amount, *, note=None, fee=0):
        self._balance += amount - fee
        return self._balance

    def transfer(self, other, amount, *tags, **options):
        self.deposit(-amount, note="out", fee=options.get("fee", 0))
        other.deposit(amount, note="in")
        return len(tags)

    @classmethod
    def opened_by(cls, owner, **options):
        return cls(owner, **options)


def prepare():
    def work(n):
        a, b = Account("a", balance=1000), Account.opened_by("b", currency="USD")
        for i in range(n):
            a.transfer(b, 5, "x", "y", fee=1)
            b.transfer(a, amount=5)
            if a.balance < 0:
                a = Account("a", balance=1000)
    return work
