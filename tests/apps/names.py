"""Names of every sort: other alphabets, long ones, mangled, surrogates, quotes in generated ones."""


def größe(länge):
    return länge


class Ω:
    def __private(self, ñ):
        return ñ

    def call(self):
        return self.__private(1)


print(größe(1), Ω().call())
long_name = "n" * 300
exec(f"def {long_name}(x): return x\nprint({long_name}(1))")
odd = type('odd "quoted", (name)\n', (), {})
largest = type("t" * 4000, (), {})
alone = type("ok", (), {})
print(größe(odd()) is None, größe(largest()) is None, größe(alone()) is None)
exec(compile("def f(x): return x\nf(1)", "<quoted \"file\">", "exec"), {"__name__": "mod:with:colons"})
exec("def g(x): return x\ng(1)", {"__name__": 17})
exec("def h(x): return x\nh(1)", {})
