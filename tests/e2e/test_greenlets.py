"""Programs that switch between stacks behind the interpreter's back: gevent, gunicorn's gevent workers.

tests/apps/greenlets.py compares every count with the oracle; here is what needs a server or more greenlets."""
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.request

import pytest

import harness

PACKAGES = ("greenlet==3.5.6", "gevent==26.9.0", "gunicorn==27.0.1", "packaging==26.3")

MANY = """
from gevent import monkey
monkey.patch_all()
import gevent, time

def leaf(i):
    return i + 1

def handler(rounds):
    total = 0
    for k in range(rounds):
        total += leaf(k)
        time.sleep(0)
        total += leaf(k)
    return total

started = [gevent.spawn(handler, 5) for _ in range(700)]
gevent.joinall(started)
print(sum(g.value for g in started))
"""

SITE = """
import time

def part(i):
    time.sleep(0.002)
    return b"%d" % i

def page(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [part(i) for i in (1, 2, 3)]
"""


@pytest.fixture
def env(python):
    folder = harness.package_folder(python, "gevent", PACKAGES)
    if folder is None:
        pytest.skip(f"gevent cannot be installed for {python.version} here")
    return harness.clean_environment(PYTHONPATH=str(folder))


def counts(ghost, module):
    return {p["qualname"]: p for p in ghost.export()["profiles"].values() if p["module"] == module}


def test_hundreds_of_greenlets(python, env, ghost, tmp_path):
    """Each has its own callers, whatever ran in between; nothing is lost."""
    (tmp_path / "many.py").write_text(MANY)
    done = ghost.run([python.exe, tmp_path / "many.py"], env=env, cwd=tmp_path)
    assert done.status == 0 and done.out == b"21000\n", done.err.decode()
    assert b"(0 lost)" in done.err and b"lost " not in done.err.replace(b"(0 lost)", b""), done.err.decode()
    got = counts(ghost, "many")
    assert got["leaf"]["call_count"] == 7000 and got["handler"]["call_count"] == 700
    assert list(got["leaf"]["callers"].values()) == [7000] and "many:handler" in list(got["leaf"]["callers"])[0]
    assert got["handler"]["ret_type_dist"] == {"int": 700}


BETWEEN = """
import greenlet

def leaf(i):
    return i

def outer(i):
    greenlet.getcurrent().parent.switch()
    return leaf(i)

waiting = [greenlet.greenlet(outer) for _ in range(4)]
for i, g in enumerate(waiting):
    g.switch(i)
print(sum(g.switch() for g in waiting), leaf(0))
"""


def test_greenlet_in_a_folder_whose_name_is_no_text(python, ghost, tmp_path):
    """Bytes that are no UTF-8 are lone surrogates in Python's paths: the package is known all the same."""
    packages = harness.package_folder(python, "gevent", PACKAGES)
    if packages is None:
        pytest.skip(f"greenlet cannot be installed for {python.version} here")
    odd = os.fsencode(tmp_path / "odd-") + b"\xff"
    try:
        os.mkdir(odd)
    except OSError:
        pytest.skip("this file system takes only names that are text")
    os.mkdir(odd + b"/greenlet")
    with open(odd + b"/greenlet/__init__.py", "w") as f:     # CPython 3.12 and later load no extension module from such a folder
        f.write(f"__path__.insert(0, {str(packages / 'greenlet')!r})\nexec(open(__path__[0] + '/__init__.py').read())\n")
    (tmp_path / "between.py").write_text(BETWEEN)
    env = harness.clean_environment(PYTHONPATH=os.fsdecode(odd))
    truth, plain = harness.run_oracle([python.exe, tmp_path / "between.py"], tmp_path / "oracle", env=env, cwd=tmp_path)
    recorded = ghost.run([python.exe, tmp_path / "between.py"], "-q", env=env, cwd=tmp_path)
    assert recorded.same_as(plain) and plain.out == b"6 0\n", recorded.err.decode()
    lines = harness.differences(truth["profiles"], ghost.export()["profiles"], lambda key, field: not key.startswith("between:"))
    assert not lines, "\n" + "\n".join(lines)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def fetch(url, n, answers):
    for _ in range(n):
        with urllib.request.urlopen(url, timeout=30) as r:
            answers.append(r.read())


def wait_for(url, process):
    for _ in range(300):
        assert process.poll() is None
        try:
            urllib.request.urlopen(url, timeout=30).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server does not answer")


def test_gunicorn_with_gevent_workers(python, env, ghost, tmp_path):
    """Requests at the same time, in two forked workers: every call once, under the right caller."""
    (tmp_path / "site_app.py").write_text(SITE)
    url = f"http://127.0.0.1:{free_port()}/"
    argv = [harness.GHOST, "run", "--python", python.exe, "-m", "gunicorn.app.wsgiapp", "-k", "gevent", "-w", "2", "--preload", "-b", url[7:-1],
            "site_app:page"]
    server = subprocess.Popen([str(a) for a in argv], env={**env, **ghost.environment(), "PYTHONPATH": env["PYTHONPATH"]}, cwd=tmp_path,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    answers = []
    try:
        wait_for(url, server)
        clients = [threading.Thread(target=fetch, args=(url, 10, answers)) for _ in range(8)]
        for c in clients:
            c.start()
        for c in clients:
            c.join()
    finally:
        server.send_signal(signal.SIGTERM)
        err = server.communicate(timeout=60)[1]
    assert answers == [b"123"] * 80
    assert b"(0 lost)" in err, err.decode()
    got = counts(ghost, "site_app")
    assert got["page"]["call_count"] == 81 and got["page"]["exceptions"] == {}
    part = got["part"]
    assert part["call_count"] == 243 and part["ret_type_dist"] == {"bytes": 243}
    assert sum(part["callers"].values()) == 243 and all(k.startswith("site_app:page") for k in part["callers"]), part["callers"]
