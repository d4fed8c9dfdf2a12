"""More argument signatures of one function than are told apart, and many functions.

# app: mode=self
"""
import json


def takes(a, b):
    return None


classes = [type(f"C{i}", (), {}) for i in range(80)]
objects = [c() for c in classes]
for x in objects:
    for y in objects:
        takes(x, y)
exec("".join(f"def f{i}(x):\n    return x\n" for i in range(3000)))
for i in range(3000):
    globals()[f"f{i}"](i)
print("expect:", json.dumps({"takes": {"calls": 6400, "returns": {"NoneType": 6400}}, "f2999": {"calls": 1}}))
