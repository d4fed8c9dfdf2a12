"""Exceptions through many frames: raised below, passing, caught half way, raised by C code."""


def raises(kind):
    raise kind


def level3(kind):
    raises(kind)


def level2(kind):
    try:
        level3(kind)
    except KeyError:
        return "level2 caught"


def level1(kind):
    try:
        return level2(kind)
    except ValueError:
        return None


def from_c(kind):
    return {ValueError: lambda: int("x"), KeyError: lambda: {}[1], TypeError: lambda: len(3),
            AttributeError: lambda: kind.nothing, IndexError: lambda: [][0]}[kind]()


def through_c(xs):
    return list(map(check, xs))


def check(x):
    if x > 2:
        raise OverflowError
    return x


class Custom(Exception):
    class Nested(ValueError):
        pass


for kind in (KeyError, ValueError, TypeError, Custom, Custom.Nested, KeyError("instance")):
    try:
        print(level1(kind))
    except Exception as error:
        print("top", type(error).__qualname__)
for kind in (ValueError, KeyError, TypeError, AttributeError, IndexError):
    try:
        from_c(kind)
    except kind:
        print("from C", kind.__name__)
for xs in ([1, 2], [1, 3]):
    try:
        print(through_c(xs))
    except OverflowError:
        print("overflow")
