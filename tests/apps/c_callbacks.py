"""Python functions called from C: sort keys, map, filter, re.sub, reduce, ctypes, json, sqlite, bisect, iter."""
import bisect
import ctypes
import functools
import itertools
import json
import re
import struct


def key(x):
    return -x


def small(x):
    return x < 3


def upper(match):
    return match.group().upper()


def plus(a, b):
    return a + b


class Countdown:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self):
        if not self.n:
            raise StopIteration
        self.n -= 1
        return self.n

    def __index__(self):
        return self.n


def encode(x):
    return sorted(x)


def hook(pairs):
    return len(pairs)


def compare(a, b):
    return (a > b) - (a < b)


left = iter([3, 2, 1, 0])


def take():
    return next(left)


@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
def c_compare(a, b):
    return compare(a[0], b[0])


print(sorted([3, 1, 2], key=key), list(map(key, [1, 2])), list(filter(small, range(5))), re.sub("[ab]", upper, "abc"))
print(functools.reduce(plus, [1, 2, 3]), list(itertools.accumulate([1, 2, 3], plus)), max([1, 5, 2], key=key))
print(list(Countdown(3)), [*zip(Countdown(2), Countdown(3))], struct.pack("b", Countdown(1)), list(iter(take, 0)))
print(json.dumps({"s": {2, 1}}, default=encode), json.loads('{"a": {"b": 1}}', object_hook=hook))
print(sorted([3, 1, 2], key=functools.cmp_to_key(compare)), bisect.bisect_left([3, 2, 1], -2, key=key))
numbers = (ctypes.c_int * 3)(3, 1, 2)
ctypes.CDLL(None).qsort(numbers, 3, ctypes.sizeof(ctypes.c_int), c_compare)
print(list(numbers), list(itertools.groupby([1, 1, 2], key))[0][0], dict.fromkeys(Countdown(2)))
try:
    sorted([1, "a"], key=lambda x: x + 1)
except TypeError:
    print("key failed")
