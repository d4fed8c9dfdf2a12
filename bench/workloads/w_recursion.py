"""fib(n), the double recursion."""

WARM_UP = 10


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def prepare():
    def work(n):
        for _ in range(n):
            fib(14)     # 1,219 calls
    return work
