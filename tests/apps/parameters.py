"""Every kind of parameter: positional-only, keyword-only, defaults, *args, **kwargs, cells, rebinding, del."""


def nothing():
    return None


def positional(a, b, /, c, d=4):
    return a


def keywords(*, first, second=2):
    return first


def everything(a, /, b, *args, c, d=None, **kwargs):
    return len(args) + len(kwargs)


def in_cells(x, y=1, *rest, z=2):
    def inner():
        return x, y, rest, z
    return inner()


def rebinds(x):
    x = str(x)
    return x


def deletes(x, y):
    del x
    return y


def many(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z):
    return z


def empty_varargs(*args, **kwargs):
    return bool(args or kwargs)


def only_star(a, *, b):
    return a


class Meta(type):
    pass


class Made(metaclass=Meta):
    def __init__(self, *args):
        self.args = args


nothing()
positional(1, "b", None)
positional(1.0, b"b", c=[], d={})
keywords(first=1)
keywords(second="x", first=())
everything(1, 2, c=3)
everything("a", 2.0, 3, 4, c=set(), e=1, f="x")
everything(1, b=True, c=1j, d=frozenset())
in_cells(1)
in_cells("x", 2.0, 3, 4, z=None)
rebinds(3)
rebinds(None)
deletes([1], (2,))
many(*range(26))
many(*"abcdefghijklmnopqrstuvwxyz")
empty_varargs()
empty_varargs(1, k=2)
only_star(Made(1), b=Made)
only_star(type, b=Meta)
only_star(nothing, b=len)
only_star(Ellipsis, b=NotImplemented)
only_star(range(3), b=iter([]))
only_star(memoryview(b""), b=slice(1))
only_star(ValueError(), b=nothing.__code__)
only_star(only_star.__get__(1), b={}.keys())
for wrong in (lambda: nothing(1), lambda: keywords(), lambda: positional(a=1, b=2, c=3)):
    try:
        wrong()
    except TypeError:
        print("not entered")
