"""__getitem__ in Python: instructions that have specialized themselves call it in ways of their own."""
import collections
import os


class Row:
    def __init__(self, values):
        self.values = values

    def __getitem__(self, key):
        return self.values[key]


class Short(Row):
    pass


class Doubled(Row):
    def __getitem__(self, key):
        return super().__getitem__(key) * 2


class Failing:
    def __getitem__(self, key):
        raise KeyError(key)


class Late:
    pass


def get(box, key):
    return box[key]


def add_up(boxes):
    total = 0
    for box in boxes:
        total += box[0]
    return total


def fail(n):
    box, failed = Failing(), 0
    for i in range(n):
        try:
            box[i]
        except KeyError:
            failed += 1
    return failed


def second(box, key):
    return box.values[key] + 1


print(add_up([Row([1])] * 500), add_up([Short([1])] * 500), add_up([Doubled([1])] * 500))
# A place that is hot when it meets the class for the first time.
New = type("New", (Row,), {"__getitem__": lambda self, key: 5})
print(add_up([New([1])] * 500), fail(300))
Late.__getitem__ = lambda self, key: 3
print(sum(get(Late(), i) for i in range(200)))
Late.__getitem__ = second
Late.values = [10]
print(sum(get(Late(), 0) for _ in range(200)))
for n in range(100):                     # a function of its own in each round
    class Local(Row):
        def __getitem__(self, key):
            return n
    add_up([Local([0])] * 20)
# The library's, which were there before the recorder.
print(sum(collections.UserList([1])[0] for _ in range(300)), sum(len(os.environ["PATH"]) > 0 for _ in range(300)))
