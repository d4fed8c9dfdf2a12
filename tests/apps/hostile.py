"""Objects that lie or bite: false __class__, __eq__/__hash__/__getattr__ that fail, odd metaclasses.

Whoever asks such an object anything, other than its real type, is noticed in the output.
"""

touched = []


class Liar:
    @property
    def __class__(self):
        touched.append("__class__")
        return int


class Biting:
    def __eq__(self, other):
        touched.append("__eq__")
        raise RuntimeError

    def __hash__(self):
        touched.append("__hash__")
        raise RuntimeError

    def __getattribute__(self, name):
        touched.append("__getattribute__")
        raise RuntimeError

    def __repr__(self):
        touched.append("__repr__")
        raise RuntimeError

    __str__ = __bool__ = __len__ = __iter__ = __repr__


class LyingMeta(type):
    @property
    def __name__(cls):
        touched.append("meta __name__")
        return "wrong"

    @property
    def __module__(cls):
        touched.append("meta __module__")
        return "wrong"

    def __getattribute__(cls, name):
        touched.append("meta __getattribute__")
        return type.__getattribute__(cls, name)

    def __instancecheck__(cls, instance):
        touched.append("__instancecheck__")
        return True

    def __subclasscheck__(cls, sub):
        touched.append("__subclasscheck__")
        return True

    def __hash__(cls):
        touched.append("meta __hash__")
        return 1

    def __eq__(cls, other):
        touched.append("meta __eq__")
        return True

    def mro(cls):
        return type.mro(cls)


class Lied(metaclass=LyingMeta):
    pass


class HostileError(Exception):
    @property
    def __traceback__(self):
        touched.append("__traceback__")
        raise RuntimeError

    @property
    def __class__(self):
        touched.append("error __class__")
        return KeyError


class StrSub(str):
    def __hash__(self):
        touched.append("str hash")
        return 0

    def __eq__(self, other):
        touched.append("str eq")
        return False


def take(x, *rest, key=None, **others):
    return x


def generate(x):
    yield x


def give(x):
    return x


def fail():
    raise HostileError


def annotated(x: Lied, y: StrSub("text") = Biting()) -> Biting():
    return None


values = [Liar(), Biting(), Lied(), StrSub("a"), Lied, LyingMeta, HostileError, 1]
touched.clear()
for v in values:
    take(v)
    take(1, v, key=v, other=v)
    give(v)
    for _ in generate(v):
        pass
    annotated(v)
del v
for _ in range(2):
    try:
        fail()
    except Exception:
        pass
print(touched)
