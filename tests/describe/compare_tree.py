"""compare_tree.py FOLDER...: TREE records of all modules in the
folders against `ast` (flags) and `dis` (nodes). Prints one line a difference
and a summary; exit status 1 when there is a difference."""
import collections
import dis
import os
import sys
import warnings

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.setrecursionlimit(5000)
warnings.simplefilter("ignore")
import ast_tree
import describe_probe
import records


def all_codes(code):
    """Every code object that some instruction loads, once for each place it is a constant of."""
    yield code
    loaded = {id(i.argval): i.argval for i in dis.get_instructions(code) if hasattr(i.argval, "co_code")}
    for c in loaded.values():
        yield from all_codes(c)


NOTHING = {"RESUME", "NOP", "LOAD_CONST", "LOAD_COMMON_CONSTANT", "RETURN_CONST", "RETURN_VALUE", "CACHE", "COPY_FREE_VARS",
           "MAKE_CELL", "RETURN_GENERATOR", "POP_TOP"}


def compiled_to_nothing(code):
    """A body such as `while 1: break`, which the compiler leaves nothing of."""
    ops = []
    for i in dis.get_instructions(code):
        ops.append(i.opname)
        if i.opname.startswith("RETURN_") and i.opname != "RETURN_GENERATOR":
            break
    return set(ops) <= NOTHING


def compare(path, counts):
    try:
        with open(path, "rb") as f:
            source = f.read()
        code = compile(source, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, UnicodeDecodeError):
        counts["cannot be compiled"] += 1
        return
    nodes = records.tree(describe_probe.tree(code, {"__name__": "m"}))["nodes"]
    counts["modules"] += 1
    counts["nodes"] += len(nodes)
    have = collections.Counter((n["qualname"], n["line"]) for n in nodes)
    want = collections.Counter((c.co_qualname, c.co_firstlineno) for c in all_codes(code))
    compiled = {(c.co_name, c.co_firstlineno): c for c in all_codes(code)}
    for key in (have - want):
        yield "extra node", key, "", ""
    for key in (want - have):
        yield "missing node", key, "", ""
    found = collections.defaultdict(list)
    for n in nodes[1:]:
        if "annotate" not in n["flags"]:
            found[n["qualname"].rpartition(".")[2], n["line"]].append(frozenset(n["flags"]))
            counts.update(n["flags"])
    for n in nodes[1:]:
        for flag in ("type_checking", "main_guard", "protocol"):
            if flag in nodes[n["parent"]]["flags"] and flag not in n["flags"]:
                yield "not inherited", (n["qualname"], n["line"]), flag, ""
    expected = ast_tree.expected(source)
    for key, flags in found.items():
        if key not in expected:
            yield "not in the source", key, sorted(map(sorted, flags)), ""
        elif not collections.Counter(flags) - collections.Counter(expected[key]):
            continue
        elif [f - {"trivial", "empty"} for f in flags] == expected[key] and compiled_to_nothing(compiled[key]):
            counts["compiled to nothing"] += 1
        else:
            yield "flags", key, sorted(map(sorted, flags)), sorted(map(sorted, expected[key]))
    for key in expected:
        if key in found or key[0].endswith("comp>"):  # comprehensions are inlined since 3.12
            continue
        if key not in compiled:
            counts["left out by the compiler"] += 1
        else:
            yield "not in the tree", key, "", sorted(map(sorted, expected[key]))


def main():
    counts, differences = collections.Counter(), 0
    for folder in sys.argv[1:]:
        for base, dirs, files in os.walk(folder):
            dirs.sort()
            for name in sorted(files):
                if name.endswith(".py"):
                    for what, key, have, want in compare(os.path.join(base, name), counts):
                        differences += 1
                        print(os.path.join(base, name), what, key, have, want)
    print(dict(counts), "differences:", differences)
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
