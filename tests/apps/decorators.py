"""Decorators: plain, with arguments, stacked, classes as decorators, wraps, cached, static, singledispatch."""
import functools


def plain(f):
    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        return f(*args, **kwargs)
    return wrapper


def with_argument(n):
    def decorate(f):
        def wrapper(*args):
            return [f(*args) for _ in range(n)]
        return wrapper
    return decorate


class Counting:
    def __init__(self, f):
        self.f, self.n = f, 0

    def __call__(self, *args):
        self.n += 1
        return self.f(*args)


@plain
@with_argument(2)
@plain
def stacked(x):
    return x


@Counting
def counted(x):
    return x


@functools.singledispatch
def show(x):
    return "other"


@show.register
def _(x: int):
    return "int"


@show.register(str)
def _show_str(x):
    return "str"


@functools.lru_cache
def cached(n):
    return n


class Holder:
    @staticmethod
    @plain
    def static(x):
        return x

    @classmethod
    def make(cls, *args):
        return cls.static(args)

    @functools.cached_property
    def once(self):
        return 1

    @property
    @plain
    def always(self):
        return 2

    @functools.singledispatchmethod
    def kind(self, x):
        return type(x)


h = Holder()
print(stacked(1), [counted(i) for i in range(3)], counted.n, show(1), show("a"), show(None))
print([cached(1) for _ in range(3)], Holder.make(1, 2), h.once, h.once, h.always, h.always, h.kind(1.0))
