"""A RecursionError through every kind of call that the interpreter makes: operators, properties, C functions, generators, classes.

Each body counts itself, in a plain dict: nothing that could fail in the last frame. (Not `f(*args)`: CPython 3.15.2 itself counts no depth there and never ends.)

# app: mode=self
"""
import collections
import copy
import functools
import json
import sys
import warnings

entered = collections.defaultdict(int)
for name in ("keyword key generator iterates coroutine listed caught again Every.prop Every.__getattr__ Every.__eq__ Every.__repr__ Every.__call__ "
             "Every.__getitem__ Every.__add__ Every.__iter__ Every.__bool__ Every.__len__ Every.__enter__ Every.__contains__ Every.__lt__ "
             "Every.__deepcopy__ Init.__init__ New.__new__ Attribute.__getattribute__ Meta.__call__ cached executed").split():
    entered[name] = 0
entered = dict(entered)


def keyword(*, n):
    entered["keyword"] += 1
    return keyword(n=n + 1)


def key(x):
    entered["key"] += 1
    return sorted([x], key=key)


def generator(n):
    entered["generator"] += 1
    yield from generator(n + 1)


def iterates(n):
    entered["iterates"] += 1
    for x in iterates(n + 1):
        yield x


async def coroutine(n):
    entered["coroutine"] += 1
    await coroutine(n + 1)


def listed(n):
    entered["listed"] += 1
    return [listed(n) for _ in (1,)]


def caught(n):
    entered["caught"] += 1
    try:
        return caught(n + 1)
    except RecursionError:
        return n


def again(n):
    entered["again"] += 1
    try:
        again(n + 1)
    except RecursionError:
        raise


@functools.lru_cache(None)
def cached(n):
    entered["cached"] += 1
    return cached(n + 1)


def executed(n):
    entered["executed"] += 1
    exec("executed(n)", globals(), {"n": n})


class Every:
    @property
    def prop(self):
        entered["Every.prop"] += 1
        return self.prop

    def __getattr__(self, name):
        entered["Every.__getattr__"] += 1
        return getattr(self, name + "x")

    def __eq__(self, other):
        entered["Every.__eq__"] += 1
        return self == other

    def __repr__(self):
        entered["Every.__repr__"] += 1
        return repr(self)

    def __call__(self):
        entered["Every.__call__"] += 1
        return self()

    def __getitem__(self, i):
        entered["Every.__getitem__"] += 1
        return self[i]

    def __add__(self, other):
        entered["Every.__add__"] += 1
        return self + other

    def __iter__(self):
        entered["Every.__iter__"] += 1
        return iter(self)

    def __bool__(self):
        entered["Every.__bool__"] += 1
        return not self

    def __len__(self):
        entered["Every.__len__"] += 1
        return len(self)

    def __enter__(self):
        entered["Every.__enter__"] += 1
        with self:
            pass

    def __exit__(self, *error):
        pass

    def __contains__(self, x):
        entered["Every.__contains__"] += 1
        return x in self

    def __lt__(self, other):
        entered["Every.__lt__"] += 1
        return self < other

    def __deepcopy__(self, memo):
        entered["Every.__deepcopy__"] += 1
        return copy.deepcopy(self)


class Init:
    def __init__(self):
        entered["Init.__init__"] += 1
        Init()


class New:
    def __new__(cls):
        entered["New.__new__"] += 1
        return New()


class Attribute:
    def __getattribute__(self, name):
        entered["Attribute.__getattribute__"] += 1
        return self.x


class Meta(type):
    def __call__(cls):
        entered["Meta.__call__"] += 1
        return cls()


class Made(metaclass=Meta):
    pass


def main():
    warnings.simplefilter("ignore")        # coroutines that were never awaited
    every = Every()
    ways = [lambda: keyword(n=0), lambda: key(1), lambda: next(generator(0)), lambda: next(iterates(0)), lambda: coroutine(0).send(None),
            lambda: listed(0), lambda: caught(0), lambda: again(0), lambda: every.prop, lambda: every.zz, lambda: every == 1, lambda: repr(every),
            lambda: every(), lambda: every[1], lambda: every + 1, lambda: iter(every), lambda: bool(every), lambda: len(every), lambda: every.__enter__(),
            lambda: 1 in every, lambda: every < 1, lambda: copy.deepcopy(every), Init, New, lambda: Attribute().q, Made, lambda: cached(0), lambda: executed(0)]
    for limit in 1000, 1000, 300:
        sys.setrecursionlimit(limit)
        for way in ways:
            try:
                way()
            except RecursionError:
                pass
    sys.setrecursionlimit(1000)
    expected = {name: {"calls": n, "exceptions": {"RecursionError": n}} for name, n in entered.items()}
    del expected["caught"]["exceptions"]   # all but the deepest return
    print("expect:", json.dumps(expected))


main()
