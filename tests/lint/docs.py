#!/usr/bin/env python3
"""The documents say what the headers say.

Each table or list of docs/format.md that repeats an X-macro or a set of flag
bits is compared with it, row by row, and every environment variable that the
code reads is in docs/architecture.md.
"""
import pathlib
import re
import sys

found = []
compared = 0


def read(path):
    return pathlib.Path(path).read_text()


def same(what, header, page):
    """Two mappings that must be equal; tells each difference."""
    global compared
    compared += 1
    if not header or not page:
        found.append(f"{what}: nothing to compare ({len(header)} in the header, {len(page)} in the page); was it renamed?")
    for key in sorted(header.keys() | page.keys(), key=str):
        if header.get(key) != page.get(key):
            found.append(f"{what}: {key} is {header.get(key, 'missing')!r} in the header, {page.get(key, 'missing')!r} in the page")


def x_rows(path, macro):
    """The rows of an X-macro: lists of arguments, strings without quotes."""
    body = re.search(rf"#define {macro}\(X\)(.*?[^\\])\n", read(path), re.S).group(1)
    argument = r'"(?:[^"\\]|\\.)*"|[^,"()]+'
    rows = re.findall(rf"\bX\(((?:\s*(?:{argument})\s*,?)+)\)", body)
    return [[a.strip().strip('"') for a in re.findall(argument, row) if a.strip()] for row in rows]


def flags(path, prefix):
    """#define PREFIX_NAME 0x1u lines: {value: NAME}."""
    return {int(v, 0): n for n, v in re.findall(rf"#define {prefix}_(\w+) (0x[0-9a-fA-F]+|\d+)u?\b", read(path))
            if "MAX" not in n}


def section(text, title):
    """The part of the page under the heading that contains `title`."""
    match = re.search(rf"^(#+) [^\n]*{re.escape(title)}[^\n]*\n(.*?)(?=^#|\Z)", text, re.S | re.M)
    return match.group(2) if match else ""


def table(text, first):
    """Rows of the Markdown table whose first heading is `first`."""
    rows = []
    for line in text.splitlines():
        cells = [c.strip() for c in line.strip().strip("|").split("|")] if line.startswith("|") else None
        if cells is None:
            if rows:
                break
        elif rows or cells[0] == first:
            rows.append(cells)
    return rows[2:]


def numbered(text, title):
    """'Title: 1 first, 2 second.' as {1: 'first', 2: 'second'}."""
    match = re.search(rf"(?:^|\s){re.escape(title)}: (.*?\.)(?:\n|$| [A-Z])", text, re.S)
    pairs = re.findall(r"(\d+) ([^,.]+(?:\([^)]*\))?)", match.group(1)) if match else []
    return {int(n): " ".join(t.split()) for n, t in pairs}


RECORD, EVENT, DEF, ERR = (f"include/ghost/{n}.h" for n in ("record", "event", "def", "err"))
page = read("docs/format.md")

same("records", {int(r[1]): r[0] for r in x_rows(RECORD, "GHOST_RECORDS")},
     {int(r[0]): r[1] for r in table(section(page, "4. Records"), "id")})
same("shapes", {int(r[1]): (r[0], r[3], r[4], "slot" if r[2] == "1" else "-") for r in x_rows(RECORD, "GHOST_SHAPES")},
     {int(r[0]): (r[1], r[2], r[3], r[4]) for r in table(section(page, "5. BLOCK"), "kind")})
same("events", {int(r[1]): (r[0], r[2], r[3]) for r in x_rows(EVENT, "GHOST_EVENT_KINDS") if r[0] != "NONE"},
     {int(r[0]): (r[1], r[2], r[3].split(" (")[0]) for r in table(section(page, "6. Live files"), "kind")})

