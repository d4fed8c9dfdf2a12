"""Code made at run time: exec, eval, compile with names of its own, one code object in two namespaces."""

print(eval("1 + 1"), eval("(lambda x: x * 2)(4)"))
exec("def made(a, *, b=2): return a * b\nprint(made(3))")
space = {}
exec("def alone(x):\n    return [x]\n", space)
print(space["alone"](1))
named = {"__name__": "generated"}
exec(compile("def gen(n):\n    yield n\nclass K:\n    def m(self): return list(gen(2))\n", "<generated K>", "exec"), named)
print(named["K"]().m())
exec(compile("value = 3", "<twice>", "exec"), named)
print(named["value"])
try:
    exec("def broken():\n    raise KeyError\nbroken()")
except KeyError:
    print("caught")
code = compile("def shared(): return __name__", "<shared>", "exec")
for i in range(2):
    exec(code, where := {"__name__": "space"})
    print(where["shared"]())


def local_scope():
    return eval("sum(i for i in range(n))", {"n": 4, "__name__": "inside"})


print(local_scope())
