"""A function of two arguments that does nothing, in a loop: the recorder's cost undiluted."""

WARM_UP = 1000


def add(a, b):
    return a


def prepare():
    def work(n):
        for i in range(n):
            add(i, 2)
    return work
