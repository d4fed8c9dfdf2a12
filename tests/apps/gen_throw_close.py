"""generator.throw() and close(), caught and not, before the start and after the end, through yield from."""


def patient():
    while True:
        try:
            yield
        except ValueError:
            yield "caught"


def cleans():
    try:
        yield 1
    finally:
        tidy()


def tidy():
    return None


def stubborn():
    try:
        yield 1
    except GeneratorExit:
        yield 2


def returns_on_close():
    try:
        yield 1
    except GeneratorExit:
        return 5


def outer(inner):
    try:
        yield from inner
    except KeyError:
        yield "outer caught"


def fails_in_cleanup():
    try:
        yield 1
    finally:
        raise OSError


class Scope:
    """A context manager, plain and asynchronous, that may suppress what comes."""

    def __init__(self, suppresses=()):
        self.suppresses = suppresses

    def __enter__(self):
        return self

    def __exit__(self, cls, *rest):
        return cls is not None and issubclass(cls, self.suppresses)

    async def __aenter__(self):
        return self

    async def __aexit__(self, cls, *rest):
        await Pause()
        return cls is not None and issubclass(cls, self.suppresses)


class Pause:
    def __await__(self):
        return (yield)


def inside_with():
    with Scope():
        while True:
            yield


def suppressed_and_again():
    while True:
        with Scope(ValueError): yield


def suppressed_then_on():
    with Scope(ValueError):
        yield
    with Scope(KeyError):
        yield


def yields_in_finally():
    try:
        yield
    finally:
        try:
            yield
        except ValueError:
            tidy()


async def awaits_while_leaving():
    async with Scope(KeyError):
        await Pause()
    async with Scope(KeyError):
        await Pause()


def drive(make, *errors):
    """Which exceptions, thrown one after another, a suspended body takes, and what it yields for them."""
    g = make()
    taken = [attempt(g.send, None)]
    for error in errors:
        taken.append(attempt(g.throw, error) if error else attempt(g.send, None))
    taken.append(attempt(g.close))
    return taken


def through_with():
    for make in inside_with, suppressed_and_again, suppressed_then_on, yields_in_finally, awaits_while_leaving:
        for errors in (), (ValueError,), (KeyError,), (ValueError, ValueError), (ValueError, KeyError), (KeyError, ValueError), (
                KeyError, None, KeyError), (KeyError, None, ValueError, None), (None, KeyError), (None, None, ValueError), (KeyError, None, None):
            print(make.__name__, *[e and e.__name__ for e in errors], drive(make, *errors))


def attempt(do, *args):
    try:
        return do(*args)
    except BaseException as error:
        return type(error).__name__


def main():
    g = patient()
    print(next(g), g.throw(ValueError), g.send(None), attempt(g.throw, KeyError), attempt(next, g, "ended"))

    g = cleans()
    next(g)
    g.close()
    g.close()
    g = cleans()
    g.close()                              # not started: the body never runs
    g = cleans()
    print(attempt(g.throw, KeyError))      # nor here
    g = cleans()
    list(g)
    print(attempt(g.throw, KeyError))      # after the end

    g = stubborn()
    next(g)
    print(attempt(g.close))
    g = returns_on_close()
    next(g)
    print(attempt(g.close))

    g = outer(patient())
    print(next(g), g.throw(ValueError), g.throw(KeyError), attempt(next, g))
    g = outer(cleans())
    next(g)
    g.close()
    g = outer(iter([1, 2]))
    next(g)
    print(attempt(g.throw, KeyError))
    g = fails_in_cleanup()
    next(g)
    print(attempt(g.close))
    g = fails_in_cleanup()
    next(g)
    print(attempt(g.throw, ValueError))
    through_with()


main()
