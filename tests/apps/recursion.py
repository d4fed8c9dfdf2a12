"""Recursion: plain, mutual, through C code, by generators and by classes."""
import functools


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def even(n):
    return True if n == 0 else odd(n - 1)


def odd(n):
    return False if n == 0 else even(n - 1)


def through_c(n):
    return list(map(through_c, [n - 1] * n)) if n else []


@functools.lru_cache(maxsize=None)
def cached(n):
    return n if n < 2 else cached(n - 1) + cached(n - 2)


def deep(n):
    if n == 0:
        raise LookupError
    try:
        deep(n - 1)
    finally:
        pass


class Node:
    def __init__(self, depth):
        self.children = [Node(depth - 1) for _ in range(2)] if depth else []

    def __repr__(self):
        return f"({self.children!r})"


print(fib(12), even(50), through_c(4), cached(30), Node(3))
try:
    deep(60)
except LookupError:
    print("from the depth")