# Lists in prose give the numbers; their wording is free, their count and numbers are not.
bits = section(page, "8. Bits")
for title, numbers in {
    "Type flags": flags(DEF, "GHOST_TYPE"), "Node flags": flags(DEF, "GHOST_NODE"), "Annotation flags": flags(DEF, "GHOST_ANNOT"),
    "Type variable flags": flags(DEF, "GHOST_TYPEVAR"),
    "Causes of loss": {int(r[1]): r[0] for r in x_rows(RECORD, "GHOST_LOSSES")},
    "Notes": {int(r[1]): r[0] for r in x_rows(RECORD, "GHOST_NOTES")},
    "Name kinds": {int(r[1]): r[0] for r in x_rows(DEF, "GHOST_NAMES")},
}.items():
    same(title, dict.fromkeys(numbers, "listed"), dict.fromkeys(numbered(bits, title), "listed"))
abcs = re.search(r"ABC bits, from bit 0: (.*?)\.\n", bits, re.S)
same("ABC bits", dict(enumerate(r[0] for r in x_rows(DEF, "GHOST_ABCS"))),
     dict(enumerate(re.findall(r"\w+", abcs.group(1)) if abcs else [])))

# Error codes: every name and number once, in order, so that none is reused.
codes = [int(r[1]) for r in x_rows(ERR, "GHOST_CODES")]
if codes != list(range(0, -len(codes), -1)):
    found.append(f"GHOST_CODES in {ERR}: numbers are {codes}, not 0, -1, -2, ...")

# Environment variables: what is read is documented, what is documented is used.
known = set(re.findall(r"`(GHOST_\w+?)(?:=[^`]*)?`", read("docs/architecture.md")))
used = {}
for folder in ("recorder", "analyzer", "explain", "format"):
    for path in [*pathlib.Path(folder).rglob("*.[ch]"), *pathlib.Path(folder).rglob("*.py")]:
        for name in re.findall(r"""["'](GHOST_[A-Z][A-Z_]+)["'=]""", path.read_text()):
            used.setdefault(name, path)
for name in sorted(used.keys() - known):
    found.append(f"{used[name]} uses the environment variable {name}, which docs/architecture.md does not have")
if "GHOST_RECORD" in used:
    for name in sorted(known - used.keys()):
        found.append(f"docs/architecture.md has the environment variable {name}, which no code reads")

# Links between documents lead somewhere, and from README.md they lead to every page.
pages = {path.resolve(): path for path in [pathlib.Path("README.md"), *pathlib.Path("docs").rglob("*.md")] if path.exists()}
linked = {}
for full, path in pages.items():
    linked[full] = {(path.parent / target).resolve() for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text())}
    for target in sorted(linked[full]):
        if not target.exists():
            found.append(f"{path} links to {target.relative_to(pathlib.Path.cwd())}, which does not exist")
reached, todo = set(), [pathlib.Path("README.md").resolve()]
while todo:
    page_now = todo.pop()
    page_now = page_now / "README.md" if page_now.is_dir() else page_now
    if page_now in linked and page_now not in reached:
        reached.add(page_now)
        todo += linked[page_now]
for full in sorted(pages.keys() - reached):
    found.append(f"{pages[full]} is linked from no page that README.md leads to: name it there, or (a decision) in docs/decisions/README.md")

# `make TARGET` of a page is a target.
targets = {t for path in [pathlib.Path("Makefile"), *pathlib.Path("mk").glob("*.mk")] if path.exists()
           for names in re.findall(r"^([a-z][a-z0-9 -]*):(?!=)", path.read_text(), re.M) for t in names.split()}
for path in pages.values() if targets else ():
    for target in re.findall(r"(?:`|^    )(?:[A-Z_]+=\S+ )*make ([a-z][a-z0-9-]*)", path.read_text(), re.M):
        if target not in targets:
            found.append(f"{path} has make {target}, which is no target")

for finding in found:
    print("docs:", finding)
if not found:
    print(f"docs: {compared} tables and lists of docs/format.md agree with the headers, {len(used)} environment variables documented")
sys.exit(bool(found))
