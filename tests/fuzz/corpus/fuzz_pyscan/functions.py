import abc, typing as t
from typing import overload as ov, TYPE_CHECKING
@ov
def f(a: int) -> int: ...
@ov
def f(a: str) -> str: ...
def f(a, *b, c=lambda x=lambda: 1: x, **d): return [lambda: y for y in a if (lambda: y)]
class A(t.Protocol[int], metaclass=abc.ABCMeta):
    @property
    def p(self): pass
    @p.setter
    def p(self, v):
        global g
        def g(): raise NotImplementedError("x") from None
    async def q(self):
        async with self as s, s:
            async for i in s: yield i
if TYPE_CHECKING:
    def checked(): 1
elif not TYPE_CHECKING:
    def c2(): return 2
else:
	def c3(): return 3
if __name__ == "__main__": print(f)
def f(): del (f)
