"""Generator pipelines, yield from and early close."""

WARM_UP = 10


def numbers(n):
    for i in range(n):
        yield i


def squares(source):
    for x in source:
        yield x * x


def both(n):
    yield from squares(numbers(n))
    return n


def prepare():
    def work(n):
        for _ in range(n):
            total = sum(both(40))
            for x in numbers(100):
                if x > 10:
                    break
        return None
    return work
