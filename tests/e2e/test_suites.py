"""Real libraries' own test suites under `ghost run`, with the library as the recorded code.

From their source distributions (kept in build/cache). They must pass and fail as they do
plain, and Ghost's counts must agree with the oracle's for every function of the library.
`varies` names, with the reason, what differs from one plain run to the next.

GHOST_WHOLE_SUITES=1 runs all tests of all of them on every interpreter (hours: the oracle is slow; docs/testing.md has
the result), GHOST_WHOLE_SUITES=outcomes the same without the oracle; without it, what the oracle gets through in a
minute or two.
"""
import dataclasses
import fnmatch
import os
import sys
import tarfile
import xml.etree.ElementTree

import pytest

import harness

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
    varies: dict = dataclasses.field(default_factory=dict)   # fn_key glob -> why

    @property
    def folder(self):
        return f"{self.project.replace('-', '_')}-{self.version}"


RUNNER = "pytest==8.4.2"
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
           "tests/test_serde.py", "tests/test_time.py", "tests/test_schema.py", "tests/test_generator.py")),
]


def first_of_each_minor():
    found = {}
    for python in harness.pythons():
        found.setdefault(python.minor, python)
    return list(found.values())


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


@pytest.mark.parametrize("interpreter", harness.pythons() if WHOLE else first_of_each_minor(), ids=lambda p: p.label)
@pytest.mark.parametrize("suite", SUITES, ids=lambda s: s.project)
def test_suite(suite, interpreter, ghost, tmp_path):
    folder = sources(suite, interpreter)
    packages = harness.package_folder(interpreter, f"{suite.project}-whole" if WHOLE else f"{suite.project}-tests",
                                      (RUNNER, *suite.requires, *(suite.requires_whole if WHOLE else ())))
    if packages is None:
        pytest.skip(f"what the tests of {suite.project} need cannot be installed for {interpreter.version} here")
    env = harness.clean_environment(PYTHONPATH=f"{folder / suite.sources}:{packages}")

    def command(name):
        return [interpreter.exe, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=line", f"--junitxml={tmp_path / name}.xml",
                f"--basetemp={tmp_path / 'base'}", "-o", "addopts=", *suite.options, *(("tests",) if WHOLE else suite.tests)]

    plain = harness.run(command("plain"), env=env, cwd=folder, timeout=LIMIT)
    expected = outcomes(tmp_path / "plain.xml")
    assert len(expected) > 90, plain.out.decode()

    options = [f"--include={name}" for name in suite.include]
    recorded = ghost.run(command("ghost"), "-q", *options, env=env, cwd=folder, timeout=LIMIT)
    assert outcomes(tmp_path / "ghost.xml") == expected, recorded.out.decode()
    assert recorded.status == plain.status
    if WHOLE == "outcomes":
        assert ghost.export()["events_lost"] == 0
        return

    truth, observed = harness.run_oracle(command("oracle"), tmp_path / "oracle", include=suite.include, env=env, cwd=folder, timeout=2 * LIMIT)
    under_oracle = outcomes(tmp_path / "oracle.xml")
    assert set(under_oracle) == set(expected)
    lost = [p for p in truth["processes"] if p["hook_lost"]]
    assert not lost, "the oracle's hook did not survive this suite"

    def varies(key, field):
        return any(fnmatch.fnmatchcase(key, glob) for glob in suite.varies)
    lines = harness.differences(truth["profiles"], ghost.export()["profiles"], ignore=varies)
    assert not lines, f"{len(lines)} differences\n" + "\n".join(lines[:60])
