"""Paths, interpreters and Ghost itself for all tests in Python. See docs/testing.md."""
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
for folder in ("tests/oracle",):
    sys.path.insert(0, str(ROOT / folder))

import harness  # noqa: E402


def pytest_report_header(config):
    return [f"ghost: {harness.GHOST}", "interpreters: " + (", ".join(
        f"{p.version} ({p.exe})" for p in harness.pythons()) or "none with a recorder")]


def pytest_generate_tests(metafunc):
    """A test that asks for `python` runs once on every interpreter that has a recorder."""
    if "python" in metafunc.fixturenames:
        found = harness.pythons()
        metafunc.parametrize("python", found or [pytest.param(None, marks=pytest.mark.skip(
            reason="no interpreter has a recorder here: run make"))], ids=[p.label for p in found] or ["none"])


@pytest.fixture
def ghost(tmp_path):
    """Runs programs under Ghost with a data directory of the test's own."""
    return harness.Ghost(tmp_path / "data")
