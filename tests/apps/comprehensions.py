"""Comprehensions: own frames up to 3.11, mostly inlined since; generator expressions always have one."""


def squares(n):
    return [i * i for i in range(n)]


def nested(n):
    return [[i * j for j in range(i)] for i in range(n)]


def sets_and_dicts(words):
    return sorted({len(w) for w in words}), {w: len(w) for w in words}


def lazily(n):
    return (i for i in range(n) if i % 2)


def closing_over(n):
    return [lambda: i + n for i in range(3)]


def failing():
    return [1 // x for x in (1, 0)]


class Body:
    items = [x for x in range(3)]
    total = sum(x for x in items)


print(squares(4), nested(4), sets_and_dicts(["a", "bb", "cc"]), list(lazily(6)))
print([f() for f in closing_over(1)], Body.items, Body.total, any(x > 1 for x in range(5)))
try:
    failing()
except ZeroDivisionError:
    print("failed inside")
print([y for x in range(3) for y in squares(x)])
