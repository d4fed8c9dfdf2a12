"""The programs that are measured. To add one: a module bench/workloads/w_NAME.py with WARM_UP and
prepare(), which returns work(n), and a row here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Workload:
    name: str
    n: int                      # iterations of the steady part, about 0.4 to 0.8 s without any recorder
    title: str
    real: bool = False          # a real program: part of the geometric means
    packages: tuple = ()        # from PyPI, pinned in requirements.txt
    user_code: tuple = ()       # modules that count as the user's besides those of bench/workloads
    module: str = ""
    peers: tuple = ()           # columns worth measuring; all when empty

    @property
    def script_module(self):
        return self.module or "w_" + self.name


WORKLOADS = (
    Workload("tight", 8_000_000, "tight loop of f(a, b)"),
    Workload("recursion", 8_000, "fib(14), recursive"),
    Workload("methods", 600_000, "methods with keywords"),
    Workload("generators", 60_000, "generators"),
    Workload("asyncio", 1_000, "asyncio"),
    Workload("exceptions", 600_000, "exceptions"),
    Workload("threads", 6_000_000, "four threads"),
    Workload("django", 80, "Django test client; user code: the site", True, ("django",)),
    Workload("django-framework", 80, "Django test client; user code: site and Django", True, ("django",),
             ("django",), "w_django", ("nothing", "control", "ghost", "ghost-observer", "monkeytype")),
    Workload("sqlglot", 10, "sqlglot; user code: sqlglot", True, ("sqlglot",), ("sqlglot",)),
    Workload("docutils", 9, "docutils; user code: docutils", True, ("docutils",), ("docutils",)),
    Workload("json", 100, "json in pure Python; user code: json", True, (), ("json",)),
)
BY_NAME = {w.name: w for w in WORKLOADS}
