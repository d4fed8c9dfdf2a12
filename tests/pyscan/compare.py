#!/usr/bin/env python3
"""Compares the scanner of Python source (analyzer/pyscan*.c) with `ast`.

    compare.py DUMP FILE_OR_FOLDER ...      DUMP is build/tools/pyscan_dump

Run it with the interpreter whose grammar counts. Every def, async def, class
and lambda must be there with kind, flags, first line and qualified name, in any
order; nothing else. Files that this interpreter cannot parse are counted, not
compared. Exit status 1 when anything differs.
"""
import ast
import collections
import pathlib
import subprocess
import sys
import warnings

OVERLOAD, ABSTRACT, PROTOCOL, TYPE_CHECKING, MAIN_GUARD, TRIVIAL, DECORATED, EMPTY, IMPORTED, REBOUND = 4, 8, 0x10, 0x20, 0x40, 0x80, 0x100, 0x1000, 0x2000, 0x10000
INTERESTING = {"overload": OVERLOAD, "abstractmethod": ABSTRACT, "abstractproperty": ABSTRACT, "abstractclassmethod": ABSTRACT,
               "abstractstaticmethod": ABSTRACT, "Protocol": PROTOCOL, "TYPE_CHECKING": TYPE_CHECKING}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def last_name(node):
    """The last part of a plain or dotted name."""
    if isinstance(node, ast.Name):
        return node.id, True
    if isinstance(node, ast.Attribute) and last_name(node.value)[0]:
        return node.attr, False
    return None, False


def is_typing(module):
    return "typing" in module or "compat" in module


def is_trivial_statement(s):
    if isinstance(s, (ast.Pass, ast.Global, ast.Nonlocal)):
        return True
    if isinstance(s, ast.Expr):
        return isinstance(s.value, ast.Constant)
    if isinstance(s, ast.Return):
        return s.value is None or isinstance(s.value, ast.Constant) and s.value.value is None
    if isinstance(s, ast.Raise):
        what = s.exc.func if isinstance(s.exc, ast.Call) else s.exc
        return isinstance(what, ast.Name) and what.id == "NotImplementedError"
    return False


def is_trivial_body(body):
    """What stands behind its `return` or `raise` (a `yield`, to make a generator of it) cannot run."""
    end = next((i + 1 for i, s in enumerate(body) if isinstance(s, (ast.Return, ast.Raise))), len(body))
    return all(map(is_trivial_statement, body[:end])), isinstance(body[end - 1], ast.Raise)


class Scope:
    def __init__(self, qualname, is_class, parent):
        self.qualname, self.is_class, self.parent = qualname, is_class, parent
        self.globals, self.bindings, self.star, self.imports = set(), collections.defaultdict(list), -1, set()


