"""A subinterpreter runs code of its own; the main interpreter's calls stay exact around it."""
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters


def before(n):
    return n


def after(n):
    return str(n)


print([before(i) for i in range(3)], flush=True)
ident = interpreters.create()
code = "def inside(n):\n    return n\nprint([inside(i) for i in range(5)], flush=True)\n"
(getattr(interpreters, "exec", None) or interpreters.run_string)(ident, code)
interpreters.destroy(ident)
print([after(i) for i in range(3)])
