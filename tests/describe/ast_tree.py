"""What a TREE record must say, worked out from the source with `ast`.

Independent of the recorder: nothing here looks at instructions. `expected()`
gives {(name, first line): [flags, ...]} of all functions, classes, lambdas and
comprehensions of a module.
"""
import ast
import collections

OVERLOADS = {"overload"}
ABSTRACT = {"abstractmethod", "abstractproperty", "abstractclassmethod", "abstractstaticmethod"}
COMPREHENSIONS = {ast.ListComp: "<listcomp>", ast.SetComp: "<setcomp>", ast.DictComp: "<dictcomp>", ast.GeneratorExp: "<genexpr>"}


def dotted(node):
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return base and base + "." + node.attr
    return None


def imported(tree):
    """{local name: what it means} of all imports and plain renamings, the first one counts."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for a in node.names:
                names.setdefault(a.asname or a.name.split(".")[0], a.name if a.asname else a.name.split(".")[0])
        elif isinstance(node, ast.ImportFrom):
            for a in node.names:
                names.setdefault(a.asname or a.name, (node.module or "") + "." + a.name)
        elif isinstance(node, ast.Assign) and dotted(node.value) and isinstance(node.targets[0], ast.Name):
            names.setdefault(node.targets[0].id, dotted(node.value))
    return names


def constant_test(node):
    """Truth of an `if` or `while` test that the compiler knows, None of one that it does not."""
    try:
        return bool(ast.literal_eval(node))
    except ValueError:
        pass
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        inner = constant_test(node.operand)
        return None if inner is None else not inner
    if isinstance(node, ast.BoolOp):
        parts, decisive = [constant_test(v) for v in node.values], isinstance(node.op, ast.Or)
        return decisive if decisive in parts else None if None in parts else not decisive
    return True if isinstance(node, ast.Constant) and node.value is Ellipsis else None


def as_compiled(body):
    """The statements that are left once constant tests are decided."""
    for s in body:
        known = constant_test(s.test) if isinstance(s, (ast.If, ast.While)) else None
        if known is None or isinstance(s, ast.While) and known:
            yield s
        else:
            yield from as_compiled(s.body if known else s.orelse)


def trivial_flags(body):
    """A trivial body without a raise is an empty one."""
    if not is_trivial(body):
        return set()
    return {"trivial"} if any(isinstance(s, ast.Raise) for s in as_compiled(body)) else {"trivial", "empty"}


def is_trivial(body):
    for s in as_compiled(body):
        if isinstance(s, (ast.Pass, ast.Global, ast.Nonlocal)):
            continue
        if isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant):
            continue
        if isinstance(s, ast.AnnAssign) and s.value is None and isinstance(s.target, ast.Name):
            continue
        if isinstance(s, ast.Return):
            return s.value is None or isinstance(s.value, ast.Constant) and s.value.value is None
        if isinstance(s, ast.Raise) and s.exc is not None:
            return dotted(s.exc.func if isinstance(s.exc, ast.Call) else s.exc) == "NotImplementedError"
        return False
    return True


def statements(body):
    """Those of one scope, whatever blocks they stand in."""
    for s in body:
        yield s
        if not isinstance(s, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            for block in ("body", "orelse", "finalbody"):
                yield from statements(getattr(s, block, []))
            for part in (*getattr(s, "handlers", []), *getattr(s, "cases", [])):
                yield from statements(part.body)


class Visitor(ast.NodeVisitor):
    def __init__(self, tree):
        self.names = imported(tree)
        self.found = collections.defaultdict(list)
        self.inherited = frozenset()
        self.imports, self.star = self.imported_by(tree.body)
        self.visit(tree)

    def imported_by(self, body):
        """The names that a module's or class's `from m import` statements bind, and the line of its last star."""
        froms = [s for s in statements(body) if isinstance(s, ast.ImportFrom)]
        return {a.asname or a.name for s in froms for a in s.names}, max((s.lineno for s in froms if s.names[0].name == "*"), default=0)

    def also_imported(self, node):
        return {"imported"} if node.name in self.imports or node.lineno < self.star else set()

    def meaning(self, node):
        name = dotted(node)
        if not name:
            return ""
        first, dot, rest = name.partition(".")
        return self.names.get(first, first) + dot + rest

    def inside(self, flags, nodes, scope=None):
        old, self.inherited = self.inherited, self.inherited | frozenset(flags)
        outer, (self.imports, self.star) = (self.imports, self.star), scope or (self.imports, self.star)
        for n in nodes:
            self.visit(n)
        self.inherited, (self.imports, self.star) = old, outer

    def add(self, name, node, flags):
        line = min([node.lineno] + [d.lineno for d in getattr(node, "decorator_list", [])])
        self.found[name, line].append(frozenset(flags) | self.inherited)

    def decoration(self, node):
        flags = set()
        for d in node.decorator_list:
            flags.add("decorated")
            last = self.meaning(d).rpartition(".")[2]
            flags |= {"overload"} if last in OVERLOADS else set()
            flags |= {"abstract"} if last in ABSTRACT else set()
        return flags

    def outside(self, node):
        """Parts of a def that are evaluated where it stands."""
        args = node.args
        annotations = [a.annotation for a in args.posonlyargs + args.args + args.kwonlyargs + [args.vararg, args.kwarg] if a]
        for n in node.decorator_list + args.defaults + args.kw_defaults + annotations + [node.returns]:
            if n:
                self.visit(n)
        for p in getattr(node, "type_params", []):
            self.visit(p)

    def visit_FunctionDef(self, node):
        self.outside(node)
        self.add(node.name, node, {"function"} | self.decoration(node) | trivial_flags(node.body) | self.also_imported(node))
        self.inside((), node.body, (set(), 0))

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node):
        for n in node.decorator_list + node.bases + node.keywords + getattr(node, "type_params", []):
            self.visit(n)
        protocol = set()
        for b in node.bases:
            name = self.meaning(b.value if isinstance(b, ast.Subscript) else b)
            module, _, last = name.rpartition(".")
            if last == "Protocol" and (not module or "typing" in module or "compat" in module):
                protocol = {"protocol"}
        self.add(node.name, node, {"class"} | self.decoration(node) | protocol | self.also_imported(node))
        self.inside(protocol, node.body, self.imported_by(node.body))

    def visit_Lambda(self, node):
        for n in node.args.defaults + node.args.kw_defaults:
            if n:
                self.visit(n)
        self.add("<lambda>", node, {"function", "lambda"})
        self.visit(node.body)

    def comprehension(self, node):
        self.add(COMPREHENSIONS[type(node)], node, {"function", "comprehension"})
        self.generic_visit(node)

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = comprehension

    def is_type_checking(self, test):
        return self.meaning(test).rpartition(".")[2] == "TYPE_CHECKING"

    def is_main(self, test):
        if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq)):
            return False
        sides = [dotted(s) or getattr(s, "value", None) for s in (test.left, test.comparators[0])]
        return sorted(map(str, sides)) == ["__main__", "__name__"]

    def tells(self, test):
        """(flags of the body, flags of the else)"""
        if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
            return set().union(*(self.tells(v)[0] for v in test.values)), set()
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return self.tells(test.operand)[::-1]
        if self.is_type_checking(test):
            return {"type_checking"}, set()
        return ({"main_guard"}, set()) if self.is_main(test) else (set(), set())

    def visit_If(self, node):
        body, orelse = self.tells(node.test)
        self.visit(node.test)
        self.inside(body, node.body)
        self.inside(orelse, node.orelse)


def expected(source):
    return Visitor(ast.parse(source)).found
