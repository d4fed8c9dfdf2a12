"""raise from, re-raise, finally, swallow, replaced exceptions, groups, exceptions as plain values."""
import contextlib


def low():
    raise KeyError


def chained():
    try:
        low()
    except KeyError as error:
        raise ValueError from error


def reraised():
    try:
        low()
    except KeyError:
        raise


def reraised_later():
    try:
        low()
    except KeyError:
        try:
            raise OSError
        except OSError:
            pass
        raise


def raised_by_name():
    try:
        low()
    except KeyError as error:
        raise error


def raised_here_by_name():
    try:
        raise KeyError
    except KeyError as error:
        raise error


def swallowed():
    try:
        low()
    except KeyError:
        return None


def finally_returns():
    try:
        low()
    finally:
        return "instead"


def finally_replaces():
    try:
        low()
    finally:
        raise IndexError


def finally_keeps():
    try:
        low()
    finally:
        swallowed()


def loop_with_finally():
    for i in range(3):
        try:
            if i == 1:
                continue
            swallowed()
        finally:
            pass


def suppressed():
    with contextlib.suppress(KeyError):
        low()
    return 1


def handed_over():
    raise


def handler_elsewhere():
    try:
        low()
    except KeyError:
        handed_over()


def make_error():
    return KeyError()


def raises_made():
    raise make_error()


def stored():
    try:
        low()
    except KeyError as error:
        return error


def raises_stored():
    raise stored()


def group():
    raise ExceptionGroup("several", [KeyError(), ValueError()])


def splits():
    try:
        group()
    except* KeyError:
        pass


def not_exception():
    raise 3


def asserts(x):
    assert x


with_names = [chained, reraised, reraised_later, raised_by_name, raised_here_by_name, swallowed, finally_returns,
              finally_replaces, finally_keeps, loop_with_finally, suppressed, handler_elsewhere, raises_made,
              raises_stored, splits, not_exception, lambda: asserts(0)]
for f in with_names:
    try:
        print(f.__name__, f() is None)
    except Exception as error:
        print(f.__name__, type(error).__name__)
