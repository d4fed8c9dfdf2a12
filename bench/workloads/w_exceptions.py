"""Exceptions that are raised, pass through frames, are caught, translated and re-raised."""

WARM_UP = 100


class Refused(Exception):
    pass


def check(i):
    if i % 4 == 0:
        raise ValueError
    return i


def through(i):
    return check(i)


def translate(i):
    try:
        return through(i)
    except ValueError as e:
        raise Refused from e


def cleanup(i):
    try:
        return translate(i)
    finally:
        check(1)


def prepare():
    def work(n):
        for i in range(n):
            try:
                cleanup(i)
            except Refused:
                pass
    return work
