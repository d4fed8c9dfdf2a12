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


main()
