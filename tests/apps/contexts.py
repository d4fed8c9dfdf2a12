"""Context managers: contextmanager, ExitStack, closing, nested, ones that swallow, replace or pass exceptions."""
import contextlib


@contextlib.contextmanager
def plain(name):
    enter(name)
    try:
        yield name
    finally:
        leave(name)


@contextlib.contextmanager
def swallows():
    try:
        yield
    except KeyError:
        pass


@contextlib.contextmanager
def replaces():
    try:
        yield
    except KeyError as error:
        raise ValueError from error


@contextlib.contextmanager
def never_yields():
    return
    yield


class Manual:
    def __enter__(self):
        return self

    def __exit__(self, kind, value, tb):
        return kind is IndexError

    def close(self):
        return None


def enter(name):
    return name


def leave(name):
    return name


@plain("decorator")
def decorated():
    return 1


def fail(kind):
    raise kind


def main():
    with plain("a") as a, plain("b") as b:
        print(a, b)
    with swallows():
        fail(KeyError)
    for manager, kind in ((replaces(), KeyError), (plain("c"), OSError), (swallows(), IndexError), (Manual(), KeyError)):
        try:
            with manager:
                fail(kind)
        except Exception as error:
            print(type(error).__name__)
    with Manual():
        fail(IndexError)
    with contextlib.ExitStack() as stack:
        stack.enter_context(plain("d"))
        stack.enter_context(swallows())
        stack.callback(leave, "callback")
        stack.push(contextlib.closing(Manual()))
        fail(KeyError)
    try:
        with never_yields():
            pass
    except RuntimeError:
        print("did not yield")
    print(decorated(), decorated())


main()
