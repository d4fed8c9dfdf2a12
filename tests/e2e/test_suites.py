"""Real libraries' own test suites under `ghost run`, with the library as the recorded code.

From their source distributions (kept in build/cache). They must pass and fail as they do
plain, and Ghost's counts must agree with the oracle's for every function of the library.
`varies` names, with the reason, what differs from one plain run to the next.

GHOST_WHOLE_SUITES=1 runs all tests of all of them on every interpreter (hours: the oracle is slow; docs/testing.md has
the result), GHOST_WHOLE_SUITES=outcomes the same without the oracle, GHOST_WHOLE_SUITES=together with Ghost and the
oracle in one process, so that both see the same run, whatever its timing; without it, what the oracle gets through in
a minute or two. A suite that is too long for one run under the oracle is run and compared file by file (`by_file`).
"""
import dataclasses
import fnmatch
import os
import sys
import tarfile
import xml.etree.ElementTree

import pytest

import harness
import oracle

WHOLE = os.environ.get("GHOST_WHOLE_SUITES")
LIMIT = 7200 if WHOLE else 400            # seconds, for one run of a suite
pytestmark = [pytest.mark.slow, pytest.mark.timeout(4 * LIMIT)]


@dataclasses.dataclass
class Suite:
    project: str
    version: str
    sources: str                          # folder to import from, inside the source distribution
    include: tuple                        # modules to record
    requires: tuple = ()
    requires_whole: tuple = ()            # what only the whole suite needs
    tests: tuple = ("tests",)             # what the oracle gets through in a minute or two
    options: tuple = ()                   # for pytest: what makes a run repeatable
    varies: dict = dataclasses.field(default_factory=dict)   # glob of a fn_key, or of a fn_key and a field -> why
    by_file: bool = False                 # the whole suite: each test file is a run, and a comparison, of its own

    @property
    def folder(self):
        return f"{self.project.replace('-', '_')}-{self.version}"


RUNNER = "pytest==8.4.2"
PLUGINS = harness.ROOT / "tests" / "oracle" / "plugins"
SUITES = [
    Suite("click", "8.1.8", "src", ("click",)),
    Suite("jinja2", "3.1.6", "src", ("jinja2",), ("markupsafe==3.0.3", "trio==0.31.0"),
          varies={"jinja2.loaders:ModuleLoader.__init__.<locals>.<lambda>:*":
                  "a weak reference's callback: whether and where it runs depends on when the garbage collector does"}),
    Suite("attrs", "25.4.0", "src", ("attr", "attrs"), ("hypothesis==6.142.1",), ("cloudpickle==3.1.2",),
          ("tests/test_annotations.py", "tests/test_next_gen.py", "tests/test_functional.py", "tests/test_hooks.py",
           "tests/test_setattr.py", "tests/test_validators.py", "tests/test_init_subclass.py", "tests/test_cmp.py",
           "tests/test_abc.py", "tests/test_compat.py", "tests/test_config.py"),
          # examples drawn from a fixed seed, however long a run takes
          options=("--hypothesis-profile=ci",)),
    Suite("sqlglot", "27.29.0", ".", ("sqlglot",),
          ("pytz==2025.2",), ("python-dateutil==2.9.0.post0", "duckdb==1.4.2", "pandas==2.3.3"),
          ("tests/test_parser.py", "tests/test_expressions.py", "tests/test_tokens.py", "tests/test_build.py",
           "tests/test_serde.py", "tests/test_time.py", "tests/test_schema.py", "tests/test_generator.py"),
          options=("-p", "patient_pools"), by_file=True,
          varies={"sqlglot.executor.python:PythonExecutor.execute.<locals>.<genexpr>:5[26] yield_type_dist":
                  "all() over a set of objects that are hashed by their address: how many it asks depends on their order"}),
]


def sources(suite, python):
    """The unpacked source distribution, from the registry the first time."""
    folder = harness.CACHE / "suites"
    unpacked = folder / suite.folder
    if not unpacked.exists():
        folder.mkdir(parents=True, exist_ok=True)
        done = harness.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", folder,
                            f"{suite.project}=={suite.version}"], env=harness.network_environment(), timeout=300)
        archive = folder / (suite.folder + ".tar.gz")
        if done.status or not archive.exists():
            pytest.skip(f"the source distribution of {suite.project} cannot be had here")
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data") if sys.version_info >= (3, 12) else tar.extractall(folder)
    return unpacked


def outcomes(report):
    """{test: outcome} of a junit report."""
    found = {}
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        kinds = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        found[case.get("classname"), case.get("name")] = kinds or ["passed"]
    return found