class Visitor(ast.NodeVisitor):
    """Statements are numbered in the order of the source; a binding is (number, row or None, decorated)."""

    def __init__(self, tree):
        self.rows, self.number, self.flags, self.aliases, self.modules = [], 0, 0, {}, {}
        self.module = self.scope = Scope("", False, None)
        self.scopes = [self.module]
        self.expression_scope = None
        self.visit(tree)
        for scope in self.scopes:
            for name, found in scope.bindings.items():
                for number, row, _ in found:
                    if row and (scope.star > number or any(n > number and not decorated for n, _, decorated in found)):
                        row[1] |= REBOUND
                    if row and (scope.star > number or name in scope.imports):
                        row[1] |= IMPORTED

    def meaning(self, node):
        name, plain = last_name(node)
        if not plain and name == "Protocol":       # asyncio.Protocol is another
            module = ast.unparse(node.value)
            return PROTOCOL if is_typing(self.modules.get(module, module)) else 0
        return INTERESTING.get(self.aliases.get(name, name) if plain else name, 0)

    def qualify(self, name, parent):
        if not parent.qualname:
            return name
        return parent.qualname + ("." if parent.is_class else ".<locals>.") + name

    def row(self, kind, flags, line, name):
        parent = self.scope if kind == "lambda" or name not in self.scope.globals else self.module
        r = [kind, flags | self.flags, line, self.qualify(name, parent)]
        self.rows.append(r)
        return r

    def bind(self, name, row=None, decorated=False):
        self.scope.bindings[name].append((self.number, row, decorated))

    def inside(self, qualname, is_class, flags, nodes):
        outer, old = self.scope, self.flags
        self.scope = Scope(qualname, is_class, outer)
        self.scopes.append(self.scope)
        self.flags |= flags
        for n in nodes:
            self.visit(n)
        self.scope, self.flags = outer, old

    def decoration(self, node):
        flags = 0
        for d in node.decorator_list:
            self.visit(d)
            callee = d
            while isinstance(callee, (ast.Call, ast.Subscript)):
                callee = callee.func if isinstance(callee, ast.Call) else callee.value
            while isinstance(callee, ast.Attribute) and not last_name(callee)[0]:    # a().b: the scanner sees the first name
                callee = callee.value.func if isinstance(callee.value, ast.Call) else callee.value
            flags |= DECORATED | self.meaning(callee) & (OVERLOAD | ABSTRACT)
        return flags

    def first_line(self, node):
        return node.decorator_list[0].lineno if node.decorator_list else node.lineno

    def function(self, node):
        flags = self.decoration(node)
        for part in (*getattr(node, "type_params", []), node.args, node.returns):
            if part:
                self.visit(part)
        self.number += 1
        is_trivial, raises = is_trivial_body(node.body)
        trivial = (TRIVIAL | (0 if raises else EMPTY)) if is_trivial else 0
        kind = "def" if isinstance(node, ast.FunctionDef) else "async"
        r = self.row(kind, flags | trivial, self.first_line(node), node.name)
        self.bind(node.name, r, bool(node.decorator_list))
        self.inside(r[3], False, 0, node.body)

    visit_FunctionDef = visit_AsyncFunctionDef = function

    def visit_ClassDef(self, node):
        flags = self.decoration(node)
        for part in (*getattr(node, "type_params", []), *node.bases, *node.keywords):
            self.visit(part)
        for b in node.bases:
            while isinstance(b, (ast.Subscript, ast.Call)):
                b = b.value if isinstance(b, ast.Subscript) else b.func
            flags |= self.meaning(b) & PROTOCOL
        self.number += 1
        r = self.row("class", flags, self.first_line(node), node.name)
        self.bind(node.name, r, bool(node.decorator_list))
        self.inside(r[3], True, flags & PROTOCOL, node.body)

    def visit_Lambda(self, node):
        self.visit(node.args)
        r = self.row("lambda", 0, node.lineno, "<lambda>")
        self.inside(r[3], False, 0, [node.body])

    def visit_Import(self, node):
        self.number += 1
        for a in node.names:
            self.bind(a.asname or a.name.split(".")[0])
            if a.asname and is_typing(a.name):
                self.modules.setdefault(a.asname, a.name)

    def visit_ImportFrom(self, node):
        self.number += 1
        for a in node.names:
            if a.name == "*":
                self.scope.star = self.number
                continue
            self.bind(a.asname or a.name)
            if self.scope.is_class or self.scope is self.module:
                self.scope.imports.add(a.asname or a.name)
            if a.name == "Protocol" and not is_typing(node.module or ""):
                self.aliases.setdefault(a.asname or a.name, "")
            elif a.asname and a.name in INTERESTING:
                self.aliases.setdefault(a.asname, a.name)

    def visit_Global(self, node):
        self.scope.globals |= set(node.names)

    def visit_Assign(self, node):
        self.number += 1
        for t in node.targets:
            if not isinstance(t, ast.Name):
                break
            self.bind(t.id)
        self.generic_visit(node)

    def visit_Delete(self, node):
        self.number += 1
        targets = list(node.targets)
        for t in targets:
            if isinstance(t, ast.Name):
                self.bind(t.id)
            elif isinstance(t, (ast.Tuple, ast.List)):
                targets += t.elts
        self.generic_visit(node)

    def branch(self, flags, nodes):
        old = self.flags
        self.flags |= flags
        for n in nodes:
            self.visit(n)
        self.flags = old

    def condition(self, test):
        """What holds where it is true, and where it is false."""
        negated = isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
        if negated:
            test = test.operand
        if isinstance(test, (ast.Name, ast.Attribute)) and last_name(test)[0]:
            meaning = self.meaning(test) & TYPE_CHECKING
            return (0, meaning) if negated else (meaning, 0)
        if isinstance(test, ast.Compare) and not negated and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq):
            sides = {getattr(s, "id", None) or getattr(s, "value", None) for s in (test.left, test.comparators[0])
                     if isinstance(s, (ast.Name, ast.Constant))}
            if sides == {"__name__", "__main__"}:
                return MAIN_GUARD, 0
        return 0, 0

    def visit_If(self, node):
        self.visit(node.test)
        both = isinstance(node.test, ast.BoolOp) and isinstance(node.test.op, ast.And)
        body = otherwise = 0
        for test in node.test.values if both else [node.test]:
            here, there = self.condition(test)
            body |= here
            otherwise |= 0 if both else there
        self.branch(body, node.body)
        self.branch(otherwise, node.orelse)


def expected(path):
    source = path.read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(source)
    return sorted((kind, flags, line, name) for kind, flags, line, name in Visitor(tree).rows)


def dumped(dump, files):
    """{file: rows or an error's text} as the scanner has it."""
    done = subprocess.run([dump], input="".join(f"{f}\n" for f in files), capture_output=True, text=True, errors="surrogateescape", check=True)
    found, rows = {}, None
    for line in done.stdout.split("\n"):
        if line.startswith("= "):
            rows = found[line[2:]] = []
        elif line.startswith(("! ", "? ")):
            rows.append(line)
        elif line:
            kind, flags, first, name = line.split(" ", 3)
            rows.append((kind, int(flags, 16), int(first), name))
    return found


def compare(dump, roots, tell=print):
    """(files compared, files that do not parse, rows, differences)"""
    files = sorted(f for r in map(pathlib.Path, roots) for f in ([r] if r.is_file() else r.rglob("*.py")) if f.is_file())
    found = dumped(dump, files)
    compared = unparsed = rows = differences = 0
    sys.setrecursionlimit(20000)
    for f in files:
        try:
            want = expected(f)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            unparsed += 1
            continue
        compared += 1
        rows += len(want)
        got = found[str(f)]
        problems = [r for r in got if isinstance(r, str)]
        got = sorted(r for r in got if not isinstance(r, str))
        if got == want and not problems:
            continue
        missing, extra = list((collections.Counter(want) - collections.Counter(got)).elements()), list((collections.Counter(got) - collections.Counter(want)).elements())
        differences += len(missing) + len(extra) + len(problems)
        tell(f"{f}: {len(missing)} missing {missing[:3]}, {len(extra)} too many {extra[:3]} {problems}")
    return compared, unparsed, rows, differences


if __name__ == "__main__":
    result = compare(sys.argv[1], sys.argv[2:])
    print("%d files compared, %d that this Python cannot parse; %d functions, classes and lambdas; %d differences" % result)
    sys.exit(1 if result[3] else 0)
