"""except* in all its forms, and exceptions that go on while others come and go: raised again, chained, replaced in cleanup."""


def fail(*errors):
    raise ExceptionGroup("several", errors)


def look_up():
    raise LookupError


def handles(*errors):
    try:
        fail(*errors)
    except* ValueError as group:
        seen.append(len(group.exceptions))
    except* (TypeError, KeyError):
        seen.append(0)
    else:
        seen.append("nothing")
    finally:
        seen.append("end")


def replaces(*errors):
    try:
        fail(*errors)
    except* ValueError:
        raise OSError("new")
    except* TypeError:
        raise AttributeError("new, too")


def lets_go(*errors):
    try:
        fail(*errors)
    except* ValueError:
        raise


def names_one(error):
    try:
        raise error
    except* ValueError:
        raise OSError("not in a group")


def in_a_loop(*errors):
    for error in errors:
        try:
            fail(error)
        except* ValueError:
            seen.append("again")


class Derived(ExceptionGroup):
    def derive(self, errors):
        return Derived(self.message, errors)


def derives(*errors):
    try:
        raise Derived("own", [ExceptionGroup("inner", errors), ValueError()])
    except* ValueError:
        pass


def past_a_handler():
    try:
        try:
            look_up()
        except LookupError:
            try:
                raise KeyError
            except KeyError:
                pass
            raise
    except IndexError:
        pass


def through_finally():
    try:
        try:
            look_up()
        finally:
            try:
                raise KeyError
            except KeyError:
                pass
    except IndexError:
        pass


def without_traceback():
    try:
        look_up()
    except LookupError as error:
        raise error.with_traceback(None)


def noted():
    try:
        look_up()
    except LookupError as error:
        error.add_note("seen")
        raise


def left_by_break():
    while True:
        try:
            look_up()
        finally:
            break


class Cleans:
    def __enter__(self):
        return self

    def __exit__(self, *error):
        try:
            look_up()
        except LookupError:
            pass


def in_two_contexts():
    with Cleans(), Cleans():
        raise ValueError


def twice(error):
    try:
        raises(error)
    except BaseException as same:
        raises(same)


def raises(error):
    raise error


def cannot_be_made():
    class Unmakable(Exception):
        def __new__(cls):
            raise TypeError
    raise Unmakable


def no_cause():
    raise ValueError from 3


def no_class():
    try:
        raise ValueError
    except 3:
        pass


seen = []
CASES = [(handles, ValueError()), (handles, ValueError(), TypeError()), (handles, OSError(), KeyError()), (replaces, ValueError(), TypeError()),
         (replaces, ValueError(), TypeError(), MemoryError()), (replaces, MemoryError()), (lets_go, ValueError()), (lets_go, KeyError()), (names_one, ValueError()),
         (names_one, KeyError()), (in_a_loop, ValueError(), ValueError(), KeyError()), (derives, ValueError()), (derives, TypeError()), (past_a_handler,),
         (through_finally,), (without_traceback,), (noted,), (left_by_break,), (in_two_contexts,), (twice, KeyError()), (twice, KeyboardInterrupt()),
         (cannot_be_made,), (no_cause,), (no_class,)]
for f, *errors in CASES * 3:
    try:
        print(f.__name__, f(*errors))
    except BaseException as error:
        print(f.__name__, type(error).__name__)
print(len(seen))