class Trial:
    """One suite on one interpreter: its runs, and what has been compared so far."""

    def __init__(self, suite, interpreter, ghost, tmp_path):
        self.suite, self.interpreter, self.ghost, self.tmp_path = suite, interpreter, ghost, tmp_path
        self.folder = sources(suite, interpreter)
        packages = harness.package_folder(interpreter, f"{suite.project}-whole" if WHOLE else f"{suite.project}-tests",
                                          (RUNNER, *suite.requires, *(suite.requires_whole if WHOLE else ())))
        if packages is None:
            pytest.skip(f"what the tests of {suite.project} need cannot be installed for {interpreter.version} here")
        self.env = harness.clean_environment(PYTHONPATH=f"{self.folder / suite.sources}:{packages}:{PLUGINS}")
        self.compared, self.functions, self.calls, self.tests, self.lines = 0, set(), 0, 0, []

    def parts(self):
        """The lists of tests that are run and compared at a time."""
        if not WHOLE:
            return [self.suite.tests]
        if self.suite.by_file and WHOLE != "outcomes":
            return [(str(f.relative_to(self.folder)),) for f in sorted(self.folder.glob("tests/**/test_*.py"))]
        return [("tests",)]

    def command(self, name, tests):
        (self.tmp_path / f"{name}.xml").unlink(missing_ok=True)
        return [self.interpreter.exe, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=line", f"--junitxml={self.tmp_path / name}.xml",
                f"--basetemp={self.tmp_path / 'base'}", "-o", "addopts=", *self.suite.options, *tests]

    def outcomes(self, name):
        return outcomes(self.tmp_path / f"{name}.xml")

    def outcomes_agree(self, tests):
        """Plain and under Ghost; how each test ended."""
        plain = harness.run(self.command("plain", tests), env=self.env, cwd=self.folder, timeout=LIMIT)
        expected = self.outcomes("plain")      # none in a file that only unittest's protocols find tests in
        recorded = self.record("ghost", tests, self.env, LIMIT)
        assert self.outcomes("ghost") == expected, recorded.out.decode()
        assert recorded.status == plain.status
        self.tests += len(expected)
        return expected

    def record(self, name, tests, env, limit):
        options = [f"--include={glob}" for glob in self.suite.include]
        return self.ghost.run(self.command(name, tests), "-q", *options, env=env, cwd=self.folder, timeout=limit)

    def observe(self, tests, out):
        """What the oracle says, of a run of its own or of one that Ghost records, too."""
        if WHOLE == "together":
            self.record("oracle", tests, oracle.environment(out, include=self.suite.include, base=self.env), 2 * LIMIT)
            return oracle.merge(out)
        return harness.run_oracle(self.command("oracle", tests), out, include=self.suite.include, env=self.env, cwd=self.folder,
                                  timeout=2 * LIMIT)[0]

    def counts_agree(self, tests, expected):
        """The newest recording and the oracle."""
        out = self.tmp_path / f"oracle-{self.compared}"
        self.compared += 1
        truth = self.observe(tests, out)
        assert set(self.outcomes("oracle")) == set(expected)
        lost = [p for p in truth["processes"] if p["hook_lost"]]
        assert not lost, "the oracle's hook did not survive this suite"
        lines = harness.differences(truth["profiles"], self.ghost.export()["profiles"], ignore=self.varies)
        self.lines += [f"{' '.join(tests)}: {line}" for line in lines]
        self.functions |= set(truth["profiles"])
        self.calls += sum(p["call_count"] for p in truth["profiles"].values())

    def varies(self, key, field):
        return any(fnmatch.fnmatchcase(name, glob) for glob in self.suite.varies for name in (key, f"{key} {field}"))


@pytest.mark.parametrize("interpreter", harness.pythons(), ids=lambda p: p.label)
@pytest.mark.parametrize("suite", SUITES, ids=lambda s: s.project)
def test_suite(suite, interpreter, ghost, tmp_path):
    trial = Trial(suite, interpreter, ghost, tmp_path)
    for tests in trial.parts():
        expected = trial.outcomes_agree(tests)
        if WHOLE == "outcomes":
            assert ghost.export()["events_lost"] == 0
        else:
            trial.counts_agree(tests, expected)
        print(f"{suite.project} {interpreter.label} {' '.join(tests)}: {trial.tests} tests, {len(trial.functions)} functions, "
              f"{trial.calls} calls, {len(trial.lines)} differences", flush=True)
    assert trial.tests > 90
    assert not trial.lines, f"{len(trial.lines)} differences\n" + "\n".join(trial.lines[:60])
