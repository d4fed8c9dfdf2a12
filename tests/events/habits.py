"""CPython's habits that Ghost relies on, each in a function of its own: what events a body makes.

The transcripts beside it, one a minor, are what Ghost recorded for each. Where two of them differ,
CPython does.
"""


def comprehension():
    return [x for x in (1, 2)], list(x for x in (1,))


def class_body():
    class Local:
        def __init__(self):
            pass
    return Local()


def pep479():
    def gen():
        yield 1
        raise StopIteration
    try:
        return list(gen())
    except RuntimeError:
        return None


def close_in_try():
    def gen():
        try:
            yield 1
        finally:
            pass
    g = gen()
    next(g)
    g.close()


def close_plain():
    def gen():
        yield 1
    g = gen()
    next(g)
    g.close()


def dropped():
    def gen():
        yield 1
    g = gen()
    next(g)
    del g


def returns_on_close():
    def gen():
        try:
            yield 1
        except GeneratorExit:
            return 5
    g = gen()
    next(g)
    g.close()


def never_started():
    def gen():
        yield 1
    g = gen()
    g.close()
    try:
        g.throw(KeyError)
    except KeyError:
        pass


def throw_caught():
    def gen():
        while True:
            try:
                yield 1
            except KeyError:
                yield "caught"
    g = gen()
    next(g)
    g.throw(KeyError)


def throw_through_delegation():
    def inner():
        try:
            yield 1
        except KeyError:
            yield "inner"

    def outer():
        yield from inner()
    g = outer()
    next(g)
    g.throw(KeyError)
    try:
        g.throw(ValueError)
    except ValueError:
        pass


def coroutine_awaits():
    class Wait:
        def __await__(self):
            return (yield 1)

    async def inner():
        return await Wait()

    async def outer():
        return await inner()
    c = outer()
    c.send(None)
    try:
        c.send("x")
    except StopIteration:
        pass


def coroutine_thrown():
    class Wait:
        def __await__(self):
            yield 1

    async def inner():
        await Wait()

    async def outer():
        try:
            await inner()
        except KeyError:
            return "caught"
    c = outer()
    c.send(None)
    try:
        c.throw(KeyError)
    except StopIteration:
        pass


def async_generator():
    async def agen():
        yield 1
        yield "two"
    g = agen()
    for step in (g.asend(None), g.asend(None), g.aclose()):
        try:
            step.send(None)
        except StopIteration:
            pass


def reraise():
    def low():
        raise KeyError

    def again():
        try:
            low()
        except KeyError:
            raise
    try:
        again()
    except KeyError:
        pass


for habit in [f for name, f in sorted(globals().items()) if callable(f) and not name.startswith("_")]:
    habit()
