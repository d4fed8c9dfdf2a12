def one():
    from . import second
    return second.two() - 1
