"""Methods of every kind: bound, class, static, special, properties, metaclasses, slots, __new__, super."""
import abc


class Meta(type):
    def __call__(cls, *args, **kwargs):
        made = super().__call__(*args, **kwargs)
        made.born = cls.__name__
        return made

    def __getitem__(cls, item):
        return item

    @property
    def label(cls):
        return cls.__name__.lower()


class Base(metaclass=Meta):
    def __new__(cls, *args):
        return super().__new__(cls)

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return isinstance(other, Base) and self.value == other.value

    def __hash__(self):
        return hash(self.value)

    def __lt__(self, other):
        return self.value < other.value

    def __add__(self, other):
        return Base(self.value + other.value)

    def __getattr__(self, name):
        if name.startswith("x"):
            return name
        raise AttributeError(name)

    def __call__(self, n):
        return n * self.value

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        return exc[0] is KeyError

    def __iter__(self):
        return iter(range(self.value))

    def __contains__(self, x):
        return x == self.value

    def __len__(self):
        return self.value

    @property
    def prop(self):
        return self.value

    @prop.setter
    def prop(self, value):
        self.value = value

    @prop.deleter
    def prop(self):
        self.value = 0

    @classmethod
    def create(cls, *args):
        return cls(*args)

    @staticmethod
    def helper(x):
        return x


class Child(Base):
    def __init__(self, value):
        super().__init__(value + 1)

    def __call__(self, n):
        return super().__call__(n) + 1


class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self):
        ...

    def double(self):
        return 2 * self.area()


class Square(Shape):
    __slots__ = ("side",)

    def __init__(self, side):
        self.side = side

    def area(self):
        return self.side ** 2


a, b = Base(2), Child.create(1)
print(a == b, hash(a) == hash(b), a < b, (a + b).value, a.xyz, hasattr(a, "other"), a(3), b(3), a.born, b.born)
with a as same:
    raise KeyError
print(same is a, list(a), 2 in a, len(b), Base["item"], Child.label, Base.helper(1), a.helper("x"))
a.prop = 5
print(a.prop, sorted([Base(3), Base(1)])[0].value, bool(a))
del a.prop
print(a.prop, Square(3).double(), Square.area(Square(2)))
bound = b.__call__
print(bound(1), Base.__call__(b, 1), {a: 1}[Base(0)])
try:
    Shape()
except TypeError:
    print("abstract")
