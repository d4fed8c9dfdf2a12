"""A package that is run with -m: names of modules, relative and circular imports."""
from .first import one


def top():
    return one()
