"""A long exception with retries, as services have them: raised deep, wrapped, retried, finally given up."""


class Retry(Exception):
    pass


def connect(attempt):
    if attempt < 3:
        raise ConnectionError
    return attempt


def with_retries(f, limit):
    for attempt in range(limit):
        try:
            return f(attempt)
        except ConnectionError as error:
            last = error
    raise Retry from last


def handler(limit):
    try:
        return with_retries(connect, limit)
    except Retry as error:
        return fallback(error.__cause__)


def fallback(cause):
    raise cause


results = []
for limit in (1, 2, 3, 4, 5):
    try:
        results.append(handler(limit))
    except ConnectionError:
        results.append(None)
print(results)
