"""Every case of tests/cli as a test of its own; run.py says how cases work."""
import importlib.util
import pathlib

import pytest

spec = importlib.util.spec_from_file_location("cli_run", pathlib.Path(__file__).with_name("run.py"))
cli = importlib.util.module_from_spec(spec)
spec.loader.exec_module(cli)


@pytest.mark.parametrize("case", cli.cases())
def test_cli(case):
    if not cli.GHOST.exists() or not (cli.TOOLS / "story_log").exists():
        pytest.fail(f"{cli.GHOST} or its tools are missing: run `make all tools`")
    difference = cli.check(case)
    assert difference is None, f"tests/cli/{case}.sh printed something else:\n{difference}"


def test_every_golden_has_a_script():
    alone = [p.name for p in cli.HERE.glob("*/*.exact") if not p.with_suffix(".sh").exists()]
    assert not alone
