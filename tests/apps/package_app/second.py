from . import first


def two():
    return 2 if first.one else 0
