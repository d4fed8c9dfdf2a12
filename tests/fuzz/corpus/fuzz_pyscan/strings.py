# -*- coding: latin-1 -*-
x = f"{x!r:>{width}} {'a' "b"} {lambda_} {{}} \N{EM DASH} {(lambda: 1)()}"
z = rb'\'' Rb"""
def no(): pass
"""
a = f'''{
    [lambda: f"{f'{1:{2}}'}"]  # }
}''' 'x'
t = t"{x=}" t'{(lambda: {1: lambda: 2})}'
s = 'def no2(): pass'
type X[T: (int, str)] = list[T]
def g[T = int, *Ts, **P](a: T) -> "def h(): pass": return 1if a else 0x1f
match x:
    case {"a": lambda_}: pass
    case [_, *_] if (y := lambda: 2): pass
match = case = type = 1
class B[T](Base[T], key=lambda: 0):  x: int = 3; y = lambda self: self
