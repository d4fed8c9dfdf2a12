"""Whole services under `ghost run`: the demo, and Django on prefork gunicorn."""
import collections
import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "e2e"
GHOST = pathlib.Path(os.environ.get("GHOST_BIN", ROOT / "build" / "ghost")).resolve()


def interpreters():
    """{minor: interpreter} of what recorders are built for, first of each minor."""
    found = {}
    listing = subprocess.run([ROOT / "scripts/find_pythons.sh"], capture_output=True, text=True, check=True)
    for line in listing.stdout.splitlines():
        minor, python, *_ = line.split()
        found.setdefault(minor, python)
    return found


PYTHONS = interpreters()
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
each_python = pytest.mark.parametrize("minor", sorted(PYTHONS) or ["none"])


def make_venv(folder, requirements, python):
    made = subprocess.run([ROOT / "scripts/venv.sh", folder, requirements, python], cwd=ROOT, capture_output=True, text=True, timeout=280)
    if made.returncode:
        pytest.skip(f"its packages cannot be installed here: {made.stderr.strip()[-300:]}")
    return folder / "bin"


def run_ghost(*arguments, **more):
    done = subprocess.run([GHOST, *arguments], capture_output=True, text=True, timeout=60, **more)
    assert done.returncode == 0, done.stderr
    return done.stdout


@each_python
def test_demo_records_every_request(minor):
    """make demo's script, with a short load: look.py compares the recording with the load's own tally."""
    build = BUILD / f"shop-{minor}"
    make_venv(build / "demo" / "venv", ROOT / "examples/shop/requirements.txt", PYTHONS[minor])
    environment = os.environ | {"BUILD": str(build), "GHOST_BIN": str(GHOST), "PYTHON": PYTHONS[minor], "SECONDS_OF_LOAD": "200", "REQUESTS_OF_LOAD": "2500"}     # as many on any machine
    demo = subprocess.run(["sh", ROOT / "examples/shop/demo.sh"], env=environment, capture_output=True, text=True, timeout=400)
    assert demo.returncode == 0, demo.stdout[-3000:] + demo.stderr[-3000:]
    assert "every call was recorded, none twice" in demo.stdout
    assert demo.stdout.rstrip().endswith(f"{build}/demo/data.")

    profiles = {p["fn_key"].rsplit(":", 1)[0]: p for p in json.loads((build / "demo/shop.json").read_text())["profiles"]}
    # The planted faults of examples/shop/FAULTS.md, each from what was recorded.
    lying = profiles["shop.pricing:calculate_discount"]["arg_type_dist"]
    assert lying.keys() == {"(int, int)", "(float, int)"}
    rare = profiles["shop.inventory:supplier_lead_time"]
    assert rare["arg_type_dist"].keys() == {"(str, str)", "(NoneType, str)"}
    assert 0 < rare["exception_count"] <= rare["arg_type_dist"]["(NoneType, str)"]
    failing = profiles["shop.orders:validate_order"]
    assert 0.05 < failing["exception_rate"] < 0.4
    assert [key.rsplit(":", 1)[0] for key in failing["callers"]] == ["shop.orders:place"]
    slow, hot = profiles["shop.reports:similar_products"], profiles["shop.reports:likeness"]
    assert hot["call_count"] == max(p["call_count"] for p in profiles.values())
    assert [key.rsplit(":", 1)[0] for key in hot["callers"]][0].startswith("shop.reports:similar_products")
    assert slow["mean_latency_ns"] > 2 * profiles["shop.reports:best_sellers"]["mean_latency_ns"]
    for dead in ("pricing:apply_voucher_v1", "pricing:round_to_five", "inventory:recount_by_shelf", "orders:merge_carts",
                 "reports:revenue_xml", "reports:FaxCoverSheet.render"):
        assert f"shop.{dead}" not in profiles
    libraries = [key for key in profiles if key.startswith(("fastapi.", "uvicorn.", "starlette.", "pydantic.", "asyncio."))]
    assert not libraries, "the default filter is application code"


@contextlib.contextmanager
def service(command, taken, **more):
    """A server under `ghost run`, ended by SIGTERM; fails when it does not end by itself."""
    process = subprocess.Popen([GHOST, "run", *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    try:
        taken.close()                    # the server has inherited it
        yield process
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=100)
        assert process.returncode in (0, -signal.SIGTERM), output
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


@each_python
def test_gunicorn_workers_have_a_log_each(minor, tmp_path):
    """Prefork: the master and two workers, one session, one log a process, exact counts for each worker."""
    venv = make_venv(BUILD / f"django-{minor}", ROOT / "tests/e2e/django_requirements.txt", PYTHONS[minor])
    listener, data = socket.create_server(("127.0.0.1", 0), backlog=64), tmp_path / "data"      # no port that another could take meanwhile
    port = listener.getsockname()[1]
    environment = os.environ | {"GHOST_DATA_DIR": str(data)}
    command = [venv / "gunicorn", "--workers", "2", "--bind", f"fd://{listener.fileno()}", "--timeout", "120", "--log-level", "warning", "django_site:application"]
    calls, refused = collections.Counter(), collections.Counter()
    with service(command, listener, pass_fds=[listener.fileno()], cwd=ROOT / "tests/e2e", env=environment):
        begin = time.monotonic()
        # Workers take turns as they please: ask until both have answered often enough.
        while (len(calls) < 2 or min(calls.values()) < 20) and time.monotonic() - begin < 100:
            for n in range(20):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=100)
                connection.request("GET", f"/square/{n}")
                answer = json.loads(connection.getresponse().read())
                connection.close()
                assert answer["square"] == n * n
                calls[answer["pid"]] += 1
                refused[answer["pid"]] += answer["refused"]
    assert len(calls) == 2, f"only one of two workers ever answered: {calls}"

    [session] = (data / "sessions").iterdir()
    logs = {int(re.match(r"(\d+)-", log.name)[1]): log for log in session.glob("*.ghost")}
    assert calls.keys() <= logs.keys(), f"workers {sorted(calls)}, logs {sorted(logs)}"
    assert len(logs) == 3, "the master and two workers"

    def profiles(*arguments):
        listing = json.loads(run_ghost("export", *arguments, "--format", "json", env=environment))["profiles"]
        return {p["fn_key"].split(":")[1]: p for p in listing if p["fn_key"].startswith("django_site:")}

    whole = profiles()
    assert whole["view"]["call_count"] == whole["square"]["call_count"] == sum(calls.values())
    assert whole["refuse"]["exception_count"] == sum(refused.values())
    for pid in calls:
        one = profiles(str(logs[pid]))
        assert one["view"]["call_count"] == calls[pid]
        assert one["refuse"]["exception_count"] == refused[pid]
        assert one["refuse"]["arg_type_dist"] == {"(int)": calls[pid]}
    [listed] = json.loads(run_ghost("sessions", "--format", "json", env=environment))["sessions"]
    assert listed["processes"] == 3
