"""Whose code is recorded: what a program makes at run time, and what a library makes by exec() in a bare dict (docs/run.md)."""
import pytest

import harness

LIBRARY = '''
def make():
    space = {}
    exec("def checker(x): return x", space)
    return space["checker"]
'''
APP = '''
import madelib
exec("def mine(x): return x")
checker = madelib.make()
for i in range(5): mine(checker(i))
'''


@pytest.mark.parametrize("options, expected", [([], {"mine", "checker"}), (["--exclude", "[?]"], {"mine"})], ids=["all", "without"])
def test_code_of_exec(python, ghost, tmp_path, options, expected):
    site = tmp_path / "site-packages"
    site.mkdir()
    (site / "madelib.py").write_text(LIBRARY)
    (tmp_path / "app.py").write_text(APP.replace("import madelib", f"import sys; sys.path.append({str(site)!r}); import madelib"))
    done = ghost.run([python.exe, str(tmp_path / "app.py")], *options, "-q", cwd=tmp_path)
    assert done.status == 0, done.err.decode()
    calls = {p["qualname"]: p["call_count"] for p in ghost.export()["profiles"].values() if p["qualname"] != "<module>"}
    assert calls == dict.fromkeys(expected, 5), "the library's own make() is never there"
