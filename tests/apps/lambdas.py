"""Lambdas: named, nested, as defaults, several on one line, with every kind of parameter."""
import functools

twice = lambda f: lambda x: f(f(x))
pair = (lambda: 1), (lambda: "two")


def with_default(f=lambda x=3: x):
    return f()


print(twice(lambda x: x + 1)(5), [f() for f in pair], with_default(), with_default(lambda: None))
print((lambda *a, k=1, **kw: (a, k, kw))(1, 2, k=3, z=4))
print(functools.reduce(lambda a, b: a * b, range(1, 6)), sorted("bca", key=lambda c: -ord(c)))
try:
    (lambda: 1 // 0)()
except ZeroDivisionError:
    print("from a lambda")
