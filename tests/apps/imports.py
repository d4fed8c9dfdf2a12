"""Modules executed on import: packages, circular imports, reload, run_path, failing ones."""
import importlib
import os
import runpy
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import package_app
from package_app.sub import leaf


def load(name):
    try:
        return importlib.import_module(name).__name__
    except Exception as error:
        return type(error).__name__


print(package_app.top(), leaf.value(), leaf.lazy())
importlib.reload(leaf)
with tempfile.TemporaryDirectory() as folder:
    sys.path.insert(0, folder)
    with open(os.path.join(folder, "broken_module.py"), "w") as f:
        f.write("def early():\n    return 1\nearly()\n1 // 0\n")
    with open(os.path.join(folder, "plain_script.py"), "w") as f:
        f.write("def inside(name):\n    return name\nresult = inside(__name__)\n")
    print(load("broken_module"), load("nowhere_to_be_found"))
    print(runpy.run_path(os.path.join(folder, "plain_script.py"), run_name="given")["result"])
    print(runpy.run_module("plain_script")["result"])
