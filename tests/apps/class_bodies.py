"""Class bodies are functions too: nested, with keyword arguments, with __class__ cells, failing ones."""


class Base:
    registry = []

    def __init_subclass__(cls, tag=None, **kwargs):
        super().__init_subclass__(**kwargs)
        Base.registry.append((cls.__qualname__, tag))


class Left(Base, tag="l"):
    class Inner(Base):
        def hello(self):
            return super().__repr__()[:1]


def make(n):
    class Local(Base, tag=n):
        value = n

        def get(self):
            return self.value, __class__.__name__
    return Local


class Descriptor:
    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, instance, owner):
        return self.name


class Uses:
    field = Descriptor()


def fails():
    class Broken:
        1 // 0


print(Base.registry, Left.Inner().hello(), [make(i)().get() for i in range(3)], Uses().field)
try:
    fails()
except ZeroDivisionError:
    print("class body failed")
