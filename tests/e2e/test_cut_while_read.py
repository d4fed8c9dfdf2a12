"""A log that somebody cuts while it is analysed: the reader goes on with what is left, and says so."""
import os
import subprocess
import time

import pytest

import harness

pytestmark = pytest.mark.timeout(900)

GEN_LOG = harness.GHOST.parent / "tools" / "gen_log"
EVENTS = 30_000_000                # 19 MB: more than the reader copies


@pytest.fixture(scope="module")
def large_log(tmp_path_factory):
    if not GEN_LOG.exists():
        pytest.skip(f"{GEN_LOG} is not built: make tools")
    path = tmp_path_factory.mktemp("large") / "1-00000001.ghost"
    subprocess.run([GEN_LOG, "-n", str(EVENTS), "--threads", "4", "-o", path], check=True, capture_output=True, timeout=400)
    assert path.stat().st_size > 17 << 20
    return path


@pytest.mark.parametrize("command", [("log", "check"), ("export", "--format", "json")], ids=["check", "analysis"])
def test_cut_step_by_step(command, large_log, tmp_path):
    session = tmp_path / "1700000000-00000001"
    session.mkdir(mode=0o700)
    log = session / large_log.name
    log.write_bytes(large_log.read_bytes())
    log.chmod(0o600)
    target = log if command[0] == "log" else session
    env = harness.clean_environment(GHOST_DATA_DIR=str(tmp_path / "data"), HOME=str(tmp_path))
    reader = subprocess.Popen([harness.GHOST, *command, target], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    size = log.stat().st_size
    while reader.poll() is None and size > 1 << 20:
        size -= size // 50         # from the end: where the reader is, is never far away in the end
        os.truncate(log, size)
        time.sleep(0.002)
    out, err = reader.communicate(timeout=400)
    assert reader.returncode in (0, 1, 2), (reader.returncode, err.decode())   # not killed by a signal
    assert out or err
