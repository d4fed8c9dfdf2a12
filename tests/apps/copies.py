"""Functions copied, pickled, rebuilt: new function objects, same or new code objects."""
import copy
import functools
import marshal
import pickle
import types


def original(a, b=2):
    """Doc."""
    return [a, b]


class Thing:
    def __init__(self, n):
        self.n = n

    def __reduce__(self):
        return rebuild, (self.n,)

    def __copy__(self):
        return Thing(self.n + 1)

    def __deepcopy__(self, memo):
        return Thing(self.n + 2)


class State:
    def __getstate__(self):
        return {"x": 1}

    def __setstate__(self, state):
        self.__dict__.update(state)


def rebuild(n):
    return Thing(n)


def renamed(a):
    return a


copies = [copy.copy(original), copy.deepcopy(original), pickle.loads(pickle.dumps(original)),
          types.FunctionType(original.__code__, globals(), "other", (5,)),
          types.FunctionType(marshal.loads(marshal.dumps(original.__code__)), globals(), None, (6,)),
          functools.partial(original, b=7), types.FunctionType(original.__code__.replace(co_firstlineno=900), globals(), None, (1,))]
print([f(1) for f in copies])
renamed.__name__ = renamed.__qualname__ = "nobody"
renamed.__module__ = "elsewhere"
print(renamed(1))
t = Thing(1)
print(pickle.loads(pickle.dumps(t)).n, copy.copy(t).n, copy.deepcopy(t).n, pickle.loads(pickle.dumps(State())).x)
original.__code__, renamed.__code__ = renamed.__code__, original.__code__
print(original(1), renamed(3, 4))
