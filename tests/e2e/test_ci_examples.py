"""The scripts of examples/ci, as a build runs them: what they keep, what they say, their exit status."""
import os

import pytest

import harness

CI = harness.ROOT / "examples" / "ci"
TESTS = "def tested(x): return x\nfor i in range(30): tested(i)\n"


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """A function that runs a script with `ghost` in PATH, and two packed sessions of which the second lacks a function."""
    folder = tmp_path_factory.mktemp("ci")
    python = harness.pythons()[-1]
    path = f"{os.path.dirname(harness.GHOST)}:{os.environ['PATH']}"

    def script(name, *args, **env):
        return harness.run(["sh", str(CI / name), *map(str, args)], env={**harness.clean_environment(), "PATH": path, **env}, cwd=folder)

    packs = []
    for name, text in (("main", TESTS + "def gone(): pass\ngone()\n"), ("new", TESTS)):
        (folder / "suite.py").write_text(text)
        packs.append(folder / f"{name}.ghostpack")
        done = script("record.sh", packs[-1], python.exe, "suite.py", TMPDIR=str(folder))
        assert done.status == 0 and packs[-1].exists(), done.err
    return script, folder, packs


def test_three_recordings_are_kept(build):
    script, folder, (main, _) = build
    done = harness.run([harness.GHOST, "sql", str(main), "-f", "csv", "SELECT calls FROM functions WHERE qualname = 'tested'"],
                       env=harness.clean_environment(GHOST_DATA_DIR=str(folder)))
    assert done.out.split() == [b"calls", b"90"], done.err
    assert not list(folder.glob("tmp.*"))        # the folder of the single sessions
    assert script("record.sh").status == 2


def test_failing_tests_fail_the_recording(build):
    script, folder, _ = build
    done = script("record.sh", folder / "none.ghostpack", harness.pythons()[-1].exe, "-c", "raise SystemExit(7)")
    assert done.status == 7 and not (folder / "none.ghostpack").exists()


def test_exit_status_and_summary(build):
    script, folder, (main, new) = build
    summary = folder / "summary.md"
    summary.write_text("of an earlier step\n")
    done = script("compare.sh", main, new, GITHUB_STEP_SUMMARY=str(summary), GHOST_RULES="removed")
    assert done.status == 1 and b"::error " in done.out and b"### Ghost diff" not in done.out, done.err
    assert summary.read_text().startswith("of an earlier step\n### Ghost diff\n") and "❌ `removed` gone" in summary.read_text()
    done = script("compare.sh", main, main, GHOST_FORMAT="junit")
    assert done.status == 0 and done.out.startswith(b"### Ghost diff") and b"<testsuites" in done.out, done.err
    done = script("compare.sh", main, folder / "nothing.ghostpack")
    assert done.status == 2 and done.err
