"""Classes made in a loop and thrown away: many types of one name, addresses used again."""
import gc


def use(x):
    return x


def make(n):
    class Short:
        def method(self):
            return n
    return Short()


total = 0
for i in range(300):
    made = make(i)
    total += use(made).method()
    del made
    if i % 50 == 0:
        gc.collect()
for i in range(50):
    cls = type(f"Type{i % 7}", (object,), {"value": i})
    total += use(cls()).value
    use(cls)
print(total)
