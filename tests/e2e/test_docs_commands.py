"""Every `ghost ...` that a page, a help text or the manual shows can be typed.

Each is read as its command would read it (`ghost config show -- COMMAND ...` parses without running anything), so that a
wrong option, value or number of operands fails; and those which stand on lines of their own are run on a small session."""
import collections
import itertools
import re
import shlex
import shutil

import pytest

import harness

ROOT = harness.ROOT
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "examples").rglob("*.md"))]
SCRIPTS = sorted((ROOT / "examples").rglob("*.sh"))

Shown = collections.namedtuple("Shown", "where words block")

# Usage lines stand for several commands at once: [optional], one|of|these.
USAGE = re.compile(r"\[(-?[^\[\]]*)\]")


def commands_of(line):
    """The `ghost` commands of one line of shell, as lists of words."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|()")
    lexer.whitespace_split, lexer.commenters = True, "#"
    words, out = [], []
    for word in [*lexer, ";"]:
        if word and set(word) <= set(";&|()"):
            out.append(words)
            words = []
        else:
            words.append(word)
    for words in out:
        while words and re.fullmatch(r"\w+=.*", words[0]):
            words = words[1:]
        if words and words[0] in ("ghost", "build/ghost"):
            redirected = next((i for i, w in enumerate(words) if re.match(r"\d?[<>]", w)), len(words))
            yield words[1:redirected]


def usages(text):
    """`[SESSION]` as SESSION; `a|b` as a and as b; a trailing `...` away."""
    text = USAGE.sub(r"\1", text)
    text = re.sub(r"\s*\.\.\.", "", text)
    parts = re.split(r"(?<=\w)\|(?=\w)", text)
    if len(parts) == 1:
        return [text]
    head, tail = re.match(r"(.*?)(\S+)$", parts[0]).groups(), re.match(r"\S+(.*)$", parts[-1]).group(1)
    last = re.match(r"\S+", parts[-1]).group(0)
    return [head[0] + choice + tail for choice in [head[1], *parts[1:-1], last]]


def without_remark(line):
    """Pages and help texts put what a command does behind two blanks."""
    return re.match(r"""(?:[^\s"']|"[^"]*"|'[^']*'|\s(?!\s))*""", line.strip()).group(0)


def joined(text):
    return re.sub(r"\\\n\s*", "", text)


def shown_in_page(path):
    where = path.relative_to(ROOT)
    for line in joined(path.read_text()).splitlines():
        if re.match(r"^ {4,}|^\$ ", line) and re.search(r"\bghost ", line):
            command = without_remark(line)
            for usage in usages(command) if "[" in command or "..." in command else [command]:
                for words in commands_of(usage):
                    yield Shown(f"{where}: {line.strip()}", words, True)
        for code in re.findall(r"`((?:build/)?ghost [a-z][^`]*)`", line):
            for usage in usages(code):
                for words in commands_of(usage):
                    yield Shown(f"{where}: `{code}`", words, False)


def shown_in_script(path):
    for line in joined(path.read_text()).splitlines():
        for words in commands_of(re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", line)):
            yield Shown(f"{path.relative_to(ROOT)}: {line}", words, False)


def shown_in_help(command):
    text = harness.run([harness.GHOST, command, "--help"]).out.decode()
    for line in joined(text.partition("\nexamples:\n")[2]).splitlines():
        for words in commands_of(without_remark(line)):
            yield Shown(f"ghost {command} --help: {line.strip()}", words, True)


def all_shown():
    listing = harness.run([harness.GHOST, "--help"]).out.decode().split("commands:")[1]
    names = re.findall(r"^  ([a-z]+) +", listing, re.M)
    shown = [s for page in PAGES for s in shown_in_page(page)]
    shown += [s for script in SCRIPTS for s in shown_in_script(script)]
    return names, shown + [s for name in names for s in shown_in_help(name)]


NUMBERS = {"N": "3", "SECONDS": "2", "DAYS": "7"}

NAMES, SHOWN = all_shown() if harness.GHOST.exists() else ([], [])
pytestmark = pytest.mark.skipif(not harness.pythons(), reason="no interpreter has a recorder here: run make")


def test_they_are_found():
    """The pages show what they showed when this was written, and more; every command's help has examples."""
    assert len(SHOWN) > 200 and sum(s.block for s in SHOWN) > 100
    assert {s.where.split()[1] for s in SHOWN if s.where.startswith("ghost ")} == set(NAMES)


def test_each_is_one_that_its_command_takes(tmp_path):
    wrong = []
    for shown in SHOWN:
        command, *rest = shown.words
        rest = [NUMBERS.get(w, w) for w in rest if w not in ("--help", "-h")]
        done = harness.run([harness.GHOST, "config", "show", "--no-config", "--", command, *rest], cwd=tmp_path)
        error = done.err.decode().strip()
        only_named = not shown.block and "needs a value" in error       # `ghost run --max-log` in a sentence
        if done.status and not only_named:
            wrong.append(f"{shown.where}\n    {error}")
    assert not wrong, "\n" + "\n".join(wrong)


# ---- those on lines of their own are run ----

APP = '''
class Order:
    def __init__(self, lines: list): self.lines = lines
    def total(self) -> int: return sum(price(x) for x in self.lines)
    def save(self): return self.total()
def price(x: int) -> int:
    if x == 13: raise KeyError(x)
    return x
def pay(order: "Order"): return order.save()
def process_order(n: int):
    try: return pay(Order([n, "7" if n % 4 == 0 else 7]))
    except (KeyError, TypeError): return None
def handle_request(n): return process_order(n)
def never(): pass
for i in range(400): handle_request(i % 20)
'''

# What the words of the examples stand for here. ONE to FIVE are sessions, ARCHIVE is one of them packed.
MEANS = {"SESSION": ("ONE",), "BEFORE": ("ONE",), "AFTER": ("TWO",), "A": ("ONE",), "B": ("TWO",), "FILE": ("ARCHIVE",),
         "DIR": ("unpacked",), "COPY": ("copy",), "FN": ("process_order",), "ID": ("FINDING",), "4b73c64b": ("FINDING",),
         "1763": ("ONE",), "17952": ("ONE",), "17953": ("TWO",), "s1": ("ONE",), "s2": ("TWO",), "s3": ("THREE",), "s4": ("FOUR",),
         "s5": ("FIVE",), "s1,s2": ("ONE",), "s3,s4": ("TWO",), "s1,s2,s3": ("ONE",), "s4,s5,s6": ("TWO",),
         "releases/*.ghostpack": ("main.ghostpack", "new.ghostpack")}

# Why a command of a page is not run here: it would wait for ever, or needs what a test cannot count on.
NOT_RUN = {
    r"^run (-q )?(-m uvicorn|gunicorn|-q python3 -m pytest|python3\.12|make test|-i app)": "needs a program that may not be here",
    r"^watch": "waits for a recording; tests/e2e/test_watch.py has one",
    r"^doctor": "looks at the whole machine; tests/e2e/test_run_doctor.py does it",
    r"--split deployed": "needs a mark in the recording; tests/e2e/test_diff.py does it",
    r"--backend (?!template)|--model": "needs a service; tests/explain does it",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder like a user's, with sessions, archives and a database that the examples may mean."""
    work = tmp_path_factory.mktemp("docs")
    ghost = harness.Ghost(work / "data")
    (work / "app.py").write_text(APP)
    for folder in ("src", "shop", "deploy"):
        (work / folder).mkdir()
    (work / "src/more.py").write_text("def unused(): pass\n")
    (work / "key-file.txt").write_text("0123456789abcdef" * 4 + "\n")
    (work / "deploy/ghost.yaml").write_text("report:\n  top: 5\n")
    exe = harness.pythons()[0].exe
    for _ in range(5):
        done = ghost.run([exe, str(work / "app.py")], "-q", cwd=work)
        assert done.status == 0, done.err.decode()
    sessions = [s.name for s in ghost.sessions()]
    one, two = sessions[:2]

    def command(*args):
        done = ghost.command(*args, cwd=work)
        assert done.status in (0, 1), done.err.decode()
        return done.out.decode()

    command("pack", one, "-o", "nightly.ghostpack")
    for name in {w for s in SHOWN for flag, w in zip(["", *s.words], s.words)
                 if re.fullmatch(r"[a-z]+\.ghostpack", w) and flag not in ("-o", "--into")} - {"nightly.ghostpack"}:
        shutil.copy(work / "nightly.ghostpack", work / name)
    command("pack", two, "-o", "again.ghostpack")
    (work / "again.ghostpack").replace(work / "new.ghostpack")       # another recording than main.ghostpack
    command("export", "-o", "report.json")
    command("anomalies", "--baseline", "ghost.baseline", "--update-baseline")
    (work / "4711-0badcafe.ghost").write_bytes(next((work / "data/sessions" / one).glob("*.ghost")).read_bytes())
    finding = re.search(r'"id": ?"([0-9a-f]+)"', command("anomalies", one, "--format", "json")).group(1)
    return {"work": work, **dict(zip(("ONE", "TWO", "THREE", "FOUR", "FIVE"), sessions)), "ARCHIVE": "nightly.ghostpack", "FINDING": finding, "exe": exe}


def meant(words, place):
    words = [f"{flag[2:]}.txt" if flag in ("--key-file", "--map") else w for flag, w in zip(["", *words], words)]
    out = [place.get(w, w) for word in words for w in MEANS.get(word, (NUMBERS.get(word, word),))]
    if out[0] == "run":
        out[1:1] = ["--python", place["exe"]]
    return out


LINES = [(where, list(shown)) for where, shown in itertools.groupby(
    (s for s in SHOWN if s.block and not any(re.search(p, " ".join(s.words)) for p in NOT_RUN)), key=lambda s: s.where)]


@pytest.mark.parametrize("where, shown", LINES, ids=[f"{i}-{shown[0].words[0]}" for i, (_, shown) in enumerate(LINES)])
def test_it_does_what_it_says(where, shown, place, tmp_path):
    work = shutil.copytree(place["work"], tmp_path / "work")
    if shown[0].words[:2] == ["config", "check"]:
        shutil.copy(work / "deploy/ghost.yaml", work)
    env = harness.Ghost(work / "data").environment(HOME=str(work), GHOST_EXPLAIN_BACKEND="template")
    for one in shown:
        words = [re.sub(r"^/tmp/", f"{tmp_path}/", w) for w in meant(one.words, place)]
        done = harness.run([harness.GHOST, *words], env=env, cwd=work, timeout=60)
        assert done.status in (0, 1), f"{where}\nghost {shlex.join(words)}: status {done.status}\n{done.err.decode()}"
        quiet = "-o" in words or "--grep" in words
        assert done.out or done.err or quiet, f"{where}: printed nothing"


def test_what_is_not_run_is_there():
    for pattern in NOT_RUN:
        assert any(re.search(pattern, " ".join(s.words)) for s in SHOWN if s.block), f"no command is like {pattern} any more"
