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
    """A test that asks for `python` runs once on every interpreter that has a recorder; with since(3, 12), on those from 3.12 on."""
    if "python" in metafunc.fixturenames:
        since = metafunc.definition.get_closest_marker("since")
        oldest = since.args if since else (3, 11)
        found = [p for p in harness.pythons() if p.minor >= oldest]
        metafunc.parametrize("python", found or [pytest.param(None, marks=pytest.mark.skip(
            reason="no interpreter from {}.{} on has a recorder here: run make".format(*oldest)))], ids=[p.label for p in found] or ["none"])


def pytest_collection_modifyitems(items):
    """A program of tests/apps and an interpreter older than it needs make no test, rather than a skipped one."""
    def can_be(item):
        params = item.callspec.params if hasattr(item, "callspec") else {}
        return not (params.get("app") and params.get("python")) or params["python"].minor >= harness.oldest_python(params["app"])
    items[:] = [item for item in items if can_be(item)]


@pytest.fixture
def ghost(tmp_path):
    """Runs programs under Ghost with a data directory of the test's own."""
    return harness.Ghost(tmp_path / "data")
