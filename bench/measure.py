"""Runs one cell, a peer on a workload, and returns what it took."""

import json
import os
import resource
import select
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import peers
from interpreters import enter_root

HERE = Path(__file__).resolve().parent
SCRIPTS = HERE / "workloads"
TIMEOUT = 180


def _wait(process, seconds):
    """(status, rusage) of the process and the children it waited for; status None after the timeout.
    Whatever ends the wait, nothing of the process group is left."""
    late = True
    try:
        with open(os.pidfd_open(process.pid), "rb", buffering=0) as ended:
            late = not select.select([ended], [], [], seconds)[0]
    finally:
        if late:
            os.killpg(process.pid, signal.SIGKILL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return None if late else process.returncode, usage


def _written(folder):
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file() and p.name not in ("driver.json", "stderr"))


def _ghost_events(ghost, folder):
    """Events and losses of the one session in the folder."""
    done = subprocess.run([ghost, "sessions", "--format", "json"], capture_output=True, text=True, timeout=120,
                          env=peers.environment({"GHOST_DATA_DIR": str(folder)}))
    if done.returncode:
        raise RuntimeError(f"ghost sessions: {done.stderr.strip()[-300:]}")
    answer = json.loads(done.stdout)
    sessions = answer["sessions"] if isinstance(answer, dict) else answer
    if len(sessions) != 1:
        raise RuntimeError(f"{len(sessions)} sessions were recorded instead of 1")
    return {"events": sessions[0]["events"], "lost": sessions[0].get("lost", 0)}


def _in_root(interpreter, peer, cell):
    """Ghost by its environment alone, as in a container; the command itself stays outside."""
    argv = [cell.python, *cell.script]
    env = {}
    if peer.ours:
        env = {"GHOST_RECORD": "1", "GHOST_DATA_DIR": str(cell.folder), "PYTHONPATH": str(cell.lib_dir / "boot")}
        if "--all" in peer.name:
            env["GHOST_ALL"] = "1"
        elif cell.workload.user_code:
            env["GHOST_INCLUDE"] = ":".join(peers.user_modules(cell))
    else:
        argv, env = peer.command(cell)
    return enter_root(interpreter.root, [HERE.parent, cell.lib_dir, cell.folder], argv), env


def run_cell(interpreter, python, peer, workload, n, ghost, work_dir):
    """One run. {"failed": why} when there is nothing to compare."""
    folder = Path(tempfile.mkdtemp(dir=work_dir))
    out = folder / "driver.json"
    script = [SCRIPTS / "drive.py", workload.script_module, str(n), out]
    cell = peers.Cell(Path(python), script, workload, folder, interpreter.libs, ghost, interpreter.recorders(ghost.parent))
    try:
        argv, env = _in_root(interpreter, peer, cell) if interpreter.root else peer.command(cell)
        with open(folder / "stderr", "wb") as stderr:
            begin = time.perf_counter()
            process = subprocess.Popen(list(map(str, argv)), env=peers.environment(env), stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=stderr, cwd=folder, start_new_session=True)
            status, usage = _wait(process, TIMEOUT)
            total_wall = time.perf_counter() - begin
        if status is None:
            return {"failed": f"took more than {TIMEOUT} s"}
        if status or not out.exists():
            tail = (folder / "stderr").read_text(errors="replace").strip().splitlines()[-1:]
            return {"failed": f"exit status {status}: {tail[0][:200] if tail else 'no message'}"}
        result = json.loads(out.read_text())
        own_peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss    # a child's ru_maxrss begins with it
        if usage.ru_maxrss > own_peak:
            result["rss_kib"] = max(result["rss_kib"], usage.ru_maxrss)
        result |= {"total_wall": total_wall, "total_cpu": usage.ru_utime + usage.ru_stime, "bytes": _written(folder)}
        if peer.ours:
            result["bytes"] = sum(p.stat().st_size for p in folder.rglob("*.ghost"))
            result |= _ghost_events(ghost, folder)
        return result
    except (OSError, RuntimeError, ValueError, KeyError, subprocess.SubprocessError) as e:
        return {"failed": f"{type(e).__name__}: {e}"[:300]}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
